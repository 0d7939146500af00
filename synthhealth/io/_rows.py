"""The rows of a text table as its lines have them: the pass before the cells are read.

pandas fills short rows, takes the first column of rows that are too long for row labels and renames
the second of two equal column names: each would shift or rename a patient's values. Here each row
is looked at, and those that are no patients are found.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from synthhealth.errors import Doubt, FileError
from synthhealth.io._form import SEPARATORS
from synthhealth.io._layout import BOTTOM, TOP, Layout, find_layout, is_empty

__all__ = ["Rows", "look_at"]


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
