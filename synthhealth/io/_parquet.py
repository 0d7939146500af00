"""Parquet tables."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from synthhealth.errors import FileError

if TYPE_CHECKING:
    import pandas as pd


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file with its dtypes and index."""
    import pandas as pd

    try:
        return pd.read_parquet(path, engine="pyarrow")
    # Broad, since a damaged file trips pyarrow, its metadata's JSON or pandas anywhere, and
    # silent about the cause, since that may quote a value.
    except Exception:
        raise FileError(
            f"{path}: not a Parquet file, or a damaged or cut-off one; copy or export it again"
        ) from None


def write_parquet(table: pd.DataFrame, file: Path, path: str | PathLike[str]) -> None:
    """Write a Parquet file; `path` is its name in messages."""
    import pyarrow as pa

    try:
        table.to_parquet(file, engine="pyarrow")
    # ArrowException and ValueError: the message may quote the value that fits no column type.
    except (pa.ArrowException, TypeError, ValueError):
        mixed = _mixed_columns(table)
        which = f"the columns {mixed} mix types" if mixed else "a column's type has no Parquet form"
        raise FileError(
            f"{path}: the table does not fit into Parquet: {which}; make each column all numbers, "
            "all text or all dates, and the column names text"
        ) from None


def _mixed_columns(table: pd.DataFrame) -> list[str]:
    from pandas.api.types import infer_dtype

    return [
        str(name)
        for name, column in table.items()
        if infer_dtype(column, skipna=True).startswith("mixed")
    ]
