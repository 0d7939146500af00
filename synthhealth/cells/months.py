"""The names of the months in the languages that tables are written in."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["LANGUAGES", "in_capitals", "is_short", "language_of", "month_name", "month_of"]

#: Full names and usual short ones; the first of those parted by "|" is written.
_NAMES: dict[str, tuple[str, str]] = {
    "en": (
        "January February March April May June July August September October November December",
        "Jan Feb Mar Apr May Jun Jul Aug Sep|Sept Oct Nov Dec",
    ),
    "de": (
        "Januar|Jänner Februar|Feber März April Mai Juni Juli August September Oktober "
        "November Dezember",
        "Jan|Jän Feb Mär|Mrz Apr Mai Jun Jul Aug Sep|Sept Okt Nov Dez",
    ),
    "fr": (
        "Janvier Février Mars Avril Mai Juin Juillet Août Septembre Octobre Novembre Décembre",
        "Janv|Jan Févr|Fév Mars Avr|Avril Mai Juin Juil Août|Aoû Sept Oct Nov Déc",
    ),
    "es": (
        "Enero Febrero Marzo Abril Mayo Junio Julio Agosto Septiembre|Setiembre Octubre Noviembre "
        "Diciembre",
        "Ene Feb Mar Abr May Jun Jul Ago Sep|Sept|Set Oct Nov Dic",
    ),
    "tr": (
        "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
        "Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara",
    ),
    "ar": (
        "يناير فبراير مارس أبريل|ابريل|إبريل مايو يونيو|يونيه يوليو|يوليه أغسطس|اغسطس سبتمبر "
        "أكتوبر|اكتوبر نوفمبر ديسمبر",
        "",
    ),
    # The names of the Levant and of Iraq; a blank within a name is "_" here.
    "ar-levant": (
        "كانون_الثاني شباط آذار|اذار نيسان أيار|ايار حزيران تموز آب|اب أيلول|ايلول تشرين_الأول "
        "تشرين_الثاني كانون_الأول",
        "",
    ),
}


def _spellings(names: str) -> list[list[str]]:
    return [month.replace("_", " ").split("|") for month in names.split()]


_FULL = {language: _spellings(full) for language, (full, _) in _NAMES.items()}
_SHORT = {
    language: _spellings(short) if short else _FULL[language]
    for language, (_, short) in _NAMES.items()
}
LANGUAGES = tuple(_NAMES)


def _folded(word: str) -> str:
    """Give a word without capitals, and with one kind of i: Turkish has two."""
    return word.replace("İ", "i").casefold().replace("ı", "i").replace("i̇", "i")


def _places(table: dict[str, list[list[str]]]) -> dict[str, dict[str, int]]:
    return {
        language: {
            _folded(name): month for month, names in enumerate(months, start=1) for name in names
        }
        for language, months in table.items()
    }


_FULL_PLACES, _SHORT_PLACES = _places(_FULL), _places(_SHORT)
_MONTHS = {
    word: month
    for places in (_SHORT_PLACES, _FULL_PLACES)
    for words in places.values()
    for word, month in words.items()
}


def month_of(word: str) -> int | None:
    """Give the number of a month from its name, in any of the languages.

    Examples
    --------
    >>> from synthhealth.cells.months import month_of
    >>> month_of("FEB"), month_of("Şubat"), month_of("فبراير"), month_of("mmol")
    (2, 2, 2, None)
    """
    return _MONTHS.get(_folded(word))


def language_of(words: Iterable[str]) -> str:
    """Find the language to which most names of months belong; English where all know them.

    Examples
    --------
    >>> from synthhealth.cells.months import language_of
    >>> language_of(["Mai", "April", "Dezember"]), language_of(["May", "April"])
    ('de', 'en')
    """
    folded = [_folded(word) for word in words]
    known = {
        language: sum(
            word in _FULL_PLACES[language] or word in _SHORT_PLACES[language] for word in folded
        )
        for language in LANGUAGES
    }
    return max(known, key=lambda language: known[language])


def is_short(word: str, language: str) -> bool | None:
    """Whether a name is a short one; None where it is short and full alike, as ``May``."""
    folded = _folded(word)
    full, short = folded in _FULL_PLACES[language], folded in _SHORT_PLACES[language]
    return None if full is short else short


def month_name(month: int, language: str, *, short: bool = False) -> str:
    """Give the name of a month.

    Examples
    --------
    >>> from synthhealth.cells.months import month_name
    >>> month_name(2, "en", short=True), month_name(2, "fr"), month_name(12, "de", short=True)
    ('Feb', 'Février', 'Dez')
    """
    return (_SHORT if short else _FULL)[language][month - 1][0]


def in_capitals(name: str, language: str) -> str:
    """Write a name in capitals, as its language does: ``Nisan`` is ``NİSAN``."""
    return (name.replace("i", "İ") if language == "tr" else name).upper()
