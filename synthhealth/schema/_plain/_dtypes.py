"""dtypes as plain text, so that they can be saved."""

from __future__ import annotations

from typing import Any

import pandas as pd
from pandas.api import types


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
