"""The unit, or the currency, in which the numbers of a column are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synthhealth.cells.numbers import NumberCell, currency_of, flag_side
from synthhealth.schema._knowledge._units import conversion, known_unit, ucum_of
from synthhealth.schema._schema import Notation

__all__ = ["AGES", "Measure", "codes_of", "measure_of", "ucum_code"]

#: Before the code of a currency, which is no unit of UCUM.
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
