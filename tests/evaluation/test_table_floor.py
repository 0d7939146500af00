"""The floors of the overall figures: calibrated at small sizes, scaled at large ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from synthhealth.evaluation import _table_floor
from synthhealth.evaluation._dependence import Levels, Table
from synthhealth.evaluation._floor import ks_law
from synthhealth.evaluation._table_floor import (
    _ks_of_rows,
    average_floors,
    dependence_floor,
    draw_pairs,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_row_wise_ks_agrees_with_scipy_on_ties_and_missing_values():
    generator = rng()
    first = generator.poisson(3, size=(20, 40)).astype(float)
    second = generator.poisson(4, size=(20, 30)).astype(float)
    first[generator.random(first.shape) < 0.1] = np.nan
    expected = [
        stats.ks_2samp(a[~np.isnan(a)], b, method="asymp").statistic
        for a, b in zip(first, second, strict=True)
    ]
    assert _ks_of_rows(first, second) == pytest.approx(expected, abs=1e-12)


def test_a_sample_without_values_has_no_distance():
    nothing = np.full((1, 3), np.nan)
    assert np.isnan(_ks_of_rows(nothing, np.ones((1, 3)))).all()


@pytest.mark.parametrize(("n", "m"), [(61, 61), (61, 400)])
def test_one_continuous_column_has_the_exact_floor(n, m):
    """Patients drawn twice are no ties: the resampled law is the distribution-free one."""
    only, over_all = average_floors([rng().normal(size=n)], [], m, rng(1))
    law = ks_law(n, m)
    assert only == over_all
    assert only.mean == pytest.approx(1 - law.mean, abs=0.01)
    assert only.low == pytest.approx(1 - law.high, abs=0.03)
    assert only.high == pytest.approx(1 - law.low, abs=0.03)


def test_correlated_columns_have_a_wider_floor():
    shared = rng().normal(size=61)
    copies = average_floors([shared + i for i in range(10)], [], 61, rng(1))[0]
    apart = average_floors(list(rng(2).normal(size=(10, 61))), [], 61, rng(1))[0]
    assert copies.mean == pytest.approx(apart.mean, abs=0.01)
    assert copies.high - copies.low > 2 * (apart.high - apart.low)


def test_large_tables_are_scaled_from_samples_of_a_thousand(monkeypatch):
    generator = rng()
    codes = generator.choice(4, p=[0.6, 0.3, 0.08, 0.02], size=6_000)
    values = np.column_stack([codes + generator.normal(size=6_000), generator.normal(size=6_000)])
    table = Table(values, codes[:, None], (Levels(4, 4),))
    pairs = np.triu(np.ones((3, 3), dtype=bool), 1)

    def floors():
        averages = average_floors(list(values.T), [codes], 9_000, rng(1))
        return *averages, dependence_floor(table, pairs, 9_000, rng(2))

    scaled = floors()
    monkeypatch.setattr(_table_floor, "MOST_ROWS", 10_000)
    in_full = floors()
    for one, other in zip(scaled[:2], in_full[:2], strict=True):
        assert 1 - one.mean == pytest.approx(1 - other.mean, rel=0.1)
        assert 1 - one.low == pytest.approx(1 - other.low, rel=0.25)
    assert scaled[2].mean == pytest.approx(in_full[2].mean, rel=0.2)


def test_samples_have_the_sizes_of_the_two_tables():
    draws = draw_pairs(61, 100, rng())
    assert draws.first.shape == (200, 61)
    assert draws.second.shape == (200, 100)
    assert draws.scale == 1
    large = draw_pairs(8_000, 8_000, rng())
    assert large.first.shape == (100, 1_000)
    assert large.scale == pytest.approx(np.sqrt(1 / 8))


def test_a_column_with_hardly_a_value_still_has_a_floor():
    column = np.full(5_000, np.nan)
    column[7] = 1.0
    only, _ = average_floors([column], [], 5_000, rng())
    assert 0 <= only.low <= only.high <= 1
