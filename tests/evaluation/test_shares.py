"""Shares of rows and their differences: known values, false alarms, and what stays hidden."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from synthhealth.evaluation.shares import compare_shares, is_small, newcombe, wilson


@pytest.mark.parametrize(("count", "n"), [(0, 61), (1, 61), (30, 61), (61, 61), (812, 5_000)])
def test_wilson_is_that_of_statsmodels(count, n):
    assert wilson(count, n) == pytest.approx(proportion_confint(count, n, method="wilson"))


@pytest.mark.parametrize("second", [(56, 70), (0, 70), (70, 70), (3, 1_000)])
def test_newcombe_is_that_of_statsmodels(second):
    first = (48, 80)
    expected = confint_proportions_2indep(*second, *first, method="newcomb", compare="diff")
    assert newcombe(first, second) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5])
@pytest.mark.parametrize(("n", "m"), [(61, 61), (61, 1_000), (500, 500)])
def test_two_samples_of_one_population_differ_in_about_one_of_twenty_cases(share, n, m):
    """The false-alarm rate is summed over all outcomes, not drawn: no case depends on luck."""
    counts = np.arange(n + 1), np.arange(m + 1)
    chances = [stats.binom.pmf(k, size, share) for k, size in zip(counts, (n, m), strict=True)]
    likely = [np.flatnonzero(chance > 1e-6) for chance in chances]
    alarm = 0.0
    for first in likely[0]:
        for second in likely[1]:
            low, high = newcombe((int(first), n), (int(second), m))
            if not low <= 0 <= high:
                alarm += chances[0][first] * chances[1][second]
    assert alarm <= 0.075
    if share >= 0.1:
        assert alarm >= 0.025


def test_a_share_says_how_it_stands_to_the_real_one():
    assert compare_shares((20, 100), (200, 1_000)).standing == "within"
    assert compare_shares((20, 100), (500, 1_000)).standing == "above"
    assert compare_shares((50, 100), (200, 1_000)).standing == "below"
    assert compare_shares((0, 0), (3, 10)).standing is None


@pytest.mark.parametrize("count", [1, 4, 57, 60])
def test_small_real_groups_are_hidden_with_all_that_gives_them_away(count):
    compared = compare_shares((count, 61), (100, 1_000))
    assert compared.real.count is None
    assert compared.real.share is compared.real.low is compared.real.high is None
    assert compared.difference is compared.low is compared.high is None
    assert compared.synthetic.count == 100
    assert compared.standing is not None


@pytest.mark.parametrize("count", [0, 5, 30, 56, 61])
def test_other_groups_are_told(count):
    assert not is_small((count, 61))
    assert compare_shares((count, 61), (3, 1_000)).real.count == count


def test_a_group_without_rows_has_no_share():
    share = compare_shares((0, 0), (0, 10)).real
    assert (share.n, share.count, share.share) == (0, 0, None)
