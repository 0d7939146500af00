"""Models x tables x seeds, each run in turn fitted, sampled and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from statistics import mean

from synthhealth.benchmark.plain import chosen_models, wrapped
from synthhealth.benchmark.results import Machine, Part, Result, markdown_table
from synthhealth.benchmark.runs import draw, run_all
from synthhealth.benchmark.tables import chosen_tables, load_cohort
from synthhealth.errors import SynthHealthError
from synthhealth.evaluation import Evaluation, Score, evaluate_tables
from synthhealth.models import available
from synthhealth.progress import OnProgress
from synthhealth.schema import Schema

__all__ = ["Against", "Quality", "QualityRun", "measure_quality"]


class Against(Part):
    """A synthetic table's scores against one real table."""

    n_real: int
    """Rows of the real table."""
    ks_average: Score | None
    """Mean Kolmogorov-Smirnov complement over the numerical columns."""
    tv_average: float | None
    """Mean total-variation complement over the categorical columns."""
    tv_floor: float | None
    """The same of two independent real samples of these sizes."""
    dependence_difference: Score | None
    """Mean absolute difference of pairwise dependence."""

    @classmethod
    def of(cls, evaluation: Evaluation) -> Against:
        """Take the overall scores of an evaluation."""
        categorical = evaluation.categorical
        return cls(
            n_real=evaluation.n_real,
            ks_average=evaluation.overall.ks_average,
            tv_average=mean(one.tv_complement for one in categorical) if categorical else None,
            tv_floor=mean(one.floor.mean for one in categorical) if categorical else None,
            dependence_difference=evaluation.overall.dependence_difference,
        )


class QualityRun(Part):
    """One model fitted once on one table."""

    data: str
    """The table."""
    model: str
    """The model family."""
    plain: bool
    """Whether it is plain SDV at its own defaults."""
    seed: int
    """Seed of the model, of the split, and of the fresh cohort."""
    n_synthetic: int
    """Rows drawn."""
    training: Against | None
    """Scores against the rows that were learned; None after a failure."""
    holdout: Against | None
    """Scores against patients that the model never saw; None after a failure."""
    fit_seconds: float | None
    """Seconds of the fit, on one thread."""
    fit_cpu_seconds: float | None
    """Seconds of processor time of the fit: what remains on a busy machine."""
    sample_seconds: float | None
    """Seconds of the sample, on one thread."""
    failure: str | None
    """Why there are no figures."""


class Quality(Result):
    """Models x tables x seeds."""

    n_jobs: int
    """Runs at once, which slows each of them."""
    planned: int
    """Runs that were asked for; more than there are if it was interrupted."""
    runs: tuple[QualityRun, ...]
    """All runs, table by table and model by model."""

    def to_markdown(self) -> str:
        """Give the means over the seeds; in brackets what two real samples would score."""

        def place(run: QualityRun) -> tuple[str, bool, str]:
            return run.data, run.plain, run.model

        heads = (
            "table",
            "model",
            "KS, learned rows",
            "lowest",
            "KS, new patients",
            "lowest",
            "categories, learned rows",
            "dependence gap, learned rows",
            "dependence gap, new patients",
            "fit, s",
            "fit, processor s",
            "sample, s",
        )
        rows = [_row(list(runs)) for _, runs in groupby(self.runs, key=place)]
        failures = [
            f"- {run.data}, {run.model}{_PLAIN if run.plain else ''}, seed {run.seed}: "
            f"{run.failure}"
            for run in self.runs
            if run.failure is not None
        ]
        notes = (
            f"{self.machine.sentence()} {self.n_jobs} run(s) at once, one thread each.\n"
            "Means over the seeds. KS: mean Kolmogorov-Smirnov complement of the numerical "
            "columns; categories: mean total-variation complement (1: identical); dependence gap: "
            "mean absolute difference of pairwise dependence (0: identical). In brackets: what two "
            "independent real samples of these sizes score (95 % interval; its mean for the "
            "categories). New patients: the demo's fresh cohort of 61, a third of hcv, pbc and "
            "heart_failure, adult's test rows.\n"
        )
        parts = [notes, markdown_table(heads, rows)]
        if len(self.runs) < self.planned:
            parts.append(f"Interrupted: {len(self.runs)} of {self.planned} runs.\n")
        if failures:
            parts.append("Failed:\n\n" + "\n".join(failures) + "\n")
        return "\n".join(parts)


