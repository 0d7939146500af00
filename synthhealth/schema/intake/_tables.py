"""A table through the gate: every column made plain, all that cannot be in one message."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from synthhealth.errors import SchemaError, TableError
from synthhealth.schema.intake._columns import Plain, plain_column
from synthhealth.schema.intake._refused import Refused, has_surrogates
from synthhealth.schema.schema import Schema
from synthhealth.schema.types import Column, Protection

__all__ = ["plain_columns", "plain_table"]

#: Columns named in one message; of more their number is said.
SHOWN = 10


def plain_table(
    table: pd.DataFrame, schema: Schema | None = None, *, what: str = ""
) -> pd.DataFrame:
    """Give a table whose columns hold numbers, text, truth values, dates or categories of these.

    Dates of Python's own type become dates, decimal numbers numbers, times of day text
    (``07:30``), durations numbers of a unit that is noted in ``attrs["units"]``, intervals ordered
    groups, bytes the text that they are; numbers among text become text, unless only results
    beyond a limit and words for a missing value are. A table of plain columns is given back as it
    is.

    Parameters
    ----------
    table : pandas.DataFrame
        Of uniquely named columns.
    schema : Schema, optional
        What the user says: columns that it drops are not looked at, and durations are given in its
        units.
    what : str
        Which table it is, for the message: ``the real table: ``.

    Raises
    ------
    TableError
        Columns hold what no table file could, such as lists: all are named in one message.

    Examples
    --------
    >>> from datetime import date, timedelta
    >>> import pandas as pd
    >>> from synthhealth.schema.intake import plain_table
    >>> days = pd.DataFrame({"visit": [date(2024, 5, 1)], "stay": [timedelta(days=3)]})
    >>> plain = plain_table(days)
    >>> str(plain["visit"].dtype), plain["stay"].tolist(), plain.attrs["units"]
    ('datetime64[us]', [3.0], {'stay': 'd'})
    """
    if schema is not None and not isinstance(schema, Schema):
        raise SchemaError(
            f"schema is a {type(schema).__name__}; give a Schema, such as Schema.detect(table) or "
            "Schema.from_file(path)"
        )
    if not isinstance(table.attrs.get("units", {}), Mapping):
        raise TableError(f'{what}attrs["units"] is not a dict of units by column name; take it out')
    columns = plain_columns(table, schema, what=what)
    if not any(column.is_changed for column in columns):
        return table
    named = list(zip(table.columns, columns, strict=True))
    units = {str(name): column.unit for name, column in named if column.unit is not None}
    table = table.copy(deep=False)
    for place, (_, column) in enumerate(named):
        if column.is_changed:
            table.isetitem(place, column.values.array)
    if units:
        table.attrs = table.attrs | {"units": {**table.attrs.get("units", {}), **units}}
    return table


def plain_columns(
    table: pd.DataFrame, schema: Schema | None = None, *, what: str = ""
) -> list[Plain]:
    """Give every column of a table made plain, in its order; see `plain_table`.

    Raises
    ------
    TableError
    """
    declared = {} if schema is None else {column.name: column for column in schema}
    columns, refused = [], {}
    for place, name in enumerate(table.columns):
        values, column = table.iloc[:, place], declared.get(name)
        if isinstance(name, str) and has_surrogates([name]):
            raise TableError(
                f"{what}the name of column {place + 1} is not valid Unicode (lone surrogates); "
                "give it another name"
            )
        plain = Plain(values)
        if column is None or not _is_dropped(column):
            try:
                plain = plain_column(values, column)
            except Refused as error:
                refused[str(name)] = str(error)
        columns.append(plain)
    if refused:
        raise _refusal(refused, what)
    return columns


def _is_dropped(column: Column) -> bool:
    return not column.kind.is_modelled and column.protection is Protection.DROP


def _refusal(refused: dict[str, str], what: str) -> TableError:
    drop = " ".join(f"--drop {name!r}" for name in list(refused)[:SHOWN])
    leave = f"or leave {'it' if len(refused) == 1 else 'them'} out ({drop})"
    if len(refused) == 1:
        ((name, why),) = refused.items()
        return TableError(f"{what}column {name!r} {why}, {leave}")
    listed = "".join(f"\n  {name!r} {why}" for name, why in list(refused.items())[:SHOWN])
    more = f"\n  and {len(refused) - SHOWN} more" if len(refused) > SHOWN else ""
    return TableError(
        f"{what}{len(refused)} columns cannot be read; mend them, {leave}:{listed}{more}"
    )
