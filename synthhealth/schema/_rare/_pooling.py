"""Rare levels taken out of a table, and out of what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from synthhealth.schema._rare._plan import Plan, levels_of, patients_with, plan
from synthhealth.schema._rules._named import named_levels
from synthhealth.schema._schema import MIN_CELL, Column, Demographics, Level, Schema
from synthhealth.schema._subjects import Subjects

__all__ = ["RareLevels", "pool_rare", "without_levels"]


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
