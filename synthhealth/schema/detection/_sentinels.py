"""Numbers that stand for a missing value: -9, 99, 777, 9999.99, far from all that was measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthhealth.errors import Doubt
from synthhealth.schema.types import MIN_CELL

__all__ = ["REPEATED", "missing_codes", "missing_doubt", "spike_doubt", "zero_doubt"]

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: A number in fewer rows than this is no code.
REPEATED = 3
#: A code lies this many times above everything else, or so many upper halves of the rest above it.
APART = 2.0
#: Below zero, these are codes where all else is not; -1 only where zero does not come before it.
_SMALL_NEGATIVE = (-1.0, -7.0, -8.0, -9.0)
#: No column has more kinds of missing values.
MOST_CODES = 20
#: "Refused", "does not apply", "unknown" behind answers that run from 0 or 1.
_SMALL_POSITIVE = (7.0, 8.0, 9.0)
_MOST_ANSWERS = 6
#: Many surveys number their kinds of missing answers 97, 98, 99.
_ENDS = ("97", "98")
#: Zero stands apart where it is so many usual steps, and such a part of the usual, below the rest.
STEPS = 5
PART = 0.1
#: Zeros among so few different values are one of them.
FEW_WHOLE = 20


def missing_codes(different: Numbers, counts: Counts) -> tuple[int | float, ...]:
    """Find the codes for missing values: repeated, and far from all other values.

    Parameters
    ----------
    different : numpy.ndarray
        The different values of a column, in order.
    counts : numpy.ndarray
        How many rows have each.

    Examples
    --------
    >>> import numpy as np
    >>> from synthhealth.schema.detection._sentinels import missing_codes
    >>> hb = np.array([9.8, 11.2, 12.5, 13.1, 99.9])
    >>> missing_codes(hb, np.array([8, 20, 30, 25, 6]))
    (99.9,)
    """
    is_code = _below(different, counts)
    is_code[~is_code] |= _above(different[~is_code], counts[~is_code])
    is_code[~is_code] |= _behind_answers(different[~is_code], counts[~is_code])
    return tuple(int(one) if one % 1 == 0 else one for one in different[is_code].tolist())


def missing_doubt(codes: tuple[int | float, ...]) -> Doubt:
    """Say what is taken for a missing value."""
    listed = " and ".join(f"{code}" for code in codes)
    stands = "stands" if len(codes) == 1 else "stand"
    return Doubt(
        f"{listed} {stands} apart from all other numbers, taken for missing; if this is wrong, "
        "say so",
        "missing: []",
        2,
    )


def spike_doubt(different: Numbers, counts: Counts) -> Doubt | None:
    """Say that many rows have one and the same number far beyond all others."""
    if different.size < 3:
        return None
    below = different[0] < 0 <= different[1] and counts[0] >= REPEATED
    top = counts[-1] >= max(MIN_CELL, APART * counts[:-1].max()) and _is_far(
        different[-1], int(counts[-1]), different[:-1], counts[:-1]
    )
    if not (below or top):
        return None
    end, side = (0, "below") if below else (-1, "above")
    return Doubt(
        f"{counts[end]} of {counts.sum()} values are one number far {side} all others, and are "
        "learned as that; if it is a code, declare it as missing",
        "missing: [the code]",
        3,
    )


def zero_doubt(numbers: Numbers) -> Doubt | None:
    """Say that zeros in a column, without its missing values, look like missing ones."""
    positive = np.sort(numbers[numbers > 0])
    zeros = int((numbers == 0).sum())
    different = np.unique(positive)
    if zeros < REPEATED or (numbers < 0).any() or different.size <= FEW_WHOLE:
        return None
    step = float(np.median(np.diff(different[: different.size // 2])))
    if different[0] < max(STEPS * step, PART * float(np.median(positive))):
        return None
    return Doubt(
        f"{zeros} of {numbers.size} values are zero and no other comes near; if they stand for "
        "missing values, say so",
        "missing: [0]",
        3,
    )


def _below(different: Numbers, counts: Counts) -> npt.NDArray[np.bool_]:
    """Find codes below zero where nothing else is."""
    n_below = int(np.searchsorted(different, 0))
    named = np.zeros(different.size, dtype=bool)
    if not 0 < n_below < min(different.size, MOST_CODES):
        return named
    named[:n_below] = [
        one in _SMALL_NEGATIVE or _is_written_as_code(-one) for one in different[:n_below].tolist()
    ]
    rest = different[~named]
    if rest.min() < 0:
        return np.zeros_like(named)
    found = named & (counts >= REPEATED)
    is_one = different == -1
    if found[~is_one].any() or (rest.min() > 0 and rest.size > 1):
        return found
    return found & ~is_one


def _above(different: Numbers, counts: Counts) -> npt.NDArray[np.bool_]:
    """Find codes above everything else."""
    named = (different > 9) & (counts >= REPEATED)
    named[named] = [_is_written_as_code(one) for one in different[named].tolist()]
    found = np.zeros_like(named)
    for place in np.flatnonzero(named):
        # From the lowest on: one that is no code is a value that the next must be far from.
        rest = ~named
        rest[:place] |= ~found[:place]
        found[place] = rest.sum() > 1 and _is_far(
            different[place], int(counts[place]), different[rest], counts[rest]
        )
    return found


def _behind_answers(different: Numbers, counts: Counts) -> npt.NDArray[np.bool_]:
    """Find 7, 8 and 9 behind answers that run from 0 or 1 and end well before."""
    named = np.isin(different, _SMALL_POSITIVE)
    answers = different[~named]
    if not named.any() or not 2 <= answers.size <= _MOST_ANSWERS or answers[0] not in (0, 1):
        return np.zeros_like(named)
    runs = answers[-1] - answers[0] == answers.size - 1 and not (answers % 1).any()
    apart = different[named][0] >= answers[-1] + 3
    # Behind a few answers a fourth kind stands out; the tail of a count gets thinner and thinner.
    often = counts[named] >= (MIN_CELL if answers.size <= 3 else counts[~named][-1])
    if not (runs and apart and often.all() and (counts[named] >= MIN_CELL).all()):
        return np.zeros_like(named)
    return named


def _is_far(code: float, count: int, rest: Numbers, counts: Counts) -> bool:
    top = float(rest.max())
    if top > 0 and code >= APART * top:
        return True
    order = np.cumsum(counts)
    median = float(rest[np.searchsorted(order, order[-1] / 2)])
    return count >= MIN_CELL and code - top >= APART * (top - median) > 0


def _is_written_as_code(number: float) -> bool:
    """Say whether a number is written with one digit: 99, 777, 9999.99; or is 98, 997."""
    text = f"{number:.10g}"
    digits = text.replace(".", "")
    if not digits.isdigit() or digits[0] not in "6789":
        return False
    fewest = 3 if "." in text or digits[0] == "6" else 2
    same = len(digits) >= fewest and len(set(digits)) == 1
    return same or (digits[-2:] in _ENDS and set(digits[:-1]) == {"9"} and "." not in text)
