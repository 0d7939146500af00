"""A column given the cells of a few others: the distributions of a Bayesian network.

A column that others are given is coarsened: its outcomes, bins or levels in an order, are parted
in halves of about equally many rows, again and again, so that coarse groups are made of finer ones.
The cells of several such columns are nested likewise. The distribution in a cell is drawn towards
that in the coarser cell around it, and a cell of too few patients has that of the coarser one: it
is merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthhealth.models._leaves import Nodes, Partings, distributions

__all__ = ["MAX_DEPTH", "Cells", "Groups", "depth_for", "learn_cells"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: A column that others are given has at most two to the power of so many groups.
MAX_DEPTH = 5

#: Cells of all columns that one is given, at most; of more columns each has fewer groups.
_MAX_CELLS = 4_096

#: With how many rows the coarser cell speaks, and how many rows a cell must have, in smallest
#: ones (with the last all are merged): what is chosen from by the likelihood of rows held out.
STRENGTHS, FACTORS = (2.0, 8.0, 32.0), (1, 4, 16, 64, 1_000_000_000)

#: Rows that these are chosen on, half of them held out; fewer than so many are parted in five.
_CHOICE_ROWS, _FEW_ROWS, _FOLDS_OF_FEW, _FOLDS = 8_000, 1_000, 5, 2


@dataclass(frozen=True)
class Groups:
    """The nested groups of one column's outcomes.

    Attributes
    ----------
    by_depth : tuple of numpy.ndarray, each of shape (n_outcomes,)
        The group of each outcome: first one for all, then each parted in two as far as it can be.
    """

    by_depth: tuple[Codes, ...]

    @classmethod
    def of(cls, counts: Codes) -> Groups:
        """Group outcomes of `counts` rows."""
        sums = np.concatenate([[0], np.cumsum(counts)])
        spans, found = [(0, len(counts))], []
        for _ in range(MAX_DEPTH + 1):
            group = np.empty(len(counts), dtype=np.int64)
            for place, (start, stop) in enumerate(spans):
                group[start:stop] = place
            found.append(group)
            spans = [half for span in spans for half in _halves(span, sums)]
        return cls(tuple(found))

    def at(self, depth: int) -> Codes:
        """Give the group of each outcome."""
        return self.by_depth[min(depth, len(self.by_depth) - 1)]

    def size(self, depth: int) -> int:
        """Say how many groups there are."""
        return int(self.at(depth).max()) + 1


def _halves(span: tuple[int, int], sums: Codes) -> list[tuple[int, int]]:
    start, stop = span
    if stop - start < 2:
        return [span]
    half = (sums[start] + sums[stop]) / 2
    middle = int(np.argmin(np.abs(sums[start + 1 : stop] - half))) + start + 1
    return [(start, middle), (middle, stop)]


def depth_for(n_parents: int) -> int:
    """Say how often a column is parted, of which there may be so many in a cell."""
    depth = MAX_DEPTH
    while 2 ** (depth * n_parents) > _MAX_CELLS:
        depth -= 1
    return depth


@dataclass(frozen=True)
class Cells:
    """The distribution of a column in each cell of those that it is given.

    Attributes
    ----------
    of_cell : numpy.ndarray of int64, shape (n_groups of the first, n_groups of the second, ...)
        Which distribution a cell has; merged cells share one.
    shares : numpy.ndarray, shape (n_distributions, n_outcomes)
    rows : numpy.ndarray, shape (n_distributions,)
        The rows that each was learned from.
    """

    of_cell: Codes
    shares: Floats
    rows: Floats


#: What a column is given: the groups of each, and its outcome in each row.
Parents = Sequence[tuple[Groups, Codes]]


def learn_cells(
    parents: Parents,
    outcomes: Codes,
    n_outcomes: int,
    *,
    depth: int,
    min_cell: int,
    rng: np.random.Generator,
) -> Cells:
    """Learn a column given some others.

    How much a cell is drawn towards the coarser one, and how many rows a cell must have, is chosen
    by the likelihood of rows held out.

    Parameters
    ----------
    parents : sequence of (Groups, numpy.ndarray of shape (n_rows,))
        What it is given.
    outcomes : numpy.ndarray, shape (n_rows,)
        What it is in each row; outcomes next to each other are alike.
    depth : int
        How often those that it is given are parted.
    min_cell : int
        Of fewer rows nothing is learned; a cell has twice as many or more.
    """
    partings = Partings.of(np.bincount(outcomes, minlength=n_outcomes), is_ordered=True)
    least, strength = 2 * min_cell, STRENGTHS[0]
    if parents:
        least, strength = _chosen(parents, outcomes, partings, depth, min_cell, rng)
    nodes, of_cell = _nested(parents, outcomes, n_outcomes, depth, least)
    found = distributions(nodes, partings, strength, min_cell)
    used, place = np.unique(of_cell, return_inverse=True)
    rows = nodes.outcomes.sum(axis=1)
    return Cells(place.reshape(of_cell.shape).astype(np.int64), found[used], rows[used])


def _nested(
    parents: Parents, outcomes: Codes, n_outcomes: int, depth: int, least: int
) -> tuple[Nodes, Codes]:
    """Count the rows of the cells at each depth that have enough of them.

    Returns
    -------
    nodes : Nodes
        These cells, below each other; the first is that of all rows.
    of_cell : numpy.ndarray, shape (n_groups of the first, ...)
        The finest of them around each cell.
    """
    shape = tuple(groups.size(depth) for groups, _ in parents)
    of_cell = np.zeros(shape, dtype=np.int64)
    all_rows = np.bincount(outcomes, minlength=n_outcomes).reshape(1, -1)
    above, level, counts = [np.zeros(1, dtype=np.int64)], [0], [all_rows]
    for at in range(1, depth + 1 if parents else 1):
        sizes = tuple(groups.size(at) for groups, _ in parents)
        n_cells = int(np.prod(sizes))
        row_cell = np.ravel_multi_index(
            tuple(groups.at(at)[codes] for groups, codes in parents), sizes
        )
        # Of each finest cell the one at this depth.
        coarser = (_coarser(groups, depth, at) for groups, _ in parents)
        cell = np.ravel_multi_index(np.ix_(*coarser), sizes)
        rows = np.bincount(row_cell, minlength=n_cells)
        before = np.zeros(n_cells, dtype=np.int64)
        before[cell] = of_cell
        rows_before = np.concatenate(counts).sum(axis=1)[before]
        # A cell with all rows of the one around it would say the same.
        new = np.flatnonzero((rows >= least) & (rows < rows_before))
        if not new.size:
            continue
        node = np.full(n_cells, -1, dtype=np.int64)
        node[new] = len(level) + np.arange(new.size)
        above.append(before[new])
        of_cell = np.where(node[cell] >= 0, node[cell], of_cell)
        there = node[row_cell] - len(level)
        is_new = there >= 0
        counted = np.bincount(
            there[is_new] * n_outcomes + outcomes[is_new], minlength=new.size * n_outcomes
        )
        level += [at] * new.size
        counts.append(counted.reshape(new.size, n_outcomes))
    found = np.concatenate(counts).astype(np.float64)
    nodes = Nodes(np.concatenate(above), np.array(level), np.arange(len(found)), found)
    return nodes, of_cell


def _coarser(groups: Groups, deep: int, depth: int) -> Codes:
    """Give the group at a depth of each deeper one."""
    found = np.zeros(groups.size(deep), dtype=np.int64)
    found[groups.at(deep)] = groups.at(depth)
    return found


def _chosen(
    parents: Parents,
    outcomes: Codes,
    partings: Partings,
    depth: int,
    min_cell: int,
    rng: np.random.Generator,
) -> tuple[int, float]:
    """Choose how many rows a cell must have, and with how many the coarser one speaks."""
    if len(outcomes) > _CHOICE_ROWS:
        rows = np.linspace(0, len(outcomes) - 1, _CHOICE_ROWS).astype(np.int64)
        parents = [(groups, codes[rows]) for groups, codes in parents]
        outcomes = outcomes[rows]
    n_folds = _FOLDS_OF_FEW if len(outcomes) < _FEW_ROWS else _FOLDS
    folds = rng.permutation(np.arange(len(outcomes)) % n_folds)
    scores = np.zeros((len(FACTORS), len(STRENGTHS)))
    for fold in range(n_folds if n_folds == _FOLDS_OF_FEW else 1):
        seen = folds != fold
        unseen = tuple(groups.at(depth)[codes[~seen]] for groups, codes in parents)
        some = [(groups, codes[seen]) for groups, codes in parents]
        for place, factor in enumerate(FACTORS):
            least = 2 * min_cell * factor
            nodes, of_cell = _nested(some, outcomes[seen], len(partings.order), depth, least)
            for other, strength in enumerate(STRENGTHS):
                found = distributions(nodes, partings, strength, min_cell)
                likely = found[of_cell[unseen], outcomes[~seen]]
                scores[place, other] += np.log(np.maximum(likely, 1e-12)).sum()
    best = divmod(int(np.argmax(scores)), len(STRENGTHS))
    return 2 * min_cell * FACTORS[best[0]], STRENGTHS[best[1]]
