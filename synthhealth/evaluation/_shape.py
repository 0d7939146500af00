"""The shape of a sample of numbers, in words, and the transform that would make it tame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["Shape", "outlier_share", "shape_of"]

Floats = npt.NDArray[np.float64]

#: Adjusted skewness below which a distribution is called symmetrical, and beyond which strongly
#: skewed (an exponential distribution has 2).
SYMMETRICAL, STRONGLY_SKEWED = 0.5, 2.0
#: Excess kurtosis beyond which tails are called heavy (a logistic distribution has 1.2).
HEAVY_TAILS = 2.0
#: Share of zeros from which they are a group of their own, above what a Poisson law expects.
MANY_ZEROS = 0.1
FEW_VALUES = 20
#: The power of the Box-Cox transform is sought on at most this many values, evenly spaced in rank.
MOST_POWERED = 10_000
TUKEY = 1.5

#: Kernel bandwidth (of Scott's), depth of the valley (of the lower peak), height of the lower
#: peak (of the higher) and share on either side that make two peaks: with 61 normal values
#: fewer than one sample in a hundred shows two.
BANDWIDTH, VALLEY, LOWER_PEAK, SMALLER_SIDE = 0.75, 0.7, 0.25, 0.1
GRID = 256


@dataclass(frozen=True)
class Shape:
    """What a sample looks like.

    Attributes
    ----------
    words : str
        For people: ``"right-skewed"``, ``"zero-inflated, the rest symmetrical"`` ...
    transform : str
        ``none``, ``log``, ``square root``, ``Box-Cox``, ``rank`` or ``treat zeros apart``.
    body : ndarray
        The values to fit distributions to: without the zeros where they are a group apart.
    on_log_scale : bool
        Whether the body is tamed by the logarithm.
    """

    words: str
    transform: str
    body: Floats
    on_log_scale: bool


def shape_of(values: Floats, *, is_count: bool, is_date: bool) -> Shape:
    """Name the shape of a sample that is not constant.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite values, at least two of them different.
    is_count : bool
        Whether they are counts: zeros that a Poisson law expects are not called inflated, and
        counts with few values are called discrete.
    is_date : bool
        Whether they are days: a zero is a day like any other and no transform makes sense.
    """
    zeros = 0.0 if is_date else float((values == 0).mean())
    expected = float(np.exp(-values.mean())) if is_count else 0.0
    apart = values.min() == 0 and zeros >= MANY_ZEROS + expected
    body = values[values > 0] if apart else values
    transform = "none" if is_date or body.size < 3 or np.ptp(body) == 0 else _transform(body)
    scaled = np.log(body) if transform == "log" else body
    words = _words(body, scaled, is_count)
    if apart:
        words = f"zero-inflated ({zeros:.0%} zeros), the rest {words}"
    return Shape(
        words=words,
        transform="treat zeros apart" if apart else transform,
        body=body,
        on_log_scale=transform == "log",
    )


def outlier_share(values: Floats) -> float | None:
    """Give the share outside Tukey's fences, 1.5 quartile distances beyond the quartiles.

    None where the quartiles coincide, which leaves the fences no width.
    """
    low, high = np.quantile(values, [0.25, 0.75])
    margin = TUKEY * (high - low)
    if margin == 0:
        return None
    return float(((values < low - margin) | (values > high + margin)).mean())


def skewness(values: Floats) -> float:
    """Give the skewness adjusted for sample size; 0 for fewer than three or equal values."""
    if values.size < 3 or np.ptp(values) == 0:
        return 0.0
    skew = float(stats.skew(values, bias=False))
    return skew if np.isfinite(skew) else 0.0


def _transform(values: Floats) -> str:
    skew = skewness(values)
    if abs(skew) < SYMMETRICAL:
        return "none"
    if values.min() > 0:
        candidates = {"log": np.log(values), "square root": np.sqrt(values)}
        after = {name: abs(skewness(changed)) for name, changed in candidates.items()}
        best = min(after, key=lambda name: after[name])
        if after[best] < SYMMETRICAL:
            return best
        if values.size > MOST_POWERED:
            places = np.linspace(0, values.size - 1, MOST_POWERED).round().astype(np.intp)
            values = np.sort(values)[places]
        changed = stats.boxcox(values / np.exp(np.log(values).mean()))[0]
        return "Box-Cox" if abs(skewness(changed)) < SYMMETRICAL else "rank"
    if values.min() == 0 and abs(skewness(np.sqrt(values))) < SYMMETRICAL:
        return "square root"
    return "rank"


def _words(values: Floats, scaled: Floats, is_count: bool) -> str:
    if values.size < 3 or np.ptp(values) == 0:
        return "constant" if values.size and np.ptp(values) == 0 else "too few values"
    skew = skewness(values)
    if _has_two_peaks(scaled):
        words = "bimodal"
    elif abs(skew) >= SYMMETRICAL:
        strength = "strongly " if abs(skew) >= STRONGLY_SKEWED else ""
        words = f"{strength}{'right' if skew > 0 else 'left'}-skewed"
    elif values.size > 3 and stats.kurtosis(values, bias=False) > HEAVY_TAILS:
        words = "symmetrical with heavy tails"
    else:
        words = "symmetrical"
    discrete = is_count and np.unique(values).size <= FEW_VALUES
    return f"discrete, {words}" if discrete else words


def _has_two_peaks(values: Floats) -> bool:
    if np.unique(values).size <= FEW_VALUES:
        return False  # Steps between few values look like valleys.
    counts, edges = np.histogram(values, bins=GRID)
    width = BANDWIDTH * values.std(ddof=1) * values.size**-0.2 / (edges[1] - edges[0])
    reach = np.arange(-GRID, GRID + 1)
    density = np.convolve(counts, np.exp(-0.5 * (reach / width) ** 2))[GRID:-GRID]
    left = np.maximum.accumulate(density)
    right = np.maximum.accumulate(density[::-1])[::-1]
    lower_peak = np.minimum(left, right)
    below = np.cumsum(counts) / values.size
    valley = (
        (density < VALLEY * lower_peak)
        & (lower_peak >= LOWER_PEAK * density.max())
        & (np.minimum(below, 1.0 - below) >= SMALLER_SIDE)
    )
    return bool(valley.any())
