"""Mode-specific normalisation for whole columns at once.

ctgan describes a number by a mode of a Gaussian mixture, drawn with its probability, and by the
distance from that mode (Xu et al., 2019, section 4.2). It draws row by row, in one process per
core; on a table of 30,000 rows that takes longer than many epochs. The same law, drawn for a column
at once, needs neither.

No mode stands for a few patients only, and levels are numbered in their own order: in the order of
first appearance, as ctgan has it, the first level of each column together are the first patient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

#: Rows that the modes of a column are found on; more do not move them, and a million take minutes.
MODE_ROWS = 10_000

#: A mode has at least this many patients.
MIN_CELL = 5


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
