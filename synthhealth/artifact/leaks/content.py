"""The decoded content of a saved model that may come from patients, cut into pieces."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from synthhealth.artifact.container import (
    ARRAYS,
    MODEL,
    PREPARATION,
    SIGNATURE,
    read_container,
)
from synthhealth.artifact.manifest import Manifest
from synthhealth.artifact.plain import parse_json, read_arrays
from synthhealth.artifact.saving import read_preparation, understand
from synthhealth.errors import ArtifactError
from synthhealth.schema import Kind, Schema
from synthhealth.table.limits import SHARED

__all__ = [
    "Columns",
    "Content",
    "Piece",
    "Record",
    "Saved",
    "Thing",
    "content_of",
    "read_saved",
    "walk",
]


Floats = npt.NDArray[np.float64]
TreePath = tuple[str, ...]

#: A list or dict with more members than this is no row of a table.
MAX_RECORD = 512

#: Under these keys an object says which column it is about.
_NAMING_KEYS = ("name", "column", "column_name", "_column_name")


@dataclass(frozen=True)
class Piece:
    """Numbers and texts that stand together in one place."""

    path: TreePath
    """Where: the member of the file, then keys and attributes; ``[*]`` for any position."""
    column: str | None
    """The column that they are about; None where it cannot be said."""
    numbers: Floats
    texts: tuple[str, ...] = ()
    group: int = 0
    """Pieces whose containers stand in the same container have the same number."""
    is_certain: bool = False
    """Whether these are written values of the column, of however few digits."""


@dataclass(frozen=True)
class Record:
    """Cells that stand together, as those of one row may."""

    path: TreePath
    cells: tuple[float | str, ...]


@dataclass(frozen=True)
class Content:
    """All that a file holds and that may come from patients."""

    pieces: tuple[Piece, ...] = ()
    records: tuple[Record, ...] = ()
    tables: tuple[tuple[TreePath, npt.NDArray[Any]], ...] = ()
    """Arrays of numbers of two dimensions."""

    def __add__(self, other: Content) -> Content:
        return Content(
            self.pieces + other.pieces, self.records + other.records, self.tables + other.tables
        )


@dataclass
class Thing:
    """An object of a foreign file: what it is made of, and nothing that could run."""

    attributes: dict[str, Any] = field(default_factory=dict)
    parts: list[Any] = field(default_factory=list)


class Columns:
    """The names of the table's columns, as the content may mention them."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = frozenset(names)

    def of(self, key: object) -> str | None:
        """Give the column that a key names, if it is one."""
        return key if isinstance(key, str) and key in self.names else None

    def about(self, members: Mapping[Any, Any]) -> str | None:
        """Give the column that an object says that it is about."""
        for key in _NAMING_KEYS:
            column = self.of(members.get(key))
            if column is not None:
                return column
        several = self.listed(members)
        return several[0] if len(several) == 1 else None

    def listed(self, members: Mapping[Any, Any]) -> list[str | None]:
        """Give the columns that an object says that its lists are about, one by one."""
        several = members.get("columns")
        if not isinstance(several, list | tuple) or any(isinstance(c, dict) for c in several):
            return []
        return [self.of(column) for column in several]


def walk(
    tree: Any, root: str, columns: Columns, view: Callable[[Any], Any] = lambda value: value
) -> Content:
    """Cut a tree of dicts, lists, arrays, things and scalars into pieces.

    A number or text belongs to the column whose name is the nearest key above it, or that the
    nearest object above it names as its own; of an object with a list of ``columns``, the i-th
    part of a list of that length belongs to the i-th column. What is referred to from several
    places is visited once.

    Parameters
    ----------
    tree : object
        The decoded content.
    root : str
        What the path of each piece begins with.
    columns : Columns
        The columns' names.
    view : callable, optional
        Gives a part of the tree as one of the types above.
    """
    pieces: list[Piece] = []
    records: list[Record] = []
    tables: list[tuple[TreePath, npt.NDArray[Any]]] = []
    # What was seen is kept, so that nothing else gets its number.
    seen = {id(tree): tree}
    pending: list[tuple[TreePath, str | None, int, Any]] = [((root,), None, 0, view(tree))]
    while pending:
        path, column, group, value = pending.pop()
        if isinstance(value, np.ndarray):
            if value.ndim == 2 and min(value.shape) >= 2:
                tables.append((path, value.astype(np.float64)))
            pieces.append(Piece(path, column, value.ravel().astype(np.float64), (), group))
            continue
        container = id(value)
        scalars: list[tuple[TreePath, str | None, float | str]] = []
        for step, member_column, member in _members(value, columns):
            about = member_column or column
            seen_as = view(member)
            if isinstance(seen_as, np.ndarray) or _is_container(seen_as):
                if id(member) not in seen:
                    seen[id(member)] = member
                    pending.append(((*path, step), about, container, seen_as))
                continue
            cell = _cell(seen_as)
            if cell is not None:
                scalars.append(((*path, step), about, cell))
        pieces.extend(_pieces_of(scalars, group))
        if 2 <= len(scalars) <= MAX_RECORD:
            records.append(Record(path, tuple(cell for _, _, cell in scalars)))
    return Content(tuple(pieces), tuple(records), tuple(tables))


