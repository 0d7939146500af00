"""Columns of times of day, durations and pairs of numbers: how they are written."""

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
from synthhealth.schema._schema import Notation, Range
from synthhealth.schema._text._others import Others, part_others

__all__ = ["PairsForm", "TimesForm", "infer_joined", "infer_times", "parse_times", "print_times"]

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
