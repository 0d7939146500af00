"""What a verbatim copy of the real table would score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation._columns import CategoricalColumn, NumericalColumn
from synthhealth.evaluation._table_floor import Draws, ks_of_rows, level_shares

__all__ = ["copied_rows", "copy_scores", "draw_copies"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

REPLICATES = 10
MOST_ROWS = 1_000
MOST_COPIED = 3_000


def copied_rows(n_real: int, n_synthetic: int, rng: np.random.Generator) -> Rows:
    """Give the rows of a copy: all of them as often as they fit, the rest without repeats."""
    whole, rest = divmod(n_synthetic, n_real)
    return np.concatenate(
        [np.tile(np.arange(n_real), whole), rng.permutation(n_real)[:rest]]
    ).astype(np.intp)


def draw_copies(n_real: int, n_synthetic: int, rng: np.random.Generator) -> Draws:
    """Draw a few copies of the real table, of larger ones copies of 1,000 of their rows."""
    n = min(n_real, MOST_ROWS)
    m = int(np.clip(round(n_synthetic * n / n_real), 1, MOST_COPIED))
    first = [rng.choice(n_real, n, replace=False) for _ in range(REPLICATES)]
    return Draws(
        first=np.array(first),
        second=np.array([rows[copied_rows(n, m, rng)] for rows in first]),
        scale=float(np.sqrt(n / n_real)),
    )


def copy_scores(column: NumericalColumn | CategoricalColumn, draws: Draws) -> Floats:
    """Give the scores of copies of a column, one for each.

    They do not depend on which values stand in one row, so that a copy whose columns have been
    shuffled scores the same.
    """
    if isinstance(column, CategoricalColumn):
        return _scores(_tv(column, draws), draws)
    return _scores(ks_of_rows(*(column.measured[0][rows] for rows in _both(draws))), draws)


def _both(draws: Draws) -> tuple[Rows, Rows]:
    return draws.first, draws.second


def _tv(column: CategoricalColumn, draws: Draws) -> Floats:
    first, second = (level_shares(column.real[rows], column.n_levels) for rows in _both(draws))
    gaps: Floats = 0.5 * np.abs(first - second).sum(axis=1)
    return gaps


def _scores(distances: Floats, draws: Draws) -> Floats:
    # Where few values are known a small copy may have none of them.
    return np.clip(1.0 - draws.scale * np.nan_to_num(distances, nan=0.0), 0.0, 1.0)
