"""Finding how a column writes its numbers: marks, unit, currency, script, limits and flags."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from synthhealth.cells.digits import script_of, without_marks
from synthhealth.cells.numbers import BLANKS, NumberCell, flag_side
from synthhealth.errors import Doubt
from synthhealth.schema.reading.cells import Texts
from synthhealth.schema.reading.notation import (
    AGES,
    MAX_DECIMALS,
    Measure,
    ParsedNumbers,
    codes_of,
    count_decimals,
    print_numbers,
    style_pattern,
    surroundings,
    tell_behind,
    ucum_code,
)
from synthhealth.schema.types import MIN_CELL, Notation, ReferenceRange
from synthhealth.schema.units import ucum_of

__all__ = ["NumberForm", "form_of_levels", "infer_numbers", "usual_flags"]

Counts = npt.NDArray[np.int64]

#: A unit or a currency is the column's form where this share of its numbers have it.
NEARLY_ALL = 0.9
#: Numbers with a zero first are codes in more than this share of the cells, and slips below it.
FEW_CODES = 0.05
#: A reference range explains flags where they and it agree in this share of the cells.
EXPLAINED = 0.95
#: Numbers without a unit are probably in another one where they are so many times the others.
APART = 3.0

_CODE = re.compile(r"0\d")
#: One letter right behind every number is part of a code (``12A``), unless it is one of these.
_SHORT_UNITS = frozenset("gLlsshdymYWDMUKu%‰°×x$€£")
_WORDS = re.compile(r"[^\W\d_]{2,}\.?(?: [^\W\d_]+\.?)?")
#: Decimal mark and what parts the thousands, the more usual first.
_STYLES: tuple[tuple[str, str], ...] = (
    (".", ""),
    (",", ""),
    ("٫", ""),
    ("،", ""),
    (".", ","),
    (",", "."),
    *(("٫", mark) for mark in "٬،,.'"),
    *((decimal, mark) for mark in BLANKS + "'’٬،" for decimal in ".,"),
    *(("٫", mark) for mark in BLANKS),
)


@dataclass(frozen=True)
class NumberForm:
    """How most cells of a column write numbers."""

    notation: Notation
    decimals: int | None
    parsed: ParsedNumbers
    below: tuple[float, ...]
    above: tuple[float, ...]
    unit: str | None = None
    """The unit of the numbers in UCUM, if cells say it."""
    doubts: tuple[str, ...] = field(default=())


def form_of_levels(levels: Sequence[str]) -> NumberForm | None:
    """Find the notation of levels that are numbers; None if one of them is none."""
    if not levels:
        return None
    form = infer_numbers(Texts.of(levels, [MIN_CELL] * len(levels)))
    return form if form is not None and form.parsed.fits.all() else None


def infer_numbers(texts: Texts, least: int = MIN_CELL) -> NumberForm | None:
    """Find the notation that fits most cells; None if they are not numbers.

    Parameters
    ----------
    texts : Texts
        The different cells of a column, without those that stand for a missing value.
    least : int
        What stands beside the numbers of fewer rows than this is never learned.
    """
    cells, counts, split = texts.different, texts.counts, texts.split
    found = [(one, count) for one, count in zip(split, counts.tolist(), strict=True) if one]
    if not found or _are_codes(found, int(counts.sum())):
        return None
    prefix, suffix, unit = _usual_measure(found, least)
    notation = Notation(prefix=prefix, suffix=suffix, above=_plus(found) or ">")
    around = surroundings(split, notation, unit)
    tokens = _tally(
        [one.number if one and known else None for one, known in zip(split, around, strict=True)],
        counts,
    )
    decimal, thousands, doubts = _style(tokens)
    notation = notation.model_copy(update={"decimal": decimal, "thousands": thousands})
    parsed = texts.as_numbers(notation, unit)
    if not parsed.fits.any():
        return None
    fitting = [cell for cell, fits in zip(cells, parsed.fits.tolist(), strict=True) if fits]
    decimals = _decimals(split, parsed, decimal)
    above = notation.above if notation.above.strip() == "+" else None
    notation = notation.model_copy(
        update={
            "digits": script_of(fitting),
            "below": _usual_mark(split, parsed.sides, counts, -1, "<"),
            "above": above or _usual_mark(split, parsed.sides, counts, 1, ">"),
        }
    )
    notation = _best_padding(notation, decimals, cells, parsed, counts)
    return NumberForm(
        notation=notation,
        decimals=decimals,
        parsed=parsed,
        below=_limits(parsed, -1),
        above=_limits(parsed, 1),
        unit=unit,
        doubts=(*doubts, *_doubts(notation, decimals, cells, parsed, counts)),
    )


def usual_flags(
    parsed: ParsedNumbers, counts: Counts, ranges: Sequence[ReferenceRange], least: int = MIN_CELL
) -> tuple[str, str]:
    """Find what is written behind low and high numbers, if the reference range explains it.

    Parameters
    ----------
    parsed : ParsedNumbers
        The numbers, and the flags behind them.
    counts : numpy.ndarray of int
        How many rows have each.
    ranges : sequence of ReferenceRange
        The reference ranges of the column; they explain nothing where they depend on sex or age.
    least : int
        A flag in fewer rows is not learned.

    Returns
    -------
    tuple of str
        The flags of low and of high numbers, with their blanks; empty where there is none.
    """
    if len(ranges) != 1 or ranges[0].sex or ranges[0].age_from or ranges[0].age_to:
        return "", ""
    low, high = ranges[0].low, ranges[0].high
    lies_low = parsed.numbers < low if low is not None else np.zeros(len(counts), dtype=bool)
    lies_high = parsed.numbers > high if high is not None else np.zeros(len(counts), dtype=bool)
    sides = [flag_side(flag) if flag else None for flag in parsed.flags]
    return (
        _usual_flag(parsed.flags, lies_low, [side in (-1, 0) for side in sides], counts, least),
        _usual_flag(parsed.flags, lies_high, [side in (1, 0) for side in sides], counts, least),
    )


def _usual_flag(
    flags: Sequence[str],
    beyond: npt.NDArray[np.bool_],
    may_be: Sequence[bool],
    counts: Counts,
    least: int,
) -> str:
    has = np.array([bool(flag) for flag in flags]) & np.array(may_be, dtype=bool)
    says = has & beyond
    either = int(counts[says | beyond].sum())
    if not either or counts[says].sum() < EXPLAINED * either:
        return ""
    tally = _tally([flag if one else None for flag, one in zip(flags, says, strict=True)], counts)
    flag = max(tally, key=tally.__getitem__)
    return flag if tally[flag] >= least else ""


def _are_codes(found: Sequence[tuple[NumberCell, int]], rows: int) -> bool:
    """Whether zeros stand first in more cells than slip in, or a letter behind nearly all."""
    zeros = sum(count for cell, count in found if _CODE.match(cell.number))
    if zeros >= MIN_CELL or zeros > FEW_CODES * rows:
        return True
    # "12H" in nearly all cells is no high result.
    letters = sum(
        count
        for cell, count in found
        if len(cell.behind) == 1 and cell.behind.isalpha() and cell.behind not in _SHORT_UNITS
    )
    return letters >= NEARLY_ALL * sum(count for _, count in found)


def _usual_measure(
    found: Sequence[tuple[NumberCell, int]], least: int
) -> tuple[str, str, str | None]:
    """Find what stands before and behind nearly all numbers, and the unit that this is."""
    total = sum(count for _, count in found)
    behind = _tally([cell.behind for cell, _ in found], np.array([count for _, count in found]))
    same: dict[str, int] = {}
    for text, rows in behind.items():
        same[text.strip().casefold()] = same.get(text.strip().casefold(), 0) + rows
    ages = {text for text in same if text}
    # "3M" is three months beside "45Y", and three metres elsewhere.
    as_ages = len(ages) > 1 and ages <= set(AGES)
    for plain, rows in same.items():
        if plain and rows >= max(NEARLY_ALL * total, least) and not as_ages:
            written = {
                text: one for text, one in behind.items() if text.strip().casefold() == plain
            }
            suffix = max(written, key=written.__getitem__)
            if _may_be_suffix(suffix):
                return "", suffix, _ucum(suffix)
    return _common_measure(found, as_ages=as_ages, least=least)


def _common_measure(
    found: Sequence[tuple[NumberCell, int]], *, as_ages: bool, least: int
) -> tuple[str, str, str | None]:
    """Find the commonest of the units, or of the currencies, to which others can be brought."""

    def code_of(text: str) -> str:
        return AGES[text.strip().casefold()] if as_ages else codes_of(text)[0]

    def is_unit(text: str) -> bool:
        if as_ages or not codes_of(text):
            return as_ages
        # A letter such as L or H is a flag where not nearly all numbers have it.
        return flag_side(text) is None and not (len(text) == 1 and text.isalpha())

    codes = _tally_units(_units(found, is_unit), code_of)
    if not codes:
        return "", "", None
    measure = Measure("", max(codes, key=codes.__getitem__), letters=True)
    units = _units(found, measure.has)
    codes = _tally_units(units, code_of)
    best = max(codes, key=codes.__getitem__, default=measure.code)
    if sum(codes.values()) < max(NEARLY_ALL * sum(units.values()), least):
        return "", "", ucum_code(best)
    written = {
        pair: rows for pair, rows in units.items() if any(pair) and code_of("".join(pair)) == best
    }
    return *max(written, key=written.__getitem__), ucum_code(best)


def _units(
    found: Sequence[tuple[NumberCell, int]], is_unit: Callable[[str], bool]
) -> dict[tuple[str, str], int]:
    """Count the rows of each currency before and unit behind numbers, none included."""
    units: dict[tuple[str, str], int] = {}
    for cell, rows in found:
        behind = tell_behind(cell.behind, is_unit)
        if behind is None or (cell.before and not is_unit(cell.before.strip())):
            continue
        pair = (cell.before, "" if cell.before else behind.unit)
        units[pair] = units.get(pair, 0) + rows
    return units


def _tally_units(
    units: dict[tuple[str, str], int], code_of: Callable[[str], str]
) -> dict[str, int]:
    tally: dict[str, int] = {}
    for pair, rows in units.items():
        if any(pair):
            code = code_of("".join(pair))
            tally[code] = tally.get(code, 0) + rows
    return tally


def _ucum(text: str) -> str | None:
    codes = codes_of(text)
    return ucum_code(codes[0]) if codes else None


def _may_be_suffix(text: str) -> bool:
    """Whether what stands behind nearly all numbers is a unit, a flag or a plain word."""
    if len(text) == 1:
        return text in _SHORT_UNITS
    plain = text.strip()
    if codes_of(plain) or flag_side(text) is not None or _WORDS.fullmatch(plain):
        return True
    return plain != "+" and len(plain) <= 20 and _is_unit(plain)


def _is_unit(text: str) -> bool:
    return any(sign.isalpha() or sign in "%°" for sign in text) and ucum_of(text) is not None


def _plus(found: Sequence[tuple[NumberCell, int]]) -> str | None:
    """Give the plus behind numbers that lie above all others: ``90+`` among ages up to 89."""
    marked = [(cell, count) for cell, count in found if cell.behind.strip() == "+"]
    plain = [cell for cell, _ in found if not cell.behind.strip() and not cell.mark]
    if not marked or not plain:
        return None
    tops = [_rough(cell) for cell, _ in marked]
    others = np.array([_rough(cell) for cell in plain])
    if (others > min(tops)).mean() > 1 - EXPLAINED:
        return None
    tally = _tally([cell.behind for cell, _ in marked], np.array([count for _, count in marked]))
    return max(tally, key=tally.__getitem__)


def _rough(cell: NumberCell) -> int:
    return int(re.sub(r"\D.*", "", cell.number) or 0)


def _style(tokens: dict[str, int]) -> tuple[str, str, list[Doubt]]:
    """Find the decimal mark and what parts the thousands."""
    different = list(tokens)
    signs = set("".join(different))
    fitting = {}
    for decimal, thousands in _STYLES:
        if (thousands and thousands not in signs) or (decimal not in signs and decimal not in ".,"):
            continue
        pattern = style_pattern(decimal, thousands, strict=True)
        fitting[decimal, thousands] = sum(
            rows for one, rows in tokens.items() if pattern.fullmatch(one)
        )
    best = max(fitting.values())
    styles = [style for style, fits in fitting.items() if fits == best]
    for mark, other in ((",", "."), (".", ",")):
        # "1,234" may be a thousand or a little more than one.
        if (mark, "") in styles and (other, mark) in styles and any(mark in t for t in different):
            plain = [int(token) for token in different if token.isdigit()]
            parted = [token for token in different if mark in token]
            is_parted = max(plain, default=0) >= 100 or all(t.endswith("000") for t in parted)
            # Nothing is measured with a decimal comma and six digits, but platelets are counted.
            whole = sorted(int(token.partition(mark)[0] or 0) for token in parted)
            is_parted |= mark == "," and whole[len(whole) // 2] >= 100
            chosen = (other, mark) if is_parted else (mark, "")
            said = "parts the thousands" if is_parted else "is the decimal mark"
            name = "comma" if mark == "," else "point"
            text = f"the {name} could part the thousands or decimals; here it {said}"
            rival = (mark, "") if is_parted else (other, mark)
            settle = f"notation: {{decimal: {rival[0]!r}, thousands: {rival[1]!r}}}"
            return *chosen, [Doubt(text, settle, 2)]
    return *styles[0], []


def _tally(keys: Sequence[str | None], counts: Counts) -> dict[str, int]:
    tally: dict[str, int] = {}
    for key, count in zip(keys, counts.tolist(), strict=True):
        if key is not None:
            tally[key] = tally.get(key, 0) + count
    return tally


def _usual_mark(
    split: Sequence[NumberCell | None],
    sides: npt.NDArray[np.int8],
    counts: Counts,
    side: int,
    default: str,
) -> str:
    marks = _tally(
        [
            cell.mark if cell is not None and cell.mark and one == side else None
            for cell, one in zip(split, sides.tolist(), strict=True)
        ],
        counts,
    )
    return max(marks, key=lambda mark: marks[mark], default=default)


def _best_padding(
    notation: Notation,
    decimals: int | None,
    cells: Sequence[str],
    parsed: ParsedNumbers,
    counts: Counts,
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
    counts: Counts,
) -> int:
    """Count the rows whose number would be written in another way, for no reason of its own."""
    # What is said of them otherwise is not said twice.
    plain = parsed.fits & ~parsed.guessed & ~parsed.converted & ~parsed.swapped
    plain &= parsed.bare != bool(notation.suffix or notation.prefix)
    again = print_numbers(parsed.numbers[plain], parsed.sides[plain], notation, decimals)
    as_were = [
        without_marks(cells[place]).removesuffix(parsed.flags[place])
        for place in np.flatnonzero(plain).tolist()
    ]
    differ = np.array([new != old for new, old in zip(again, as_were, strict=True)], dtype=bool)
    return int(counts[plain][differ].sum())


def _doubts(
    notation: Notation,
    decimals: int | None,
    cells: Sequence[str],
    parsed: ParsedNumbers,
    counts: Counts,
) -> list[Doubt]:
    doubts = []

    def rows(which: npt.NDArray[np.bool_]) -> int:
        return int(counts[which & parsed.fits].sum())

    flagged = rows(np.array([bool(flag) for flag in parsed.flags], dtype=bool))
    if flagged:
        text = (
            f"{flagged} numbers have a flag behind them, such as H, L or *; the numbers are read, "
            "and flags are written again where the reference range explains them"
        )
        doubts.append(Doubt(text, "reference: [{low: ..., high: ...}]", 2))
    converted = rows(parsed.converted)
    if converted:
        text = (
            f"{converted} numbers are in another unit than most; they are brought to that of most"
        )
        doubts.append(Doubt(text, "missing: [...], or mend the cells", 2))
    known = parsed.fits & (parsed.sides == 0)
    with_unit, bare = known & ~parsed.bare, known & parsed.bare
    if with_unit.any() and bare.any():
        middle = [np.abs(np.median(parsed.numbers[one])) for one in (with_unit, bare)]
        apart = max(middle) > APART * min(middle)
        text = (
            f"numbers with a unit: {rows(with_unit)}, without: {rows(bare)}; all are taken for the "
            f"same unit{', though they lie far apart' if apart else ''}"
        )
        doubts.append(Doubt(text, "unit: ...", 3 if apart else 2))
    swapped = rows(parsed.swapped)
    if swapped:
        text = f"{swapped} numbers have another decimal mark than most; they are read with it"
        doubts.append(Doubt(text, "missing: [...], or mend the cells", 2))
    guessed = rows(parsed.guessed)
    if guessed:
        text = f"{guessed} numbers are marked as uncertain (such as ~ or ?); the mark is left out"
        doubts.append(Doubt(text, "missing: [...]", 1))
    odd = _odd_rows(notation, decimals, cells, parsed, counts)
    if odd:
        text = (
            f"{odd} cells write their number in another way than the rest (decimals, blanks, "
            "signs or unit); they are read, but would be written like the rest"
        )
        doubts.append(Doubt(text, "decimals: ...", 1))
    return doubts


def _decimals(
    split: Sequence[NumberCell | None], parsed: ParsedNumbers, decimal: str
) -> int | None:
    """Count the decimals of numbers that were printed as they are; of limits if there are none."""
    fractions: dict[bool, list[int]] = {False: [], True: []}
    usual = parsed.fits & ~parsed.converted & ~parsed.swapped
    for place in np.flatnonzero(usual).tolist():
        cell = split[place]
        if cell is not None and cell.exponent is None:
            fraction = cell.number.rpartition(decimal)[2] if decimal in cell.number else ""
            fractions[bool(parsed.sides[place])].append(len(fraction))
    found = fractions[False] or fractions[True]
    if not found:
        return count_decimals(parsed.numbers[parsed.fits])
    return max(found) if max(found) <= MAX_DECIMALS else None


def _limits(parsed: ParsedNumbers, side: int) -> tuple[float, ...]:
    return tuple(np.unique(parsed.numbers[parsed.sides == side]).tolist())