def _is_container(value: Any) -> bool:
    return isinstance(value, dict | list | tuple | set | frozenset | Thing)


def _members(value: Any, columns: Columns) -> Iterator[tuple[str, str | None, Any]]:
    """Give the members of a container: step of the path, column if one is named, value."""
    if isinstance(value, dict | Thing):
        named = value if isinstance(value, dict) else value.attributes
        own, listed = columns.about(named), columns.listed(named)
        for key, member in named.items():
            column = columns.of(key) or own
            if isinstance(value, dict) and columns.of(key) is None:
                yield "[keys]", own, key  # it may be data itself, such as a level
            is_field = isinstance(key, str) and key.isidentifier() and columns.of(key) is None
            step = f".{key}" if is_field else "[*]"
            if isinstance(member, list | tuple) and len(member) == len(listed) > 1:
                for one, part in zip(listed, member, strict=True):
                    yield f"{step}[*]", one or own, part
            else:
                yield step, column, member
        yield from ((step, own, end) for step, end in _ends(named))
        if isinstance(value, Thing):
            yield from (("[*]", own, member) for member in value.parts)
    else:
        yield from (("[*]", None, member) for member in value)


def _ends(members: Mapping[Any, Any]) -> Iterator[tuple[str, float]]:
    """Give the ends of a distribution that is described by a place and a width.

    A minimum and a range tell the maximum, too; some have their ends in units of the width.
    """
    loc, scale = (_cell(members.get(key)) for key in ("loc", "scale"))
    if isinstance(loc, float) and isinstance(scale, float):
        yield "[loc + scale]", loc + scale
        for key in ("a", "b"):
            end = _cell(members.get(key))
            if isinstance(end, float):
                yield f"[loc + {key} * scale]", loc + end * scale


def _pieces_of(
    scalars: list[tuple[TreePath, str | None, float | str]], group: int
) -> Iterator[Piece]:
    """Put the scalars of one container together, place by place and column by column."""
    together: dict[tuple[TreePath, str | None], list[float | str]] = {}
    for path, column, cell in scalars:
        together.setdefault((path, column), []).append(cell)
    for (path, column), cells in together.items():
        yield Piece(
            path,
            column,
            np.array([cell for cell in cells if isinstance(cell, float)], dtype=np.float64),
            tuple(cell for cell in cells if isinstance(cell, str)),
            group,
        )


