"""The index of a table: its type is kept, its labels never."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api import types
from pydantic import BaseModel, ConfigDict, model_validator

from synthhealth.schema._plain._dtypes import dtype_from_text, dtype_to_text, is_known_dtype

#: Days of an index of dates; from there on they begin anew, before the calendar of pandas ends.
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
