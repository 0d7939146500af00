"""In which encoding a text table is: Unicode, Windows-1256, GB18030, ..., or no text at all."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from synthhealth.errors import FileError

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


SNIFFED_BYTES = 1 << 16
_BLOCK_BYTES = 1 << 20

#: First bytes of what is often renamed to .csv, and what to do about it.
_SIGNATURES = (
    (b"%PDF", "a PDF document; export the table itself as CSV"),
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive; name it .xlsx, or unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls); save it as .xlsx or CSV"),
    (b"\x89PNG", "a PNG image; export the table itself as CSV"),
    (b"\xff\xd8\xff", "a JPEG image; export the table itself as CSV"),
    (b"PAR1", "a Parquet file; name it .parquet"),
    (b"\x1f\x8b", "gzip-compressed; name it .csv.gz"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
#: The longer first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ADVICE = (
    "in Excel save it as 'CSV UTF-8', or convert it: iconv -f ENCODING -t UTF-8 OLD.csv > NEW.csv"
)


def open_binary(path: Path, suffix: str) -> gzip.GzipFile | io.BufferedReader:
    """Open a text table's bytes, unpacked."""
    return gzip.open(path) if suffix.endswith(".gz") else path.open("rb")


def find_encoding(path: Path, suffix: str) -> str:
    """Find the encoding: what a byte order mark says, else UTF-8, else the likeliest code page.

    Where the words of the table make sense in none it is refused: a wrong guess would change names
    and levels in silence.
    """
    with open_binary(path, suffix) as file:
        head = file.read(SNIFFED_BYTES)
    for signature, advice in _SIGNATURES:
        if head.startswith(signature):
            raise FileError(f"{path}: not a CSV but {advice}")
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if "\0" in head.decode("latin-1"):
        return _utf16_without_mark(path, head)
    return _utf8_or_code_page(path, suffix, head)


def _utf16_without_mark(path: Path, head: bytes) -> str:
    # The names of a header are mostly ASCII, whose every second byte is then zero.
    first = head[: 2 * (len(head) // 2)][:200]
    even, odd = first[0::2], first[1::2]
    if len(first) >= 4 and not even.count(0) and odd.count(0) > 0.8 * len(odd):
        return "utf-16-le"
    if len(first) >= 4 and not odd.count(0) and even.count(0) > 0.8 * len(even):
        return "utf-16-be"
    raise FileError(f"{path}: not a CSV but binary content; export the table as CSV")


def _utf8_or_code_page(path: Path, suffix: str, head: bytes) -> str:
    """Read the whole file: one byte at its end may say that it is not UTF-8."""
    if _is_utf8(path, suffix):
        return "utf-8"
    if _CONTROL.search(head):
        raise FileError(f"{path}: not a CSV but binary content; export the table as CSV")

    with open_binary(path, suffix) as file:
        found = find_code_page(file)
    if found is not None:
        return found
    with open_binary(path, suffix) as file:
        if any(not line.isascii() and _is_valid(line) for line in file):
            raise FileError(
                f"{path}: part of the text is UTF-8 and part of it is not, as where two files were "
                "put into one; export the table again, all of it as UTF-8"
            )
    raise FileError(
        f"{path}: the text is not UTF-8, and its words make no sense in any usual encoding; say "
        f"which one it is (encoding=, --encoding), or {_ADVICE}"
    )


def is_unicode(path: Path, suffix: str) -> bool:
    """Whether a text table is in UTF-8, or says that it is in another form of Unicode."""
    with open_binary(path, suffix) as file:
        head = file.read(4)
    return any(head.startswith(mark) for mark, _ in _MARKS) or _is_utf8(path, suffix)


def _is_utf8(path: Path, suffix: str) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open_binary(path, suffix) as file:
            while block := file.read(_BLOCK_BYTES):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_valid(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def check_encoding(path: Path, suffix: str, name: str) -> str:
    """Give the encoding that the user says as Python names it.

    Raises
    ------
    FileError
        Python does not know it.
    """
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):  # a NUL is the latter
        raise FileError(
            f"{path}: there is no encoding {name!r}; usual ones are utf-8, cp1252 (Western), "
            "cp1256 (Arabic), cp1251 (Cyrillic), gb18030 (Chinese)"
        ) from None
    with open_binary(path, suffix) as file:
        has_mark = file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
    return "utf-8-sig" if known == "utf-8" and has_mark else known


def refuse_encoding(path: Path, encoding: str) -> FileError:
    """Give the error for text that is not in the encoding that it seemed, or was said, to be."""
    return FileError(f"{path}: the text is not {encoding.upper()}, or it is cut off; {_ADVICE}")
