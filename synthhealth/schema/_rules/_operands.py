"""What the columns of a table give to a rule: numbers, dates as days, levels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.schema._decimals import count_decimals
from synthhealth.schema._schema import Column, Kind, Level, Protection

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: What a value is to a rule; "text" and "flag" are literals only.
Form = Literal["number", "date", "level", "text", "flag"]

_MICROSECONDS_OF_DAY = 86_400_000_000

_OBJECT_NUMBERS = {"boolean", "integer", "floating", "mixed-integer-float", "decimal"}
_OBJECT_DATES = {"datetime", "datetime64", "date"}


class MalformedError(ValueError):
    """What is wrong with a rule, without the rule's text, which `Rule` puts before it."""


@dataclass(frozen=True)
class Facts:
    """What is known of a column without looking at a row.

    Attributes
    ----------
    form : {"number", "date", "level"} or None
        None: not known yet, or all values are missing.
    levels : tuple or None
        The levels that can occur, where they are known.
    ordered : bool
        Whether the levels are in order.
    decimals : int or None
        How many decimals are printed, where it is known.
    counted : bool
        Whether the numbers are exact and not rounded.
    """

    form: Form | None
    levels: tuple[Level, ...] | None = None
    ordered: bool = False
    decimals: int | None = None
    counted: bool = False

    @classmethod
    def declared(cls, column: Column) -> Facts:
        """Take them from a schema."""
        if not column.kind.is_modelled or column.protection is Protection.GENERALISE:
            return cls(None)  # known when it has been generalised
        if column.kind is Kind.DATETIME:
            return cls("date")
        if column.kind.is_numerical:
            return cls("number", decimals=column.decimals, counted=column.kind is Kind.COUNT)
        form: Form | None = None
        if column.levels is not None:
            numeric = all(isinstance(level, (bool, int, float)) for level in column.levels)
            form = "number" if numeric else "level"
        ordered = column.kind is Kind.ORDINAL and column.levels is not None
        return cls(form, column.levels, ordered, counted=True)

    @classmethod
    def observed(cls, values: pd.Series) -> Facts:
        """Take them from the dtype and the values of a column."""
        dtype = values.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            categories = dtype.categories.to_series()
            facts = cls.observed(categories)
            if facts.form == "level" and dtype.ordered:
                return replace(facts, levels=tuple(categories), ordered=True)
            return replace(facts, counted=True)
        if types.is_bool_dtype(dtype):
            return cls("number", counted=True)
        if types.is_datetime64_any_dtype(dtype):
            return cls("date")
        if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
            return cls("number", counted=types.is_integer_dtype(dtype))
        if types.is_object_dtype(dtype):
            inferred = types.infer_dtype(values, skipna=True)
            if inferred == "empty":
                return cls(None)
            if inferred in _OBJECT_NUMBERS:
                return cls("number", counted=inferred in ("boolean", "integer"))
            if inferred in _OBJECT_DATES:
                return cls("date")
        elif not types.is_string_dtype(dtype):
            raise MalformedError(f"column {values.name!r} is of type {dtype}, which has no rules")
        return cls("level")


class Operands:
    """The columns of a table, each read once, in the form in which rules compare them.

    Parameters
    ----------
    table : pandas.DataFrame
        The canonical table: numbers, dates and levels.
    names : iterable of str
        The columns that are needed; all are in the table.
    declared : mapping of str to Facts
        What the schema says, as far as there is one.
    """

    def __init__(
        self, table: pd.DataFrame, names: Iterable[str], declared: Mapping[str, Facts]
    ) -> None:
        self._table = table
        self._numbers: dict[str, Floats] = {}
        self._decimals_of: dict[str, int | None] = {}
        self._levels: dict[str, tuple[npt.NDArray[np.intp], list[Any]]] = {}
        self.facts = {name: _combine(table[name], declared.get(name)) for name in names}

    def __len__(self) -> int:
        return len(self._table)

    @cached_property
    def nothing(self) -> Mask:
        return np.zeros(len(self), dtype=bool)

    def missing(self, name: str) -> Mask:
        return self._table[name].isna().to_numpy(dtype=bool)

    def numbers(self, name: str) -> Floats:
        """Give the numbers, or the days since 1970, of a column; NaN where missing."""
        if name not in self._numbers:
            values = self._table[name]
            read = _days if self.facts[name].form == "date" else _floats
            self._numbers[name] = read(values)
        return self._numbers[name]

    def levels(self, name: str) -> tuple[npt.NDArray[np.intp], list[Any]]:
        """Give the position of each row's level (-1: missing), and the levels."""
        if name not in self._levels:
            values = self._table[name]
            if isinstance(values.dtype, pd.CategoricalDtype):
                codes = values.cat.codes.to_numpy().astype(np.intp)
                self._levels[name] = codes, list(values.cat.categories)
            else:
                try:
                    codes, uniques = pd.factorize(values.to_numpy(dtype=object))
                except TypeError:  # lists and the like, which cannot be hashed
                    raise MalformedError(
                        f"column {name!r} holds neither numbers nor text nor dates"
                    ) from None
                self._levels[name] = codes, list(uniques)
        return self._levels[name]

    def printing_error(self, name: str) -> float:
        """Give half a unit of the last decimal that is printed; 0 for dates."""
        decimals = self._decimals(name)
        return 0.0 if decimals is None else 0.5 * 10.0**-decimals

    def rounding_error(self, name: str) -> float:
        """Give by how much a value may differ from what was measured; counts are exact."""
        facts = self.facts[name]
        whole = facts.decimals is None and self._decimals(name) == 0
        return 0.0 if facts.counted or whole else self.printing_error(name)

    def _decimals(self, name: str) -> int | None:
        facts = self.facts[name]
        if facts.form != "number":
            return None
        if facts.decimals is None and not facts.counted:
            if name not in self._decimals_of:
                self._decimals_of[name] = count_decimals(self.numbers(name))
            return self._decimals_of[name]
        return facts.decimals or 0


def _combine(values: pd.Series, declared: Facts | None) -> Facts:
    observed = Facts.observed(values)
    if declared is None or declared.form is None:
        return observed
    # The table's form is what is computed with; the rest the schema knows better than one table.
    return replace(declared, form=observed.form)


def _floats(values: pd.Series) -> Floats:
    if types.is_object_dtype(values.dtype) or isinstance(values.dtype, pd.CategoricalDtype):
        values = pd.to_numeric(values.astype(object), errors="coerce")
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isinf(numbers), np.nan, numbers)


def _days(values: pd.Series) -> Floats:
    if not types.is_datetime64_any_dtype(values.dtype):
        values = pd.to_datetime(values.astype(object), errors="coerce")
    # The wall clock: a rule means the day that the table shows.
    stamps = values.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    days = stamps.astype(np.int64) / _MICROSECONDS_OF_DAY
    return np.where(np.isnat(stamps), np.nan, days)
