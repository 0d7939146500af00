"""What in a column's values, and in its name, speaks for an identifier.

Values are judged once each, however many rows have them: a patient with several visits is no less
a patient.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.cells.clock import looks_like_time
from synthhealth.cells.dates import looks_like_date
from synthhealth.cells.identifiers import (
    FEW,
    FORMS,
    MANY,
    VARIED,
    Said,
    identifiers_inside,
    is_card,
    is_iban,
    plain,
    said_by,
    words_of,
)
from synthhealth.cells.pairs import looks_like_pair
from synthhealth.errors import Doubt
from synthhealth.schema.identifiers.people import days_in_numbers, is_day, names_of_people, says_day
from synthhealth.schema.identifiers.registers import (
    is_telephone,
    known_number,
    numbers_among,
    telephone_inside,
)

__all__ = ["FREE_TEXT", "find_identifier", "found_inside", "people_doubts"]

FREE_TEXT = "free text"

#: A form counts where this share of the different values has it; the rest are slips of the pen.
MOST = 0.9
#: A few words in a column that is called "name" are groups.
FEW_GROUPS = 5
#: Names of people are taken for them from this share with a known given name on; less is a doubt.
PEOPLE, PERHAPS = 0.5, 0.25
OLDEST_SHOWN = 89
OLDEST = 130
WORDS_OF_TEXT = 4
#: Texts of so many words are no labels, even if few of the rows differ.
WORDS_OF_REMARKS = 8
#: Different values that are looked at where a look takes long.
SAMPLE = 300
#: Cells that are read for what stands inside them.
READ = 5000
#: Codes for missing values, which are no part of a numbering.
_NO_NUMBERS = (-1, -9, -99, -999, -9999)

_STREET = (
    r"\d+\w?,? (?:[\w.'-]+ ){1,4}(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd"
    r"|court|ct|place|pl|square|sq|way|terrace|close|crescent)\b.*"
    r"|[^\W\d][\w.' -]*(?:stra(?:ss|ß)e|str\.|weg|platz|gasse|allee) ?\d+ ?\w?\b.*"
    r"|\d+\w?,? (?:bis |ter )?(?:rue|avenue|boulevard|place|chemin|impasse) .*"
    r"|(?:\d+ ?)?(?:شارع|ش\.) ?.{2,}"
)
_VIN = r"(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*\d)[A-HJ-NPR-Z0-9]{17}"
_IMAGE = r".+\.(?:jpe?g|png|tiff?|bmp|heic|gif)"
_PERSON = r"[^\W\d_][^\W\d_.'’-]*\.?(?:,?[ '’-][^\W\d_]+\.?){0,4}"
_PLACE = r"[^\W\d_][^\d<>=%]{1,40}"
_CURRENCY = r"(?:[$€£¥₹₺]|US\$|usd|eur|gbp|egp|l\.?e\.?|sar|aed|chf|try|cny|inr|ج\.?م\.?) ?"
_NUMBER = (
    rf"\s*(?:[<>≤≥=~]=?)?\s*(?:{_CURRENCY})?[+-]?(?:\d[\d.,' \u00a0]*|\.\d+)(?:e[+-]?\d+)?\s*[^\d]*"
)
_TITRE = re.compile(r"1 ?: ?\d+")

Form = re.Pattern[str] | Callable[[str], object]


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


#: Forms that tell what a value is, whatever the column is called; the first that fits counts.
_TELLING: tuple[tuple[str, Form, str], ...] = (
    *((one, FORMS[one], "") for one in ("e-mail address", "web address", "IP address")),
    ("national id", FORMS["national id"], ""),
    ("date", lambda cell: is_day(cell) or looks_like_date(cell), ""),
    ("telephone number", FORMS["telephone number"], ""),
    ("address", _form(_STREET), ""),
    ("unique code", FORMS["unique code"], ""),
    ("vehicle identifier", re.compile(_VIN), "a vehicle identification number"),
    ("account number", is_iban, "an IBAN"),
    ("account number", is_card, "a payment card number"),
)

_AGES = {"age", "age years", "age yrs", "patient age", "age at diagnosis", "age at admission"}


def find_identifier(name: str, values: pd.Series) -> tuple[str, str] | None:
    """Give the identifier of a column and the evidence for it, in counts, or None."""
    if types.is_bool_dtype(values.dtype):
        return None
    if types.is_datetime64_any_dtype(values.dtype):
        return _finer_than_a_year(values.dropna())
    if types.is_numeric_dtype(values.dtype):
        return _in_numbers(name, values.dropna())
    cells = np.asarray(values.unique(), dtype=object)
    cells = cells[~pd.isna(cells)]
    if not all(isinstance(cell, str) for cell in cells):
        return None
    different = list(dict.fromkeys(text for cell in cells if (text := plain(cell).strip())))
    return _in_text(said_by(name), different, values.count) if different else None


def found_inside(values: pd.Series) -> list[tuple[str, str]]:
    """Give the identifiers that stand somewhere inside the cells of a column."""
    if types.is_datetime64_any_dtype(values.dtype) or types.is_bool_dtype(values.dtype):
        return []
    cells = _texts_of(values)
    counts: dict[str, int] = {}
    for cell in cells:
        inside = set(identifiers_inside(cell))
        if "telephone number" not in inside and telephone_inside(cell):
            inside.add("telephone number")
        for identifier in inside:
            counts[identifier] = counts.get(identifier, 0) + 1
    for identifier, count in numbers_among(cells):
        counts[identifier] = max(count, counts.get(identifier, 0))
    return [
        (identifier, f"{_count(count, len(cells))} contain {_a(identifier)}")
        for identifier, count in counts.items()
    ]


def _texts_of(values: pd.Series) -> list[str]:
    """Give different cells as text, whole numbers too, as many as are read."""
    different = values.dropna().unique()
    if types.is_numeric_dtype(values.dtype):
        numbers = different[np.isfinite(np.asarray(different, dtype=np.float64))]
        return [f"{number:.0f}" for number in numbers[:READ] if number % 1 == 0]
    return [plain(cell) for cell in different[:READ] if isinstance(cell, str)]


def people_doubts(levels: Sequence[str]) -> list[Doubt]:
    """Say that the groups of a column may be people, or the numbers of people."""
    if len(levels) < FEW:
        return []
    different = [plain(level).strip() for level in levels]
    if names_of_people(different[:SAMPLE]) >= PERHAPS:
        what = "look like the full names of people"
    elif len(different) >= MANY and _prefix_and_run(different) is not None:
        what = "are running numbers behind the same letters, as patients have them"
    else:
        return []
    return [Doubt(f"its {len(levels)} different values {what}", "kind: identifier", 3)]


def _finer_than_a_year(known: pd.Series) -> tuple[str, str] | None:
    days = known.dt.strftime("%m-%d").nunique()
    if days <= 1:
        return None
    return "date", f"dates on {days} different days of the year"


def _in_numbers(name: str, known: pd.Series) -> tuple[str, str] | None:
    numbers = known.to_numpy(dtype=np.float64, na_value=np.nan)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return None
    words = words_of(name)
    if words in _AGES or words.startswith("age at "):
        old = int(np.sum(numbers > OLDEST_SHOWN))
        if old and numbers.min() >= 0 and numbers.max() <= OLDEST:
            return "age over 89", f"{old} of {numbers.size} ages are over 89"
        return None
    numbers = numbers[~np.isin(numbers, _NO_NUMBERS)]
    if not numbers.size or np.any(numbers % 1) or numbers.min() < 0:
        return None
    different = np.unique(numbers)
    said = said_by(name)
    named = says_day(name) or (said is not None and said.identifier == "date")
    days = days_in_numbers(different, named=named)
    if days is not None and (named or said is None):
        return "date", days
    found = _in_long_numbers(different)
    if found is not None:
        return found
    if _is_running(numbers):
        return "unique code", f"the {different.size} values number the rows in order"
    return _named_numbers(said, different, numbers.size) if said is not None else None


def _in_long_numbers(different: npt.NDArray[np.float64]) -> tuple[str, str] | None:
    """Find the numbers of registers among whole numbers, which lost their zeros in front."""
    width = len(f"{different[-1]:.0f}")
    if different.size < FEW or width < 9 or different[0] < 10 ** (width - 3):
        return None
    chosen = different[np.linspace(0, different.size - 1, min(SAMPLE, different.size)).astype(int)]
    texts = [f"{number:.0f}".zfill(width) for number in chosen]
    for identifier, form in (
        ("national id", FORMS["national id"]),
        ("telephone number", lambda text: width >= 11 and is_telephone(f"+{text}")),
    ):
        count = _matching(form, texts)
        if count:
            return identifier, f"{_count(count, len(texts))} have the form of {_a(identifier)}"
    return _of_a_register(texts)


def _of_a_register(texts: Sequence[str]) -> tuple[str, str] | None:
    register = known_number(texts)
    if register is None:
        return None
    identifier, what, count = register
    return identifier, f"{_count(count, len(texts))} have the form of {what}"


def _named_numbers(
    said: Said, different: npt.NDArray[np.float64], known: int
) -> tuple[str, str] | None:
    """Judge whole numbers by what their column's name says they are."""
    evidence = f"the column's name, and {different.size} different whole numbers"
    digits = np.median(np.floor(np.log10(np.maximum(different, 1))) + 1)
    match said.identifier:
        case "postcode":
            agrees = different[-1] < 1e7 and digits >= 4
            return (said.identifier, evidence) if agrees else None
        case "telephone number" | "fax number":
            agrees = digits >= 7
        case "national id":
            agrees = digits >= (5 if said.sure else 8)
        case "name" | "place" | "address" | "date" | "biometric" | "photograph":
            agrees = False
        case _:
            agrees = True
    if agrees and different.size >= FEW and said.suffices(different.size, known):
        return said.identifier, evidence
    return None


