"""Columns of dates: their formats, the languages of their months, and what among them is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.cells import dates as cells_of_dates
from synthhealth.cells.dates import DateShape, plain_cell, read_date, write_date
from synthhealth.cells.digits import from_latin, script_of
from synthhealth.cells.months import is_short, language_of
from synthhealth.errors import Doubt
from synthhealth.schema.reading.times import MOSTLY, Others, part_others
from synthhealth.schema.types import MIN_CELL, Notation

__all__ = [
    "EXCEL",
    "SERIALS",
    "DateForm",
    "far_from_all",
    "infer_dates",
    "is_format",
    "moments_of_numbers",
    "parse_dates",
    "parse_serial",
    "print_dates",
    "print_serial",
    "serial_of",
]


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
    >>> from synthhealth.schema.reading.dates import far_from_all
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
#: So many different cells show whether a column may have dates at all.
TRIED = 1_000

Counts = npt.NDArray[np.int64]

_NEVER = np.datetime64("NaT", "us")
#: Dates without separators are only taken for dates within these years.
_YEARS = range(1900, 2101)
#: What pandas reads as we do, and many at once.
_PLAIN = re.compile(r"(?:%[YymdHMSf]|[-/. :T,Z]|[+]\d\d:?\d\d)+")
_TOUCHING = re.compile(r"%.%")
#: A date of zeros or of nines stands for none: ``0000-00-00``, ``99/99/9999``.
_NO_DATE = re.compile(r"(?:[09]{1,4}[-/. T:]?){1,7}Z?")


@dataclass(frozen=True)
class DateForm:
    """How the cells of a column write dates."""

    notation: Notation
    """The formats, the most frequent first, the language and the digits."""
    others: Others
    """What stands for no date: words, dates of zeros, a repeated date far from all others."""
    doubts: tuple[Doubt, ...] = ()

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats, the most frequent first."""
        return self.notation.dates


def parse_dates(cells: Sequence[str], formats: Iterable[str]) -> Moments:
    """Read dates, in the first of the formats that fits; NaT where none does."""
    formats = list(formats)
    plain = [plain_cell(cell) for cell in cells]
    moments = np.full(len(cells), _NEVER)
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
    moments[~known] = _NEVER
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


def infer_dates(cells: Sequence[str], counts: Counts) -> DateForm | None:
    """Find the formats of a column's dates; None if fewer than a fifth of its rows are dates.

    Parameters
    ----------
    cells : sequence of str
        The different cells of a column, without words that stand for a missing value.
    counts : numpy.ndarray of int
        How many rows have each.
    """
    if not cells or not _may_have_dates(cells):
        return None
    plain = [plain_cell(cell) for cell in cells]
    shapes = _of_one_precision([DateShape.of(cell) for cell in plain], counts)
    found = [shape for shape in shapes if shape is not None]
    if not found:
        return None
    names = [shape.part("name") for shape in found if shape.part("name")]
    language = language_of(names) if names else "en"
    day_first, doubts = _day_first(found)
    formats = _formats(shapes, counts, day_first, names, language)
    if len(formats) > 1:
        # The forms of what is no day of the calendar, 0000-00-00, do not count.
        formats = [one for one in formats if any(read_date(cell, one) for cell in plain)]
    moments = parse_dates(plain, formats)
    moments[[shape is None for shape in shapes]] = _NEVER
    for place, shape in enumerate(shapes):
        if shape is not None and shape.order == "compact":
            day = moments[place].item()
            moments[place] = moments[place] if day and day.year in _YEARS else _NEVER
    digits = script_of(cell for cell, shape in zip(cells, shapes, strict=True) if shape)
    notation = Notation(dates=tuple(formats), language=language, digits=digits)
    far = far_from_all(moments)
    fits = ~np.isnat(moments) & ~far
    none = far | [bool(_NO_DATE.fullmatch(cell)) for cell in plain]
    others = part_others(cells, counts, fits, none)
    # Months and weeks have the form of many a code.
    if not others.is_enough or (found[0].precision != "day" and others.share < MOSTLY):
        return None
    far_odd = int(counts[far & (counts < MIN_CELL)].sum())
    doubts += _doubts(cells, moments, notation)
    doubts += others.doubts("dates", far=far_odd)
    return DateForm(notation, others, tuple(doubts))


