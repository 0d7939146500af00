"""Which values are missing: how often, which together, and in which patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.evaluation._clinical_results import (
    MissingDependence,
    MissingPattern,
    MissingShare,
    MissingTogether,
    MissingValues,
)
from synthhealth.evaluation._columns import CategoricalColumn, NumericalColumn
from synthhealth.evaluation._dependence import pool_rare_levels
from synthhealth.evaluation._fidelity import tv_complement
from synthhealth.evaluation._floor import resampled_floor, tv_floor
from synthhealth.evaluation._missing_dependence import Values, missing_dependence
from synthhealth.evaluation._result_base import MIN_CELL, Score
from synthhealth.evaluation._seeds import Seeds
from synthhealth.evaluation._shares import compare_shares
from synthhealth.evaluation._table_floor import Draws, draw_pairs

__all__ = ["compare_missing_values"]

Column = NumericalColumn | CategoricalColumn
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MOST_PATTERNS = 20
MOST_PAIRS = 20
#: Columns whose missing values are held against the values of all others.
MOST_MASKS = 30


@dataclass(frozen=True)
class Gaps:
    """Where the values of some columns are missing: one row per row of each table."""

    names: list[str]
    real: Mask
    synthetic: Mask


@dataclass(frozen=True)
class Dependence:
    """The pairs of a mask and a column that are measured, and all that measuring them takes."""

    masks: list[int]
    chosen: Mask
    real: Values
    synthetic: Values
    names: list[str]
    n_numerical: int


def compare_missing_values(columns: Sequence[Column], seeds: Seeds) -> MissingValues | None:
    """Compare the missing values of two tables; None where there are none."""
    gaps = _gaps(columns)
    if not gaps.names:
        return None
    counts, members = _count_patterns(gaps)
    draws = draw_pairs(len(gaps.real), len(gaps.synthetic), seeds.rng("missing values"))
    together = _share_together(gaps.real), _share_together(gaps.synthetic)
    dependence = _prepare(columns, gaps)
    measured = [
        missing_dependence(mask[:, dependence.masks], values)
        for mask, values in (
            (gaps.real, dependence.real),
            (gaps.synthetic, dependence.synthetic),
        )
    ]
    replicates = _replicate(gaps.real, dependence, draws)
    return MissingValues(
        columns=tuple(_column(gaps, place) for place in range(len(gaps.names))),
        pattern_score=Score(
            value=tv_complement(*counts),
            floor=tv_floor(counts[0], len(gaps.synthetic), seeds.rng("missing patterns")),
        ),
        n_patterns=len(members),
        patterns=_patterns(gaps, counts, members),
        together_difference=_largest(together, replicates),
        together=_together(gaps, together),
        dependence_difference=_mean_difference(measured, dependence.chosen, replicates),
        dependence=_dependence(gaps, dependence, measured),
    )


def _gaps(columns: Sequence[Column]) -> Gaps:
    names, real, synthetic = [], [], []
    for column in columns:
        masks = (
            [np.isnan(column.real), np.isnan(column.synthetic)]
            if isinstance(column, NumericalColumn)
            else [column.real < 0, column.synthetic < 0]
        )
        if masks[0].any() or masks[1].any():
            names.append(column.name)
            real.append(masks[0])
            synthetic.append(masks[1])
    if not names:
        return Gaps([], np.empty((0, 0), dtype=bool), np.empty((0, 0), dtype=bool))
    return Gaps(names, np.column_stack(real), np.column_stack(synthetic))


def _column(gaps: Gaps, place: int) -> MissingShare:
    real, synthetic = gaps.real[:, place], gaps.synthetic[:, place]
    rows = compare_shares(
        (int(real.sum()), real.size), (int(synthetic.sum()), synthetic.size), hidden=False
    )
    return MissingShare(column=gaps.names[place], rows=rows)


# Joint patterns


def _count_patterns(
    gaps: Gaps,
) -> tuple[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], Mask]:
    """Count the patterns of either table; give the columns that each of them has missing."""
    both = np.vstack([gaps.real, gaps.synthetic])
    codes = np.zeros(len(both), dtype=np.int64)
    for word in np.packbits(both, axis=1).T:
        codes = pd.factorize(codes * 256 + word)[0].astype(np.int64)
    n_patterns = int(codes.max()) + 1
    first_row = np.zeros(n_patterns, dtype=np.int64)
    first_row[codes[::-1]] = np.arange(len(both))[::-1]
    real = np.bincount(codes[: len(gaps.real)], minlength=n_patterns)
    synthetic = np.bincount(codes[len(gaps.real) :], minlength=n_patterns)
    return (real, synthetic), both[first_row]


def _patterns(
    gaps: Gaps, counts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], members: Mask
) -> tuple[MissingPattern, ...]:
    real, synthetic = counts
    common = np.argsort(-real, kind="stable")[:MOST_PATTERNS]
    return tuple(
        MissingPattern(
            columns=tuple(
                name for name, gone in zip(gaps.names, members[pattern], strict=True) if gone
            ),
            rows=compare_shares(
                (int(real[pattern]), len(gaps.real)),
                (int(synthetic[pattern]), len(gaps.synthetic)),
                hidden=False,
            ),
        )
        for pattern in common
        if real[pattern] >= MIN_CELL
    )


# Missing together


def _share_together(missing: Mask) -> Floats:
    gone = missing.astype(np.float64)
    return gone.T @ gone / len(gone)


def _largest(together: tuple[Floats, Floats], replicates: Replicates) -> Score | None:
    above = np.triu_indices(len(together[0]), 1)
    if not above[0].size:
        return None
    value = float(np.abs(together[1] - together[0])[above].max())
    return Score(value=value, floor=resampled_floor(replicates.together))


def _together(gaps: Gaps, together: tuple[Floats, Floats]) -> tuple[MissingTogether, ...]:
    pairs = list(combinations(range(len(gaps.names)), 2))
    pairs.sort(key=lambda pair: -abs(together[1][pair] - together[0][pair]))
    sizes = len(gaps.real), len(gaps.synthetic)
    return tuple(
        MissingTogether(
            first=gaps.names[pair[0]],
            second=gaps.names[pair[1]],
            rows=compare_shares(
                (round(together[0][pair] * sizes[0]), sizes[0]),
                (round(together[1][pair] * sizes[1]), sizes[1]),
            ),
        )
        for pair in pairs[:MOST_PAIRS]
    )


# Dependence on values


def _prepare(columns: Sequence[Column], gaps: Gaps) -> Dependence:
    numerical = [c for c in columns if isinstance(c, NumericalColumn) and c.obstacle is None]
    categorical = [c for c in columns if isinstance(c, CategoricalColumn) and c.obstacle is None]
    pooled = [pool_rare_levels(c.real, c.synthetic, c.n_levels) for c in categorical]
    widths = [column.levels.total for column in pooled]
    real = Values.of([c.real for c in numerical], [c.real for c in pooled], widths, len(gaps.real))
    synthetic = Values.of(
        [c.synthetic for c in numerical], [c.synthetic for c in pooled], widths, len(gaps.synthetic)
    )
    most = np.argsort(-gaps.real.sum(axis=0), kind="stable")[:MOST_MASKS]
    masks = sorted(int(place) for place in most)
    known = np.hstack([real.known, (real.levels < real.n_levels).astype(np.float64)])
    gone = gaps.real[:, masks].astype(np.float64)
    n_gone = gone.T @ known
    # Of fewer patients, the measure would tell the rank of a single one.
    chosen = (n_gone >= MIN_CELL) & (known.sum(axis=0) - n_gone >= MIN_CELL)
    names = [*(c.name for c in numerical), *(c.name for c in categorical)]
    return Dependence(masks, chosen, real, synthetic, names, len(numerical))


def _mean_difference(
    measured: Sequence[Floats], chosen: Mask, replicates: Replicates
) -> Score | None:
    if not chosen.any():
        return None
    value = float(np.abs(measured[1] - measured[0])[chosen].mean())
    return Score(value=value, floor=resampled_floor(replicates.dependence))


def _dependence(
    gaps: Gaps, dependence: Dependence, measured: Sequence[Floats]
) -> tuple[MissingDependence, ...]:
    real, synthetic = measured
    return tuple(
        MissingDependence(
            missing=gaps.names[dependence.masks[i]],
            column=dependence.names[j],
            measure="spearman" if j < dependence.n_numerical else "cramers_v",
            real=real[i, j],
            synthetic=synthetic[i, j],
            difference=abs(synthetic[i, j] - real[i, j]),
        )
        for i, j in np.argwhere(dependence.chosen)
    )


# Noise floors


@dataclass(frozen=True)
class Replicates:
    """What pairs of samples of the real rows give, one figure per pair."""

    together: Floats
    dependence: Floats


def _replicate(missing: Mask, dependence: Dependence, draws: Draws) -> Replicates:
    above = np.triu_indices(missing.shape[1], 1)
    together, gaps = [], []
    for rows in draws:
        masks = [missing[sample] for sample in rows]
        if above[0].size:
            shares = [_share_together(mask)[above] for mask in masks]
            together.append(np.abs(shares[0] - shares[1]).max())
        if dependence.chosen.any():
            measures = [
                missing_dependence(mask[:, dependence.masks], dependence.real.take(sample))
                for mask, sample in zip(masks, rows, strict=True)
            ]
            gaps.append(np.abs(measures[0] - measures[1])[dependence.chosen].mean())
    return Replicates(draws.scale * np.array(together), draws.scale * np.array(gaps))
