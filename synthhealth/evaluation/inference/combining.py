"""What several synthetic tables say together: the published rules of combination."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy import stats

from synthhealth.errors import ParameterError, nearest
from synthhealth.evaluation.figures import Result

__all__ = ["Combined", "Rule", "check_rule", "combine", "p_value", "reach"]

Rule = Literal["simple", "predictive", "partially", "fully"]

Floats = npt.NDArray[np.float64]

#: An interval that reaches this many standard errors is none.
FARTHEST = 1e6


class Combined(Result):
    """An estimate from several synthetic tables, with what is known of the population."""

    rule: Rule
    """The rule of combination; see `combine`."""
    m: int = Field(ge=1)
    """How many synthetic tables."""
    estimate: float
    """Mean of their estimates."""
    within: float
    """Mean of the variances that their users would compute."""
    between: float | None
    """Variance between their estimates; None for a single one."""
    variance: float
    """Variance of the combined estimate."""
    se: float
    """Its standard error."""
    df: float | None
    """Degrees of freedom of the t distribution; None: the normal one."""
    low: float | None
    """Lower end of its 95 % interval; None where the degrees of freedom are so few that there is \
none."""
    high: float | None
    """Upper end of its 95 % interval."""
    p_value: float = Field(ge=0, le=1)
    """Of the test that what is estimated is 0."""
    adjusted: bool
    """Whether the rule gave a variance of 0 or less, in whose place the variance of an estimate \
