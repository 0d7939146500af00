"""What a column's name can add where its values leave two readings open.

A name never makes a column an identifier; it tells grades from counts, and codes from numbers.
"""

from __future__ import annotations

import re

import pandas as pd

from synthhealth.cells.identifiers import words_of
from synthhealth.cells.missing import plain_word
from synthhealth.schema.units import ucum_of

__all__ = [
    "age_in_years",
    "female_and_male",
    "says_calendar",
    "says_code",
    "says_date",
    "says_epoch",
    "says_grade",
    "says_group",
    "says_numbering",
    "says_pressure",
    "says_sex",
    "unit_in",
]

OLDEST = 130

#: Names of lists of codes, and of what is coded.
_CODE = {
    *("code", "codes", "coded", "recode", "kode", "kod", "codigo", "código", "codice", "كود"),
    *("icd", "icd9", "icd10", "icd11", "icdo", "icpc", "snomed", "sctid", "atc", "loinc", "ndc"),
    *("rxnorm", "rxcui", "hcpcs", "cpt", "cpt4", "drg", "msdrg", "aprdrg", "gdrg", "opcs", "ops"),
    *("ccs", "ccsr", "icd10cm", "icd10pcs", "icd9cm", "mesh", "hpo", "concept", "zip", "goä"),
    *("diagnosis", "diagnoses", "diagnose", "diag", "dx", "diagnostic", "diagnóstico", "التشخيص"),
    *("procedure", "proc", "px", "prozedur", "itemid"),
}
#: Names of what sorts patients into groups, which are often numbered.
_GROUP = {
    *("hospital", "hosp", "clinic", "klinik", "krankenhaus", "hôpital", "المستشفى", "مستشفى"),
    *("ward", "station", "department", "dept", "abteilung", "القسم", "قسم", "service"),
    *("site", "center", "centre", "zentrum", "region", "country", "land", "province", "state"),
    *("race", "ethnicity", "ethnic", "ethnie", "religion", "nationality", "language", "العرق"),
    *("occupation", "occ", "beruf", "profession", "specialty", "speciality", "fachabteilung"),
    *("marital", "status", "payer", "provider", "source", "arm", "cohort"),
}
#: Beside these words, a name speaks of how many, how long or how much.
_QUANTITY = {
    *("days", "day", "tage", "hours", "hour", "weeks", "months", "years", "los", "stay", "time"),
    *("duration", "count", "counts", "total", "sum", "size", "beds", "cost", "costs", "charge"),
    *("charges", "rate", "ratio", "score", "age", "dose", "mg", "percent", "pct", "share"),
    *("visits", "admissions", "distance", "km", "income", "mortality", "persons"),
}
_CALENDAR = {"month", "monat", "mois", "mes", "الشهر", "weekday", "wochentag", "dow", "quarter"}
_CALENDAR |= {"day of week", "week day", "quartal", "اليوم"}
_DATE = {
    *("date", "dates", "datum", "dob", "birthday", "birthdate", "timestamp", "fecha", "dt"),
    *("datetime", "tarih", "tarihi", "zeitpunkt", "excel", "geburtsdatum", "تاريخ", "التاريخ"),
}
_EPOCH = {
    *("epoch", "unix", "time", "times", "zeit", "heure", "hora", "saat", "posix", "ms", "ts"),
    *("created", "updated", "modified", "الوقت", "وقت"),
}
_PRESSURE = {
    *("bp", "rr", "nibp", "abp", "pressure", "blutdruck", "tension", "tensión", "presión", "ta"),
    *("tansiyon", "الضغط", "ضغط", "血压", "pa", "bloodpressure"),
}
_GRADE = {
    *("stage", "grade", "grading", "stadium", "grad", "class", "degree", "level", "group", "grp"),
    *("category", "quartile", "quintile", "decile", "tertile", "severity", "ecog", "nyha", "asa"),
    *("performance", "fibrosis", "likert", "stufe", "schweregrad", "band", "education", "educ"),
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
    """Whether a name speaks of codes: ``industry recode``, ``icd9_2dec``."""
    return _speaks_of(_CODE, name)


def says_group(name: str) -> bool:
    """Whether a name speaks of groups that may be numbered: ``hospital``, ``ethnicity``."""
    return _speaks_of(_GROUP, name)


def says_calendar(name: str) -> bool:
    """Whether a name speaks of months or days of the week, which are numbered."""
    words = words_of(name)
    return words in _CALENDAR or not _CALENDAR.isdisjoint(words.split())


def says_date(name: str) -> bool:
    """Whether a name speaks of a date: ``visit_date``."""
    return not _DATE.isdisjoint(words_of(name).split())


def says_epoch(name: str) -> bool:
    """Whether a name speaks of a date or a time, as one of seconds since 1970: ``created_ts``."""
    return says_date(name) or not _EPOCH.isdisjoint(words_of(name).split())


def says_pressure(name: str, suffix: str = "") -> bool:
    """Whether a name, or the unit behind the numbers, speaks of a blood pressure."""
    unit = suffix.strip().lower().replace(" ", "")
    return unit in ("mmhg", "mm[hg]", "torr") or not _PRESSURE.isdisjoint(words_of(name).split())


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


def _speaks_of(what: set[str], name: str) -> bool:
    words = words_of(name).split()
    return not what.isdisjoint(words) and _QUANTITY.isdisjoint(words)


def female_and_male(levels: list[str]) -> tuple[str, str] | None:
    """Find the words for women and men among the levels of a column."""
    female = [level for level in levels if plain_word(level) in _FEMALE]
    male = [level for level in levels if plain_word(level) in _MALE]
    return (female[0], male[0]) if len(female) == len(male) == 1 else None
