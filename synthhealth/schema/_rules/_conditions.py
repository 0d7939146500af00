"""The conditions of a rule, each of them true, false or unknown in a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from synthhealth.schema._rules._levels import check_levels, compare_levels
from synthhealth.schema._rules._operands import Facts, MalformedError, Operands
from synthhealth.schema._rules._truth import ORDERS, Truth
from synthhealth.schema._rules._values import (
    Arithmetic,
    ColumnName,
    Literal,
    Value,
    described,
    to_date,
)

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


@dataclass(frozen=True)
class Comparison:
    sign: str
    left: Value
    right: Value

    def check(self, facts: Mapping[str, Facts]) -> None:
        left, right = self.left.check(facts), self.right.check(facts)
        forms = {left, right}
        if self.sign not in ("=", "!=") and "flag" in forms:
            raise MalformedError("true and false are compared by == and != only")
        if "level" in forms:
            check_levels(*self._with_level_first(left == "level"), facts)
            return
        if forms == {"date", "text"}:
            for side in (self.left, self.right):
                if isinstance(side, Literal) and isinstance(side.value, str):
                    to_date(side.value)
            return
        if None in forms or forms <= {"number", "flag"} or forms == {"date"}:
            return
        raise MalformedError(
            f"{described(self.left, left)} and {described(self.right, right)} cannot be compared; "
            "text stands in quotes, numbers do not, dates are written as 2024-01-31"
        )

    def parts(self) -> Iterator[Node]:
        yield from (self.left, self.right)

    def truth(self, operands: Operands) -> Truth:
        left_form = self.left.check(operands.facts)
        forms = {left_form, self.right.check(operands.facts)}
        if None in forms:  # a column without any value
            return Truth(operands.nothing, operands.nothing)
        if "level" in forms:
            return compare_levels(*self._with_level_first(left_form == "level"), operands)
        computed = isinstance(self.left, Arithmetic) or isinstance(self.right, Arithmetic)
        equality = self.sign in ("=", "!=")
        left, right = (
            side.printed(operands)
            if computed and equality and isinstance(side, ColumnName)
            else side.quantity(operands, rounded=computed and equality)
            for side in (self.left, self.right)
        )
        known = ~(np.isnan(left.values) | np.isnan(right.values))
        with np.errstate(invalid="ignore"):
            apart = np.abs(left.values - right.values)
            equal = apart <= left.errors + right.errors if computed else apart == 0
            if equality:
                return Truth.of(equal if self.sign == "=" else ~equal, known)
            beyond = ORDERS[self.sign](left.values, right.values)
        return Truth.of(beyond | equal if "=" in self.sign else beyond & ~equal, known)

    def _with_level_first(self, left_is_level: bool) -> tuple[ColumnName, str, Value]:
        sign, column, other = self.sign, self.left, self.right
        if not left_is_level:
            sign, column, other = _MIRRORED[sign], other, column
        if not isinstance(column, ColumnName):  # nothing else has levels
            raise MalformedError(f"{column} is no level")
        return column, sign, other


@dataclass(frozen=True)
class OneOf:
    value: Value
    choices: tuple[Literal, ...]

    def check(self, facts: Mapping[str, Facts]) -> None:
        for comparison in self._comparisons():
            comparison.check(facts)

    def parts(self) -> Iterator[Node]:
        yield self.value

    def truth(self, operands: Operands) -> Truth:
        first, *others = self._comparisons()
        truth = first.truth(operands)
        for comparison in others:
            truth = truth | comparison.truth(operands)
        return truth

    def _comparisons(self) -> Iterator[Comparison]:
        return (Comparison("=", self.value, choice) for choice in self.choices)


@dataclass(frozen=True)
class IsMissing:
    column: ColumnName

    def check(self, facts: Mapping[str, Facts]) -> None:
        self.column.check(facts)

    def parts(self) -> Iterator[Node]:
        yield self.column

    def truth(self, operands: Operands) -> Truth:
        missing = operands.missing(self.column.name)
        return Truth(missing, ~missing)


@dataclass(frozen=True)
class Not:
    condition: Condition

    def check(self, facts: Mapping[str, Facts]) -> None:
        self.condition.check(facts)

    def parts(self) -> Iterator[Node]:
        yield self.condition

    def truth(self, operands: Operands) -> Truth:
        return ~self.condition.truth(operands)


@dataclass(frozen=True)
class Both:
    left: Condition
    right: Condition

    def check(self, facts: Mapping[str, Facts]) -> None:
        self.left.check(facts)
        self.right.check(facts)

    def parts(self) -> Iterator[Node]:
        yield from (self.left, self.right)

    def truth(self, operands: Operands) -> Truth:
        return self.left.truth(operands) & self.right.truth(operands)


@dataclass(frozen=True)
class Either:
    left: Condition
    right: Condition

    def check(self, facts: Mapping[str, Facts]) -> None:
        self.left.check(facts)
        self.right.check(facts)

    def parts(self) -> Iterator[Node]:
        yield from (self.left, self.right)

    def truth(self, operands: Operands) -> Truth:
        return self.left.truth(operands) | self.right.truth(operands)


Condition = Comparison | OneOf | IsMissing | Not | Both | Either
Node = Value | Condition


def columns_of(node: Node) -> tuple[str, ...]:
    """Give the names of the columns, each once, in the order in which they are named."""
    if isinstance(node, ColumnName):
        return (node.name,)
    if isinstance(node, Literal):
        return ()
    return tuple(dict.fromkeys(name for part in node.parts() for name in columns_of(part)))
