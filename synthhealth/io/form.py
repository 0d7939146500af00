"""The form of a table's file: all that is needed to write another one like it, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from synthhealth.errors import Doubt
from synthhealth.io.cells import bare
from synthhealth.io.encodings import CODE_PAGES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FileForm"]


_ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a byte order mark",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 without a byte order mark",
    "utf-16-be": "UTF-16 without a byte order mark",
    "utf-32": "UTF-32",
    "gbk": "GBK (Chinese)",
    **CODE_PAGES,
}
SEPARATORS = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
    "^": "carets",
    "~": "tildes",
    ":": "colons",
    " ": "blanks",
}


@dataclass(frozen=True)
class FileForm:
    r"""How a table is written in its file.

    `sniff` finds it, `write_table` and `write_chunks` write in it, and `read_table` takes one where
    a file says too little about itself: of a text table its `encoding`, `separator` and `decimal`.

    Attributes
    ----------
    suffix : str
        The kind of file, one of `SUFFIXES`.
    encoding : str
        The encoding of a text table, as Python names it: ``"utf-8"``, ``"cp1252"``, ...
    separator : str
        What parts the columns of a text table.
    decimal : str
        The decimal mark of its numbers, ``"."`` or ``","``.
    newline : str
        What ends its rows.
    missing : str
        What it writes for a missing value: nothing, or a word such as ``"NA"``.
    truth : tuple of str
        Its words for true and for false.
    padded : dict of str to int
        The columns whose numbers all have the same number of decimals, ``12.30``, and that number.
    bare : frozenset of str
        The columns of decimals that write a whole number without them: ``5`` beside ``5.5``.
    missing_words : dict of str to str
        The columns that write another word for a missing value, and that word.
    grouped : frozenset of str
        The columns of whole numbers whose thousands are parted by points: ``213.456``.
    units : dict of str to str
        What a line below the names says of the columns' units.
    sep_line : bool
        Whether the first line names the separator in Excel's way: ``sep=;``.
    has_header : bool
        Whether the file has a line of names; what is written always has one.
    sheet : str or None
        The sheet of an Excel file.
    formats : dict of str to str
        How the columns of a sheet are shown, as Excel says it: ``"yyyy-mm-dd"``, ``"0.00"``; the
        types of days, times and decimal numbers of a Parquet file.
    source : str
        The program whose file was read, where such files are not written: ``"SPSS"``.
    doubts : tuple of Doubt
        What is uncertain, in words, and what settles it; no value is among them.

    Examples
    --------
    >>> from synthhealth.io import FileForm
    >>> print(FileForm(".csv", encoding="cp1252", separator=";", decimal=","))
    CSV, Windows-1252, separated by semicolons, decimal comma
    """

    suffix: str
    encoding: str = "utf-8"
    separator: str = ","
    decimal: str = "."
    newline: str = "\n"
    missing: str = ""
    truth: tuple[str, str] = ("True", "False")
    padded: Mapping[str, int] = field(default_factory=dict, hash=False)
    bare: frozenset[str] = frozenset()
    sheet: str | None = None
    formats: Mapping[str, str] = field(default_factory=dict, hash=False)
    source: str = ""
    doubts: tuple[Doubt, ...] = ()
    missing_words: Mapping[str, str] = field(default_factory=dict, hash=False)
    grouped: frozenset[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=dict, hash=False)
    sep_line: bool = False
    has_header: bool = True

    @property
    def is_text(self) -> bool:
        """Whether it is a text table: CSV or one of its relatives."""
        return self.suffix not in (".parquet", ".xlsx")

    def __str__(self) -> str:
        if self.source:
            return self.source
        if self.suffix == ".parquet":
            return "Parquet"
        if self.suffix == ".xlsx":
            return "Excel" if self.sheet is None else f"Excel, sheet {self.sheet!r}"
        words = [
            "gzipped CSV" if self.suffix.endswith(".gz") else "CSV",
            _ENCODINGS.get(self.encoding, self.encoding),
            f"separated by {SEPARATORS.get(self.separator, repr(self.separator))}",
            "decimal comma" if self.decimal == "," else "decimal point",
        ]
        if self.sep_line:
            words.append(f"first line sep={self.separator}")
        if not self.has_header:
            words.append("no line of names")
        if self.units:
            words.append("a line of units")
        if self.missing:
            words.append(f"missing values as {self.missing!r}")
        return ", ".join(words)


#: Single precision and less, as their dtypes are named.
_NARROW = ("float16", "float32", "Float32")


def with_printed_digits(table: pd.DataFrame) -> pd.DataFrame:
    """Give single-precision numbers the digits that they print with, not those of their double.

    >>> import pandas as pd
    >>> from synthhealth.io.form import with_printed_digits
    >>> narrow = pd.DataFrame({"crp": [0.1]}, dtype="float32")
    >>> print(narrow["crp"].astype(float)[0], with_printed_digits(narrow)["crp"][0])
    0.10000000149011612 0.1
    """
    names = [name for name, dtype in table.dtypes.items() if str(dtype) in _NARROW]
    return table.assign(**{str(name): _printed(table[name]) for name in names}) if names else table


def _printed(column: pd.Series) -> pd.Series:
    # Not NA but NaN, which are both written as missing values.
    return column.astype(str).replace("<NA>", "nan").astype(float)


def in_form(table: pd.DataFrame, form: FileForm) -> pd.DataFrame:
    """Give the table with those columns as text that pandas would write in another form."""
    from pandas.api.types import is_bool_dtype, is_float_dtype, is_numeric_dtype

    changed: dict[str, pd.Series] = {}
    for name, column in table.items():
        if name in form.grouped and is_numeric_dtype(column.dtype):
            changed[str(name)] = _grouped(column)
            continue
        number = _number_writer(str(name), form)
        is_mixed = column.dtype == object or column.dtype == "category"
        if (
            (is_float_dtype(column.dtype) and number is not None)
            or ((is_bool_dtype(column.dtype) or is_mixed) and form.truth != ("True", "False"))
            or (is_mixed and form.decimal == ",")
        ):
            changed[str(name)] = _written(column, number or repr, form)
    for name, word in form.missing_words.items():
        if name in table and word != form.missing:
            column = changed.get(name, table[name])
            if column.dtype.kind not in "mM" and column.isna().any():
                changed[name] = column.astype(object).where(column.notna(), word)
    return table.assign(**changed) if changed else table


def _grouped(column: pd.Series) -> pd.Series:
    """Write whole numbers as 213.456; what is not whole is rounded."""

    def write(value: float) -> str:
        return f"{round(value):,}".replace(",", ".")

    return column.astype(object).map(write, na_action="ignore")


def _number_writer(name: str, form: FileForm) -> Callable[[float], str] | None:
    """Give the function that writes a column's numbers with a point; None where pandas may."""
    if name in form.padded:
        places = form.padded[name]

        def padded(value: float) -> str:
            text = f"{value:.{places}f}"
            return text if float(text) == value else repr(value)  # never rounds

        return padded
    if name in form.bare:
        return bare
    return repr if form.decimal == "," else None


def _written(column: pd.Series, number: Callable[[float], str], form: FileForm) -> pd.Series:
    import numpy as np
    import pandas as pd

    def write(value: object) -> object:
        if isinstance(value, (bool, np.bool_)):
            return form.truth[0] if value else form.truth[1]
        if isinstance(value, (float, np.floating)):
            return number(float(value)).replace(".", form.decimal)
        return value

    values = column.astype(object)
    missing = column.isna()
    written = [None if gap else write(value) for value, gap in zip(values, missing, strict=True)]
    return pd.Series(written, index=column.index, dtype=object)
