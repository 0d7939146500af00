"""The tables that every figure is measured on: those given, copies of the real one, shuffles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synthhealth.evaluation.calibration import band_of
from synthhealth.evaluation.figures import Band
from synthhealth.evaluation.rows.drawn import Rows, draw_references, draw_rows
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.work import Seeds

__all__ = ["EXCHANGEABLE", "Cases"]

EXCHANGEABLE = (
    "both tables are independent samples of one population, so that the labels of their rows "
    "could as well be exchanged"
)

#: Rows taken of each table, at random where it has more.
MOST_ROWS = 750
#: Tables of at most this many rows together are cheap: more folds, permutations and shuffles.
FEW_ROWS = 500
#: Shuffles of so few rows.
SHUFFLES = 20


@dataclass(frozen=True)
class Cases:
    """Rows of the two tables, and of the real table with a copy and with shuffles of it.

    Attributes
    ----------
    rows : Rows
        Of the tables given.
    copy : Rows
        Of the real table and of itself, repeated or cut to the synthetic table's size.
    shuffles : tuple of Rows
        The same, each column of the copy shuffled by itself.
    """

    rows: Rows
    copy: Rows
    shuffles: tuple[Rows, ...]

    @classmethod
    def of(cls, tables: Tables, seeds: Seeds) -> Cases:
        """Draw the rows."""
        rng = seeds.rng("rows compared as wholes")
        rows = draw_rows(tables, MOST_ROWS, rng)
        copy = draw_references(tables, MOST_ROWS, rng)
        times = SHUFFLES if rows.labels.size <= FEW_ROWS else 1
        return cls(rows, copy, tuple(copy.shuffled(rng) for _ in range(times)))

    def cut(self, most: int) -> Cases:
        """Keep at most so many rows of each table."""
        shuffles = tuple(rows.cut(most) for rows in self.shuffles)
        return Cases(self.rows.cut(most), self.copy.cut(most), shuffles)

    @property
    def are_few(self) -> bool:
        """Whether there are few rows, so that more can be done with each."""
        return self.rows.labels.size <= FEW_ROWS

    @property
    def permutations(self) -> int:
        """How often labels are exchanged."""
        return 199 if self.are_few else 99

    def bands(self, figure: Callable[[Rows], float], most_shuffles: int = 20) -> tuple[Band, Band]:
        """Measure a figure on copy and shuffles."""
        shuffled = [figure(rows) for rows in self.shuffles[:most_shuffles]]
        return band_of(np.array([figure(self.copy)])), band_of(np.array(shuffled))
