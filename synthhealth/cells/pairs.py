"""Two numbers in one cell, as a blood pressure is written: ``120/80``, ``120/80 mmHg``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from synthhealth.cells.digits import to_latin

__all__ = ["PairForm", "infer_pairs", "looks_like_pair", "read_pair"]

_NUMBER = r"(?:0|[1-9]\d{0,4})(?:[.,]\d{1,3})?"
_PAIR = re.compile(
    rf"(?P<first>{_NUMBER})(?P<mark> ?[/x×] ?)(?P<second>{_NUMBER})"
    r"(?P<suffix> ?[^\W\d_][^\d\n]{0,11})?"
)
#: What stands behind this share of the pairs is their unit.
NEARLY_ALL = 0.8


@dataclass(frozen=True)
class PairForm:
    """How the cells of a column write pairs of numbers."""

    mark: str
    """What parts the numbers, with its blanks."""
    suffix: str
    """What stands behind nearly all pairs, with its blank: a unit."""
    pairs: tuple[tuple[str, str] | None, ...]
    """The two numbers of each of the different cells; None where a cell is none."""


def read_pair(cell: str, mark: str, suffix: str = "") -> tuple[str, str] | None:
    """Give the two numbers of a cell, in digits 0 to 9; None where it is no such pair.

    Examples
    --------
    >>> from synthhealth.cells.pairs import read_pair
    >>> read_pair("102 / 58", "/"), read_pair("١٢٠/٨٠", "/"), read_pair("120/80 left", "/", " mmHg")
    (('102', '58'), ('120', '80'), None)
    """
    match = _match(cell)
    if match is None or match["mark"].strip() != mark.strip():
        return None
    if (match["suffix"] or "").strip() not in ("", suffix.strip()):
        return None
    return match["first"], match["second"]


def looks_like_pair(cell: str) -> bool:
    """Whether a cell is two numbers."""
    return _match(cell) is not None


def infer_pairs(cells: Sequence[str], counts: Sequence[int]) -> PairForm | None:
    """Find how a column writes pairs; None if no cell is one.

    Parameters
    ----------
    cells : sequence of str
        The different cells.
    counts : sequence of int
        How many rows have each.
    """
    marks: dict[str, int] = {}
    suffixes: dict[str, int] = {}
    for cell, count in zip(cells, counts, strict=True):
        match = _match(cell)
        if match is not None:
            marks[match["mark"]] = marks.get(match["mark"], 0) + count
            suffix = match["suffix"] or ""
            suffixes[suffix] = suffixes.get(suffix, 0) + count
    if not marks:
        return None
    mark = max(marks, key=lambda one: marks[one])
    suffix = max(suffixes, key=lambda one: suffixes[one])
    if suffixes[suffix] < NEARLY_ALL * sum(suffixes.values()):
        suffix = ""
    pairs = tuple(read_pair(cell, mark, suffix) for cell in cells)
    return PairForm(mark, suffix, pairs)


def _match(cell: str) -> re.Match[str] | None:
    if len(cell) > 40:
        return None
    plain = to_latin(cell).replace("\u00a0", " ").replace("\u202f", " ").replace("٫", ".")
    return _PAIR.fullmatch(plain.strip())
