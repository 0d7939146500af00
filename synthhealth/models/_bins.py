"""Numbers as bins of several patients, and numbers drawn from them, none of them a patient's."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, model_validator

from synthhealth.schema import Kind
from synthhealth.table.limits import learn_limits
from synthhealth.table.tree import roundest

__all__ = ["MAX_BINS", "STEEPEST", "Bins"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: About as many bins has a column; more keep no more of what it has to do with others.
MAX_BINS = 64

#: A bin has as many times `min_cell` rows: of fewer patients its ends tell too much, and fit no
#: better.
_CELLS = 2

#: Steps that dates are written in, in seconds (days, hours, minutes, seconds), and numbers.
_TIME_STEPS = (86_400.0, 3_600.0, 60.0, 1.0)
_DECIMAL_STEPS = tuple(10.0**-decimals for decimals in range(7))

#: So many of the different values lie on the column's grid: those that stand for a result beyond a
#: detection limit do not.
_ON_GRID = 0.5

#: A bin within the column has so many patients in its middle beside its own, so that few patients
#: do not make it slanting. The first and the last bin have none: they are tails.
_IN_THE_MIDDLE = 10.0

#: The steepest slant, and the decimals of one: no more than a few patients can tell of it.
STEEPEST = 40.0
_SLANT_DECIMALS = 1


class Bins(BaseModel):
    """The bins of one column, each a range of numbers that several patients have.

    A value that as many patients have as a bin is one by itself, as wide as the step that the
    column is written in. Between bins there may be ranges that nobody has.

    Attributes
    ----------
    name : str
        The column.
    low, high : tuple of float
        Where each bin begins and ends: between the values of patients, at none of them.
    heaps : tuple of int
        The places of the bins that are one value by themselves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    low: tuple[float, ...]
    high: tuple[float, ...]
    heaps: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _rise(self) -> Bins:
        if not 0 < len(self.low) == len(self.high):
            raise ValueError("a bin has no beginning or no end")
        ends = np.column_stack([self.low, self.high]).ravel()
        if (np.diff(ends) < 0).any() or (np.diff(self.low) <= 0).any():
            raise ValueError("the bins are not in order")
        if any(not 0 <= place < len(self.low) for place in self.heaps):
            raise ValueError("a heap is not a bin")
        return self

    def __len__(self) -> int:
        return len(self.low)

    @classmethod
    def learn(cls, name: str, values: Floats, kind: Kind, min_cell: int) -> Bins:
        """Part a column into bins of twice `min_cell` rows or more, and leftovers of fewer.

        Parameters
        ----------
        values : numpy.ndarray, shape (n,)
            Without gaps.
        min_cell : int
            No bin has fewer rows.
        """
        different, counts = np.unique(values, return_counts=True)
        groups = _groups(counts, max(_CELLS * min_cell, -(-len(values) // MAX_BINS)), min_cell)
        step = _step(different, kind)
        limits = learn_limits(values, step)
        between = [
            _between(float(different[one.stop - 1]), float(different[one.stop]), step)
            for one in groups[:-1]
        ]
        # An extreme value beyond the limits counts as one of the outermost bin.
        least = max(step, 1e-6 * float(np.abs(different).max()))
        first = min(limits["low"], between[0] - least) if between else limits["low"]
        last = max(limits["high"], between[-1] + least) if between else limits["high"]
        ranges = list(pairwise([first, *between, last]))
        for place, group in enumerate(groups):
            if group.is_value:
                value, (low, high) = float(different[group.start]), ranges[place]
                low, high = max(value - step / 2, low), min(value + step / 2, high)
                # A limit that many sit on ends the column.
                ranges[place] = min(low, value), max(high, value)
        low, high = zip(*ranges, strict=True)
        heaps = tuple(place for place, group in enumerate(groups) if group.is_value)
        return cls(name=name, low=low, high=high, heaps=heaps)

    def codes(self, values: Floats) -> Codes:
        """Give the bin of each value; outside of all of them, the nearest."""
        low, high = np.array(self.low), np.array(self.high)
        return np.searchsorted((high[:-1] + low[1:]) / 2, values, side="left").astype(np.int64)

    def slants(self, values: Floats, codes: Codes) -> Floats:
        """Find how the values lie within their bins.

        Returns
        -------
        numpy.ndarray, shape (n_bins,)
            The density within a bin falls as ``exp(-slant * share of the way through it)``.
        """
        counts = np.bincount(codes, minlength=len(self)).astype(float)
        sums = np.bincount(codes, weights=self._places(values, codes), minlength=len(self))
        added = np.full(len(self), _IN_THE_MIDDLE)
        added[[0, -1]] = 0.0
        means = (sums + 0.5 * added) / np.maximum(counts + added, 1.0)
        grid = np.linspace(-STEEPEST, STEEPEST, 2_001)
        # The mean falls as the slant rises.
        found = np.interp(-means, -_mean_place(grid), grid)
        return np.round(found, _SLANT_DECIMALS) + 0.0

    def draw(self, codes: Codes, slants: Floats, rng: np.random.Generator) -> Floats:
        """Draw a number from each bin of `codes`."""
        return self.quantiles(codes, rng.random(len(codes)), slants)

    def quantiles(self, codes: Codes, chances: Floats, slants: Floats) -> Floats:
        """Give the number below which that share of each bin of `codes` lies."""
        low, high = np.array(self.low), np.array(self.high)
        slant = slants[codes]
        steep = np.where(slant == 0, 1.0, slant)
        places = np.where(slant == 0, chances, -np.log1p(chances * np.expm1(-steep)) / steep)
        return low[codes] + places * (high - low)[codes]

    def chances(self, values: Floats, codes: Codes, slants: Floats) -> Floats:
        """Give the share of its bin that lies below each value; undoes `quantiles`."""
        places, slant = self._places(values, codes), slants[codes]
        steep = np.where(slant == 0, 1.0, slant)
        return np.where(slant == 0, places, np.expm1(-steep * places) / np.expm1(-steep))

    def log_density(self, values: Floats, codes: Codes, slants: Floats) -> Floats:
        """Give the log density of values within their bins; where a bin is one value, 0."""
        width = (np.array(self.high) - np.array(self.low))[codes]
        slant = slants[codes]
        steep = np.where(slant == 0, 1.0, slant)
        height = np.where(slant == 0, 0.0, np.log(steep / -np.expm1(-steep)))
        density = height - slant * self._places(values, codes)
        return np.where(width == 0, 0.0, density - np.log(np.where(width == 0, 1.0, width)))

    def _places(self, values: Floats, codes: Codes) -> Floats:
        """Say which share of the way through its bin each value lies."""
        low, high = np.array(self.low)[codes], np.array(self.high)[codes]
        width = np.where(high > low, high - low, 1.0)
        return np.clip((values - low) / width, 0.0, 1.0)


def _mean_place(slants: Floats) -> Floats:
    """Give the mean of the places within a bin of this slant."""
    flat = np.abs(slants) < 1e-3
    steep = np.where(flat, 1.0, slants)
    return np.where(flat, 0.5 - slants / 12, 1 / steep - 1 / np.expm1(steep))


class _Group(NamedTuple):
    """Neighbouring values, by their places among the different ones."""

    start: int
    stop: int
    is_value: bool


def _groups(counts: npt.NDArray[np.int64], size: int, least: int) -> list[_Group]:
    """Part values into groups of about `size` rows, none of fewer than `least`."""
    groups: list[_Group] = []
    start = 0
    for alone in [*np.flatnonzero(counts >= size).tolist(), len(counts)]:
        groups += _parted(counts, start, alone, size)
        if alone < len(counts):
            groups.append(_Group(alone, alone + 1, True))
        start = alone + 1
    return _joined(groups, counts, least)


def _parted(counts: npt.NDArray[np.int64], start: int, stop: int, size: int) -> list[_Group]:
    """Part the values from `start` to `stop` into groups of about equally many rows."""
    total = int(counts[start:stop].sum())
    if not total:
        return []
    sums = np.cumsum(counts[start:stop])
    size = -(-total // max(total // size, 1))
    ends = [0]
    while ends[-1] < stop - start:
        done = sums[ends[-1] - 1] if ends[-1] else 0
        end = int(np.searchsorted(sums, done + size)) + 1
        # What is left over would be too few by themselves.
        is_last = end >= stop - start or total - sums[end - 1] < size / 2
        ends.append(stop - start if is_last else end)
    return [_Group(start + one, start + other, False) for one, other in pairwise(ends)]


def _joined(groups: list[_Group], counts: npt.NDArray[np.int64], least: int) -> list[_Group]:
    """Join each group of too few rows to the smaller one of its neighbours."""
    sizes = [int(counts[one.start : one.stop].sum()) for one in groups]
    while len(groups) > 1 and min(sizes) < least:
        place = sizes.index(min(sizes))
        beside = [one for one in (place - 1, place + 1) if 0 <= one < len(groups)]
        other = min(beside, key=sizes.__getitem__)
        first, second = sorted((place, other))
        groups[first : second + 1] = [_Group(groups[first].start, groups[second].stop, False)]
        sizes[first : second + 1] = [sizes[first] + sizes[second]]
    return groups


def _step(different: Floats, kind: Kind) -> float:
    """Give the step that most values of a column are written in; 0 where there is none."""
    for step in _TIME_STEPS if kind is Kind.DATETIME else _DECIMAL_STEPS:
        steps = different / step
        if (np.abs(steps - np.round(steps)) < 1e-6).mean() >= _ON_GRID:
            return step
    return 0.0


def _between(low: float, high: float, step: float) -> float:
    """Give a number between two values: off the column's grid, or else the roundest."""
    if step:
        middle = (np.floor((low + high) / (2 * step)) + 0.5) * step
        edge = float(np.round(middle, 8))
        if low < edge < high:
            return edge
    return roundest(low, high)
