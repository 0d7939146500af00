"""How strongly it depends on the values of other columns whether a value is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation._ranks import average_ranks

__all__ = ["Values", "missing_dependence"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Values:
    """The columns of one table: p ranked ones (missing is 0), q of codes of levels.

    The levels are numbered through all columns: those of a column begin at its `starts`; a
    missing one has the number after the last.
    """

    ranks: Floats
    known: Floats
    levels: Codes
    starts: Codes
    n_levels: int

    @classmethod
    def of(cls, numbers: list[Floats], codes: list[Codes], widths: list[int], n: int) -> Values:
        """Rank the columns of numbers and number the levels of the others."""
        # Row by row in memory, so that samples of rows are quickly taken.
        ranked = [average_ranks(values) for values in numbers]
        ranks = np.column_stack(ranked) if numbers else np.empty((n, 0))
        known = ~np.isnan(ranks)
        ends = np.cumsum(widths, dtype=np.int64)
        starts = ends - widths
        table = np.column_stack(codes) if codes else np.empty((n, 0), dtype=np.int64)
        n_levels = int(ends[-1]) if codes else 0
        return cls(
            ranks=np.where(known, ranks - 0.5 * n, 0.0),
            known=known.astype(np.float64),
            levels=np.where(table < 0, n_levels, table + starts),
            starts=starts,
            n_levels=n_levels,
        )

    def take(self, rows: npt.NDArray[np.intp]) -> Values:
        """Give these rows, with the ranks that they have among all."""
        return Values(
            self.ranks[rows], self.known[rows], self.levels[rows], self.starts, self.n_levels
        )


def missing_dependence(missing: Mask, values: Values) -> Floats:
    """Measure how each of k masks depends on each of p + q columns, over its known rows.

    A column of numbers: Spearman's rank correlation with the mask, 1 for missing. A column of
    levels: Cramer's V. A mask or column that does not vary depends on nothing: 0.

    Parameters
    ----------
    missing : ndarray of bool of shape (n, k)
        Where values are missing.
    values : Values
        The columns of the same rows.

    Returns
    -------
    ndarray of shape (k, p + q)
    """
    return np.hstack([_with_numbers(missing, values), _with_levels(missing, values)])


def _with_numbers(missing: Mask, values: Values) -> Floats:
    gone = missing.astype(np.float64).T
    n = np.maximum(values.known.sum(axis=0), 1.0)
    sums = values.ranks.sum(axis=0)
    counts = gone @ values.known
    covariances = gone @ values.ranks - counts * sums / n
    variances = (counts - counts**2 / n) * ((values.ranks**2).sum(axis=0) - sums**2 / n)
    return np.clip(_ratio(covariances, np.sqrt(np.clip(variances, 0.0, None))), -1.0, 1.0)


def _with_levels(missing: Mask, values: Values) -> Floats:
    if not values.n_levels:
        return np.empty((missing.shape[1], 0))
    totals = _count(values.levels, values.n_levels)
    counts = np.array([_count(values.levels[gone], values.n_levels) for gone in missing.T])
    n = np.maximum(np.add.reduceat(totals, values.starts), 1.0)
    sums = np.add.reduceat(counts, values.starts, axis=1)
    # With two values, the share of the mask's variance between the levels is V squared.
    between = np.add.reduceat(_ratio(counts**2, totals), values.starts, axis=1) - sums**2 / n
    return np.sqrt(np.clip(_ratio(between, sums - sums**2 / n), 0.0, 1.0))


def _count(levels: Codes, n_levels: int) -> Floats:
    return np.bincount(levels.ravel(), minlength=n_levels + 1)[:n_levels].astype(np.float64)


def _ratio(above: Floats, below: Floats) -> Floats:
    below = np.broadcast_to(below, above.shape)
    return np.divide(above, below, out=np.zeros_like(above), where=below > 1e-9)
