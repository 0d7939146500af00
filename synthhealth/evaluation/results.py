"""The results of an evaluation: frozen, typed, each field described, JSON by pydantic.

A figure stands beside what it is measured against.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from synthhealth.evaluation.clinical import (
    CensoringResult,
    MissingValues,
    RangeResult,
    ReferenceResult,
    RuleResult,
)
from synthhealth.evaluation.columns import CategoricalResult, NumericalResult
from synthhealth.evaluation.coverage import CoverageResult
from synthhealth.evaluation.figures import Metric, NotComputed, Result, Score
from synthhealth.evaluation.inference.results import RegressionResult
from synthhealth.evaluation.judgement import Judgement
from synthhealth.evaluation.key_relations import KeyRelation
from synthhealth.evaluation.pairs import PairResult
from synthhealth.evaluation.privacy.results import Privacy
from synthhealth.evaluation.rows.results import Joint
from synthhealth.evaluation.subgroups import Subgroup
from synthhealth.evaluation.utility.results import Utility

__all__ = ["Evaluation", "Overall"]


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
    n_real_all: int | None = None
    """Number of all rows of the real table, where patients have several: of each patient one \
is compared at most, `n_real` in all; else None."""
    n_learned_again: int = 0
    """How many patients of the holdout had been learned, and are no part of `n_unseen`; fewer \
than 5 count as 5."""
    real_is: Literal["training", "holdout", "given", "cross-validated"]
    """Which real table it was: the rows that the model was fitted on, rows that it never saw, a \
table given by the user, or a table of which each part was held out in turn and compared with what \
a model of the other parts draws."""
    n_training: int | None = None
    """Number of rows that the model learned (each model, of a cross-validation); None where they \
are not known."""
    n_unseen: int | None = None
    """Number of real rows that it never saw; None where there are none."""
    n_folds: int | None = None
    """Number of models of a cross-validation, each fitted to all parts but one; else None."""
    judgement: Judgement
    """What all figures come to."""
    metrics: tuple[Metric, ...]
    """The figures over the whole table, each beside a perfect generator, a copy and a shuffle."""
    overall: Overall
    """The averages over columns and pairs."""
    numerical: tuple[NumericalResult, ...]
    """One result per numerical column, in the table's order."""
    categorical: tuple[CategoricalResult, ...]
    """One result per categorical column, in the table's order."""
    pairs: tuple[PairResult, ...]
    """One result per pair of columns, in the table's order."""
    relations: tuple[KeyRelation, ...] = ()
    """The relations that are judged by themselves: the strongest of the real table, and those of \
sex, outcomes and groups."""
    not_computed: tuple[NotComputed, ...]
    """What could not be computed, and why."""
    notes: tuple[str, ...] = ()
    """What was done, or is to be asked, to read the synthetic table as the real one: levels \
spelled otherwise, values that look as if they were in another unit."""
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
    """One result per rule of the schema, and per rule that was found in the real table."""
    joint: Joint | None = None
    """What tells whole rows of the two tables apart; None where it was not computed."""
    privacy: Privacy | None = None
    """What attacks on the patients get from the synthetic rows; None where nobody asked."""
    coverage: tuple[CoverageResult, ...] = ()
    """One result per column: what of the real range and levels occurs in the synthetic table."""
    subgroups: tuple[Subgroup, ...] = ()
    """One result per group of patients, the one furthest from a perfect generator first."""
    utility: Utility | None = None
    """Whether predictors may be trained on the synthetic table; None where it was not computed."""
    inference: tuple[RegressionResult, ...] = ()
    """One result per regression that was asked for."""
    others: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    """The results of questions that have no field of their own, by name."""
