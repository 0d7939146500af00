"""LOINC codes: their form and check digit. The LOINC table itself is not part of this package."""

from __future__ import annotations

import re

from synthhealth.errors import SchemaError

__all__ = ["check_loinc", "is_loinc"]

_FORM = re.compile(r"(\d{1,7})-(\d)")


def check_loinc(code: str) -> None:
    """Refuse what cannot be a LOINC code.

    A code is a number, a hyphen and a check digit (modulus 10, double-add-double; LOINC Users'
    Guide, appendix C). Whether LOINC has the code is not looked up.

    Raises
    ------
    SchemaError
        The form or the check digit is wrong.

    Examples
    --------
    >>> from synthhealth.schema._knowledge._loinc import check_loinc
    >>> check_loinc("1988-5")
    >>> check_loinc("1988-4")
    Traceback (most recent call last):
        ...
    synthhealth.errors.SchemaError: loinc '1988-4': the check digit does not fit the number; \
look the code up at https://loinc.org
    """
    form = _FORM.fullmatch(code)
    if form is None:
        raise SchemaError(
            f"loinc {code!r} is no LOINC code: a number, a hyphen and a check digit, such as 1988-5"
        )
    number, digit = form.groups()
    if _check_digit(number) != int(digit):
        raise SchemaError(
            f"loinc {code!r}: the check digit does not fit the number; look the code up at "
            "https://loinc.org"
        )


def is_loinc(code: str) -> bool:
    """Say whether a text has the form and the check digit of a LOINC code."""
    form = _FORM.fullmatch(code)
    return form is not None and _check_digit(form[1]) == int(form[2])


def _check_digit(number: str) -> int:
    backwards = [int(sign) for sign in reversed(number)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in backwards[::2])
    return -(doubled + sum(backwards[1::2])) % 10
