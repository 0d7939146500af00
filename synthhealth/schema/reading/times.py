"""Columns of times of day, durations and pairs of numbers, and what among them is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthhealth.cells.clock import (
    DAY,
    has_seconds,
    infer_clock,
    is_time_of_day,
    read_clock,
    write_clock,
)
from synthhealth.cells.digits import from_latin, script_of
from synthhealth.cells.pairs import infer_pairs
from synthhealth.errors import Doubt
from synthhealth.schema.types import MIN_CELL, Notation, Range

__all__ = [
    "FEW",
    "MOSTLY",
    "Others",
    "PairsForm",
    "TimesForm",
    "infer_joined",
    "infer_times",
    "parse_times",
    "part_others",
    "print_times",
]


#: From this share on a column is what most of its cells are; below the other one it is not.
MOSTLY, FEW = 0.8, 0.2


@dataclass(frozen=True)
class Others:
    """What stands beside the dates, times or pairs of a column."""

    missing: tuple[str, ...]
    """Cells that many rows share and that stand for a missing value."""
    coded: int
    """The rows that have one of them."""
    odd: int
    """The rows with any other cell: they count as missing."""
    known: int
    """The rows with a date, time or pair."""

    @property
    def share(self) -> float:
        """The share of what the column is of, among the rows that are not coded."""
        return self.known / max(self.known + self.odd, 1)

    @property
    def is_enough(self) -> bool:
        """Whether a column may be of these things at all."""
        return self.known > 0 and self.share >= FEW

    def doubts(self, things: str, *, far: int = 0) -> list[Doubt]:
        """Say what is done with them; `far` of the odd rows are dates far from all others."""
        doubts = []
        if self.missing:
            listed = ", ".join(repr(code) for code in self.missing)
            doubts.append(
                Doubt(
                    f"{self.coded} cells hold a word, or a {things[:-1]} far from all others, that "
                    "means 'none'; they count as missing and are written as they were",
                    f"missing: [{listed}]",
                    2,
                )
            )
        if self.share < MOSTLY:
            doubts.append(
                Doubt(
                    f"only {self.share:.0%} of its cells are {things}, the others are none or are "
                    "written in another way; nothing can be learned before you say how they are "
                    "written (notation), which of them mean 'missing', or that all are words",
                    "kind: nominal",
                    3,
                )
            )
        elif self.odd:
            which = f", {far} of them far from all others" if far else ""
            no, counts = (
                (f"is no {things[:-1]}", "counts")
                if self.odd == 1
                else (f"are no {things}", "count")
            )
            verbs = f"{no} and {counts} as missing"
            doubts.append(
                Doubt(
                    f"{self.odd} of {self.known + self.odd} cells {verbs}{which}",
                    "kind: nominal",
                    3,
                )
            )
        return doubts


def part_others(
    cells: Sequence[str],
    counts: npt.NDArray[np.int64],
    fits: npt.NDArray[np.bool_],
    is_code: npt.NDArray[np.bool_] | None = None,
) -> Others:
    """Part the cells that do not fit: codes, and odd ones.

    A code is a cell that at least `MIN_CELL` rows share, and that has no digit or is a code by
    what it says (`is_code`).
    """
    codes, coded, odd = [], 0, 0
    for place in np.flatnonzero(~fits).tolist():
        cell, count = cells[place], int(counts[place])
        is_word = not any(map(str.isdigit, cell)) or (is_code is not None and bool(is_code[place]))
        if count >= MIN_CELL and is_word:
            codes.append(cell)
            coded += count
        else:
            odd += count
    return Others(tuple(codes), coded, odd, int(counts[fits].sum()))


Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TimesForm:
    """How the cells of a column write times."""

    notation: Notation
    others: Others
    n_different: int
    doubts: tuple[Doubt, ...] = ()

    @property
    def decimals(self) -> int | None:
        """Minutes are whole where seconds are not written."""
        return None if has_seconds(self.notation.clock) else 0

    @property
    def plausible(self) -> Range | None:
        """A day, for times of day."""
        return Range(low=0, high=DAY) if is_time_of_day(self.notation.clock) else None


@dataclass(frozen=True)
class PairsForm:
    """How the cells of a column write two numbers."""

    joined: str
    """What parts them."""
    notation: Notation
    is_whole: bool
    others: Others
    n_different: tuple[int, int]
    doubts: tuple[Doubt, ...] = ()


def parse_times(cells: Sequence[str], form: str) -> Floats:
    """Give times as minutes; NaN where a cell is none."""
    minutes = (read_clock(cell, form) for cell in cells)
    return np.array([np.nan if one is None else one for one in minutes], dtype=np.float64)


def print_times(minutes: Floats, notation: Notation) -> list[str]:
    """Write minutes, none of them NaN, in the form of a notation."""
    form, language, digits = notation.clock, notation.language, notation.digits
    return [from_latin(write_clock(one, form, language), digits) for one in minutes.tolist()]


def infer_times(cells: Sequence[str], counts: Counts) -> TimesForm | None:
    """Find how a column writes times; None if fewer than a fifth of its rows are times."""
    found = infer_clock(cells, counts.tolist())
    if found is None:
        return None
    fits = np.array(found.fits)
    others = part_others(cells, counts, fits)
    if not others.is_enough:
        return None
    times = [cell for cell, fit in zip(cells, found.fits, strict=True) if fit]
    language = "ar" if found.language == "ar" else "en"
    notation = Notation(clock=found.form, language=language, digits=script_of(times))
    minutes = parse_times(times, found.form)
    doubts = []
    if found.ways > 1 or print_times(minutes, notation) != times:
        ways = (
            f"in {found.ways} ways" if found.ways > 1 else "with blanks or zeros that others lack"
        )
        doubts.append(
            Doubt(f"some of its times are written {ways}; all are read, and written in one form")
        )
    doubts += others.doubts("times")
    return TimesForm(notation, others, np.unique(minutes).size, tuple(doubts))


def infer_joined(cells: Sequence[str], counts: Counts) -> PairsForm | None:
    """Find how a column writes pairs; None if fewer than a fifth of its rows are pairs."""
    found = infer_pairs(cells, counts.tolist())
    if found is None:
        return None
    fits = np.array([pair is not None for pair in found.pairs])
    others = part_others(cells, counts, fits)
    if not others.is_enough:
        return None
    pairs = [pair for pair in found.pairs if pair is not None]
    digits = script_of(cell for cell, fit in zip(cells, fits.tolist(), strict=True) if fit)
    return PairsForm(
        found.mark,
        Notation(suffix=found.suffix, digits=digits),
        all(text.isdigit() for pair in pairs for text in pair),
        others,
        (len({one for one, _ in pairs}), len({two for _, two in pairs})),
        tuple(others.doubts("pairs of numbers")),
    )
