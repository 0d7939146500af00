"""The floors of the overall figures: calibrated at small sizes, scaled at large ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from synthhealth.evaluation import null_bands
from synthhealth.evaluation.null_bands import (
    average_floors,
    draw_pairs,
    ks_law,
    ks_null,
    ks_of_rows,
    tv_null,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def floors_of(numerical, categorical, n_synthetic, seed=1):
    """Give the floors of the averages, from columns with their own floors."""
    ks, over_all = average_floors(
        [(x, ks_null(x[~np.isnan(x)], n_synthetic, rng(seed)).band) for x in numerical],
        [(c, tv_null(np.bincount(c), n_synthetic, rng(seed)).band) for c in categorical],
        n_synthetic,
        rng(seed + 1),
    )
    return (None if ks is None else ks.band), over_all.band


def test_row_wise_ks_agrees_with_scipy_on_ties_and_missing_values():
    generator = rng()
    first = generator.poisson(3, size=(20, 40)).astype(float)
    second = generator.poisson(4, size=(20, 30)).astype(float)
    first[generator.random(first.shape) < 0.1] = np.nan
    expected = [
        stats.ks_2samp(a[~np.isnan(a)], b, method="asymp").statistic
        for a, b in zip(first, second, strict=True)
    ]
    assert ks_of_rows(first, second) == pytest.approx(expected, abs=1e-12)


def test_a_sample_without_values_has_no_distance():
    nothing = np.full((1, 3), np.nan)
    assert np.isnan(ks_of_rows(nothing, np.ones((1, 3)))).all()


@pytest.mark.parametrize(("n", "m"), [(61, 61), (61, 400)])
def test_one_continuous_column_has_the_exact_floor(n, m):
    """Patients drawn twice are no ties: the resampled law is the distribution-free one."""
    only, over_all = floors_of([rng().normal(size=n)], [], m)
    law = ks_law(n, m)
    assert only == over_all
    assert only.mean == pytest.approx(1 - law.mean, abs=0.01)
    assert only.low == pytest.approx(1 - law.high, abs=0.03)
    assert only.high == pytest.approx(1 - law.low, abs=0.03)


@pytest.mark.parametrize(
    "codes",
    [
        np.repeat([0, 1, 2], [40, 15, 6]),
        np.repeat(np.arange(20), [20, 10, 5, 4, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
        np.arange(1_000),
    ],
)
def test_one_categorical_column_has_its_own_floor(codes):
    """With levels that no patient had, and up to a name for every patient."""
    _, over_all = floors_of([], [codes], 300)
    own = tv_null(np.bincount(codes), 300, rng()).band
    assert over_all.mean == pytest.approx(own.mean, abs=0.01)
    assert over_all.low == pytest.approx(own.low, abs=0.03)


def test_correlated_columns_have_a_wider_floor():
    shared = rng().normal(size=61)
    copies = floors_of([shared + i for i in range(10)], [], 61)[0]
    apart = floors_of(list(rng(2).normal(size=(10, 61))), [], 61)[0]
    assert copies.mean == pytest.approx(apart.mean, abs=0.01)
    assert copies.high - copies.low > 2 * (apart.high - apart.low)


def test_large_tables_are_scaled_from_samples_of_a_thousand(monkeypatch):
    generator = rng()
    codes = generator.choice(4, p=[0.6, 0.3, 0.08, 0.02], size=6_000)
    values = np.column_stack([codes + generator.normal(size=6_000), generator.normal(size=6_000)])

    def floors():
        return floors_of(list(values.T), [codes], 9_000)

    scaled = floors()
    monkeypatch.setattr(null_bands, "MOST_ROWS", 10_000)
    in_full = floors()
    for one, other in zip(scaled, in_full, strict=True):
        assert 1 - one.mean == pytest.approx(1 - other.mean, rel=0.1)
        assert 1 - one.low == pytest.approx(1 - other.low, rel=0.25)


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
    only, _ = floors_of([column], [], 5_000)
    assert 0 <= only.low <= only.high <= 1
