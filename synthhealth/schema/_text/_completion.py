"""Filling what a schema leaves open from the table that it describes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.errors import SchemaError
from synthhealth.schema._decimals import count_decimals
from synthhealth.schema._schema import Column, DetectionLimits, Kind, Notation, Schema
from synthhealth.schema._text._cells import Cells
from synthhealth.schema._text._dates import EXCEL, infer_dates, is_format
from synthhealth.schema._text._notation import ParsedNumbers, infer_numbers, parse_numbers
from synthhealth.schema._text._vocabulary import MissingWords, order_of

__all__ = ["complete", "complete_column", "levels_in_order"]

#: Beyond these, a number is no serial number of a day in Excel (year 9999).
EXCEL_DAYS = (1, 2_958_465)


def complete(schema: Schema, table: pd.DataFrame) -> Schema:
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
    columns = tuple(
        complete_column(column, table[column.name]) if column.name in table.columns else column
        for column in schema
    )
    if columns == schema.columns:
        return schema
    return schema.model_copy(update={"columns": columns})


def complete_column(column: Column, values: pd.Series, cells: Cells | None = None) -> Column:
    """Fill what one column of a schema leaves open; `cells` are its different ones, if known."""
    if not column.kind.is_modelled:
        return column
    if column.kind is Kind.DATETIME:
        return _complete_dates(column, values)
    if not _is_text(values):
        return column
    cells = Cells.of(values) if cells is None else cells
    if not cells.has_text:
        return column
    if column.kind.is_numerical:
        return _complete_numbers(column, cells)
    return _complete_levels(column, cells, values)


def _is_text(values: pd.Series) -> bool:
    return (
        types.is_object_dtype(values.dtype)
        or types.is_string_dtype(values.dtype)
        or isinstance(values.dtype, pd.CategoricalDtype)
    )


def _complete_numbers(column: Column, cells: Cells) -> Column:
    found = column.missing or tuple(MissingWords.among_numbers(cells.texts))
    codes = {str(code) for code in found}
    texts, counts = cells.without(codes)
    parsed: ParsedNumbers | None = None
    filled: dict[str, Any] = {"missing": found}
    decimals = column.decimals
    if column.notation is not None:
        parsed = parse_numbers(texts, column.notation)
    else:
        form = infer_numbers(texts, counts)
        if form is not None:
            parsed = form.parsed
            filled["notation"] = form.notation.model_copy(update={"numbers": cells.has_numbers})
            decimals = form.decimals if decimals is None else decimals
        else:
            filled["notation"] = Notation(numbers=cells.has_numbers)
    if parsed is not None:
        known = np.concatenate([parsed.numbers[parsed.fits & (parsed.sides == 0)], cells.numbers])
        if column.decimals is None and (decimals is None or cells.has_numbers):
            decimals = count_decimals(known)
        if column.detection is None and parsed.sides.any():
            filled["detection"] = DetectionLimits(
                below=_limits(parsed, -1), above=_limits(parsed, 1)
            )
    return column.model_copy(update=filled | {"decimals": decimals})


def _complete_dates(column: Column, values: pd.Series) -> Column:
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
    cells = Cells.of(values)
    found = column.missing or tuple(MissingWords.among_numbers(cells.texts))
    texts, counts = cells.without({str(code) for code in found})
    if not dates:
        form = infer_dates(texts, counts)
        dates = form.formats if form is not None else ()
    if not dates:
        return column.model_copy(update={"missing": found})
    notation = (column.notation or Notation()).model_copy(update={"dates": dates})
    return column.model_copy(update={"missing": found, "notation": notation})


def _check_formats(name: str, dates: Sequence[str]) -> None:
    for one in dates:
        if not is_format(one):
            raise SchemaError(
                f"column {name!r}: {one!r} is no format of dates; write it with the signs %Y %m %d "
                "%H %M %S, %-d and %-m for days and months without zeros, %b for a month's name "
                "(schema: notation: dates)"
            )


def _dates_in_numbers(values: pd.Series, missing: Sequence[str | int | float]) -> tuple[str, ...]:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    numbers = numbers[~np.isnan(numbers) & ~np.isin(numbers, _numbers_of(missing))]
    if not numbers.size:
        return ()
    if not (numbers % 1).any() and numbers.min() >= 1e7 and numbers.max() < 1e8:
        return ("%Y%m%d",)
    low, high = EXCEL_DAYS
    return (EXCEL,) if low <= numbers.min() and numbers.max() <= high else ()


def _numbers_of(missing: Sequence[str | int | float]) -> list[float]:
    return [float(code) for code in missing if not isinstance(code, str)]


def _complete_levels(column: Column, cells: Cells, values: pd.Series) -> Column:
    found = column.missing
    # Whoever says that no word is missing means it; of an ordinal column the levels say so.
    is_said = column.kind is not Kind.ORDINAL and "missing" in column.model_fields_set
    if not found and not is_said and not isinstance(values.dtype, pd.CategoricalDtype):
        known = column.levels or ()
        found = tuple(one for one in MissingWords.among_words(cells.texts) if one not in known)
        column = column.model_copy(update={"missing": found} if found else {})
    if column.kind is not Kind.ORDINAL or column.levels is not None:
        return column
    if isinstance(values.dtype, pd.CategoricalDtype) and values.cat.ordered:
        return column
    texts, counts = cells.without({str(code) for code in found})
    if not texts:
        return column
    levels = None if cells.has_numbers else levels_in_order(texts, counts)
    if levels is None:
        raise SchemaError(
            f"column {column.name!r}: it is ordinal, but its {len(texts)} levels do not say in "
            "which order they stand; list them, the lowest first (schema: levels)"
        )
    return column.model_copy(update={"levels": levels})


def levels_in_order(
    texts: Sequence[str], counts: npt.NDArray[np.int64] | None = None
) -> tuple[str, ...] | None:
    """Put levels in the order that their words or numbers say; None where they say none.

    Parameters
    ----------
    texts : sequence of str
        The different levels.
    counts : ndarray of int64, shape (n_levels,), optional
        How often each occurs.
    """
    if len(texts) == 1:
        return (texts[0],)
    order = order_of(texts)
    if order is not None:
        return order.levels
    form = infer_numbers(texts, np.ones(len(texts), np.int64) if counts is None else counts)
    if form is None or not form.parsed.fits.all():
        return None
    places = zip(form.parsed.numbers.tolist(), form.parsed.sides.tolist(), texts, strict=True)
    return tuple(text for _, _, text in sorted(places))


def _limits(parsed: ParsedNumbers, side: int) -> tuple[float, ...]:
    return tuple(np.unique(parsed.numbers[parsed.sides == side]).tolist())
