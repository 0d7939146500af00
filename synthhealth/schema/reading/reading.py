"""The way from cells as they are written to numbers, dates and levels; `writing` is the way back.

What is read is canonical: numbers are numbers, dates are dates, a cell that stands for a missing
value is missing. Marks beside it keep what that loses: which of the missing words a cell held, and
whether a number is a detection limit below or above which the result lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.errors import TableError
from synthhealth.schema.check import Problems
from synthhealth.schema.reading.cells import Cells, as_text, is_number
from synthhealth.schema.reading.completion import complete, complete_column, says_no_word_is_missing
from synthhealth.schema.reading.date_form import far_from_all
from synthhealth.schema.reading.dates import moments_of_numbers
from synthhealth.schema.reading.notation import parse_numbers
from synthhealth.schema.reading.number_form import NumberForm, form_of_levels
from synthhealth.schema.reading.times import parse_times
from synthhealth.schema.reading.written import WrittenColumn, WrittenTable
from synthhealth.schema.schema import Schema
from synthhealth.schema.types import BLANK, MIN_CELL, Column, DetectionLimits, Kind, Notation

__all__ = ["ColumnReading", "Reading", "complete", "read_column", "read_table"]

Marks = npt.NDArray[np.int8]

KNOWN, EMPTY, FIRST_CODE = 0, 1, 2

#: A column of numbers or dates may have this share of other cells, which count as missing.
ODD_SHARE = 0.2


@dataclass(frozen=True)
class ColumnReading:
    """A column as it was read."""

    values: pd.Series
    """Numbers (float64 where they were text), dates, or levels as they stand; gaps are missing."""
    missing: Marks
    """0: known, 1: an empty cell, 2 + i: the i-th of the column's missing codes."""
    censored: Marks | None
    """-1: below the limit that the value is, 0: known, +1: above it; None where all are known."""
    empty_is_none: bool = False
    """Whether empty cells are None rather than NaN, in a column of objects."""
    odd: int = 0
    """How many cells fit nothing that the column says: they count as missing."""


@dataclass(frozen=True)
class Reading:
    """A table as it was read."""

    table: pd.DataFrame
    """The canonical table; columns, index and attributes are those of the table."""
    missing: dict[str, Marks]
    """The marks of missing cells of the columns that have any."""
    censored: dict[str, Marks]
    """The marks of censored results of the columns that have any."""
    odd: dict[str, int] = field(default_factory=dict)
    """How many cells of a column were no number or date and count as missing, where there are."""


def read_table(
    table: pd.DataFrame | WrittenTable, schema: Schema, problems: Problems | None = None
) -> Reading:
    """Read all columns of a table that the schema knows; others stay as they are.

    Parameters
    ----------
    table : pandas.DataFrame or WrittenTable
        The cells as they are written.
    schema : Schema
        What they are.
    problems : Problems, optional
        Takes note of the columns that cannot be read, which then stay as they are; without it
        they are refused.

    Raises
    ------
    TableError
        Cells of a column do not fit what the schema says of it.
    """
    table = WrittenTable.of(table, schema)
    frame = table.frame
    found = Problems() if problems is None else problems
    known = set(schema.names)
    readings: dict[str, ColumnReading] = {}
    for name in frame.columns:
        if name in known:
            with found.of(name):
                readings[name] = read_column(table[name], schema[name])
    if problems is None:
        found.refuse()
    canonical = pd.DataFrame(
        {
            name: readings[name].values if name in readings else frame[name]
            for name in frame.columns
        },
        index=frame.index,
    )
    canonical.attrs = dict(frame.attrs)
    return Reading(
        table=canonical,
        missing={name: one.missing for name, one in readings.items() if one.missing.any()},
        censored={name: one.censored for name, one in readings.items() if one.censored is not None},
        odd={name: one.odd for name, one in readings.items() if one.odd},
    )


