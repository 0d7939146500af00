"""One synthetic table judged against one real table: every figure beside its noise floor."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from synthhealth.errors import ParameterError, TableError
from synthhealth.evaluation._columns import CategoricalColumn, NumericalColumn, match_columns
from synthhealth.evaluation._limits import compare_censoring, compare_ranges, compare_rules
from synthhealth.evaluation._marginals import compare_marginals
from synthhealth.evaluation._missingness import compare_missing_values
from synthhealth.evaluation._pairs import compare_pairs
from synthhealth.evaluation._references import compare_references
from synthhealth.evaluation._results import Evaluation, NotComputed, Overall, Score
from synthhealth.evaluation._seeds import Seeds
from synthhealth.evaluation._table_floor import average_floors
from synthhealth.evaluation._tables import Tables, read_tables
from synthhealth.schema import Schema

__all__ = ["RealIs", "check_real_is", "evaluate_read", "evaluate_tables"]

RealIs = Literal["training", "holdout", "given"]


def evaluate_tables(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    schema: Schema | None = None,
    *,
    real_is: RealIs = "given",
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
        `real_is` or `random_state` is none of the above.

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
    return evaluate_read(read_tables(real, synthetic, schema), seeds, real_is=real_is)


def check_real_is(real_is: str) -> None:
    """Check the name of a real table.

    Raises
    ------
    ParameterError
        It is none of those known.
    """
    if real_is not in get_args(RealIs):
        raise ParameterError(
            f"real_is is {real_is!r}; it must be one of {', '.join(get_args(RealIs))}"
        )


def evaluate_read(tables: Tables, seeds: Seeds, *, real_is: RealIs) -> Evaluation:
    """Compare two tables that have been read. See `evaluate_tables`."""
    columns = match_columns(tables)
    n_real, n_synthetic = len(tables.real.table), len(tables.synthetic.table)
    not_computed = [
        NotComputed(what="all figures of the column", column=column.name, reason=column.obstacle)
        for column in columns
        if column.obstacle is not None
    ]
    usable = [column for column in columns if column.obstacle is None]
    if not usable:
        reasons = "; ".join(f"{gap.column!r}: {gap.reason}" for gap in not_computed)
        raise TableError(f"no column of the two tables can be compared ({reasons})")

    numerical = [column for column in usable if isinstance(column, NumericalColumn)]
    categorical = [column for column in usable if isinstance(column, CategoricalColumn)]
    numerical_results, categorical_results = compare_marginals(numerical, categorical, seeds)
    ks = [result.ks_complement for result in numerical_results]
    tv = [result.tv_complement for result in categorical_results]
    ks_floor, column_floor = average_floors(
        [(c.measured[0], r.floor) for c, r in zip(numerical, numerical_results, strict=True)],
        [(c.real, r.floor) for c, r in zip(categorical, categorical_results, strict=True)],
        n_synthetic,
        seeds.rng("averages"),
    )
    dependence = compare_pairs(usable, seeds)
    all_numerical = [column for column in columns if isinstance(column, NumericalColumn)]
    references, without_reference = compare_references(all_numerical, tables)
    return Evaluation(
        n_real=n_real,
        n_synthetic=n_synthetic,
        real_is=real_is,
        overall=Overall(
            ks_average=Score(value=float(np.mean(ks)), floor=ks_floor) if ks_floor else None,
            column_average=Score(value=float(np.mean([*ks, *tv])), floor=column_floor),
            dependence_difference=dependence.score,
        ),
        numerical=numerical_results,
        categorical=categorical_results,
        pairs=dependence.pairs,
        not_computed=(*not_computed, *dependence.not_computed, *without_reference),
        missing_values=compare_missing_values(columns, seeds),
        censoring=compare_censoring(all_numerical),
        ranges=compare_ranges(numerical, tables.schema),
        references=references,
        rules=compare_rules(tables),
    )
