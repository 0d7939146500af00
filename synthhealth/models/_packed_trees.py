"""Trees with their leaves as a few flat arrays, and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from synthhealth.errors import ArtifactError
from synthhealth.models._bins import STEEPEST
from synthhealth.models._conditional import Conditional
from synthhealth.table.tree import Tree

__all__ = ["packed", "unpacked"]

Arrays = dict[str, npt.NDArray[Any]]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Name and type of each array; all are of one dimension.
_TYPES = {
    "sizes": np.int64,  # bins or levels, by column
    "slants": np.float64,  # by bin
    "nodes": np.int64,  # by tree, in the order in which columns are drawn
    "feature": np.int64,  # by node: the place of the column asked about in that order; -1: a leaf
    "threshold": np.int64,  # by node: bins and ranks up to this go left
    "left": np.int64,  # by node: the node below, of a leaf its number
    "right": np.int64,
    "ranks": np.int64,  # by tree, column asked about that has levels, and level
    "shares": np.float32,  # by leaf and outcome
    "weights": np.float32,  # by leaf
}


def packed(
    conditionals: Mapping[str, Conditional],
    sizes: Mapping[str, int],
    slants: Sequence[Floats],
    sequence: Sequence[str],
    numerical: Collection[str],
) -> Arrays:
    """Give trees as arrays.

    Parameters
    ----------
    conditionals : mapping of str to Conditional
        By the column that each draws, in the order in which they are drawn.
    sizes : mapping of str to int
        How many bins or levels each column has.
    slants : sequence of numpy.ndarray
        Those of the bins of each numerical column.
    sequence : sequence of str
        The columns in the order in which they are drawn.
    numerical : collection of str
        Which of them have bins.
    """
    place = {name: position for position, name in enumerate(sequence)}
    parts: dict[str, list[Any]] = {name: [] for name in _TYPES}
    parts["sizes"].append(list(sizes.values()))
    parts["slants"] += slants
    for one in conditionals.values():
        tree = one.tree
        asked = np.array([*(place[name] for name in tree.predictors), -1])
        parts["nodes"].append([len(tree.feature)])
        parts["feature"].append(asked[list(tree.feature)])
        parts["threshold"].append(np.floor(tree.threshold))
        parts["left"].append(tree.left)
        parts["right"].append(tree.right)
        for name in tree.predictors:
            if _has_ranks(name, sizes, numerical):
                parts["ranks"].append(one.ranks.get(name, np.arange(sizes[name])))
        parts["shares"].append(one.shares.ravel())
        parts["weights"].append(one.weights)
    return {
        name: np.concatenate([np.zeros(0), *parts[name]]).astype(dtype)
        for name, dtype in _TYPES.items()
    }


def unpacked(
    arrays: Arrays,
    columns: Sequence[str],
    sequence: Sequence[str],
    targets: Sequence[str],
    numerical: Collection[str],
) -> tuple[list[Conditional], dict[str, int], Floats]:
    """Give trees, the number of outcomes of each column, and the slants, from arrays.

    Parameters
    ----------
    columns, sequence : sequence of str
        All columns, in the order of the table and in that in which they are drawn.
    targets : sequence of str
        Those that a tree draws, in that order.
    numerical : collection of str
        Those that have bins.

    Raises
    ------
    ArtifactError, ValueError
        They are not those of such trees.
    """
    if set(arrays) != set(_TYPES) or any(
        array.ndim != 1 or array.dtype != _TYPES[name] for name, array in arrays.items()
    ):
        raise ArtifactError("the arrays of the model are not those of trees")
    counts, nodes = arrays["sizes"], arrays["nodes"]
    if len(counts) != len(columns) or len(nodes) != len(targets) or (counts < 1).any():
        raise ArtifactError("the trees are not as many as the columns")
    if (np.abs(arrays["slants"]) > STEEPEST).any():
        raise ArtifactError("a bin is steeper than bins can be")
    sizes = dict(zip(columns, counts.tolist(), strict=True))
    reader = _Reader(arrays)
    conditionals = []
    place_of = {name: place for place, name in enumerate(sequence)}
    for name, n_nodes in zip(targets, nodes.tolist(), strict=True):
        place = place_of[name]
        feature = reader.take("feature", n_nodes)
        asked = np.unique(feature[feature >= 0])
        if (feature < -1).any() or (asked >= place).any():
            raise ArtifactError("a tree asks about a column that is drawn later")
        tree = Tree(
            predictors=tuple(sequence[one] for one in asked),
            feature=tuple(np.where(feature < 0, -1, np.searchsorted(asked, feature)).tolist()),
            # Between this bin and the next one.
            threshold=tuple((reader.take("threshold", n_nodes) + 0.5).tolist()),
            left=tuple(reader.take("left", n_nodes).tolist()),
            right=tuple(reader.take("right", n_nodes).tolist()),
        )
        ranks = {
            one: _permutation(reader.take("ranks", sizes[one]))
            for one in tree.predictors
            if _has_ranks(one, sizes, numerical)
        }
        shares = reader.take("shares", tree.n_leaves * sizes[name])
        weights = reader.take("weights", tree.n_leaves)
        shares = shares.reshape(tree.n_leaves, sizes[name])
        if (shares < 0).any() or (shares.sum(axis=1) <= 0).any() or (weights <= 0).any():
            raise ArtifactError("the shares of a leaf are none")
        conditionals.append(Conditional(tree, ranks, shares, weights))
    reader.check_end()
    return conditionals, sizes, arrays["slants"]


class _Reader:
    """Takes arrays apart from their beginning to their end."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._at = dict.fromkeys(("feature", "threshold", "left", "right"), 0)
        self._at |= dict.fromkeys(("ranks", "shares", "weights"), 0)

    def take(self, name: str, n: int) -> npt.NDArray[Any]:
        start = self._at[name]
        self._at[name] = start + n
        if n < 1 or start + n > len(self._arrays[name]):
            raise ArtifactError(f"the trees have not enough {name}")
        return self._arrays[name][start : start + n]

    def check_end(self) -> None:
        if any(len(self._arrays[name]) != end for name, end in self._at.items()):
            raise ArtifactError("the trees have more than they need")


def _has_ranks(name: str, sizes: Mapping[str, int], numerical: Collection[str]) -> bool:
    return name not in numerical and sizes[name] > 2


def _permutation(ranks: Codes) -> Codes:
    if not np.array_equal(np.sort(ranks), np.arange(len(ranks))):
        raise ArtifactError("the ranks of the levels are not ranks")
    return ranks