def read_column(values: pd.Series | WrittenColumn, column: Column) -> ColumnReading:
    """Read the cells of one column.

    Parameters
    ----------
    values : pandas.Series or WrittenColumn
        The cells as they are written.
    column : Column
        What they are; what it leaves open is taken from the cells, but no code for missing values:
    words that stand for one are read as empty cells. `complete` finds those that many have.

    Raises
    ------
    TableError
        Some cells do not fit: they are counted, never shown.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import Column, read_column
    >>> crp = Column(name="crp", kind="continuous")
    >>> read = read_column(pd.Series(["<0,5", "12,25", "not done"]), crp)
    >>> read.values.tolist(), read.missing.tolist(), read.censored.tolist()
    ([0.5, 12.25, nan], [0, 0, 1], [-1, 0, 0])
    """
    written = WrittenColumn.of(values)
    values = written.values
    is_number = types.is_numeric_dtype(values.dtype) or types.is_bool_dtype(values.dtype)
    if not column.kind.is_modelled:
        return ColumnReading(values, values.isna().to_numpy().astype(np.int8), None)
    if types.is_datetime64_any_dtype(values.dtype):
        return _read_moments(values)
    if is_number:
        return _read_number_cells(values, complete_column(column, written))
    cells = written.cells
    words = _missing_words(column, cells, values.dtype)
    if not _says_how_numbers_are_written(column):
        completed = complete_column(column, written)
        column = completed.model_copy(update={"missing": column.missing})
    return _read_object_cells(values, column, cells, words)


def _says_how_numbers_are_written(column: Column) -> bool:
    """Whether nothing is left open that reading needs; to complete it would read all cells."""
    if column.notation is None or column.notation.clock or column.joined is not None:
        return False
    return column.kind in (Kind.CONTINUOUS, Kind.COUNT)


def _read_number_cells(values: pd.Series, column: Column) -> ColumnReading:
    marks = values.isna().to_numpy().astype(np.int8)
    for place, code in enumerate(column.missing):
        if not isinstance(code, str):
            marks[(values == code).to_numpy(dtype=bool, na_value=False)] = FIRST_CODE + place
    coded = marks >= FIRST_CODE
    if column.kind is Kind.DATETIME:
        return _read_number_dates(values, column, marks)
    if coded.any():
        if isinstance(values.dtype, np.dtype):
            values = values.astype(np.float64)
        values = values.mask(coded)
    if not column.kind.is_numerical:
        return _levels(values, column, marks)
    return ColumnReading(values, marks, _at_limits(values, column.detection))


def _levels(
    values: pd.Series, column: Column, marks: Marks, *, empty_is_none: bool = False, odd: int = 0
) -> ColumnReading:
    if BLANK in (column.levels or ()):
        empty = marks == EMPTY
        values = values.astype(object).mask(empty, BLANK)
        marks = np.where(empty, KNOWN, marks).astype(np.int8)
    _check_levels(values, column)
    return ColumnReading(values, marks, None, empty_is_none, odd)


def _at_limits(values: pd.Series, detection: DetectionLimits | None) -> Marks | None:
    """Mark the numbers that are a detection limit: what a laboratory prints for results beyond."""
    if detection is None:
        return None
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    sides = np.zeros(len(numbers), dtype=np.int8)
    sides[np.isin(numbers, detection.below)] = -1
    sides[np.isin(numbers, detection.above)] = 1
    return sides if sides.any() else None


def _read_number_dates(values: pd.Series, column: Column, marks: Marks) -> ColumnReading:
    """Read numbers that are dates: ``20240131``, or serial numbers."""
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    numbers = np.where(marks == KNOWN, numbers, np.nan)
    dates = column.notation.dates if column.notation is not None else ()
    moments = (
        moments_of_numbers(numbers, dates[0]) if dates else np.full(len(numbers), "NaT", "M8[us]")
    )
    wrong = np.isnat(moments) & (marks == KNOWN)
    if wrong.sum() > ODD_SHARE * (marks == KNOWN).sum():
        raise TableError(
            f"column {column.name!r}: {_count(int(wrong.sum()))} not dates; for serial numbers of "
            "Excel say so (schema: notation: dates: [excel]), or declare the column as count"
        )
    return _without_slips(pd.Series(moments, index=values.index, name=values.name), marks, wrong)


