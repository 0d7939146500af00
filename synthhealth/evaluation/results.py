"""The results of an evaluation: frozen, typed, each field described, JSON by pydantic.

A figure stands beside what it is measured against.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from synthhealth.evaluation.clinical import (
    CensoringResult,
    MissingValues,
    RangeResult,
    ReferenceResult,
    RuleResult,
)
from synthhealth.evaluation.coverage import CoverageResult
from synthhealth.evaluation.inference.results import RegressionResult
from synthhealth.evaluation.rows.compare import Joint
from synthhealth.evaluation.subgroups import Subgroup
from synthhealth.evaluation.utility.results import Utility

__all__ = [
    "MIN_CELL",
    "WHOLE_COLUMN",
    "Band",
    "CategoricalResult",
    "Evaluation",
    "Family",
    "Judgement",
    "Metric",
    "NotComputed",
    "NumericalResult",
    "Overall",
    "PairResult",
    "Result",
    "Score",
    "Standing",
    "Verdict",
]


#: What could not be computed where a column cannot be compared at all.
WHOLE_COLUMN = "all figures of the column"
#: Fewest rows that a level of a categorical column must have to be named.
MIN_CELL = 5

Standing = Literal["below", "within", "above"]
Verdict = Literal["good", "poor", "too good", "cannot tell"]
Family = Literal["marginals", "dependence", "joint", "missingness", "copying", "learning"]


#: Significant digits of a score or a p value that leaves the process.
DIGITS = 4


class Result(BaseModel):
    """A frozen result; it cannot hold what JSON cannot.

    Figures are exact as attributes and rounded wherever they are written: by the class itself
    where a figure has a unit or counts patients, else to 4 significant digits.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )
    written_exactly: ClassVar[bool] = False
    """Whether the figures are limits of the schema, or have been rounded already."""

    def as_written(self) -> Result:
        """Give the result with the figures that may leave."""
        return self

    @model_serializer(mode="wrap")
    def _write(self, handler: SerializerFunctionWrapHandler) -> Any:
        told = handler(self.as_written())
        if self.written_exactly or not isinstance(told, dict):
            return told
        return {
            name: float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
            for name, value in told.items()
        }

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # What is rounded has the fields and types of what is not.
        plain = {key: value for key, value in core_schema.items() if key != "serialization"}
        return handler(cast(CoreSchema, plain))


class Band(Result):
    """What a table of a known sort would score at the sizes of the tables compared.

    Of a perfect generator, that is a second sample of real patients, it is the noise floor: no
    generator can be expected to score better; one that does repeats patients.

    Examples
    --------
    >>> floor = Band(mean=0.85, low=0.77, high=0.92, method="exact")
    >>> floor.standing(0.62)
    'below'
    """

    mean: float
    """Mean score."""
    low: float
    """2.5 % quantile of that score."""
    high: float
    """97.5 % quantile of that score."""
    method: Literal["exact", "resampled", "permuted", "approximate", "drawn"]
    """`exact`: from the law of the score, whatever the distribution; `resampled`: from bootstrap \
samples of the real table, which stands for the population; `permuted`: from random exchanges of \
rows between the two tables; `approximate`: from a limit law; `drawn`: from tables that were made \
and scored, such as a copy."""

    def standing(self, value: float) -> Standing:
        """Say where `value` lies: ``"below"``, ``"within"`` or ``"above"`` the noise floor."""
        # Scores are sums of floats: a copy's 1 - 0.9999999999999999 must not count as below.
        tolerance = 1e-9
        if value < self.low - tolerance:
            return "below"
        return "above" if value > self.high + tolerance else "within"


class Score(Result):
    """An overall figure beside its noise floor."""

    value: float
    """The figure."""
    floor: Band
    """What two independent real samples of these sizes would give."""


class Metric(Result):
    """A figure over the whole table, calibrated: beside a perfect generator, a copy, a shuffle."""

    name: str
    """Name of the figure."""
    family: Family
    """What it judges: single columns, pairs of columns, whole rows, missing values, whether rows \
were copied, or how much the model leans on the rows that it learned."""
    value: float
    """The figure."""
    low: float | None = None
    """Lower end of its 95 % interval; None where only the band of a perfect generator is known."""
    high: float | None = None
    """Upper end of its 95 % interval."""
    poor_side: Literal["low", "high"]
    """On which side of a perfect generator a poor one lies; a copy lies on the other."""
    perfect: Band
    """What a perfect generator scores: one that draws new patients of the same population."""
    copy_of_real: Band | None
    """What a verbatim copy of the real rows scores."""
    shuffled: Band | None
    """What the real table scores with each column shuffled by itself, so that nothing depends on \
anything."""
    p_poor: float = Field(ge=0, le=1)
    """Probability that a perfect generator lies as far on the poor side or further."""
    p_close: float = Field(ge=0, le=1)
    """Probability that a perfect generator lies as far on the other side or further."""
    q_poor: float = Field(ge=0, le=1)
    """`p_poor` adjusted for the number of figures and columns judged (Benjamini-Hochberg)."""
    q_close: float = Field(ge=0, le=1)
    """`p_close` adjusted for the number of figures of its family."""
    verdict: Verdict
    """`poor` where `q_poor`, `too good` where `q_close` is at most 0.05; `cannot tell` where the \
figure could not tell a shuffle (or, of copying, a copy) from a perfect generator at these sizes; \
else `good`."""
    assumption: str
    """What the band of a perfect generator rests on."""


