"""How a column writes its dates: formats, the languages of months, and what among them is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthhealth.cells.dates import DateShape, plain_cell, read_date
from synthhealth.cells.digits import script_of
from synthhealth.cells.months import is_short, language_of
from synthhealth.errors import Doubt
from synthhealth.schema.reading.cells import Texts
from synthhealth.schema.reading.dates import NEVER, Moments, print_dates
from synthhealth.schema.reading.times import MOSTLY, Others, part_others
from synthhealth.schema.types import MIN_CELL, Notation

__all__ = ["TRIED", "DateForm", "far_from_all", "infer_dates", "others_than_dates"]

Counts = npt.NDArray[np.int64]

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

#: So many different cells show whether a column may have dates at all.
TRIED = 1_000
#: Dates without separators are only taken for dates within these years.
_YEARS = range(1900, 2101)
#: A date of zeros or of nines stands for none: ``0000-00-00``, ``99/99/9999``.
_NO_DATE = re.compile(r"(?:[09]{1,4}[-/. T:]?){1,7}Z?")


def far_from_all(moments: Moments) -> npt.NDArray[np.bool_]:
    """Say of the different dates of a column which ones are not dates of patients.

    A date that systems write for "none" is far where all others are five years away; any other
    date where it is one of few, 40 years away, and further than the others are from each other.

    Parameters
    ----------
    moments : ndarray of datetime64
        The different dates; NaT is never far.

    Examples
    --------
    >>> import numpy as np
    >>> from synthhealth.schema.reading.date_form import far_from_all
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


def infer_dates(texts: Texts) -> DateForm | None:
    """Find the formats of a column's dates; None if fewer than a fifth of its rows are dates.

    Parameters
    ----------
    texts : Texts
        The different cells of a column, without words that stand for a missing value.
    """
    cells, counts = texts.different, texts.counts
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
    moments = texts.as_moments(formats)
    moments[[shape is None for shape in shapes]] = NEVER
    for place, shape in enumerate(shapes):
        if shape is not None and shape.order == "compact":
            day = moments[place].item()
            moments[place] = moments[place] if day and day.year in _YEARS else NEVER
    digits = script_of(cell for cell, shape in zip(cells, shapes, strict=True) if shape)
    notation = Notation(dates=tuple(formats), language=language, digits=digits)
    others = others_than_dates(texts, moments)
    # Months and weeks have the form of many a code.
    if not others.is_enough or (found[0].precision != "day" and others.share < MOSTLY):
        return None
    far_odd = int(counts[far_from_all(moments) & (counts < MIN_CELL)].sum())
    doubts += _doubts(cells, moments, notation)
    doubts += others.doubts("dates", far=far_odd)
    return DateForm(notation, others, tuple(doubts))


def others_than_dates(texts: Texts, moments: Moments) -> Others:
    """Say what stands beside the dates of a column.

    Parameters
    ----------
    texts : Texts
        Its different cells, without words that stand for a missing value.
    moments : ndarray of datetime64
        The date that each of them is.
    """
    far = far_from_all(moments)
    none = far | [bool(_NO_DATE.fullmatch(plain_cell(cell))) for cell in texts.different]
    return part_others(texts.different, texts.counts, ~np.isnat(moments) & ~far, none)


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
