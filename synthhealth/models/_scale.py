"""The log scale on which strongly right-skewed positive columns are learned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthhealth.models._parameters import Parameter
from synthhealth.schema import Kind, Schema

#: A column more skewed than this, and never negative, is learned on the log scale.
_SKEWED = 1.0

SCALE_PARAMETER = Parameter(
    "log_scale",
    bool,
    True,
    "learn columns that are never negative and strongly skewed to the right (skewness above 1), as "
    "many laboratory values are, on a logarithmic scale",
)


def log_offsets(table: pd.DataFrame, schema: Schema) -> dict[str, float]:
    """Give the skewed columns, each with what is added before the logarithm."""
    from scipy.stats import skew

    offsets: dict[str, float] = {}
    for name in (one.name for one in schema if one.kind in (Kind.CONTINUOUS, Kind.COUNT)):
        values = table[name].to_numpy(dtype=float)
        lowest = values.min()
        if lowest >= 0 and skew(values) > _SKEWED:
            smallest = values[values > 0].min()
            # A power of ten, so that no patient's value is kept.
            power = 10.0 ** np.floor(np.log10(smallest))
            offsets[name] = 0.0 if lowest > 0 else float(power / 2)
    return offsets


def to_log(table: pd.DataFrame, offsets: Mapping[str, float]) -> pd.DataFrame:
    """Bring the columns that have an offset, as far as they are there, to the log scale."""
    return table.assign(
        **{
            name: np.log(table[name] + offset)
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
