"""What a column is, from its values; its name only helps where values can mean two things."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from synthhealth.cells.missing import plain_word
from synthhealth.errors import Doubt, TableError
from synthhealth.schema.detection._codes import (
    FEW_LEVELS,
    Counts,
    Numbers,
    are_codes,
    levels_of_numbers,
    number_doubts,
)
from synthhealth.schema.detection._numbers import (
    MOSTLY,
    coded_doubts,
    lost_doubt,
    numbers_of_text,
    share_of,
)
from synthhealth.schema.detection._sentinels import missing_codes, missing_doubt
from synthhealth.schema.detection._times import dates_in_numbers, detect_times
from synthhealth.schema.detection.doubts import Detected, counted, with_gaps
from synthhealth.schema.detection.names import (
    says_code,
    says_grade,
    says_group,
    says_numbering,
    says_sex,
)
from synthhealth.schema.identifiers.evidence import FREE_TEXT, people_doubts
from synthhealth.schema.identifiers.search import IdentifierFinding, identifier_in
from synthhealth.schema.reading.cells import Texts, as_text, is_number
from synthhealth.schema.reading.number_form import NumberForm, infer_numbers
from synthhealth.schema.reading.vocabulary import order_of, partly_yes_no
from synthhealth.schema.reading.written import WrittenColumn
from synthhealth.schema.types import MIN_CELL, DetectionLimits, Kind, Notation

__all__ = ["Detected", "counted", "detect", "detect_text"]


_OBJECTS = {"string", "boolean", "integer", "floating", "mixed-integer-float", "empty"}
UNIQUE_CODE = "unique code"
#: Days without a time, which pandas calls dates but does not treat as such.
_DAYS_OF_ARROW = ("date32[day][pyarrow]", "date64[ms][pyarrow]")


def detect(written: WrittenColumn) -> Detected:
    """Take one column for what it is.

    Raises
    ------
    TableError
        The values are of mixed types, or of one that cannot be synthesised.
    """
    column, dtype = written.values, written.values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        n = column.nunique()
        if dtype.ordered:
            return Detected(Kind.ORDINAL, f"categories in a declared order, {n} in use")
        return Detected(Kind.NOMINAL, f"categories without an order, {n} in use")
    if types.is_bool_dtype(dtype):
        return Detected(Kind.BOOLEAN, "true and false")
    if types.is_datetime64_any_dtype(dtype) and str(dtype) not in _DAYS_OF_ARROW:
        return Detected(Kind.DATETIME, "dates")
    if types.is_object_dtype(dtype):
        return _detect_objects(written)
    if types.is_string_dtype(dtype):
        return detect_text(written)
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return _detect_numbers(column)
    raise TableError(
        f"column {column.name!r}: the type {dtype} is not supported; convert it to numbers, text, "
        "true/false, categories or dates, or drop the column"
    )


def _detect_objects(written: WrittenColumn) -> Detected:
    column = written.values
    inferred = types.infer_dtype(column, skipna=True)
    if inferred in ("mixed", "mixed-integer"):
        found = _detect_spreadsheet(written)
        if found is not None:
            return found
    if inferred not in _OBJECTS:
        raise TableError(
            f"column {column.name!r}: its values are of mixed or unsupported types ({inferred}); "
            "make them all numbers (pandas.to_numeric), all text (astype(str)) or all dates "
            "(pandas.to_datetime)"
        )
    if inferred == "boolean":
        return Detected(Kind.BOOLEAN, "true and false")
    if inferred == "empty":
        return Detected(Kind.NOMINAL, "every cell is empty")
    if inferred == "string":
        return detect_text(written)
    return _detect_numbers(pd.to_numeric(column))


def _detect_spreadsheet(written: WrittenColumn) -> Detected | None:
    """Take numbers among texts for numbers where nearly all are, and else for texts."""
    column, cells = written.values, written.cells
    if not all(isinstance(cell, str) or is_number(cell) for cell in column.dropna()):
        return None
    words = cells.missing_numbers
    missing = cells.frequent(words, MIN_CELL)
    texts = cells.without(set(words))
    form = infer_numbers(texts) if texts else None
    found = _numbers_among_texts(column, texts, form)
    if found is None:
        found = detect_text(WrittenColumn(column.map(as_text, na_action="ignore")))
        text = "numbers and texts stand in one column; all are read as texts"
        notation = found.said.get("notation")
        numbers = {"notation": notation.model_copy(update={"numbers": True})} if notation else {}
        doubts = (Doubt(text, "kind: continuous", 2), *found.doubts)
        return replace(found, doubts=doubts, said=found.said | numbers)
    said = dict(found.said) | {"missing": (*missing, *found.said.get("missing", ()))}
    why = found.why
    if words:
        why += f", with {counted(len(words), 'word')} for a missing value"
    return replace(found, why=why, said=said)


def _numbers_among_texts(
    column: pd.Series, texts: Texts, form: NumberForm | None
) -> Detected | None:
    """Take a column for its numbers, those that are stored as text included."""
    counts = texts.counts
    fits = np.zeros(len(texts), dtype=bool) if form is None else form.parsed.fits
    n = int(counts.sum()) + int(column.map(is_number).sum())
    lost = int(counts[~fits].sum())
    if n - lost < MOSTLY * n:
        return None
    known = column[column.map(is_number)].astype(np.float64).to_numpy()
    if form is not None:
        plain = fits & (form.parsed.sides == 0)
        known = np.concatenate([known, np.repeat(form.parsed.numbers[plain], counts[plain])])
    found = _detect_numbers(pd.Series(known, name=column.name))
    if not texts:
        return found
    if not found.kind.is_numerical:
        return None if found.kind.is_modelled else found
    notation = Notation() if form is None else form.notation
    said = dict(found.said) | {"notation": notation.model_copy(update={"numbers": True})}
    doubts, why = found.doubts, found.why
    if form is not None:
        doubts = (*doubts, *form.doubts)
        if form.unit is not None:
            said["unit"] = form.unit
        if form.parsed.sides.any():
            said["detection"] = DetectionLimits(below=form.below, above=form.above)
            why += ", and results beyond a limit as text"
        if (fits & (form.parsed.sides == 0)).any():
            doubts = (*doubts, Doubt("some numbers are stored as text; they are read", weight=1))
    if lost:
        doubts = (lost_doubt(lost, n), *doubts)
    return Detected(found.kind, why, doubts, said)


def _detect_numbers(column: pd.Series) -> Detected:
    name = str(column.name)
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu":
        numbers, counts = np.unique(column.to_numpy(), return_counts=True)
    else:
        known = column.to_numpy(dtype=np.float64, na_value=np.nan)
        numbers, counts = np.unique(known[np.isfinite(known)], return_counts=True)
    different = numbers.astype(np.float64)
    codes = missing_codes(different, counts)
    kept = ~np.isin(different, codes)
    different, counts = different[kept], counts[kept]
    found = _kind_of_numbers(name, column, different, counts)
    if not codes:
        return found
    said = dict(found.said) | {"missing": codes}
    return Detected(found.kind, found.why, (missing_doubt(codes), *found.doubts), said)


def _kind_of_numbers(name: str, column: pd.Series, different: Numbers, counts: Counts) -> Detected:
    finding = identifier_in(name, column)
    is_postcode = finding is not None and finding.identifier == "postcode"
    if different.size <= FEW_LEVELS and not is_postcode:
        return _few_levels(name, different)
    is_whole = not (different % 1).any()
    # Whole numbers that run through the rows in order can still be what was measured.
    runs = finding is not None and finding.identifier == UNIQUE_CODE
    if finding is not None and finding.direct and (not runs or says_numbering(name)):
        said: dict[str, Any] = {"identifier": finding.identifier}
        return Detected(Kind.IDENTIFIER, finding.evidence, said=said)
    dates = dates_in_numbers(name, different, counts)
    if dates is not None:
        return dates
    levels = levels_of_numbers(name, different, counts)
    if levels is not None:
        return Detected(levels.kind, levels.why, (levels.doubt,))
    doubts = tuple(number_doubts(different, counts))
    if is_whole:
        return Detected(Kind.COUNT, "whole numbers", doubts)
    return Detected(Kind.CONTINUOUS, "numbers with decimals", doubts)


def _few_levels(name: str, different: Numbers) -> Detected:
    n = different.size
    if n == 0:
        return Detected(Kind.NOMINAL, "every cell is empty")
    if set(different.tolist()) <= {0.0, 1.0}:
        if says_sex(name) and n == 2:
            return Detected(Kind.NOMINAL, "0 and 1 for the sexes")
        return Detected(Kind.BOOLEAN, "0 and 1")
    if n <= 2:
        doubt = Doubt("if they mean no and yes, declare it as boolean", "kind: boolean")
        return Detected(Kind.NOMINAL, "two different numbers", () if says_sex(name) else (doubt,))
    if not says_grade(name) and (says_code(name) or says_group(name)):
        doubt = Doubt("if its numbers have an order, declare it as ordinal", "kind: ordinal")
        return Detected(Kind.NOMINAL, f"{n} numbers that the name calls codes or groups", (doubt,))
    doubt = Doubt("if its numbers have no order, declare it as nominal", "kind: nominal")
    why = f"only {n} different numbers"
    return Detected(Kind.ORDINAL, why, () if says_grade(name) else (doubt,))


#: More different levels than this, in more than this share of the rows, are no groups.
MANY_LEVELS = 20
VARIED = 0.5

_NUMBERED = re.compile(r"\d+(?:st|nd|rd|th)\b.*|\d+ ?[=:)] ?[^\d\s].*")
_ZERO_FIRST = re.compile(r"0\d+")
_COMPARED = re.compile(r".*[<>≤≥]=? ?\d.*")


def detect_text(written: WrittenColumn) -> Detected:
    """Take a column of text for what it is."""
    name, values, cells = written.name, written.values, written.cells
    words = cells.missing_words
    empty = cells.frequent(words, MIN_CELL)
    groups = cells.without(set(words))
    levels, counts = groups.different, groups.counts
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

    among_numbers = cells.missing_numbers
    others = cells.without(set(among_numbers))
    texts, rows = others.different, others.counts
    form = infer_numbers(others) if others and not codes else None
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
    of_words = _groups(levels, counts, empty)
    return replace(of_words, doubts=(*coded_doubts(form, rows), *of_words.doubts))


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
