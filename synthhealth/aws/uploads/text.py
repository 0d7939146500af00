"""Bytes in blocks become text, and text becomes lines, in bounded memory."""

from __future__ import annotations

import codecs
import io
import itertools
import re
from collections.abc import Iterable, Iterator

from synthhealth.errors import FileError

__all__ = ["BLOCK_BYTES", "Decoder", "Lines", "blocks"]

#: Blocks are of this size whatever the pieces that arrive, so that these change nothing.
BLOCK_BYTES = 1 << 16
#: A row of a table is never longer than this many letters; what is longer has no row ends.
LONGEST_ROW = 1 << 20

_SIGNATURES = (b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1", b"\x1f\x8b")
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_ALIEN = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile("[^\0-\x7f\udc80-\udcff]")


def blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give the same bytes in blocks of `BLOCK_BYTES`; only the last one may be smaller."""
    held = bytearray()
    for piece in pieces:
        view = memoryview(piece)
        for start in range(0, len(view), BLOCK_BYTES):
            held += view[start : start + BLOCK_BYTES]
            if len(held) >= BLOCK_BYTES:
                yield bytes(held[:BLOCK_BYTES])
                del held[:BLOCK_BYTES]
    if held:
        yield bytes(held)


class Decoder:
    """Finds the encoding while it decodes: UTF-8 with or without a mark, or Windows-1252.

    All before the first letter beyond ASCII is the same in both, so that this letter decides; text
    that is of one encoding first and of another later is refused, never guessed at.
    """

    def __init__(self) -> None:
        self.encoding = "utf-8"
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._is_decided = False

    def decode(self, pieces: Iterable[bytes]) -> Iterator[str]:
        """Decode blocks.

        Raises
        ------
        FileError
            The content is not text, or in another encoding, or partly in another one.
        """
        is_first = True
        for block in blocks(pieces):
            if is_first:
                block = self._begin(block)
                is_first = False
            yield self._text(block, final=False)
        yield self._text(b"", final=True)

    def _begin(self, block: bytes) -> bytes:
        if block.startswith(_SIGNATURES):
            raise FileError(
                "not a CSV but a document, workbook or archive; export the table as CSV, unpacked"
            )
        if block.startswith(_WIDE_MARKS):
            raise FileError("the text is UTF-16 or UTF-32; save it as 'CSV UTF-8'")
        if block.startswith(codecs.BOM_UTF8):
            self.encoding, self._is_decided = "utf-8-sig", True
            return block[len(codecs.BOM_UTF8) :]
        return block

    def _text(self, block: bytes, *, final: bool) -> str:
        text = self._decoder.decode(block, final)
        if "\0" in text:
            raise FileError("not a CSV but binary content, or UTF-16; save it as 'CSV UTF-8'")
        if text.isascii():
            return text
        alien, beyond = _ALIEN.search(text), _BEYOND_ASCII.search(text)
        if not self._is_decided:
            self.encoding = "cp1252" if alien is not None else "utf-8"
            self._is_decided = True
        if (beyond if self.encoding == "cp1252" else alien) is not None:
            raise FileError(
                "part of the text is UTF-8 and part of it is not, or it is cut off; export the "
                "table again as 'CSV UTF-8'"
            )
        if self.encoding != "cp1252":
            return text
        try:
            return text.encode("utf-8", "surrogateescape").decode("cp1252")
        except UnicodeDecodeError:
            raise FileError(
                "the text is neither UTF-8 nor Windows-1252; save it as 'CSV UTF-8'"
            ) from None


class Lines:
    """The lines of a text with their ends, for a reader that says where a row is complete.

    Attributes
    ----------
    letters : int
        How many letters have been taken; blocks of the text are taken whole.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.letters = 0
        self._texts = texts
        self._row = 0

    def end_row(self) -> None:
        """Note that a row is complete."""
        self._row = self.letters

    def __iter__(self) -> Iterator[str]:
        return itertools.chain.from_iterable(self._blocks())

    def _blocks(self) -> Iterator[list[str]]:
        rest = ""
        for text in self._texts:
            lines = list(io.StringIO(rest + text, newline=""))
            # A carriage return at the very end may be the first half of a line's end.
            rest = lines.pop() if lines and not lines[-1].endswith("\n") else ""
            self.letters += len(text)
            if self.letters - self._row > LONGEST_ROW:
                raise FileError(
                    f"a row has more than {LONGEST_ROW:,} letters; look for a quotation mark that "
                    "is never closed, or export the table again"
                )
            yield lines
        yield list(io.StringIO(rest, newline=""))
