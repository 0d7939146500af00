"""Excel workbooks (.xlsx)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthhealth.errors import FileError, SynthHealthError
from synthhealth.io._cells import name_columns
from synthhealth.io._form import FileForm

if TYPE_CHECKING:
    import pandas as pd

_MAX_ROWS, _MAX_COLUMNS = 1_048_576, 16_384  # of a sheet, the header included
_LOOKED_AT = 100  # rows
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def read_excel(path: Path, sheet: str | None) -> tuple[pd.DataFrame, FileForm]:
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
                chosen = sheet or names[0]
                _check_header(path, book.parse(chosen, header=None, nrows=1))
                # As objects: pandas would read numbers out of text and drop leading zeros.
                table = book.parse(chosen, dtype=object).rename(columns=str).infer_objects()
                formats = _formats(book.book[chosen], list(table.columns))
    except SynthHealthError:
        raise
    # Broad, since a damaged workbook trips zipfile, the XML parser or openpyxl anywhere, and
    # silent about the cause, since that may quote a cell.
    except Exception:
        raise FileError(
            f"{path}: not an Excel workbook (.xlsx), or a damaged one; open it in Excel and save "
            "it again"
        ) from None
    doubts: tuple[str, ...] = ()
    if sheet is None and len(names) > 1:
        others = ", ".join(repr(name) for name in names[1:])
        doubts = (f"only the first sheet, {names[0]!r}, was read; the others are {others}",)
    dates = [str(name) for name, column in table.items() if _has_dates_of_two_kinds(column)]
    if dates:
        table = table.assign(**{name: table[name].map(_date_as_text) for name in dates})
        doubts += (f"{name_columns(dates)}: some dates are text; all of them were read as text",)
    form = FileForm(".xlsx", sheet=chosen, formats=formats, doubts=doubts)
    return _with_whole_numbers(table, formats), form


def write_excel(
    table: pd.DataFrame, file: Path, path: str | PathLike[str], form: FileForm | None = None
) -> None:
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
    name = "table" if form is None or form.sheet is None else form.sheet
    try:
        with file.open("wb") as raw, pd.ExcelWriter(raw, engine="openpyxl") as writer:
            _in_double(table).to_excel(writer, index=False, sheet_name=name)
            _keep_text(writer.sheets[name])
            _show(writer.sheets[name], table, {} if form is None else form.formats)
    # IllegalCharacterError quotes the text; ValueError and TypeError may.
    except (IllegalCharacterError, TypeError, ValueError):
        raise FileError(
            f"{path}: Excel cannot hold a value of this table (control characters, or a type of "
            "its own); write CSV or Parquet"
        ) from None


def _in_double(table: pd.DataFrame) -> pd.DataFrame:
    """Give single-precision numbers the digits that they print with: 13.3, not 13.300000191."""
    import numpy as np

    def digits(column: pd.Series) -> list[float]:
        cells = column.to_numpy(dtype=np.float32, na_value=np.nan)
        return [float(str(cell)) for cell in cells]

    single = [name for name, dtype in table.dtypes.items() if str(dtype).lower() == "float32"]
    return table.assign(**{str(name): digits(table[name]) for name in single})


def _formats(sheet: Any, names: list[str]) -> dict[str, str]:
    """Give how each column's first value is shown, where that is not left to Excel."""
    found: dict[str, str] = {}
    for row in sheet.iter_rows(min_row=2, max_row=1 + _LOOKED_AT):
        # A row of the sheet may be longer or shorter than the table.
        for name, cell in zip(names, row, strict=False):
            if cell.value is not None:
                found.setdefault(name, cell.number_format)
    return {name: shown for name, shown in found.items() if shown not in ("General", "@")}


def _has_dates_of_two_kinds(column: pd.Series) -> bool:
    """Whether dates that Excel knows as such stand among text: those that it did not understand."""
    kinds = {type(value) for value in column.dropna()} if column.dtype == object else set()
    return kinds == {str, datetime}


def _date_as_text(value: object) -> object:
    return value.isoformat(" ").removesuffix(" 00:00:00") if isinstance(value, datetime) else value


def _with_whole_numbers(table: pd.DataFrame, formats: Mapping[str, str]) -> pd.DataFrame:
    """Give whole numbers with gaps as such, unless the sheet shows them with decimals."""
    import numpy as np

    whole = {}
    for name, column in table.items():
        if column.dtype == np.float64 and ".0" not in formats.get(str(name), ""):
            known = column.dropna()
            if (
                0 < len(known) < len(column)
                and (known % 1 == 0).all()
                and known.abs().max() < 2**53
            ):
                whole[str(name)] = column.astype("Int64")
    return table.assign(**whole) if whole else table


def _show(sheet: Any, table: pd.DataFrame, formats: Mapping[str, str]) -> None:
    from openpyxl.styles.numbers import is_date_format
    from pandas.api.types import is_datetime64_dtype, is_numeric_dtype

    for place, (name, column) in enumerate(table.items(), start=1):
        shown = formats.get(str(name))
        is_date = is_datetime64_dtype(column.dtype)
        if shown is None and is_date and (column.dropna() == column.dropna().dt.normalize()).all():
            shown = "yyyy-mm-dd"  # not the midnight after it
        if shown is None or is_date_format(shown) != is_date:
            continue  # a column of dates may have become one of years
        if is_date or is_numeric_dtype(column.dtype):
            for (cell,) in sheet.iter_rows(min_row=2, min_col=place, max_col=place):
                cell.number_format = shown


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
