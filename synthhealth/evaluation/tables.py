"""Two tables as they are compared: protected and read, every cell what the schema says it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.cells.missing import plain_word
from synthhealth.errors import SchemaError, TableError, nearest
from synthhealth.evaluation.forms import in_own_form, unit_notes, without_counter
from synthhealth.evaluation.values import check_schema, check_table
from synthhealth.schema import Column, Protection, Schema
from synthhealth.schema import coarsened as coarsen
from synthhealth.schema.intake import plain_table
from synthhealth.schema.reading.written import WrittenTable
from synthhealth.schema.subjects import Subjects, subjects_of

__all__ = ["CanonicalTable", "Tables", "read_one", "read_tables"]

Marks = npt.NDArray[np.int8]


@dataclass(frozen=True)
class CanonicalTable:
    """A table of numbers, dates and levels, without what points at people.

    Attributes
    ----------
    table : pandas.DataFrame
        The columns that may be learned; a result beyond a detection limit stands as the limit.
    censored : mapping of str to ndarray of int8
        For columns with such results: -1 below a lower limit, 1 above an upper one, else 0.
    subjects : ndarray of int64 or None
        The patient of each row, the same number in every table; None: every row is one.
    """

    table: pd.DataFrame
    censored: Mapping[str, Marks]
    subjects: Subjects | None = None

    def measured(self, name: str) -> pd.Series:
        """Give a column with the results beyond detection limits as missing."""
        column = self.table[name]
        marks = self.censored.get(name)
        return column if marks is None else column.mask(marks != 0)

    def rows(self, rows: slice | npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> CanonicalTable:
        """Give some of the rows."""
        marks = {name: marks[rows] for name, marks in self.censored.items()}
        subjects = None if self.subjects is None else self.subjects[rows]
        return CanonicalTable(self.table.iloc[rows], marks, subjects)

    def one_row_each(self) -> CanonicalTable:
        """Give one row of each patient, taken at random, so that rows count as patients do.

        Every row is as likely to be among them as any other: who has few rows is left out as
        often as that takes, and who has more than twice the mean counts as if it was so many.
        """
        patients = self.patients
        sizes = np.bincount(patients)
        if sizes.max(initial=0) < 2:
            return self
        rng = np.random.default_rng(0)
        order = rng.permutation(len(patients))
        first = order[np.unique(patients[order], return_index=True)[1]]
        most = min(sizes.max(), 2 * sizes.mean())
        return self.rows(np.sort(first[rng.random(sizes.size) < sizes / most]))

    def copy(self) -> CanonicalTable:
        """Give a table that no change of the user's own reaches."""
        marks = {name: marks.copy() for name, marks in self.censored.items()}
        return CanonicalTable(self.table.copy(), marks, self.subjects)

    @property
    def patients(self) -> Subjects:
        """The patient of each row, numbered from 0."""
        if self.subjects is None:
            return np.arange(len(self.table), dtype=np.int64)
        return pd.factorize(self.subjects)[0].astype(np.int64)


@dataclass(frozen=True)
class Tables:
    """A real and a synthetic table with the same columns.

    Attributes
    ----------
    described : Schema
        What all columns of the user's table are; of two numbers in a cell, each by itself.
    schema : Schema
        What the columns of both canonical tables are.
    real, synthetic : CanonicalTable
        What is compared. Of patients with several rows in the real table one is, at most.
    rare : mapping of str to int
        For columns whose rare levels were merged or dropped before anything was learned, how many
        real rows have one, if any. What was merged is merged in both tables, too.
    training : CanonicalTable or None
        The rows that the model learned, where they are known.
    unseen : CanonicalTable or None
        Rows of the same population that it never saw, where there are any; one of each patient,
        and none of a patient that was learned.
    everyone : CanonicalTable or None
        All rows of the real table, where patients have several.
    n_learned_again : int
        How many patients of `unseen` are left out, for they were learned.
    notes : tuple of str
        What had to be done, or is to be asked, to read the synthetic table as the real one.
    """

    described: Schema
    schema: Schema
    real: CanonicalTable
    synthetic: CanonicalTable
    rare: Mapping[str, int] = field(default_factory=dict)
    training: CanonicalTable | None = None
    unseen: CanonicalTable | None = None
    everyone: CanonicalTable | None = None
    n_learned_again: int = 0
    notes: tuple[str, ...] = ()

    def copy(self) -> Tables:
        """Give tables that no change of the user's own reaches."""
        return replace(
            self,
            real=self.real.copy(),
            synthetic=self.synthetic.copy(),
            rare=dict(self.rare),
            training=None if self.training is None else self.training.copy(),
            unseen=None if self.unseen is None else self.unseen.copy(),
            everyone=None if self.everyone is None else self.everyone.copy(),
        )


