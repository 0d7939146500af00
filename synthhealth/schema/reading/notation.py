"""Numbers as laboratories write them, with their units: ``1.234,5``, ``5.2 mg/L``, ``< 0.5``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthhealth.cells.digits import from_latin
from synthhealth.cells.numbers import (
    FEET,
    NumberCell,
    currency_of,
    flag_side,
    says_guess,
    split_number,
)
from synthhealth.schema.types import Notation
from synthhealth.schema.units import conversion, known_unit, ucum_of

__all__ = [
    "AGES",
    "MAX_DECIMALS",
    "MAX_DIGITS",
    "Behind",
    "Measure",
    "ParsedNumbers",
    "codes_of",
    "count_decimals",
    "measure_of",
    "parse_numbers",
    "print_numbers",
    "style_pattern",
    "surroundings",
    "tell_behind",
    "ucum_code",
]


#: More decimals than this are computation, not what an instrument printed.
MAX_DECIMALS = 10


def count_decimals(numbers: npt.NDArray[np.float64]) -> int | None:
    """Count the decimals that were printed; None if there are too many to have been."""
    known = numbers[~np.isnan(numbers)]
    for decimals in range(MAX_DECIMALS + 1):
        # Each round keeps only what still disagrees, so that a long column costs little.
        known = known[np.round(known, decimals) != known]
        if known.size == 0:
            return decimals
    return None


#: Whole numbers of more digits than a float holds exactly are codes.
MAX_DIGITS = 15
#: Longer texts behind a number are remarks.
MAX_BEHIND = 40
#: Digits that are left of a number in another unit.
CONVERTED_DIGITS = 12

_OTHER_MARK = re.compile(r"(?P<whole>\d*)(?P<mark>[.,٫،])(?P<fraction>\d+)")
_CUTS = re.compile(r"(?=\s)|(?=[(\[*?!#])")


@dataclass(frozen=True)
class Behind:
    """What stands behind a number, told apart; nothing else stands there."""

    unit: str = ""
    """A unit, with its blanks."""
    flag: str = ""
    """A flag such as `` H``, with its blanks."""
    is_guess: bool = False
    """Whether something says that the number is about so."""
    is_more: bool = False
    """Whether a plus says that the result lies above."""


@dataclass(frozen=True)
class ParsedNumbers:
    """Cells as numbers."""

    numbers: npt.NDArray[np.float64]
    """The numbers; of a censored cell its limit; NaN where the cell does not fit."""
    sides: npt.NDArray[np.int8]
    """-1: below the limit, 0: known, +1: above it."""
    fits: npt.NDArray[np.bool_]
    """Whether the cell is a number in this notation."""
    flags: tuple[str, ...]
    """The flag behind each number, with its blanks; empty where there is none."""
    guessed: npt.NDArray[np.bool_]
    """Whether the cell says that it is about so: ``~70``."""
    converted: npt.NDArray[np.bool_]
    """Whether the cell was in another unit."""
    swapped: npt.NDArray[np.bool_]
    """Whether the cell has another decimal mark than the rest."""
    bare: npt.NDArray[np.bool_]
    """Whether the cell has no unit."""

    def at(self, places: npt.NDArray[np.int64]) -> ParsedNumbers:
        """Give some of the cells."""
        return ParsedNumbers(
            self.numbers[places],
            self.sides[places],
            self.fits[places],
            tuple(self.flags[place] for place in places.tolist()),
            self.guessed[places],
            self.converted[places],
            self.swapped[places],
            self.bare[places],
        )


def parse_numbers(
    cells: Sequence[str] | Sequence[NumberCell | None], notation: Notation, unit: str | None = None
) -> ParsedNumbers:
    """Read cells in a notation; blanks around them and invisible marks count for nothing.

    Parameters
    ----------
    cells : sequence of str, or of NumberCell or None
        The cells, or what `split_number` has made of them.
    notation : Notation
        How most of the column's cells are written.
    unit : str, optional
        The unit of the numbers in UCUM, where the notation has none.
    """
    split = [split_number(cell) if isinstance(cell, str) else cell for cell in cells]
    style = style_pattern(notation.decimal, notation.thousands, strict=False)
    n = len(cells)
    numbers = np.full(n, np.nan)
    sides = np.zeros(n, dtype=np.int8)
    guessed, converted, swapped, bare = (np.zeros(n, dtype=bool) for _ in range(4))
    flags = [""] * n
    for place, around in enumerate(surroundings(split, notation, unit)):
        cell = split[place]
        if cell is None or around is None:
            continue
        behind, factor = around
        digits, swapped[place] = _digits(cell, notation, style)
        if digits is None:
            continue
        number = float(f"{digits}e{cell.exponent or 0}") * (-1.0 if cell.negative else 1.0) + 0.0
        if cell.exponent and abs(number) >= 10.0**MAX_DIGITS:
            continue
        if factor != (1.0, 0.0):
            number = float(f"{number * factor[0] + factor[1]:.{CONVERTED_DIGITS}g}")
            converted[place] = True
        numbers[place] = number
        sides[place] = 1 if behind.is_more else cell.side if cell.mark else 0
        guessed[place] = cell.is_guess or behind.is_guess
        bare[place] = not cell.before and not behind.unit
        flags[place] = behind.flag
    fits = np.isfinite(numbers)
    numbers[~fits] = np.nan
    return ParsedNumbers(
        numbers, sides, fits, tuple(flags), guessed, converted, swapped, bare & fits
    )


def surroundings(
    split: Sequence[NumberCell | None], notation: Notation, unit: str | None
) -> list[tuple[Behind, tuple[float, float]] | None]:
    """Tell what stands around each number, and how it is brought to the column's unit.

    None where something is not known, or the unit is of another kind.
    """
    measure = measure_of(notation, unit, [one for one in split if one is not None])
    has_limits = notation.above.strip() == "+"
    known: dict[str, Behind | None] = {}
    found: list[tuple[Behind, tuple[float, float]] | None] = []
    for cell in split:
        if cell is None:
            found.append(None)
            continue
        if cell.behind not in known:
            known[cell.behind] = tell_behind(cell.behind, measure.has)
        behind = known[cell.behind]
        if behind is not None and behind.is_more and (cell.mark or not has_limits):
            # A plus is a limit in a column that has such limits, and a flag elsewhere.
            behind = None if cell.mark else Behind(flag=cell.behind)
        factor = None if behind is None else measure.factor(cell.before, behind.unit)
        found.append(None if behind is None or factor is None else (behind, factor))
    return found


def print_numbers(
    numbers: npt.NDArray[np.float64],
    sides: npt.NDArray[np.int8],
    notation: Notation,
    decimals: int | None,
) -> list[str]:
    """Write numbers, none of them NaN, as the column's are written."""
    is_behind = notation.above.strip() == "+"
    marks = {-1: notation.below, 0: "", 1: "" if is_behind else notation.above}
    ends = {1: notation.above} if is_behind else {}
    texts = []
    for number, side in zip(numbers.tolist(), sides.tolist(), strict=True):
        padded = notation.limits_padded if side else notation.padded
        shown = None if side and not padded else decimals
        if notation.suffix == FEET:
            text = _feet(number, shown, padded) + FEET[1]
        else:
            text = _marked(number, shown, padded, notation)
        text = from_latin(text, notation.digits)
        suffix = "" if notation.suffix == FEET else notation.suffix
        texts.append(f"{marks[side]}{notation.prefix}{text}{suffix}{ends.get(side, '')}")
    return texts


