"""dtypes and indexes as plain text, so that they can be saved: their types, never a label."""

from __future__ import annotations

import math
import re
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from pandas.api import types
from pydantic import BaseModel, ConfigDict, model_validator

_NUMBER = r"u?int(?:8|16|32|64)|float(?:16|32|64|96|128)"
_ZONE = r"(?P<zone>[\w+\-/:]{1,64})"
_KNOWN = re.compile(
    rf"bool|boolean|object|category|arrow-text|text:(?:python|pyarrow|pyarrow_numpy)"
    rf"|{_NUMBER}|U?Int(?:8|16|32|64)|Float(?:32|64)"
    rf"|Sparse\[(?:bool|{_NUMBER}), [\w.\-]{{1,30}}\]"
    r"|(?:bool|u?int(?:8|16|32|64)|float|double)\[pyarrow\]"
    rf"|datetime64\[(?:s|ms|us|ns)(?:, {_ZONE})?\]"
    rf"|timestamp\[(?:s|ms|us|ns)(?:, tz={_ZONE.replace('zone', 'arrow_zone')})?\]\[pyarrow\]"
)
_WHOLE = re.compile(r"(?:Sparse\[)?(u?)int(8|16|32|64)\b", re.IGNORECASE)
_OFFSET = re.compile(r"UTC(?:[+-]\d\d:\d\d)?")


def dtype_to_text(dtype: Any) -> str:
    """Give a name from which `dtype_from_text` makes the dtype again."""
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if isinstance(dtype, pd.StringDtype):
        return f"text:{dtype.storage}"
    if isinstance(dtype, pd.ArrowDtype) and types.is_string_dtype(dtype):
        return "arrow-text"
    return str(dtype)


def dtype_from_text(text: str | None) -> Any:
    """Make the dtype that `dtype_to_text` named."""
    if text == "arrow-text":
        import pyarrow as pa

        return pd.ArrowDtype(pa.string())
    if text is not None and text.startswith("text:"):
        return pd.StringDtype(text.removeprefix("text:"))
    return types.pandas_dtype(text)


def limits_of_dtype(text: str) -> tuple[float, float]:
    """Give the smallest and largest number that a dtype can hold, as far as floats can say it."""
    match = _WHOLE.match(text)
    if match is None:
        return -math.inf, math.inf
    bits = int(match[2])
    low, high = (0.0, 2.0**bits) if match[1] else (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1))
    # The largest is one less; of 64 bits the next smaller float.
    return low, high - 1 if high - 1 < high else math.nextafter(high, 0.0)


def is_known_dtype(text: str) -> bool:
    """Say whether a text names a dtype that the cells of a table can have.

    `dtype_from_text` understands more, such as text of a fixed width of gigabytes.
    """
    match = _KNOWN.fullmatch(text)
    if match is None:
        return False
    zone = match["zone"] or match["arrow_zone"]
    return zone is None or is_known_zone(zone)


def is_known_zone(text: str) -> bool:
    """Say whether a text names a time zone; pandas would also open a file by its name."""
    if _OFFSET.fullmatch(text):
        return True
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        # A path, a folder of the time zone database, or no such zone.
        return False
    return True


#: Days of an index of dates; from there on they start again, before the calendar of pandas ends.
_DAYS = 90_000


class IndexForm(BaseModel):
    """What kind of index the table has. Its labels are never kept: they may name patients."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["range", "number", "datetime", "text"]
    dtype: str
    name: str | int | None

    @model_validator(mode="after")
    def _dtype_is_of_its_kind(self) -> IndexForm:
        if self.kind in ("number", "datetime"):
            dtype = pd.api.types.pandas_dtype(self.dtype) if is_known_dtype(self.dtype) else object
            of_kind = (
                types.is_numeric_dtype(dtype)
                if self.kind == "number"
                else types.is_datetime64_any_dtype(dtype)
            )
            if not of_kind:
                raise ValueError("the dtype of the index is not of its kind")
        return self

    @classmethod
    def learn(cls, index: pd.Index) -> IndexForm:
        """Keep the type of an index."""
        kind: Literal["range", "number", "datetime", "text"] = "text"
        dtype = dtype_to_text(index.dtype)
        if isinstance(index, pd.RangeIndex):
            kind = "range"
        elif not is_known_dtype(dtype):
            dtype = "object"
        elif types.is_datetime64_any_dtype(index.dtype):
            kind = "datetime"
        elif types.is_numeric_dtype(index.dtype):
            kind = "number"
        name = index.name if isinstance(index.name, str | int) else None
        return cls(kind=kind, dtype=dtype, name=name)

    def make(self, start: int, stop: int) -> pd.Index:
        """Give the labels of rows `start` to `stop`: running numbers, in the form of the index."""
        if self.kind == "range":
            return pd.RangeIndex(start, stop, name=self.name)
        numbers = pd.RangeIndex(start, stop)
        if self.kind == "number":
            counted = np.arange(start, stop)
            try:
                return pd.Index(counted, dtype=self.dtype, name=self.name)
            except (TypeError, ValueError, NotImplementedError):
                return pd.Index(counted, name=self.name)  # more rows than the dtype can count
        if self.kind == "datetime":
            days = pd.to_datetime("2000-01-01") + pd.to_timedelta(numbers % _DAYS, unit="D")
            dtype = pd.api.types.pandas_dtype(self.dtype)
            if isinstance(dtype, pd.DatetimeTZDtype):
                # Some midnights are skipped, or come twice, where clocks change at midnight.
                days = days.tz_localize(
                    dtype.tz,
                    ambiguous=np.ones(len(days), dtype=bool),
                    nonexistent="shift_forward",
                )
            return pd.DatetimeIndex(days, name=self.name).astype(dtype)
        text_dtype: Any = object if self.dtype == "category" else dtype_from_text(self.dtype)
        names = [f"row-{number}" for number in numbers]
        return pd.Index(names, dtype=text_dtype, name=self.name)
