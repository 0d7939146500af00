"""Classifier two-sample tests (Lopez-Paz and Oquab, 2017)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation._calibration import Draft, Replicates
from synthhealth.evaluation._joint._auc import Guessing, areas, interval
from synthhealth.evaluation._joint._cases import EXCHANGEABLE, Cases
from synthhealth.evaluation._joint._detectors import Boosting, Detector, Logistic, out_of_fold
from synthhealth.evaluation._joint._folds import exchanged, stratified_folds
from synthhealth.evaluation._joint._results import Classifier
from synthhealth.evaluation._joint._rows import Rows, n_products
from synthhealth.evaluation._seeds import Seeds

__all__ = ["Attempt", "try_boosting", "try_logistic"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

MOST_FOLDS = 10
#: Rows learned in all folds together, by which their number is set.
FOLDED_ROWS = 1_500


@dataclass(frozen=True)
class Attempt:
    """A classifier's figure, its details, and what it takes to ask it about columns."""

    draft: Draft
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
    draft = Draft.of(
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
        replace(draft, blind=products and shuffled.mean <= draft.perfect.high),
        Classifier(
            name=name,
            learner="logistic regression on products" if products else "logistic regression",
            auc=draft.value,
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
    repetitions = 3 if cases.are_few else 1

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
    draft = Draft.of(
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
        replace(draft, blind=shuffled.mean <= draft.perfect.high),
        Classifier(
            name=name,
            learner="gradient boosting",
            auc=draft.value,
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
