"""One synthetic table judged against one real table: every figure beside its noise floor."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from synthhealth.errors import ParameterError, TableError
from synthhealth.evaluation._columns import CategoricalColumn, NumericalColumn, match_columns
from synthhealth.evaluation._marginals import compare_marginals
from synthhealth.evaluation._pairs import compare_pairs
from synthhealth.evaluation._results import Evaluation, NotComputed, Overall, Score
from synthhealth.evaluation._seeds import Seeds
from synthhealth.evaluation._table_floor import average_floors
from synthhealth.schema import Schema

__all__ = ["evaluate_tables"]

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
    pairs of columns by the difference of their dependence. A figure that cannot be computed is
    listed under ``not_computed`` with the reason, and left out of the averages.

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
        column holds numbers in one table and text or dates in the other.
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
    if real_is not in get_args(RealIs):
        raise ParameterError(
            f"real_is is {real_is!r}; it must be one of {', '.join(get_args(RealIs))}"
        )
    seeds = Seeds.of(random_state)
    columns = match_columns(real, synthetic, schema)
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
        [(c.real, r.floor) for c, r in zip(numerical, numerical_results, strict=True)],
        [(c.real, r.floor) for c, r in zip(categorical, categorical_results, strict=True)],
        len(synthetic),
        seeds.rng("averages"),
    )
    dependence = compare_pairs(usable, seeds)
    return Evaluation(
        n_real=len(real),
        n_synthetic=len(synthetic),
        real_is=real_is,
        overall=Overall(
            ks_average=Score(value=float(np.mean(ks)), floor=ks_floor) if ks_floor else None,
            column_average=Score(value=float(np.mean([*ks, *tv])), floor=column_floor),
            dependence_difference=dependence.score,
        ),
        numerical=numerical_results,
        categorical=categorical_results,
        pairs=dependence.pairs,
        not_computed=(*not_computed, *dependence.not_computed),
    )
