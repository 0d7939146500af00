"""How far a saved model and its rows follow one patient with an extreme value."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.evaluation.figures import Result
from synthhealth.evaluation.privacy.shadow import Learn, Released
from synthhealth.evaluation.privacy.signals import Patients
from synthhealth.models.seeding import derive_seed
from synthhealth.schema import Column, Kind

__all__ = ["ExtremeColumn", "follow_extremes"]

#: The extreme value is so many times the largest one; where the schema has less plausible values
#: only, it is the most plausible one, if that is so many times the largest.
TIMES, LEAST_TIMES = 10.0, 2.0

#: What seeds are for.
_CHOICE, _FIT = range(2)


class ExtremeColumn(Result):
    """What one patient does to a column, whose value is ten times the largest of all others.

    Where that is not plausible, it is the largest value that is.
    """

    column: str
    """The column."""
    end: float | None
    """How far the saved model's upper end of the column follows: 0 where it stays where it was \
without that patient, 1 where it comes to lie at the patient's value; None without a model."""
    rows: float
    """How far the largest of the synthetic rows follows, likewise."""


def follow_extremes(
    patients: Patients,
    learn: Learn,
    *,
    columns: int,
    seed: int,
    n_jobs: int | None = None,
) -> tuple[ExtremeColumn, ...]:
    """Give a patient an extreme value in one column after another, and look what follows.

    Parameters
    ----------
    patients : Patients
        All but the last are learned without that patient, and all with.
    learn : callable
        Learns a table; see `shadow.Learn`.
    columns : int
        Columns that are tried, the most.
    seed : int
        Decides everything; all models are fitted with one seed.
    n_jobs : int, optional
        Fits at once, by joblib.
    """
    from joblib import Parallel, delayed

    is_last = patients.of_row == len(patients) - 1
    without = patients.table[~is_last].reset_index(drop=True)
    extremes = {
        column.name: value
        for column in patients.schema
        if (value := _extreme(without[column.name], column)) is not None
    }
    rng = np.random.default_rng(derive_seed(seed, _CHOICE))
    names = list(extremes)
    chosen = [names[place] for place in sorted(rng.permutation(len(names))[:columns])]
    tables = [without, *(_with(patients.table, is_last, one, extremes[one]) for one in chosen)]
    before, *after = Parallel(n_jobs=n_jobs)(
        delayed(learn)(table, derive_seed(seed, _FIT)) for table in tables
    )
    return tuple(
        _followed(name, before, released, extremes[name])
        for name, released in zip(chosen, after, strict=True)
    )


def _extreme(values: pd.Series, column: Column) -> float | None:
    """Give ten times the largest value, or what is plausible at most; None where that is near."""
    is_measured = column.kind in (Kind.CONTINUOUS, Kind.COUNT) and column.notation is None
    if not is_measured or not types.is_numeric_dtype(values) or not values.max() > 0:
        return None
    plausible = None if column.plausible is None else column.plausible.high
    extreme = TIMES * float(values.max())
    if plausible is not None:
        extreme = min(extreme, float(np.floor(plausible)))
    return extreme if extreme >= LEAST_TIMES * float(values.max()) else None


def _with(
    table: pd.DataFrame, rows: npt.NDArray[np.bool_], name: str, extreme: float
) -> pd.DataFrame:
    values = np.where(rows, extreme, table[name].to_numpy(float, na_value=np.nan))
    is_whole = types.is_integer_dtype(table[name]) and not np.isnan(values).any()
    return table.assign(**{name: values.astype(np.int64) if is_whole else values})


def _followed(name: str, before: Released, after: Released, extreme: float) -> ExtremeColumn:
    def share(first: float, second: float) -> float:
        # A column that ends there already cannot follow.
        return (second - first) / (extreme - first) if extreme > first else 0.0

    end = None
    if before.fitted is not None and after.fitted is not None:
        forms = [one.fitted.preparation.form for one in (before, after) if one.fitted is not None]
        if all(name in form.names for form in forms):
            end = share(*(form[name].high for form in forms))
    rows = share(*(float(one.rows[name].max()) for one in (before, after)))
    return ExtremeColumn(column=name, end=end, rows=rows)
