"""What a column can be, by the schema alone: the cells that private counts are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.errors import SchemaError
from synthhealth.schema import Column, Kind, Schema

__all__ = ["Domain", "domains_of"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Marks = npt.NDArray[np.int8]

#: Intervals of a range of numbers; of no more values each is a cell by itself. An interval that
#: many have is parted in so many.
INTERVALS, VALUES, PARTS = 64, 128, 16

#: Dates are learned, and written, in whole days.
_DAY = 86_400.0


@dataclass(frozen=True)
class Domain:
    """The cells of one column.

    First those of its values, then those of missing values, then of results beyond limits.

    Attributes
    ----------
    column : Column
    low, high : numpy.ndarray, shape (n_values,)
        Where the cells of a numerical column begin and end; a single value has one point. Empty
        for levels.
    unit : float
        The step that its values are written in; 0 where there is none.
    can_be_missing : bool
    """

    column: Column
    low: Floats
    high: Floats
    unit: float
    can_be_missing: bool

    @classmethod
    def of(cls, column: Column, dtype: object) -> Domain:
        """Make the cells of a column.

        Parameters
        ----------
        column : Column
            As the schema has it.
        dtype : numpy or pandas dtype
            That of the column as it was read, which says whether a cell can be empty.

        Raises
        ------
        SchemaError
            The schema does not say what the column can be.
        """
        whole = isinstance(dtype, np.dtype) and dtype.kind in "iub"
        can_be_missing = not whole
        if not column.kind.is_numerical:
            if column.levels is None and column.kind is not Kind.BOOLEAN:
                raise _lacking(column, "levels", "[first, second, ...]")
            return cls(column, np.zeros(0), np.zeros(0), 0.0, can_be_missing)
        if column.plausible is None or None in (column.plausible.low, column.plausible.high):
            seconds = ", in seconds since 1970," if column.kind is Kind.DATETIME else ""
            raise _lacking(column, "plausible", f"{{low: ..., high: ...}}{seconds}")
        first, last = float(column.plausible.low or 0.0), float(column.plausible.high or 0.0)
        unit = _unit(column, whole=whole)
        if unit and (last - first) / unit < VALUES:
            values = np.round(first / unit + np.arange(round((last - first) / unit) + 1)) * unit
            return cls(column, values, values, unit, can_be_missing)
        edges = np.linspace(first, last, INTERVALS + 1)
        # The ends are cells by themselves: what lies beyond them counts there, and zeros do.
        low = np.concatenate([[first], edges[:-1], [last]])
        high = np.concatenate([[first], edges[1:], [last]])
        return cls(column, low, high, unit, can_be_missing)

    @property
    def levels(self) -> tuple[object, ...]:
        """The levels; none for a numerical column."""
        if self.column.kind.is_numerical:
            return ()
        return self.column.levels or (False, True)

    @property
    def n_values(self) -> int:
        """How many of the cells hold values."""
        return len(self.low) or len(self.levels)

    @property
    def limits(self) -> tuple[tuple[int, float], ...]:
        """The detection limits, each with the side on which results lie beyond it."""
        known = self.column.detection
        if known is None or not self.column.kind.is_numerical:
            return ()
        return (*((-1, one) for one in known.below), *((1, one) for one in known.above))

    @property
    def n_states(self) -> int:
        """How many cells are of missing values."""
        return 1 + len(self.column.missing) if self.can_be_missing else 0

    @property
    def size(self) -> int:
        """How many cells there are."""
        return self.n_values + self.n_states + len(self.limits)

    def codes(self, values: pd.Series, missing: Marks, censored: Marks) -> Codes:
        """Give the cell of each row; whatever the schema does not know counts as missing.

        Where no cell can be missing, it counts as the first.
        """
        if self.column.kind.is_numerical:
            numbers = _numbers(values)
            codes = self.code_numbers(self.numbers(values))
            is_known = ~np.isnan(numbers)
        else:
            codes = pd.Index(self.levels).get_indexer(pd.Index(values.astype(object)))
            codes = codes.astype(np.int64)
            is_known = codes >= 0
        state = np.where(is_known, 0, np.maximum(missing, 1)).astype(np.int64)
        codes = np.where(state > 0, self.n_values + np.minimum(state, self.n_states) - 1, codes)
        start = self.n_values + self.n_states
        for place, (side, limit) in enumerate(self.limits):
            codes = np.where((censored == side) & (numbers == limit), start + place, codes)
        return np.where(codes < 0, 0, codes)

    def numbers(self, values: pd.Series) -> Floats:
        """Give a column's numbers, brought into the range; a missing one is at its beginning."""
        numbers = np.nan_to_num(_numbers(values), nan=self.low[0], posinf=np.inf, neginf=-np.inf)
        return np.clip(numbers, self.low[0], self.high[-1])

    def code_numbers(self, numbers: Floats) -> Codes:
        """Give the cell of each number; outside of the range, the nearest."""
        is_point = self.low == self.high
        if is_point.all():
            return np.searchsorted((self.low[1:] + self.low[:-1]) / 2, numbers).astype(np.int64)
        found = np.searchsorted(self.high, numbers, side="left")
        last = len(self.low) - 1
        # The end of the range is a cell by itself, and ends the interval before, too.
        found = np.where(numbers >= self.high[last], last, np.minimum(found, last))
        return found.astype(np.int64)

    def parted(self, which: npt.NDArray[np.bool_]) -> tuple[Domain, Codes]:
        """Give a finer domain, some intervals parted, and the cell that each of its values was."""
        low, high, was = [], [], []
        for place, (start, stop) in enumerate(zip(self.low, self.high, strict=True)):
            edges = np.array([start, stop])
            if which[place] and stop > start:
                edges = np.linspace(start, stop, PARTS + 1)
                if self.unit and (stop - start) / self.unit <= PARTS:
                    points = np.arange(np.ceil(start / self.unit), np.floor(stop / self.unit) + 1)
                    points = points[(points * self.unit > start) | (place == 0)] * self.unit
                    points = points[(points < self.high[-1])]
                    if points.size:
                        low += points.tolist()
                        high += points.tolist()
                        was += [place] * points.size
                        continue
            low += edges[:-1].tolist()
            high += edges[1:].tolist()
            was += [place] * (len(edges) - 1)
        return replace(self, low=np.array(low), high=np.array(high)), np.array(was)

    def drawn(
        self, codes: Codes, uniforms: Floats, like: pd.Series
    ) -> tuple[pd.Series, Marks, Marks]:
        """Write cells as values, what is missing of them, and what lies beyond a limit.

        Parameters
        ----------
        codes : numpy.ndarray, shape (n_rows,)
        uniforms : numpy.ndarray, shape (n_rows,)
            Where in its cell a number lies.
        like : pandas.Series
            A column as it was read, of whose dtype the values are.
        """
        inside = codes < self.n_values
        place = np.where(inside, codes, 0)
        missing = np.where(
            inside | (codes >= self.n_values + self.n_states), 0, codes - self.n_values + 1
        )
        censored = np.zeros(len(codes), dtype=np.int8)
        is_missing = missing > 0
        if not self.column.kind.is_numerical:
            cells = pd.Series(np.array(self.levels, dtype=object)[place], dtype=object)
            cells = cells.mask(is_missing, None)
            return cells.astype(like.dtype), missing.astype(np.int8), censored
        numbers = self.low[place] + uniforms * (self.high - self.low)[place]
        if self.unit:
            numbers = np.round(np.round(numbers / self.unit) * self.unit, 10)
        for limit, (side, at) in enumerate(self.limits):
            beyond = codes == self.n_values + self.n_states + limit
            numbers, censored = np.where(beyond, at, numbers), np.where(beyond, side, censored)
        numbers = np.where(is_missing, np.nan, numbers)
        return _like(numbers, like), missing.astype(np.int8), censored.astype(np.int8)


