"""One synthetic table judged against one real table: every figure beside its null band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, get_args

import pandas as pd

from synthhealth.errors import ParameterError, TableError
from synthhealth.evaluation.calibration import Draft
from synthhealth.evaluation.clinical import compare_censoring, compare_ranges, compare_rules
from synthhealth.evaluation.columns import compare_marginals
from synthhealth.evaluation.copying import compare_copying
from synthhealth.evaluation.coverage import compare_coverage
from synthhealth.evaluation.figures import MIN_CELL, WHOLE_COLUMN, NotComputed
from synthhealth.evaluation.folds import combine_drafts
from synthhealth.evaluation.inference import Analysis, compare_regressions
from synthhealth.evaluation.judgement import judge, sum_up
from synthhealth.evaluation.matching import NumericalColumn, match_columns
from synthhealth.evaluation.missing import compare_missing_values
from synthhealth.evaluation.pairs import PairComparison, compare_pairs
from synthhealth.evaluation.questions import PARTS, Part, Questions
from synthhealth.evaluation.references import compare_references
from synthhealth.evaluation.results import Evaluation, Overall
from synthhealth.evaluation.rows import JointComparison, compare_jointly
from synthhealth.evaluation.subgroups import compare_subgroups
from synthhealth.evaluation.tables import CanonicalTable, Tables, read_tables
from synthhealth.evaluation.utility import compare_utility
from synthhealth.evaluation.work import Seeds, Task, compute_all, one_thread, timed
from synthhealth.schema import Schema

if TYPE_CHECKING:
    from synthhealth.evaluation.inference import Analysis

__all__ = [
    "RealIs",
    "check_real_is",
    "evaluate_read",
    "evaluate_tables",
]


NOTHING_MORE = Questions()
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
    parts : sequence of {"copying", "joint", "coverage", "utility", "subgroups"}
        What is computed beside the single columns, their pairs and missing values; all by default.
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
    questions = Questions(outcomes, analyses, by, parts)
    tables = read_tables(
        real,
        synthetic,
        schema,
        training=real if real_is == "training" else None,
        unseen=real if real_is == "holdout" else None,
    )
    questions.check(tables.schema)
    return evaluate_read(tables, seeds, real_is=real_is, questions=questions)


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
    questions: Questions = NOTHING_MORE,
    folds: Sequence[Tables] = (),
) -> Evaluation:
    """Compare two tables that have been read. See `evaluate_tables`.

    Parameters
    ----------
    questions : Questions
        What is asked beyond what is always answered; it has been checked.
    folds : sequence of Tables
        The fits that `tables` were pooled from, of a cross-validation.
    """
    with one_thread():
        return _evaluate(tables, folds or (tables,), seeds, real_is, questions)


def _evaluate(
    tables: Tables, folds: Sequence[Tables], seeds: Seeds, real_is: RealIs, questions: Questions
) -> Evaluation:
    columns = timed("matching columns", lambda: match_columns(tables))
    gaps = [
        NotComputed(what=WHOLE_COLUMN, column=column.name, reason=column.obstacle)
        for column in columns
        if column.obstacle is not None
    ]
    usable = [column for column in columns if column.obstacle is None]
    all_numerical = [column for column in columns if isinstance(column, NumericalColumn)]
    marginals = Task("marginals", lambda: compare_marginals(usable, seeds))
    dependence = Task("dependence", lambda: _with_gaps(compare_pairs(usable, seeds)))
    missing = Task("missing values", lambda: (compare_missing_values(columns, seeds), ()))
    joint = Task("whole rows", lambda: _with_gaps(compare_jointly(tables, seeds)))
    copying = Task("copied rows", lambda: _copying(folds, seeds))
    coverage = Task("coverage", lambda: compare_coverage(usable, seeds))
    subgroups = Task("subgroups", lambda: compare_subgroups(tables, usable, seeds, by=questions.by))
    utility = Task("utility", lambda: compare_utility(folds, seeds, outcomes=questions.outcomes))
    references = Task("reference ranges", lambda: compare_references(all_numerical, tables))
    censoring = Task("detection limits", lambda: (compare_censoring(all_numerical), ()))
    ranges = Task("ranges", lambda: (compare_ranges(all_numerical, tables.schema), ()))
    rules = Task("rules", lambda: (compare_rules(tables), ()))
    parts: dict[Part, Task[Any]] = {
        "joint": joint,
        "utility": utility,
        "copying": copying,
        "subgroups": subgroups,
        "coverage": coverage,
    }
    # The longest first, so that none is left to one processor at the end.
    tasks = [
        dependence,
        *(task for part, task in parts.items() if part in questions.parts),
        marginals,
        missing,
        references,
        censoring,
        ranges,
        rules,
    ]
    compute_all(tasks)
    if marginals.found is None:
        found = (*gaps, *marginals.not_computed)
        reasons = "; ".join(
            gap.reason if gap.column is None else f"{gap.column!r}: {gap.reason}" for gap in found
        )
        raise TableError(f"no column of the two tables can be compared ({reasons})")

    # By itself: it silences warnings of libraries, which counts for all threads.
    inference = Task(
        "regressions", lambda: compare_regressions(tables, questions.analyses, seeds=seeds)
    )
    if questions.analyses:
        inference.run()

    pairs = dependence.found or PairComparison(pairs=(), score=None, drafts=(), not_computed=())
    rows = joint.found or JointComparison(drafts=(), results=None, not_computed=())
    missing_values, missing_drafts = missing.found or (None, ())
    metrics, numerical_results, categorical_results = judge(
        (
            *marginals.found.drafts,
            *pairs.drafts,
            *rows.drafts,
            *missing_drafts,
            *(copying.found or ()),
        ),
        marginals.found,
    )
    return Evaluation(
        n_real=len(tables.real.table),
        n_synthetic=len(tables.synthetic.table),
        n_real_all=_n_real_all(folds),
        n_learned_again=_n_learned_again(folds),
        real_is=real_is,
        n_training=_n_rows([fold.training for fold in folds]),
        n_unseen=_n_rows([fold.unseen for fold in folds]),
        n_folds=len(folds) if len(folds) > 1 else None,
        judgement=sum_up(
            metrics,
            (*numerical_results, *categorical_results),
            (len(tables.real.table), len(tables.synthetic.table)),
        ),
        metrics=metrics,
        overall=Overall(
            ks_average=marginals.found.ks_average,
            column_average=marginals.found.column_average,
            dependence_difference=pairs.score,
        ),
        numerical=numerical_results,
        categorical=categorical_results,
        pairs=pairs.pairs,
        missing_values=missing_values,
        censoring=censoring.found or (),
        ranges=ranges.found or (),
        references=references.found or (),
        joint=rows.results,
        coverage=coverage.found or (),
        subgroups=subgroups.found or (),
        utility=utility.found,
        inference=inference.found or (),
        rules=rules.found or (),
        notes=tables.notes,
        not_computed=(*gaps, *(gap for task in (*tasks, inference) for gap in task.not_computed)),
    )


class _HasGaps(Protocol):
    @property
    def not_computed(self) -> tuple[NotComputed, ...]: ...


_Comparison = TypeVar("_Comparison", bound=_HasGaps)


def _with_gaps(found: _Comparison) -> tuple[_Comparison, tuple[NotComputed, ...]]:
    return found, found.not_computed


def _copying(
    folds: Sequence[Tables], seeds: Seeds
) -> tuple[tuple[Draft, ...], tuple[NotComputed, ...]]:
    found = [compare_copying(fold, seeds) for fold in folds]
    if len(found) == 1:
        return found[0]
    gaps = dict.fromkeys(gap for _, missing in found for gap in missing)
    return combine_drafts([drafts for drafts, _ in found]), tuple(gaps)


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
