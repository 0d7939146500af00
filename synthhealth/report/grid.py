"""Bin edges that hide single patients: rounded numbers, and no bin with one to four real values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from synthhealth.schema.types import MIN_CELL

Floats: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[np.int64]


_TAIL = 0.02  # share of the real values on each side left to the growing tail cells
_MOST_BINS = 60  # over the bulk of the values


class Grid(NamedTuple):
    """Where the values of a column may be counted.

    Both are increasing, cover all real and synthetic values with cells ``[edge, next edge)``, and
    leave no cell with one to ``MIN_CELL - 1`` real values. Every edge of `bins` is one of `cells`,
    and so is every edge in other figures of the column: no comparison of two figures isolates
    fewer than `MIN_CELL` patients.
    """

    bins: Floats  # of the histogram: of one width, where there are patients enough
    cells: Floats  # of the distribution function: four to five times finer


def make_grid(real: Floats, synthetic: Floats, *, whole: bool) -> Grid:
    """Choose a column's edges: multiples of 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    real, synthetic : numpy.ndarray
        The known values; at least `MIN_CELL` real ones.
    whole : bool
        Edges are whole numbers.
    """
    step = _bin_width(real, whole=whole)
    finer = max(_next_finer(step), 1.0 if whole else 0.0)
    ratio = round(step / finer)
    low, high = _bulk(real)
    first, last = math.floor(low / step), math.floor(high / step) + 1
    lowest = min(real.min(), synthetic.min(initial=low))
    highest = max(real.max(), synthetic.max(initial=high))
    below, above = _tails(first, last, lowest / step, highest / step)

    coarse = _multiples([*below, *range(first, last + 1), *above], step)
    inner = range(first * ratio, last * ratio + 1)
    fine = _multiples([*(ratio * edge for edge in below), *inner], finer)
    fine = np.union1d(fine, coarse)
    bins = coarse[_merge_small(count(real, coarse))]
    # Refined bin by bin, so that each bin's edges stay.
    cells = [bins[:1]]
    for start, stop in itertools.pairwise(bins):
        within = fine[(fine >= start) & (fine <= stop)]
        held = count(real[(real >= start) & (real < stop)], within)
        cells.append(within[_merge_small(held)][1:])
    return Grid(bins=bins, cells=np.concatenate(cells))


def quantile_edges(edges: Floats, counts: Counts, bands: int) -> Floats:
    """Thin `edges` to at most `bands` bands that hold about the same number of real values."""
    below = np.cumsum(counts)[:-1] / counts.sum()  # at the inner edges
    kept: list[int] = []
    for band in range(1, bands):
        if len(below) == 0:
            break
        nearest = int(np.argmin(np.abs(below - band / bands)))
        # A band without real values (between two spikes) would say nothing.
        if (below[kept[-1]] if kept else 0) < below[nearest] < 1:
            kept.append(nearest)
    return edges[[0, *(index + 1 for index in kept), len(edges) - 1]]


def view(edges: Floats, *shares: Sequence[float], hidden: float = 0.01) -> tuple[float, float]:
    """Return the range of bins to draw: all but at most `hidden` of the values on each side."""
    first, last = len(edges) - 2, 0
    for share in shares:
        total = np.cumsum(share)
        first = min(first, int(np.searchsorted(total, hidden, side="right")))
        last = max(last, int(np.searchsorted(total, total[-1] - hidden, side="left")))
    return float(edges[first]), float(edges[max(first, last) + 1])


def count(values: Floats, edges: Floats) -> Counts:
    """Count `values` in the cells ``[edge, next edge)``."""
    return np.bincount(cell(values, edges), minlength=len(edges) - 1).astype(np.int64)


def cell(values: Floats, edges: Floats) -> npt.NDArray[np.intp]:
    """Return the number of each value's cell ``[edge, next edge)``."""
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)


def nice(value: float) -> float:
    """Return that of 1, 2, 5 times a power of ten which is nearest to `value` (as a ratio)."""
    power = 10.0 ** math.floor(math.log10(value))
    return min(
        (power, 2 * power, 5 * power, 10 * power), key=lambda step: abs(math.log(step / value))
    )


def _bin_width(real: Floats, *, whole: bool) -> float:
    low, high = _bulk(real)
    size = max(abs(low), abs(high), 1e-290)
    if low == high:
        width = size / 10 if high else 1.0
    else:
        bins = min(max(2 * len(real) ** (1 / 3), 8), 40)
        width = (high - low) / bins
        q25, q75 = np.quantile(real, [0.25, 0.75])
        if q25 < q75:  # Freedman and Diaconis: long tails must not widen the bins of the bulk
            width = min(width, 2 * (q75 - q25) / len(real) ** (1 / 3))
        width = max(width, (high - low) / _MOST_BINS)
    # No finer than numbers of this size can be told apart.
    return max(nice(max(width, size * 1e-12)), 1.0 if whole else 0.0)


def _next_finer(step: float) -> float:
    """Return the nice number four to five times smaller: 1 to 0.2, 2 to 0.5, 5 to 1."""
    power = 10.0 ** math.floor(math.log10(step * (1 + 1e-9)))
    return {1: power / 5, 2: power / 2, 5: power}[round(step / power)]


def _bulk(real: Floats) -> tuple[float, float]:
    low, high = np.quantile(real, [_TAIL, 1 - _TAIL])
    if low == high:  # a spike: nearly all values are the same
        low, high = real.min(), real.max()
    return float(low), float(high)


def _tails(first: int, last: int, lowest: float, highest: float) -> tuple[list[float], list[float]]:
    """Return edges below `first` and above `last`, further and further apart and rounder.

    So the outermost edges tell little of the extremes, and a far outlier costs a few cells.
    """
    below, above = [float(first)], [float(last)]
    for width in _widths():
        if below[0] <= lowest:
            break
        below.insert(0, (math.ceil(below[0] / width) - 1) * width)
    for width in _widths():
        if above[-1] > highest:
            break
        above.append((math.floor(above[-1] / width) + 1) * width)
    return below[:-1], above[1:]


def _widths() -> Iterator[float]:
    """Yield 1, 2, 5, 10, 20, 50, ..."""
    for power in itertools.count():
        for lead in (1.0, 2.0, 5.0):
            yield lead * 10.0**power


def _multiples(numbers: Sequence[float], step: float) -> Floats:
    # Dividing by 50 gives the very number that prints as 0.02, 0.04, ...; multiplying does not.
    edges = np.array(numbers) * step if step >= 1 else np.array(numbers) / round(1 / step)
    return np.unique(edges)


def _merge_small(counts: Counts) -> npt.NDArray[np.intp]:
    """Return the edge numbers left after joining small cells with their nearest neighbours."""
    starts = list(range(len(counts)))
    held = [int(number) for number in counts]
    while True:
        filled = [index for index, number in enumerate(held) if number]
        small = [index for index in filled if held[index] < MIN_CELL]
        if not small or len(filled) == 1:
            return np.array([*starts, len(counts)], dtype=np.intp)
        here = min(small, key=lambda index: held[index])
        place = filled.index(here)
        beside = filled[max(place - 1, 0) : place + 2]
        there = min(
            (index for index in beside if index != here),
            key=lambda index: (abs(index - here), held[index]),
        )
        first, last = min(here, there), max(here, there)
        held[first : last + 1] = [sum(held[first : last + 1])]
        del starts[first + 1 : last + 1]
