"""Times of day and durations as they stand in a cell, read as minutes.

A form is text with the signs of `datetime.datetime.strftime` (``%H``, ``%-I``, ``%M``, ``%p``), and
``%h`` for hours that do not end at 23. What stands in brackets is left out where its number is
zero: ``[%-hh][ %-Mmin]`` is ``2h 15min``, ``2h`` and ``15min``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from synthhealth.cells.digits import to_latin

__all__ = [
    "DAY",
    "ClockForm",
    "has_seconds",
    "infer_clock",
    "is_clock_form",
    "is_time_of_day",
    "looks_like_time",
    "read_clock",
    "write_clock",
]

#: Minutes of a day.
DAY = 1440
#: Where more than this share of the times are of a day of more than 24 hours, they are durations.
LONG_SHARE = 0.01

_COLONS = re.compile(
    r"(?P<H>\d{1,4})(?P<mark>[:.hH])(?P<M>[0-5]\d)(?:(?P=mark)(?P<S>[0-5]\d)(?:[.,]\d{1,9})?)?"
    r"(?P<half> ?(?:[AaPp]\.?[Mm]\.?|[صم]))?(?P<tail> ?(?:Uhr|uhr|hrs|h))?"
)
_HOUR = r"h|hr|hrs|hour|hours|std|stunde|stunden|heure|heures|hora|horas|saat|sa|ساعة|ساعات|س"
_MINUTE = r"m|min|mins|minute|minutes|minuten|minuto|minutos|dakika|dk|dak|دقيقة|دقائق|د"
_SECOND = r"s|sec|secs|second|seconds|sek|sekunde|sekunden|saniye|sn|ثانية|ثواني|ث"
_UNITS = re.compile(
    rf"(?:(?P<H>\d{{1,4}})(?P<hour> ?(?:{_HOUR})\.?)(?![^\W\d_]))?"
    rf"(?:(?P<first> ?)(?P<M>\d{{1,5}})(?P<minute> ?(?:{_MINUTE})\.?)(?![^\W\d_]))?"
    rf"(?:(?P<second> ?)(?P<S>\d{{1,5}})(?P<unit> ?(?:{_SECOND})\.?)(?![^\W\d_]))?",
    re.IGNORECASE,
)
_ISO = re.compile(r"PT(?=\d)(?:(?P<H>\d{1,4})H)?(?:(?P<M>\d{1,5})M)?(?:(?P<S>\d{1,5})S)?")

_SIGN = re.compile(r"%(-?[HIhMSp]|#p)")
_GROUP = re.compile(r"\[([^\[\]]*)\]")
_READ = {
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "h": r"(?P<h>\d{1,4})",
    "M": r"(?P<M>[0-5]\d)",
    "S": r"(?P<S>[0-5]\d)",
    "p": r"(?P<p>[AaPp]\.?[Mm]\.?|[صم])",
}


@dataclass(frozen=True)
class ClockForm:
    """How the cells of a column write times."""

    form: str
    fits: tuple[bool, ...]
    """Which of the different cells are times."""
    ways: int
    """In how many ways they are written."""
    language: str
    """The language of the words for before and after noon."""


def read_clock(cell: str, form: str) -> float | None:
    """Give a time as minutes; None where a cell is none, or no time of a day of 24 hours.

    Examples
    --------
    >>> from synthhealth.cells.clock import read_clock
    >>> read_clock("2:06 PM", "%-I:%M %p"), read_clock("26:15", "%h:%M")
    (846.0, 1575.0)
    >>> read_clock("26:15", "%H:%M") is None
    True
    """
    plain = _plain(cell)
    match = _pattern(form).fullmatch(plain)
    parts = _parts(plain) if match is None else match.groupdict()
    minutes = None if parts is None else _minutes(parts)
    if minutes is None or (is_time_of_day(form) and minutes >= DAY):
        return None
    return minutes


def write_clock(minutes: float, form: str, language: str = "en") -> str:
    """Write a time; a time of day ends at one minute, or second, before midnight.

    Examples
    --------
    >>> from synthhealth.cells.clock import write_clock
    >>> write_clock(75, "%H:%M"), write_clock(1440, "%-I:%M %p"), write_clock(120, "PT[%-hH][%-MM]")
    ('01:15', '11:59 PM', 'PT2H')
    """
    unit = 1 if has_seconds(form) else 60
    seconds = max(round(minutes * 60 / unit) * unit, 0)
    if is_time_of_day(form):
        seconds = min(seconds, DAY * 60 - unit)
    hours, rest = divmod(seconds, 3600)
    values = {
        "H": hours,
        "I": hours % 12 or 12,
        "h": hours,
        "M": rest // 60,
        "S": rest % 60,
    }
    half = ("صم" if language == "ar" else ("AM", "PM"))[hours >= 12]
    groups = _GROUP.findall(form)
    shown = [group for group in groups if any(values[sign] for sign in _signs(group))]
    if groups and not shown:
        shown = [group for group in groups if "M" in _signs(group)] or groups[-1:]
    text = _GROUP.sub(lambda found: found[1] if found[1] in shown else "", form)
    return _SIGN.sub(lambda found: _written(found[1], values, half), text).strip()


def looks_like_time(cell: str) -> bool:
    """Whether a cell is a time of day or a duration in any of the forms that are known."""
    parts = _parts(_plain(cell))
    return parts is not None and _minutes(parts) is not None


def is_time_of_day(form: str) -> bool:
    """Whether a form is of times of day, not of durations."""
    return not {"H", "I"}.isdisjoint(_signs(form))


def has_seconds(form: str) -> bool:
    """Whether a form has seconds."""
    return "S" in _signs(form)


def is_clock_form(form: str) -> bool:
    """Whether times can be read and written in a form: known signs, each once."""
    signs = _signs(form)
    return (
        len(signs) == form.count("%") == len(set(signs))
        and len({"H", "I", "h"}.intersection(signs)) == 1
        and ("I" in signs) == ("p" in signs)
        and "M" in signs
        and all(_signs(group) for group in _GROUP.findall(form))
    )


def infer_clock(cells: Sequence[str], counts: Sequence[int]) -> ClockForm | None:
    """Find how a column writes times; None if no cell is one.

    Parameters
    ----------
    cells : sequence of str
        The different cells.
    counts : sequence of int
        How many rows have each.

    Examples
    --------
    >>> from synthhealth.cells.clock import infer_clock
    >>> infer_clock(["09:05", "23:59", "late"], [1, 1, 1]).form
    '%H:%M'
    """
    rows: dict[str, int] = {}
    is_time: list[bool] = []
    known = long = zeros = singles = arabic = 0
    for cell, count in zip(cells, counts, strict=True):
        parts = _parts(_plain(cell))
        minutes = None if parts is None else _minutes(parts)
        is_time.append(minutes is not None)
        if parts is None or minutes is None:
            continue
        form = _form(parts)
        rows[form] = rows.get(form, 0) + count
        known += count
        long += count * (minutes > DAY)
        zeros += count * (parts["H"] or "").startswith("0")
        singles += count * (len(parts["H"] or "") == 1)
        arabic += count * ((parts.get("half") or " ").strip() in ("ص", "م"))
    joined = _joined(rows)
    best = max(joined, key=lambda form: (joined[form], form), default="")
    if not is_clock_form(best):
        return None
    if "[" not in best:
        if long > LONG_SHARE * known:
            best = best.replace("%H", "%h")
        if singles > zeros:
            best = re.sub("%([HIh])", r"%-\1", best)
    fits = tuple(
        one and read_clock(cell, best) is not None for cell, one in zip(cells, is_time, strict=True)
    )
    return ClockForm(best, fits, len(joined), "ar" if arabic else "en")


def _plain(cell: str) -> str:
    return to_latin(cell).replace("\u00a0", " ").replace("\u202f", " ").strip()


def _parts(plain: str) -> dict[str, str | None] | None:
    """Take a cell apart that is a time in any of the forms that are known."""
    if not plain or len(plain) > 40:
        return None
    for pattern in (_COLONS, _ISO, _UNITS):
        match = pattern.fullmatch(plain)
        if match is not None:
            parts = match.groupdict()
            # "8.30" is a number, unless something says that it is none.
            if parts.get("mark") == "." and not (parts["S"] or parts["half"] or parts["tail"]):
                return None
            return parts | {"iso": "PT"} if pattern is _ISO else parts
    return None


def _minutes(parts: dict[str, str | None]) -> float | None:
    hours, minutes, seconds = (int(parts.get(sign) or 0) for sign in "HMS")
    half = parts.get("half") or parts.get("p")
    if parts.get("I") is not None:
        hours = int(parts["I"] or 0)
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + 12 * (half.strip()[0] in "pPم")
    hours += int(parts.get("h") or 0)
    return hours * 60 + minutes + seconds / 60


def _form(parts: dict[str, str | None]) -> str:
    """Give the form of one cell."""
    if "mark" in parts:
        half, mark = parts["half"] or "", parts["mark"]
        text = f"%{'I' if half else 'H'}{mark}%M"
        if parts["S"]:
            text += f"{mark}%S"
        if half:
            lead = " " if half.startswith(" ") else ""
            text += f"{lead}{'%#p' if half.strip()[0] in 'ap' else '%p'}"
        return text + (parts["tail"] or "")
    if "iso" in parts:
        return f"PT[%-hH][%-MM]{'[%-SS]' if parts['S'] else ''}"
    units = [
        (lead, sign, parts[unit])
        for lead, sign, unit in (
            ("", "h", "hour"),
            (parts["first"] or "", "M", "minute"),
            (parts["second"] or "", "S", "unit"),
        )
        if parts[unit] is not None
    ]
    return "".join(f"[{lead}%-{sign}{unit}]" for lead, sign, unit in units)


def _joined(rows: dict[str, int]) -> dict[str, int]:
    """Join the forms of durations that differ in what is left out: ``2h``, ``2h 15m``."""
    joined: dict[str, int] = {}
    for form in sorted(rows, key=lambda one: (-len(_signs(one)), one)):
        home = next((one for one in joined if _holds(one, form)), form)
        joined[home] = joined.get(home, 0) + rows[form]
    return joined


def _holds(whole: str, form: str) -> bool:
    groups = [group.strip() for group in _GROUP.findall(whole)]
    return bool(groups) and all(group.strip() in groups for group in _GROUP.findall(form) or [form])


def _written(sign: str, values: dict[str, int], half: str) -> str:
    if sign in ("p", "#p"):
        return half if sign == "p" else half.lower()
    value = values[sign[-1]]
    return str(value) if sign.startswith("-") else f"{value:02d}"


@lru_cache(maxsize=64)
def _signs(form: str) -> tuple[str, ...]:
    return tuple(sign[-1] for sign in _SIGN.findall(form))


@lru_cache(maxsize=64)
def _pattern(form: str) -> re.Pattern[str]:
    pattern, place = "", 0
    for found in re.finditer(r"%(-?[HIhMSp]|#p)|[\[\]]", form):
        pattern += re.escape(form[place : found.start()])
        place = found.end()
        pattern += {"[": "(?:", "]": ")?"}.get(found[0]) or _READ[found[1][-1]]
    if "[" in form:
        pattern = pattern.replace(r"[0-5]\d", r"\d{1,5}")
    return re.compile(pattern + re.escape(form[place:]))
