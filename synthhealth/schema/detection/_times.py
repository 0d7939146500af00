"""Columns of text that are dates, times of day, durations, or two numbers in one cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from synthhealth.cells.clock import is_time_of_day, looks_like_time
from synthhealth.cells.pairs import looks_like_pair
from synthhealth.errors import Doubt
from synthhealth.schema.detection._codes import FEW_LEVELS
from synthhealth.schema.detection.doubts import Detected, with_gaps
from synthhealth.schema.detection.names import says_date, says_epoch, says_pressure
from synthhealth.schema.reading.cells import Cells
from synthhealth.schema.reading.date_form import TRIED, far_from_all, infer_dates
from synthhealth.schema.reading.dates import COMPACT, EXCEL, moments_of_numbers
from synthhealth.schema.reading.times import (
    MOSTLY,
    PairsForm,
    TimesForm,
    infer_joined,
    infer_times,
    part_others,
)
from synthhealth.schema.types import MIN_CELL, Kind, Notation

__all__ = ["dates_in_numbers", "detect_times"]

#: So many different numbers that all are days of the calendar, 20240131, are dates by any name.
MANY_DATES = 20
#: How numbers count time, between which ones they are likely to (of Excel 1954 to 2064, since 1970
#: from 1973 to 2100), and what they are called then.
_NUMBERS = (
    (COMPACT, 19_000_101, 21_001_231, "dates written as %Y%m%d"),
    (EXCEL, 20_000, 60_000, "serial numbers of Excel"),
    ("epoch", 100_000_000, 4_102_444_800, "seconds since 1970"),
    ("epoch_ms", 100_000_000_000, 4_102_444_800_000, "milliseconds since 1970"),
)


def detect_times(name: str, cells: Cells) -> Detected | None:
    """Take a column for dates, times or pairs, where a fifth of its cells or more are."""
    words = cells.frequent(cells.missing_numbers, MIN_CELL)
    some = cells.without(set(cells.missing_numbers))
    if not some:
        return None
    dates = infer_dates(some)
    if dates is not None:
        missing = (*words, *dates.others.missing)
        why = with_gaps(f"dates written as {dates.formats[0]}", missing)
        said = {"notation": dates.notation, "missing": missing}
        return Detected(Kind.DATETIME, why, dates.doubts, said)
    texts, counts = some.different, some.counts
    step = max(len(texts) // TRIED, 1)
    may_be = any(looks_like_time(cell) or looks_like_pair(cell) for cell in texts[::step])
    if len(texts) <= FEW_LEVELS or not may_be:
        return None
    times = infer_times(texts, counts)
    if times is not None and times.n_different > FEW_LEVELS:
        return _of_times(times, words)
    pairs = infer_joined(texts, counts)
    if pairs is not None and min(pairs.n_different) > FEW_LEVELS:
        return _of_pairs(name, pairs, words)
    return None


def _of_times(times: TimesForm, words: tuple[str, ...]) -> Detected:
    missing = (*words, *times.others.missing)
    form = times.notation.clock
    what = "times of day" if is_time_of_day(form) else "durations"
    said = {
        "notation": times.notation,
        "decimals": times.decimals,
        "plausible": times.plausible,
        "unit": "min",
        "missing": missing,
    }
    why = with_gaps(f"{what} written as {form}, learned as minutes", missing)
    return Detected(Kind.CONTINUOUS, why, times.doubts, said)


def _of_pairs(name: str, pairs: PairsForm, words: tuple[str, ...]) -> Detected:
    missing = (*words, *pairs.others.missing)
    said: dict[str, Any] = {"joined": pairs.joined, "notation": pairs.notation, "missing": missing}
    if says_pressure(name, pairs.notation.suffix):
        said["unit"] = "mm[Hg]"
    kind = Kind.COUNT if pairs.is_whole else Kind.CONTINUOUS
    why = f"two numbers in a cell, parted by {pairs.joined.strip()!r}, each learned by itself"
    return Detected(kind, with_gaps(why, missing), pairs.doubts, said)


def dates_in_numbers(
    name: str, different: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]
) -> Detected | None:
    """Take numbers for dates, where their name says so, or where so many are days of a calendar.

    Parameters
    ----------
    name : str
        The column's name.
    different : ndarray
        Its different numbers.
    counts : ndarray of int
        How many rows have each.
    """
    for dates, low, high, what in _NUMBERS:
        named = says_epoch(name) if dates.startswith("epoch") else says_date(name)
        is_likely = (different >= low) & (different <= high)
        if dates != EXCEL:
            is_likely &= different % 1 == 0
        if not named and (dates != COMPACT or is_likely.sum() < MANY_DATES):
            continue
        if not is_likely.any():
            continue
        moments = moments_of_numbers(different, dates)
        far = far_from_all(moments)
        texts = [f"{number:.0f}" for number in different.tolist()]
        is_code = far | [not set(text) - {"0", "9"} for text in texts]
        others = part_others(texts, counts, is_likely & ~np.isnat(moments) & ~far, is_code)
        if others.share < MOSTLY:
            continue
        doubts: list[str] = list(others.doubts("dates", far=int(counts[far].sum())))
        if not named or dates == EXCEL:
            said = "the numbers are not dates" + (" of Excel" if dates == EXCEL else "")
            doubts.append(Doubt(f"if {said}, declare the column as count", "kind: count", 2))
        missing = tuple(int(code) for code in others.missing)
        why = what if dates == COMPACT else f"{what}, by the column's name and their size"
        said_too = {"notation": Notation(dates=(dates,)), "missing": missing}
        return Detected(Kind.DATETIME, with_gaps(why, missing), tuple(doubts), said_too)
    return None
