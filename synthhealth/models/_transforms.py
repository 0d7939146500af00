"""Columns brought to what a model learns well: a logarithmic scale."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.models.parameters import Parameter
from synthhealth.schema import Kind, Schema

Floats = npt.NDArray[np.float64]

#: A column more skewed than this is strongly skewed.
_SKEWED = 1.0

SCALE_PARAMETER = Parameter(
    "log_scale",
    bool,
    True,
    "learn columns that are never negative and strongly skewed to the right (skewness above 1), as "
    "many laboratory values are, on a logarithmic scale",
)


def log_offset(values: Floats) -> float | None:
    """Give what is added before the logarithm; None for a column that has negative values."""
    if values.min() < 0:
        return None
    if values.min() > 0:
        return 0.0
    # Half a power of ten, so that no patient's value is kept.
    return float(10.0 ** np.floor(np.log10(values[values > 0].min())) / 2)


def offsets_of_skewed(table: pd.DataFrame, schema: Schema) -> dict[str, float]:
    """Give the strongly skewed columns, each with its offset."""
    from scipy.stats import skew

    offsets: dict[str, float] = {}
    for name in measured(schema):
        values = table[name].to_numpy(dtype=float)
        offset = log_offset(values)
        if offset is not None and skew(values) > _SKEWED:
            offsets[name] = offset
    return offsets


def measured(schema: Schema) -> list[str]:
    """Give the columns that have a zero: all numerical ones but dates."""
    return [one.name for one in schema if one.kind in (Kind.CONTINUOUS, Kind.COUNT)]


def to_log(table: pd.DataFrame, offsets: Mapping[str, float]) -> pd.DataFrame:
    """Bring the columns that have an offset, as far as they are there, to the log scale."""
    # A condition may be zero where no patient is, and zero has no logarithm.
    least = np.finfo(float).tiny
    return table.assign(
        **{
            name: np.log(np.maximum(table[name] + offset, least))
            for name, offset in offsets.items()
            if name in table.columns
        }
    )


def from_log(table: pd.DataFrame, offsets: Mapping[str, float]) -> pd.DataFrame:
    """Undo `to_log`."""
    # Beyond e**700 a float ends; such a draw is far out of every limit anyway.
    return table.assign(
        **{
            name: np.exp(np.minimum(table[name], 700.0)) - offset
            for name, offset in offsets.items()
        }
    )
