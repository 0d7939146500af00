"""Numbers as laboratories write them: ``12,30``, ``1.234,5``, ``5.2 mg/L``, ``< 0.5``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from synthhealth.schema._schema import Notation

__all__ = ["NumberForm", "ParsedNumbers", "infer_numbers", "parse_numbers", "print_numbers"]

#: More decimals than this are computation, not what an instrument printed.
MAX_DECIMALS = 10
#: Whole numbers of more digits than a float holds exactly are codes.
MAX_DIGITS = 15

_BLANKS = " \u00a0\u202f"
_PARTS = "'’"
_SIGNS = {"+": 1.0, "-": -1.0, "−": -1.0, "": 1.0}
_CELL = re.compile(
    rf"(?P<mark>(?:<=|>=|=<|=>|[<>≤≥⩽⩾])[{_BLANKS}]*)?"
    r"(?P<sign>[+\-−]?)"
    rf"(?P<number>\d{{1,3}}(?:[{_BLANKS}{_PARTS}]\d{{3}})+(?!\d)(?:[.,]\d+)?"
    r"|\d(?:[\d.,]*\d)?|[.,]\d+)"
    # A letter and digits right behind a number are a code or an exponent: 12A4, 1e5.
    r"(?P<suffix>(?!(?:[^\W\d_](?!10[*^])|[eE][+-])\d)"
    rf"(?:[{_BLANKS}]*(?:[^\W\d_]|[%‰°µμ(\[*×·^$€£]|/(?!\d))[^\n]*"
    rf"|[{_BLANKS}]+10[*^]+\d[^\n]*))?"
)
_CODE = re.compile(r"0\d")
#: One letter right behind a number makes it a code (``12A``), unless it is one of these units.
_SHORT_UNITS = frozenset("gLlsshdymUKMu%‰°×x")
#: Decimal mark and what parts the thousands, the more usual first.
_STYLES: tuple[tuple[str, str], ...] = (
    (".", ""),
    (",", ""),
    (".", ","),
    (",", "."),
    *((decimal, mark) for mark in _BLANKS + _PARTS for decimal in ".,"),
)


@dataclass(frozen=True)
class ParsedNumbers:
    """Cells as numbers."""

    numbers: npt.NDArray[np.float64]
    """The numbers; of a censored cell its limit; NaN where the cell does not fit."""
    sides: npt.NDArray[np.int8]
    """-1: below the limit, 0: known, +1: above it."""
    fits: npt.NDArray[np.bool_]
    """Whether the cell is a number in this notation."""


@dataclass(frozen=True)
class NumberForm:
    """How most cells of a column write numbers."""

    notation: Notation
    decimals: int | None
    parsed: ParsedNumbers
    below: tuple[float, ...]
    above: tuple[float, ...]
    doubts: tuple[str, ...] = field(default=())


def parse_numbers(cells: Sequence[str], notation: Notation) -> ParsedNumbers:
    """Read cells (blanks around them count for nothing) in a notation."""
    style = _style_pattern(notation.decimal, notation.thousands, strict=False)
    unit = notation.suffix.strip()
    numbers = np.full(len(cells), np.nan)
    sides = np.zeros(len(cells), dtype=np.int8)
    for place, cell in enumerate(cells):
        match = _CELL.fullmatch(cell.strip())
        if match is None or (match["suffix"] or "").strip() not in ("", unit):
            continue
        if not style.fullmatch(match["number"]) or _has_too_many_digits(match["number"], notation):
            continue
        numbers[place] = _value(match, notation.decimal, notation.thousands)
        sides[place] = _side(match["mark"])
    return ParsedNumbers(numbers, sides, ~np.isnan(numbers))


def print_numbers(
    numbers: npt.NDArray[np.float64],
    sides: npt.NDArray[np.int8],
    notation: Notation,
    decimals: int | None,
) -> list[str]:
    """Write numbers, none of them NaN, as the column's are written."""
    marks = {-1: notation.below, 0: "", 1: notation.above}
    texts = []
    for number, side in zip(numbers.tolist(), sides.tolist(), strict=True):
        padded = notation.limits_padded if side else notation.padded
        text = _print(number, None if side and not padded else decimals, padded)
        if notation.thousands or notation.decimal != ".":
            signs = {",": notation.thousands, ".": notation.decimal}
            whole, _, fraction = text.partition(".")
            whole = f"{int(whole):,}" if notation.thousands else whole
            text = whole.replace(",", signs[","]) + (signs["."] + fraction if fraction else "")
            if number < 0 and not text.startswith("-"):
                text = "-" + text  # int() drops the sign of -0
        texts.append(f"{marks[side]}{text}{notation.suffix}")
    return texts


