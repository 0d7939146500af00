"""Two tables made comparable: the same columns in the same order, compared by value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import TableError
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.values import check_levels, levels, microseconds, numbers
from synthhealth.schema import Column, Kind

__all__ = ["CategoricalColumn", "NumericalColumn", "match_columns"]

Floats = npt.NDArray[np.float64]
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
