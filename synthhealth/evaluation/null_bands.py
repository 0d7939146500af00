"""What two independent samples of real patients would score: of one column, and overall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special

from synthhealth.evaluation.calibration import Null, Replicates
from synthhealth.evaluation.figures import Band

__all__ = [
    "Draws",
    "average_floors",
    "draw_pairs",
    "exchanged_rows",
    "has_heavy_ties",
    "ks_law",
    "ks_null",
    "ks_of_rows",
    "level_shares",
    "tv_null",
]


Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

LOW, HIGH = 0.025, 0.975

#: Up to this many lattice points the law is counted path by path; beyond, its limit is taken.
LATTICE_POINTS = 100_000
#: With fewer values in one sample the limit law is off, however large the other one is.
SMALL_SAMPLE = 20
#: Thresholds at which the law is counted, where the lattice itself has more.
THRESHOLDS = 96
#: sqrt(N) * D is larger than this with a probability below one in ten million.
LARGEST_GAP = 3.0
#: Mean of Kolmogorov's limit law.
KOLMOGOROV_MEAN = float(np.sqrt(np.pi / 2.0) * np.log(2.0))

#: A column in which fewer than half of the values differ, or one value holds over a tenth of
#: the rows, is so far from continuous that the distribution-free law no longer describes it.
DISTINCT_SHARE = 0.5
LARGEST_SHARE = 0.1

MOST_REPLICATES, FEWEST_REPLICATES = 1_000, 200
REPLICATED_CELLS = 400_000
MOST_ATOMS = 5_000
#: With more unseen levels than this a column names its patients: none occurs twice.
MOST_UNSEEN = 20_000


@dataclass(frozen=True)
class Law:
    """Mean and 95 % interval of a statistic's null distribution."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Unseen:
    """The levels of a population that a sample missed: how many, and their share of it."""

    number: int
    share: float


@dataclass(frozen=True)
class KSNull:
    """The law of the Kolmogorov-Smirnov complement for continuous columns of n and m values."""

    n: int
    m: int

    @property
    def band(self) -> Band:
        law = ks_law(self.n, self.m)
        return Band(mean=1 - law.mean, low=1 - law.high, high=1 - law.low, method="exact")

    def tails(self, value: float) -> tuple[float, float]:
        gap = 1.0 - value
        step = np.gcd(self.n, self.m) / (self.n * self.m)
        return 1.0 - ks_share(self.n, self.m, gap - step), ks_share(self.n, self.m, gap)


def ks_null(real: Floats, n_synthetic: int, rng: np.random.Generator) -> Null:
    """Give the law of the Kolmogorov-Smirnov complement of one column for a perfect generator.

    Without heavy ties the law of D for two independent samples of these sizes is the same for
    every continuous distribution, and is computed as such (`ks_law`): the patients play no
    part. With heavy ties (`has_heavy_ties`) pairs of samples are drawn from the real values,
    whose frequencies stand for the population's.

    Parameters
    ----------
    real : ndarray of shape (n,)
        Real values without missing ones.
    n_synthetic : int
        Number of synthetic values that are not missing.
    rng : numpy.random.Generator
        Source of the samples.
    """
    if not has_heavy_ties(real):
        return KSNull(real.size, n_synthetic)
    n_real = real.size
    if n_real > MOST_ATOMS:
        # Thousands of atoms more would make the steps finer, not the law another one.
        real = rng.choice(real, MOST_ATOMS, replace=False)
    shares = np.unique(real, return_counts=True)[1] / real.size
    first, second = _resampled_shares(shares, n_real, n_synthetic, rng)
    gaps = np.abs(np.cumsum(first - second, axis=1)).max(axis=1)
    return Replicates(1.0 - gaps, "resampled")


def tv_null(real: Counts, n_synthetic: int, rng: np.random.Generator) -> Null:
    """Give the law of the total-variation complement of one column for a perfect generator.

    Pairs of samples are drawn with the real level frequencies, which stand for the population's,
    and with the levels that the real sample must have missed (`unseen_levels`): without them
    the floor of a column of many rare levels would be far too high.

    Parameters
    ----------
    real : ndarray of shape (n_levels,)
        Counts of the real levels.
    n_synthetic : int
        Number of synthetic values that are not missing.
    rng : numpy.random.Generator
        Source of the samples.
    """
    n_real = int(real.sum())
    unseen = unseen_levels(real)
    cells = min(unseen.number, MOST_UNSEEN)
    shares = np.concatenate(
        [
            real[real > 0] / n_real * (1.0 - unseen.share),
            np.full(cells, unseen.share / max(cells, 1)),
        ]
    )
    first, second = _resampled_shares(shares, n_real, n_synthetic, rng)
    gaps = np.abs(first - second)
    if unseen.number > MOST_UNSEEN:
        # So many that no two patients share one: nothing of them is common to both samples.
        gaps[:, -cells:] = (first + second)[:, -cells:]
    return Replicates(np.clip(1.0 - 0.5 * gaps.sum(axis=1), 0.0, 1.0), "resampled")


