"""Where rows of mixed types lie, and how far from one another: Gower's distance with ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial.distance import cdist

from synthhealth.evaluation.dependence import average_ranks
from synthhealth.evaluation.encode import pooled

__all__ = ["Places", "places_of"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """Where rows lie: ranks of their numbers from 0 to 1 (missing is NaN), and their levels.

    The levels are numbered through all columns; a missing value has a number of its own.
    """

    ranks: Floats
    levels: Codes
    n_levels: int

    def __len__(self) -> int:
        return len(self.levels)

    def take(self, rows: npt.NDArray[np.intp] | slice) -> Places:
        """Give some of the rows."""
        return Places(self.ranks[rows], self.levels[rows], self.n_levels)

    def shuffled(self, rng: np.random.Generator) -> Places:
        """Give the rows with every column shuffled by itself."""
        return Places(
            rng.permuted(self.ranks, axis=0), rng.permuted(self.levels, axis=0), self.n_levels
        )

    def distances(self, others: Places) -> Floats:
        """Give Gower's distances: 0 to 1 for each column.

        Numbers count by the difference of their ranks; different levels, a missing one among them,
        count 1, and a known number against a missing one a half to 1.
        """
        # Products of 0/1 rows count the levels in common, much faster than comparing does.
        alike = self._indicators @ others._indicators.T
        differing = (self.levels.shape[1] - alike).astype(np.float64)
        if self.ranks.shape[1]:
            differing += cdist(self._numbers, others._numbers, "cityblock")
        return differing

    @cached_property
    def _indicators(self) -> npt.NDArray[np.float32]:
        indicators = np.zeros((len(self), self.n_levels), dtype=np.float32)
        np.put_along_axis(indicators, self.levels, 1.0, axis=1)
        return indicators

    @cached_property
    def _numbers(self) -> Floats:
        missing = np.isnan(self.ranks)
        return np.hstack([np.where(missing, 0.5, self.ranks), 0.5 * missing])


def places_of(tables: Sequence[Floats], categorical: npt.NDArray[np.bool_]) -> list[Places]:
    """Give the places of several tables' rows; the ranks are those of all tables together.

    Parameters
    ----------
    tables : sequence of ndarray of shape (n_rows, n_columns)
        See `Encoded.plain`.
    categorical : ndarray of bool of shape (n_columns,)
        Which columns are codes.

    Examples
    --------
    >>> first, second = np.array([[1.0, 0.0]]), np.array([[2.0, 0.0], [2.0, 1.0]])
    >>> one, two = places_of([first, second], np.array([False, True]))
    >>> one.distances(two).round(2).tolist()
    [[0.5, 1.5]]
    """
    ends = np.cumsum([len(table) for table in tables])
    whole = np.vstack(tables)
    ranks = [
        average_ranks(values) / max(int((~np.isnan(values)).sum()), 1)
        for values in whole[:, ~categorical].T
    ]
    levels, n_levels = [], 0
    for values in whole[:, categorical].T:
        codes, found = pd.factorize(pooled(values))
        levels.append(np.where(codes < 0, len(found), codes) + n_levels)
        n_levels += len(found) + 1
    n_rows = len(whole)
    places = Places(
        np.column_stack(ranks) if ranks else np.empty((n_rows, 0)),
        np.column_stack(levels) if levels else np.empty((n_rows, 0), dtype=np.int64),
        n_levels,
    )
    return [
        places.take(slice(end - len(table), end)) for table, end in zip(tables, ends, strict=True)
    ]
