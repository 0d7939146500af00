"""Text tables: CSV and its relatives."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from synthhealth.errors import FileError

if TYPE_CHECKING:
    import pandas as pd

_SEPARATORS = ",;\t|"
_SNIFFED_BYTES = 1 << 16

#: First bytes of what is often renamed to .csv, and what to do about it.
_SIGNATURES = (
    (b"%PDF", "a PDF document; export the table itself as CSV"),
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive; name it .xlsx, or unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls); save it as .xlsx or CSV"),
    (b"\x89PNG", "a PNG image; export the table itself as CSV"),
    (b"\xff\xd8\xff", "a JPEG image; export the table itself as CSV"),
    (b"PAR1", "a Parquet file; name it .parquet"),
    (b"\x1f\x8b", "gzip-compressed; name it .csv.gz"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def read_text(path: Path, suffix: str) -> pd.DataFrame:
    """Read a text table, after a first pass that finds what pandas would mend in silence.

    pandas fills short rows, takes the first column of rows that are too long for row labels and
    renames the second of two equal column names: each would shift or rename a patient's values.
    """
    import pandas as pd

    with _damage_refused(path, suffix):
        separator = _check_text(path, suffix)
        try:
            table = pd.read_csv(
                path,
                sep=separator,
                encoding="utf-8-sig",
                compression="gzip" if suffix.endswith(".gz") else None,
                float_precision="round_trip",
                low_memory=False,  # one dtype per column, whatever the chunk
            )
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            # Only its number: the parser's message may quote the row.
            row = re.search(r"row (\d+)", str(error))
            where = f" near line {int(row[1]) + 1}" if row else ""
            raise FileError(
                f"{path}: not a well-formed CSV{where}; look for a quotation mark that is never "
                "closed, or export the table again"
            ) from None
    if not isinstance(table.index, pd.RangeIndex):
        raise FileError(f"{path}: the rows have more values than the header has names")
    return table


def write_text(
    chunks: Iterable[pd.DataFrame], file: Path, suffix: str, path: str | PathLike[str]
) -> None:
    """Write the chunks of one table: UTF-8, rows ended by a line feed.

    Equal tables give equal bytes. `path` is the file's name in messages.
    """
    with _create_text(file, suffix) as text:
        for part, chunk in enumerate(chunks):
            try:
                chunk.to_csv(
                    text,
                    sep="\t" if suffix.startswith(".tsv") else ",",
                    header=part == 0,
                    index=False,
                    lineterminator="\n",
                    quoting=csv.QUOTE_NONNUMERIC if _is_ambiguous(chunk) else csv.QUOTE_MINIMAL,
                )
            except UnicodeEncodeError:
                raise FileError(
                    f"{path}: the table holds text that is no valid Unicode (lone surrogates); "
                    "decode it anew from its source"
                ) from None


@contextmanager
def _create_text(file: Path, suffix: str) -> Iterator[TextIO]:
    with ExitStack() as stack:
        binary: io.BufferedWriter | gzip.GzipFile = stack.enter_context(file.open("wb"))
        if suffix.endswith(".gz"):
            # No file name and no time in the header, which would differ from run to run.
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=binary, mtime=0)
            binary = stack.enter_context(packed)
        yield stack.enter_context(io.TextIOWrapper(binary, encoding="utf-8", newline=""))


def _is_ambiguous(table: pd.DataFrame) -> bool:
    """Whether reading could go wrong where only what must be quoted is quoted."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    # Another separator in a name could be taken for this file's own ...
    if any(mark in str(name) for name in table.columns for mark in _SEPARATORS + "\r"):
        return True
    # ... and Python's csv writer (before 3.13) leaves a carriage return in a text bare.
    return any(
        column.astype("string").str.contains("\r", regex=False).any()
        for _, column in table.items()
        if not (is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype))
    )


