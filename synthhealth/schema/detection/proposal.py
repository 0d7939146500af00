"""Proposing a schema: what each column is, why, and what a person should look at."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pandas as pd
from pandas.api import types
from pydantic import BaseModel, ConfigDict, SkipValidation

from synthhealth.cells.numbers import currency_of
from synthhealth.errors import Doubt, ParameterError, TableError, nearest
from synthhealth.schema.analytes import suggest
from synthhealth.schema.check import Problems, check_shape
from synthhealth.schema.detection._detect import Detected, detect
from synthhealth.schema.detection._one_value import with_constants, with_ticks
from synthhealth.schema.detection._sentinels import zero_doubt
from synthhealth.schema.detection.names import age_in_years, female_and_male, says_sex, unit_in
from synthhealth.schema.detection.subject import SubjectFound, find_subject, subject_in
from synthhealth.schema.identifiers.search import identifier_in
from synthhealth.schema.rare import levels_of, plan
from synthhealth.schema.reading.reading import read_column
from synthhealth.schema.reading.vocabulary import MissingWords
from synthhealth.schema.reading.written import WrittenColumn, WrittenTable
from synthhealth.schema.schema import Schema
from synthhealth.schema.subjects import Subjects, count_patients
from synthhealth.schema.types import BLANK, MIN_CELL, Column, Demographics, Kind, Protection, Range
from synthhealth.schema.units import ucum_of

__all__ = ["Finding", "Proposal", "propose"]

#: So many columns of 1 and 2 are a questionnaire's no and yes.
QUESTIONNAIRE = 3


class Finding(BaseModel):
    """What one column was taken for."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    column: str
    """Its name."""
    kind: Kind
    """What it was taken for."""
    why: str
    """What speaks for it."""
    doubts: Annotated[tuple[str, ...], SkipValidation] = ()
    """What a person should look at before the schema is used; see `synthhealth.errors.Doubt`."""