class NotComputed(Result):
    """A figure that could not be computed, and why."""

    what: str
    """The figure."""
    column: str | None
    """The column concerned (`first / second` for a pair); None for the whole table."""
    reason: str
    """Why it could not be computed."""


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
    """Number of real values that are neither missing nor beyond a detection limit; it and \
`missing_real` are such that the others are a multiple of 5."""
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
    """p value adjusted for the number of columns and figures judged (Benjamini-Hochberg)."""
    p_close: float = Field(ge=0, le=1)
    """Probability that a second sample of real patients would be at least as close."""
    q_close: float = Field(ge=0, le=1)
    """`p_close` adjusted for the number of columns."""
    verdict: Verdict
    """`poor` where `q_value`, `too good` where `q_close` is at most 0.05, `cannot tell` where \
even a shift by a whole standard deviation would pass, else `good`."""
    wasserstein: float = Field(ge=0)
    """Wasserstein-1 distance in `unit`: how far values must move on average to match."""
    floor: Band
    """Noise floor of `ks_complement`: what a perfect generator scores."""
    kept: Band
    """What the column scores in a verbatim copy of the real rows, shuffled or not: the values are \
kept, and a score of single columns cannot tell the two apart."""


class CategoricalResult(Result):
    """How a categorical column's synthetic levels compare with its real ones.

    Missing values are dropped before every figure but the two missing shares.
    """

    column: str
    """Name of the column."""
    n_real: int = Field(ge=1)
    """Number of real values that are not missing; the missing ones are a multiple of 5."""
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
    """p value adjusted for the number of columns and figures judged (Benjamini-Hochberg)."""
    p_close: float = Field(ge=0, le=1)
    """Probability that a second sample of real patients would be at least as close."""
    q_close: float = Field(ge=0, le=1)
    """`p_close` adjusted for the number of columns."""
    verdict: Verdict
    """`poor` where `q_value`, `too good` where `q_close` is at most 0.05, `cannot tell` where \
even a difference of 0.38 in the shares would pass, else `good`."""
    floor: Band
    """Noise floor of `tv_complement`: what a perfect generator scores."""
    kept: Band
    """What the column scores in a verbatim copy of the real rows, shuffled or not: the values are \
kept, and a score of single columns cannot tell the two apart."""


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
    information_real: float | None = Field(default=None, ge=0, le=1)
    """Mutual information I of the two columns in the real table, on bins common to both tables \
(real deciles, fewer in small tables; levels), as sqrt(1 - exp(-2 I)): 0 for independent columns, \
the absolute correlation for two normal ones. It also sees dependence that neither rises nor \
falls."""
    information_synthetic: float | None = Field(default=None, ge=0, le=1)
    """The same in the synthetic table."""
    floor: Band | None = None
    """Noise floor of `difference`; None where the pair was not judged (very wide tables)."""
    p_value: float | None = Field(default=None, ge=0, le=1)
    """Probability that a perfect generator's pair would differ as much, in the measure or in the \
mutual information."""
    q_value: float | None = Field(default=None, ge=0, le=1)
    """`p_value` adjusted for the number of pairs (Benjamini-Hochberg)."""
    verdict: Verdict = "cannot tell"
    """`poor` where `q_value` is at most 0.05; `cannot tell` where neither the loss of the real \
dependence nor one of 0.3 that is not there would lie above the floor; else `good`."""


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


class Judgement(Result):
    """What all figures together come to.

    A perfect generator is called `poor`, and likewise `too good`, in at most 5 of 100 cases.
    """

    verdict: Verdict
    """`too good` where rows were copied; else `poor` where a column or a figure is; `cannot tell` \
where no figure of the relations between columns could have found a shuffle; else `good`."""
    copying: tuple[str, ...]
    """The figures of copied rows that are too good."""
    poor: tuple[str, ...]
    """The figures that are poor."""
    poor_columns: tuple[str, ...]
    """The columns that are poor, the furthest from its floor first."""
    close: tuple[str, ...]
    """The other figures that are too good."""
    close_columns: tuple[str, ...]
    """The columns that are too good."""
    undecided: tuple[str, ...]
    """The figures that cannot tell."""
    alarm: float
    """The false-alarm rate."""


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
    """One result per rule of the schema."""
    joint: Joint | None = None
    """What tells whole rows of the two tables apart; None where it was not computed."""
    coverage: tuple[CoverageResult, ...] = ()
    """One result per column: what of the real range and levels occurs in the synthetic table."""
    subgroups: tuple[Subgroup, ...] = ()
    """One result per group of patients, the one furthest from a perfect generator first."""
    utility: Utility | None = None
    """Whether predictors may be trained on the synthetic table; None where it was not computed."""
    inference: tuple[RegressionResult, ...] = ()
    """One result per regression that was asked for."""
