"""The way from the user's table to the plain one that a model learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import SchemaError
from synthhealth.schema.check import (
    Problems,
    check_columns,
    check_singled_out,
    check_size,
    check_values,
)
from synthhealth.schema.identifiers.protection import learn_fakes, protect
from synthhealth.schema.rare import pool_rare
from synthhealth.schema.reading.reading import EMPTY, Reading, complete, read_table
from synthhealth.schema.reading.written import WrittenTable
from synthhealth.schema.rules import check_rules, derivations, rules_of
from synthhealth.schema.schema import Schema
from synthhealth.schema.subjects import Subjects, n_patients, subjects_of
from synthhealth.schema.types import DetectionLimits, Protection
from synthhealth.table._constants import constants_in, without_constants
from synthhealth.table.blur import Blur
from synthhealth.table.censoring import Censoring, frequent_limits
from synthhealth.table.dtypes import dtype_to_text
from synthhealth.table.encoding import TableForm
from synthhealth.table.gaps import MissingPatterns, fill_missing
from synthhealth.table.joined import split
from synthhealth.table.left_out import LEFT_OUT, Privacy, rows_kept, secret_of
from synthhealth.table.preparation import Ends, Preparation, Rows

__all__ = ["Read", "Release", "ToLearn", "prepare"]


@dataclass(frozen=True)
class ToLearn:
    """What a model is given to learn."""

    table: pd.DataFrame
    """The plain table: no gaps, nothing that a rule computes."""
    schema: Schema
    """What its columns are."""
    rows: Rows
    """The same patients as if they had been drawn."""
    blur: Blur
    """How sharply what is learned may be kept."""
    subjects: Subjects | None = None
    """The patient of each row; None: every row is one."""
    odd: Mapping[str, int] = field(default_factory=dict)
    """How many cells of a column fit nothing that the schema says, and count as missing."""


def prepare(
    table: pd.DataFrame | WrittenTable,
    schema: Schema,
    rng: np.random.Generator,
    privacy: Privacy = "none",
    release: Release | None = None,
) -> tuple[Preparation, ToLearn]:
    """Learn the way of a table, and bring what is to be learned of it to its end.

    Parameters
    ----------
    table : pandas.DataFrame or WrittenTable
        The user's table.
    schema : Schema
        What its columns are.
    rng : numpy.random.Generator
        Draws the values beyond detection limits, and those that stand in gaps while a model learns.
    privacy : {"none", "standard", "high", "formal"}
        How many patients are left out; see `rows_kept`.
    release : callable, optional
        With "formal": makes other rows of the patients' that are differentially private. All that
        is learned, here and by a model, is learned of these.

    Raises
    ------
    TableError
        The table cannot be learned, or cells do not fit the schema.
    SchemaError
        The schema's columns are not the table's, an identifier's protection is not chosen, or
        a rule is broken by many rows.
    """
    written = WrittenTable.of(table, schema)
    read = _read(written, schema, formal=release is not None)
    written.forget()
    if release is not None:
        read = release(read)
    reading, subjects = read.reading, read.subjects
    canonical, described, learned, rare = pool_rare(
        reading.table, read.described, read.learned, subjects
    )
    constants = constants_in(
        read.table, canonical, learned, lambda rows: n_patients(subjects, rows)
    )
    learned = without_constants(learned, constants)
    canonical = canonical.drop(columns=list(constants))
    kept = rows_kept(canonical, privacy, subjects)
    whose = None if subjects is None else subjects[kept]
    n_kept = n_patients(whose, np.ones(kept.sum(), dtype=bool))
    blur = Blur(privacy, n_kept, secret_of(canonical) if LEFT_OUT[privacy] else b"")

    beyond = _learn_limits(canonical, reading.censored, kept, learned, whose, rng)
    described, learned = beyond.known_to(described), beyond.known_to(learned)
    everyone, canonical = canonical, canonical[kept]
    form = TableForm.learn(canonical, learned, beyond.latent, whose)
    if LEFT_OUT[privacy]:
        # Where a column ends does not hang on who was left out, which another patient changes.
        form = form.with_numbers_of(everyone.drop(columns=list(beyond.latent)), learned, subjects)
    plain, missing = form.encode(canonical)
    plain = form.clipped(plain.assign(**beyond.latent))
    # Of a level that is dropped there is no value, either, but it is not missing.
    fill_missing(plain, missing, learned.numerical, rng)
    emptied = [name for name, one in rare.items() if one.emptied]
    states = _states(reading, kept, emptied)
    preparation = Preparation(
        described=described,
        learned=learned,
        form=form,
        dtypes={name: dtype_to_text(read.table[name].dtype) for name in form.names},
        empty_is_none=tuple(name for name in form.names if _empty_is_none(read.table[name])),
        patterns=MissingPatterns.learn(
            states, plain, blur.rng("gaps"), subjects=whose, min_cell=learned.min_cell
        ),
        censoring=beyond.censoring,
        ends=_ends(form, plain, beyond.censoring),
        rare=rare,
        constants=constants,
        n_patients=None if subjects is None else n_patients(subjects),
        privacy=privacy,
    )
    training_schema = _without_computed(learned)
    rows = Rows(plain, states[list(preparation.patterns.columns)].to_numpy(dtype=np.int8))
    return preparation, ToLearn(
        plain[training_schema.names], training_schema, rows, blur, whose, reading.odd
    )


class Read(NamedTuple):
    """A table as it was read."""

    table: pd.DataFrame
    """As it was written, without what points at people."""
    described: Schema
    """What the columns of the user's table are, complete."""
    learned: Schema
    """What those that are left are."""
    reading: Reading
    """Their values, and what is missing or beyond a limit."""
    subjects: Subjects | None
    """The patient of each row; None: every row is one."""


