"""How far two groups lie apart, in standard deviations: the last column of a Table 1."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special

__all__ = ["chance_difference", "difference_of_means", "difference_of_shares"]

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
