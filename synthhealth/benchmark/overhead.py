"""Our API against plain SDV: the same work, in turns, in one run."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import pandas as pd

from synthhealth.benchmark.clock import alternate, pinned, watch
from synthhealth.benchmark.memory import measure_memory
from synthhealth.benchmark.plain import (
    chosen_models,
    fit_plain,
    metadata_for,
    same_settings,
    sample_plain,
)
from synthhealth.benchmark.results import Comparison, Machine, Part, Result, markdown_table
from synthhealth.benchmark.startup import measure_startup
from synthhealth.benchmark.tables import load_adult
from synthhealth.errors import ParameterError
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter
from synthhealth.synthesizer import Synthesizer

__all__ = ["PARTS", "Memory", "Overhead", "Startup", "Stream", "measure_overhead"]


#: What we allow ourselves.
IMPORT_SECONDS, HELP_SECONDS = 0.2, 0.5
FIT_RATIO, REPORT_RATIO, WHOLE_RATIO, MEMORY_RATIO = 1.05, 2.0, 3.0, 1.05


class Startup(Part):
    """The seconds of new processes."""

    bare: tuple[float, ...]
    """Python that does nothing."""
    imports: tuple[float, ...]
    """``import synthhealth``, without the start of Python."""
    loaded: tuple[str, ...]
    """Heavy packages that the import loaded; there should be none."""
    helps: tuple[float, ...]
    """``synthhealth --help``, the start of Python included."""


class Stream(Part):
    """One streamed sample."""

    rows: int
    """Rows drawn."""
    seconds: float
    """Seconds it took, without the start of the process."""
    peak_mib: float
    """Largest resident memory of the process, in MiB."""


class Memory(Part):
    """The memory of streamed samples of several sizes."""

    model: str
    """The model they were drawn from."""
    chunk_size: int
    """Rows held at once."""
    streams: tuple[Stream, ...]
    """One per size."""

    @property
    def growth(self) -> float:
        """The largest sample's peak memory over the smallest one's."""
        by_size = sorted(self.streams, key=lambda stream: stream.rows)
        return by_size[-1].peak_mib / by_size[0].peak_mib


class Overhead(Result):
    """What this library costs over plain SDV."""

    rows: int
    """Rows of the table."""
    columns: int
    """Columns of the table."""
    epochs: int
    """Epochs of the networks, on both sides."""
    threads: int | None
    """Processor threads of both sides; None: each side's own default."""
    startup: Startup | None
    """The start; None where it was not measured."""
    fits: tuple[Comparison, ...]
    """Fit and sample, one per model."""
    reports: tuple[Comparison, ...]
    """The numbers of the report against SDV's quality report, and the whole against both."""
    memory: tuple[Memory, ...]
    """Streamed samples."""

    def to_markdown(self) -> str:
        """Give the figures as Markdown, each beside its limit."""
        threads = "each side's own default" if self.threads is None else f"{self.threads}"
        parts = [
            f"{self.machine.sentence()}\nTable: {self.rows:,} x {self.columns}. Networks: "
            f"{self.epochs} epoch(s). Threads: {threads}. Medians of runs in turns.\n"
        ]
        if self.startup is not None:
            parts.append(self._startup_table(self.startup))
        if self.fits or self.reports:
            parts.append(self._comparison_table())
        if self.memory:
            parts.append(self._memory_table())
        return "\n".join(parts)

    def _startup_table(self, startup: Startup) -> str:
        loaded = ", ".join(startup.loaded) or "none"
        rows = (
            ("bare Python", startup.bare, None),
            ("import synthhealth (without Python)", startup.imports, IMPORT_SECONDS),
            ("synthhealth --help (with Python)", startup.helps, HELP_SECONDS),
        )
        table = markdown_table(
            ("start", "seconds", "limit", ""),
            [
                (what, f"{median(seconds):.3f}", *_limit(median(seconds), limit, "{:.1f}"))
                for what, seconds, limit in rows
            ],
        )
        return f"{table}\nHeavy packages loaded by the import: {loaded}.\n"

    def _comparison_table(self) -> str:
        return markdown_table(
            ("work", "ours, s", "SDV, s", "ratio", "limit", "", "ratio of processor time"),
            [
                (
                    one.work,
                    f"{one.ours.median:.2f}",
                    f"{one.theirs.median:.2f}",
                    f"{one.ratio:.3f}",
                    *_limit(one.ratio, one.limit, "{:.2f}"),
                    f"{one.cpu_ratio:.3f}",
                )
                for one in (*self.fits, *self.reports)
            ],
        )

    def _memory_table(self) -> str:
        rows = [
            (
                f"{memory.model}, {stream.rows:,} rows, chunks of {memory.chunk_size:,}",
                f"{stream.seconds:.1f}",
                f"{stream.peak_mib:,.0f}",
                "",
                "",
            )
            if stream is not memory.streams[-1]
            else (
                f"{memory.model}, {stream.rows:,} rows, chunks of {memory.chunk_size:,}",
                f"{stream.seconds:.1f}",
                f"{stream.peak_mib:,.0f}",
                f"{memory.growth:.3f}",
                _limit(memory.growth, MEMORY_RATIO, "{:.2f}")[1],
            )
            for memory in self.memory
            for stream in memory.streams
        ]
        heads = ("streamed to Parquet", "seconds", "peak MiB", "growth", f"limit {MEMORY_RATIO}")
        return markdown_table(heads, rows)