Release = Callable[[Read], Read]


def _read(written: WrittenTable, schema: Schema, *, formal: bool = False) -> Read:
    """Take out what points at people, read the rest, and refuse all faults in one message.

    Formally, nothing is taken from the patients' values that the schema leaves open, and no value
    is refused: what does not fit counts as the nearest that does, or as missing.
    """
    frame = written.frame
    check_columns(frame, schema)
    # Nothing is said of the subject, such as its levels, that could be saved.
    described = schema.with_subject(schema.subject)
    subjects = subjects_of(frame, described)
    # A patient's rows are learned as if each was of another one. A step that learns them as a
    # sequence would part the table here, into what a patient has once and what each visit has.
    described = (
        _as_declared(described, written)
        if formal
        else learn_fakes(frame, complete(described, written))
    )
    problems = Problems()
    open_ = [
        column.name
        for column in described
        if not column.kind.is_modelled
        and column.protection is None
        and column.name != described.subject
    ]
    if open_:
        with problems.of(*open_):
            protect(frame, described)
    # Without those columns the others can still be looked at.
    closed = described.with_protection("drop") if open_ else described
    table, learned = split(*protect(frame, closed))
    check_size(table)
    general = [one.name for one in closed if one.protection is Protection.GENERALISE]
    reading = read_table(written.changed(table, general), learned, problems)
    for column in learned:
        if column.name in problems.columns or formal:
            continue
        with problems.of(column.name):
            values = reading.table[column.name]
            check_values(values, column, learned.min_cell)
            if values.nunique() > 1 and column.name not in reading.censored:
                check_singled_out(values, column, learned.min_cell, subjects)
    problems.refuse()
    if not formal:
        check_rules(rules_of(learned), reading.table)
    return Read(table, described, learned, reading, subjects)


def _as_declared(described: Schema, written: WrittenTable) -> Schema:
    """Give the schema as it is, if it says all that reading and writing need.

    Raises
    ------
    SchemaError
        Something would have to be taken from the table.
    """
    completed = learn_fakes(written.frame, complete(described, written))
    lacking = [
        f"column {column.name!r}: {what}"
        for column in described
        for what in ("notation", "levels", "pattern")
        if getattr(column, what) != getattr(completed[column.name], what)
    ]
    if lacking:
        raise SchemaError(
            "privacy 'formal' takes nothing from the patients' values that the schema leaves open; "
            f"write into it what is lacking ({'; '.join(lacking)}): synthhealth schema drafts one, "
            "and somebody who knows the study should check it; or leave the columns out (--drop)"
        )
    return described


