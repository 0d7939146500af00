"""One table checked, and its columns read by value, whatever their dtypes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.errors import SchemaError, TableError
from synthhealth.schema import Column, Schema

__all__ = ["check_levels", "check_schema", "check_table", "levels", "microseconds", "numbers"]

Floats = npt.NDArray[np.float64]


Integers = npt.NDArray[np.int64]

_FAMILY_OF_OBJECTS = {
    "string": "text",
    "boolean": "number",
    "integer": "number",
    "floating": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
    "datetime": "date",
    "datetime64": "date",
    "date": "date",
    "empty": "empty",
}
_MEND = {
    "number": "convert it with pandas.to_numeric",
    "date": "convert it with pandas.to_datetime",
}


def check_table(table: object, name: str) -> None:
    """Check that `table` is a DataFrame with rows and with unique column names that are text.

    Raises
    ------
    TableError
        It is not.
    """
    if not isinstance(table, pd.DataFrame):
        raise TableError(
            f"the {name} table is of type {type(table).__name__}; give a pandas.DataFrame"
        )
    if not all(isinstance(column, str) for column in table.columns):
        raise TableError(
            f"the {name} table has column names that are not text; rename them with "
            "table.columns = table.columns.astype(str)"
        )
    twice = list(dict.fromkeys(table.columns[table.columns.duplicated()]))
    if twice:
        raise TableError(
            f"the {name} table has several columns of the same name: {twice}; rename or drop them"
        )
    if table.shape[1] == 0:
        raise TableError(f"the {name} table has no columns; give a table with at least one")
    if len(table) == 0:
        raise TableError(f"the {name} table has no rows; give a table with at least one")


def check_schema(table: pd.DataFrame, schema: Schema, name: str) -> None:
    """Check that a schema describes the columns of a table, all of them and no others.

    Raises
    ------
    SchemaError
        It does not.
    """
    absent = [column for column in schema.names if column not in table.columns]
    if absent:
        raise SchemaError(
            f"the schema has columns that the {name} table lacks: {absent}; "
            "drop them from the schema or add them to the table"
        )
    unknown = [column for column in table.columns if column not in schema.names]
    if unknown:
        raise SchemaError(
            f"the {name} table has columns that the schema lacks: {unknown}; "
            "add them to the schema or drop them from the table"
        )


def _family(series: pd.Series) -> str:
    """Say what a column holds: number, text, date, mixed values, or nothing (``"empty"``)."""
    dtype = series.dtype
    if types.is_object_dtype(dtype):
        return _FAMILY_OF_OBJECTS.get(types.infer_dtype(series, skipna=True), "mixed values")
    if series.isna().all():
        return "empty"
    if isinstance(dtype, pd.CategoricalDtype):
        return _family(pd.Series(dtype.categories))
    if types.is_datetime64_any_dtype(dtype):
        return "date"
    if types.is_string_dtype(dtype):
        return "text"
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return "number"
    return "mixed values"


def numbers(series: pd.Series, column: Column, table: str) -> Floats:
    """Give a numerical column as floats with NaN for missing values.

    Raises
    ------
    TableError
        It holds something else.
    """
    if _check_family(series, "number", column, table) == "empty":
        return np.full(len(series), np.nan)
    return _floats(series)


def microseconds(series: pd.Series, column: Column, table: str) -> tuple[Integers, bool | None]:
    """Give a column of dates as microseconds since 1970 (UTC where a time zone is set).

    Returns
    -------
    moments : ndarray of int64
        Missing values are the smallest int64, as numpy's NaT is.
    has_zone : bool or None
        Whether the dates carry a time zone; None where all are missing.

    Raises
    ------
    TableError
        It holds something else.
    """
    missing = np.datetime64("NaT", "us").astype(np.int64)
    if _check_family(series, "date", column, table) == "empty":
        return np.full(len(series), missing), None
    dates = pd.to_datetime(series.astype(object) if series.dtype == "category" else series)
    has_zone = dates.dt.tz is not None
    if has_zone:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    return dates.to_numpy(dtype="datetime64[us]").astype(np.int64), has_zone


def check_levels(series: pd.Series, column: Column, table: str) -> str:
    """Say what a categorical column holds: ``number``, ``text``, ``date`` or ``empty``.

    Raises
    ------
    TableError
        Its values are of mixed types.
    """
    found = _family(series)
    if found == "mixed values":
        raise TableError(
            f"column {column.name!r}: its values in the {table} table are of mixed or unsupported "
            "types; make them all numbers (pandas.to_numeric) or all text (astype(str))"
        )
    return found


def levels(series: pd.Series) -> npt.NDArray[np.float64] | npt.NDArray[np.object_]:
    """Give a categorical column's values such that equal levels are equal: 1, 1.0 and True."""
    if _family(series) == "number":
        return _floats(series)
    return series.astype(object).to_numpy()


def _floats(series: pd.Series) -> Floats:
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    if types.is_object_dtype(series.dtype):
        series = pd.to_numeric(series)
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def _check_family(series: pd.Series, wanted: str, column: Column, table: str) -> str:
    found = _family(series)
    if found not in (wanted, "empty"):
        raise TableError(
            f"column {column.name!r}: its kind is {column.kind.value}, but the {table} table holds "
            f"{found} there; {_MEND[wanted]}, or declare the column as nominal in the schema"
        )
    return found
