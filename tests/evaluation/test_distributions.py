"""Fits against scipy's own, and the bootstrap p value against samples of known law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from synthhealth.evaluation.distributions import FAMILIES, best_fits, goodness_p, resolution

FAMILY = {family.name: family for family in FAMILIES}
TRUTH = {
    "norm": (5.0, 2.0),
    "logistic": (5.0, 2.0),
    "t": (3.0, 5.0, 2.0),
    "gumbel_r": (5.0, 2.0),
    "uniform": (2.0, 5.0),
    "lognorm": (0.7, 0.0, 3.0),
    "gamma": (2.2, 0.0, 3.0),
    "weibull_min": (1.7, 0.0, 4.0),
    "expon": (0.0, 3.0),
    "beta": (2.0, 5.0),
    "poisson": (3.3,),
    "nbinom": (2.0, 0.3),
}
FIXED = {"beta": {"floc": 0, "fscale": 1}} | {
    name: {"floc": 0} for name in ("lognorm", "gamma", "weibull_min", "expon")
}
COUNTS = ("poisson", "nbinom")


def draw(name: str, n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return getattr(stats, name).rvs(*TRUTH[name], size=n, random_state=rng).astype(float)


@pytest.mark.parametrize("n", [61, 2_000])
@pytest.mark.parametrize("name", [name for name in TRUTH if name not in (*COUNTS, "t")])
def test_fit_is_as_likely_as_scipys(name, n):
    values, law = draw(name, n), getattr(stats, name)
    ours = float(FAMILY[name].log_likelihood(values, FAMILY[name].fit(values), 0.0))
    theirs = law.logpdf(values, *law.fit(values, **FIXED.get(name, {}))).sum()
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_t_is_fitted_at_the_likeliest_of_a_few_degrees_of_freedom():
    values = draw("t", 2_000)
    df, centre, scale = FAMILY["t"].fit(values)
    assert df == 3
    best = optimize.minimize(
        lambda x: -stats.t.logpdf(values, 3, x[0], np.exp(x[1])).sum(), x0=[5, 0.5]
    )
    assert centre == pytest.approx(best.x[0], abs=1e-3)
    assert scale == pytest.approx(np.exp(best.x[1]), abs=1e-3)


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_fitted_at_the_top_of_the_likelihood(name):
    values, family = draw(name, 2_000), FAMILY[name]
    parameters = [float(np.ravel(p)[0]) for p in family.fit(values)]
    assert parameters == pytest.approx(TRUTH[name], rel=0.15)
    top = family.log_likelihood(values, tuple(parameters), 1.0)
    for factor in (0.97, 1.03):
        aside = (parameters[0] * factor, *parameters[1:])
        assert family.log_likelihood(values, aside, 1.0) < top


def test_samples_are_fitted_in_one_go_as_one_by_one():
    samples = np.stack([draw("gamma", 80, seed) for seed in range(4)])
    for name in ("gamma", "lognorm", "weibull_min", "norm", "logistic", "t", "gumbel_r"):
        family = FAMILY[name]
        together = family.distance(samples, family.fit(samples), 0.0)
        alone = [family.distance(sample, family.fit(sample), 0.0) for sample in samples]
        assert together == pytest.approx(alone, abs=1e-9)


def test_distance_of_continuous_values_is_scipys():
    values = draw("norm", 61)
    parameters = FAMILY["norm"].fit(values)
    plain = [float(np.ravel(p)[0]) for p in parameters]
    expected = stats.ks_1samp(values, stats.norm(*plain).cdf).statistic
    assert FAMILY["norm"].distance(values, parameters, 0.0) == pytest.approx(expected, abs=1e-12)


def test_rounding_makes_no_distance():
    values = draw("norm", 2_000).round()
    family, parameters = FAMILY["norm"], FAMILY["norm"].fit(values)
    assert family.distance(values, parameters, 1.0) < 0.03
    assert family.distance(values, parameters, 0.0) > 0.05


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([1.0, 2.5, 3.25], 0.0),
        ([1.0, 1.0, 2.5], 0.1),
        ([1.25, 1.25, 2.5], 0.01),
        ([3.0, 3.0, 4.0], 1.0),
        ([250.0, 250.0, 310.0], 10.0),
        ([1 / 3, 1 / 3, 2 / 3], 0.0),
    ],
)
def test_the_step_of_recorded_values_is_found(values, step):
    assert resolution(np.array(values)) == pytest.approx(step)


@pytest.mark.parametrize("name", [name for name in TRUTH if name not in ("beta", "uniform", "t")])
def test_the_right_family_is_at_the_top_or_indistinguishable(name):
    """With 2,000 values no wrong family may beat the right one by more than chance does."""
    values = draw(name, 2_000)
    step = 1.0 if name in COUNTS else 0.0
    supports = {"real", "count"} if name in COUNTS else {"real"}
    if values.min() > 0:
        supports.add("positive")
    fits = best_fits(values, [f for f in FAMILIES if f.support in supports], step)
    aic = {fit.family.name: fit.aic for fit in fits}
    assert aic[name] <= min(aic.values()) + 4


@pytest.mark.parametrize("name", ["norm", "lognorm", "weibull_min", "poisson"])
def test_p_is_uniform_where_the_family_is_right(name):
    """60 samples of 61: p <= 0.1 in 6 by design, in more than 14 once in 1,000 runs."""
    rng = np.random.default_rng(0)
    step = 1.0 if name in COUNTS else 0.0
    p_values = []
    for seed in range(60):
        values = draw(name, 61, seed)
        fit = best_fits(values, [FAMILY[name]], step)[0]
        p_values.append(goodness_p(fit, 61, step, rng))
    assert sum(p <= 0.1 for p in p_values) <= 14
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.13)


def test_p_is_small_where_no_family_fits():
    rng = np.random.default_rng(0)
    values = np.concatenate([draw("norm", 300), draw("norm", 300) + 20])
    fit = best_fits(values, [f for f in FAMILIES if f.support == "real"], 0.0)[0]
    assert goodness_p(fit, values.size, 0.0, rng) == 0.01


def test_a_family_that_cannot_describe_the_values_is_left_out():
    fits = best_fits(np.array([-1.0, 0.0, 2.0, 5.0, 7.0]), list(FAMILIES), 0.0)
    assert {fit.family.name for fit in fits} <= {"norm", "logistic", "t", "gumbel_r", "uniform"}
