"""The cells of a table as the file's form writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from synthhealth.io._cells import bare
from synthhealth.io._form import FileForm

if TYPE_CHECKING:
    import pandas as pd


#: Single precision and less, as their dtypes are named.
_NARROW = ("float16", "float32", "Float32")


def with_printed_digits(table: pd.DataFrame) -> pd.DataFrame:
    """Give single-precision numbers the digits that they print with, not those of their double.

    >>> import pandas as pd
    >>> from synthhealth.io._numbers import with_printed_digits
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
