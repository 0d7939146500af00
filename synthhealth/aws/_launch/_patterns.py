"""The service's patterns, which are Java's, read with Python's regular expressions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

__all__ = ["matcher"]

# A single class of characters repeated, maybe in brackets, maybe with the length at its end
# (which the service's model gives as min and max, too).
_ONE_CLASS = re.compile(
    r"\(?\[(?P<inside>(?:[^\]\\]|\\.)+)\]\*?(?:\{\d+,\d+\})?\)?(?:\$\{\d+,\d+\})?"
)
_CATEGORY = re.compile(r"\\p\{([LMNPSZ])\}")


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Callable[[str], bool] | None:
    r"""Return what tells whether a text matches a whole pattern, or None if it cannot be read.

    Examples
    --------
    >>> from synthhealth.aws._launch._patterns import matcher
    >>> tag = matcher(r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)")
    >>> tag("Klinik für Rheumatologie"), tag("one, two")
    (True, False)
    """
    plain = pattern.replace(r"\p{Alnum}", "a-zA-Z0-9")
    if r"\p{" in plain:
        return _of_one_class(plain)
    try:
        compiled = re.compile(plain, re.ASCII)  # as Java reads \d and \w
    except re.error:
        return None
    return lambda text: compiled.fullmatch(text) is not None


def _of_one_class(pattern: str) -> Callable[[str], bool] | None:
    found = _ONE_CLASS.fullmatch(pattern)
    if found is None:
        return None
    categories = frozenset(_CATEGORY.findall(found["inside"]))
    rest = _CATEGORY.sub("", found["inside"])
    others = re.compile(f"[{rest}]") if rest else None

    def matches(text: str) -> bool:
        return all(
            unicodedata.category(char)[0] in categories
            or (others is not None and others.fullmatch(char) is not None)
            for char in text
        )

    return matches
