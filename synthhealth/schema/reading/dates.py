"""Dates read and written in known formats, and numbers that count time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.cells import dates as cells_of_dates
from synthhealth.cells.dates import plain_cell, read_date, write_date
from synthhealth.cells.digits import from_latin
from synthhealth.schema.reading.times import MOSTLY
from synthhealth.schema.types import Notation

__all__ = [
    "COMPACT",
    "EXCEL",
    "NEVER",
    "SERIALS",
    "Moments",
    "is_format",
    "moments_of_numbers",
    "parse_dates",
    "parse_serial",
    "print_dates",
    "print_serial",
    "serial_of",
]

Moments = npt.NDArray[np.datetime64]

#: The serial numbers of Excel: days since the end of 1899, as it counts them.
EXCEL = "excel"
#: Numbers that count time: from when on, and how many microseconds one of them is.
SERIALS = {
    EXCEL: (np.datetime64("1899-12-30", "us"), 86_400_000_000),
    "epoch": (np.datetime64("1970-01-01", "us"), 1_000_000),
    "epoch_ms": (np.datetime64("1970-01-01", "us"), 1_000),
}
#: Dates written as one number.
COMPACT = "%Y%m%d"
#: Between which numbers nearly all lie, of dates from 1900 on (of Excel, and of 2100 at most), and
#: the formats that they have then; the first that fits counts.
_OF_NUMBERS = (
    (COMPACT, 19_000_101, 21_001_231),
    (EXCEL, 1, 2_958_465),
    ("epoch", 100_000_000, 4_102_444_800),
    ("epoch_ms", 100_000_000_000, 4_102_444_800_000),
)
#: No date.
NEVER = np.datetime64("NaT", "us")
#: What pandas reads as we do, and many at once.
_PLAIN = re.compile(r"(?:%[YymdHMSf]|[-/. :T,Z]|[+]\d\d:?\d\d)+")
_TOUCHING = re.compile(r"%.%")


def parse_dates(cells: Sequence[str], formats: Iterable[str]) -> Moments:
    """Read dates, in the first of the formats that fits; NaT where none does."""
    formats = list(formats)
    plain = [plain_cell(cell) for cell in cells]
    moments = np.full(len(cells), NEVER)
    if not formats or not plain:
        return moments
    if _PLAIN.fullmatch(formats[0]) and not _TOUCHING.search(formats[0]):
        # pandas reads many at once, but not all years.
        series = pd.Series(plain, dtype=object)
        parsed = pd.to_datetime(series, format=formats[0], errors="coerce")
        moments = parsed.to_numpy(dtype="datetime64[us]").copy()
    for place in np.flatnonzero(np.isnat(moments)).tolist():
        for one in formats:
            day = read_date(plain[place], one)
            if day is not None:
                moments[place] = np.datetime64(day, "us")
                break
    return moments


def print_dates(moments: Moments, notation: Notation) -> list[str]:
    """Write dates, none of them NaT, in the first format of a notation."""
    days: list[datetime] = moments.astype("datetime64[us]").tolist()
    dates, language = notation.dates[0], notation.language
    return [from_latin(write_date(day, dates, language), notation.digits) for day in days]


def is_format(dates: str) -> bool:
    """Say whether dates can be read and written in a format."""
    return dates in SERIALS or cells_of_dates.is_format(dates)


def parse_serial(numbers: npt.NDArray[np.float64], serial: str) -> Moments:
    """Read numbers that count time (see `SERIALS`), NaN where missing; NaT beyond the calendar."""
    zero, unit = SERIALS[serial]
    micros = numbers * unit
    first, last = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31", "us")
    known = (micros >= (first - zero).astype(float)) & (micros <= (last - zero).astype(float))
    moments = zero + np.round(np.where(known, micros, 0)).astype(np.int64).astype("timedelta64[us]")
    moments[~known] = NEVER
    return moments


def print_serial(moments: Moments, serial: str) -> npt.NDArray[np.float64]:
    """Give numbers that count time, NaN where missing."""
    zero, unit = SERIALS[serial]
    micros = (moments.astype("datetime64[us]") - zero).astype(np.int64)
    return np.where(np.isnat(moments), np.nan, micros / unit)


def serial_of(numbers: npt.NDArray[np.float64]) -> str | None:
    """Find how numbers, none of them NaN, count time; None where too many of them do not."""
    for dates, low, high in _OF_NUMBERS:
        fits = (numbers >= low) & (numbers <= high)
        if dates == COMPACT:
            fits &= ~np.isnat(moments_of_numbers(np.where(fits, numbers, np.nan), dates))
        if numbers.size and fits.mean() >= MOSTLY:
            return dates
    return None


def moments_of_numbers(numbers: npt.NDArray[np.float64], dates: str) -> Moments:
    """Read numbers as dates in a format; NaT where one is none."""
    if dates in SERIALS:
        return parse_serial(numbers, dates)
    different, places = np.unique(numbers, return_inverse=True)
    texts = ["" if np.isnan(one) or one % 1 else f"{one:.0f}" for one in different]
    return parse_dates(texts, (dates,))[places]
