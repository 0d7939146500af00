"""A table that lies alone in a .zip file."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from synthhealth.errors import FileError

__all__ = ["unzipped"]

#: More bytes than this, and more times what is packed, are no table but a trap.
LARGEST, MOST_PACKED = 2**30, 200


@contextmanager
def unzipped(path: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Give the one table of a .zip file, in a folder that is removed afterwards.

    Raises
    ------
    FileError
        There is none or more than one, it has a password, or it is damaged.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                member = _table_of(path, archive, suffixes)
                target = Path(folder) / PurePosixPath(member.filename).name
                target.write_bytes(archive.read(member))
        except (
            zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError,
        ):  # fmt: skip
            raise FileError(
                f"{path}: the .zip file is damaged or has a password; unpack it and give the table"
            ) from None
        try:
            yield target
        except FileError as error:
            raise FileError(str(error).replace(str(target), f"{path}, {target.name!r}")) from None


def _table_of(path: Path, archive: zipfile.ZipFile, suffixes: tuple[str, ...]) -> zipfile.ZipInfo:
    tables = [
        member
        for member in archive.infolist()
        if member.filename.lower().endswith(suffixes)
        and not PurePosixPath(member.filename).name.startswith(".")
        and not member.filename.startswith("__MACOSX/")
    ]
    if len(tables) != 1:
        found = f"{len(tables)} tables" if tables else "no table"
        raise FileError(f"{path}: there is {found} in it; unpack it and give one table")
    (member,) = tables
    if member.file_size > LARGEST and member.file_size > MOST_PACKED * member.compress_size:
        raise FileError(f"{path}: it would unpack to far too much; unpack it yourself")
    return member
