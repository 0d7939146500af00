"""The model of a sampling job, its instance among several, and the folder for a table's files."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from synthhealth.aws._sampling._hosts import Host
from synthhealth.aws._sampling._table import Part, Table
from synthhealth.errors import FileError
from synthhealth.io import is_workspace, scratch_folder, settle, whole_file

__all__ = ["TABLE_FILE", "claim", "digest", "find_model", "write_manifest"]


@contextmanager
def find_model(place: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the saved model of a file, folder or archive, as long as the block lasts.

    A processing job copies its inputs as they are, and a training job leaves a ``model.tar.gz``.
    Of an archive only the one member that is a saved model is taken out, under a name of our own.

    Raises
    ------
    FileError
        There is no saved model, or several, or the archive is damaged.
    """
    path = Path(place)
    if path.is_dir():
        # A training job puts output.tar.gz beside it.
        found = _in_folder(path, ".synth") or _in_folder(path, "model.tar.gz")
        if len(found) != 1:
            raise FileError(
                f"{path}: there must be exactly one saved model (.synth, or the model.tar.gz of a "
                f"training job) in it, and there are {len(found)}; other kinds of files are never "
                "loaded"
            )
        path = found[0]
    if not path.is_file():
        raise FileError(f"{path}: there is no such file or folder; give that of the saved model")
    if not path.name.endswith(".tar.gz"):
        yield path
        return
    with scratch_folder() as folder:
        target = folder / "model.synth"
        _take_out(path, target)
        yield target


def digest(path: Path) -> str:
    """Give the SHA-256 of a file."""
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            sha256.update(block)
    return sha256.hexdigest()


def _in_folder(folder: Path, suffix: str) -> list[Path]:
    # Archives made on a Mac hold hidden companions of each file.
    return sorted(
        path
        for path in folder.iterdir()
        if path.name.endswith(suffix) and not path.name.startswith(".") and path.is_file()
    )


def _take_out(archive: Path, target: Path) -> None:
    try:
        with tarfile.open(archive, "r:gz") as members:
            found = [one for one in members if _is_model(one)]
            content = members.extractfile(found[0]) if len(found) == 1 else None
            if content is None:
                raise FileError(
                    f"{archive}: there must be exactly one saved model (.synth) in the archive, "
                    f"and there are {len(found)}"
                )
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{archive}: the archive is damaged or cut off; copy it again") from None


def _is_model(member: tarfile.TarInfo) -> bool:
    name = Path(member.name).name
    return member.isreg() and name.endswith(".synth") and not name.startswith(".")


#: What the table is. Readers of a folder of Parquet files pass over names that begin so.
TABLE_FILE = "_table.json"

_MANIFEST = re.compile(r"_manifest-\d+-of-\d+\.json")


def claim(folder: Path, table: Table, parts: Sequence[Part]) -> list[Part]:
    """Take a folder for a table, and give those of the parts that are still to be written.

    The folder is new, empty, or holds the files of a job of the same table, which ended too early.
    Its files are whole, so that they stay.

    Raises
    ------
    FileError
        The folder holds anything else.
    """
    _make(folder)
    # Looked at before the statement, which comes first where another instance is at work here.
    has_parts = any(folder.glob("part-*"))
    settle(folder)
    own = {TABLE_FILE, *table.names()}
    foreign = 0
    for entry in folder.iterdir():
        # A workspace that is still there is that of another instance at work.
        if entry.name not in own and not _MANIFEST.fullmatch(entry.name):
            foreign += not is_workspace(entry) and entry.exists()
    if foreign:
        raise FileError(
            f"{folder}: the folder holds {foreign} files or folders that are not of this table; "
            "give a new or an empty folder"
        )
    told = table.to_json()
    statement = folder / TABLE_FILE
    if not statement.exists():
        if has_parts:
            raise FileError(
                f"{folder}: the folder holds files of a table that nothing is known about; give a "
                "new or an empty folder"
            )
        _write(statement, told)
    elif statement.read_bytes() != told.encode():
        raise FileError(
            f"{folder}: the folder holds the files of another table (other rows, seed, format, "
            "model or versions); give a new or an empty folder"
        )
    return [part for part in parts if not (folder / part.name).exists()]


def write_manifest(folder: Path, host: Host, parts: Sequence[Part]) -> Path:
    """Say which files an instance has written, after the last of them.

    The table is whole once each instance has said so.
    """
    path = folder / f"_manifest-{host.index}-of-{host.count}.json"
    content = {
        "format_version": 1,
        "instance": host.index,
        "instances": host.count,
        "rows": sum(part.stop - part.start for part in parts),
        "files": [_said(folder / part.name, part) for part in parts],
    }
    _write(path, json.dumps(content, indent=2) + "\n")
    return path


def _said(path: Path, part: Part) -> dict[str, object]:
    return {
        "name": part.name,
        "first_row": part.start,
        "rows": part.stop - part.start,
        "bytes": path.stat().st_size,
        "sha256": digest(path),
    }


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise FileError(f"{folder}: there can be no folder here; give another one") from None


def _write(path: Path, text: str) -> None:
    with whole_file(path, force=True) as file:
        file.write_text(text, "utf-8")
