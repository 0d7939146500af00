"""What all columns of a table are."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

import pandas as pd
from pydantic import Field, model_validator

from synthhealth.errors import SchemaError, nearest
from synthhealth.schema.types import MIN_CELL, Column, Demographics, Kind, Part, Protection

__all__ = ["Schema"]


class Schema(Part):
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

    format_version: Literal[1] = 1
    """Version of this format."""
    columns: tuple[Column, ...]
    """The columns, in the table's order."""
    subject: str | None = None
    """The column that says whose row it is, where a patient may have several rows. \
It is never learned; each synthetic row is a new patient, with a new one (``S0001``)."""
    demographics: Demographics = Demographics()
    """Which columns hold sex and age."""
    rules: tuple[str, ...] = ()
    """What holds between the columns of every row: ``systolic > diastolic``."""
    min_cell: int = Field(default=MIN_CELL, ge=1)
    """How many patients a level needs to be learned by itself; 1: every level is."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Schema:
        names = self.names
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise SchemaError(f"schema: the columns {twice} are declared twice; keep one of each")
        return self

    @model_validator(mode="after")
    def _demographics_are_columns(self) -> Schema:
        for name in (self.demographics.sex, self.demographics.age):
            if name is not None and name not in self.names:
                raise SchemaError(
                    f"schema: demographics name the column {name!r}, which is not among the "
                    f"columns{nearest(name, self.names)}"
                )
        return self

    @model_validator(mode="after")
    def _subject_is_a_column(self) -> Schema:
        if self.subject is not None and self.subject not in self.names:
            raise SchemaError(
                f"schema: the subject is the column {self.subject!r}, which is not among the "
                f"columns{nearest(self.subject, self.names)}"
            )
        return self

    @model_validator(mode="after")
    def _rules_fit_the_columns(self) -> Schema:
        if self.rules:
            from synthhealth.schema.rules import rules_of

            rules_of(self)
        return self

    @classmethod
    def detect(cls, table: pd.DataFrame) -> Schema:
        """Propose a schema; `propose` gives the reasons and doubts, too.

        The values decide: a column's name alone never makes it a key or personal data.
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
        from synthhealth.schema.detection.proposal import propose

        return propose(table).schema

    def with_protection(self, protection: Protection | str) -> Schema:
        """Choose what is done with every column that identifies people and has no choice yet.

        Parameters
        ----------
        protection : {"drop", "fake", "generalise"}
            ``drop`` leaves identifiers and free text out, ``fake`` replaces them by made-up ones
            of the same form. ``generalise`` keeps what can be coarsened, also in columns that are
            modelled (a date's year, ages up to 90, the first three signs of a postcode), and
            drops the rest.

        Returns
        -------
        Schema
            A new schema.

        Raises
        ------
        SchemaError
            `protection` is none of the three.

        Examples
        --------
        >>> from synthhealth.schema import Column, Schema
        >>> schema = Schema(columns=(Column(name="mrn", kind="identifier"),))
        >>> schema.with_protection("drop")["mrn"].protection.value
        'drop'
        """
        from synthhealth.schema.identifiers.protection import with_protection

        return with_protection(self, protection)

    def with_subject(self, name: str | None) -> Schema:
        """Say which column tells whose row it is, where a patient may have several rows.

        Parameters
        ----------
        name : str or None
            The column's name; None: each row is a patient of its own.

        Returns
        -------
        Schema
            A new schema. The column is an identifier in it, of which nothing else is said.

        Raises
        ------
        SchemaError
            There is no such column.

        Examples
        --------
        >>> from synthhealth.schema import Column, Schema
        >>> names = {"patient": "count", "crp": "continuous"}
        >>> schema = Schema(columns=[Column(name=k, kind=v) for k, v in names.items()])
        >>> with_visits = schema.with_subject("patient")
        >>> with_visits.subject, with_visits["patient"].kind.value
        ('patient', 'identifier')
        """
        kept = {"name", "role", "identifier", "protection", "pattern"}
        columns = tuple(
            Column(kind=Kind.IDENTIFIER, **column.model_dump(include=kept))
            if column.name == name
            else column
            for column in self
        )
        return Schema(
            columns=columns,
            subject=name,
            demographics=self.demographics,
            rules=self.rules,
            min_cell=self.min_cell,
        )

    def without(self, columns: Collection[str]) -> Schema:
        """Leave columns out.

        Parameters
        ----------
        columns : collection of str
            Their names; names that are no columns change nothing.

        Returns
        -------
        Schema
            A new schema, if any was left out.

        Raises
        ------
        SchemaError
            A rule needs a column that is left out.

        Examples
        --------
        >>> from synthhealth.schema import Column, Schema
        >>> names = {"mrn": "identifier", "crp": "continuous"}
        >>> schema = Schema(columns=[Column(name=k, kind=v) for k, v in names.items()])
        >>> schema.without(["mrn"]).names
        ['crp']
        """
        kept = tuple(column for column in self.columns if column.name not in columns)
        if len(kept) == len(self):
            return self
        people = self.demographics.model_dump()
        if people["sex"] in columns:
            people |= {"sex": None, "female": None, "male": None}
        if people["age"] in columns:
            people |= {"age": None}
        return Schema(
            columns=kept,
            subject=None if self.subject in columns else self.subject,
            demographics=Demographics(**people),
            rules=self.rules,
            min_cell=self.min_cell,
        )

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Schema:
        """Read a schema from a YAML or JSON file.

        In YAML, text need not stand in quotes where it is plainly text: ``no``, ``1:40`` and
        ``2024-01-31`` are text here, and so is ``010``. `json_schema` is the form of both.

        Parameters
        ----------
        path : path-like
            A file in UTF-8 that ends in ``.yaml``, ``.yml`` or ``.json``.

        Returns
        -------
        Schema

        Raises
        ------
        FileError
            The file cannot be read, or is far too large.
        SchemaError
            It is not a schema: an unknown key, a key given twice, a value of the wrong type, or
            a rule about a column that is not there. The message says which line, where it can.
        """
        from synthhealth.schema.files import read_schema

        return read_schema(path)

    def to_file(
        self,
        path: str | os.PathLike[str],
        *,
        force: bool = False,
        comments: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Write the schema to a YAML or JSON file, from which `from_file` reads the same.

        Parameters
        ----------
        path : path-like
            Ends in ``.yaml``, ``.yml`` or ``.json``.
        force : bool
            Replace the file if it exists.
        comments : dict of str to sequence of str, optional
            For a column's name, what to say above it; JSON has no comments.

        Raises
        ------
        FileError
            The file exists, or cannot be written.
        """
        from synthhealth.schema.files import write_schema

        write_schema(self, path, force=force, comments=comments)

    def to_yaml(self, comments: Mapping[str, Sequence[str]] | None = None) -> str:
        """Give the schema as YAML that is made to be edited.

        Parameters
        ----------
        comments : dict of str to sequence of str, optional
            For a column's name, what to say above it.

        Returns
        -------
        str

        Examples
        --------
        >>> from synthhealth.schema import Column, Schema
        >>> schema = Schema(
        ...     columns=(
        ...         Column(name="crp", kind="continuous", unit="mg/L", plausible={"low": 0}),
        ...         Column(name="smoker", kind="boolean", levels=("no", "yes")),
        ...     )
        ... )
        >>> print(schema.to_yaml({"smoker": ["no order: yes and no"]}))  # doctest: +ELLIPSIS
        # What the columns of a table are, for synthhealth. ...
        format_version: 1
        <BLANKLINE>
        columns:
          - name: crp
            kind: continuous
            unit: mg/L
            plausible: {low: 0}
        <BLANKLINE>
          # no order: yes and no
          - name: smoker
            kind: boolean
            levels: ['no', 'yes']
        <BLANKLINE>
        """
        from synthhealth.schema.files import schema_to_yaml

        return schema_to_yaml(self, comments)

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
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

    def __repr__(self) -> str:
        from synthhealth.schema.screens import counted_kinds

        return f"<Schema: {counted_kinds(self)}; .to_yaml()>"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        from synthhealth.schema.screens import schema_screen

        return schema_screen(self)
