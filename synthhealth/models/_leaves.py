"""The distributions in the nodes of a tree, each drawn towards that of the node above it.

The outcomes of a column, its bins or levels, are parted in two again and again, each time into
halves of about equally many rows. A node of the tree is described by the share of the first half in
each of these partings, as a Polya tree is, and each share is drawn towards that of the node above
(hierarchical shrinkage), the more, the fewer rows of the node are concerned. Where one to four rows
of a node lie in a half, none or five are counted there, and nothing is learned of fewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from synthhealth.table.tree import Tree

__all__ = ["Nodes", "Partings", "distributions", "held_out_scores"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Partings:
    """How the outcomes of one column are parted.

    Attributes
    ----------
    order : numpy.ndarray, shape (n_outcomes,)
        The outcomes, those beside each other that are parted last.
    spans : numpy.ndarray, shape (n_outcomes - 1, 3)
        Of each parting where in `order` its outcomes start, where its second half starts, and
        where they stop; a parting stands behind those that it is within.
    """

    order: Codes
    spans: Codes

    @classmethod
    def of(cls, counts: Codes, *, is_ordered: bool) -> Partings:
        """Part outcomes of `counts` rows; levels without an order by how frequent they are."""
        n = len(counts)
        order = np.arange(n) if is_ordered else np.argsort(-counts, kind="stable")
        sums = np.concatenate([[0], np.cumsum(counts[order])])
        spans, waiting = [], [(0, n)]
        while waiting:
            start, stop = waiting.pop()
            if stop - start < 2:
                continue
            half = (sums[start] + sums[stop]) / 2
            middle = int(np.argmin(np.abs(sums[start + 1 : stop] - half))) + start + 1
            spans.append((start, middle, stop))
            waiting += [(middle, stop), (start, middle)]
        return cls(order, np.array(spans, dtype=np.int64).reshape(-1, 3))

    def counts(self, outcomes: Floats) -> tuple[Floats, Floats]:
        """Give how many rows lie in the first and in the second half of each parting.

        Parameters
        ----------
        outcomes : numpy.ndarray, shape (n_nodes, n_outcomes)
            Rows of each outcome.
        """
        ordered = outcomes[:, self.order]
        sums = np.concatenate([np.zeros((len(ordered), 1)), np.cumsum(ordered, axis=1)], axis=1)
        start, middle, stop = (sums[:, places] for places in self.spans.T)
        return middle - start, stop - middle

    def probabilities(self, shares: Floats) -> Floats:
        """Give the probability of each outcome from the shares of the first halves."""
        found = np.ones((len(shares), len(self.order)))
        for place, (start, middle, stop) in enumerate(self.spans):
            found[:, start:middle] *= shares[:, place, None]
            found[:, middle:stop] *= 1.0 - shares[:, place, None]
        by_outcome = np.empty_like(found)
        by_outcome[:, self.order] = found
        return by_outcome


class Nodes(NamedTuple):
    """The nodes of a tree, and the rows that pass through each."""

    above: Codes
    """The node above each; of the first, itself."""
    level: Codes
    """How many nodes are above each."""
    of_leaf: Codes
    """The node that each leaf is."""
    outcomes: Floats
    """How many rows of each outcome pass through each, shape (n_nodes, n_outcomes)."""

    @classmethod
    def of(cls, tree: Tree, leaves: Codes, outcomes: Codes, n_outcomes: int) -> Nodes:
        """Count the rows of a tree.

        Parameters
        ----------
        leaves, outcomes : numpy.ndarray, shape (n_rows,)
            The leaf and the outcome of each row.
        """
        n = len(tree.feature)
        above, level = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        of_leaf = np.zeros(tree.n_leaves, dtype=np.int64)
        for node, asked in enumerate(tree.feature):
            if asked < 0:
                of_leaf[tree.left[node]] = node
                continue
            below = [tree.left[node], tree.right[node]]
            above[below], level[below] = node, level[node] + 1
        counted = np.bincount(
            of_leaf[leaves] * n_outcomes + outcomes, minlength=n * n_outcomes
        ).reshape(n, n_outcomes)
        # Nodes below stand behind those above them.
        for node in range(n - 1, 0, -1):
            counted[above[node]] += counted[node]
        return cls(above, level, of_leaf, counted.astype(np.float64))


def distributions(nodes: Nodes, partings: Partings, strength: float, min_cell: int) -> Floats:
    """Give the distribution of the outcomes in each node.

    Parameters
    ----------
    strength : float
        With how many rows the node above speaks.
    min_cell : int
        Of fewer rows nothing is learned.

    Returns
    -------
    numpy.ndarray, shape (n_nodes, n_outcomes)
    """
    first, second = partings.counts(nodes.outcomes)
    total = first[0] + second[0]
    shares = np.empty_like(first)
    # Of all rows the shares are exact: levels of too few patients were pooled before.
    shares[0] = np.where(total > 0, first[0] / np.maximum(total, 1.0), 0.5)
    first, second = _coarse(first, second, min_cell)
    for level in range(1, int(nodes.level.max()) + 1):
        here = np.flatnonzero(nodes.level == level)
        before = shares[nodes.above[here]]
        shares[here] = (first[here] + strength * before) / (first[here] + second[here] + strength)
    return partings.probabilities(shares)


def _coarse(first: Floats, second: Floats, min_cell: int) -> tuple[Floats, Floats]:
    """Count fewer rows than `min_cell` in a half as none or as `min_cell`, whichever is nearer.

    The sum stays, so that it does not tell, either; where both halves have fewer, none are counted.
    """
    total = first + second
    smaller = np.minimum(first, second)
    is_few, is_told = smaller < min_cell, np.maximum(first, second) >= min_cell
    smaller = np.where(is_few, np.where(smaller < min_cell / 2, 0.0, float(min_cell)), smaller)
    # Of the smaller half no more than of the larger: five of nine would be most of them.
    smaller = np.minimum(smaller, total / 2)
    is_first = first <= second
    return (
        np.where(is_told, np.where(is_first, smaller, total - smaller), 0.0),
        np.where(is_told, np.where(is_first, total - smaller, smaller), 0.0),
    )


def held_out_scores(
    nodes: Nodes, found: Floats, leaves: Codes, outcomes: Codes, sizes: list[int]
) -> Floats:
    """Give the log probability of rows that a tree did not see, were it grown less far.

    Parameters
    ----------
    nodes : Nodes
        The tree, with the rows that it was grown on.
    found : numpy.ndarray, shape (n_nodes, n_outcomes)
        The distribution in each node.
    leaves, outcomes : numpy.ndarray, shape (n_rows,)
        The leaf and the outcome of each row held out.
    sizes : list of int
        Rows that each leaf must have had.

    Returns
    -------
    numpy.ndarray, shape (len(sizes),)
    """
    rows = nodes.outcomes.sum(axis=1)
    smallest = np.full(len(rows), np.inf)
    np.minimum.at(smallest, nodes.above[1:], rows[1:])
    scores = np.zeros(len(sizes))
    logarithms = np.log(np.maximum(found, 1e-12))
    for place, size in enumerate(sizes):
        ends = np.arange(len(rows))
        for level in range(1, int(nodes.level.max()) + 1):
            here = np.flatnonzero(nodes.level == level)
            above = nodes.above[here]
            goes_on = (ends[above] == above) & (smallest[above] >= size)
            ends[here] = np.where(goes_on, here, ends[above])
        scores[place] = logarithms[ends[nodes.of_leaf[leaves]], outcomes].sum()
    return scores
