"""How cells go missing together, told by a few shares, so that no patient's own pattern is kept.

Of 61 patients with gaps in 30 columns hardly two have the same cells missing: a pattern is a
fingerprint. So patterns that few patients share are not kept. Rows of a Bayesian network of the
cells' states stand in their place, which has learned from all patients how one gap goes with
others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["GapLaw"]

Cells = npt.NDArray[np.int8]
Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Chance that an unrelated column becomes a parent of a column, over all candidates.
_FALSE_PARENTS = 0.05
#: Parents of a column, and columns that are tried as its second or third.
_MOST_PARENTS, _CANDIDATES = 3, 10
#: Rows that the graph is sought with; its shares come from all.
_MOST_ROWS = 20_000
#: A share counts as much as so many patients beside those of a cell that has one parent more.
_WEIGHT = 2.0


class _Node(NamedTuple):
    parents: tuple[int, ...]
    shares: Floats
    """Of each combination of the parents' states (a row), running sums of the states' shares."""


class GapLaw:
    """A Bayesian network of the states of cells, each 0 for known, with a group of rows as root.

    A column's first parent is the one in the tree of largest mutual information (Chow and Liu,
    1968), which grows from the column most strongly related to the others; further ones are added
    while a likelihood-ratio test within the combinations of those before allows it. Columns whose
    states are the same in all rows, such as a panel's, are one node. Shares of combinations that
    few rows have are drawn towards those of one parent fewer.

    Parameters
    ----------
    cells : numpy.ndarray of int8, shape (n_rows, n_columns)
        The state of each cell.
    groups : numpy.ndarray of int64, shape (n_rows,)
        The group of each row, numbered from 0.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> panel = rng.random(200) < 0.3
    >>> other = np.where(rng.random(200) < 0.1, ~panel, panel)
    >>> cells = np.column_stack([panel, panel, other]).astype(np.int8)
    >>> drawn = GapLaw(cells, np.zeros(200, dtype=np.int64)).draw(np.zeros(1_000, int), rng)
    >>> bool((drawn[:, 0] == drawn[:, 1]).all())
    True
    >>> float((drawn[:, 0] == drawn[:, 2]).mean().round(1))
    0.9
    """

    def __init__(self, cells: Cells, groups: Codes) -> None:
        different, which = np.unique(cells, axis=1, return_inverse=True)
        self._which = which.reshape(-1)
        nodes = [groups.astype(np.int64), *different.T.astype(np.int64)]
        sizes = [int(states.max()) + 1 for states in nodes]
        few = np.arange(len(groups))
        if len(groups) > _MOST_ROWS:
            few = np.random.default_rng(0).choice(few, _MOST_ROWS, replace=False)
        sought = [states[few] for states in nodes]
        self._order, first, gains = _tree(sought, sizes)
        self._nodes: dict[int, _Node] = {}
        for place, node in enumerate(self._order[1:], start=1):
            parents = _parents(sought, sizes, node, first[node], self._order[:place], gains[node])
            self._nodes[node] = _Node(parents, _shares(nodes, sizes, node, parents))
        self._sizes = sizes

    def draw(self, groups: Codes, rng: np.random.Generator) -> Cells:
        """Draw the cells of a row for each group.

        Parameters
        ----------
        groups : numpy.ndarray of int64, shape (n,)
            Some of those learned.

        Returns
        -------
        numpy.ndarray of int8, shape (n, n_columns)
        """
        drawn = np.zeros((len(groups), len(self._sizes)), dtype=np.int64)
        drawn[:, 0] = groups
        for node in self._order[1:]:
            parents, shares = self._nodes[node]
            given = shares[_combined(drawn.T, self._sizes, parents)]
            drawn[:, node] = (rng.random(len(groups))[:, None] >= given[:, :-1]).sum(axis=1)
        cells: Cells = drawn[:, 1:][:, self._which].astype(np.int8)
        return cells


def _tree(nodes: list[Codes], sizes: list[int]) -> tuple[list[int], dict[int, int | None], Floats]:
    """Give an order that starts with the group, each node's first parent, and all pairs' gains."""
    ends = np.cumsum([0, *sizes])
    coded = np.zeros((len(nodes[0]), ends[-1]), dtype=np.float32)
    for node, states in enumerate(nodes):
        coded[np.arange(len(states)), ends[node] + states] = 1.0
    counts = (coded.T @ coded).astype(np.float64)
    gains = np.full((len(nodes), len(nodes)), -np.inf)
    for one in range(len(nodes)):
        for other in range(one):
            table = counts[ends[one] : ends[one + 1], ends[other] : ends[other + 1]]
            gains[one, other] = gains[other, one] = _gain(table[None], len(nodes) - 1)
    order: list[int] = [0]
    first: dict[int, int | None] = {}
    left = np.arange(1, len(nodes))
    while left.size:
        reached = gains[order][:, left]
        if reached.max() > 0:
            one, place = (int(at) for at in np.unravel_index(np.argmax(reached), reached.shape))
            node = int(left[place])
            first[node] = order[one]
        else:  # unrelated to all before: the root of a tree of its own
            node = int(left[np.argmax(gains[left].max(axis=1))])
            first[node] = None
        order.append(node)
        left = left[left != node]
    return order, first, gains


def _gain(tables: Floats, n_candidates: int) -> float:
    """Give how far a likelihood ratio is beyond what chance gives the best of many candidates.

    Parameters
    ----------
    tables : numpy.ndarray, shape (n_combinations, n_states, n_states)
        Counts of two columns' states in each combination of others' states.
    """
    total = tables.sum(axis=(1, 2), keepdims=True)
    one, other = tables.sum(axis=2, keepdims=True), tables.sum(axis=1, keepdims=True)
    expected = one * other / np.maximum(total, 1.0)
    seen = tables > 0
    ratio = 2.0 * float((tables[seen] * np.log(tables[seen] / expected[seen])).sum())
    freedom = np.maximum((one > 0).sum(axis=1) - 1, 0) * np.maximum((other > 0).sum(axis=2) - 1, 0)
    edge = stats.chi2.isf(_FALSE_PARENTS / max(n_candidates, 1), max(int(freedom.sum()), 1))
    return ratio - float(edge)


def _parents(
    nodes: list[Codes],
    sizes: list[int],
    node: int,
    first: int | None,
    before: list[int],
    gains: Floats,
) -> tuple[int, ...]:
    if first is None:
        return ()
    parents: tuple[int, ...] = (first,)
    candidates = sorted((one for one in before if one != first), key=lambda one: -gains[one])
    candidates = candidates[:_CANDIDATES]
    while len(parents) < _MOST_PARENTS and candidates:
        within = _combined(nodes, sizes, parents)
        found = []
        for one in candidates:
            states = (within, nodes[one], nodes[node])
            counts = _counts(states, (_n_combinations(sizes, parents), sizes[one], sizes[node]))
            found.append(_gain(counts, len(candidates)))
        best = int(np.argmax(found))
        if found[best] <= 0:
            break
        parents = (*parents, candidates.pop(best))
    return parents


def _shares(nodes: list[Codes], sizes: list[int], node: int, parents: tuple[int, ...]) -> Floats:
    """Give running sums of shares; each combination's are drawn towards one parent fewer."""
    shares: Floats = np.bincount(nodes[node], minlength=sizes[node])[None] / len(nodes[node])
    for known in range(1, len(parents) + 1):
        some = parents[:known]
        within = _combined(nodes, sizes, some)
        counts = _counts((within, nodes[node]), (_n_combinations(sizes, some), sizes[node]))
        fewer = np.repeat(shares, sizes[some[-1]], axis=0)
        shares = (counts + _WEIGHT * fewer) / (counts.sum(axis=1, keepdims=True) + _WEIGHT)
    return np.asarray(np.cumsum(shares, axis=1))


def _n_combinations(sizes: list[int], parents: tuple[int, ...]) -> int:
    return int(np.prod([sizes[one] for one in parents]))


def _counts(states: tuple[Codes, ...], shape: tuple[int, ...]) -> Floats:
    place = np.ravel_multi_index(states, shape)
    return np.bincount(place, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)


def _combined(
    nodes: list[Codes] | npt.NDArray[np.int64], sizes: list[int], parents: tuple[int, ...]
) -> Codes:
    """Give the number of each row's combination of the parents' states."""
    combined = np.zeros(len(nodes[0]), dtype=np.int64)
    for one in parents:
        combined = combined * sizes[one] + nodes[one]
    return combined
