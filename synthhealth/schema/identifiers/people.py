"""Whether texts are names of people, or days: a scan needs to know that, not whose or which."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from itertools import chain

import numpy as np
import numpy.typing as npt

from synthhealth.cells.dates import looks_like_date
from synthhealth.cells.identifiers import FEW, MANY, word_set, words_of

__all__ = ["days_in_numbers", "is_day", "names_of_people", "says_day"]


#: Languages whose given names are known.
_LANGUAGES = (
    *("ar_AA", "ar_DZ", "az_AZ", "cs_CZ", "da_DK", "de_AT", "de_CH", "de_DE", "el_GR", "en"),
    *("en_GB", "en_IE", "en_IN", "en_KE", "en_NG", "en_NZ", "en_PK", "en_US", "es_AR", "es_ES"),
    *("es_MX", "fa_IR", "fi_FI", "fr_DZ", "fr_FR", "ha_NG", "he_IL", "hi_IN", "hu_HU", "id_ID"),
    *("it_IT", "nl_NL", "no_NO", "pl_PL", "pt_BR", "pt_PT", "ro_RO", "ru_RU", "sv_SE", "tr_TR"),
    *("uk_UA", "uz_UZ", "vi_VN"),
)
_CHINESE = ("zh_CN", "zh_TW")
_WORD = r"[^\W\d_][^\W\d_'’.-]*(?:['’-][^\W\d_]+)*\.?"
_NAME = re.compile(rf"{_WORD}(?:,? {_WORD}){{1,4}}")
_CHINESE_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")
_TITLES = re.compile(
    r"^(?:(?:dr|mr|mrs|ms|miss|prof|herr|frau|mme|sr|sra|د|أ|السيد|السيدة)\.? )+", re.IGNORECASE
)
#: What has one of these is an institution, a place or a disease, whoever gave it the name.
_NO_PEOPLE = word_set(
    "hospital hospitals clinic center centre university institute syndrome disease medical "
    "street ward department unit college school test type city fort new port saint san santa "
    "st krankenhaus klinik hopital clinique hastanesi مستشفى مستشفي مركز عيادة جامعة متلازمة "
    "مرض شارع"
)
#: Words of names that may begin small.
_PARTICLES = word_set("al ben bin bint da de del der di dos du el la le ten van von y zu")


def names_of_people(different: Sequence[str]) -> float:
    """Give the share of different texts that are the full names of people.

    >>> from synthhealth.schema.identifiers.people import names_of_people
    >>> names_of_people(["Ann Miller", "Carl Lee", "Khaled Gamal", "Miller, Eve"])
    1.0
    >>> names_of_people(["Folic Acid", "Type 2 Diabetes", "Port Said", "Crohn Disease"])
    0.0
    """
    if not different:
        return 0.0
    shaped = [cell for cell in different if _is_shaped(cell)]
    if 2 * len(shaped) < len(different):
        return 0.0
    return sum(map(_has_given_name, shaped)) / len(different)


def _is_shaped(cell: str) -> bool:
    if _CHINESE_NAME.fullmatch(cell):
        return True
    if not _NAME.fullmatch(cell):
        return False
    words = cell.replace(",", " ").split()
    return all(not word[0].islower() or word in _PARTICLES for word in words)


def _has_given_name(cell: str) -> bool:
    if _CHINESE_NAME.fullmatch(cell):
        families, signs = _chinese()
        long = cell[:2] in families and len(cell) > 2
        return (long or cell[0] in families) and set(cell[2 if long else 1 :]) <= signs
    words = [_plain(word) for word in _TITLES.sub("", cell).replace(",", " ").split()]
    return _NO_PEOPLE.isdisjoint(words) and not _given_names().isdisjoint(words)


def _plain(word: str) -> str:
    word = word.strip(".").casefold()
    if word.isascii():
        return word
    letters = unicodedata.normalize("NFKD", word)
    return "".join(one for one in letters if unicodedata.category(one) != "Mn")


@cache
def _given_names() -> frozenset[str]:
    return frozenset(
        _plain(name)
        for language in _LANGUAGES
        for names in _lists(language, "first_names")
        for name in names
        if " " not in name and len(name) > 1
    )


@cache
def _chinese() -> tuple[frozenset[str], frozenset[str]]:
    """Give the family names, and the signs that given names are written with."""
    families = [names for one in _CHINESE for names in _lists(one, "last_names")]
    given = [names for one in _CHINESE for names in _lists(one, "first_names")]
    return frozenset(chain(*families)), frozenset("".join(chain(*given)))


def _lists(language: str, kind: str) -> list[list[str]]:
    provider = import_module(f"faker.providers.person.{language}").Provider
    lists = (getattr(provider, f"{kind}{sex}", ()) for sex in ("", "_male", "_female"))
    return [list(names) for names in lists if not isinstance(names, property)]


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

    >>> from synthhealth.schema.identifiers.people import is_day
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
