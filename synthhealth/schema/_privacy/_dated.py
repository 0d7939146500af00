"""Whether cells are days, in any usual form: a scan needs to know that, not which day it is."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import numpy.typing as npt

from synthhealth.cells.identifiers import FEW, MANY, word_set, words_of

__all__ = ["days_in_numbers", "is_day", "says_day"]


#: How the names of months begin in English, German, French, Spanish, Italian and Turkish ...
_BEGINNINGS = word_set(
    "jan feb mar apr may jun jul aug sep oct nov dec mai mrz okt dez fev avr jui aou ene abr "
    "ago set dic gen mag giu lug ott oca sub nis haz tem agu eyl eki kas ara"
)
#: ... and their names in Arabic, without points and hamzas.
_ARABIC = word_set(
    "يناير فبراير مارس ابريل مايو يونيو يونيه يوليو يوليه اغسطس سبتمبر اكتوبر نوفمبر ديسمبر "
    "كانون شباط اذار نيسان ايار حزيران تموز اب ايلول تشرين"
)
_WORDS = word_set(
    "date dates datum dob dt birthday birthdate timestamp datetime fecha data tarih tarihi "
    "epoch تاريخ 日期 时间 日时"
)
_TIME = (
    r"(?:[ tT:,]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:am|pm))?(?: ?(?:z|[+-]\d{2}:?\d{2}))?)?"
)
_MONTH = r"([^\W\d_]{2,10}(?: [^\W\d_]{4,6})?)\.?"
_DAY = re.compile(
    rf"\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}{_TIME}"
    rf"|\d{{1,2}}([-/.])\d{{1,2}}\2(?:\d{{4}}|\d{{2}}){_TIME}"
    rf"|\d{{4}}年\d{{1,2}}月(?:\d{{1,2}}日)?{_TIME}"
    r"|\d{4}-(?:0[1-9]|1[0-2])|\d{4}-?w\d{2}(?:-?\d)?",
    re.IGNORECASE,
)
_WITH_MONTH = re.compile(
    rf"\d{{1,2}}(?:\.|st|nd|rd|th)?[ /-]?(?:de )?{_MONTH}[ ,/-]{{0,2}}(?:de )?"
    rf"(?:\d{{4}}|\d{{2}}){_TIME}"
    rf"|{_MONTH} \d{{1,2}},? \d{{4}}{_TIME}"
    rf"|{_MONTH}[ -]\d{{4}}",
    re.IGNORECASE,
)
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
    if _DAY.fullmatch(cell):
        return True
    found = _WITH_MONTH.fullmatch(cell)
    return found is not None and any(_is_month(word) for word in found.groups() if word)


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


def _is_month(word: str) -> bool:
    letters = unicodedata.normalize("NFKD", word.casefold().replace("ı", "i"))
    plain = "".join(one for one in letters if unicodedata.category(one) != "Mn")
    return plain[:3] in _BEGINNINGS or plain.split()[0] in _ARABIC
