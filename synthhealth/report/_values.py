"""Columns as arrays: numbers (dates in days), and levels by name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.report._grid import Floats
from synthhealth.schema import Kind

_EPOCH = pd.Timestamp("1970-01-01")


def numbers(column: pd.Series, kind: Kind) -> Floats:
    """Return a numerical column's values, dates in days since 1970 (UTC); NaN where missing."""
    if column.isna().all():
        return np.full(len(column), np.nan)
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if kind is not Kind.DATETIME:
        values = pd.to_numeric(column)
    else:
        dates = pd.to_datetime(column)
        if dates.dt.tz is not None:
            dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
        values = (dates - _EPOCH) / pd.Timedelta(days=1)
    found: Floats = values.to_numpy(dtype=float, na_value=np.nan)
    return found


class Levels(NamedTuple):
    """A categorical column of two tables: the names of all levels and each row's level."""

    names: list[str]
    real: npt.NDArray[np.intp]  # number of each real row's level; -1 where missing
    synthetic: npt.NDArray[np.intp]


def levels(real: pd.Series, synthetic: pd.Series) -> Levels:
    """Return a categorical column's levels: declared categories and numbers in order, then text."""
    codes_real, known_real = pd.factorize(real)
    codes_synthetic, known_synthetic = pd.factorize(synthetic)
    known = [*known_real, *known_synthetic]
    # True, 1, 1.0 and "1" are one level that two files spell differently.
    as_truth = all(isinstance(value, (bool, np.bool_)) for value in known)
    names = [level_name(value, as_truth=as_truth) for value in known]
    order = _order(real, known, names)
    place = {name: index for index, name in enumerate(order)}
    places = np.array([*(place[name] for name in names), -1], dtype=np.intp)
    return Levels(
        names=order,
        real=np.where(codes_real < 0, -1, places[codes_real]),
        synthetic=np.where(codes_synthetic < 0, -1, places[codes_synthetic + len(known_real)]),
    )


def level_name(value: object, *, as_truth: bool = False) -> str:
    """Return how a level is shown: numbers without a trailing ``.0``, an empty one by its name."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)) if as_truth else str(int(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value) or "(blank)"


def _order(column: pd.Series, known: list[object], names: list[str]) -> list[str]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        present = set(names)
        declared = [level_name(value) for value in column.cat.categories]
        return list(dict.fromkeys([*(name for name in declared if name in present), *names]))
    size = {
        name: float(value)
        for name, value in zip(names, known, strict=True)
        if isinstance(value, (int, float, np.number, np.bool_))
    }
    # Never the order of the rows.
    return sorted(set(names), key=lambda name: (size.get(name, np.inf), name))
