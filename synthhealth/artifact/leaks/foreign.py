"""A synthesizer of plain SDV, or any other pickle, looked into without running it.

It is read in a process of its own, whose memory and time are bounded, by the inert machine of
`synthhealth.artifact.leaks.inert`; what comes back are numbers and texts. Run as a module, this
file is that process.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from synthhealth.artifact.leaks.content import Columns, Content, Piece, Record, Thing, walk
from synthhealth.artifact.leaks.inert import Call, Name, read_pickle
from synthhealth.errors import ArtifactError, FileError
from synthhealth.io import scratch_folder

__all__ = ["read_foreign"]

#: What the reading process may take.
MAX_MEMORY_BYTES = 8 * 2**30
MAX_SECONDS = 900

#: Generators of random numbers and of made-up names hold nothing of a table.
_NO_PATIENTS = ("numpy.random", "faker")

#: Settings and counters of the objects that SDV uses, which tell of no patient.
_SETTINGS = {
    *("_rounding_digits", "_sample_size", "batch_size", "d", "decimal_places", "epochs"),
    *("max_clusters", "max_iter", "n", "n_components", "n_features_in_", "n_init", "n_iter_"),
    *("random_seed", "random_state", "seed", "verbose", "verbose_interval"),
}

_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "HalfStorage": "<f2",
}


def read_foreign(path: str | os.PathLike[str], columns: Collection[str]) -> Content:
    """Decode a pickle.

    Parameters
    ----------
    path : path-like
        The file, such as one that SDV's ``save`` has written.
    columns : collection of str
        The columns that its content may be about.

    Raises
    ------
    FileError
        The file cannot be read.
    ArtifactError
        It is no pickle, or needs more memory or time than it may take.
    """
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise FileError(f"{path}: the file cannot be read ({error.strerror})") from None
    with scratch_folder() as folder:
        names = folder / "columns.json"
        names.write_text(json.dumps(sorted(columns)), encoding="utf-8")
        command = [sys.executable, "-m", __name__, os.fspath(path), os.fspath(folder)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=MAX_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise ArtifactError(
                f"{path}: reading it takes longer than {MAX_SECONDS} seconds"
            ) from None
        if done.returncode:
            raise ArtifactError(
                f"{path}: this is neither a saved synthesizer nor a pickle that can be read in "
                f"{MAX_MEMORY_BYTES / 2**30:.0f} GiB of memory; give a .synth file, or one that "
                "SDV's save has written"
            )
        return _received(Path(folder))


def decode(file: IO[bytes], root: str, columns: Collection[str]) -> Content:
    """Read a pickle and cut it into pieces, in this process."""
    return walk(read_pickle(file), root, Columns(columns), _view)


def _view(value: Any) -> Any:
    """Give a note of what a pickle asked for as what it would have been made of."""
    if isinstance(value, Name):
        return None
    if not isinstance(value, Call):
        return value
    arguments = value.arguments if isinstance(value.arguments, tuple) else ()
    if value.module.startswith(_NO_PATIENTS):
        return None
    known = _KNOWN.get(value.name)
    if known is not None:
        try:
            return known(value, arguments)
        except (ValueError, TypeError, IndexError, KeyError, ArtifactError, zipfile.BadZipFile):
            pass  # not what its name says: it is looked at part by part, as anything else
    thing = Thing(parts=[*arguments, *value.items])
    states = [value.state]
    while states:
        state = states.pop()
        if isinstance(state, dict) and all(isinstance(key, str) for key in state):
            thing.attributes |= state
        elif isinstance(state, tuple):
            states.extend(state)
        elif state is not None:
            thing.parts.append(state)
    for name in _SETTINGS.intersection(thing.attributes):
        del thing.attributes[name]
    if value.entries:
        entries = {_key(key): member for key, member in value.entries}
        if not thing.attributes and not thing.parts:
            return entries
        thing.parts.append(entries)
    return thing


def _key(key: Any) -> Any:
    return key if isinstance(key, str | int | float) else id(key)


def _dtype(note: Any) -> npt.DTypeLike:
    text = note.arguments[0]
    order = note.state[1] if isinstance(note.state, tuple) and len(note.state) > 1 else "<"
    if not isinstance(text, str) or text[:1] not in "iufbOMm":
        raise ValueError("no type of numbers")
    if text[0] in "Mm":
        text = "i8"  # moments are counted from 1970
    return np.dtype(f"{order}{text}" if order in "<>" else text)


def _numbers(raw: Any, dtype: Any, shape: Any, order: str) -> Any:
    if dtype.kind == "O":
        return list(raw)
    if dtype.kind == "b":
        return None
    array = np.frombuffer(_bytes(raw), dtype=dtype)
    return array.reshape(shape, order="F" if order == "F" else "C")


def _bytes(raw: Any) -> bytes:
    """Give bytes that older protocols of pickle have written as a call."""
    if isinstance(raw, Call) and raw.name == "encode":
        text, encoding = raw.arguments
        if encoding != "latin1":
            raise ValueError("no bytes")
        return bytes(text.encode("latin-1"))
    if isinstance(raw, Call) and raw.name in ("bytearray", "PickleBuffer"):
        return _bytes(raw.arguments[0])
    if isinstance(raw, bytes | bytearray):
        return bytes(raw)
    raise TypeError("no bytes")


def _array_of_buffer(_: Call, arguments: tuple[Any, ...]) -> Any:
    raw, dtype, shape, order = arguments
    return _numbers(raw, _dtype(dtype), shape, order)


def _array_of_state(note: Call, _: tuple[Any, ...]) -> Any:
    _version, shape, dtype, is_fortran, raw = note.state
    return _numbers(raw, _dtype(dtype), shape, "F" if is_fortran else "C")


def _scalar(_: Call, arguments: tuple[Any, ...]) -> Any:
    dtype, raw = arguments
    return np.frombuffer(_bytes(raw), dtype=_dtype(dtype))[0]


def _moment(_: Call, arguments: tuple[Any, ...]) -> Any:
    if isinstance(arguments[0], int):
        return datetime(*arguments).isoformat()
    raw = _bytes(arguments[0])
    year = int.from_bytes(raw[:2], "big")
    if len(raw) == 4:
        return date(year, raw[2], raw[3]).isoformat()
    micros = int.from_bytes(raw[7:10], "big")
    return datetime(year, raw[2], raw[3], raw[4], raw[5], raw[6], micros).isoformat()


def _tensor(_: Call, arguments: tuple[Any, ...]) -> Any:
    """Give the storages in the bytes of ``torch.save``, of its old form or its new."""
    raw = _bytes(arguments[0])
    if zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            types = _storage_types(
                read_pickle(io.BytesIO(archive.read(_only(archive, "data.pkl"))))
            )
            return [
                np.frombuffer(archive.read(_only(archive, f"data/{key}")), dtype=dtype)
                for key, dtype in types.items()
            ]
    file = io.BytesIO(raw)
    _magic, _protocol, _system, stored, keys = (read_pickle(file) for _ in range(5))
    types = _storage_types(stored)
    arrays: list[Any] = []
    for key in keys:
        dtype = np.dtype(types[key])
        n = int(np.frombuffer(file.read(8), dtype="<i8")[0])
        arrays.append(np.frombuffer(file.read(n * dtype.itemsize), dtype=dtype))
    return arrays


def _only(archive: zipfile.ZipFile, end: str) -> str:
    return next(name for name in archive.namelist() if name.endswith(f"/{end}"))


def _storage_types(stored: Any) -> dict[str, str]:
    """Find the keys and types of the storages that a file of torch refers to."""
    found: dict[str, str] = {}
    pending, seen = [stored], {id(stored): stored}
    while pending:
        value = pending.pop()
        if isinstance(value, Call):
            if value.name == "persistent" and isinstance(value.arguments, tuple):
                _, kind, key, *_rest = value.arguments
                found[key] = _STORAGES[kind.qualified]
            members = [value.arguments, value.state, value.items, value.entries]
        elif isinstance(value, dict):
            members = list(value.values())
        else:
            members = list(value) if isinstance(value, list | tuple) else []
        for member in members:
            if id(member) not in seen:
                seen[id(member)] = member
                pending.append(member)
    return found


_KNOWN = {
    "_frombuffer": _array_of_buffer,
    "_reconstruct": _array_of_state,
    "scalar": _scalar,
    "datetime": _moment,
    "date": _moment,
    "_load_from_bytes": _tensor,
}


def _send(content: Content, folder: Path) -> None:
    numbers = [piece.numbers for piece in content.pieces]
    numbers += [table.ravel() for _, table in content.tables]
    np.save(folder / "numbers.npy", np.concatenate([np.zeros(0), *numbers]), allow_pickle=False)
    rest = {
        "pieces": [
            [piece.path, piece.column, piece.numbers.size, piece.texts, piece.group]
            for piece in content.pieces
        ],
        "records": [[record.path, record.cells] for record in content.records],
        "tables": [[path, table.shape] for path, table in content.tables],
    }
    (folder / "content.json").write_text(json.dumps(rest), encoding="utf-8")


def _received(folder: Path) -> Content:
    numbers = np.load(folder / "numbers.npy", allow_pickle=False)
    rest = json.loads((folder / "content.json").read_text(encoding="utf-8"))
    pieces: list[Piece] = []
    tables: list[tuple[tuple[str, ...], npt.NDArray[Any]]] = []
    start = 0
    for path, column, size, texts, group in rest["pieces"]:
        part = numbers[start : start + size]
        pieces.append(Piece(tuple(path), column, part, tuple(texts), group))
        start += size
    for path, (n_rows, n_columns) in rest["tables"]:
        part = numbers[start : start + n_rows * n_columns]
        tables.append((tuple(path), part.reshape(n_rows, n_columns)))
        start += part.size
    records = tuple(Record(tuple(path), tuple(cells)) for path, cells in rest["records"])
    return Content(tuple(pieces), records, tuple(tables))


def _bound_this_process() -> None:
    try:
        import resource
    except ImportError:
        return  # Windows has no such bounds; nothing is run there either
    for which, most in (
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, MAX_SECONDS),
    ):
        _, hard = resource.getrlimit(which)
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(which, (most, hard))


def _main(source: str, target: str) -> None:
    _bound_this_process()
    folder = Path(target)
    names = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
    with Path(source).open("rb") as file:
        _send(decode(file, Path(source).suffix.lstrip(".") or "file", names), folder)


if __name__ == "__main__":
    _main(*sys.argv[1:])
