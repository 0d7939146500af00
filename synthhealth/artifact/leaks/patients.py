"""What a search looks for: the cells of a table that are the business of a few patients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ParameterError
from synthhealth.schema import Column, Kind, Protection, Schema, read_column
from synthhealth.schema.identifiers.protection import protect
from synthhealth.schema.intake import plain_table
from synthhealth.schema.reading.notation import count_decimals
from synthhealth.schema.rules.rule import named_levels
from synthhealth.schema.subjects import Subjects, count_patients, subjects_of
from synthhealth.schema.types import MIN_CELL
from synthhealth.table.joined import split, with_joined

__all__ = ["Categories", "Identifiers", "Numbers", "Patients"]

Floats = npt.NDArray[np.float64]


_HELD_BACK = (Protection.DROP, Protection.FAKE)


@dataclass(frozen=True)
class Numbers:
    """The numbers of one column; dates are seconds since 1970."""

    column: str
    values: Floats
    """In the table's order; NaN: missing."""
    is_date: bool
    declared: tuple[float, ...] = ()
    """Bounds that the schema states: plausible and reference ranges, detection limits."""
    subjects: Subjects | None = None
    """The patient of each row; None: every row is one."""

    @cached_property
    def _counted(self) -> tuple[Floats, npt.NDArray[np.int64]]:
        counted = count_patients(pd.Series(self.values), self.subjects).sort_index()
        return counted.index.to_numpy(dtype=np.float64), counted.to_numpy(dtype=np.int64)

    @property
    def distinct(self) -> Floats:
        """The different numbers."""
        return self._counted[0]

    @cached_property
    def single(self) -> Floats:
        """What exactly one patient has, and no bound."""
        values, counts = self._counted
        return values[(counts == 1) & ~np.isin(values, self.declared)]

    @cached_property
    def extremes(self) -> Floats:
        """The smallest and the largest value, where fewer than 5 patients have it."""
        values, counts = self._counted
        ends = values[[0, -1]][counts[[0, -1]] < MIN_CELL] if values.size > 1 else values[:0]
        return ends[~np.isin(ends, self.declared)]

    @cached_property
    def decimals(self) -> int | None:
        """How many decimals they have."""
        return count_decimals(self.values)

    @cached_property
    def step(self) -> float | None:
        """The grid that the values are on; None if they are on none."""
        if self.is_date:
            days = np.mod(self.distinct, 86_400.0) == 0
            return 86_400.0 if days.all() else 1.0
        return None if self.decimals is None else 10.0**-self.decimals


@dataclass(frozen=True)
class Categories:
    """The levels of one column."""

    column: str
    cells: npt.NDArray[np.object_]
    """In the table's order; None: missing."""
    kept: frozenset[Any] = frozenset()
    """Levels that stay although they are rare, for the schema says so."""
    subjects: Subjects | None = None
    """The patient of each row; None: every row is one."""

    @cached_property
    def counts(self) -> dict[Any, int]:
        """How many patients have each level."""
        counted = count_patients(pd.Series(self.cells), self.subjects)
        return {level: int(count) for level, count in counted.items()}

    @property
    def rare(self) -> list[Any]:
        """The levels of fewer than five patients."""
        return [level for level, count in self.counts.items() if count < MIN_CELL]

    @cached_property
    def codes(self) -> npt.NDArray[np.int64]:
        """The number of each row's level; missing cells have one of their own."""
        return pd.factorize(self.cells, use_na_sentinel=False)[0].astype(np.int64)


@dataclass(frozen=True)
class Identifiers:
    """The cells of one column that identifies people."""

    column: str
    texts: frozenset[str]


