"""Classifier two-sample tests (Lopez-Paz and Oquab, 2017)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from synthhealth.evaluation.calibration import Replicates, Unjudged
from synthhealth.evaluation.rows.auc import Guessing, areas, interval
from synthhealth.evaluation.rows.cases import EXCHANGEABLE, Cases
from synthhealth.evaluation.rows.drawn import Rows, n_products, products
from synthhealth.evaluation.rows.results import Classifier
from synthhealth.evaluation.work import Seeds

__all__ = [
    "Attempt",
    "Boosting",
    "Detector",
    "Logistic",
    "exchanged",
    "log_odds",
    "out_of_fold",
    "stratified_folds",
    "try_boosting",
    "try_logistic",
]


Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Steps of the fit. Tables that are alike need a few; of tables far apart it is stopped early,
#: which changes how sure the classifier is and hardly whom it takes for whom.
STEPS = 8


def log_odds(
    known: Floats, labels: Bools, asked: Floats, *, ridge: float, steps: int = STEPS
) -> Floats:
    """Fit a logistic regression for each labelling; give the log odds of the rows asked for.

    The curvature of the log-likelihood is replaced by its bound, which is the same for all
    labellings and steps (Boehning and Lindsay, 1988): one matrix is inverted for all of them.

    Parameters
    ----------
    known : ndarray of shape (n_rows, n_features)
        Features of the rows learned; they are scaled to mean 0 and variance 1 in here.
    labels : ndarray of bool of shape (n_labellings, n_rows)
        Both labels occur in each labelling.
    asked : ndarray of shape (n_asked, n_features)
        Features of the rows asked for.
    ridge : float
        Weight of the squared coefficients (half of it, as in ``1 / C`` of scikit-learn).
    steps : int
        Steps of the fit.

    Returns
    -------
    ndarray of shape (n_labellings, n_asked)
    """
    centre, scale = known.mean(axis=0), known.std(axis=0)
    scale[scale < 1e-12] = np.inf  # a feature that is constant here says nothing
    design = _with_intercept((known - centre) / scale)
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0
    inverse = np.linalg.inv(design.T @ design / 4 + np.diag(np.maximum(penalty, 1e-9)))
    weights = np.zeros((len(labels), design.shape[1]))
    weights[:, 0] = logit(labels.mean(axis=1))
    for _ in range(steps):
        residuals = labels - expit(weights @ design.T)
        weights += (residuals @ design - penalty * weights) @ inverse
    return np.asarray(weights @ _with_intercept((asked - centre) / scale).T)


def _with_intercept(features: Floats) -> Floats:
    return np.column_stack([np.ones(len(features)), features])


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
        """Give the log odds that rows are synthetic."""
        first, second = known.scaled, asked.scaled
        if self.products:
            first, second = products(first, second)
        return log_odds(first, labels, second, ridge=self.ridge)


@dataclass(frozen=True)
class Boosting:
    """Small gradient-boosted trees on the columns as they are."""

    seed: int

    def score(self, known: Rows, labels: Bools, asked: Rows) -> Floats:
        """Give the log odds that rows are synthetic."""
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


MOST_FOLDS = 10
#: Rows learned in all folds together, by which their number is set.
FOLDED_ROWS = 1_500
#: How often few rows are dealt out to halves for boosted trees.
REPETITIONS = 3


@dataclass(frozen=True)
class Attempt:
    """A classifier's figure, its details, and what it takes to ask it about columns."""

    figure: Unjudged
    classifier: Classifier
    detector: Detector
    folds: Codes


