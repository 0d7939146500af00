"""Numbers that are levels: codes, groups, grades, doses and titres, of which none lies between."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import Doubt
from synthhealth.schema._decimals import count_decimals
from synthhealth.schema._detection._codes import FEW_WHOLE, LONG_NUMBER, form_of_number_codes
from synthhealth.schema._detection._names import says_calendar, says_code, says_grade, says_group
from synthhealth.schema._detection._sentinels import REPEATED
from synthhealth.schema._knowledge._analytes import suggest
from synthhealth.schema._schema import MIN_CELL, Kind

__all__ = ["Levels", "levels_in", "levels_of_numbers"]

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: Numbers of a group, such as wards, are no more than so many.
MOST_GROUPS = 200
MOST_GRADES = 20
MOST_OF_CALENDAR = 12
#: Codes have no more decimals than this: 250.00.
CODE_DECIMALS = 2
#: Levels are seen so often, on average; of a measurement there would be more different values.
OFTEN = 10


class Levels(NamedTuple):
    """What levels a column of numbers has."""

    kind: Kind
    """Nominal or ordinal."""
    why: str
    """The reason, in words and without a value."""
    doubt: Doubt
    """What a person should look at."""


def levels_of_numbers(name: str, different: Numbers, counts: Counts) -> Levels | None:
    """Take numbers for codes, groups or grades, if their name or they themselves say so.

    Parameters
    ----------
    name : str
        The column's name.
    different : numpy.ndarray
        The different values, in order.
    counts : numpy.ndarray
        How many rows have each.

    Returns
    -------
    Levels or None
        None where the numbers may well be a quantity.

    Examples
    --------
    >>> import numpy as np
    >>> from synthhealth.schema._detection._levels import levels_of_numbers
    >>> numbers, counts = np.array([101.0, 102, 104, 110, 115, 131]), np.full(6, 25)
    >>> levels_of_numbers("hospital", numbers, counts).kind.value
    'nominal'
    >>> levels_of_numbers("x", numbers, counts).kind.value
    'ordinal'
    """
    n, low, high = different.size, different[0], different[-1]
    is_whole = not (different % 1).any()
    measured = "count" if is_whole else "continuous"
    repeated = n <= counts.sum() / 2 or counts.max() >= MIN_CELL
    is_code = says_code(name) and count_decimals(different) in range(CODE_DECIMALS + 1)
    is_group = says_group(name) and is_whole and n <= MOST_GROUPS
    if low >= 0 and repeated and (is_code or is_group):
        numbers = "whole numbers" if is_whole else "numbers"
        what = "codes" if is_code else "groups"
        doubt = Doubt(
            "only codes that occur are drawn; if the numbers are a quantity, say so",
            f"kind: {measured}",
            2,
        )
        why = f"{n} different {numbers} that the name calls {what}"
        return Levels(Kind.NOMINAL, why, doubt)
    of_calendar = says_calendar(name) and 0 <= low <= high <= MOST_OF_CALENDAR
    is_dense = high - low < n + 1
    if is_whole and (of_calendar or (is_dense and says_grade(name) and n <= MOST_GRADES)):
        what = "months or days" if of_calendar else "grades or groups"
        doubt = Doubt("if the groups have no order, declare the column as nominal", "kind: nominal")
        return Levels(Kind.ORDINAL, f"{n} whole numbers in a row that the name calls {what}", doubt)
    if form_of_number_codes(different, counts):
        text = (
            f"{n} long whole numbers that occur again and again look like codes, so that only "
            "those that occur are drawn; if they "
        )
        if low >= LONG_NUMBER and n > FEW_WHOLE:  # as telephones and national numbers are
            doubt = Doubt(f"{text}number patients, say so", "kind: identifier", 3)
        else:
            doubt = Doubt(f"{text}are a quantity, say so", "kind: count", 2)
        return Levels(Kind.NOMINAL, "whole numbers like codes", doubt)
    why_levels = levels_in(different, counts)
    if why_levels is None or suggest(name, pd.Series(different.repeat(counts)), None) is not None:
        return None
    doubt = Doubt(
        f"{why_levels}: only those that occur are drawn; if they are a quantity, say so",
        f"kind: {measured}",
        2,
    )
    return Levels(Kind.ORDINAL, why_levels, doubt)


def levels_in(different: Numbers, counts: Counts) -> str | None:
    """Say why numbers are levels rather than measurements; None where they may well be measured.

    Parameters
    ----------
    different : numpy.ndarray
        The different values of a column, in order.
    counts : numpy.ndarray
        How many rows have each.

    Examples
    --------
    >>> import numpy as np
    >>> from synthhealth.schema._detection._levels import levels_in
    >>> doses = np.array([2.5, 5, 10, 20, 40, 60])
    >>> levels_in(doses, np.full(6, 25))
    'only 6 different numbers, with gaps between them'
    >>> levels_in(np.arange(9.0), np.full(9, 25)) is None
    True
    """
    n = different.size
    if n <= 2 or n > FEW_WHOLE:
        return None
    positive = different[different > 0]
    ratios = positive[1:] / positive[:-1]
    if ratios.size >= 3 and ratios[0] >= 2 and np.allclose(ratios, ratios[0]):
        return f"{n} numbers, each the same multiple of the one before, as titres are"
    if counts.min() < REPEATED or counts.sum() < OFTEN * n:
        return None
    decimals = count_decimals(different)
    if decimals is None:
        return None
    between = np.round(np.diff(different) * 10.0**decimals) - 1
    frequent = np.minimum(counts[1:], counts[:-1]) >= MIN_CELL
    if between[frequent].sum() < n:
        return None
    return f"only {n} different numbers, with gaps between them"
