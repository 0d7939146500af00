"""Tables too large for memory, written chunk by chunk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from synthhealth.errors import FileError
from synthhealth.io.files import whole_file
from synthhealth.io.form import FileForm
from synthhealth.io.parquet import to_arrow
from synthhealth.io.tables import table_suffix
from synthhealth.io.text import write_text

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["write_chunks"]


def write_chunks(
    chunks: Iterable[pd.DataFrame],
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    form: FileForm | None = None,
) -> Path:
    """Write the chunks of one table into one Parquet or text file, without their index.

    Only one chunk is held in memory at a time. The file is written whole or not at all.

    Parameters
    ----------
    chunks : iterable of pandas.DataFrame
        At least one; all with the same columns and dtypes.
    path : path-like
        A file whose suffix is one of `SUFFIXES` but ``.xlsx``.
    force : bool
        Whether to overwrite an existing file.
    form : FileForm, optional
        How a text table is written, as for `write_table`.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    FileError
        The form cannot be written in chunks, the file exists, or it cannot be written.
    """
    suffix = table_suffix(path)
    if suffix == ".xlsx":
        raise FileError(
            f"{path}: an Excel file cannot be written chunk by chunk; choose .parquet or .csv"
        )
    with whole_file(path, force=force) as temporary:
        if suffix == ".parquet":
            stored = form is not None and form.suffix == ".parquet"
            _write_parquet(iter(chunks), temporary, form.formats if form and stored else {})
        else:
            write_text(chunks, temporary, suffix, path, form)
    return Path(path)


def _write_parquet(chunks: Iterator[pd.DataFrame], path: Path, formats: Mapping[str, str]) -> None:
    import pyarrow.parquet as pq

    first = to_arrow(next(chunks), formats, with_index=False)
    schema = _without_null_types(first.schema)
    with pq.ParquetWriter(path, schema) as writer:
        writer.write_table(first.cast(schema))
        for chunk in chunks:
            made = to_arrow(chunk, formats, with_index=False)
            writer.write_table(made.cast(schema))


def _without_null_types(schema: pa.Schema) -> pa.Schema:
    # A text column that is empty throughout the first chunk may hold text in the next.
    import pyarrow as pa

    for place, field in enumerate(schema):
        if pa.types.is_null(field.type):
            schema = schema.set(place, field.with_type(pa.string()))
    return schema
