"""Whether a table can be synthesised at all: everything that is in the way, said at once.

Each problem says how to mend it, in Python and on the command line.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import pandas as pd
from pandas.api import types

from synthhealth.errors import SchemaError, TableError
from synthhealth.schema.schema import Schema
from synthhealth.schema.subjects import Subjects, n_patients
from synthhealth.schema.types import Column, Kind

__all__ = ["Problems", "leave_out"]


#: Below this number of rows nothing about a distribution can be learned.
MIN_ROWS = 10

#: A categorical column with more levels than this is a code list or free text.
MAX_LEVELS = 1_000

#: Text that has more distinct values than this share of its rows names people, not groups.
MAX_DISTINCT_SHARE = 0.5


def check_shape(table: pd.DataFrame) -> None:
    """Refuse what is not a table of enough rows and of well-named columns.

    Raises
    ------
    TableError
    """
    if not isinstance(table, pd.DataFrame):
        raise TableError(_no_table(table))
    if isinstance(table.columns, pd.MultiIndex) or isinstance(table.index, pd.MultiIndex):
        raise TableError(
            "the table has several levels of column names or of its index; flatten the names and "
            "call reset_index() first"
        )
    not_text = [name for name in table.columns if not isinstance(name, str)]
    if not_text:
        raise TableError(
            f"{len(not_text)} column names are not text (the first is of type "
            f"{type(not_text[0]).__name__}); rename them: table.columns = table.columns.astype(str)"
        )
    twice = sorted(set(table.columns[table.columns.duplicated()]))
    if twice:
        raise TableError(f"the column names {twice} occur more than once; give each its own name")
    if table.shape[1] == 0 or table.shape[0] == 0:
        raise TableError(
            f"the table is empty ({table.shape[0]} rows, {table.shape[1]} columns); "
            "check the file and the query that made it"
        )


def _no_table(given: object) -> str:
    """Say what was given instead of a table, and how to make one of it."""
    if isinstance(given, Mapping) and any(isinstance(one, pd.DataFrame) for one in given.values()):
        return (
            f"there are {len(given)} tables, and a synthesizer learns one; merge them "
            "(pandas.merge) into one with a row per patient, or with several rows per patient and "
            "the column that says whose they are (Schema.with_subject), or fit one synthesizer to "
            "each"
        )
    told = f"the table is a {type(given).__name__}, not a pandas DataFrame; "
    if isinstance(given, np.ndarray):
        told += (
            "after other steps of a scikit-learn pipeline call "
            'pipeline.set_output(transform="pandas"), else '
        )
    return f"{told}wrap it in pandas.DataFrame(...) with column names"


def check_size(table: pd.DataFrame) -> None:
    """Refuse a table that is too small to learn from.

    Raises
    ------
    TableError
        Too few rows or columns.
    """
    if table.shape[1] == 1:
        raise TableError(
            f"the table has one column, {table.columns[0]!r}; a synthesizer learns how columns "
            "belong together: add at least one more"
        )
    if len(table) < MIN_ROWS:
        raise TableError(
            f"the table has {len(table)} row{'s' if len(table) > 1 else ''}; at least {MIN_ROWS} "
            "are needed to learn a distribution (and dozens to learn it well): add patients"
        )


def check_values(values: pd.Series, column: Column, min_cell: int) -> None:
    """Refuse a column whose values cannot be learned.

    A column of one value or none is no problem: it is written again as it is.

    Raises
    ------
    TableError
        It holds infinite or implausible numbers, undeclared levels, or names people.
    """
    if column.kind.is_numerical:
        _check_numerical(values)
        _check_plausible(values, column)
    else:
        _check_categorical(values, column, min_cell)
        _check_levels(values, column)


def check_singled_out(
    values: pd.Series, column: Column, min_cell: int, subjects: Subjects | None = None
) -> None:
    """Refuse a column of numbers that are all the same, but for those of a few patients.

    From the mean that a model keeps, and the number of patients, the values of those few could be
    computed.

    Raises
    ------
    TableError
    """
    if column.rare == "keep" or not column.kind.is_numerical:
        return
    others = values.notna()
    for usual in values.mode()[:1]:
        others &= values != usual
    if n_patients(subjects, others.to_numpy(dtype=bool)) < min_cell:
        raise TableError(
            f"column {column.name!r}: fewer than {min_cell} patients have another value than its "
            "most frequent one, so that what is learned of it would be about them alone; leave "
            "the column out (--drop), or state 'rare: keep' in the schema"
        )


def check_columns(table: pd.DataFrame, schema: Schema) -> None:
    """Refuse a table whose columns are not those of the schema (in any order).

    Raises
    ------
    SchemaError
    """
    missing = [name for name in schema.names if name not in table.columns]
    if missing:
        raise SchemaError(
            f"the table lacks the columns {missing}, which the schema has; add them, or leave "
            "them out of the schema"
        )
    known = set(schema.names)
    unknown = [name for name in table.columns if name not in known]
    if unknown:
        raise SchemaError(
            f"the table has the columns {unknown}, which the schema lacks; drop them, or declare "
            "them in the schema"
        )


def _check_numerical(values: pd.Series) -> None:
    if types.is_datetime64_any_dtype(values.dtype):
        return
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    if np.isnan(numbers).sum() > values.isna().sum():
        wrong = int(np.isnan(numbers).sum() - values.isna().sum())
        raise TableError(
            f"column {values.name!r}: {wrong} values are not numbers; convert them "
            "(pandas.to_numeric), or declare the column as nominal"
        )
    infinite = int(np.isinf(numbers).sum())
    if infinite:
        raise TableError(
            f"column {values.name!r}: {infinite} values are infinite; replace them by missing "
            "values (table.replace([numpy.inf, -numpy.inf], numpy.nan)) or correct them"
        )


def _check_plausible(values: pd.Series, column: Column) -> None:
    if column.plausible is None or column.kind is Kind.DATETIME:
        return
    numbers = pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)
    low, high = column.plausible.low, column.plausible.high
    lowest = -np.inf if low is None else low
    highest = np.inf if high is None else high
    outside = int(((numbers < lowest) | (numbers > highest)).sum())
    if outside:
        raise TableError(
            f"column {column.name!r}: {outside} {'value lies' if outside == 1 else 'values lie'} "
            "outside its plausible range; correct the table, declare codes for missing values "
            "(missing: [...]), or widen the range"
        )


def _check_levels(values: pd.Series, column: Column) -> None:
    if column.levels is None or column.rare in ("merge", "drop"):
        return
    unknown = int((values.notna() & ~values.isin(list(column.levels))).sum())
    if unknown:
        raise TableError(
            f"column {column.name!r}: {unknown} values are not among its levels in the schema; "
            "add their levels in their place, or declare them as codes for missing values"
        )


def _check_categorical(values: pd.Series, column: Column, min_cell: int) -> None:
    counts = values.value_counts()
    observed, n_levels = int(counts.sum()), int((counts > 0).sum())
    if n_levels <= 1 or (column.rare != "keep" and counts.iloc[0] >= min_cell):
        # Of many levels the rare ones are pooled or left out before anything is learned.
        return
    names_people = n_levels == observed or (
        n_levels > 20 and n_levels > MAX_DISTINCT_SHARE * observed
    )
    if names_people and not types.is_numeric_dtype(values.dtype):
        raise TableError(
            f"column {values.name!r}: {n_levels} different values in {observed} rows look like "
            "names, identifiers or free text, which must not be learned; group its values, or "
            "protect the column (--protect drop; in the schema: kind: text, protection: drop)"
        )
    if n_levels > MAX_LEVELS:
        raise TableError(
            f"column {values.name!r} has {n_levels:,} categories, more than {MAX_LEVELS:,}; group "
            "the rare ones (for example by chapter of the code list)"
        )


class Problems:
    """Errors about single columns, kept until all columns have been looked at.

    Examples
    --------
    >>> from synthhealth.errors import TableError
    >>> from synthhealth.schema.check import Problems
    >>> problems = Problems()
    >>> for name in ("note", "remark"):
    ...     with problems.of(name):
    ...         raise TableError(f"column {name!r}: free text, which is never learned")
    >>> try:
    ...     problems.refuse()
    ... except TableError as error:
    ...     print(error)
    2 columns cannot be learned as they are:
    - column 'note': free text, which is never learned
    - column 'remark': free text, which is never learned
    Settle each of them as it says, or leave them out: --drop note --drop remark on the command \
