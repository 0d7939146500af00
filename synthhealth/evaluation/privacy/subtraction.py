"""Two tables or two reports that differ by one patient, and what is left of them by subtraction.

Here the means are those of rows that were drawn, or that a report prints; `differencing` reads
those that stand in saved models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from synthhealth.evaluation.description import describe
from synthhealth.fitted import Fitted
from synthhealth.schema import Schema
from synthhealth.table.left_out import n_left_out

__all__ = ["Means", "learned_rows", "means_in_report", "means_of_rows", "subtracted"]

#: Rows that are drawn from each model, with one seed: what chance adds to both is the same.
ROWS = 100_000


class Means(NamedTuple):
    """The means of columns, and of how many values each is."""

    sizes: Mapping[str, float]
    means: Mapping[str, float]


def learned_rows(fitted: Fitted) -> int:
    """Give how many rows a model learned, as everybody knows who knows its level of privacy."""
    return fitted.n_rows - n_left_out(fitted.preparation.privacy, fitted.n_rows)


def means_of_rows(fitted: Fitted, rows: int = ROWS) -> Means:
    """Give the means of rows that a model draws, unrounded: the most that a table tells."""
    drawn = fitted.model.sample(rows, seed=0)
    plain = fitted.preparation.realise(drawn, np.random.default_rng(0)).plain
    names = [form.name for form in fitted.preparation.form.columns if form.kind.is_numerical]
    n = float(learned_rows(fitted))
    return Means(dict.fromkeys(names, n), {name: float(plain[name].mean()) for name in names})


def means_in_report(table: pd.DataFrame, schema: Schema) -> Means:
    """Give the means that a report prints of the patients: rounded, of coarse numbers of values."""
    told = [one for one in describe(table, schema).variables if one.mean is not None]
    return Means(
        {one.column: float(one.n) for one in told},
        {one.column: float(one.mean) for one in told if one.mean is not None},
    )


def subtracted(before: Means, after: Means) -> dict[str, float]:
    """Give what was added between two means: the last mean times its number, less the first.

    Where both are said to be of as many values, one more is taken to be in the second.

    Examples
    --------
    >>> subtracted(Means({"age": 60.0}, {"age": 50.0}), Means({"age": 61.0}, {"age": 50.5}))
    {'age': 80.5}
    """
    values = {}
    for name in before.means:
        if name in after.means:
            first = before.sizes[name]
            second = max(after.sizes[name], first + 1)
            gained = second * after.means[name] - first * before.means[name]
            values[name] = gained / (second - first)
    return values