@dataclass(frozen=True, repr=False)
class Proposal:
    """A schema that was read off a table, with reasons and doubts.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import propose
    >>> crp = ["<0,5", "3,1", "12,4", "7,7", "1,0", "n/a", "22,8", "5,6"]
    >>> proposal = propose(pd.DataFrame({"crp": crp, "stage": ["I", "II", "IIIa", "I"] * 2}))
    >>> for finding in proposal.findings:
    ...     print(finding.column, "is", finding.kind.value, "because:", finding.why)
    crp is continuous because: numbers with 1 decimal written as text, decimal comma, 1 beyond \
1 detection limit; 1 word for a missing value
    stage is ordinal because: stages
    >>> proposal.schema["stage"].levels
    ('I', 'II', 'IIIa')
    """

    schema: Schema
    """The proposed schema."""
    findings: tuple[Finding, ...]
    """One for each column, in the table's order."""

    def with_protection(self, protection: Protection | str) -> Proposal:
        """Choose what is done with identifiers; see `Schema.with_protection`."""
        return replace(self, schema=self.schema.with_protection(protection))

    def to_file(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the schema to a file to be edited, with reasons and doubts as comments.

        Parameters
        ----------
        path : path
            Ends in ``.yaml``, ``.yml`` or ``.json``; JSON has no comments.
        force : bool
            Whether a file that is already there may be replaced.
        """
        from synthhealth.schema.files import write_schema

        write_schema(self.schema, path, force=force, comments=self.comments)

    @property
    def doubts(self) -> tuple[tuple[str, str], ...]:
        """What is in doubt: a column's name and a sentence, often a `synthhealth.errors.Doubt`."""
        return tuple((one.column, doubt) for one in self.findings for doubt in one.doubts)

    @property
    def comments(self) -> dict[str, list[str]]:
        """What is said above each column in a schema file: why, and what is in doubt."""
        return {
            finding.column: [finding.why, *(f"In doubt: {doubt}" for doubt in finding.doubts)]
            for finding in self.findings
        }

    def __repr__(self) -> str:
        from synthhealth.schema.screens import counted_kinds

        n = len(self.doubts)
        doubts = f"{n} {'doubt' if n == 1 else 'doubts'}"
        return f"<Proposal: {counted_kinds(self.schema)}; {doubts}; .schema, .to_file(path)>"

    def _repr_html_(self) -> str:
        from synthhealth.schema.screens import proposal_screen

        return proposal_screen(self)


def propose(table: pd.DataFrame | WrittenTable, *, subject: str | None = None) -> Proposal:
    """Propose what the columns of a table are.

    The values decide. A name alone never makes a column a key or personal data; it only helps
    where values can mean two things, and it says which analyte a column of fitting numbers is.
    Units are taken from ``table.attrs["units"]`` (a dict by column name), from the cells, from
    the columns' names or, if they decide it, from the values. In the columns of
    ``table.attrs["keep_words"]`` words such as ``NA`` are levels.

    Parameters
    ----------
    table : pandas.DataFrame or WrittenTable
        At least one row; column names are strings.
    subject : str, optional
        The column that says whose row it is, where patients have several; by default it is looked
        for.

    Returns
    -------
    Proposal

    Raises
    ------
    TableError
        A column's values are of mixed or unsupported types.
    ParameterError
        There is no column `subject`.
    """
    check_shape(table.frame if isinstance(table, WrittenTable) else table)
    written = WrittenTable.of(table)
    table = written.frame
    if subject is not None and subject not in table.columns:
        known = [str(name) for name in table.columns]
        raise ParameterError(f"subject: there is no column {subject!r}{nearest(subject, known)}")
    problems = Problems()
    detected: dict[str, Detected] = {}
    for name in table.columns:
        with problems.of(name):
            detected[name] = detect(written[name])
    problems.refuse()
    detected = _questionnaires(detected, table)
    visits = find_subject(table, detected) if subject is None else subject_in(table, subject)
    subjects = None
    if visits is not None:
        subject = visits.column
        detected = _by_patient(detected, visits, table)
        codes, _ = pd.factorize(table[subject])
        subjects = codes.astype(np.int64)
    detected = with_constants(with_ticks(detected, table), table)
    units = table.attrs.get("units", {})
    columns, findings = [], []
    demographics = Demographics()
    kept = table.attrs.get("keep_words", ())
    for name, found in detected.items():
        found = _with_words_kept(found) if name in kept else _with_words_doubted(name, found)
        column, doubts = _described(written[name], found, units.get(name), subjects)
        columns.append(column)
        findings.append(Finding(column=name, kind=found.kind, why=found.why, doubts=doubts))
        demographics = _with_demographics(demographics, column, table[name])
    schema = Schema(columns=tuple(columns), demographics=demographics).with_subject(subject)
    return Proposal(schema=schema, findings=_with_rules(findings, schema, written))


def _with_rules(
    findings: Sequence[Finding], schema: Schema, written: WrittenTable
) -> tuple[Finding, ...]:
    """Propose a rule for each column that is computed from others."""
    from synthhealth.schema.rules.search import find_rules

    numbers = pd.DataFrame(
        {
            column.name: _numbers(written[column.name], column)
            for column in schema
            if column.kind in (Kind.CONTINUOUS, Kind.COUNT) and not _is_split(column)
        }
    )
    doubts = {}
    for rule in find_rules(numbers, schema):
        if rule.derived is not None:
            doubts[rule.derived.target] = Doubt(
                f"its values are computed from others ({rule.text}), and synthetic ones will not "
                "be unless a rule says so",
                f"rules: [{rule.text!r}]",
                2,
            )
    return tuple(
        one.model_copy(update={"doubts": (*one.doubts, doubts[one.column])})
        if one.column in doubts
        else one
        for one in findings
    )


def _by_patient(
    detected: dict[str, Detected], visits: SubjectFound, table: pd.DataFrame
) -> dict[str, Detected]:
    """Judge anew, by one row per patient, what is the same in all rows of a patient.

    A name or a number that identifies a patient stands in several rows, and so hides among groups.
    """
    once = table.iloc[visits.first_rows]
    again = {name: detect(WrittenColumn(once[name])) for name in visits.lasting}
    hidden = {name: one for name, one in again.items() if not one.kind.is_modelled}
    return detected | hidden | {visits.column: visits.detected}


def _with_words_kept(found: Detected) -> Detected:
    """Take a column of words as they stand: NA is a level, if whoever read the table said so."""
    if found.kind.is_numerical or not found.kind.is_modelled:
        return found
    return Detected(Kind.NOMINAL, "words, and none of them is missing", said={"missing": ()})


def _with_words_doubted(name: str, found: Detected) -> Detected:
    """Doubt words for a missing value that may be a level: Na is sodium, too."""
    if found.kind.is_numerical:
        return found
    missing = found.said.get("missing", ())
    if not missing:  # nothing is said of it, so that it is not written into a schema's file
        said = {key: value for key, value in found.said.items() if key != "missing"}
        return replace(found, said=said)
    words = [word for word in missing if str(word).casefold() in ("na", "null")]
    doubts = tuple(
        Doubt(f"the word {word} counts as missing", f"--keep-words {shlex.quote(name)}", 2)
        for word in words
    )
    return replace(found, doubts=(*found.doubts, *doubts))


def _described(
    written: WrittenColumn, found: Detected, unit: str | None, subjects: Subjects | None
) -> tuple[Column, tuple[str, ...]]:
    """Add to what a column was taken for: its unit, its limits, and what it says of a person."""
    name, values = written.name, written.values
    column = _without_words_of_few(
        Column(name=name, kind=found.kind, **found.said), values, subjects
    )
    doubts = list(found.doubts)
    if not column.kind.is_modelled or _is_split(column):
        return column, tuple(doubts)
    said: dict[str, object] = {}
    shared = identifier_in(name, values)
    if shared is not None and not shared.direct:
        said["identifier"] = shared.identifier
        doubts.append(
            Doubt(
                f"{shared.evidence}; it may help to recognise a patient, and can be coarsened",
                "protection: generalise",
                2,
            )
        )
    if column.kind in (Kind.CONTINUOUS, Kind.COUNT):
        numbers = _numbers(written, column)
        suffix = column.notation.suffix.strip() if column.notation else ""
        suffix = "" if currency_of(suffix) else suffix
        declared = unit if unit is not None else (suffix or None)
        known = ucum_of(declared) if declared else unit_in(name)
        if unit is None and column.unit is not None:
            known = column.unit  # the cells say it
        if declared and known is None:
            doubts.append(
                Doubt(f"{declared!r} is not a unit that is known; say it in UCUM", "unit: ...")
            )
        suggestion = suggest(name, numbers, known)
        if suggestion is not None:
            doubts += suggestion.doubts
            said["unit"] = known or suggestion.unit
            if said["unit"] == suggestion.unit and suggestion.plausible is not None:
                said["reference"] = suggestion.reference
                beyond = _count_beyond(numbers, suggestion.plausible)
                if beyond:
                    doubts.append(
                        Doubt(
                            f"{beyond} of its values {'lies' if beyond == 1 else 'lie'} outside "
                            "what can occur in a patient; correct what is wrong or declare it as a "
                            "missing code (missing), and set the plausible range",
                            "missing: [...], plausible: {low: ..., high: ...}",
                            2,
                        )
                    )
                else:
                    said["plausible"] = suggestion.plausible
        elif known or age_in_years(name, numbers):
            said["unit"] = known or "a"
        if suggestion is None or suggestion.plausible is None:
            doubt = zero_doubt(numbers.dropna().to_numpy(dtype=np.float64))
            doubts += [doubt] if doubt else []
    else:
        if unit is not None:
            said["unit"] = ucum_of(unit)
        if not column.kind.is_numerical:
            doubts += _rare_doubts(written, column, subjects)
    return column.model_copy(update=said), tuple(doubts)


def _without_words_of_few(column: Column, values: pd.Series, subjects: Subjects | None) -> Column:
    """Take no word for a missing one that a few patients have, in however many rows."""
    if subjects is None:
        return column
    known = {*MissingWords.among_words(map(str, column.missing))}
    counts = count_patients(values, subjects)
    kept = tuple(
        word
        for word in column.missing
        if not isinstance(word, str) or word in known or counts.get(word, 0) >= MIN_CELL
    )
    return column.model_copy(update={"missing": kept} if kept != column.missing else {})


def _rare_doubts(written: WrittenColumn, column: Column, subjects: Subjects | None) -> list[str]:
    """Say what a fit will do with levels that few patients have."""
    if BLANK in (column.levels or ()):
        return []  # of ticks it is said with them
    read = read_column(written, column).values
    try:
        decided = plan(read, column, MIN_CELL, subjects=subjects)
    except TableError as error:
        return [Doubt(error.reason, "rare: keep", 3)]
    if decided is None:
        return []
    n = len(decided.concerned)
    levels = f"{n} level{'s' if n > 1 else ''} of fewer than {MIN_CELL} patients will be "
    weight = 1
    if decided.is_emptied:
        treatment, weight = "left out, and the column be empty", 3
    elif decided.rule == "drop":
        treatment, weight = "replaced by those of similar patients", 2
    elif decided.pool is not None:
        treatment = f"pooled as {decided.pool!r}"
    else:
        treatment = "joined to their neighbours" if n > 1 else "joined to its neighbour"
    left = set(levels_of(read, column)) - set(decided.concerned)
    if not decided.is_emptied and len(left) < 2 and (not left or decided.pool is None):
        treatment, weight = f"{treatment}, so that the column is the same in every row", 3
    learn = f"to learn {'them' if n > 1 else 'it'}: rare: keep"
    return [Doubt(f"{levels}{treatment}; {learn}", "rare: keep", weight)]


def _is_split(column: Column) -> bool:
    """Whether a column is no plain number, but a time of day or a pair such as 120/80."""
    is_time = column.notation is not None and bool(column.notation.clock)
    return is_time or column.joined is not None


def _numbers(written: WrittenColumn, column: Column) -> pd.Series:
    try:
        read = read_column(written, column).values
    except TableError:
        # A column that is half of numbers is in doubt, and a fit refuses it.
        return pd.Series(dtype=np.float64)
    return pd.to_numeric(read) if types.is_object_dtype(read.dtype) else read


def _count_beyond(numbers: pd.Series, plausible: Range) -> int:
    low = -np.inf if plausible.low is None else plausible.low
    high = np.inf if plausible.high is None else plausible.high
    return int(((numbers < low) | (numbers > high)).sum())


def _questionnaires(found: dict[str, Detected], table: pd.DataFrame) -> dict[str, Detected]:
    """Take 1 and 2 for no and yes where many columns of the table have them."""
    coded = [
        name
        for name, one in found.items()
        if one.kind is Kind.NOMINAL
        and types.is_numeric_dtype(table[name].dtype)
        and not says_sex(name)
        and set(table[name].dropna().unique()) == {1, 2}
    ]
    if len(coded) < QUESTIONNAIRE:
        return found
    doubt = "which of the two means yes is not known, nor whether they mean no and yes at all"
    why = f"1 and 2, as in {len(coded)} columns of the table"
    return {
        name: Detected(Kind.BOOLEAN, why, (doubt,), one.said) if name in coded else one
        for name, one in found.items()
    }


def _with_demographics(known: Demographics, column: Column, values: pd.Series) -> Demographics:
    """Note the columns with sex and age, the first of each."""
    if known.sex is None and column.kind in (Kind.NOMINAL, Kind.BOOLEAN) and says_sex(column.name):
        levels = [level for level in values.dropna().unique() if isinstance(level, str)]
        words = female_and_male(levels)
        if words is not None:
            return known.model_copy(
                update={"sex": column.name, "female": words[0], "male": words[1]}
            )
    if known.age is None and column.kind.is_numerical and column.unit == "a":
        return known.model_copy(update={"age": column.name})
    return known
