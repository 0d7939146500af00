"""What becomes of the levels of one column that too few patients have."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd
from pandas.api import types

from synthhealth.schema._schema import Column, Kind, Level
from synthhealth.schema._text._completion import levels_in_order

__all__ = ["Plan", "join_neighbours", "levels_of", "plan"]

#: What rare levels are pooled as, where the column has no level of this meaning.
OTHER = "other"

_NUMBER = re.compile(r"[<>≤≥]?=? ?[+-]?\d[\d.,]*")

#: A column keeps at least two levels, however rare: of one there is nothing to learn.
FEWEST = 2


@dataclass(frozen=True)
class Plan:
    """What becomes of a column's rare levels.

    Attributes
    ----------
    rule : {"merge", "drop", "keep"}
        What is done.
    concerned : tuple
        The rare levels.
    becomes : mapping
        What each of them becomes; those that are dropped are not in it.
    pool : str or None
        The level that the levels of a nominal column are pooled as.
    named : bool
        Whether rare levels stay because the schema names them, in a rule or as a sex.
    """

    rule: Literal["merge", "drop", "keep"]
    concerned: tuple[Level, ...]
    becomes: Mapping[Level, Level] = field(default_factory=dict)
    pool: str | None = None
    named: bool = False


def levels_of(values: pd.Series, column: Column) -> dict[Level, int]:
    """Count the patients of each level, in the order of the levels where they have one."""
    known = values.dropna()
    if column.missing and not types.is_datetime64_any_dtype(known.dtype):
        known = known[~known.isin(list(column.missing))]
    counts = {_plain(level): int(count) for level, count in known.value_counts().items() if count}
    order = _order(values, list(counts)) if column.kind is Kind.ORDINAL else None
    if order is None:
        # Levels of mixed types have no order of their own.
        order = sorted(counts, key=lambda level: (isinstance(level, str), level))
    return {level: counts[level] for level in order}


def plan(
    values: pd.Series,
    column: Column,
    min_cell: int,
    named: tuple[object, ...] | None = (),
) -> Plan | None:
    """Decide what becomes of the levels that fewer than `min_cell` patients have.

    Parameters
    ----------
    values : pandas.Series
        The column, read.
    column : Column
        What it is. Where it says `rare` and `levels`, levels beside those are rare, too.
    min_cell : int
        The fewest patients of a level that is learned.
    named : tuple or None
        The levels that the schema names elsewhere, which stay; None: all stay, for a rule compares
        them.

    Returns
    -------
    Plan or None
        None where nothing is rare, and for columns of two levels: their names are their meaning.
    """
    counts = levels_of(values, column)
    if len(counts) <= FEWEST:
        return None
    bound = column.rare in ("merge", "drop") and column.levels is not None
    possible = [level for level in counts if not bound or level in (column.levels or ())]
    if len(possible) < FEWEST:
        possible = list(counts)
    frequent = [level for level in possible if counts[level] >= min_cell]
    rare = tuple(level for level in counts if level not in frequent)
    if not rare:
        return None
    if column.rare == "keep":
        return Plan("keep", rare)
    texts = all(isinstance(level, str) for level in counts)
    if named is None or (named and not (texts and column.kind is not Kind.ORDINAL)):
        return Plan("keep", rare, named=True)
    stays = [level for level in possible if level in frequent or level in named]
    if all(level in stays for level in rare):
        return Plan("keep", rare, named=True)
    if column.rare != "drop":
        if column.kind is Kind.ORDINAL:
            if _order(values, list(counts)) == list(counts) and _keeps_order(column, counts):
                return _joined(counts, possible, stays)
        elif texts and not _are_numbers(counts):
            return _pooled(counts, possible, stays, named, column.levels or (), min_cell)
    return _dropped(counts, possible, stays)


def join_neighbours(
    values: pd.Series, counts: Mapping[Level, int], left: Collection[Level]
) -> dict[Level, Level]:
    """Say which of the levels that are left each other level joins; none without an order."""
    order = _order(values, list(counts))
    targets = [level for level in counts if level in left]
    if order is None or not targets:
        return {}
    return _nearest({level: counts[level] for level in order}, targets)


def _joined(
    counts: Mapping[Level, int], possible: Sequence[Level], stays: list[Level]
) -> Plan | None:
    """Join rare levels of an ordinal column to the nearest that is left."""
    if len(stays) < FEWEST:
        first = stays[0] if stays else max(possible, key=lambda level: counts[level])
        pairs = [[first, level] for level in possible if level != first]
        stays = max(pairs, key=lambda pair: min(_sizes(counts, _nearest(counts, pair), pair)))
    becomes = _nearest(counts, stays)
    return Plan("merge", tuple(becomes), becomes) if becomes else None


def _pooled(
    counts: Mapping[Level, int],
    possible: Sequence[Level],
    stays: list[Level],
    named: Collection[object],
    declared: Sequence[Level],
    min_cell: int,
) -> Plan | None:
    """Pool rare levels of a nominal column."""
    others = [one for one in (*declared, *counts) if str(one).casefold() == OTHER]
    pool = str(others[0]) if others else OTHER
    if not [level for level in stays if level != pool]:
        stays = [max((one for one in possible if one != pool), key=lambda level: counts[level])]
    rare = [level for level in counts if level not in stays and level != pool]
    if not rare:
        return None
    size = sum(counts[level] for level in rare) + counts.get(pool, 0)
    kept = [level for level in stays if level != pool]
    if pool in named or (size < min_cell and len(kept) >= FEWEST):
        # A pool of a few patients would single them out as their levels did, and to fill it up
        # with a frequent level would cost many patients theirs.
        return _dropped(counts, possible, kept if pool not in named else stays)
    return Plan("merge", tuple(rare), dict.fromkeys(rare, pool), pool)


def _dropped(
    counts: Mapping[Level, int], possible: Sequence[Level], stays: list[Level]
) -> Plan | None:
    if len(stays) < FEWEST:
        most = sorted(possible, key=lambda level: -counts[level])
        stays = [*stays, *(level for level in most if level not in stays)][:FEWEST]
    gone = tuple(level for level in counts if level not in stays)
    return Plan("drop", gone) if gone else None


def _nearest(counts: Mapping[Level, int], targets: Collection[Level]) -> dict[Level, Level]:
    """Give the nearest target of each level; of two as near, the more frequent."""
    numbers = all(not isinstance(level, str) for level in counts)
    place = {level: float(level) if numbers else rank for rank, level in enumerate(counts)}
    return {
        level: min(targets, key=lambda one: (abs(place[one] - place[level]), -counts[one]))
        for level in counts
        if level not in targets
    }


def _sizes(
    counts: Mapping[Level, int], becomes: Mapping[Level, Level], targets: Sequence[Level]
) -> list[int]:
    joined = {level: [one for one in becomes if becomes[one] == level] for level in targets}
    return [counts[level] + sum(counts[one] for one in joined[level]) for level in targets]


def _order(values: pd.Series, levels: Sequence[Level]) -> list[Level] | None:
    """Put levels in the order that they have without a schema; None where they say none."""
    if isinstance(values.dtype, pd.CategoricalDtype) and values.cat.ordered:
        categories = [_plain(level) for level in values.cat.categories]
        return [level for level in categories if level in levels]
    if all(not isinstance(level, str) for level in levels):
        return sorted(levels)
    texts = [level for level in levels if isinstance(level, str)]
    found = levels_in_order(sorted(texts)) if len(texts) == len(levels) else None
    return None if found is None else list(found)


def _keeps_order(column: Column, counts: Mapping[Level, int]) -> bool:
    """Whether the schema has the levels in the order that they have by themselves."""
    declared = [level for level in column.levels or () if level in counts]
    own = [level for level in counts if level in declared]
    return declared in (own, own[::-1])


def _are_numbers(counts: Mapping[Level, int]) -> bool:
    """Whether most levels are written as numbers, among which no word for a pool may stand."""
    numbers = [count for level, count in counts.items() if _NUMBER.fullmatch(str(level).strip())]
    return 2 * sum(numbers) > sum(counts.values())


def _plain(level: object) -> Level:
    return level.item() if hasattr(level, "item") else level  # type: ignore[return-value]
