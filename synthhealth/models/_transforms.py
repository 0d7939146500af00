"""Columns brought to what a model learns well: a log scale, modes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.models.parameters import Parameter
from synthhealth.schema import Kind, Schema
from synthhealth.schema.types import MIN_CELL

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


#: Rows that the modes of a column are found on; more do not move them, and a million take minutes.
MODE_ROWS = 10_000


def column_transformer(base: type) -> type:
    """Give ctgan's ``DataTransformer``, with its numbers transformed by columns."""

    class ColumnTransformer(base):
        _max_clusters: int
        _weight_threshold: float

        def _fit_continuous(self, data: pd.DataFrame) -> Any:
            if len(data) > MODE_ROWS:
                data = data.sample(MODE_ROWS)  # by numpy's global generator, which holds our seed
            # With no more modes than that the largest one always has enough patients.
            self._max_clusters = max(1, min(self._max_clusters, len(data) // MIN_CELL))
            self._weight_threshold = max(self._weight_threshold, 0.999 * MIN_CELL / len(data))
            return super()._fit_continuous(data)

        def _fit_discrete(self, data: pd.DataFrame) -> Any:
            return super()._fit_discrete(data.sort_values(data.columns[0]))

        def _transform_continuous(self, info: Any, data: pd.DataFrame) -> npt.NDArray[np.float64]:
            values = data.iloc[:, 0].to_numpy(dtype=float)
            used = info.transform.valid_component_indicator
            mixture = info.transform._bgm_transformer
            centres = mixture.means_.ravel()[used]
            widths = info.transform.STD_MULTIPLIER * np.sqrt(mixture.covariances_.ravel()[used])

            # The small constant is ctgan's: no mode that is used is ever impossible.
            chances = mixture.predict_proba(values.reshape(-1, 1))[:, used] + 1e-6
            bounds = np.cumsum(chances, axis=1)
            drawn = np.random.random_sample(len(values)) * bounds[:, -1]
            mode = (bounds <= drawn[:, None]).sum(axis=1)

            transformed = np.zeros((len(values), info.output_dimensions))
            # tanh does not reach its ends.
            transformed[:, 0] = np.clip((values - centres[mode]) / widths[mode], -0.99, 0.99)
            transformed[np.arange(len(values)), mode + 1] = 1.0
            return transformed

    return ColumnTransformer
