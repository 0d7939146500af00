"""What parts the columns of a text table."""

from __future__ import annotations

import re
from collections import Counter

from synthhealth.io._form import SEPARATORS

__all__ = ["USUAL", "find_separator", "said_separator", "with_tabs"]

#: Those for which any text table is tried; the others only where none of them parts it.
USUAL = (",", ";", "\t", "|")
_RARE = tuple(mark for mark in SEPARATORS if mark not in (*USUAL, " "))
_QUOTED = re.compile(r'"[^"]*"')
_LINE_END = re.compile(r"\r\n|\r|\n")
_LOOKED_AT = 200  # rows
_MOSTLY = 0.6
_SAID = re.compile(r'"?sep=(.|\t)"?[ ,;\t]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
_BLANKS = re.compile(r'("(?:[^"]|"")*")| +')


def said_separator(text: str) -> str | None:
    """Give the separator that the first line says in Excel's way: ``sep=;``."""
    said = _SAID.match(text)
    return said[1] if said else None


def find_separator(text: str, *, cut: bool) -> str:
    """Find the separator in the first lines of a table.

    Of those that cut all lines into equally many parts it is the one that leaves the fewest parts
    which another one would cut, and then the one that cuts finest. A comma between digits is no
    such cut: ``3,5`` is a number in half of Europe. Where none does it is the one that cuts most
    lines so; the others are titles, comments and totals.

    Parameters
    ----------
    text : str
        The beginning of the file.
    cut : bool
        Whether its last line is not whole.
    """
    unquoted = _QUOTED.sub("quoted", text)
    lines = [line for line in _LINE_END.split(unquoted) if line.strip()]
    if cut:
        lines = lines[:-1] or lines
    if not lines:
        return ","
    counts = {mark: [line.count(mark) for line in lines] for mark in (*USUAL, *_RARE)}
    even = [mark for mark in counts if counts[mark][0] and len(set(counts[mark])) == 1]
    rows = lines[1 : 1 + _LOOKED_AT] or lines
    # min and max take the first of equals, and the comma comes first.
    if usual := [mark for mark in even if mark in USUAL]:
        return min(usual, key=lambda mark: (_left_over(mark, rows), -counts[mark][0]))
    # A colon parts the hours of a time, too.
    if rare := [mark for mark in even if counts[mark][0] > (mark == ":")]:
        return max(rare, key=lambda mark: counts[mark][0])
    shares = {mark: _share(counts[mark]) for mark in counts if mark != ":"}
    best = max(shares.values())
    if best >= _MOSTLY:
        as_good = [mark for mark, share in shares.items() if share == best]
        return min(as_good, key=lambda mark: (_left_over(mark, rows), -max(counts[mark])))
    if _is_parted_by_blanks(lines):
        return " "
    return max(USUAL, key=lambda mark: counts[mark][0])


def with_tabs(line: str) -> str:
    r"""Give a line whose columns are parted by blanks with tabs instead.

    Examples
    --------
    >>> from synthhealth.io._separators import with_tabs
    >>> with_tabs(' 57  F "Port Said"\n')
    '57\tF\t"Port Said"\n'
    """
    text = line.strip(" ").replace("\t", " ")
    return _BLANKS.sub(lambda found: found[1] or "\t", re.sub(r" +(?=[\r\n]*$)", "", text))


def _left_over(separator: str, rows: list[str]) -> int:
    """Count the rows with a part that another separator would cut."""
    others = "".join(mark for mark in USUAL if mark not in (separator, ","))
    pattern = f"[{others}]" if separator == "," else rf"[{others}]|(?<!\d),|,(?!\d)"
    other = re.compile(pattern)
    return sum(other.search(row) is not None for row in rows)


def _share(counts: list[int]) -> float:
    """Give the share of lines that are cut into as many parts as most are."""
    usual, n = Counter(counts).most_common(1)[0]
    # One cut may be any comma of a text; where the first line has it, it parts names.
    return n / len(counts) if usual > 1 or (usual == 1 and counts[0] == 1) else 0.0


def _is_parted_by_blanks(lines: list[str]) -> bool:
    """Whether runs of blanks part at least three columns, and one of them is of numbers."""
    rows = [line.split() for line in lines[: _LOOKED_AT + 1]]
    width = len(rows[-1])
    if width < 3 or len(rows) < 2 or any(len(row) != width for row in rows[1:]):
        return False
    if len(rows[0]) not in (width, width - 1):  # R leaves the names of the rows without one
        return False
    return any(
        all(re.fullmatch(r"[-+]?[0-9]*[.,]?[0-9]+|NA", row[place]) for row in rows[1:])
        and not rows[0][place - width].isdecimal()
        for place in range(1, width)
    )
