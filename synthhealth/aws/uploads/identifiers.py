"""Direct identifiers in a stream of cells.

The schema room's scan needs pandas and the whole table. This is the part of it that one pass in
constant memory can do: forms inside every text cell, and names of columns together with the form
of a sample of their different cells. Names and forms are those of the room `cells`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from synthhealth.cells.identifiers import (
    FEW,
    FORMS,
    MANY,
    PARAGRAPHS,
    VARIED,
    Said,
    identifiers_inside,
    plain,
    said_by,
)

__all__ = ["IdentifierFound", "Sample", "identifiers_inside"]

#: A form shows where this share of the different values has it.
_MOST = 0.9
#: Different cells of a column that are kept to be looked at.
_KEPT = 256
#: Letters of them that are looked at; no form is longer.
_LONGEST = 128
#: A name that may mean other things than people's is believed for so many different values.
_ENOUGH = 100
#: What a name and the form of a stretch of cells do not show: many people share it.
_NOT_DIRECT = ("place", "date", "biometric", "photograph")


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_CODE = _form(r"(?=[^\d\n]{0,39}\d)[a-z\d][\w./-]{0,39}")
_LETTERED = _form(r"(?=[\d./-]{0,39}[a-z])(?=[^\d\n]{0,39}\d)[\w./-]{3,40}")
_FORMS = {
    "name": _form(r"[^\W\d_][^\W\d_.'’-]{0,40}\.?(?:,?[ '’-][^\W\d_]{1,40}\.?){0,4}"),
    "address": _form(r"[^\W\d_]|[^\n]{0,128}[^\W\d_][^\n]{0,128}"),
    "postcode": _form(r"(?=[^\d\n]{0,9}\d)[a-z\d][a-z\d -]{2,9}"),
    "telephone number": _form(r"[+(]?\d(?:[ ()./-]{0,2}\d){6,15}"),
    "fax number": _form(r"[+(]?\d(?:[ ()./-]{0,2}\d){6,15}"),
    "national id": _form(r"(?=(?:\D{0,4}\d){5})[a-z\d][a-z\d ./-]{6,24}"),
    "account number": _form(r"(?=[^\d\n]{0,9}\d)[a-z\d][a-z\d ./-]{3,40}"),
}
#: Forms that tell what a column holds, whatever it is called.
_TELLING = ("unique code", "national id")


@dataclass(frozen=True)
class IdentifierFound:
    """A direct identifier in a column, with what was seen of it in counts; never a value."""

    column: str
    identifier: str
    evidence: str

    @property
    def paragraph(self) -> str:
        """The paragraph of 45 CFR 164.514(b)(2)(i), ``A`` to ``R``."""
        return PARAGRAPHS.get(self.identifier, PARAGRAPHS["unique code"])


class Sample:
    """The first different cells of a column, and what their form says."""

    def __init__(self, name: str, *, may_be_codes: bool) -> None:
        said = said_by(name)
        self._said = None if said is None or said.identifier in _NOT_DIRECT else said
        self._may_be_codes = may_be_codes
        self._cells: set[str] = set()
        self._all_differ = True

    def add(self, cells: Sequence[str], times: Mapping[str, int], missing: Set[str]) -> None:
        """Take the next cells.

        Parameters
        ----------
        cells, times
            The cells in their order, and how often each is among them.
        missing : set of str
            Those of them that stand for missing values.
        """
        if len(self._cells) + len(times) < _KEPT:  # their order cannot matter
            known = [cell for cell in times if cell not in missing]
            before = len(self._cells)
            self._cells.update(_looked_at(cell) for cell in known)
            if len(self._cells) - before < sum(times[cell] for cell in known):
                self._all_differ = False
            return
        for cell in cells:
            if len(self._cells) >= _KEPT:
                return
            if cell not in missing:
                before = len(self._cells)
                self._cells.add(_looked_at(cell))
                if len(self._cells) == before:
                    self._all_differ = False

    def finding(self, n_known: int) -> tuple[str, str] | None:
        """Give the identifier and the evidence for it, or None.

        Parameters
        ----------
        n_known : int
            The column's rows without those that are missing.
        """
        n = len(self._cells)
        for identifier in _TELLING:
            if n >= FEW and self._share(FORMS[identifier]):
                return identifier, f"most of {n} different values have its form"
        said = self._said if n and self._said and _varies(self._said, n, n_known) else None
        if said is not None and self._share(_FORMS.get(said.identifier, _CODE)):
            return said.identifier, f"the column's name, and most of {n} different values"
        if self._may_be_codes and n >= MANY and self._all_differ and self._share(_LETTERED):
            return "unique code", f"{n} values, all different, of the form of a code"
        return None

    def _share(self, form: re.Pattern[str]) -> bool:
        count = sum(1 for cell in self._cells if form.fullmatch(cell))
        return count >= _MOST * len(self._cells) and (count >= FEW or count == len(self._cells))


def _looked_at(cell: str) -> str:
    return plain(cell).strip()[:_LONGEST]


def _varies(said: Said, different: int, known: int) -> bool:
    """Whether enough cells differ; a word that is no code needs more of them to be a name."""
    if said.identifier == "name" and not said.sure:
        return different >= min(VARIED * known, _ENOUGH)
    return said.suffices(different, known)