_PLAIN = " (plain SDV)"


def _row(runs: Sequence[QualityRun]) -> tuple[str, ...]:
    first = runs[0]
    training = [run.training for run in runs if run.training is not None]
    holdout = [run.holdout for run in runs if run.holdout is not None]
    return (
        first.data,
        first.model + (_PLAIN if first.plain else ""),
        _told(training, _ks),
        _lowest(training),
        _told(holdout, _ks),
        _lowest(holdout),
        _categories(training),
        _told(training, _dependence),
        _told(holdout, _dependence),
        _seconds([run.fit_seconds for run in runs]),
        _seconds([run.fit_cpu_seconds for run in runs]),
        _seconds([run.sample_seconds for run in runs]),
    )


def _seconds(all_seconds: Sequence[float | None]) -> str:
    taken = [seconds for seconds in all_seconds if seconds is not None]
    return f"{mean(taken):.1f}" if taken else ""


def _ks(against: Against) -> Score | None:
    return against.ks_average


def _dependence(against: Against) -> Score | None:
    return against.dependence_difference


def _lowest(all_against: Sequence[Against]) -> str:
    values = [against.ks_average.value for against in all_against if against.ks_average]
    return f"{min(values):.3f}" if values else ""


def _told(all_against: Sequence[Against], pick: Callable[[Against], Score | None]) -> str:
    scores = [score for score in map(pick, all_against) if score is not None]
    if not scores:
        return ""
    value, low, high = (
        mean(figures)
        for figures in zip(
            *((score.value, score.floor.low, score.floor.high) for score in scores), strict=True
        )
    )
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def _categories(all_against: Sequence[Against]) -> str:
    scores = [
        (against.tv_average, against.tv_floor)
        for against in all_against
        if against.tv_average is not None and against.tv_floor is not None
    ]
    if not scores:
        return ""
    return "{:.3f} ({:.3f})".format(*map(mean, zip(*scores, strict=True)))


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
        Families; by default all, at their default parameters.
    data : iterable of str, optional
        Tables: ``"demo"``, ``"hcv"``, ``"pbc"``, ``"heart_failure"``, ``"adult"``; by default
        those but adult that are at hand (`synthhealth.datasets.find_data_root`).
    large : bool
        Also adult.
    plain : bool
        Also plain SDV, at its own defaults, of the families that wrap one of its synthesizers.
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
    machine = Machine.here()
    seeds = tuple(seeds)
    sides = (False, True) if plain else (False,)
    jobs = [
        (table, model, side, seed)
        for table in chosen_tables(data, large=large)
        for side in sides
        for model in chosen_models(models, available())
        if not side or model in wrapped()
        for seed in seeds
    ]
    runs = run_all(run_once, jobs, n_jobs=n_jobs, on_progress=on_progress)
    return Quality(
        machine=machine,
        n_jobs=n_jobs,
        planned=len(jobs),
        runs=tuple(runs),
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
    try:
        drawn = draw(cohort.training, model, seed, rows=cohort.n_synthetic, plain=plain)
        against = {
            name: Against.of(
                evaluate_tables(real, drawn.table, schema, parts=(), random_state=seed)
            )
            for name, real in (("training", cohort.training), ("holdout", cohort.holdout))
        }
    except SynthHealthError as error:
        nothing = dict.fromkeys(("training", "holdout", *_SECONDS))
        return QualityRun.model_validate({**about, **nothing, "failure": str(error)})
    seconds = {name: getattr(drawn, name) for name in _SECONDS}
    return QualityRun.model_validate({**about, **against, **seconds, "failure": None})


_SECONDS = ("fit_seconds", "fit_cpu_seconds", "sample_seconds")
