"""One number as laboratories write it: ``12,30``, ``1.234,5``, ``< 0,5``, ``5.2 mg/L``."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Number", "parse_number"]

_LONGEST = 64
_PART = r"[ '’\u00a0\u202f]"
_CELL = re.compile(
    r"(?P<limit><=|>=|=<|=>|[<>≤≥])?\s*(?P<sign>[+\-−]?)"
    rf"(?P<digits>[0-9]{{1,3}}(?:{_PART}[0-9]{{3}})+(?![0-9])(?:[.,][0-9]+)?"
    r"|[0-9](?:[0-9.,]*[0-9])?|[.,][0-9]+)"
    r"(?P<exponent>[eE][+-]?[0-9]{1,3})?"
    r"(?:\s*(?P<unit>[^\s0-9.,][^\n\r]*))?"
)
_BLANKS = re.compile(_PART)
_LIMITS = {"≤": "<=", "=<": "<=", "≥": ">=", "=>": ">="}
_OTHER = {".": ",", ",": "."}
_THOUSANDS = {
    mark: re.compile(rf"[1-9][0-9]{{0,2}}(?:{re.escape(mark)}[0-9]{{3}})+") for mark in ".,"
}


@dataclass(frozen=True)
class Number:
    """A cell that is a number.

    Attributes
    ----------
    limit : str
        ``<``, ``<=``, ``>``, ``>=`` before a detection limit, or nothing.
    unit : str
        What follows the number.
    speaks_for : {".", ",", ""}
        The decimal mark that the cell shows without doubt.
    doubtful : {".", ",", ""}
        A sign that parts either decimals or thousands: the comma of ``1,234``.
    """

    limit: str
    unit: str
    speaks_for: str
    doubtful: str
    _sign: str
    _digits: str
    _exponent: str

    def text(self, decimal: str) -> str:
        """Write it with a decimal point; `decimal` is the mark where the cell leaves a doubt."""
        mark = self.speaks_for or decimal
        digits = self._digits.replace(_OTHER[mark], "").replace(mark, ".")
        return f"{self.limit}{self._sign}{digits}{self._exponent}"


def parse_number(cell: str) -> Number | None:
    """Read a cell without blanks around it; None if it is no number."""
    match = _CELL.fullmatch(cell) if len(cell) <= _LONGEST else None
    if match is None:
        return None
    digits = _BLANKS.sub("", match["digits"])
    marks = _marks(digits, is_parted=len(digits) < len(match["digits"]))
    if marks is None:
        return None
    limit = match["limit"] or ""
    return Number(
        limit=_LIMITS.get(limit, limit),
        unit=(match["unit"] or "").strip(),
        speaks_for=marks[0],
        doubtful=marks[1],
        _sign="-" if match["sign"] in ("-", "−") else "",
        _digits=digits,
        _exponent=match["exponent"] or "",
    )


def _marks(digits: str, *, is_parted: bool) -> tuple[str, str] | None:
    """Give the mark that the digits speak for and the doubtful one; None if they fit no form."""
    used = sorted({sign for sign in digits if sign in ".,"}, key=digits.rfind)
    if not used:
        return "", ""
    last = used[-1]
    if len(used) == 2:
        whole, _, fraction = digits.rpartition(last)
        fits = _THOUSANDS[_OTHER[last]].fullmatch(whole) and fraction.isdigit()
        return (last, "") if fits else None
    if digits.count(last) > 1:
        return (_OTHER[last], "") if _THOUSANDS[last].fullmatch(digits) else None
    if is_parted or not _THOUSANDS[last].fullmatch(digits):
        return last, ""
    return "", last
