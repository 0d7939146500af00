"""Regressions fitted by statsmodels and lifelines, with the reasons why some cannot be."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.errors import ParameterError, SynthHealthError
from synthhealth.evaluation.inference.design import Design
from synthhealth.evaluation.inference.formula import Kind
from synthhealth.evaluation.results import MIN_CELL
from synthhealth.evaluation.tables import CanonicalTable
from synthhealth.evaluation.values import levels, microseconds, numbers
from synthhealth.schema import Column
from synthhealth.schema import Kind as ColumnKind

__all__ = [
    "INTERCEPT",
    "Coded",
    "Coding",
    "Fit",
    "NotEstimableError",
    "check_installed",
    "code",
    "events_of",
    "fit",
    "is_event",
    "label_of",
    "read_levels",
    "read_numbers",
]


Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MOST_LEVELS = 50
OTHER = "other"
MICROSECONDS_PER_DAY = 86_400_000_000


class NotEstimableError(SynthHealthError):
    """Why a regression cannot be fitted, in words."""


@dataclass(frozen=True)
class Coded:
    """A column as codes of its own values; -1 is missing."""

    codes: Codes
    values: tuple[object, ...]


@dataclass(frozen=True)
class Coding:
    """What level each value of a column becomes."""

    column: str
    labels: tuple[str, ...]
    index: Mapping[object, int]

    def apply(self, coded: Coded) -> Codes:
        """Give the levels of rows; -1 where the value is missing or none of the real table's."""
        # One entry more, where code -1 looks itself up.
        becomes = np.array([*(self._level(value) for value in coded.values), -1], dtype=np.int64)
        return becomes[coded.codes]

    def _level(self, value: object) -> int:
        return self.index.get(value, len(self.labels) - 1 if self._pools else -1)

    @property
    def _pools(self) -> bool:
        return self.labels[-1] == OTHER


def read_numbers(table: CanonicalTable, column: Column, use: str) -> Floats:
    """Give a column as numbers, dates as days since 1970; NaN is missing.

    Raises
    ------
    NotEstimableError
        Its kind is none of numbers.
    """
    series = table.table[column.name]
    if column.kind is ColumnKind.DATETIME:
        moments, _ = microseconds(series, column, "given")
        return np.where(series.isna().to_numpy(), np.nan, moments / MICROSECONDS_PER_DAY)
    if not column.kind.is_numerical:
        raise NotEstimableError(
            f"{use} needs numbers, but the column {column.name!r} is {column.kind.value}; declare "
            "it as count or continuous in the schema"
        )
    values = numbers(series, column, "given")
    return np.where(np.isfinite(values), values, np.nan)


def read_levels(table: CanonicalTable, column: Column) -> Coded:
    """Give a column as codes of its values."""
    if column.kind.is_numerical:
        values: npt.NDArray[np.float64] | npt.NDArray[np.object_]
        values = read_numbers(table, column, f"C({column.name})")
    else:
        values = levels(table.table[column.name])
    codes, found = pd.factorize(values, sort=True)
    return Coded(codes.astype(np.int64), tuple(found.tolist()))


def code(coded: Coded, column: Column, table: CanonicalTable, rows: Mask) -> Coding:
    """Decide on the levels of a column by the rows of the real table that are complete.

    Levels with fewer than 5 of them are pooled as ``other``, with the next rarest ones if all
    together are fewer than 5.

    Raises
    ------
    NotEstimableError
        Fewer than two levels are left, or there are too many.
    """
    counts = np.bincount(coded.codes[rows], minlength=len(coded.values))
    common = [place for place in _in_order(coded, column) if counts[place] >= MIN_CELL]
    pooled = {int(place) for place in np.flatnonzero((counts > 0) & (counts < MIN_CELL))}
    named = {place: label_of(coded.values[place], table, column) for place in common}
    if pooled:
        pooled |= {place for place, label in named.items() if label.casefold() == OTHER}
        for place in sorted(common, key=lambda place: counts[place]):
            if sum(counts[list(pooled)]) < MIN_CELL:
                pooled.add(place)
    kept = [place for place in common if place not in pooled]
    labels = [named[place] for place in kept] + ([OTHER] if pooled else [])
    if len(labels) < 2:
        raise NotEstimableError(
            f"fewer than two levels of the column {column.name!r} have {MIN_CELL} complete real "
            "rows; leave it out"
        )
    if len(labels) > MOST_LEVELS:
        raise NotEstimableError(
            f"the column {column.name!r} has more than {MOST_LEVELS} levels; merge some, or leave "
            "it out"
        )
    index = {coded.values[place]: level for level, place in enumerate(kept)}
    index |= {coded.values[place]: len(kept) for place in pooled}
    return Coding(column.name, tuple(labels), index)


