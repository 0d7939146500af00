"""Tables made comparable: the same columns in the same order, read and compared by value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.errors import SchemaError, TableError
from synthhealth.evaluation.tables import Tables
from synthhealth.schema import Column, Kind, Schema

__all__ = [
    "CategoricalColumn",
    "NumericalColumn",
    "check_levels",
    "check_schema",
    "check_table",
    "levels",
    "match_columns",
    "microseconds",
    "numbers",
]


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


Codes = npt.NDArray[np.int64]
Marks = npt.NDArray[np.int8]

TABLES = ("real", "synthetic")
CONSTANT = "it has the same value in every row of both tables, so that there is nothing to compare"
MICROSECONDS_PER_DAY = 86_400_000_000
#: Values beyond this overflow as soon as distances are summed.
LARGEST_VALUE = 1e300


@dataclass(frozen=True)
class NumericalColumn:
    """The numbers of one column in both tables, row by row; missing values are NaN.

    Dates are days since the real table's first date. A result beyond a detection limit stands as
    the limit and has its mark: -1 below a lower limit, 1 above an upper one.
    """

    name: str
    unit: str | None
    real: Floats
    synthetic: Floats
    censored_real: Marks | None = None
    censored_synthetic: Marks | None = None

    @property
    def measured(self) -> tuple[Floats, Floats]:
        """The columns with the results beyond detection limits as missing, row by row."""
        return (
            _measured(self.real, self.censored_real),
            _measured(self.synthetic, self.censored_synthetic),
        )

    @property
    def present(self) -> tuple[Floats, Floats]:
        """The real and the synthetic values that are neither missing nor beyond a limit."""
        real, synthetic = self.measured
        return real[~np.isnan(real)], synthetic[~np.isnan(synthetic)]

    @property
    def missing(self) -> tuple[float, float]:
        """The share of missing values, real and synthetic."""
        return float(np.isnan(self.real).mean()), float(np.isnan(self.synthetic).mean())

    @property
    def is_censored(self) -> bool:
        """Whether either table has results beyond a detection limit."""
        return self.censored_real is not None or self.censored_synthetic is not None

    @property
    def obstacle(self) -> str | None:
        """Why the two distributions cannot be compared; None where they can."""
        for name, values in zip(TABLES, self.present, strict=True):
            if values.size == 0:
                limits = " or beyond detection limits" if self.is_censored else ""
                return f"all its values in the {name} table are missing{limits}"
            if np.isinf(values).any():
                return f"it holds infinite values in the {name} table; make them missing"
            if np.abs(values).max() > LARGEST_VALUE:
                return f"its values in the {name} table are too large to add up; rescale them"
        return CONSTANT if np.ptp(np.concatenate(self.present)) == 0 else None


@dataclass(frozen=True)
class CategoricalColumn:
    """The levels of one column in both tables, row by row, as common codes; missing is -1."""

    name: str
    n_levels: int
    real: Codes
    synthetic: Codes

    @property
    def counts(self) -> tuple[Codes, Codes]:
        """The rows per level, real and synthetic."""
        real, synthetic = (
            np.bincount(codes[codes >= 0], minlength=self.n_levels)
            for codes in (self.real, self.synthetic)
        )
        return real, synthetic

    @property
    def missing(self) -> tuple[float, float]:
        """The share of missing values, real and synthetic."""
        return float((self.real < 0).mean()), float((self.synthetic < 0).mean())

    @property
    def obstacle(self) -> str | None:
        """Why the two distributions cannot be compared; None where they can."""
        for name, codes in zip(TABLES, (self.real, self.synthetic), strict=True):
            if (codes < 0).all():
                return f"all its values in the {name} table are missing"
        real, synthetic = self.counts
        return CONSTANT if np.count_nonzero(real + synthetic) == 1 else None


def match_columns(tables: Tables) -> list[NumericalColumn | CategoricalColumn]:
    """Pair the columns of two tables by name, in the order of the schema.

    Raises
    ------
    TableError
        A column holds numbers in one table and text or dates in the other.
    """
    return [_match(tables, column) for column in tables.schema]


def _match(tables: Tables, column: Column) -> NumericalColumn | CategoricalColumn:
    real, synthetic = tables.real.table[column.name], tables.synthetic.table[column.name]
    if column.kind is Kind.DATETIME:
        return _match_dates(real, synthetic, column)
    if column.kind.is_numerical:
        return NumericalColumn(
            column.name,
            column.unit,
            numbers(real, column, "real"),
            numbers(synthetic, column, "synthetic"),
            tables.real.censored.get(column.name),
            tables.synthetic.censored.get(column.name),
        )
    return _match_levels(real, synthetic, column)


def _match_dates(real: pd.Series, synthetic: pd.Series, column: Column) -> NumericalColumn:
    real_moments, real_zone = microseconds(real, column, "real")
    synthetic_moments, synthetic_zone = microseconds(synthetic, column, "synthetic")
    if None not in (real_zone, synthetic_zone) and real_zone != synthetic_zone:
        raise TableError(
            f"column {column.name!r}: the dates of one table carry a time zone, those of the other "
            "do not; make them alike with Series.dt.tz_localize or Series.dt.tz_convert"
        )
    missing = [series.isna().to_numpy() for series in (real, synthetic)]
    present = real_moments[~missing[0]]
    origin = present.min() if present.size else np.int64(0)
    # Whole microseconds are subtracted before they become floats: nothing is rounded away.
    real_days, synthetic_days = (
        np.where(gone, np.nan, np.where(gone, 0, moments - origin) / MICROSECONDS_PER_DAY)
        for moments, gone in zip((real_moments, synthetic_moments), missing, strict=True)
    )
    return NumericalColumn(column.name, "day", real_days, synthetic_days)


def _match_levels(real: pd.Series, synthetic: pd.Series, column: Column) -> CategoricalColumn:
    families = check_levels(real, column, "real"), check_levels(synthetic, column, "synthetic")
    if "empty" not in families and families[0] != families[1]:
        raise TableError(
            f"column {column.name!r}: the real table holds {families[0]} there, the synthetic one "
            f"{families[1]}, and nothing says which level is which; write the levels of one table "
            "as the other has them"
        )
    values = [levels(real), levels(synthetic)]
    codes, found = pd.factorize(np.concatenate(values), sort=True)
    codes = codes.astype(np.int64)
    return CategoricalColumn(column.name, len(found), codes[: len(real)], codes[len(real) :])


def _measured(values: Floats, marks: Marks | None) -> Floats:
    return values if marks is None else np.where(marks == 0, values, np.nan)
