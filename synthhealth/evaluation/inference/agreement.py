"""How alike two estimates are, and what sample size the evidence of synthetic tables is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy import stats

from synthhealth.errors import ParameterError
from synthhealth.evaluation.inference.combine import reach
from synthhealth.evaluation.inference.results import Conclusion
from synthhealth.evaluation.results import Band, Result, Score

__all__ = ["Agreement", "Worth", "conclude", "interval_overlap", "measure", "wald", "worth"]


class Worth(Result):
    """How many real patients synthetic tables can stand for at most."""

    n: int = Field(ge=1)
    """Real rows that the model learned."""
    k: int = Field(ge=1)
    """Rows of each synthetic table."""
    m: int = Field(ge=1)
    """Synthetic tables."""
    rule: Literal["simple", "predictive"]
    """How they were made; see `combine`."""
    n_effective: float = Field(gt=0)
    """Real patients whose estimates would be as precise: the most that the synthetic tables are \
worth, if their model is right."""
    share: float = Field(gt=0, le=1)
    """`n_effective` as a share of the real rows."""
    widen: float = Field(gt=0)
    """By what the standard error that one synthetic table shows must be multiplied, for the mean \
of the estimates of all m."""


def worth(n: int, k: int, m: int = 1, *, rule: Literal["simple", "predictive"] = "simple") -> Worth:
    r"""Say what sample size the evidence of m synthetic tables of k rows is worth.

    An estimate from n real rows has the variance s/n for some s, and one from a synthetic table
    would seem to have v = s/k. By the rules of Raab, Nowok and Dibben (2016) the mean of m such
    estimates has the variance

        T = v (k/n + 1/m) = s (1/n + 1/(km))  =  s / n_effective,

    so n_effective = n / (1 + n/(km)): never more than the n patients who were learned, whatever is
    sampled. With parameters drawn anew for each table (``"predictive"``) there is a term 1/(nm)
    more: n_effective = n / (1 + n/(km) + 1/m). It is the most that they can be worth: what the
    model got wrong comes on top.

    Parameters
    ----------
    n : int
        Real rows that the model learned.
    k : int
        Rows of each synthetic table.
    m : int, default 1
        Synthetic tables.
    rule : {"simple", "predictive"}, default "simple"
        How they were made; see `combine`.

    Raises
    ------
    ParameterError
        A number is less than 1, or the rule has no such size.

    Examples
    --------
    >>> from synthhealth.evaluation.inference import worth
    >>> found = worth(n=61, k=1000)
    >>> round(found.n_effective, 1), round(found.widen, 1)
    (57.5, 4.2)
    """
    for name, rows in (("n", n), ("k", k), ("m", m)):
        if rows < 1:
            raise ParameterError(f"{name} is {rows}; give a number of at least 1")
    if rule not in ("simple", "predictive"):
        raise ParameterError(
            f"the rule {rule!r} has no size that is known beforehand; use 'simple' or 'predictive'"
        )
    drawn = 1 / m if rule == "predictive" else 0.0
    effective = n / (1 + n / (k * m) + drawn)
    return Worth(
        n=n,
        k=k,
        m=m,
        rule=rule,
        n_effective=effective,
        share=effective / n,
        widen=math.sqrt(k / effective),
    )


Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

DRAWS = 2_000
SIGNIFICANT = 0.05


def interval_overlap(first: tuple[Floats, Floats], second: tuple[Floats, Floats]) -> Floats:
    """Give the mean share of two intervals that both cover (Karr et al., 2006).

    Parameters
    ----------
    first, second : tuple of ndarray of shape (..., p)
        Lower and upper ends of p intervals.

    Examples
    --------
    >>> import numpy as np
    >>> interval_overlap((np.zeros(1), np.ones(1)), (np.array([0.5]), np.array([2.5])))
    array([0.375])
    """
    common = np.minimum(first[1], second[1]) - np.maximum(first[0], second[0])
    shares = common / (first[1] - first[0]) + common / (second[1] - second[0])
    return np.asarray(np.clip(shares / 2, 0, 1))


def conclude(real: tuple[float, float], synthetic: tuple[float, float]) -> Conclusion:
    """Say what becomes of an effect; each is an estimate and its p value."""
    significant = real[1] < SIGNIFICANT, synthetic[1] < SIGNIFICANT
    if significant == (True, True):
        return "same" if real[0] * synthetic[0] > 0 else "reversed"
    if significant == (False, False):
        return "same"
    return "lost" if significant[0] else "invented"


@dataclass(frozen=True)
class Agreement:
    """The summary figures of a regression."""

    overlap: Score
    same_conclusions: Score
    mean_difference: Score


def measure(
    estimates: tuple[Floats, Floats],
    errors: tuple[Floats, Floats],
    freedoms: tuple[float | None, float | None],
    covariance: Floats,
    ratios: tuple[float, float],
    rng: np.random.Generator,
) -> Agreement:
    """Compare p coefficients, and those of pairs of samples of real patients.

    The pairs are drawn from the normal law of the estimates: around the real coefficients, with
    their covariance. That of the second is `ratios` times as large: first for the standard errors
    that it shows, then for its chance, which is less where it stands for the mean of several.

    Parameters
    ----------
    estimates, errors : tuple of ndarray of shape (p,)
        Real and synthetic ones.
    freedoms : tuple of float or None
        Degrees of freedom of both.
    covariance : ndarray of shape (p, p)
        Of the real estimates.
    ratios : tuple of float
        Real rows for each row of a synthetic table, and for each row of all of them.
    rng : numpy.random.Generator
        Where chance comes from.
    """
    reaches = reach(freedoms[0]), reach(freedoms[1])
    found = _figures(estimates, errors, reaches)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    noise = rng.standard_normal((2, DRAWS, len(root))) @ root.T
    first = estimates[0] + noise[0]
    second = estimates[0] + np.sqrt(ratios[1]) * noise[1]
    drawn = _figures((first, second), (errors[0], np.sqrt(ratios[0]) * errors[0]), reaches)
    scores = [
        Score(value=float(value), floor=_band(expected))
        for value, expected in zip(found, drawn, strict=True)
    ]
    return Agreement(*scores)


def _figures(
    estimates: tuple[Floats, Floats], errors: tuple[Floats, Floats], reaches: tuple[float, float]
) -> tuple[Floats, Floats, Floats]:
    halves = [error * far for error, far in zip(errors, reaches, strict=True)]
    ends = [(one - half, one + half) for one, half in zip(estimates, halves, strict=True)]
    overlap = interval_overlap(ends[0], ends[1]).mean(axis=-1)
    signs = [
        np.sign(one) * (np.abs(one) > half) for one, half in zip(estimates, halves, strict=True)
    ]
    same = (signs[0] == signs[1]).mean(axis=-1)
    difference = np.abs((estimates[1] - estimates[0]) / errors[0]).mean(axis=-1)
    return np.asarray(overlap), np.asarray(same), np.asarray(difference)


def _band(values: Floats) -> Band:
    low, high = np.quantile(values, [0.025, 0.975])
    return Band(mean=float(values.mean()), low=float(low), high=float(high), method="approximate")


def wald(difference: Floats, covariance: Floats, df: float | None) -> float:
    """Give the probability of differences as large between estimates of one law.

    Parameters
    ----------
    difference : ndarray of shape (p,)
        Of the two estimates.
    covariance : ndarray of shape (p, p)
        Sum of their covariances.
    df : float or None
        Degrees of freedom; None: chi-squared, else F.
    """
    scale = np.sqrt(np.diag(covariance))
    gap = difference / scale
    correlation = covariance / np.outer(scale, scale)
    statistic = float(gap @ np.linalg.pinv(correlation, rcond=1e-10, hermitian=True) @ gap)
    p = len(difference)
    tail = stats.chi2.sf(statistic, p) if df is None else stats.f.sf(statistic / p, p, df)
    return float(tail)
