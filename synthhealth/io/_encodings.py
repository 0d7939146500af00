"""In which encoding a text table is, and whether it is text at all."""

from __future__ import annotations

import codecs
import gzip
import io
import re
from pathlib import Path

from synthhealth.errors import FileError

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
    from synthhealth.io._code_pages import find_code_page

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