def style_pattern(decimal: str, thousands: str, *, strict: bool) -> re.Pattern[str]:
    """Give the form of a number with these marks; strict: thousands must be parted."""
    mark, part = re.escape(decimal), re.escape(thousands)
    whole = r"\d+"
    if thousands:
        whole = rf"0|[1-9]\d{{0,2}}(?:{part}\d{{3}})*"
        if not strict:
            whole += r"|\d+"
    return re.compile(rf"(?:{whole})(?:{mark}\d+)?|{mark}\d+")


def tell_behind(text: str, is_unit: Callable[[str], bool]) -> Behind | None:
    """Tell apart what stands behind a number; None if something of it is not known."""
    stripped = text.strip()
    if not stripped:
        return Behind()
    if len(text) > MAX_BEHIND:
        return None
    if is_unit(stripped):
        return Behind(unit=text)
    if stripped == "+":
        return Behind(is_more=True)
    if says_guess(stripped):
        return Behind(is_guess=True)
    if flag_side(text) is not None:
        return Behind(flag=text)
    for cut in _CUTS.finditer(text, 1):
        first, second = text[: cut.start()], text[cut.start() :]
        if not first.strip() or not second.strip():
            continue
        one, other = (_one_part(part, is_unit) for part in (first, second))
        if one is None or other is None or (one.unit and other.unit) or (one.flag and other.flag):
            continue
        return Behind(
            one.unit or other.unit, one.flag or other.flag, one.is_guess or other.is_guess
        )
    return None


def _one_part(text: str, is_unit: Callable[[str], bool]) -> Behind | None:
    stripped = text.strip()
    if is_unit(stripped):
        return Behind(unit=text)
    if says_guess(stripped):
        return Behind(is_guess=True)
    return Behind(flag=text) if flag_side(text) is not None else None


