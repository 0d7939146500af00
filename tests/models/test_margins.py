"""The parametric margins of the copulas: fitted, saved, and without the extremes of patients."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from synthhealth.models._margins import MARGINS, Margin, against_normal, closest_margin

SAMPLES = {
    "beta": lambda rng: rng.beta(0.4, 0.6, 300) * 37 + 3,  # with poles at both ends
    "gamma": lambda rng: rng.gamma(0.6, 20, 300),
    "norm": lambda rng: rng.normal(100, 15, 300),
    "truncnorm": lambda rng: np.abs(rng.normal(0, 15, 300)),
    "uniform": lambda rng: rng.uniform(-20, 45, 300),
}


def test_every_margin_has_a_sample_here():
    assert set(SAMPLES) == set(MARGINS)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("family", MARGINS)
def test_no_end_tells_an_extreme(family, scale):
    values = SAMPLES[family](np.random.default_rng(3)).round(1) * scale
    margin = Margin.fitted(family, values)
    low, high = getattr(stats, family).support(**margin.parameters)
    assert low < values.min()
    assert high > values.max()
    span = values.max() - values.min()
    # Not the extreme to one more digit either: it is known to some per cent of the range only.
    for end, extreme in ((low, values.min()), (high, values.max())):
        assert not np.isclose(end, extreme, rtol=0, atol=1e-4 * span)
    numbers = [*margin.parameters.values(), low, high]
    assert not set(numbers) & set(values.tolist())


@pytest.mark.parametrize("family", MARGINS)
def test_the_fit_stays_as_close(family):
    values = SAMPLES[family](np.random.default_rng(4))
    margin = Margin.fitted(family, values)
    law = getattr(stats, family)
    before = stats.kstest(values, law(*law.fit(values)).cdf).statistic
    after = stats.kstest(values, lambda at: margin.chances(at)[0]).statistic
    # A margin that cannot be told from the values at the 5 % level stays one: 1.36 / sqrt(300).
    assert after <= max(before + 0.02, 0.0785)


def test_an_extreme_on_the_grid_moves_one_step():
    values = np.linspace(0.0, 10.0, 50)
    margin = Margin.fitted("uniform", values)
    assert margin.parameters["loc"] == pytest.approx(-0.524, abs=0.001)
    assert margin.parameters["loc"] + margin.parameters["scale"] == pytest.approx(10.488, abs=0.001)


@pytest.mark.parametrize("family", MARGINS)
def test_saved_and_loaded_it_is_as_it_was(family):
    values = SAMPLES[family](np.random.default_rng(5))
    margin = Margin.fitted(family, values)
    again = Margin.model_validate_json(margin.model_dump_json())
    chances = np.linspace(0.001, 0.999, 50)
    np.testing.assert_array_equal(again.quantiles(chances), margin.quantiles(chances))


@pytest.mark.parametrize("family", MARGINS)
def test_chances_undo_quantiles(family):
    margin = Margin.fitted(family, SAMPLES[family](np.random.default_rng(6)))
    chances = np.linspace(0.01, 0.99, 99)
    below, up_to = margin.chances(margin.quantiles(chances))
    assert below == pytest.approx(chances, abs=1e-6)
    assert (below == up_to).all()


def test_patients_refute_a_normal_margin_in_five_of_100_normal_samples():
    """Of 1,000 samples 50, and 35 to 65 in 97 of 100 such tests; the limit law is for large n."""
    rng = np.random.default_rng(0)
    refuted = sum(against_normal(rng.normal(13, 2, 200)) > 1 for _ in range(1_000))
    assert 30 <= refuted <= 70
    assert against_normal(rng.gamma(1.0, 5.0, 61)) > 1


@pytest.mark.parametrize("seed", range(3))
def test_a_skewed_column_lies_closest_to_a_skewed_margin(seed):
    assert closest_margin(np.random.default_rng(seed).gamma(1.0, 5.0, 300)) in ("beta", "gamma")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"loc": 0.0},
        {"loc": 0.0, "scale": 0.0},
        {"loc": 0.0, "scale": -1.0},
        {"loc": 0.0, "scale": 1.0, "a": 1.0},
    ],
)
def test_parameters_of_another_family(parameters):
    with pytest.raises(ValueError, match="norm"):
        Margin(family="norm", parameters=parameters)
