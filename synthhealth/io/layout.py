"""Where in a grid of cells the table is: its names, its units, its first and its last patient.

People put titles and comments above a table, units or a second line of names below the names, and
totals below the patients. This works on rows of texts, wherever they come from; what is said of a
row is judged by the columns of the rows around it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

from synthhealth.cells.visible import visible
from synthhealth.errors import Doubt, FileError
from synthhealth.io.cells import FOOTER, MISSING_WORDS, is_unit

__all__ = ["BOTTOM", "TOP", "Layout", "Row", "find_layout", "is_empty", "is_value"]

#: The cells of a row as texts; None and blanks are empty.
Row: TypeAlias = "Sequence[str | None]"

#: How many rows at the top and at the end of a table are looked at.
TOP, BOTTOM = 200, 30
_MOST_TITLES = 20
_MOST_LABELS = 3
#: Fewer patients do not say what is usual in a column.
_FEW = 5
#: From this share of numbers or dates on, a column is one of them.
_MOSTLY = 0.8
_EXPONENT = re.compile(r"[-+]?[0-9.,]+[eE][-+]?[0-9]+")


@dataclass(frozen=True)
class Layout:
    """Where the table is in a grid.

    Attributes
    ----------
    names : tuple of str
        The columns; ``column 1`` and so on where there are no names.
    places : tuple of int
        Which cell of a row each of them is.
    unnamed : frozenset of str
        The columns that have no name in the header: they are none if they are empty throughout.
    first : int
        The first row of a patient, counted from the top of the grid.
    footers : int
        How many rows at the end are no patients.
    has_header : bool
        Whether there is a line of names; if not, they are made up.
    units : dict of str to str
        What a line of units below the names says, as it is written.
    doubts : tuple of Doubt
        What was recognised and could be otherwise; no cell is among them.
    """

    names: tuple[str, ...]
    places: tuple[int, ...]
    first: int
    footers: int = 0
    unnamed: frozenset[str] = frozenset()
    has_header: bool = True
    units: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()


def is_empty(row: Row) -> bool:
    """Whether all cells of a row are empty: then it is no patient."""
    return not any(cell and not cell.isspace() for cell in row)


def find_layout(
    top: Sequence[Row], bottom: Sequence[Row] = (), *, where: str, header: bool | None = None
) -> Layout:
    """Find where the table is.

    Parameters
    ----------
    top : sequence of rows
        The first rows, about `TOP` of them or all.
    bottom : sequence of rows
        The last rows, about `BOTTOM` of them, that are not among the first.
    where : str
        The file, and the sheet if there is one, for messages.
    header : bool, optional
        Whether there is a line of names, where the user says so.

    Returns
    -------
    Layout

    Raises
    ------
    FileError
        Two columns have the same name, or the rows have more cells than the header has names.
    """
    rows = [_texts(row) for row in top]
    last = [_texts(row) for row in bottom]
    line = _header_line(rows, header) if rows else 0
    if not any(map(any, rows[line:])):
        raise FileError(f"{where}: there is no table, only empty cells; export it again")
    below = rows[line + 1 :]
    doubts: list[Doubt] = []
    names = rows[line]
    n_rows_above = sum(map(any, rows[:line]))
    has_header = header is not False
    if header is None:
        has_header = not looks_like_patient(names, below)
    if not has_header:
        return _without_names(rows, last, line, n_rows_above, said=header is False)
    n_labels, units = _labels(names, below)
    upper = next((row for row in reversed(rows[:line]) if any(row)), [])
    labels = [] if units is not None else below[:n_labels]
    joined = _joined_names(names, upper, labels[0] if labels else [])
    body = _patients(below[n_labels:], last)
    full = joined.names
    width = _usual_width([*body.rows] or [full])
    while width > len(full) and not any(len(row) >= width and row[width - 1] for row in body.rows):
        width -= 1
    numbered = width == len(full) + 1 and _is_numbering(body.column(0))
    if numbered:
        full = ["", *full]
    while full and not full[-1] and not any(len(row) >= len(full) for row in body.rows):
        full = full[:-1]
    places = list(range(max(len(full), 1)))
    if full and not full[0] and len(full) > 1 and _is_numbering(body.column(0)):
        places = places[1:]
        doubts.append(Doubt("the numbers of the rows, which have no name, were left out"))
    shown = {place: full[place] or f"column {place + 1}" for place in places if place < len(full)}
    _check_names(where, shown)
    n_lines = n_rows_above - joined.above + n_labels - joined.below - (units is not None)
    if n_lines:
        doubts.append(
            Doubt(f"{_lines(n_lines)} above the table or below its names, such as titles and "
                  "comments, were left out")
        )  # fmt: skip
    if joined.above or joined.below:
        doubts.append(Doubt("the names stand in two lines, which were joined"))
    if body.footers:
        doubts.append(_footer_doubt(body.footers))
    return Layout(
        tuple(shown.values()),
        tuple(shown),
        line + 1 + n_labels,
        body.n_last,
        unnamed=frozenset(name for place, name in shown.items() if not full[place]),
        units={shown[place]: unit for place, unit in (units or {}).items() if place in shown},
        doubts=tuple(doubts),
    )


def _texts(row: Row) -> list[str]:
    return ["" if cell is None or cell.isspace() else visible(cell) for cell in row]


def _lines(n: int) -> str:
    return "1 line" if n == 1 else f"{n} lines"


def _footer_doubt(n: int) -> Doubt:
    return Doubt(
        f"{_lines(n)} at the end, such as totals and remarks, were taken for no patients", weight=2
    )


# --- the names -----------------------------------------------------------------------------------


def _header_line(rows: Sequence[list[str]], header: bool | None) -> int:
    """Find the line of names: the first that is no title and no comment."""
    used = {
        place
        for row in rows
        if sum(map(bool, row)) > 1 and not row[0].startswith("#")
        for place, cell in enumerate(row)
        if cell
    }
    most = len(rows) - 1
    line = 0
    while line < most and line < _MOST_TITLES and not _may_be_header(line, rows, used):
        line += 1
    found = _may_be_header(line, rows, used) or not used
    if not found or (header is False and not rows[line][0].startswith("#")):
        return 0 if not used else line
    return line


def _may_be_header(line: int, rows: Sequence[list[str]], used: set[int]) -> bool:
    row = rows[line]
    filled = {place for place, cell in enumerate(row) if cell}
    if not filled:
        return False
    if row[0].startswith("#"):  # a comment, unless patients follow it
        after = next((one for one in rows[line + 1 :] if any(one)), [""])
        return not after[0].startswith("#") and any(map(is_value, after))
    if 2 * len(filled) > len(used):
        return True
    # A name for each column but the numbers of the rows.
    return filled == used - {0} or (
        filled == set(range(len(used) - 1))
        and len(row) == len(used) - 1
        and _is_numbering([one[0] for one in rows[line + 1 :] if one])
    )


def looks_like_patient(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the line that should hold the names holds a patient.

    All columns of numbers have a number in it, and no column of few levels has another word.

    Parameters
    ----------
    first : sequence of str
        The cells of the line.
    rows : sequence of rows
        Some of the rows below.

    Examples
    --------
    >>> from synthhealth.io.layout import looks_like_patient
    >>> looks_like_patient(["57", "F"], [["64", "F"], ["32", "M"]])
    True
    >>> looks_like_patient(["age", "sex"], [["64", "F"], ["32", "M"]])
    False
    """
    numbers, same, other = [], 0, 0
    for place, cell in enumerate(first):
        cells = [row[place] for row in rows if place < len(row) and row[place]]
        if not cells or not cell:
            continue
        if _are_values(cells):
            if is_value(cell):
                numbers.append(cell.strip())
            elif cell.strip() not in MISSING_WORDS:
                return False
            continue
        counts = Counter(cells)
        if 2 * len(counts) <= len(cells):
            same += cell in counts
            few = len(cells) >= 20 and len(counts) <= 10
            other += cell not in counts and few and min(counts.values()) > 1
    if not numbers:
        return same > 1 and not other and same == sum(map(bool, first))
    return not other and not _number_columns(numbers, len(first))


