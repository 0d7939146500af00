"""Tables as matrices of numbers, for classifiers and distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.evaluation.dependence import average_ranks
from synthhealth.evaluation.tables import CanonicalTable
from synthhealth.evaluation.values import levels, microseconds, numbers
from synthhealth.schema import Column, Kind, Schema

__all__ = ["Encoded", "encode", "pooled", "row_codes"]

Floats = npt.NDArray[np.float64]

#: Levels of a categorical column that are told apart, the commonest ones in all tables together: by
#: trees, which take no more than 255, and as columns of 0 and 1.
MOST_CODES = 200
MOST_LEVELS = 20
DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class Encoded:
    """Several tables of the same columns as numbers.

    Attributes
    ----------
    plain : tuple of ndarray of shape (n_rows, n_columns)
        One column for each of the tables' columns: numbers and days as they are, levels as codes
        by their order (rare ones share the last); missing is NaN. For trees.
    columns : tuple of str
        Name of each column of `plain`.
    categorical : ndarray of bool of shape (n_columns,)
        Which columns of `plain` are codes.
    limits : tuple of tuple of ndarray of shape (n_rows of all tables,)
        For each column where results lie beyond detection limits, 0/1; none without limits.
    """

    plain: tuple[Floats, ...]
    columns: tuple[str, ...]
    categorical: npt.NDArray[np.bool_]
    limits: tuple[tuple[Floats, ...], ...]

    @property
    def scaled(self) -> tuple[Floats, ...]:
        """One matrix of shape (n_rows, n_features) per table, for linear models and distances.

        Numbers as ranks scaled to mean 0 and variance 1 (missing is 0), one 0/1 column for each
        level but the commonest, one for missing and one for each sort of detection limit, scaled
        alike; constant features are left out.
        """
        return self._dense[0]

    @property
    def features(self) -> tuple[str, ...]:
        """Name of the column that each feature of `scaled` comes from."""
        return self._dense[1]

    @cached_property
    def _dense(self) -> tuple[tuple[Floats, ...], tuple[str, ...]]:
        # Of large tables this is much more than the columns themselves: made where it is asked for.
        whole = np.vstack(self.plain)
        scaled: list[Floats] = []
        names: list[str] = []
        for place, name in enumerate(self.columns):
            found = _features(whole[:, place], is_levels=bool(self.categorical[place]))
            kept = [one for one in (*found, *self.limits[place]) if np.ptp(one) > 0]
            scaled += [(feature - feature.mean()) / feature.std() for feature in kept]
            names += [name] * len(kept)
        dense = np.column_stack(scaled) if scaled else np.empty((len(whole), 0))
        ends = np.cumsum([len(table) for table in self.plain])[:-1]
        return tuple(np.split(dense, ends)), tuple(names)


def encode(tables: Sequence[CanonicalTable], schema: Schema) -> Encoded:
    """Turn tables into matrices; levels, ranks and scales are those of all tables together.

    Parameters
    ----------
    tables : sequence of CanonicalTable
        Tables with the columns of the schema.
    schema : Schema
        What the columns are.
    """
    ends = np.cumsum([len(table.table) for table in tables])[:-1]
    whole = np.column_stack([_values(tables, column) for column in schema])
    return Encoded(
        plain=tuple(np.split(whole, ends)),
        columns=tuple(schema.names),
        categorical=np.array([not column.kind.is_numerical for column in schema]),
        limits=tuple(tuple(_limits(tables, column)) for column in schema),
    )


def _values(tables: Sequence[CanonicalTable], column: Column) -> Floats:
    series = [table.table[column.name] for table in tables]
    if column.kind is Kind.DATETIME:
        return np.concatenate([_days(one, column) for one in series])
    if column.kind.is_numerical:
        return np.concatenate([numbers(one, column, "given") for one in series])
    codes, _ = pd.factorize(np.concatenate([levels(one) for one in series]), sort=True)
    return pooled(np.where(codes < 0, np.nan, codes.astype(np.float64)), MOST_CODES)


def _days(series: pd.Series, column: Column) -> Floats:
    moments, _ = microseconds(series, column, "given")
    return np.where(series.isna().to_numpy(), np.nan, moments / DAY)


def pooled(codes: Floats, most: int = MOST_LEVELS) -> Floats:
    """Keep the commonest codes of a column and join all others; missing stays NaN."""
    found, counts = np.unique(codes[~np.isnan(codes)], return_counts=True)
    if found.size <= most:
        return codes
    common = np.sort(found[np.argsort(-counts, kind="stable")[: most - 1]])
    new = np.where(np.isin(codes, common), np.searchsorted(common, codes), common.size)
    return np.where(np.isnan(codes), np.nan, new.astype(np.float64))


def row_codes(table: Floats) -> npt.NDArray[np.uint64]:
    """Give each row a number that equal rows share, in any table; missing equals missing.

    In single precision, so that a copy that went through such a file is still one.

    Examples
    --------
    >>> codes = row_codes(np.array([[1.0, np.nan], [1.0, np.nan], [1.0, 2.0]]))
    >>> bool(codes[0] == codes[1]), bool(codes[0] == codes[2])
    (True, False)
    """
    # Zero is added, since a negative zero would be another number to the hash.
    single = pd.DataFrame(table.astype(np.float32) + np.float32(0))
    return pd.util.hash_pandas_object(single, index=False).to_numpy()


def _features(values: Floats, *, is_levels: bool) -> list[Floats]:
    missing = np.isnan(values)
    gap = [missing.astype(np.float64)]
    if not is_levels:
        ranks = average_ranks(values)
        middle = np.nanmean(ranks) if not missing.all() else 0.0
        return [np.where(missing, middle, ranks), *gap]
    values = pooled(values)
    found, counts = np.unique(values[~missing], return_counts=True)
    others = np.delete(found, np.argmax(counts)) if found.size else found
    return [*((values == level).astype(np.float64) for level in others), *gap]


def _limits(tables: Sequence[CanonicalTable], column: Column) -> list[Floats]:
    if not any(column.name in table.censored for table in tables):
        return []
    marks = np.concatenate(
        [
            table.censored.get(column.name, np.zeros(len(table.table), dtype=np.int8))
            for table in tables
        ]
    )
    return [(marks == side).astype(np.float64) for side in (-1, 1)]
