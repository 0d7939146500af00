"""What a rule compares: literals, and columns as numbers, dates as days, or levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.schema.reading.notation import count_decimals
from synthhealth.schema.types import Column, Kind, Level, Protection

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


#: The share of a number that computing with it may add as an error.
NOISE = 1e-12

_EPOCH = datetime(1970, 1, 1)

_FORMS = {"number": "numbers", "date": "dates", "level": "text"}


@dataclass(frozen=True)
class Quantity:
    """Numbers with the error that rounding gave them; NaN where unknown."""

    values: Floats
    errors: Floats


@dataclass(frozen=True)
class LiteralValue:
    """A number, a text in quotes (beside a date it is a date), a date, ``true`` or ``false``."""

    value: float | str | bool | datetime

    def check(self, facts: Mapping[str, Facts]) -> Form:
        if isinstance(self.value, bool):
            return "flag"
        if isinstance(self.value, str):
            return "text"
        return "date" if isinstance(self.value, datetime) else "number"

    def quantity(self, operands: Operands, *, rounded: bool) -> Quantity:
        value = to_date(self.value) if isinstance(self.value, str) else self.value
        if isinstance(value, datetime):
            value = (value - _EPOCH) / timedelta(days=1)
        return Quantity(np.full(len(operands), float(value)), np.zeros(len(operands)))

    def is_level(self, level: object) -> bool:
        """Whether this is that level of a column."""
        return self.is_alike(level) and level == self.value

    def is_alike(self, level: object) -> bool:
        """Whether it could be one: text is never a number."""
        return isinstance(level, str) == isinstance(self.value, str)

    def __str__(self) -> str:
        if isinstance(self.value, bool):
            return str(self.value).lower()
        if isinstance(self.value, datetime):
            return f"the date {self.value.isoformat()}"
        if isinstance(self.value, str):
            return f"the text {self.value!r}"
        return f"the number {self.value:g}"


@dataclass(frozen=True)
class ColumnName:
    name: str

    def check(self, facts: Mapping[str, Facts]) -> Form | None:
        return facts[self.name].form

    def quantity(self, operands: Operands, *, rounded: bool) -> Quantity:
        return self._read(operands, operands.rounding_error(self.name) if rounded else 0)

    def printed(self, operands: Operands) -> Quantity:
        """Give the values with the error of printing them, be they counts or not."""
        return self._read(operands, operands.printing_error(self.name))

    def _read(self, operands: Operands, error: float) -> Quantity:
        values = operands.numbers(self.name)
        return Quantity(values, np.abs(values) * NOISE + error)

    def __str__(self) -> str:
        return f"column {self.name!r}"


@dataclass(frozen=True)
class Arithmetic:
    sign: str
    left: Value
    right: Value

    def check(self, facts: Mapping[str, Facts]) -> Form | None:
        forms = self.left.check(facts), self.right.check(facts)
        for side, form in zip((self.left, self.right), forms, strict=True):
            if form not in ("number", "date", None):
                raise MalformedError(f"{described(side, form)} cannot be computed with")
        if None in forms:
            return None
        if forms == ("number", "number"):
            return "number"
        if forms == ("date", "date") and self.sign == "-":
            return "number"
        if (forms == ("date", "number") and self.sign in "+-") or (
            forms == ("number", "date") and self.sign == "+"
        ):
            return "date"
        raise MalformedError(
            "a date minus a date gives days, and a date plus or minus days a date; "
            f"there is no {forms[0]} {self.sign} {forms[1]}"
        )

    def parts(self) -> Iterator[Value]:
        yield from (self.left, self.right)

    def quantity(self, operands: Operands, *, rounded: bool) -> Quantity:
        left = self.left.quantity(operands, rounded=rounded)
        right = self.right.quantity(operands, rounded=rounded)
        a, b = left.values, right.values
        with np.errstate(all="ignore"):
            if self.sign in "+-":
                values = a + b if self.sign == "+" else a - b
                errors = left.errors + right.errors
            elif self.sign == "*":
                values = a * b
                errors = np.abs(a) * right.errors + np.abs(b) * left.errors
            else:
                values = a / b
                errors = (left.errors + np.abs(values) * right.errors) / np.abs(b)
        # Divided by zero, or beyond the largest number: not known.
        unknown = ~(np.isfinite(values) & np.isfinite(errors))
        return Quantity(np.where(unknown, np.nan, values), np.where(unknown, 0.0, errors))

    def __str__(self) -> str:
        return f"what is computed by {self.sign}"


Value = LiteralValue | ColumnName | Arithmetic


def to_date(text: str) -> datetime:
    """Read a date as ISO 8601 writes it."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedError(
            f"{text!r} is not a date; dates are written as 2024-01-31 or 2024-01-31T08:30"
        ) from None
    if date.tzinfo is not None:
        raise MalformedError(f"the date {text!r} has a time zone; dates are the table's own")
    return date


def described(value: Value, form: Form | None) -> str:
    """Name a value and what it is, for a message."""
    if isinstance(value, LiteralValue) or form not in _FORMS:
        return str(value)
    return f"{value} ({_FORMS[form]})"
