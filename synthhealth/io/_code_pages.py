"""Which code page a text is in that is not Unicode: Windows-1256, GB18030, Windows-1252, ...

Every byte is a letter in most code pages, so that a wrong one changes names and levels in silence.
Each one is judged by the words that the table would then have: letters of one script, small letters
after capitals and not before, nothing but letters between letters. Where several of East Asia are
as good, charset-normalizer tells them apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import pairwise

__all__ = ["CODE_PAGES", "find_code_page"]

#: How Python names them, the likelier first, and how people do.
CODE_PAGES = {
    "cp1252": "Windows-1252",
    "cp1256": "Windows-1256 (Arabic)",
    "gb18030": "GB18030 (Chinese)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1253": "Windows-1253 (Greek)",
    "cp949": "Windows-949 (Korean)",
    "big5": "Big5 (Chinese)",
    "cp932": "Shift JIS (Japanese)",
    "cp850": "code page 850 (DOS)",
    "iso8859_6": "ISO 8859-6 (Arabic)",
    "koi8_r": "KOI8-R (Cyrillic)",
    "cp866": "code page 866 (Cyrillic, DOS)",
    "mac_roman": "Mac Roman",
}

_FIELD_END = re.compile(rb'[\r\n\t,;"]+')  # none of them is part of a letter of several bytes
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_MOST_FIELDS = 500
_PLAUSIBLE = 0.8
_AS_GOOD = 0.05

#: What may stand around a word, and an apostrophe within it.
_AROUND = "\"'()[]{}<>.:!?/\\|^~*+=-_#%&@$`´’‘‚“”„«»‹›¿¡–—…·•،؛؟٪،。：（）、"
#: They stand beside letters that are written from the right.
_OF_DIRECTION = "\u200c\u200d\u200e\u200f"
#: Signs of measuring: no letters, and usual beside letters of ASCII alone.
_SIGNS = frozenset("µ°²³¹±×÷½¼¾§€£¥©®™ºª≤≥‰†‡¬")
_LATIN_USUAL = frozenset(
    "äöüßéèêëàâáåãæøœçñíìîïóòôõúùûýÿğışčřžšěůłąęśćźńżőűățșâÄÖÜÉÈÀÁÅÆØÇÑÓÚİŞĞČŘŽŠŁŚŻÍÎ"
)
_LAST_OF_WORD = frozenset("ةىךםןףץ")  # letters that end a word
_CYRILLIC_USUAL = re.compile("[а-яёіїєґўА-ЯЁІЇЄҐЎ]").fullmatch
_CYRILLIC_VOWEL = re.compile("[аеёиоуыэюяіїє]", re.IGNORECASE)


def find_code_page(parts: Iterable[bytes]) -> str | None:
    """Find the code page of a text table that is not UTF-8.

    Parameters
    ----------
    parts : iterable of bytes
        The lines of the file.

    Returns
    -------
    str or None
        One of `CODE_PAGES`; None where the words are plausible in none of them.
    """
    fields = _fields(parts)
    scores = {name: _plausibility(name, fields) for name in CODE_PAGES}
    best = max(scores.values())
    if best < _PLAUSIBLE:
        return None
    as_good = [name for name, score in scores.items() if score >= best - _AS_GOOD]
    eastern = [name for name in as_good if name in _JUDGES]
    return _by_language(fields, eastern) if as_good[0] in _JUDGES else as_good[0]


def _fields(parts: Iterable[bytes]) -> list[bytes]:
    """Collect the different cells and names that hold more than ASCII."""
    found: dict[bytes, None] = {}
    for part in parts:
        if _BEYOND_ASCII.search(part):
            for field in _FIELD_END.split(part):
                if _BEYOND_ASCII.search(field):
                    found[field] = None
            if len(found) >= _MOST_FIELDS:
                break
    return list(found)


def _by_language(fields: Sequence[bytes], names: list[str]) -> str:
    import logging

    from charset_normalizer import from_bytes

    logging.getLogger("charset_normalizer").setLevel(logging.WARNING)
    match = from_bytes(b"\n".join(fields), cp_isolation=names, preemptive_behaviour=False).best()
    found = None if match is None else match.encoding
    return found if found in names else names[0]


def _plausibility(name: str, fields: Sequence[bytes]) -> float:
    """Give the share of words that could be words; 0 where the bytes are not in this code page."""
    total = weights = 0.0
    judge = _JUDGES.get(name)
    for field in fields:
        try:
            text = field.decode(name)
        except UnicodeDecodeError:
            return 0.0
        words = [word.strip(_AROUND) for word in re.split(r"[\s0-9]+", text)]
        for word in words:
            if word and not word.isascii() and word.strip(_OF_DIRECTION):
                score = judge(word) if judge is not None else _word(word)
                weight = 0.5 if len(word) == 1 else 1.0  # one letter says little
                total += weight * score
                weights += weight
    return total / weights if weights else _PLAUSIBLE


def _word(word: str) -> float:
    """Judge a word of an alphabet: 0 is none, 1 is one."""
    if any(sign in word for sign in _OF_DIRECTION):
        word = "".join(sign for sign in word if sign not in _OF_DIRECTION)
        if not any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in word):
            return 0.0
    if any(unicodedata.category(sign)[0] == "C" for sign in word):
        return 0.0
    letters = [
        sign for sign in word if unicodedata.category(sign)[0] in "LM" and sign not in _SIGNS
    ]
    beyond = [sign for sign in letters if not sign.isascii()]
    if not beyond:
        return 1.0 if all(sign.isascii() or sign in _SIGNS for sign in word) else 0.0
    # Between letters there is nothing else but an apostrophe, a hyphen or the like.
    if any(sign not in letters and not (sign in _AROUND or sign.isascii()) for sign in word):
        return 0.0
    parts = [part for part in re.split(r"[^\w]+|_", word) if part]
    return min((_part(part) for part in parts), default=0.0)


def _part(word: str) -> float:
    scripts = {_script(sign) for sign in word}
    if len(scripts) > 1:
        return 0.0
    (script,) = scripts
    if any(low.islower() and high.isupper() for low, high in pairwise(word)):
        return 0.0
    if script == "LATIN":
        beyond = [sign for sign in word if not sign.isascii()]
        if len(word) > 1 and len(beyond) > 0.75 * len(word):
            return 0.0
        return 1.0 if all(sign in _LATIN_USUAL for sign in beyond) else 0.8
    if script == "CYRILLIC":
        usual = sum(_CYRILLIC_USUAL(sign) is not None for sign in word) / len(word)
        vowels = len(_CYRILLIC_VOWEL.findall(word)) / len(word)
        return usual if len(word) < 4 or 0.2 <= vowels <= 0.75 else 0.3 * usual
    if any(sign in _LAST_OF_WORD for sign in word[:-1]):
        return 0.0
    if unicodedata.category(word[0])[0] == "M":
        return 0.0
    return 1.0


@cache
def _script(sign: str) -> str:
    if unicodedata.category(sign)[0] == "M":
        return "ARABIC" if "ARABIC" in unicodedata.name(sign, "") else "LATIN"
    return unicodedata.name(sign, "?").split()[0]


def _of_bytes(name: str, usual: Callable[[int, int], bool]) -> Callable[[str], float]:
    """Judge words of a code page of two bytes a letter by the share of letters in daily use."""

    def judge(word: str) -> float:
        signs = [sign for sign in word if not sign.isascii()]
        found = 0
        for sign in signs:
            code = sign.encode(name)
            found += len(code) == 2 and usual(code[0], code[1])
        share = found / len(signs)
        # Abbreviations may stand beside, as CRP and B do, but no small Latin letters.
        return share if re.search(r"[a-z][^ -~]|[^ -~][a-z]", word) is None else share / 2

    return judge


#: The national standards have the letters of daily use first.
_JUDGES = {
    "gb18030": _of_bytes("gb18030", lambda a, b: 0xB0 <= a <= 0xD7 and b >= 0xA1),
    "big5": _of_bytes("big5", lambda a, b: 0xA4 <= a <= 0xC6),
    "cp932": _of_bytes("cp932", lambda a, b: 0x82 <= a <= 0x83 or 0x88 <= a <= 0x97),
    "cp949": _of_bytes("cp949", lambda a, b: 0xB0 <= a <= 0xC8 and b >= 0xA1),
}
