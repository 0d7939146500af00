"""Models x tables x seeds, each run in turn fitted, sampled and judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from synthhealth.benchmark._plain import chosen_models, fit_plain, sample_plain
from synthhealth.benchmark._quality_results import Against, Quality, QualityRun
from synthhealth.benchmark._results import Machine
from synthhealth.benchmark._tables import Cohort, chosen_tables, load_cohort
from synthhealth.errors import FitError, SynthHealthError
from synthhealth.evaluation import evaluate_tables
from synthhealth.models._seeding import seeded
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter
from synthhealth.schema import Schema
from synthhealth.synthesizer import Synthesizer

__all__ = ["measure_quality"]

SEEDS = range(5)


def measure_quality(
    *,
    models: Iterable[str] | None = None,
    data: Iterable[str] | None = None,
    large: bool = False,
    plain: bool = False,
    seeds: Iterable[int] = SEEDS,
    n_jobs: int = 1,
    on_progress: OnProgress | None = None,
) -> Quality:
    """Fit every model on every table with every seed, and judge what it draws.

    Parameters
    ----------
    models : iterable of str, optional
        Families; by default all four, at their default parameters.
    data : iterable of str, optional
        Tables: ``"demo"``, ``"hcv"``, ``"pbc"``, ``"heart_failure"``, ``"adult"``; by default
        those but adult that are at hand (`synthhealth.datasets.find_data_root`).
    large : bool
        Also adult.
    plain : bool
        Also plain SDV, at its own defaults.
    seeds : iterable of int
        Each decides a model's seed, the split of a table and the fresh cohort of the demo.
    n_jobs : int
        Runs at once, by joblib; each has one thread.
    on_progress : callable, optional
        Called with a `synthhealth.ProgressEvent` after each run.

    Returns
    -------
    Quality
        After Ctrl-C: of the runs that are finished.

    Raises
    ------
    ParameterError
        A model or table is unknown.
    FileError
        A table is not at hand.

    Examples
    --------
    >>> from synthhealth.benchmark import measure_quality
    >>> result = measure_quality(models=["gaussian_copula"], data=["demo"], seeds=[0])
    >>> run = result.runs[0]
    >>> run.data, run.n_synthetic, run.training.n_real
    ('demo', 1000, 61)
    """
    from joblib import Parallel, delayed

    machine = Machine.here()
    seeds = tuple(seeds)
    sides = (False, True) if plain else (False,)
    jobs = [
        (table, model, side, seed)
        for table in chosen_tables(data, large=large)
        for side in sides
        for model in chosen_models(models)
        for seed in seeds
    ]
    runs: dict[tuple[str, str, bool, int], QualityRun] = {}
    begin = time.monotonic()
    with progress_reporter("benchmark", on_progress) as report:
        work = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        try:
            for run in work(delayed(run_once)(*job) for job in jobs):
                runs[run.data, run.model, run.plain, run.seed] = run
                elapsed = time.monotonic() - begin
                report(ProgressEvent("benchmark", len(runs), len(jobs), "run", elapsed))
        except KeyboardInterrupt:
            if not runs:
                raise
    return Quality(
        machine=machine,
        n_jobs=n_jobs,
        planned=len(jobs),
        runs=tuple(runs[job] for job in jobs if job in runs),
    )


def run_once(table: str, model: str, plain: bool, seed: int) -> QualityRun:
    """Fit one model on one table, draw, and judge; a failure is a result, too."""
    cohort = load_cohort(table, seed)
    schema = Schema.detect(cohort.training)
    about = {
        "data": table,
        "model": model,
        "plain": plain,
        "seed": seed,
        "n_synthetic": cohort.n_synthetic,
    }
    draw = _draw_plain if plain else _draw_ours
    try:
        synthetic, seconds = draw(cohort, model, seed)
        against = {
            name: Against.of(evaluate_tables(real, synthetic, schema, parts=(), random_state=seed))
            for name, real in (("training", cohort.training), ("holdout", cohort.holdout))
        }
    except SynthHealthError as error:
        nothing = dict.fromkeys(("training", "holdout", *_SECONDS))
        return QualityRun.model_validate({**about, **nothing, "failure": str(error)})
    return QualityRun.model_validate({**about, **against, **seconds, "failure": None})


_SECONDS = ("fit_seconds", "fit_cpu_seconds", "sample_seconds")


def _draw_ours(cohort: Cohort, model: str, seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
    return _time(
        lambda: Synthesizer(model, random_state=seed).fit(cohort.training),
        lambda synthesizer: synthesizer.sample(cohort.n_synthetic),
    )


def _draw_plain(cohort: Cohort, model: str, seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
    # SDV's fit draws from the global generators; the same single thread as ours has.
    with seeded(seed):
        try:
            return _time(
                lambda: fit_plain(model, cohort.training, {}),
                lambda synthesizer: sample_plain(synthesizer, cohort.n_synthetic),
            )
        # Broad, since SDV raises what its libraries raise; the other runs go on.
        except Exception as error:
            raise FitError(f"plain SDV failed with {type(error).__qualname__}") from error


def _time(
    fit: Callable[[], Any], sample: Callable[[Any], pd.DataFrame]
) -> tuple[pd.DataFrame, dict[str, float]]:
    begin, cpu = time.perf_counter(), time.process_time()
    synthesizer = fit()
    fitted, cpu_fitted = time.perf_counter(), time.process_time()
    synthetic = sample(synthesizer)
    seconds = (fitted - begin, cpu_fitted - cpu, time.perf_counter() - fitted)
    return synthetic, dict(zip(_SECONDS, seconds, strict=True))
