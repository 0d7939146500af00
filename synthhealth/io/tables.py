"""Reading and writing a table by its file's suffix."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from synthhealth.errors import Doubt, FileError, ParameterError
from synthhealth.io.files import reason, whole_file
from synthhealth.io.form import FileForm
from synthhealth.io.statistics import PROGRAMS
from synthhealth.io.workspace import settle

if TYPE_CHECKING:
    import pandas as pd

#: The forms of table that can be read and written.
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".parquet", ".xlsx")

#: The forms that can only be read, and the form in which a table like it is written.
READ_ONLY = {
    **dict.fromkeys((".xls", ".xlsm", ".xlsb", ".ods"), ".xlsx"),
    **dict.fromkeys((*PROGRAMS, ".zip"), ".csv"),
}
_SHEETS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")


def table_suffix(path: str | os.PathLike[str]) -> str:
    """Give the suffix that says which form of table `path` is.

    Parameters
    ----------
    path : path-like
        A file name; the file need not exist.

    Returns
    -------
    str
        One of `SUFFIXES`.

    Raises
    ------
    FileError
        The suffix is none of them.

    Examples
    --------
    >>> from synthhealth.io import table_suffix
    >>> table_suffix("cohort.CSV.gz")
    '.csv.gz'
    """
    suffix = _suffix_among(path, SUFFIXES)
    if suffix is not None:
        return suffix
    if _suffix_among(path, READ_ONLY) is not None:
        raise FileError(
            f"{path}: such files are read but not written; use one of {', '.join(SUFFIXES)}"
        )
    raise _unknown(path, SUFFIXES)


def written_suffix(path: str | os.PathLike[str]) -> str:
    """Give the suffix of the file in which a table like that of `path` is written.

    Parameters
    ----------
    path : path-like
        A file name; the file need not exist.

    Returns
    -------
    str
        One of `SUFFIXES`; for a file of a kind that is only read, the nearest.

    Raises
    ------
    FileError
        No file with this suffix is read.

    Examples
    --------
    >>> from synthhealth.io import written_suffix
    >>> written_suffix("cohort.csv"), written_suffix("cohort.xls"), written_suffix("cohort.sav")
    ('.csv', '.xlsx', '.csv')
    """
    suffix = _source_suffix(path)
    return READ_ONLY.get(suffix, suffix)


def _source_suffix(path: str | os.PathLike[str]) -> str:
    suffix = _suffix_among(path, (*SUFFIXES, *READ_ONLY))
    if suffix is not None:
        return suffix
    if Path(path).suffix.lower() in (".rds", ".rda", ".rdata"):
        raise FileError(
            f"{path}: files of R are not read; save the table there: "
            "arrow::write_parquet(table, 'table.parquet'), haven::write_sav(table, 'table.sav') or "
            "write.csv(table, 'table.csv', row.names = FALSE)"
        )
    raise _unknown(path, (*SUFFIXES, *READ_ONLY))


def _suffix_among(path: str | os.PathLike[str], suffixes: Iterable[str]) -> str | None:
    name = Path(path).name.lower()
    # The longest first, so that "x.csv.gz" is not taken for an unknown ".gz".
    longest_first = sorted(suffixes, key=len, reverse=True)
    return next((suffix for suffix in longest_first if name.endswith(suffix)), None)


def _unknown(path: str | os.PathLike[str], suffixes: Iterable[str]) -> FileError:
    return FileError(
        f"{path}: the file's suffix does not say what kind of table it is; "
        f"use one of {', '.join(suffixes)}"
    )


def read_table(
    path: str | os.PathLike[str],
    *,
    sheet: str | None = None,
    form: FileForm | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    keep_words: Collection[str] = (),
) -> pd.DataFrame:
    r"""Read a table from a CSV, Parquet or Excel file.

    Of text tables the encoding (Unicode, Windows-1252, Windows-1256, GB18030 and others), the
    separator (comma, semicolon, tab, ``|``, ``^``, ``~``, ``:`` or blanks), the decimal mark and
    the line of names are recognised; `sniff` shows them. Titles and comments above the table,
    totals below it and rows without any value are left out; a line of units below the names
    becomes ``attrs["units"]``. Numbers come back exactly as they were written, whole numbers with
    gaps as ``Int64``; empty cells and pandas' usual words (``NA``, ``NaN``, ``null``, ...) are
    missing values. What is not a number beyond doubt stays text: codes with leading zeros, commas
    that may part decimals or thousands. Marks that nobody sees are no part of a name or a cell.

    Parameters
    ----------
    path : path-like
        A file whose suffix is one of `SUFFIXES`.
    sheet : str, optional
        The sheet of an Excel file; the first one by default.
    form : FileForm, optional
        The encoding, separator and decimal mark of a text table, where they cannot be recognised.
    encoding : str, optional
        Only the encoding of a text table, as Python names it: ``"cp1256"``.
    header : bool, optional
        Whether a text table has a line of names; without one the columns are ``column 1`` and so
        on. By default its cells decide.
    keep_words : collection of str, optional
        The columns of a text table whose words ``NA``, ``None``, ``null``, ... are levels, such as
        sodium, and no missing values.

    Returns
    -------
    pandas.DataFrame
        At least one row.

    Raises
    ------
    FileError
        The file is missing, empty, damaged, of another form than its suffix says, in an unknown
        encoding, without rows, has rows of unequal length or two columns of one name.
    ParameterError
        A column whose words shall be kept does not exist.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import synthhealth as sh
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "cohort.csv"
    ...     _ = path.write_text("age;crp\n61;3,5\n47;\n")
    ...     sh.read_table(path)
       age  crp
    0   61  3.5
    1   47  NaN
    """
    table, _ = read_with_form(
        path, sheet=sheet, form=form, encoding=encoding, header=header, keep_words=keep_words
    )
    for name in keep_words:
        if name not in table.columns:
            # Not the names it has: a file without a header has a patient in their place.
            raise ParameterError(f"keep_words: {path} has no column {name!r}; check the spelling")
    return table


def sniff(
    path: str | os.PathLike[str], *, sheet: str | None = None, encoding: str | None = None
) -> FileForm:
    r"""Find the form of a table's file, in which another table can then be written.

    The whole file is read: only all its cells show how its numbers are written.

    Parameters
    ----------
    path : path-like
        A file whose suffix is one of `SUFFIXES`.
    sheet : str, optional
        The sheet of an Excel file; the first one by default.
    encoding : str, optional
        The encoding of a text table, where it cannot be recognised.

    Returns
    -------
    FileForm

    Raises
    ------
    FileError
        The file cannot be read as a table.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from synthhealth.io import sniff
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "cohort.csv"
    ...     _ = path.write_bytes("age;größe\n61;171,50\n47;NA\n".encode("latin-1"))
    ...     print(sniff(path))
    CSV, Windows-1252, separated by semicolons, decimal comma, missing values as 'NA'
    """
    return read_with_form(path, sheet=sheet, encoding=encoding)[1]


def read_with_form(
    path: str | os.PathLike[str],
    *,
    sheet: str | None = None,
    form: FileForm | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    keep_words: Collection[str] = (),
) -> tuple[pd.DataFrame, FileForm]:
    """Read a table and find its form, in one pass.

    Parameters
    ----------
    path, sheet, form, encoding, header, keep_words
        As for `read_table`; columns whose words shall be kept need not exist.

    Returns
    -------
    pandas.DataFrame, FileForm

    Raises
    ------
    FileError
        As for `read_table`.
    """
    path = Path(path)
    suffix = _source_suffix(path)
    settle(path.parent)
    _check_source(path)
    asked = _Asked(form, encoding, header, keep_words)
    if encoding is not None and (suffix == ".parquet" or suffix in (*_SHEETS, *PROGRAMS)):
        raise FileError(f"{path}: only a text table (CSV) has an encoding to say; leave it out")
    if sheet is not None and suffix not in _SHEETS:
        raise FileError(f"{path}: only an Excel file (.xlsx) has sheets; leave the sheet out")
    if suffix == ".zip":
        from synthhealth.io.files import unzipped

        with unzipped(path, tuple(one for one in (*SUFFIXES, *READ_ONLY) if one != ".zip")) as file:
            table, found = read_with_form(
                file,
                sheet=sheet,
                form=form,
                encoding=encoding,
                header=header,
                keep_words=keep_words,
            )
        source = found.source or str(found)
        return table, replace(found, suffix=".csv", source=f"{source}, zipped")
    table, found = _read(path, suffix, sheet, asked)
    if table.empty:
        raise FileError(f"{path}: there is a header but no rows; nothing can be learned from it")
    return table, found


@dataclass(frozen=True)
class _Asked:
    """What the user says of a text table; see `read_table`."""

    form: FileForm | None
    encoding: str | None
    header: bool | None
    keep_words: Collection[str]

    def read_text(self, path: Path, suffix: str) -> tuple[pd.DataFrame, FileForm]:
        from synthhealth.io.text import read_text

        return read_text(
            path,
            suffix,
            self.form,
            encoding=self.encoding,
            header=self.header,
            keep_words=self.keep_words,
        )


def _read(
    path: Path, suffix: str, sheet: str | None, asked: _Asked
) -> tuple[pd.DataFrame, FileForm]:
    if suffix == ".parquet":
        from synthhealth.io.parquet import read_parquet

        return read_parquet(path)
    if suffix in PROGRAMS:
        from synthhealth.io.statistics import read_statistics

        return read_statistics(path, suffix)
    if suffix in _SHEETS:
        from synthhealth.io.excel import OLD_EXCEL, read_excel, read_other_sheets

        with path.open("rb") as file:
            head = file.read(512)
        if suffix in (".xlsx", ".xlsm") or (suffix == ".xls" and head.startswith(b"PK")):
            return read_excel(path, sheet)
        if suffix == ".xls" and not head.startswith(OLD_EXCEL):
            return _read_text_named_xls(path, head, asked)
        return read_other_sheets(path, sheet)
    return asked.read_text(path, suffix)


def _read_text_named_xls(path: Path, head: bytes, asked: _Asked) -> tuple[pd.DataFrame, FileForm]:
    """Read what many programs export for Excel: a text table by the name of a workbook."""
    if b"<" in head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")[:1]:
        raise FileError(
            f"{path}: no workbook but a web page that Excel opens; open it there and save it as "
            ".xlsx"
        )
    table, found = asked.read_text(path, ".csv")
    doubt = Doubt("the file is not a workbook but a text table, and was read as CSV", weight=1)
    doubts = (doubt, *found.doubts)
    return table, FileForm(".xlsx", source="CSV by the name of .xls", doubts=doubts)


def write_table(
    table: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    form: FileForm | None = None,
) -> None:
    """Write a table to a CSV, Parquet or Excel file, whole or not at all.

    The index is kept by Parquet only. Parquet also keeps dtypes; choose it where a category, a
    nullable integer or a time zone must survive.

    Parameters
    ----------
    table : pandas.DataFrame
        The table.
    path : path-like
        Where to; the suffix, one of `SUFFIXES`, decides the kind of file.
    force : bool
        Replace the file if it exists.
    form : FileForm, optional
        How to write it, as `sniff` has found it in another file of the same columns; what a form
        says of another kind of file is left aside. By default a text table is UTF-8 with commas
        and decimal points.

    Raises
    ------
    FileError
        The file exists, its folder does not, or the form cannot hold the table.

    Examples
    --------
    >>> import tempfile
    >>> import synthhealth as sh
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sh.write_table(sh.datasets.load_ra_panel(), f"{folder}/cohort.parquet")
    ...     sh.read_table(f"{folder}/cohort.parquet").shape
    (61, 17)
    """
    suffix = table_suffix(path)
    with whole_file(path, force=force) as file:
        if suffix == ".parquet":
            from synthhealth.io.parquet import write_parquet

            write_parquet(table, file, path, form)
        elif suffix == ".xlsx":
            from synthhealth.io.excel import write_excel

            write_excel(table, file, path, form)
        else:
            from synthhealth.io.text import write_text

            write_text([table], file, suffix, path, form)


def _check_source(path: Path) -> None:
    if os.path.isdir(path):
        raise FileError(f"{path}: this is a folder; give the name of a file in it")
    if not os.path.exists(path):
        raise FileError(f"{path}: there is no such file; check the name and the folder")
    try:
        with path.open("rb") as file:
            first = file.read(1)
    except OSError as error:
        raise FileError(f"{path}: the file cannot be read ({reason(error)})") from None
    if not first:
        raise FileError(f"{path}: the file is empty (0 bytes); copy or export it again")
