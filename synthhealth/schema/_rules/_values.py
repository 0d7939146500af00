"""The values in a rule: literals, columns and what is computed from them.

Numbers carry the error of their rounding, so that ``A = B + C`` holds for values that were rounded
one by one; dates are numbers of days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from synthhealth.schema._rules._operands import Facts, Floats, Form, MalformedError, Operands

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
class Literal:
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


Value = Literal | ColumnName | Arithmetic


def to_date(text: str) -> datetime:
    """Read a date as ISO 8601 writes it."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedError(
            f"{text!r} is no date; dates are written as 2024-01-31 or 2024-01-31T08:30"
        ) from None
    if date.tzinfo is not None:
        raise MalformedError(f"the date {text!r} has a time zone; dates are the table's own")
    return date


def described(value: Value, form: Form | None) -> str:
    """Name a value and what it is, for a message."""
    if isinstance(value, Literal) or form not in _FORMS:
        return str(value)
    return f"{value} ({_FORMS[form]})"