def read_tables(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    schema: Schema | None,
    *,
    training: pd.DataFrame | None = None,
    unseen: pd.DataFrame | None = None,
) -> Tables:
    """Protect and read tables by the schema of the real one.

    Columns that name people may be absent from any table; they are not compared. `training` and
    `unseen` may be the real table itself, which is then read once. Of patients with several rows
    in the real table or in `unseen` one row is compared, at most; the synthetic table's rows are
    taken for as many patients.

    Raises
    ------
    TableError
        A table is empty, its columns are not those of the other one, or cells do not fit the
        schema.
    SchemaError
        The schema does not describe the real table's columns.
    """
    check_table(real, "real")
    check_table(synthetic, "synthetic")
    written = _plain(real, "real", schema)
    if schema is None:
        schema = _detected(written)
    drawn = _plain(synthetic, "synthetic", schema)
    whole = _with_joined(schema, written)
    written, schema = _split(written, whole, "real")
    drawn, _ = _split(drawn, whole, "synthetic")
    compared = _compared(schema)
    written, drawn = _without_people(written, schema), _without_people(drawn, schema)
    check_schema(written.frame, compared, "real")
    drawn, counters = _without_counter(drawn, written)
    _check_same_columns(written, drawn, "synthetic")
    compared = _complete(compared, written)
    first, canonical = _read(written, compared, "real", subjects_of(real, schema))
    second, notes = _read_other(drawn, compared, first.table, "synthetic")
    once = first.one_row_each()
    judged = _coarsened(first, canonical)

    def read_too(table: pd.DataFrame | None, name: str) -> CanonicalTable | None:
        if table is None:
            return None
        if table is real:
            return judged
        check_table(table, name)
        subjects = subjects_of(table, schema)
        other, _ = _split(_plain(table, name, schema), whole, name)
        other, _ = _without_counter(_without_people(other, schema), written)
        _check_same_columns(written, other, name)
        read, _ = _read_other(other, compared, first.table, name)
        return _coarsened(replace(read, subjects=subjects), canonical)

    learned, new = read_too(training, "training"), read_too(unseen, "holdout")
    new, n_again = _never_learned(new, learned)
    return Tables(
        described=schema,
        schema=canonical,
        real=_coarsened(once, canonical),
        synthetic=_coarsened(second, canonical),
        rare=_rare(once.table, canonical),
        training=learned,
        unseen=new,
        everyone=None if once is first else judged,
        n_learned_again=n_again,
        notes=(
            *(f"{shown!r} only numbers the synthetic rows; left out" for shown in counters),
            *notes,
            *unit_notes(canonical, first.table, second.table, "synthetic"),
        ),
    )


def read_one(
    table: pd.DataFrame, schema: Schema | None
) -> tuple[CanonicalTable, Schema, tuple[str, ...]]:
    """Protect and read a single table; give the schema of what is left, and what is left out.

    Of patients with several rows one is read, at most.

    Raises
    ------
    TableError
        The table is empty, or cells do not fit the schema.
    SchemaError
        The schema does not describe its columns.
    """
    check_table(table, "given")
    written = _plain(table, "given", schema)
    if schema is None:
        schema = _detected(written)
    written, schema = _split(written, _with_joined(schema, written), "given")
    compared = _compared(schema)
    left_out = tuple(name for name in schema.names if name not in compared.names)
    subjects = subjects_of(written.frame, schema)
    written = _without_people(written, schema)
    check_schema(written.frame, compared, "given")
    read, canonical = _read(written, _complete(compared, written), "given", subjects)
    return read.one_row_each(), canonical, left_out


def _plain(table: pd.DataFrame, name: str, schema: Schema | None) -> WrittenTable:
    return WrittenTable(plain_table(table, schema, what=f"the {name} table: "))


def _detected(table: WrittenTable) -> Schema:
    from synthhealth.schema.detection.proposal import propose

    return propose(table).schema


def _with_joined(schema: Schema, table: WrittenTable) -> Schema:
    from synthhealth.table.joined import with_joined

    return with_joined(schema, table)


def _split(table: WrittenTable, schema: Schema, name: str) -> tuple[WrittenTable, Schema]:
    """Split two numbers in a cell into two columns, which are compared by themselves."""
    from synthhealth.table.joined import split

    try:
        frame, parted = split(table.frame, schema)
    except TableError as error:
        raise TableError(f"the {name} table: {error}") from None
    return table.changed(frame), parted


def _compared(schema: Schema) -> Schema:
    """Leave out the columns that point at people, and the rules that need them."""
    kept = [column for column in schema if not _names_people(column, schema)]
    if not kept:
        raise SchemaError(
            "schema: every column is an identifier or free text, which is not compared; declare "
            "the kinds of the others"
        )
    gone = set(schema.names) - {column.name for column in kept}
    rules = tuple(rule for rule in schema.rules if not gone or not _needs(rule, gone))
    demographics = schema.demographics
    if demographics.sex in gone:
        demographics = demographics.model_copy(update={"sex": None, "female": None, "male": None})
    if demographics.age in gone:
        demographics = demographics.model_copy(update={"age": None})
    return schema.model_copy(
        update={
            "columns": tuple(kept),
            "subject": None,
            "rules": rules,
            "demographics": demographics,
        }
    )


