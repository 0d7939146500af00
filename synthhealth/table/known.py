"""The values that a user asks for, checked and brought to the plain form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ConditionError, nearest
from synthhealth.table.encoding import TableForm
from synthhealth.table.gaps import MissingPatterns, States

__all__ = ["Known"]


class Known:
    """What is known of the rows to draw: values in the plain form, and which shall be missing.

    Attributes
    ----------
    values : pandas.DataFrame
        The columns of the conditions in the plain form; NaN: not known, or to be missing.
    gaps : pandas.DataFrame
        For the same cells whether they shall be missing: True, False, or None for not known.
    """

    def __init__(self, values: pd.DataFrame, gaps: pd.DataFrame) -> None:
        self.values = values
        self.gaps = gaps

    @classmethod
    def encode(
        cls, form: TableForm, asked: Mapping[str, list[Any]], missing_means_unknown: bool
    ) -> Known:
        """Bring what is asked for to the plain form."""
        values: dict[str, npt.NDArray[np.float64]] = {}
        gaps: dict[str, list[bool | None]] = {}
        for name, cells in asked.items():
            if name not in form.names:
                raise ConditionError(
                    f"conditions: the table has no column {name!r}{nearest(str(name), form.names)}"
                )
            column = form[name]
            plain: dict[Any, float] = {}
            encoded = np.full(len(cells), np.nan)
            missing: list[bool | None] = [None if missing_means_unknown else True] * len(cells)
            for place, cell in enumerate(cells):
                if pd.api.types.is_scalar(cell) and pd.isna(cell):
                    continue
                if not pd.api.types.is_scalar(cell):
                    raise ConditionError(
                        f"condition on column {name!r}: give one value, not a "
                        f"{type(cell).__name__}; for several, draw once for each"
                    )
                if cell not in plain:
                    plain[cell] = column.encode_condition(cell)
                encoded[place] = plain[cell]
                missing[place] = False
            values[name] = encoded
            gaps[name] = missing
        return cls(pd.DataFrame(values), pd.DataFrame(gaps, dtype=object))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def asks_for_gaps(self) -> bool:
        """Whether some cell shall be missing."""
        return bool((self.gaps == True).to_numpy().any())  # noqa: E712

    def rows(self, places: slice | npt.NDArray[np.int64]) -> Known:
        """Give some of the rows."""
        return Known(
            self.values.iloc[places].reset_index(drop=True),
            self.gaps.iloc[places].reset_index(drop=True),
        )

    def check_gaps(self, patterns: MissingPatterns) -> None:
        """Refuse gaps that no patient had, before anything is drawn.

        Raises
        ------
        ConditionError
        """
        for known, _ in self._same_gaps():
            patterns.check(known)

    def draw_gaps(
        self, patterns: MissingPatterns, plain: pd.DataFrame, rng: np.random.Generator
    ) -> States:
        """Draw the missing-value states of rows drawn for these conditions."""
        drawn = np.zeros((len(self), len(patterns.columns)), dtype=np.int8)
        for known, places in self._same_gaps():
            drawn[places] = patterns.draw(plain.iloc[places], rng, known=known)
        return drawn

    def _same_gaps(self) -> Iterator[tuple[dict[str, bool], npt.NDArray[np.int64]]]:
        """Give each combination of gaps that is asked for, with the places of its rows."""
        cells = self.gaps.to_numpy(dtype=object)
        is_asked = ~pd.isna(cells)
        codes = np.full(cells.shape, -1, dtype=np.int8)
        codes[is_asked] = cells[is_asked].astype(bool)
        different, which = np.unique(codes, axis=0, return_inverse=True)
        for number, row in enumerate(different):
            known = {
                name: bool(code)
                for name, code in zip(self.gaps.columns, row, strict=True)
                if code >= 0
            }
            yield known, np.flatnonzero(which.reshape(-1) == number)
