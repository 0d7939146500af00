"""Mutual information of all pairs of columns, on bins that are common to both tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

__all__ = ["Binned", "common_bins", "count_cells", "informations"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

MOST_BINS, FEWEST_BINS = 10, 2
#: So many rows would fall into each cell of two unrelated columns of numbers.
ROWS_PER_CELL = 5


@dataclass(frozen=True)
class Binned:
    """The columns of one table as codes, one column of the array each; missing is -1.

    `widths` are the numbers of bins or levels, which are those of both tables.
    """

    codes: Codes
    widths: Codes

    @property
    def starts(self) -> Codes:
        """Where each column's levels begin, when all are put one after the other."""
        starts: Codes = np.concatenate([[0], np.cumsum(self.widths)])[:-1].astype(np.int64)
        return starts

    def take(self, rows: npt.NDArray[np.intp]) -> Binned:
        """Give these rows."""
        return Binned(self.codes[rows], self.widths)


def common_bins(real: Floats, synthetic: Floats) -> tuple[Codes, Codes, int]:
    """Cut a column of numbers at the real table's deciles; missing values become -1.

    Small tables are cut at fewer quantiles, so that two unrelated columns leave 5 rows to a cell:
    three bins at 61 rows. Values that fall together keep their bins together.

    Parameters
    ----------
    real, synthetic : ndarray of shape (n,) and (m,)
        The column in both tables.
    """
    n_rows = min(real.size, synthetic.size)
    wanted = int(np.clip(np.sqrt(n_rows / ROWS_PER_CELL), FEWEST_BINS, MOST_BINS))
    present = real[~np.isnan(real)]
    if not present.size:
        present = np.zeros(1)
    inner = np.quantile(present, np.arange(1, wanted) / wanted, method="closest_observation")
    # A bin holds its upper end; the largest value ends the last one, which has no upper end.
    edges = np.unique(inner[inner < present.max()])
    codes = [
        np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="left"))
        for values in (real, synthetic)
    ]
    return codes[0].astype(np.int64), codes[1].astype(np.int64), edges.size + 1


def count_cells(table: Binned) -> Floats:
    """Count the rows in which two levels occur together: shape (sum of widths, sum of widths)."""
    present = table.codes >= 0
    columns = (table.codes + table.starts)[present]
    ends = np.concatenate([[0], np.cumsum(present.sum(axis=1))])
    shape = (len(table.codes), int(table.widths.sum()))
    indicators = sparse.csr_array((np.ones(columns.size), columns, ends), shape=shape)
    cells: Floats = (indicators.T @ indicators).toarray()
    return cells


def informations(cells: Floats, starts: Codes) -> Floats:
    """Measure the mutual information of all pairs of columns, on the scale of a correlation.

    The mutual information I of two columns is estimated from their cells and freed of its bias by
    Miller's and Madow's correction, (occupied cells - rows - columns + 1) / 2N (Miller, 1955).
    Given is sqrt(1 - exp(-2 I)), Linfoot's informational coefficient (1957): 0 for independent
    columns, 1 for columns of numbers that determine each other, and of two normal ones the
    absolute correlation. It sees any dependence that the bins let through, also one that is
    neither rising nor falling.

    Parameters
    ----------
    cells : ndarray of int-valued float, shape (..., k, k)
        Counts of levels against levels, of one table or of several.
    starts : ndarray of shape (n_columns,)
        Where each column's levels begin.

    Returns
    -------
    ndarray of shape (..., n_columns, n_columns)
        0 for pairs without a complete row.
    """
    margins = np.add.reduceat(cells, starts, axis=-1)
    n = np.add.reduceat(margins, starts, axis=-2)
    entropies = _entropy_terms(int(n.max(initial=0)))
    # Sums over the cells, and over the margins, of each pair of columns' complete rows.
    joint = _sum_pairs(_looked_up(entropies, cells), starts)
    single = np.add.reduceat(_looked_up(entropies, margins), starts, axis=-2)
    occupied = _sum_pairs((cells > 0).astype(np.float64), starts)
    levels = np.add.reduceat((margins > 0).astype(np.float64), starts, axis=-2)
    degrees = occupied - levels - np.swapaxes(levels, -1, -2) + 1.0
    known = np.maximum(n, 1.0)
    raw = (joint - single - np.swapaxes(single, -1, -2)) / known + np.log(known)
    information = np.where(n > 0, raw - degrees / (2.0 * known), 0.0)
    linfoot: Floats = np.sqrt(-np.expm1(-2.0 * np.maximum(information, 0.0)))
    return linfoot


def _entropy_terms(largest: int) -> Floats:
    counts = np.arange(largest + 1, dtype=np.float64)
    counts[0] = 1.0  # An empty cell adds nothing.
    return counts * np.log(counts)


def _looked_up(terms: Floats, counts: Floats) -> Floats:
    return terms[counts.astype(np.intp)]


def _sum_pairs(cells: Floats, starts: Codes) -> Floats:
    by_column = np.add.reduceat(cells, starts, axis=-1)
    summed: Floats = np.add.reduceat(by_column, starts, axis=-2)
    return summed
