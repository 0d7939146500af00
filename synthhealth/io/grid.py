"""The cells of a sheet become columns, read as those of a text table are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthhealth.cells.written import written, written_clocks
from synthhealth.errors import Doubt, FileError
from synthhealth.io.cells import MISSING_WORDS, Cells, find_decimals, name_columns
from synthhealth.io.layout import BOTTOM, TOP, find_layout, is_value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sheet", "numbers_among", "read_grid"]

Grid = Sequence[Sequence[object]]

#: Cells named in a doubt.
SHOWN = 5
_KINDS: tuple[tuple[Any, str], ...] = (
    (str, "text"),
    (bool, "truth values"),
    ((int, float, Decimal), "numbers"),
    (date, "dates"),  # moments are dates, too
    (time, "times"),
    (timedelta, "durations"),
)


class Sheet:
    """The columns of a sheet, with where they stand."""

    def __init__(self, path: Path, sheet: str, grid: Grid) -> None:
        filled = [number for number, row in enumerate(grid) if not all(map(_is_empty, row))]
        if not filled:
            raise FileError(f"{path}: the sheet is empty; choose another one (sheet=, --sheet)")
        width = max(len(grid[number]) for number in filled)
        rows = [_padded(grid[number], width) for number in filled]
        layout = find_layout(
            [list(map(_text, row)) for row in rows[:TOP]],
            [list(map(_text, row)) for row in rows[TOP:][-BOTTOM:]],
            where=f"{path}, sheet {sheet!r}",
        )
        patients = slice(layout.first, len(rows) - layout.footers)
        self.layout = layout
        self.name = sheet
        self.rows = filled[patients]
        cells = {
            name: [row[place] for row in rows[patients]]
            for place, name in zip(layout.places, layout.names, strict=True)
        }
        # Columns without a name and a cell are what a format was once set for.
        self.names = [
            name
            for name in layout.names
            if name not in layout.unnamed or any(cell is not None for cell in cells[name])
        ]
        self.places = [layout.places[layout.names.index(name)] for name in self.names]
        self.cells = [_without_missing_words(cells[name]) for name in self.names]

    def where(self, column: int, rows: Iterable[int]) -> str:
        """Name cells of a column as a spreadsheet does: ``B7, B12 and 3 more``."""
        letters = _letters(self.places[column])
        named = [f"{letters}{self.rows[row] + 1}" for row in rows]
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        return ", ".join(named[:SHOWN]) + more


def read_grid(sheet: Sheet) -> tuple[pd.DataFrame, list[Doubt]]:
    """Give the table of a sheet, and what is uncertain about it."""
    import numpy as np
    import pandas as pd

    doubts = [
        Doubt(f"sheet {sheet.name!r}: {one}", one.settle, one.weight) for one in sheet.layout.doubts
    ]
    kinds = [Counter(_kind(cell) for cell in cells if cell is not None) for cells in sheet.cells]
    texts = {
        name: Cells(pd.Series(["" if cell is None else cell for cell in cells], dtype=object))
        for name, cells, kind in zip(sheet.names, sheet.cells, kinds, strict=True)
        if set(kind) == {"text"}
    }
    decimals = find_decimals(texts, "\t")
    doubts += decimals.doubts
    as_numbers: list[str] = []
    dates: list[str] = []
    columns: dict[str, Any] = {}
    for place, (name, cells, kind) in enumerate(zip(sheet.names, sheet.cells, kinds, strict=True)):
        if name in texts:
            columns[name] = texts[name].take(as_text=name in decimals.text)
            if texts[name].what not in ("text", "empty", "truth") and name not in decimals.text:
                as_numbers.append(name)
            continue
        read = _mixed(cells, kind)
        if len(kind) > 1:
            if isinstance(read, list) and all(cell is None or type(cell) is float for cell in read):
                as_numbers.append(name)
            elif set(kind) == {"text", "dates"}:
                dates.append(name)
            else:
                doubts += _mixed_doubts(sheet, place, kind)
        filled = [np.nan if cell is None else cell for cell in read]
        columns[name] = pd.Series(filled, dtype=object).infer_objects()
    if as_numbers:
        named = name_columns(as_numbers)
        doubts.append(Doubt(f"{named}: numbers that are stored as text were read as numbers"))
    if dates:
        doubts.append(
            Doubt(
                f"{name_columns(dates)}: some dates are text; all of them were read as text",
                "kind: datetime",
                2,
            )
        )
    table = pd.DataFrame(columns, index=pd.RangeIndex(len(sheet.rows)))
    if sheet.layout.units:
        table.attrs["units"] = dict(sheet.layout.units)
    return table, doubts


def numbers_among(cells: Sequence[Any]) -> list[float] | None:
    """Read numbers some of which are stored as text; None where other text is among them.

    Parameters
    ----------
    cells : sequence
        Numbers and text, none missing.

    Examples
    --------
    >>> from synthhealth.io.grid import numbers_among
    >>> numbers_among([12.2, "11.9", 13]), numbers_among([101, "102A"]), numbers_among([7, "007"])
    ([12.2, 11.9, 13.0], None, None)
    """
    import pandas as pd

    texts = list(dict.fromkeys(cell for cell in cells if isinstance(cell, str)))
    found = Cells(pd.Series(texts, dtype=object))
    is_point = found.what in ("whole", "number", "point")
    if found.is_missing.any() or not (is_point or (found.what == "comma" and found.is_sure)):
        return None
    read = dict(zip(found.texts, found.take(as_text=False), strict=True))
    return [float(read[cell] if isinstance(cell, str) else cell) for cell in cells]


def _mixed(cells: Sequence[Any], kind: Mapping[str, int]) -> list[Any]:
    """Give the cells of a column that is not all text, brought to one type where they can be."""
    known = [cell for cell in cells if cell is not None]
    changed: Sequence[Any] | None = None
    if set(kind) == {"times"}:
        changed = written_clocks(known)
    elif set(kind) == {"numbers", "text"}:
        changed = numbers_among(known)
    elif set(kind) == {"dates", "text"}:
        changed = [written(cell) for cell in known]
    elif set(kind) == {"dates"}:
        changed = [_moment(cell) for cell in known]
    if changed is None:
        return list(cells)
    left = iter(changed)
    return [None if cell is None else next(left) for cell in cells]


def _moment(cell: date) -> datetime:
    return cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)


def _mixed_doubts(sheet: Sheet, column: int, kind: Mapping[str, int]) -> list[Doubt]:
    """Name the cells that are of another type than most; results beyond a limit are none."""
    often = max(kind, key=lambda one: kind[one])
    rows = [
        row
        for row, cell in enumerate(sheet.cells[column])
        if cell is not None
        and _kind(cell) != often
        and not (isinstance(cell, str) and is_value(cell))
    ]
    if not rows:
        return []
    others = " and ".join(sorted(set(kind) - {often}))
    text = (
        f"column {sheet.names[column]!r}: {others} among {often} in sheet {sheet.name!r}, cells "
        f"{sheet.where(column, rows)}"
    )
    return [Doubt(text, "kind: nominal", 2)]


def _without_missing_words(cells: list[object]) -> list[object]:
    """Empty the cells with a word for a missing value, where others are no text."""
    if all(cell is None or isinstance(cell, str) for cell in cells):
        return cells  # read as the cells of a text table are
    return [
        None if isinstance(cell, str) and cell.strip() in MISSING_WORDS else cell for cell in cells
    ]


def _kind(cell: object) -> str:
    return next((name for types, name in _KINDS if isinstance(cell, types)), "other values")


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _text(cell: object) -> str | None:
    return None if cell is None else written(cell)


def _padded(row: Sequence[object], width: int) -> list[object]:
    cells = [None if _is_empty(cell) else cell for cell in row]
    return [*cells, *[None] * (width - len(cells))]


def _letters(place: int) -> str:
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
