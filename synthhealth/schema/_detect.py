"""Proposing a column's kind from its values and dtype."""

from __future__ import annotations

import pandas as pd
from pandas.api import types

from synthhealth.errors import TableError
from synthhealth.schema._schema import Kind

#: Numbers with no more distinct values than this are stages or codes, not measurements.
FEW_LEVELS = 5

_OBJECT_KINDS = {"string", "boolean", "integer", "floating", "mixed-integer-float", "empty"}


def detect_kind(column: pd.Series) -> Kind:
    """Return the kind of one column.

    Raises
    ------
    TableError
        The values are of mixed types, or of one that cannot be synthesised.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return Kind.ORDINAL if dtype.ordered else Kind.NOMINAL
    if types.is_bool_dtype(dtype):
        return Kind.BOOLEAN
    if types.is_datetime64_any_dtype(dtype):
        return Kind.DATETIME
    if types.is_object_dtype(dtype):
        return _detect_object(column)
    if types.is_string_dtype(dtype):
        return Kind.NOMINAL
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return _detect_number(column)
    raise TableError(
        f"column {column.name!r}: the type {dtype} is not supported; convert it to numbers, text, "
        "true/false, categories or dates, or drop the column"
    )


def _detect_object(column: pd.Series) -> Kind:
    inferred = types.infer_dtype(column, skipna=True)
    if inferred not in _OBJECT_KINDS:
        raise TableError(
            f"column {column.name!r}: its values are of mixed or unsupported types ({inferred}); "
            "make them all numbers (pandas.to_numeric), all text (astype(str)) or all dates "
            "(pandas.to_datetime)"
        )
    if inferred == "boolean":
        return Kind.BOOLEAN
    if inferred in ("string", "empty"):
        return Kind.NOMINAL
    return _detect_number(pd.to_numeric(column))


def _detect_number(column: pd.Series) -> Kind:
    values = column.dropna()
    levels = set(values.unique()) if values.nunique() <= FEW_LEVELS else None
    if levels is not None:
        if levels <= {0, 1}:
            return Kind.BOOLEAN
        return Kind.NOMINAL if len(levels) <= 2 else Kind.ORDINAL
    whole = types.is_integer_dtype(values.dtype) or bool((values % 1 == 0).all())
    return Kind.COUNT if whole else Kind.CONTINUOUS
