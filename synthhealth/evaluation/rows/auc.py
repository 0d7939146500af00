"""The area under the ROC curve, its interval, and its law where a classifier can only guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from synthhealth.evaluation.figures import Band

__all__ = ["Guessing", "areas", "interval", "placements"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

TWO_SIDED = float(stats.norm.ppf(0.975))


def areas(scores: Floats, labels: Bools) -> Floats:
    """Give the area under the ROC curve of each row of scores; ties count one half.

    Parameters
    ----------
    scores : ndarray of shape (n_labellings, n_rows)
    labels : ndarray of bool of shape (n_labellings, n_rows)
        Both labels occur in each row, as often in one row as in another.
    """
    ranks = stats.rankdata(scores, axis=1)
    ones = np.count_nonzero(labels, axis=1)
    wins = (ranks * labels).sum(axis=1) - ones * (ones + 1) / 2
    return np.asarray(wins / (ones * (labels.shape[1] - ones)))


def interval(
    scores: Sequence[Floats], folds: Sequence[Codes], labels: Bools
) -> tuple[float, float]:
    """Give the 95 % interval of the area of out-of-fold scores.

    DeLong, DeLong and Clarke-Pearson (1988) take the variance of a row's placement, the share of
    the other label's rows that it beats. With cross-validation a row is placed among the rows of
    its own fold, whose scores come from the same classifier (LeDell, Petersen and van der Laan,
    2015), and its placements are averaged over repetitions. The classifiers are taken as given.

    Parameters
    ----------
    scores, folds : sequences of ndarray of shape (n_rows,)
        Out-of-fold scores and the folds' numbers, one pair for each repetition.
    labels : ndarray of bool of shape (n_rows,)
    """
    placed = np.mean(
        [_placements(s, f, labels) for s, f in zip(scores, folds, strict=True)], axis=0
    )
    variance = sum(
        placed[labels == label].var(ddof=1) / np.count_nonzero(labels == label)
        for label in (False, True)
    )
    area = (placed[labels].mean() + placed[~labels].mean()) / 2
    reach = TWO_SIDED * float(np.sqrt(variance))
    return max(0.0, float(area) - reach), min(1.0, float(area) + reach)


def _placements(scores: Floats, folds: Codes, labels: Bools) -> Floats:
    placed = np.empty(scores.size)
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        placed[rows] = placements(scores[rows], labels[rows])
    return placed


def placements(scores: Floats, labels: Bools) -> Floats:
    """Give, of each row that is one, the share of the others' rows that it beats.

    Of each other row the share of the ones that beat it: the mean of either is the area.

    Examples
    --------
    >>> placements(np.array([3.0, 1.0, 2.0]), np.array([True, True, False])).tolist()
    [1.0, 0.0, 0.5]
    """
    placed = np.empty(scores.size)
    all_ranks = stats.rankdata(scores)
    for label in (False, True):
        own = all_ranks[labels == label] - stats.rankdata(scores[labels == label])
        share = own / np.count_nonzero(labels != label)
        placed[labels == label] = share if label else 1 - share
    return placed


@dataclass(frozen=True)
class Guessing:
    """The law of a cross-validated area where the labels mean nothing.

    Whatever the classifier learned, the labels of the rows that it did not see are then in random
    order: the area of a fold has the mean 1/2 and the Mann-Whitney variance. Those of several
    folds hang together, since each one's rows taught the others' classifiers; their mean varies
    at most as much as one does, and that much is allowed for.

    Attributes
    ----------
    spread : float
        Standard deviation of the area of one fold.
    """

    spread: float

    @classmethod
    def of(cls, folds: Codes, labels: Bools) -> Guessing:
        """Average the standard deviations of the folds, the bound of that of their mean."""
        spreads = []
        for fold in np.unique(folds):
            ours = labels[folds == fold]
            ones = int(np.count_nonzero(ours))
            spreads.append(np.sqrt((ours.size + 1) / (12 * ones * (ours.size - ones))))
        return cls(float(np.mean(spreads)))

    @property
    def band(self) -> Band:
        """The area 0.5, and the central 95 % of one by chance."""
        reach = TWO_SIDED * self.spread
        return Band(
            mean=0.5, low=max(0.0, 0.5 - reach), high=min(1.0, 0.5 + reach), method="approximate"
        )

    def tails(self, value: float) -> tuple[float, float]:
        """Give the shares of the law up to and from a value."""
        z = (value - 0.5) / self.spread
        return float(stats.norm.cdf(z)), float(stats.norm.sf(z))
