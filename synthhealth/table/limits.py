"""Between which limits the numbers of a column lie, and drawn numbers brought to them.

The limits are nobody's number, and no patient with an extreme value decides them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator
from scipy import stats

from synthhealth.schema.reading.notation import MAX_DECIMALS
from synthhealth.schema.subjects import Subjects, n_patients
from synthhealth.schema.types import MIN_CELL, Range
from synthhealth.table.dtypes import limits_of_dtype

__all__ = [
    "CALENDAR",
    "Alignment",
    "learn_limits",
    "within_calendar",
    "within_dtype",
    "within_plausible",
]


Floats = npt.NDArray[np.float64]

#: A limit that this share of the values (and at least MIN_CELL patients) sit on is a floor or a
#: ceiling of the measurement, such as zero: values beyond it belong on it.
LIMIT_SHARE = 0.05

#: At least so many values that can be written have the same limit.
SHARED = 5

#: A column of positive numbers whose upper part is so many times as long as its lower one reaches
#: as far as its logarithms do.
SKEWED = 1.5

#: Where the others beyond the fifth patient from an end use up no more than this share of the way
#: to the limit, the column has an end there.
SHORT = 0.25

#: How far limits lie beyond a rounded value, in units of what is written: less than a half.
BEYOND = 0.4

#: A number of steps is whole, although division says otherwise, up to this.
NOISE = 1e-9

#: Numbers closer than this share of them are the same in single precision.
PRECISION = 1e-6

#: First and last day, in seconds, that a date can have: of the years 1 to 9999, and of what
#: nanoseconds can count.
CALENDAR = (-62_135_596_800.0, 253_402_214_400.0)
_NANOSECONDS = (-9_223_286_400.0, 9_223_286_400.0)


def learn_limits(numbers: Floats, unit: float, subjects: Subjects | None = None) -> dict[str, Any]:
    """Find between which limits a column lies, and let no single patient decide them.

    The fifth patient from an end says how far from the middle the limit lies: as far as the most
    extreme of ten times as many patients would, if the values were normal or, where they are
    skewed, their logarithms. Where nobody lies clearly beyond that patient, the column ends with
    the last one, as a score does. The limit is rounded outwards, and a part of a unit beyond the
    rounded value: nothing but that can be written, and it is nobody's value. Values that many
    patients have, such as zero, are limits themselves.

    Parameters
    ----------
    numbers : ndarray of shape (n,)
        The values; NaN: missing.
    unit : float
        The smallest step between written values; 0 where none is known.
    subjects : ndarray of int64 or None
        The patient of each row; None: every row is one.
    """
    known = numbers[~np.isnan(numbers)]
    low, high = float(known.min()), float(known.max())

    def is_heap(value: float) -> bool:
        there = numbers == value
        is_usual = there.sum() >= LIMIT_SHARE * known.size
        return bool(is_usual) and n_patients(subjects, there) >= MIN_CELL

    low_is_floor, high_is_ceiling = is_heap(low), is_heap(high)
    bottom, top = _reach(numbers, subjects)
    # Nothing is negative where nothing was.
    lowest = -BEYOND * unit if low >= 0 else -np.inf
    bottom = low if low_is_floor else max(bottom, min(lowest, 0.0))
    top = high if high_is_ceiling else top
    step = max(10.0 ** np.floor(np.log10(top - bottom)) / 2, SHARED * unit)
    bottom = float(np.floor(bottom / step + NOISE) * step)
    top = float(np.ceil(top / step - NOISE) * step)
    # Of the rounded values alone: what depends on a patient's value could be solved for it.
    beyond = max(BEYOND * unit, PRECISION * max(-bottom, top))
    return {
        "low": low if low_is_floor else max(bottom - beyond, lowest),
        "high": high if high_is_ceiling else top + beyond,
        "low_is_floor": low_is_floor,
        "high_is_ceiling": high_is_ceiling,
    }


def _reach(numbers: Floats, subjects: Subjects | None) -> tuple[float, float]:
    """Say how far a column reaches, without asking the few patients at its ends."""
    known = ~np.isnan(numbers)
    highest = _of_patients(numbers[known], subjects if subjects is None else subjects[known])
    lowest = _of_patients(-numbers[known], subjects if subjects is None else subjects[known])
    n = highest.size
    place = max(min(MIN_CELL, n // 4), 1)
    middle = float(np.median(numbers[known]))
    ends = -float(lowest[place - 1]), float(highest[place - 1])
    # How much further the one of ten times as many patients lies, were all normal.
    further = float(stats.norm.isf(1 / (10 * n)) / stats.norm.isf(min((place - 0.5) / n, 0.45)))
    if middle > 0 and numbers[known].min() >= 0 and ends[1] - middle > SKEWED * (middle - ends[0]):
        up = middle * (ends[1] / middle) ** further
        down = middle * (ends[0] / middle) ** further if ends[0] > 0 else 0.0
    else:
        up, down = (middle + further * (end - middle) for end in (ends[1], ends[0]))
    # Where nobody lies beyond the others, the column ends with them, as a score does.
    near = SHORT * (further - 1)
    if highest[0] <= ends[1] + near * (ends[1] - middle):
        up = float(highest[0])
    if -lowest[0] >= ends[0] - near * (middle - ends[0]):
        down = -float(lowest[0])
    if up <= middle:  # hardly any patient has another value: as far as those few on average
        up = middle + further * float(highest[:MIN_CELL].mean() - middle)
    if down >= middle:
        down = middle - further * float(lowest[:MIN_CELL].mean() + middle)
    return down, up


def _of_patients(values: Floats, subjects: Subjects | None) -> Floats:
    """Give the highest value of each patient, the highest first."""
    if subjects is not None:
        values = pd.Series(values).groupby(subjects).max().to_numpy()
    return np.sort(values)[::-1]


def within_calendar(limits: dict[str, Any], dtype: str) -> dict[str, Any]:
    """Narrow the limits of dates to those that can be written."""
    first, last = _NANOSECONDS if "[ns" in dtype else CALENDAR
    return limits | {"low": max(limits["low"], first), "high": min(limits["high"], last)}


def within_plausible(
    limits: dict[str, Any], plausible: Range | None, decimals: int | None
) -> dict[str, Any]:
    """Narrow the limits to the plausible range, at values that can be written."""
    if plausible is None:
        return limits
    unit = 10.0 ** -(MAX_DECIMALS if decimals is None else decimals)
    if plausible.low is not None and plausible.low > limits["low"]:
        limits["low"] = float(np.round(np.ceil(plausible.low / unit - 1e-6) * unit, MAX_DECIMALS))
    if plausible.high is not None and plausible.high < limits["high"]:
        limits["high"] = float(
            np.round(np.floor(plausible.high / unit + 1e-6) * unit, MAX_DECIMALS)
        )
    return limits


def within_dtype(limits: dict[str, Any], dtype: str) -> dict[str, Any]:
    """Narrow the limits to what whole numbers of few bits can hold."""
    lowest, highest = limits_of_dtype(dtype)
    return limits | {"low": max(limits["low"], lowest), "high": min(limits["high"], highest)}


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
