"""Shares of rows and how two of them differ; how far groups lie apart in standard deviations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy import special

from synthhealth.evaluation.figures import Result, Standing
from synthhealth.evaluation.rounding import coarse_count
from synthhealth.schema.types import MIN_CELL

__all__ = [
    "Counted",
    "Share",
    "ShareComparison",
    "Z",
    "chance_difference",
    "clopper_pearson",
    "compare_shares",
    "difference_of_means",
    "difference_of_shares",
    "is_small",
    "newcombe",
    "wilson",
]


class Share(Result):
    """How many of so many rows, with a 95 % interval.

    Real counts of 1 to 4, and of all rows but 1 to 4, are hidden; all others are written to the
    nearest 5.
    """

    n: int = Field(ge=0)
    """Number of rows that were looked at."""
    count: int | None = Field(ge=0)
    """How many of them; None where it is hidden."""
    share: float | None = Field(ge=0, le=1)
    """Their share; None where it is hidden or there is no row."""
    low: float | None = Field(ge=0, le=1)
    """Lower end of its 95 % interval (Wilson, 1927)."""
    high: float | None = Field(ge=0, le=1)
    """Upper end of its 95 % interval."""


class ShareComparison(Result):
    """A share of the real rows against that of the synthetic ones."""

    real: Share
    """Of the real rows."""
    synthetic: Share
    """Of the synthetic rows."""
    difference: float | None = Field(ge=-1, le=1)
    """Synthetic minus real share; None where the real one is of 1 to 4 rows or there is no row."""
    low: float | None = Field(ge=-1, le=1)
    """Lower end of the difference's 95 % interval (Newcombe, 1998)."""
    high: float | None = Field(ge=-1, le=1)
    """Upper end of the difference's 95 % interval."""
    standing: Standing | None
    """Whether the synthetic share lies `below` or `above` the real one by more than chance, that \
is whether the interval leaves out 0, or `within` it; None where there is no row."""

    def as_written(self) -> ShareComparison:
        """Give the comparison with the real counts to the nearest 5, and what follows from them."""
        n = coarse_count(self.real.n)
        if self.real.count is None or n == 0:
            return self.model_copy(update={"real": self.real.model_copy(update={"n": n})})
        # All but a few is written as the few are: never as all.
        rest = coarse_count(self.real.n - self.real.count)
        count = min(coarse_count(self.real.count), n)
        if rest and count == n:
            count = max(n - rest, 0)
        low, high = wilson(count, n)
        real = Share(n=n, count=count, share=count / n, low=low, high=high)
        synthetic = self.synthetic
        is_few = self.real.count in range(1, MIN_CELL)  # written as 5, which is no base to compare
        if self.difference is None or is_few or synthetic.count is None:
            hidden = {"difference": None, "low": None, "high": None}
            return self.model_copy(update={"real": real, **hidden})
        difference = synthetic.count / synthetic.n - count / n
        low, high = newcombe((count, n), (synthetic.count, synthetic.n))
        return self.model_copy(
            update={"real": real, "difference": difference, "low": low, "high": high}
        )


#: How many of how many rows.
Counted = tuple[int, int]
#: The same where rows have weights.
Weighted = tuple[float, float]

#: 97.5 % quantile of the standard normal distribution.
Z = 1.959963984540054


def wilson(count: float, n: float) -> tuple[float, float]:
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


def clopper_pearson(count: int, n: int) -> tuple[float, float]:
    """Give the exact 95 % interval of a share (Clopper and Pearson, 1934).

    It covers the share in at least 95 of 100 samples, however small they are: what a limit is held
    against where nothing may be promised that is not so.

    Examples
    --------
    >>> [round(clopper_pearson(count, 61)[1], 4) for count in (0, 1, 2)]
    [0.0587, 0.088, 0.1135]
    """
    low = 0.0 if count == 0 else float(special.betaincinv(count, n - count + 1, 0.025))
    high = 1.0 if count == n else float(special.betaincinv(count + 1, n - count, 0.975))
    return low, high


def newcombe(first: Weighted, second: Weighted) -> tuple[float, float]:
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


Floats = npt.NDArray[np.float64]


def difference_of_means(means: tuple[float, float], sds: tuple[float, float]) -> float | None:
    """Give (second mean - first mean) / sqrt((SD1^2 + SD2^2) / 2) (Cohen, 1988).

    None where neither group varies.

    Examples
    --------
    >>> difference_of_means((12.0, 13.0), (2.0, 2.0))
    0.5
    """
    pooled = math.sqrt((sds[0] ** 2 + sds[1] ** 2) / 2)
    return (means[1] - means[0]) / pooled if pooled > 0 else None


def difference_of_shares(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Give the Mahalanobis distance between two vectors of shares (Yang and Dalton, 2012).

    With two levels it is the absolute difference of the shares in pooled standard deviations.
    None where neither group varies.

    Parameters
    ----------
    first, second : sequence of float
        Share of each level; each sums to 1.

    Examples
    --------
    >>> round(difference_of_shares([0.2, 0.8], [0.3, 0.7]), 3)
    0.232
    """
    shares = np.array([first, second], dtype=np.float64)
    shares = shares[:, shares.sum(axis=0) > 0]
    if shares.shape[1] < 2:
        return None
    covariance = sum(np.diag(share) - np.outer(share, share) for share in shares) / 2
    gap = shares[1] - shares[0]
    squared = float(gap @ np.linalg.pinv(covariance, rcond=1e-10, hermitian=True) @ gap)
    # A level that one group never has and the other always leaves nothing to pool.
    if squared < 1e-12 < float(np.abs(gap).max()):
        return None
    return math.sqrt(max(squared, 0.0))


def chance_difference(n: int, m: int, degrees: int = 1) -> float:
    """Give what 95 of 100 pairs of samples of one population stay below.

    The squared difference times n m / (n + m) follows the chi-squared law with as many degrees
    of freedom as there are levels less one, and one for means (Hedges and Olkin, 1985).

    Examples
    --------
    >>> round(chance_difference(61, 1000), 3)
    0.258
    """
    return math.sqrt(float(special.chdtri(degrees, 0.05)) * (1 / n + 1 / m))