def _is_running(numbers: npt.NDArray[np.float64]) -> bool:
    """Whether numbers count the rows, or the patients to whom the rows belong, in their order."""
    steps = np.diff(numbers)
    return bool(
        numbers[0] in (0, 1)
        and numbers[-1] - numbers[0] >= MANY - 1
        and np.all((steps == 1) | (steps == 0))
    )


def _in_text(
    said: Said | None, different: list[str], known: Callable[[], int]
) -> tuple[str, str] | None:
    """Judge different texts; how many rows have one is only counted where it matters."""
    for identifier, form, what in _TELLING:
        count = _matching(form, different) if not what or len(different) >= FEW else 0
        if count:
            what = what or _a(identifier)
            return identifier, f"{_count(count, len(different))} have the form of {what}"
    register = _of_a_register(different[:SAMPLE])
    if register is not None:
        return register
    if said is not None and _agree(said, different, known):
        count = _matching(_AGREES.get(said.identifier, _is_code), different)
        if count:
            evidence = f"the column's name, and {_count(count, len(different))} are of its form"
            return said.identifier, evidence
    if len(different) > FEW_GROUPS and names_of_people(different[:SAMPLE]) >= PEOPLE:
        return "name", f"most of {len(different)} different values are full names of people"
    if _is_free_text(different, known):
        return FREE_TEXT, f"{len(different)} different values, most of several words"
    if len(different) >= MANY:
        count = _matching(_is_code, different)
        if count and len(different) == known() and len({_shape(cell) for cell in different}) <= 3:
            return "unique code", f"{count} values, all different, of the form of a code"
        if count and _prefix_and_run(different) is True:
            return "unique code", f"{count} codes that number the rows in order"
    return None


