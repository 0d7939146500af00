"""Levels that too few patients have: what becomes of them, and a table without them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types
from pydantic import BaseModel, ConfigDict, Field

from synthhealth.errors import TableError
from synthhealth.schema.intake import plain_table
from synthhealth.schema.reading.cells import Texts
from synthhealth.schema.reading.completion import levels_in_order
from synthhealth.schema.rules.rule import named_levels
from synthhealth.schema.schema import Schema
from synthhealth.schema.subjects import Subjects, count_patients, n_patients
from synthhealth.schema.types import MIN_CELL, Column, Demographics, Kind, Level

__all__ = [
    "Plan",
    "RareLevels",
    "coarsened",
    "join_neighbours",
    "levels_of",
    "patients_with",
    "plan",
    "pool_rare",
    "without_levels",
]


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
            f"each of its levels is that of fewer than {min_cell} patients, so that none is "
            "learned; leave the column out (--drop), group its values, or state 'rare: keep' in "
            "the schema",
            column=column.name,
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
    if not all(isinstance(level, str) for level in levels):
        return None
    found = levels_in_order(Texts.of(sorted(map(str, levels)), [1] * len(levels)))
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


class RareLevels(BaseModel):
    """What was done with the rare levels of a column, without their names."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    rule: Literal["merge", "drop", "keep"]
    """`merge`: pooled, or joined to their neighbours; `drop`: replaced by those of similar \
patients; `keep`: learned as they are."""
    n_levels: int = Field(ge=1)
    """How many levels were rare."""
    n_patients: int | None = Field(ge=1)
    """How many patients had them; None: fewer than five, or than the schema's `min_cell`."""
    pool: str | None = None
    """The level that those of a nominal column are pooled as."""
    named: bool = False
    """Whether they are kept because a rule of the schema names them."""
    emptied: bool = False
    """Whether no level had enough patients, so that the column stays empty."""


def pool_rare(
    table: pd.DataFrame, described: Schema, learned: Schema, subjects: Subjects | None = None
) -> tuple[pd.DataFrame, Schema, Schema, dict[str, RareLevels]]:
    """Pool, join or leave out the levels that fewer patients have than the schema asks for.

    Parameters
    ----------
    table : pandas.DataFrame
        The canonical table.
    described, learned : Schema
        The columns of the user's table, and of `table`.
    subjects : ndarray of int64 or None
        The patient of each row; None: every row is one.

    Returns
    -------
    table : pandas.DataFrame
        Cells whose level is dropped still hold it, or are empty in a column of category dtype.
    described, learned : Schema
        Their levels are those that are left, and `Column.rare` says what was done.
    rare : dict of str to RareLevels
        What was done, by column.

    Raises
    ------
    TableError
        A column has no level that can be learned.
    """
    named = named_levels(learned)
    changed: dict[str, pd.Series] = {}
    columns: dict[str, Column] = {}
    rare: dict[str, RareLevels] = {}
    for column in learned:
        if column.kind.is_numerical:
            continue
        values = table[column.name]
        names = named.get(column.name, ())
        decided = plan(values, column, learned.min_cell, names, subjects)
        if decided is None:
            continue
        counts = levels_of(values, column, subjects)
        n_patients = patients_with(values, decided.concerned, subjects)
        rare[column.name] = _record(decided, n_patients, learned.min_cell)
        if decided.rule == "keep":
            continue
        changed[column.name] = without_levels(values, decided.becomes, decided.concerned)
        columns[column.name] = column.model_copy(
            update={
                "rare": decided.rule,
                "levels": _left(column, counts, decided, names or ()),
            }
        )
    if not columns:
        return table, described, learned, rare
    return (
        table.assign(**changed),
        _updated(described, columns),
        _updated(learned, columns),
        rare,
    )


def without_levels(
    values: pd.Series, becomes: Mapping[Level, Level], concerned: tuple[Level, ...] = ()
) -> pd.Series:
    """Give a column some of whose levels became others; the dtype stays.

    Levels in `concerned` that became nothing leave the categories of a column of category dtype,
    and are left as they are in any other.
    """
    if not isinstance(values.dtype, pd.CategoricalDtype):
        changed = values
        for target in dict.fromkeys(becomes.values()):
            sources = [level for level, one in becomes.items() if one == target]
            changed = changed.mask(values.isin(sources), target)
        return changed
    left = [one for one in values.cat.categories if one not in concerned and one not in becomes]
    new = [target for target in dict.fromkeys(becomes.values()) if target not in left]
    categories = pd.Index([*left, *new], dtype=None if new else values.cat.categories.dtype)
    cells = values.astype(object).map(lambda cell: becomes.get(cell, cell), na_action="ignore")
    dtype = pd.CategoricalDtype(categories, ordered=values.cat.ordered)
    return pd.Series(pd.Categorical(cells, dtype=dtype), index=values.index, name=values.name)