def _digits(
    cell: NumberCell, notation: Notation, style: re.Pattern[str]
) -> tuple[str | None, bool]:
    """Give a number as Python reads it, and whether its decimal mark is another than usual."""
    number, decimal = cell.number, notation.decimal
    if style.fullmatch(number):
        whole = number.partition(decimal)[0]
        if sum(sign.isdigit() for sign in whole) > MAX_DIGITS:
            return None, False
        if notation.thousands:
            number = number.replace(notation.thousands, "")
        return number.replace(decimal, "."), False
    match = _OTHER_MARK.fullmatch(number)
    # "12,345" in a column with decimal points may be a thousand as well.
    if match is None or (len(match["fraction"]) == 3 and match["whole"].strip("0")):
        return None, False
    return f"{match['whole']}.{match['fraction']}", True


def _print(number: float, decimals: int | None, padded: bool) -> str:
    if decimals is None:
        text = np.format_float_positional(number, trim="-")
    else:
        text = f"{number:.{decimals}f}"
        if decimals and not padded:
            text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _marked(number: float, decimals: int | None, padded: bool, notation: Notation) -> str:
    text = _print(number, decimals, padded)
    if not notation.thousands and notation.decimal == ".":
        return text
    signs = {",": notation.thousands, ".": notation.decimal}
    whole, _, fraction = text.partition(".")
    whole = f"{int(whole):,}" if notation.thousands else whole
    text = whole.replace(",", signs[","]) + (signs["."] + fraction if fraction else "")
    return "-" + text if number < 0 and not text.startswith("-") else text  # int() drops it of -0


def _feet(number: float, decimals: int | None, padded: bool) -> str:
    """Write inches as feet and inches: ``5'7``."""
    inches = abs(number) if decimals is None else abs(round(number, decimals))
    feet, inches = divmod(inches, 12)
    return f"{'-' if number < 0 else ''}{feet:.0f}{FEET[0]}{_print(inches, decimals, padded)}"


#: Before the code of a currency, which is not a unit of UCUM.
_MONEY = "currency "
#: Ages as children's wards write them: ``45Y``, ``3M``, ``2 W``.
AGES = {"y": "a", "m": "mo", "w": "wk", "d": "d"}

_SAME = (1.0, 0.0)


@dataclass(frozen=True)
class Measure:
    """A unit to which others can be brought."""

    text: str = ""
    """As the column writes it, without blanks."""
    code: str | None = None
    """In UCUM, or a currency; None where it is neither."""
    letters: bool = False
    """Whether single letters may be units, though the column writes none."""

    def has(self, text: str) -> bool:
        """Whether a text is this unit or one that can be brought to it."""
        return self._factor(text) is not None

    def factor(self, before: str, unit: str) -> tuple[float, float] | None:
        """Give what a number is multiplied by, and what is then added; None if it cannot be."""
        found = {self._factor(text.strip()) for text in (before, unit) if text.strip()}
        return found.pop() if len(found) == 1 else None if found else _SAME

    def _factor(self, text: str) -> tuple[float, float] | None:
        if self.text and text.casefold() == self.text.casefold():
            return _SAME
        is_letter = len(text) == 1 and text.isalpha()
        if self.code is None or (is_letter and not self.text and not self.letters):
            return None
        codes = codes_of(text)
        if self.code in codes:
            return _SAME
        for code in codes:
            if not code.startswith(_MONEY) and not self.code.startswith(_MONEY):
                found = conversion(code, self.code)
                if found is not None:
                    return found
        return None


def codes_of(text: str) -> list[str]:
    """Give the units and currencies that a text may mean, the likeliest first."""
    stripped = text.strip()
    money = currency_of(stripped)
    codes = [known_unit(stripped), _MONEY + money if money else None, AGES.get(stripped.casefold())]
    return list(dict.fromkeys(code for code in codes if code is not None))


def ucum_code(code: str | None) -> str | None:
    """Give the code if it is of UCUM."""
    return None if code is None or code.startswith(_MONEY) else code


def measure_of(notation: Notation, unit: str | None, cells: Sequence[NumberCell]) -> Measure:
    """Find the unit of a column: its notation's, its own, or the commonest of its cells."""
    text = notation.suffix.strip() or notation.prefix.strip()
    if text:
        codes = codes_of(text) or [code for code in (ucum_of(text),) if code]
        return Measure(text, unit if unit in codes else codes[0] if codes else None)
    if unit is not None:
        return Measure("", unit)
    tally: dict[str, int] = {}
    for cell in cells:
        for part in (cell.before, cell.behind):
            stripped = part.strip()
            if stripped and not (len(stripped) == 1 and stripped.isalpha()):
                for code in codes_of(stripped)[:1] if flag_side(part) is None else ():
                    tally[code] = tally.get(code, 0) + 1
    return Measure("", max(tally, key=tally.__getitem__, default=None))
