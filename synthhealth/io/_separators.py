"""What parts the columns of a text table."""

from __future__ import annotations

import re

from synthhealth.io._form import SEPARATORS

_QUOTED = re.compile(r'"[^"]*"')
_LINE_END = re.compile(r"\r\n|\r|\n")
_LOOKED_AT = 200  # rows


def find_separator(text: str, *, cut: bool) -> str:
    """Find the separator in the first lines of a table.

    Of those that cut all lines into equally many parts it is the one that leaves the fewest parts
    which another one would cut, and then the one that cuts finest. A comma between digits is no
    such cut: ``3,5`` is a number in half of Europe.

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
    counts = {mark: [line.count(mark) for line in lines] for mark in SEPARATORS}
    even = [mark for mark in SEPARATORS if counts[mark][0] and len(set(counts[mark])) == 1]
    rows = lines[1 : 1 + _LOOKED_AT] or lines
    # min and max take the first of equals, and the comma comes first.
    if even:
        return min(even, key=lambda mark: (_left_over(mark, rows), -counts[mark][0]))
    return max(SEPARATORS, key=lambda mark: counts[mark][0])


def _left_over(separator: str, rows: list[str]) -> int:
    """Count the rows with a part that another separator would cut."""
    others = "".join(mark for mark in SEPARATORS if mark not in (separator, ","))
    pattern = f"[{others}]" if separator == "," else rf"[{others}]|(?<!\d),|,(?!\d)"
    other = re.compile(pattern)
    return sum(other.search(row) is not None for row in rows)