def events_of(coded: Coded, column: Column, rows: Mask) -> tuple[object, object]:
    """Give a column's two values, the event first: 1, true, or the second level.

    Raises
    ------
    NotEstimableError
        It has not two.
    """
    counts = np.bincount(coded.codes[rows], minlength=len(coded.values))
    found = [place for place in _in_order(coded, column) if counts[place]]
    if len(found) != 2:
        raise NotEstimableError(
            f"the outcome {column.name!r} has {len(found)} values among the complete real rows; "
            f"say which one is the event: {column.name} == value"
        )
    return coded.values[found[1]], coded.values[found[0]]


def is_event(coded: Coded, wanted: str) -> Mask:
    """Say of each row whether its value is the one that a formula names."""
    fits = [_fits(value, wanted) for value in coded.values]
    return np.array([*fits, False], dtype=np.bool_)[coded.codes]


def label_of(value: object, table: CanonicalTable, column: Column) -> str:
    """Give a level's name."""
    if not isinstance(value, float):
        return str(value)
    if types.is_bool_dtype(table.table[column.name].dtype):
        return str(bool(value))
    return f"{value:g}"


def _fits(value: object, wanted: str) -> bool:
    if not isinstance(value, float):
        return str(value) == wanted
    truths = {"true": 1.0, "false": 0.0}
    try:
        return value == truths[wanted] if wanted in truths else value == float(wanted)
    except ValueError:
        return False


def _in_order(coded: Coded, column: Column) -> list[int]:
    """Give the places of the values in the schema's order of levels, else sorted."""
    order: dict[object, int] = {level: rank for rank, level in enumerate(column.levels or ())}
    last = len(order)
    return sorted(
        range(len(coded.values)), key=lambda place: (order.get(coded.values[place], last), place)
    )


INTERCEPT = "intercept"
#: Smallest singular value, of columns of unit variance, relative to the largest.
COLLINEAR = 1e-7
#: Standard error of the coefficient of a column of unit variance beyond which it runs away.
RUNAWAY = 30.0
#: First step sizes of lifelines: from its own one it leaves the path where events are rare.
STEPS = (0.95, 0.3, 0.1)


@dataclass(frozen=True)
class Fit:
    """Coefficients, the intercept first if there is one, with their covariance."""

    names: tuple[str, ...]
    references: tuple[str | None, ...]
    estimates: Floats
    covariance: Floats
    df: float | None
    n: int
    events: int | None

    @property
    def errors(self) -> Floats:
        """The standard errors."""
        return np.sqrt(np.diag(self.covariance))


def check_installed() -> None:
    """Check that the libraries of regressions are installed.

    Raises
    ------
    ParameterError
        They are not.
    """
    if any(importlib.util.find_spec(name) is None for name in ("lifelines", "statsmodels")):
        raise ParameterError(
            "regressions need the packages statsmodels and lifelines; install them with: "
            "pip install 'synthhealth[inference]'"
        )


def fit(design: Design, kind: Kind, table: str) -> Fit:
    """Fit a regression on the rows of one table.

    Columns are fitted with mean 0 and variance 1, so that their units do not matter, and the
    coefficients given in the units of the table.

    Raises
    ------
    NotEstimableError
        There are too few rows or events, a term does not vary or follows from others, or a
        coefficient runs to infinity.
    """
    _check_size(design, kind, table)
    means, spreads = design.matrix.mean(axis=0), design.matrix.std(axis=0)
    for name, spread, mean in zip(design.names, spreads, means, strict=True):
        if spread <= 1e-12 * (1 + abs(mean)):
            raise NotEstimableError(
                f"{name} does not vary among the complete rows of the {table} table; leave it out"
            )
    scaled = (design.matrix - means) / spreads
    _check_collinear(scaled, design.names, table)
    fitted = {"linear": _linear, "logistic": _logistic, "cox": _cox}[kind]
    estimates, covariance = fitted(scaled, design, table)
    back = np.diag(1 / spreads)
    names, references = design.names, design.references
    if kind != "cox":
        back = np.block(
            [[np.ones((1, 1)), -(means / spreads)[None, :]], [np.zeros((len(names), 1)), back]]
        )
        names, references = (INTERCEPT, *names), (None, *references)
    return Fit(
        names=names,
        references=references,
        estimates=back @ estimates,
        covariance=back @ covariance @ back.T,
        df=float(len(scaled) - len(names)) if kind == "linear" else None,
        n=len(scaled),
        events=None if kind == "linear" else int(design.outcome.sum()),
    )


