"""What each column of a table is."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator

from synthhealth.errors import SchemaError

__all__ = ["Column", "Kind", "Schema"]


class Kind(str, Enum):
    """What a column measures, which decides how it is modelled and judged."""

    CONTINUOUS = "continuous"
    COUNT = "count"
    DATETIME = "datetime"
    ORDINAL = "ordinal"
    NOMINAL = "nominal"
    BOOLEAN = "boolean"

    @property
    def is_numerical(self) -> bool:
        """Whether values have distances: such columns are judged by Kolmogorov-Smirnov."""
        return self in (Kind.CONTINUOUS, Kind.COUNT, Kind.DATETIME)


class Column(BaseModel):
    """One column of a schema.

    Attributes
    ----------
    name : str
        The column's name in the table.
    kind : Kind
        What it measures.
    unit : str or None
        The unit its numbers are in, for people: ``"mg/L"``. Dates are judged in days.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Kind
    unit: str | None = None


class Schema(BaseModel):
    """The columns of a table, in order.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import Schema
    >>> table = pd.DataFrame({"crp": [3.1, 8.0, 12.5, 0.4, 2.2, 7.7], "sex": list("FFMFFM")})
    >>> schema = Schema.detect(table)
    >>> [(column.name, column.kind.value) for column in schema]
    [('crp', 'continuous'), ('sex', 'nominal')]
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[Column, ...]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Schema:
        names = self.names
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise SchemaError(f"schema: the columns {twice} are declared twice; keep one of each")
        return self

    @classmethod
    def detect(cls, table: pd.DataFrame) -> Schema:
        """Propose a schema from the values and dtypes of `table`, never from its column names.

        Units are taken from ``table.attrs["units"]`` (a dict by column name) where it is set.

        Parameters
        ----------
        table : pandas.DataFrame
            At least one row; column names are strings.

        Returns
        -------
        Schema

        Raises
        ------
        TableError
            A column's values are of mixed or unsupported types.
        """
        from synthhealth.schema._detect import detect_kind

        units = table.attrs.get("units", {})
        return cls(
            columns=tuple(
                Column(name=name, kind=detect_kind(table[name]), unit=units.get(name))
                for name in table.columns
            )
        )

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def numerical(self) -> list[str]:
        """Names of the columns judged by Kolmogorov-Smirnov."""
        return [column.name for column in self.columns if column.kind.is_numerical]

    @property
    def categorical(self) -> list[str]:
        """Names of the columns judged by total variation."""
        return [column.name for column in self.columns if not column.kind.is_numerical]

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise SchemaError(f"schema: no column {name!r}; it has {self.names}")

    def __iter__(self) -> Iterator[Column]:  # type: ignore[override]
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)
