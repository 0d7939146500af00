"""The different cells of a column that holds text, which are few where the rows are many.

They are taken apart once, whoever asks: what a column is, its unit, its limits and its values all
come from the same `Cells`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.cells.digits import without_marks
from synthhealth.cells.numbers import NumberCell, split_number
from synthhealth.schema.reading.dates import Moments, parse_dates
from synthhealth.schema.reading.notation import ParsedNumbers, parse_numbers
from synthhealth.schema.reading.vocabulary import MissingWords
from synthhealth.schema.types import Notation

__all__ = ["Cells", "Texts", "as_text", "is_number"]


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

    @cached_property
    def missing_numbers(self) -> list[str]:
        """The cells that stand for a missing value in a column of numbers or dates."""
        return MissingWords.among_numbers(self.texts)

    @cached_property
    def missing_words(self) -> list[str]:
        """The cells that stand for a missing value in any other column."""
        return MissingWords.among_words(self.texts)

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

    def without(self, left_out: Set[str]) -> Texts:
        """Give the different texts but some."""
        places = [
            place
            for place, cell in enumerate(self.different)
            if isinstance(cell, str) and cell not in left_out
        ]
        return Texts(self, np.array(places, dtype=np.int64))

    @cached_property
    def split(self) -> list[NumberCell | None]:
        """What `split_number` makes of each cell; None where it is not text or no number."""
        return [split_number(cell) if isinstance(cell, str) else None for cell in self.different]

    def as_numbers(self, notation: Notation, unit: str | None = None) -> ParsedNumbers:
        """Read all different cells in a notation; see `parse_numbers`."""
        key = (
            *(notation.decimal, notation.thousands, notation.prefix, notation.suffix),
            notation.above.strip() == "+",
            unit if self._has_units else None,
        )
        if key not in self._parsed:
            self._parsed[key] = parse_numbers(self.split, notation, unit)
        return self._parsed[key]

    def as_moments(self, formats: Sequence[str]) -> Moments:
        """Read all different cells as dates in one of the formats; see `parse_dates`."""
        formats = tuple(formats)
        if formats not in self._moments:
            texts = [cell if isinstance(cell, str) else "" for cell in self.different]
            self._moments[formats] = parse_dates(texts, formats)
        return self._moments[formats]

    @cached_property
    def _parsed(self) -> dict[tuple[Any, ...], ParsedNumbers]:
        return {}

    @cached_property
    def _moments(self) -> dict[tuple[str, ...], Moments]:
        return {}

    @cached_property
    def _has_units(self) -> bool:
        return any(cell is not None and (cell.before or cell.behind) for cell in self.split)


@dataclass(frozen=True)
class Texts:
    """Some of the different cells of a column, all of them text."""

    cells: Cells
    places: npt.NDArray[np.int64]
    """Where they stand among the different cells."""

    @classmethod
    def of(cls, texts: Sequence[str], counts: Sequence[int] | npt.NDArray[np.int64]) -> Texts:
        """Take texts that are different, and how many rows have each, for a column's cells."""
        places = np.arange(len(texts), dtype=np.int64)
        return cls(Cells(list(texts), np.repeat(places, counts)), places)

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def different(self) -> list[str]:
        """The texts, each once."""
        return self._at(self.cells.different)

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many rows have each."""
        return self.cells.counts[self.places]

    @cached_property
    def split(self) -> list[NumberCell | None]:
        """What `split_number` makes of each."""
        return self._at(self.cells.split)

    def as_numbers(self, notation: Notation, unit: str | None = None) -> ParsedNumbers:
        """Read them in a notation; see `parse_numbers`."""
        return self.cells.as_numbers(notation, unit).at(self.places)

    def as_moments(self, formats: Sequence[str]) -> Moments:
        """Read them as dates in one of the formats; see `parse_dates`."""
        return self.cells.as_moments(formats)[self.places]

    def _at(self, of_all: Sequence[Any]) -> list[Any]:
        return [of_all[place] for place in self.places.tolist()]


def is_number(cell: object) -> bool:
    """Whether a cell is a number, and no truth value."""
    return isinstance(cell, int | float | np.integer | np.floating) and not isinstance(cell, bool)


def as_text(cell: object) -> str:
    """Write a cell as a file of text would have it: ``101`` for 101 and 101.0."""
    return f"{cell:.15g}" if is_number(cell) else str(cell)
