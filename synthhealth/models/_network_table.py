"""How the outputs of a network become the columns of a table.

ctgan describes a number by a mode of a Gaussian mixture and the distance from it, a category by one
output for each level (Xu et al., 2019, section 4.2). Here is the way back, of whole columns, from
plain values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator

from synthhealth.errors import ArtifactError

__all__ = ["NetworkColumn", "NetworkTable"]

Floats = npt.NDArray[np.float64]

#: ctgan finds at most so many modes of a column.
MAX_MODES = 10

#: Outputs of a network; with more, a batch of rows would not fit into a small machine.
MAX_OUTPUTS = 20_000


class NetworkColumn(BaseModel):
    """One column: of a number the modes, of a category the levels.

    Attributes
    ----------
    name : str
    centres, widths : tuple of float
        The middle of each mode, and the distance from it that an output of 1 stands for.
    levels : tuple of int
        The position of the level that each output stands for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    centres: tuple[float, ...] = ()
    widths: tuple[float, ...] = ()
    levels: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> NetworkColumn:
        n_modes = len(self.centres)
        is_number = (
            0 < n_modes <= MAX_MODES and n_modes == len(self.widths) and min(self.widths) > 0
        )
        is_category = bool(self.levels) and not (self.centres or self.widths)
        twice = len(set(self.levels)) < len(self.levels)
        if is_number == is_category or twice or min(self.levels, default=0) < 0:
            raise ValueError(f"column {self.name!r} has neither modes nor levels, or both")
        return self

    @classmethod
    def learned(cls, name: str, info: Any) -> NetworkColumn:
        """Take what ctgan's ``DataTransformer`` knows of one column."""
        if info.column_type == "discrete":
            return cls(name=name, levels=tuple(int(level) for level in info.transform.dummies))
        used = info.transform.valid_component_indicator
        mixture = info.transform._bgm_transformer
        widths = info.transform.STD_MULTIPLIER * np.sqrt(mixture.covariances_.ravel()[used])
        return cls(
            name=name,
            centres=tuple(mixture.means_.ravel()[used].tolist()),
            widths=tuple(widths.tolist()),
        )

    @property
    def n_outputs(self) -> int:
        return len(self.levels) or 1 + len(self.centres)

    def spans(self) -> list[Any]:
        """Give the groups of outputs, as ctgan describes them."""
        from ctgan.data_transformer import SpanInfo

        if self.levels:
            return [SpanInfo(len(self.levels), "softmax")]
        return [SpanInfo(1, "tanh"), SpanInfo(len(self.centres), "softmax")]

    def read(self, outputs: npt.NDArray[Any], sigma: float | None) -> npt.NDArray[Any]:
        """Give the values that outputs stand for; `sigma` blurs numbers.

        Parameters
        ----------
        outputs : numpy.ndarray, shape (n, n_outputs)
        sigma : float or None
            Standard deviation of the distance from the mode.
        """
        if self.levels:
            return np.asarray(self.levels)[outputs.argmax(axis=1)]
        distance = outputs[:, 0].astype(np.float64)
        if sigma is not None:
            distance = np.random.normal(distance, sigma)
        mode = outputs[:, 1:].argmax(axis=1)
        widths, centres = np.asarray(self.widths), np.asarray(self.centres)
        values: Floats = np.clip(distance, -1, 1) * widths[mode] + centres[mode]
        return values


class NetworkTable:
    """The columns of a network; it stands in the place of ctgan's ``DataTransformer``."""

    def __init__(self, columns: tuple[NetworkColumn, ...]) -> None:
        self.columns = columns
        if sum(column.n_outputs for column in columns) > MAX_OUTPUTS:
            raise ArtifactError(
                f"the columns have more than {MAX_OUTPUTS:,} levels in all, too many for a network"
            )
        self.output_info_list = [column.spans() for column in columns]
        self.output_dimensions = sum(column.n_outputs for column in columns)

    def inverse_transform(
        self, outputs: npt.NDArray[Any], sigmas: npt.NDArray[Any] | None = None
    ) -> pd.DataFrame:
        """Give the table that outputs stand for, as ctgan's own method does."""
        read: dict[str, npt.NDArray[Any]] = {}
        start = 0
        for column in self.columns:
            sigma = None if sigmas is None else float(sigmas[start])
            read[column.name] = column.read(outputs[:, start : start + column.n_outputs], sigma)
            start += column.n_outputs
        return pd.DataFrame(read)
