"""What a column was taken for, and how it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from synthhealth.schema._schema import Kind

__all__ = ["Detected", "counted", "with_gaps"]


@dataclass(frozen=True)
class Detected:
    """What a column was taken for."""

    kind: Kind
    why: str
    """The reason, in words and without a value."""
    doubts: tuple[str, ...] = ()
    """What a person should look at."""
    said: dict[str, Any] = field(default_factory=dict)
    """What else is known of the column, by the names of `Column`."""


def with_gaps(why: str, missing: Sequence[object]) -> str:
    """Add to a reason how many words stand for a missing value."""
    return f"{why}; {counted(len(missing), 'word')} for a missing value" if missing else why


def counted(n: int, thing: str) -> str:
    """Say how many there are: ``1 word``, ``2 words``."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"
