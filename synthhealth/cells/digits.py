"""Digits of other scripts, and marks that nobody sees: ``١٢`` is 12, and is written so again."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

__all__ = ["from_latin", "script_of", "to_latin", "without_marks"]

#: The signs that stand for 0 to 9, and for others that are written with them.
_SCRIPTS = {
    "arabic": str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"),
    "persian": str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"),
    "fullwidth": str.maketrans("0123456789.-/:", "０１２３４５６７８９．－／："),
}
#: Directions of writing, zero widths, the mark of a byte order, the soft hyphen.
_SINGLE = (0xAD, 0x61C, 0x180E, 0xFEFF)
_MARKS = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *_SINGLE]
)
#: Full-width signs stand in the order of ASCII.
_FULLWIDTH = range(0xFF01, 0xFF5F)


def to_latin(text: str) -> str:
    r"""Write the digits of any script, and full-width signs, as ASCII; drop invisible marks.

    Examples
    --------
    >>> from synthhealth.cells.digits import to_latin
    >>> to_latin("١٢٫٥"), to_latin("۱۲/۰۳"), to_latin("１２．５"), to_latin("12.5\u200f")
    ('12٫5', '12/03', '12.5', '12.5')
    """
    if text.isascii():
        return text
    return "".join(map(_latin, text.translate(_MARKS)))


def from_latin(text: str, script: str) -> str:
    """Write the digits of a text in a script: latin, arabic, persian or fullwidth.

    Examples
    --------
    >>> from synthhealth.cells.digits import from_latin
    >>> from_latin("12٫5", "arabic"), from_latin("12/03", "latin")
    ('١٢٫٥', '12/03')
    """
    return text if script == "latin" else text.translate(_SCRIPTS[script])


def script_of(texts: Iterable[str]) -> str:
    """Find the script in which most texts write their digits; latin if none has any.

    Examples
    --------
    >>> from synthhealth.cells.digits import script_of
    >>> script_of(["١٢٫٥", "٣"]), script_of(["12", "٣", "n/a"])
    ('arabic', 'latin')
    """
    found = dict.fromkeys(("latin", *_SCRIPTS), 0)
    for text in texts:
        digit = next((sign for sign in text if sign.isdecimal()), None)
        if digit is not None:
            shown = str(unicodedata.decimal(digit))
            found[next((one for one in found if from_latin(shown, one) == digit), "latin")] += 1
    return max(found, key=found.__getitem__)


def without_marks(text: str) -> str:
    r"""Drop invisible marks; a word keeps the joiners that stand between its letters.

    Examples
    --------
    >>> from synthhealth.cells.digits import without_marks
    >>> without_marks("\u200fأنثى\u200e")
    'أنثى'
    """
    if text.isascii():
        return text
    kept = {code: None for code in _MARKS if code not in (0x200C, 0x200D)}
    return text.translate(kept).strip("\u200c\u200d")


def _latin(sign: str) -> str:
    if sign.isascii():
        return sign
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    return chr(ord(sign) - 0xFEE0) if ord(sign) in _FULLWIDTH else sign
