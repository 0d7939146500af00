"""All figures that compare whole rows of two tables, beside those of a copy and of a shuffle."""

from __future__ import annotations

from functools import partial

import numpy as np

from synthhealth.evaluation.calibration import ALARM
from synthhealth.evaluation.figures import NotComputed
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.rows.cases import Cases
from synthhealth.evaluation.rows.classifiers import Attempt, try_boosting, try_logistic
from synthhealth.evaluation.rows.propensity import fit_propensity, giveaways
from synthhealth.evaluation.rows.results import Joint, JointComparison
from synthhealth.evaluation.rows.support import MOST_DISTANT, compare_support
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.work import Seeds, attempt, sort_out

__all__ = ["ROWS", "compare_jointly"]


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
        detector=None if found is None else found.figure.name,
        giveaways=() if named is None or isinstance(named, NotComputed) else named,
    )
    unjudged = (
        *(attempt.figure for attempt in attempts),
        *(figure for figure, _ in fits),
        *(() if isinstance(support, NotComputed) else support),
    )
    return JointComparison(unjudged, results, (*unclassified, *unfitted, *failed))


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
    found = [attempt for attempt in attempts if attempt.figure.p_poor <= ALARM]
    return min(found, key=lambda one: (one.figure.p_poor, -one.figure.value), default=None)


def _ask(case: Case, seeds: Seeds) -> Answer:
    found = compare_jointly(case.tables, seeds)
    return Answer(found.results, found.unjudged, found.not_computed)


#: What tells whole rows of the two tables apart?
ROWS = Question("whole rows", _ask, "joint", "joint", seconds=8.0)
