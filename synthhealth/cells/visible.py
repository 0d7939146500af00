"""What can be seen of a cell: marks of direction and zero widths are no part of a word."""

from __future__ import annotations

import re

from synthhealth.cells.digits import without_marks

__all__ = ["visible"]

_NO_BREAK = "\u00a0"
#: Between digits it parts thousands.
_BLANK = re.compile(f"(?<![0-9]){_NO_BREAK}|{_NO_BREAK}(?![0-9])")


def visible(text: str) -> str:
    r"""Drop marks that nobody sees, and make a no-break space a blank unless it parts thousands.

    A text without them stays as it is, blanks around it, too.

    Examples
    --------
    >>> from synthhealth.cells.visible import visible
    >>> visible("\u200fأنثى"), visible("Port\u00a0Said\u00a0"), visible(" 12 ")
    ('أنثى', 'Port Said', ' 12 ')
    """
    if text.isascii():
        return text
    seen = without_marks(text)
    if _NO_BREAK in seen:
        seen = _BLANK.sub(" ", seen)
    return text if seen == text else seen.strip()
