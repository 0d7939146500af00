"""Text tables: CSV and its relatives."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from synthhealth.errors import FileError
from synthhealth.io._encodings import (
    SNIFFED_BYTES,
    find_encoding,
    open_binary,
    refuse_encoding,
)
from synthhealth.io._form import SEPARATORS, FileForm
from synthhealth.io._separators import find_separator

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.io._cells import Cells


def read_text(
    path: Path, suffix: str, given: FileForm | None = None
) -> tuple[pd.DataFrame, FileForm]:
    """Read a text table, after a first pass that finds what pandas would mend in silence.

    pandas fills short rows, takes the first column of rows that are too long for row labels and
    renames the second of two equal column names: each would shift or rename a patient's values.
    `given` has the encoding, separator and decimal mark where the user says them.
    """
    encoding = "utf-8"
    try:
        encoding = find_encoding(path, suffix) if given is None else given.encoding
        with io.TextIOWrapper(open_binary(path, suffix), encoding=encoding, newline="") as file:
            head = file.read(SNIFFED_BYTES)
            separator = _separator(head, suffix, given)
            file.seek(0)
            _check_rows(path, file, separator)
        raw = _read_cells(path, suffix, encoding, separator)
    except LookupError:
        raise FileError(f"{path}: there is no encoding {encoding!r}; see FileForm") from None
    except UnicodeError:
        raise refuse_encoding(path, encoding) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise FileError(
            f"{path}: the gzip file is damaged or cut off; copy or export it again"
        ) from None
    newline = "\r\n" if "\r\n" in head else "\n"
    return _typed(raw, FileForm(suffix, encoding, separator, newline=newline), given)


def write_text(
    chunks: Iterable[pd.DataFrame],
    file: Path,
    suffix: str,
    path: str | PathLike[str],
    form: FileForm | None = None,
) -> None:
    """Write the chunks of one table in a form; without one UTF-8, rows ended by a line feed.

    Equal tables give equal bytes. `path` is the file's name in messages.
    """
    form = form if form is not None and form.is_text else FileForm(suffix)
    if suffix.startswith(".tsv"):
        form = replace(form, separator="\t")
    with _create_text(file, suffix, form.encoding) as text:
        for part, chunk in enumerate(chunks):
            try:
                write_rows(chunk, text, form, header=part == 0, quoted=is_ambiguous(chunk))
                text.flush()  # here, so that what cannot be encoded is found here
            except UnicodeEncodeError:
                raise FileError(f"{path}: {_no_such_letters(form)}") from None


def write_rows(
    table: pd.DataFrame, text: TextIO, form: FileForm, *, header: bool, quoted: bool
) -> None:
    """Write rows in a form; `quoted`: with all texts in quotation marks, see `is_ambiguous`."""
    from synthhealth.io._numbers import in_form, with_printed_digits

    in_form(with_printed_digits(table), form).to_csv(
        text,
        sep=form.separator,
        header=header,
        index=False,
        lineterminator=form.newline,
        na_rep=form.missing,
        quoting=csv.QUOTE_NONNUMERIC if quoted else csv.QUOTE_MINIMAL,
    )


def _no_such_letters(form: FileForm) -> str:
    if form.encoding.startswith("utf"):
        return (
            "the table holds text that is no valid Unicode (lone surrogates); decode it anew from "
            "its source"
        )
    return f"the table holds letters that {form.encoding} does not have; write it as UTF-8"


def _separator(head: str, suffix: str, given: FileForm | None) -> str:
    if suffix.startswith(".tsv"):
        return "\t"
    if given is not None:
        return given.separator
    return find_separator(head, cut=len(head) == SNIFFED_BYTES)


def _read_cells(path: Path, suffix: str, encoding: str, separator: str) -> pd.DataFrame:
    """Read each cell as the text that it is."""
    import pandas as pd

    try:
        raw = pd.read_csv(
            path,
            sep=separator,
            encoding=encoding,
            compression="gzip" if suffix.endswith(".gz") else None,
            dtype=str,
            na_filter=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        # Only its number: the parser's message may quote the row.
        row = re.search(r"row (\d+)", str(error))
        where = f" near line {int(row[1]) + 1}" if row else ""
        raise FileError(
            f"{path}: not a well-formed CSV{where}; look for a quotation mark that is never "
            "closed, or export the table again"
        ) from None
    if not isinstance(raw.index, pd.RangeIndex):
        raise FileError(f"{path}: the rows have more values than the header has names")
    return raw


def _typed(
    raw: pd.DataFrame, form: FileForm, given: FileForm | None
) -> tuple[pd.DataFrame, FileForm]:
    import pandas as pd

    from synthhealth.io._cells import Cells, find_decimals, given_decimals

    columns = {name: Cells(raw[name]) for name in raw.columns}
    if given is None:
        decimals = find_decimals(columns, form.separator)
    else:
        decimals = given_decimals(columns, given.decimal)
    truth = next((cells.truth for cells in columns.values() if cells.truth), form.truth)
    as_text = {
        name
        for name, cells in columns.items()
        if name in decimals.text or (cells.truth not in (None, truth))
    }
    table = pd.DataFrame(
        {name: cells.take(as_text=name in as_text) for name, cells in columns.items()},
        index=raw.index,
    )
    decimal_columns = {
        name: cells
        for name, cells in columns.items()
        if cells.what in ("point", "comma") and name not in as_text
    }
    padding = {name: cells.padding() for name, cells in decimal_columns.items()}
    return table, FileForm(
        form.suffix,
        form.encoding,
        form.separator,
        decimals.mark,
        form.newline,
        _missing_word(columns),
        truth,
        padded={name: places for name, places in padding.items() if places is not None},
        bare=frozenset(name for name, cells in decimal_columns.items() if cells.is_bare()),
        doubts=(*_encoding_doubts(form), *decimals.doubts, *_none_doubts(columns)),
    )


def _missing_word(columns: Mapping[str, Cells]) -> str:
    words: Counter[str] = Counter()
    for cells in columns.values():
        words.update(cells.missing_words)
    return max(words, key=lambda word: (words[word], word == "")) if words else ""


def _encoding_doubts(form: FileForm) -> tuple[str, ...]:
    if form.encoding != "cp1252":
        return ()
    return (
        "the text is not UTF-8 and was taken for Windows-1252; look at names and levels with "
        "letters such as ä, é or µ",
    )


def _none_doubts(columns: Mapping[str, Cells]) -> tuple[str, ...]:
    from synthhealth.io._cells import name_columns

    names = [
        name
        for name, cells in columns.items()
        if cells.what == "text" and cells.missing_words["None"]
    ]
    if not names:
        return ()
    return (f"{name_columns(names)}: the word None was read as a missing value",)


@contextmanager
def _create_text(file: Path, suffix: str, encoding: str) -> Iterator[TextIO]:
    with ExitStack() as stack:
        binary: io.BufferedWriter | gzip.GzipFile = stack.enter_context(file.open("wb"))
        if suffix.endswith(".gz"):
            # No file name and no time in the header, which would differ from run to run.
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=binary, mtime=0)
            binary = stack.enter_context(packed)
        yield stack.enter_context(io.TextIOWrapper(binary, encoding=encoding, newline=""))


def is_ambiguous(table: pd.DataFrame) -> bool:
    """Whether reading could go wrong where only what must be quoted is quoted."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    # Another separator in a name could be taken for this file's own ...
    if any(mark in str(name) for name in table.columns for mark in [*SEPARATORS, "\r"]):
        return True
    # ... and Python's csv writer (before 3.13) leaves a carriage return in a text bare.
    return any(
        column.astype("string").str.contains("\r", regex=False).any()
        for _, column in table.items()
        if not (is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype))
    )


def _check_rows(path: Path, file: TextIO, separator: str) -> None:
    rows = csv.reader(_without_nul(path, file), delimiter=separator)
    header: list[str] | None = None
    try:
        for row in rows:
            if not row or (len(row) == 1 and not row[0].strip()):
                continue
            if header is None:
                header = row
                _check_header(path, header)
                continue
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


def _name(separator: str) -> str:
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
    return names.get(separator, repr(separator))
