"""Where SageMaker puts a job's inputs; from the files of a channel to one table, or one schema."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthhealth.errors import FileError, ParameterError, TableError
from synthhealth.io import FileForm, read_with_form
from synthhealth.io.cells import columns_with_words
from synthhealth.io.files import reason

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.schema import Schema

__all__ = ["check_alike", "count_seen", "files_of", "fingerprint", "read_schema", "read_tables"]


_BLOCK_BYTES = 1 << 20

#: A number with decimals is the result of a patient, and no column's name.
_DECIMAL = re.compile(r"[+-]?\d+[.,]\d+")


def files_of(folder: Path) -> list[Path]:
    """Give the files of a channel, in the order of their names.

    Hidden files, manifests (``x.manifest``, which S3 lists beside the data), marks such as
    ``_SUCCESS`` and the empty objects that stand for folders are none.

    Raises
    ------
    FileError
        There is no file.
    """
    found = []
    for root, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not _is_aside(name)]
        found += [Path(root, name) for name in names if not _is_aside(name)]
    if not found:
        raise FileError(f"{folder}: the channel has no file; look at the address in S3")
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _is_aside(name: str) -> bool:
    return name.startswith((".", "_")) or name.endswith((".manifest", "-manifest", "_$folder$"))


def read_tables(
    files: Sequence[Path], drop: Sequence[str] = (), *, schema: Schema | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Read files as one table, the rows of one after those of the other.

    Parameters
    ----------
    files : sequence of pathlib.Path
        Tables with the same columns in the same order.
    drop : sequence of str
        Columns to leave out.
    schema : Schema, optional
        What the columns are: then numbers may be their names, and words such as NA their levels.

    Returns
    -------
    pandas.DataFrame, list of str
        The table, and what is uncertain about how it was read.

    Raises
    ------
    FileError
        A file cannot be read as a table.
    TableError
        The columns of the files differ, or a file has a patient in place of its header.
    ParameterError
        A column to leave out does not exist.
    """
    words = [] if schema is None else columns_with_words(schema)
    header = None if schema is None else True
    read = [read_with_form(path, header=header, keep_words=words) for path in files]
    doubts = [
        f"{path.name}: {doubt}"
        for path, (_, form) in zip(files, read, strict=True)
        for doubt in form.doubts
    ]
    tables = [table for table, _ in read]
    _check_headers(files, read, is_declared=schema is not None)
    _check_columns(files, tables)
    for name in drop:
        if name not in tables[0].columns:
            # Not the names it has: a file without a header has a patient in their place.
            raise ParameterError(
                f"parameter 'drop': {files[0].name} has no column {name!r}; check the spelling"
            )
    tables = [table.drop(columns=list(drop)) for table in tables]
    return (tables[0] if len(tables) == 1 else _stacked(tables)), doubts


def check_alike(table: pd.DataFrame, unseen: pd.DataFrame) -> None:
    """Refuse patients to compare with that have other columns, before anything is learned.

    Raises
    ------
    TableError
    """
    missing = [str(name) for name in table.columns if name not in unseen.columns]
    n_more = sum(name not in table.columns for name in unseen.columns)
    if missing or n_more:
        # Only names of the table that is learned: the other one may lack its header.
        first = f" (the first is {missing[0]!r})" if missing else ""
        raise TableError(
            f"channel 'validation': {len(missing)} columns of the training table are missing"
            f"{first}, and {n_more} are not in it; give a table with the same columns"
        )


def count_seen(table: pd.DataFrame, unseen: pd.DataFrame) -> int:
    """Count the rows to compare with that the training table has, too.

    Raises
    ------
    TableError
        That is all of them, in a table whose rows differ: nobody in it is unseen.
    """
    learned = table.astype(str).agg("\x1f".join, axis=1)
    n_seen = int(unseen[table.columns].astype(str).agg("\x1f".join, axis=1).isin(learned).sum())
    if n_seen == len(unseen) and learned.nunique() > len(learned) / 2:
        raise TableError(
            f"channel 'validation': all of its {n_seen} rows are rows of the training table, so "
            "that nothing of it is unseen; give patients that are not learned from, or leave it out"
        )
    return n_seen