def domains_of(schema: Schema, table: pd.DataFrame) -> Mapping[str, Domain]:
    """Give what each column can be.

    Raises
    ------
    SchemaError
        The schema does not say it of some columns: of all of them in one message.
    """
    found, lacking = {}, []
    for column in schema:
        try:
            found[column.name] = Domain.of(column, table[column.name].dtype)
        except SchemaError as error:
            lacking.append(str(error))
    if lacking:
        raise SchemaError(
            "privacy 'formal' takes what columns can be from the schema alone, never from the "
            "patients:\n" + "\n".join(f"- {one}" for one in lacking)
        )
    return found


def _lacking(column: Column, what: str, example: str) -> SchemaError:
    return SchemaError(
        f"column {column.name!r} ({column.kind.value}) has no {what}; write {what}: {example} "
        "from what you know of it, or leave the column out (--drop)"
    )


def _unit(column: Column, *, whole: bool) -> float:
    if column.kind is Kind.DATETIME:
        return _DAY
    if column.decimals is not None:
        return 10.0**-column.decimals
    return 1.0 if column.kind is Kind.COUNT or whole else 0.0


def _numbers(values: pd.Series) -> Floats:
    if types.is_datetime64_any_dtype(values.dtype):
        moments = values.dt.tz_localize(None) if values.dt.tz is not None else values
        micros = moments.to_numpy(dtype="datetime64[us]")
        return np.where(np.isnat(micros), np.nan, micros.astype(np.int64) / 1e6)
    return pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)


def _like(numbers: Floats, like: pd.Series) -> pd.Series:
    """Give numbers in the dtype of a column."""
    if types.is_datetime64_any_dtype(like.dtype):
        moments = pd.Series(pd.to_datetime(pd.Series(numbers), unit="s"))
        if like.dt.tz is not None:
            moments = moments.dt.tz_localize(
                like.dt.tz,
                ambiguous=np.ones(len(moments), dtype=bool),
                nonexistent="shift_forward",
            )
        return moments.astype(like.dtype)
    series = pd.Series(numbers)
    if types.is_extension_array_dtype(like.dtype):
        whole = types.is_integer_dtype(like.dtype)
        nullable = series.astype("Int64") if whole else series.astype("Float64")
        return nullable.astype(like.dtype)
    return series.astype(like.dtype)
