"""Text that a spreadsheet runs as a formula where a text table is opened in it."""

from __future__ import annotations

import re

__all__ = ["is_formula"]

# As OWASP lists them under "CSV Injection": the signs that begin a formula, also in full width,
# and the blanks before one that are taken off.
_FORMULA = re.compile("[=@＝＠\t\r]|[+＋\\-－](?=.*[^\\s+＋\\-－])", re.DOTALL)
_NUMBER = re.compile(r"[+-]\s*(?:[0-9][0-9.,' ]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?\s*%?")


def is_formula(text: str) -> bool:
    r"""Tell whether a spreadsheet may run a cell of a CSV instead of showing it.

    Numbers with a sign are none, nor are signs alone, such as the ``++`` of a urine strip.

    Examples
    --------
    >>> from synthhealth.cells.formulas import is_formula
    >>> [is_formula(text) for text in ("=1+1", "@SUM(A1)", "-2+cmd", "+A1", "\t=1")]
    [True, True, True, True, True]
    >>> [is_formula(text) for text in ("-2.5", "+3", "1-2", "++", "a=b", "")]
    [False, False, False, False, False, False]
    """
    return _FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None
