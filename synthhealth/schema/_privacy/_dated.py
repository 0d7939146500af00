"""Whether cells are days, in any usual form: a scan needs to know that, not which day it is."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from synthhealth.cells.dates import looks_like_date
from synthhealth.cells.identifiers import FEW, MANY, word_set, words_of

__all__ = ["days_in_numbers", "is_day", "says_day"]


#: Words of names that speak of a day.
_WORDS = word_set(
    "date dates datum dob dt birthday birthdate timestamp datetime fecha tarih tarihi "
    "epoch تاريخ 日期 时间 日时"
)
_TIME = (
    r"(?:[ tT:,]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:am|pm))?(?: ?(?:z|[+-]\d{2}:?\d{2}))?)?"
)
_DAY = re.compile(
    rf"\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}{_TIME}"
    rf"|\d{{1,2}}([-/.])\d{{1,2}}\2(?:\d{{4}}|\d{{2}}){_TIME}"
    rf"|\d{{4}}年\d{{1,2}}月(?:\d{{1,2}}日)?{_TIME}"
    r"|\d{4}-(?:0[1-9]|1[0-2])|\d{4}-?w\d{2}(?:-?\d)?",
    re.IGNORECASE,
)
#: Where no month is named, the form above tells a day: reading it would take longer.
_NAMED_MONTH = re.compile(r"[^\W\d_]{3}")
_COMPACT = (19_000_101, 21_001_231)
#: Days since 1899 or since 1960 (SAS), of which the years are those of people who live.
_SERIAL = (5_000, 60_000)
_SECONDS = (315_532_800, 2_524_608_000)  # 1980 to 2050


def is_day(cell: str) -> bool:
    """Whether a cell is a day, a month or a moment, whose digits are those of ASCII.

    >>> from synthhealth.schema._privacy._dated import is_day
    >>> is_day("25FEB2023"), is_day("25. Februar 2023"), is_day("12/2/2023 8:44 AM"), is_day("13.1")
    (True, True, True, False)
    """
    return _DAY.fullmatch(cell) is not None or (
        _NAMED_MONTH.search(cell) is not None and looks_like_date(cell)
    )


def says_day(name: str) -> bool:
    """Whether a column's name speaks of a day."""
    return not _WORDS.isdisjoint(words_of(name).split())


def days_in_numbers(different: npt.NDArray[np.float64], *, named: bool) -> str | None:
    """Say which days whole numbers are: 20230225, seconds since 1970, serial numbers.

    Parameters
    ----------
    different : numpy.ndarray
        The different numbers, sorted.
    named : bool
        Whether the column's name speaks of a day; serial numbers are days only then.
    """
    n = different.size
    if n < (FEW if named else MANY):
        return None
    low, high = different[0], different[-1]
    if _COMPACT[0] <= low and high <= _COMPACT[1]:
        months, days = different // 100 % 100, different % 100
        if np.all((months >= 1) & (months <= 12) & (days >= 1) & (days <= 31)):
            return f"{n} different days written as numbers, the year first"
    for unit, what in ((1, "seconds"), (1000, "milliseconds")):
        whole_minutes = np.mean(different % (60 * unit) == 0) > 0.9
        if _SECONDS[0] * unit <= low and high <= _SECONDS[1] * unit and (named or whole_minutes):
            return f"{n} different moments in {what} since 1970"
    if named and _SERIAL[0] <= low and high <= _SERIAL[1]:
        return f"the column's name, and {n} different serial numbers of days"
    return None
