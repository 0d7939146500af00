"""One large table as numbered files, each of whole blocks of rows.

A block is what `synthhealth.Synthesizer.sample` draws at once. Its rows depend on the seed and on
its number alone, so that whoever draws it draws the same.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from synthhealth import __version__
from synthhealth.aws._sampling._hosts import Host
from synthhealth.errors import FileError, ParameterError
from synthhealth.fitted import CHUNK_SIZE
from synthhealth.io import whole_file, write_chunks

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from synthhealth.fitted import Fitted

__all__ = ["BLOCK_ROWS", "FORMATS", "Format", "Part", "Table", "Writer"]

Format = Literal["parquet", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)

#: Rows that are drawn and held in memory at once.
BLOCK_ROWS = CHUNK_SIZE

#: The most files: their names have five digits.
MAX_FILES = 100_000

#: What decides the bytes of a file, beside the model and the seed.
_LIBRARIES = ("sdv", "numpy", "pandas", "pyarrow", "torch")


@dataclass(frozen=True)
class Part:
    """One file: the rows from `start` up to `stop`."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True)
class Table:
    """What is written; the same for all instances.

    Attributes
    ----------
    rows : int
        Of the whole table.
    seed : int
        The table is that of ``sample(rows, random_state=seed)``.
    format : str
        One of `FORMATS`.
    rows_per_file : int
        A multiple of `BLOCK_ROWS`.
    model_sha256 : str
        Of the saved model.
    versions : dict of str to str
        Of what draws and writes; others could give other bytes.
    """

    rows: int
    seed: int
    format: Format
    rows_per_file: int
    model_sha256: str
    versions: dict[str, str] = field(
        default_factory=lambda: {
            "python": platform.python_version(),
            "synthhealth": __version__,
            **{name: version(name) for name in _LIBRARIES},
        }
    )

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise ParameterError(f"num_rows is {self.rows}; give a whole number from 1")
        if self.seed < 0:
            raise ParameterError(f"seed is {self.seed}; give a whole number from 0")
        if self.format not in FORMATS:
            raise ParameterError(f"format is {self.format!r}; it is one of {', '.join(FORMATS)}")
        if self.rows_per_file < 1 or self.rows_per_file % BLOCK_ROWS:
            raise ParameterError(
                f"rows_per_file is {self.rows_per_file}; give a multiple of {BLOCK_ROWS:,}, which "
                "are drawn at once"
            )
        if self.n_files > MAX_FILES:
            raise ParameterError(
                f"the table would have {self.n_files:,} files; give more rows_per_file, so that "
                f"there are at most {MAX_FILES:,}"
            )

    @property
    def n_files(self) -> int:
        """How many files the table has."""
        return -(-self.rows // self.rows_per_file)

    def parts(self, host: Host) -> list[Part]:
        """Give the files that an instance writes."""
        return [self._part(number) for number in range(host.index, self.n_files, host.count)]

    def names(self) -> set[str]:
        """Give the names of all files."""
        return {self._part(number).name for number in range(self.n_files)}

    def to_json(self) -> str:
        """Write what the table is; equal tables give equal text."""
        return json.dumps({"format_version": 1, **asdict(self)}, indent=2) + "\n"

    def _part(self, number: int) -> Part:
        start = number * self.rows_per_file
        name = f"part-{number:05d}.{self.format}"
        return Part(name, start, min(start + self.rows_per_file, self.rows))


class Writer:
    """Draws the rows of files and writes them.

    Parameters
    ----------
    fitted : Fitted
    table : Table
    folder : pathlib.Path
        Where to.
    """

    def __init__(self, fitted: Fitted, table: Table, folder: Path) -> None:
        self._fitted, self._table, self._folder = fitted, table, folder

    def write(self, part: Part) -> None:
        """Write a file, whole or not at all; one block is held in memory.

        Raises
        ------
        FileError
            The disk refuses, or the table does not fit into Parquet.
        """
        path, chunks = self._folder / part.name, self._blocks(part.start, part.stop)
        if self._table.format == "csv":
            write_chunks(chunks, path, force=True)
            return
        import pyarrow.parquet as pq

        schema = self._schema
        with whole_file(path, force=True) as file, pq.ParquetWriter(file, schema) as writer:
            for chunk in chunks:
                writer.write_table(_as_arrow(chunk, schema))

    def _blocks(self, start: int, stop: int) -> Iterator[pd.DataFrame]:
        # As `Synthesizer.sample` draws them: each block knows its place in the whole table, so
        # that keys are unique throughout.
        stream = self._fitted.stream(self._table.seed)
        for first in range(start, stop, BLOCK_ROWS):
            last = min(first + BLOCK_ROWS, stop)
            yield self._fitted.draw(first, last, stream, chunk_size=BLOCK_ROWS).rows

    @cached_property
    def _schema(self) -> pa.Schema:
        """The schema of the table's first block, which all files share.

        By itself a file would have that of its own first block, where a column may be empty.
        """
        import pyarrow as pa

        (first,) = self._blocks(0, min(self._table.rows, BLOCK_ROWS))
        schema = _as_arrow(first).schema
        for place, column in enumerate(schema):
            if pa.types.is_null(column.type):
                schema = schema.set(place, column.with_type(pa.string()))
        return schema


def _as_arrow(chunk: pd.DataFrame, schema: pa.Schema | None = None) -> pa.Table:
    import pyarrow as pa

    try:
        return pa.Table.from_pandas(chunk, schema=schema, preserve_index=False)
    # Silent about the cause, since its message may quote a value.
    except (pa.ArrowException, TypeError, ValueError):
        raise FileError(
            "the table does not fit into Parquet: a column's values are of several types; "
            "write it as csv"
        ) from None
