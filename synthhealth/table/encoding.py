"""The two forms of a table: as the user has it, and plain, as the models learn it.

The plain form has one column per schema column, without missing values: numbers and dates as
float64 (dates in seconds), everything else as the integer position of its level. What is needed to
go back (dtypes, decimals, limits, levels, index) is plain data too, so that it can be saved.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types
from pandas.api.types import is_scalar
from pydantic import BaseModel, ConfigDict, Field, model_validator

from synthhealth.errors import ConditionError, FitError, TableError
from synthhealth.schema.reading.notation import MAX_DECIMALS, count_decimals
from synthhealth.schema.schema import Schema
from synthhealth.schema.subjects import Subjects
from synthhealth.schema.types import Column, Kind
from synthhealth.table.dtypes import (
    IndexForm,
    dtype_from_text,
    dtype_to_text,
    is_known_zone,
    limits_of_dtype,
)
from synthhealth.table.limits import (
    CALENDAR,
    learn_limits,
    within_calendar,
    within_dtype,
    within_plausible,
)
from synthhealth.table.ranges import Between

__all__ = ["ColumnForm", "TableForm"]

Floats = npt.NDArray[np.float64]

#: Steps of time, in seconds, that dates are rounded to: day, hour, minute, second, ms, us.
_TIME_STEPS = (86_400.0, 3_600.0, 60.0, 1.0, 1e-3, 1e-6)


class ColumnForm(BaseModel):
    """How one column is written, and between which limits its values lie."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Kind
    dtype: str
    missing_is_none: bool = False
    # numbers and dates
    step: float | None = None
    decimals: int | None = Field(default=None, ge=0, le=MAX_DECIMALS)
    low: float = 0.0
    high: float = 0.0
    low_is_floor: bool = False
    high_is_ceiling: bool = False
    timezone: str | None = None
    # everything else
    levels: tuple[str | bool | int | float, ...] = ()
    categories: tuple[str | bool | int | float, ...] | None = None
    categories_dtype: str | None = None
    ordered: bool = False

    @model_validator(mode="after")
    def _can_be_written(self) -> ColumnForm:
        """Check what writing relies on, also in a stranger's file."""
        if self.kind.is_numerical:
            if not self.low < self.high or not math.isfinite(self.high - self.low):
                raise ValueError("the limits are not in order")
            if self.step is not None and self.step not in _TIME_STEPS:
                raise ValueError("the step is not one of time")
            if self.timezone is not None and not is_known_zone(self.timezone):
                raise ValueError("the time zone is unknown")
            first, last = CALENDAR
            if self.kind is Kind.DATETIME and not first <= self.low < self.high <= last:
                raise ValueError("the limits are not dates")
            lowest, highest = limits_of_dtype(self.dtype)
            if not lowest <= self.low < self.high <= highest:
                raise ValueError("the dtype cannot hold the limits")
            is_date = types.is_datetime64_any_dtype(self.dtype)
            if is_date is not (self.kind is Kind.DATETIME):
                raise ValueError("dates are not numbers")
        elif not self.levels or not _are_different(self.levels):
            raise ValueError("the levels are not one or more different ones")
        elif self.categories is not None:
            if not _are_different(self.categories):
                raise ValueError("a category stands twice")
            if (pd.Index(self.categories).get_indexer(pd.Index(self.levels)) < 0).any():
                raise ValueError("a level is not a category")
        return self

    @classmethod
    def learn(
        cls,
        values: pd.Series,
        column: Column,
        latent: Floats | None = None,
        subjects: Subjects | None = None,
    ) -> ColumnForm:
        """Learn the form of one column; `latent` holds its values where some are censored."""
        form: dict[str, Any] = {
            "name": column.name,
            "kind": column.kind,
            "dtype": dtype_to_text(values.dtype),
        }
        if types.is_object_dtype(values.dtype):
            form["missing_is_none"] = any(cell is None for cell in values[values.isna()])
        if not column.kind.is_numerical:
            form |= _learn_levels(values, column.levels)
        elif column.kind is Kind.DATETIME:
            numbers = _seconds(values)
            timezone = values.dt.tz
            form["timezone"] = None if timezone is None else str(timezone)
            form["step"] = _time_step(numbers)
            form |= within_calendar(learn_limits(numbers, form["step"], subjects), form["dtype"])
        else:
            numbers = _numbers(values)
            counted = count_decimals(numbers)
            decimals = counted if column.decimals is None else column.decimals
            form["decimals"] = decimals
            unit = 0.0 if decimals is None else 10.0**-decimals
            limits = learn_limits(numbers if latent is None else latent, unit, subjects)
            form |= within_dtype(
                within_plausible(limits, column.plausible, decimals), form["dtype"]
            )
        return cls(**form)

    def encode(self, values: pd.Series) -> npt.NDArray[Any]:
        """Give float64 (NaN: missing), or int64 positions of levels (-1: missing)."""
        if self.kind is Kind.DATETIME:
            return _seconds(values)
        if self.kind.is_numerical:
            return _numbers(values)
        if isinstance(values.dtype, pd.CategoricalDtype):
            positions = pd.Index(self.levels).get_indexer(values.cat.categories)
            codes = values.cat.codes.to_numpy()
            return np.where(codes < 0, -1, positions[codes]).astype(np.int64)
        return pd.Index(self.levels).get_indexer(pd.Index(values)).astype(np.int64)

    def decode(self, plain: npt.NDArray[Any], missing: npt.NDArray[np.bool_]) -> pd.Series:
        """Write plain values as the user's table had them."""
        if self.kind is Kind.DATETIME:
            return self._decode_dates(plain, missing)
        if self.kind.is_numerical:
            return self._decode_numbers(self.written(plain), missing)
        return self._decode_levels(plain, missing)

    def written(self, plain: Floats) -> Floats:
        """Bring numbers and dates to values that can be written: within limits, rounded."""
        if self.kind is Kind.DATETIME:
            step = self.step or 1.0
            return np.round(self.within_limits(plain) / step) * step
        return self.rounded(self.within_limits(plain))

    def can_be(self, plain: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Say of plain values whether they are within the limits, or levels that there are."""
        if self.kind.is_numerical:
            return (plain >= self.low) & (plain <= self.high)
        return plain >= 0

    @property
    def half_step(self) -> float:
        """Half the smallest step between written values; 0 where none is known."""
        if self.step is not None:
            return self.step / 2
        return 0.0 if self.decimals is None else 0.5 * 10.0**-self.decimals

    def rounded(self, plain: Floats) -> Floats:
        """Round numbers to the decimals of the column."""
        if self.decimals is None:
            return plain
        return np.round(plain, self.decimals) + 0.0  # turns -0.0 into 0.0

    def values(self, plain: npt.NDArray[Any], missing: npt.NDArray[np.bool_]) -> pd.Series:
        """Give written values as floats, dates or levels, for a rule to look at."""
        if self.kind is Kind.DATETIME:
            return pd.Series(self._moments(self.written(plain), missing))
        if self.kind.is_numerical:
            return pd.Series(np.where(missing, np.nan, self.written(plain)))
        levels = np.asarray(self.levels, dtype=object)[plain]
        levels[missing] = None
        return pd.Series(levels).infer_objects()

    def within_limits(self, plain: Floats) -> Floats:
        """Bring values beyond the limits back inside.

        Clipping would heap them up on the smallest and largest value (11 to 24 % of the values of
        a CTGAN); they are reflected at the limit instead, except where the limit is a floor or a
        ceiling on which the measurement itself heaps values.
        """
        if self.low_is_floor:
            plain = np.maximum(plain, self.low)
        if self.high_is_ceiling:
            plain = np.minimum(plain, self.high)
        if plain.size == 0 or (plain.min() >= self.low and plain.max() <= self.high):
            return plain
        width = self.high - self.low
        return self.low + width - np.abs((plain - self.low) % (2 * width) - width)

    def encode_condition(self, value: Any) -> float | int:
        """Give the plain form of a value that a user asks for.

        Raises
        ------
        ConditionError
            The value cannot occur: an unknown level, or a number beyond the limits.
        """
        plain = self._encode_one(value)
        if not self.kind.is_numerical:
            if plain < 0:
                raise ConditionError(
                    f"condition on column {self.name!r}: the training table has no such category; "
                    f"it has {len(self.levels)} others"
                )
            return int(plain)
        if not self.low <= plain <= self.high:
            raise ConditionError(
                f"condition on column {self.name!r}: the value lies outside the range that the "
                f"model has learned, {self._printed(self.low)} to {self._printed(self.high)}"
            )
        if self.decimals is not None and round(plain, self.decimals) != plain:
            raise ConditionError(
                f"condition on column {self.name!r}: its values have {self.decimals} decimals; "
                "round the value you ask for"
            )
        return float(plain)

    def encode_range(self, asked: Between) -> tuple[float, float]:
        """Give the ends of the written values that lie in a range that a user asks for.

        Raises
        ------
        ConditionError
            No value can lie in it: the column has levels, an end is not a value of the column, the
            range begins above its end, lies outside what was learned, or between two values that
            can be written.
        """
        at = f"condition on column {self.name!r}"
        if not self.kind.is_numerical:
            raise ConditionError(
                f"{at}: ranges are of numbers and dates, and it is {self.kind.value}; give one "
                "value, and for several draw once for each"
            )
        unknown = [end is not None and (not is_scalar(end) or pd.isna(end)) for end in asked.ends]
        if any(unknown):
            raise ConditionError(
                f"{at}: an end of the range is not a value; leave it open with None: (30, None)"
            )
        low, high = (
            open_end if end is None else float(self._encode_one(end))
            for end, open_end in zip(asked.ends, (-np.inf, np.inf), strict=True)
        )
        if low > high:
            raise ConditionError(f"{at}: the range begins above its end; give (low, high)")
        low = self._next_written(low, 1, beyond=asked.above)
        high = self._next_written(high, -1, beyond=asked.below)
        if low > self.high or high < self.low:
            raise ConditionError(
                f"{at}: the range lies outside what the model has learned, "
                f"{self._printed(self.low)} to {self._printed(self.high)}"
            )
        if low > high:
            decimals = "" if self.decimals is None else f", which has {self.decimals} decimals"
            raise ConditionError(f"{at}: no value of the column lies in the range{decimals}")
        return low, high

    def _next_written(self, end: float, side: int, *, beyond: bool) -> float:
        """Give the value nearest to an end that can be written and lies on its side."""
        if not np.isfinite(end):
            return end
        step = 2 * self.half_step
        if not step:
            return float(np.nextafter(end, side * np.inf)) if beyond else end
        place = side * end / step
        nearest = round(place)
        on_grid = abs(place - nearest) < 1e-6
        place = nearest + beyond if on_grid else math.ceil(place)
        return float(side * place * step)

    def in_range(
        self, plain: npt.NDArray[np.float64], low: Floats | float, high: Floats | float
    ) -> npt.NDArray[np.bool_]:
        """Say of plain values whether they are written within the ends of `encode_range`."""
        written, slack = self.written(plain), self.half_step / 2
        return (written >= low - slack) & (written <= high + slack)

    def _encode_one(self, value: Any) -> Any:
        try:
            series = pd.Series([value])
            if self.kind is Kind.DATETIME:
                series = pd.to_datetime(series)
                if self.timezone is not None and series.dt.tz is None:
                    series = series.dt.tz_localize(self.timezone)
            return self.encode(series)[0]
        except (TypeError, ValueError) as error:
            raise ConditionError(
                f"condition on column {self.name!r}: the value is not of its kind "
                f"({self.kind.value}); give one that could stand in the table"
            ) from error

    def _printed(self, plain: float) -> str:
        if self.kind is Kind.DATETIME:
            step = self.step or 1.0
            return str(pd.Timestamp(round(plain / step) * step, unit="s"))
        return f"{self.rounded(np.array([plain]))[0]:g}"

    def _decode_numbers(self, plain: Floats, missing: npt.NDArray[np.bool_]) -> pd.Series:
        dtype = dtype_from_text(self.dtype)
        if types.is_object_dtype(dtype):
            cells = plain.astype(np.int64) if self.decimals == 0 else plain
            return self._with_gaps(pd.Series(cells, dtype=object), missing)
        if types.is_integer_dtype(dtype) and not types.is_extension_array_dtype(dtype):
            return pd.Series(plain.astype(dtype))
        series = pd.Series(np.where(missing, np.nan, plain) if missing.any() else plain)
        if isinstance(dtype, np.dtype):
            return series.astype(dtype)
        if types.is_integer_dtype(dtype):
            return series.astype("Int64").astype(dtype)
        return series.astype("Float64").astype(dtype)

    def _decode_dates(self, plain: Floats, missing: npt.NDArray[np.bool_]) -> pd.Series:
        series = pd.Series(self._moments(self.written(plain), missing))
        if self.timezone is not None:
            # Wall-clock times that a change of clocks skips move to the next that exists.
            series = series.dt.tz_localize(
                self.timezone,
                ambiguous=np.ones(len(series), dtype=bool),
                nonexistent="shift_forward",
            )
        return series.astype(dtype_from_text(self.dtype))

    @staticmethod
    def _moments(seconds: Floats, missing: npt.NDArray[np.bool_]) -> npt.NDArray[np.datetime64]:
        moments = np.round(seconds * 1e6).astype(np.int64).astype("datetime64[us]")
        moments[missing] = np.datetime64("NaT")
        return moments

    def _decode_levels(
        self, plain: npt.NDArray[np.int64], missing: npt.NDArray[np.bool_]
    ) -> pd.Series:
        if self.categories is not None:
            categories = pd.Index(self.categories, dtype=dtype_from_text(self.categories_dtype))
            positions = categories.get_indexer(pd.Index(self.levels))
            codes = np.where(missing, -1, positions[plain])
            dtype = pd.CategoricalDtype(categories, ordered=self.ordered)
            return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype))
        dtype = dtype_from_text(self.dtype)
        if types.is_numeric_dtype(dtype) or types.is_bool_dtype(dtype):
            values = np.asarray(self.levels)[plain]
            if not missing.any():
                return pd.Series(values).astype(dtype)
            series = pd.Series(values.astype(float))
            series[missing] = np.nan
            if isinstance(dtype, np.dtype):
                return series.astype(dtype)
            nullable = "boolean" if types.is_bool_dtype(dtype) else "Float64"
            return series.astype(nullable).astype(dtype)
        values = np.asarray(self.levels, dtype=object)[plain]
        return self._with_gaps(pd.Series(values, dtype=object), missing).astype(dtype)

    def _with_gaps(self, series: pd.Series, missing: npt.NDArray[np.bool_]) -> pd.Series:
        if missing.any():
            series[missing] = None if self.missing_is_none else np.nan
        return series


class TableForm(BaseModel):
    """How a whole table is written: the way from the user's form to the plain one and back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[ColumnForm, ...]
    index: IndexForm
    units: dict[str, str] = {}

    @classmethod
    def learn(
        cls,
        table: pd.DataFrame,
        schema: Schema,
        latent: Mapping[str, Floats] | None = None,
        subjects: Subjects | None = None,
    ) -> TableForm:
        """Learn the form of a checked table; the columns keep the table's order.

        `latent` holds, of columns with censored values, the values that they stand for;
        `subjects` the patient of each row, where not every row is one.

        Raises
        ------
        TableError
            The categories of a column are not text, numbers or true/false.
        """
        return cls(
            columns=tuple(
                ColumnForm.learn(table[name], schema[name], (latent or {}).get(name), subjects)
                for name in table.columns
            ),
            index=IndexForm.learn(table.index),
            units={column.name: column.unit for column in schema if column.unit},
        )

    def with_numbers_of(
        self, table: pd.DataFrame, schema: Schema, subjects: Subjects | None = None
    ) -> TableForm:
        """Give the form with limits and decimals of another table, of the columns that it has."""
        columns = tuple(
            ColumnForm.learn(table[column.name], schema[column.name], None, subjects)
            if column.kind.is_numerical and column.name in table
            else column
            for column in self.columns
        )
        return self.model_copy(update={"columns": columns})

    def __getitem__(self, name: str) -> ColumnForm:
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]

    def check_drawn(self, plain: pd.DataFrame) -> None:
        """Refuse drawn plain rows that cannot be written.

        Raises
        ------
        FitError
            A number is infinite or not a number, or a category is none of the column's.
        """
        for name in plain.columns:
            values = plain[name].to_numpy()
            column = self[name]
            fits = (
                bool(np.isfinite(values).all())
                if column.kind.is_numerical
                else values.dtype.kind in "iu"
                and bool(((values >= 0) & (values < len(column.levels))).all())
            )
            if not fits:
                raise FitError(
                    f"the model draws for column {name!r} what cannot stand in it; fit it again, "
                    "or get its file again from where it was saved"
                )

    def encode(self, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give the plain table (missing cells hold NaN or -1) and a table of what is missing."""
        plain = {form.name: form.encode(table[form.name]) for form in self.columns}
        missing = {
            form.name: np.isnan(plain[form.name])
            if form.kind.is_numerical
            else plain[form.name] < 0
            for form in self.columns
        }
        return pd.DataFrame(plain), pd.DataFrame(missing)

    def clipped(self, plain: pd.DataFrame) -> pd.DataFrame:
        """Bring a plain table's numbers to the limits, so that none bends what is learned."""
        ends = {form.name: (form.low, form.high) for form in self.columns if form.kind.is_numerical}
        return plain.assign(**{name: plain[name].clip(*end) for name, end in ends.items()})

    def decode(
        self, plain: pd.DataFrame, missing: dict[str, npt.NDArray[np.bool_]], *, start: int = 0
    ) -> pd.DataFrame:
        """Write a plain table as the user's was; `start` is the number of the first row."""
        none = np.zeros(len(plain), dtype=bool)
        table = pd.DataFrame(
            {
                form.name: form.decode(plain[form.name].to_numpy(), missing.get(form.name, none))
                for form in self.columns
            }
        )
        table.index = self.index.make(start, start + len(plain))
        if self.units:
            table.attrs["units"] = dict(self.units)
        return table


def _are_different(levels: tuple[Any, ...]) -> bool:
    return pd.Index(levels).is_unique


def _learn_levels(values: pd.Series, declared: tuple[Any, ...] | None) -> dict[str, Any]:
    observed = values.dropna()
    if not isinstance(values.dtype, pd.CategoricalDtype):
        used = set(observed.unique())
        order = sorted(used) if declared is None else [one for one in declared if one in used]
        return {"levels": tuple(_plain_level(level) for level in order)}
    categories = values.cat.categories
    if not (
        types.is_numeric_dtype(categories.dtype)
        or types.is_bool_dtype(categories.dtype)
        or types.infer_dtype(categories) in ("string", "boolean", "integer", "floating")
    ):
        raise TableError(
            f"column {values.name!r}: its categories are {types.infer_dtype(categories)} values; "
            "make them text: table[name].cat.rename_categories(str)"
        )
    used = set(observed.unique())
    return {
        "levels": tuple(_plain_level(level) for level in declared or categories if level in used),
        # A category that nobody has may be the name of somebody who was left out of the table.
        "categories": tuple(_plain_level(level) for level in categories if level in used),
        "categories_dtype": dtype_to_text(categories.dtype),
        "ordered": bool(values.cat.ordered),
    }


def _plain_level(level: Any) -> Any:
    return level.item() if isinstance(level, np.generic) else level


def _numbers(values: pd.Series) -> Floats:
    return pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)


def _seconds(values: pd.Series) -> Floats:
    wall_clock = values.dt.tz_localize(None) if values.dt.tz is not None else values
    micros = wall_clock.to_numpy(dtype="datetime64[us]")
    seconds = micros.astype(np.int64) / 1e6
    seconds[np.isnat(micros)] = np.nan
    return seconds


def _time_step(seconds: Floats) -> float:
    micros = np.round(seconds[~np.isnan(seconds)] * 1e6).astype(np.int64)
    return next(step for step in _TIME_STEPS if not (micros % round(step * 1e6)).any())
