"""The noise floors of the overall figures, from all columns at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation._calibration import Replicates
from synthhealth.evaluation._floor import (
    MOST_UNSEEN,
    has_heavy_ties,
    unseen_levels,
)
from synthhealth.evaluation._results import Band

__all__ = [
    "Draws",
    "average_floors",
    "draw_pairs",
    "exchanged_rows",
    "ks_of_rows",
    "level_shares",
]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

MOST_REPLICATES, FEWEST_REPLICATES = 200, 100
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
    replicates = int(np.clip(REPLICATED_ROWS // (n + m), FEWEST_REPLICATES, MOST_REPLICATES))
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
    replicates = int(np.clip(REPLICATED_ROWS // (n + m), FEWEST_REPLICATES, MOST_REPLICATES))
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
