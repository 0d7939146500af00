"""Whether relations are kept: means within levels, dependence, whole rows; real rows beside."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.benchmark.level_means import Pair, means_kept, real_pairs
from synthhealth.benchmark.plain import wrapped
from synthhealth.benchmark.relations_results import Relations, RelationsRun, Size, Unmeasured
from synthhealth.benchmark.results import Machine
from synthhealth.benchmark.runs import draw, run_all
from synthhealth.benchmark.tables import DEMO, chosen, load_whole, split_whole
from synthhealth.datasets import load_ra_panel
from synthhealth.errors import ParameterError, SynthHealthError
from synthhealth.evaluation import NotComputed
from synthhealth.evaluation.evaluate import evaluate_read
from synthhealth.evaluation.privacy.fits import Fit
from synthhealth.evaluation.privacy.membership import DISTANCE, score_members
from synthhealth.evaluation.privacy.pooling import as_membership
from synthhealth.evaluation.rows.auc import areas
from synthhealth.evaluation.rows.classifiers import out_of_fold, stratified_folds
from synthhealth.evaluation.rows.drawn import Rows, draw_rows
from synthhealth.evaluation.scope import Scope
from synthhealth.evaluation.sdmetrics_scores import score_by_sdmetrics
from synthhealth.evaluation.tables import Tables, read_tables
from synthhealth.evaluation.work import Seeds
from synthhealth.models import available
from synthhealth.models.seeding import derive_seed
from synthhealth.progress import OnProgress
from synthhealth.schema import Schema

__all__ = ["TABLES", "Job", "jobs_of", "measure_relations", "models_of", "run_once"]

TABLES = (
    DEMO,
    "hcv",
    "pbc",
    "heart_failure",
    "coimbra",
    "hcc_survival",
    "hepatitis",
    "ilpd",
    "pima_diabetes",
    "iraq_diabetes",
    "ehr_blood_panel",
    "nhanes_labs",
    "flchain",
    "support2",
    "adult",
    "census_kdd",
    "news_partial",
)
SEEDS = range(5)
SIZES: tuple[Size, ...] = (61,)

#: What men's blood has more of, by the law of the demo.
_DEMO_PAIRS: tuple[Pair, ...] = (("sex", "haemoglobin"), ("sex", "creatinine"))

#: Rows of a synthetic table, unless the cohort has more: its own sampling error is then small.
DRAWN = 10_000
#: Patients that a model has not learned: as many are looked at, and so few are too few.
MOST_UNSEEN, FEWEST_UNSEEN = 20_000, 50
#: Patients of the demo's law that stand for all others.
OTHERS = 10_000
#: Rows of either table that a classifier tells apart.
MOST_TOLD_APART = 10_000
#: SDMetrics looks at all rows and all pairs of columns here; reports ask it for less.
MOST_SCORED, MOST_COLUMNS = 100_000, 100
#: Of fewer patients shapes, trends and detection say little that the other figures do not.
FEWEST_FOR_ROWS = 300
_PLAIN = "plain SDV: "
REAL, INDEPENDENT = "real rows", "independent columns"
#: What seeds are for.
_COHORT, _UNSEEN, _COLUMNS, _FOLDS = range(4)


def measure_relations(
    *,
    families: Iterable[str] | None = None,
    tables: Iterable[str] | None = None,
    rows: Iterable[Size] = SIZES,
    plain: bool = False,
    seeds: Iterable[int] = SEEDS,
    n_jobs: int | None = 1,
    on_progress: OnProgress | None = None,
) -> Relations:
    """Fit families to cohorts drawn from several tables, and ask which relations are kept.

    *Level means*: is the mean of a number in each level of a category that of the cohort, within
    the sampling error (`synthhealth.benchmark.level_means`)? *KS* and *dependence error*: how near
    the rows come to patients that were not learned. *Shapes*, *trends* and *detection*, of cohorts
    of at least 300: SDMetrics' two scores, and how well gradient-boosted trees (scikit-learn's
    defaults, two folds) tell at most 10,000 rows from as many of those patients.

    Real rows are measured beside, so that it can be read what these figures would be of a perfect
    generator: patients not learned for the level means, for all else the cohort. And a table of
    independent columns, each drawn by itself from the cohort's, which has no relations.

    Parameters
    ----------
    families : iterable of str, optional
        Model families, at their defaults; all by default.
    tables : iterable of str, optional
        Of `TABLES`; all that are at hand by default.
    rows : iterable of int or "all"
        Patients of a cohort; *all* is adult's training file, or two thirds of another table.
    plain : bool
        Also plain SDV, at its own defaults, of the families that wrap one of its synthesizers.
    seeds : iterable of int
        Each is a cohort, and decides its fits.
    n_jobs : int, optional
        Runs at once, by joblib; each has one thread.
    on_progress : callable, optional
        Called with a `synthhealth.ProgressEvent` after each run.

    Returns
    -------
    Relations
        After Ctrl-C: of the runs that are finished.

    Raises
    ------
    ParameterError
        A family or table is unknown.

    Examples
    --------
    >>> from synthhealth.benchmark import measure_relations
    >>> result = measure_relations(families=["trees"], tables=["demo"], seeds=[0])
    >>> [run.model for run in result.runs]
    ['trees', 'real rows', 'independent columns']
    """
    begin = time.monotonic()
    machine = Machine.here()
    families = chosen("families", families, available())
    cases = [(table, size) for table in chosen("tables", tables, TABLES) for size in rows]
    models = models_of(families, plain=plain)
    jobs, skipped = jobs_of(cases, models, tuple(seeds))
    runs = run_all(run_once, jobs, n_jobs=n_jobs, on_progress=on_progress)
    return Relations(
        machine=machine,
        planned=len(jobs),
        runs=tuple(runs),
        skipped=skipped,
        seconds=time.monotonic() - begin,
    )


def models_of(families: Sequence[str], *, plain: bool) -> tuple[str, ...]:
    """Give what is fitted, with plain SDV if it is asked for, and what is measured beside."""
    beside = [_PLAIN + one for one in families if plain and one in wrapped()]
    return (*families, *beside, REAL, INDEPENDENT)


class Job(NamedTuple):
    """One model, fitted to one cohort."""

    table: str
    size: Size
    model: str
    seed: int


def jobs_of(
    cases: Iterable[tuple[str, Size]], models: Sequence[str], seeds: Sequence[int]
) -> tuple[list[Job], tuple[Unmeasured, ...]]:
    """Give the fits of all models to all cohorts, and the cases that cannot be measured."""
    jobs: list[Job] = []
    skipped = []
    for table, size in cases:
        try:
            Sample.of(table, size, 0)
        except SynthHealthError as error:
            skipped.append(Unmeasured(table=table, rows=size, reason=_in_a_line(error)))
            continue
        jobs += [Job(table, size, model, seed) for model in models for seed in seeds]
    return jobs, tuple(skipped)


@cache  # in each worker: the pairs of a table are those of the whole of it
def _pairs(table: str) -> tuple[Pair, ...]:
    if table == DEMO:
        return _DEMO_PAIRS
    whole = load_whole(table)
    return real_pairs(whole, Schema.detect(whole))


class Sample(NamedTuple):
    """A cohort, others of the same law, and what the columns of both are."""

    cohort: pd.DataFrame
    unseen: pd.DataFrame
    schema: Schema

    @classmethod
    def of(cls, table: str, size: Size, seed: int) -> Sample:
        """Draw a cohort without replacement; of the others there are 20,000 at most."""
        if size == "all":
            if table == DEMO:
                raise ParameterError("the demo is drawn from a law, so that there is no 'all'")
            learned, unseen = split_whole(table, seed)
            return cls(learned, unseen.iloc[:MOST_UNSEEN], Schema.detect(load_whole(table)))
        if table == DEMO:
            cohort = load_ra_panel(size, random_state=derive_seed(seed, _COHORT))
            unseen = load_ra_panel(OTHERS, random_state=derive_seed(seed, _UNSEEN))
            return cls(cohort, unseen, Schema.detect(unseen))
        whole = load_whole(table)
        if len(whole) < size + FEWEST_UNSEEN:
            raise ParameterError(
                f"the table has {len(whole)} patients; it takes {FEWEST_UNSEEN} more than are "
                "learned"
            )
        order = np.random.default_rng(derive_seed(seed, _COHORT)).permutation(len(whole))
        cohort, unseen = (
            whole.iloc[some].reset_index(drop=True)
            for some in (order[:size], order[size:][:MOST_UNSEEN])
        )
        return cls(cohort, unseen, Schema.detect(whole))


class _Judged(NamedTuple):
    """What is held against the cohort, and what against those not learned."""

    by_cohort: pd.DataFrame
    by_unseen: pd.DataFrame
    cpu_seconds: float | None = None


def run_once(table: str, size: Size, model: str, seed: int) -> RelationsRun:
    """Draw a cohort, fit one model to it, draw, and judge; a failure is a result, too."""
    sample = Sample.of(table, size, seed)
    run = RelationsRun(table=table, size=size, rows=len(sample.cohort), model=model, seed=seed)
    try:
        judged = _judged(model, sample, seed)
        kept = means_kept(sample.cohort, judged.by_cohort, sample.schema, _pairs(table))
        found = _against_unseen(sample, judged, seed) | _against_learned(sample, judged, seed)
    except SynthHealthError as error:
        return run.model_copy(update={"failure": _in_a_line(error)})
    return run.model_copy(
        update={
            "kept": tuple(_named(pair) for pair, is_kept in kept.items() if is_kept),
            "lost": tuple(_named(pair) for pair, is_kept in kept.items() if not is_kept),
            "cpu_seconds": judged.cpu_seconds,
            **found,
        }
    )


def _in_a_line(error: SynthHealthError) -> str:
    return " ".join(str(error).split())


def _named(pair: Pair) -> str:
    return f"{pair[1]} by {pair[0]}"


def _judged(model: str, sample: Sample, seed: int) -> _Judged:
    if model == REAL:
        return _Judged(sample.unseen, sample.cohort)
    size = len(sample.cohort)
    rows = max(DRAWN, size)
    if model == INDEPENDENT:
        rng = np.random.default_rng(derive_seed(seed, _COLUMNS))
        drawn = sample.cohort.apply(lambda column: column.iloc[rng.integers(size, size=rows)].array)
        return _Judged(drawn, drawn)
    found = draw(
        sample.cohort,
        model.removeprefix(_PLAIN),
        seed,
        rows=rows,
        plain=model.startswith(_PLAIN),
        schema=sample.schema,
        timed_rows=size,
    )
    return _Judged(found.table, found.table, found.fit_cpu_seconds + found.sample_cpu_seconds)


Figures = dict[str, float | None]


def _against_unseen(sample: Sample, judged: _Judged, seed: int) -> Figures:
    tables = read_tables(sample.unseen, judged.by_unseen, sample.schema)
    overall = evaluate_read(
        tables, Seeds.of(seed), real_is="holdout", scope=Scope(parts=())
    ).overall
    scores = {"ks": overall.ks_average, "dependence": overall.dependence_difference}
    found = {name: None if score is None else score.value for name, score in scores.items()}
    if len(sample.cohort) >= FEWEST_FOR_ROWS:
        found |= _by_sdmetrics(tables, seed) | {"detection": _detected(tables, seed)}
    return found


def _against_learned(sample: Sample, judged: _Judged, seed: int) -> Figures:
    """Hold the rows against those that were learned, and ask whether they tell who these are."""
    tables = read_tables(
        sample.cohort,
        judged.by_cohort,
        sample.schema,
        training=sample.cohort,
        unseen=sample.unseen,
    )
    scope = Scope(parts=())
    ks = evaluate_read(tables, Seeds.of(seed), real_is="training", scope=scope).overall.ks_average
    found: Figures = {"learned_ks": None if ks is None else ks.value}
    if len(sample.cohort) >= FEWEST_FOR_ROWS:
        scores = _by_sdmetrics(tables, seed)
        found |= {f"learned_{name}": score for name, score in scores.items()}
    if judged.by_cohort is judged.by_unseen:  # real rows are of nobody who was learned
        scored = score_members(Fit.of(tables), Seeds.of(seed).rng("membership")).distance
        membership = as_membership([scored], DISTANCE)
        found |= {
            "membership": membership.auc,
            "membership_low": membership.interval.low,
            "membership_high": membership.interval.high,
        }
    return found


def _by_sdmetrics(tables: Tables, seed: int) -> Figures:
    scores = score_by_sdmetrics(
        tables, Seeds.of(seed), most_rows=MOST_SCORED, most_columns=MOST_COLUMNS
    )
    if isinstance(scores, NotComputed):
        return {}
    return {"shapes": scores.column_shapes, "trends": scores.column_pair_trends}


Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Boosting:
    """Gradient-boosted trees as scikit-learn grows them: thousands of rows teach them enough."""

    seed: int

    def score(self, known: Rows, labels: npt.NDArray[np.bool_], asked: Rows) -> Floats:
        """Give the log odds that rows are synthetic; see `rows.classifiers.Detector`."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        trees = HistGradientBoostingClassifier(
            categorical_features=known.categorical, random_state=self.seed
        )
        return np.array(
            [trees.fit(known.plain, ours).decision_function(asked.plain) for ours in labels]
        )


def _detected(tables: Tables, seed: int) -> float:
    rng = np.random.default_rng(derive_seed(seed, _FOLDS))
    rows = draw_rows(tables, MOST_TOLD_APART, rng)
    labels = rows.labels[None]
    scores = out_of_fold(_Boosting(seed), rows, stratified_folds(rows.labels, 2, rng), labels)
    return float(areas(scores, labels)[0])
