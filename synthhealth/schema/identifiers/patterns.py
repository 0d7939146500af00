"""The form of a code as text, such as ``AA-9999``, and codes of that form without end."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from string import ascii_lowercase, ascii_uppercase, digits

import numpy as np
import numpy.typing as npt

from synthhealth.errors import SchemaError, nearest
from synthhealth.schema.types import MIN_CELL

__all__ = ["Pattern", "pattern_of"]

Rows = npt.NDArray[np.uint64]

#: Rows are numbered within this many combinations, so that products fit 64 bits.
_MOST_COMBINATIONS = 2**31
#: Entries drawn for each list of words; a name appears in it once.
_POOL = 1500

_SIGNS = {
    "A": tuple(ascii_uppercase),
    "a": tuple(ascii_lowercase),
    "9": tuple(digits),
    "#": tuple(digits[1:]),
}
_FIELDS = ("first", "last", "street", "city", "word", "sentence")
_PART = re.compile(r"'((?:[^']|'')*)'|\{(\w+)\}|(.)", re.DOTALL)


@dataclass(frozen=True)
class Pattern:
    """The form of a fake: what stands in each place.

    ``A`` is any capital letter, ``a`` any small one, ``9`` any digit and ``#`` a digit that is not
    zero, and the nine of another script (``٩``) any of its digits; ``'MRN'`` in single quotes
    stands as it is, ``{First}`` is a first name (also ``Last``, ``Street``, ``City``, ``Word``,
    ``Sentence``; ``{first}`` in small letters, ``{FIRST}`` in capitals), and every other sign is
    itself. A pattern of ``#`` and nines makes whole numbers.

    Examples
    --------
    >>> from synthhealth.schema.identifiers.patterns import Pattern
    >>> [len(code) for code in Pattern.parse("'MRN'-9999").fill(0, 2, key="mrn:0")]
    [8, 8]
    """

    places: tuple[tuple[str, ...], ...]
    is_number: bool

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern.

        Raises
        ------
        SchemaError
            It is empty, or has a letter, digit or field that it does not know.
        """
        places: list[tuple[str, ...]] = []
        for literal, field, sign in _PART.findall(text):
            if literal:
                places.append((literal.replace("''", "'"),))
            elif field:
                places.append(_words(field, text))
            elif sign in _SIGNS:
                places.append(_SIGNS[sign])
            elif sign.isdecimal() and unicodedata.decimal(sign) == 9:
                places.append(_digits_up_to(sign))
            elif sign.isalnum() or sign in "'{}":
                raise SchemaError(
                    f"pattern {text!r}: write letters and digits that stay as they are in single "
                    "quotes ('MRN'), and A, a, 9 or # for those that vary"
                )
            elif sign:
                places.append((sign,))
        if not places:
            raise SchemaError("a pattern needs at least one sign, such as AA-9999")
        return cls(tuple(places), re.fullmatch("#9*", text) is not None)

    def fill(self, first: int, count: int, *, key: str) -> list[str]:
        """Give the codes of rows `first` to `first + count`; each row's depends on `key` alone.

        Codes are all different until every combination has been used; from there on those of a
        pattern with digits get one digit more, and words start again.
        """
        rows = np.arange(first, first + count, dtype=np.uint64)
        texts = np.empty(count, dtype=object)
        places, begin, level = self.places, 0, 0
        extends = any(map(_are_digits, places))
        while begin < first + count:
            end = begin + _combinations(places) if extends else first + count
            here = (rows >= begin) & (rows < end)
            if here.any():
                texts[here] = _fill(places, rows[here] - np.uint64(begin), f"{key}:{level}")
            begin, level = end, level + 1
            if extends:
                places = self._longer(level)
        return list(texts)

    def _longer(self, digits_more: int) -> tuple[tuple[str, ...], ...]:
        last = max(i for i, place in enumerate(self.places) if _are_digits(place))
        more = (_digits_up_to(self.places[last][-1]),) * digits_more
        return (*self.places[: last + 1], *more, *self.places[last + 1 :])


