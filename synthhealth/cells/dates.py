"""Dates as they stand in a cell, in the notation of `datetime.datetime.strptime` and a little more.

Beside its signs there are ``%-d`` (a day, month or hour without a zero before it), ``%^b`` and
``%#b`` (a month in capitals, in small letters), ``%3f`` (milliseconds) and ``%G-W%V`` for a week,
which is its Monday. Names of months are read in any language.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from synthhealth.cells.digits import to_latin
from synthhealth.cells.months import in_capitals, month_name, month_of

__all__ = ["DateShape", "is_format", "looks_like_date", "plain_cell", "read_date", "write_date"]

#: Years of two digits from here on are of the century before.
PIVOT = 69

_TIME = (
    r"(?P<between>[ T:]|, ?| um )(?P<hour>\d{1,2})(?P<colon>[:.])(?P<minute>\d{2})"
    r"(?:(?P=colon)(?P<second>\d{2})(?:(?P<point>[.,])(?P<fraction>\d{1,9}))?)?"
    r"(?P<half> ?(?:[AaPp][Mm]|[صم]))?(?P<zone> ?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?"
)
_MONTH = r"(?P<name>[^\W\d_]{2,}(?: (?:الأول|الثاني))?)"
_D = r"(?P<d>\d{1,2})(?:st|nd|rd|th|er)?"
_Y = r"(?P<y>\d{4}|\d{2})"
_WITH_TIME = ("ymd", "??y", "dby", "bdy")
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (
        order,
        re.compile(pattern + (f"(?:{_TIME})?" if order in ("ymd", "??y", "dby", "bdy") else "")),
    )
    for order, pattern in (
        ("ymd", r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"),
        ("??y", rf"(?P<a>\d{{1,2}})(?P<s>[-/.])(?P<b>\d{{1,2}})(?P=s){_Y}"),
        ("compact", r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:(?P<t>T?)\d{4}(?P<second>\d{2})?)?"),
        ("dby", rf"{_D}(?P<s>\. ?|[-/ ]| de |){_MONTH}(?P<t>\. ?|[-/ ]|, ?| del? |){_Y}"),
        ("bdy", rf"{_MONTH}(?P<s>\.? )(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?P<t>,? )(?P<y>\d{{4}})"),
        ("ym", r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>0[1-9]|1[0-2])"),
        ("my", r"(?P<m>0[1-9]|1[0-2])(?P<s>[-/.])(?P<y>\d{4})"),
        ("by", rf"{_MONTH}(?P<t>\.? |[-/])(?P<y>\d{{4}})"),
        ("week", r"(?P<y>\d{4})(?P<s>-?)W(?P<w>\d{2})(?P<weekday>-?[1-7])?"),
    )
)
#: How much of a date a shape holds: a column has dates of one of these.
PRECISION = {"ym": "month", "my": "month", "by": "month", "week": "week"}

_DIRECTIVE = re.compile(r"%([-^#3]?[A-Za-z])")
_READ = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})",
    "p": r"(?P<p>[AaPp][Mm]|[صم])",
    "b": r"(?P<b>[^\W\d_]{2,}(?: (?:الأول|الثاني))?)",
    "G": r"(?P<G>\d{4})",
    "V": r"(?P<V>\d{2})",
    "u": r"(?P<u>[1-7])",
}
_PLACES_OF_TWO = ("m", "d", "H", "I", "M", "S")

_Write = Callable[[datetime, str], str]


def _half(day: datetime, language: str) -> str:
    return ("صم" if language.startswith("ar") else ("AM", "PM"))[day.hour >= 12]


def _month(*, short: bool) -> _Write:
    return lambda day, language: month_name(day.month, language, short=short)


_WRITE: dict[str, _Write] = {
    "Y": lambda day, _: f"{day.year:04d}",
    "y": lambda day, _: f"{day.year % 100:02d}",
    "m": lambda day, _: f"{day.month:02d}",
    "d": lambda day, _: f"{day.day:02d}",
    "H": lambda day, _: f"{day.hour:02d}",
    "I": lambda day, _: f"{day.hour % 12 or 12:02d}",
    "M": lambda day, _: f"{day.minute:02d}",
    "S": lambda day, _: f"{day.second:02d}",
    "f": lambda day, _: f"{day.microsecond:06d}",
    "3f": lambda day, _: f"{day.microsecond // 1000:03d}",
    "p": _half,
    "b": _month(short=True),
    "B": _month(short=False),
    "-m": lambda day, _: str(day.month),
    "-d": lambda day, _: str(day.day),
    "-H": lambda day, _: str(day.hour),
    "-I": lambda day, _: str(day.hour % 12 or 12),
    "G": lambda day, _: f"{day.isocalendar().year:04d}",
    "V": lambda day, _: f"{day.isocalendar().week:02d}",
    "u": lambda day, _: str(day.isoweekday()),
}


@dataclass(frozen=True)
class DateShape:
    """What a cell that may be a date looks like: which parts it has, and in which order."""

    order: str
    """``ymd``, ``??y`` (day or month first), ``dby`` and ``bdy`` (a month's name), ..."""
    parts: dict[str, str | None]
    """Its parts."""

    @classmethod
    def of(cls, cell: str) -> DateShape | None:
        """Recognise a plain cell (see `plain_cell`)."""
        if not cell or len(cell) > 48 or not any(map(str.isdigit, cell)):
            return None
        for order, pattern in _SHAPES:
            match = pattern.fullmatch(cell)
            if match is not None:
                parts = match.groupdict()
                name = parts.get("name")
                if name is None or month_of(name) is not None:
                    return cls(order, parts)
        return None

    @property
    def precision(self) -> str:
        """``day``, ``month`` or ``week``."""
        return PRECISION.get(self.order, "day")

    def part(self, name: str) -> str:
        """Give a part that every cell of its order has."""
        return self.parts.get(name) or ""

    def formats(self, *, day_first: tuple[bool, ...], is_short: bool) -> list[str]:
        """Give the formats that the cell can have, the likeliest first.

        Parameters
        ----------
        day_first : tuple of bool
            The orders of day and month to try.
        is_short : bool
            Whether names of months are short ones.
        """
        parts, s, t = self.parts, self.part("s"), self.part("t")
        year = "%Y" if len(self.part("y")) == 4 else "%y"
        time = _time_format(parts)
        month = _name_format(self.part("name"), is_short=is_short) if "name" in parts else ""
        match self.order:
            case "ymd":
                m, d = _unpadded("m", self.part("m")), _unpadded("d", self.part("d"))
                return [f"{year}{s}{m}{s}{d}{time}"]
            case "??y":
                found = []
                for first in day_first:
                    signs = "dm" if first else "md"
                    if int(self.part("b" if first else "a")) <= 12:
                        a = _unpadded(signs[0], self.part("a"))
                        b = _unpadded(signs[1], self.part("b"))
                        found.append(f"{a}{s}{b}{s}{year}{time}")
                return found[:1]
            case "dby":
                return [f"{_unpadded('d', self.part('d'))}{s}{month}{t}{year}{time}"]
            case "bdy":
                return [f"{month}{s}{_unpadded('d', self.part('d'))}{t}{year}{time}"]
            case "compact":
                clock = "" if parts["t"] is None else f"{t}%H%M"
                return [f"%Y%m%d{clock}{'%S' if parts['second'] else ''}"]
            case "ym":
                return [f"%Y{s}%m"]
            case "my":
                return [f"%m{s}%Y"]
            case "by":
                return [f"{month}{t}%Y"]
            case _:
                weekday = self.part("weekday")
                return [f"%G{s}W%V{weekday[:-1]}{'%u' if weekday else ''}"]


def plain_cell(cell: str) -> str:
    """Give a cell with digits 0 to 9, plain blanks and nothing that cannot be seen."""
    return to_latin(cell).replace("\u00a0", " ").replace("\u202f", " ").strip()


def looks_like_date(cell: str) -> bool:
    """Whether a cell is a date in any of the forms that are known, but that of digits alone.

    Examples
    --------
    >>> from synthhealth.cells.dates import looks_like_date
    >>> [looks_like_date(cell) for cell in ("25FEB2023", "25. Februar 2023", "31.02.2021", "12.5")]
    [True, True, False, False]
    """
    plain = plain_cell(cell)
    shape = DateShape.of(plain)
    if shape is None or shape.order == "compact":
        return False
    formats = {
        one for first in (True, False) for one in shape.formats(day_first=(first,), is_short=True)
    }
    return any(read_date(plain, one) is not None for one in formats)


def read_date(cell: str, dates: str) -> datetime | None:
    """Read a plain cell in a format; None where it does not fit, or there is no such day.

    Examples
    --------
    >>> from synthhealth.cells.dates import read_date
    >>> read_date("25 Şubat 2023", "%d %B %Y"), read_date("31.02.2021", "%d.%m.%Y")
    (datetime.datetime(2023, 2, 25, 0, 0), None)
    """
    match = _pattern(dates).fullmatch(cell)
    if match is None:
        return None
    parts = match.groupdict()
    try:
        day = _day(parts)
        if day is None:
            return None
        hour, minute = int(parts.get("H") or 0), int(parts.get("M") or 0)
        if parts.get("I") is not None:
            hour = int(parts["I"])
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + 12 * ((parts.get("p") or "a")[0] in "pPم")
        micros = int((parts.get("f") or "0")[:6].ljust(6, "0"))
        return datetime(
            day.year, day.month, day.day, hour, minute, int(parts.get("S") or 0), micros
        )
    except ValueError:
        return None


def write_date(day: datetime, dates: str, language: str = "en") -> str:
    """Write a date in a format.

    Examples
    --------
    >>> from datetime import datetime
    >>> from synthhealth.cells.dates import write_date
    >>> write_date(datetime(2023, 2, 5), "%-d. %B %Y", "de")
    '5. Februar 2023'
    """
    return "".join(
        write if isinstance(write, str) else write(day, language) for write in _writers(dates)
    )


@lru_cache(maxsize=256)
def is_format(dates: str) -> bool:
    """Say whether dates can be read and written in a format: known signs, each once, and a day."""
    signs = _DIRECTIVE.findall(dates)
    plain = [_sign(sign) for sign in signs]
    known = all(
        sign in _WRITE or (sign[0] in "^#" and sign[1:] in ("b", "B", "p")) for sign in signs
    )
    return (
        bool(signs)
        and known
        and len(signs) == dates.count("%")
        and len(set(plain)) == len(plain)
        and bool({"Y", "y", "G"}.intersection(plain))
        and ("G" in plain) == ("V" in plain)
    )


def _day(parts: dict[str, str | None]) -> date | None:
    if parts.get("G"):
        return date.fromisocalendar(
            int(parts["G"] or 0), int(parts.get("V") or 0), int(parts.get("u") or 1)
        )
    if parts.get("Y") is not None:
        year = int(parts["Y"] or 0)
    else:
        short = int(parts.get("y") or 0)
        year = short + (1900 if short >= PIVOT else 2000)
    name = parts.get("b")
    month = int(parts.get("m") or 1) if name is None else month_of(name)
    return None if month is None else date(year, month, int(parts.get("d") or 1))


@lru_cache(maxsize=256)
def _pattern(dates: str) -> re.Pattern[str]:
    """Give what matches a format; numbers that touch others have all their digits."""
    pieces = _DIRECTIVE.split(dates)
    texts, signs = pieces[::2], [_sign(sign) for sign in pieces[1::2]]
    pattern = re.escape(texts[0])
    for place, sign in enumerate(signs):
        read = _READ[sign]
        touches = (place > 0 and not texts[place]) or (
            place + 1 < len(signs) and not texts[place + 1]
        )
        neighbours = [*signs[max(place - 1, 0) : place], *signs[place + 1 : place + 2]]
        if touches and sign in _PLACES_OF_TWO and not {"b", "p"}.intersection(neighbours):
            read = read.replace(r"\d{1,2}", r"\d{2}")
        ordinal = "(?:st|nd|rd|th|er)?" if sign == "d" and "b" in signs else ""
        pattern += read + ordinal + re.escape(texts[place + 1])
    return re.compile(pattern)


@lru_cache(maxsize=256)
def _writers(dates: str) -> tuple[str | _Write, ...]:
    pieces = _DIRECTIVE.split(dates)
    return tuple(_writer(piece) if place % 2 else piece for place, piece in enumerate(pieces))


def _writer(sign: str) -> _Write:
    if sign in _WRITE:
        return _WRITE[sign]
    plain = _WRITE[sign[1:]]
    if sign[0] == "^":
        return lambda day, language: in_capitals(plain(day, language), language)
    return lambda day, language: plain(day, language).lower()


def _sign(sign: str) -> str:
    """Give the sign that reads what another writes: ``b`` for ``^B``."""
    return {"B": "b"}.get(sign[-1], sign[-1])


def _unpadded(sign: str, digits: str) -> str:
    return f"%-{sign}" if len(digits) == 1 else f"%{sign}"


def _name_format(name: str, *, is_short: bool) -> str:
    case = "^" if name.isupper() else "#" if name.islower() else ""
    return f"%{case}{'b' if is_short else 'B'}"


def _time_format(parts: dict[str, str | None]) -> str:
    hour = parts.get("hour")
    if hour is None:
        return ""
    half = parts.get("half") or ""
    text = f"{parts['between']}{_unpadded('I' if half else 'H', hour)}{parts['colon']}%M"
    if parts["second"]:
        text += f"{parts['colon']}%S"
    if parts["fraction"]:
        text += f"{parts['point']}{'%3f' if len(parts['fraction']) == 3 else '%f'}"
    if half:
        text += half.rstrip("AaPpMmصم") + ("%#p" if half.strip() in ("am", "pm") else "%p")
    return text + (parts["zone"] or "")
