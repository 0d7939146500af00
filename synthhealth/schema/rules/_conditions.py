"""The conditions of a rule, each of them true, false or unknown in a row (Kleene's logic)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from synthhealth.schema.rules._operands import (
    Arithmetic,
    ColumnName,
    Facts,
    Floats,
    LiteralValue,
    MalformedError,
    Mask,
    Operands,
    Value,
    described,
    to_date,
)

#: The signs that need an order.
ORDERS: dict[str, Callable[[Floats, Floats], Mask]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(frozen=True)
class Truth:
    """In which rows a condition is true and in which it is false; unknown in the others."""

    true: Mask
    false: Mask

    def __invert__(self) -> Truth:
        return Truth(self.false, self.true)

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.true & other.true, self.false | other.false)

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.true | other.true, self.false & other.false)

    @classmethod
    def of(cls, true: Mask, known: Mask) -> Truth:
        return cls(true & known, ~true & known)


def check_levels(column: ColumnName, sign: str, other: Value, facts: Mapping[str, Facts]) -> None:
    """Refuse what a column of levels cannot be compared with."""
    other_form = other.check(facts)
    may_be_level = other_form in ("text", "flag", "number") and isinstance(other, LiteralValue)
    if other_form not in ("level", None) and not may_be_level:
        raise MalformedError(
            f"{described(column, 'level')} and {described(other, other_form)} cannot be compared"
        )
    own = facts[column.name]
    if isinstance(other, LiteralValue) and own.levels is not None and not _among(other, own.levels):
        # The levels themselves are not shown: one of them may be a single patient's.
        raise MalformedError(
            f"{other} is none of the {len(own.levels)} levels of {column}; capital letters, "
            "spaces and quotes count (text stands in quotes, numbers do not)"
        )
    if sign in ("=", "!="):
        return
    compared = [own, facts[other.name]] if isinstance(other, ColumnName) else [own]
    known = [one for one in compared if one.form is not None]
    if not all(one.ordered for one in known):
        raise MalformedError(
            f"the levels of {column} have no order; declare it as ordinal, with its levels in "
            "order, or compare by == and !="
        )
    if len({one.levels for one in known}) > 1:
        raise MalformedError(f"{column} and {other} have different levels, so no common order")


def compare_levels(column: ColumnName, sign: str, other: Value, operands: Operands) -> Truth:
    """Compare, after `check_levels`."""
    if sign in ORDERS:
        return _compare_ranks(column, sign, other, operands)
    truth = _equal(column, other, operands)
    return truth if sign == "=" else ~truth


def _equal(column: ColumnName, other: Value, operands: Operands) -> Truth:
    codes, levels = operands.levels(column.name)
    if isinstance(other, ColumnName):
        other_codes, other_levels = operands.levels(other.name)
        place_of = {level: place for place, level in enumerate(levels)}
        places = np.array([*(place_of.get(level, -2) for level in other_levels), -1])
        other_codes = places[other_codes]
        return Truth.of(codes == other_codes, (codes != -1) & (other_codes != -1))
    if isinstance(other, LiteralValue) and levels and not any(map(other.is_alike, levels)):
        raise MalformedError(f"{other} can be no level of {column}; text stands in quotes")
    matches = [isinstance(other, LiteralValue) and other.is_level(level) for level in levels]
    return Truth.of(np.array([*matches, False], dtype=bool)[codes], codes != -1)


def _compare_ranks(column: ColumnName, sign: str, other: Value, operands: Operands) -> Truth:
    ranks = _ranks(column.name, operands)
    if isinstance(other, ColumnName):
        others = _ranks(other.name, operands)
    else:
        order = operands.facts[column.name].levels or ()
        place = next(
            (place for place, level in enumerate(order) if _among(other, (level,))), np.nan
        )
        others = np.full(len(operands), place, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return Truth.of(ORDERS[sign](ranks, others), ~(np.isnan(ranks) | np.isnan(others)))


def _ranks(name: str, operands: Operands) -> Floats:
    """Give each row's place in the order of the levels; NaN where missing or not among them."""
    codes, levels = operands.levels(name)
    rank_of = {level: float(rank) for rank, level in enumerate(operands.facts[name].levels or ())}
    ranks = [*(rank_of.get(level, np.nan) for level in levels), np.nan]
    return np.array(ranks, dtype=np.float64)[codes]


def _among(value: Value, levels: tuple[object, ...]) -> bool:
    return isinstance(value, LiteralValue) and any(value.is_level(level) for level in levels)


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
                if isinstance(side, LiteralValue) and isinstance(side.value, str):
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
            raise MalformedError(f"{column} is not a level")
        return column, sign, other


@dataclass(frozen=True)
class OneOf:
    value: Value
    choices: tuple[LiteralValue, ...]

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
    if isinstance(node, LiteralValue):
        return ()
    return tuple(dict.fromkeys(name for part in node.parts() for name in columns_of(part)))
