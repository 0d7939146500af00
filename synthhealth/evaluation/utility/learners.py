"""Learners of several sorts, and which rows they are trained and tested on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation.encode import encode
from synthhealth.evaluation.tables import CanonicalTable, Tables
from synthhealth.evaluation.utility.results import Design, TestedOn
from synthhealth.evaluation.work import Seeds

__all__ = ["LEARNERS", "Block", "Learner", "Setting", "Stack", "set_up"]


Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

#: Rows of a table that are trained on, and rows that are tested on; of more, a random sample.
MOST_TRAINED = 1_000
MOST_TESTED = 2_000
#: Up to so many rows, the cross-validation has more parts and is repeated so often.
FEW_ROWS = 400
REPEATS = 3


@dataclass(frozen=True)
class Stack:
    """All rows of all tables as matrices. See `Encoded`."""

    plain: Floats
    scaled: Floats
    columns: tuple[str, ...]
    features: tuple[str, ...]
    categorical: npt.NDArray[np.bool_]

    def others(self, column: str) -> dict[str, Floats]:
        """Give both matrices without a column and all that comes from it."""
        plain = np.array([name != column for name in self.columns])
        scaled = np.array([name != column for name in self.features])
        return {"plain": self.plain[:, plain], "scaled": self.scaled[:, scaled]}


@dataclass(frozen=True)
class Block:
    """Rows of one model: real ones to train on, its synthetic ones, and those to test on.

    `real` is None where those to test on are trained on, too, in turn.
    """

    real: Rows | None
    synthetic: Rows
    tested: Rows


@dataclass(frozen=True)
class Setting:
    """How the predictors are compared.

    Attributes
    ----------
    stack : Stack
        All rows.
    blocks : tuple of Block
        The rows of each model.
    tested_on, design, sampled
        See `Utility`.
    n_parts, n_repeats : int
        Parts that a block without rows of its own to train on is cut into, and how often.
    """

    stack: Stack
    blocks: tuple[Block, ...]
    tested_on: TestedOn
    design: Design
    sampled: bool
    n_parts: int
    n_repeats: int

    @property
    def tested(self) -> Rows:
        """All rows tested on."""
        return np.concatenate([block.tested for block in self.blocks])

    @property
    def real(self) -> Rows:
        """All real rows that are trained on, fold by fold."""
        parts = [b.tested if b.real is None else b.real for b in self.blocks]
        return np.concatenate(parts)

    @property
    def n_tested(self) -> int:
        """Real rows tested on in all."""
        n_rows = self.tested.size
        return n_rows // self.n_parts if self.design == "split" else n_rows

    @property
    def n_trained(self) -> int:
        """Real rows trained on at a time."""
        sizes = [
            len(b.tested) - len(b.tested) // self.n_parts if b.real is None else len(b.real)
            for b in self.blocks
        ]
        return max(1, round(float(np.mean(sizes))))

    def parts(
        self, block: Block, strata: Floats, rng: np.random.Generator
    ) -> Iterator[tuple[Rows, Rows]]:
        """Give the real rows to train on and those to test on, part by part.

        Parameters
        ----------
        block : Block
            The rows, those without the outcome left out.
        strata : ndarray of shape (n_rows,)
            Of every row of the stack, the class; each part gets its share of each.
        rng : numpy.random.Generator
            Deals the rows out.
        """
        if block.real is not None:
            yield block.real, block.tested
            return
        for _ in range(self.n_repeats):
            shuffled = rng.permutation(block.tested)
            dealt = shuffled[np.argsort(strata[shuffled], kind="stable")]
            part_of = np.arange(dealt.size) % self.n_parts
            n_tested_parts = 1 if self.design == "split" else self.n_parts
            for part in range(n_tested_parts):
                yield dealt[part_of != part], dealt[part_of == part]


def set_up(folds: Sequence[Tables], seeds: Seeds) -> Setting:
    """Choose the rows and turn them into matrices."""
    unseen = all(fold.unseen is not None for fold in folds)
    known = unseen and all(fold.training is not None for fold in folds)
    most_tested = max(MOST_TESTED // len(folds), 1)
    tables: list[CanonicalTable] = []
    blocks: list[Block] = []
    n_rows, n_all = 0, 0

    def take(table: CanonicalTable, most: int, purpose: str) -> Rows:
        nonlocal n_rows, n_all
        n = len(table.table)
        # The same generator for training and synthetic rows: of a copy, the same are taken.
        chosen = seeds.rng(f"utility: {purpose}").choice(n, size=min(n, most), replace=False)
        tables.append(_rows_of(table, chosen))
        n_rows, n_all = n_rows + chosen.size, n_all + n
        return np.arange(n_rows - chosen.size, n_rows)

    for fold in folds:
        tested = fold.unseen if unseen and fold.unseen is not None else fold.real
        blocks.append(
            Block(
                real=take(fold.training, MOST_TRAINED, "rows to train on")
                if known and fold.training is not None
                else None,
                synthetic=take(fold.synthetic, MOST_TRAINED, "rows to train on"),
                tested=take(tested, most_tested, "rows to test on"),
            )
        )
    encoded = encode(tables, folds[0].schema)
    stack = Stack(
        np.concatenate(encoded.plain),
        np.concatenate(encoded.scaled),
        encoded.columns,
        encoded.features,
        encoded.categorical,
    )
    tested_on: TestedOn = "unseen rows" if unseen else "rows the model may have learned"
    n_tested = max(block.tested.size for block in blocks)
    if known:
        return Setting(stack, tuple(blocks), tested_on, "holdout", n_rows < n_all, len(folds), 1)
    if n_tested == most_tested:
        return Setting(stack, tuple(blocks), tested_on, "split", n_rows < n_all, 2, 1)
    parts, repeats = (5, REPEATS) if n_tested <= FEW_ROWS else (3, 1)
    sampled = n_rows < n_all
    return Setting(stack, tuple(blocks), tested_on, "cross-validation", sampled, parts, repeats)


def _rows_of(table: CanonicalTable, rows: Rows) -> CanonicalTable:
    marks = {name: marks[rows] for name, marks in table.censored.items()}
    return CanonicalTable(table.table.iloc[rows].reset_index(drop=True), marks)


#: Inverse of the logistic regression's penalty, on standardised features.
PENALTY = 0.1
#: Penalties that the ridge regression chooses from, by leave-one-out errors.
PENALTIES = np.logspace(0, 4, 9)
TREES = 40
#: Trees in all where every round grows one for each class.
MOST_TREES = 120


@dataclass(frozen=True)
class Learner:
    """A way to learn an outcome from the other columns.

    Attributes
    ----------
    name : str
        What the result calls it.
    matrix : {"plain", "scaled"}
        Which matrix of `Encoded` it learns from.
    """

    name: str
    matrix: Literal["plain", "scaled"]
    _estimator: Callable[[int, int, int], Any]

    def predict(
        self, train: Floats, outcome: Floats, test: Floats, n_classes: int | None, seed: int
    ) -> Floats:
        """Train on one table's rows and predict others.

        Parameters
        ----------
        train, test : ndarray of shape (n_train, n_features), (n_test, n_features)
            What the outcome is learned from; rows to predict.
        outcome : ndarray of shape (n_train,)
            Class codes, or numbers where `n_classes` is None; none is missing.
        n_classes : int or None
            Number of classes; those that are not learned get probability 0.
        seed : int
            Seed of the learner.

        Returns
        -------
        ndarray of shape (n_test, n_classes) or (n_test,)
            Probabilities, or numbers.
        """
        estimator = self._estimator(n_classes or 0, len(train), seed)
        if n_classes is None:
            return np.asarray(estimator.fit(train, outcome).predict(test), dtype=np.float64)
        classes = outcome.astype(np.int64)
        learned = np.unique(classes)
        probabilities = np.zeros((len(test), n_classes))
        if learned.size == 1:  # which no classifier of scikit-learn's accepts
            probabilities[:, learned] = 1.0
        else:
            probabilities[:, learned] = estimator.fit(train, classes).predict_proba(test)
        return probabilities


def _linear(n_classes: int, n_rows: int, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression, RidgeCV

    if n_classes:
        return LogisticRegression(C=PENALTY, max_iter=500)
    return RidgeCV(alphas=PENALTIES)


def _boosted_trees(n_classes: int, n_rows: int, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    sort = HistGradientBoostingClassifier if n_classes else HistGradientBoostingRegressor
    few = n_rows < FEW_ROWS
    return sort(
        max_iter=TREES if n_classes <= 2 else min(TREES, MOST_TREES // n_classes),
        max_leaf_nodes=4 if few else 8,
        min_samples_leaf=5 if few else 20,
        max_bins=63,
        early_stopping=False,
        random_state=seed,
    )


def _neighbours(n_classes: int, n_rows: int, seed: int) -> Any:
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    sort = KNeighborsClassifier if n_classes else KNeighborsRegressor
    return sort(n_neighbors=min(n_rows, max(5, round(n_rows**0.5))), algorithm="brute")


LEARNERS = (
    Learner("linear", "scaled", _linear),
    Learner("boosted trees", "plain", _boosted_trees),
    Learner("neighbours", "scaled", _neighbours),
)
