"""Named choices of tables, sizes and families, whose runs are kept in a folder as they end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from synthhealth.benchmark.growth import Growth, measure_growth
from synthhealth.benchmark.kept import Kept
from synthhealth.benchmark.relations import Job, jobs_of, models_of, run_once
from synthhealth.benchmark.relations_results import Relations, RelationsRun, Size
from synthhealth.benchmark.results import Machine
from synthhealth.benchmark.runs import run_all
from synthhealth.benchmark.tables import chosen
from synthhealth.models import about, available
from synthhealth.progress import OnProgress

__all__ = ["SUITES", "Suite", "run_suite"]
SPEED = "speed"


@dataclass(frozen=True)
class Suite:
    """What one suite measures.

    Attributes
    ----------
    about : str
        What it is for.
    cases : tuple of (str, int or "all")
        Tables, and how many of their patients are learned.
    plain_seeds : int
        Cohorts to which plain SDV is fitted, too: its networks take most of the time.
    """

    about: str
    cases: tuple[tuple[str, Size], ...]
    plain_seeds: int


SUITES = {
    "small": Suite(
        "cohorts of 61 patients, from the demo's law and nine clinical tables",
        tuple(
            (table, 61)
            for table in (
                "demo",
                "hcv",
                "pbc",
                "heart_failure",
                "coimbra",
                "hcc_survival",
                "hepatitis",
                "ilpd",
                "ehr_blood_panel",
                "nhanes_labs",
            )
        ),
        plain_seeds=5,
    ),
    "clinical": Suite(
        "cohorts of 300 and 1,000 patients of clinical tables",
        (
            *((table, 300) for table in ("hcv", "pbc", "ilpd", "pima_diabetes", "iraq_diabetes")),
            *(
                (table, size)
                for table in ("flchain", "support2", "nhanes_labs")
                for size in (300, 1_000)
            ),
        ),
        plain_seeds=1,
    ),
    "headline": Suite(
        "adult, census and news, on which Causal-TGAN is quoted with a KS average of 0.81",
        (
            ("adult", "all"),
            ("adult", 3_000),
            ("adult", 300),
            ("census_kdd", 20_000),
            ("news_partial", "all"),
        ),
        plain_seeds=1,
    ),
}


def run_suite(
    name: str,
    folder: Path,
    *,
    families: Iterable[str] | None = None,
    seeds: Sequence[int] = range(5),
    n_jobs: int | None = 1,
    on_progress: OnProgress | None = None,
) -> Relations | Growth:
    """Do the runs of a suite that its folder does not hold yet, and give all figures.

    Each run is written as soon as it ends, so that a suite which was stopped, however it was, goes
    on from there. Delete the folder to measure a changed library again.

    Parameters
    ----------
    name : str
        One of `SUITES`, or ``"speed"``.
    folder : pathlib.Path
        Where the runs are kept; it is made if it is missing.
    families : iterable of str, optional
        By default all but those that promise differential privacy, which need a budget and a
        schema by hand.
    seeds : sequence of int
        Each is a cohort, and decides its fits. *speed* has one table of each size.
    n_jobs : int, optional
        Runs at once, by joblib; each has one thread. *speed* has one run at a time.
    on_progress : callable, optional
        Called with a `synthhealth.ProgressEvent` after each run.

    Returns
    -------
    Relations or Growth
        Of all runs in the folder that belong to the suite, families and seeds.

    Raises
    ------
    ParameterError
        The suite or a family is unknown.
    FileError
        The folder holds something else.
    """
    begin = time.monotonic()
    machine = Machine.here()
    (name,) = chosen("suite", [name], (*SUITES, SPEED))
    if name == SPEED:
        return measure_growth(folder, families=families, on_progress=on_progress)
    suite = SUITES[name]
    if families is None:
        families = [one for one in available() if not about(one).is_formal]
    families = chosen("families", families, available())
    ours, skipped = jobs_of(suite.cases, models_of(families, plain=False), seeds)
    everyone = models_of(families, plain=True)
    theirs = [one for one in everyone if one not in models_of(families, plain=False)]
    plain, _ = jobs_of(suite.cases, theirs, seeds[: suite.plain_seeds])
    asked = [*ours, *plain]

    kept = Kept(folder, RelationsRun)
    done = {_job(run) for run in kept.runs}
    # One cohort after the other, so that whoever stops early has whole tables of fewer cohorts.
    missing = sorted((job for job in asked if job not in done), key=lambda job: job.seed)
    run_all(run_once, missing, n_jobs=n_jobs, on_run=kept.add, on_progress=on_progress)
    found = {_job(run): run for run in kept.runs}
    order = {case: place for place, case in enumerate(suite.cases)}
    runs = [found[job] for job in asked if job in found]
    runs.sort(key=lambda run: (order[run.table, run.size], everyone.index(run.model), run.seed))
    return Relations(
        machine=machine,
        planned=len(asked),
        runs=tuple(runs),
        skipped=skipped,
        seconds=time.monotonic() - begin,
    )


def _job(run: RelationsRun) -> Job:
    return Job(run.table, run.size, run.model, run.seed)
