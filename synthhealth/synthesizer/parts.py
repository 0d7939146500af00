"""A large sample as a folder of Parquet files, which any number of workers draw at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from synthhealth.errors import FileError, SynthHealthError
from synthhealth.fitted import Fitted
from synthhealth.io import FileForm, whole_folder, write_chunks
from synthhealth.progress import OnProgress
from synthhealth.workers import work_through

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CHUNKS_OF_PART", "is_folder", "write_parts"]

#: Chunks in one file; so what is in which file does not depend on who draws it.
CHUNKS_OF_PART = 10

_NAME = "part-{:05d}.parquet"


class Counts(NamedTuple):
    """How many rows were kept, and how many were drawn for them."""

    kept: int
    drawn: int


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Say whether a path means a folder of parts: it has no suffix.

    Examples
    --------
    >>> from synthhealth.synthesizer.parts import is_folder
    >>> is_folder("results/large"), is_folder("results/large.parquet")
    (True, False)
    """
    return not Path(path).suffix


def write_parts(
    fitted: Fitted,
    folder: str | os.PathLike[str],
    n: int,
    stream: int,
    *,
    chunk_size: int,
    n_jobs: int | None = None,
    force: bool = False,
    form: FileForm | None = None,
    on_progress: OnProgress | None = None,
) -> Counts:
    """Draw the first `n` rows of a stream into the files of a folder.

    The files and their bytes are the same whatever the number of workers. All appear or none.

    Parameters
    ----------
    fitted : Fitted
        Without a guard.
    folder : path-like
        It is created; workers on other machines must see it under the same path.
    n : int
        Number of rows.
    stream : int
        Of `Fitted.own_stream` or `Fitted.stream`.
    chunk_size : int
        Rows that a worker holds in memory at once.
    n_jobs : int, optional
        Files that are drawn at once; see `joblib.Parallel`.
    force : bool
        Whether to replace files of the same names.
    form : FileForm, optional
        How to write dates.
    on_progress : callable, optional
        Called after each file.

    Raises
    ------
    FileError
        The folder holds parts already, or cannot be written.
    WorkerError
        Workers died twice.
    """
    size = CHUNKS_OF_PART * chunk_size
    names = {start: _NAME.format(start // size) for start in range(0, n, size)}
    others = {file.name for file in Path(folder).glob("part-*.parquet")} - set(names.values())
    if others:
        raise FileError(
            f"{folder}: the folder holds {len(others)} parts of a larger sample, which would stand "
            "beside these; choose another folder, or remove them"
        )
    with whole_folder(folder, names.values(), force=force) as temporary:

        def arguments(start: int) -> tuple[object, ...]:
            stop = min(start + size, n)
            return fitted, temporary / names[start], start, stop, stream, chunk_size, form

        found = work_through(
            _write_part,
            list(names),
            arguments,
            n_jobs=n_jobs,
            task="sample",
            unit="part",
            keeps=False,
            on_progress=on_progress,
        )
        for one in found.values():
            if isinstance(one, SynthHealthError):
                raise one
    counts = [one for one in found.values() if isinstance(one, Counts)]
    return Counts(sum(one.kept for one in counts), sum(one.drawn for one in counts))


def _write_part(
    fitted: Fitted,
    path: Path,
    start: int,
    stop: int,
    stream: int,
    chunk_size: int,
    form: FileForm | None,
) -> Counts | SynthHealthError:
    drawn = 0

    def chunks() -> Iterator[pd.DataFrame]:
        nonlocal drawn
        for begin in range(start, stop, chunk_size):
            end = min(begin + chunk_size, stop)
            one = fitted.draw(begin, end, stream, chunk_size=chunk_size)
            drawn += one.n_drawn
            yield one.rows

    try:
        # After a worker's death the file may be there in part.
        write_chunks(chunks(), path, force=True, form=form)
    except SynthHealthError as error:
        return error
    return Counts(stop - start, drawn)
