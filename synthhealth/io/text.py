"""Text tables: CSV and its relatives."""

from __future__ import annotations

import csv
import gzip
import io
import logging
import re
import shlex
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO, TypeAlias

from synthhealth.cells.formulas import is_formula
from synthhealth.errors import Doubt, FileError
from synthhealth.io.encodings import (
    CODE_PAGES,
    SNIFFED_BYTES,
    check_encoding,
    find_encoding,
    open_binary,
    refuse_encoding,
)
from synthhealth.io.form import FileForm
from synthhealth.io.lines import USUAL, Rows, find_separator, look_at, said_separator, with_tabs

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.io.cells import Cells

_log = logging.getLogger("synthhealth.io")

_Quoting: TypeAlias = "Literal[0, 2]"  # of the csv module: minimal, all texts

#: Words for a missing value that are levels of some columns: sodium, North America, "none of them".
_PERHAPS_LEVELS = frozenset({"NA", "None", "NULL", "null", "nan"})


def read_text(
    path: Path,
    suffix: str,
    given: FileForm | None = None,
    *,
    encoding: str | None = None,
    header: bool | None = None,
    keep_words: Collection[str] = (),
) -> tuple[pd.DataFrame, FileForm]:
    """Read a text table, after a first pass that finds where in the file it is.

    `given` has the encoding, separator and decimal mark where the user says them. The other
    parameters are those of `read_table`.
    """
    said = encoding if encoding is not None or given is None else given.encoding
    used = "utf-8" if said is None else check_encoding(path, suffix, said)
    try:
        used = find_encoding(path, suffix) if said is None else used
        with io.TextIOWrapper(open_binary(path, suffix), encoding=used, newline="") as file:
            head = file.read(SNIFFED_BYTES)
            sep_line = said_separator(head)
            separator = _separator(head, suffix, given, sep_line)
            lines = _lines(file, separator, skipped=sep_line is not None)
            delimiter = "\t" if separator == " " else separator
            rows = look_at(path, lines, delimiter, header=header, skipped=int(sep_line is not None))
            raw = _read_cells(path, file, separator, rows)
    except LookupError:  # an encoding of bytes, and none of text
        raise FileError(f"{path}: there is no encoding {used!r} of texts") from None
    except UnicodeError:
        raise refuse_encoding(path, used) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise FileError(
            f"{path}: the gzip file is damaged or cut off; copy or export it again"
        ) from None
    newline = "\r\n" if "\r\n" in head else "\n"
    layout = rows.layout
    form = FileForm(
        suffix,
        used,
        separator,
        newline=newline,
        units={name: unit for name, unit in layout.units.items() if name in raw},
        sep_line=sep_line is not None,
        has_header=layout.has_header,
        doubts=(
            *_encoding_doubts(used, layout.names if layout.has_header else (), said),
            *layout.doubts,
            *rows.doubts,
            *_name_doubts(layout.unnamed, raw),
        ),
    )
    return _typed(raw, form, given, keep_words)


def write_text(
    chunks: Iterable[pd.DataFrame],
    file: Path,
    suffix: str,
    path: str | PathLike[str],
    form: FileForm | None = None,
) -> None:
    """Write the chunks of one table in a form; without one UTF-8, rows ended by a line feed.

    Equal tables give equal bytes. `path` is the file's name in messages. Cells stay as they are,
    also those that a spreadsheet would run: a sign before them would be read back as theirs. The
    log names the columns.
    """
    form = form if form is not None and form.is_text else FileForm(suffix)
    if suffix.startswith(".tsv"):
        form = replace(form, separator="\t")
    formulas: set[str] = set()
    with _create_text(file, suffix, form.encoding) as text:
        for part, chunk in enumerate(chunks):
            formulas |= _with_formulas(chunk)
            try:
                write_rows(chunk, text, form, header=part == 0, quoted=is_ambiguous(chunk))
                text.flush()  # here, so that what cannot be encoded is found here
            except UnicodeEncodeError:
                raise FileError(f"{path}: {_no_such_letters(form)}") from None
    if formulas:
        _log.warning(
            "%s: text of the columns %s begins as a formula does (=, +, -, @ or a tab), and a "
            "spreadsheet may run it; import these columns there as text, or write .xlsx, where "
            "they stay text",
            Path(path).name,
            sorted(formulas),
        )


