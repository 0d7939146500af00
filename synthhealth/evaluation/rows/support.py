"""Alpha-precision and beta-recall: whether synthetic rows lie where the real ones do."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synthhealth.evaluation.calibration import Replicates, Unjudged, band_of
from synthhealth.evaluation.rows.cases import EXCHANGEABLE, Cases
from synthhealth.evaluation.rows.classifiers import exchanged
from synthhealth.evaluation.rows.drawn import Bools, Floats, Order, Rows
from synthhealth.evaluation.work import Seeds

__all__ = ["MOST_DISTANT", "Distances", "compare_support"]


#: Rows of each table between which distances are measured.
MOST_DISTANT = 300
#: Levels of support over which both are integrated.
LEVELS = np.linspace(0.0, 1.0, 31)
#: Nearest rows among which that of a label is sought first.
NEAR = 64


def compare_support(cases: Cases, seeds: Seeds) -> tuple[Unjudged, ...]:
    """Measure alpha-precision and beta-recall."""
    labels = exchanged(cases.rows.labels, cases.permutations, seeds.rng("support"))
    found = Distances.of(cases.rows.scaled).figures(labels)
    copy = _figures(cases.copy)
    shuffled = np.array([_figures(rows) for rows in cases.shuffles])
    unjudged = []
    for place, name in enumerate(("alpha_precision", "beta_recall")):
        figure = Unjudged.of(
            name,
            "joint",
            float(found[place, 0]),
            Replicates(found[place, 1:], "permuted"),
            poor_side="low",
            assumption=EXCHANGEABLE,
            copy_of_real=band_of(copy[[place]]),
            shuffled=band_of(shuffled[:, place]),
        )
        unjudged.append(
            replace(figure, blind=float(shuffled[:, place].mean()) >= figure.perfect.low)
        )
    return tuple(unjudged)


def _figures(rows: Rows) -> Floats:
    return Distances.of(rows.scaled).figures(rows.labels[None])[:, 0]


@dataclass(frozen=True)
class Distances:
    """Squared distances of all rows to each other, from which any labelling's figures follow.

    Attributes
    ----------
    squared : ndarray of shape (n_rows, n_rows)
    order : ndarray of int of shape (n_rows, n_rows - 1)
        The other rows of each row, nearest first.
    """

    squared: Floats
    order: Order

    @classmethod
    def of(cls, features: Floats) -> Distances:
        """Measure Euclidean distances of rows, of shape (n_rows, n_features)."""
        norms = (features**2).sum(axis=1)
        squared = np.maximum(norms[:, None] + norms - 2 * features @ features.T, 0.0)
        # Equal rows must have the distance 0, and the matrix must be symmetric to the last bit.
        squared = np.where(squared < 1e-9 * (1 + norms[:, None]), 0.0, (squared + squared.T) / 2)
        np.fill_diagonal(squared, -1.0)
        order = np.argsort(squared, axis=1, kind="stable")[:, 1:]
        np.fill_diagonal(squared, 0.0)
        return cls(squared, order)

    def figures(self, labels: Bools) -> Floats:
        """Give the alpha-precision and the beta-recall of each labelling, both integrated.

        Alaa, van Breugel, Saveliev and van der Schaar (2022), on the features themselves. With
        the ball around the real rows' centre that holds the share alpha of them, P(alpha) is the
        share of synthetic rows in it. R(beta) is the share of real rows that have, as near as
        their nearest real row, a synthetic one of the ball that holds the share beta of those
        synthetic rows. A figure is ``1 - 2 * mean(abs(P(alpha) - alpha))``, over 31 levels. Two
        equally large samples of one population have a precision near 1 and a recall near 1/2,
        since either's row is as often the nearest.

        Parameters
        ----------
        labels : ndarray of bool of shape (n_labellings, n_rows)
            Which rows are synthetic.

        Returns
        -------
        ndarray of shape (2, n_labellings)
        """
        from_real, from_synthetic = (self._from_centres(group) for group in (~labels, labels))
        pairs = [
            (
                _precision(near[~ours], near[ours]),
                self._recall(ours, far),
            )
            for ours, near, far in zip(labels, from_real, from_synthetic, strict=True)
        ]
        return np.array(pairs).T

    def _from_centres(self, groups: Bools) -> Floats:
        """Give each row's squared distance from the mean of each group."""
        weights = groups / groups.sum(axis=1, keepdims=True)
        sums = weights @ self.squared
        return np.asarray(sums - (sums * weights).sum(axis=1, keepdims=True) / 2)

    def _recall(self, labels: Bools, from_centre: Floats) -> float:
        real = np.flatnonzero(~labels)
        nearest_real = self._nearest(real, ~labels)
        nearest_synthetic = self._nearest(real, labels)
        covered = self.squared[real, nearest_synthetic] <= self.squared[real, nearest_real]
        reached = from_centre[nearest_synthetic]
        return _agreement(reached[covered], np.quantile(reached, LEVELS), real.size)

    def _nearest(self, rows: Order, group: Bools) -> Order:
        near = self.order[rows, :NEAR]
        found = group[near]
        first = found.argmax(axis=1)
        nearest = near[np.arange(rows.size), first]
        lost = np.flatnonzero(~found.any(axis=1))
        if lost.size:
            far = self.order[rows[lost]]
            nearest[lost] = far[np.arange(lost.size), group[far].argmax(axis=1)]
        return np.asarray(nearest)


def _precision(real: Floats, synthetic: Floats) -> float:
    return _agreement(synthetic, np.quantile(real, LEVELS), synthetic.size)


def _agreement(distances: Floats, radii: Floats, n: int) -> float:
    within = np.searchsorted(np.sort(distances), radii * (1 + 1e-9), side="right") / n
    return float(1 - 2 * np.abs(within - LEVELS).mean())
