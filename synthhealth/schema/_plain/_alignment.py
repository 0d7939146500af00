"""Drawn numbers brought to the heaps and detection limits of a column."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["Alignment"]

Floats = npt.NDArray[np.float64]


class Alignment(BaseModel):
    """A rising, piecewise linear map of what a model draws for one column.

    Where many patients sit on one end of the values, such as zero, or are beyond a detection
    limit, a model that is off by a little there makes their share far too large or too small. The
    map moves the model's own quantile of that share to that end; the other values are stretched,
    the less the nearer they are to the middle of the column, which stays.

    Attributes
    ----------
    drawn, wanted : tuple of float
        Points of the map, rising: what is drawn, and what it becomes. Beyond the outer points
        values are shifted with them. Empty: nothing is changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    drawn: tuple[float, ...] = ()
    wanted: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _rises(self) -> Alignment:
        if len(self.drawn) != len(self.wanted):
            raise ValueError("each point has a drawn and a wanted value")
        if any(after <= before for before, after in pairwise(self.drawn)):
            raise ValueError("the drawn values do not rise")
        if any(after < before for before, after in pairwise(self.wanted)):
            raise ValueError("the wanted values fall")
        return self

    @classmethod
    def learn(
        cls,
        drawn: Floats,
        *,
        low: tuple[float, float] | None = None,
        high: tuple[float, float] | None = None,
    ) -> Alignment:
        """Find the map.

        Parameters
        ----------
        drawn : ndarray of shape (n,)
            What the model draws.
        low : (float, float), optional
            An end, and the share of the real values that lie below it.
        high : (float, float), optional
            An end, and the share of the real values that lie above it.
        """
        start = np.quantile(drawn, low[1]) if low else -np.inf
        stop = np.quantile(drawn, 1 - high[1]) if high else np.inf
        between = drawn[(drawn > start) & (drawn < stop)]
        if not between.size:
            return cls()
        middle = float(np.median(between))
        points = [(middle, middle)]
        if low and start < middle and low[0] < middle:
            points.insert(0, (float(start), low[0]))
        if high and middle < stop and middle < high[0]:
            points.append((float(stop), high[0]))
        if len(points) == 1:
            return cls()
        return cls(
            drawn=tuple(point for point, _ in points), wanted=tuple(point for _, point in points)
        )

    def apply(self, values: Floats) -> Floats:
        """Map drawn values."""
        if not self.drawn:
            return values
        first, last = self.wanted[0] - self.drawn[0], self.wanted[-1] - self.drawn[-1]
        inner = np.interp(values, self.drawn, self.wanted)
        beyond = np.where(values < self.drawn[0], values + first, values + last)
        return np.where((values < self.drawn[0]) | (values > self.drawn[-1]), beyond, inner)
