"""Numbers in a column that are no measurements: codes for missing values, heaps of zeros."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["FEW_LEVELS", "missing_codes", "number_doubts", "zero_doubt"]

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

_NEGATIVE = (-9.0, -99.0, -999.0, -9999.0)
_POSITIVE = (99.0, 999.0, 9999.0)
_NINES = frozenset({99.0, 999.0, 9999.0, 99999.0, 999999.0})
#: 99 is a usual result of many tests; a code only where all others are at most this.
_BELOW_99 = 20.0
#: A number in fewer rows than this is no code.
REPEATED = 3
#: A code lies this many times above everything else.
APART = 2.0
#: Numbers with no more different values than this are stages or codes, not measurements.
FEW_LEVELS = 5
#: So few different values with decimals, in less than this share of the rows, stand out.
FEW_ODD = 2
ODD_SHARE = 0.1
#: Zero stands apart where it is so many usual steps, and such a part of the usual, below the rest.
STEPS = 5
PART = 0.1
#: Whole numbers with no more different values than this may be grades.
FEW_WHOLE = 20


def missing_codes(different: Numbers, counts: Counts) -> tuple[int, ...]:
    """Find -9, -99, 999, 9999 where they are repeated and far from all other values.

    Parameters
    ----------
    different : numpy.ndarray
        The different values of a column.
    counts : numpy.ndarray
        How many rows have each.
    """
    found: list[int] = []
    others = different[~np.isin(different, _NEGATIVE)]
    if others.size and others.min() >= 0:
        found += [int(one) for one in _NEGATIVE if _rows(one, different, counts) >= REPEATED]
    others = different[~np.isin(different, (*_NEGATIVE, *_POSITIVE))]
    if others.size > 1 and others.min() >= 0:
        top = others.max()
        found += [
            int(one)
            for one in _POSITIVE
            if _rows(one, different, counts) >= REPEATED
            and one >= APART * top
            and (one > 99 or top <= _BELOW_99)
        ]
    return tuple(found)


def number_doubts(different: Numbers, counts: Counts) -> list[str]:
    """Say what in a column of more than a few numbers a person should look at."""
    doubts = []
    n = int(counts.sum())
    top = float(different[-1])
    if top in _NINES and counts[-1] >= REPEATED and top >= APART * different[-2]:
        doubts.append(
            f"{counts[-1]} of {n} values are one number of nines, far above all others: a code for "
            "a missing or a topped value?"
        )
    broken = different % 1 != 0
    if broken.any():
        odd = int(counts[broken].sum())
        if broken.sum() <= FEW_ODD < different.size / 5 and odd < ODD_SHARE * n:
            doubts.append(f"{odd} of {n} values have decimals, no other has; were they filled in?")
        return doubts
    is_dense = different[-1] - different[0] < 1.5 * different.size
    if different.size <= FEW_WHOLE and is_dense and different[0] in (0, 1):
        doubts.append(
            f"only {different.size} different whole numbers; if they are grades or sizes rather "
            "than counts, declare the column as ordinal"
        )
    elif different.size > 2 * FEW_WHOLE and (
        different.size == n or (is_dense and different.size > n / 2)
    ):
        doubts.append(
            f"{different.size} different whole numbers in {n} rows; if they number patients or "
            "samples, declare the column as identifier"
        )
    return doubts


def zero_doubt(numbers: Numbers) -> str | None:
    """Say that zeros in a column, without its missing values, look like missing ones."""
    positive = np.sort(numbers[numbers > 0])
    zeros = int((numbers == 0).sum())
    different = np.unique(positive)
    if zeros < REPEATED or (numbers < 0).any() or different.size <= FEW_WHOLE:
        return None
    step = float(np.median(np.diff(different[: different.size // 2])))
    if different[0] < max(STEPS * step, PART * float(np.median(positive))):
        return None
    return (
        f"{zeros} of {numbers.size} values are zero and no other comes near; if they stand for "
        "missing values, say so (missing: [0])"
    )


def _rows(value: float, different: Numbers, counts: Counts) -> int:
    return int(counts[different == value].sum())
