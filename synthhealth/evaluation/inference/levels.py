"""The levels of a column in a regression: rare ones pooled, the first one the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.errors import NotEstimableError
from synthhealth.evaluation.tables import CanonicalTable
from synthhealth.evaluation.values import levels, microseconds, numbers
from synthhealth.schema import Column, Kind
from synthhealth.schema.types import MIN_CELL

__all__ = [
    "Coded",
    "Coding",
    "code",
    "events_of",
    "is_event",
    "label_of",
    "read_levels",
    "read_numbers",
]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MOST_LEVELS = 50
OTHER = "other"
MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Coded:
    """A column as codes of its own values; -1 is missing."""

    codes: Codes
    values: tuple[object, ...]


@dataclass(frozen=True)
class Coding:
    """What level each value of a column becomes."""

    column: str
    labels: tuple[str, ...]
    index: Mapping[object, int]

    def apply(self, coded: Coded) -> Codes:
        """Give the levels of rows; -1 where the value is missing or none of the real table's."""
        # One entry more, where code -1 looks itself up.
        becomes = np.array([*(self._level(value) for value in coded.values), -1], dtype=np.int64)
        return becomes[coded.codes]

    def _level(self, value: object) -> int:
        return self.index.get(value, len(self.labels) - 1 if self._pools else -1)

    @property
    def _pools(self) -> bool:
        return self.labels[-1] == OTHER


def read_numbers(table: CanonicalTable, column: Column, use: str) -> Floats:
    """Give a column as numbers, dates as days since 1970; NaN is missing.

    Raises
    ------
    NotEstimableError
        Its kind is none of numbers.
    """
    series = table.table[column.name]
    if column.kind is Kind.DATETIME:
        moments, _ = microseconds(series, column, "given")
        return np.where(series.isna().to_numpy(), np.nan, moments / MICROSECONDS_PER_DAY)
    if not column.kind.is_numerical:
        raise NotEstimableError(
            f"{use} needs numbers, but the column {column.name!r} is {column.kind.value}; declare "
            "it as count or continuous in the schema"
        )
    values = numbers(series, column, "given")
    return np.where(np.isfinite(values), values, np.nan)


def read_levels(table: CanonicalTable, column: Column) -> Coded:
    """Give a column as codes of its values."""
    if column.kind.is_numerical:
        values: npt.NDArray[np.float64] | npt.NDArray[np.object_]
        values = read_numbers(table, column, f"C({column.name})")
    else:
        values = levels(table.table[column.name])
    codes, found = pd.factorize(values, sort=True)
    return Coded(codes.astype(np.int64), tuple(found.tolist()))


def code(coded: Coded, column: Column, table: CanonicalTable, rows: Mask) -> Coding:
    """Decide on the levels of a column by the rows of the real table that are complete.

    Levels with fewer than 5 of them are pooled as ``other``, with the next rarest ones if all
    together are fewer than 5.

    Raises
    ------
    NotEstimableError
        Fewer than two levels are left, or there are too many.
    """
    counts = np.bincount(coded.codes[rows], minlength=len(coded.values))
    common = [place for place in _in_order(coded, column) if counts[place] >= MIN_CELL]
    pooled = {int(place) for place in np.flatnonzero((counts > 0) & (counts < MIN_CELL))}
    named = {place: label_of(coded.values[place], table, column) for place in common}
    if pooled:
        pooled |= {place for place, label in named.items() if label.casefold() == OTHER}
        for place in sorted(common, key=lambda place: counts[place]):
            if sum(counts[list(pooled)]) < MIN_CELL:
                pooled.add(place)
    kept = [place for place in common if place not in pooled]
    labels = [named[place] for place in kept] + ([OTHER] if pooled else [])
    if len(labels) < 2:
        raise NotEstimableError(
            f"fewer than two levels of the column {column.name!r} have {MIN_CELL} complete real "
            "rows; leave it out"
        )
    if len(labels) > MOST_LEVELS:
        raise NotEstimableError(
            f"the column {column.name!r} has more than {MOST_LEVELS} levels; merge some, or leave "
            "it out"
        )
    index = {coded.values[place]: level for level, place in enumerate(kept)}
    index |= {coded.values[place]: len(kept) for place in pooled}
    return Coding(column.name, tuple(labels), index)


def events_of(coded: Coded, column: Column, rows: Mask) -> tuple[object, object]:
    """Give a column's two values, the event first: 1, true, or the second level.

    Raises
    ------
    NotEstimableError
        It has not two.
    """
    counts = np.bincount(coded.codes[rows], minlength=len(coded.values))
    found = [place for place in _in_order(coded, column) if counts[place]]
    if len(found) != 2:
        raise NotEstimableError(
            f"the outcome {column.name!r} has {len(found)} values among the complete real rows; "
            f"say which one is the event: {column.name} == value"
        )
    return coded.values[found[1]], coded.values[found[0]]


def is_event(coded: Coded, wanted: str) -> Mask:
    """Say of each row whether its value is the one that a formula names."""
    fits = [_fits(value, wanted) for value in coded.values]
    return np.array([*fits, False], dtype=np.bool_)[coded.codes]


def label_of(value: object, table: CanonicalTable, column: Column) -> str:
    """Give a level's name."""
    if not isinstance(value, float):
        return str(value)
    if types.is_bool_dtype(table.table[column.name].dtype):
        return str(bool(value))
    return f"{value:g}"


def _fits(value: object, wanted: str) -> bool:
    if not isinstance(value, float):
        return str(value) == wanted
    truths = {"true": 1.0, "false": 0.0}
    try:
        return value == truths[wanted] if wanted in truths else value == float(wanted)
    except ValueError:
        return False


def _in_order(coded: Coded, column: Column) -> list[int]:
    """Give the places of the values in the schema's order of levels, else sorted."""
    order: dict[object, int] = {level: rank for rank, level in enumerate(column.levels or ())}
    last = len(order)
    return sorted(
        range(len(coded.values)), key=lambda place: (order.get(coded.values[place], last), place)
    )
