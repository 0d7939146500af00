"""The noise floor of one column against enumerated, simulated and scipy's truth."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from synthhealth.evaluation import Band
from synthhealth.evaluation.null_bands import (
    LATTICE_POINTS,
    Unseen,
    _limit_law,
    _share_within,
    has_heavy_ties,
    ks_law,
    ks_null,
    tv_null,
    unseen_levels,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def enumerate_gaps(n: int, m: int) -> np.ndarray:
    """D of every order in which n and m distinct values can fall, all equally likely."""
    gaps = []
    for places in combinations(range(n + m), n):
        steps = np.full(n + m, -1 / m)
        steps[list(places)] = 1 / n
        gaps.append(np.abs(np.cumsum(steps)).max())
    return np.sort(gaps)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 7), (3, 5), (4, 8), (6, 6), (5, 7)])
def test_law_is_that_of_all_orders_counted(n, m):
    gaps, law = enumerate_gaps(n, m), ks_law(n, m)
    assert law.mean == pytest.approx(gaps.mean(), abs=1e-9)
    assert law.low == pytest.approx(gaps[int(np.ceil(0.025 * gaps.size)) - 1])
    assert law.high == pytest.approx(gaps[int(np.ceil(0.975 * gaps.size)) - 1])


@pytest.mark.parametrize(("n", "m"), [(61, 61), (61, 500), (30, 47), (200, 210)])
def test_counted_paths_give_scipys_exact_p(n, m):
    generator = rng()
    for _ in range(5):
        result = stats.ks_2samp(generator.normal(size=n), generator.normal(size=m), method="exact")
        below = _share_within(min(n, m), max(n, m), np.array([result.statistic - 1e-6]))
        assert 1 - below[0] == pytest.approx(result.pvalue, abs=1e-9)


@pytest.mark.parametrize(("n", "m"), [(61, 1_000), (250, 390), (316, 316), (40, 2_500)])
def test_limit_law_takes_over_where_it_agrees_with_the_counted_one(n, m):
    assert n * m <= LATTICE_POINTS
    counted, limit = ks_law(n, m), _limit_law(n, m)
    step = np.gcd(n, m) / (n * m)
    assert limit.mean == pytest.approx(counted.mean, abs=1e-3)
    assert limit.low == pytest.approx(counted.low, abs=1e-3 + step)
    assert limit.high == pytest.approx(counted.high, abs=1e-3 + step)


@pytest.mark.parametrize("n", [1, 3, 10, 19])
def test_a_handful_of_patients_against_very_many_rows(n):
    """The law is then that of one sample against the known distribution."""
    law = ks_law(n, 1_000_000)
    assert law.mean == pytest.approx(stats.kstwo(n).mean(), abs=2e-3)
    assert law.high == pytest.approx(stats.kstwo(n).ppf(0.975), abs=2e-3)
    assert law.low == pytest.approx(stats.kstwo(n).ppf(0.025), abs=2e-3)


def test_law_is_symmetrical_and_stays_within_bounds():
    assert ks_law(61, 1_000) == ks_law(1_000, 61)
    lopsided = ks_law(1, 1_000_000)
    assert 0 <= lopsided.low <= lopsided.mean <= lopsided.high <= 1


@pytest.mark.parametrize(("n", "m"), [(61, 61), (61, 1_000), (400, 2_000)])
def test_independent_samples_of_one_law_lie_within_the_floor(n, m):
    """Of 400 pairs, 95 % by design: fewer than 92 % or all of them by chance once in 200 runs."""
    generator = rng(1)
    inside = []
    for _ in range(400):
        real, synthetic = generator.gamma(2, size=n), generator.gamma(2, size=m)
        floor = ks_null(real, m, generator).band
        assert floor.method == "exact"
        score = 1 - stats.ks_2samp(real, synthetic, method="asymp").statistic
        inside.append(floor.standing(score) == "within")
    assert 0.92 <= np.mean(inside) < 1


def test_tied_columns_are_resampled_and_calibrated():
    """Stages 0 to 9 of 200 patients: within the floor in 95 % of 200 pairs, give or take 5 %."""
    generator = rng(2)
    inside = []
    for _ in range(200):
        real, synthetic = generator.poisson(3, size=200), generator.poisson(3, size=500)
        floor = ks_null(real.astype(float), 500, generator).band
        assert floor.method == "resampled"
        score = 1 - stats.ks_2samp(real, synthetic, method="asymp").statistic
        inside.append(floor.standing(score) == "within")
    assert np.mean(inside) >= 0.9


def test_level_floor_is_calibrated():
    """Four levels of 61 patients: within the floor in 95 % of 300 pairs, give or take 4 %."""
    generator = rng(3)
    shares = [0.5, 0.3, 0.15, 0.05]
    inside = []
    for _ in range(300):
        real, synthetic = generator.multinomial(61, shares), generator.multinomial(400, shares)
        score = 1 - 0.5 * np.abs(real / 61 - synthetic / 400).sum()
        inside.append(tv_null(real, 400, generator).band.standing(score) == "within")
    assert np.mean(inside) >= 0.91


def test_level_floor_allows_for_levels_that_no_patient_had():
    """200 diagnoses of 61 patients, some rare: drawn from the seen ones alone it is 0.15 off."""
    generator = rng(4)
    shares = 1 / np.arange(1, 201)
    shares /= shares.sum()
    means = [tv_null(generator.multinomial(61, shares), 61, generator).band.mean for _ in range(40)]
    pairs = generator.multinomial(61, shares, size=(400, 2)) / 61
    truth = (1 - 0.5 * np.abs(pairs[:, 0] - pairs[:, 1]).sum(axis=1)).mean()
    assert np.mean(means) == pytest.approx(truth, abs=0.06)


def test_unseen_levels_are_foretold_from_those_seen_once():
    assert unseen_levels(np.array([30, 20, 11])) == Unseen(number=0, share=0.0)
    assert unseen_levels(np.array([60, 1])) == Unseen(number=0, share=0.0)
    counts = rng().multinomial(20_000, np.full(10_000, 1e-4))
    unseen = unseen_levels(counts)
    assert unseen.number == pytest.approx((counts == 0).sum(), rel=0.1)
    assert unseen.share == pytest.approx((counts == 0).mean(), rel=0.1)


def test_two_samples_of_names_have_none_in_common():
    floor = tv_null(np.ones(1_000, dtype=np.int64), 3_000, rng()).band
    assert floor.low == pytest.approx(0.0, abs=1e-9)
    assert floor.high == pytest.approx(0.0, abs=1e-9)


def test_ties_raise_the_floor():
    values = rng().normal(size=200)
    continuous = ks_null(values, 200, rng()).band
    rounded = ks_null(values.round(), 200, rng()).band
    assert (continuous.method, rounded.method) == ("exact", "resampled")
    assert rounded.mean > continuous.mean


@pytest.mark.parametrize(
    ("values", "heavy"),
    [
        (np.arange(100.0), False),
        (np.repeat(np.arange(50.0), 2), False),
        (np.repeat(np.arange(25.0), 4), True),
        (np.r_[np.zeros(15), np.arange(1.0, 86.0)], True),
        (np.array([1.0]), False),
        (np.array([1.0, 2.0]), False),
    ],
)
def test_heavy_ties_are_few_distinct_values_or_one_that_is_frequent(values, heavy):
    assert has_heavy_ties(values) is heavy


def test_a_hundred_thousand_atoms_are_resampled_in_bounded_time():
    values = np.repeat(np.arange(100_000.0), 3)
    floor = ks_null(values, 300_000, rng()).band
    expected = ks_law(300_000, 300_000)
    assert floor.method == "resampled"
    assert 1 - floor.mean == pytest.approx(expected.mean, rel=0.1)


def test_standing_says_where_a_score_lies():
    floor = Band(mean=0.85, low=0.77, high=0.92, method="exact")
    assert [floor.standing(x) for x in (0.7, 0.77, 0.85, 0.92, 1.0)] == [
        "below",
        "within",
        "within",
        "within",
        "above",
    ]
