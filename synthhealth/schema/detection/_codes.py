"""Numbers that are codes or levels: of lists such as ICD and LOINC, groups, grades, doses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import Doubt
from synthhealth.schema.analytes import is_loinc, suggest
from synthhealth.schema.detection._sentinels import REPEATED, spike_doubt
from synthhealth.schema.detection.names import says_calendar, says_code, says_grade, says_group
from synthhealth.schema.reading.notation import count_decimals
from synthhealth.schema.types import MIN_CELL, Kind

__all__ = [
    "FEW_LEVELS",
    "FEW_WHOLE",
    "LONG_NUMBER",
    "Levels",
    "are_codes",
    "form_of_number_codes",
    "levels_in",
    "levels_of_numbers",
    "number_doubts",
]


Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: Numbers with no more different values than this are stages or codes, not measurements.
FEW_LEVELS = 5
#: So few different values with decimals, in less than this share of the rows, stand out.
FEW_ODD = 2
ODD_SHARE = 0.1
#: Whole numbers from here on have eight digits and more.
LONG_NUMBER = 1e7
#: Numbers with no more different values than this may be grades.
FEW_WHOLE = 20
#: Codes of numbers are so long, have each so many rows on average, and lie so far apart.
CODE_LENGTH = 4
CODE_ROWS = 3
CODE_DISTANCE = 20

#: ICD-10 with and without its point, ATC, NDC with its marks.
_FORMS = {
    "ICD-10": re.compile(r"[A-Z]\d[0-9AB](?:\.[0-9A-KXZ]{1,4})?[*†+!]?", re.IGNORECASE),
    "ATC": re.compile(r"[A-DGHJL-NPRSV]\d\d[A-Z]{2}\d\d", re.IGNORECASE),
    "NDC": re.compile(r"\d{4,5}-\d{3,4}-\d{1,2}"),
}
_ICD9 = re.compile(r"\d{3}(?:\.\d{1,2})?|V\d\d(?:\.\d{1,2})?|E\d{3}(?:\.\d)?", re.IGNORECASE)
#: A code has a digit and no blank.
_CODE_LIKE = re.compile(r"(?=\S*\d)[\w.+*/†-]{1,20}")
#: No number is written so.
_ONLY_ICD9 = re.compile(r"[VE].*|00?\d.*", re.IGNORECASE)


def form_of_number_codes(different: Numbers, counts: Counts) -> bool:
    """Whether whole numbers look like the codes of a list, such as 27130 and 99213.

    They are long, of about the same length, not round, and few of those that there could be occur,
    again and again.
    """
    if different[0] < 10.0 ** (CODE_LENGTH - 1) or (different % 1).any():
        return False
    n = different.size
    lengths = np.floor(np.log10(different[[0, -1]]))
    return bool(
        lengths[1] - lengths[0] <= 1
        and counts.max() >= MIN_CELL
        and counts.sum() >= CODE_ROWS * n
        and different[-1] - different[0] >= CODE_DISTANCE * n
        and (different % 10 == 0).mean() < 0.5
    )


def are_codes(name: str, texts: Sequence[str], counts: Counts) -> str | None:
    """Say why the cells of a column of text are codes that can be learned; None where they are not.

    Parameters
    ----------
    name : str
        The column's name.
    texts : sequence of str
        Its different cells.
    counts : numpy.ndarray
        How many rows have each. Where no code is frequent, there is nothing to learn.

    Examples
    --------
    >>> import numpy as np
    >>> from synthhealth.schema.detection._codes import are_codes
    >>> are_codes("x", ["M05.79", "I10", "E11.9"], np.array([8, 5, 9]))
    'codes of the form of ICD-10'
    >>> are_codes("icd9", ["250.00", "401.9"], np.array([8, 5]))
    'codes, as the name says'
    >>> are_codes("crp", ["250.10", "101.25"], np.array([8, 5])) is None
    True
    """
    if len(texts) > counts.sum() / 2 and counts.max() < MIN_CELL:
        return None
    cells = [text.strip() for text in texts]
    form = _form_of(cells)
    if form is not None:
        return f"codes of the form of {form}"
    if says_code(name) and all(map(_CODE_LIKE.fullmatch, cells)):
        return "codes, as the name says"
    return None


def _form_of(cells: Sequence[str]) -> str | None:
    for form, pattern in _FORMS.items():
        if all(map(pattern.fullmatch, cells)):
            return form
    if all(map(is_loinc, cells)):
        return "LOINC"
    if all(map(_ICD9.fullmatch, cells)) and any(map(_ONLY_ICD9.fullmatch, cells)):
        return "ICD-9"
    return None


def number_doubts(different: Numbers, counts: Counts) -> list[Doubt]:
    """Say what in a column of more than a few numbers a person should look at."""
    spike = spike_doubt(different, counts)
    doubts = [] if spike is None else [spike]
    n = int(counts.sum())
    broken = different % 1 != 0
    if broken.any():
        odd = int(counts[broken].sum())
        if broken.sum() <= FEW_ODD < different.size / 5 and odd < ODD_SHARE * n:
            text = f"{odd} of {n} values have decimals, no other has; were they filled in?"
            doubts.append(Doubt(text, "decimals: 0"))
        return doubts
    is_dense = different[-1] - different[0] < 1.5 * different.size
    # Telephones, accounts and national numbers have about as many digits each.
    is_long = different[0] >= LONG_NUMBER and different[-1] < 100 * different[0]
    if different.size <= FEW_WHOLE and is_dense and different[0] in (0, 1):
        doubts.append(
            Doubt(
                f"only {different.size} different whole numbers; if they are grades or sizes "
                "rather than counts, declare the column as ordinal",
                "kind: ordinal",
            )
        )
    elif different.size > 2 * FEW_WHOLE and (
        different.size == n or is_long or (is_dense and different.size > n / 2)
    ):
        doubts.append(
            Doubt(
                f"{different.size} different whole numbers in {n} rows; if they number patients or "
                "samples, declare the column as identifier",
                "kind: identifier",
                3 if is_long else 2,
            )
        )
    return doubts


#: Numbers of a group, such as wards, are no more than so many.
MOST_GROUPS = 200
MOST_GRADES = 20
MOST_OF_CALENDAR = 12
#: Codes have no more decimals than this: 250.00.
CODE_DECIMALS = 2
#: Levels are seen so often, on average; of a measurement there would be more different values.
OFTEN = 10


class Levels(NamedTuple):
    """What levels a column of numbers has."""

    kind: Kind
    """Nominal or ordinal."""
    why: str
    """The reason, in words and without a value."""
    doubt: Doubt
    """What a person should look at."""


def levels_of_numbers(name: str, different: Numbers, counts: Counts) -> Levels | None:
    """Take numbers for codes, groups or grades, if their name or they themselves say so.

    Parameters
    ----------
    name : str
        The column's name.
    different : numpy.ndarray
        The different values, in order.
    counts : numpy.ndarray
        How many rows have each.

    Returns
    -------
    Levels or None
        None where the numbers may well be a quantity.

    Examples
    --------
    >>> import numpy as np
    >>> from synthhealth.schema.detection._codes import levels_of_numbers
    >>> numbers, counts = np.array([101.0, 102, 104, 110, 115, 131]), np.full(6, 25)
    >>> levels_of_numbers("hospital", numbers, counts).kind.value
    'nominal'
    >>> levels_of_numbers("x", numbers, counts).kind.value
    'ordinal'
    """
    n, low, high = different.size, different[0], different[-1]
    is_whole = not (different % 1).any()
    measured = "count" if is_whole else "continuous"
    repeated = n <= counts.sum() / 2 or counts.max() >= MIN_CELL
    is_code = says_code(name) and count_decimals(different) in range(CODE_DECIMALS + 1)
    is_group = says_group(name) and is_whole and n <= MOST_GROUPS
    if low >= 0 and repeated and (is_code or is_group):
        numbers = "whole numbers" if is_whole else "numbers"
        what = "codes" if is_code else "groups"
        doubt = Doubt(
            "only codes that occur are drawn; if the numbers are a quantity, say so",
            f"kind: {measured}",
            2,
        )
        why = f"{n} different {numbers} that the name calls {what}"
        return Levels(Kind.NOMINAL, why, doubt)
    of_calendar = says_calendar(name) and 0 <= low <= high <= MOST_OF_CALENDAR
    is_dense = high - low < n + 1
    if is_whole and (of_calendar or (is_dense and says_grade(name) and n <= MOST_GRADES)):
        what = "months or days" if of_calendar else "grades or groups"
        doubt = Doubt("if the groups have no order, declare the column as nominal", "kind: nominal")
        return Levels(Kind.ORDINAL, f"{n} whole numbers in a row that the name calls {what}", doubt)
    if form_of_number_codes(different, counts):
        text = (
            f"{n} long whole numbers that occur again and again look like codes, so that only "
            "those that occur are drawn; if they "
        )
        if low >= LONG_NUMBER and n > FEW_WHOLE:  # as telephones and national numbers are
            doubt = Doubt(f"{text}number patients, say so", "kind: identifier", 3)
        else:
            doubt = Doubt(f"{text}are a quantity, say so", "kind: count", 2)
        return Levels(Kind.NOMINAL, "whole numbers like codes", doubt)
    why_levels = levels_in(different, counts)
    if why_levels is None or suggest(name, pd.Series(different.repeat(counts)), None) is not None:
        return None
    doubt = Doubt(
        f"{why_levels}: only those that occur are drawn; if they are a quantity, say so",
        f"kind: {measured}",
        2,
    )
    return Levels(Kind.ORDINAL, why_levels, doubt)


def levels_in(different: Numbers, counts: Counts) -> str | None:
    """Say why numbers are levels rather than measurements; None where they may well be measured.

    Parameters
    ----------
    different : numpy.ndarray
        The different values of a column, in order.
    counts : numpy.ndarray
        How many rows have each.

    Examples
    --------
    >>> import numpy as np
    >>> from synthhealth.schema.detection._codes import levels_in
    >>> doses = np.array([2.5, 5, 10, 20, 40, 60])
    >>> levels_in(doses, np.full(6, 25))
    'only 6 different numbers, with gaps between them'
    >>> levels_in(np.arange(9.0), np.full(9, 25)) is None
    True
    """
    n = different.size
    if n <= 2 or n > FEW_WHOLE:
        return None
    positive = different[different > 0]
    ratios = positive[1:] / positive[:-1]
    if ratios.size >= 3 and ratios[0] >= 2 and np.allclose(ratios, ratios[0]):
        return f"{n} numbers, each the same multiple of the one before, as titres are"
    if counts.min() < REPEATED or counts.sum() < OFTEN * n:
        return None
    decimals = count_decimals(different)
    if decimals is None:
        return None
    between = np.round(np.diff(different) * 10.0**decimals) - 1
    frequent = np.minimum(counts[1:], counts[:-1]) >= MIN_CELL
    if between[frequent].sum() < n:
        return None
    return f"only {n} different numbers, with gaps between them"
