"""The way back: canonical values written as the column's cells were."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.schema.reading.dates import SERIALS, print_dates, print_serial
from synthhealth.schema.reading.notation import print_numbers
from synthhealth.schema.reading.reading import FIRST_CODE, KNOWN, Marks
from synthhealth.schema.reading.times import print_times
from synthhealth.schema.types import BLANK, Column, DetectionLimits, Kind, Notation

__all__ = ["write_column"]


def write_column(
    values: pd.Series,
    column: Column,
    *,
    missing: Marks | None,
    censored: Marks | None,
    dtype: Any,
    empty_is_none: bool = False,
) -> pd.Series:
    """Write canonical values as the column's cells were written: the inverse of `read_column`.

    Parameters
    ----------
    values : pandas.Series
        Canonical values; what they hold where `missing` says so does not matter.
    column : Column
        What the cells are, complete.
    missing, censored : numpy.ndarray of int8 or None
        The marks, as `ColumnReading` has them; without `missing`, missing values are empty cells.
    dtype : numpy or pandas dtype
        The dtype of the cells.
    empty_is_none : bool
        Whether an empty cell of a column of objects is None rather than NaN.

    Returns
    -------
    pandas.Series
    """
    if BLANK in (column.levels or ()):
        values = values.mask(values == BLANK, None if empty_is_none else np.nan)
    marks = values.isna().to_numpy().astype(np.int8)
    if missing is not None:
        marks = np.where(missing == KNOWN, marks, missing)
    notation = column.notation
    dtype = pd.api.types.pandas_dtype(dtype)
    if types.is_numeric_dtype(dtype) and not types.is_bool_dtype(dtype):
        return _write_number_cells(values, column, marks, dtype)
    if notation is None or not column.kind.is_numerical or column.joined is not None:
        if not (marks >= FIRST_CODE).any():
            return values.astype(dtype) if _may_cast(values, dtype) else values
        cells = values.astype(object).to_numpy(copy=True)
    else:
        cells = np.full(len(values), None if empty_is_none else np.nan, dtype=object)
        known = np.flatnonzero(marks == KNOWN)
        if column.kind is Kind.DATETIME:
            cells[known] = _print_moments(values.iloc[known], notation)
        else:
            sides = np.zeros(len(values), np.int8) if censored is None else censored
            numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
            cells[known] = _print_results(numbers[known], sides[known], column, notation)
    for place, code in enumerate(column.missing):
        cells[marks == FIRST_CODE + place] = code
    return _finished(cells, values, dtype)


def _write_number_cells(values: pd.Series, column: Column, marks: Marks, dtype: Any) -> pd.Series:
    coded = marks >= FIRST_CODE
    if column.kind is Kind.DATETIME and column.notation is not None:
        values = _numbers_of_moments(values, column.notation, column.decimals)
    elif not coded.any():
        return values.astype(dtype)
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    for place, code in enumerate(column.missing):
        if not isinstance(code, str):
            numbers[marks == FIRST_CODE + place] = code
    series = pd.Series(numbers, index=values.index, name=values.name)
    if isinstance(dtype, np.dtype):
        return series.astype(dtype)
    nullable = "Int64" if types.is_integer_dtype(dtype) else "Float64"
    return series.astype(nullable).astype(dtype)


def _numbers_of_moments(values: pd.Series, notation: Notation, decimals: int | None) -> pd.Series:
    moments = values.to_numpy(dtype="datetime64[us]")
    if notation.dates[0] in SERIALS:
        numbers = print_serial(moments, notation.dates[0])
        if decimals is not None:
            numbers = np.round(numbers, decimals)
    else:
        numbers = np.full(len(moments), np.nan)
        known = ~np.isnat(moments)
        numbers[known] = [float(text) for text in print_dates(moments[known], notation)]
    return pd.Series(numbers, index=values.index, name=values.name)


def _print_moments(values: pd.Series, notation: Notation) -> npt.NDArray[np.object_]:
    different, places = np.unique(values.to_numpy(dtype="datetime64[us]"), return_inverse=True)
    return np.array(print_dates(different, notation), dtype=object)[places]


def _print_results(
    numbers: npt.NDArray[np.float64], sides: Marks, column: Column, notation: Notation
) -> npt.NDArray[np.object_]:
    if notation.clock:
        different, places = np.unique(numbers, return_inverse=True)
        return np.array(print_times(different, notation), dtype=object)[places]
    if notation.numbers:
        whole = column.decimals == 0
        cells = np.array([int(one) if whole else one for one in numbers.tolist()], dtype=object)
    else:
        cells = np.empty(len(numbers), dtype=object)
    limits = column.detection or DetectionLimits()
    for side, allowed in ((-1, limits.below), (0, ()), (1, limits.above)):
        rows = np.flatnonzero(sides == side)
        if side == 0 and notation.numbers:
            rows = rows[[bool(flag) for flag in _flags(numbers[rows], column, notation)]]
        if rows.size == 0:
            continue
        different, places = np.unique(_nearest(numbers[rows], allowed), return_inverse=True)
        texts = print_numbers(
            different, np.full(len(different), side, np.int8), notation, column.decimals
        )
        if side == 0:
            flags = _flags(different, column, notation)
            texts = [text + flag for text, flag in zip(texts, flags, strict=True)]
        cells[rows] = np.array(texts, dtype=object)[places]
    return cells


def _flags(numbers: npt.NDArray[np.float64], column: Column, notation: Notation) -> list[str]:
    """Give what is written behind numbers beyond the reference range."""
    if not (notation.flag_low or notation.flag_high) or len(column.reference) != 1:
        return [""] * len(numbers)
    low, high = column.reference[0].low, column.reference[0].high
    shown = numbers if column.decimals is None else np.round(numbers, column.decimals)
    return [
        notation.flag_low
        if low is not None and number < low
        else notation.flag_high
        if high is not None and number > high
        else ""
        for number in shown.tolist()
    ]


def _nearest(
    numbers: npt.NDArray[np.float64], allowed: tuple[float, ...]
) -> npt.NDArray[np.float64]:
    """Bring limits that were rounded on their way back to those of the assay."""
    if not allowed:
        return numbers
    limits = np.array(allowed)
    return limits[np.abs(numbers[:, None] - limits).argmin(axis=1)]


def _may_cast(values: pd.Series, dtype: Any) -> bool:
    return values.dtype != dtype and not (
        isinstance(dtype, pd.CategoricalDtype) and isinstance(values.dtype, pd.CategoricalDtype)
    )


def _finished(cells: npt.NDArray[np.object_], values: pd.Series, dtype: Any) -> pd.Series:
    if isinstance(dtype, pd.CategoricalDtype):
        source = values.dtype if isinstance(values.dtype, pd.CategoricalDtype) else dtype
        if source.categories is None:
            return pd.Series(cells, index=values.index, name=values.name).astype("category")
        known = list(source.categories)
        new = sorted({cell for cell in cells if not pd.isna(cell)} - set(known))
        categories = pd.Index([*known, *new]) if new else source.categories
        typed = pd.Categorical(cells, categories=categories, ordered=source.ordered)
        return pd.Series(typed, index=values.index, name=values.name)
    return pd.Series(cells, index=values.index, name=values.name, dtype=object).astype(dtype)
