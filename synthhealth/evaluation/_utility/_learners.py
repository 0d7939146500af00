"""Learners of several sorts: what one misses, another may find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

__all__ = ["LEARNERS", "Learner"]

Floats = npt.NDArray[np.float64]

#: Inverse of the logistic regression's penalty, on standardised features.
PENALTY = 0.1
#: Penalties that the ridge regression chooses from, by leave-one-out errors.
PENALTIES = np.logspace(0, 4, 9)
TREES = 40
#: Trees in all where every round grows one for each class.
MOST_TREES = 120
#: Below this many rows a leaf holds fewer of them.
FEW_ROWS = 400


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
