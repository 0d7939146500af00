"""One column given others: a tree on their bins and levels, with a distribution in each leaf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.models._leaves import Nodes, Partings, distributions, held_out_scores
from synthhealth.table.tree import Tree, grow_classification_tree, grow_regression_tree

__all__ = [
    "Conditional",
    "Outcomes",
    "drawn",
    "learn_conditional",
    "level_ranks",
    "raked",
    "rounded",
]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: With how many rows the node above speaks: what is chosen from.
STRENGTHS = (2.0, 8.0, 32.0)

#: How many times the smallest leaf a leaf must have: what is chosen from.
FACTORS = (1, 2, 4, 8, 16, 32, 64)

#: Rows that these are chosen on, and how many of these are held out in turn.
CHOICE_ROWS = 8_000
_FEW_ROWS, _FOLDS_OF_FEW, _FOLDS = 1_000, 5, 2

#: No tree has more leaves.
MAX_LEAVES = 2_000

#: The weight of a leaf that no drawn row has reached, and how often leaves are brought to margins.
_UNREACHED, _ROUNDS = 1e-5, 50

#: With how many rows all levels speak where one is given its place among the others.
_LEVEL_STRENGTH = 5.0


@dataclass(frozen=True)
class Outcomes:
    """What a column can be: its bins, or its levels."""

    n: int
    is_ordered: bool


@dataclass(frozen=True)
class Conditional:
    """The distribution of a column given others.

    Attributes
    ----------
    tree : Tree
        Asks about other columns; of a column without order, about the levels' ranks.
    ranks : dict of str to numpy.ndarray
        The rank of each level, for the columns of the tree that have no order.
    shares : numpy.ndarray of float32, shape (n_leaves, n_outcomes)
        The probability of each outcome in each leaf.
    weights : numpy.ndarray of float32, shape (n_leaves,)
        The share of the drawn rows that each leaf has.
    """

    tree: Tree
    ranks: Mapping[str, Codes]
    shares: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]

    @property
    def probabilities(self) -> Floats:
        """The shares, each leaf's with the sum 1, and none 0."""
        shares = np.maximum(self.shares.astype(np.float64), 1e-9)
        return shares / shares.sum(axis=1, keepdims=True)

    def leaves(self, codes: pd.DataFrame) -> Codes:
        """Give the leaf of each row."""
        return self.tree.leaf_of(_ranked(codes, self.ranks, self.tree.predictors))

    def partly(self, codes: pd.DataFrame, outcomes: Codes) -> Floats:
        """Give the probability of an outcome for each row; a code of -1 is not known.

        Where the tree asks about what is not known, the leaves below speak by their weights.
        """
        tree, probabilities = self.tree, self.probabilities
        weights = np.zeros(len(tree.feature))
        for node in reversed(range(len(tree.feature))):
            left, right = tree.left[node], tree.right[node]
            is_leaf = tree.feature[node] < 0
            weights[node] = self.weights[left] if is_leaf else weights[left] + weights[right]
        found = np.zeros(len(codes))
        cells = _ranked(codes, self.ranks, tree.predictors).to_numpy()
        waiting = [(0, np.arange(len(codes)), np.ones(len(codes)))]
        while waiting:
            node, rows, parts = waiting.pop()
            asked, left, right = tree.feature[node], tree.left[node], tree.right[node]
            if asked < 0:
                found[rows] += parts * probabilities[left, outcomes[rows]]
                continue
            there = cells[rows, asked]
            to_left = np.where(
                there < 0, weights[left] / weights[node], there <= tree.threshold[node]
            )
            for child, shares in ((left, to_left), (right, 1.0 - to_left)):
                goes = shares > 0
                if goes.any():
                    waiting.append((child, rows[goes], parts[goes] * shares[goes]))
        return found


def drawn(probabilities: Floats, rows: Codes, rng: np.random.Generator) -> Codes:
    """Draw an outcome for each of `rows`, the numbers of distributions."""
    sums = np.cumsum(probabilities, axis=1)
    sums /= sums[:, -1:]
    # One sorted list of all distributions, one after the other.
    flat = (sums + np.arange(len(sums))[:, None]).ravel()
    found = np.searchsorted(flat, rng.random(len(rows)) + rows, side="right")
    n = probabilities.shape[1]
    return np.clip(found - rows * n, 0, n - 1).astype(np.int64)