def _cell(value: Any) -> float | str | None:
    """Give a scalar as the search compares it; None for what holds no value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        return None
    try:
        return float(value)
    except (OverflowError, TypeError):  # too large, or complex
        return None


#: Fields of the preparation that the form itself prescribes, or that the schema declares: kinds,
#: types, steps of rounding, states and shares of missing patterns, counts, plausible and reference
#: ranges and detection limits.
_PRESCRIBED = {
    *("format_version", "min_cell", "kind", "role", "protection", "loinc", "unit", "units"),
    *("decimals", "step", "dtype", "dtypes", "categories_dtype", "ordered", "timezone"),
    *("low_is_floor", "high_is_ceiling", "missing_is_none", "shares", "sizes", "patterns"),
    *("plausible", "reference", "detection", "n_levels", "n_patients"),
}

#: Fields that hold numbers of interest each with a share beside it.
_WITH_SHARES = frozenset(("low", "high", "below", "above"))


class Saved(NamedTuple):
    """A file, read but not rebuilt: nothing in it need be installed."""

    manifest: Manifest
    schema: Schema
    preparation: dict[str, Any]
    model: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]
    sizes: dict[str, int]
    is_signed: bool


def read_saved(path: str | os.PathLike[str]) -> Saved:
    """Read the members of a file.

    Raises
    ------
    FileError
        There is no such file.
    ArtifactError
        It is not a saved synthesizer, is damaged, or was written by a newer version.
    """
    members = read_container(path)
    sizes = {name: len(member) for name, member in members.items()}
    is_signed = members.pop(SIGNATURE, None) is not None
    try:
        manifest, members = understand(members)
        learned = read_preparation(members[PREPARATION])
        model = parse_json(members[MODEL], MODEL)
        arrays = read_arrays(members[ARRAYS])
        if not isinstance(model, dict):
            raise ArtifactError(f"{MODEL} is not an object; save the model again")
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from error.__cause__
    preparation = learned.model_dump(mode="json")
    return Saved(manifest, learned.described, preparation, model, arrays, sizes, is_signed)


def content_of(saved: Saved, names: Collection[str]) -> Content:
    """Cut a file's content into pieces, without what its form prescribes.

    Parameters
    ----------
    saved : Saved
        The file.
    names : collection of str
        The columns that it may be about.
    """
    columns = Columns(names)
    model = {name: value for name, value in saved.model.items() if name != "settings"}
    content = walk(_without_prescribed(saved.preparation, names), PREPARATION, columns)
    content += Content(tuple(_written_limits(saved.preparation, names)))
    content += walk(model, MODEL, columns)
    for name, array in saved.arrays.items():
        content += _under(walk(array, ARRAYS, columns), f".{name}")
    # What users wrote there is text; its numbers are settings.
    stated = walk(dict(saved.manifest.parameters), "manifest.json: parameters", columns)
    return content + Content(
        tuple(
            Piece(piece.path, piece.column, np.zeros(0), piece.texts)
            for piece in stated.pieces
            if piece.texts
        )
    )


def _written_limits(preparation: Mapping[str, Any], names: Collection[str]) -> Iterator[Piece]:
    """Give the outermost values that can be written within limits that tell them.

    Limits are rounded to half a power of ten, and to five values that can be written. Rounded to
    less, 9.4 says that the largest whole number is 9.
    """
    for form in preparation["form"]["columns"]:
        if form["name"] not in names or not Kind(form["kind"]).is_numerical:
            continue
        decimals, low, high = form["decimals"], form["low"], form["high"]
        unit = form["step"] if decimals is None else 10.0**-decimals
        if unit is None or 10.0 ** np.floor(np.log10(high - low)) / 2 >= unit:
            continue
        for key, end in (("low", np.ceil(low / unit)), ("high", np.floor(high / unit))):
            path = (PREPARATION, ".form", ".columns", "[*]", f".{key}", " as written")
            if round(end) % SHARED == 0:
                continue  # other values have this limit, too
            value = np.round(end * unit, decimals or 0)
            yield Piece(path, form["name"], np.array([value]), is_certain=True)


def _under(content: Content, step: str) -> Content:
    return Content(
        tuple(
            Piece((*piece.path, step), piece.column, piece.numbers, piece.texts, piece.group)
            for piece in content.pieces
        ),
        content.records,
        tuple(((*path, step), table) for path, table in content.tables),
    )


def _without_prescribed(value: Any, names: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_without_prescribed(member, names) for member in value]
    if not isinstance(value, dict):
        return value
    if {"predictors", "feature", "threshold"} <= set(value):
        return {"threshold": _thresholds(value)}
    kept: dict[str, Any] = {}
    for key, member in value.items():
        if key not in names and key in _PRESCRIBED:
            continue
        if key not in names and key in _WITH_SHARES:
            kept[key] = _without_shares(member)
        else:
            kept[key] = _without_prescribed(member, names)
    return kept


def _without_shares(member: Any) -> Any:
    """Give the numbers of ``[number, share]``, or of a list of such."""
    if isinstance(member, list) and all(isinstance(one, list) for one in member):
        return [one[0] for one in member]
    return member[:1] if isinstance(member, list) else member


def _thresholds(tree: Mapping[str, Any]) -> dict[str, list[float]]:
    """Give the thresholds of a tree by the column that each is about."""
    found: dict[str, list[float]] = {}
    for feature, threshold in zip(tree["feature"], tree["threshold"], strict=True):
        if feature >= 0:
            found.setdefault(tree["predictors"][feature], []).append(threshold)
    return found