@dataclass(frozen=True)
class _Beyond:
    """What was learned of the results beyond detection limits, by column."""

    censoring: dict[str, Censoring]
    latent: dict[str, npt.NDArray[np.float64]]
    """The values that a model learns in their place."""
    rare: tuple[dict[str, set[float]], dict[str, set[float]]]
    """Lower and upper limits that too few patients have."""

    def known_to(self, schema: Schema) -> Schema:
        """Leave the limits out that were too rare to be learned."""
        below, above = self.rare
        columns = []
        for column in schema:
            if column.detection is not None and (below.get(column.name) or above.get(column.name)):
                left = DetectionLimits(
                    below=tuple(x for x in column.detection.below if x not in below[column.name]),
                    above=tuple(x for x in column.detection.above if x not in above[column.name]),
                )
                column = column.model_copy(update={"detection": left})
            columns.append(column)
        return schema.model_copy(update={"columns": tuple(columns)})


def _learn_limits(
    canonical: pd.DataFrame,
    censored: Mapping[str, npt.NDArray[np.int8]],
    kept: npt.NDArray[np.bool_],
    learned: Schema,
    whose: Subjects | None,
    rng: np.random.Generator,
) -> _Beyond:
    """Learn how the rows that are kept report results beyond detection limits."""
    beyond = _Beyond({}, {}, ({}, {}))
    for name, of_all in censored.items():
        if name not in canonical.columns:
            continue  # a constant
        numbers = canonical[name].to_numpy(dtype=np.float64, na_value=np.nan)
        values, marks = numbers[kept], of_all[kept]
        least = 1 if learned[name].rare == "keep" else learned.min_cell
        found = numbers[of_all < 0], numbers[of_all > 0]
        frequent = frequent_limits(values, marks, least, whose)
        for sides, known, left in zip(beyond.rare, found, frequent, strict=True):
            sides[name] = set(known.tolist()) - set(left)
        if not marks.any():
            continue  # those whose results lie beyond a limit are left out
        beyond.censoring[name], beyond.latent[name] = Censoring.learn(
            values, marks, learned[name].plausible, rng, least=least, subjects=whose
        )
    return beyond


def _states(reading: Reading, kept: npt.NDArray[np.bool_], emptied: list[str]) -> pd.DataFrame:
    """Say of each cell whether it is known (0), empty, or which of the missing codes it is."""
    states = reading.table[kept].isna().reset_index(drop=True).astype(np.int8)
    for name, of_all in reading.missing.items():
        states[name] = of_all[kept]
    for name in emptied:
        states[name] = EMPTY
    return states


def _empty_is_none(values: pd.Series) -> bool:
    """Whether empty cells of a column of objects are None rather than NaN."""
    return values.dtype == object and any(cell is None for cell in values[values.isna()])


def _without_computed(learned: Schema) -> Schema:
    """Leave out the columns that rules compute."""
    computed = {derived.target for derived in derivations(rules_of(learned))}
    if len(computed) >= len(learned) - 1:
        raise SchemaError(
            "schema: the rules compute so many columns that fewer than two are left to learn; "
            "leave out rules, or the columns that they compute"
        )
    return learned.model_copy(
        update={"columns": tuple(c for c in learned if c.name not in computed)}
    )


def _ends(
    form: TableForm, plain: pd.DataFrame, censoring: Mapping[str, Censoring]
) -> dict[str, Ends]:
    found: dict[str, Ends] = {}
    for column in form.columns:
        if not column.kind.is_numerical:
            continue
        values = plain[column.name].to_numpy()
        limits = censoring.get(column.name)
        low = high = None
        if limits is not None and limits.below:
            low = limits.below[-1][0]
        elif column.low_is_floor:
            low = column.low + column.half_step
        if limits is not None and limits.above:
            high = limits.above[-1][0]
        elif column.high_is_ceiling:
            high = column.high - column.half_step
        if low is not None or high is not None:
            found[column.name] = Ends(
                low=None if low is None else (low, float((values < low).mean())),
                high=None if high is None else (high, float((values > high).mean())),
            )
    return found
