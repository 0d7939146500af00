"""Folds of two tables' rows, and labels that could as well have been theirs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["exchanged", "stratified_folds"]

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]


def stratified_folds(labels: Bools, n_folds: int, rng: np.random.Generator) -> Codes:
    """Deal the rows of each label out to the folds, as evenly as can be."""
    folds = np.empty(labels.size, dtype=np.int64)
    for label in (False, True):
        rows = np.flatnonzero(labels == label)
        folds[rows] = rng.permutation(np.arange(rows.size) % n_folds)
    return folds


def exchanged(
    labels: Bools, times: int, rng: np.random.Generator, folds: Codes | None = None
) -> Bools:
    """Give the labels, and then so many times the labels exchanged at random.

    With folds they are exchanged within each fold, so that all stay stratified. Where both tables
    are samples of one population, every one of these labellings was as likely as the true one, so
    that any figure has an exact permutation test.

    Returns
    -------
    ndarray of bool of shape (1 + times, n_rows)
    """
    labellings = np.tile(labels, (1 + times, 1))
    if folds is None:
        folds = np.zeros(labels.size, dtype=np.int64)
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        labellings[1:, rows] = rng.permuted(labellings[1:, rows], axis=1)
    return labellings
