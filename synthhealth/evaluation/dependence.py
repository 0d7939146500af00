"""How strongly the columns of a table depend on each other, for all pairs at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from synthhealth.schema.types import MIN_CELL

__all__ = [
    "Binned",
    "Levels",
    "PooledColumn",
    "Table",
    "average_ranks",
    "common_bins",
    "complete_rows",
    "count_cells",
    "dependence",
    "informations",
    "pool_rare_levels",
]


Floats = npt.NDArray[np.float64]


def average_ranks(values: Floats) -> Floats:
    """Rank numbers from 1; NaN stays NaN. As `pandas.Series.rank`, in half the time.

    Parameters
    ----------
    values : ndarray of shape (n,)

    Examples
    --------
    >>> average_ranks(np.array([3.0, 1.0, np.nan, 3.0])).tolist()
    [2.5, 1.0, nan, 2.5]
    """
    order = np.argsort(values)
    n_known = values.size - np.count_nonzero(np.isnan(values))
    known = values[order[:n_known]]
    starts = np.flatnonzero(np.append(True, known[1:] != known[:-1])) if n_known else order[:0]
    lengths = np.diff(np.append(starts, n_known))
    ranks = np.full(values.size, np.nan)
    ranks[order[:n_known]] = np.repeat(starts + (lengths + 1) / 2, lengths)
    return ranks


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


#: With fewer rows a rank correlation is plus or minus one, or nothing.
FEWEST_ROWS = 3
#: Cells of the table of counts of levels against levels that are held at a time.
MOST_CELLS = 10_000_000
#: Columns with more levels than this are reduced to their commonest ones and the rest.
MOST_LEVELS = 50


@dataclass(frozen=True)
class Levels:
    """How many levels a categorical column has: in all, and in the real table."""

    total: int
    real: int


@dataclass(frozen=True)
class Table:
    """The columns of one table: p of numbers (missing is NaN), q of codes (missing is -1).

    `ranks` are those of the numbers within their columns; None until they are asked for.
    """

    values: Floats
    codes: Codes
    levels: tuple[Levels, ...]
    ranks: Floats | None = None

    @classmethod
    def of(cls, values: list[Floats], codes: list[Codes], levels: tuple[Levels, ...]) -> Table:
        """Put columns of equal length side by side; at least one of either sort."""
        n_rows = len((values or codes)[0])
        return cls(
            np.column_stack(values) if values else np.empty((n_rows, 0)),
            np.column_stack(codes) if codes else np.empty((n_rows, 0), dtype=np.int64),
            levels,
        )

    def take(self, rows: npt.NDArray[np.intp]) -> Table:
        """Give the table of these rows, with the ranks that they have among all."""
        ranks = None if self.ranks is None else self.ranks[rows]
        return Table(self.values[rows], self.codes[rows], self.levels, ranks)

    def ranked(self) -> Table:
        """Give the table with the ranks of its numbers."""
        return Table(self.values, self.codes, self.levels, _ranks(self.values))


@dataclass(frozen=True)
class PooledColumn:
    """A categorical column's codes in both tables, ready for its dependence to be measured."""

    real: Codes
    synthetic: Codes
    levels: Levels


def pool_rare_levels(real: Codes, synthetic: Codes, n_levels: int) -> PooledColumn:
    """Reduce a column of more than 50 levels to its common ones and one for all others.

    Kept are the at most 50 commonest levels of the real table with at least 5 rows each. A
    column of up to 50 levels is left alone.
    """
    counts = np.bincount(real[real >= 0], minlength=n_levels)
    if n_levels > MOST_LEVELS:
        commonest = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
        commonest = commonest[counts[commonest] >= MIN_CELL]
        new_codes = np.full(n_levels + 1, commonest.size)
        new_codes[commonest] = np.arange(commonest.size)
        new_codes[-1] = -1  # where code -1, a missing value, looks itself up
        real, synthetic = new_codes[real], new_codes[synthetic]
        n_levels = commonest.size + 1
        counts = np.bincount(real[real >= 0], minlength=n_levels)
    levels = Levels(total=n_levels, real=int((counts > 0).sum()))
    return PooledColumn(real, synthetic, levels)


