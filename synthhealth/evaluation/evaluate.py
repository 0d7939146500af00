"""One synthetic table judged against one real table: every figure beside its null band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

import pandas as pd
from pydantic import BaseModel

from synthhealth.errors import ParameterError, TableError
from synthhealth.evaluation.clinical import CENSORING, RANGES, RULES
from synthhealth.evaluation.columns import MARGINALS, Marginals
from synthhealth.evaluation.copying import COPYING
from synthhealth.evaluation.coverage import COVERAGE
from synthhealth.evaluation.figures import WHOLE_COLUMN, NotComputed
from synthhealth.evaluation.inference.compare import REGRESSIONS
from synthhealth.evaluation.judgement import judge, sum_up
from synthhealth.evaluation.matching import match_columns
from synthhealth.evaluation.missing import MISSING
from synthhealth.evaluation.pairs import PAIRS, PairComparison
from synthhealth.evaluation.privacy.privacy import PRIVACY
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.references import REFERENCES
from synthhealth.evaluation.results import Evaluation, Overall
from synthhealth.evaluation.rows.compare import ROWS
from synthhealth.evaluation.scope import PARTS, Part, Scope
from synthhealth.evaluation.sdmetrics_scores import SDMETRICS
from synthhealth.evaluation.subgroups import SUBGROUPS
from synthhealth.evaluation.tables import CanonicalTable, Tables, read_tables
from synthhealth.evaluation.utility.compare import UTILITY
from synthhealth.evaluation.work import Seeds, compute, compute_all, one_thread, timed
from synthhealth.schema import Schema
from synthhealth.schema.types import MIN_CELL

if TYPE_CHECKING:
    from synthhealth.evaluation.inference import Analysis

__all__ = [
    "RealIs",
    "check_real_is",
    "evaluate_read",
    "evaluate_tables",
]


#: All that is asked, in the order of the figures.
QUESTIONS: tuple[Question, ...] = (
    MARGINALS,
    PAIRS,
    ROWS,
    MISSING,
    COPYING,
    PRIVACY,
    COVERAGE,
    SUBGROUPS,
    UTILITY,
    REFERENCES,
    CENSORING,
    RANGES,
    RULES,
    REGRESSIONS,
    SDMETRICS,
)

NOTHING_MORE = Scope()
RealIs = Literal["training", "holdout", "given", "cross-validated"]


def evaluate_tables(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    schema: Schema | None = None,
    *,
    real_is: RealIs = "given",
    outcomes: Sequence[str] | None = None,
    analyses: str | Analysis | Sequence[str | Analysis] = (),
    by: Sequence[str] | None = None,
    parts: Sequence[Part] = PARTS,
    random_state: int | None = 0,
) -> Evaluation:
    """Compare a synthetic table with a real one, every score beside its noise floor.

    Columns are matched by name and compared by value: their order and dtypes do not matter.
    Numerical columns are judged by the Kolmogorov-Smirnov complement and the Wasserstein
    distance, categorical ones by the total-variation complement and a test of their counts, all
    pairs of columns by the difference of their dependence. What the schema says is judged too:
    detection limits, plausible and reference ranges, rules; and which values are missing, how
    often, together, and in which patients. Columns that identify people are left out. A figure
    that cannot be computed is listed under ``not_computed`` with the reason, and left out of the
    averages.

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        Tables with the same column names and at least one row each.
    schema : Schema, optional
        Kinds and units of the columns; detected from `real` by default.
    real_is : {"training", "holdout", "given"}
        Which real table it is; recorded with the result.
    outcomes : sequence of str, optional
        Columns to be predicted from the others by models that are trained on either table; by
        default the outcomes of the schema, or else those that the others predict best.
    analyses : str, Analysis or sequence of them
        Regressions to be fitted to both tables, as formulas, for example ``"crp ~ age + sex"``; see
        `synthhealth.evaluation.inference.Analysis`.
    by : sequence of str, optional
        Columns that group the patients; by default sex, age and the outcomes of the schema.
    parts : sequence of str
        ``"copying"``, ``"privacy"``, ``"joint"``, ``"coverage"``, ``"subgroups"``, ``"utility"``,
        ``"sdmetrics"``: what is computed beside the single columns, their pairs and missing values;
        all by default.
    random_state : int or None
        Seed of the noise floors and permutation tests: the same seed and tables give the same
        result, byte for byte. None takes a fresh seed.

    Returns
    -------
    Evaluation

    Raises
    ------
    TableError
        A table is empty or has repeated column names, the two tables' columns differ, or a
        column holds numbers in one table and text or dates in the other, or cells that do not fit
        the schema.
    SchemaError
        The schema does not describe the real table's columns.
    ParameterError
        `real_is` or `random_state` is none of the above, or a column that is asked for is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from synthhealth.evaluation import evaluate_tables
    >>> rng = np.random.default_rng(0)
    >>> real = pd.DataFrame({"crp": rng.lognormal(size=61), "esr": rng.lognormal(size=61)})
    >>> fake = pd.DataFrame({"crp": rng.lognormal(size=500), "esr": rng.lognormal(size=500)})
    >>> average = evaluate_tables(real, fake).overall.ks_average
    >>> average.floor.standing(average.value)
    'within'
    """
    check_real_is(real_is)
    seeds = Seeds.of(random_state)
    scope = Scope(outcomes, analyses, by, parts)
    tables = read_tables(
        real,
        synthetic,
        schema,
        training=real if real_is == "training" else None,
        unseen=real if real_is == "holdout" else None,
    )
    scope.check(tables.schema)
    return evaluate_read(tables, seeds, real_is=real_is, scope=scope)


def check_real_is(real_is: str) -> None:
    """Check what a user says of a real table.

    Raises
    ------
    ParameterError
        It is none of those known.
    """
    known = [name for name in get_args(RealIs) if name != "cross-validated"]
    if real_is not in known:
        by_folds = "; for several fits use Synthesizer.cross_evaluate"
        raise ParameterError(
            f"real_is is {real_is!r}; it must be one of {', '.join(known)}"
            + (by_folds if real_is == "cross-validated" else "")
        )


def evaluate_read(
    tables: Tables,
    seeds: Seeds,
    *,
    real_is: RealIs,
    scope: Scope = NOTHING_MORE,
    folds: Sequence[Tables] = (),
) -> Evaluation:
    """Compare two tables that have been read. See `evaluate_tables`.

    Parameters
    ----------
    scope : Scope
        What is asked beyond what is always answered; it has been checked.
    folds : sequence of Tables
        The fits that `tables` were pooled from, of a cross-validation.
    """
    with one_thread():
        columns = timed("matching columns", lambda: match_columns(tables))
        case = Case(tables, folds or (tables,), columns, scope)
        return _put_together(case, _ask_all(case, seeds), real_is)


def _ask_all(case: Case, seeds: Seeds) -> dict[str, Answer]:
    """Give the answers to all questions that are asked, by name."""
    asked = [one for one in QUESTIONS if one.part is None or one.part in case.scope.parts]
    works = [
        (one.name, partial(one.compare, case, seeds))
        for one in sorted(asked, key=lambda one: one.seconds, reverse=True)
        if not one.alone
    ]
    found = dict(zip((name for name, _ in works), compute_all(works), strict=True))
    for one in asked:
        if one.alone:
            found[one.name] = compute(one.name, partial(one.compare, case, seeds))
    return {
        one.name: Answer(gaps=(answer,)) if isinstance(answer, NotComputed) else answer
        for one in asked
        for answer in [found[one.name]]
    }


def _put_together(case: Case, answers: Mapping[str, Answer], real_is: RealIs) -> Evaluation:
    """Judge all figures together, and put the results where they belong."""
    gaps = [
        NotComputed(what=WHOLE_COLUMN, column=column.name, reason=column.obstacle)
        for column in case.columns
        if column.obstacle is not None
    ]
    marginals: Marginals | None = answers[MARGINALS.name].results
    if marginals is None:
        found = (*gaps, *answers[MARGINALS.name].gaps)
        reasons = "; ".join(
            gap.reason if gap.column is None else f"{gap.column!r}: {gap.reason}" for gap in found
        )
        raise TableError(f"no column of the two tables can be compared ({reasons})")
    pairs: PairComparison | None = answers[PAIRS.name].results
    figures = [figure for answer in answers.values() for figure in answer.figures]
    judged = judge(
        figures,
        marginals,
        () if pairs is None else pairs.key,
        answers[SUBGROUPS.name].results or () if SUBGROUPS.name in answers else (),
    )
    tables, folds = case.tables, case.folds
    n_real, n_synthetic = len(tables.real.table), len(tables.synthetic.table)
    told = [
        (one, answers[one.name].results)
        for one in QUESTIONS
        if one.name in answers and one is not SUBGROUPS
    ]
    return Evaluation(
        n_real=n_real,
        n_synthetic=n_synthetic,
        n_real_all=_n_real_all(folds),
        n_learned_again=_n_learned_again(folds),
        real_is=real_is,
        n_training=_n_rows([fold.training for fold in folds]),
        n_unseen=_n_rows([fold.unseen for fold in folds]),
        n_folds=len(folds) if len(folds) > 1 else None,
        judgement=sum_up(judged, (n_real, n_synthetic)),
        metrics=judged.metrics,
        overall=Overall(
            ks_average=marginals.ks_average,
            column_average=marginals.column_average,
            dependence_difference=None if pairs is None else pairs.score,
        ),
        numerical=judged.numerical,
        categorical=judged.categorical,
        pairs=() if pairs is None else pairs.pairs,
        relations=judged.relations,
        subgroups=judged.groups,
        notes=tables.notes,
        not_computed=(*gaps, *(gap for answer in answers.values() for gap in answer.gaps)),
        others={
            one.name: results.model_dump(mode="json")
            for one, results in told
            if one.field is None and isinstance(results, BaseModel)
        },
        **{one.field: results for one, results in told if one.field and results is not None},
    )


def _n_rows(tables: Sequence[CanonicalTable | None]) -> int | None:
    """Give the rows of a table; of a cross-validation the rows of the largest fold."""
    known = [len(table.table) for table in tables if table is not None]
    return max(known) if known else None


def _n_real_all(folds: Sequence[Tables]) -> int | None:
    """Give all rows of the real tables, where those compared are one of each patient."""
    if all(fold.everyone is None for fold in folds):
        return None
    return sum(len((fold.everyone or fold.real).table) for fold in folds)


def _n_learned_again(folds: Sequence[Tables]) -> int:
    found = sum(fold.n_learned_again for fold in folds)
    return max(found, MIN_CELL) if found else 0
