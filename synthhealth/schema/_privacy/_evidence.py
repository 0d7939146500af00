"""What in a column's values, and in its name, speaks for an identifier."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.cells.clock import looks_like_time
from synthhealth.cells.dates import looks_like_date
from synthhealth.cells.pairs import looks_like_pair
from synthhealth.schema._privacy._identifier_names import said_by, words_of

__all__ = ["FREE_TEXT", "find_identifier", "found_inside"]

FREE_TEXT = "free text"

#: A form counts where this share of the different values has it; the rest are slips of the pen.
MOST = 0.9
#: Fewer different values than this show no form.
FEW = 5
#: A code without telling form counts only where at least this many values all differ.
MANY = 20
#: Names, places and notes are taken for what the column's name says where this share differs.
VARIED = 0.5
OLDEST_SHOWN = 89
OLDEST = 130
WORDS_OF_TEXT = 4

_EMAIL = r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}"
_URL = r"(?:https?|ftp)://\S+|www\.\S+\.\S+"
_IP = (
    r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])"
)
_SSN = r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"
_PHONE = (
    r"(?<![\w.])\+\d{1,3}[ ./-]?(?:\(0?\d{1,4}\)|\d{1,4})(?:[ ./-]?\d{2,4}){2,4}(?![\w.])"
    r"|(?<![\w.])\(\d{2,5}\) ?\d{3,4}[ -]?\d{3,4}(?![\w.])"
    r"|(?<![\w.-])\d{3}[ .-]\d{3}[ .-]\d{4}(?![\w.-])"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_TIME = r"(?:[ t]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)? ?(?:am|pm|z|[+-]\d{2}:?\d{2})?)?"
_DATE = (
    rf"\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}{_TIME}"
    rf"|\d{{1,2}}([-/.])\d{{1,2}}\2(?:\d{{4}}|\d{{2}}){_TIME}"
    rf"|\d{{1,2}}[ -]{_MONTH}[ -]\d{{2,4}}{_TIME}"
    rf"|{_MONTH} \d{{1,2}},? \d{{4}}{_TIME}"
    r"|\d{4}-(?:0[1-9]|1[0-2])"
    rf"|{_MONTH}[ -]\d{{4}}"
)
_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_STREET = (
    r"\d+\w?,? (?:[\w.'-]+ ){1,4}(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd"
    r"|court|ct|place|pl|square|sq|way|terrace|close|crescent)\b.*"
    r"|[^\W\d][\w.' -]*(?:stra(?:ss|ß)e|str\.|weg|platz|gasse|allee) ?\d+ ?\w?\b.*"
    r"|\d+\w?,? (?:bis |ter )?(?:rue|avenue|boulevard|place|chemin|impasse) .*"
)
# The century, the date of birth (yymmdd), the governorate, a serial number, a check digit.
_EGYPTIAN_ID = r"[23]\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{7}"
_VIN = r"(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*\d)[A-HJ-NPR-Z0-9]{17}"
_IMAGE = r".+\.(?:jpe?g|png|tiff?|bmp|heic|gif)"
_PERSON = r"[^\W\d_][^\W\d_.'’-]*\.?(?:,?[ '’-][^\W\d_]+\.?){0,4}"
_PLACE = r"[^\W\d_][^\d<>=%]{1,40}"
_NUMBER = r"\s*(?:[<>≤≥=~]=?)?\s*[+-]?(?:\d[\d.,' \u00a0]*|\.\d+)(?:e[+-]?\d+)?\s*[^\d]*"
_TITRE = re.compile(r"1 ?: ?\d+")


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_DATE_FORM = _form(_DATE)

#: Forms that tell what a value is, whatever the column is called; the first that fits counts.
_TELLING: tuple[tuple[str, re.Pattern[str] | Callable[[str], object]], ...] = (
    ("e-mail address", _form(_EMAIL)),
    ("web address", _form(_URL)),
    ("IP address", _form(_IP)),
    ("national id", _form(_SSN)),
    ("date", lambda cell: _DATE_FORM.fullmatch(cell) or looks_like_date(cell)),
    ("telephone number", _form(_PHONE)),
    ("address", _form(_STREET)),
    ("unique code", _form(_UUID)),
)
#: Of these, the ones that are sought inside longer text as well.
_INSIDE = ("e-mail address", "web address", "IP address", "national id", "telephone number")

_AGES = {"age", "age years", "age yrs", "patient age", "age at diagnosis", "age at admission"}


def find_identifier(name: str, values: pd.Series) -> tuple[str, str] | None:
    """Give the identifier of a column and the evidence for it, in counts, or None."""
    known = values.dropna()
    if known.empty or isinstance(values.dtype, pd.CategoricalDtype):
        known = known.astype(object)
    if len(known) == 0 or types.is_bool_dtype(known.dtype):
        return None
    if types.is_datetime64_any_dtype(known.dtype):
        return _finer_than_a_year(known)
    said = said_by(words_of(name))
    if types.is_numeric_dtype(known.dtype):
        return _in_numbers(said, words_of(name), known)
    if not (types.is_object_dtype(known.dtype) or types.is_string_dtype(known.dtype)):
        return None
    cells = known.unique()
    if not all(isinstance(cell, str) for cell in cells):
        return None
    different = [cell.strip() for cell in cells if cell.strip()]
    return _in_text(said, different, len(known)) if different else None


def found_inside(values: pd.Series) -> list[tuple[str, str]]:
    """Give the identifiers that stand somewhere inside the text of a column."""
    if types.is_numeric_dtype(values.dtype) or types.is_datetime64_any_dtype(values.dtype):
        return []
    different = [cell for cell in values.dropna().unique() if isinstance(cell, str)]
    found = []
    for identifier, form in _TELLING:
        if identifier in _INSIDE and isinstance(form, re.Pattern):
            count = sum(1 for cell in different if form.search(cell))
            if count:
                found.append(
                    (identifier, f"{_count(count, len(different))} contain {_a(identifier)}")
                )
    return found


def _finer_than_a_year(known: pd.Series) -> tuple[str, str] | None:
    days = known.dt.strftime("%m-%d").nunique()
    if days <= 1:
        return None
    return "date", f"dates on {days} different days of the year"


def _in_numbers(said: str | None, words: str, known: pd.Series) -> tuple[str, str] | None:
    numbers = known.to_numpy(dtype=np.float64, na_value=np.nan)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return None
    if words in _AGES or words.startswith("age at "):
        old = int(np.sum(numbers > OLDEST_SHOWN))
        if old and numbers.min() >= 0 and numbers.max() <= OLDEST:
            return "age over 89", f"{old} of {numbers.size} ages are over 89"
        return None
    if np.any(numbers % 1) or numbers.min() < 0:
        return None
    if _is_running(numbers):
        return "unique code", f"the {numbers.size} values number the rows in order"
    if said is None:
        return None
    different = np.unique(numbers)
    if different.size < FEW:
        return None
    digits = _digits(different)
    evidence = f"the column's name, and {different.size} different whole numbers"
    shared = np.median(digits)
    if said == "postcode" and different.max() < 1e7 and shared >= 4:
        return said, evidence
    if said in ("telephone number", "fax number") and shared >= 7:
        return said, evidence
    if said == "national id" and 8 <= shared <= 16:
        return said, evidence
    numbered = (
        "record number",
        "health plan number",
        "account number",
        "licence number",
        "device identifier",
        "vehicle identifier",
    )
    if said in numbered and different.size >= VARIED * numbers.size:
        return said, evidence
    return None


def _is_running(numbers: npt.NDArray[np.float64]) -> bool:
    return bool(numbers.size >= MANY and numbers[0] in (0, 1) and np.all(np.diff(numbers) == 1))


def _digits(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.floor(np.log10(np.maximum(numbers, 1))).astype(np.int64) + 1


def _in_text(said: str | None, different: list[str], n: int) -> tuple[str, str] | None:
    for identifier, form in _TELLING:
        count = _matching(form, different)
        if count:
            return identifier, f"{_count(count, len(different))} have the form of {_a(identifier)}"
    numbered = _numbered_in_text(different)
    if numbered is not None:
        return numbered
    if said is not None:
        test = _AGREES.get(said, _is_code)
        count = _matching(test, different)
        varied = len(different) >= VARIED * n or said in ("place", "postcode")
        if count and varied:
            return said, f"the column's name, and {_count(count, len(different))} are of its form"
    if _is_free_text(different, n):
        return FREE_TEXT, f"{len(different)} different values, most of several words"
    if len(different) >= MANY and len(different) == n:
        count = _matching(_is_code, different)
        if count and len({_shape(cell) for cell in different}) <= 3:
            return "unique code", f"{count} values, all different, of the form of a code"
    return None


def _matching(form: re.Pattern[str] | Callable[[str], object], different: list[str]) -> int:
    """How many values have a form, or 0 where they are too few to show it."""
    test = form.fullmatch if isinstance(form, re.Pattern) else form
    need = MOST * len(different)
    count = 0
    for seen, cell in enumerate(different):
        count += bool(test(cell))
        if seen == MANY and count == 0:  # most columns have nothing of it: no need to read on
            return 0
    return count if count >= need and (count >= FEW or count == len(different)) else 0


def _numbered_in_text(different: list[str]) -> tuple[str, str] | None:
    if len(different) < FEW:
        return None
    for identifier, test, what in (
        ("national id", re.compile(_EGYPTIAN_ID), "an Egyptian national id"),
        ("vehicle identifier", re.compile(_VIN), "a vehicle identification number"),
        ("account number", _is_iban, "an IBAN"),
        ("account number", _is_card, "a payment card number"),
    ):
        count = _matching(test, different)
        if count:
            return identifier, f"{_count(count, len(different))} have the form of {what}"
    return None


def _is_iban(cell: str) -> bool:
    text = cell.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", text):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


def _is_card(cell: str) -> bool:
    if not re.fullmatch(r"\d{4}([ -]?)\d{4}\1\d{4}\1\d{3,4}", cell):
        return False
    digits = [int(sign) for sign in cell if sign.isdigit()][::-1]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_code(cell: str) -> bool:
    """Whether text could number something: no blanks to speak of, digits, and no measurement."""
    if cell.count(" ") > 2 or not any(sign.isdigit() for sign in cell):
        return False
    if re.fullmatch(r"0\d+", cell):
        return True
    return not (_MEASURED.fullmatch(cell) or _TITRE.fullmatch(cell) or _is_time_or_pair(cell))


def _is_time_or_pair(cell: str) -> bool:
    return looks_like_time(cell) or looks_like_pair(cell)


def _is_number_or_code(cell: str) -> bool:
    return cell.isdigit() or _is_code(cell)


def _is_free_text(different: Iterable[str], n: int) -> bool:
    lengths = [len(cell.split()) for cell in different]
    varied = len(lengths) >= max(VARIED * n, FEW)
    return varied and float(np.median(lengths)) >= WORDS_OF_TEXT


def _shape(cell: str) -> str:
    return re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "A", cell))


_MEASURED = _form(_NUMBER)
_AGREES: dict[str, re.Pattern[str] | Callable[[str], object]] = {
    "name": _form(_PERSON),
    "place": _form(_PLACE),
    "address": _form(r"(?=.*[^\W\d_]{2}).{5,}"),
    "postcode": _form(r"(?=.*\d)[\w -]{3,10}"),
    "telephone number": _form(r"[+\d(][\d ()/.-]{5,}\d"),
    "fax number": _form(r"[+\d(][\d ()/.-]{5,}\d"),
    "national id": _form(r"(?=.*\d)[\w .-]{6,20}"),
    "biometric": _form(_IMAGE),
    "photograph": _form(_IMAGE),
    "record number": _is_number_or_code,
    "health plan number": _is_number_or_code,
    "account number": _is_number_or_code,
    "licence number": _is_number_or_code,
    "vehicle identifier": _is_number_or_code,
    "device identifier": _is_number_or_code,
}


def _count(count: int, of: int) -> str:
    if count == of:
        return f"all {of} different values"
    return f"{count} of {of} different values"


def _a(identifier: str) -> str:
    return f"{'an' if identifier[0] in 'aeIi' else 'a'} {identifier}"