def unseen_levels(counts: Counts) -> Unseen:
    """Estimate the levels that a sample missed, from those that it holds once and twice.

    Their number is Chao's (1984), the share of the population in them Chao and Jost's (2012)
    form of Good's and Turing's (Good, 1953).
    """
    n, once, twice = int(counts.sum()), int((counts == 1).sum()), int((counts == 2).sum())
    pairs = once**2 / (2 * twice) if twice else once * (once - 1) / 2
    number = int(np.ceil(pairs * (n - 1) / n))
    if number == 0:
        return Unseen(number=0, share=0.0)
    return Unseen(number=number, share=once / n * (n - 1) * once / ((n - 1) * once + 2 * twice))


def has_heavy_ties(values: Floats) -> bool:
    """Say whether repeats are so many that the distribution-free law no longer holds."""
    counts = np.unique(values, return_counts=True)[1]
    few_distinct = counts.size < DISTINCT_SHARE * values.size
    return bool(few_distinct or counts.max() > max(1.0, LARGEST_SHARE * values.size))


@lru_cache(maxsize=256)
def ks_law(n: int, m: int) -> Law:
    """Give the null law of the two-sample Kolmogorov-Smirnov statistic D.

    Every order of the pooled values is equally likely, so that P(D <= d) is the share of the
    lattice paths from (0, 0) to (n, m) that stay within d of the diagonal (Hodges, 1958). Up to
    100,000 lattice points the paths are counted. Beyond, Kolmogorov's limit law with Hodges'
    correction for finite samples is taken, unless the smaller sample has fewer than 20 values:
    then the larger one is counted as if it had 100,000 / n, which is as good as infinitely
    many. Either differs from the full count by less than 0.002.

    Parameters
    ----------
    n, m : int
        Sample sizes, at least 1.

    Examples
    --------
    >>> law = ks_law(61, 61)
    >>> round(1 - law.mean, 3), round(1 - law.high, 3)
    (0.851, 0.738)
    """
    n, m = min(n, m), max(n, m)
    if n < SMALL_SAMPLE:
        m = min(m, LATTICE_POINTS // n)
    if n * m > LATTICE_POINTS:
        return _limit_law(n, m)
    step = np.gcd(n, m) / (n * m)
    reach = min(1.0, LARGEST_GAP * np.sqrt((n + m) / (n * m)))
    points = int(np.ceil(reach / step - 1e-9))
    if points <= THRESHOLDS:
        gaps = step * np.arange(points + 1)
        below = _share_within(n, m, gaps)
        # D takes no values but these: its mean is the sum of the steps' tail probabilities.
        return Law(
            mean=float(step * (1.0 - below[:-1]).sum()),
            low=float(gaps[np.searchsorted(below, LOW)]),
            high=float(gaps[np.searchsorted(below, HIGH)]),
        )
    gaps = np.linspace(0.0, reach, THRESHOLDS + 1)
    below = _share_within(n, m, gaps)
    return Law(
        mean=float(np.trapezoid(1.0 - below, gaps)),
        low=float(np.interp(LOW, below, gaps)),
        high=float(np.interp(HIGH, below, gaps)),
    )


def ks_share(n: int, m: int, gap: float) -> float:
    """Give P(D <= gap) of two samples of one continuous distribution; see `ks_law`."""
    if gap < 0:
        return 0.0
    n, m = min(n, m), max(n, m)
    if n < SMALL_SAMPLE:
        m = min(m, LATTICE_POINTS // n)
    if n * m <= LATTICE_POINTS:
        return float(_share_within(n, m, np.array([gap]))[0])
    correction = (m + 2 * n) / (6.0 * np.sqrt(n * m * (n + m)))
    return float(1.0 - special.kolmogorov(gap * np.sqrt(n * m / (n + m)) + correction))


def _share_within(n: int, m: int, gaps: Floats) -> Floats:
    """Give P(D <= gap) for each gap, from counts of lattice paths scaled to stay finite."""
    columns = np.arange(m + 1) / m
    limits = gaps[:, None] + 1e-10
    paths = np.where(columns <= limits, 1.0, 0.0)
    for row in range(1, n + 1):
        inside = np.abs(columns - row / n) <= limits
        paths = np.cumsum(paths * inside, axis=1) * inside
        # The product of these factors is the number of all paths, binom(n + m, n).
        paths *= row / (m + row)
    shares: Floats = np.clip(paths[:, -1], 0.0, 1.0)
    return np.maximum.accumulate(shares)


def _limit_law(n: int, m: int) -> Law:
    root = np.sqrt(n * m / (n + m))
    correction = (m + 2 * n) / (6.0 * np.sqrt(n * m * (n + m)))
    limits = [KOLMOGOROV_MEAN, special.kolmogi(1.0 - LOW), special.kolmogi(1.0 - HIGH)]
    mean, low, high = (float(np.clip((x - correction) / root, 0.0, 1.0)) for x in limits)
    return Law(mean=mean, low=low, high=high)


def _resampled_shares(
    shares: Floats, n_real: int, n_synthetic: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    replicates = int(np.clip(REPLICATED_CELLS // shares.size, FEWEST_REPLICATES, MOST_REPLICATES))
    return (
        rng.multinomial(n_real, shares, size=replicates) / n_real,
        rng.multinomial(n_synthetic, shares, size=replicates) / n_synthetic,
    )


Codes = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

MOST_TABLE_REPLICATES, FEWEST_TABLE_REPLICATES = 200, 100
REPLICATED_ROWS = 200_000
#: Samples are drawn of at most this many rows; larger tables' distances are scaled from these.
MOST_ROWS = 1_000


@dataclass(frozen=True)
class Draws:
    """Pairs of samples of rows, one pair per replicate: mostly bootstrap samples of the real table.

    There the real table stands for the population: its columns' correlation, missing values and
    rare levels are carried into every sample. Samples larger than 1,000 rows are replaced by ones
    of 1,000, and distances between the two scaled by the ratio of sqrt(1/n + 1/m) at the wanted
    and at the drawn sizes, as sampling noise does.
    """

    first: Rows
    second: Rows
    scale: float

    def __iter__(self) -> Iterator[tuple[Rows, Rows]]:
        return zip(self.first, self.second, strict=True)


def draw_pairs(n_real: int, n_synthetic: int, rng: np.random.Generator) -> Draws:
    """Draw the rows of the sample pairs."""
    n, m = min(n_real, MOST_ROWS), min(n_synthetic, MOST_ROWS)
    scale = np.sqrt((1 / n_real + 1 / n_synthetic) / (1 / n + 1 / m))
    replicates = int(
        np.clip(REPLICATED_ROWS // (n + m), FEWEST_TABLE_REPLICATES, MOST_TABLE_REPLICATES)
    )
    return Draws(
        first=rng.integers(n_real, size=(replicates, n)),
        second=rng.integers(n_real, size=(replicates, m)),
        scale=float(scale),
    )


def exchanged_rows(n_real: int, n_synthetic: int, rng: np.random.Generator) -> Draws:
    """Draw the rows of two tables that exchange rows at random; those of the second follow.

    If both are samples of one population, every division of their rows is as likely as the one at
    hand (Fisher, 1935; Pitman, 1937). Of more than 1,000 rows as many are drawn; see `Draws`.
    """
    n, m = min(n_real, MOST_ROWS), min(n_synthetic, MOST_ROWS)
    scale = np.sqrt((1 / n_real + 1 / n_synthetic) / (1 / n + 1 / m))
    replicates = int(
        np.clip(REPLICATED_ROWS // (n + m), FEWEST_TABLE_REPLICATES, MOST_TABLE_REPLICATES)
    )
    both = n_real + n_synthetic
    rows = np.array([rng.choice(both, n + m, replace=False) for _ in range(replicates)])
    return Draws(first=rows[:, :n], second=rows[:, n:], scale=float(scale))


def average_floors(
    numerical: Sequence[tuple[Floats, Band]],
    categorical: Sequence[tuple[Codes, Band]],
    n_synthetic: int,
    rng: np.random.Generator,
) -> tuple[Replicates | None, Replicates]:
    """Give the laws of the mean complement over numerical columns and over all columns.

    The mean of an average is the average of the columns' means, which their own floors give; the
    samples of rows give its spread, which depends on how the columns hang together.

    Parameters
    ----------
    numerical : sequence of (ndarray of shape (n,), Band)
        Numbers of the real table's rows (missing is NaN), and the floor of the column.
    categorical : sequence of (ndarray of shape (n,), Band)
        Codes of the real table's rows (missing is -1), and the floor of the column. At least
        one column in all.
    n_synthetic : int
        Number of synthetic rows.
    rng : numpy.random.Generator
        Source of the samples.
    """
    n_real = [*numerical, *categorical][0][0].size
    draws = draw_pairs(n_real, n_synthetic, rng)
    ks = [_scores(_ks_distances(values, draws, rng), floor, draws) for values, floor in numerical]
    tv = [_scores(_tv_distances(codes, draws, rng), floor, draws) for codes, floor in categorical]
    over_all = Replicates(np.mean([*ks, *tv], axis=0), "resampled")
    return (Replicates(np.mean(ks, axis=0), "resampled") if ks else None), over_all


def _scores(distances: Floats, floor: Band, draws: Draws) -> Floats:
    """Give a column's scores in all replicates, with the mean that its own floor has."""
    mean = _mean(distances)
    spread = np.where(np.isnan(distances), 0.0, mean - distances)
    return np.clip(floor.mean + draws.scale * spread, 0.0, 1.0)


def _mean(distances: Floats) -> float:
    """Average the distances that could be taken; where a sample left none, there is no gap."""
    taken = distances[~np.isnan(distances)]
    return float(taken.mean()) if taken.size else 0.0


def _ks_distances(column: Floats, draws: Draws, rng: np.random.Generator) -> Floats:
    present = ~np.isnan(column)
    positions = np.full(column.size, np.nan)
    if has_heavy_ties(column[present]):
        different, places = np.unique(column[present], return_inverse=True)
        if different.size <= draws.first.shape[1] + draws.second.shape[1]:
            codes = np.full(column.size, -1)
            codes[present] = places
            # Counting a few values is much faster than sorting all that were drawn.
            return _ks_of_counts(codes, different.size, draws)
        positions[present] = column[present]
        first, second = positions[draws.first], positions[draws.second]
    else:
        # A patient drawn twice would be a tie, which continuous values do not have: each draw
        # lies anywhere in the patient's slot, so that the law of D is the continuous one.
        positions[present] = np.argsort(np.argsort(column[present]))
        first = positions[draws.first] + rng.random(draws.first.shape)
        second = positions[draws.second] + rng.random(draws.second.shape)
    return ks_of_rows(first, second)


def _ks_of_counts(codes: Codes, width: int, draws: Draws) -> Floats:
    shares = [level_shares(codes[rows], width) for rows in (draws.first, draws.second)]
    distances: Floats = np.abs(np.cumsum(shares[0] - shares[1], axis=1)).max(axis=1)
    return distances


def ks_of_rows(first: Floats, second: Floats) -> Floats:
    """Give D between each row of `first` and the same row of `second`, missing values dropped."""
    present = [~np.isnan(sample) for sample in (first, second)]
    with np.errstate(divide="ignore"):
        steps = [1.0 / mask.sum(axis=1, keepdims=True) for mask in present]
    weights = np.hstack([np.where(present[0], steps[0], 0), np.where(present[1], -steps[1], 0)])
    pooled = np.hstack([first, second])
    order = np.argsort(pooled, axis=1)
    pooled = np.take_along_axis(pooled, order, axis=1)
    gaps = np.abs(np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1))
    # Within a run of equal values the distribution functions have not both stepped yet.
    last_of_run = np.ones(pooled.shape, dtype=bool)
    last_of_run[:, :-1] = pooled[:, 1:] != pooled[:, :-1]
    distances: Floats = np.where(last_of_run, gaps, 0.0).max(axis=1)
    empty = ~(present[0].any(axis=1) & present[1].any(axis=1))
    return np.where(empty, np.nan, distances)


def _tv_distances(column: Codes, draws: Draws, rng: np.random.Generator) -> Floats:
    unseen = unseen_levels(np.bincount(column[column >= 0]))
    seen = int(column.max()) + 1
    # More unseen levels than can be counted: one for each sample, which the other never has.
    number = unseen.number if unseen.number <= MOST_UNSEEN else 2
    shares = []
    for sample, rows in enumerate((draws.first, draws.second)):
        codes = column[rows]
        if unseen.number:
            new = (codes >= 0) & (rng.random(codes.shape) < unseen.share)
            which = rng.integers(number, size=codes.shape) if number == unseen.number else sample
            codes = np.where(new, seen + which, codes)
        shares.append(level_shares(codes, seen + number))
    distances: Floats = 0.5 * np.abs(shares[0] - shares[1]).sum(axis=1)
    return distances


def level_shares(codes: Codes, width: int) -> Floats:
    """Count the levels of each sample (row of `codes`) in one go, as shares of those present."""
    n_samples = len(codes)
    cells = codes + 1 + (width + 1) * np.arange(n_samples)[:, None]
    counts = np.bincount(cells.ravel(), minlength=(width + 1) * n_samples)
    counts = counts.reshape(n_samples, width + 1)[:, 1:]
    with np.errstate(invalid="ignore"):
        shares: Floats = counts / counts.sum(axis=1, keepdims=True)
    return shares