def infer_numbers(cells: Sequence[str], counts: npt.NDArray[np.int64]) -> NumberForm | None:
    """Find the notation that fits most cells; None if they are no numbers.

    Parameters
    ----------
    cells : sequence of str
        The different cells of a column, without those that stand for a missing value.
    counts : numpy.ndarray of int
        How many rows have each.
    """
    matches = [_CELL.fullmatch(cell.strip()) for cell in cells]
    found = [match for match in matches if match is not None]
    if not found or any(_CODE.match(match["number"]) for match in found):
        return None
    suffixes = _tally([(match["suffix"] or "") if match else None for match in matches], counts)
    units = {suffix.strip() for suffix in suffixes} - {""}
    if len(units) > 1:
        return None
    suffix = max(suffixes, key=lambda one: (bool(one.strip()), suffixes[one]))
    if len(suffix) == 1 and suffix not in _SHORT_UNITS:
        return None

    tokens = [match["number"] for match in found]
    decimal, thousands, style_doubts = _style(tokens)
    notation = Notation(decimal=decimal, thousands=thousands, suffix=suffix)
    parsed = parse_numbers(cells, notation)
    if not parsed.fits.any():
        return None
    fractions = {
        side: [
            len(match["number"].rpartition(decimal)[2]) if decimal in match["number"] else 0
            for match, one, fits in zip(matches, parsed.sides, parsed.fits, strict=True)
            if fits and match is not None and bool(one) is side
        ]
        for side in (False, True)
    }
    most = max(fractions[False] or fractions[True])
    decimals = most if most <= MAX_DECIMALS else None
    notation = notation.model_copy(
        update={
            "below": _usual_mark(matches, parsed.sides, counts, -1, "<"),
            "above": _usual_mark(matches, parsed.sides, counts, 1, ">"),
        }
    )
    notation = _best_padding(notation, decimals, cells, parsed, counts)
    doubts = list(style_doubts)
    odd = _odd_rows(notation, decimals, cells, parsed, counts)
    if odd:
        doubts.append(
            f"{odd} cells write their number in another way than the rest (decimals, blanks, "
            "signs or unit); they are read, but would be written like the rest"
        )
    return NumberForm(
        notation=notation,
        decimals=decimals,
        parsed=parsed,
        below=_limits(parsed, -1),
        above=_limits(parsed, 1),
        doubts=tuple(doubts),
    )


def _print(number: float, decimals: int | None, padded: bool) -> str:
    if decimals is None:
        text = np.format_float_positional(number, trim="-")
    else:
        text = f"{number:.{decimals}f}"
        if decimals and not padded:
            text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _value(match: re.Match[str], decimal: str, thousands: str) -> float:
    text = match["number"]
    if thousands:
        text = text.replace(thousands, "")
    return _SIGNS[match["sign"]] * float(text.replace(decimal, ".")) + 0.0


def _side(mark: str | None) -> int:
    if not mark:
        return 0
    return -1 if mark[0] in "<≤⩽" or mark.startswith("=<") else 1


