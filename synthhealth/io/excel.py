"""Excel workbooks (.xlsx), and the sheets of older and other programs."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import time
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthhealth.errors import Doubt, FileError, SynthHealthError
from synthhealth.io.form import FileForm
from synthhealth.io.grid import Grid, Sheet, read_grid

if TYPE_CHECKING:
    import pandas as pd

_MAX_ROWS, _MAX_COLUMNS = 1_048_576, 16_384  # of a sheet, the header included
_LOOKED_AT = 100  # rows
_USUAL_SHEET = re.compile(
    r"(?:sheet|tabelle|blatt|feuil|hoja|planilha|foglio|blad|sayfa|лист|ورقة|工作表|table|data)"
    r"[ _-]?\d{0,3}",
    re.IGNORECASE,
)
OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def read_excel(path: Path, sheet: str | None) -> tuple[pd.DataFrame, FileForm]:
    """Read one sheet of a workbook, the first if none is named."""
    with path.open("rb") as file:
        if file.read(4) == OLD_EXCEL:
            raise FileError(
                f"{path}: an old (.xls) or password-protected workbook; open it in Excel, remove "
                "the password and save it as .xlsx"
            )
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and validations that it leaves out; they hold no data.
            warnings.simplefilter("ignore")
            book = _open(path)
            try:
                chosen = _choose(path, book.sheetnames, sheet)
                grid, shown, errors = _cells(book[chosen])
                names = [str(name) for name in book.sheetnames]
            finally:
                book.close()
    except SynthHealthError:
        raise
    # Broad, since a damaged workbook trips zipfile, the XML parser or openpyxl anywhere, and
    # silent about the cause, since that may quote a cell.
    except Exception:
        raise FileError(
            f"{path}: not an Excel workbook (.xlsx), or a damaged one; open it in Excel and save "
            "it again"
        ) from None
    return _read(path, grid, chosen, _sheet_doubts(names, sheet) + errors, shown)


def read_other_sheets(path: Path, sheet: str | None) -> tuple[pd.DataFrame, FileForm]:
    """Read one sheet of an old workbook (.xls), a binary (.xlsb) or an open one (.ods)."""
    try:
        import python_calamine
    except ImportError:
        raise FileError(
            f"{path}: to read {path.suffix} files, install their reader (pip install "
            "'synthhealth[formats]'), or save the table as .xlsx or .csv"
        ) from None
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        chosen = _choose(path, book.sheet_names, sheet)
        rows = book.get_sheet_by_name(chosen).to_python(skip_empty_area=False)
        names = list(book.sheet_names)
    except SynthHealthError:
        raise
    except Exception:  # as above
        raise FileError(
            f"{path}: not a workbook of this kind, a damaged or a password-protected one; open it, "
            "remove the password and save it as .xlsx"
        ) from None
    grid = [[_whole(cell) for cell in row] for row in rows]
    return _read(path, grid, chosen, _sheet_doubts(names, sheet), [])


def _read(
    path: Path, grid: Grid, name: str, doubts: Sequence[Doubt], shown: Sequence[Sequence[str]]
) -> tuple[pd.DataFrame, FileForm]:
    sheet = Sheet(path, name, grid)
    table, found = read_grid(sheet)
    formats = _formats(sheet, shown)
    form = FileForm(".xlsx", sheet=name, formats=formats, doubts=(*doubts, *found))
    return _with_whole_numbers(table, formats), form


def _open(path: Path) -> Any:
    import openpyxl

    return openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)


def _choose(path: Path, names: Sequence[str], sheet: str | None) -> str:
    if sheet is not None and sheet not in names:
        raise FileError(f"{path}: there is no sheet {sheet!r}; it has {list(names)}")
    return sheet or names[0]


def _cells(sheet: Any) -> tuple[list[list[object]], list[list[str]], list[Doubt]]:
    """Give the cells of a sheet, how the first rows of them are shown, and which are errors."""
    sheet.reset_dimensions()  # some programs write wrong ones
    grid: list[list[object]] = []
    shown: list[list[str]] = []
    errors: list[str] = []
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type == "e":
                errors.append(cell.coordinate)
        grid.append([None if cell.data_type == "e" else _whole(cell.value) for cell in row])
        if len(shown) < _LOOKED_AT:
            shown.append([_format(cell) for cell in row])
    if not errors:
        return grid, shown, []
    listed = ", ".join(errors[:5]) + (f" and {len(errors) - 5} more" if len(errors) > 5 else "")
    doubt = Doubt(f"sheet {sheet.title!r}: {listed}: errors of a formula count as missing", "", 3)
    return grid, shown, [doubt]


def _format(cell: Any) -> str:
    return "" if cell.value is None else str(cell.number_format)


def _whole(cell: object) -> object:
    """Give a whole number as such: a sheet holds floats only."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    return None if cell == "" else cell


