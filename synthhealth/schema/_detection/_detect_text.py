"""What a column of text is: numbers, dates, stages, groups, or what nobody may learn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from synthhealth.errors import Doubt
from synthhealth.schema._detection._codes import are_codes
from synthhealth.schema._detection._detect_times import detect_times
from synthhealth.schema._detection._detected import Detected, counted, with_gaps
from synthhealth.schema._detection._numbers_in_text import (
    MOSTLY,
    coded_doubts,
    numbers_of_text,
    share_of,
)
from synthhealth.schema._privacy._evidence import FREE_TEXT, people_doubts
from synthhealth.schema._privacy._identifiers import IdentifierFinding, identifier_in
from synthhealth.schema._schema import MIN_CELL, Kind
from synthhealth.schema._text._cells import Cells
from synthhealth.schema._text._number_form import NumberForm, infer_numbers
from synthhealth.schema._text._vocabulary import (
    MissingWords,
    order_of,
    partly_yes_no,
    plain_word,
)

__all__ = ["Detected", "counted", "detect_text"]

#: More different levels than this, in more than this share of the rows, are no groups.
MANY_LEVELS = 20
VARIED = 0.5

_NUMBERED = re.compile(r"\d+(?:st|nd|rd|th)\b.*|\d+ ?[=:)] ?[^\d\s].*")
_ZERO_FIRST = re.compile(r"0\d+")
_COMPARED = re.compile(r".*[<>≤≥]=? ?\d.*")


def detect_text(name: str, values: pd.Series, cells: Cells) -> Detected:
    """Take a column of text for what it is."""
    words = MissingWords.among_words(cells.texts)
    empty = cells.frequent(words, MIN_CELL)
    levels, counts = cells.without(set(words))
    if not levels:
        return Detected(Kind.NOMINAL, "every cell is empty", said={"missing": empty})
    codes = are_codes(name, levels, counts)
    order = None if codes else order_of(levels)
    if order is not None:
        said = {"levels": order.levels, "missing": empty}
        kind = Kind.BOOLEAN if order.is_boolean else Kind.ORDINAL
        return Detected(kind, with_gaps(order.why, words), said=said)
    times = detect_times(name, cells)
    if times is not None:
        return times

    among_numbers = MissingWords.among_numbers(cells.texts)
    texts, rows = cells.without(set(among_numbers))
    form = infer_numbers(texts, rows) if texts and not codes else None
    finding = identifier_in(name, _judged(values, texts, rows, form))
    missing = cells.frequent(among_numbers, MIN_CELL)
    if finding is not None and finding.direct:
        if form is not None and _may_be_measured(finding, form):
            found = numbers_of_text(name, form, texts, rows, missing, among_numbers)
            if found is not None:
                return found
        kind = Kind.TEXT if finding.identifier == FREE_TEXT else Kind.IDENTIFIER
        return Detected(kind, finding.evidence, said={"identifier": finding.identifier})
    if codes:
        return Detected(Kind.NOMINAL, with_gaps(codes, words), said={"missing": empty})
    if form is None:
        return _groups(levels, counts, empty)
    found = numbers_of_text(name, form, texts, rows, missing, among_numbers)
    if found is not None:
        return found
    groups = _groups(levels, counts, empty)
    return replace(groups, doubts=(*coded_doubts(form, rows), *groups.doubts))


def _judged(
    values: pd.Series,
    texts: Sequence[str],
    counts: np.ndarray[Any, np.dtype[np.int64]],
    form: NumberForm | None,
) -> pd.Series:
    """Give the cells by which a column is judged: those of its numbers, if it is of numbers."""
    if form is None or form.parsed.fits.all() or share_of(form, counts) < MOSTLY:
        return values
    odd = {text for text, fits in zip(texts, form.parsed.fits.tolist(), strict=True) if not fits}
    return values[~values.isin(odd)]


def _may_be_measured(finding: IdentifierFinding, form: NumberForm) -> bool:
    """Whether what looks like notes, or a code of each patient, may be amounts."""
    notation = form.notation
    is_amount = bool(notation.prefix or notation.suffix or notation.thousands or form.decimals)
    return finding.identifier == FREE_TEXT or (finding.identifier == "unique code" and is_amount)


def _groups(
    levels: list[str], counts: np.ndarray[Any, np.dtype[np.int64]], missing: tuple[str, ...]
) -> Detected:
    n, observed = len(levels), int(counts.sum())
    said = {"missing": missing}
    if n > MANY_LEVELS and n > VARIED * observed:
        why = f"{n} different texts in {observed} rows"
        doubt = "if it is a measurement or a group, declare its kind and what its words mean"
        return Detected(Kind.TEXT, why, (Doubt(doubt, "kind: nominal", 2),))
    if all(level.isdigit() for level in levels) and any(map(_ZERO_FIRST.fullmatch, levels)):
        return Detected(
            Kind.NOMINAL, f"{n} different codes of digits, some with zeros first", said=said
        )
    doubts: list[str] = []
    words = [plain_word(level) for level in levels]
    if len(set(words)) < n:
        doubts.append(
            Doubt("some groups differ only in capitals or blanks; they are kept apart", weight=1)
        )
    if n > 2:
        if partly_yes_no(words):
            text = (
                "beside yes and no it has something else; if that lies between or beyond them, "
                "declare the column as ordinal and list its levels in order"
            )
            doubts.append(Doubt(text, "kind: ordinal", 2))
        if sum(bool(_NUMBERED.fullmatch(word)) for word in words) >= 2:
            text = (
                "some of its groups are numbered; if they have an order, declare the column as "
                "ordinal and list its levels in order"
            )
            doubts.append(Doubt(text, "kind: ordinal", 2))
        elif any(_COMPARED.fullmatch(word) for word in words):
            text = (
                "some of its groups are limits of a number; if all have an order, declare the "
                "column as ordinal and list its levels in order"
            )
            doubts.append(Doubt(text, "kind: ordinal", 2))
    doubts += people_doubts(levels)
    return Detected(
        Kind.NOMINAL,
        "text with one value" if n == 1 else f"text with {n} different values",
        tuple(doubts),
        said,
    )
