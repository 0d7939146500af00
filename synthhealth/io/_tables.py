"""Reading and writing a table by its file's suffix."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from synthhealth.errors import FileError
from synthhealth.io._files import reason, whole_file

if TYPE_CHECKING:
    import pandas as pd

#: The forms of table that can be read and written.
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".parquet", ".xlsx")


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
    name = Path(path).name.lower()
    # The longest first, so that "x.csv.gz" is not taken for an unknown ".gz".
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            return suffix
    raise FileError(
        f"{path}: the file's suffix does not say what kind of table it is; "
        f"use one of {', '.join(SUFFIXES)}"
    )


def read_table(path: str | os.PathLike[str], *, sheet: str | None = None) -> pd.DataFrame:
    r"""Read a table from a CSV, Parquet or Excel file.

    Text tables are UTF-8, with a header line; their separator (comma, semicolon, tab or ``|``) is
    recognised. Numbers come back exactly as they were written; empty cells and pandas' usual words
    (``NA``, ``NaN``, ``null``, ...) are missing values.

    Parameters
    ----------
    path : path-like
        A file whose suffix is one of `SUFFIXES`.
    sheet : str, optional
        The sheet of an Excel file; the first one by default.

    Returns
    -------
    pandas.DataFrame
        At least one row.

    Raises
    ------
    FileError
        The file is missing, empty, damaged, of another form than its suffix says, not UTF-8,
        without rows, has rows of unequal length or two columns of one name.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import synthhealth as sh
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "cohort.csv"
    ...     _ = path.write_text("age;crp\n61;3.5\n47;\n")
    ...     sh.read_table(path)
       age  crp
    0   61  3.5
    1   47  NaN
    """
    path = Path(path)
    suffix = table_suffix(path)
    _check_source(path)
    if sheet is not None and suffix != ".xlsx":
        raise FileError(f"{path}: only an Excel file (.xlsx) has sheets; leave the sheet out")
    if suffix == ".parquet":
        from synthhealth.io._parquet import read_parquet

        table = read_parquet(path)
    elif suffix == ".xlsx":
        from synthhealth.io._excel import read_excel

        table = read_excel(path, sheet)
    else:
        from synthhealth.io._text import read_text

        table = read_text(path, suffix)
    if table.empty:
        raise FileError(f"{path}: there is a header but no rows; nothing can be learned from it")
    return table


def write_table(table: pd.DataFrame, path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write a table to a CSV, Parquet or Excel file, whole or not at all.

    The index is kept by Parquet only. Parquet also keeps dtypes; choose it where a category, a
    nullable integer or a time zone must survive.

    Parameters
    ----------
    table : pandas.DataFrame
        The table.
    path : path-like
        Where to; the suffix, one of `SUFFIXES`, decides the form.
    force : bool
        Replace the file if it exists.

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
            from synthhealth.io._parquet import write_parquet

            write_parquet(table, file, path)
        elif suffix == ".xlsx":
            from synthhealth.io._excel import write_excel

            write_excel(table, file, path)
        else:
            from synthhealth.io._text import write_text

            write_text([table], file, suffix, path)


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
