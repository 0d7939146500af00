"""The model of a sampling job, as SageMaker lays it down."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synthhealth.errors import FileError

__all__ = ["digest", "find_model"]


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
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "model.synth")
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
