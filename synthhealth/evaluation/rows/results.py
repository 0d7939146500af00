"""What the comparison of whole rows gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from synthhealth.evaluation.calibration import Unjudged
from synthhealth.evaluation.figures import NotComputed, Result

__all__ = ["Classifier", "Giveaway", "Joint", "JointComparison", "Propensity", "Telling"]

Telling = Literal[
    "higher",
    "lower",
    "other spread",
    "other shares",
    "missing more often",
    "missing less often",
    "relation",
]


class Classifier(Result):
    """A classifier that tried to tell synthetic from real rows."""

    name: str
    """Name of its figure among the metrics."""
    learner: Literal["gradient boosting", "logistic regression", "logistic regression on products"]
    """What it is: gradient-boosted trees, or logistic regression with a ridge, on the columns or \
on the squares and products of two of them."""
    auc: float = Field(ge=0, le=1)
    """Area under the ROC curve of the rows that it did not learn: how often it takes the \
synthetic one of two rows for the synthetic one. 0.5 where it can only guess."""
    low: float = Field(ge=0, le=1)
    """Lower end of the area's 95 % interval (DeLong), for the classifiers as they were learned."""
    high: float = Field(ge=0, le=1)
    """Upper end of that interval."""
    folds: int = Field(ge=2)
    """Number of folds of the cross-validation."""
    repetitions: int = Field(ge=1)
    """How often the rows were dealt out to folds."""
    features: int = Field(ge=1)
    """Number of features that it learned from."""


class Propensity(Result):
    """How well a logistic regression fits which rows are synthetic."""

    name: str
    """Name of its figure among the metrics."""
    pmse: float = Field(ge=0, le=1)
    """Mean squared distance of the fitted probabilities from the share of synthetic rows."""
    expected: float = Field(ge=0, le=1)
    """Mean of `pmse` where the rows' labels are exchanged at random."""
    specks: float = Field(ge=0, le=1)
    """Kolmogorov-Smirnov distance between the two tables' fitted probabilities; rows fitted are \
told apart by chance, too."""


class Giveaway(Result):
    """A column by which a classifier tells synthetic from real rows."""

    column: str
    """Name of the column."""
    importance: float
    """How much of the area under the ROC curve is lost where the column is shuffled among the \
rows to be told apart."""
    telling: Telling
    """What is seen in the column: synthetic values are higher or lower, spread otherwise, levels \
have other shares, values are missing more or less often; or, with none of these, its relation to \
other columns."""
    synthetic_higher: float | None = Field(default=None, ge=0, le=1)
    """How often the higher of a synthetic and a real value is the synthetic one (ties count one \
half); None for categories."""
    together_with: str | None = None
    """The column with which its correlation differs most; None where there is no other."""


class Joint(Result):
    """Whole rows of the two tables, compared."""

    n_real: int = Field(ge=1)
    """Real rows used; of more rows, so many were taken at random."""
    n_synthetic: int = Field(ge=1)
    """Synthetic rows used."""
    n_distances: int = Field(ge=2)
    """Rows of both tables between which distances were measured."""
    permutations: int = Field(ge=1)
    """How often the rows' labels were exchanged to learn what a perfect generator would score."""
    classifiers: tuple[Classifier, ...]
    """The classifiers."""
    propensities: tuple[Propensity, ...]
    """The propensity scores."""
    detector: str | None
    """Name of the classifier that found most, by which the columns were judged; None where none \
found anything."""
    giveaways: tuple[Giveaway, ...]
    """Columns that give the synthetic rows away, the most telling first, at most ten."""


@dataclass(frozen=True)
class JointComparison:
    """Figures to be judged, their details, and what could not be computed."""

    unjudged: tuple[Unjudged, ...]
    results: Joint | None
    not_computed: tuple[NotComputed, ...]