def _limit(value: float, limit: float | None, form: str) -> tuple[str, str]:
    if limit is None:
        return "", ""
    return form.format(limit), "kept" if value <= limit else "exceeded"


PARTS = ("start", "fit", "report", "memory")

STARTS = 7
#: Rows of the first, unmeasured run of both sides, which loads modules and starts processes.
WARM_UP_ROWS = 600
CHUNK_SIZE = 25_000
STREAMED = (50_000, 200_000, 1_000_000)

Done = Callable[[], None]


def measure_overhead(
    table: pd.DataFrame | None = None,
    *,
    rows: int = 32_561,
    models: Iterable[str] | None = None,
    epochs: int = 1,
    repeats: int = 3,
    threads: int | None = None,
    parts: Iterable[str] = PARTS,
    streamed: Sequence[int] = STREAMED,
    chunk_size: int = CHUNK_SIZE,
    on_progress: OnProgress | None = None,
) -> Overhead:
    """Measure what this library costs in time and memory, beside plain SDV.

    Parameters
    ----------
    table : pandas.DataFrame, optional
        What to learn; by default the adult table in the benchmark's data
        (`synthhealth.datasets.find_data_root`).
    rows : int
        The first rows of it that are used.
    models : iterable of str, optional
        Families to compare; by default all four. Samples are streamed from the first.
    epochs : int
        Epochs of the networks, on both sides.
    repeats : int
        Runs of each side, in turns.
    threads : int, optional
        Processor threads of both sides; by default each side's own: one for ours, all for SDV.
    parts : iterable of str
        Which of ``"start"``, ``"fit"``, ``"report"`` and ``"memory"`` to measure.
    streamed : sequence of int
        Sizes of the streamed samples.
    chunk_size : int
        Rows that a streamed sample holds in memory.
    on_progress : callable, optional
        Called with a `synthhealth.ProgressEvent` after each step.

    Returns
    -------
    Overhead

    Raises
    ------
    ParameterError
        A model or part is unknown.
    FileError
        The adult table is not at hand.

    Examples
    --------
    >>> import synthhealth as sh
    >>> from synthhealth.benchmark import measure_overhead
    >>> cohort = sh.datasets.load_ra_panel()
    >>> result = measure_overhead(
    ...     cohort, models=["gaussian_copula"], repeats=1, parts=["fit"]
    ... )
    >>> result.fits[0].work
    'gaussian_copula: fit + sample'
    """
    parts = frozenset(parts)
    if not parts <= set(PARTS):
        raise ParameterError(
            f"parts: {', '.join(sorted(parts - set(PARTS)))} unknown; choose from "
            f"{', '.join(PARTS)}"
        )
    models = chosen_models(models)
    machine = Machine.here()
    table = (load_adult() if table is None else table).iloc[:rows]
    steps = {
        "start": STARTS,
        "fit": len(models) * repeats,
        "report": 2 * repeats,
        "memory": len(streamed),
    }
    startup: Startup | None = None
    fits: list[Comparison] = []
    reports: tuple[Comparison, ...] = ()
    memory: tuple[Memory, ...] = ()
    with _steps(sum(steps[part] for part in parts), on_progress) as done:
        if "start" in parts:
            startup = measure_startup(STARTS, done)
        if "fit" in parts:
            with pinned(threads):
                for model in models:
                    fits.append(_compare_fits(model, table, epochs, repeats, threads, done))
        if "report" in parts:
            with pinned(threads):
                reports = _compare_reports(table, repeats, done)
        if "memory" in parts:
            ours, _ = same_settings(models[0], table, epochs=epochs)
            synthesizer = Synthesizer(models[0], random_state=0, **ours).fit(table)
            memory = (measure_memory(synthesizer, rows=streamed, chunk_size=chunk_size, done=done),)
    return Overhead(
        machine=machine,
        rows=len(table),
        columns=table.shape[1],
        epochs=epochs,
        threads=threads,
        startup=startup,
        fits=tuple(fits),
        reports=reports,
        memory=memory,
    )


