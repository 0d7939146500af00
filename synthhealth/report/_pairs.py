"""Pairs of columns, counted so that no group of fewer than five patients is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation import PairResult
from synthhealth.evaluation.release import coarse_count, coarse_known, quantile
from synthhealth.report._data import (
    Axis,
    Box,
    BoxPair,
    CategoricalDistribution,
    DependenceMatrix,
    GridPair,
    GroupBoxes,
    NumericalDistribution,
    Pairs,
)
from synthhealth.report._grid import MIN_CELL, Floats, cell, quantile_edges
from synthhealth.report._numbers import band_labels
from synthhealth.report._values import Levels

#: Pairs kept of a wide table: all of 25 columns.
MOST_PAIRS = 300

_MOST_BANDS = 10
_MOST_LEVELS = 10
_PER_CELL = 7  # real patients wanted per cell of a grid, on average

Codes: TypeAlias = npt.NDArray[np.intp]


class Values(NamedTuple):
    """A numerical column of both tables and how it was counted."""

    distribution: NumericalDistribution
    real: Floats
    synthetic: Floats


class Ordered(NamedTuple):
    """The known values of a column in increasing order, and the rows that they stand in."""

    values: Floats
    rows: Codes


class Groups(NamedTuple):
    """A column of both tables, sorted into groups; -1 where missing."""

    axis: Axis
    real: Codes
    synthetic: Codes


def bands_of(values: Values) -> Groups:
    """Sort a numerical column into bands that hold about the same number of real patients."""
    distribution = values.distribution
    n_bands = round((distribution.n_real / _PER_CELL) ** 0.5)
    grid = np.array(distribution.grid)
    counts = np.round(np.diff(distribution.real_below) * distribution.n_real).astype(np.int64)
    edges = quantile_edges(grid, counts, min(max(n_bands, 2), _MOST_BANDS))
    labels = band_labels(edges.tolist(), scale=distribution.scale, whole=distribution.whole)
    return Groups(
        axis=Axis(column=distribution.column, labels=labels),
        real=_codes(values.real, edges),
        synthetic=_codes(values.synthetic, edges),
    )


def levels_of(distribution: CategoricalDistribution, levels: Levels, other: str) -> Groups:
    """Sort a categorical column into its most frequent levels and all others."""
    by_count = sorted(
        range(len(distribution.names)), key=lambda index: -distribution.levels[index].real_count
    )
    room = _MOST_LEVELS if distribution.other is None else _MOST_LEVELS - 1
    if len(by_count) > room:
        room = _MOST_LEVELS - 1
    shown = [distribution.names[index] for index in sorted(by_count[:room])]
    place = {name: index for index, name in enumerate(shown)}
    translate = np.array([*(place.get(name, len(shown)) for name in levels.names), -1])
    labels = shown if len(shown) == len(levels.names) else [*shown, other]
    return Groups(
        axis=Axis(column=distribution.column, labels=tuple(labels)),
        real=translate[levels.real],
        synthetic=translate[levels.synthetic],
    )


def aggregate_pairs(
    results: Sequence[PairResult],
    numerical: Mapping[str, Values],
    categorical: Mapping[str, Groups],
) -> Pairs:
    """Aggregate the pairs that were measured; of a wide table, those that differ most."""
    bands = {name: bands_of(values) for name, values in numerical.items()}
    groups = {**bands, **categorical}
    usable = [pair for pair in results if pair.first in groups and pair.second in groups]
    kept = set(sorted(range(len(usable)), key=lambda i: -usable[i].difference)[:MOST_PAIRS])
    ordered: dict[str, tuple[Ordered, Ordered]] = {}  # once for all pairs of a column
    grids, boxes = [], []
    for index in sorted(kept):
        first, second = usable[index].first, usable[index].second
        if (first in numerical) == (second in numerical):
            grids.append(_grid_pair(groups[first], groups[second]))
        else:
            number, level = (first, second) if first in numerical else (second, first)
            values = numerical[number]
            if number not in ordered:
                ordered[number] = _ordered(values.real), _ordered(values.synthetic)
            boxes.append(_box_pair(values.distribution, ordered[number], categorical[level]))
    return Pairs(grids=tuple(grids), boxes=tuple(boxes), n_all=len(results), n_kept=len(kept))


def dependence_matrix(
    results: Sequence[PairResult], numerical: Sequence[str], categorical: Sequence[str]
) -> DependenceMatrix:
    """Arrange the dependence of all pairs as square tables."""
    columns = [*numerical, *categorical]
    place = {name: index for index, name in enumerate(columns)}
    real, synthetic = np.eye(len(columns)), np.eye(len(columns))
    for table in (real, synthetic):
        table[table == 0] = np.nan
    for pair in results:
        here, there = place[pair.first], place[pair.second]
        real[here, there] = real[there, here] = pair.real
        synthetic[here, there] = synthetic[there, here] = pair.synthetic
    return DependenceMatrix(
        numerical=tuple(numerical),
        categorical=tuple(categorical),
        real=_square(real),
        synthetic=_square(synthetic),
        difference=_square(synthetic - real),
    )


def _grid_pair(first: Groups, second: Groups) -> GridPair:
    shape = len(first.axis.labels), len(second.axis.labels)
    real = _cross(first.real, second.real, shape)
    synthetic = _cross(first.synthetic, second.synthetic, shape)
    n_real, n_synthetic = coarse_known(int(real.sum()), len(first.real)), int(synthetic.sum())
    return GridPair(
        first=first.axis,
        second=second.axis,
        n_real=n_real,
        n_synthetic=n_synthetic,
        real=tuple(tuple(_blurred_share(int(held), n_real) for held in row) for row in real),
        synthetic=tuple(
            tuple(round(int(held) / max(n_synthetic, 1), 5) for held in row) for row in synthetic
        ),
    )


def _blurred_share(held: int, n_real: int) -> float | None:
    """Return a cell's share of real rows, to the nearest `MIN_CELL` patients; None for fewer.

    The totals of rows and columns are known from the columns' own figures. Were the other cells
    exact, a hidden one would follow by subtraction.
    """
    if held < MIN_CELL:
        return None
    return round(min(coarse_count(held) / n_real, 1.0), 5)


def _box_pair(
    distribution: NumericalDistribution, ordered: tuple[Ordered, Ordered], groups: Groups
) -> BoxPair:
    # With five patients a quartile is one patient's value: none is given finer than half a bin.
    step = float(np.diff(distribution.edges).min()) / 2
    n_levels = len(groups.axis.labels)
    return BoxPair(
        numerical=distribution.column,
        categorical=groups.axis,
        scale=distribution.scale,
        boxes=tuple(
            GroupBoxes(real=_box(real, step), synthetic=_box(synthetic, step))
            for real, synthetic in zip(
                _by_level(ordered[0], groups.real, n_levels),
                _by_level(ordered[1], groups.synthetic, n_levels),
                strict=True,
            )
        ),
    )


def _ordered(values: Floats) -> Ordered:
    rows = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]
    return Ordered(values[rows], rows)


def _by_level(ordered: Ordered, codes: Codes, n_levels: int) -> list[Floats]:
    """Return the known values of each level, in increasing order."""
    # Numbers of one byte are sorted by counting, which is as fast as reading them.
    levels = codes.astype(np.int8)[ordered.rows]
    ends = np.cumsum(np.bincount(levels + 1, minlength=n_levels + 1))
    return np.split(ordered.values[np.argsort(levels, kind="stable")], ends[:-1])[1:]


def _box(known: Floats, step: float) -> Box | None:
    if len(known) < MIN_CELL:
        return None
    quartiles = _quartiles(known)
    rounded = np.round(quartiles / step) * step
    q25, median, q75 = (float(f"{value:.12g}") for value in rounded)
    return Box(q25=q25, median=median, q75=q75)


def _quartiles(ordered: Floats) -> Floats:
    return np.array([quantile(ordered, place) for place in (0.25, 0.5, 0.75)])


def _cross(first: Codes, second: Codes, shape: tuple[int, int]) -> npt.NDArray[np.int64]:
    known = (first >= 0) & (second >= 0)
    cells = first[known] * shape[1] + second[known]
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.int64)


def _codes(values: Floats, edges: Floats) -> Codes:
    return np.where(np.isnan(values), -1, cell(values, edges))


def _square(table: Floats) -> tuple[tuple[float | None, ...], ...]:
    return tuple(
        tuple(None if np.isnan(value) else round(float(value), 4) for value in row) for row in table
    )
