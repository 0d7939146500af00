"""Shares of rows: their intervals, and how two of them differ."""

from __future__ import annotations

import math

from synthhealth.evaluation._clinical_results import Share, ShareComparison
from synthhealth.evaluation._result_base import MIN_CELL, Standing

__all__ = ["Counted", "compare_shares", "is_small", "newcombe", "wilson"]

#: How many of how many rows.
Counted = tuple[int, int]

#: 97.5 % quantile of the standard normal distribution.
Z = 1.959963984540054


def wilson(count: int, n: int) -> tuple[float, float]:
    """Give the 95 % score interval of a share (Wilson, 1927).

    Examples
    --------
    >>> [round(end, 3) for end in wilson(3, 61)]
    [0.017, 0.135]
    """
    share = count / n
    centre = share + Z**2 / (2 * n)
    reach = Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    scale = 1 + Z**2 / n
    # At no row and at all rows the ends are exact; rounding would leave a trace of them.
    low = 0.0 if count == 0 else (centre - reach) / scale
    high = 1.0 if count == n else (centre + reach) / scale
    return low, high


def newcombe(first: Counted, second: Counted) -> tuple[float, float]:
    """Give the 95 % interval of the second share minus the first (Newcombe, 1998, method 10).

    Examples
    --------
    >>> [round(end, 4) for end in newcombe((48, 80), (56, 70))]
    [0.0524, 0.3339]
    """
    shares = [count / n for count, n in (first, second)]
    (low_1, high_1), (low_2, high_2) = wilson(*first), wilson(*second)
    difference = shares[1] - shares[0]
    below = math.hypot(shares[1] - low_2, high_1 - shares[0])
    above = math.hypot(high_2 - shares[1], shares[0] - low_1)
    return difference - below, difference + above


def is_small(counted: Counted) -> bool:
    """Say whether a share would show a group of 1 to 4 patients, inside or outside it."""
    count, n = counted
    return 0 < count < MIN_CELL or 0 < n - count < MIN_CELL


def compare_shares(
    real: Counted, synthetic: Counted, *, hidden: bool | None = None
) -> ShareComparison:
    """Compare a share of the real rows with that of the synthetic ones.

    Parameters
    ----------
    real, synthetic : tuple of int
        How many of how many rows.
    hidden : bool, optional
        Whether the real count is hidden, and what gives it away; by default if it is small.
    """
    if hidden is None:
        hidden = is_small(real)
    difference = low = high = None
    standing: Standing | None = None
    if real[1] and synthetic[1]:
        low, high = newcombe(real, synthetic)
        standing = "above" if low > 0 else "below" if high < 0 else "within"
        difference = synthetic[0] / synthetic[1] - real[0] / real[1]
    if hidden:
        difference = low = high = None
    return ShareComparison(
        real=_share(real, hidden=hidden),
        synthetic=_share(synthetic, hidden=False),
        difference=difference,
        low=low,
        high=high,
        standing=standing,
    )


def _share(counted: Counted, *, hidden: bool) -> Share:
    count, n = counted
    if hidden or n == 0:
        return Share(n=n, count=None if hidden else 0, share=None, low=None, high=None)
    low, high = wilson(count, n)
    return Share(n=n, count=count, share=count / n, low=low, high=high)
