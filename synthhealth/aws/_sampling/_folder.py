"""The folder that a table's files go to, and what is said there about them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from synthhealth.aws._sampling._hosts import Host
from synthhealth.aws._sampling._model import digest
from synthhealth.aws._sampling._table import Part, Table
from synthhealth.errors import FileError
from synthhealth.io import whole_file

__all__ = ["TABLE_FILE", "claim", "write_manifest"]

#: What the table is. Readers of a folder of Parquet files pass over names that begin so.
TABLE_FILE = "_table.json"

_MANIFEST = re.compile(r"_manifest-\d+-of-\d+\.json")
#: What `whole_file` leaves when the process is killed.
_LEFT_OVER = re.compile(r"\.[0-9a-f]{8}\.(?P<name>.+)")


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
    mine = {part.name for part in parts}
    own = {TABLE_FILE, *table.names()}
    foreign = 0
    for entry in folder.iterdir():
        left_over = _LEFT_OVER.fullmatch(entry.name)
        if left_over is not None and left_over["name"] in mine:
            with suppress(FileNotFoundError):
                entry.unlink()
        elif left_over is None and entry.name not in own and not _MANIFEST.fullmatch(entry.name):
            foreign += 1
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
