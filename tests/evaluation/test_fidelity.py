"""The metrics of one column against scipy and sdmetrics, and where these differ from ours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sdmetrics.single_column import CSTest, KSComplement, TVComplement

from synthhealth.evaluation.distances import (
    false_discovery,
    kolmogorov_smirnov,
    levels_test,
    tv_complement,
    wasserstein,
)

EXACT = 1e-12

# A hundred-thousandth apart or equal: sdmetrics rounds to 14 decimals before it compares.
samples = arrays(
    np.float64,
    st.integers(1, 40),
    elements=st.integers(-10_000, 10_000).map(lambda whole: whole / 100_000),
)
counts = arrays(np.int64, 5, elements=st.integers(1, 60))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.filterwarnings("ignore:ks_2samp. Exact calculation")
@given(samples, samples)
@settings(max_examples=60)
def test_ks_agrees_with_sdmetrics_and_scipy(real, synthetic):
    ours = kolmogorov_smirnov(real, synthetic)
    method = "exact" if ours.method == "exact" else "asymp"
    theirs = stats.ks_2samp(real, synthetic, method=method)
    if ours.p_value == 1.0 and method == "exact":
        # Where scipy's exact law overflows or is rounded above 1, it falls back on the limit law.
        assert theirs.pvalue == pytest.approx(1.0, abs=1e-4)
    else:
        assert ours.p_value == pytest.approx(theirs.pvalue, abs=EXACT)
    assert ours.complement == pytest.approx(KSComplement.compute(real, synthetic), abs=EXACT)
    assert ours.statistic == pytest.approx(theirs.statistic, abs=EXACT)


@given(samples, samples)
@settings(max_examples=60)
def test_wasserstein_agrees_with_scipy(real, synthetic):
    expected = stats.wasserstein_distance(real, synthetic)
    assert wasserstein(real, synthetic) == pytest.approx(expected, abs=EXACT)


def test_wasserstein_is_in_the_unit_of_the_values():
    values = rng().normal(size=200)
    assert wasserstein(values, values + 3.5) == pytest.approx(3.5, abs=EXACT)


@given(counts, counts)
@settings(max_examples=60)
def test_tv_agrees_with_sdmetrics_where_both_tables_have_all_levels(real, synthetic):
    as_values = [np.repeat(list("abcde"), column) for column in (real, synthetic)]
    expected = TVComplement.compute(*map(pd.Series, as_values))
    assert tv_complement(real, synthetic) == pytest.approx(expected, abs=EXACT)


def test_tv_differs_from_sdmetrics_by_its_regularisation_where_a_level_is_new():
    """sdmetrics adds a millionth of a row for each level that the real table lacks."""
    real, synthetic = np.array([6, 4, 0]), np.array([5, 4, 1])
    theirs = TVComplement.compute(pd.Series(list("aaaaaabbbb")), pd.Series(list("aaaaabbbbc")))
    assert tv_complement(real, synthetic) == pytest.approx(0.9, abs=EXACT)
    assert theirs != pytest.approx(0.9, abs=EXACT)
    assert theirs == pytest.approx(0.9, abs=1e-6)


def test_chi_squared_on_raw_counts_agrees_with_scipy():
    real, synthetic = np.array([120, 60, 20]), np.array([300, 220, 80])
    test = levels_test(real, synthetic, rng())
    expected = stats.chi2_contingency(np.vstack([real, synthetic]), correction=False).pvalue
    assert test.method == "chi-squared"
    assert test.p_value == pytest.approx(expected, abs=EXACT)


def test_cstest_of_sdmetrics_normalises_the_counts_and_cannot_see_how_many_there_were():
    """A difference that 100,000 rows leave no doubt about has p = 1 there, and p = 0 here."""
    few, many = np.array([60, 40]), np.array([60_000, 40_000])
    other = np.array([50_000, 50_000])
    theirs = CSTest.compute(np.repeat(["a", "b"], many), np.repeat(["a", "b"], other))
    assert theirs > 0.8
    assert levels_test(many, other, rng()).p_value < 1e-100
    assert levels_test(few, np.array([50, 50]), rng()).p_value > 0.1


def test_rare_levels_are_tested_by_permutation():
    """Of two levels all exchanges can be counted: they are hypergeometric."""
    test = levels_test(np.array([10, 1]), np.array([8, 3]), rng())
    law, rare = stats.hypergeom(22, 4, 11), np.arange(5)
    as_extreme = np.abs(rare - law.mean()) >= abs(1 - law.mean()) - 1e-9
    assert test.method == "permutation"
    assert test.p_value == pytest.approx(law.pmf(rare)[as_extreme].sum(), abs=0.015)


def test_permutation_p_is_never_zero_and_keeps_its_level():
    """Of 300 pairs of one law, p <= 0.05 in at most 27 (by chance in fewer than 1 in 500 runs)."""
    generator = rng()
    shares = [0.7, 0.2, 0.06, 0.04]
    p_values = []
    for _ in range(300):
        real, synthetic = generator.multinomial(40, shares), generator.multinomial(50, shares)
        seen = (real + synthetic) > 0
        p_values.append(levels_test(real[seen], synthetic[seen], generator).p_value)
    assert min(p_values) > 0
    assert sum(p <= 0.05 for p in p_values) <= 27


def test_one_level_is_no_difference():
    assert levels_test(np.array([3]), np.array([900]), rng()).p_value == 1.0


def test_ten_thousand_levels_are_tested_in_bounded_time():
    real = np.ones(10_000, dtype=np.int64)
    assert levels_test(real, real, rng()).p_value > 0.5


@pytest.mark.parametrize(
    ("n", "m", "decimals", "method"),
    [
        (61, 1_000, 9, "exact"),
        (1_000, 1_000, 9, "exact"),
        (1_001, 1_000, 9, "asymptotic"),
        (61, 1_000, 1, "asymptotic"),
    ],
)
def test_p_is_exact_only_for_small_samples_without_ties(n, m, decimals, method):
    generator = rng()
    real, synthetic = (generator.normal(size=size).round(decimals) for size in (n, m))
    assert kolmogorov_smirnov(real, synthetic).method == method


@pytest.mark.filterwarnings("error")
def test_an_exact_p_of_one_is_not_spoilt_by_rounding():
    real, synthetic = np.arange(5.0), np.arange(5.0) + 0.5
    assert kolmogorov_smirnov(real, synthetic).p_value == pytest.approx(1.0, abs=EXACT)
    many = np.arange(0, 220, 2.0), np.arange(1, 221, 2.0)
    assert kolmogorov_smirnov(*many).p_value == pytest.approx(1.0, abs=EXACT)
    two_apart = np.sort(np.concatenate([real, real + 10])) + 1.25
    expected = stats.ks_2samp(np.concatenate([real, real + 10]), two_apart, method="exact").pvalue
    found = kolmogorov_smirnov(np.concatenate([real, real + 10]), two_apart)
    assert found.p_value == pytest.approx(expected, abs=EXACT)
    assert found.p_value < 1.0


def test_q_values_agree_with_statsmodels():
    from statsmodels.stats.multitest import multipletests

    p_values = list(rng().random(17) ** 2)
    expected = multipletests(p_values, method="fdr_bh")[1]
    assert false_discovery(p_values) == pytest.approx(list(expected), abs=EXACT)
    assert false_discovery([]) == []
