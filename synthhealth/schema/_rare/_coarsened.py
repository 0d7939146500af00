"""A table whose rare levels become what a fitted model made of them."""

from __future__ import annotations

import pandas as pd

from synthhealth.schema._intake import plain_table
from synthhealth.schema._rare._plan import OTHER, join_neighbours, levels_of
from synthhealth.schema._rare._pooling import without_levels
from synthhealth.schema._schema import Column, Kind, Level, Schema

__all__ = ["coarsened"]


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
