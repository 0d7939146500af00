"""Dates that stand for "none" or "open": far from all others of their column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["far_from_all"]

Moments = npt.NDArray[np.datetime64]

#: What systems write where there is no date: the ends of their calendars and their zeros.
_USUAL = np.array(
    [
        *("0001-01-01", "0001-01-02", "1582-10-14", "1582-10-15", "1600-01-01", "1601-01-01"),
        *("1753-01-01", "1800-01-01", "1800-12-28", "1840-12-31", "1858-11-17", "1899-12-30"),
        *("1899-12-31", "1900-01-01", "1901-01-01", "1904-01-01", "1960-01-01", "1970-01-01"),
        *("2078-12-31", "2079-06-06", "2099-01-01", "2099-12-31", "2100-01-01", "2199-12-31"),
        *("2200-01-01", "2299-12-31", "2500-01-01", "2900-01-01", "2999-12-31", "3000-01-01"),
        *("3000-12-31", "4000-12-31", "4712-12-31", "5555-05-05", "7777-07-07", "8888-08-08"),
        *("9000-01-01", "9998-12-31", "9999-01-01", "9999-09-09", "9999-12-30", "9999-12-31"),
    ],
    dtype="datetime64[D]",
)
#: Years that part such a date, and any other, from all others of the column.
APART_USUAL, APART = 5.0, 40.0
#: Any other date is only far if it is so many times as far away as the others are from each other.
SPANS = 2.0
#: Fewer different dates than this say nothing about where the others are.
FEWEST = 3
#: More different dates than this share are no slips of the pen, however far away they are.
FEW = 0.05
_DAYS_OF_YEAR = 365.25


def far_from_all(moments: Moments) -> npt.NDArray[np.bool_]:
    """Say of the different dates of a column which ones are no dates of patients.

    A date that systems write for "none" is far where all others are five years away; any other
    date where it is one of few, 40 years away, and further than the others are from each other.

    Parameters
    ----------
    moments : ndarray of datetime64
        The different dates; NaT is never far.

    Examples
    --------
    >>> import numpy as np
    >>> from synthhealth.schema._text._far import far_from_all
    >>> days = np.array(["2022-03-01", "2022-05-07", "2023-01-31", "9999-12-31"], "M8[us]")
    >>> far_from_all(days).tolist()
    [False, False, False, True]
    """
    far = np.zeros(len(moments), dtype=bool)
    known = np.flatnonzero(~np.isnat(moments))
    days = moments[known].astype("datetime64[D]")
    years = days.astype(np.int64) / _DAYS_OF_YEAR
    is_usual = np.isin(days, _USUAL)
    others = _largest_cluster(np.unique(years[~is_usual]))
    if others.size < FEWEST:
        return far
    low, high = float(others[0]), float(others[-1])
    away = np.maximum(low - years, years - high)
    far[known[is_usual & (away >= APART_USUAL)]] = True
    is_far = ~is_usual & (away >= max(APART, SPANS * (high - low)))
    if np.unique(years[is_far]).size <= max(1, FEW * others.size):
        far[known[is_far]] = True
    return far


def _largest_cluster(years: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give the most of the different dates between which there is no gap of many years."""
    clusters = np.split(years, np.flatnonzero(np.diff(years) >= APART) + 1)
    return max(clusters, key=len)
