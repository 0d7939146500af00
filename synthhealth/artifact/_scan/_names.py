"""The search for levels that few patients have, and for identifiers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthhealth.artifact._scan._content import Content, Piece
from synthhealth.artifact._scan._patients import MIN_CELL, Categories, Patients

__all__ = ["Named", "is_number", "search_identifiers", "search_levels"]

Path = tuple[str, ...]

#: A shorter name is looked for only where the content speaks of its column.
MIN_LENGTH = 3

_WORD = re.compile(r"[^\s,;|\"']+")


@dataclass(frozen=True)
class Named:
    """Names that were found, and where."""

    names: frozenset[Any]
    paths: tuple[Path, ...]


def search_levels(content: Content, patients: Patients, one: Categories) -> Named:
    """Find the levels of a column that fewer than 5 patients have.

    Names are found where the content speaks of the column, or of none in particular, unless a name
    is also a frequent level of another column, or a column's name. Levels that are numbers are
    found where the content speaks of the column and lists half of its levels or more.

    Parameters
    ----------
    content : Content
        What a file holds.
    patients : Patients
        The table.
    one : Categories
        The column.
    """
    rare = {level for level in one.rare if isinstance(level, str)}
    elsewhere = patients.names.union(
        *(
            [str(level) for level, count in other.counts.items() if count >= MIN_CELL]
            for other in patients.categories
            if other is not one
        )
    )
    anywhere = {level for level in rare if len(level) >= MIN_LENGTH} - elsewhere
    numbers = [float(level) for level in one.counts if is_number(level)]
    rare_numbers = [float(level) for level in one.rare if is_number(level)]
    names: set[Any] = set()
    paths: list[Path] = []
    for piece in content.pieces:
        if piece.column not in (one.column, None):
            continue
        texts = {text.strip() for text in piece.texts}
        here: set[Any] = texts & (rare if piece.column == one.column else anywhere)
        if rare_numbers and piece.column == one.column and _lists(piece, numbers):
            here |= set(np.intersect1d(rare_numbers, piece.numbers).tolist())
        if here:
            names |= here
            paths.append(piece.path)
    return Named(frozenset(names), tuple(dict.fromkeys(paths)))


def search_identifiers(content: Content, patients: Patients) -> Named:
    """Find cells of the columns that identify people, of four characters or more.

    They are found as whole texts and as words of texts, also as whole numbers of five digits or
    more. The names of columns are none.

    Parameters
    ----------
    content : Content
        What a file holds.
    patients : Patients
        The table.
    """
    cells = frozenset[str]().union(*(one.texts for one in patients.identifiers)) - patients.names
    names: set[str] = set()
    paths: list[Path] = []
    if not cells:
        return Named(frozenset(), ())
    as_numbers = {float(cell): cell for cell in cells if cell.isdecimal() and len(cell) > 4}
    looked_for = np.array(sorted(as_numbers))
    for piece in content.pieces:
        here: set[str] = set()
        for text in piece.texts:
            here |= cells & {text.strip(), *_WORD.findall(text)}
        if looked_for.size:
            present = looked_for[np.isin(looked_for, piece.numbers)]
            here |= {as_numbers[number] for number in present.tolist()}
        if here:
            names |= here
            paths.append(piece.path)
    return Named(frozenset(names), tuple(dict.fromkeys(paths)))


def is_number(level: Any) -> bool:
    """Say whether a level is a number; true and false are none."""
    return not isinstance(level, str | bool | np.bool_)


def _lists(piece: Piece, levels: list[float]) -> bool:
    return np.isin(levels, piece.numbers).sum() >= max(2, len(levels) / 2)