def _compare_fits(
    model: str, table: pd.DataFrame, epochs: int, repeats: int, threads: int | None, done: Done
) -> Comparison:
    def ours(table: pd.DataFrame) -> None:
        settings, _ = same_settings(model, table, epochs=epochs, threads=threads)
        Synthesizer(model, random_state=0, **settings).fit(table).sample(len(table))

    def theirs(table: pd.DataFrame) -> None:
        _, arguments = same_settings(model, table, epochs=epochs, threads=threads)
        sample_plain(fit_plain(model, table, arguments), len(table))

    few = table.iloc[:WARM_UP_ROWS]
    watch(lambda: ours(few))
    watch(lambda: theirs(few))
    return alternate(
        f"{model}: fit + sample",
        lambda: ours(table),
        lambda: theirs(table),
        repeats=repeats,
        limit=FIT_RATIO,
        done=done,
    )


def _compare_reports(
    table: pd.DataFrame, repeats: int, done: Done
) -> tuple[Comparison, Comparison]:
    from sdv.evaluation import evaluate_quality, run_diagnostic

    from synthhealth.evaluation import evaluate_tables
    from synthhealth.report import evaluate

    synthetic = Synthesizer("gaussian_copula", random_state=0).fit(table).sample(len(table))
    metadata = metadata_for(table)

    def theirs() -> object:
        # Its overall score is computed on demand, from the details that are there by then.
        return evaluate_quality(table, synthetic, metadata, verbose=False).get_score()

    def both() -> object:
        return theirs(), run_diagnostic(table, synthetic, metadata, verbose=False).get_score()

    def page(real: pd.DataFrame, synthetic: pd.DataFrame) -> None:
        with tempfile.TemporaryDirectory() as folder:
            evaluate(real, synthetic).to_html(Path(folder, "report.html"))

    few = table.iloc[:WARM_UP_ROWS], synthetic.iloc[:WARM_UP_ROWS]
    page(*few)
    evaluate_quality(*few, metadata_for(few[0]), verbose=False)
    run_diagnostic(*few, metadata_for(few[0]), verbose=False)
    scores = alternate(
        "columns, pairs and missing values, calibrated, against evaluate_quality",
        lambda: evaluate_tables(table, synthetic, parts=()),
        theirs,
        repeats=repeats,
        limit=REPORT_RATIO,
        done=done,
    )
    whole = alternate(
        "the whole default report against evaluate_quality + run_diagnostic",
        lambda: page(table, synthetic),
        both,
        repeats=repeats,
        limit=WHOLE_RATIO,
        done=done,
    )
    return scores, whole


@contextmanager
def _steps(total: int, on_progress: OnProgress | None) -> Iterator[Done]:
    """Give a function that counts one step more."""
    begin = time.monotonic()
    finished = 0
    with progress_reporter("measuring", on_progress) as report:

        def done() -> None:
            nonlocal finished
            finished += 1
            elapsed = time.monotonic() - begin
            report(ProgressEvent("benchmark", finished, total, "step", elapsed))

        yield done