def learn_conditional(
    codes: pd.DataFrame,
    target: str,
    outcomes: Mapping[str, Outcomes],
    simulated: pd.DataFrame,
    *,
    min_leaf: int,
    min_cell: int,
    rng: np.random.Generator,
    against: Floats | None = None,
    gain: float = -np.inf,
) -> Conditional | None:
    """Learn a column given others.

    How far the tree is grown, and how much a node is drawn towards the one above it, is chosen by
    the likelihood of rows held out.

    Parameters
    ----------
    codes : pandas.DataFrame of int
        The column itself, and those that it is given.
    outcomes : mapping of str to Outcomes
        Of all these columns.
    simulated : pandas.DataFrame of int
        The other columns of rows that the model has drawn so far.
    min_leaf : int
        Rows that each leaf has at least.
    min_cell : int
        Of fewer rows nothing is learned.
    against : numpy.ndarray, shape (n_rows,), optional
        The log probability that another model gives to what each row is; without it, 0.
    gain : float
        By how much the rows held out must be likelier, in logarithms, than `against` says.

    Returns
    -------
    Conditional or None
        None: they are not.
    """
    learner = _Learner(target, outcomes, min_leaf, min_cell)
    against = np.zeros(len(codes)) if against is None else against
    size, strength, found_gain = learner.choose(codes, against, rng)
    if found_gain <= gain:
        return None
    tree, ranks = learner.grow(codes, size)
    leaves = tree.leaf_of(_ranked(codes, ranks, tree.predictors))
    nodes = learner.nodes(tree, leaves, codes)
    found = distributions(nodes, learner.partings(codes), strength, min_cell)
    rows = nodes.outcomes[nodes.of_leaf].sum(axis=1)
    reached = tree.leaf_of(_ranked(simulated, ranks, tree.predictors))
    weights = np.maximum(np.bincount(reached, minlength=tree.n_leaves) / len(simulated), _UNREACHED)
    shares = raked(found[nodes.of_leaf], weights, found[0])
    return Conditional(
        tree=tree,
        ranks=ranks,
        shares=rounded(shares, rows[:, None]).astype(np.float32),
        weights=weights.astype(np.float32),
    )


def raked(shares: Floats, weights: Floats, margin: Floats) -> Floats:
    """Bring the distributions in the leaves, together, to that of the column.

    What is drawn for the columns before is a little off, and so is what is drawn towards the nodes
    above; column after column both would add up. (Iterative proportional fitting; Deming and
    Stephan, 1940.)

    Parameters
    ----------
    shares : numpy.ndarray, shape (n_leaves, n_outcomes)
    weights : numpy.ndarray, shape (n_leaves,)
        How often each leaf is reached.
    margin : numpy.ndarray, shape (n_outcomes,)
        The distribution of the column.
    """
    weights = weights[:, None] / weights.sum()
    for _ in range(_ROUNDS):
        shares = shares * (margin / np.maximum((weights * shares).sum(axis=0), 1e-12))
        shares = shares / shares.sum(axis=1, keepdims=True)
    return shares


def rounded(shares: Floats, rows: Floats) -> Floats:
    """Round shares to what so many rows can tell."""
    scale = 10.0 ** (np.ceil(np.log10(rows)) + 1)
    found: Floats = np.round(shares * scale) / scale
    return found


def _ranked(
    codes: pd.DataFrame, ranks: Mapping[str, Codes], columns: tuple[str, ...] | list[str]
) -> pd.DataFrame:
    """Give the ranks of levels in their place, as far as columns have ranks; -1 stays."""
    return pd.DataFrame(
        {
            name: np.append(ranks[name], -1)[codes[name].to_numpy()]
            if name in ranks
            else codes[name].to_numpy()
            for name in columns
        },
        index=codes.index,
    )


