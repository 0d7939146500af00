"""Margins of bins and levels: there and back, heaps, and no number that one patient has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from synthhealth.models._smooth import LevelMargin, SmoothMargin
from synthhealth.schema import Kind
from synthhealth.table.blur import Blur

MIN_CELL = 5


def learned(values) -> SmoothMargin:
    return SmoothMargin.learn("crp", np.asarray(values, float), Kind.CONTINUOUS, MIN_CELL)


#: A laboratory value: written in steps, often at its limit, with a tail.
columns = st.builds(
    lambda n, heap, decimals, scale, seed: np.where(
        np.random.default_rng(seed).random(n) < heap,
        0.0,
        np.random.default_rng(seed + 1).lognormal(0, scale, n).round(decimals),
    ),
    n=st.integers(12, 300),
    heap=st.sampled_from([0.0, 0.1, 0.6]),
    decimals=st.integers(0, 4),
    scale=st.floats(0.1, 2.0),
    seed=st.integers(0, 10_000),
).filter(lambda values: values.min() < values.max())


@given(columns)
@settings(max_examples=60)
def test_chances_and_quantiles_undo_each_other(values):
    margin = learned(values)
    chances = np.linspace(0.001, 0.999, 301)
    numbers = margin.quantiles(chances)
    assert (np.diff(numbers) >= 0).all()
    below, up_to = margin.chances(numbers)
    assert (below <= chances + 1e-6).all()
    assert (up_to >= chances - 1e-6).all()
    # Only a heap is wider than a point.
    is_heap = np.isin(margin.bins.codes(numbers), margin.bins.heaps)
    assert (up_to - below)[~is_heap] == pytest.approx(0)


@given(columns)
@settings(max_examples=60)
def test_it_holds_no_number_that_fewer_than_five_patients_have(values):
    margin = learned(values)
    different, counts = np.unique(values, return_counts=True)
    of_few = set(different[counts < MIN_CELL].tolist())
    assert not of_few & {*margin.bins.low, *margin.bins.high}
    # Each bin is of several patients.
    sizes = np.array(margin.shares) * len(values)
    assert sizes.min() >= MIN_CELL - 1e-6
    heaps = [margin.bins.low[place] for place in margin.bins.heaps]
    assert len(heaps) <= (counts >= MIN_CELL).sum()


@pytest.mark.parametrize("n", [61, 5_000])
def test_it_follows_the_patients(n):
    values = np.random.default_rng(0).gamma(0.7, 10, n)
    margin = learned(values)
    # Of a true law of these patients 5 in 100 are further away: 1.36 / sqrt(n).
    distance = stats.kstest(values, lambda at: margin.chances(at)[0]).statistic
    assert distance < 1.36 / np.sqrt(n)


def test_a_heap_is_drawn_as_often_as_patients_have_it():
    rng = np.random.default_rng(0)
    values = np.where(rng.random(400) < 0.4, 0.0, rng.exponential(9, 400).round(2) + 0.01)
    margin = learned(values)
    drawn = margin.quantiles(rng.random(20_000))
    low, high = margin.chances(np.array([0.0]))
    share = (values == 0).mean()
    assert float((high - low)[0]) == pytest.approx(share)
    assert (drawn < 0.005).mean() == pytest.approx(share, abs=0.02)


def test_the_density_sums_up_to_one():
    margin = learned(np.random.default_rng(1).normal(13, 2, 300))
    at = np.linspace(margin.bins.low[0], margin.bins.high[-1], 200_001)
    density = np.exp(margin.log_density(at))
    assert np.trapezoid(density, at) == pytest.approx(1, abs=1e-3)
    assert np.isnan(margin.log_density(np.array([np.nan])))[0]


def test_blurred_it_keeps_bins_and_moves_shares():
    margin = learned(np.random.default_rng(1).normal(13, 2, 60))
    after = margin.blurred(Blur("standard", 60, b"secret"), "crp")
    assert after.bins == margin.bins
    assert sum(after.shares) == pytest.approx(1)
    assert after.shares != margin.shares
    assert margin.blurred(Blur("none", 60, b""), "crp").shares == margin.shares


@given(counts=st.lists(st.integers(1, 30), min_size=1, max_size=12), seed=st.integers(0, 2**32 - 1))
def test_levels_come_back_from_their_intervals(counts, seed):
    rng = np.random.default_rng(seed)
    levels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    places = rng.permutation(len(counts))
    margin = LevelMargin.learn(levels, places)
    assert (margin.places == places).all()
    low, high = margin.chances(levels)
    assert high - low == pytest.approx((np.array(counts) / sum(counts))[levels])
    within = low + rng.uniform(0.001, 0.999, len(levels)) * (high - low)
    assert (margin.quantiles(within) == levels).all()


def test_a_level_that_is_not_known_lies_nowhere():
    margin = LevelMargin.learn(np.array([0, 1, 1, 1]), np.array([1, 0]))
    low, high = margin.chances(np.array([-1, 0, 1]))
    assert low.tolist() == pytest.approx([np.nan, 0.75, 0.0], nan_ok=True)
    assert high.tolist() == pytest.approx([np.nan, 1.0, 0.75], nan_ok=True)
    assert np.exp(margin.log_density(np.array([0, 1]))) == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize(
    "change",
    [
        {"shares": (0.5, 0.6)},
        {"shares": (0.0, 1.0)},
        {"shares": (float("nan"), 1.0)},
        {"shares": ()},
        {"order": (0, 0)},
        {"order": (0, 1, 2)},
    ],
)
def test_strange_levels_are_refused(change):
    with pytest.raises(ValueError, match=r"levels|shares|finite"):
        LevelMargin(**{"shares": (0.5, 0.5), "order": (0, 1)} | change)


@pytest.mark.parametrize("slants", [(0.0,), (1e6, 0.0), (float("inf"), 0.0)])
def test_strange_slants_are_refused(slants):
    two = learned(np.random.default_rng(0).normal(size=20))
    assert len(two.bins) == 2
    with pytest.raises(ValueError, match=r"slant|finite"):
        SmoothMargin(shares=two.shares, bins=two.bins, slants=slants)
