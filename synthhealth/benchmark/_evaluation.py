"""What the default report costs, part by part: each table in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable

from synthhealth.benchmark._evaluation_results import EvaluationCost, TableCost
from synthhealth.benchmark._results import Machine
from synthhealth.benchmark._tables import load_adult
from synthhealth.errors import ParameterError, nearest
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter

__all__ = ["TABLES", "measure_evaluation"]

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


_CHILD = "synthhealth.benchmark._evaluated"
