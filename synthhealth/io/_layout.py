"""Where the table lies among the cells of a sheet: titles above it, units below its header, notes.

Nothing here depends on the form of a file: cells are any values, None where they are empty.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Layout", "find_layout", "is_result"]

Row = Sequence[object]

#: A header is sought in so many rows, and a title has at most this share of the columns.
MOST_TITLES, NARROW = 10, 0.5
#: A column is of numbers where this share of its cells are.
MOSTLY = 0.8
#: A unit has at most so many signs.
LONGEST_UNIT = 15

_NUMBER = re.compile(r"\s*[<>≤≥~]?\s*[+-]?(?:\d[\d.,٫٬]*|[.,]\d+)\s*%?\s*").fullmatch
#: What is a unit by its form: a quotient, a percentage, a power; and the usual ones without it.
_QUOTIENT = re.compile(
    r"[^\s\d/]{0,6}(?:\d{0,3}[\^*]\d{1,2})?[^\s\d/]{0,6}/[^\s/]{1,8}(?:/[^\s/]{1,8})?"
)
_WORDS = frozenset(
    word
    for line in (
        "% ‰ a y yr yrs year years mo month months wk week weeks d day days h hr hrs hour hours",
        "min mins minutes s sec seconds ms kg g mg µg μg ug ng pg fg mol mmol µmol μmol nmol pmol",
        "l dl ml µl μl fl m cm mm µm nm mmhg kpa cmh2o bpm °c ℃ c f °f u iu miu ku kcal kj",
        "pack-years score points ratio count n cells x10^9/l 10^9/l k/ul",
        "jahre tage monate stunden minuten ans années jours mois heures años días meses horas",
        "سنة سنوات يوم أيام شهر ساعة كغ كجم سم مم ملغ yıl gün ay saat 岁 年 月 天 小时 分钟",
    )
    for word in line.split()
)
_TOTALS = re.compile(
    r"(?:total|sum|mean|average|median|sd|count|n|gesamt|summe|mittelwert|total général|moyenne"
    r"|media|المجموع|الإجمالي|المتوسط|toplam|ortalama|合计|总计|平均)\b.*",
    re.IGNORECASE,
).fullmatch


@dataclass(frozen=True)
class Layout:
    """Which of the rows are what, by their places from 0."""

    header: int
    rows: tuple[int, ...]
    """The rows of patients."""
    units: dict[int, str] = field(default_factory=dict)
    """The units of columns, by their places."""
    titles: int = 0
    """How many rows above the header hold anything."""
    has_units: bool = False
    """Whether the row below the header holds units."""
    notes: int = 0
    """How many rows below the table hold anything."""


def find_layout(grid: Sequence[Row]) -> Layout | None:
    """Find the table among rows of cells; None where all are empty.

    Only what is surely no patient is left out: rows of a title, which fill no more than half of
    the columns above a header that is all text; a row of units, where else are numbers; rows
    below the table that an empty one parts from it, that have a single cell of text, or that begin
    with a word for a total where else are numbers; and empty rows.

    Examples
    --------
    >>> from synthhealth.io._layout import find_layout
    >>> grid = [["Cohort 7"], ["age", "hb"], ["years", "g/dL"], [61, 13.1], [47, 12.2], []]
    >>> found = find_layout(grid)
    >>> found.header, found.rows, found.units
    (1, (3, 4), {0: 'years', 1: 'g/dL'})
    """
    filled = [[place for place, cell in enumerate(row) if not _is_empty(cell)] for row in grid]
    used = [place for place, places in enumerate(filled) if places]
    if not used:
        return None
    header = _header(grid, filled, used)
    below = [place for place in used if place > header]
    table = _without_notes(grid, filled, below)
    units = _units(grid, table)
    patients = table[1:] if units is not None else table
    return Layout(
        header=header,
        rows=tuple(patients),
        units=units or {},
        titles=used.index(header),
        has_units=units is not None,
        notes=len(below) - len(table),
    )


def is_result(cell: object) -> bool:
    """Say whether a cell is text that holds a number, maybe one beyond a limit: ``<0.5``."""
    return isinstance(cell, str) and bool(_NUMBER(cell))


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _header(grid: Sequence[Row], filled: list[list[int]], used: list[int]) -> int:
    width = max(Counter(len(filled[place]) for place in used).items(), key=lambda one: one[::-1])[0]
    if width > 1:
        for place in used[:MOST_TITLES]:
            cells = [grid[place][column] for column in filled[place]]
            if len(cells) > NARROW * width:
                names_columns = all(isinstance(cell, str) and not _NUMBER(cell) for cell in cells)
                return place if names_columns and len(set(cells)) == len(cells) else used[0]
    return used[0]


def _without_notes(grid: Sequence[Row], filled: list[list[int]], below: list[int]) -> list[int]:
    """Leave out what stands below the table."""
    width = max((len(filled[place]) for place in below), default=0)
    kept = list(below)
    while len(kept) > 1 and width > 1:
        last, before = kept[-1], kept[-2]
        cells = filled[last]
        is_note = len(cells) == 1 and width > 2 and isinstance(grid[last][cells[0]], str)
        is_apart = last - before > 1 and len(cells) <= NARROW * width
        if not (is_note or is_apart or _is_total(grid, filled, kept)):
            break
        kept.pop()
    # What an empty row parts from the table goes with it.
    return kept


def _is_total(grid: Sequence[Row], filled: list[list[int]], kept: list[int]) -> bool:
    last = kept[-1]
    column = filled[last][0]
    first = grid[last][column]
    if not (isinstance(first, str) and _TOTALS(first.strip())):
        return False
    return _is_of_numbers([_cell(grid[place], column) for place in kept[:-1]])


def _units(grid: Sequence[Row], table: list[int]) -> dict[int, str] | None:
    """Give the units that the first row of a table holds; None where it holds something else."""
    if len(table) < 3:
        return None
    first = grid[table[0]]
    found: dict[int, str] = {}
    for column, cell in enumerate(first):
        if _is_empty(cell):
            continue
        others = [_cell(grid[place], column) for place in table[1:]]
        if not isinstance(cell, str) or _NUMBER(cell) or cell in others:
            return None
        text = cell.strip().strip("()[]")
        if _is_unit(text) and _is_of_numbers(others):
            found[column] = text
        elif len(text) > LONGEST_UNIT or _is_of_numbers(others):
            return None
    return found or None


def _is_unit(text: str) -> bool:
    return len(text) <= LONGEST_UNIT and (
        text.casefold() in _WORDS or bool(_QUOTIENT.fullmatch(text))
    )


def _is_of_numbers(cells: Sequence[object]) -> bool:
    known = [cell for cell in cells if not _is_empty(cell)]
    numbers = sum(
        not isinstance(cell, bool)
        and (isinstance(cell, int | float) or (isinstance(cell, str) and bool(_NUMBER(cell))))
        for cell in known
    )
    return bool(known) and numbers >= MOSTLY * len(known)


def _cell(row: Row, column: int) -> object:
    return row[column] if column < len(row) else None
