"""How time and memory grow with rows and columns, each run in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from synthhealth.benchmark.kept import Kept
from synthhealth.benchmark.results import Machine, Part, Result, csv_lines, markdown_table
from synthhealth.benchmark.tables import chosen
from synthhealth.models import about, available
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter

__all__ = ["SIZES", "Growth", "GrowthRun", "measure_growth"]

#: Rows and columns.
SIZES = (
    (1_000, 20),
    (10_000, 20),
    (100_000, 20),
    (1_000_000, 20),
    (10_000, 60),
    (10_000, 300),
    (100_000, 300),
)
#: The longest that is waited for one run, in seconds.
PATIENCE = 1_200.0
REPORT = "report"


class GrowthRun(Part):
    """One family fitted to one table, or the default report on two."""

    model: str
    """The family; *report*: the whole default report with its page."""
    rows: int
    """Rows learned, and drawn; of the report the rows of each table."""
    columns: int
    """Columns."""
    fit_seconds: float | None = None
    """Seconds of the fit, or of the report."""
    fit_cpu_seconds: float | None = None
    """The same, processor time."""
    sample_seconds: float | None = None
    """Seconds of drawing as many rows."""
    fit_mib: float | None = None
    """Largest resident memory until the fit ended, in MiB."""
    peak_mib: float | None = None
    """Largest resident memory of all, the tables included, in MiB."""
    failure: str | None = None
    """Why there are no figures."""


class Growth(Result):
    """How time and memory grow."""

    planned: int
    """Runs that were asked for."""
    runs: tuple[GrowthRun, ...]
    """All runs, family by family."""

    def to_markdown(self) -> str:
        """Give one line for each family and size."""
        heads = ("model", "rows", "columns", "fit, s", "sample, s", "peak memory, MiB", "")
        lines = [
            (
                run.model,
                f"{run.rows:,}",
                f"{run.columns}",
                _told(run.fit_seconds, "{:.1f}"),
                _told(run.sample_seconds, "{:.1f}"),
                _told(run.peak_mib, "{:,.0f}"),
                run.failure or "",
            )
            for run in self.runs
        ]
        return (
            f"{self.machine.sentence()} Each run in a process of its own.\n"
            "Simulated tables, three fifths numbers, the others levels. Seconds of a fit at the "
            "defaults and of a sample of as many rows; report: the whole default report of two "
            f"tables.\n\n{markdown_table(heads, lines)}"
        )

    def to_csv(self) -> str:
        """Give one line for each run, as CSV."""
        return csv_lines(
            list(GrowthRun.model_fields), (run.model_dump().values() for run in self.runs)
        )


def measure_growth(
    folder: Path,
    *,
    families: Iterable[str] | None = None,
    on_progress: OnProgress | None = None,
) -> Growth:
    """Do the runs that the folder does not hold yet, one after the other, and give all figures.

    Parameters
    ----------
    folder : pathlib.Path
        Where the runs are kept; it is made if it is missing.
    families : iterable of str, optional
        By default all but those that promise differential privacy, and the report.
    on_progress : callable, optional
        Called with a `synthhealth.ProgressEvent` after each run.

    Raises
    ------
    ParameterError
        A family is unknown.
    FileError
        The folder holds something else.
    """
    machine = Machine.here()
    ours = [one for one in available() if not about(one).is_formal]
    named = chosen("families", families, (*ours, REPORT))
    jobs = [(name, rows, columns) for rows, columns in SIZES for name in named]
    kept = Kept(folder, GrowthRun)
    found = {(run.model, run.rows, run.columns): run for run in kept.runs}
    begin = time.monotonic()
    with progress_reporter("benchmark", on_progress) as report:
        try:
            for done, job in enumerate(jobs, start=1):
                if job not in found:
                    kept.add(run := _run(*job))
                    found[job] = run
                elapsed = time.monotonic() - begin
                report(ProgressEvent("benchmark", done, len(jobs), "run", elapsed))
        except KeyboardInterrupt:
            if not found:
                raise
    runs = [
        found[name, rows, columns]
        for name in named
        for rows, columns in SIZES
        if (name, rows, columns) in found
    ]
    return Growth(machine=machine, planned=len(jobs), runs=tuple(runs))


def _run(name: str, rows: int, columns: int) -> GrowthRun:
    command = [sys.executable, "-m", _CHILD, name, str(rows), str(columns)]
    try:
        ended = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        failure = f"more than {PATIENCE:.0f} s"
    except subprocess.CalledProcessError as error:
        killed = error.returncode < 0
        failure = "killed, for lack of memory" if killed else f"failed: {_reason(error.stderr)}"
    else:
        return GrowthRun.model_validate_json(ended.stdout)
    return GrowthRun(model=name, rows=rows, columns=columns, failure=failure)


def _reason(stderr: str) -> str:
    return stderr.strip().rsplit("\n", 1)[-1]


def _told(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


_CHILD = "synthhealth.benchmark.grown"
