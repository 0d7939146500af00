"""The dependence of all pairs of columns, real against synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from synthhealth.evaluation._columns import CategoricalColumn, NumericalColumn
from synthhealth.evaluation._dependence import (
    FEWEST_ROWS,
    Table,
    complete_rows,
    dependence,
    pool_rare_levels,
)
from synthhealth.evaluation._results import NotComputed, PairResult, Score
from synthhealth.evaluation._seeds import Seeds
from synthhealth.evaluation._table_floor import dependence_floor

__all__ = ["PairComparison", "compare_pairs"]

Measure = Literal["spearman", "cramers_v", "correlation_ratio"]

WHAT = "dependence"


@dataclass(frozen=True)
class PairComparison:
    """The results of all pairs, their mean difference, and what could not be computed."""

    pairs: tuple[PairResult, ...]
    score: Score | None
    not_computed: tuple[NotComputed, ...]


def compare_pairs(
    columns: Sequence[NumericalColumn | CategoricalColumn], seeds: Seeds
) -> PairComparison:
    """Compare the dependence of all pairs of columns.

    A column that is constant in the real table is left out: it depends on nothing. One that is
    constant in the synthetic table alone has lost its dependence, which counts as 0.
    """
    numerical = [
        column
        for column in columns
        if isinstance(column, NumericalColumn) and np.ptp(column.present[0]) > 0
    ]
    pooled = {
        column.name: pool_rare_levels(column.real, column.synthetic, column.n_levels)
        for column in columns
        if isinstance(column, CategoricalColumn)
    }
    pooled = {name: column for name, column in pooled.items() if column.levels.real > 1}
    position = {name: i for i, name in enumerate([*(c.name for c in numerical), *pooled])}
    gaps = [
        NotComputed(what=WHAT, column=column.name, reason=_why_left_out(column))
        for column in columns
        if column.name not in position
    ]
    if len(position) < 2:
        gaps.append(
            NotComputed(what=WHAT, column=None, reason="fewer than two columns vary in the table")
        )
        return PairComparison(pairs=(), score=None, not_computed=tuple(gaps))

    levels = tuple(column.levels for column in pooled.values())
    real = Table.of([c.real for c in numerical], [c.real for c in pooled.values()], levels)
    synthetic = Table.of(
        [c.synthetic for c in numerical], [c.synthetic for c in pooled.values()], levels
    )
    rows = complete_rows(real), complete_rows(synthetic)
    measured = dependence(real), dependence(synthetic)
    pairs = []
    chosen = np.zeros(rows[0].shape, dtype=bool)
    for first, second in combinations([c.name for c in columns if c.name in position], 2):
        at = position[first], position[second]
        if min(rows[0][at], rows[1][at]) < FEWEST_ROWS:
            table = "real" if rows[0][at] < FEWEST_ROWS else "synthetic"
            reason = f"fewer than {FEWEST_ROWS} rows of the {table} table have both values"
            gaps.append(NotComputed(what=WHAT, column=f"{first} / {second}", reason=reason))
            continue
        chosen[at] = True
        pairs.append(
            PairResult(
                first=first,
                second=second,
                measure=_measure(first in pooled, second in pooled),
                real=measured[0][at],
                synthetic=measured[1][at],
                difference=abs(measured[0][at] - measured[1][at]),
            )
        )
    score = None
    if pairs:
        floor = dependence_floor(real, chosen, len(synthetic.codes), seeds.rng("dependence"))
        value = float(np.mean([pair.difference for pair in pairs]))
        score = Score(value=value, floor=floor)
    return PairComparison(pairs=tuple(pairs), score=score, not_computed=tuple(gaps))


def _why_left_out(column: NumericalColumn | CategoricalColumn) -> str:
    if isinstance(column, CategoricalColumn) and (column.counts[0] > 0).sum() > 1:
        return "it has more than 50 levels, none of them common in the real table"
    return "it is constant in the real table, and depends on nothing there"


def _measure(first_is_categorical: bool, second_is_categorical: bool) -> Measure:
    if first_is_categorical and second_is_categorical:
        return "cramers_v"
    if first_is_categorical or second_is_categorical:
        return "correlation_ratio"
    return "spearman"
