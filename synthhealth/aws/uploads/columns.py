"""The cells of one column, cleaned and counted; numbers as laboratories write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from synthhealth.aws.uploads.identifiers import (
    IdentifierFound,
    Sample,
    identifiers_inside,
)
from synthhealth.aws.uploads.schema import ColumnPlan
from synthhealth.cells.formulas import is_formula
from synthhealth.cells.missing import MISSING, MISSING_AMONG_NUMBERS, plain_word
from synthhealth.errors import TableError

__all__ = ["COUNTED", "ColumnReader", "Number", "clear_marks", "parse_number"]


_LONGEST = 64
_PART = r"[ '’\u00a0\u202f]"
_CELL = re.compile(
    r"(?P<limit><=|>=|=<|=>|[<>≤≥])?\s*(?P<sign>[+\-−]?)"
    rf"(?P<digits>[0-9]{{1,3}}(?:{_PART}[0-9]{{3}})+(?![0-9])(?:[.,][0-9]+)?"
    r"|[0-9](?:[0-9.,]*[0-9])?|[.,][0-9]+)"
    r"(?P<exponent>[eE][+-]?[0-9]{1,3})?"
    r"(?:\s*(?P<unit>[^\s0-9.,][^\n\r]*))?"
)
_BLANKS = re.compile(_PART)
_LIMITS = {"≤": "<=", "=<": "<=", "≥": ">=", "=>": ">="}
_OTHER = {".": ",", ",": "."}
_THOUSANDS = {
    mark: re.compile(rf"[1-9][0-9]{{0,2}}(?:{re.escape(mark)}[0-9]{{3}})+") for mark in ".,"
}


@dataclass(frozen=True)
class Number:
    """A cell that is a number.

    Attributes
    ----------
    limit : str
        ``<``, ``<=``, ``>``, ``>=`` before a detection limit, or nothing.
    unit : str
        What follows the number.
    speaks_for : {".", ",", ""}
        The decimal mark that the cell shows without doubt.
    doubtful : {".", ",", ""}
        A sign that parts either decimals or thousands: the comma of ``1,234``.
    """

    limit: str
    unit: str
    speaks_for: str
    doubtful: str
    _sign: str
    _digits: str
    _exponent: str

    def text(self, decimal: str) -> str:
        """Write it with a decimal point; `decimal` is the mark where the cell leaves a doubt."""
        mark = self.speaks_for or decimal
        digits = self._digits.replace(_OTHER[mark], "").replace(mark, ".")
        return f"{self.limit}{self._sign}{digits}{self._exponent}"


def parse_number(cell: str) -> Number | None:
    """Read a cell without blanks around it; None if it is not a number."""
    match = _CELL.fullmatch(cell) if len(cell) <= _LONGEST else None
    if match is None:
        return None
    digits = _BLANKS.sub("", match["digits"])
    marks = _marks(digits, is_parted=len(digits) < len(match["digits"]))
    if marks is None:
        return None
    limit = match["limit"] or ""
    return Number(
        limit=_LIMITS.get(limit, limit),
        unit=(match["unit"] or "").strip(),
        speaks_for=marks[0],
        doubtful=marks[1],
        _sign="-" if match["sign"] in ("-", "−") else "",
        _digits=digits,
        _exponent=match["exponent"] or "",
    )


def _marks(digits: str, *, is_parted: bool) -> tuple[str, str] | None:
    """Give the mark that the digits speak for and the doubtful one; None if they fit no form."""
    used = sorted({sign for sign in digits if sign in ".,"}, key=digits.rfind)
    if not used:
        return "", ""
    last = used[-1]
    if len(used) == 2:
        whole, _, fraction = digits.rpartition(last)
        fits = _THOUSANDS[_OTHER[last]].fullmatch(whole) and fraction.isdigit()
        return (last, "") if fits else None
    if digits.count(last) > 1:
        return (_OTHER[last], "") if _THOUSANDS[last].fullmatch(digits) else None
    if is_parted or not _THOUSANDS[last].fullmatch(digits):
        return last, ""
    return "", last


#: What is counted of each column.
COUNTED = (
    "missing",
    "below_limit",
    "above_limit",
    "decimal_comma",
    "with_unit",
    "unreadable",
    "not_a_level",
)
#: Lines that are numbers without thousands marks, blanks, limit or unit, by their decimal mark.
_PLAIN_LINES = {
    mark: re.compile(rf"^-?[0-9]{{1,15}}(?:[{mark}][0-9]{{1,15}})?$", re.MULTILINE) for mark in ".,"
}
#: Those of them whose mark may part thousands.
_DOUBTFUL_LINES = {
    mark: re.compile(rf"^-?[1-9][0-9]{{0,2}}[{mark}][0-9]{{3}}$", re.MULTILINE) for mark in ".,"
}
_LONGEST_REMEMBERED = 64
_RUN = 20
#: So many unreadable cells are no accident where no other cell can be read.
_TELLING_CELLS = 5


def clear_marks(cells: Iterable[str]) -> frozenset[str]:
    """Give the decimal marks that some cells of a column of numbers show without doubt."""
    numbers = (parse_number(cell.strip()) for cell in cells)
    return frozenset(number.speaks_for for number in numbers if number is not None) - {""}


class ColumnReader:
    """Cleans the cells of one column and counts what it sees.

    Parameters
    ----------
    plan : ColumnPlan
        What the schema says of it.
    decimal : {".", ",", None}
        The decimal mark where a cell leaves a doubt; None where nothing is known of it.
    remembered : int
        Cells whose reading is kept, since laboratory values repeat.
    written : {".", ","}
        The decimal mark of the clean table.
    """

    def __init__(
        self,
        plan: ColumnPlan,
        decimal: str | None,
        remembered: int = 4096,
        *,
        written: str = ".",
    ) -> None:
        self.plan = plan
        self.counts: Counter[str] = Counter()
        self.marks: set[str] = set()
        self.doubtful: set[str] = set()
        self._decimal = plan.decimal or decimal
        self._written = written
        self._mark_of_codes: str | None = None
        # Grades 0, 1, 2 or true and false that the schema knows as text, since words are among
        # them: without the words it would find none of its levels in the clean table.
        self._keeps_missing = (
            plan.levels is not None and not plan.level_numbers and all(map(_is_plain, plan.levels))
        )
        self._sample = Sample(plan.name, may_be_codes=plan.kind in ("nominal", "ordinal", "text"))
        self._most_remembered = remembered
        self._known: dict[str, str] = {}
        self._seen: dict[str, tuple[str, ...]] = {}  # what is counted of some of them
        self._commas: set[str] = set()  # plain numbers with one
        self._run: int | None = 0
        self._next: int | None = None

    def expect(self, cells: Iterable[str]) -> None:
        """Look at the file's beginning: whether the categories are numbers, such as grades."""
        if self.plan.kind not in ("ordinal", "nominal", "boolean"):
            return
        stripped = (cell.strip() for cell in cells)
        known = {cell for cell in stripped if not self._is_missing(cell)}
        for mark, form in _PLAIN_LINES.items():
            if clear_marks(known) == {mark} and all(map(form.fullmatch, known)):
                self._mark_of_codes = mark

    def take(self, cells: Sequence[str]) -> list[str]:
        """Give the next cells as they are written in the clean table; nothing where one is missing.

        Many at once: laboratory values repeat, and only different ones are looked at.
        """
        times = Counter(cells)
        new = times.keys() - self._known.keys()
        if len(self._known) + len(new) > self._most_remembered:
            self._known.clear()
            self._seen.clear()
            self._commas.clear()
            new = set(times)
        self._learn(new)
        missing = set()
        for cell in times.keys() & self._seen.keys():
            for what in self._seen[cell]:
                self.counts[what] += times[cell]
            if "missing" in self._seen[cell]:
                missing.add(cell)
        commas = times.keys() & self._commas
        self.counts["decimal_comma"] += sum(map(times.__getitem__, commas))
        self._sample.add(cells, times, missing)
        if self._run is not None:
            self._follow(self._known[cell] for cell in cells if cell not in missing)
        texts = list(map(self._known.__getitem__, cells))
        for cell in new:
            if len(cell) > _LONGEST_REMEMBERED:
                del self._known[cell]
                self._seen.pop(cell, None)
        return texts

    def check_readable(self, n_rows: int) -> None:
        """Refuse a column of which nothing could be read: it is not what the schema says.

        Raises
        ------
        TableError
        """
        n_given = n_rows - self.counts["missing"]
        if n_given >= _TELLING_CELLS and self.counts["unreadable"] == n_given:
            raise TableError(
                f"column {self.plan.name!r}: none of its {n_given} values can be read as the "
                f"schema says ({self.plan.kind}); correct its kind, unit or notation there, or "
                "export the table again"
            )

    def identifiers(self, n_rows: int) -> list[IdentifierFound]:
        """Give the direct identifiers of this column, of whose rows all have been taken."""
        name, found = self.plan.name, []
        if self.plan.kind == "identifier":
            found.append(IdentifierFound(name, "declared identifier", "the schema says so"))
        for identifier in sorted(key for key in self.counts if key not in COUNTED):
            count = self.counts[identifier]
            said = f"{count} cell{'s' if count > 1 else ''} of its form"
            found.append(IdentifierFound(name, identifier, said))
        sampled = self._sample.finding(n_rows - self.counts["missing"])
        if sampled is not None:
            found.append(IdentifierFound(name, *sampled))
        if self._run is not None and self._run >= _RUN:
            said = f"the {self._run} values number the rows in order"
            found.append(IdentifierFound(name, "unique code", said))
        return found

    def check_marks(self, marks_of_table: set[str]) -> None:
        """Refuse the column if later cells speak against how its doubtful ones were read.

        Raises
        ------
        TableError
            They do.
        """
        marks = self.marks or marks_of_table
        if (
            self.doubtful
            and self.plan.decimal is None
            and marks
            and marks != {self._decimal or "."}
        ):
            raise self._refused()

    def _refused(self) -> TableError:
        return TableError(
            f"column {self.plan.name!r}: points or commas may part decimals or thousands; say "
            'which in the schema ("notation": {"decimal": ","})'
        )

    def _follow(self, texts: Iterable[str]) -> None:
        """See whether the values number the rows."""
        for text in texts:
            if not (text.isascii() and text.isdigit() and len(text) < 16):
                self._run = None
                return
            value = int(text)
            is_first = self._next is None and value in (0, 1)
            if not is_first and value != self._next:
                self._run = None
                return
            self._next = value + 1
            self._run = (self._run or 0) + 1

    def _learn(self, cells: Set[str]) -> None:
        """Read cells that are not known yet."""
        plain = self._learn_plain(cells) if self.plan.is_number else frozenset[str]()
        for cell in cells - plain:
            text, what = self._read(cell.strip())
            # Whoever put a blank before it kept a spreadsheet from running it: so it stays.
            self._known[cell] = f"\t{text}" if cell[:1].isspace() and is_formula(text) else text
            if what:
                self._seen[cell] = what

    def _learn_plain(self, cells: Set[str]) -> Set[str]:
        """Read plain numbers in the column's own notation, all at once; give those."""
        mark = self._decimal or "."
        plain = cells & set(_PLAIN_LINES[mark].findall("\n".join(cells)))
        plain -= self.plan.missing
        if self.plan.missing_numbers:
            numbers = self.plan.missing_numbers
            plain -= {cell for cell in plain if float(cell.replace(",", ".")) in numbers}
        parted = {cell for cell in plain if mark in cell}
        doubtful = set(_DOUBTFUL_LINES[mark].findall("\n".join(parted)))
        if doubtful:
            self.doubtful.add(mark)
        if len(doubtful) < len(parted):
            self.marks.add(mark)
        self._known.update(zip(plain, plain, strict=True))
        if mark != self._written:
            self._known.update((cell, cell.replace(mark, self._written)) for cell in parted)
        if mark == ",":
            self._commas |= parted
        return plain

    def _read(self, cell: str) -> tuple[str, tuple[str, ...]]:
        if self._is_missing(cell):
            is_kept = self._keeps_missing and cell in self.plan.missing
            return cell if is_kept else "", ("missing",)
        if self.plan.is_number:
            return self._read_number(cell)
        inside = identifiers_inside(cell)
        if self.plan.kind == "datetime" and not any(sign.isdigit() for sign in cell):
            return "", ("unreadable", *inside)
        text, levels, mark = _in_one_form(cell), self.plan.levels, self._mark_of_codes
        if levels is not None and " ".join(cell.split()) in levels:
            return text, inside
        if mark is not None and _PLAIN_LINES[mark].fullmatch(cell):
            text, cell = cell.replace(mark, self._written), cell.replace(mark, ".")
        is_number = _PLAIN_LINES["."].fullmatch(cell)
        is_known = levels is None or (is_number and float(cell) in self.plan.level_numbers)
        return text, inside if is_known else ("not_a_level", *inside)

    def _is_missing(self, cell: str) -> bool:
        if cell in self.plan.missing or not cell:
            return True
        word = plain_word(cell)
        if self.plan.is_number or self.plan.kind == "datetime":
            if word in MISSING_AMONG_NUMBERS:
                return True
        elif word in MISSING and not (self.plan.levels and cell in self.plan.levels):
            return True
        return bool(self.plan.missing_numbers) and self._is_missing_number(cell)

    def _is_missing_number(self, cell: str) -> bool:
        number = parse_number(cell)
        if number is None or number.limit or number.unit:
            return False
        return float(number.text(self._decimal or ".")) in self.plan.missing_numbers

    def _read_number(self, cell: str) -> tuple[str, tuple[str, ...]]:
        number = parse_number(cell)
        has_own_unit = number is not None and self._has_own_unit(number)
        # A plain number is not text; what stands behind one, or begins as telephones do, may be.
        inside = () if has_own_unit and cell[0] != "+" else identifiers_inside(cell)
        if number is None or not has_own_unit:
            return "", ("unreadable", *inside)
        if number.speaks_for:
            self.marks.add(number.speaks_for)
        if number.doubtful:
            self.doubtful.add(number.doubtful)
            if number.doubtful == "," and self._decimal is None:
                raise self._refused()
        decimal = self._decimal or "."
        seen = {
            "below_limit": number.limit.startswith("<"),
            "above_limit": number.limit.startswith(">"),
            "decimal_comma": "," in (number.speaks_for, number.doubtful)
            and "," in cell
            and (number.speaks_for or decimal) == ",",
            "with_unit": bool(number.unit),
        }
        text = number.text(decimal).replace(".", self._written)
        return text, (*(what for what, is_so in seen.items() if is_so), *inside)

    def _has_own_unit(self, number: Number) -> bool:
        return not number.unit or "".join(number.unit.split()) in self.plan.written_units


def _is_plain(text: str) -> bool:
    return text.casefold() in ("true", "false") or any(
        form.fullmatch(text) for form in _PLAIN_LINES.values()
    )


def _in_one_form(cell: str) -> str:
    """Write line ends inside a cell in one way: some CSV writers leave a carriage return bare."""
    return cell.replace("\r\n", "\n").replace("\r", "\n")
