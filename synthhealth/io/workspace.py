"""The hidden folder in which files are written before they move to their place.

::

    .synthhealth-1f0c93ab/    belongs to the process that holds the lock
        lock
        new/                  files being written; worthless once their process is gone
        whole/                the same folder, renamed when all of them are written

Renaming ``new`` to ``whole`` is one step of the file system, and decides for the whole set: before
it the old files stand, after it the new ones are bound to come. Whoever meets a ``whole`` whose
process is gone moves its files out, and removes what else such a process has left. The system
frees a lock when its process ends, however it ends, so that a living one's folder is never touched.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = [
    "Workspace",
    "is_workspace",
    "locked",
    "scratch_folder",
    "settle",
    "sync_folder",
    "workspace",
]

_NAME = re.compile(r"\.synthhealth-[0-9a-f]{8}")

#: How long to wait for a living process that is moving its files out, in seconds.
_PATIENCE = 2.0

#: How long to wait for a process that holds a file, in seconds.
_PATIENCE_FOR_LOCK = 30.0


class Workspace:
    """A hidden folder in `folder`, for files that move there.

    Attributes
    ----------
    new : pathlib.Path
        Where the files are written.
    """

    def __init__(self, folder: Path, hidden: Path) -> None:
        self._folder, self._hidden = folder, hidden
        self.new = hidden / "new"

    def commit(self) -> None:
        """Decide that the files in `new`, which have reached the disk, are the set.

        They move out when the workspace ends, or when the next process comes.
        """
        sync_folder(self.new)
        os.replace(self.new, self._hidden / "whole")
        sync_folder(self._hidden)

    def end(self) -> None:
        """Move out what was committed, and remove the rest."""
        if self.is_committed:
            self._move_out()
        shutil.rmtree(self._hidden, ignore_errors=True)

    def inherit(self) -> None:
        """End it for a process that is gone, where its files have not become out of date."""
        if self.is_committed and any(map(self._is_newer, self._moves().values())):
            shutil.rmtree(self._hidden, ignore_errors=True)
        else:
            self.end()

    @property
    def is_committed(self) -> bool:
        """Whether all files were written, and wait to be moved."""
        return (self._hidden / "whole").is_dir()

    def _is_newer(self, path: Path) -> bool:
        # Somebody has written there since the commit: theirs stays.
        return path.exists() and path.stat().st_mtime_ns > self._hidden.stat().st_mtime_ns

    def _move_out(self) -> None:
        moves = self._moves()
        # The old ones go before the first new one comes: never do both stand side by side.
        for target in moves.values() if len(moves) > 1 else ():
            target.unlink(missing_ok=True)
        for file, target in moves.items():
            os.replace(file, target)
        for parent in {target.parent for target in moves.values()}:
            sync_folder(parent)

    def _moves(self) -> dict[Path, Path]:
        files = sorted((self._hidden / "whole").iterdir())
        return {file: (self._folder / file.name).resolve() for file in files}


@contextmanager
def workspace(folder: Path) -> Iterator[Workspace]:
    """Give a workspace in a folder, which must exist, for as long as the block lasts."""
    while True:
        hidden = folder / f".synthhealth-{secrets.token_hex(4)}"
        hidden.mkdir(mode=0o700)
        with _taken(hidden, is_mine=True) as has_lock:
            if not has_lock:
                continue  # Somebody took it for a leftover, between its making and its locking.
            work = Workspace(folder, hidden)
            work.new.mkdir()
            try:
                yield work
            finally:
                work.end()
            return


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give an empty folder among the system's temporary ones, for as long as the block lasts.

    Unlike one of `tempfile` alone, what a killed process leaves in it goes with the next one.

    Examples
    --------
    >>> from synthhealth.io import scratch_folder
    >>> with scratch_folder() as folder:
    ...     _ = (folder / "note.txt").write_text("done")
    >>> folder.exists()
    False
    """
    place = Path(tempfile.gettempdir())
    settle(place)
    with workspace(place) as work:
        yield work.new


def settle(folder: str | os.PathLike[str]) -> None:
    """Finish what processes that are gone have left half done in a folder.

    A set of files that was written whole moves to its place; one that was not is removed. Whoever
    reads or writes files of this package calls it first. A folder that cannot be read or written
    stays as it is.

    Parameters
    ----------
    folder : path-like
        The folder that holds the files; it may be missing.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in [entry for entry in entries if is_workspace(entry)]:
            _settle(Path(folder), Path(entry.path))


def is_workspace(entry: os.DirEntry[str] | Path) -> bool:
    """Whether this is a folder that `workspace` has made, for the user who asks."""
    if not _NAME.fullmatch(entry.name):
        return False
    try:
        found = os.lstat(entry)
    except OSError:
        return False
    # In a folder for all, such as /tmp, another user could lay one out as a trap.
    is_own = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
    return is_own and stat.S_ISDIR(found.st_mode)


def _settle(folder: Path, hidden: Path) -> None:
    work, end = Workspace(folder, hidden), time.monotonic() + _PATIENCE
    while True:
        with _taken(hidden, is_mine=False) as has_lock:
            if has_lock:
                work.inherit()
                return
        # It is at work. While it moves its files out, which takes an instant, a reader waits.
        if not work.is_committed or time.monotonic() > end:
            return
        time.sleep(0.01)


@contextmanager
def _taken(hidden: Path, *, is_mine: bool) -> Iterator[bool]:
    """Hold the lock of a workspace, and say whether it was free and the workspace still there.

    Some file systems have no locks. There a process works without one, and leftovers stay.
    """
    path = hidden / "lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield False
        return
    try:
        try:
            _lock(handle)
            is_free = os.path.samestat(os.stat(path), os.fstat(handle))
        except (BlockingIOError, PermissionError, FileNotFoundError):
            is_free = False
        except OSError:
            is_free = is_mine
        yield is_free
    finally:
        os.close(handle)


@contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[None]:
    """Hold a file, which is made if it is missing, against other processes that ask for it so.

    A new one is open to its owner alone. Some file systems have no locks: there nobody waits.

    Raises
    ------
    OSError
        It cannot be opened; `TimeoutError` where another process has held it for too long.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # Windows locks bytes, and nobody could read those: one beyond the end.
        os.lseek(handle, 2**30, os.SEEK_SET)
        end = time.monotonic() + _PATIENCE_FOR_LOCK
        while True:
            try:
                _lock(handle)
            except (BlockingIOError, PermissionError):
                if time.monotonic() > end:
                    raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from None
                time.sleep(0.01)
                continue
            except OSError:
                pass
            break
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def sync_folder(folder: Path) -> None:
    """Bring new names to the disk, where the system can; Windows does so by itself."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
