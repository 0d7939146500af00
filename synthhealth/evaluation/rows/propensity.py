"""Propensity scores: how well a regression tells two tables apart, and by which columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import expit

from synthhealth.evaluation.calibration import Replicates, Unjudged
from synthhealth.evaluation.rows.auc import areas
from synthhealth.evaluation.rows.cases import EXCHANGEABLE, Cases
from synthhealth.evaluation.rows.classifiers import Detector, Logistic, exchanged
from synthhealth.evaluation.rows.drawn import Rows
from synthhealth.evaluation.rows.results import Giveaway, Propensity, Telling
from synthhealth.evaluation.work import Seeds

__all__ = ["fit_propensity", "giveaways", "mean_squared_error", "propensities", "specks"]


Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def fit_propensity(cases: Cases, seeds: Seeds, *, products: bool) -> tuple[Unjudged, Propensity]:
    """Measure the pMSE ratio, of a regression on the columns or on products of two."""
    regression = Logistic(products=products)
    name = "pmse_products" if products else "pmse_ratio"
    rows = cases.rows
    labels = exchanged(rows.labels, cases.permutations, seeds.rng(name))
    fitted = propensities(regression, rows, labels)
    found = mean_squared_error(fitted, labels)
    expected = float(found[1:].mean())

    def ratio(rows: Rows) -> float:
        labels = rows.labels[None]
        fitted = propensities(regression, rows, labels)
        return float(mean_squared_error(fitted, labels)[0]) / expected

    copy, shuffled = cases.bands(ratio)
    figure = Unjudged.of(
        name,
        "joint" if products else "marginals",
        float(found[0]) / expected,
        Replicates(found[1:] / expected, "permuted"),
        poor_side="high",
        assumption=EXCHANGEABLE,
        copy_of_real=copy,
        shuffled=shuffled,
    )
    propensity = Propensity(
        name=name,
        pmse=float(found[0]),
        expected=expected,
        specks=specks(fitted[0], rows.labels),
    )
    return replace(figure, blind=products and shuffled.mean <= figure.perfect.high), propensity


def propensities(regression: Logistic, rows: Rows, labels: Bools) -> Floats:
    """Give each row's fitted probability of being synthetic.

    Returns
    -------
    ndarray of shape (n_labellings, n_rows)
    """
    return np.asarray(expit(regression.score(rows, labels, rows)))


def mean_squared_error(fitted: Floats, labels: Bools) -> Floats:
    """Give the mean squared distance of the propensities from the synthetic rows' share.

    That is the pMSE of Woo et al. (2009). Without a ridge, for two samples of one population and
    k coefficients beside the intercept, its mean is close to k c (1 - c) / N, where c is the
    synthetic rows' share of N. Snoke et al. (2018) give k c (1 - c)^2 / N: with them the
    synthetic rows are drawn from what was fitted to the real ones, which do not vary.
    """
    share = labels.mean(axis=1, keepdims=True)
    return np.asarray(((fitted - share) ** 2).mean(axis=1))


def specks(fitted: Floats, labels: Bools) -> float:
    """Give the Kolmogorov-Smirnov distance of the two tables' propensities.

    So do Bowen, Liu and Su (2021). `fitted` and `labels` have shape (n_rows,).
    """
    return float(stats.ks_2samp(fitted[labels], fitted[~labels], method="asymp").statistic)


Codes = npt.NDArray[np.int64]

MOST_NAMED = 10
#: Losses of area below this are no reason to name a column.
LEAST_IMPORTANCE = 0.005
#: A difference in a column itself is told where its p value is at most this.
CLEAR = 0.01


def giveaways(
    detector: Detector, rows: Rows, folds: Codes, rng: np.random.Generator
) -> tuple[Giveaway, ...]:
    """Shuffle one column at a time among the rows to be told apart (Breiman, 2001).

    Columns that say the same stand in for each other: neither may then seem important.
    """
    lost = _importances(detector, rows, folds, rng)
    leading = [
        place for place in np.argsort(-lost, kind="stable") if lost[place] >= LEAST_IMPORTANCE
    ]
    partners = _partners(rows)
    return tuple(
        Giveaway(
            column=rows.columns[place],
            importance=float(lost[place]),
            telling=_telling(rows.plain[:, place], rows.labels, bool(rows.categorical[place])),
            synthetic_higher=_synthetic_higher(rows, place),
            together_with=partners[place],
        )
        for place in leading[:MOST_NAMED]
    )


def _importances(detector: Detector, rows: Rows, folds: Codes, rng: np.random.Generator) -> Floats:
    lost = []
    for fold in np.unique(folds):
        held_out = np.flatnonzero(folds == fold)
        asked = rows.take(held_out)
        everyone = np.arange(held_out.size)
        variants = [
            asked,
            *(
                asked.with_exchanged(name, everyone, rng.permutation(everyone))
                for name in rows.columns
            ),
        ]
        known = rows.take(folds != fold)
        scores = detector.score(known, known.labels[None], Rows.stacked(variants))
        found = areas(scores.reshape(len(variants), -1), np.tile(asked.labels, (len(variants), 1)))
        lost.append(found[0] - found[1:])
    return np.asarray(np.mean(lost, axis=0))


def _telling(values: Floats, labels: Bools, categorical: bool) -> Telling:
    missing = np.isnan(values)
    counts = [
        [np.count_nonzero(missing[labels == one]) for one in (False, True)],
        [np.count_nonzero(~missing[labels == one]) for one in (False, True)],
    ]
    if missing.any() and stats.fisher_exact(counts).pvalue <= CLEAR:
        more = missing[labels].mean() > missing[~labels].mean()
        return "missing more often" if more else "missing less often"
    real, synthetic = values[~labels & ~missing], values[labels & ~missing]
    if not (real.size and synthetic.size):
        return "relation"
    if categorical:
        table = [
            np.bincount(part.astype(np.int64), minlength=int(np.nanmax(values)) + 1)
            for part in (real, synthetic)
        ]
        seen = np.array(table)[:, np.sum(table, axis=0) > 0]
        return "other shares" if stats.chi2_contingency(seen).pvalue <= CLEAR else "relation"
    if stats.mannwhitneyu(synthetic, real).pvalue <= CLEAR:
        return "higher" if _share_higher(real, synthetic) > 0.5 else "lower"
    spread = stats.ks_2samp(real, synthetic, method="asymp").pvalue <= CLEAR
    return "other spread" if spread else "relation"


def _synthetic_higher(rows: Rows, place: int) -> float | None:
    if rows.categorical[place]:
        return None
    values = rows.plain[:, place]
    known = ~np.isnan(values)
    real, synthetic = values[known & ~rows.labels], values[known & rows.labels]
    return _share_higher(real, synthetic) if real.size and synthetic.size else None


def _share_higher(real: Floats, synthetic: Floats) -> float:
    labels = np.arange(real.size + synthetic.size) >= real.size
    return float(areas(np.concatenate([real, synthetic])[None], labels[None])[0])


def _partners(rows: Rows) -> list[str | None]:
    """Find for each column the one with which the correlation of features differs most."""
    sources = np.array(rows.features)
    gap = np.abs(_correlations(rows.scaled[rows.labels]) - _correlations(rows.scaled[~rows.labels]))
    partners: list[str | None] = []
    for name in rows.columns:
        others = np.flatnonzero(sources != name)
        ours = np.flatnonzero(sources == name)
        if not (others.size and ours.size):
            partners.append(None)
            continue
        partners.append(str(sources[others[gap[np.ix_(ours, others)].max(axis=0).argmax()]]))
    return partners


def _correlations(features: Floats) -> Floats:
    centred = features - features.mean(axis=0)
    norms = np.sqrt((centred**2).sum(axis=0))
    norms[norms < 1e-9] = np.inf
    return np.asarray((centred / norms).T @ (centred / norms))
