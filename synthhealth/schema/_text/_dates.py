"""Dates as text, in the notation of `datetime.datetime.strptime`, with two signs of ``strftime``.

``%-d`` is a day, month or hour without a leading zero, ``%^b`` a month in capitals; both are read
by Python as ``%d`` and ``%b`` are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = [
    "EXCEL",
    "DateForm",
    "infer_dates",
    "is_format",
    "parse_dates",
    "parse_excel",
    "print_dates",
]

#: The serial numbers of Excel: days since the end of 1899, as it counts them.
EXCEL = "excel"

Moments = npt.NDArray[np.datetime64]

_EXCEL_ZERO = np.datetime64("1899-12-30", "us")
_MICROS_OF_DAY = 86_400_000_000
_NEVER = np.datetime64("NaT", "us")
#: Dates without separators are only taken for dates within these years.
_YEARS = range(1900, 2101)

_TIME = (
    r"(?P<between> |T|, ?)(?P<hour>\d{1,2}):\d{2}(?P<second>:\d{2}(?P<fraction>\.\d{1,6})?)?"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
_MONTH = r"(?P<month_name>[^\W\d_]{3,9})"
_DAYS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (order, re.compile(rf"{pattern}(?:{_TIME})?"))
    for order, pattern in (
        ("ymd", r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"),
        ("??y", r"(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})"),
        ("dby", rf"(?P<d>\d{{1,2}})(?P<s>[-/ .]?){_MONTH}(?P<t>[-/ .]?)(?P<y>\d{{4}}|\d{{2}})"),
        ("bdy", rf"{_MONTH} (?P<d>\d{{1,2}})(?P<t>,? )(?P<y>\d{{4}})"),
        ("ym", r"(?P<y>\d{4})(?P<s>[-/])(?P<m>0[1-9]|1[0-2])"),
        ("compact", r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
    )
)

_PRINT: dict[str, Callable[[datetime], str]] = {
    "Y": lambda day: f"{day.year:04d}",
    "y": lambda day: f"{day.year % 100:02d}",
    "m": lambda day: f"{day.month:02d}",
    "d": lambda day: f"{day.day:02d}",
    "H": lambda day: f"{day.hour:02d}",
    "I": lambda day: f"{day.hour % 12 or 12:02d}",
    "M": lambda day: f"{day.minute:02d}",
    "S": lambda day: f"{day.second:02d}",
    "f": lambda day: f"{day.microsecond:06d}",
    "p": lambda day: "AM" if day.hour < 12 else "PM",
    "b": lambda day: day.strftime("%b"),
    "B": lambda day: day.strftime("%B"),
    "-m": lambda day: str(day.month),
    "-d": lambda day: str(day.day),
    "-H": lambda day: str(day.hour),
    "-I": lambda day: str(day.hour % 12 or 12),
    "^b": lambda day: day.strftime("%b").upper(),
    "^B": lambda day: day.strftime("%B").upper(),
}
_DIRECTIVE = re.compile(r"%([-^]?[A-Za-z])")


@dataclass(frozen=True)
class DateForm:
    """How the cells of a column write dates."""

    formats: tuple[str, ...]
    """The formats, the most frequent first."""
    doubts: tuple[str, ...] = ()


def parse_dates(cells: Sequence[str], formats: Iterable[str]) -> Moments:
    """Read dates, in the first of the formats that fits; NaT where none does."""
    readable = [_readable(one) for one in formats]
    stripped = [cell.strip() for cell in cells]
    if not readable:
        return np.full(len(cells), _NEVER)
    # pandas reads many at once, but not all years.
    parsed = pd.to_datetime(pd.Series(stripped, dtype=object), format=readable[0], errors="coerce")
    moments = parsed.to_numpy(dtype="datetime64[us]").copy()
    for place in np.flatnonzero(np.isnat(moments)).tolist():
        for one in readable:
            try:
                moments[place] = np.datetime64(datetime.strptime(stripped[place], one), "us")
            except ValueError:
                continue
            break
    return moments


def print_dates(moments: Moments, dates: str) -> list[str]:
    """Write dates, none of them NaT, in one format."""
    parts = _DIRECTIVE.split(dates)
    writers = [
        (lambda day, text=part: text) if place % 2 == 0 else _PRINT[part]
        for place, part in enumerate(parts)
    ]
    days: list[datetime] = moments.astype("datetime64[us]").tolist()
    return ["".join(write(day) for write in writers) for day in days]


def is_format(dates: str) -> bool:
    """Say whether dates can be read and written in a format: known signs, each once."""
    signs = _DIRECTIVE.findall(dates)
    read = [_readable(f"%{sign}") for sign in signs]
    known = all(sign in _PRINT for sign in signs) and len(signs) == dates.count("%")
    return dates == EXCEL or (bool(signs) and known and len(set(read)) == len(read))


def parse_excel(numbers: npt.NDArray[np.float64]) -> Moments:
    """Read serial numbers of Excel, NaN where missing."""
    missing = np.isnan(numbers)
    micros = np.round(np.where(missing, 0, numbers) * _MICROS_OF_DAY).astype(np.int64)
    moments = _EXCEL_ZERO + micros.astype("timedelta64[us]")
    moments[missing] = _NEVER
    return moments


def print_excel(moments: Moments) -> npt.NDArray[np.float64]:
    """Give the serial numbers of Excel, NaN where missing."""
    missing = np.isnat(moments)
    micros = (moments.astype("datetime64[us]") - _EXCEL_ZERO).astype(np.int64)
    return np.where(missing, np.nan, micros / _MICROS_OF_DAY)


def infer_dates(cells: Sequence[str], counts: npt.NDArray[np.int64]) -> DateForm | None:
    """Find the formats of a column's dates; None if a cell is no date.

    Parameters
    ----------
    cells : sequence of str
        The different cells of a column, without those that stand for a missing value.
    counts : numpy.ndarray of int
        How many rows have each.
    """
    read = [_match(cell.strip()) for cell in cells]
    if not read or any(one is None for one in read):
        return None
    matches = [one for one in read if one is not None]
    day_first, doubts = _day_first(matches)
    rows: dict[str, int] = {}
    for (order, match), count in zip(matches, counts.tolist(), strict=True):
        for dates in _formats(order, match, day_first):
            rows[dates] = rows.get(dates, 0) + count
    formats = sorted(rows, key=lambda dates: (-rows[dates], dates))
    formats = _merged(formats)
    moments = parse_dates(cells, formats)
    if np.isnat(moments).any():
        return None
    if any(order == "compact" for order, _ in matches) and not all(
        moment.year in _YEARS for moment in moments.tolist()
    ):
        return None
    if len(formats) > 1:
        doubts.append(
            f"its dates are written in {len(formats)} ways; all are read, and the most frequent "
            "one would be written"
        )
    elif print_dates(moments, formats[0]) != list(cells):
        doubts.append("some of its dates have blanks or zeros that others lack; all are read")
    if any("%y" in dates for dates in formats):
        doubts.append("years of two digits: 69 to 99 are read as 1969 to 1999, others as 20..")
    return DateForm(tuple(formats), tuple(doubts))


def _match(cell: str) -> tuple[str, re.Match[str]] | None:
    for order, pattern in _DAYS:
        match = pattern.fullmatch(cell)
        if match is not None:
            return order, match
    return None


def _day_first(
    matches: Sequence[tuple[str, re.Match[str]]],
) -> tuple[dict[str, tuple[bool, ...]], list[str]]:
    """Say for each separator whether the day comes first: from the cells that can tell."""
    orders: dict[str, tuple[bool, ...]] = {}
    doubts: list[str] = []
    for mark in sorted({match["s"] for order, match in matches if order == "??y"}):
        cells = [match for order, match in matches if order == "??y" and match["s"] == mark]
        first = sum(int(match["a"]) > 12 for match in cells)
        second = sum(int(match["b"]) > 12 for match in cells)
        if first and second:
            orders[mark] = (True, False) if first >= second else (False, True)
            open_ = sum(int(match["a"]) <= 12 and int(match["b"]) <= 12 for match in cells)
            doubts.append(
                f"days and months change places from row to row, and {open_} different dates "
                "could be read either way"
            )
        else:
            orders[mark] = (second == 0,)
            if not first and not second and mark != ".":
                doubts.append(
                    "no date tells whether day or month comes first; they are read day first"
                )
    return orders, doubts


def _formats(order: str, match: re.Match[str], day_first: dict[str, tuple[bool, ...]]) -> list[str]:
    """Give the formats that a cell can have, the likeliest first."""
    parts = match.groupdict()
    year = "%Y" if len(parts["y"]) == 4 else "%y"
    time = _time_format(parts)
    if order == "ymd":
        month, day = _unpadded("m", parts["m"]), _unpadded("d", parts["d"])
        return [f"{year}{parts['s']}{month}{parts['s']}{day}{time}"]
    if order == "??y":
        formats = []
        for first in day_first[parts["s"]]:
            signs = "dm" if first else "md"
            if int(parts["b" if first else "a"]) <= 12:
                a, b = _unpadded(signs[0], parts["a"]), _unpadded(signs[1], parts["b"])
                formats.append(f"{a}{parts['s']}{b}{parts['s']}{year}{time}")
        return formats[:1]
    if order == "ym":
        return [f"{year}{parts['s']}%m{time}"]
    if order == "compact":
        return [f"%Y%m%d{time}"]
    capitals = "^" if parts["month_name"].isupper() else ""
    month = f"%{capitals}{'b' if len(parts['month_name']) == 3 else 'B'}"
    day = _unpadded("d", parts["d"])
    if order == "dby":
        return [f"{day}{parts['s']}{month}{parts['t']}{year}{time}"]
    return [f"{month} {day}{parts['t']}{year}{time}"]


def _unpadded(sign: str, digits: str) -> str:
    return f"%-{sign}" if len(digits) == 1 else f"%{sign}"


def _time_format(parts: dict[str, str | None]) -> str:
    hour = parts.get("hour")
    if hour is None:
        return ""
    text = f"{parts['between']}{_unpadded('I' if parts['half'] else 'H', hour)}:%M"
    if parts["second"]:
        text += ":%S"
    if parts["fraction"]:
        text += ".%f"
    if parts["half"]:
        text += parts["half"][:-2] + "%p"
    return text + (parts["zone"] or "")


def _merged(formats: list[str]) -> list[str]:
    """Join formats that differ only in the zeros that numbers of two digits cannot show."""
    unpadded: dict[str, set[str]] = {}
    for dates in formats:
        unpadded.setdefault(dates.replace("%-", "%"), set()).update(re.findall(r"%-(.)", dates))
    return [
        "".join(
            f"%-{part}" if part in signs and sign == "%" else f"{sign}{part}"
            for sign, part in re.findall(r"(%\^?|)(.)", dates, re.DOTALL)
        )
        for dates, signs in unpadded.items()
    ]


def _readable(dates: str) -> str:
    """Give a format that Python reads."""
    return dates.replace("%-", "%").replace("%^", "%")
