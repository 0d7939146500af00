"""One column through the gate: plain as it is, made plain, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.cells.written import written
from synthhealth.schema.intake._objects import plain_objects
from synthhealth.schema.intake._refused import NO_UNICODE, Refused, has_surrogates
from synthhealth.schema.types import Column

__all__ = ["Plain", "plain_column"]


#: Numbers beyond these are no measurement, and no single precision holds them (or their powers).
LARGEST, SMALLEST = 1e37, 1e-37
#: The units that durations are given in: the largest of which all are whole, else the last.
DURATIONS = {"d": 86_400_000_000, "h": 3_600_000_000, "min": 60_000_000, "s": 1_000_000}
#: What categories of objects can be.
_LEVELS = ("string", "boolean", "integer", "floating", "empty")
#: The years that dates can have.
_YEARS = (np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31T23:59:59.999999", "us"))


@dataclass(frozen=True)
class Plain:
    """A column that holds numbers, text, truth values, dates or categories of these."""

    values: pd.Series
    is_changed: bool = False
    unit: str | None = None
    """The unit of what was durations."""


def plain_column(values: pd.Series, column: Column | None = None) -> Plain:
    """Make one column plain; `column` is what the schema says of it, if anything.

    Raises
    ------
    Refused
    """
    unit = column.unit if column is not None else None
    found, unit = _plain(values, unit)
    if found is None:
        plain = Plain(values)
    else:
        series = pd.Series(found, name=values.name).set_axis(values.index)
        plain = Plain(series, True, unit)
    if types.is_datetime64_any_dtype(plain.values.dtype):
        if column is not None and column.kind.is_modelled and not column.kind.is_numerical:
            return Plain(_dates_as_text(plain.values), True)
    elif types.is_float_dtype(plain.values.dtype):
        _check_size(plain.values, column)
    return plain


def _plain(values: pd.Series, unit: str | None) -> tuple[Any, str | None]:
    """Give plain values, None where they are plain already, and the unit of durations."""
    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        return (values.astype(np.float64) if dtype.itemsize > 8 else None), None
    if isinstance(dtype, pd.CategoricalDtype):
        return _categories(values, unit)
    if isinstance(dtype, pd.ArrowDtype):
        return _of_arrow(values, unit)
    if isinstance(dtype, pd.IntervalDtype):
        return plain_objects(values.astype(object)), None
    if isinstance(dtype, pd.PeriodDtype):
        return _periods(values), None
    if types.is_timedelta64_dtype(dtype):
        return _durations(values, unit)
    if types.is_datetime64_any_dtype(dtype):
        _check_years(values)
        return None, None
    if types.is_object_dtype(dtype):
        found = plain_objects(values)
        if found is None:
            return None, None
        again = pd.Series(found)
        if types.is_object_dtype(again.dtype):
            return found, None
        deeper, unit = _plain(again, unit)
        return (found if deeper is None else deeper), unit
    if types.is_string_dtype(dtype):
        if has_surrogates(values.dropna().unique()):
            raise Refused(*NO_UNICODE)
        return None, None
    if types.is_complex_dtype(dtype):
        raise Refused("holds complex numbers", "keep the part that was measured (numpy.real)")
    if types.is_numeric_dtype(dtype) or types.is_bool_dtype(dtype):
        return None, None
    raise Refused(
        f"is of the type {dtype}", "convert it to numbers, text, true/false, categories or dates"
    )


def _categories(values: pd.Series, unit: str | None) -> tuple[Any, str | None]:
    """Make the categories plain; where they are dates or durations, the column is, too."""
    categories = values.cat.categories
    if isinstance(categories, pd.MultiIndex):
        raise Refused("has categories that are tuples", "make them text: astype(str)")
    given = pd.Series(categories.array, dtype=categories.dtype)
    found, unit = _plain(given, unit)
    plain = given if found is None else pd.Series(found)
    codes = values.cat.codes.to_numpy()
    if types.is_datetime64_any_dtype(plain.dtype) or unit is not None:
        return plain.reindex(codes).array, unit  # -1 is no label: missing
    ordered = bool(values.cat.ordered)
    if isinstance(plain.dtype, pd.CategoricalDtype):  # of intervals
        order = list(plain if ordered else plain.cat.categories)
        return pd.Categorical(plain.astype(object).reindex(codes), order, ordered=True), None
    is_mixed = types.is_object_dtype(plain.dtype) and types.infer_dtype(plain) not in _LEVELS
    if is_mixed:
        plain = plain.map(written)
    elif found is None:
        return None, None
    different = plain.dropna().unique().tolist()
    cells = plain.astype(object).reindex(codes)
    return pd.Categorical(cells, different, ordered=ordered), None


def _of_arrow(values: pd.Series, unit: str | None) -> tuple[Any, str | None]:
    import pyarrow as pa

    dtype: Any = values.dtype
    kind = dtype.pyarrow_dtype
    if pa.types.is_date(kind):
        return values.astype("timestamp[us][pyarrow]").astype("datetime64[us]").array, None
    if pa.types.is_timestamp(kind):
        _check_years(values)
        return None, None
    if pa.types.is_duration(kind):
        return _durations(values.astype("timedelta64[us]"), unit)
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return values.to_numpy(dtype=np.float64, na_value=np.nan), None
    simple = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    if simple or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return None, None
    cells = values.astype("object").where(values.notna(), None)
    found, unit = _plain(cells, unit)
    return (cells.array if found is None else found), unit


def _durations(values: pd.Series, unit: str | None) -> tuple[npt.NDArray[np.float64], str]:
    micros = values.to_numpy(dtype="timedelta64[us]")
    gaps = np.isnat(micros)
    counts = micros.astype(np.int64)
    if unit not in DURATIONS:
        known = counts[~gaps]
        unit = next((one for one, size in DURATIONS.items() if not (known % size).any()), "s")
    numbers = counts / DURATIONS[unit]
    numbers[gaps] = np.nan
    return numbers, unit


def _periods(values: pd.Series) -> Any:
    """Give days and shorter periods by their beginning, longer ones as text: 2024-05, 2024Q2."""
    resolution = values.dt.to_timestamp(how="start")
    end = values.dt.to_timestamp(how="end")
    if ((end - resolution).dropna() < pd.Timedelta(days=1)).all():
        return resolution.array
    return values.astype(object).map(str, na_action="ignore").astype(object).to_numpy()


def _dates_as_text(values: pd.Series) -> pd.Series:
    cells = values.astype(object)
    return cells.map(lambda cell: written(cell.to_pydatetime()), na_action="ignore").astype(object)


def _check_years(values: pd.Series) -> None:
    known = values.dropna()
    if len(known) == 0:
        return
    first, last = (np.datetime64(one.tz_localize(None), "us") for one in (known.min(), known.max()))
    if first < _YEARS[0] or last > _YEARS[1]:
        raise Refused("holds dates outside the years 1 to 9999", "correct them")


def _check_size(values: pd.Series, column: Column | None) -> None:
    """Refuse numbers that cannot be calculated with, unless the schema says that they are codes."""
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    sizes = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    if sizes.size == 0 or (sizes.max() <= LARGEST and sizes.max() >= SMALLEST):
        return
    codes = [] if column is None else [one for one in column.missing if not isinstance(one, str)]
    sizes = sizes[~np.isin(sizes, np.abs(codes))] if codes else sizes
    if sizes.size and sizes.max() > LARGEST:
        raise Refused(
            f"holds numbers beyond {LARGEST:g}, which no measurement is",
            "correct them, or make codes for missing values missing",
        )
    if sizes.size and sizes.max() < SMALLEST:
        raise Refused(
            f"holds numbers closer to zero than {SMALLEST:g}", "give them in a smaller unit"
        )