def _with_formulas(table: pd.DataFrame) -> set[str]:
    """Name the columns that a spreadsheet may run a name or cell of."""
    found = {str(name) for name in table.columns if is_formula(str(name))}
    for name, column in table.select_dtypes(["object", "string", "category"]).items():
        if any(isinstance(one, str) and is_formula(one) for one in column.unique()):
            found.add(str(name))
    return found


def write_rows(
    table: pd.DataFrame, text: TextIO, form: FileForm, *, header: bool, quoted: bool
) -> None:
    """Write rows in a form; `quoted`: with all texts in quotation marks, see `is_ambiguous`."""
    from synthhealth.io.form import in_form, with_printed_digits

    if form.separator == " " and not form.missing:
        form = replace(form, missing="NA")  # nothing between blanks is not a cell
    quoting: _Quoting = csv.QUOTE_NONNUMERIC if quoted else csv.QUOTE_MINIMAL
    if header:
        _write_top(table, text, form, quoting)
        header = not form.units
    in_form(with_printed_digits(table), form).to_csv(
        text,
        sep=form.separator,
        header=header,
        index=False,
        lineterminator=form.newline,
        na_rep=form.missing,
        quoting=quoting,
    )


def _write_top(table: pd.DataFrame, text: TextIO, form: FileForm, quoting: _Quoting) -> None:
    """Write what stands above the patients beside a line of names alone."""
    if form.sep_line:
        text.write(f"sep={form.separator}{form.newline}")
    if form.units:
        names = [str(name) for name in table.columns]
        rows = csv.writer(
            text, delimiter=form.separator, lineterminator=form.newline, quoting=quoting
        )
        rows.writerows([names, [form.units.get(name, "") for name in names]])


def _no_such_letters(form: FileForm) -> str:
    if form.encoding.startswith("utf"):
        return (
            "the table holds text that is not valid Unicode (lone surrogates); decode it again "
            "from its source"
        )
    return f"the table holds letters that {form.encoding} does not have; write it as UTF-8"


def _separator(head: str, suffix: str, given: FileForm | None, said: str | None) -> str:
    if suffix.startswith(".tsv"):
        return "\t"
    if given is not None:
        return given.separator
    return said or find_separator(head, cut=len(head) == SNIFFED_BYTES)


def _lines(file: TextIO, separator: str, *, skipped: int) -> Iterator[str]:
    """Give the lines of the file from its beginning, or from one below."""
    file.seek(0)
    for _ in range(skipped):
        file.readline()
    return map(with_tabs, file) if separator == " " else file


def _read_cells(path: Path, file: TextIO, separator: str, rows: Rows) -> pd.DataFrame:
    """Read each cell of the patients as the text that it is."""
    import pandas as pd

    lines = _lines(file, separator, skipped=rows.first)
    if rows.aside or separator == " ":
        kept = (line for n, line in enumerate(lines, rows.first + 1) if n not in rows.aside)
        body: TextIO = io.StringIO("".join(kept), newline="")
    else:
        body = file
    width = max(rows.width, rows.n_named)
    try:
        raw = pd.read_csv(
            body,
            sep="\t" if separator == " " else separator,
            header=None,
            names=range(width),
            index_col=False,
            dtype=str,
            na_filter=False,
        )
    except pd.errors.EmptyDataError:
        raw = pd.DataFrame(columns=range(width), dtype=object)
    except pd.errors.ParserError as error:
        # Only its number: the parser's message may quote the row.
        row = re.search(r"row (\d+)", str(error))
        where = f" near line {rows.first + int(row[1]) + 1}" if row else ""
        raise FileError(
            f"{path}: not a well-formed CSV{where}; look for a quotation mark that is never "
            "closed, or export the table again"
        ) from None
    for place in range(rows.n_named, width):
        if raw[place].fillna("").str.strip().any():
            raise FileError(f"{path}: the rows have more values than the header has names")
    raw = raw[list(rows.layout.places)].set_axis(list(rows.layout.names), axis=1)
    # What has neither a name nor a cell comes from separators at the ends of the lines.
    empty = [name for name in rows.layout.unnamed if not raw[name].str.strip().any()]
    return raw.drop(columns=empty)