def _read_moments(values: pd.Series) -> ColumnReading:
    """Read dates that are no text; those far from all others stand for none."""
    marks = values.isna().to_numpy().astype(np.int8)
    return _without_slips(values, marks, np.zeros(len(values), dtype=bool), spikes=True)


def _without_slips(
    values: pd.Series, marks: Marks, odd: npt.NDArray[np.bool_], *, spikes: bool = False
) -> ColumnReading:
    """Take dates that are far from all others for missing ones."""
    wall_clock = values if values.dt.tz is None else values.dt.tz_localize(None)
    moments, places, counts = np.unique(
        wall_clock.to_numpy(dtype="datetime64[us]"), return_inverse=True, return_counts=True
    )
    odd = odd | (far_from_all(moments) if spikes else _is_slip(moments, counts))[places]
    if not odd.any():
        return ColumnReading(values, marks, None)
    marks[odd] = EMPTY
    return ColumnReading(values.mask(odd), marks, None, odd=int(odd.sum()))


def _is_slip(
    moments: npt.NDArray[np.datetime64], counts: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Say which dates are slips of the pen: far from all others, and of few patients.

    One of many patients is a code, which the schema has under 'missing' where it is one.
    """
    return far_from_all(moments) & (counts < MIN_CELL)


def _read_object_cells(
    values: pd.Series, column: Column, cells: Cells, words: set[str]
) -> ColumnReading:
    of_cell = np.array([_mark(cell, column.missing) for cell in cells.different], dtype=np.int8)
    is_word = np.array([isinstance(cell, str) and cell in words for cell in cells.different], bool)
    of_cell[is_word & (of_cell == KNOWN)] = EMPTY
    empty_is_none = types.is_object_dtype(values.dtype) and any(
        cell is None for cell in values.to_numpy()[cells.places < 0]
    )
    is_one = column.kind.is_numerical and column.joined is None
    is_written = column.notation is not None or column.kind is Kind.DATETIME
    if is_one and (cells.has_text or is_written):
        read = _numbers_or_moments(cells, column, of_cell)
        marks = np.append(of_cell, np.int8(EMPTY))[cells.places]
        marks[read.odd] = EMPTY
        series = pd.Series(read.values, index=values.index, name=values.name)
        return ColumnReading(series, marks, read.sides, empty_is_none, int(read.odd.sum()))
    if cells.had_marks:
        values = cells.rows(values.index, values.name)
    odd = _odd_levels(cells, column, of_cell == KNOWN)
    marks = np.append(np.where(odd, EMPTY, of_cell), EMPTY).astype(np.int8)[cells.places]
    if (of_cell != KNOWN).any() or odd.any():
        values = values.mask(marks != KNOWN)
    if not column.kind.is_numerical:
        if cells.has_text and cells.has_numbers:
            values = values.map(as_text, na_action="ignore")
        n_odd = int(cells.counts[odd].sum())
        return _levels(values, column, marks, empty_is_none=empty_is_none, odd=n_odd)
    if column.joined is None and any(not is_number(cell) for cell in cells.different):
        raise _no_numbers(column, sum(not is_number(cell) for cell in values.dropna()))
    return ColumnReading(values, marks, None, empty_is_none, int(cells.counts[odd].sum()))


def _missing_words(column: Column, cells: Cells, dtype: Any) -> set[str]:
    """Give the cells that stand for a missing value, though they are no codes of the column."""
    if isinstance(dtype, pd.CategoricalDtype) and not column.kind.is_numerical:
        return set()
    if column.kind.is_numerical:
        return set(cells.missing_numbers)
    if says_no_word_is_missing(column):
        return set()
    of_numbers = _form_of_levels(column) is not None
    words = cells.missing_numbers if of_numbers else cells.missing_words
    return set(words) - set(map(str, column.levels or ()))


def _form_of_levels(column: Column) -> NumberForm | None:
    """Say how the levels are written, if all are text and numbers."""
    levels = [level for level in column.levels or () if isinstance(level, str)]
    is_text = not column.kind.is_numerical and len(levels) == len(column.levels or ())
    return form_of_levels(levels) if is_text else None


def _odd_levels(
    cells: Cells, column: Column, is_known: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Find the cells that are not numbers where all levels are; none if they are too many."""
    odd = np.zeros(len(cells.different), dtype=bool)
    form = _form_of_levels(column)
    if form is None:
        return odd
    levels = column.levels or ()
    others = [
        place
        for place, cell in enumerate(cells.different)
        if is_known[place] and cell not in levels
    ]
    texts = [as_text(cells.different[place]) for place in others]
    odd[others] = ~parse_numbers(texts, form.notation).fits
    is_few = cells.counts[odd].sum() <= ODD_SHARE * cells.counts[is_known].sum()
    return odd if is_few else np.zeros_like(odd)


def _mark(cell: object, codes: Sequence[str | int | float]) -> int:
    """Say which of the missing codes a cell is: by its text, or by its number."""
    if isinstance(cell, bool | np.bool_):
        return KNOWN
    text = isinstance(cell, str)
    for place, code in enumerate(codes):
        if cell == (str(code) if text else code):
            return FIRST_CODE + place
    return KNOWN


@dataclass(frozen=True)
class _Results:
    """The numbers or moments of the rows."""

    values: npt.NDArray[Any]
    sides: Marks | None
    odd: npt.NDArray[np.bool_]


def _numbers_or_moments(cells: Cells, column: Column, of_cell: Marks) -> _Results:
    """Read the different cells, and give each row what was read.

    Raises
    ------
    TableError
        More than a few cells fit nothing.
    """
    notation = column.notation or Notation()
    sides = np.zeros(len(cells.different), dtype=np.int8)
    if column.kind is Kind.DATETIME:
        moments = cells.as_moments(notation.dates)
        read: npt.NDArray[Any] = np.append(moments, np.datetime64("NaT", "us"))
        fits = ~np.isnat(moments) & ~_is_slip(moments, cells.counts)
    elif notation.clock:
        texts = [cell if isinstance(cell, str) else "" for cell in cells.different]
        minutes = parse_times(texts, notation.clock)
        read, fits = np.append(minutes, np.nan), ~np.isnan(minutes)
    else:
        parsed = cells.as_numbers(notation, column.unit)
        numbers, sides = parsed.numbers.copy(), parsed.sides
        for place, cell in enumerate(cells.different):
            if is_number(cell):
                numbers[place] = float(cell)
        read = np.append(numbers, np.nan)
        fits = ~np.isnan(numbers)
    is_code = of_cell != KNOWN
    is_odd = ~fits & ~is_code
    wrong = int(cells.counts[is_odd].sum())
    if wrong > ODD_SHARE * int(cells.counts[~is_code].sum()):
        raise _no_numbers(column, wrong)
    read[:-1][is_code | is_odd] = read[-1]
    sides = np.append(np.where(is_code, 0, sides), 0).astype(np.int8)[cells.places]
    odd = np.append(is_odd, False)[cells.places]
    return _Results(read[cells.places], sides if sides.any() else None, odd)


def _no_numbers(column: Column, wrong: int) -> TableError:
    clock = column.notation is not None and column.notation.clock
    things = "dates" if column.kind is Kind.DATETIME else "times" if clock else "numbers"
    one = f"a {things[:-1]}" if wrong == 1 else things
    return TableError(
        f"column {column.name!r}: {_count(wrong)} not {one} as the schema has them; declare their "
        "text as missing codes (schema: missing), or the column as nominal (kind: nominal), or "
        "leave it out (--drop)"
    )


def _check_levels(values: pd.Series, column: Column) -> None:
    if column.levels is None or column.rare in ("merge", "drop"):
        return
    known = values.dropna()
    wrong = int((~known.isin(list(column.levels))).sum())
    if wrong:
        raise TableError(
            f"column {column.name!r}: {_count(wrong)} none of its {len(column.levels)} levels; add "
            "them to the schema (levels), or declare them as missing codes (missing)"
        )


def _count(wrong: int) -> str:
    return f"{wrong} value is" if wrong == 1 else f"{wrong} values are"
