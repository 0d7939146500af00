"""Filling what a schema leaves open from the table that it describes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.cells.clock import is_clock_form
from synthhealth.errors import SchemaError
from synthhealth.schema.reading.cells import Cells, Texts
from synthhealth.schema.reading.date_form import infer_dates, others_than_dates
from synthhealth.schema.reading.dates import is_format, serial_of
from synthhealth.schema.reading.notation import ParsedNumbers, count_decimals
from synthhealth.schema.reading.number_form import infer_numbers, usual_flags
from synthhealth.schema.reading.times import infer_joined, infer_times
from synthhealth.schema.reading.vocabulary import order_of
from synthhealth.schema.reading.written import WrittenColumn, WrittenTable
from synthhealth.schema.schema import Schema
from synthhealth.schema.types import MIN_CELL, Column, DetectionLimits, Kind, Notation

__all__ = ["complete", "complete_column", "levels_in_order", "says_no_word_is_missing"]


def complete(schema: Schema, table: pd.DataFrame | WrittenTable) -> Schema:
    """Fill what a fit needs and the schema leaves open: notation, order of levels, missing words.

    What the schema says is never changed; columns that the table lacks stay as they are.

    Raises
    ------
    SchemaError
        A column of text is ordinal, and neither the schema nor the words say in which order.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import Column, Schema, complete
    >>> schema = Schema(columns=(Column(name="crp", kind="continuous"),))
    >>> complete(schema, pd.DataFrame({"crp": ["<0,5", "1,25", "12,00"]}))["crp"].notation.decimal
    ','
    """
    table = WrittenTable.of(table, schema)
    names = table.frame.columns
    patients = None
    if schema.subject is not None and schema.subject in names:
        patients = pd.factorize(table.frame[schema.subject], use_na_sentinel=False)[0]
    columns = tuple(
        complete_column(column, table[column.name], least=schema.min_cell, patients=patients)
        if column.name in names
        else column
        for column in schema
    )
    if columns == schema.columns:
        return schema
    return schema.model_copy(update={"columns": columns})


def complete_column(
    column: Column,
    values: pd.Series | WrittenColumn,
    *,
    least: int = MIN_CELL,
    patients: npt.NDArray[np.int64] | None = None,
) -> Column:
    """Fill what one column of a schema leaves open.

    Parameters
    ----------
    column : Column
        What is known of it.
    values : pandas.Series or WrittenColumn
        Its cells.
    least : int
        Words for a missing value, flags and units of fewer patients are read, but not learned.
    patients : ndarray of int64, optional
        Whose row each is, where a patient may have several.
    """
    if not column.kind.is_modelled:
        return column
    written = WrittenColumn.of(values)
    if column.kind is not Kind.DATETIME and not _is_text(written.values):
        return column
    if column.kind is Kind.DATETIME:
        return _complete_dates(column, written, _Enough(least, patients))
    if not written.cells.has_text:
        return column
    if column.kind.is_numerical:
        return _complete_numbers(column, written.cells, _Enough(least, patients))
    return _complete_levels(column, written, _Enough(least, patients))


@dataclass(frozen=True)
class _Enough:
    """How many patients are needed to learn a word, and whose row each is."""

    least: int
    patients: npt.NDArray[np.int64] | None

    def words(self, column: Column, cells: Cells, found: Collection[str]) -> tuple[Any, ...]:
        """Give the words that stand for a missing value: those declared, or those found often.

        Where a patient has several rows, a declared word of few patients is left out, too, if the
        cell counts as missing without it.
        """
        if not column.missing:
            return cells.frequent(found, self.least, self.patients)
        if self.patients is None:
            return column.missing
        may_go = {
            one
            for one in column.missing
            if isinstance(one, str) and (one in found or column.kind.is_numerical)
        }
        rare = may_go - set(cells.frequent(may_go & set(cells.texts), self.least, self.patients))
        return tuple(one for one in column.missing if one not in rare)


def _is_text(values: pd.Series) -> bool:
    return (
        types.is_object_dtype(values.dtype)
        or types.is_string_dtype(values.dtype)
        or isinstance(values.dtype, pd.CategoricalDtype)
    )


def _complete_numbers(column: Column, cells: Cells, enough: _Enough) -> Column:
    words = cells.missing_numbers
    found = enough.words(column, cells, words)
    texts = cells.without({str(code) for code in found} | set(words))
    times = _complete_times(column, texts, found)
    if times is not None:
        return times
    parsed: ParsedNumbers | None = None
    filled: dict[str, Any] = {"missing": found}
    decimals = column.decimals
    notation = column.notation
    if notation is not None:
        parsed = texts.as_numbers(notation, column.unit)
    else:
        form = infer_numbers(texts, enough.least)
        if form is not None:
            parsed = form.parsed
            notation = form.notation.model_copy(update={"numbers": cells.has_numbers})
            decimals = form.decimals if decimals is None else decimals
        else:
            notation = Notation(numbers=cells.has_numbers)
    if parsed is not None:
        known = np.concatenate([parsed.numbers[parsed.fits & (parsed.sides == 0)], cells.numbers])
        if column.decimals is None and (decimals is None or cells.has_numbers):
            decimals = count_decimals(known)
        if column.detection is None and parsed.sides.any():
            filled["detection"] = DetectionLimits(
                below=_limits(parsed, -1), above=_limits(parsed, 1)
            )
        if not (notation.flag_low or notation.flag_high):
            low, high = usual_flags(parsed, texts.counts, column.reference, enough.least)
            notation = notation.model_copy(update={"flag_low": low, "flag_high": high})
    return column.model_copy(update=filled | {"decimals": decimals, "notation": notation})


def _complete_times(
    column: Column, texts: Texts, missing: tuple[str | int | float, ...]
) -> Column | None:
    """Fill what a column of times, or of pairs of numbers, leaves open; None if it is neither."""
    notation = column.notation
    if notation is not None and notation.clock and not is_clock_form(notation.clock):
        raise SchemaError(
            f"column {column.name!r}: {notation.clock!r} is not a form of times; write it with the "
            "signs %H or %-I (hours of a day) or %h (of a duration), %M, %S and %p (schema: "
            "notation: clock)"
        )
    filled: dict[str, Any] = {"missing": missing}
    if notation is None and column.joined is None:
        times = infer_times(texts.different, texts.counts)
        if times is not None:
            filled |= {"notation": times.notation}
            filled |= {} if column.decimals is not None else {"decimals": times.decimals}
            filled |= {} if column.plausible is not None else {"plausible": times.plausible}
            filled |= {} if column.missing else {"missing": (*missing, *times.others.missing)}
            return column.model_copy(update=filled)
    elif notation is not None and notation.clock:
        return column.model_copy(update=filled)
    if notation is None or column.joined is not None:
        pairs = infer_joined(texts.different, texts.counts)
        if pairs is not None:
            filled |= {} if column.joined is not None else {"joined": pairs.joined}
            filled |= {} if notation is not None else {"notation": pairs.notation}
            filled |= {} if column.missing else {"missing": (*missing, *pairs.others.missing)}
            return column.model_copy(update=filled)
    return column.model_copy(update=filled) if column.joined is not None else None


def _complete_dates(column: Column, written: WrittenColumn, enough: _Enough) -> Column:
    values = written.values
    if column.notation is not None and column.notation.dates:
        dates: tuple[str, ...] = column.notation.dates
        _check_formats(column.name, dates)
        if not _is_text(values):
            return column
    elif types.is_datetime64_any_dtype(values.dtype):
        return column
    else:
        dates = ()
    if types.is_numeric_dtype(values.dtype):
        dates = _dates_in_numbers(values, column.missing)
        if not dates:
            return column
        return column.model_copy(update={"notation": Notation(dates=dates)})
    if not _is_text(values):
        return column
    cells = written.cells
    words = cells.missing_numbers
    found = enough.words(column, cells, words)
    texts = cells.without({str(code) for code in found} | set(words))
    if dates:
        if not column.missing:
            others = others_than_dates(texts, texts.as_moments(dates))
            found = (*found, *others.missing) if others.is_enough else found
        return column.model_copy(update={"missing": found})
    form = infer_dates(texts)
    if form is None:
        return column.model_copy(update={"missing": found})
    if not column.missing:
        found = (*found, *form.others.missing)
    update = {"dates": form.formats, "language": form.notation.language}
    notation = column.notation or Notation()
    notation = notation.model_copy(update=update | {"digits": form.notation.digits})
    return column.model_copy(update={"missing": found, "notation": notation})


def _check_formats(name: str, dates: Sequence[str]) -> None:
    for one in dates:
        if not is_format(one):
            raise SchemaError(
                f"column {name!r}: {one!r} is not a date format; write it with the signs %Y %m %d "
                "%H %M %S, %-d and %-m for days and months without zeros, %b or %B for a month's "
                "name (schema: notation: dates)"
            )


def _dates_in_numbers(values: pd.Series, missing: Sequence[str | int | float]) -> tuple[str, ...]:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    numbers = numbers[~np.isnan(numbers) & ~np.isin(numbers, _numbers_of(missing))]
    serial = serial_of(numbers)
    return (serial,) if serial is not None else ()


def _numbers_of(missing: Sequence[str | int | float]) -> list[float]:
    return [float(code) for code in missing if not isinstance(code, str)]


def says_no_word_is_missing(column: Column) -> bool:
    """Whether the schema says ``missing: []``; of an ordinal column the levels say it."""
    is_said = "missing" in column.model_fields_set and not column.missing
    return is_said and column.kind is not Kind.ORDINAL


def _complete_levels(column: Column, written: WrittenColumn, enough: _Enough) -> Column:
    values, cells = written.values, written.cells
    found = column.missing
    if (
        not found
        and not says_no_word_is_missing(column)
        and not isinstance(values.dtype, pd.CategoricalDtype)
    ):
        known = column.levels or ()
        words = [one for one in cells.missing_words if one not in known]
        found = enough.words(column, cells, words)
        column = column.model_copy(update={"missing": found} if found else {})
    if column.kind is not Kind.ORDINAL or column.levels is not None:
        return column
    if isinstance(values.dtype, pd.CategoricalDtype) and values.cat.ordered:
        return column
    texts = cells.without({str(code) for code in found} | set(cells.missing_words))
    if not texts:
        return column
    levels = None if cells.has_numbers else levels_in_order(texts)
    if levels is None:
        raise SchemaError(
            f"column {column.name!r}: it is ordinal, but its {len(texts)} levels do not say in "
            "which order they stand; list them, the lowest first (schema: levels)"
        )
    return column.model_copy(update={"levels": levels})


def levels_in_order(texts: Texts) -> tuple[str, ...] | None:
    """Put levels in the order that their words or numbers say; None where they say none."""
    levels = texts.different
    if len(levels) == 1:
        return (levels[0],)
    order = order_of(levels)
    if order is not None:
        return order.levels
    form = infer_numbers(texts)
    if form is None or not form.parsed.fits.all():
        return None
    places = zip(form.parsed.numbers.tolist(), form.parsed.sides.tolist(), levels, strict=True)
    return tuple(text for _, _, text in sorted(places))


def _limits(parsed: ParsedNumbers, side: int) -> tuple[float, ...]:
    return tuple(np.unique(parsed.numbers[parsed.sides == side]).tolist())
