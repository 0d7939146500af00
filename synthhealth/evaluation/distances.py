"""How alike two samples of one column are: distances and tests, each a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special, stats

__all__ = [
    "KolmogorovSmirnov",
    "LevelsTest",
    "false_discovery",
    "kolmogorov_smirnov",
    "levels_test",
    "tv_complement",
    "wasserstein",
]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: The exact law costs n_real x n_synthetic steps; beyond this many the limit law is as good.
EXACT_CELLS = 1_000_000
#: Exact only where nearly all values differ: with ties there is no distribution-free law.
FEW_TIES = 0.05
#: And where a sample is so small that the limit law is no better with ties than the exact one.
SMALL_SAMPLE = 10
#: Beyond this effective size n m / (n + m) scipy's law of D costs up to half a second a column;
#: Kolmogorov's with its first correction gives p values that differ by less than one part in 20
#: (where they are above 1e-30).
MOST_EFFECTIVE = 5_000
#: Below this expected count the chi-squared law is not to be trusted (Cochran, 1954).
SMALLEST_EXPECTED = 5.0
PERMUTATIONS = 9_999
PERMUTED_CELLS = 5_000_000
#: Below this distance, times the root of n m / (n + m), a p value is 1 but for 5e-13.
CERTAIN = 0.2


@dataclass(frozen=True)
class KolmogorovSmirnov:
    """The two-sample Kolmogorov-Smirnov test of one column."""

    statistic: float
    p_value: float
    method: Literal["exact", "asymptotic"]

    @property
    def complement(self) -> float:
        """One minus the statistic: 1 is identical."""
        return 1.0 - self.statistic


@dataclass(frozen=True)
class LevelsTest:
    """The test that two samples draw their levels with the same probabilities."""

    p_value: float
    method: Literal["chi-squared", "permutation"]


def kolmogorov_smirnov(real: Floats, synthetic: Floats) -> KolmogorovSmirnov:
    """Test whether two samples come from one distribution (Smirnov, 1939; Hodges, 1958).

    The p value is exact where ``n_real * n_synthetic`` is at most a million and at most 5 % of
    the pooled values are repeats (or a sample has fewer than 10), else asymptotic. With ties
    either is too large rather than too small. A generator fitted to these very patients is
    closer to them than a second sample would be, which makes the p value too large again: a
    small one is evidence of a difference, a large one no evidence of sameness.

    Parameters
    ----------
    real, synthetic : ndarray of shape (n,) and (m,)
        Values without missing ones; at least one each.
    """
    steps = _steps(real, synthetic)
    repeats = 1.0 - steps.last.sum() / steps.last.size
    statistic = float(steps.gaps[steps.last].max())
    n, m = real.size, synthetic.size
    if n * m <= EXACT_CELLS and (repeats <= FEW_TIES or min(n, m) < SMALL_SAMPLE):
        # Where all samples are as far, rounding may lift scipy's p above 1, of which it warns.
        if statistic * np.sqrt(n * m / (n + m)) < CERTAIN or (n == m and statistic * n < 1.5):
            return KolmogorovSmirnov(statistic, 1.0, "exact")
        result = stats.ks_2samp(real, synthetic, method="exact")
        return KolmogorovSmirnov(float(result.statistic), float(result.pvalue), "exact")
    return KolmogorovSmirnov(statistic, _asymptotic_p(statistic, n, m), "asymptotic")


def wasserstein(real: Floats, synthetic: Floats) -> float:
    """Give the Wasserstein-1 distance in the unit of the values (Villani, 2009).

    Parameters
    ----------
    real, synthetic : ndarray of shape (n,) and (m,)
        Values without missing ones; at least one each.
    """
    steps = _steps(real, synthetic)
    return float(steps.gaps[:-1] @ np.diff(steps.values))


class _Steps(NamedTuple):
    """Two empirical distribution functions at the pooled values, in increasing order."""

    values: Floats
    gaps: Floats  # between the two functions; not yet whole within a run of equal values
    last: npt.NDArray[np.bool_]  # of a run of equal values


def _steps(real: Floats, synthetic: Floats) -> _Steps:
    pooled = np.concatenate([np.sort(real), np.sort(synthetic)])
    # Two sorted runs are merged, which costs much less than sorting or searching.
    order = np.argsort(pooled, kind="stable")
    values = pooled[order]
    n_real = np.cumsum(order < real.size)
    n_synthetic = np.arange(1, values.size + 1) - n_real
    last = np.append(values[1:] != values[:-1], True)
    return _Steps(values, np.abs(n_real / real.size - n_synthetic / synthetic.size), last)


def _asymptotic_p(statistic: float, n: int, m: int) -> float:
    """Give P(D >= statistic) as `scipy.stats.ks_2samp` does, and by the limit of large samples."""
    effective = n * m / (n + m)
    if effective <= MOST_EFFECTIVE:
        return float(np.clip(stats.kstwo.sf(statistic, round(effective)), 0.0, 1.0))
    root = np.sqrt(effective)
    return float(special.kolmogorov(root * statistic + 1.0 / (6.0 * root)))


def tv_complement(real: Counts, synthetic: Counts) -> float:
    """Give 1 - half the summed differences of the level frequencies: 1 = the same frequencies.

    Parameters
    ----------
    real, synthetic : ndarray of shape (n_levels,)
        Counts of the same levels.
    """
    gaps = np.abs(real / real.sum() - synthetic / synthetic.sum())
    return float(np.clip(1.0 - 0.5 * gaps.sum(), 0.0, 1.0))


def levels_test(real: Counts, synthetic: Counts, rng: np.random.Generator) -> LevelsTest:
    """Test whether two samples draw their levels with the same probabilities.

    Pearson's chi-squared test on the raw counts, without continuity correction, where every
    expected count is at least 5; else the same statistic against 9,999 random exchanges of rows
    between the tables (fewer, at least 999, beyond 500 levels).

    Parameters
    ----------
    real, synthetic : ndarray of shape (n_levels,)
        Counts of the same levels; those absent from both are left out.
    rng : numpy.random.Generator
        Source of the permutations.
    """
    present = real + synthetic > 0
    real, synthetic = real[present], synthetic[present]
    if real.size == 1:
        return LevelsTest(p_value=1.0, method="chi-squared")
    pooled = real + synthetic
    expected = pooled * (real.sum() / pooled.sum())
    if min(expected.min(), (pooled - expected).min()) >= SMALLEST_EXPECTED:
        result = stats.chi2_contingency(np.vstack([real, synthetic]), correction=False)
        return LevelsTest(p_value=float(result.pvalue), method="chi-squared")

    draws = int(np.clip(PERMUTED_CELLS // pooled.size, 999, PERMUTATIONS))
    exchanged = rng.multivariate_hypergeometric(pooled, int(real.sum()), size=draws)
    # With both margins fixed, Pearson's statistic is this sum up to a constant factor.
    observed = float(((real - expected) ** 2 / expected).sum())
    permuted = ((exchanged - expected) ** 2 / expected).sum(axis=1)
    as_extreme = int((permuted >= observed * (1.0 - 1e-9)).sum())
    return LevelsTest(p_value=(1 + as_extreme) / (1 + draws), method="permutation")


def false_discovery(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for their number (Benjamini and Hochberg, 1995)."""
    if not p_values:
        return []
    adjusted: npt.NDArray[np.float64] = stats.false_discovery_control(p_values, method="bh")
    return [float(value) for value in adjusted]
