"""Gaps filled for training, with the values of similar patients."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy import stats

from synthhealth.schema._plain._tree import grow_classification_tree, grow_regression_tree

__all__ = ["fill_missing"]

#: Fewest patients with a known value that a gap's value is drawn from.
MIN_DONORS = 5


def fill_missing(
    plain: pd.DataFrame,
    missing: pd.DataFrame,
    numerical: Collection[str],
    rng: np.random.Generator,
) -> None:
    """Fill the missing cells of `plain`, in place, with known values of similar patients.

    Column after column, that with the fewest gaps first, a tree on the columns that are whole by
    then finds groups of similar patients, and each gap takes the value of a random one among them
    (sequential CART with hot-deck draws; Burgette and Reiter, 2010). A draw keeps the spread of
    the values, where a mean would put a spike into them, and a similar patient keeps the
    dependence between columns, which a draw from all patients would weaken.

    Parameters
    ----------
    plain : pandas.DataFrame, shape (n_rows, n_columns)
        The plain table; missing cells hold anything.
    missing : pandas.DataFrame of bool, shape (n_rows, n_columns)
        What is missing; each column has a known value.
    numerical : collection of str
        The columns whose values have distances.
    rng : numpy.random.Generator
        Draws the donors.
    """
    n_missing = missing.sum()
    whole = [name for name in plain.columns if not n_missing[name]]
    for name in sorted((n_missing.index[n_missing > 0]), key=lambda name: n_missing[name]):
        gaps = missing[name].to_numpy()
        values = plain[name].to_numpy(copy=True)
        known, seen = values[~gaps], plain.loc[~gaps, whole]
        if name in numerical:
            # Ranks, so that a long tail does not decide the groups alone.
            tree = grow_regression_tree(seen, stats.rankdata(known), None, MIN_DONORS)
        else:
            tree = grow_classification_tree(seen, known, None, MIN_DONORS)
        leaf = tree.leaf_of(plain[whole])
        donors, places = np.flatnonzero(~gaps), np.flatnonzero(gaps)
        donors = donors[np.argsort(leaf[donors], kind="stable")]
        first = np.searchsorted(leaf[donors], leaf[places], side="left")
        last = np.searchsorted(leaf[donors], leaf[places], side="right")
        values[places] = values[donors[rng.integers(first, last)]]
        plain[name] = values
        whole.append(name)