def _left(
    column: Column, counts: Mapping[Level, int], decided: Plan, named: tuple[object, ...]
) -> tuple[Level, ...]:
    levels = [
        level
        for level in (counts if column.levels is None else column.levels)
        if level not in decided.concerned
    ]
    if column.levels is None:
        # What a rule names and no patient has may be no misspelt name.
        levels += [
            one for one in dict.fromkeys(named) if isinstance(one, str) and one not in counts
        ]
    if decided.pool is not None:
        levels.append(decided.pool)
    if decided.is_emptied:
        levels.extend(decided.becomes.values())
    return tuple(dict.fromkeys(levels))


def _record(decided: Plan, n_patients: int, min_cell: int) -> RareLevels:
    return RareLevels(
        rule=decided.rule,
        n_levels=len(decided.concerned),
        n_patients=n_patients if n_patients >= max(min_cell, MIN_CELL) else None,
        pool=decided.pool,
        named=decided.named,
        emptied=decided.is_emptied,
    )


def _updated(schema: Schema, columns: Mapping[str, Column]) -> Schema:
    """Bring what is left of the levels into a schema."""
    return schema.model_copy(
        update={
            "demographics": _without_sexes(schema.demographics, columns),
            "columns": tuple(
                one.model_copy(
                    update={
                        "rare": columns[one.name].rare,
                        "levels": columns[one.name].levels,
                    }
                )
                if one.name in columns
                else one
                for one in schema
            ),
        }
    )


def _without_sexes(people: Demographics, columns: Mapping[str, Column]) -> Demographics:
    """Forget the word for a sex that fewer patients have than are learned."""
    column = None if people.sex is None else columns.get(people.sex)
    left = None if column is None else column.levels
    if left is None:
        return people
    return people.model_copy(
        update={
            which: word if word in left else None
            for which, word in (("female", people.female), ("male", people.male))
        }
    )


def coarsened(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Give a table with the levels of a fitted schema, to compare a synthetic table with.

    Where the schema says of a column that rare levels were merged (``rare: merge``), cells with
    none of its levels become the level that they were pooled as, or the nearest one of an ordinal
    column. Dropped levels were not learned at all, and stay as they are: the difference is one.

    Parameters
    ----------
    table : pandas.DataFrame
        A table of patients, those that were learned or others.
    schema : Schema
        As ``Synthesizer.schema_`` has it.

    Returns
    -------
    pandas.DataFrame
        The same table where no column is concerned.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import Column, Schema, coarsened
    >>> origin = Column(name="origin", kind="nominal", levels=("EU", "US", "other"), rare="merge")
    >>> table = pd.DataFrame({"origin": ["EU", "US", "FJ", "EU"], "age": [34, 61, 50, 47]})
    >>> age = Column(name="age", kind="count")
    >>> coarsened(table, Schema(columns=(origin, age)))["origin"].tolist()
    ['EU', 'US', 'other', 'EU']
    """
    table = plain_table(table, schema)
    changed = {}
    for column in schema:
        if column.rare == "merge" and column.levels is not None and column.name in table:
            becomes = _becomes(table[column.name], column, column.levels)
            if becomes:
                changed[column.name] = without_levels(table[column.name], becomes)
    if not changed:
        return table
    attrs = dict(table.attrs)
    table = table.assign(**changed)
    table.attrs = attrs
    return table


def _becomes(values: pd.Series, column: Column, left: tuple[Level, ...]) -> dict[Level, Level]:
    counts = levels_of(values, column)
    gone = [level for level in counts if level not in left]
    if not gone:
        return {}
    if column.kind is Kind.ORDINAL:
        return join_neighbours(values, counts, left)
    pools = [level for level in left if str(level).casefold() == OTHER]
    return dict.fromkeys(gone, pools[0]) if pools else {}