def _typed(
    raw: pd.DataFrame, form: FileForm, given: FileForm | None, keep_words: Collection[str]
) -> tuple[pd.DataFrame, FileForm]:
    import pandas as pd

    from synthhealth.io.cells import Cells, find_decimals, given_decimals

    columns = {name: Cells(raw[name], keep_words=name in keep_words) for name in raw.columns}
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
        {
            name: cells.take(
                as_text=name in as_text, grouped_by="." if name in decimals.grouped else None
            )
            for name, cells in columns.items()
        },
        index=raw.index,
    )
    if form.units:
        table.attrs["units"] = {name: _bare_unit(unit) for name, unit in form.units.items()}
    if kept := [name for name in columns if name in keep_words]:
        table.attrs["keep_words"] = kept
    decimal_columns = {
        name: cells
        for name, cells in columns.items()
        if cells.what in ("point", "comma") and name not in as_text | decimals.grouped
    }
    padding = {name: cells.padding() for name, cells in decimal_columns.items()}
    missing = _missing_word(columns)
    return table, replace(
        form,
        decimal=decimals.mark,
        missing=missing,
        missing_words=_own_words(columns, missing, keep_words),
        truth=truth,
        padded={name: places for name, places in padding.items() if places is not None},
        bare=frozenset(name for name, cells in decimal_columns.items() if cells.is_bare()),
        grouped=decimals.grouped,
        doubts=(*form.doubts, *decimals.doubts, *_word_doubts(columns)),
    )


def _bare_unit(text: str) -> str:
    return text.strip().strip("[]()").strip()


def _missing_word(columns: Mapping[str, Cells]) -> str:
    words: Counter[str] = Counter()
    for cells in columns.values():
        words.update(cells.missing_words)
    return max(words, key=lambda word: (words[word], word == "")) if words else ""


def _own_words(
    columns: Mapping[str, Cells], usual: str, keep_words: Collection[str]
) -> dict[str, str]:
    """Give the columns whose word for a missing value is another than the file's, and that word."""
    words = {
        name: cells.missing_words.most_common(1)[0][0]
        for name, cells in columns.items()
        if cells.missing_words
    }
    words |= {name: "" for name in keep_words if name in columns}
    return {name: word for name, word in words.items() if word != usual}


def _encoding_doubts(encoding: str, names: Iterable[str], said: str | None) -> tuple[Doubt, ...]:
    if encoding not in CODE_PAGES or said is not None:
        return ()
    samples = [name for name in names if not name.isascii()][:3]
    if samples:
        shown = ", ".join(repr(name) for name in samples)
        look = f"the names then read {shown}"
    else:
        look = "look at levels with letters such as ä, é or µ"
    return (
        Doubt(
            f"the text is not UTF-8 and was taken for {CODE_PAGES[encoding]}; {look}",
            f"--encoding {encoding}",
            2,
        ),
    )


def _name_doubts(unnamed: Collection[str], raw: pd.DataFrame) -> tuple[Doubt, ...]:
    from synthhealth.io.cells import name_columns

    names = [name for name in raw.columns if name in unnamed]
    if not names:
        return ()
    text = f"{name_columns(names)}: the header has no name there, so this one was made up"
    return (Doubt(text, "write the names into the first line", 2),)


def _word_doubts(columns: Mapping[str, Cells]) -> tuple[Doubt, ...]:
    """Doubt words for a missing value that may be a level: NA is sodium, too, and None an answer.

    A word that stands among numbers, too, is the file's own for a missing value.
    """
    from synthhealth.io.cells import name_columns

    among_numbers = {
        word
        for cells in columns.values()
        if cells.what != "text"
        for word in cells.missing_words
        if cells.known
    }
    found: dict[str, list[str]] = {}
    for name, cells in columns.items():
        if cells.what == "text":
            for word in cells.missing_words:
                if word in _PERHAPS_LEVELS and (word == "None" or word not in among_numbers):
                    found.setdefault(word, []).append(name)
    return tuple(
        Doubt(
            f"{name_columns(names)}: the word {word} was read as a missing value",
            " ".join(f"--keep-words {shlex.quote(name)}" for name in names),
            2,
        )
        for word, names in found.items()
    )


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
    if any(mark in str(name) for name in table.columns for mark in [*USUAL, *"^~\r"]):
        return True
    # ... and Python's csv writer (before 3.13) leaves a carriage return in a text bare.
    return any(
        column.astype("string").str.contains("\r", regex=False).any()
        for _, column in table.items()
        if not (is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype))
    )