def dependence(table: Table) -> Floats:
    """Measure the dependence of every pair of columns, each pair on its complete rows.

    Two columns of numbers: Spearman's rank correlation. Two columns of codes: Cramer's V without
    bias correction, sqrt(chi2 / (N (k - 1))) with k the smaller number of levels in the real
    table, for the real and the synthetic table alike, so that a lost level does not rescale
    it (Cramer, 1946). One of each: the correlation ratio eta, the root of the share of the
    numbers' variance that lies between the levels (Fisher, 1925). A constant column depends on
    nothing: 0.

    Parameters
    ----------
    table : Table
        Columns to measure. Ranks are taken again over each pair's complete rows, as Spearman's
        correlation asks, unless the table brings those among all values of each column: many
        times faster, and different by some thousandths.

    Returns
    -------
    ndarray of shape (p + q, p + q)
        Columns of numbers first; NaN for pairs with fewer than 3 complete rows; 1 or 0 on the
        diagonal, which means nothing.
    """
    p, q = table.values.shape[1], table.codes.shape[1]
    result = np.zeros((p + q, p + q))
    indicators, starts = _indicators(table)
    if p:
        ranks = table.ranks
        result[:p, :p] = _spearman(table.values) if ranks is None else _correlation(ranks)
    if q:
        result[p:, p:] = _cramers_v(table, indicators, starts)
    if p and q:
        eta = _correlation_ratio(table.values, indicators, starts)
        result[p:, :p] = eta
        result[:p, p:] = eta.T
    result[complete_rows(table) < FEWEST_ROWS] = np.nan
    return result


def complete_rows(table: Table) -> Floats:
    """Count the rows in which both columns of each pair are present: shape (p + q, p + q)."""
    present = np.hstack([~np.isnan(table.values), table.codes >= 0]).astype(np.float64)
    counts: Floats = present.T @ present
    return counts


def _spearman(values: Floats) -> Floats:
    rho = _correlation(_ranks(values))
    present = ~np.isnan(values)
    if present.all():
        return rho
    counts = present.sum(axis=0)
    codes = [_dense_ranks(column) for column in values.T]
    for i, j in combinations(range(values.shape[1]), 2):
        both = present[:, i] & present[:, j]
        n_both = np.count_nonzero(both)
        if n_both == 0 or n_both == counts[i] == counts[j]:
            continue  # The ranks among all values are those among the pair's.
        rho[i, j] = rho[j, i] = _pearson(*(_average_ranks(codes[k][both]) for k in (i, j)))
    return rho


def _dense_ranks(column: Floats) -> Codes:
    """Give the place of each value among the distinct ones; that of a missing one is arbitrary."""
    return np.unique(column, return_inverse=True)[1]


def _average_ranks(codes: Codes) -> Floats:
    """Rank numbered values, ties at their average: in one pass, for they need no sorting."""
    counts = np.bincount(codes)
    ranks: Floats = (np.cumsum(counts) - 0.5 * (counts - 1))[codes]
    return ranks


def _pearson(first: Floats, second: Floats) -> float:
    first, second = first - first.mean(), second - second.mean()
    scale = np.sqrt((first @ first) * (second @ second))
    return float(np.clip(first @ second / scale, -1.0, 1.0)) if scale > 0 else 0.0


def _ranks(values: Floats) -> Floats:
    # Row by row in memory, so that samples of rows are quickly taken.
    ranks: Floats = np.ascontiguousarray(pd.DataFrame(values).rank().to_numpy())
    return ranks


