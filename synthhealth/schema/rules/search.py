"""Columns that are computed from others: sums, products, ratios, and indices such as the BMI.

A column that the laboratory computed says nothing of its own, but a synthetic table that breaks
the computation gives itself away. What is looked for has few terms; what is found holds within the
rounding of the columns, in all but a few rows, and would not hold by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.schema.reading.notation import count_decimals
from synthhealth.schema.rules._grammar import WORDS
from synthhealth.schema.rules.rule import Rule
from synthhealth.schema.schema import Schema
from synthhealth.schema.types import Kind

__all__ = ["find_rules"]

Floats = npt.NDArray[np.float64]

#: Among more columns of numbers nothing is looked for: it would take too long.
MOST_COLUMNS = 60
#: Rows in which a candidate is looked for; it is then tried on all.
SCREENED_ROWS = 120
#: Of them those that are looked at first.
FIRST_ROWS = 40
#: A computation that fewer rows show is not believed.
FEWEST_ROWS = 20
#: Rows that may break what is proposed: a result that was corrected by hand.
MOST_BROKEN = 0.02
#: The same of the few rows that are looked at first.
MOST_BROKEN_FIRST = 0.1
#: Of rows whose results stand in other rows, at least so many must break it: else it says little.
LEAST_TELLING = 0.8
#: Columns that are added up, at most.
MOST_TERMS = 6
#: Different values of a column, at least.
FEWEST_VALUES = 10

_PLAIN_NAME = re.compile(r"[^\W\d][\w.]*")


class _Numbers(NamedTuple):
    """Columns of numbers, side by side."""

    names: tuple[str, ...]
    values: Floats  # (n_rows, n_columns), NaN where unknown
    errors: Floats  # (n_columns,): half a unit of the last decimal

    def without(self, names: set[str]) -> _Numbers:
        """Leave columns out."""
        kept = [place for place, name in enumerate(self.names) if name not in names]
        return _Numbers(
            tuple(self.names[place] for place in kept), self.values[:, kept], self.errors[kept]
        )


def find_rules(table: pd.DataFrame, schema: Schema) -> tuple[Rule, ...]:
    """Find columns that are computed from others.

    Looked for are sums and differences of up to six columns with simple factors
    (``total = a + b + c``, ``map = 0.667 * diastolic + 0.333 * systolic``), multiples, and products
    and ratios of two columns with any constant, one of them squared or not
    (``homa = glucose * insulin / 405``, ``bmi = 10000 * weight / (height * height)``).

    Parameters
    ----------
    table : pandas.DataFrame
        Numbers, dates and levels; text forms are read before.
    schema : Schema
        What the columns are. Columns that its rules compute are not looked at again.

    Returns
    -------
    tuple of Rule
        At most one for each set of columns, and none that computes what another one does. None for
        more than 60 columns of numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from synthhealth.schema import Schema
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame({"weight": rng.normal(75, 12, 60), "height": rng.normal(1.7, 0.1, 60)})
    >>> table = table.round({"weight": 1, "height": 2})
    >>> table["bmi"] = (table["weight"] / table["height"] ** 2).round(1)
    >>> [rule.text for rule in find_rules(table, Schema.detect(table))]
    ['bmi = weight / (height * height)']
    """
    from synthhealth.schema.rules import rules_of

    declared = rules_of(schema)
    computed = {rule.derived.target for rule in declared if rule.derived is not None}
    numbers = _numbers(table, schema, computed)
    if not 2 <= len(numbers.names) <= MOST_COLUMNS:
        return ()
    found: list[Rule] = []
    taken = [set(rule.columns) for rule in declared]
    rng = np.random.default_rng(0)
    for candidates in (_multiples, _sums_of_two, _products, _sums):
        # What follows from other columns is no term of a further computation.
        for text in candidates(numbers.without(computed)):
            rule = Rule.parse(text, schema)
            target = rule.derived.target if rule.derived is not None else None
            if target is None or computed & set(rule.columns) or set(rule.columns) in taken:
                continue
            if _holds(rule, target, table, rng):
                found.append(rule)
                computed.add(target)
                taken.append(set(rule.columns))
    return tuple(found)


def _numbers(table: pd.DataFrame, schema: Schema, computed: set[str]) -> _Numbers:
    """Take the columns that can be computed with, and the rows in which most of them are known."""
    names, columns, errors = [], [], []
    for column in schema:
        is_number = column.kind in (Kind.CONTINUOUS, Kind.COUNT) and column.name in table.columns
        if not is_number or column.name in computed:
            continue
        values = pd.to_numeric(table[column.name], errors="coerce").to_numpy(
            dtype=np.float64, na_value=np.nan
        )
        decimals = count_decimals(values)
        if len(np.unique(values[np.isfinite(values)])) < FEWEST_VALUES:
            continue
        names.append(column.name)
        columns.append(values)
        errors.append(0.0 if decimals is None else 0.5 * 10.0**-decimals)
    if not names:
        return _Numbers((), np.empty((0, 0)), np.empty(0))
    values = np.column_stack(columns)
    known = np.isfinite(values).sum(axis=1)
    rows = np.argsort(-known, kind="stable")[:SCREENED_ROWS]
    return _Numbers(tuple(names), values[rows], np.array(errors))


def _holds(rule: Rule, target: str, table: pd.DataFrame, rng: np.random.Generator) -> bool:
    """Say whether a table keeps a rule, and would not keep it by chance."""
    check = rule.check(table)
    if check.n_known < FEWEST_ROWS or check.n_broken > MOST_BROKEN * check.n_known:
        return False
    order = rng.permutation(len(table))
    by_chance = rule.check(table.assign(**{target: table[target].to_numpy()[order]}))
    return by_chance.n_broken >= LEAST_TELLING * by_chance.n_known


def _agree(gaps: Floats, allowed: Floats) -> npt.NDArray[np.bool_]:
    """Say of which columns of gaps nearly all that are known lie within what is allowed."""
    known = np.isfinite(gaps)
    within = (np.abs(np.where(known, gaps, np.inf)) <= allowed).sum(axis=0)
    counted = known.sum(axis=0)
    return (counted >= FEWEST_ROWS) & (within >= (1 - MOST_BROKEN_FIRST) * counted)


def _multiples(numbers: _Numbers) -> Iterator[str]:
    names, values, errors = numbers
    for source in range(len(names)):
        targets = np.arange(source + 1, len(names))
        if not targets.size:
            return
        ratios, spread = _ratio(
            values[:, targets], errors[targets], values[:, [source]], errors[[source]]
        )
        for place in np.flatnonzero(_agree(*_off_the_median(ratios, spread))):
            target = targets[place]
            for factor in _constants(ratios[:, place], spread[:, place]):
                yield f"{_name(names[target])} = {_name(names[source])}{factor}"


def _sums_of_two(numbers: _Numbers) -> Iterator[str]:
    names, values, errors = numbers
    first, second = np.triu_indices(len(names), 1)
    total = values[:, first] + values[:, second]
    allowed = errors[first] + errors[second]
    for target in range(len(names)):
        apart = (first != target) & (second != target)
        gaps = values[:, [target]] - total[:, apart]
        slack = allowed[apart] + errors[target] + 1e-9 * np.nanmax(np.abs(values[:, target]))
        for place in np.flatnonzero(_agree(gaps, slack)):
            a, b = first[apart][place], second[apart][place]
            yield f"{_name(names[target])} = {_name(names[a])} + {_name(names[b])}"


def _products(numbers: _Numbers) -> Iterator[str]:
    """Give products of two columns, one of them squared or not, that are a multiple of a third.

    The last of the three in the table is the one that was computed.
    """
    names, values, errors = numbers
    first, second = np.triu_indices(len(names), 1)
    relative = _relative(values, errors)
    for squared in (False, True):
        for a, b in ((first, second), (second, first)) if squared else ((first, second),):
            power = 2 if squared else 1
            for target in range(len(names)):
                places = np.flatnonzero((a != target) & (b != target))
                for rows in (slice(FIRST_ROWS), slice(None)):  # a few rows refute nearly all
                    one, other = a[places], b[places]
                    with np.errstate(all="ignore"):
                        ratios = values[rows, [target]] / (
                            values[rows, one] * values[rows, other] ** power
                        )
                    slack = relative[rows, one] + power * relative[rows, other]
                    slack += relative[rows, [target]]
                    agree = _agree(*_off_the_median(ratios, slack))
                    places, ratios, slack = places[agree], ratios[:, agree], slack[:, agree]
                for place, pair in enumerate(zip(a[places], b[places], strict=True)):
                    for factor in _constants(ratios[:, place], slack[:, place]):
                        yield _turned(names, target, pair, factor, squared=squared)


def _turned(
    names: Sequence[str], target: int, pair: tuple[int, int], factor: _Factor, *, squared: bool
) -> str:
    """Write ``target = a * b * factor`` with the last of the three alone on the left."""
    (a, b), t = pair, target
    last = max(t, a, b)
    square = f"({_name(names[b])} * {_name(names[b])})" if squared else _name(names[b])
    if last == t or (last == b and squared):  # a root is nothing a rule can say
        return f"{_name(names[t])} = {_name(names[a])} * {square}{factor}"
    if last == a:
        return f"{_name(names[a])} = {_name(names[t])} / {square}{factor.inverse}"
    return f"{_name(names[b])} = {_name(names[t])} / {_name(names[a])}{factor.inverse}"


def _sums(numbers: _Numbers) -> Iterator[str]:
    """Give sums of several columns with simple factors, found one term after the other.

    What was computed mostly stands behind what it was computed from.
    """
    names, values, errors = numbers
    for target in reversed(range(len(names))):
        chosen: list[int] = []
        rest = goal = values[:, target]
        while len(chosen) < min(MOST_TERMS, len(names) - 1):
            others = [place for place in range(len(names)) if place not in (target, *chosen)]
            chosen.append(_nearest(rest, values, others))
            rows = np.isfinite(values[:, [*chosen, target]]).all(axis=1)
            if rows.sum() < FEWEST_ROWS:
                break
            factors = _simple(values[rows][:, chosen], goal[rows])
            rest = goal - values[:, chosen] @ factors
            slack = errors[target] + np.abs(factors) @ errors[chosen]
            # As far as factors of three decimals let one tell.
            slack = slack + 5e-4 * np.abs(values[:, chosen]).sum(axis=1)
            if len(chosen) > 1 and _agree(rest[:, None], slack[:, None])[0]:
                spread = np.abs(factors) * np.nanstd(values[:, chosen], axis=0)
                if (spread <= np.nanmedian(slack)).any():
                    break  # a term that nothing hangs on
                yield f"{_name(names[target])} = {_added(names, chosen, factors)}"
                break


def _simple(terms: Floats, goal: Floats) -> Floats:
    """Fit factors by least squares, with as few decimals as their errors allow, at most three."""
    factors, *_ = np.linalg.lstsq(terms, goal, rcond=None)
    spread = float(np.std(goal - terms @ factors))
    errors = spread * np.sqrt(np.diag(np.linalg.pinv(terms.T @ terms)))
    simple = np.round(factors, 3)
    for decimals in (2, 1, 0):
        rounded = np.round(factors, decimals)
        close = np.abs(rounded - factors) <= np.maximum(3 * errors, 5e-4)
        simple = np.where(close & (rounded != 0), rounded, simple)
    return simple


def _nearest(rest: Floats, values: Floats, places: Sequence[int]) -> int:
    """Give the column that has most to do with what is left."""
    best, most = places[0], -1.0
    for place in places:
        rows = np.isfinite(rest) & np.isfinite(values[:, place])
        one, other = rest[rows], values[rows, place]
        if len(one) < FEWEST_ROWS or one.std() == 0 or other.std() == 0:
            continue
        strength = abs(float(np.corrcoef(one, other)[0, 1]))
        if strength > most:
            best, most = place, strength
    return best


def _added(names: Sequence[str], chosen: Sequence[int], factors: Floats) -> str:
    text = ""
    for place, factor in zip(chosen, factors, strict=True):
        size = "" if abs(factor) == 1 else f"{abs(factor):g} * "
        sign = " - " if factor < 0 else " + " if text else ""
        text += f"{sign}{size}{_name(names[place])}"
    return f"0{text}" if text.startswith(" - ") else text


class _Factor(NamedTuple):
    """A constant of few digits, by which is multiplied or divided."""

    times: str = ""
    over: str = ""

    def __str__(self) -> str:
        return f"{f' * {self.times}' if self.times else ''}{f' / {self.over}' if self.over else ''}"

    @property
    def inverse(self) -> _Factor:
        """The other way round."""
        return _Factor(self.over, self.times)


def _constants(ratios: Floats, spread: Floats) -> list[_Factor]:
    """Give the constants that may be meant, of as few digits as tell, the shortest first."""
    known = np.isfinite(ratios) & np.isfinite(spread)
    middle = float(np.median(ratios[known][spread[known] <= np.quantile(spread[known], 0.25)]))
    if middle <= 0:
        return []
    sharp = 3 * max(float(np.quantile(spread[known], 0.25)), 1e-12) / np.sqrt(known.sum())
    for digits in range(1, 7):
        found = []
        for value, inverse in ((middle, False), (1 / middle, True)):
            text = f"{float(f'{value:.{digits - 1}e}'):.10g}"
            if "e" not in text and abs(float(text) / value - 1) <= sharp:
                if float(text) == 1:
                    return [_Factor()]
                found.append(_Factor(over=text) if inverse else _Factor(times=text))
        if found:
            return sorted(found, key=lambda one: len(str(one)))
    return []


def _off_the_median(ratios: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Give how far ratios lie from their median, and how far rounding lets them."""
    with np.errstate(all="ignore"):
        known = np.where(np.isfinite(ratios), ratios, np.nan)
        empty = ~np.isfinite(known).any(axis=0)
        known[:, empty] = 0.0
        middle = np.nanmedian(known, axis=0)
        middle = np.where((middle == 0) | empty, np.nan, middle)
        return known / middle - 1, 1.5 * spread + 1e-9


def _ratio(
    above: Floats, above_errors: Floats, below: Floats, below_errors: Floats
) -> tuple[Floats, Floats]:
    with np.errstate(all="ignore"):
        return above / below, _relative(above, above_errors) + _relative(below, below_errors)


def _relative(values: Floats, errors: Floats) -> Floats:
    with np.errstate(all="ignore"):
        return np.where(values == 0, np.inf, errors / np.abs(values))


def _name(name: str) -> str:
    """Write a column's name as rules do."""
    if _PLAIN_NAME.fullmatch(name) and name.lower() not in WORDS:
        return name
    return "`" + name.replace("`", "``") + "`"
