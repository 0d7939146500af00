"""Values beyond limits: detection limits, plausible ranges, the real extremes, broken rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation._clinical_results import (
    CensoringResult,
    RangeResult,
    RuleResult,
    ShareComparison,
)
from synthhealth.evaluation._columns import Marks, NumericalColumn
from synthhealth.evaluation._shares import Counted, compare_shares
from synthhealth.evaluation._tables import Tables
from synthhealth.schema import Kind, Range, Schema

__all__ = ["compare_censoring", "compare_ranges", "compare_rules"]

Floats = npt.NDArray[np.float64]


def compare_censoring(columns: Sequence[NumericalColumn]) -> tuple[CensoringResult, ...]:
    """Compare the shares of results that are only known to be beyond a detection limit."""
    return tuple(
        CensoringResult(
            column=column.name,
            below=_compare_marked(column, -1),
            above=_compare_marked(column, 1),
        )
        for column in columns
        if column.is_censored
    )


def _compare_marked(column: NumericalColumn, mark: int) -> ShareComparison | None:
    pairs = (
        (column.real, column.censored_real),
        (column.synthetic, column.censored_synthetic),
    )
    real, synthetic = (_count_marked(values, marks, mark) for values, marks in pairs)
    if real[0] == synthetic[0] == 0:
        return None
    return compare_shares(real, synthetic, hidden=False)


def _count_marked(values: Floats, marks: Marks | None, mark: int) -> Counted:
    known = ~np.isnan(values)
    found = 0 if marks is None else int(((marks == mark) & known).sum())
    return found, int(known.sum())


def compare_ranges(columns: Sequence[NumericalColumn], schema: Schema) -> tuple[RangeResult, ...]:
    """Compare the shares of implausible values, and of values on the real table's extremes."""
    return tuple(
        RangeResult(
            column=column.name,
            implausible=_compare_implausible(column, schema),
            at_extremes=_compare_extremes(column),
        )
        for column in columns
        if column.obstacle is None
    )


def _compare_implausible(column: NumericalColumn, schema: Schema) -> ShareComparison | None:
    plausible = schema[column.name].plausible
    if plausible is None or schema[column.name].kind is Kind.DATETIME:
        return None
    real, synthetic = (_count_outside(values, plausible) for values in column.present)
    return compare_shares(real, synthetic)


def _count_outside(values: Floats, plausible: Range) -> Counted:
    low = -np.inf if plausible.low is None else plausible.low
    high = np.inf if plausible.high is None else plausible.high
    return int(((values < low) | (values > high)).sum()), values.size


def _compare_extremes(column: NumericalColumn) -> ShareComparison:
    real, synthetic = column.present
    extremes = real.min(), real.max()
    return compare_shares(_count_at(real, extremes), _count_at(synthetic, extremes))


def _count_at(values: Floats, points: tuple[np.float64, np.float64]) -> Counted:
    return int(((values == points[0]) | (values == points[1])).sum()), values.size


def compare_rules(tables: Tables) -> tuple[RuleResult, ...]:
    """Compare in how many rows each rule of the schema is broken."""
    if not tables.schema.rules:
        return ()
    from synthhealth.schema.rules import rules_of

    found = []
    for rule in rules_of(tables.schema):
        checks = rule.check(tables.real.table), rule.check(tables.synthetic.table)
        real, synthetic = ((check.n_broken, check.n_known) for check in checks)
        found.append(RuleResult(rule=rule.text, broken=compare_shares(real, synthetic)))
    return tuple(found)