def try_logistic(cases: Cases, seeds: Seeds, *, products: bool) -> Attempt:
    """Test by logistic regression, on the columns or on products of two.

    Its law for a perfect generator is that of all labellings with the same folds (an exact
    permutation test). On the columns alone it judges the margins, all at once; a shuffled table
    has the right ones.
    """
    detector = Logistic(products=products)
    name = "c2st_products" if products else "c2st_logistic"
    rng = seeds.rng(name)
    rows = cases.rows
    folds = stratified_folds(rows.labels, _n_folds(rows.labels), rng)
    labels = exchanged(rows.labels, cases.permutations, rng, folds)
    scores = out_of_fold(detector, rows, folds, labels)
    found = _mean_areas(scores, folds, labels)
    copy, shuffled = cases.bands(lambda rows: _area(detector, rows, rng))
    ends = interval([scores[0]], [folds], rows.labels)
    figure = Unjudged.of(
        name,
        "joint" if products else "marginals",
        float(found[0]),
        Replicates(found[1:], "permuted"),
        poor_side="high",
        assumption=EXCHANGEABLE,
        copy_of_real=copy,
        shuffled=shuffled,
        interval=ends,
    )
    return Attempt(
        replace(figure, blind=products and shuffled.mean <= figure.perfect.high),
        Classifier(
            name=name,
            learner="logistic regression on products" if products else "logistic regression",
            auc=figure.value,
            low=ends[0],
            high=ends[1],
            folds=int(folds.max()) + 1,
            repetitions=1,
            features=n_products(rows.scaled) if products else rows.scaled.shape[1],
        ),
        detector,
        folds,
    )


def try_boosting(cases: Cases, seeds: Seeds) -> Attempt:
    """Test by gradient boosting, on halves, repeated where there are few rows."""
    name = "c2st_boosting"
    rng = seeds.rng(name)
    detector = Boosting(int(rng.integers(2**31)))
    repetitions = REPETITIONS if cases.are_few else 1

    def halves(rows: Rows) -> tuple[list[Codes], list[Floats]]:
        folds = [stratified_folds(rows.labels, 2, rng) for _ in range(repetitions)]
        return folds, [out_of_fold(detector, rows, f, rows.labels[None])[0] for f in folds]

    def area(rows: Rows) -> float:
        folds, scores = halves(rows)
        return _repeated_area(scores, folds, rows.labels)

    rows = cases.rows
    folds, scores = halves(rows)
    copy, shuffled = cases.bands(area, most_shuffles=2)
    ends = interval(scores, folds, rows.labels)
    figure = Unjudged.of(
        name,
        "joint",
        _repeated_area(scores, folds, rows.labels),
        Guessing.of(folds[0], rows.labels),
        poor_side="high",
        assumption=f"{EXCHANGEABLE}; the areas of the two halves, which hang together, are taken "
        "to vary as one",
        copy_of_real=copy,
        shuffled=shuffled,
        interval=ends,
    )
    return Attempt(
        replace(figure, blind=shuffled.mean <= figure.perfect.high),
        Classifier(
            name=name,
            learner="gradient boosting",
            auc=figure.value,
            low=ends[0],
            high=ends[1],
            folds=2,
            repetitions=repetitions,
            features=len(rows.columns),
        ),
        detector,
        folds[0],
    )


def _n_folds(labels: Bools) -> int:
    """Give more folds to fewer rows, and two rows of each table at least to each fold."""
    smaller = min(np.count_nonzero(labels), np.count_nonzero(~labels))
    return int(np.clip(FOLDED_ROWS // labels.size, 2, min(MOST_FOLDS, smaller // 2)))


def _area(detector: Detector, rows: Rows, rng: np.random.Generator) -> float:
    folds = stratified_folds(rows.labels, _n_folds(rows.labels), rng)
    labels = rows.labels[None]
    return float(_mean_areas(out_of_fold(detector, rows, folds, labels), folds, labels)[0])


def _repeated_area(scores: list[Floats], folds: list[Codes], labels: Bools) -> float:
    each = [_mean_areas(s[None], f, labels[None]) for s, f in zip(scores, folds, strict=True)]
    return float(np.mean(each))


def _mean_areas(scores: Floats, folds: Codes, labels: Bools) -> Floats:
    """Average the areas of the folds; scores of different classifiers are not compared."""
    each = [areas(scores[:, folds == fold], labels[:, folds == fold]) for fold in np.unique(folds)]
    return np.asarray(np.mean(each, axis=0))