def _has_too_many_digits(token: str, notation: Notation) -> bool:
    whole = token.partition(notation.decimal)[0]
    return sum(sign.isdigit() for sign in whole) > MAX_DIGITS


def _style_pattern(decimal: str, thousands: str, *, strict: bool) -> re.Pattern[str]:
    mark, part = re.escape(decimal), re.escape(thousands)
    whole = r"\d+"
    if thousands:
        whole = rf"0|[1-9]\d{{0,2}}(?:{part}\d{{3}})*"
        if not strict:
            whole += r"|\d+"
    return re.compile(rf"(?:{whole})(?:{mark}\d+)?|{mark}\d+")


def _style(tokens: Sequence[str]) -> tuple[str, str, list[str]]:
    """Find the decimal mark and what parts the thousands."""
    different = set(tokens)
    fitting = {}
    for decimal, thousands in _STYLES:
        if thousands and not any(thousands in token for token in different):
            continue
        pattern = _style_pattern(decimal, thousands, strict=True)
        fitting[decimal, thousands] = sum(bool(pattern.fullmatch(one)) for one in different)
    best = max(fitting.values())
    styles = [style for style, fits in fitting.items() if fits == best]
    for mark, other in ((",", "."), (".", ",")):
        # "1,234" may be a thousand or a little more than one.
        if (mark, "") in styles and (other, mark) in styles and any(mark in t for t in different):
            plain = [int(token) for token in different if token.isdigit()]
            parted = [token for token in different if mark in token]
            is_parted = max(plain, default=0) >= 100 or all(t.endswith("000") for t in parted)
            chosen = (other, mark) if is_parted else (mark, "")
            said = "parts the thousands" if is_parted else "is the decimal mark"
            name = "comma" if mark == "," else "point"
            return *chosen, [f"the {name} could part the thousands or decimals; here it {said}"]
    return *styles[0], []


def _tally(keys: Sequence[str | None], counts: npt.NDArray[np.int64]) -> dict[str, int]:
    tally: dict[str, int] = {}
    for key, count in zip(keys, counts.tolist(), strict=True):
        if key is not None:
            tally[key] = tally.get(key, 0) + count
    return tally


def _usual_mark(
    matches: Sequence[re.Match[str] | None],
    sides: npt.NDArray[np.int8],
    counts: npt.NDArray[np.int64],
    side: int,
    default: str,
) -> str:
    marks = _tally(
        [
            match["mark"] if match is not None and one == side else None
            for match, one in zip(matches, sides.tolist(), strict=True)
        ],
        counts,
    )
    return max(marks, key=lambda mark: marks[mark], default=default)


def _best_padding(
    notation: Notation,
    decimals: int | None,
    cells: Sequence[str],
    parsed: ParsedNumbers,
    counts: npt.NDArray[np.int64],
) -> Notation:
    """Find whether numbers, and limits, are padded: what gives most cells back as they are."""
    candidates = [
        notation.model_copy(update={"padded": padded, "limits_padded": limits_padded})
        for limits_padded in (False, True)
        for padded in (False, True)
    ]
    if not decimals:
        return notation
    return min(candidates, key=lambda one: _odd_rows(one, decimals, cells, parsed, counts))


def _odd_rows(
    notation: Notation,
    decimals: int | None,
    cells: Sequence[str],
    parsed: ParsedNumbers,
    counts: npt.NDArray[np.int64],
) -> int:
    fits = parsed.fits
    again = print_numbers(parsed.numbers[fits], parsed.sides[fits], notation, decimals)
    as_were = [cell for cell, fit in zip(cells, fits.tolist(), strict=True) if fit]
    differ = np.array([new != old for new, old in zip(again, as_were, strict=True)], dtype=bool)
    return int(counts[fits][differ].sum())


def _limits(parsed: ParsedNumbers, side: int) -> tuple[float, ...]:
    return tuple(np.unique(parsed.numbers[parsed.sides == side]).tolist())
