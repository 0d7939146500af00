"""Why a column cannot be taken in."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["NO_UNICODE", "Refused", "has_surrogates"]

NO_UNICODE = (
    "holds text that is not valid Unicode (lone surrogates)",
    "decode it again from its source",
)


class Refused(Exception):  # noqa: N818 - it never leaves the gate
    """What a column holds, in words that never show a value, and how to mend it."""

    def __init__(self, holds: str, mend: str) -> None:
        super().__init__(f"{holds}; {mend}")


def has_surrogates(texts: Iterable[str]) -> bool:
    r"""Say whether texts hold halves of letters, which no file can keep: ``"\ud83d"``."""
    try:
        "\n".join(texts).encode()
    except UnicodeEncodeError:
        return True
    return False
