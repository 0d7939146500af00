"""Columns of two numbers in a cell: split before they are learned, joined when they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from synthhealth.cells.digits import from_latin
from synthhealth.cells.pairs import read_pair
from synthhealth.errors import ConditionError, SchemaError, TableError
from synthhealth.schema.detection.names import says_pressure
from synthhealth.schema.reading.cells import Cells
from synthhealth.schema.reading.completion import complete_column
from synthhealth.schema.reading.times import FEW
from synthhealth.schema.reading.written import WrittenTable
from synthhealth.schema.rules import Rule
from synthhealth.schema.schema import Schema
from synthhealth.schema.types import Column, Kind, Notation, Protection

__all__ = ["join", "names_of_parts", "split", "split_conditions", "with_joined"]

#: Where the one number is above the other in this share of the rows, it is in every synthetic one.
ALWAYS = 0.98
#: Fewer rows than this show no such rule.
FEWEST_ROWS = 20


def with_joined(schema: Schema, table: pd.DataFrame | WrittenTable) -> Schema:
    """Fill in which columns hold two numbers in a cell, and how they are written."""
    table = table if isinstance(table, WrittenTable) else WrittenTable(table)
    columns = []
    for column in schema:
        filled = column
        if _may_be_joined(column) and column.name in table.frame.columns:
            filled = complete_column(column, table[column.name])
        columns.append(column if filled.joined is None else filled)
    if tuple(columns) == schema.columns:
        return schema
    return schema.model_copy(update={"columns": tuple(columns)})


def names_of_parts(column: Column) -> tuple[str, str]:
    """Give the names under which the two numbers of a column are learned.

    Examples
    --------
    >>> from synthhealth.schema import Column
    >>> from synthhealth.table.joined import names_of_parts
    >>> names_of_parts(Column(name="bp", kind="count", joined="/"))
    ('bp (systolic)', 'bp (diastolic)')
    >>> names_of_parts(Column(name="size", kind="count", joined=" x "))
    ('size (1)', 'size (2)')
    """
    suffix = column.notation.suffix if column.notation is not None else ""
    is_pressure = column.unit == "mm[Hg]" or says_pressure(column.name, suffix)
    parts = ("systolic", "diastolic") if is_pressure else ("1", "2")
    return f"{column.name} ({parts[0]})", f"{column.name} ({parts[1]})"


def split(table: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
    """Split the columns of two numbers in a cell into two columns, in their place.

    Parameters
    ----------
    table : pandas.DataFrame
        The table; columns that it lacks are split in the schema only.
    schema : Schema
        What its columns are, complete.

    Returns
    -------
    table : pandas.DataFrame
        A new table if any column was split; a missing cell is missing in both of its columns.
    schema : Schema
        With the new columns, and the rule that the first number is above the second (or below
        it), where it is so in nearly all rows.

    Raises
    ------
    TableError
        More than a fifth of a column's cells are not two numbers.
    SchemaError
        There is a column of the name of a new one already, or a rule needs one that is split.
    """
    joined = [column for column in schema if _is_split(column)]
    if not joined:
        return table, schema
    _check_names(joined, schema)
    cells: dict[str, pd.Series] = {}
    columns: dict[str, tuple[Column, Column]] = {}
    rules: list[str] = []
    for column in joined:
        first, second = names_of_parts(column)
        parts = _parts(column)
        if column.name in table.columns:
            cells |= dict(
                zip((first, second), _split_cells(table[column.name], column), strict=True)
            )
            one, two = (complete_column(part, cells[part.name]) for part in parts)
            parts = one, two
            rules += _rule_between(first, second, cells)
        columns[column.name] = parts
    new: dict[str, pd.Series] = {}
    for name in table.columns:
        for part in names_of_parts(schema[name]) if name in columns else (name,):
            new[part] = cells[part] if part in cells else table[name]
    parted = pd.DataFrame(new, index=table.index)
    parted.attrs = dict(table.attrs)
    return parted, schema.model_copy(
        update={
            "columns": tuple(
                part for column in schema for part in columns.get(column.name, (column,))
            ),
            "rules": (*schema.rules, *rules),
        }
    )


def join(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Join what `split` has split: the inverse, for written tables.

    Parameters
    ----------
    table : pandas.DataFrame
        A table with the split columns, written as text.
    schema : Schema
        The columns before they were split, complete.
    """
    joined = {names_of_parts(column): column for column in schema if _is_split(column)}
    if not joined:
        return table
    firsts = {first: column for (first, _), column in joined.items()}
    seconds = {second for _, second in joined}
    new = pd.DataFrame(
        {
            firsts[name].name if name in firsts else name: _joined_cells(table, firsts[name])
            if name in firsts
            else table[name]
            for name in table.columns
            if name not in seconds
        },
        index=table.index,
    )
    new.attrs = dict(table.attrs)
    if "units" in new.attrs:
        names = {part: column.name for parts, column in joined.items() for part in parts}
        new.attrs["units"] = {names.get(k, k): v for k, v in new.attrs["units"].items()}
    return new


def split_conditions(asked: Mapping[str, list[Any]], schema: Schema) -> dict[str, list[Any]]:
    """Split conditions on columns of two numbers in a cell.

    Raises
    ------
    ConditionError
        A value is no two numbers, or both the column and a part of it have a condition.
    """
    split_: dict[str, list[Any]] = {}
    columns = {column.name: column for column in schema if _is_split(column)}
    for name, cells in asked.items():
        if name not in columns:
            split_[name] = cells
            continue
        first, second = names_of_parts(columns[name])
        if first in asked or second in asked:
            raise ConditionError(
                f"condition on column {name!r}: there is also one on a part of it; give one"
            )
        pairs = [_condition(cell, columns[name]) for cell in cells]
        split_[first], split_[second] = map(list, zip(*pairs, strict=True))
    return split_


