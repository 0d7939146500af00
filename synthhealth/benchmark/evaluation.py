"""What the default report costs, part by part: each table in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable
from statistics import median

from synthhealth.benchmark.results import Machine, Part, Result, markdown_table
from synthhealth.benchmark.tables import load_adult
from synthhealth.errors import ParameterError, nearest
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter

__all__ = ["TABLES", "EvaluationCost", "TableCost", "measure_evaluation"]


#: What the whole default report may cost, in seconds and MiB; adult is held against SDV instead
#: (``synthhealth benchmark overhead``).
MOST_SECONDS = {"demo": 20.0, "large": 120.0}
MOST_MIB = {"large": 4096.0}


class TableCost(Part):
    """What the default report costs on one table."""

    table: str
    """Its name."""
    n_real: int
    """Rows of the real table."""
    n_synthetic: int
    """Rows of the synthetic table."""
    columns: int
    """Columns of either."""
    whole: tuple[float, ...]
    """Seconds of the whole report, page included, one per run."""
    parts: dict[str, tuple[float, ...]]
    """Seconds of its parts by name, one per run, in the order in which they are done."""
    peak_mib: float
    """Largest resident memory of the process that made it, both tables included, in MiB."""


class EvaluationCost(Result):
    """What the default report costs, part by part, on tables of several sizes."""

    tables: tuple[TableCost, ...]
    """One per table."""

    def to_markdown(self) -> str:
        """Give the figures as Markdown, each beside its limit."""
        names = list(dict.fromkeys(name for table in self.tables for name in table.parts))
        heads = (
            "seconds",
            *(
                f"{table.table}: {table.n_real:,} and {table.n_synthetic:,} x {table.columns}"
                for table in self.tables
            ),
        )
        rows = [
            (name, *(_seconds(table.parts.get(name)) for table in self.tables)) for name in names
        ]
        rows += [
            ("**the whole report**", *(_seconds(table.whole) for table in self.tables)),
            (
                "limit, seconds",
                *(_limit(median(t.whole), MOST_SECONDS.get(t.table)) for t in self.tables),
            ),
            ("peak memory, MiB", *(f"{table.peak_mib:,.0f}" for table in self.tables)),
            ("limit, MiB", *(_limit(t.peak_mib, MOST_MIB.get(t.table)) for t in self.tables)),
        ]
        runs = min(len(table.whole) for table in self.tables)
        return (
            f"{self.machine.sentence()}\nMedians of at least {runs} run(s) each. Parts run side by "
            f"side, so that their seconds add up to more than the whole.\n\n"
            f"{markdown_table(heads, rows)}"
        )


def _seconds(runs: tuple[float, ...] | None) -> str:
    return "" if runs is None else f"{median(runs):.2f}"


def _limit(value: float, limit: float | None) -> str:
    if limit is None:
        return ""
    return f"{limit:,.0f}, {'kept' if value <= limit else 'exceeded'}"


TABLES = ("demo", "adult", "large")

ROWS = 1_000_000
#: A run of the large table takes as long as many of the others.
LARGE_REPEATS = 1


def measure_evaluation(
    tables: Iterable[str] = TABLES,
    *,
    rows: int = ROWS,
    repeats: int = 3,
    on_progress: OnProgress | None = None,
) -> EvaluationCost:
    """Measure seconds by part and memory of ``evaluate(real, synthetic)`` with its page.

    Parameters
    ----------
    tables : iterable of str
        ``"demo"``: 61 patients and 1,000 simulated rows x 17; ``"adult"``: its training rows, and
        the same with every column shuffled; ``"large"``: two simulated tables of 20 columns.
    rows : int
        Rows of the large tables.
    repeats : int
        Runs of each table; the large one has a single run.
    on_progress : callable, optional
        Called with a `synthhealth.ProgressEvent` after each table.

    Returns
    -------
    EvaluationCost

    Raises
    ------
    ParameterError
        A table is unknown.
    FileError
        The adult table is not at hand.

    Examples
    --------
    >>> from synthhealth.benchmark import measure_evaluation
    >>> cost = measure_evaluation(["large"], rows=200)
    >>> cost.tables[0].n_real, sum(cost.tables[0].whole) > 0
    (200, True)
    """
    chosen = tuple(dict.fromkeys(tables))
    for name in chosen:
        if name not in TABLES:
            raise ParameterError(
                f"tables: {name!r} is unknown{nearest(name, TABLES)}; choose from "
                f"{', '.join(TABLES)}"
            )
    if "adult" in chosen:
        load_adult()  # says here, not in another process, that it is not at hand
    machine = Machine.here()
    found = []
    begin = time.monotonic()
    with progress_reporter("measuring", on_progress) as report:
        for done, name in enumerate(chosen, start=1):
            runs = LARGE_REPEATS if name == "large" else repeats
            command = [sys.executable, "-m", _CHILD, name, str(rows), str(runs)]
            ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found.append(TableCost.model_validate_json(ended.stdout))
            elapsed = time.monotonic() - begin
            report(ProgressEvent("benchmark", done, len(chosen), "table", elapsed))
    return EvaluationCost(machine=machine, tables=tuple(found))


_CHILD = "synthhealth.benchmark.evaluated"