@contextmanager
def _damage_refused(path: Path, suffix: str) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise FileError(f"{path}: {_encoding_advice(path, suffix)}") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise FileError(
            f"{path}: the gzip file is damaged or cut off; copy or export it again"
        ) from None


def _check_text(path: Path, suffix: str) -> str:
    """Refuse a file that is no CSV; return the separator of one that is."""
    with _open_binary(path, suffix) as file:
        head = file.read(_SNIFFED_BYTES)
    for signature, advice in _SIGNATURES:
        if head.startswith(signature):
            raise FileError(f"{path}: not a CSV but {advice}")
    with io.TextIOWrapper(_open_binary(path, suffix), encoding="utf-8-sig", newline="") as file:
        separator = "\t" if suffix.startswith(".tsv") else _sniff(file.read(_SNIFFED_BYTES))
        file.seek(0)
        _check_rows(path, file, separator)
    return separator


def _check_rows(path: Path, file: TextIO, separator: str) -> None:
    rows = csv.reader(_without_nul(path, file), delimiter=separator)
    header: list[str] | None = None
    n_rows = 0
    try:
        for row in rows:
            if not row or (len(row) == 1 and not row[0].strip()):
                continue
            if header is None:
                header = row
                _check_header(path, header)
                continue
            n_rows += 1
            if len(row) != len(header):
                raise FileError(
                    f"{path}: line {rows.line_num} has {len(row)} values but the header has "
                    f"{len(header)} names; quote values that contain the separator "
                    f"({_name(separator)}), or export the table again"
                )
    except csv.Error:
        raise FileError(
            f"{path}: line {rows.line_num} is not well-formed CSV; look for a quotation mark that "
            "is never closed, or export the table again"
        ) from None
    if header is None:
        raise FileError(f"{path}: the file holds no table, only blank lines; export it again")


def _check_header(path: Path, header: list[str]) -> None:
    first: dict[str, int] = {}
    for position, name in enumerate(header, start=1):
        if name and name in first:
            # Positions, not the name: a file without a header has a patient in this line.
            raise FileError(
                f"{path}: columns {first[name]} and {position} have the same name in the header; "
                "give each column its own (the first line must hold the names)"
            )
        first[name] = position


def _without_nul(path: Path, file: TextIO) -> Iterator[str]:
    for line in file:
        if "\0" in line:
            raise FileError(f"{path}: not a CSV but binary content; export the table as CSV")
        yield line


def _sniff(text: str) -> str:
    """Find the separator: of those that cut all first lines into equally many parts, the finest."""
    unquoted = re.sub(r'"[^"]*"', "quoted", text)
    lines = [line for line in re.split(r"\r\n|\r|\n", unquoted) if line.strip()]
    if len(text) == _SNIFFED_BYTES:
        lines = lines[:-1] or lines  # the last one is cut
    counts = {mark: [line.count(mark) for line in lines] for mark in _SEPARATORS}
    even = [mark for mark in _SEPARATORS if any(counts[mark]) and len(set(counts[mark])) == 1]
    # max takes the first of equals, and the comma comes first.
    return max(even or _SEPARATORS, key=lambda mark: counts[mark][0] if lines else 0)


def _encoding_advice(path: Path, suffix: str) -> str:
    with _open_binary(path, suffix) as file:
        head = file.read(_SNIFFED_BYTES)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "UTF-16"
    elif _CONTROL.search(head):
        return "not a CSV but binary content; export the table as CSV"
    else:
        encoding = "Windows-1252"
    return (
        f"the text is not UTF-8 but, most likely, {encoding}; in Excel save it as 'CSV UTF-8', or "
        f"convert it: iconv -f {encoding.upper()} -t UTF-8 OLD.csv > NEW.csv"
    )


def _open_binary(path: Path, suffix: str) -> gzip.GzipFile | io.BufferedReader:
    return gzip.open(path) if suffix.endswith(".gz") else path.open("rb")


def _name(separator: str) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}[separator]
