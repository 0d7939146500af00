"""Comparing a column of levels: with a level, or with another column of levels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthhealth.schema._rules._operands import Facts, Floats, MalformedError, Operands
from synthhealth.schema._rules._truth import ORDERS, Truth
from synthhealth.schema._rules._values import ColumnName, Literal, Value, described


def check_levels(column: ColumnName, sign: str, other: Value, facts: Mapping[str, Facts]) -> None:
    """Refuse what a column of levels cannot be compared with."""
    other_form = other.check(facts)
    may_be_level = other_form in ("text", "flag", "number") and isinstance(other, Literal)
    if other_form not in ("level", None) and not may_be_level:
        raise MalformedError(
            f"{described(column, 'level')} and {described(other, other_form)} cannot be compared"
        )
    own = facts[column.name]
    if isinstance(other, Literal) and own.levels is not None and not _among(other, own.levels):
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
    if isinstance(other, Literal) and levels and not any(map(other.is_alike, levels)):
        raise MalformedError(f"{other} can be no level of {column}; text stands in quotes")
    matches = [isinstance(other, Literal) and other.is_level(level) for level in levels]
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
    return isinstance(value, Literal) and any(value.is_level(level) for level in levels)
