"""The different cells of a column that holds text, which are few where the rows are many."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.cells.digits import without_marks

__all__ = ["Cells", "as_text", "is_number"]


@dataclass(frozen=True)
class Cells:
    """The different cells of a column, and which of them each row has."""

    different: list[Any]
    """The cells that are not empty, each once."""
    places: npt.NDArray[np.int64]
    """For each row the place of its cell in `different`; -1 where the cell is empty."""
    had_marks: bool = False
    """Whether cells had invisible marks, which `different` lacks."""

    @classmethod
    def of(cls, values: pd.Series) -> Cells:
        """Find the different cells of a column of text, categories or objects."""
        if isinstance(values.dtype, pd.CategoricalDtype):
            used, places = np.unique(values.cat.codes.to_numpy(), return_inverse=True)
            shift = int(used.size > 0 and used[0] == -1)
            categories = values.cat.categories
            return cls([categories[code] for code in used[shift:]], places - shift)
        places, different = pd.factorize(values)
        plain = [without_marks(cell) if isinstance(cell, str) else cell for cell in different]
        had_marks = any(
            isinstance(old, str) and len(old) != len(new)
            for old, new in zip(different, plain, strict=True)
        )
        if had_marks:
            merged, left = pd.factorize(np.array(plain, dtype=object))
            return cls(list(left), np.append(merged, -1)[places].astype(np.int64), had_marks=True)
        return cls(list(different), places.astype(np.int64))

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many rows have each of the different cells."""
        return np.bincount(self.places[self.places >= 0], minlength=len(self.different))

    @cached_property
    def texts(self) -> list[str]:
        """The different cells that are text."""
        return [cell for cell in self.different if isinstance(cell, str)]

    def rows(self, index: pd.Index, name: Any) -> pd.Series:
        """Give the cells of all rows, without invisible marks."""
        cells = np.array([*self.different, np.nan], dtype=object)[self.places]
        return pd.Series(cells, index=index, name=name)

    @property
    def has_text(self) -> bool:
        """Whether any cell is text."""
        return bool(self.texts)

    @property
    def has_numbers(self) -> bool:
        """Whether there are cells that are numbers, and no text."""
        return self.numbers.size > 0

    @cached_property
    def numbers(self) -> npt.NDArray[np.float64]:
        """The different cells that are numbers."""
        return np.array([float(cell) for cell in self.different if is_number(cell)], dtype=float)

    def frequent(
        self, words: Iterable[str], least: int, patients: npt.NDArray[Any] | None = None
    ) -> tuple[str, ...]:
        """Give those of the cells that at least so many rows, or patients where given, have."""
        kept = []
        for word in words:
            place = self.different.index(word)
            if patients is None:
                n = int(self.counts[place])
            else:
                n = len(set(patients[self.places == place].tolist()))
            if n >= least:
                kept.append(word)
        return tuple(kept)

    def without(self, left_out: Set[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
        """Give the different texts but some, and how many rows have each."""
        kept = [
            (cell, count)
            for cell, count in zip(self.different, self.counts.tolist(), strict=True)
            if isinstance(cell, str) and cell not in left_out
        ]
        return [cell for cell, _ in kept], np.array([count for _, count in kept], dtype=np.int64)


def is_number(cell: object) -> bool:
    """Whether a cell is a number, and no truth value."""
    return isinstance(cell, int | float | np.integer | np.floating) and not isinstance(cell, bool)


def as_text(cell: object) -> str:
    """Write a cell as a file of text would have it: ``101`` for 101 and 101.0."""
    return f"{cell:.15g}" if is_number(cell) else str(cell)
