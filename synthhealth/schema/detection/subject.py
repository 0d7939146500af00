"""Finding the column that says whose row it is, in a table with several rows per patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.cells.identifiers import said_by, words_of
from synthhealth.cells.missing import plain_word
from synthhealth.errors import Doubt
from synthhealth.schema.detection._detect import Detected
from synthhealth.schema.detection.names import says_numbering, says_sex
from synthhealth.schema.schema import Schema
from synthhealth.schema.subjects import VISITS
from synthhealth.schema.types import Kind

__all__ = ["SubjectFound", "find_subject", "subject_in", "visit_doubts"]

Codes = npt.NDArray[np.intp]

#: Fewer different values than this are groups, not patients.
FEWEST_PATIENTS = 10
#: So many patients at least must have several rows for what is the same in all of them to tell.
FEWEST_REPEATED = 5

#: What the column that tells patients apart is called, as `words_of` gives it.
_PATIENT = frozenset(
    phrase
    for text in (
        "patient, patient id, patient no, patient nr, patient num, patient number, patient nbr",
        "patient code, patient key, patient identifier, patientid, patid, pat id, pat no, pat nr",
        "patno, pid, ptid, pt id, pt no, uniquepid, unique pid, id patient, code patient",
        "subject, subject id, subject no, subject number, subjid, usubjid, subjectid",
        "person, person id, personid, participant, participant id, participant no",
        "participantid, individual id, record id, patienten id, patienten nr, patientennr",
        "patientennummer, numéro patient, no patient, paciente, id paciente, hasta no, hasta id",
        "hasta numarası, رقم المريض, كود المريض, المريض",
        "病人id, 病人编号, 患者id, 患者编号, 病历号",
    )
    for phrase in text.split(", ")
)
#: Words of names that tell visits, stays and samples apart, of which a patient may have several.
_PART = frozenset(
    (
        *("visit", "encounter", "admission", "hadm", "stay", "episode", "case", "sample"),
        *("specimen", "accession", "order", "fall", "fallnummer", "row", "index", "seqn"),
    )
)
#: Identifiers that are one person's.
_PERSONAL = ("name", "national id", "record number", "e-mail address", "telephone number")
#: What of a person is the same in all rows, by the words of the column's name.
_LASTING = frozenset(
    (
        *(
            "age",
            "alter",
            "edad",
            "âge",
            "yaş",
            "العمر",
            "السن",
            "年龄",
            "birth",
            "dob",
            "birthday",
        ),
        *(
            "birthdate",
            "geburtsdatum",
            "nascimento",
            "nacimiento",
            "naissance",
            "race",
            "ethnicity",
        ),
    )
)


@dataclass(frozen=True)
class SubjectFound:
    """The column that says whose row it is."""

    column: str
    n_patients: int
    n_rows: int
    lasting: tuple[str, ...]
    """The columns that are the same in all rows of a patient."""
    first_rows: Codes
    """The place of the first row of each patient."""

    @property
    def detected(self) -> Detected:
        """Say what the column is, and what is lost."""
        why = f"it says whose row it is: {self.n_patients:,} patients in {self.n_rows:,} rows"
        if self.lasting:
            n = len(self.lasting)
            others = "1 other column is" if n == 1 else f"{n} other columns are"
            why += f"; {others} the same in all rows of a patient"
        doubt = Doubt(
            f"{self.n_rows:,} rows of {self.n_patients:,} patients: {VISITS}",
            f"--subject {self.column}",
            3,
        )
        return Detected(Kind.IDENTIFIER, why, (doubt,))


def find_subject(table: pd.DataFrame, detected: Mapping[str, Detected]) -> SubjectFound | None:
    """Find the column that says whose row it is, where patients have several rows.

    It has many different values, some of them in several rows. Its name says so, or it is an
    identifier of persons, or a number or code beside which the sex, the age or the birth is the
    same in all rows of one value.

    Parameters
    ----------
    table : pandas.DataFrame
        The table as read.
    detected : dict of str to Detected
        What its columns were taken for.
    """
    ranked = [
        (rank, place, name)
        for place, (name, one) in enumerate(detected.items())
        if (rank := _rank(name, one)) is not None
    ]
    for rank, _, name in sorted(ranked):
        codes, different = pd.factorize(table[name])
        if not FEWEST_PATIENTS <= len(different) < np.count_nonzero(codes >= 0):
            continue
        found = _found(table, name, codes)
        sizes = np.bincount(codes[codes >= 0])
        is_shown = (sizes > 1).sum() >= FEWEST_REPEATED and any(map(_is_lasting, found.lasting))
        if rank == 0 or is_shown:
            return found
    return None


def subject_in(table: pd.DataFrame, name: str) -> SubjectFound | None:
    """Give what a column says that is known to tell patients apart; None where no row repeats."""
    codes, different = pd.factorize(table[name])
    return None if len(different) == len(table) else _found(table, name, codes)


def visit_doubts(table: pd.DataFrame, schema: Schema) -> list[tuple[str, str]]:
    """Say what is lost of a table in which the schema's subject has several rows, if any has."""
    visits = None if schema.subject is None else subject_in(table, schema.subject)
    return [] if visits is None else [(visits.column, one) for one in visits.detected.doubts]


def _rank(name: str, one: Detected) -> int | None:
    """Say how likely a column is to tell patients apart: the lower, the likelier."""
    if one.kind in (Kind.CONTINUOUS, Kind.DATETIME, Kind.BOOLEAN):
        return None
    words = words_of(name)
    if words in _PATIENT:
        return 0
    is_part = not _PART.isdisjoint(words.split())
    said = said_by(name)
    identifier = said.identifier if said is not None else one.said.get("identifier")
    if identifier in _PERSONAL:
        return 3 if is_part else 2 if identifier == "name" else 1
    is_number = one.kind is Kind.IDENTIFIER or says_numbering(name)
    return 3 if is_number else None


def _found(table: pd.DataFrame, name: str, codes: Codes) -> SubjectFound:
    known = np.flatnonzero(codes >= 0)
    n = int(codes.max(initial=-1)) + 1
    first = np.full(n, len(codes))
    np.minimum.at(first, codes[known], known)
    lasting = tuple(
        other
        for other in table.columns
        if other != name and _is_same(table[other], known, first[codes[known]])
    )
    return SubjectFound(name, n, len(table), lasting, first)


def _is_same(values: pd.Series, rows: Codes, first: Codes) -> bool:
    """Say whether a column is the same in all rows of a patient, and not in all of the table."""
    codes, different = pd.factorize(values)
    return len(different) > 1 and bool((codes[rows] == codes[first]).all())


def _is_lasting(name: str) -> bool:
    words = {plain_word(word) for word in words_of(name).split()}
    said = said_by(name)
    is_name = said is not None and said.identifier == "name"
    return says_sex(name) or not _LASTING.isdisjoint(words) or is_name
