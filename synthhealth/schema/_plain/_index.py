"""The index of a table: its type is kept, its labels never."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types
from pydantic import BaseModel, ConfigDict

from synthhealth.schema._plain._dtypes import dtype_from_text, dtype_to_text


class IndexForm(BaseModel):
    """What kind of index the table has. Its labels are never kept: they may name patients."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    dtype: str
    name: str | int | None

    @classmethod
    def learn(cls, index: pd.Index) -> IndexForm:
        if isinstance(index, pd.RangeIndex):
            kind = "range"
        elif types.is_datetime64_any_dtype(index.dtype):
            kind = "datetime"
        elif types.is_numeric_dtype(index.dtype):
            kind = "number"
        else:
            kind = "text"
        name = index.name if isinstance(index.name, str | int) else None
        dtype = str(index.dtype) if kind in ("datetime", "number") else dtype_to_text(index.dtype)
        return cls(kind=kind, dtype=dtype, name=name)

    def make(self, start: int, stop: int) -> pd.Index:
        """Give the labels of rows `start` to `stop`: running numbers, in the form of the index."""
        if self.kind == "range":
            return pd.RangeIndex(start, stop, name=self.name)
        numbers = pd.RangeIndex(start, stop)
        if self.kind == "number":
            return pd.Index(np.arange(start, stop), dtype=self.dtype, name=self.name)
        if self.kind == "datetime":
            days = pd.to_datetime("2000-01-01") + pd.to_timedelta(numbers, unit="D")
            dtype = pd.api.types.pandas_dtype(self.dtype)
            if isinstance(dtype, pd.DatetimeTZDtype):
                days = days.tz_localize(dtype.tz)
            return pd.DatetimeIndex(days, name=self.name).astype(dtype)
        text_dtype: Any = object if self.dtype == "category" else dtype_from_text(self.dtype)
        labels = [f"row-{number}" for number in numbers]
        return pd.Index(labels, dtype=text_dtype, name=self.name)
