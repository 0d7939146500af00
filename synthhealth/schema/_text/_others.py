"""The cells of a column of dates, times or pairs that are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthhealth.errors import Doubt
from synthhealth.schema._schema import MIN_CELL

__all__ = ["FEW", "MOSTLY", "Others", "part_others"]

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
