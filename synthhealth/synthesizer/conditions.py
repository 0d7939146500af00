"""Conditions on drawn rows, as a user gives them: for all rows alike, or row by row."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd

from synthhealth.errors import ParameterError
from synthhealth.synthesizer.arguments import check_count
from synthhealth.table.known import Known
from synthhealth.table.preparation import Preparation
from synthhealth.table.ranges import Between

__all__ = ["conditions_in_words", "known_rows"]


def known_rows(
    preparation: Preparation, n: int | None, conditions: Mapping[str, Any] | pd.DataFrame | None
) -> Known | None:
    """Check conditions and bring them to the plain form; None where there are none.

    Parameters
    ----------
    preparation : Preparation
        Knows the columns.
    n : int or None
        Number of rows, where the conditions do not say it.
    conditions : dict, pandas.DataFrame or None
        As for `Synthesizer.sample`.

    Raises
    ------
    ParameterError
        The number of rows is missing, or another than that of the conditions.
    ConditionError
        A condition cannot be met.
    """
    if conditions is None:
        return None
    if isinstance(conditions, pd.DataFrame):
        if n is not None and n != len(conditions):
            raise ParameterError(
                f"n is {n}, but the conditions have {len(conditions)} rows; leave n out"
            )
        check_count("number of rows of the conditions", len(conditions))
        asked = {name: list(conditions[name]) for name in conditions.columns}
        return preparation.known(asked, missing_means_unknown=True)
    n_rows = check_count("n", n)
    asked = {name: [value] * n_rows for name, value in conditions.items()}
    return preparation.known(asked, missing_means_unknown=False)


_OPERATORS = re.compile(r"<=|>=|<|>|=")


class Written(NamedTuple):
    """A condition taken apart."""

    column: str
    operator: str
    value: str


def conditions_in_words(
    texts: Sequence[str], like: pd.DataFrame, read: Callable[[str], Any]
) -> dict[str, Any]:
    """Read conditions as a command line has them: ``sex=F``, ``age >= 65``, ``hb=`` (missing).

    Parameters
    ----------
    texts : sequence of str
        Each is a column, one of ``=``, ``<``, ``<=``, ``>``, ``>=``, and a value.
    like : pandas.DataFrame
        Rows that show of which type the columns are.
    read : callable
        Reads a value of a column that is not text.

    Returns
    -------
    dict
        As `Synthesizer.sample` takes it.

    Raises
    ------
    ParameterError
        A text is not a condition, a range begins or ends twice, a column has a value and a
        range, or an end is missing.
    """
    conditions: dict[str, Any] = {}
    for name, operator, text in (_parted(text, like.columns) for text in texts):
        is_text = name in like and any(isinstance(value, str) for value in like[name])
        value = None if not text else text if is_text else read(text)
        before = conditions.get(name)
        if operator == "=":
            if name in conditions:
                raise ParameterError(f"condition on column {name!r} has two conditions; give one")
            conditions[name] = value
            continue
        if value is None:
            raise ParameterError(f"condition {name} {operator}: give a number or a date after it")
        asked = Between() if name not in conditions else before
        is_begin, is_strict = operator[0] == ">", len(operator) == 1
        if not isinstance(asked, Between) or asked.ends[not is_begin] is not None:
            raise ParameterError(f"condition on column {name!r} has two such conditions; give one")
        if is_begin:
            conditions[name] = replace(asked, low=value, above=is_strict)
        else:
            conditions[name] = replace(asked, high=value, below=is_strict)
    return conditions


def _parted(text: str, columns: Collection[str]) -> Written:
    """Take a condition apart where a column's name ends; names may hold the signs, too.

    Examples
    --------
    >>> _parted("crp<5=yes", ["crp<5"])
    Written(column='crp<5', operator='=', value='yes')
    >>> _parted("age >= 65", ["age"])
    Written(column='age', operator='>=', value='65')
    """
    ways = [
        Written(text[: found.start()], found[0], text[found.end() :])
        for found in _OPERATORS.finditer(text)
        if found.start()
    ]
    for way in ways:
        if way.column in columns:
            return way._replace(value=way.value.strip() if way.operator != "=" else way.value)
    if not ways:
        raise ParameterError(
            f"{text!r} is not a condition; write COLUMN=VALUE, or a range in quotes: 'age >= 65'"
        )
    trimmed = [Written(*(part.strip() for part in way)) for way in ways]
    return next((way for way in trimmed if way.column in columns), trimmed[0])
