"""All figures that compare whole rows of two tables, beside those of a copy and of a shuffle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from pydantic import Field

from synthhealth.evaluation.calibration import ALARM, Draft, band_of
from synthhealth.evaluation.results import Band, NotComputed, Result
from synthhealth.evaluation.rows.classifiers import Attempt, try_boosting, try_logistic
from synthhealth.evaluation.rows.propensity import fit_propensity, giveaways
from synthhealth.evaluation.rows.support import (
    MOST_DISTANT,
    Rows,
    compare_support,
    draw_references,
    draw_rows,
)
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.work import Seeds, attempt, sort_out

__all__ = [
    "EXCHANGEABLE",
    "Cases",
    "Classifier",
    "Giveaway",
    "Joint",
    "JointComparison",
    "Propensity",
    "Telling",
    "compare_jointly",
]


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

    drafts: tuple[Draft, ...]
    results: Joint | None
    not_computed: tuple[NotComputed, ...]


EXCHANGEABLE = (
    "both tables are independent samples of one population, so that the labels of their rows "
    "could as well be exchanged"
)

#: Rows taken of each table, at random where it has more.
MOST_ROWS = 750
#: Tables of at most this many rows together are cheap: more folds, permutations and shuffles.
FEW_ROWS = 500


@dataclass(frozen=True)
class Cases:
    """Rows of the two tables, and of the real table with a copy and with shuffles of it.

    Attributes
    ----------
    rows : Rows
        Of the tables given.
    copy : Rows
        Of the real table and of itself, repeated or cut to the synthetic table's size.
    shuffles : tuple of Rows
        The same, each column of the copy shuffled by itself.
    """

    rows: Rows
    copy: Rows
    shuffles: tuple[Rows, ...]

    @classmethod
    def of(cls, tables: Tables, seeds: Seeds) -> Cases:
        """Draw the rows."""
        rng = seeds.rng("rows compared as wholes")
        rows = draw_rows(tables, MOST_ROWS, rng)
        copy = draw_references(tables, MOST_ROWS, rng)
        times = 20 if rows.labels.size <= FEW_ROWS else 1
        return cls(rows, copy, tuple(copy.shuffled(rng) for _ in range(times)))

    def cut(self, most: int) -> Cases:
        """Keep at most so many rows of each table."""
        shuffles = tuple(rows.cut(most) for rows in self.shuffles)
        return Cases(self.rows.cut(most), self.copy.cut(most), shuffles)

    @property
    def are_few(self) -> bool:
        """Whether there are few rows, so that more can be done with each."""
        return self.rows.labels.size <= FEW_ROWS

    @property
    def permutations(self) -> int:
        """How often labels are exchanged."""
        return 199 if self.are_few else 99

    def bands(self, figure: Callable[[Rows], float], most_shuffles: int = 20) -> tuple[Band, Band]:
        """Measure a figure on copy and shuffles."""
        shuffled = [figure(rows) for rows in self.shuffles[:most_shuffles]]
        return band_of(np.array([figure(self.copy)])), band_of(np.array(shuffled))


FEWEST_ROWS = 10


def compare_jointly(tables: Tables, seeds: Seeds) -> JointComparison:
    """Compare whole rows of two tables, and ask what tells them apart.

    - Classifier two-sample tests (Lopez-Paz and Oquab, 2017): the cross-validated area under the
      ROC curve of gradient boosting, of logistic regression, and of logistic regression on the
      squares and products of columns, which sees dependence where rows are few.
    - The propensity score's mean squared error (Woo et al., 2009) over its mean for a perfect
      generator (the pMSE ratio; Snoke et al., 2018), on columns and on products.
    - Alpha-precision and beta-recall (Alaa et al., 2022).
    - Where a classifier finds something: the columns it relies on.

    For a perfect generator the rows of the two tables are exchangeable. Of a table of more than
    750 rows, 750 are taken at random (for distances, 300). A verbatim copy and columns
    shuffled by themselves are made of the real table and measured alike.

    Parameters
    ----------
    tables : Tables
        The tables; `training` and `unseen` are not looked at.
    seeds : Seeds
        Source of rows, folds and permutations.
    """
    cases, reason = _cases(tables, seeds)
    if cases is None:
        gap = NotComputed(what="comparison of whole rows", column=None, reason=reason)
        return JointComparison((), None, (gap,))
    attempts, unclassified = sort_out(
        [
            attempt("gradient boosting", partial(try_boosting, cases, seeds)),
            *(
                attempt("logistic regression", partial(try_logistic, cases, seeds, products=on))
                for on in (False, True)
            ),
        ]
    )
    fits, unfitted = sort_out(
        [
            attempt("propensity scores", partial(fit_propensity, cases, seeds, products=on))
            for on in (False, True)
        ]
    )
    near = cases.cut(MOST_DISTANT)
    support = attempt("precision and recall", partial(compare_support, near, seeds))
    found = _most_telling(attempts)
    named = (
        None
        if found is None
        else attempt(
            "columns that give the rows away",
            partial(giveaways, found.detector, cases.rows, found.folds, seeds.rng("giveaways")),
        )
    )
    failed = [one for one in (support, named) if isinstance(one, NotComputed)]
    results = Joint(
        n_real=int(np.count_nonzero(~cases.rows.labels)),
        n_synthetic=int(np.count_nonzero(cases.rows.labels)),
        n_distances=near.rows.labels.size,
        permutations=cases.permutations,
        classifiers=tuple(attempt.classifier for attempt in attempts),
        propensities=tuple(propensity for _, propensity in fits),
        detector=None if found is None else found.draft.name,
        giveaways=() if named is None or isinstance(named, NotComputed) else named,
    )
    drafts = (
        *(attempt.draft for attempt in attempts),
        *(draft for draft, _ in fits),
        *(() if isinstance(support, NotComputed) else support),
    )
    return JointComparison(drafts, results, (*unclassified, *unfitted, *failed))


def _cases(tables: Tables, seeds: Seeds) -> tuple[Cases | None, str]:
    for name, table in (("real", tables.real), ("synthetic", tables.synthetic)):
        n = len(table.table)
        if n < FEWEST_ROWS:
            return None, f"the {name} table has {n} rows; at least {FEWEST_ROWS} are needed"
    cases = Cases.of(tables, seeds)
    if not cases.rows.features:
        return None, "every column has the same value in all rows"
    return cases, ""


def _most_telling(attempts: list[Attempt]) -> Attempt | None:
    found = [attempt for attempt in attempts if attempt.draft.p_poor <= ALARM]
    return min(found, key=lambda one: (one.draft.p_poor, -one.draft.value), default=None)
