"""Parquet tables."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from synthhealth.cells.written import written_clocks
from synthhealth.errors import FileError
from synthhealth.io.form import FileForm

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["read_parquet", "to_arrow", "write_parquet"]


def read_parquet(path: Path) -> tuple[pd.DataFrame, FileForm]:
    """Read a Parquet file with its dtypes and index.

    Days are read as dates, decimal numbers as numbers, times of day as text; the form says what
    they were, so that they are written so again.
    """
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            stored = file.read()
        formats = {
            name: str(kind)
            for name, kind in zip(stored.schema.names, stored.schema.types, strict=True)
            if _is_special(kind)
        }
        table = _plain(stored).to_pandas()
    # Broad, since a damaged file trips pyarrow, its metadata's JSON or pandas anywhere, and
    # silent about the cause, since that may quote a value.
    except Exception:
        raise FileError(
            f"{path}: not a Parquet file, or a damaged or cut-off one; copy or export it again"
        ) from None
    return table, FileForm(".parquet", formats=formats)


def write_parquet(
    table: pd.DataFrame, file: Path, path: str | PathLike[str], form: FileForm | None = None
) -> None:
    """Write a Parquet file; `path` is its name in messages."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    formats = {} if form is None or form.suffix != ".parquet" else form.formats
    try:
        pq.write_table(to_arrow(table, formats, with_index=None), file)
    # ArrowException and ValueError: the message may quote the value that fits no column type.
    except (pa.ArrowException, TypeError, ValueError):
        mixed = _mixed_columns(table)
        which = f"the columns {mixed} mix types" if mixed else "a column's type has no Parquet form"
        raise FileError(
            f"{path}: the table does not fit into Parquet: {which}; make each column all numbers, "
            "all text or all dates, and the column names text"
        ) from None


def to_arrow(
    table: pd.DataFrame, formats: Mapping[str, str], *, with_index: bool | None
) -> pa.Table:
    """Give the table for a Parquet file, with the types that another one's columns had.

    A column that does not fit its type any more keeps its own.
    """
    import pyarrow as pa

    made = pa.Table.from_pandas(table, preserve_index=with_index)
    for place, field in enumerate(made.schema):
        kind = _type_of(formats.get(field.name, ""))
        if kind is None:
            continue
        try:
            column = _as_stored(made.column(place), kind)
        except (pa.ArrowException, TypeError, ValueError):
            continue
        made = made.set_column(place, field.with_type(kind), column)
    return made


def _is_special(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_date(kind) or pa.types.is_decimal(kind) or pa.types.is_time(kind))


def _plain(stored: pa.Table) -> pa.Table:
    """Bring days, decimal numbers and times of day to what pandas has a dtype for."""
    import pyarrow as pa

    for place, field in enumerate(stored.schema):
        column = stored.column(place)
        if pa.types.is_date(field.type):
            kind = pa.timestamp("us")
            column = column.cast(kind)
        elif pa.types.is_decimal(field.type):
            kind = pa.float64()
            column = column.cast(pa.string()).cast(kind)  # a direct cast is off by the last digit
        elif pa.types.is_time(field.type):
            kind = pa.string()
            cells = column.to_pylist()
            texts = iter(written_clocks([cell for cell in cells if cell is not None]))
            column = pa.chunked_array(
                [pa.array([None if cell is None else next(texts) for cell in cells], kind)]
            )
        else:
            continue
        stored = stored.set_column(place, field.with_type(kind), column)
    return stored


def _as_stored(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    from datetime import time

    import pyarrow as pa

    if pa.types.is_time(kind):
        cells = [None if cell is None else time.fromisoformat(cell) for cell in column.to_pylist()]
        return pa.chunked_array([pa.array(cells, kind)])
    if pa.types.is_date(kind) and not pa.types.is_timestamp(column.type):
        raise TypeError("no dates any more")
    return column.cast(kind)


def _type_of(text: str) -> pa.DataType | None:
    """Give the type that `str` has named; None for any other."""
    import re

    import pyarrow as pa

    named = {
        "date32[day]": pa.date32(),
        "date64[ms]": pa.date64(),
        **{f"time32[{unit}]": pa.time32(unit) for unit in ("s", "ms")},
        **{f"time64[{unit}]": pa.time64(unit) for unit in ("us", "ns")},
    }
    decimal = re.fullmatch(r"decimal(128|256)\((\d+), (-?\d+)\)", text)
    if decimal is not None:
        make = pa.decimal128 if decimal[1] == "128" else pa.decimal256
        return make(int(decimal[2]), int(decimal[3]))
    return named.get(text)


def _mixed_columns(table: pd.DataFrame) -> list[str]:
    from pandas.api.types import infer_dtype

    return [
        str(name)
        for name, column in table.items()
        if infer_dtype(column, skipna=True).startswith("mixed")
    ]