class _Learner:
    """What grows trees of one column."""

    def __init__(
        self, target: str, outcomes: Mapping[str, Outcomes], min_leaf: int, min_cell: int
    ) -> None:
        self.target = target
        self.outcomes = outcomes
        self.own = outcomes[target]
        self.min_leaf = min_leaf
        self.min_cell = min_cell

    def partings(self, codes: pd.DataFrame) -> Partings:
        counts = np.bincount(codes[self.target], minlength=self.own.n)
        return Partings.of(counts, is_ordered=self.own.is_ordered)

    def nodes(self, tree: Tree, leaves: Codes, codes: pd.DataFrame) -> Nodes:
        return Nodes.of(tree, leaves, codes[self.target].to_numpy(), self.own.n)

    def choose(
        self, codes: pd.DataFrame, against: Floats, rng: np.random.Generator
    ) -> tuple[int | None, float, float]:
        """Choose how far a tree is grown, by the likelihood of rows held out.

        Returns
        -------
        size : int or None
            Rows that each leaf has at least; None: one leaf for all.
        strength : float
            With how many rows a node speaks to those below it.
        gain : float
            By how much the rows held out are likelier, in logarithms, than `against` says.
        """
        if len(codes) > CHOICE_ROWS:
            rows = np.linspace(0, len(codes) - 1, CHOICE_ROWS).astype(np.int64)
            codes, against = codes.iloc[rows], against[rows]
        n_folds = _FOLDS_OF_FEW if len(codes) < _FEW_ROWS else _FOLDS
        folds = rng.permutation(np.arange(len(codes)) % n_folds)
        sizes = [size for size in (self.min_leaf * one for one in FACTORS) if size < len(codes)]
        asked = [*sizes, len(codes) + 1]
        scores = np.zeros((len(STRENGTHS), len(asked)))
        for fold in range(n_folds if len(codes) < _FEW_ROWS else 1):
            is_unseen = folds == fold
            seen, unseen = codes[~is_unseen], codes[is_unseen]
            tree, ranks = self.grow(seen, self.min_leaf)
            ways = [tree.leaf_of(_ranked(one, ranks, tree.predictors)) for one in (seen, unseen)]
            nodes, partings = self.nodes(tree, ways[0], seen), self.partings(seen)
            truth = unseen[self.target].to_numpy()
            for place, strength in enumerate(STRENGTHS):
                found = distributions(nodes, partings, strength, self.min_cell)
                scores[place] += held_out_scores(nodes, found, ways[1], truth, asked)
            scores -= against[is_unseen].sum()
        best = scores.max(axis=0)
        place = len(asked) - 1 - int(np.argmax(best[::-1]))
        if place == len(sizes):
            return None, STRENGTHS[-1], float(best[place])
        return sizes[place], STRENGTHS[int(np.argmax(scores[:, place]))], float(best[place])

    def grow(self, codes: pd.DataFrame, size: int | None) -> tuple[Tree, dict[str, Codes]]:
        """Grow a tree with leaves of that size, and rank the levels that it asks about."""
        if size is None or codes.shape[1] < 2:
            return Tree.trivial(), {}
        scores = self._scores(codes[self.target].to_numpy())
        predictors = [str(name) for name in codes if name != self.target]
        ranks = {
            name: level_ranks(codes[name].to_numpy(), self.outcomes[name].n, scores)
            for name in predictors
            if not self.outcomes[name].is_ordered and self.outcomes[name].n > 2
        }
        values = _ranked(codes, ranks, predictors)
        if self.own.is_ordered:
            tree = grow_regression_tree(values, scores, MAX_LEAVES, size)
        else:
            target = codes[self.target].to_numpy()
            tree = grow_classification_tree(values, target, MAX_LEAVES, size)
        return tree, {name: ranks[name] for name in tree.predictors if name in ranks}

    def _scores(self, target: Codes) -> Floats:
        """Give outcomes as numbers whose means tell distributions apart.

        Returns
        -------
        numpy.ndarray, shape (n_rows, n_scores)
        """
        if not self.own.is_ordered:
            return np.eye(self.own.n)[target]
        from scipy.special import ndtri

        counts = np.bincount(target, minlength=self.own.n)
        ends = np.cumsum(counts)
        middles = (ends - counts / 2) / len(target)
        scores = ndtri(np.clip(middles, 1e-4, 1 - 1e-4))[target]
        # Its square tells where the column is wide from where it is narrow.
        return np.column_stack([scores, (scores**2 - 1) / 2])


def level_ranks(levels: Codes, n: int, scores: Floats) -> Codes:
    """Rank levels along the direction in which the means of the scores differ most."""
    counts = np.bincount(levels, minlength=n).astype(float)
    sums = np.column_stack([np.bincount(levels, weights=one, minlength=n) for one in scores.T])
    overall = scores.mean(axis=0)
    means = (sums + _LEVEL_STRENGTH * overall) / (counts + _LEVEL_STRENGTH)[:, None] - overall
    direction = np.linalg.svd(means * np.sqrt(counts)[:, None], full_matrices=False)[2][0]
    direction = direction * (1.0 if direction[np.argmax(np.abs(direction))] > 0 else -1.0)
    ranks = np.empty(n, dtype=np.int64)
    ranks[np.argsort((means * direction).sum(axis=1), kind="stable")] = np.arange(n)
    return ranks
