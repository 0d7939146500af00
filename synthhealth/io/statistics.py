"""Files of statistics programs: SPSS, SAS and Stata, with their labels and missing codes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthhealth.errors import Doubt, FileError
from synthhealth.io.cells import name_columns
from synthhealth.io.form import FileForm

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PROGRAMS", "read_statistics"]

#: Whose files they are, and how pyreadstat's reader of them is called.
PROGRAMS: dict[str, tuple[str, str]] = {
    ".sav": ("SPSS", "read_sav"),
    ".zsav": ("SPSS", "read_sav"),
    ".por": ("SPSS", "read_por"),
    ".dta": ("Stata", "read_dta"),
    ".xpt": ("SAS", "read_xport"),
    ".sas7bdat": ("SAS", "read_sas7bdat"),
}


def read_statistics(path: Path, suffix: str) -> tuple[pd.DataFrame, FileForm]:
    """Read a table of SPSS, SAS or Stata.

    Values that the user's program declares missing are missing. Where every value of a column has
    a label, the labels are its levels, in the order of their codes where the column is ordinal.
    What the columns are about, in words, is in ``attrs["labels"]``.
    """
    program, reader = PROGRAMS[suffix]
    try:
        import pyreadstat
    except ImportError:
        raise FileError(
            f"{path}: to read files of {program}, install their reader (pip install "
            "'synthhealth[formats]'), or save the table as .csv"
        ) from None
    try:
        table, about = getattr(pyreadstat, reader)(str(path), dates_as_pandas_datetime=True)
    # Broad, and silent about the cause, which may quote a value.
    except Exception:
        raise FileError(
            f"{path}: not a file of {program}, or a damaged one; save it there again, or as .csv"
        ) from None
    doubts = []
    columns: dict[str, Any] = {}
    partly: list[str] = []
    for name in table.columns:
        column = _gaps(table[name])
        labels = about.variable_value_labels.get(name, {})
        labelled = _labelled(column, labels, about.variable_measure.get(name) == "ordinal")
        if labelled is None:
            partly += [name] if labels and column.isin(list(labels)).any() else []
            labelled = _whole(column)
        columns[str(name)] = labelled
    if partly:
        doubts.append(
            Doubt(
                f"{name_columns(partly)}: some values have a label and others have none, so the "
                "numbers were kept; if the labels mean that a value is missing, say so",
                "missing: [...]",
                2,
            )
        )
    read = type(table)(columns, index=table.index)
    said = {
        name: text
        for name, text in zip(about.column_names, about.column_labels, strict=True)
        if text
    }
    if said:
        read.attrs["labels"] = said
    return read, FileForm(".csv", source=program, doubts=tuple(doubts))


def _gaps(column: pd.Series) -> pd.Series:
    """Empty text is what these programs have for missing text."""
    return column.replace("", None) if column.dtype == object else column


def _labelled(column: pd.Series, labels: Mapping[Any, str], is_ordinal: bool) -> pd.Series | None:
    """Give the labels in place of the values; None unless every value has one."""
    import pandas as pd

    different = column.dropna().unique().tolist()
    if not different or not all(value in labels for value in different):
        return None
    texts = column.map(labels)
    if not is_ordinal:
        return texts.astype(object)
    order = dict.fromkeys(labels[value] for value in sorted(different))
    return texts.astype(pd.CategoricalDtype(list(order), ordered=True))


def _whole(column: pd.Series) -> pd.Series:
    """Give whole numbers as such: these programs have floats only."""
    from pandas.api.types import is_float_dtype

    known = column.dropna()
    if not is_float_dtype(column.dtype) or known.empty or (known % 1 != 0).any():
        return column
    if known.abs().max() >= 2**53:
        return column
    return column.astype("Int64" if len(known) < len(column) else "int64")
