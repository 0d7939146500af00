"""What a column of text is: numbers, dates, stages, groups, or what nobody may learn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthhealth.schema._detection._codes import FEW_LEVELS, are_codes, number_doubts
from synthhealth.schema._detection._detect_times import detect_times
from synthhealth.schema._detection._detected import Detected, counted
from synthhealth.schema._detection._detected import with_gaps as _with_gaps
from synthhealth.schema._detection._levels import levels_of_numbers
from synthhealth.schema._detection._sentinels import missing_codes, missing_doubt
from synthhealth.schema._privacy._evidence import FREE_TEXT, people_doubts
from synthhealth.schema._privacy._identifiers import identifier_in
from synthhealth.schema._schema import DetectionLimits, Kind, Notation
from synthhealth.schema._text._cells import Cells
from synthhealth.schema._text._notation import NumberForm, infer_numbers
from synthhealth.schema._text._vocabulary import (
    ZERO_WORDS,
    MissingWords,
    order_of,
    partly_yes_no,
    plain_word,
)

__all__ = ["Detected", "counted", "detect_text"]

#: More different levels than this, in more than this share of the rows, are no groups.
MANY_LEVELS = 20
VARIED = 0.5
#: A column is of numbers where this share of its rows are.
MOSTLY = 0.8
#: A word in fewer rows than this is nobody's code, and may say who a patient is.
MIN_CELL = 5

_NUMBERED = re.compile(r"\d+(?:st|nd|rd|th)\b.*|\d+ ?[=:)] ?[^\d\s].*")
_ZERO_FIRST = re.compile(r"0\d+")
_COMPARED = re.compile(r".*[<>≤≥]=? ?\d.*")
_STARTS_WITH_NUMBER = re.compile(r"\s*[<>≤≥]?=?\s*[+-]?\d+(?:[.,]\d+)?(?![\w.])\s*\D*")


def detect_text(name: str, values: pd.Series, cells: Cells) -> Detected:
    """Take a column of text for what it is."""
    empty = tuple(MissingWords.among_words(cells.texts))
    levels, counts = cells.without(set(empty))
    if not levels:
        return Detected(Kind.NOMINAL, "every cell is empty", said={"missing": empty})
    codes = are_codes(name, levels, counts)
    order = None if codes else order_of(levels)
    if order is not None:
        said = {"levels": order.levels, "missing": empty}
        kind = Kind.BOOLEAN if order.is_boolean else Kind.ORDINAL
        return Detected(kind, _with_gaps(order.why, empty), said=said)
    times = detect_times(name, cells)
    if times is not None:
        return times
    finding = identifier_in(name, values)
    if finding is not None and finding.direct:
        kind = Kind.TEXT if finding.identifier == FREE_TEXT else Kind.IDENTIFIER
        return Detected(kind, finding.evidence, said={"identifier": finding.identifier})

    if codes:
        return Detected(Kind.NOMINAL, _with_gaps(codes, empty), said={"missing": empty})
    among_numbers = tuple(MissingWords.among_numbers(cells.texts))
    texts, counts = cells.without(set(among_numbers))
    form = infer_numbers(texts, counts)
    if form is not None:
        found = _numbers(name, form, texts, counts, among_numbers)
        if found is not None:
            return found
    return _groups(*cells.without(set(empty)), empty)


def _numbers(
    name: str,
    form: NumberForm,
    texts: Sequence[str],
    counts: np.ndarray[Any, np.dtype[np.int64]],
    missing: tuple[str, ...],
) -> Detected | None:
    """Take a column for numbers, if its words can be told from them."""
    fits = form.parsed.fits
    doubts = list(form.doubts)
    if not fits.all():
        words = [text for text, fit in zip(texts, fits.tolist(), strict=True) if not fit]
        are_codes = (
            counts[fits].sum() >= MOSTLY * counts.sum()
            and counts[~fits].min() >= MIN_CELL
            and not any(re.search(r"\d", word) for word in words)
            and ZERO_WORDS.isdisjoint(map(plain_word, words))
        )
        if not are_codes:
            return None
        doubts.append(
            f"{counted(len(words), 'word')} in {counts[~fits].sum()} cells taken for missing; "
            "if this is wrong, declare the column as nominal"
        )
        missing = (*missing, *words)
    if any(plain_word(code) in ("nd", "n.d.", "n. d.") for code in missing):
        doubts.append("'nd' is taken for 'not done'; it may mean 'not detected', a low result")
    notation = form.notation
    known = fits & (form.parsed.sides == 0)
    different, rows = _different(form.parsed.numbers[known], counts[known])
    codes = missing_codes(different, rows)
    if codes:
        is_code = known & np.isin(form.parsed.numbers, codes)
        missing = (*missing, *(text for text, one in zip(texts, is_code, strict=True) if one))
        doubts.append(missing_doubt(codes))
        fits = fits & ~is_code
    numbers, sides = form.parsed.numbers[fits], form.parsed.sides[fits]
    if numbers.size <= FEW_LEVELS:
        return _few_numbers(form, texts, fits, missing, doubts)
    different, rows = _different(numbers, counts[fits])
    levels = levels_of_numbers(name, different, rows)
    if levels is not None:
        doubts.append(levels.doubt)
        if levels.kind is Kind.ORDINAL:
            return _few_numbers(form, texts, fits, missing, doubts)
        why = _with_gaps(levels.why, missing)
        return Detected(Kind.NOMINAL, why, tuple(doubts), {"missing": missing})
    is_whole = not form.decimals and not (numbers % 1).any()
    said: dict[str, Any] = {"notation": notation, "decimals": form.decimals, "missing": missing}
    if sides.any():
        said["detection"] = DetectionLimits(below=form.below, above=form.above)
    if different.size > 1:
        doubts += number_doubts(different, rows)
    what = "whole numbers" if is_whole else f"numbers with {counted(form.decimals or 0, 'decimal')}"
    if form.decimals is None:
        what = "numbers"
    parts = [f"{what} written as text", *_marks_of(notation)]
    if sides.any():
        censored = int(counts[fits][sides != 0].sum())
        limits = counted(len(form.below) + len(form.above), "detection limit")
        parts.append(f"{censored} beyond {limits}")
    kind = Kind.COUNT if is_whole else Kind.CONTINUOUS
    return Detected(kind, _with_gaps(", ".join(parts), missing), tuple(doubts), said)


def _different(
    numbers: np.ndarray[Any, np.dtype[np.float64]], counts: np.ndarray[Any, np.dtype[np.int64]]
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.int64]]]:
    different, places = np.unique(numbers, return_inverse=True)
    return different, np.bincount(places, counts, different.size).astype(np.int64)


def _few_numbers(
    form: NumberForm,
    texts: Sequence[str],
    fits: np.ndarray[Any, np.dtype[np.bool_]],
    missing: tuple[str, ...],
    doubts: list[str],
) -> Detected:
    parsed = form.parsed
    places = zip(parsed.numbers.tolist(), parsed.sides.tolist(), texts, fits, strict=True)
    levels = tuple(text for _, _, text, fit in sorted(places, key=lambda one: one[:2]) if fit)
    said: dict[str, Any] = {"missing": missing}
    if set(parsed.numbers[fits]) <= {0.0, 1.0} and not parsed.sides.any():
        return Detected(Kind.BOOLEAN, _with_gaps("0 and 1", missing), tuple(doubts), said)
    if len(levels) <= 2:
        return Detected(Kind.NOMINAL, _with_gaps("two codes", missing), tuple(doubts), said)
    why = _with_gaps(f"only {len(levels)} different numbers", missing)
    return Detected(Kind.ORDINAL, why, tuple(doubts), said | {"levels": levels})


def _marks_of(notation: Notation) -> list[str]:
    marks = []
    if notation.decimal == ",":
        marks.append("decimal comma")
    if notation.thousands:
        marks.append("thousands parted")
    if notation.suffix:
        marks.append(f"each followed by {notation.suffix.strip()!r}")
    return marks


def _groups(
    levels: list[str], counts: np.ndarray[Any, np.dtype[np.int64]], missing: tuple[str, ...]
) -> Detected:
    n, observed = len(levels), int(counts.sum())
    said = {"missing": missing}
    numeric = int(counts[[bool(_STARTS_WITH_NUMBER.fullmatch(level)) for level in levels]].sum())
    if n > MANY_LEVELS and n > VARIED * observed:
        why = f"{n} different texts in {observed} rows"
        doubts = ["if it is a measurement or a group, declare its kind and what its words mean"]
        if numeric:
            doubts = _number_doubt(numeric, observed)
        return Detected(Kind.TEXT, why, tuple(doubts))
    if all(level.isdigit() for level in levels) and any(map(_ZERO_FIRST.fullmatch, levels)):
        return Detected(
            Kind.NOMINAL, f"{n} different codes of digits, some with zeros first", said=said
        )
    doubts = _number_doubt(numeric, observed) if numeric and n > FEW_LEVELS else []
    words = [plain_word(level) for level in levels]
    if len(set(words)) < n:
        doubts.append("some groups differ only in capitals or blanks; they are kept apart")
    if n > 2:
        if partly_yes_no(words):
            doubts.append(
                "beside yes and no it has something else; if that lies between or beyond them, "
                "declare the column as ordinal and list its levels in order"
            )
        if sum(bool(_NUMBERED.fullmatch(word)) for word in words) >= 2:
            doubts.append(
                "some of its groups are numbered; if they have an order, declare the column as "
                "ordinal and list its levels in order"
            )
        elif any(_COMPARED.fullmatch(word) for word in words):
            doubts.append(
                "some of its groups are limits of a number; if all have an order, declare the "
                "column as ordinal and list its levels in order"
            )
    doubts += people_doubts(levels)
    return Detected(
        Kind.NOMINAL,
        "text with one value" if n == 1 else f"text with {n} different values",
        tuple(doubts),
        said,
    )


def _number_doubt(numeric: int, observed: int) -> list[str]:
    return [
        f"{numeric} of {observed} cells are numbers, the others are not, or they are in different "
        "units; say what the others mean (missing), or bring them to one form"
    ]