line, table.drop(columns=['note', 'remark']) in Python
    """

    def __init__(self) -> None:
        self._found: list[tuple[tuple[str, ...], TableError | SchemaError]] = []

    @property
    def columns(self) -> list[str]:
        """The columns that were found wanting so far."""
        return list(dict.fromkeys(name for names, _ in self._found for name in names))

    @contextmanager
    def of(self, *columns: str) -> Iterator[None]:
        """Keep an error that is raised inside, and go on."""
        try:
            yield
        except (TableError, SchemaError) as error:
            self._found.append((columns, error))

    def refuse(self) -> None:
        """Raise what was kept, if anything was, as one error.

        Raises
        ------
        TableError or SchemaError
            As the first that was kept.
        """
        if not self._found:
            return
        columns = self.columns
        kind = type(self._found[0][1])
        if len(self._found) == 1:
            error = self._found[0][1]
            raise kind(f"{error}; or {leave_out(columns)}") from error
        n = len(columns)
        lines = [
            f"{n} column{'s' if n > 1 else ''} cannot be learned as they are:",
            *(f"- {error}" for _, error in self._found),
            f"Settle each of them as it says, or {leave_out(columns)}",
        ]
        raise kind("\n".join(lines))


def leave_out(columns: list[str]) -> str:
    """Say how columns are left out, on the command line and in Python.

    >>> leave_out(["note", "home town"])
    "leave them out: --drop note --drop 'home town' on the command line, \
table.drop(columns=['note', 'home town']) in Python"
    """
    options = " ".join(f"--drop {shlex.quote(name)}" for name in columns)
    them = "it" if len(columns) == 1 else "them"
    in_python = f"table.drop(columns={columns!r}) in Python"
    return f"leave {them} out: {options} on the command line, {in_python}"
