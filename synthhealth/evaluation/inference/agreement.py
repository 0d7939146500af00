"""How alike two estimates are, and how alike those of two samples of real patients would be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from synthhealth.evaluation.figures import Band, Score
from synthhealth.evaluation.inference.combining import reach
from synthhealth.evaluation.inference.results import Conclusion

__all__ = ["Agreement", "conclude", "interval_overlap", "measure", "wald"]


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