def _correlation(ranks: Floats) -> Floats:
    present = (~np.isnan(ranks)).astype(np.float64)
    ranks = np.nan_to_num(ranks - 0.5 * len(ranks), nan=0.0)
    # Entry (a, b) of each is over the rows in which a and b are both present.
    n = np.maximum(present.T @ present, 1.0)
    sums = ranks.T @ present
    variances = (ranks**2).T @ present - sums**2 / n
    covariances = ranks.T @ ranks - sums * sums.T / n
    scale = np.sqrt(np.clip(variances * variances.T, 0.0, None))
    varies = scale > 1e-9
    matrix = np.divide(covariances, scale, out=np.zeros_like(scale), where=varies)
    rho: Floats = np.clip(matrix, -1.0, 1.0)
    return rho


def _indicators(table: Table) -> tuple[sparse.csr_array, Codes]:
    """Give one 0/1 column per level of every categorical column, and where each one starts."""
    widths = np.array([level.total for level in table.levels], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(widths)])
    present = table.codes >= 0
    columns = (table.codes + starts[:-1])[present]
    rows = np.concatenate([[0], np.cumsum(present.sum(axis=1))])
    ones = np.ones(columns.size)
    shape = (len(table.codes), int(starts[-1]))
    return sparse.csr_array((ones, columns, rows), shape=shape), starts[:-1]


def _cramers_v(table: Table, indicators: sparse.csr_array, starts: Codes) -> Floats:
    widths = np.array([level.total for level in table.levels])
    column_of = np.repeat(np.arange(widths.size), widths)
    # margins[i, b]: rows of level i in which column b is present.
    margins = indicators.T @ (table.codes >= 0).astype(np.float64)
    phi_squared = np.empty((widths.size, widths.size))
    for columns in _blocks(widths):
        own = np.flatnonzero(np.isin(column_of, columns))
        part = indicators if own.size == column_of.size else indicators[:, own]
        cells = (part.T @ indicators).toarray()
        products = margins[own][:, column_of] * margins[:, column_of[own]].T
        ratios = np.divide(cells**2, products, out=np.zeros_like(cells), where=products > 0)
        by_column = np.add.reduceat(ratios, starts, axis=1)
        phi_squared[columns] = np.add.reduceat(by_column, starts[columns] - own[0], axis=0) - 1.0
    real_levels = [level.real for level in table.levels]
    degrees = np.minimum.outer(real_levels, real_levels) - 1
    return _root(phi_squared / np.maximum(degrees, 1))


def _blocks(widths: Codes) -> list[Codes]:
    """Cut the columns into runs whose table of counts against all levels fits in memory."""
    run = np.cumsum(widths) * widths.sum() // MOST_CELLS
    return np.split(np.arange(widths.size), np.flatnonzero(np.diff(run)) + 1)


def _correlation_ratio(values: Floats, indicators: sparse.csr_array, starts: Codes) -> Floats:
    present = ~np.isnan(values)
    counts = present.sum(axis=0)
    # Centred and scaled to at most 1, so that large values neither lose digits nor overflow.
    means = np.where(present, values, 0.0).sum(axis=0) / np.maximum(counts, 1)
    centred = np.where(present, values - means, 0.0)
    largest = np.abs(centred).max(axis=0)
    centred /= np.where(largest > 0, largest, 1.0)

    level_counts = indicators.T @ present.astype(np.float64)
    level_sums = indicators.T @ centred
    level_squares = indicators.T @ centred**2
    per_level = np.divide(
        level_sums**2, level_counts, out=np.zeros_like(level_sums), where=level_counts > 0
    )
    n = np.add.reduceat(level_counts, starts, axis=0)
    correction = np.add.reduceat(level_sums, starts, axis=0) ** 2 / np.maximum(n, 1.0)
    between = np.add.reduceat(per_level, starts, axis=0) - correction
    total = np.add.reduceat(level_squares, starts, axis=0) - correction
    varies = total > 1e-12 * n
    share = np.divide(between, total, out=np.zeros_like(total), where=varies)
    return _root(share)


def _root(share: Floats) -> Floats:
    """Give the root of a share, but 0 where rounding alone keeps it from 0."""
    root: Floats = np.sqrt(np.clip(np.where(share < 1e-13, 0.0, share), 0.0, 1.0))
    return root
