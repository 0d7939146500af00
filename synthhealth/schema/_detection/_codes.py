"""Codes of lists, such as ICD and LOINC, and what in a column of numbers is in doubt."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from synthhealth.errors import Doubt
from synthhealth.schema._detection._names import says_code
from synthhealth.schema._detection._sentinels import spike_doubt
from synthhealth.schema._knowledge._loinc import is_loinc
from synthhealth.schema._schema import MIN_CELL

__all__ = [
    "FEW_LEVELS",
    "FEW_WHOLE",
    "LONG_NUMBER",
    "are_codes",
    "form_of_number_codes",
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
    >>> from synthhealth.schema._detection._codes import are_codes
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
