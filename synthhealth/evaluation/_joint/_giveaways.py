"""Which columns give the synthetic rows away."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from synthhealth.evaluation._joint._auc import areas
from synthhealth.evaluation._joint._detectors import Detector
from synthhealth.evaluation._joint._results import Giveaway, Telling
from synthhealth.evaluation._joint._rows import Rows

__all__ = ["giveaways"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
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
