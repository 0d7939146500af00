"""Whether a table keeps the means that a number has in the levels of a category."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from synthhealth.evaluation.distances import false_discovery
from synthhealth.evaluation.matching import CategoricalColumn, NumericalColumn, match_columns
from synthhealth.evaluation.tables import read_tables
from synthhealth.schema import Schema

__all__ = ["Pair", "means_kept", "real_pairs"]

Floats = npt.NDArray[np.float64]

#: A category and a number, by the names of their columns.
Pair = tuple[str, str]

#: A pair is real below this adjusted p value.
REAL = 0.01
#: Patients of a level whose mean is looked at.
FEWEST = 5
#: How often means of one law may lie apart by more than is allowed, in any level of a pair.
ALARM = 0.05


def real_pairs(table: pd.DataFrame, schema: Schema) -> tuple[Pair, ...]:
    """Find the categories that say something about a number.

    They are those with a p value below .01 in the test of Kruskal and Wallis (1952) between the
    levels of at least five rows, adjusted over all pairs of a category and a number (Benjamini and
    Hochberg, 1995).

    Parameters
    ----------
    table : pandas.DataFrame
        The whole table.
    schema : Schema
        What its columns are.

    Examples
    --------
    >>> from synthhealth.datasets import load_ra_panel
    >>> table = load_ra_panel(500)[["sex", "crp", "creatinine"]]
    >>> real_pairs(table, Schema.detect(table))
    (('sex', 'creatinine'),)
    """
    columns = match_columns(read_tables(table, table, schema))
    categories = [one for one in columns if isinstance(one, CategoricalColumn)]
    numbers = [one for one in columns if isinstance(one, NumericalColumn)]
    p_values: dict[Pair, float] = {}
    for category, number in product(categories, numbers):
        groups = [ours for ours, _ in _by_level(category, number)]
        if len(groups) > 1 and np.ptp(np.concatenate(groups)) > 0:
            p_values[category.name, number.name] = float(stats.kruskal(*groups).pvalue)
    adjusted = false_discovery(list(p_values.values()))
    return tuple(pair for pair, p in zip(p_values, adjusted, strict=True) if p < REAL)


def means_kept(
    cohort: pd.DataFrame, other: pd.DataFrame, schema: Schema, pairs: Iterable[Pair]
) -> dict[Pair, bool]:
    """Say of which pairs the other table has the cohort's means, within their sampling error.

    A pair is kept if, in every level of at least five patients of the cohort, the other table's
    mean lies within the 95 % interval around the cohort's, adjusted for the number of these levels
    (Bonferroni). It is that of the difference of two means (Welch, 1947), so that the other table's
    own sampling error counts; of a large table it is the cohort's alone. A level of which the other
    table has fewer than two rows is lost. A level in which the cohort's numbers are all alike has
    no such interval, and is left out. Of two cohorts of one law, 95 % of the pairs are kept or
    more, as far as the means of few patients are normal: of long tails they are not.

    Parameters
    ----------
    cohort, other : pandas.DataFrame
        Some patients, and a table that should be of the same law.
    schema : Schema
        What the columns are.
    pairs : iterable of tuple
        Categories and numbers.

    Returns
    -------
    dict of tuple to bool
        Without the pairs of which the cohort has fewer than two such levels.

    Examples
    --------
    >>> from synthhealth.datasets import load_ra_panel
    >>> cohort, fresh = load_ra_panel(), load_ra_panel(10_000, random_state=1)
    >>> schema = Schema.detect(fresh)
    >>> means_kept(cohort, fresh, schema, [("sex", "creatinine")])
    {('sex', 'creatinine'): True}
    >>> fresh["creatinine"] = fresh["creatinine"].to_numpy()[::-1]
    >>> means_kept(cohort, fresh, schema, [("sex", "creatinine")])
    {('sex', 'creatinine'): False}
    """
    columns = {one.name: one for one in match_columns(read_tables(cohort, other, schema))}
    kept = {}
    for pair in pairs:
        category, number = columns.get(pair[0]), columns.get(pair[1])
        # A category that the cohort does not have, but for one level, is none.
        if isinstance(category, CategoricalColumn) and isinstance(number, NumericalColumn):
            # Of numbers that are all alike no sampling error can be told.
            levels = [level for level in _by_level(category, number) if np.ptp(level[0]) > 0]
            if len(levels) > 1:
                kept[pair] = all(_agree(*level, ALARM / len(levels)) for level in levels)
    return kept


def _by_level(category: CategoricalColumn, number: NumericalColumn) -> list[tuple[Floats, Floats]]:
    """Give the numbers of both tables by the levels of at least five real rows with a number."""
    ours, theirs = number.measured
    levels = []
    for level in range(category.n_levels):
        one, other = ours[category.real == level], theirs[category.synthetic == level]
        one, other = one[~np.isnan(one)], other[~np.isnan(other)]
        if one.size >= FEWEST:
            levels.append((one, other))
    return levels


def _agree(ours: Floats, theirs: Floats, alarm: float) -> bool:
    """Say whether two means lie within their sampling error (Welch, 1947)."""
    if theirs.size < 2:
        return False
    difference = abs(ours.mean() - theirs.mean())
    errors = np.array([one.var(ddof=1) / one.size for one in (ours, theirs)])
    freedom = errors.sum() ** 2 / (errors**2 / np.array([ours.size - 1, theirs.size - 1])).sum()
    return bool(difference <= stats.t.ppf(1 - alarm / 2, freedom) * np.sqrt(errors.sum()))
