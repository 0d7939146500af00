"""A table as it is written, on its way to being read: each cell of text is taken apart once."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

import pandas as pd

from synthhealth.schema.intake import plain_table
from synthhealth.schema.reading.cells import Cells
from synthhealth.schema.schema import Schema

__all__ = ["WrittenColumn", "WrittenTable"]


class WrittenColumn:
    """A plain column as it is written.

    Parameters
    ----------
    values : pandas.Series
        Its cells, as `plain_table` leaves them.
    """

    def __init__(self, values: pd.Series) -> None:
        self.values = values

    @classmethod
    def of(cls, values: pd.Series | WrittenColumn) -> WrittenColumn:
        """Take a column for one; one that is, is given back, with all that is known of it."""
        return values if isinstance(values, WrittenColumn) else cls(values)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.values.name)

    @cached_property
    def cells(self) -> Cells:
        """The different cells of a column of text, categories or objects."""
        return Cells.of(self.values)


class WrittenTable:
    """A plain table as it is written.

    What a fit asks of a column (what it is, its unit, its limits, its values) it asks the same
    `WrittenColumn`, which keeps what it has found.

    Parameters
    ----------
    frame : pandas.DataFrame
        The cells, as `plain_table` leaves them.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema.reading.written import WrittenTable
    >>> table = WrittenTable.of(pd.DataFrame({"crp": ["<0,5", "12,25"], "sex": ["F", "M"]}))
    >>> table["crp"].cells.different, table["crp"] is table["crp"]
    (['<0,5', '12,25'], True)
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self._columns: dict[str, WrittenColumn] = {}

    @classmethod
    def of(cls, table: pd.DataFrame | WrittenTable, schema: Schema | None = None) -> WrittenTable:
        """Make a table plain (`plain_table`); one that is, is given back, with all it knows."""
        return table if isinstance(table, WrittenTable) else cls(plain_table(table, schema))

    def __getitem__(self, name: str) -> WrittenColumn:
        if name not in self._columns:
            self._columns[name] = WrittenColumn(self.frame[name])
        return self._columns[name]

    def forget(self) -> None:
        """Let go of what was found of the cells, which takes room; who asks again finds it anew."""
        self._columns.clear()

    def changed(self, frame: pd.DataFrame, columns: Collection[str] = ()) -> WrittenTable:
        """Give the table as something has changed it.

        Parameters
        ----------
        frame : pandas.DataFrame
            The rows of this one. Columns may be gone, and new ones there.
        columns : collection of str
            Those of the same name that have other cells.
        """
        new = WrittenTable(frame)
        kept = set(frame.columns).difference(columns)
        new._columns = {name: one for name, one in self._columns.items() if name in kept}
        return new