def _sheet_doubts(names: list[str], sheet: str | None) -> list[Doubt]:
    if sheet is not None or len(names) < 2:
        return []
    others = ", ".join(repr(name) for name in names[1:])
    return [
        Doubt(
            f"only the first sheet, {names[0]!r}, was read; the others are {others}",
            f"--sheet {names[1]!r}",
            2,
        )
    ]


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
    name = _sheet_name(form)
    formats = {} if form is None else form.formats
    try:
        with file.open("wb") as raw, pd.ExcelWriter(raw, engine="openpyxl") as writer:
            _in_double(table).to_excel(writer, index=False, sheet_name=name)
            _keep_text(writer.sheets[name])
            _show(writer.sheets[name], table, formats)
    # IllegalCharacterError quotes the text; ValueError and TypeError may.
    except (IllegalCharacterError, TypeError, ValueError):
        raise FileError(
            f"{path}: Excel cannot hold a value of this table (control characters, or a type of "
            "its own); write CSV or Parquet"
        ) from None


def _sheet_name(form: FileForm | None) -> str:
    """Give the name of the sheet as it was, unless it says more than that it is a sheet.

    A sheet may be named after a patient.
    """
    if form is None or form.sheet is None or not _USUAL_SHEET.fullmatch(form.sheet.strip()):
        return "table"
    return form.sheet


def _in_double(table: pd.DataFrame) -> pd.DataFrame:
    """Give single-precision numbers the digits that they print with: 13.3, not 13.300000191."""
    import numpy as np

    def digits(column: pd.Series) -> list[float]:
        cells = column.to_numpy(dtype=np.float32, na_value=np.nan)
        return [float(str(cell)) for cell in cells]

    single = [name for name, dtype in table.dtypes.items() if str(dtype).lower() == "float32"]
    return table.assign(**{str(name): digits(table[name]) for name in single})


def _formats(sheet: Sheet, shown: Sequence[Sequence[str]]) -> dict[str, str]:
    """Give how each column's first value is shown, where that is not left to Excel."""
    found: dict[str, str] = {}
    for row in sheet.rows:
        if row >= len(shown):
            break
        for place, name in zip(sheet.places, sheet.names, strict=True):
            if place < len(shown[row]) and shown[row][place]:
                found.setdefault(name, shown[row][place])
    return {name: one for name, one in found.items() if one not in ("General", "@")}


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
        cells = [cell for (cell,) in sheet.iter_rows(min_row=2, min_col=place, max_col=place)]
        shown = formats.get(str(name))
        if shown is not None and _shows_clock(shown) and column.dtype == object:
            _as_clocks(cells, shown)
        is_date = is_datetime64_dtype(column.dtype)
        if shown is None and is_date and (column.dropna() == column.dropna().dt.normalize()).all():
            shown = "yyyy-mm-dd"  # not the midnight after it
        if shown is None or is_date_format(shown) != is_date:
            continue  # a column of dates may have become one of years
        if is_date or is_numeric_dtype(column.dtype):
            for cell in cells:
                cell.number_format = shown


def _shows_clock(shown: str) -> bool:
    return "h" in shown.lower() and not any(sign in shown.lower() for sign in "yd[")


def _as_clocks(cells: Sequence[Any], shown: str) -> None:
    """Give times of day as such where the sheet that was read had them."""
    for cell in cells:
        with suppress(ValueError):
            if isinstance(cell.value, str):
                cell.value = time.fromisoformat(cell.value)
                cell.number_format = shown


def _keep_text(sheet: Any) -> None:
    # Text that begins with "=" must not run as a formula where the file is opened.
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type in ("f", "e"):
                cell.data_type = "s"
