"""Columns of text that are numbers: all, nearly all, or too few to go on without a word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from synthhealth.cells.missing import plain_word
from synthhealth.errors import Doubt
from synthhealth.schema.detection._codes import FEW_LEVELS, levels_of_numbers, number_doubts
from synthhealth.schema.detection._sentinels import missing_codes, missing_doubt
from synthhealth.schema.detection.doubts import Detected, counted, with_gaps
from synthhealth.schema.reading.notation import parse_numbers
from synthhealth.schema.reading.number_form import NumberForm, form_of_levels
from synthhealth.schema.reading.vocabulary import ZERO_WORDS, MissingWords
from synthhealth.schema.types import MIN_CELL, DetectionLimits, Kind, Notation

__all__ = ["MOSTLY", "coded_doubts", "lost_doubt", "numbers_of_text", "share_of"]


Counts = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

#: A column is of numbers where this share of its cells are.
MOSTLY = 0.8
#: With no more than this share of numbers it is a column of words.
SOME = 0.2

#: ``V27``, ``E11.9``, ``102A``, ``3a``: codes, some of which look like numbers.
_CODE = re.compile(r"[^\W\d_]{1,3}[-.]?\d+(?:\.\d+)*[^\W\d_]?|\d+(?:\.\d+)*[^\W\d_]{1,2}")


def share_of(form: NumberForm, counts: Counts) -> float:
    """Give the share of the cells that are numbers."""
    return float(counts[form.parsed.fits].sum() / counts.sum())


def numbers_of_text(
    name: str,
    form: NumberForm,
    texts: Sequence[str],
    counts: Counts,
    missing: tuple[str, ...],
    words: Sequence[str] = (),
) -> Detected | None:
    """Take a column for numbers if nearly all cells are, or for what a person must decide.

    Parameters
    ----------
    name : str
        The column's name.
    form : NumberForm
        How the numbers are written.
    texts, counts : sequence of str, ndarray of int64
        The different cells and how many rows have each, without words for missing values.
    missing : tuple of str
        The words for missing values that many rows have.
    words : sequence of str
        All of these words.

    Returns
    -------
    Detected or None
        None for a column of words, codes or groups, though some of them are numbers.
    """
    fits = form.parsed.fits
    share = share_of(form, counts)
    odd = [text for text, fit in zip(texts, fits.tolist(), strict=True) if not fit]
    different = np.unique(form.parsed.numbers[fits]).size
    if (
        share <= SOME
        or _are_codes(odd, counts[~fits], different)
        or _are_groups(different, counts[fits], counts[~fits])
    ):
        return None
    n_odd, n = int(counts[~fits].sum()), int(counts.sum())
    if share < MOSTLY:
        if different <= FEW_LEVELS or counts[fits].min() >= MIN_CELL:
            return None
        return _undecided(form, n_odd, n, missing)
    doubts: list[str] = []
    kept, lost = _frequent_words(odd, counts[~fits])
    if lost:
        doubts.append(lost_doubt(lost, n))
    if kept:
        low = any(plain_word(word) in ZERO_WORDS for word in kept)
        doubts.append(
            Doubt(
                f"{counted(len(kept), 'word')} in {n_odd - lost} cells taken for missing"
                + (", though it may say that the result is too low to be found" if low else "")
                + "; if this is wrong, declare the column as nominal",
                "kind: nominal",
                3 if low else 2,
            )
        )
    doubts += form.doubts
    missing = (*missing, *kept)
    if any(plain_word(code) in ("nd", "n.d.", "n. d.") for code in missing):
        text = "'nd' is taken for 'not done'; it may mean 'not detected', a low result"
        doubts.append(Doubt(text, "kind: nominal", 2))
    known = fits & (form.parsed.sides == 0)
    codes = missing_codes(*_different(form.parsed.numbers[known], counts[known]))
    if codes:
        is_code = known & np.isin(form.parsed.numbers, codes)
        missing = (*missing, *(text for text, one in zip(texts, is_code, strict=True) if one))
        doubts.append(missing_doubt(codes))
        fits = fits & ~is_code
    numbers, rows = _different(form.parsed.numbers[fits], counts[fits])
    if rows.sum() < MOSTLY * (lost + rows.sum()):
        if numbers.size <= FEW_LEVELS:
            return None
        return _undecided(form, n_odd, n, missing)
    levels = None
    if numbers.size > FEW_LEVELS:
        levels = levels_of_numbers(name, numbers, rows)
        if levels is None:
            return _many_numbers(form, fits, counts, missing, doubts, words)
        doubts.append(levels.doubt)
        if levels.kind is Kind.NOMINAL:
            said = {"missing": missing}
            return Detected(Kind.NOMINAL, with_gaps(levels.why, missing), tuple(doubts), said)
    # Some words stand for a missing number, and else for a level.
    unsaid = set(words) - {*missing, *MissingWords.among_words(words)}
    gone = unsaid.union(odd) - set(missing)
    return _few_numbers(form, fits, texts, missing, doubts, gone)


def _different(numbers: Numbers, counts: Counts) -> tuple[Numbers, Counts]:
    different, places = np.unique(numbers, return_inverse=True)
    return different, np.bincount(places, counts, different.size).astype(np.int64)


def lost_doubt(lost: int, n: int) -> Doubt:
    """Say that some cells of a column of numbers are none."""
    no, counts, they = (
        ("is not a number", "counts", "it holds")
        if lost == 1
        else ("are not numbers", "count", "they hold")
    )
    text = f"{lost} of {n} cells {no} and {counts} as missing; what {they} is not learned or shown"
    return Doubt(text, "missing: [...] or kind: nominal", 3)


def coded_doubts(form: NumberForm, counts: Counts) -> tuple[Doubt, ...]:
    """Say that many cells of a column of groups or codes are numbers, of many different ones."""
    numeric, n = int(counts[form.parsed.fits].sum()), int(counts.sum())
    if numeric <= SOME * n or np.unique(form.parsed.numbers[form.parsed.fits]).size <= FEW_LEVELS:
        return ()
    text = f"{numeric} of {n} cells are numbers; they are taken for codes, as the others are"
    return (Doubt(text, "kind: continuous", 2),)


def _are_codes(odd: Sequence[str], counts: Counts, different: int) -> bool:
    """Whether most of what is not a number is a code, and so the numbers are codes, too."""
    if not odd:
        return False
    coded = int(counts[[bool(_CODE.fullmatch(text.strip())) for text in odd]].sum())
    return 2 * coded > counts.sum() and (coded >= MIN_CELL or different <= FEW_LEVELS)


def _are_groups(different: int, numbers: Counts, words: Counts) -> bool:
    """Whether a few numbers and a few words are the levels of one column, each of many patients."""
    return (
        0 < words.size <= FEW_LEVELS
        and different <= FEW_LEVELS
        and bool(min(words.min(), numbers.min()) >= MIN_CELL)
    )


def _frequent_words(odd: Sequence[str], counts: Counts) -> tuple[tuple[str, ...], int]:
    """Give the words of many rows, and the number of cells with anything else."""
    is_word = [
        count >= MIN_CELL and not any(sign.isdecimal() for sign in text)
        for text, count in zip(odd, counts.tolist(), strict=True)
    ]
    kept = tuple(text for text, one in zip(odd, is_word, strict=True) if one)
    return kept, int(counts[[not one for one in is_word]].sum())


def _undecided(form: NumberForm, n_odd: int, n: int, missing: tuple[str, ...]) -> Detected:
    """Take it for numbers that cannot be read: a fit refuses them until somebody says more."""
    text = (
        f"{n - n_odd} of {n} cells are numbers, the others are not, or they are in different "
        "units; before it can be learned, say what the others mean (missing), bring them to one "
        "form, or declare the column as nominal or text"
    )
    return Detected(
        Kind.CONTINUOUS,
        f"numbers in {n - n_odd} of {n} cells, and other texts",
        (Doubt(text, "missing: [...] or kind: nominal", 3),),
        {"missing": missing, "notation": form.notation, "decimals": form.decimals},
    )


def _many_numbers(
    form: NumberForm,
    fits: npt.NDArray[np.bool_],
    counts: Counts,
    missing: tuple[str, ...],
    doubts: list[str],
    words: Sequence[str],
) -> Detected:
    notation = form.notation
    numbers, sides = form.parsed.numbers[fits], form.parsed.sides[fits]
    is_whole = not form.decimals and not (numbers % 1).any()
    said: dict[str, Any] = {"notation": notation, "decimals": form.decimals, "missing": missing}
    if form.unit is not None:
        said["unit"] = form.unit
    if sides.any():
        said["detection"] = DetectionLimits(below=form.below, above=form.above)
    doubts += number_doubts(*_different(numbers, counts[fits]))
    what = "whole numbers" if is_whole else f"numbers with {counted(form.decimals or 0, 'decimal')}"
    if form.decimals is None:
        what = "numbers"
    parts = [f"{what} written as text", *_marks_of(notation)]
    if sides.any():
        censored = int(counts[fits][sides != 0].sum())
        limits = counted(len(form.below) + len(form.above), "detection limit")
        parts.append(f"{censored} beyond {limits}")
    kind = Kind.COUNT if is_whole else Kind.CONTINUOUS
    gaps = {*missing, *words}
    return Detected(kind, with_gaps(", ".join(parts), gaps), tuple(doubts), said)


def _few_numbers(
    form: NumberForm,
    fits: npt.NDArray[np.bool_],
    texts: Sequence[str],
    missing: tuple[str, ...],
    doubts: list[str],
    gone: set[str],
) -> Detected | None:
    parsed = form.parsed
    places = zip(parsed.numbers.tolist(), parsed.sides.tolist(), texts, fits, strict=True)
    levels = tuple(text for _, _, text, fit in sorted(places, key=lambda one: one[:2]) if fit)
    said: dict[str, Any] = {"missing": missing}
    if gone:
        # The levels say that they are numbers, and so which cells are none.
        own = form_of_levels(levels)
        if own is None or parse_numbers(sorted(gone), own.notation).fits.any():
            return None
        said["levels"] = levels
    if set(parsed.numbers[fits]) <= {0.0, 1.0} and not parsed.sides.any():
        return Detected(Kind.BOOLEAN, with_gaps("0 and 1", missing), tuple(doubts), said)
    if len(levels) <= 2:
        return Detected(Kind.NOMINAL, with_gaps("two codes", missing), tuple(doubts), said)
    why = with_gaps(f"only {len(levels)} different numbers", missing)
    return Detected(Kind.ORDINAL, why, tuple(doubts), said | {"levels": levels})


def _marks_of(notation: Notation) -> list[str]:
    marks = []
    if notation.decimal == ",":
        marks.append("decimal comma")
    if notation.thousands:
        marks.append("thousands parted")
    if notation.digits != "latin":
        marks.append(f"{notation.digits} digits")
    if notation.prefix:
        marks.append(f"each behind {notation.prefix.strip()!r}")
    if notation.suffix:
        marks.append(f"each followed by {notation.suffix.strip()!r}")
    return marks
