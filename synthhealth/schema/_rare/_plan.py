"""What becomes of the levels of one column that too few patients have."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.errors import TableError
from synthhealth.schema._schema import Column, Kind, Level
from synthhealth.schema._subjects import Subjects, count_patients, n_patients
from synthhealth.schema._text._completion import levels_in_order

__all__ = ["Plan", "join_neighbours", "levels_of", "patients_with", "plan"]

#: What rare levels are pooled as, where the column has no level of this meaning.
OTHER = "other"

_NUMBER = re.compile(r"[<>≤≥]?=? ?[+-]?\d[\d.,]*")


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
        Whether rare levels stay because a rule of the schema names them.
    is_emptied : bool
        Whether no level is left: all become one that is never written, for the column stays empty.
    """

    rule: Literal["merge", "drop", "keep"]
    concerned: tuple[Level, ...]
    becomes: Mapping[Level, Level] = field(default_factory=dict)
    pool: str | None = None
    named: bool = False
    is_emptied: bool = False


def levels_of(
    values: pd.Series, column: Column, subjects: Subjects | None = None
) -> dict[Level, int]:
    """Count the patients of each level, in the order of the levels where they have one."""
    known = _is_level(values, column)
    counted = count_patients(values[known], None if subjects is None else subjects[known])
    counts = {_plain(level): int(count) for level, count in counted.items() if count}
    order = _order(values, list(counts)) if column.kind is Kind.ORDINAL else None
    if order is None:
        # Levels of mixed types have no order of their own.
        order = sorted(counts, key=lambda level: (isinstance(level, str), level))
    return {level: counts[level] for level in order}


def patients_with(values: pd.Series, levels: Collection[Level], subjects: Subjects | None) -> int:
    """Count the patients that have one of some levels; who has several of them counts once."""
    return n_patients(subjects, values.isin(list(levels)).to_numpy(dtype=bool))


def plan(
    values: pd.Series,
    column: Column,
    min_cell: int,
    named: tuple[object, ...] | None = (),
    subjects: Subjects | None = None,
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
    subjects : ndarray of int64 or None
        The patient of each row; None: every row is one.

    Returns
    -------
    Plan or None
        None where nothing is rare.

    Raises
    ------
    TableError
        No level can be learned.
    """
    counts = levels_of(values, column, subjects)
    bound = column.rare in ("merge", "drop") and column.levels is not None
    possible = [level for level in counts if not bound or level in (column.levels or ())]
    if not possible:
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
            if stays and _is_in_order(values, column, counts):
                becomes = _nearest(counts, stays)
                return Plan("merge", tuple(becomes), becomes)
        elif texts and not _are_numbers(counts):
            pool = _pool_of(column, counts)
            pooled = [level for level in counts if level not in stays or level == pool]
            if pool not in named and patients_with(values, pooled, subjects) >= min_cell:
                others = tuple(level for level in pooled if level != pool)
                return Plan("merge", others, dict.fromkeys(others, pool), pool) if others else None
    if stays:
        return Plan("drop", tuple(level for level in counts if level not in stays))
    if not (texts or values.isna().any()):
        raise TableError(
            f"column {column.name!r}: each of its levels is that of fewer than {min_cell} "
            "patients, so that none is learned; leave the column out (--drop), group its values, "
            "or state 'rare: keep' in the schema"
        )
    nothing = OTHER if texts else False if values.dtype == "boolean" else 0
    return Plan("drop", rare, dict.fromkeys(rare, nothing), is_emptied=True)


def join_neighbours(
    values: pd.Series, counts: Mapping[Level, int], left: Collection[Level]
) -> dict[Level, Level]:
    """Say which of the levels that are left each other level joins; none without an order."""
    order = _order(values, list(counts))
    targets = [level for level in counts if level in left]
    if order is None or not targets:
        return {}
    return _nearest({level: counts[level] for level in order}, targets)


def _is_level(values: pd.Series, column: Column) -> npt.NDArray[np.bool_]:
    known = values.notna().to_numpy(dtype=bool)
    if column.missing and not types.is_datetime64_any_dtype(values.dtype):
        known &= ~values.isin(list(column.missing)).to_numpy(dtype=bool)
    return known


def _pool_of(column: Column, counts: Mapping[Level, int]) -> str:
    """Give the level of a nominal column that holds what has none of its own."""
    others = [one for one in (*(column.levels or ()), *counts) if str(one).casefold() == OTHER]
    return str(others[0]) if others else OTHER


def _is_in_order(values: pd.Series, column: Column, counts: Mapping[Level, int]) -> bool:
    """Whether levels have an order by themselves, and the schema has them in the same."""
    return _order(values, list(counts)) == list(counts) and _keeps_order(column, counts)


def _nearest(counts: Mapping[Level, int], targets: Collection[Level]) -> dict[Level, Level]:
    """Give the nearest target of each level; of two as near, the more frequent."""
    numbers = all(not isinstance(level, str) for level in counts)
    place = {level: float(level) if numbers else rank for rank, level in enumerate(counts)}
    return {
        level: min(targets, key=lambda one: (abs(place[one] - place[level]), -counts[one]))
        for level in counts
        if level not in targets
    }


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