def _check_columns(files: Sequence[Path], tables: Sequence[pd.DataFrame]) -> None:
    first = list(tables[0].columns)
    for path, table in zip(files[1:], tables[1:], strict=True):
        names = list(table.columns)
        if names == first:
            continue
        # Positions, not names: a file without a header has a patient in this line.
        if len(names) != len(first):
            what = f"it has {len(names)} columns, {files[0].name} has {len(first)}"
        elif sorted(map(str, names)) == sorted(map(str, first)):
            what = f"its columns stand in another order than those of {files[0].name}"
        else:
            place = next(
                i for i, pair in enumerate(zip(names, first, strict=True)) if len({*pair}) > 1
            )
            what = f"its column {place + 1} has another name than that of {files[0].name}"
        raise TableError(
            f"{path.name}: {what}; all files of a channel are one table and need the same header"
        )


def _check_headers(
    files: Sequence[Path], read: Sequence[tuple[pd.DataFrame, FileForm]], *, is_declared: bool
) -> None:
    """Refuse a file whose first line is a patient: nobody reads its doubts before it is learned."""
    for path, (table, form) in zip(files, read, strict=True):
        is_measured = any(_DECIMAL.fullmatch(str(name)) for name in table.columns)
        if not form.has_header or (is_measured and not is_declared):
            raise TableError(
                f"{path.name}: the header seems to be missing and the first line to be a patient; "
                "write the names into the first line, or, if these are the names, give a schema "
                "(channel 'schema')"
            )


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join the rows, each column as it would have been read from one file."""
    import pandas as pd

    columns = {
        name: _joined(str(name), [table.iloc[:, place] for table in tables])
        for place, name in enumerate(tables[0].columns)
    }
    return pd.DataFrame(columns)


def _joined(name: str, parts: list[pd.Series]) -> pd.Series:
    import pandas as pd

    if len({str(part.dtype) for part in parts}) == 1:
        return pd.concat(parts, ignore_index=True)
    # A column without any value is read as numbers, but says nothing of its type.
    telling = [part for part in parts if part.notna().any()]
    kinds = {_kind(part) for part in telling}
    has_gaps = any(part.isna().any() for part in parts)
    dtype: Any
    if kinds == {"whole"}:
        dtype = "Int64" if has_gaps else "int64"
    elif kinds <= {"whole", "number"}:
        dtype = "float64"
    elif kinds == {"truth"}:
        dtype = "object" if has_gaps else "bool"
    elif kinds <= {"whole", "number", "text"}:
        # Numbers in one file, and among them words such as "<0.5" in another.
        parts, dtype = [_as_text(part) for part in parts], "object"
    elif len({str(part.dtype) for part in telling}) == 1:
        dtype = telling[0].dtype
    else:
        raise TableError(
            f"column {name!r} has not the same type in all files "
            f"({', '.join(sorted({str(part.dtype) for part in telling}))}); write it in one type"
        )
    return pd.concat([part.astype(dtype) for part in parts], ignore_index=True)


def _kind(part: pd.Series) -> str:
    from pandas.api import types

    if types.infer_dtype(part, skipna=True) == "boolean":
        return "truth"
    if types.is_integer_dtype(part.dtype):
        return "whole"
    if types.is_float_dtype(part.dtype):
        return "number"
    return "text" if part.dtype == object else "other"


def _as_text(part: pd.Series) -> pd.Series:
    from synthhealth.io.cells import bare

    def text(value: object) -> str:
        return bare(value) if isinstance(value, float) else str(value)

    return part.astype(object).map(text, na_action="ignore")


def read_schema(folder: Path) -> Schema:
    """Read the one file of a channel as a schema.

    Raises
    ------
    ParameterError
        There are several files.
    FileError, SchemaError
    """
    from synthhealth.schema import Schema

    files = files_of(folder)
    if len(files) > 1:
        raise ParameterError(
            f"channel 'schema' has {len(files)} files; give one, YAML or JSON, as "
            "`synthhealth schema` writes it"
        )
    return Schema.from_file(files[0])


def fingerprint(files: Sequence[Path], key: bytes) -> str:
    """Give the keyed hash of the files' content, in their order.

    Raises
    ------
    FileError
        A file cannot be read.
    """
    digest = hmac.new(key, digestmod=hashlib.sha256)
    for path in files:
        try:
            with path.open("rb") as file:
                one = hmac.new(key, digestmod=hashlib.sha256)
                while block := file.read(_BLOCK_BYTES):
                    one.update(block)
        except OSError as error:
            raise FileError(f"{path}: the file cannot be read ({reason(error)})") from None
        # The suffix decides how the content is read.
        digest.update(f"{''.join(path.suffixes).lower()} {one.hexdigest()}\n".encode())
    return digest.hexdigest()
