"""What an option is called where the reader works: in Python or on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["on_command_line", "option", "parameter"]

_ON_COMMAND_LINE: ContextVar[bool] = ContextVar("on_command_line", default=False)

#: In Python, and on the command line.
_OPTIONS = {
    "every patient unseen": ("cross_evaluate(table, k=5)", "synthhealth cross-evaluate DATA"),
    "compare": ("sh.compare(table)", "synthhealth compare DATA"),
    "holdout": ("holdout=...", "--holdout FILE"),
    "analyses": ("analyses=...", "--analysis FORMULA"),
    "schema": ("schema=...", "--schema FILE"),
    "max_seconds": ("max_seconds", "--max-seconds"),
}


@contextmanager
def on_command_line() -> Iterator[None]:
    """Name options as the command line calls them, as long as the block runs."""
    token = _ON_COMMAND_LINE.set(True)
    try:
        yield
    finally:
        _ON_COMMAND_LINE.reset(token)


def option(name: str) -> str:
    """Return how the reader gives something.

    Examples
    --------
    >>> option("holdout")
    'holdout=...'
    >>> with on_command_line():
    ...     option("holdout")
    '--holdout FILE'
    """
    return _OPTIONS[name][_ON_COMMAND_LINE.get()]


def parameter(name: str, value: object) -> str:
    """Return how the reader sets a parameter of a model family.

    Examples
    --------
    >>> parameter("steps", 600)
    'steps=600'
    >>> with on_command_line():
    ...     parameter("steps", 600)
    '--param steps=600'
    """
    return f"{'--param ' if _ON_COMMAND_LINE.get() else ''}{name}={value}"
