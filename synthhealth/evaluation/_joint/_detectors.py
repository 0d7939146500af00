"""Classifiers that try to tell the rows of two tables apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation._joint._logistic import log_odds
from synthhealth.evaluation._joint._rows import Rows, products

__all__ = ["Boosting", "Detector", "Logistic", "out_of_fold"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

#: Ridges of the logistic regressions, in units of rows: on features, and on their many products.
RIDGE, PRODUCT_RIDGE = 10.0, 100.0


class Detector(Protocol):
    """A classifier of rows."""

    def score(self, known: Rows, labels: Bools, asked: Rows) -> Floats:
        """Learn rows under each labelling; score other rows, higher where more synthetic.

        Parameters
        ----------
        known, asked : Rows
            The rows learned and those asked for; the labels that they carry are not looked at.
        labels : ndarray of bool of shape (n_labellings, n_known)

        Returns
        -------
        ndarray of shape (n_labellings, n_asked)
        """


@dataclass(frozen=True)
class Logistic:
    """Logistic regression with a ridge on the scaled features, or on their products."""

    products: bool = False

    @property
    def ridge(self) -> float:
        """The weight of the squared coefficients."""
        return PRODUCT_RIDGE if self.products else RIDGE

    def score(self, known: Rows, labels: Bools, asked: Rows) -> Floats:
        first, second = known.scaled, asked.scaled
        if self.products:
            first, second = products(first, second)
        return log_odds(first, labels, second, ridge=self.ridge)


@dataclass(frozen=True)
class Boosting:
    """Small gradient-boosted trees on the columns as they are."""

    seed: int

    def score(self, known: Rows, labels: Bools, asked: Rows) -> Floats:
        from sklearn.ensemble import HistGradientBoostingClassifier

        trees = HistGradientBoostingClassifier(
            max_iter=30,
            max_leaf_nodes=8,
            min_samples_leaf=5,
            categorical_features=known.categorical,
            early_stopping=False,
            random_state=self.seed,
        )
        return np.array(
            [trees.fit(known.plain, ours).decision_function(asked.plain) for ours in labels]
        )


def out_of_fold(detector: Detector, rows: Rows, folds: Codes, labels: Bools) -> Floats:
    """Score each fold's rows by a classifier that learned the other folds.

    Returns
    -------
    ndarray of shape (n_labellings, n_rows)
    """
    scores = np.empty(labels.shape)
    for fold in np.unique(folds):
        held_out = folds == fold
        known, asked = rows.take(~held_out), rows.take(held_out)
        scores[:, held_out] = detector.score(known, labels[:, ~held_out], asked)
    return scores
