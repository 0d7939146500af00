"""The search for whole rows: cells of one patient that stand together, and lists of row numbers."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synthhealth.artifact.leaks.content import MAX_RECORD, Content, Piece, TreePath
from synthhealth.artifact.leaks.patients import Categories, Patients

__all__ = ["RowLists", "Rows", "search_row_lists", "search_rows"]

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Cells = tuple[float | str, ...]

#: Rows that share a cell, above which it is no help in finding a row.
MAX_SHARING = 2_000

#: How much rarer than one in the table the cells found together must be by chance.
MARGIN = 20.0

#: For each decoy that a place holds, how many rows must be there to count.
ROWS_PER_DECOY = 3

#: Fewer rows are parted into lists by chance.
MIN_PARTED = 10

#: Chance at which a list of numbers is taken for the row numbers of a level.
MAX_CHANCE = 1e-5


@dataclass(frozen=True)
class Rows:
    """Training rows that were found."""

    rows: Places
    paths: tuple[TreePath, ...]


@dataclass(frozen=True)
class RowLists:
    """Lists of row numbers that were found, and what they give away."""

    n_lists: int
    rebuilt: Places
    """Rows whose level is known in every column that lists were found for."""
    n_columns: int
    """For how many columns lists were found."""
    paths: tuple[TreePath, ...]


def search_rows(content: Content, patients: Patients) -> Rows:
    """Find rows of the table in the content.

    - A list, dict or row of an array holds a row if half of a patient's cells are there, or half of
      what is there are a patient's cells, three of them at least, and these would meet there by
      chance, were the columns independent, in fewer than one of 20 such files; numbers below ten
      are no evidence. As many decoys, whose cells are those of the
      patients, shuffled by column, show how far that is so: rows count where there are more than
      three for each decoy.
    - Two columns or more that stand whole, in the order of the table, give all rows away; what
      counts as one are at least five different values, all equal.

    Parameters
    ----------
    content : Content
        What a file holds.
    patients : Patients
        The table.
    """
    columns = _cells_by_column(patients)
    found: list[Places] = []
    paths: list[TreePath] = []
    whole = _whole_columns(content.pieces, patients)
    if len({column for column, _ in whole}) >= 2:
        found.append(np.arange(patients.n_rows))
        paths.extend(path for _, path in whole)
    rng = np.random.default_rng(0)
    index = _Index(columns)
    decoys = _Index([cells[rng.permutation(len(cells))] for cells in columns])
    for path, records in _records(content):
        rows = index.rows_of(records)
        if len(rows) > ROWS_PER_DECOY * len(decoys.rows_of(records)):
            found.append(np.array(rows, dtype=np.int64))
            paths.append(path)
    return Rows(_union(found), tuple(dict.fromkeys(paths)))


def search_row_lists(content: Content, patients: Patients) -> RowLists:
    """Find lists of row numbers, from which the rows' levels can be put together.

    A list counts if it names exactly the rows of one level, counted from 0 or from 1, and either
    so many of them that chance would hit upon them in fewer than one list of 100,000, or beside
    other lists that together name each row of the table once. Such lists count, too, if they are
    those of no level: then the rows stood in another order.

    Parameters
    ----------
    content : Content
        What a file holds.
    patients : Patients
        The table.
    """
    n = patients.n_rows
    level_of = _levels_by_rows(patients.categories, n)
    known: dict[str, npt.NDArray[np.bool_]] = {}
    n_lists = 0
    paths: list[TreePath] = []
    for parts in _together(content.pieces, n):
        lists = [part.numbers.astype(np.int64) for part in parts]
        levels = [level_of.get(np.sort(rows).tobytes()) for rows in lists]
        is_whole = _is_partition(lists, n)
        for rows, level, part in zip(lists, levels, parts, strict=True):
            if level is not None and (is_whole or _is_telling(rows.size, n)):
                column, first = level
                known.setdefault(column, np.zeros(n, dtype=bool))[rows - first] = True
                n_lists += 1
                paths.append(part.path)
        if is_whole and not any(levels):
            known[f"list {len(known)}"] = np.ones(n, dtype=bool)
            n_lists += len(lists)
            paths.extend(part.path for part in parts)
    rebuilt = np.logical_and.reduce(list(known.values())) if known else np.zeros(n, dtype=bool)
    return RowLists(n_lists, np.flatnonzero(rebuilt), len(known), tuple(dict.fromkeys(paths)))


def _cells_by_column(patients: Patients) -> list[npt.NDArray[np.object_]]:
    columns = [_objects(one.values) for one in patients.numbers]
    for one in patients.categories:
        columns.append(
            np.array(
                [
                    cell if isinstance(cell, str) or cell is None else _number(cell)
                    for cell in one.cells
                ],
                dtype=object,
            )
        )
    return columns


def _objects(values: Floats) -> npt.NDArray[np.object_]:
    cells = values.astype(object)
    cells[np.isnan(values)] = None
    return cells


def _number(cell: Any) -> float | None:
    # True and false are not numbers in the content either.
    return None if isinstance(cell, bool | np.bool_) else float(cell)


class _Index:
    """Rows of a table by their cells."""

    def __init__(self, columns: list[npt.NDArray[np.object_]]) -> None:
        self._columns = columns
        self._n = len(columns[0]) if columns else 0
        self._rows: dict[float | str, list[tuple[int, Places]]] = defaultdict(list)
        for number, cells in enumerate(columns):
            rows_of: dict[float | str, list[int]] = defaultdict(list)
            for row, cell in enumerate(cells):
                if cell is not None:
                    rows_of[cell].append(row)
            for cell, rows in rows_of.items():
                self._rows[cell].append((number, np.array(rows, dtype=np.int64)))

    def rows_of(self, records: list[Cells]) -> list[int]:
        """Give the rows that stand out in records of the same place."""
        least = math.log(max(self._n, 1) * len(records) * MARGIN)
        rows = (self._row_of(cells, least) for cells in records)
        return [row for row in rows if row is not None]

    def _row_of(self, cells: Cells, least: float) -> int | None:
        """Give the row whose cells are there; None if there is too little evidence for any."""
        there = set(cells)
        matches = [
            self._rows[cell] for cell in there if cell in self._rows and not _is_anybodys(cell)
        ]
        enough = max(min(3, len(self._columns)), min(len(there), len(self._columns)) / 2)
        if len(matches) < enough:
            return None
        # The more cells there could be of a column, the less it says that one is.
        n_of_column = Counter(column for columns in matches for column, _ in columns)
        evidence: dict[int, dict[int, float]] = defaultdict(dict)
        for columns in matches:
            # One cell speaks for one column of a row: that in which it says most.
            best: dict[int, tuple[float, int]] = {}
            for column, rows in columns:
                weight = math.log(self._n / (rows.size * n_of_column[column]))
                if rows.size <= MAX_SHARING and weight > 0:
                    for row in rows.tolist():
                        best[row] = max(best.get(row, (0.0, -1)), (weight, column))
            for row, (weight, column) in best.items():
                evidence[row][column] = weight
        weights = {row: sum(parts.values()) for row, parts in evidence.items() if len(parts) > 1}
        row = max(weights, key=lambda one: weights[one], default=None)
        if row is None or weights[row] < least:
            return None
        n_theirs = len(there & {column[row] for column in self._columns})
        return row if n_theirs >= enough else None


def _is_anybodys(cell: float | str) -> bool:
    """Say whether a cell is a small whole number, as stands in every file."""
    return isinstance(cell, float) and abs(cell) < 10 and cell == int(cell)


def _records(content: Content) -> Iterator[tuple[TreePath, list[Cells]]]:
    """Give what may be rows, with the others of the same place."""
    by_path: dict[TreePath, list[Cells]] = defaultdict(list)
    for record in content.records:
        by_path[record.path].append(record.cells)
    yield from by_path.items()
    for path, table in content.tables:
        # A row of a table may lie along either side of an array.
        for part in (table, table.T):
            if part.shape[1] <= MAX_RECORD:
                yield path, [tuple(row) for row in part.tolist()]


def _whole_columns(pieces: Iterable[Piece], patients: Patients) -> list[tuple[str, TreePath]]:
    by_content: dict[bytes, str] = {}
    for one in patients.numbers:
        if len(one.distinct) >= 5:
            by_content[_as_bytes(one.values)] = one.column
    texts = {
        tuple(str(cell) for cell in one.cells if cell is not None): one.column
        for one in patients.categories
        if len(one.counts) >= 2
    }
    found: list[tuple[str, TreePath]] = []
    for piece in pieces:
        column = by_content.get(_as_bytes(piece.numbers)) if piece.numbers.size > 4 else None
        if column is None and len(piece.texts) > 4:
            column = texts.get(piece.texts)
        if column is not None:
            found.append((column, piece.path))
    return found


def _as_bytes(values: Floats) -> bytes:
    return (values[~np.isnan(values)] + 0.0).tobytes()


def _levels_by_rows(categories: Iterable[Categories], n_rows: int) -> dict[bytes, tuple[str, int]]:
    """Give the column, and the number of its first row, for each set of row numbers of a level."""
    found: dict[bytes, tuple[str, int]] = {}
    for one in categories:
        order = np.argsort(one.codes, kind="stable")
        ends = np.flatnonzero(np.diff(one.codes[order])) + 1
        for rows in np.split(order, ends):
            for first in (1, 0):
                found[(np.sort(rows) + first).astype(np.int64).tobytes()] = (one.column, first)
    return found


def _together(pieces: Iterable[Piece], n_rows: int) -> list[list[Piece]]:
    """Give the pieces that may be lists of row numbers, with those of the same container."""
    groups: dict[tuple[TreePath, int], list[Piece]] = defaultdict(list)
    for piece in pieces:
        numbers = piece.numbers
        if not numbers.size or piece.texts or numbers.size > n_rows:
            continue
        whole = (numbers == np.floor(numbers)).all() and np.unique(numbers).size == numbers.size
        if whole and numbers.min() >= 0 and numbers.max() <= n_rows:
            groups[piece.path, piece.group].append(piece)
    return list(groups.values())


def _is_telling(n_listed: int, n_rows: int) -> bool:
    """Say whether a list of so many rows is none that chance makes."""
    log_choices = math.lgamma(n_rows + 1) - math.lgamma(n_listed + 1)
    log_choices -= math.lgamma(n_rows - n_listed + 1)
    return log_choices > -math.log(MAX_CHANCE)


def _is_partition(lists: list[Places], n_rows: int) -> bool:
    rows = np.sort(np.concatenate(lists))
    if rows.size != n_rows or n_rows < MIN_PARTED or not 1 < len(lists) < n_rows:
        return False
    return bool((rows - rows[0] == np.arange(n_rows)).all())


def _union(parts: list[Places]) -> Places:
    return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *parts]))
