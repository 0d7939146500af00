"""The same regressions on real and on synthetic rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import NotEstimableError, ParameterError
from synthhealth.evaluation.figures import NotComputed
from synthhealth.evaluation.inference.agreement import conclude, interval_overlap, measure, wald
from synthhealth.evaluation.inference.combining import (
    Rule,
    check_releases,
    check_rule,
    combine,
    p_value,
    reach,
)
from synthhealth.evaluation.inference.design import Design, Plan
from synthhealth.evaluation.inference.evidence import Worth, worth
from synthhealth.evaluation.inference.fit import INTERCEPT, Fit, check_installed, fit
from synthhealth.evaluation.inference.formula import Kind
from synthhealth.evaluation.inference.results import (
    Analysis,
    Coefficient,
    Estimate,
    Inference,
    RegressionResult,
    check_analyses,
)
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.tables import CanonicalTable, Tables, read_tables
from synthhealth.evaluation.work import Seeds, attempt, sort_out
from synthhealth.schema import Schema
from synthhealth.schema.types import MIN_CELL

__all__ = ["REGRESSIONS", "compare_inference", "compare_regressions"]

Floats = npt.NDArray[np.float64]

#: Rows of each table that are fitted; a random sample of larger ones.
MOST_ROWS: dict[Kind, int] = {"linear": 100_000, "logistic": 100_000, "cox": 20_000}


def compare_regressions(
    tables: Tables,
    analyses: str | Analysis | Iterable[str | Analysis],
    *,
    seeds: Seeds | None = None,
) -> tuple[tuple[RegressionResult, ...], tuple[NotComputed, ...]]:
    """Fit regressions on a real and a synthetic table and compare what they say.

    The corrected estimates take the synthetic table for one drawn from a model that was fitted
    once on the rows learned (those of `tables.training`, else the real ones); see `combine`. Of
    tables with more than 100,000 complete rows (Cox: 20,000) a random sample of so many is fitted.

    Raises
    ------
    ParameterError
        An analysis cannot be read or names an unknown column, or statsmodels or lifelines are not
        installed.
    """
    read = check_analyses(analyses, tables.described)
    given = _Given(
        tables.schema, tables.real, tables.training or tables.real, (tables.synthetic,), "simple"
    )
    return _compare_all(given, read, seeds or Seeds(0))


def compare_inference(
    real: pd.DataFrame,
    synthetics: pd.DataFrame | Sequence[pd.DataFrame],
    analyses: str | Analysis | Iterable[str | Analysis],
    schema: Schema | None = None,
    *,
    rule: Rule = "simple",
    random_state: int | None = 0,
) -> Inference:
    """Say whether a researcher comes to the same conclusions with one or more synthetic tables.

    Each regression is fitted on the real table and on every synthetic one. Columns are numbers or
    levels as the schema says; the first level is the reference, levels that fewer than 5 real rows
    have are pooled. Rows with a missing value are left out and counted, results beyond detection
    limits are the limits, dates are days. Of tables with more than 100,000 complete rows (Cox:
    20,000) a random sample of so many is fitted.

    Parameters
    ----------
    real : pandas.DataFrame
        The rows that the model learned.
    synthetics : pandas.DataFrame or sequence of pandas.DataFrame
        One synthetic table, or several of one model.
    analyses : str, Analysis or iterable of them
        The regressions, such as ``"crp ~ age + sex"``; see `Analysis`.
    schema : Schema, optional
        What the columns are; detected from the real table by default.
    rule : {"simple", "predictive", "partially", "fully"}, default "simple"
        How the synthetic tables were made; see `combine`.
    random_state : int or None, default 0
        Seed of the samples.

    Returns
    -------
    Inference
        What could not be computed stands there with the reason.

    Raises
    ------
    ParameterError
        An analysis cannot be read or names an unknown column, the rule needs more tables, or
        statsmodels or lifelines are not installed.
    TableError, SchemaError
        The tables and the schema do not fit.

    Examples
    --------
    >>> import synthhealth as sh
    >>> from synthhealth.evaluation.inference import compare_inference
    >>> real, fake = (sh.datasets.load_ra_panel(200, random_state=seed) for seed in (0, 1))
    >>> found = compare_inference(real, fake, ["log(crp) ~ log(esr) + sex"])
    >>> [(one.term, one.conclusion) for one in found.regressions[0].coefficients[1:]]
    [('log(esr)', 'same'), ('sex = M', 'same')]
    """
    check_rule(rule)
    given = [synthetics] if isinstance(synthetics, pd.DataFrame) else list(synthetics)
    if not given:
        raise ParameterError("no synthetic table is given; give one or more")
    check_releases(rule, len(given))
    if schema is None and isinstance(real, pd.DataFrame) and len(real):
        schema = Schema.detect(real)
    tables = [read_tables(real, one, schema) for one in given]
    read = check_analyses(analyses, tables[0].described)
    first = tables[0]
    found, missing = _compare_all(
        _Given(first.schema, first.real, first.real, tuple(one.synthetic for one in tables), rule),
        read,
        Seeds.of(random_state),
    )
    return Inference(regressions=found, not_computed=missing)


@dataclass(frozen=True)
class _Given:
    """What is compared."""

    schema: Schema
    real: CanonicalTable
    learned: CanonicalTable
    synthetics: tuple[CanonicalTable, ...]
    rule: Rule


def _compare_all(
    given: _Given, analyses: tuple[Analysis, ...], seeds: Seeds
) -> tuple[tuple[RegressionResult, ...], tuple[NotComputed, ...]]:
    tried: list[RegressionResult | NotComputed] = []
    if analyses:
        check_installed()
    for analysis in analyses:
        rng = seeds.rng(f"inference {analysis.kind} {analysis.formula}")
        what = f"analysis {analysis.formula}"
        tried.append(attempt(what, partial(_compare, given, analysis, rng)))
    found, missing = sort_out(tried)
    return tuple(found), tuple(missing)


def _compare(given: _Given, analysis: Analysis, rng: np.random.Generator) -> RegressionResult:
    kind = analysis.read.kind
    most = MOST_ROWS[kind]
    plan = Plan(analysis.read, given.schema, given.real)
    design = plan.design(given.real, "real")
    real = fit(design.sample(most, rng), kind, "real")
    m = len(given.synthetics)
    names = ["synthetic"] if m == 1 else [f"{place + 1}. synthetic" for place in range(m)]
    drawn = [plan.design(one, name) for one, name in zip(given.synthetics, names, strict=True)]
    fits = [fit(one.sample(most, rng), kind, name) for one, name in zip(drawn, names, strict=True)]
    learned = design if given.learned is given.real else plan.design(given.learned, "training")
    n = _rows(learned)
    coefficients, naive = _coefficients(real, fits, given.rule, n)
    judged = _judged(real)
    used = round(float(np.mean([one.n for one in fits])))
    agreement = measure(
        (real.estimates[judged], naive[0][judged]),
        (real.errors[judged], naive[1][judged]),
        (real.df, _mean_df(fits)),
        real.covariance[np.ix_(judged, judged)],
        (real.n / used, real.n / used / m),
        rng,
    )
    hidden = _is_small(design.dropped)
    return RegressionResult(
        formula=analysis.formula,
        kind=kind,
        event=plan.event,
        n_real=len(given.real.table),
        n_synthetic=round(float(np.mean([len(one.table) for one in given.synthetics]))),
        dropped_real=None if hidden else design.dropped,
        dropped_synthetic=round(float(np.mean([one.dropped for one in drawn]))),
        used_real=None if hidden else real.n,
        used_synthetic=used,
        events_real=_shown_events(real),
        events_synthetic=_mean_events(fits),
        m=m,
        rule=given.rule,
        coefficients=coefficients,
        overlap=agreement.overlap,
        same_conclusions=agreement.same_conclusions,
        mean_difference=agreement.mean_difference,
        p_value=wald(
            naive[0] - real.estimates, real.covariance + _mean_covariance(fits) / m, real.df
        ),
        worth=_worth(given.rule, n, used, m),
    )


def _worth(rule: Rule, n: int, k: int, m: int) -> Worth | None:
    if rule == "simple" or rule == "predictive":
        return worth(n, k, m, rule=rule)
    return None


def _coefficients(
    real: Fit, fits: Sequence[Fit], rule: Rule, n: int
) -> tuple[tuple[Coefficient, ...], tuple[Floats, Floats]]:
    """Set the coefficients side by side; give also those that a user computes, and their errors."""
    estimates = np.array([one.estimates for one in fits])
    variances = np.array([one.errors**2 for one in fits])
    naive = estimates.mean(axis=0), np.sqrt(variances.mean(axis=0))
    df = _mean_df(fits)
    k = round(float(np.mean([one.n for one in fits])))
    # The synthetic variance is as sure as the real one that the model learned and its own sample.
    freedom = None if df is None or real.df is None else 1 / (1 / df + 1 / real.df)
    first = _estimates(real.estimates, real.errors, real.df)
    second = _estimates(*naive, df)
    found = []
    for place, name in enumerate(real.names):
        combined = combine(estimates[:, place], variances[:, place], rule, n=n, k=k, df=freedom)
        corrected = Estimate(
            estimate=combined.estimate,
            se=combined.se,
            low=combined.low,
            high=combined.high,
            p_value=combined.p_value,
        )
        found.append(
            _coefficient(name, real.references[place], first[place], second[place], corrected)
        )
    return tuple(found), naive


def _coefficient(
    term: str, reference: str | None, real: Estimate, synthetic: Estimate, corrected: Estimate
) -> Coefficient:
    ends = [
        (np.array([one.low], dtype=np.float64), np.array([one.high], dtype=np.float64))
        for one in (real, synthetic)
    ]
    facts = [(one.estimate, one.p_value) for one in (real, synthetic, corrected)]
    return Coefficient(
        term=term,
        reference=reference,
        real=real,
        synthetic=synthetic,
        corrected=corrected,
        interval_overlap=float(interval_overlap(ends[0], ends[1])[0]),
        standardised_difference=(synthetic.estimate - real.estimate) / real.se,
        same_sign=real.estimate * synthetic.estimate > 0,
        same_significance=(real.p_value < 0.05) == (synthetic.p_value < 0.05),
        synthetic_in_real_interval=bool(_within(synthetic.estimate, real)),
        real_in_corrected_interval=_within(real.estimate, corrected),
        conclusion=conclude(facts[0], facts[1]),
        corrected_conclusion=conclude(facts[0], facts[2]),
    )


def _estimates(values: Floats, errors: Floats, df: float | None) -> list[Estimate]:
    far = reach(df)
    return [
        Estimate(
            estimate=float(value),
            se=float(error),
            low=float(value - far * error),
            high=float(value + far * error),
            p_value=p_value(float(value), float(error), df),
        )
        for value, error in zip(values, errors, strict=True)
    ]


def _within(value: float, interval: Estimate) -> bool | None:
    if interval.low is None or interval.high is None:
        return None
    return interval.low <= value <= interval.high


def _judged(real: Fit) -> npt.NDArray[np.intp]:
    """Give the places of the terms; the intercept is one only where it stands alone."""
    places = [place for place, name in enumerate(real.names) if name != INTERCEPT]
    return np.array(places or [0], dtype=np.intp)


def _rows(learned: Design) -> int:
    """Give the rows that the model learned; a handful of incomplete ones is not told apart."""
    n = len(learned.outcome)
    if _is_small(learned.dropped):
        n += learned.dropped - (MIN_CELL - 1)
    if n < MIN_CELL:
        raise NotEstimableError("the training table has too few complete rows")
    return n


def _is_small(count: int) -> bool:
    return 0 < count < MIN_CELL


def _shown_events(real: Fit) -> int | None:
    if real.events is None or _is_small(real.n - real.events):
        return None
    return real.events


def _mean_events(fits: Sequence[Fit]) -> int | None:
    events = [one.events for one in fits if one.events is not None]
    return round(float(np.mean(events))) if events else None


def _mean_df(fits: Sequence[Fit]) -> float | None:
    freedoms = [one.df for one in fits if one.df is not None]
    return float(np.mean(freedoms)) if freedoms else None


def _mean_covariance(fits: Sequence[Fit]) -> Floats:
    return np.asarray(np.mean([one.covariance for one in fits], axis=0))


def _ask(case: Case, seeds: Seeds) -> Answer:
    results, gaps = compare_regressions(case.tables, case.scope.analyses, seeds=seeds)
    return Answer(results, gaps=gaps)


#: Do regressions say the same of both tables?
REGRESSIONS = Question("regressions", _ask, "inference", alone=True)