def _condition(cell: Any, column: Column) -> tuple[Any, Any]:
    if types.is_scalar(cell) and pd.isna(cell):
        return cell, cell
    pair = _read(cell, column) if isinstance(cell, str) else None
    if pair is None:
        first, second = names_of_parts(column)
        mark = column.joined or ""
        raise ConditionError(
            f"condition on column {column.name!r}: it holds two numbers; give both as they are "
            f"written (1{mark}2), or a condition on {first!r} or {second!r}"
        )
    return float(pair[0].replace(",", ".")), float(pair[1].replace(",", "."))


def _is_split(column: Column) -> bool:
    held_back = column.protection in (Protection.DROP, Protection.FAKE)
    return column.joined is not None and column.kind.is_numerical and not held_back


def _may_be_joined(column: Column) -> bool:
    is_open = column.notation is None or column.joined is not None
    return is_open and column.kind in (Kind.CONTINUOUS, Kind.COUNT)


def _check_names(joined: list[Column], schema: Schema) -> None:
    for column in joined:
        taken = [name for name in names_of_parts(column) if name in schema.names]
        if taken:
            raise SchemaError(
                f"column {column.name!r}: its two numbers are learned as two columns, but the "
                f"table has a column {taken[0]!r} already; rename that one"
            )
        for text in schema.rules:
            if column.name in Rule.parse(text).columns:
                raise SchemaError(
                    f"rule {text!r}: column {column.name!r} holds two numbers in a cell, so it "
                    "cannot stand in a rule; leave the rule out"
                )


def _parts(column: Column) -> tuple[Column, Column]:
    update: dict[str, Any] = {"joined": None, "notation": None, "plausible": None, "reference": ()}
    first, second = names_of_parts(column)
    return (
        column.model_copy(update=update | {"name": first}),
        column.model_copy(update=update | {"name": second}),
    )


def _read(cell: str, column: Column) -> tuple[str, str] | None:
    notation = column.notation or Notation()
    return read_pair(cell, column.joined or "", notation.suffix)


def _split_cells(values: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    cells = Cells.of(values)
    codes = {code for code in column.missing if isinstance(code, str)}
    first: list[Any] = []
    second: list[Any] = []
    is_odd = np.zeros(len(cells.different), dtype=bool)
    is_code = np.zeros(len(cells.different), dtype=bool)
    for place, cell in enumerate(cells.different):
        is_code[place] = cell in codes
        pair = _read(cell, column) if isinstance(cell, str) else None
        is_odd[place] = pair is None and not is_code[place]
        one, two = pair or ((cell, cell) if is_code[place] else (np.nan, np.nan))
        first.append(one)
        second.append(two)
    odd = int(cells.counts[is_odd].sum())
    if odd > FEW * int(cells.counts[~is_code].sum()):
        mark = (column.joined or "").strip()
        raise TableError(
            f"column {column.name!r}: {odd} cells are not two numbers parted by {mark!r}; declare "
            "their text as missing codes (schema: missing), or the column as nominal"
        )
    empty = values.astype(object).to_numpy()
    return _series(first, cells, empty, values), _series(second, cells, empty, values)


def _series(parts: list[Any], cells: Cells, empty: Any, values: pd.Series) -> pd.Series:
    taken = np.array([*parts, np.nan], dtype=object)[cells.places]
    # An empty cell stays what it was: None or NaN.
    taken = np.where(cells.places < 0, empty, taken)
    series = pd.Series(taken, index=values.index, dtype=object)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return series.astype("category")
    return series.astype(values.dtype)


def _rule_between(first: str, second: str, cells: Mapping[str, pd.Series]) -> list[str]:
    numbers = [
        pd.to_numeric(cells[name].astype(str).str.replace(",", "."), errors="coerce")
        for name in (first, second)
    ]
    known = numbers[0].notna() & numbers[1].notna()
    n = int(known.sum())
    if n < FEWEST_ROWS:
        return []
    names = [name.replace("`", "``") for name in (first, second)]
    for sign, holds in ((">", numbers[0] > numbers[1]), ("<", numbers[0] < numbers[1])):
        if holds[known].mean() >= ALWAYS:
            return [f"`{names[0]}` {sign} `{names[1]}`"]
    return []


def _joined_cells(table: pd.DataFrame, column: Column) -> pd.Series:
    first, second = (table[name] for name in names_of_parts(column))
    notation = column.notation or Notation()
    codes = {code for code in column.missing if isinstance(code, str)}
    joined: list[Any] = []
    for one, two in zip(first.astype(object), second.astype(object), strict=True):
        if pd.isna(one) or pd.isna(two):
            joined.append(one if pd.isna(one) else two)
        elif one in codes or two in codes:
            joined.append(one if one in codes else two)
        else:
            text = f"{one}{column.joined}{two}"
            joined.append(from_latin(text, notation.digits) + notation.suffix)
    series = pd.Series(joined, index=table.index, name=column.name, dtype=object)
    if isinstance(first.dtype, pd.CategoricalDtype):
        return series.astype("category")
    return series.astype(first.dtype)