from the real table stands."""


def combine(
    estimates: float | Sequence[float] | Floats,
    variances: float | Sequence[float] | Floats,
    rule: Rule = "simple",
    *,
    n: int | None = None,
    k: int | None = None,
    df: float | None = None,
) -> Combined:
    r"""Combine the estimates of one quantity from m synthetic tables.

    With v the mean of the variances, b the variance between the estimates, n real rows and k rows
    in each synthetic table, the variance of the mean estimate is

    =================  ===========================  ===============================================
    rule               variance T                   the synthetic tables
    =================  ===========================  ===============================================
    ``"simple"``       v (k/n + 1/m)                whole tables drawn from one fitted model
                                                    (Raab, Nowok and Dibben, 2016); also for m = 1
    ``"predictive"``   v (k/n + (1 + k/n)/m)        the same, each from a model with parameters of
                                                    its own, drawn from their posterior; also m = 1
    ``"partially"``    v + b/m                      real rows with some cells replaced
                                                    (Reiter, 2003)
    ``"fully"``        (1 + 1/m) b - v              as predictive, by the variance between them
                                                    (Raghunathan, Reiter and Rubin, 2003)
    =================  ===========================  ===============================================

    The models of this package are fitted once and not drawn from a posterior: their tables are
    ``"simple"``. Intervals are those of the t distribution with (m - 1) (1 + m v/b)\ :sup:`2`
    (partially) or (m - 1) (1 - v / ((1 + 1/m) b))\ :sup:`2` (fully) degrees of freedom, else of
    the normal one or of `df`. Where the rule for full synthesis gives no positive variance, v k/n
    stands in its place, with the normal distribution (the non-negative adjustment of Reiter, 2002).
    With fewer than about 50 tables the intervals of that rule are too wide (they cover 98 to 99 of
    100 times with 5 to 30 tables as large as the real one): ``"predictive"`` answers the same
    question with fewer. All rules suppose that the model of the synthetic tables is right.

    Parameters
    ----------
    estimates : float or sequence of float
        The estimate from each synthetic table.
    variances : float or sequence of float
        The square of the standard error of each, as computed from that table alone.
    rule : {"simple", "predictive", "partially", "fully"}, default "simple"
        How the synthetic tables were made.
    n : int, optional
        Rows that the model learned; by default as many as `k`.
    k : int, optional
        Rows of each synthetic table; by default as many as `n`.
    df : float, optional
        Degrees of freedom of each estimate, for the rules ``"simple"`` and ``"predictive"``.

    Raises
    ------
    ParameterError
        The arguments do not fit together, or the rule needs at least two tables.

    References
    ----------
    Raghunathan, Reiter and Rubin (2003), Journal of Official Statistics 19, 1-16. Reiter (2002),
    ibid. 18, 531-543. Reiter (2003), Survey Methodology 29, 181-188. Raab, Nowok and Dibben (2016),
    Journal of Privacy and Confidentiality 7 (3), 67-97.

    Examples
    --------
    One table of 1,000 rows, made from 61 patients, with an effect of 0.50 and a standard error of
    0.05; its honest standard error is four times as large:

    >>> from synthhealth.evaluation.inference import combine
    >>> round(combine(0.50, 0.05**2, n=61, k=1000).se, 3)
    0.209
    """
    check_rule(rule)
    values, spreads = (np.atleast_1d(np.asarray(one, np.float64)) for one in (estimates, variances))
    if values.ndim != 1 or values.shape != spreads.shape or not values.size:
        raise ParameterError("give as many variances as estimates, one of each for every table")
    if not (np.isfinite(values).all() and np.isfinite(spreads).all() and (spreads >= 0).all()):
        raise ParameterError("estimates and variances must be finite, variances not negative")
    m = values.size
    check_releases(rule, m)
    ratio = _ratio(n, k)
    within = float(spreads.mean())
    between = float(values.var(ddof=1)) if m > 1 else None
    variance, freedom = _variance(rule, within, between or 0.0, m, ratio, df)
    adjusted = rule == "fully" and variance <= 0
    if adjusted:
        variance, freedom = within * ratio, None
    estimate, se = float(values.mean()), math.sqrt(variance)
    far = reach(freedom)
    half, bounded = se * far, far < FARTHEST
    return Combined(
        rule=rule,
        m=m,
        estimate=estimate,
        within=within,
        between=between,
        variance=variance,
        se=se,
        df=freedom,
        low=estimate - half if bounded else None,
        high=estimate + half if bounded else None,
        p_value=p_value(estimate, se, freedom),
        adjusted=adjusted,
    )


def _variance(
    rule: Rule, within: float, between: float, m: int, ratio: float, df: float | None
) -> tuple[float, float | None]:
    if rule == "simple":
        return within * (ratio + 1 / m), df
    if rule == "predictive":
        return within * (ratio + (1 + ratio) / m), df
    if rule == "partially":
        variance = within + between / m
        freedom = (m - 1) * (1 + m * within / between) ** 2 if between > 0 else math.inf
        return variance, freedom if math.isfinite(freedom) else None
    variance = (1 + 1 / m) * between - within
    if variance <= 0:
        return variance, None
    return variance, (m - 1) * (variance / ((1 + 1 / m) * between)) ** 2


def _ratio(n: int | None, k: int | None) -> float:
    for name, rows in (("n", n), ("k", k)):
        if rows is not None and rows < 1:
            raise ParameterError(f"{name} is {rows}; give the number of rows, at least 1")
    return 1.0 if n is None or k is None else k / n


def check_rule(rule: object) -> None:
    """Check that a rule is known.

    Raises
    ------
    ParameterError
        It is not.
    """
    if rule not in get_args(Rule):
        raise ParameterError(
            f"unknown rule {rule!r}{nearest(rule, get_args(Rule))}; "
            f"the rules are {', '.join(get_args(Rule))}"
        )


def check_releases(rule: Rule, m: int) -> None:
    """Check that there are enough synthetic tables for a rule.

    Raises
    ------
    ParameterError
        There are not.
    """
    if m < 2 and rule in ("partially", "fully"):
        raise ParameterError(
            f"the rule {rule!r} needs at least two synthetic tables, better ten; sample more, or "
            "use 'simple'"
        )


def reach(df: float | None) -> float:
    """Give how many standard errors a 95 % interval reaches to either side."""
    return float(stats.norm.ppf(0.975) if df is None else stats.t.ppf(0.975, df))


def p_value(estimate: float, se: float, df: float | None) -> float:
    """Give the two-sided probability of an estimate as far from 0, were 0 the truth."""
    if se == 0:
        return 0.0 if estimate else 1.0
    law = stats.norm if df is None else stats.t(df)
    return float(min(1.0, 2 * law.sf(abs(estimate) / se)))
