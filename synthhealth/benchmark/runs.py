"""Runs of the benchmark: a model fitted once and drawn from, and many of them side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import pandas as pd

from synthhealth.benchmark.plain import fit_plain, sample_plain
from synthhealth.errors import FitError
from synthhealth.models.seeding import seeded
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter
from synthhealth.schema import Schema
from synthhealth.synthesizer import Synthesizer

__all__ = ["Drawn", "draw", "run_all"]


class Drawn(NamedTuple):
    """What one model drew, and what it took, on one thread."""

    table: pd.DataFrame
    """The synthetic table."""
    fit_seconds: float
    """Seconds of the fit."""
    fit_cpu_seconds: float
    """Seconds of processor time of the fit."""
    sample_seconds: float
    """Seconds of the sample."""
    sample_cpu_seconds: float
    """Seconds of processor time of the sample."""


def draw(
    table: pd.DataFrame,
    model: str,
    seed: int,
    *,
    rows: int,
    plain: bool = False,
    schema: Schema | None = None,
    timed_rows: int | None = None,
) -> Drawn:
    """Fit a model at its defaults, and draw from it.

    Parameters
    ----------
    table : pandas.DataFrame
        What it learns.
    model : str
        The family.
    seed : int
        Everything random follows from it.
    rows : int
        Rows to draw.
    plain : bool
        Whether it is the synthesizer of SDV that the family wraps, at its own defaults.
    schema : Schema, optional
        What the columns are; detected by default. SDV always detects them by itself.
    timed_rows : int, optional
        The sample that is timed has so many rows, and those that are kept are drawn after it; by
        default it is the one that is kept.

    Raises
    ------
    SynthHealthError
        The model cannot be fitted or drawn from.
    """
    with _as_sdv(seed) if plain else _as_ours():
        begin, cpu = time.perf_counter(), time.process_time()
        sample = _fit_plain(table, model) if plain else _fit_ours(table, model, seed, schema)
        fitted, cpu_fitted = time.perf_counter(), time.process_time()
        drawn = sample(rows if timed_rows is None else timed_rows)
        ended, cpu_ended = time.perf_counter(), time.process_time()
        return Drawn(
            drawn if timed_rows is None else sample(rows),
            fitted - begin,
            cpu_fitted - cpu,
            ended - fitted,
            cpu_ended - cpu_fitted,
        )


Sample = Callable[[int], pd.DataFrame]


def _fit_ours(table: pd.DataFrame, model: str, seed: int, schema: Schema | None) -> Sample:
    return Synthesizer(model, schema=schema, random_state=seed).fit(table).sample


def _fit_plain(table: pd.DataFrame, model: str) -> Sample:
    synthesizer = fit_plain(model, table, {})
    return lambda rows: sample_plain(synthesizer, rows)


@contextmanager
def _as_ours() -> Iterator[None]:
    yield


@contextmanager
def _as_sdv(seed: int) -> Iterator[None]:
    # SDV's fit draws from the global generators; the same single thread as ours has.
    with seeded(seed):
        try:
            yield
        # Broad, since SDV raises what its libraries raise; the other runs go on.
        except Exception as error:
            raise FitError(f"plain SDV failed with {type(error).__qualname__}") from error


Job = TypeVar("Job", bound=tuple[Any, ...])
Run = TypeVar("Run")


def run_all(
    work: Callable[..., Run],
    jobs: Sequence[Job],
    *,
    n_jobs: int | None = 1,
    on_run: Callable[[Run], None] | None = None,
    on_progress: OnProgress | None = None,
) -> list[Run]:
    """Do all jobs by joblib, and give what they give in their order.

    After Ctrl-C that is what the finished ones gave.

    Parameters
    ----------
    work : callable
        Takes the parts of a job.
    jobs : sequence of tuple
    n_jobs : int, optional
        Jobs at once; -1: one per processor.
    on_run : callable, optional
        Called with what a job gave as soon as it is finished.
    on_progress : callable, optional
        Called with a `synthhealth.ProgressEvent` after each job.
    """
    from joblib import Parallel, delayed

    found: dict[int, Run] = {}
    begin = time.monotonic()
    with progress_reporter("benchmark", on_progress) as report:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        numbered = (delayed(_numbered)(i, work, job) for i, job in enumerate(jobs))
        try:
            for number, run in parallel(numbered):
                found[number] = run
                if on_run is not None:
                    on_run(run)
                elapsed = time.monotonic() - begin
                report(ProgressEvent("benchmark", len(found), len(jobs), "run", elapsed))
        except KeyboardInterrupt:
            if not found:
                raise
    return [found[number] for number in sorted(found)]


def _numbered(number: int, work: Callable[..., Run], job: tuple[Any, ...]) -> tuple[int, Run]:
    return number, work(*job)