def pattern_of(values: Iterable[str]) -> str:
    """Give the most frequent form of some codes, as `Pattern` reads it.

    Letters that all codes of this form share stay if at least five different codes have it; digits
    stay digits of their script.

    >>> pattern_of(["MRN-0412", "MRN-0977", "MRN-1310", "MRN-0088", "MRN-2004", "n/a"])
    "'MRN'-9999"
    >>> pattern_of(["B7", "C4"]), pattern_of(["٤-١٢", "٧-٠٣"])
    ('A9', '٩-٩٩')
    """
    different = sorted(set(values))
    shapes = Counter(_shape(value) for value in different)
    shape, _ = min(shapes.items(), key=lambda item: (-item[1], item[0]))
    same = [value for value in different if _shape(value) == shape]
    written = ""
    for stays, run in groupby(range(len(shape)), lambda place: _stays(same, place, shape[place])):
        places = list(run)
        begin, end = places[0], places[-1] + 1
        written += _quoted(same[0][begin:end]) if stays else shape[begin:end]
    return written


def _stays(same: Sequence[str], place: int, sign: str) -> bool:
    """Whether codes of one form keep what they have at a place: a letter of all, or no letter."""
    if not sign.isalnum():
        return True
    shared = len(same) >= MIN_CELL and len({value[place] for value in same}) == 1
    return shared and sign.isalpha()


def _shape(value: str) -> str:
    return "".join(map(_shape_of_sign, value))


def _shape_of_sign(sign: str) -> str:
    if sign.isdecimal():
        return chr(ord(sign) + 9 - unicodedata.decimal(sign))
    if sign.isalpha():
        return "A" if sign.isupper() else "a"
    return "9" if sign.isnumeric() else sign


def _quoted(text: str) -> str:
    """Put letters, digits and signs of patterns into single quotes."""
    return re.sub(
        r"(?:[^\W_]|[#'{}])+", lambda piece: "'" + piece[0].replace("'", "''") + "'", text
    )


def _digits_up_to(nine: str) -> tuple[str, ...]:
    """Give the digits of a script by its nine."""
    return tuple(chr(code) for code in range(ord(nine) - 9, ord(nine) + 1))


def _are_digits(place: tuple[str, ...]) -> bool:
    return len(place) > 1 and all(sign.isdecimal() for sign in place)


def _combinations(places: Sequence[tuple[str, ...]]) -> int:
    total = 1
    for place in reversed(places):
        if total * len(place) > _MOST_COMBINATIONS:
            break
        total *= len(place)
    return total


def _fill(places: Sequence[tuple[str, ...]], rows: Rows, key: str) -> npt.NDArray[np.object_]:
    total = _combinations(places)
    rest = _shuffled(rows, total, key)
    texts = np.full(rows.size, "", dtype=object)
    left = total
    for number in range(len(places) - 1, -1, -1):
        place = places[number]
        radix = np.uint64(len(place))
        if left >= len(place):
            chosen, rest, left = rest % radix, rest // radix, left // len(place)
        else:
            chosen = _hashed(rows, f"{key}:{number}") % radix
        texts = np.array(place, dtype=object)[chosen.astype(np.intp)] + texts
    return texts


def _shuffled(rows: Rows, total: int, key: str) -> Rows:
    """Give each row another number below `total`: row -> (a row + b) mod total."""
    step = _number(f"{key}:step") % total | 1
    while np.gcd(step, total) != 1:
        step += 2
    shift = _number(f"{key}:shift") % total
    size = np.uint64(total)
    return ((rows % size) * np.uint64(step % total or 1) + np.uint64(shift)) % size


def _hashed(rows: Rows, key: str) -> Rows:
    """Hash row numbers: splitmix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    with np.errstate(over="ignore"):
        z = (rows + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(_number(key))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _number(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")


def _words(field: str, pattern: str) -> tuple[str, ...]:
    kind = field.lower()
    if kind not in _FIELDS:
        raise SchemaError(
            f"pattern {pattern!r}: no field {field!r}{nearest(field, _FIELDS)}; the fields are "
            f"{', '.join(_FIELDS)}"
        )
    if field == kind:
        return tuple(word.lower() for word in _pool(kind))
    if field.isupper():
        return tuple(word.upper() for word in _pool(kind))
    return _pool(kind)


@cache
def _pool(kind: str) -> tuple[str, ...]:
    from faker import Faker

    faker = Faker("en_US")
    faker.seed_instance(0)
    draws: dict[str, Callable[[], str]] = {
        "first": faker.first_name,
        "last": faker.last_name,
        "street": faker.street_name,
        "city": faker.city,
        "word": lambda: str(faker.word()).capitalize(),
        "sentence": faker.sentence,
    }
    draw = draws[kind]
    return tuple(sorted({draw() for _ in range(_POOL)}))
