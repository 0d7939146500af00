"""What the dependence of two samples of one population differs by: rows change tables at random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.evaluation.dependence import FEWEST_ROWS, Binned, Table, informations

__all__ = ["Exchanges", "Layout", "Relations", "Replicated", "exchange_rows", "shuffle_columns"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

MOST_REPLICATES, FEWEST_REPLICATES = 400, 50
#: Multiplications that are spent on the sums of products of all replicates, if that will do.
MOST_PRODUCTS = 16_000_000_000
#: Numbers that are held at a time: of the blocks' products, and of some replicates'.
BLOCK_CELLS = 4_000_000
CELLS = 1_000_000
MOST_BLOCKS, FEWEST_BLOCKS = 200, 32
SHUFFLES = 5
MOST_SHUFFLED = 1_000


@dataclass(frozen=True)
class Relations:
    """The columns of one table, as all measures of dependence need them.

    `table` for `dependence`, `binned` for `informations`: the same columns in the same order.
    """

    table: Table
    binned: Binned

    def features(self) -> Floats:
        """Give the columns whose products are all that the measures need. See `Layout`."""
        present = ~np.isnan(self.table.values)
        ranks = _standardised(pd.DataFrame(self.table.values).rank().to_numpy(), present)
        values = _standardised(self.table.values, present)
        widths = np.array([level.total for level in self.table.levels])
        return np.hstack(
            [
                present.astype(np.float64),
                ranks,
                ranks**2,
                values,
                values**2,
                _indicators(self.table.codes, widths),
                _indicators(self.binned.codes, self.binned.widths),
            ]
        )

    def columns(self, kept: Sequence[int]) -> Relations:
        """Give some of the columns, in their order."""
        p = self.table.values.shape[1]
        numbers, codes = [i for i in kept if i < p], [i - p for i in kept if i >= p]
        return Relations(
            Table(
                self.table.values[:, numbers],
                self.table.codes[:, codes],
                tuple(self.table.levels[i] for i in codes),
            ),
            Binned(self.binned.codes[:, list(kept)], self.binned.widths[list(kept)]),
        )

    def features_per_column(self) -> npt.NDArray[np.int64]:
        """Count the features of every column."""
        own = [*[5] * self.table.values.shape[1], *(level.total for level in self.table.levels)]
        return np.array(own, dtype=np.int64) + self.binned.widths

    def shuffled(self, n_rows: int, rng: np.random.Generator) -> Relations:
        """Shuffle every column by itself; draw with replacement where more rows are wanted."""
        n, p = self.table.values.shape
        k = self.binned.codes.shape[1]

        def draw() -> Rows:
            return rng.permutation(n)[:n_rows] if n_rows <= n else rng.integers(n, size=n_rows)

        rows = np.array([draw() for _ in range(k)], dtype=np.intp).T
        return Relations(
            Table(
                np.take_along_axis(self.table.values, rows[:, :p], axis=0),
                np.take_along_axis(self.table.codes, rows[:, p:], axis=0),
                self.table.levels,
            ),
            Binned(np.take_along_axis(self.binned.codes, rows, axis=0), self.binned.widths),
        )


@dataclass(frozen=True)
class Replicated:
    """What replicated tables give for all pairs, one figure per replicate and pair.

    Attributes
    ----------
    dependence, information : ndarray of shape (n_replicates, p + q, p + q)
        Of the measures of `dependence` and of `informations`; NaN where a replicate left a pair
        fewer than 3 complete rows.
    """

    dependence: Floats
    information: Floats


@dataclass(frozen=True)
class Exchanges(Replicated):
    """The differences of two tables that have exchanged rows, and the measures in the first.

    Attributes
    ----------
    first : ndarray of shape (n_replicates, p + q, p + q)
        The measures of `dependence` in the first table.
    """

    first: Floats


def exchange_rows(real: Relations, synthetic: Relations, rng: np.random.Generator) -> Exchanges:
    """Exchange rows between two tables at random; give the differences, first minus second table.

    If both tables are samples of one population, every division of their rows is as likely as the
    one at hand, so that the law of the difference needs no assumption about the columns (Fisher,
    1935; Pitman, 1937). So that a column with shifted values does not make its pairs look
    dependent in the mixture of both tables, numbers are first replaced by their ranks, and for the
    correlation ratio by deviations from the mean in standard deviations, each within its own
    table; they are not ranked anew in each replicate.

    There are 400 replicates, fewer (at least 50) with many columns and levels. Where the smaller
    table has so many rows that this would take long, it is not single rows that are exchanged but
    random blocks of them, 200 in both tables together (fewer, at least 32, with many columns and
    levels): every division of the blocks is as likely as well.
    """
    features = [table.features() for table in (real, synthetic)]
    layout = Layout.of(real)
    found = []
    for first, second in _divisions(features, rng):
        measured = layout.dependence(first)
        informed = layout.information(first) - layout.information(second)
        found.append((measured - layout.dependence(second), informed, measured))
    return Exchanges(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def shuffle_columns(real: Relations, n_rows: int, rng: np.random.Generator) -> Replicated:
    """Measure five tables of so many rows (at most 1,000) with the real columns shuffled."""
    layout = Layout.of(real)
    tables = (real.shuffled(min(n_rows, MOST_SHUFFLED), rng).features() for _ in range(SHUFFLES))
    products = np.array([table.T @ table for table in tables])
    return Replicated(layout.dependence(products), layout.information(products))


def _divisions(features: list[Floats], rng: np.random.Generator) -> Iterator[tuple[Floats, Floats]]:
    """Divide the rows of both tables anew; give the products of their features, some at a time."""
    n, width = len(features[0]), features[0].shape[1]
    pool = np.vstack(features)
    total = pool.T @ pool
    smaller = min(n, len(pool) - n)
    n_blocks = int(np.clip(BLOCK_CELLS // width**2, FEWEST_BLOCKS, MOST_BLOCKS))
    in_smaller = n_blocks * smaller // len(pool)
    by_rows = in_smaller < 2 or smaller * width**2 <= MOST_PRODUCTS // FEWEST_REPLICATES
    per_replicate = (smaller if by_rows else n_blocks) * width**2
    left = int(np.clip(MOST_PRODUCTS // per_replicate, FEWEST_REPLICATES, MOST_REPLICATES))
    blocks = None if by_rows else Blocks.of(features, smaller // in_smaller, rng)
    while left > 0:
        at_a_time = min(left, max(1, CELLS // width**2))
        left -= at_a_time
        if blocks is not None:
            products = blocks.draw(at_a_time, rng)
        else:
            drawn = (pool[rng.permutation(len(pool))[:smaller]] for _ in range(at_a_time))
            products = np.array([rows.T @ rows for rows in drawn])
        others = total - products
        yield (others, products) if by_rows and smaller < n else (products, others)


@dataclass(frozen=True)
class Blocks:
    """The products of random blocks of rows, all of one size, which change tables.

    The rows of the first table that are left over, fewer than a block, stay there: `rest`.
    """

    products: Floats
    rest: Floats
    n_first: int

    @classmethod
    def of(cls, features: list[Floats], size: int, rng: np.random.Generator) -> Blocks:
        """Cut either table into blocks."""
        width = features[0].shape[1]
        tables = [table[rng.permutation(len(table))] for table in features]
        ends = [len(table) // size * size for table in tables]
        blocks = [
            block.T @ block
            for table, end in zip(tables, ends, strict=True)
            for block in table[:end].reshape(-1, size, width)
        ]
        rest = tables[0][ends[0] :]
        return cls(np.array(blocks), rest.T @ rest, ends[0] // size)

    def draw(self, replicates: int, rng: np.random.Generator) -> Floats:
        """Give the products of the first table in each replicate."""
        n_blocks = len(self.products)
        taken = np.zeros((replicates, n_blocks))
        for line in taken:
            line[rng.permutation(n_blocks)[: self.n_first]] = 1.0
        sums = taken @ self.products.reshape(n_blocks, -1)
        products: Floats = sums.reshape(replicates, *self.rest.shape) + self.rest
        return products


def _standardised(values: Floats, present: npt.NDArray[np.bool_]) -> Floats:
    """Give deviations from the mean in standard deviations; 0 for missing values."""
    if not values.size:
        return values
    known = np.where(present, values, 0.0)
    largest = np.maximum(np.abs(known).max(axis=0), np.finfo(float).tiny)
    known = known / largest
    counts = np.maximum(present.sum(axis=0), 1)
    centred = np.where(present, known - known.sum(axis=0) / counts, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / counts)
    flat = spread < 1e-12
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, spread))


def _indicators(codes: npt.NDArray[np.int64], widths: npt.NDArray[np.int64]) -> Floats:
    columns = [
        column[:, None] == np.arange(width) for column, width in zip(codes.T, widths, strict=True)
    ]
    if not columns:
        return np.empty((len(codes), 0))
    return np.hstack(columns).astype(np.float64)


@dataclass(frozen=True)
class Layout:
    """Where the products of which columns stand in a matrix of products of features.

    In this order: which numbers are present, their ranks, the squares of these, the numbers, the
    squares of these, one 0/1 column per level, one per bin or level of the mutual information.
    """

    p: int
    starts: npt.NDArray[np.int64]
    width: int
    real_levels: npt.NDArray[np.int64]
    binned_starts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, relations: Relations) -> Layout:
        """Describe the features of a table."""
        levels = relations.table.levels
        widths = np.array([level.total for level in levels], dtype=np.int64)
        return cls(
            p=relations.table.values.shape[1],
            starts=np.concatenate([[0], np.cumsum(widths)])[:-1].astype(np.int64),
            width=int(widths.sum()),
            real_levels=np.array([level.real for level in levels], dtype=np.int64),
            binned_starts=relations.binned.starts,
        )

    def dependence(self, products: Floats) -> Floats:
        """Measure as `dependence` does, with ranks among all rows of the own table."""
        p, q = self.p, self.starts.size
        found = np.zeros((len(products), p + q, p + q))
        rows = np.empty_like(found)
        number, rank, rank_squared, value, value_squared = (
            slice(i * p, (i + 1) * p) for i in range(5)
        )
        levels = slice(5 * p, 5 * p + self.width)
        if p:
            rows[:, :p, :p] = products[:, number, number]
            found[:, :p, :p] = _correlations(
                products[:, number, number],
                products[:, rank, number],
                products[:, rank_squared, number],
                products[:, rank, rank],
            )
        if q:
            cells = products[:, levels, levels]
            margins = np.add.reduceat(cells, self.starts, axis=2)
            rows[:, p:, p:] = np.add.reduceat(margins, self.starts, axis=1)
            found[:, p:, p:] = self._cramers_v(cells, margins)
        if p and q:
            counts = products[:, levels, number]
            rows[:, p:, :p] = np.add.reduceat(counts, self.starts, axis=1)
            rows[:, :p, p:] = np.swapaxes(rows[:, p:, :p], 1, 2)
            found[:, p:, :p] = self._correlation_ratios(
                counts, products[:, levels, value], products[:, levels, value_squared]
            )
            found[:, :p, p:] = np.swapaxes(found[:, p:, :p], 1, 2)
        found[rows < FEWEST_ROWS] = np.nan
        return found

    def information(self, products: Floats) -> Floats:
        """Measure as `informations` does."""
        start = 5 * self.p + self.width
        return informations(products[:, start:, start:], self.binned_starts)

    def _cramers_v(self, cells: Floats, margins: Floats) -> Floats:
        widths = np.diff(np.append(self.starts, self.width))
        of_level = np.repeat(np.arange(widths.size), widths)
        # margins[i, b]: rows of level i in which column b is present.
        spread = margins[:, :, of_level]
        expected = spread * np.swapaxes(spread, 1, 2)
        ratios = np.divide(cells**2, expected, out=np.zeros_like(cells), where=expected > 0)
        by_column = np.add.reduceat(ratios, self.starts, axis=2)
        phi_squared = np.add.reduceat(by_column, self.starts, axis=1) - 1.0
        degrees = np.minimum.outer(self.real_levels, self.real_levels) - 1
        return _root(phi_squared / np.maximum(degrees, 1))

    def _correlation_ratios(self, counts: Floats, sums: Floats, squares: Floats) -> Floats:
        per_level = np.divide(sums**2, counts, out=np.zeros_like(sums), where=counts > 0)
        n = np.maximum(np.add.reduceat(counts, self.starts, axis=1), 1.0)
        correction = np.add.reduceat(sums, self.starts, axis=1) ** 2 / n
        between = np.add.reduceat(per_level, self.starts, axis=1) - correction
        total = np.add.reduceat(squares, self.starts, axis=1) - correction
        varies = total > 1e-12 * n
        return _root(np.divide(between, total, out=np.zeros_like(total), where=varies))


def _correlations(n: Floats, sums: Floats, squares: Floats, cross: Floats) -> Floats:
    n = np.maximum(n, 1.0)
    variances = squares - sums**2 / n
    covariances = cross - sums * np.swapaxes(sums, 1, 2) / n
    scale = np.sqrt(np.clip(variances * np.swapaxes(variances, 1, 2), 0.0, None))
    varies = scale > 1e-9
    rho = np.divide(covariances, scale, out=np.zeros_like(scale), where=varies)
    found: Floats = np.clip(rho, -1.0, 1.0)
    return found


def _root(share: Floats) -> Floats:
    root: Floats = np.sqrt(np.clip(np.where(share < 1e-13, 0.0, share), 0.0, 1.0))
    return root
