"""Columns of one value or none: nothing to learn, but they stand in the synthetic table again."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types
from pydantic import BaseModel, ConfigDict, Field

from synthhealth.errors import SchemaError, TableError
from synthhealth.schema.schema import Schema
from synthhealth.schema.types import BLANK, Column, Level
from synthhealth.table.dtypes import dtype_from_text, dtype_to_text

__all__ = ["Constant", "add_constants", "constants_in", "without_constants"]

#: So many columns are named in a message.
MOST_NAMED = 5

#: Counts the patients of some rows.
CountPatients = Callable[[npt.NDArray[np.bool_]], int]


class Constant(BaseModel):
    """What every patient has in a column, as the cell is written.

    Which cells are missing is learned with the gaps of all other columns (`MissingPatterns`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    place: int = Field(ge=0)
    """Where the column stands in the table."""
    cell: str | bool | int | float | None
    """The cell, a date in ISO form; None where all are empty, or too few patients have another."""
    dtype: str
    """The column's dtype."""
    empty_is_none: bool = False
    """Whether an empty cell of a column of objects is None rather than NaN."""

    def write(
        self, name: str, codes: tuple[str | int | float, ...], states: npt.NDArray[np.int8]
    ) -> pd.Series:
        """Write the column for some rows, of whose gaps `states` tells as `MissingPatterns`."""
        dtype = dtype_from_text(self.dtype)
        cell: Any = self.cell
        if cell is not None and types.is_datetime64_any_dtype(dtype):
            cell = pd.Timestamp(cell)
        empty = None if self.empty_is_none else np.nan
        cells = np.full(len(states), empty if cell is None else cell, dtype=object)
        cells[states > 0] = empty
        for place, code in enumerate(codes):
            cells[states == 2 + place] = code
        series = pd.Series(cells, name=name, dtype=object)
        if self.dtype == "category":
            return series.astype("category")
        if types.is_numeric_dtype(dtype) and not types.is_bool_dtype(dtype):
            series = pd.to_numeric(series)
            if isinstance(dtype, np.dtype) and dtype.kind in "iu" and series.hasnans:
                return series  # A number that few patients had was left out, and its cell is empty.
        return series.astype(dtype)


def constants_in(
    raw: pd.DataFrame,
    canonical: pd.DataFrame,
    schema: Schema,
    count_patients: CountPatients = np.count_nonzero,
) -> dict[str, Constant]:
    """Find the columns from which nothing can be learned.

    Parameters
    ----------
    raw, canonical : pandas.DataFrame
        The table as it is written and as it was read, rare levels pooled.
    schema : Schema
        What its columns are; where rare levels were dropped, `Column.levels` are those left.
    count_patients : callable
        Counts the patients of some rows; each row is one by default.

    Returns
    -------
    dict of str to Constant
    """
    found = {}
    for place, name in enumerate(canonical.columns):
        is_value = _the_value(canonical[name], schema[name], schema.min_cell, count_patients)
        if is_value is None:
            continue
        cells = raw[name]
        found[name] = Constant(
            place=place,
            cell=_cell(cells[is_value], schema, count_patients, is_value),
            dtype=dtype_to_text(cells.dtype),
            empty_is_none=cells.dtype == object
            and any(cell is None for cell in cells[cells.isna()]),
        )
    return found


def without_constants(schema: Schema, constants: Mapping[str, Constant]) -> Schema:
    """Give the schema of what is left to learn.

    Raises
    ------
    SchemaError
        A rule needs a column of one value.
    TableError
        Fewer than two columns are left.
    """
    if not constants:
        return schema
    from synthhealth.schema.rules import Rule

    for text in schema.rules:
        needed = sorted(set(constants).intersection(Rule.parse(text).columns))
        if needed:
            raise SchemaError(
                f"rule {text!r} needs {', '.join(map(repr, needed))}, of which every patient has "
                "the same value, or none; write the value into the rule, or leave the rule out"
            )
    if len(schema) - len(constants) < 2:
        shown = ", ".join(map(repr, list(constants)[:MOST_NAMED]))
        more = f" and {len(constants) - MOST_NAMED} more" if len(constants) > MOST_NAMED else ""
        raise TableError(
            f"of {len(schema)} columns, {len(constants)} have the same value in every row, or "
            f"none: {shown}{more}; a synthesizer learns how columns belong together: add columns "
            "that differ from patient to patient"
        )
    return schema.without(constants)


def add_constants(
    table: pd.DataFrame,
    constants: Mapping[str, Constant],
    schema: Schema,
    states: Mapping[str, npt.NDArray[np.int8]],
) -> pd.DataFrame:
    """Put the columns back in their places in a table that was drawn without them."""
    none = np.zeros(len(table), dtype=np.int8)
    for name, constant in sorted(constants.items(), key=lambda one: one[1].place):
        # Of two numbers in a cell, one may be constant; no word for missing is its own.
        codes = schema[name].missing if name in schema.names else ()
        written = constant.write(name, codes, states.get(name, none))
        table.insert(constant.place, name, written.set_axis(table.index))
    return table


def _the_value(
    values: pd.Series, column: Column, min_cell: int, count_patients: CountPatients
) -> npt.NDArray[np.bool_] | None:
    """Say which rows have the only value of a column; None where there are several to learn."""
    known = values.notna().to_numpy(dtype=bool)
    different = pd.unique(values[known])
    if len(different) <= 1:
        return known
    levels: tuple[Level, ...] = tuple(different)
    if column.rare in ("merge", "drop") and column.levels is not None:
        levels = tuple(level for level in column.levels if level in set(different))
    if BLANK in levels and len(levels) == 2 and column.rare != "keep":
        # A tick of a few patients is not learned: to the others the column is blank.
        rows = {level: (values == level).to_numpy(dtype=bool, na_value=False) for level in levels}
        levels = tuple(one for one in levels if count_patients(rows[one]) >= min_cell)
    return (values == levels[0]).to_numpy(dtype=bool, na_value=False) if len(levels) == 1 else None


def _cell(
    cells: pd.Series,
    schema: Schema,
    count_patients: CountPatients,
    rows: npt.NDArray[np.bool_],
) -> str | bool | int | float | None:
    """Give the most frequent way in which the value is written, if enough patients have it."""
    counts = cells.value_counts()
    if counts.empty or not counts.iloc[0]:
        return None
    cell: Any = counts.index[0]
    places = np.flatnonzero(rows)[(cells == cell).to_numpy(dtype=bool, na_value=False)]
    rows_with = np.zeros(len(rows), dtype=bool)
    rows_with[places] = True
    if count_patients(rows_with) < schema.min_cell:
        return None
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    return cell.item() if isinstance(cell, np.generic) else cell
