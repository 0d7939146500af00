"""The content of a ``.synth`` file that may come from patients."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from synthhealth.artifact._arrays import read_arrays
from synthhealth.artifact._container import (
    ARRAYS,
    MODEL,
    PREPARATION,
    SIGNATURE,
    read_container,
)
from synthhealth.artifact._format import read_preparation, understand
from synthhealth.artifact._json import parse_json
from synthhealth.artifact._manifest import Manifest
from synthhealth.artifact._scan._content import Columns, Content, Piece, walk
from synthhealth.errors import ArtifactError
from synthhealth.schema import Kind, Schema
from synthhealth.table.limits import SHARED

__all__ = ["Saved", "content_of", "read_saved"]

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
            raise ArtifactError(f"{MODEL} is no object; save the model again")
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
