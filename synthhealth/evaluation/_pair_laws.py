"""How unlikely the difference of each pair's dependence would be for a perfect generator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation._calibration import ALARM, TOLERANCE
from synthhealth.evaluation._result_base import Band, Verdict

__all__ = ["LARGE_DEPENDENCE", "pair_bands", "pair_verdict", "pooled_p_values", "standardised"]

Floats = npt.NDArray[np.float64]

#: A dependence that must not pass unnoticed where none is (Cohen, 1988: medium).
LARGE_DEPENDENCE = 0.3


def standardised(lines: Floats) -> Floats:
    """Give figures in standard deviations from their mean over all lines; 0 where they are alike.

    Parameters
    ----------
    lines : ndarray of shape (1 + n_replicates, n_figures)
        The figures at hand first; they count as one of the lines, being one of them for a perfect
        generator. NaN, where a line has no such figure, counts as 0.
    """
    lines = np.nan_to_num(lines)
    means, spreads = lines.mean(axis=0), lines.std(axis=0)
    scaled: Floats = (lines - means) / np.where(spreads > TOLERANCE, spreads, np.inf)
    return scaled


def pooled_p_values(scaled: Floats) -> Floats:
    """Give the probability of figures as large as those of the first line.

    Figures are held against those of all lines and of all figures together: a few hundred
    replicates of each would not reach the small probabilities that many figures ask for. On
    average over the figures the p values are exact, so that of all of them no more than stated
    fall below a limit.

    Parameters
    ----------
    scaled : ndarray of shape (1 + n_replicates, n_figures)
        The figures at hand first, on scales that are alike (`standardised`).
    """
    law = np.sort(scaled.ravel())
    as_large = law.size - np.searchsorted(law, scaled[0] - TOLERANCE)
    p_values: Floats = as_large / law.size
    return p_values


def pair_bands(replicates: Floats) -> list[Band]:
    """Give the band of every pair's absolute difference."""
    gaps = np.abs(np.nan_to_num(replicates))
    low, high = np.quantile(gaps, [0.025, 0.975], axis=0)
    return [
        Band(mean=mean, low=one, high=other, method="permuted")
        for mean, one, other in zip(gaps.mean(axis=0), low, high, strict=True)
    ]


def pair_verdict(q_value: float, real: float, floor: Band) -> Verdict:
    """Judge a pair: it cannot be told if neither its loss nor a medium dependence would show."""
    if q_value <= ALARM:
        return "poor"
    return "cannot tell" if floor.high > max(abs(real), LARGE_DEPENDENCE) else "good"
