"""Scores of predictions, and how much each patient weighs in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from synthhealth.evaluation.utility.results import Difference, Performance

__all__ = ["Estimate", "Exam", "Measured", "difference_of", "interval", "p_worse"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

#: Probabilities beyond these are read as these where their logit is needed.
SURE = 0.01
NEWTON_STEPS = 50
STEEPEST_SLOPE = 100.0
ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """A score and each patient's influence on it.

    Attributes
    ----------
    value : float
        The score.
    influence : ndarray of shape (n_patients,)
        Derivative of the score by the patient's weight, so that the sum of squares is its variance
        (Efron, 2014: the infinitesimal jackknife); scaled up for small groups.
    groups : ndarray of int of shape (n_patients,)
        The patient's class, for degrees of freedom.
    """

    value: float
    influence: Floats
    groups: Rows

    def minus(self, other: Estimate) -> Estimate:
        """Give the difference of two scores of the same patients."""
        return Estimate(self.value - other.value, self.influence - other.influence, self.groups)

    @property
    def error(self) -> float:
        """Give the standard error."""
        return float(np.sqrt(self.influence @ self.influence))

    @property
    def degrees(self) -> float:
        """Give the degrees of freedom of the variance (Welch, 1947), by groups of patients."""
        sizes = np.bincount(self.groups)
        parts = np.bincount(self.groups, weights=self.influence**2)
        spread = np.sum(parts[sizes > 1] ** 2 / (sizes[sizes > 1] - 1))
        return float(parts.sum() ** 2 / spread) if spread > 0 else 1.0


def interval(estimate: Estimate) -> tuple[float, float]:
    """Give the 95 % interval of a score or of a difference."""
    reach = float(stats.t.ppf(0.975, estimate.degrees)) * estimate.error
    return estimate.value - reach, estimate.value + reach


def difference_of(estimate: Estimate) -> Difference:
    """Give the result of a difference."""
    low, high = interval(estimate)
    standing = "below" if high < 0 else "above" if low > 0 else "within"
    return Difference(value=estimate.value, low=low, high=high, standing=standing)


def p_worse(estimate: Estimate, margin: float) -> float:
    """Test that a difference is at least `-margin`: the one-sided p value."""
    excess = estimate.value + margin
    if estimate.error < ROUNDING:
        return 1.0 if excess >= 0 else 0.0
    return float(stats.t.cdf(excess / estimate.error, estimate.degrees))


@dataclass(frozen=True)
class Measured:
    """How predictions did, with what comparisons need."""

    estimate: Estimate
    performance: Performance


@dataclass(frozen=True)
class Exam:
    """Which patients are tested on, in parts, and what is true of them.

    Two patients are compared only where they were tested in the same part, for the predictors of
    two parts differ. A patient may be in several parts.

    Attributes
    ----------
    truth : ndarray of shape (n_patients,)
        Class codes, or numbers where `n_classes` is None.
    n_classes : int or None
        Number of classes.
    parts : sequence of ndarray of int
        The patients of each part.
    """

    truth: Floats
    n_classes: int | None
    parts: Sequence[Rows]

    def measure(self, predictions: Sequence[Floats]) -> Measured:
        """Score the predictions of every part.

        The AUC is that of all pairs within parts, its variance that of DeLong, DeLong and
        Clarke-Pearson (1988), where there is a single part.
        """
        if self.n_classes is None:
            return self._numbers(predictions)
        return self._classes(predictions, self.n_classes)

    def _classes(self, predictions: Sequence[Floats], n_classes: int) -> Measured:
        codes = self.truth.astype(np.intp)
        # Of two classes the second says all: both would give the same AUC.
        judged = [1] if n_classes == 2 else range(n_classes)
        areas = [
            self._area(codes == label, [prediction[:, label] for prediction in predictions])
            for label in judged
        ]
        estimate = Estimate(
            float(np.mean([value for value, _ in areas])),
            np.asarray(np.mean([influence for _, influence in areas], axis=0), dtype=np.float64),
            codes,
        )
        stacked = np.concatenate(list(predictions))
        truth = codes[np.concatenate(list(self.parts))]
        errors = stacked - np.eye(n_classes)[truth]
        binary = n_classes == 2
        low, high = interval(estimate)
        return Measured(
            estimate,
            Performance(
                score=estimate.value,
                low=max(low, 0.0),
                high=min(high, 1.0),
                calibration_slope=_logistic_slope(stacked[:, 1], truth) if binary else None,
                brier=float(np.mean(errors[:, 1] ** 2 if binary else np.sum(errors**2, axis=1))),
                rank_correlation=None,
            ),
        )

    def _area(
        self, events: npt.NDArray[np.bool_], scores: Sequence[Floats]
    ) -> tuple[float, Floats]:
        """Give the area under the ROC curve, and every patient's influence on it."""
        won, pairs = np.zeros(events.size), np.zeros(events.size)
        for part, score in zip(self.parts, scores, strict=True):
            event = events[part]
            cases, others = np.sort(score[event]), np.sort(score[~event])
            # What a case wins against the others, and what is won against each of them.
            won[part[event]] += _below(others, score[event])
            won[part[~event]] += cases.size - _below(cases, score[~event])
            pairs[part[event]] += others.size
            pairs[part[~event]] += cases.size
        total = pairs[events].sum()
        if total == 0:
            return 0.5, np.zeros(events.size)
        area = won[events].sum() / total
        influence = (won - area * pairs) / total
        for group in (events, ~events):
            influence[group] *= _small_sample(group.sum())
        return float(area), influence

    def _numbers(self, predictions: Sequence[Floats]) -> Measured:
        rows, stacked = np.concatenate(list(self.parts)), np.concatenate(list(predictions))
        truth, times = self.truth[rows], np.bincount(rows, minlength=self.truth.size)
        deviations = self.truth - truth.mean()
        squares = times * deviations**2
        errors = np.bincount(rows, weights=(truth - stacked) ** 2, minlength=self.truth.size)
        ratio = errors.sum() / squares.sum()
        influence = (ratio * squares - errors) / squares.sum() * _small_sample(self.truth.size)
        estimate = Estimate(1.0 - float(ratio), influence, np.zeros(self.truth.size, np.intp))
        low, high = interval(estimate)
        spread = stacked.var()
        varies = spread > ROUNDING
        covariance = np.mean((stacked - stacked.mean()) * (truth - truth.mean()))
        return Measured(
            estimate,
            Performance(
                score=estimate.value,
                low=low,
                high=min(high, 1.0),
                calibration_slope=float(covariance / spread) if varies else None,
                brier=None,
                rank_correlation=_rank_correlation(truth, stacked) if varies else None,
            ),
        )


