"""Regressions fitted by statsmodels and lifelines, with the reasons why some cannot be."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthhealth.errors import NotEstimableError, ParameterError
from synthhealth.evaluation.inference.design import Design
from synthhealth.evaluation.inference.formula import Kind
from synthhealth.evaluation.inference.levels import Floats
from synthhealth.schema.types import MIN_CELL

__all__ = ["INTERCEPT", "Fit", "check_installed", "fit"]


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
