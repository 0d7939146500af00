"""The results of an evaluation: frozen, typed, each field described, JSON by pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from synthhealth.evaluation._clinical_results import (
    CensoringResult,
    MissingValues,
    RangeResult,
    ReferenceResult,
    RuleResult,
)
from synthhealth.evaluation._result_base import MIN_CELL, Band, NotComputed, Result, Score

__all__ = [
    "MIN_CELL",
    "Band",
    "CategoricalResult",
    "Evaluation",
    "NotComputed",
    "NumericalResult",
    "Overall",
    "PairResult",
    "Score",
]


class NumericalResult(Result):
    """How a numerical column's synthetic values compare with its real ones.

    Missing values, and results beyond a detection limit (`CensoringResult`), are dropped before
    every figure but the two missing shares.
    """

    column: str
    """Name of the column."""
    unit: str | None
    """Unit of the column's values; `day` for dates, None where unknown."""
    n_real: int = Field(ge=1)
    """Number of real values that are neither missing nor beyond a detection limit."""
    n_synthetic: int = Field(ge=1)
    """Number of synthetic values that are neither missing nor beyond a detection limit."""
    missing_real: float = Field(ge=0, le=1)
    """Share of the real values that are missing."""
    missing_synthetic: float = Field(ge=0, le=1)
    """Share of the synthetic values that are missing."""
    ks_statistic: float = Field(ge=0, le=1)
    """Kolmogorov-Smirnov statistic D: the largest gap between the two distribution functions."""
    ks_complement: float = Field(ge=0, le=1)
    """1 - D; 1 where the two distribution functions are the same."""
    p_value: float = Field(ge=0, le=1)
    """Two-sided p value of the two-sample Kolmogorov-Smirnov test."""
    p_method: Literal["exact", "asymptotic"]
    """Law that gave the p value: exact for small samples without ties, else asymptotic."""
    q_value: float = Field(ge=0, le=1)
    """p value adjusted for the number of columns tested (Benjamini-Hochberg)."""
    wasserstein: float = Field(ge=0)
    """Wasserstein-1 distance in `unit`: how far values must move on average to match."""
    floor: Band
    """Noise floor of `ks_complement`."""


class CategoricalResult(Result):
    """How a categorical column's synthetic levels compare with its real ones.

    Missing values are dropped before every figure but the two missing shares.
    """

    column: str
    """Name of the column."""
    n_real: int = Field(ge=1)
    """Number of real values that are not missing."""
    n_synthetic: int = Field(ge=1)
    """Number of synthetic values that are not missing."""
    missing_real: float = Field(ge=0, le=1)
    """Share of the real values that are missing."""
    missing_synthetic: float = Field(ge=0, le=1)
    """Share of the synthetic values that are missing."""
    n_categories: int = Field(ge=1)
    """Number of distinct levels in the two tables together."""
    tv_complement: float = Field(ge=0, le=1)
    """1 - total variation distance between the level frequencies; 1 where they are the same."""
    p_value: float = Field(ge=0, le=1)
    """p value of the test that both tables draw their levels with the same probabilities."""
    p_method: Literal["chi-squared", "permutation"]
    """Law that gave the p value: chi-squared where all expected counts are at least 5, else \
random permutations of the rows between the two tables."""
    q_value: float = Field(ge=0, le=1)
    """p value adjusted for the number of columns tested (Benjamini-Hochberg)."""
    floor: Band
    """Noise floor of `tv_complement`."""


class PairResult(Result):
    """How strongly two columns depend on each other, in the real and in the synthetic table."""

    first: str
    """Name of one column."""
    second: str
    """Name of the other column."""
    measure: Literal["spearman", "cramers_v", "correlation_ratio"]
    """Spearman's rank correlation (-1 to 1) for two numerical columns, Cramer's V (0 to 1) for \
two categorical ones, the correlation ratio eta (0 to 1) for one of each."""
    real: float = Field(ge=-1, le=1)
    """The measure in the real table."""
    synthetic: float = Field(ge=-1, le=1)
    """The measure in the synthetic table."""
    difference: float = Field(ge=0, le=2)
    """Absolute difference of the two."""


class Overall(Result):
    """Averages over columns and over pairs of columns."""

    ks_average: Score | None
    """Mean Kolmogorov-Smirnov complement over the numerical columns (the 'KS test average'; 1 = \
identical); None without numerical columns."""
    column_average: Score
    """Mean over all columns of the Kolmogorov-Smirnov or total-variation complement (1 = \
identical)."""
    dependence_difference: Score | None
    """Mean absolute difference between real and synthetic dependence over all pairs of columns \
(0 = identical); None where no pair could be measured."""


class Evaluation(Result):
    """The figures of one synthetic table against one real table.

    ``Evaluation.model_json_schema()`` is the JSON Schema of ``evaluation.model_dump_json()``.
    """

    format_version: Literal[1] = 1
    """Version of this format."""
    n_real: int = Field(ge=1)
    """Number of rows of the real table."""
    n_synthetic: int = Field(ge=1)
    """Number of rows of the synthetic table."""
    real_is: Literal["training", "holdout", "given"]
    """Which real table it was: the rows that the model was fitted on, rows that it never saw, \
or a table given by the user."""
    overall: Overall
    """The figures over the whole table."""
    numerical: tuple[NumericalResult, ...]
    """One result per numerical column, in the table's order."""
    categorical: tuple[CategoricalResult, ...]
    """One result per categorical column, in the table's order."""
    pairs: tuple[PairResult, ...]
    """One result per pair of columns, in the table's order."""
    not_computed: tuple[NotComputed, ...]
    """What could not be computed, and why."""
    missing_values: MissingValues | None = None
    """Which values are missing; None where none is, in either table."""
    censoring: tuple[CensoringResult, ...] = ()
    """One result per column with results beyond a detection limit."""
    ranges: tuple[RangeResult, ...] = ()
    """One result per numerical column: values out of the plausible range, values on the real \
table's extremes."""
    references: tuple[ReferenceResult, ...] = ()
    """One result per column that has reference ranges."""
    rules: tuple[RuleResult, ...] = ()
    """One result per rule of the schema."""