def _below(values: Floats, scores: Floats) -> Floats:
    """Count the sorted values below each score; equal ones are half below."""
    left, right = (np.searchsorted(values, scores, side=side) for side in ("left", "right"))
    return np.asarray(0.5 * (left + right), dtype=np.float64)


def _small_sample(n: int) -> float:
    """Give the factor that makes a variance of n values unbiased, for their deviations."""
    return float(np.sqrt(n / max(n - 1, 1)))


def _rank_correlation(first: Floats, second: Floats) -> float:
    ranks = [stats.rankdata(values) for values in (first, second)]
    return float(np.clip(np.corrcoef(*ranks)[0, 1], -1.0, 1.0))


def _logistic_slope(probabilities: Floats, events: Rows) -> float | None:
    """Fit the logistic regression of events on the logit of their probabilities, by Newton."""
    clipped = np.clip(probabilities, SURE, 1 - SURE)
    logits = np.log(clipped / (1 - clipped))
    spread = logits.std()
    if spread < ROUNDING or np.unique(events).size < 2:
        return None
    design = np.column_stack([np.ones(logits.size), (logits - logits.mean()) / spread])
    weights = np.zeros(2)
    for _ in range(NEWTON_STEPS):
        fitted = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (events - fitted)
        information = (design * (fitted * (1 - fitted))[:, None]).T @ design
        # Where the classes are parted without an error, the slope grows and this vanishes.
        if np.linalg.det(information) < ROUNDING * logits.size**2:
            return None
        step = np.linalg.solve(information, gradient)
        weights = weights + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-8:
            slope = float(weights[1] / spread)
            return slope if abs(slope) < STEEPEST_SLOPE else None
    return None