@dataclass(frozen=True)
class Patients:
    """A real table, as the search compares it."""

    n_rows: int
    numbers: tuple[Numbers, ...]
    categories: tuple[Categories, ...]
    identifiers: tuple[Identifiers, ...]

    @classmethod
    def of(cls, table: pd.DataFrame, schema: Schema) -> Patients:
        """Take a table apart.

        Parameters
        ----------
        table : pandas.DataFrame
            Patients. Columns that the schema does not have are not searched for.
        schema : Schema
            What the columns are. Columns whose identifiers it generalises are searched for in
            both forms.

        Raises
        ------
        ParameterError
            The table has none of the schema's columns.
        TableError
            Cells do not fit what the schema says of their column.
        """
        table, schema = split(table, with_joined(schema, table))
        columns = [column for column in schema if column.name in table.columns]
        if not columns:
            raise ParameterError(
                "the table has none of the columns that the saved model has learned; give "
                "the table that it was trained on"
            )
        table = plain_table(table[[column.name for column in columns]], schema)
        numbers: list[Numbers] = []
        categories: list[Categories] = []
        identifiers: list[Identifiers] = []
        subjects = subjects_of(table, schema)
        for column in columns:
            values = table[column.name]
            is_held_back = column.protection in _HELD_BACK or column.name == schema.subject
            if not column.kind.is_modelled or is_held_back:
                identifiers.append(_identifiers(values))
            elif column.kind.is_numerical:
                numbers.append(_numbers(values, column, subjects))
            else:
                categories.append(_categories(values, column, schema, subjects))
        numbers.extend(_generalised(table, columns, subjects))
        return cls(len(table), tuple(numbers), tuple(categories), tuple(identifiers))

    @property
    def names(self) -> frozenset[str]:
        """The names of all columns."""
        names = [one.column for one in self.numbers]
        names += [one.column for one in self.categories]
        return frozenset(names + [one.column for one in self.identifiers])

    @property
    def kept(self) -> list[str]:
        """Levels of one word that stay although they are rare; of more words it is a remark."""
        levels = {str(level) for one in self.categories for level in one.kept}
        return [level for level in levels if level.replace("-", "").isalnum()]

    @cached_property
    def words(self) -> frozenset[str]:
        """All cells that are text."""
        levels = {str(level) for one in self.categories for level in one.counts}
        return frozenset(levels.union(*(one.texts for one in self.identifiers)))


def _numbers(values: pd.Series, column: Column, subjects: Subjects | None) -> Numbers:
    # Levels and limits of the schema were learned; what the table holds besides is looked for, too.
    reading = read_column(values, column.model_copy(update={"detection": None, "rare": None}))
    read = reading.values
    if column.kind is Kind.DATETIME or pd.api.types.is_datetime64_any_dtype(read.dtype):
        moments = read.dt.tz_localize(None) if read.dt.tz is not None else read
        micros = moments.to_numpy(dtype="datetime64[us]")
        seconds = micros.astype(np.int64) / 1e6
        seconds[np.isnat(micros)] = np.nan
        return Numbers(column.name, seconds, is_date=True, subjects=subjects)
    numbers = pd.to_numeric(read).to_numpy(dtype=np.float64, na_value=np.nan)
    declared = _declared(column)
    return Numbers(column.name, numbers, is_date=False, declared=declared, subjects=subjects)


def _declared(column: Column) -> tuple[float, ...]:
    ranges = [*column.reference, *filter(None, [column.plausible])]
    bounds = [bound for one in ranges for bound in (one.low, one.high)]
    if column.detection is not None:
        bounds += [*column.detection.below, *column.detection.above]
    return tuple(bound for bound in bounds if bound is not None)


def _categories(
    values: pd.Series, column: Column, schema: Schema, subjects: Subjects | None
) -> Categories:
    missing = values.isna() | values.isin(list(column.missing))
    cells = values.astype(object).where(~missing, None).to_numpy(dtype=object)
    found = Categories(column.name, cells, subjects=subjects)
    named = named_levels(schema).get(column.name, ())
    keeps_all = column.rare == "keep" or named is None
    kept = frozenset(
        level
        for level in found.rare
        if keeps_all or level in (named or ()) or found.counts[level] >= schema.min_cell
    )
    return Categories(column.name, cells, kept, subjects)


def _identifiers(values: pd.Series) -> Identifiers:
    texts = (str(cell).strip() for cell in values.dropna().unique())
    return Identifiers(str(values.name), frozenset(text for text in texts if len(text) > 3))


def _generalised(
    table: pd.DataFrame, columns: list[Column], subjects: Subjects | None
) -> list[Numbers]:
    """Give the columns of numbers that were coarsened before they were learned."""
    coarse = Schema(
        columns=tuple(column for column in columns if column.protection is Protection.GENERALISE)
    )
    if not len(coarse):
        return []
    general, learned = protect(table[coarse.names], coarse)
    return [_numbers(general[one.name], one, subjects) for one in learned if one.kind.is_numerical]
