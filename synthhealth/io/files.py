"""Files that are written whole or not at all, also chunk by chunk, and tables alone in a .zip."""

from __future__ import annotations

import errno
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from synthhealth.errors import FileError, SynthHealthError
from synthhealth.io.workspace import scratch_folder, settle, sync_folder, workspace

__all__ = ["unzipped"]


@contextmanager
def whole_file(
    path: str | os.PathLike[str], *, force: bool = False, private: bool = False
) -> Iterator[Path]:
    """Give a temporary path beside `path`; it becomes `path` when the block ends without an error.

    Whoever looks at `path` sees the old file or the whole new one, never a part, also after the
    process is killed or the power fails. After an error or an interruption the temporary file is
    removed; after a kill it stays in a hidden folder (``.synthhealth-1f0c93ab``), which the next
    one that writes or reads in this place removes.

    Parameters
    ----------
    path : path-like
        The file to be written.
    force : bool
        Replace the file if it exists; the new one is open to whom the old one was.
    private : bool
        A new file is open to its owner alone (0600), and not to all whom the umask lets in.

    Yields
    ------
    pathlib.Path
        An empty file on the same disk, with the name of `path`.

    Raises
    ------
    FileError
        The file exists, its folder does not, or the disk refuses.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from synthhealth.io import whole_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder) / "note.txt") as file:
    ...         _ = file.write_text("done")
    ...     [entry.name for entry in Path(folder).iterdir()]
    ['note.txt']
    """
    settle(os.path.dirname(os.path.realpath(path)))
    check_target(path, force=force)
    target = Path(path).resolve()  # through a symbolic link: the link itself stays
    try:
        with workspace(target.parent) as work:
            temporary = work.new / target.name
            # Created here and not by the writer, so that it is private before anything is in it.
            mode = 0o600 if private else 0o666
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
            yield temporary
            check_target(path, force=force)
            _make_ready(temporary, target)
            os.replace(temporary, target)
            sync_folder(target.parent)
    except OSError as error:
        if isinstance(error, SynthHealthError):
            raise
        raise FileError(f"{path}: the file cannot be written ({reason(error)})") from None


@contextmanager
def whole_folder(
    path: str | os.PathLike[str], names: Iterable[str], *, force: bool = False
) -> Iterator[Path]:
    """Give a temporary folder; its files move to `path` when the block ends without an error.

    The files are one set: new ones never stand beside old ones, also after the process is killed
    or the power fails. Where that happens while they move, some are missing until the next one
    that writes or reads in this folder with this package brings them to their place. After an
    error or an interruption the folder is as it was, and gone if it did not exist.

    Parameters
    ----------
    path : path-like
        The folder; it and its parents are created.
    names : iterable of str
        The files that the block will write, and no others.
    force : bool
        Replace those of them that exist; other files in the folder stay.

    Yields
    ------
    pathlib.Path
        An empty folder inside `path`.

    Raises
    ------
    FileError
        `path` is a file, one of the files exists, or the disk refuses.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from synthhealth.io import whole_folder
    >>> with tempfile.TemporaryDirectory() as root:
    ...     with whole_folder(f"{root}/out", ["note.txt"]) as folder:
    ...         _ = (folder / "note.txt").write_text("done")
    ...     [entry.name for entry in Path(root, "out").iterdir()]
    ['note.txt']
    """
    folder = Path(path)
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise FileError(f"{path}: this is a file; give the name of a folder")
    targets = [folder / name for name in names]
    settle(folder)
    # The folder itself may be missing, and then holds none of the files.
    for target in targets if os.path.exists(folder) else ():
        check_target(target, force=force)
    missing = [part for part in (folder, *folder.parents) if not os.path.exists(part)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with workspace(folder) as work:
            yield work.new
            for target in targets:
                check_target(target, force=force)
            for target in targets:
                _make_ready(work.new / target.name, target.resolve())
            work.commit()
        missing.clear()
    except OSError as error:
        if isinstance(error, SynthHealthError):
            raise
        raise FileError(f"{path}: the folder cannot be written ({reason(error)})") from None
    finally:
        for part in missing:
            with suppress(OSError):
                part.rmdir()


def check_target(path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Refuse a path that `whole_file` could not write, before any long work is done for it.

    Parameters
    ----------
    path : path-like
        The file to be written.
    force : bool
        Replace the file if it exists.

    Raises
    ------
    FileError
        The file exists and `force` is false, it is a folder or a device, or its folder is missing.
    """
    # os.path's tests and not Path's, which raise where a name is too long for the system.
    if os.path.isdir(path):
        raise FileError(f"{path}: this is a folder; give the name of a file")
    if os.path.exists(path) and not os.path.isfile(path):
        raise FileError(f"{path}: this is not a regular file and cannot be replaced")
    if os.path.exists(path) and not force:
        raise FileError(
            f"{path}: the file exists already; pass force=True (on the command line --force) to "
            "replace it, or choose another name"
        )
    parent = Path(path).parent
    if not os.path.isdir(parent):
        raise FileError(f"{path}: the folder {parent} does not exist; create it first")


def _make_ready(temporary: Path, target: Path) -> None:
    """Bring the content to the disk, before the name: a crash in between leaves the old file."""
    with temporary.open("r+b") as written:
        os.fsync(written.fileno())
    # A file that was closed to others does not open by being replaced.
    if target.exists():
        shutil.copymode(target, temporary)
    # Said now, and not when half of a set has moved.
    if temporary.stat().st_dev != target.parent.stat().st_dev:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


def reason(error: OSError) -> str:
    """Say why the system refused; never the error's own message, which may quote the content."""
    return os.strerror(error.errno) if error.errno else type(error).__name__


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
    with scratch_folder() as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                member = _table_of(path, archive, suffixes)
                target = folder / PurePosixPath(member.filename).name
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