def _check_size(design: Design, kind: Kind, table: str) -> None:
    n, p = design.matrix.shape
    if n < p + 1 + MIN_CELL:
        raise NotEstimableError(
            f"the {table} table has too few complete rows for {p} terms; leave terms out, or "
            "columns with many missing values"
        )
    if kind == "linear":
        if np.ptp(design.outcome) == 0:
            raise NotEstimableError(f"the outcome does not vary in the {table} table")
        return
    events = int(design.outcome.sum())
    rarer = min(events, n - events) if kind == "logistic" else events
    if rarer < max(MIN_CELL, p):
        what = "events, or rows without one," if kind == "logistic" else "events"
        raise NotEstimableError(
            f"the {table} table has too few {what} for {p} terms (at least {MIN_CELL}, and one for "
            "each term); leave terms out, or name a commoner event"
        )


def _check_collinear(scaled: Floats, names: tuple[str, ...], table: str) -> None:
    if not names:
        return
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    if values[0] > COLLINEAR**2 * len(scaled) and values[0] > 1e-11 * values[-1]:
        return
    weights = np.abs(vectors[:, 0])
    part = [name for name, weight in zip(names, weights, strict=True) if weight > 1e-3]
    raise NotEstimableError(
        f"in the {table} table the terms {', '.join(part)} follow from one another; leave one out"
    )


def _linear(scaled: Floats, design: Design, table: str) -> tuple[Floats, Floats]:
    from statsmodels.regression.linear_model import OLS

    fitted: Any = OLS(design.outcome, _with_ones(scaled)).fit()
    if fitted.ssr <= 1e-20 * float(np.sum(design.outcome**2)) or fitted.rsquared > 1 - 1e-12:
        raise NotEstimableError(
            f"in the {table} table the outcome follows exactly from the terms; leave those out "
            "that it is computed from"
        )
    return np.asarray(fitted.params), np.asarray(fitted.cov_params())


def _logistic(scaled: Floats, design: Design, table: str) -> tuple[Floats, Floats]:
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    try:
        with warnings.catch_warnings():
            # Of separation and of no convergence: both are told in words below.
            warnings.simplefilter("ignore")
            model = Logit(design.outcome, _with_ones(scaled))
            fitted: Any = model.fit(method="newton", maxiter=50, disp=0)
            estimates, covariance = np.asarray(fitted.params), np.asarray(fitted.cov_params())
    except (PerfectSeparationError, np.linalg.LinAlgError):
        raise _separated(table) from None
    if not fitted.mle_retvals["converged"]:
        raise _separated(table)
    _check_finite(covariance[1:, 1:], design.names, table)
    return estimates, covariance


def _cox(scaled: Floats, design: Design, table: str) -> tuple[Floats, Floats]:
    import pandas as pd
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    frame = pd.DataFrame(scaled, columns=[f"x{place}" for place in range(scaled.shape[1])])
    frame["duration"], frame["event"] = design.duration, design.outcome
    fitter = CoxPHFitter()
    for step in STEPS:
        try:
            # numpy and lifelines warn of what is told in words below.
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                fitter.fit(frame, "duration", "event", fit_options={"step_size": step})
            break
        except (ConvergenceError, np.linalg.LinAlgError):
            continue
    else:
        raise _separated(table)
    estimates = np.asarray(fitter.params_, dtype=np.float64)
    covariance = np.asarray(fitter.variance_matrix_, dtype=np.float64)
    _check_finite(covariance, design.names, table)
    return estimates, covariance


def _with_ones(matrix: Floats) -> Floats:
    return np.column_stack([np.ones(len(matrix)), matrix])


def _check_finite(covariance: Floats, names: tuple[str, ...], table: str) -> None:
    variances = np.diag(covariance)
    for name, variance in zip(names, variances, strict=True):
        if not variance <= RUNAWAY**2:
            raise _separated(table, name)


def _separated(table: str, term: str = "a term") -> NotEstimableError:
    return NotEstimableError(
        f"in the {table} table {term} tells the outcome perfectly or nearly so (separation), and "
        "its coefficient runs to infinity; leave that term out, or merge its levels"
    )
