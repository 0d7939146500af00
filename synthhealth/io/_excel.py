"""Excel workbooks (.xlsx)."""

from __future__ import annotations

import warnings
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthhealth.errors import FileError, SynthHealthError

if TYPE_CHECKING:
    import pandas as pd

_MAX_ROWS, _MAX_COLUMNS = 1_048_576, 16_384  # of a sheet, the header included
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def read_excel(path: Path, sheet: str | None) -> pd.DataFrame:
    """Read one sheet, the first if none is named."""
    import pandas as pd

    with path.open("rb") as file:
        if file.read(4) == _OLD_EXCEL:
            raise FileError(
                f"{path}: an old (.xls) or password-protected workbook; open it in Excel, remove "
                "the password and save it as .xlsx"
            )
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and validations that it leaves out; they hold no data.
            warnings.filterwarnings("ignore", module="openpyxl")
            with pd.ExcelFile(path, engine="openpyxl") as book:
                names = [str(name) for name in book.sheet_names]
                if sheet is not None and sheet not in names:
                    raise FileError(f"{path}: there is no sheet {sheet!r}; it has {names}")
                _check_header(path, book.parse(sheet or 0, header=None, nrows=1))
                return book.parse(sheet or 0).rename(columns=str)
    except SynthHealthError:
        raise
    # Broad, since a damaged workbook trips zipfile, the XML parser or openpyxl anywhere, and
    # silent about the cause, since that may quote a cell.
    except Exception:
        raise FileError(
            f"{path}: not an Excel workbook (.xlsx), or a damaged one; open it in Excel and save "
            "it again"
        ) from None


def write_excel(table: pd.DataFrame, file: Path, path: str | PathLike[str]) -> None:
    """Write a workbook of one sheet; `path` is its name in messages."""
    import pandas as pd
    from openpyxl.utils.exceptions import IllegalCharacterError

    if len(table) >= _MAX_ROWS or len(table.columns) > _MAX_COLUMNS:
        raise FileError(
            f"{path}: the table has {len(table):,} rows and {len(table.columns):,} columns, an "
            f"Excel sheet holds {_MAX_ROWS - 1:,} and {_MAX_COLUMNS:,}; write CSV or Parquet"
        )
    zoned = [str(name) for name, dtype in table.dtypes.items() if getattr(dtype, "tz", None)]
    if zoned:
        raise FileError(
            f"{path}: Excel knows no time zones, and the columns {zoned} have one; write CSV or "
            "Parquet, or remove it (column.dt.tz_localize(None))"
        )
    try:
        with file.open("wb") as raw, pd.ExcelWriter(raw, engine="openpyxl") as writer:
            table.to_excel(writer, index=False, sheet_name="table")
            _keep_text(writer.sheets["table"])
    # IllegalCharacterError quotes the text; ValueError and TypeError may.
    except (IllegalCharacterError, TypeError, ValueError):
        raise FileError(
            f"{path}: Excel cannot hold a value of this table (control characters, or a type of "
            "its own); write CSV or Parquet"
        ) from None


def _keep_text(sheet: Any) -> None:
    # Text that begins with "=" must not run as a formula where the file is opened.
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type in ("f", "e"):
                cell.data_type = "s"


def _check_header(path: Path, top: pd.DataFrame) -> None:
    if top.empty:
        raise FileError(f"{path}: the sheet is empty; choose another one (sheet=, --sheet)")
    names = top.iloc[0].dropna().astype(str)
    twice = names[names.duplicated()]
    if len(twice):
        first = names[names == twice.iloc[0]].index[0]
        # Positions, not the name: a sheet without a header has a patient in this row.
        raise FileError(
            f"{path}: columns {first + 1} and {twice.index[0] + 1} have the same name in the "
            "header; give each column its own (the first row must hold the names)"
        )
