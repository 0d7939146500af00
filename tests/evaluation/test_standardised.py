"""Standardised differences: formulas, invariances, and what chance alone gives."""

from __future__ import annotations

import numpy as np
import pytest

from synthhealth.evaluation.shares import (
    chance_difference,
    difference_of_means,
    difference_of_shares,
)


def test_two_levels_are_the_plain_formula():
    p, q = 0.2, 0.35
    expected = abs(p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert difference_of_shares([p, 1 - p], [q, 1 - q]) == pytest.approx(expected)


def test_the_order_of_levels_does_not_matter_and_equal_shares_do_not_differ():
    first, second = [0.5, 0.3, 0.2, 0.0], [0.4, 0.35, 0.2, 0.05]
    there = difference_of_shares(first, second)
    assert there == pytest.approx(difference_of_shares(first[::-1], second[::-1]))
    assert difference_of_shares(first, first) == pytest.approx(0.0)
    # Yang and Dalton leave out one level; which, does not matter.
    t, c = np.array(first), np.array(second)
    s = (np.diag(t) - np.outer(t, t) + np.diag(c) - np.outer(c, c)) / 2
    left_out = np.sqrt((t - c)[1:] @ np.linalg.inv(s[1:, 1:]) @ (t - c)[1:])
    assert there == pytest.approx(left_out)


def test_groups_that_do_not_vary_have_no_difference():
    assert difference_of_means((1.0, 2.0), (0.0, 0.0)) is None
    assert difference_of_shares([1.0], [1.0]) is None
    assert difference_of_shares([1.0, 0.0], [0.0, 1.0]) is None


@pytest.mark.parametrize("levels", [2, 5])
def test_chance_stays_below_in_95_of_100_cases(levels):
    """2,000 pairs of samples: 1,900 +/- 20 (two SDs of 10); outside 1,850 to 1,950 by 5 SDs."""
    rng = np.random.default_rng(levels)
    shares = np.full(levels, 1 / levels)
    limit = chance_difference(300, 500, levels - 1)
    below = 0
    for _ in range(2_000):
        first, second = (rng.multinomial(n, shares) / n for n in (300, 500))
        below += difference_of_shares(first, second) < limit
    assert 1_850 <= below <= 1_950


def test_chance_of_means():
    """2,000 pairs of samples, as above."""
    rng = np.random.default_rng(0)
    limit = chance_difference(61, 200)
    below = 0
    for _ in range(2_000):
        first, second = rng.normal(size=61), rng.normal(size=200)
        gap = difference_of_means(
            (first.mean(), second.mean()), (first.std(ddof=1), second.std(ddof=1))
        )
        below += abs(gap) < limit
    assert 1_850 <= below <= 1_950
