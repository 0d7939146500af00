"""Regression and classification trees that find groups of similar patients.

scikit-learn grows them; what is kept is plain data, which can be saved and read by anybody.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["Tree", "grow_classification_tree", "grow_regression_tree", "roundest"]

Places = npt.NDArray[np.int64]

#: A tree sees at most this many rows; more do not change groups that are this large.
MAX_ROWS = 20_000

#: No tree has as many nodes.
MAX_NODES = 10_000


class Tree(BaseModel):
    """A binary tree whose leaves are groups of rows.

    Attributes
    ----------
    predictors : tuple of str
        The columns that are asked about.
    feature : tuple of int
        For each node the position in `predictors`; -1: a leaf.
    threshold : tuple of float
        Rows not above it go left.
    left, right : tuple of int
        The nodes below; for a leaf, `left` is its number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    predictors: tuple[str, ...]
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]

    @model_validator(mode="after")
    def _leads_to_leaves(self) -> Tree:
        """Check that every way through the tree ends in a leaf, also in a stranger's file."""
        n = len(self.feature)
        if not n == len(self.threshold) == len(self.left) == len(self.right) or n > MAX_NODES:
            raise ValueError("the parts of the tree are not of one length")
        if not all(-1 <= feature < len(self.predictors) for feature in self.feature):
            raise ValueError("a node asks about a column that is not a predictor")
        if not all(map(math.isfinite, self.threshold)):
            raise ValueError("a threshold is not finite")
        for node, feature in enumerate(self.feature):
            # Nodes below stand behind: there is no way back, and so no way without end.
            below = (self.left[node], self.right[node])
            if feature >= 0 and not all(node < child < n for child in below):
                raise ValueError("a node does not lead on")
        leaves = [self.left[node] for node in range(n) if self.feature[node] < 0]
        if sorted(leaves) != list(range(len(leaves))) or not leaves:
            raise ValueError("the leaves are not numbered from 0")
        return self

    @classmethod
    def trivial(cls) -> Tree:
        """Give the tree that has all rows in one leaf."""
        return cls(predictors=(), feature=(-1,), threshold=(0.0,), left=(0,), right=(0,))

    @property
    def n_leaves(self) -> int:
        """The number of groups."""
        return self.feature.count(-1)

    def without_values(self, values: pd.DataFrame) -> Tree:
        """Give the tree that splits `values` likewise, but none of whose thresholds is in it.

        A threshold half-way between two patients' values tells of both, and may be a third one's.
        Each becomes the roundest number that lies between the same two values of its column.
        """
        threshold = list(self.threshold)
        columns = {name: np.unique(values[name].to_numpy(np.float64)) for name in self.predictors}
        for node, asked in enumerate(self.feature):
            if asked >= 0:
                known = columns[self.predictors[asked]]
                cells = _cells(pd.DataFrame({"known": known}))[:, 0]
                place = int(np.searchsorted(cells, threshold[node], side="right"))
                # Between them as they are, and in the precision in which they are compared.
                low = max(float(known[place - 1]), float(cells[place - 1]))
                high = min(float(known[place]), float(cells[place]))
                threshold[node] = roundest(low, high)
        return self.model_copy(update={"threshold": tuple(threshold)})

    def leaf_of(self, values: pd.DataFrame) -> Places:
        """Give the number of the leaf of each row."""
        feature, left, right = (np.asarray(part) for part in (self.feature, self.left, self.right))
        threshold = np.asarray(self.threshold)
        cells = _cells(values[list(self.predictors)])
        node = np.zeros(len(values), dtype=np.int64)
        while True:
            rows = np.flatnonzero(feature[node] >= 0)
            if not rows.size:
                return left[node].astype(np.int64)
            at = node[rows]
            goes_left = cells[rows, feature[at]] <= threshold[at]
            node[rows] = np.where(goes_left, left[at], right[at])


def grow_regression_tree(
    values: pd.DataFrame, target: npt.NDArray[Any], max_leaves: int | None, min_leaf: int
) -> Tree:
    """Group rows such that the target (one column, or several at once) varies little within."""
    from sklearn.tree import DecisionTreeRegressor

    return _grow(DecisionTreeRegressor, values, target.astype(float), max_leaves, min_leaf)


def grow_classification_tree(
    values: pd.DataFrame, target: npt.NDArray[Any], max_leaves: int | None, min_leaf: int
) -> Tree:
    """Group rows such that the target's classes are mixed little within."""
    from sklearn.tree import DecisionTreeClassifier

    return _grow(DecisionTreeClassifier, values, target, max_leaves, min_leaf)


def _grow(
    family: Any,
    values: pd.DataFrame,
    target: npt.NDArray[Any],
    max_leaves: int | None,
    min_leaf: int,
) -> Tree:
    if values.shape[1] == 0 or len(values) < 2 * min_leaf:
        return Tree.trivial()
    # Evenly spaced rows: no random choice is needed to see the whole table.
    rows = np.linspace(0, len(values) - 1, min(len(values), MAX_ROWS)).astype(np.int64)
    cells = _cells(values.iloc[rows])
    # Of splits that are equally good scikit-learn takes one at random: the seed is fixed.
    grown = family(max_leaf_nodes=max_leaves, min_samples_leaf=min_leaf, random_state=0)
    with warnings.catch_warnings():
        # That there are many classes for so few rows, which is no fault here.
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        nodes = grown.fit(cells, target[rows]).tree_
    is_leaf = nodes.children_left < 0
    number = np.cumsum(is_leaf) - 1
    asked = np.unique(nodes.feature[~is_leaf])
    return Tree(
        predictors=tuple(values.columns[asked]),
        feature=tuple(np.where(is_leaf, -1, np.searchsorted(asked, nodes.feature)).tolist()),
        threshold=tuple(np.where(is_leaf, 0.0, nodes.threshold).tolist()),
        left=tuple(np.where(is_leaf, number, nodes.children_left).tolist()),
        right=tuple(np.where(is_leaf, 0, nodes.children_right).tolist()),
    )


def roundest(low: float, high: float) -> float:
    """Give the number of the fewest decimals that lies between two others."""
    middle = low + (high - low) / 2
    for digits in range(-15, 18):
        rounded = round(middle, digits) + 0.0
        if low < rounded < high:
            return rounded
    return middle


def _cells(values: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Give the values in the precision in which scikit-learn compares them."""
    largest = float(np.finfo(np.float32).max)
    return np.clip(values.to_numpy(dtype=np.float64), -largest, largest).astype(np.float32)