def _number_columns(names: Sequence[str], n: int) -> bool:
    """Whether numbers may well be names: positions, or years."""
    if not all(name.isdecimal() for name in names):
        return False
    numbers = [int(name) for name in names]
    rising = all(low < high for low, high in pairwise(numbers))
    years = len(numbers) > 1 and all(1900 <= number <= 2100 for number in numbers)
    return (set(numbers) <= set(range(n + 1)) or years) and rising


@dataclass(frozen=True)
class _Joined:
    names: list[str]
    above: int = 0
    below: int = 0


def _joined_names(names: list[str], upper: list[str], lower: list[str]) -> _Joined:
    """Join a line of groups and one of names, where one alone leaves columns without their own."""
    if lower and any(name for place, name in enumerate(lower) if not _at(names, place)):
        groups = _spread(names, len(lower))
        both = [_pair(group, name) for group, name in zip(groups, lower, strict=False)]
        named = [_at(names, place) if not _at(lower, place) else both[place]
                 for place in range(max(len(names), len(lower)))]  # fmt: skip
        return _Joined(named, below=1)
    if not _has_twins(names):
        return _Joined(names)
    for groups, inner, above in ((_spread(upper, len(names)), names, 1), (names, lower, 0)):
        if groups and inner and any(groups):
            named = [_pair(_at(groups, place), name) for place, name in enumerate(inner)]
            if not _has_twins(named):
                return _Joined(named, above=above, below=1 - above)
    return _Joined(names)


