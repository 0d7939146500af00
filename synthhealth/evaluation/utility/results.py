"""How well predictors do that were trained on synthetic rows: the results."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from synthhealth.evaluation.figures import Result, Standing, State

__all__ = [
    "Choice",
    "Design",
    "Difference",
    "LearnerUtility",
    "OutcomeUtility",
    "Performance",
    "Task",
    "TestedOn",
    "Utility",
]

Task = Literal["binary", "multi-class", "numerical"]
TestedOn = Literal["unseen rows", "rows the model may have learned"]
Design = Literal["holdout", "cross-validation", "split"]
Choice = Literal["named", "schema", "screened"]


class Performance(Result):
    """How well one predictor does on real rows that it was not trained on."""

    score: float
    """AUC of a binary outcome, mean one-against-the-rest AUC of several classes, R squared of \
the ranks of a numerical one."""
    low: float
    """Lower end of the score's 95 % interval."""
    high: float
    """Upper end of the score's 95 % interval."""
    calibration_slope: float | None
    """1 where the predictions mean what they say, below 1 where they are too extreme, above 1 \
where they are too timid: slope of the logistic regression of a binary outcome on the logit of its \
predicted probability, of the linear regression of a numerical one on its prediction. None for \
several classes, and where all predictions are equal or part the classes without an error."""
    brier: float | None
    """Mean squared error of the predicted probabilities, summed over classes where there are \
several; 0 is perfect. None for a numerical outcome."""
    rank_correlation: float | None
    """Spearman's correlation of a numerical outcome with its prediction; None for classes, and \
where all predictions are equal."""


class Difference(Result):
    """How much better (above 0) or worse a predictor does than the one trained on real rows."""

    value: float
    """Difference of the two scores."""
    low: float
    """Lower end of its 95 % interval."""
    high: float
    """Upper end of its 95 % interval."""
    standing: Standing
    """Whether that interval lies `below` 0, `above` it, or has it `within`."""


class LearnerUtility(Result):
    """What one learner makes of real rows, of synthetic ones, and of both together."""

    learner: str
    """The learner: `linear` (logistic or ridge regression), `boosted trees` or `neighbours`."""
    real: Performance
    """Trained on real rows."""
    synthetic: Performance
    """Trained on synthetic rows."""
    both: Performance
    """Trained on the real and the synthetic rows together."""
    loss: Difference
    """Trained on synthetic rows against trained on real ones."""
    augmentation: Difference
    """Trained on both against trained on real rows alone."""
    state: State
    """By the interval of `loss`, for this learner alone: `as good` where it lies above the \
margin, `worse` where it lies below, else `uncertain`; never `as good` where training on real rows \
does not surely beat chance."""


class OutcomeUtility(Result):
    """Whether one outcome is learned from synthetic rows as well as from real ones."""

    column: str
    """The column predicted, from all others."""
    chosen: Choice
    """Why this one: `named` by the user, an outcome by its role in the `schema`, or `screened`, \
among the columns that the others predict best in the real table."""
    task: Task
    """What is predicted."""
    measure: Literal["AUC", "mean AUC", "R squared of ranks"]
    """The score."""
    n_classes: int | None
    """Number of classes, rare ones pooled; None for a numerical outcome."""
    chance: float
    """The score of a predictor that knows nothing: 0.5 of an AUC, 0 of R squared."""
    margin: float
    """Largest loss that still counts as equal: a tenth of the way from chance to perfect."""
    learners: tuple[LearnerUtility, ...]
    """What each learner makes of it."""
    best_real: str
    """The learner that did best when trained on real rows."""
    best_synthetic: str
    """The learner that did best when trained on synthetic rows."""
    best_both: str
    """The learner that did best when trained on both."""
    loss: Difference
    """The best trained on synthetic rows against the best trained on real ones."""
    augmentation: Difference
    """The best trained on both against the best trained on real rows alone."""
    p_poor: float = Field(ge=0, le=1)
    """p value of the one-sided test that the loss is no larger than the margin."""
    q_poor: float = Field(ge=0, le=1)
    """`p_poor` adjusted for the number of outcomes (Benjamini-Hochberg)."""
    state: State
    """`worse` where `q_poor` is at most 0.05; `as good` where the interval of `loss` lies above \
the margin and training on real rows surely beats chance; else `uncertain`."""


class Utility(Result):
    """Whether predictors may be trained on the synthetic table in place of the real one.

    All intervals are over the patients tested, given the rows trained on.
    """

    tested_on: TestedOn
    """Which real rows the predictors were tested on. Where the model may have learned them, what \
is trained on the synthetic table has seen a trace of the answers and is flattered."""
    design: Design
    """How real rows to train on were parted from those to test on: known rows of the model \
against a `holdout`, one or several; repeated `cross-validation` of one real table; or one random \
`split` of a large one."""
    n_folds: int = Field(ge=1)
    """Number of parts tested in turn."""
    n_repeats: int = Field(ge=1)
    """How often the rows were parted anew."""
    n_real: int = Field(ge=1)
    """Real rows trained on at a time, those without the outcome included."""
    n_synthetic: int = Field(ge=1)
    """Synthetic rows trained on at a time, those without the outcome included."""
    n_tested: int = Field(ge=1)
    """Real rows tested on in all, those without the outcome included."""
    sampled: bool
    """Whether these are random samples of larger tables."""
    outcomes: tuple[OutcomeUtility, ...]
    """Each outcome, in the order of the choice."""
    state: State
    """`worse` where any outcome is, else `as good` where any is, else `uncertain`."""
