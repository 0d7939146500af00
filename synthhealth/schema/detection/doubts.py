"""What a column was taken for, and the doubts about a table, the weightiest first."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any

from synthhealth.errors import Doubt
from synthhealth.schema.types import Kind

__all__ = [
    "Detected",
    "counted",
    "doubt_lines",
    "odd_doubts",
    "tell",
    "weight_of",
    "with_gaps",
    "with_settlement",
]


#: So many lines are read, together with three about the file; the rest is for whoever looks at the
#: schema.
MOST_LINES = 7

logger = logging.getLogger("synthhealth.schema")


def doubt_lines(doubts: Iterable[tuple[str, str]], most: int = MOST_LINES) -> list[str]:
    """Say what is in doubt, in at most so many lines.

    Parameters
    ----------
    doubts : iterable of (str, str)
        The names of columns, and what is in doubt about each; `Doubt` says how to settle it.
    most : int
        The number of lines; where there are more doubts, the last line says how many.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from synthhealth.errors import Doubt
    >>> from synthhealth.schema.detection.doubts import doubt_lines
    >>> odd = Doubt("3 of 150 cells are not numbers and count as missing", "kind: nominal", 3)
    >>> for line in doubt_lines([("stage", "only 3 different numbers"), ("hb", odd)]):
    ...     print(line)
    column 'hb': 3 of 150 cells are not numbers and count as missing (to settle it, in the schema: \
kind: nominal)
    column 'stage': only 3 different numbers
    """
    together: dict[str, list[str]] = {}
    by_text: dict[str, str] = {}
    for name, doubt in doubts:
        together.setdefault(str(doubt), []).append(name)
        by_text.setdefault(str(doubt), doubt)
    ranked = sorted(by_text.values(), key=lambda doubt: -weight_of(doubt))
    lines = [_line(together[str(doubt)], doubt) for doubt in ranked]
    if len(lines) <= most:
        return lines
    return [
        *lines[: most - 1],
        f"and {len(lines) - most + 1} more doubts; 'synthhealth schema DATA' lists them all",
    ]


def _odd_doubt(odd: int, observed: int) -> Doubt:
    are, count = ("is", "counts") if odd == 1 else ("are", "count")
    return Doubt(
        f"{odd} of {observed} cells {are} not written as a result like the others, and {count} as "
        "missing; correct what is one",
        "kind: nominal, if the column holds words",
        weight=3,
    )


def odd_doubts(odd: Mapping[str, int], observed: int) -> list[tuple[str, Doubt]]:
    """Say that some cells of columns of numbers or dates are none.

    Parameters
    ----------
    odd : dict of str to int
        How many cells of each column.
    observed : int
        How many rows there are.
    """
    return [(name, _odd_doubt(count, observed)) for name, count in odd.items()]


def tell(doubts: Iterable[tuple[str, str]]) -> None:
    """Log what is in doubt, as warnings."""
    for line in doubt_lines(doubts):
        logger.warning("%s", line)


def weight_of(doubt: str) -> int:
    """Give how much depends on a doubt."""
    return doubt.weight if isinstance(doubt, Doubt) else 1


def with_settlement(line: str, doubt: str) -> str:
    """Add to a line about a doubt what settles it."""
    settle = doubt.settle if isinstance(doubt, Doubt) else ""
    if not settle:
        return line
    where = "" if settle.startswith("-") else ", in the schema"
    return f"{line} (to settle it{where}: {settle})"


def _line(names: Sequence[str], doubt: str) -> str:
    shown = ", ".join(repr(name) for name in names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    which = f"columns {shown}{more}, each" if len(names) > 1 else f"column {shown}"
    line = f"{which}: {doubt}"
    return with_settlement(line, doubt)


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


def counted(n: int, thing: str) -> str:
    """Say how many there are: ``1 word``, ``2 words``."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def with_gaps(why: str, words: Sized) -> str:
    """Add to a reason how many words stand for a missing value."""
    return f"{why}; {counted(len(words), 'word')} for a missing value" if words else why
