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
from synthhealth.table.ranges import Between

__all__ = ["Known"]


class Known:
    """What is known of the rows to draw: values, ranges, and which shall be missing.

    Attributes
    ----------
    values : pandas.DataFrame
        The columns of the conditions in the plain form; NaN: not known, in a range, or to be
        missing.
    gaps : pandas.DataFrame
        For the same cells whether they shall be missing: True, False, or None for not known.
    ranges : dict of str to numpy.ndarray, shape (n_rows, 2)
        Of columns with ranges, the ends between which the written values lie; infinite where no
        range is asked for.
    """

    def __init__(
        self,
        values: pd.DataFrame,
        gaps: pd.DataFrame,
        ranges: Mapping[str, npt.NDArray[np.float64]] | None = None,
    ) -> None:
        self.values = values
        self.gaps = gaps
        self.ranges = dict(ranges or {})

    @classmethod
    def encode(
        cls, form: TableForm, asked: Mapping[str, list[Any]], missing_means_unknown: bool
    ) -> Known:
        """Bring what is asked for to the plain form."""
        values: dict[str, npt.NDArray[np.float64]] = {}
        gaps: dict[str, list[bool | None]] = {}
        ranges: dict[str, npt.NDArray[np.float64]] = {}
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
                between = Between.of(cell)
                if between is not None:
                    low, high = column.encode_range(between)
                    missing[place] = False
                    if low == high:
                        encoded[place] = low
                    else:
                        ranges.setdefault(name, _no_range(len(cells)))[place] = low, high
                    continue
                if not pd.api.types.is_scalar(cell):
                    raise ConditionError(
                        f"condition on column {name!r}: give one value, not a "
                        f"{type(cell).__name__}; for several, draw once for each, and of numbers "
                        "give a range: (low, high)"
                    )
                if cell not in plain:
                    plain[cell] = column.encode_condition(cell)
                encoded[place] = plain[cell]
                missing[place] = False
            values[name] = encoded
            gaps[name] = missing
        return cls(pd.DataFrame(values), pd.DataFrame(gaps, dtype=object), ranges)

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
            {name: ends[places] for name, ends in self.ranges.items()},
        )

    @property
    def has_values(self) -> bool:
        """Whether some value is known exactly."""
        return bool(self.values.notna().to_numpy().any())

    def kinds(self) -> npt.NDArray[np.int64]:
        """Give each row a number; rows of the same number know the same."""
        gaps = self.gaps.map(lambda gap: -1 if gap is None else int(gap))
        told = [self.values.fillna(np.inf), gaps, *map(pd.DataFrame, self.ranges.values())]
        table = np.hstack([part.to_numpy(dtype=np.float64) for part in told])
        return np.unique(table, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)

    def in_ranges(self, form: TableForm, plain: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Say of rows, drawn for these conditions, whether they are written within the ranges."""
        met = np.ones(len(plain), dtype=bool)
        for name, ends in self.ranges.items():
            met &= form[name].in_range(plain[name].to_numpy(), ends[:, 0], ends[:, 1])
        return met

    def settled(self, places: npt.NDArray[np.int64], form: TableForm, plain: pd.DataFrame) -> Known:
        """Give it with exact values in the place of ranges, for some rows.

        Parameters
        ----------
        places : numpy.ndarray
            Which rows.
        form : TableForm
            How the columns are written.
        plain : pandas.DataFrame
            A row for each of them, whose values within the ranges are taken.
        """
        values, ranges = self.values.copy(), {}
        for name, ends in self.ranges.items():
            ranges[name] = ends.copy()
            asked = np.isfinite(ends[places]).any(axis=1)
            written = form[name].written(plain[name].to_numpy())
            values.loc[places[asked], name] = written[asked]
            ranges[name][places] = _no_range(len(places))
        return Known(values, self.gaps, ranges)

    def check_gaps(self, patterns: MissingPatterns) -> None:
        """Refuse gaps that are never drawn, before anything is drawn.

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


def _no_range(n: int) -> npt.NDArray[np.float64]:
    return np.tile([-np.inf, np.inf], (n, 1))