def _agree(said: Said, different: list[str], known: Callable[[], int]) -> bool:
    """Whether enough values differ for what a column's name says."""
    if said.identifier == "name":
        if len(different) > FEW_GROUPS and names_of_people(different[:SAMPLE]) >= PEOPLE:
            return True
        return (said.sure and len(different) >= 2) or (
            len(different) > FEW_GROUPS and len(different) >= VARIED * known()
        )
    return said.identifier in ("place", "postcode") or said.suffices(len(different), known())


def _matching(form: Form, different: Sequence[str]) -> int:
    """How many values have a form, or 0 where they are too few to show it."""
    test = form.fullmatch if isinstance(form, re.Pattern) else form
    need = MOST * len(different)
    count = 0
    for seen, cell in enumerate(different):
        count += bool(test(cell))
        if seen == MANY and count == 0:  # most columns have nothing of it: no need to read on
            return 0
    return count if count >= need and (count >= FEW or count == len(different)) else 0


def _prefix_and_run(different: Sequence[str]) -> bool | None:
    """Whether codes are running numbers behind the same letters, and stand in their order.

    None where they are no running numbers.
    """
    parts = [re.fullmatch(r"(.*[^\d])(\d{2,9})", cell) for cell in different]
    if not all(parts) or len({part[1] for part in parts if part}) > 1:
        return None
    numbers = [int(part[2]) for part in parts if part]
    if max(numbers) - min(numbers) >= 1.5 * len(numbers):
        return None
    return all(one < other for one, other in pairwise(numbers))


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


def _is_free_text(different: Sequence[str], known: Callable[[], int]) -> bool:
    if len(different) < FEW:
        return False
    words = float(np.median([len(cell.split()) for cell in different]))
    if words < WORDS_OF_TEXT:
        return False
    is_remark = len(different) >= MANY and words >= WORDS_OF_REMARKS
    return is_remark or len(different) >= VARIED * known()


def _shape(cell: str) -> str:
    return re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "A", cell))


_MEASURED = _form(_NUMBER)
_AGREES: dict[str, Form] = {
    "name": _form(_PERSON),
    "place": _form(_PLACE),
    "address": _form(r"(?=.*[^\W\d_]{2}).{5,}"),
    "postcode": _form(r"(?=.*\d)[\w -]{3,10}"),
    "telephone number": _form(r"[+\d(][\d ()/.-]{5,}\d"),
    "fax number": _form(r"[+\d(][\d ()/.-]{5,}\d"),
    "national id": _form(r"(?=.*\d)[\w .-]{6,20}"),
    "date": is_day,
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