def _may_have_dates(cells: Sequence[str]) -> bool:
    """Look at some cells of a long column: most columns have no date at all."""
    step = max(len(cells) // TRIED, 1)
    return any(DateShape.of(plain_cell(cell)) is not None for cell in cells[::step])


def _of_one_precision(shapes: list[DateShape | None], counts: Counts) -> list[DateShape | None]:
    """Keep the dates of the precision that most rows have: full ones, months, or weeks."""
    rows: dict[str, int] = {}
    for shape, count in zip(shapes, counts.tolist(), strict=True):
        if shape is not None:
            rows[shape.precision] = rows.get(shape.precision, 0) + count
    best = max(rows, key=lambda precision: rows[precision], default="day")
    return [shape if shape is not None and shape.precision == best else None for shape in shapes]


def _day_first(
    shapes: Sequence[DateShape],
) -> tuple[dict[str, tuple[bool, ...]], list[Doubt]]:
    """Say for each separator whether the day comes first: from the cells that can tell."""
    orders: dict[str, tuple[bool, ...]] = {}
    doubts: list[Doubt] = []
    either = [shape for shape in shapes if shape.order == "??y"]
    for mark in sorted({shape.part("s") for shape in either}):
        pairs = [
            (int(shape.part("a")), int(shape.part("b")))
            for shape in either
            if shape.part("s") == mark
        ]
        first = sum(a > 12 >= b for a, b in pairs)
        second = sum(b > 12 >= a for a, b in pairs)
        if first and second:
            orders[mark] = (True, False) if first >= second else (False, True)
            open_ = sum(a <= 12 and b <= 12 for a, b in pairs)
            doubts.append(
                Doubt(
                    f"days and months change places from row to row, and {open_} different dates "
                    "could be read either way",
                    f"notation: {{dates: ['%d{mark}%m{mark}%Y']}}",
                    3,
                )
            )
        else:
            orders[mark] = (second == 0,)
            if not first and not second and mark != ".":
                doubts.append(
                    Doubt(
                        "no date tells whether day or month comes first; they are read day first",
                        f"notation: {{dates: ['%m{mark}%d{mark}%Y']}}",
                        2,
                    )
                )
    return orders, doubts


def _formats(
    shapes: Sequence[DateShape | None],
    counts: Counts,
    day_first: dict[str, tuple[bool, ...]],
    names: Sequence[str],
    language: str,
) -> list[str]:
    """Give the formats of all cells, the most frequent first."""
    lengths = [is_short(name, language) for name in names]
    mostly_short = lengths.count(True) > lengths.count(False)
    rows: dict[str, int] = {}
    for shape, count in zip(shapes, counts.tolist(), strict=True):
        if shape is None:
            continue
        length = is_short(shape.part("name"), language) if shape.part("name") else None
        for dates in shape.formats(
            day_first=day_first.get(shape.part("s"), (True,)),
            is_short=mostly_short if length is None else length,
        ):
            rows[dates] = rows.get(dates, 0) + count
    return _merged(sorted(rows, key=lambda dates: (-rows[dates], dates)))


def _doubts(cells: Sequence[str], moments: Moments, notation: Notation) -> list[Doubt]:
    known = ~np.isnat(moments)
    dates = [cell for cell, is_date in zip(cells, known.tolist(), strict=True) if is_date]
    doubts = []
    if len(notation.dates) > 1:
        doubts.append(
            Doubt(
                f"its dates are written in {len(notation.dates)} ways; all are read, and the most "
                "frequent one would be written",
                f"notation: {{dates: [{notation.dates[0]!r}]}}",
            )
        )
    elif print_dates(moments[known], notation) != dates:
        doubts.append(
            Doubt("some of its dates have blanks or zeros that others lack; all are read")
        )
    if any("%y" in dates for dates in notation.dates):
        doubts.append(
            Doubt("years of two digits: 69 to 99 are read as 1969 to 1999, others as 20..")
        )
    return doubts


def _merged(formats: list[str]) -> list[str]:
    """Join formats that differ only in the zeros that numbers of two digits cannot show."""
    unpadded: dict[str, set[str]] = {}
    for dates in formats:
        unpadded.setdefault(dates.replace("%-", "%"), set()).update(re.findall(r"%-(.)", dates))
    return [
        re.sub(
            r"%([a-zA-Z])",
            lambda found, signs=signs: f"%{'-' if found[1] in signs else ''}{found[1]}",  # type: ignore[misc]
            dates,
        )
        for dates, signs in unpadded.items()
    ]
