"""What a column's name can add where its values leave two readings open.

A name never makes a column an identifier; it tells grades from counts, and codes from numbers.
"""

from __future__ import annotations

import re

import pandas as pd

from synthhealth.cells.identifiers import words_of
from synthhealth.schema._knowledge._units import ucum_of
from synthhealth.schema._text._vocabulary import plain_word

__all__ = [
    "age_in_years",
    "female_and_male",
    "says_code",
    "says_date",
    "says_grade",
    "says_numbering",
    "says_sex",
    "unit_in",
]

OLDEST = 130

_CODE = {"code", "codes", "recode", "icd", "icd9", "icd10", "icpc", "snomed", "atc", "zip"}
_DATE = {"date", "dates", "datum", "dob", "birthday", "birthdate", "timestamp", "fecha", "dt"}
_GRADE = {
    *("stage", "grade", "grading", "stadium", "grad", "class", "degree", "level", "group", "grp"),
    *("category", "quartile", "quintile", "decile", "tertile", "severity", "ecog", "nyha", "asa"),
    *("performance", "fibrosis", "likert", "stufe", "schweregrad", "band"),
}
_SEX = {"sex", "gender", "geschlecht", "sexe", "sexo", "genre", "sesso", "kön", "الجنس"}
_FEMALE = {"f", "w", "female", "woman", "women", "weiblich", "frau", "femme", "mujer", "أنثى"}
_MALE = {"m", "male", "man", "men", "männlich", "mann", "homme", "hombre", "h", "ذكر"}
_AGE = {"age", "alter", "edad", "âge", "age at diagnosis", "age at admission", "patient age"}
_AGE |= {"age years", "age yrs", "age in years", "age y", "age yr"}
_NUMBERING = {
    *("id", "ids", "no", "nr", "nummer", "number", "index", "row", "record", "case", "key", "pid"),
    *("patient", "subject", "participant", "sample", "specimen", "unnamed", "seq", "seqn"),
    "serial",
}
_BRACKETED = re.compile(r"[(\[]([^()\[\]]+)[)\]]\s*$")


def says_code(name: str) -> bool:
    """Whether a name speaks of codes: ``industry recode``."""
    return not _CODE.isdisjoint(words_of(name).split())


def says_date(name: str) -> bool:
    """Whether a name speaks of a date: ``visit_date``."""
    return not _DATE.isdisjoint(words_of(name).split())


def says_grade(name: str) -> bool:
    """Whether a name speaks of grades or groups in an order: ``ascites degree``."""
    return not _GRADE.isdisjoint(words_of(name).split())


def says_numbering(name: str) -> bool:
    """Whether a name speaks of a number that rows or patients are given: ``id``."""
    return not _NUMBERING.isdisjoint(words_of(name).split())


def says_sex(name: str) -> bool:
    """Whether a name speaks of the sex."""
    return not _SEX.isdisjoint(words_of(name).split())


def unit_in(name: str) -> str | None:
    """Give the unit in brackets at the end of a name, in UCUM: ``Albumin (g/dL)``."""
    bracketed = _BRACKETED.search(name)
    return ucum_of(bracketed[1]) if bracketed else None


def age_in_years(name: str, numbers: pd.Series) -> bool:
    """Whether a column holds ages in years, by its name and its values."""
    known = numbers.dropna()
    return words_of(name) in _AGE and bool(known.between(0, OLDEST).all()) and known.nunique() > 5


def female_and_male(levels: list[str]) -> tuple[str, str] | None:
    """Find the words for women and men among the levels of a column."""
    female = [level for level in levels if plain_word(level) in _FEMALE]
    male = [level for level in levels if plain_word(level) in _MALE]
    return (female[0], male[0]) if len(female) == len(male) == 1 else None
