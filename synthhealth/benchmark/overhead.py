"""Our API against plain SDV: the same work, in turns, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import pandas as pd

from synthhealth.benchmark.clock import alternate, pinned, watch
from synthhealth.benchmark.memory import measure_memory
from synthhealth.benchmark.overhead_results import (
    FIT_RATIO,
    REPORT_RATIO,
    WHOLE_RATIO,
    Memory,
    Overhead,
    Startup,
)
from synthhealth.benchmark.plain import (
    chosen_models,
    fit_plain,
    metadata_for,
    same_settings,
    sample_plain,
)
from synthhealth.benchmark.results import Comparison, Machine
from synthhealth.benchmark.startup import measure_startup
from synthhealth.benchmark.tables import load_adult
from synthhealth.errors import ParameterError
from synthhealth.io import scratch_folder
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter
from synthhealth.synthesizer import Synthesizer

__all__ = ["PARTS", "measure_overhead"]


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
        with scratch_folder() as folder:
            evaluate(real, synthetic).to_html(folder / "report.html")

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
