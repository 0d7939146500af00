"""Tables as matrices of numbers, for classifiers and distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.evaluation._tables import CanonicalTable
from synthhealth.evaluation._values import levels, microseconds, numbers
from synthhealth.schema import Column, Kind, Schema

__all__ = ["MOST_LEVELS", "Encoded", "encode"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Levels of a categorical column that are told apart: the commonest ones, in all tables together.
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
    scaled : tuple of ndarray of shape (n_rows, n_features)
        Numbers as ranks scaled to mean 0 and variance 1 (missing is 0), one 0/1 column for each
        level but the commonest, one for missing and one for each sort of detection limit, scaled
        alike; constant features are left out. For linear models and distances.
    columns : tuple of str
        Name of each column of `plain`.
    features : tuple of str
        Name of the column that each feature of `scaled` comes from.
    categorical : ndarray of bool of shape (n_columns,)
        Which columns of `plain` are codes.
    """

    plain: tuple[Floats, ...]
    scaled: tuple[Floats, ...]
    columns: tuple[str, ...]
    features: tuple[str, ...]
    categorical: npt.NDArray[np.bool_]


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
    plain, scaled, features = [], [], []
    for column in schema:
        values = _values(tables, column)
        plain.append(values)
        found = [*_features(values, column), *_limits(tables, column)]
        kept = [feature for feature in found if np.ptp(feature) > 0]
        scaled += [(feature - feature.mean()) / feature.std() for feature in kept]
        features += [column.name] * len(kept)
    whole = np.column_stack(plain)
    n_rows = len(whole)
    dense = np.column_stack(scaled) if scaled else np.empty((n_rows, 0))
    return Encoded(
        plain=tuple(np.split(whole, ends)),
        scaled=tuple(np.split(dense, ends)),
        columns=tuple(schema.names),
        features=tuple(features),
        categorical=np.array([not column.kind.is_numerical for column in schema]),
    )


def _values(tables: Sequence[CanonicalTable], column: Column) -> Floats:
    series = [table.table[column.name] for table in tables]
    if column.kind is Kind.DATETIME:
        return np.concatenate([_days(one, column) for one in series])
    if column.kind.is_numerical:
        return np.concatenate([numbers(one, column, "given") for one in series])
    codes, found = pd.factorize(np.concatenate([levels(one) for one in series]), sort=True)
    if len(found) > MOST_LEVELS:
        codes = _pooled(codes.astype(np.int64), len(found))
    return np.where(codes < 0, np.nan, codes.astype(np.float64))


def _days(series: pd.Series, column: Column) -> Floats:
    moments, _ = microseconds(series, column, "given")
    return np.where(series.isna().to_numpy(), np.nan, moments / DAY)


def _pooled(codes: Codes, n_levels: int) -> Codes:
    counts = np.bincount(codes[codes >= 0], minlength=n_levels)
    common = np.sort(np.argsort(-counts, kind="stable")[: MOST_LEVELS - 1])
    new = np.full(n_levels + 1, common.size)
    new[common] = np.arange(common.size)
    new[-1] = -1  # where code -1, a missing value, looks itself up
    return new[codes]


def _features(values: Floats, column: Column) -> list[Floats]:
    missing = np.isnan(values)
    gap = [missing.astype(np.float64)]
    if column.kind.is_numerical:
        ranks = pd.Series(values).rank().to_numpy()
        middle = np.nanmean(ranks) if not missing.all() else 0.0
        return [np.where(missing, middle, ranks), *gap]
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
