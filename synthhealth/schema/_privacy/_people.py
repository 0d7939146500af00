"""Whether texts are the names of people: two to four words, of which one is a known given name.

The given names are those that Faker has for the languages below. They tell people from drugs,
diagnoses and places, which are also written in two or three capitalised words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from itertools import chain

from synthhealth.cells.identifiers import word_set

__all__ = ["names_of_people"]

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

    >>> from synthhealth.schema._privacy._people import names_of_people
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
