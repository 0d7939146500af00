"""Columns as a network has them: coded as its inputs, and read from its outputs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator

from synthhealth.errors import ArtifactError
from synthhealth.models.networks.modes import Modes, find_modes
from synthhealth.schema.types import MIN_CELL
from synthhealth.table.blur import Blur

__all__ = ["MAX_MODES", "NetworkColumn", "NetworkTable", "code_table"]

Floats = npt.NDArray[np.float64]

#: A column has at most so many modes, as ctgan's.
MAX_MODES = 10

#: Standard deviations from the middle of a mode that an output of 1 stands for, as ctgan has them.
_WIDTH = 4.0

#: A mode of a smaller weight is not used, as in ctgan.
_LEAST_WEIGHT = 0.005

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
    def of_modes(cls, name: str, modes: Modes) -> NetworkColumn:
        """Take the modes of a number; an output of 1 stands for four standard deviations."""
        widths = _WIDTH * modes.deviations
        return cls(name=name, centres=tuple(modes.centres.tolist()), widths=tuple(widths.tolist()))

    def blurred(self, blur: Blur) -> NetworkColumn:
        """Shift and stretch the modes of a number as a whole, by as much as `blur` says."""
        if not blur.changes or self.levels:
            return self
        centres, widths = np.asarray(self.centres), np.asarray(self.widths)
        middle = float(centres.mean())
        spread = float(np.sqrt(((widths / _WIDTH) ** 2).mean() + centres.var()))
        moved, other = blur.moments(self.name, middle, spread)
        stretch = other / spread
        return NetworkColumn(
            name=self.name,
            centres=tuple((moved + stretch * (centres - middle)).tolist()),
            widths=tuple((stretch * widths).tolist()),
        )

    @property
    def n_outputs(self) -> int:
        """How many outputs of a network the column takes."""
        return len(self.levels) or 1 + len(self.centres)

    def spans(self) -> list[Any]:
        """Give the groups of outputs, as ctgan describes them."""
        from ctgan.data_transformer import SpanInfo

        if self.levels:
            return [SpanInfo(len(self.levels), "softmax")]
        return [SpanInfo(1, "tanh"), SpanInfo(len(self.centres), "softmax")]

    def log_density(
        self, values: npt.NDArray[Any], outputs: npt.NDArray[Any], sigma: float
    ) -> npt.NDArray[Any]:
        """Give the log density of values where each output of a network is the middle of a law.

        Parameters
        ----------
        values : numpy.ndarray, shape (n,)
            NaN in a number, -1 in a level: not known, and of the log density 0.
        outputs : numpy.ndarray, shape (n_outputs_drawn, n_outputs)
            Before any activation.
        sigma : float
            Standard deviation of the distance from a mode.

        Returns
        -------
        numpy.ndarray, shape (n, n_outputs_drawn)
        """
        from scipy.special import log_softmax, logsumexp

        if self.levels:
            places = {level: place for place, level in enumerate(self.levels)}
            place = np.array([places.get(int(value), -1) for value in values])
            shares = log_softmax(outputs, axis=1)[:, np.maximum(place, 0)].T
            return np.where(place[:, None] < 0, 0.0, shares)
        widths, centres = np.asarray(self.widths), np.asarray(self.centres)
        away = (values[:, None] - centres) / widths
        middle = np.tanh(outputs[:, 0])
        shares = log_softmax(outputs[:, 1:], axis=1)
        parts = (
            shares[None, :, :]
            - 0.5 * ((away[:, None, :] - middle[None, :, None]) / sigma) ** 2
            - np.log(sigma * np.sqrt(2 * np.pi) * widths)
        )
        return np.where(np.isnan(values)[:, None], 0.0, logsumexp(parts, axis=2))

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


def code_table(
    table: pd.DataFrame, categorical: Collection[str]
) -> tuple[NetworkTable, npt.NDArray[np.float32]]:
    """Learn what the columns are, and give the rows as a network has them.

    As ctgan does, a number becomes the distance from one of its modes, drawn by how likely the
    value is of each, and which one that is; a category becomes which of its levels it is. Draws
    come from numpy's global generator.

    Parameters
    ----------
    table : pandas.DataFrame
        Plain numbers; of categories the positions of levels.
    categorical : collection of str
        The columns that are categories.

    Returns
    -------
    NetworkTable
    numpy.ndarray, shape (n_rows, n_outputs)
    """
    columns: list[NetworkColumn] = []
    parts: list[npt.NDArray[np.float32]] = []
    for name in table.columns:
        if name in categorical:
            column, part = _code_levels(name, table[name].to_numpy())
        else:
            column, part = _code_number(name, table[name].to_numpy(dtype=float))
        columns.append(column)
        parts.append(part)
    return NetworkTable(tuple(columns)), np.concatenate(parts, axis=1)


def _code_levels(
    name: str, codes: npt.NDArray[Any]
) -> tuple[NetworkColumn, npt.NDArray[np.float32]]:
    levels, places = np.unique(codes, return_inverse=True)
    column = NetworkColumn(name=name, levels=tuple(int(level) for level in levels))
    return column, np.eye(len(levels), dtype=np.float32)[places]


def _code_number(name: str, values: Floats) -> tuple[NetworkColumn, npt.NDArray[np.float32]]:
    # With no more modes than that the largest one always has enough patients.
    n_modes = max(1, min(MAX_MODES, len(values) // MIN_CELL))
    found = find_modes(values, n_modes)
    used = found.above(max(_LEAST_WEIGHT, 0.999 * MIN_CELL / len(values)))
    column = NetworkColumn.of_modes(name, used)

    all_chances, chances = found.log_chances(values), used.log_chances(values)
    top = all_chances.max(axis=1, keepdims=True)
    # The small constant is ctgan's: no mode that is used is ever impossible.
    shares = np.exp(chances - top) / np.exp(all_chances - top).sum(axis=1, keepdims=True) + 1e-6
    bounds = np.cumsum(shares, axis=1)
    drawn = np.random.random_sample(len(values)) * bounds[:, -1]
    mode = (bounds <= drawn[:, None]).sum(axis=1)

    coded = np.zeros((len(values), column.n_outputs), dtype=np.float32)
    away = (values - used.centres[mode]) / (_WIDTH * used.deviations[mode])
    # tanh does not reach its ends.
    coded[:, 0] = np.clip(away, -0.99, 0.99)
    coded[np.arange(len(values)), mode + 1] = 1.0
    return column, coded
