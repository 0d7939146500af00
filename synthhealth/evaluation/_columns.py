"""Two tables made comparable: the same columns in the same order, compared by value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import TableError
from synthhealth.evaluation._values import (
    check_levels,
    check_schema,
    check_table,
    levels,
    microseconds,
    numbers,
)
from synthhealth.schema import Column, Kind, Schema

__all__ = ["CategoricalColumn", "NumericalColumn", "match_columns"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

TABLES = ("real", "synthetic")
MICROSECONDS_PER_DAY = 86_400_000_000
#: Values beyond this overflow as soon as distances are summed.
LARGEST_VALUE = 1e300


@dataclass(frozen=True)
class NumericalColumn:
    """The numbers of one column in both tables, row by row; missing values are NaN.

    Dates are days since the real table's first date.
    """

    name: str
    unit: str | None
    real: Floats
    synthetic: Floats

    @property
    def present(self) -> tuple[Floats, Floats]:
        """The real and the synthetic values that are not missing."""
        return self.real[~np.isnan(self.real)], self.synthetic[~np.isnan(self.synthetic)]

    @property
    def missing(self) -> tuple[float, float]:
        """The share of missing values, real and synthetic."""
        return float(np.isnan(self.real).mean()), float(np.isnan(self.synthetic).mean())

    @property
    def obstacle(self) -> str | None:
        """Why the two distributions cannot be compared; None where they can."""
        for name, values in zip(TABLES, self.present, strict=True):
            if values.size == 0:
                return f"all its values in the {name} table are missing"
            if np.isinf(values).any():
                return f"it holds infinite values in the {name} table; make them missing"
            if np.abs(values).max() > LARGEST_VALUE:
                return f"its values in the {name} table are too large to add up; rescale them"
        return None


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
        return None


def match_columns(
    real: pd.DataFrame, synthetic: pd.DataFrame, schema: Schema | None
) -> list[NumericalColumn | CategoricalColumn]:
    """Pair the columns of two tables by name, in the order of the schema.

    Raises
    ------
    TableError
        A table is empty, its columns are not those of the other one, or a column holds numbers
        in one table and text or dates in the other.
    SchemaError
        The schema does not describe the real table's columns.
    """
    check_table(real, "real")
    check_table(synthetic, "synthetic")
    if schema is None:
        schema = Schema.detect(real)
    check_schema(real, schema, "real")
    _check_same_columns(real, synthetic)
    return [_match(real[column.name], synthetic[column.name], column) for column in schema]


def _check_same_columns(real: pd.DataFrame, synthetic: pd.DataFrame) -> None:
    absent = [name for name in real.columns if name not in synthetic.columns]
    if absent:
        raise TableError(
            f"the synthetic table lacks columns of the real one: {absent}; "
            "sample it from a model of this table, or drop them from the real table"
        )
    added = [name for name in synthetic.columns if name not in real.columns]
    if added:
        raise TableError(
            f"the synthetic table has columns that the real one lacks: {added}; drop them"
        )


def _match(
    real: pd.Series, synthetic: pd.Series, column: Column
) -> NumericalColumn | CategoricalColumn:
    if column.kind is Kind.DATETIME:
        return _match_dates(real, synthetic, column)
    if column.kind.is_numerical:
        return NumericalColumn(
            column.name,
            column.unit,
            numbers(real, column, "real"),
            numbers(synthetic, column, "synthetic"),
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
            f"{families[1]}; convert one of them with pandas.to_numeric, pandas.to_datetime or "
            "astype(str)"
        )
    values = [levels(real), levels(synthetic)]
    codes, found = pd.factorize(np.concatenate(values), sort=True)
    codes = codes.astype(np.int64)
    return CategoricalColumn(column.name, len(found), codes[: len(real)], codes[len(real) :])