def _spread(groups: Sequence[str], n: int) -> list[str]:
    """Carry the name of a group to all its columns, as a merged cell has it once."""
    spread: list[str] = []
    for place in range(n):
        spread.append(_at(groups, place) or (spread[-1] if spread else ""))
    return spread if any(groups) else []


def _pair(group: str, name: str) -> str:
    return f"{group} {name}".strip()


def _at(row: Sequence[str], place: int) -> str:
    return row[place] if place < len(row) else ""


def _has_twins(names: Sequence[str]) -> bool:
    known = [name for name in names if name]
    return len(set(known)) < len(known)


def _check_names(where: str, names: Mapping[int, str]) -> None:
    first: dict[str, int] = {}
    for place, name in names.items():
        if name in first:
            # Positions, not the name: a file without a header has a patient in this line.
            raise FileError(
                f"{where}: columns {first[name] + 1} and {place + 1} have the same name in the "
                "header; give each column its own (the first line must hold the names)"
            )
        first[name] = place


def _without_names(
    rows: Sequence[list[str]], last: Sequence[list[str]], line: int, above: int, *, said: bool
) -> Layout:
    """Make names up, since the line that should hold them is a patient."""
    body = _patients(rows[line:], last)
    width = _usual_width(body.rows)
    names = tuple(f"column {place + 1}" for place in range(width))
    doubts = []
    if not said:
        doubts.append(
            Doubt(
                "the first line looks like a patient and not like names, so the columns are called "
                f"column 1 to column {width}; write the names into the first line, or, if it holds "
                "them, say so",
                "--header",
                3,
            )
        )
    if above:
        doubts.append(Doubt(f"{_lines(above)} above the table were left out"))
    if body.footers:
        doubts.append(_footer_doubt(body.footers))
    return Layout(
        names, tuple(range(width)), line, body.n_last, has_header=False, doubts=tuple(doubts)
    )


# --- what stands below the names -----------------------------------------------------------------


