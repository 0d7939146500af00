"""A cell that is not text, as a text table would write it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

__all__ = ["decoded", "written", "written_clocks"]


def written(cell: object) -> str:
    """Write one cell, not missing, as a text table has it.

    Examples
    --------
    >>> from datetime import date, time
    >>> from synthhealth.cells.written import written
    >>> [written(cell) for cell in (12.0, 12.5, True, date(2024, 5, 1), time(7, 30), "n/a")]
    ['12', '12.5', 'True', '2024-05-01', '07:30:00', 'n/a']
    """
    if isinstance(cell, float):
        return repr(float(cell)).removesuffix(".0")
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, datetime):
        return cell.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return _duration(cell)
    return str(cell)


def written_clocks(cells: list[time]) -> list[str]:
    """Write times of day; without their seconds where none has any.

    Examples
    --------
    >>> from datetime import time
    >>> from synthhealth.cells.written import written_clocks
    >>> written_clocks([time(7, 30), time(18, 5)])
    ['07:30', '18:05']
    """
    whole = not any(cell.second or cell.microsecond for cell in cells)
    finest = "minutes" if whole else "seconds"
    if any(cell.microsecond for cell in cells):
        finest = "microseconds"
    return [cell.replace(tzinfo=None).isoformat(finest) for cell in cells]


def decoded(cell: bytes) -> str | None:
    """Give the text that bytes are in UTF-8; None where they are no text that prints.

    Examples
    --------
    >>> from synthhealth.cells.written import decoded
    >>> decoded("مصر".encode()), decoded(bytes([0x89, 0x50]))
    ('مصر', None)
    """
    try:
        text = cell.decode()
    except UnicodeDecodeError:
        return None
    return text if all(sign.isprintable() or sign in "\t\r\n" for sign in text) else None


def _duration(cell: timedelta) -> str:
    """Write a duration in hours, as a spreadsheet does: ``26:30:00``."""
    seconds = round(cell.total_seconds())
    minutes, second = divmod(abs(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{'-' if seconds < 0 else ''}{hour}:{minute:02d}:{second:02d}"
