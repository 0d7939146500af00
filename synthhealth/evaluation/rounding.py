"""What of a figure may leave: digits that its error carries, counts that cannot be subtracted.

Whoever holds two descriptions of nearly the same patients can subtract them. A mean times n, less
the other mean times its n, is the value of the patient added, if both means are exact. Rounded to
about half a standard error, it is that value give or take two standard deviations, which anybody
could have guessed.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from synthhealth.schema.types import MIN_CELL

__all__ = [
    "coarse_count",
    "coarse_known",
    "deviation_error",
    "mean_error",
    "quantile",
    "quantile_error",
    "recorded_step",
    "rounded",
    "rounding_step",
]

Floats = npt.NDArray[np.float64]

MOST_DECIMALS = 6
#: Steps of rounding are at least this many standard deviations over n.
DEVIATIONS = 2.0
#: A mean is given in tenths of the step that its values are recorded in, as usual.
FINER_THAN_RECORDED = 0.1


def rounded(value: float, standard_error: float, step: float = 0.0) -> float:
    """Round a figure to what its standard error carries.

    The last digit kept is that of half the standard error: the step is the one of 1, 2 and 5 times
    a power of ten that is nearest to it (as a ratio), and never smaller than `step`.

    Parameters
    ----------
    value : float
        The figure.
    standard_error : float
        Its standard error; 0 where it has none.
    step : float
        The step in which the values are recorded.

    Examples
    --------
    >>> rounded(47.21311475409836, 1.36), rounded(47.21311475409836, 0.136)
    (47.0, 47.2)
    >>> rounded(61.37, 0.01, step=1.0)
    61.0
    """
    step = rounding_step(standard_error, step)
    if not step or not math.isfinite(value):
        return value
    # Twelve digits: 0.1 * 3 is to be 0.3.
    return float(f"{round(value / step) * step:.12g}")


def rounding_step(standard_error: float, step: float = 0.0) -> float:
    """Give the step that `rounded` rounds to; 0 for none."""
    half = standard_error / 2
    if not (half > 0 and math.isfinite(half)):
        return step
    power = 10.0 ** math.floor(math.log10(half))
    nearest = min(
        (power, 2 * power, 5 * power, 10 * power), key=lambda nice: abs(math.log(nice / half))
    )
    return max(nearest, step)


def mean_error(values: Floats) -> float:
    """Give the standard error of a mean, large enough that n steps are two deviations or more."""
    n = values.size
    return _error(float(values.std(ddof=1)) if n > 1 else 0.0, 1 / math.sqrt(n), n)


def deviation_error(values: Floats) -> float:
    """Give the standard error of a standard deviation, likewise; outliers widen it."""
    n, sd = values.size, float(values.std(ddof=1))
    if sd == 0:
        return 0.0
    fourth = float((((values - values.mean()) / sd) ** 4).mean())
    return _error(sd, math.sqrt(max(fourth - 1, 2.0) / (4 * n)), n)


def _error(sd: float, share: float, n: int) -> float:
    return sd * max(share, 2 * DEVIATIONS / n)


def quantile(ordered: Floats, probability: float) -> float:
    """Give a quantile as the mean of the `MIN_CELL` values around its rank.

    Parameters
    ----------
    ordered : ndarray
        Values in increasing order, at least `MIN_CELL`.
    probability : float
        Share of the values below it.

    Examples
    --------
    >>> quantile(np.arange(61.0), 0.5)
    30.0
    """
    start = round(probability * (ordered.size - 1) - (MIN_CELL - 1) / 2)
    start = min(max(start, 0), ordered.size - MIN_CELL)
    return float(ordered[start : start + MIN_CELL].mean())


def quantile_error(ordered: Floats, probability: float) -> float:
    """Give the standard error of a quantile: half the way between the ranks that chance spans."""
    last = ordered.size - 1
    place, reach = probability * last, math.sqrt(ordered.size * probability * (1 - probability))
    low, high = max(math.floor(place - reach), 0), min(math.ceil(place + reach), last)
    return float(ordered[high] - ordered[low]) / 2


def recorded_step(values: Floats) -> float:
    """Give the power of ten in which values are recorded; 0 where they have too many decimals.

    Examples
    --------
    >>> recorded_step(np.array([1.5, 2.0])), recorded_step(np.array([1 / 3]))
    (0.1, 0.0)
    """
    distinct = np.unique(values)
    for decimals in range(MOST_DECIMALS + 1):
        if np.allclose(np.round(distinct, decimals), distinct, rtol=1e-12, atol=0.0):
            return float(10.0**-decimals)
    return 0.0


def coarse_count(count: int) -> int:
    """Round a count of patients to the nearest `MIN_CELL`; a few count as `MIN_CELL`.

    Examples
    --------
    >>> [coarse_count(n) for n in (0, 1, 7, 8, 61)]
    [0, 5, 5, 10, 60]
    """
    return max(MIN_CELL * ((count + MIN_CELL // 2) // MIN_CELL), MIN_CELL) if count else 0


def coarse_known(known: int, total: int) -> int:
    """Give the number of known values such that the missing ones are a coarse count.

    Examples
    --------
    >>> coarse_known(61, 61), coarse_known(60, 61), coarse_known(3, 61)
    (61, 56, 5)
    """
    if known in (0, total) or total <= MIN_CELL:
        return known
    return max(total - coarse_count(total - known), min(MIN_CELL, total))