def _labels(names: Sequence[str], below: Sequence[list[str]]) -> tuple[int, dict[int, str] | None]:
    """Count the lines below the names that are no patients; give the units if one is of them."""
    n = 0
    while n < _MOST_LABELS and len(below) > n + 2:
        line, rest = below[n], below[n + 1 :]
        if not any(line):
            break
        columns = {
            place: [row[place] for row in rest if place < len(row) and row[place]]
            for place in range(len(line))
        }
        numbers = [place for place, cells in columns.items() if cells and _are_values(cells)]
        said = [line[place].strip() for place in numbers if line[place]]
        if not said or any(is_value(cell) or cell in MISSING_WORDS for cell in said):
            break
        words = [place for place in columns if place not in numbers and line[place]]
        if any(line[place] in columns[place] for place in words):
            break
        if 2 * sum(map(is_unit, said)) >= len(said):
            return n + 1, {place: cell for place, cell in enumerate(line) if cell}
        fills = any(not _at(names, place) for place in numbers if line[place])
        if len(numbers) < 2 or len(rest) < _FEW or (len(said) < len(numbers) and not fills):
            break
        n += 1
    return n, None


# --- the patients --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Body:
    rows: list[list[str]]
    footers: int
    n_last: int
    """The footers, and the empty rows among them."""

    def column(self, place: int) -> list[str]:
        return [_at(row, place) for row in self.rows]


def _patients(rows: Sequence[list[str]], last: Sequence[list[str]]) -> _Body:
    """Leave out the footers and the empty rows at the end."""
    every = [*rows, *last]
    kept = list(every)
    footers = 0
    while kept and (not any(kept[-1]) or _is_footer(kept[-1], kept[:-1])):
        footers += any(kept[-1])
        kept.pop()
    return _Body([row for row in kept if any(row)], footers, len(every) - len(kept))


def _is_footer(row: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a row at the end is a total or a remark: new words, in few cells."""
    filled = [place for place, cell in enumerate(row) if cell]
    full = [one for one in rows if sum(map(bool, one)) > len(filled)]
    if len(full) < _FEW or any("\n" in row[place] for place in filled):
        return False
    if row[0].startswith("#") and len(filled) == 1:
        return True
    width = _usual_width(full)
    is_short = len(row) < width
    odd = [
        place
        for place in filled
        if _is_odd(row[place], [_at(one, place) for one in full], is_short=is_short)
    ]
    if filled[0] not in odd:
        return False
    return (
        len(filled) == 1
        or FOOTER.match(row[filled[0]]) is not None
        or (len(odd) == len(filled) and 2 * len(filled) <= width)
    )


def _is_odd(cell: str, column: Sequence[str], *, is_short: bool) -> bool:
    """Whether a cell is nothing that a column would hold."""
    cells = [one for one in column if one]
    if cell in cells:
        return False
    if FOOTER.match(cell):
        return True
    has_words = any(mark in cell.strip() for mark in " :")
    if not cells or _are_values(cells):
        return has_words and not is_value(cell)
    return has_words and is_short and len(cell) > max(map(len, cells))


def is_value(cell: str) -> bool:
    """Whether a cell is a number, a date or a time: digits, and no letters."""
    if not any(map(str.isdigit, cell)):
        return False
    return not any(map(str.isalpha, cell)) or _EXPONENT.fullmatch(cell.strip()) is not None


def _are_values(cells: Sequence[str]) -> bool:
    known = [cell for cell in cells if cell.strip() not in MISSING_WORDS]
    return sum(map(is_value, known)) >= max(1, _MOSTLY * len(known))


def _is_numbering(column: Sequence[str]) -> bool:
    """Whether a column counts the rows, as R and pandas write it."""
    if not column or not all(re.fullmatch("[0-9]+", cell) for cell in column):
        return False
    return all(int(low) < int(high) for low, high in pairwise(column))


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    counts = Counter(map(len, rows))
    return max(counts, key=lambda width: (counts[width], width)) if counts else 0