def _names_people(column: Column, schema: Schema) -> bool:
    if column.name == schema.subject:
        return True
    if column.protection is Protection.GENERALISE:
        return False
    return column.protection is not None or not column.kind.is_modelled


def _needs(rule: str, names: set[str]) -> bool:
    from synthhealth.schema.rules import Rule

    return bool(names.intersection(Rule.parse(rule).columns))


def _without_people(table: WrittenTable, schema: Schema) -> WrittenTable:
    gone = {column.name for column in schema if _names_people(column, schema)}
    frame = table.frame
    return table.changed(frame.drop(columns=[name for name in frame.columns if name in gone]))


def _without_counter(table: WrittenTable, real: WrittenTable) -> tuple[WrittenTable, list[str]]:
    frame, counters = without_counter(table.frame, real.frame.columns)
    return table.changed(frame), counters


def _complete(schema: Schema, real: WrittenTable) -> Schema:
    from synthhealth.schema.reading.reading import complete

    return complete(schema, real)


def _read(
    table: WrittenTable, schema: Schema, name: str, subjects: Subjects | None = None
) -> tuple[CanonicalTable, Schema]:
    from synthhealth.schema.identifiers.protection import protect
    from synthhealth.schema.reading.reading import read_table

    try:
        general = [one.name for one in schema if one.protection is Protection.GENERALISE]
        frame, schema = protect(table.frame, schema)
        reading = read_table(table.changed(frame, general), _with_all_levels(schema, frame))
    except TableError as error:
        raise TableError(f"the {name} table: {error}") from None
    return CanonicalTable(reading.table, reading.censored, subjects), schema


def _never_learned(
    unseen: CanonicalTable | None, learned: CanonicalTable | None
) -> tuple[CanonicalTable | None, int]:
    """Leave out of a holdout the patients that were learned, and count them."""
    if unseen is None:
        return None, 0
    if learned is None or unseen.subjects is None or learned.subjects is None:
        return unseen.one_row_each(), 0
    again = np.isin(unseen.subjects, learned.subjects)
    n_again = len(np.unique(unseen.subjects[again]))
    return (None if again.all() else unseen.rows(~again).one_row_each()), n_again


def _read_other(
    table: WrittenTable, schema: Schema, real: pd.DataFrame, name: str
) -> tuple[CanonicalTable, tuple[str, ...]]:
    """Read a table by the real one's schema, but as it writes its cells itself."""
    own = in_own_form(table, schema, real, name)
    read, _ = _read(own.table, own.schema, name)
    return read, own.notes


def _coarsened(table: CanonicalTable, schema: Schema) -> CanonicalTable:
    return replace(table, table=coarsen(table.table, schema))


def _rare(table: pd.DataFrame, schema: Schema) -> dict[str, int]:
    counts = {
        column.name: int(
            (table[column.name].notna() & ~table[column.name].isin(list(column.levels))).sum()
        )
        for column in schema
        if column.rare in ("merge", "drop") and column.levels is not None
    }
    return {name: count for name, count in counts.items() if count}


def _with_all_levels(schema: Schema, table: pd.DataFrame) -> Schema:
    """Add the levels that only this table has: new patients may well have new ones."""
    columns = []
    for column in schema:
        if column.levels is not None and not column.kind.is_numerical:
            known = {*column.levels, *column.missing}
            found = pd.unique(table[column.name].dropna())
            new = tuple(level for level in found if level not in known)
            if new:
                column = column.model_copy(update={"levels": (*column.levels, *new)})
        columns.append(column)
    return schema.model_copy(update={"columns": tuple(columns)})


def _nearest(name: str, others: list[str]) -> str:
    """Give a hint at the column that is only written otherwise, or nearly so."""
    same = [one for one in others if plain_word(one) == plain_word(name)]
    return f" (did you mean {same[0]!r}?)" if same else nearest(name, others)


def _check_same_columns(real: WrittenTable, other: WrittenTable, name: str) -> None:
    mend = {"synthetic": "sample it from a model of this table, or "}.get(name, "")
    known, given = real.frame.columns, other.frame.columns
    absent = [column for column in known if column not in given]
    added = [column for column in given if column not in known]
    if absent:
        near = [_nearest(column, added) for column in absent]
        named = ", ".join(f"{one!r}{hint}" for one, hint in zip(absent, near, strict=True))
        rename = "rename what is only written otherwise, " if any(near) else ""
        raise TableError(
            f"the {name} table lacks columns of the real one: {named}; "
            f"{rename}{mend}drop them from the real table"
        )
    if added:
        raise TableError(
            f"the {name} table has columns that the real one lacks: {added}; drop them"
        )
