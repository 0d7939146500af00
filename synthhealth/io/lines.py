"""The lines of a text table: what parts the columns, and the rows before their cells are read."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from synthhealth.errors import Doubt, FileError
from synthhealth.io.form import SEPARATORS
from synthhealth.io.layout import BOTTOM, TOP, Layout, find_layout, is_empty

__all__ = ["USUAL", "Rows", "find_separator", "look_at", "said_separator", "with_tabs"]


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
    >>> from synthhealth.io.lines import with_tabs
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


class _Line(NamedTuple):
    """A row, and the lines of the file that it takes."""

    cells: list[str]
    after: int
    """The line before its first."""
    end: int


@dataclass(frozen=True)
class Rows:
    """What the lines of a text table are."""

    layout: Layout
    width: int
    """The most cells that a row has."""
    n_named: int
    """How many cells the header has names for, the numbers of the rows included."""
    first: int
    """The line before that of the first patient."""
    aside: frozenset[int] = frozenset()
    """The lines below it that are no patients."""
    doubts: tuple[Doubt, ...] = ()


@dataclass
class _Seen:
    top: list[_Line] = field(default_factory=list)
    bottom: list[_Line] = field(default_factory=list)
    empty: list[_Line] = field(default_factory=list)
    odd: list[_Line] = field(default_factory=list)
    """Those below the top that have another number of cells than most at the top."""
    width: int = 0


def look_at(
    path: Path, lines: Iterable[str], separator: str, *, header: bool | None, skipped: int
) -> Rows:
    """Look at each row.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    lines : iterable of str
        Its lines, with their ends.
    separator : str
        What parts the cells.
    header : bool, optional
        Whether there is a line of names, where the user says so.
    skipped : int
        How many lines were left out before.

    Raises
    ------
    FileError
        It is no table, or a row has more or fewer cells than there are names.
    """
    seen = _seen(path, lines, separator, skipped)
    if not seen.top:
        raise FileError(f"{path}: the file holds no table, only blank lines; export it again")
    layout = find_layout(
        [line.cells for line in seen.top],
        [line.cells for line in seen.bottom],
        where=str(path),
        header=header,
    )
    n_named = layout.places[-1] + 1
    first = seen.top[layout.first - 1].end if layout.first else seen.top[0].after
    every = [*seen.top, *seen.bottom]
    footers = every[len(every) - layout.footers :] if layout.footers else []
    ended = {line.end for line in footers}
    aside = [*footers]
    n_comments = 0
    for line in sorted([*seen.top[layout.first :], *seen.odd], key=lambda one: one.end):
        if line.end in ended:
            continue
        if len(line.cells) != n_named and line.cells[0].startswith("#"):
            n_comments += 1
            aside.append(line)
        elif len(line.cells) < n_named or any(map(str.strip, line.cells[n_named:])):
            raise _ragged(path, line, n_named, separator, has_header=layout.has_header)
    doubts = []
    if n_named > 1 and (n_empty := sum(line.after >= first for line in seen.empty)):
        aside += seen.empty
        doubts.append(
            Doubt(f"{_counted(n_empty, 'row')} without any value: no patients, and left out")
        )
    if n_comments:
        doubts.append(
            Doubt(f"{_counted(n_comments, 'line')} with # in front: comments, and left out")
        )
    numbers = {
        number for line in aside for number in range(line.after + 1, line.end + 1) if number > first
    }
    return Rows(layout, seen.width, n_named, first, frozenset(numbers), tuple(doubts))


def _seen(path: Path, lines: Iterable[str], separator: str, skipped: int) -> _Seen:
    seen = _Seen()
    reader = csv.reader(_without_nul(path, lines), delimiter=separator)
    try:
        rows = _rows(reader, seen.empty, skipped)
        seen.top = [_Line(*row) for row in islice(rows, TOP)]
        widths = [len(line.cells) for line in seen.top]
        usual = max(set(widths), key=widths.count) if widths else 0
        bottom: deque[tuple[list[str], int, int]] = deque(maxlen=BOTTOM)
        for row in rows:
            bottom.append(row)
            if len(row[0]) != usual:
                seen.odd.append(_Line(*row))
        seen.bottom = [_Line(*row) for row in bottom]
    except csv.Error:
        raise FileError(
            f"{path}: line {skipped + reader.line_num} is not well-formed CSV; look for a "
            "quotation mark that is never closed, or export the table again"
        ) from None
    seen.width = max([*widths, *(len(line.cells) for line in seen.odd)], default=0)
    return seen


def _rows(reader: Any, empty: list[_Line], skipped: int) -> Iterator[tuple[list[str], int, int]]:
    """Give the rows that hold anything, the line before each and its last."""
    end = skipped
    for row in reader:
        after, end = end, skipped + reader.line_num
        if not row:
            continue
        if (not row[0] or row[0].isspace()) and is_empty(row):
            empty.append(_Line(row, after, end))
        else:
            yield row, after, end


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _ragged(
    path: Path, line: _Line, n_named: int, separator: str, *, has_header: bool
) -> FileError:
    others = f"the header has {n_named} names" if has_header else f"other lines have {n_named}"
    return FileError(
        f"{path}: line {line.end} has {len(line.cells)} values but {others}; quote values that "
        f"contain the separator ({_name(separator)}), or export the table again"
    )


def _without_nul(path: Path, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if "\0" in line:
            raise FileError(f"{path}: not a CSV but binary content; export the table as CSV")
        yield line


def _name(separator: str) -> str:
    return SEPARATORS.get(separator, repr(separator)).removesuffix("s")
