"""The search for numbers that single patients have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from synthhealth.artifact.leaks.content import Piece, TreePath
from synthhealth.artifact.leaks.patients import Numbers

__all__ = ["Found", "places_of", "search_numbers"]

Floats = npt.NDArray[np.float64]

#: How far a number that was computed (a logarithm, a sum) may be from what it should be.
TOLERANCE = 1e-12

#: Values that no patient has: for each that is searched for, the nearest of them, in all at most.
DECOYS, NEAREST, MAX_DECOYS = 200, 10, 2_000_000

#: Chance at which numbers that may be about any column are taken for a column's.
MAX_CHANCE = 0.01

#: Fewest significant digits of a value that is found by itself.
MIN_DIGITS = 2


@dataclass(frozen=True)
class Place:
    """The numbers and texts of one place, ready to be looked up."""

    exact: Floats
    """In rising order."""
    single: npt.NDArray[np.float32]
    """Those of them that are of single precision."""
    texts: frozenset[str]
    is_certain: bool = False


Places = dict[str | None, list[tuple[TreePath, Place]]]


@dataclass(frozen=True)
class Found:
    """Values of one column that stand in the content, and where."""

    values: Floats
    paths: tuple[TreePath, ...]


def search_numbers(places: Places, numbers: Numbers, n_rows: int) -> Found:
    """Find the values of single patients, and the extremes, of one column.

    A value is looked for as it is, as the nearest single-precision number, as its logarithm or
    that of value + 1 or of value + half a power of ten, a date also as milli-, micro- and
    nanoseconds, as days, and as text. Its decoys are the 200 nearest values of the same form that
    no patient has. Place by place:

    - Where the content speaks of this column, values are found if none of the decoys is there;
      at least one of them must have two significant digits or more, since 5 and 100 stand anywhere,
      and be neither the number of rows nor the column's mean, which in one of n columns is a value
      that could be written.
    - In any other case (a weight, a figure without a name, a list of all numbers up to 100) they
      are found only if more of them are there than chance would explain, at 1 %. Of fractions,
      chance puts a value there as often as its decoys are there: the larger of the shares of its
      10 nearest and of all (Poisson). Whole numbers stand in every file; of those that are there
      chance takes as many from the patients' as the table has among its numbers and their decoys
      nearby (binomial).

    Numbers that speak of another column are not compared.

    Parameters
    ----------
    places : dict
        What `places_of` gives for the content.
    numbers : Numbers
        The column.
    n_rows : int
        The number of rows of the table.
    """
    targets = np.union1d(numbers.single, numbers.extremes)
    found: list[Floats] = []
    paths: list[TreePath] = []
    if not targets.size:
        return Found(targets, ())
    is_mean = np.isclose(targets, np.nanmean(numbers.values), rtol=1e-9, atol=0)
    is_telling = (_digits(targets) >= MIN_DIGITS) & (targets != n_rows) & ~is_mean
    for column in (numbers.column, None):
        for path, place in places.get(column, ()):
            most = _found_in(place, targets, is_telling, numbers, is_named=column is not None)
            if most.size:
                found.append(most)
                paths.append(path)
    return Found(np.unique(np.concatenate([np.zeros(0), *found])), tuple(paths))


def places_of(pieces: Iterable[Piece]) -> Places:
    """Put together what stands under the same path and is about the same column.

    Returns
    -------
    dict of str or None to list of (path, place)
        By column; None for what may be about any.
    """
    together: dict[tuple[TreePath, str | None], list[Piece]] = defaultdict(list)
    for piece in pieces:
        together[piece.path, piece.column].append(piece)
    places: Places = defaultdict(list)
    for (path, column), parts in together.items():
        exact = np.unique(np.concatenate([part.numbers for part in parts]))
        exact = exact[np.isfinite(exact)]
        with np.errstate(over="ignore"):
            single = exact.astype(np.float32)
        # Only a number that is one of single precision can be a value that was stored so.
        single = single[single.astype(np.float64) == exact]
        texts = frozenset(text.strip() for part in parts for text in part.texts)
        if exact.size or texts:
            is_certain = all(part.is_certain for part in parts)
            places[column].append((path, Place(exact, single, texts, is_certain)))
    return places


def _found_in(
    place: Place,
    targets: Floats,
    is_telling: npt.NDArray[np.bool_],
    numbers: Numbers,
    *,
    is_named: bool,
) -> Floats:
    """Give the values that stand in a place, in the form in which most of them do."""
    most = targets[:0]
    decoys: Floats | None = None
    for form in _forms(numbers):
        here = form(targets, place)
        if here.sum() <= most.size:
            continue
        if place.is_certain:
            return targets[here]
        if not (here & is_telling).any():
            continue
        if decoys is None:
            decoys = _decoys(targets, numbers)
        there = form(decoys.ravel(), place).reshape(decoys.shape)
        if (is_named and not there.any()) or _is_beyond_chance(targets, here, decoys, there):
            # In another form the same numbers are other values'.
            most = targets[here]
    return most


#: Says of each value whether it stands in a place, in one form.
Form = Callable[[Floats, Place], npt.NDArray[np.bool_]]


def _forms(numbers: Numbers) -> list[Form]:
    """Give the forms in which a value may have been stored."""
    if numbers.is_date:
        factors = (1.0, 1e3, 1e6, 1e9, 1 / 86_400)
        return [
            *(_stored_as(partial(np.multiply, factor)) for factor in factors),
            *(_written_as(texts) for texts in (_days, _moments, _spaced_moments)),
        ]
    offsets = (0.0, 1.0, *_half_powers(numbers.distinct))
    return [
        _stored_as(np.positive),
        *(_stored_as(partial(_logarithms, offset)) for offset in offsets),
        _written_as(_shortest),
        _written_as(partial(_with_decimals, numbers.decimals or 0)),
    ]


def _stored_as(transform: Callable[[Floats], Floats]) -> Form:
    def is_there(values: Floats, place: Place) -> npt.NDArray[np.bool_]:
        wanted = transform(values)
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = wanted.astype(np.float32)
        return _near(wanted, place.exact, TOLERANCE) | _near(rounded, place.single, 0.0)

    return is_there


def _written_as(texts: Callable[[Floats], list[str]]) -> Form:
    def is_there(values: Floats, place: Place) -> npt.NDArray[np.bool_]:
        if not place.texts:
            return np.zeros(values.size, dtype=bool)
        return np.fromiter((text in place.texts for text in texts(values)), bool, values.size)

    return is_there


def _shortest(values: Floats) -> list[str]:
    return [repr(value) for value in values.tolist()]


def _with_decimals(decimals: int, values: Floats) -> list[str]:
    return [f"{value:.{decimals}f}" for value in values]


def _logarithms(offset: float, values: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = np.log(values + offset)
    # That of 1 is 0, which stands everywhere.
    return np.where(np.isfinite(logarithms) & (logarithms != 0), logarithms, np.nan)


def _half_powers(values: Floats) -> tuple[float, ...]:
    """Give the offset with which a column that has zeros is brought to the logarithm."""
    positive = values[values > 0]
    if values.min() != 0 or not positive.size:
        return ()
    return (float(10.0 ** np.floor(np.log10(positive.min())) / 2),)


def _days(values: Floats) -> list[str]:
    return [moment[:10] for moment in _moments(values)]


def _moments(values: Floats) -> list[str]:
    moments = (values * 1e6).astype(np.int64).astype("datetime64[us]")
    return [str(moment)[:19] for moment in moments]


def _spaced_moments(values: Floats) -> list[str]:
    return [moment.replace("T", " ") for moment in _moments(values)]


def _near(
    wanted: npt.NDArray[Any], stored: npt.NDArray[Any], tolerance: float
) -> npt.NDArray[np.bool_]:
    if not stored.size:
        return np.zeros(wanted.size, dtype=bool)
    margin = np.abs(wanted) * tolerance
    place = np.searchsorted(stored, wanted - margin)
    near = stored[np.minimum(place, stored.size - 1)]
    return (near >= wanted - margin) & (near <= wanted + margin)


def _is_beyond_chance(
    targets: Floats,
    here: npt.NDArray[np.bool_],
    decoys: Floats,
    there: npt.NDArray[np.bool_],
) -> bool:
    """Say whether more values are in a place than their decoys explain.

    Parameters
    ----------
    targets : ndarray of shape (n,)
        The values.
    here : ndarray of bool, shape (n,)
        Which of them are there.
    decoys : ndarray of shape (n, n_decoys)
        Their neighbours that no patient has, nearest first.
    there : ndarray of bool, shape (n, n_decoys)
        Which of these are there.
    """
    from scipy import stats

    is_whole = targets == np.floor(targets)
    if (here & ~is_whole).any():
        rates = np.maximum(there[:, :NEAREST].mean(axis=1), there.mean())
        rates = np.maximum(rates, 1 / (there.size + 1))[~is_whole]
        if stats.poisson.sf(here[~is_whole].sum() - 1, rates.sum()) < MAX_CHANCE:
            return True
    if (here & is_whole).any():
        # Near each value: how many of the whole numbers are patients', how many are free.
        near, free = decoys[here, :NEAREST], decoys[there]
        reach = np.abs(near - targets[here, None]).max(axis=1)
        n_theirs = np.array(
            [
                (np.abs(targets[is_whole] - value) <= width).sum()
                for value, width in zip(targets[here], reach, strict=True)
            ]
        )
        n_free = (near == np.floor(near)).sum(axis=1)
        share = float((n_theirs / np.maximum(n_theirs + n_free, 1)).mean())
        n_theirs_here = int((here & is_whole).sum())
        n_free_here = np.unique(free[free == np.floor(free)]).size
        chance = stats.binom.sf(n_theirs_here - 1, n_theirs_here + n_free_here, share)
        return bool(chance < MAX_CHANCE)
    return False


def _decoys(targets: Floats, numbers: Numbers) -> Floats:
    """Give for each value the nearest ones of its form that no patient has, nearest first."""
    n = min(DECOYS, max(NEAREST, MAX_DECOYS // targets.size))
    if numbers.step is None:
        # Of numbers without a grid any other is of the same form.
        rng = np.random.default_rng(0)
        return targets[:, None] * (1 + rng.uniform(-0.05, 0.05, (targets.size, n)))
    taken = np.round(numbers.distinct / numbers.step).astype(np.int64)
    lowest = 1 if taken[0] >= 0 else taken[0] - 2 * n
    free = np.setdiff1d(_around(taken, n, lowest), taken)
    wanted = np.round(targets / numbers.step).astype(np.int64)
    at = np.searchsorted(free, wanted)
    places = at[:, None] + np.arange(-n, n)
    near = free[np.clip(places, 0, free.size - 1)].astype(np.float64)
    distance = np.abs(near - wanted[:, None])
    distance[(places < 0) | (places >= free.size)] = np.inf
    nearest = np.take_along_axis(near, np.argsort(distance, axis=1, kind="stable")[:, :n], axis=1)
    return np.round(nearest * numbers.step, numbers.decimals or 0)


def _around(taken: npt.NDArray[np.int64], n: int, lowest: int) -> npt.NDArray[np.int64]:
    """Give the steps of the grid up to 2 n away from one that is taken."""
    steps = np.arange(-2 * n, 2 * n + 1)
    around = (
        np.unique(taken[:, None] + steps)
        if taken.size * steps.size < 2e7
        else np.arange(taken[0] - 2 * n, taken[-1] + 2 * n + 1)
    )
    return around[around >= lowest]


def _digits(values: Floats) -> npt.NDArray[np.int64]:
    """Count the significant digits of values."""
    return np.array(
        [len(f"{value:.15g}".split("e")[0].replace(".", "").strip("-0")) for value in values],
        dtype=np.int64,
    )
