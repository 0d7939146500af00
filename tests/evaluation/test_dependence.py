"""Dependence of all pairs at once against scipy, pair by pair."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from synthhealth.evaluation import dependence as dependence_module
from synthhealth.evaluation.dependence import (
    Levels,
    Table,
    complete_rows,
    dependence,
    pool_rare_levels,
)

EXACT = 1e-12


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def draw_table(n: int = 150, missing: float = 0.0, seed: int = 0) -> Table:
    generator = rng(seed)
    shared = generator.normal(size=n)
    values = np.column_stack(
        [np.exp(shared + generator.normal(size=n)), 1e6 + shared, generator.poisson(3, size=n)]
    ).astype(float)
    codes = np.column_stack(
        [np.digitize(shared + generator.normal(size=n), [-1, 0, 1]), generator.integers(3, size=n)]
    )
    values[generator.random(values.shape) < missing] = np.nan
    codes[generator.random(codes.shape) < missing] = -1
    return Table(values, codes, (Levels(4, 4), Levels(3, 3)))


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_numbers_agree_with_scipys_spearman(missing):
    table = draw_table(missing=missing)
    found = dependence(table)
    for i, j in [(0, 1), (0, 2), (1, 2)]:
        both = ~np.isnan(table.values[:, [i, j]]).any(axis=1)
        expected = stats.spearmanr(table.values[both, i], table.values[both, j]).statistic
        assert found[i, j] == pytest.approx(expected, abs=EXACT)
        assert found[j, i] == found[i, j]


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_levels_agree_with_scipys_cramers_v(missing):
    table = draw_table(missing=missing)
    both = (table.codes >= 0).all(axis=1)
    cells = pd.crosstab(table.codes[both, 0], table.codes[both, 1]).to_numpy()
    expected = stats.contingency.association(cells, method="cramer")
    assert dependence(table)[3, 4] == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_mixed_pairs_agree_with_the_analysis_of_variance(missing):
    table = draw_table(missing=missing)
    found = dependence(table)
    for i in range(3):
        for j in range(2):
            both = ~np.isnan(table.values[:, i]) & (table.codes[:, j] >= 0)
            values, codes = table.values[both, i], table.codes[both, j]
            groups = [values[codes == level] for level in np.unique(codes)]
            f = stats.f_oneway(*groups).statistic
            between, within = len(groups) - 1, len(values) - len(groups)
            expected = np.sqrt(f * between / (f * between + within))
            # Column 1 sits a million away from zero, which costs scipy digits.
            assert found[i, 3 + j] == pytest.approx(expected, abs=1e-9 if i == 1 else EXACT)


def test_complete_rows_are_counted_per_pair():
    table = draw_table(missing=0.3)
    present = np.hstack([~np.isnan(table.values), table.codes >= 0])
    assert complete_rows(table)[1, 4] == (present[:, 1] & present[:, 4]).sum()


def test_ranking_once_is_the_same_without_missing_values_and_close_with_some():
    whole, gappy = draw_table(), draw_table(n=600, missing=0.05)
    assert dependence(whole.ranked()) == pytest.approx(dependence(whole), abs=EXACT)
    assert dependence(gappy.ranked()) == pytest.approx(dependence(gappy), abs=0.01)


def test_perfect_and_no_dependence():
    x = np.repeat(np.arange(4.0), 5)
    codes = x.astype(np.int64)
    balanced = np.tile(np.arange(5), 4)
    table = Table(
        np.column_stack([x, -x]),
        np.column_stack([codes, 3 - codes, balanced]),
        (Levels(4, 4), Levels(4, 4), Levels(5, 5)),
    )
    found = dependence(table)
    assert found[0, 1] == pytest.approx(-1.0)
    assert found[0, 2] == pytest.approx(1.0)
    assert found[2, 3] == pytest.approx(1.0)
    assert found[0, 4] == 0.0
    assert found[2, 4] == 0.0


def test_constant_columns_depend_on_nothing_and_too_few_rows_are_not_measured():
    values = np.column_stack([np.full(20, 7.0), np.arange(20.0), [1.0, 2.0] + [np.nan] * 18])
    codes = np.zeros((20, 1), dtype=np.int64)
    found = dependence(Table(values, codes, (Levels(2, 2),)))
    assert found[0, 1] == 0
    assert found[1, 3] == 0
    assert np.isnan(found[1, 2])


def test_huge_values_neither_overflow_nor_lose_the_dependence():
    table = draw_table()
    huge = Table(table.values * 1e295, table.codes, table.levels)
    assert dependence(huge) == pytest.approx(dependence(table), abs=1e-9)


def test_blocks_of_columns_give_the_same_as_one(monkeypatch):
    table = draw_table(missing=0.1)
    expected = dependence(table)
    monkeypatch.setattr(dependence_module, "MOST_CELLS", 8)
    assert dependence(table) == pytest.approx(expected, abs=EXACT)


def test_columns_of_many_levels_keep_their_common_ones():
    real = np.r_[np.repeat(np.arange(60), 6), np.arange(60, 160), -1]
    synthetic = np.array([0, 59, 100, 199, -1])
    column = pool_rare_levels(real, synthetic, 200)
    assert column.levels == Levels(total=51, real=51)
    assert list(column.synthetic) == [0, 50, 50, 50, -1]
    assert column.real[-1] == -1
    few = pool_rare_levels(real % 50, synthetic % 50, 50)
    assert few.levels == Levels(total=50, real=50)


def test_a_column_of_unique_levels_has_none_left():
    codes = np.arange(80)
    assert pool_rare_levels(codes, codes, 80).levels == Levels(total=1, real=1)
