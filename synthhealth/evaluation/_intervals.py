"""Shares of rows and their intervals."""

from __future__ import annotations

import math

from synthhealth.evaluation._result_base import MIN_CELL

__all__ = ["Counted", "is_small", "newcombe", "wilson"]

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
