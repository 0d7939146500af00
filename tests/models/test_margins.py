"""The margins of the copulas: taken apart, rebuilt, and without the extremes of patients."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from synthhealth.errors import ArtifactError
from synthhealth.models._margins import MARGINS, Margin, _classes

SAMPLES = {
    "beta": lambda rng: rng.beta(0.4, 0.6, 300) * 37 + 3,  # with poles at both ends
    "gamma": lambda rng: rng.gamma(0.6, 20, 300),
    "norm": lambda rng: rng.normal(100, 15, 300),
    "truncnorm": lambda rng: np.abs(rng.normal(0, 15, 300)),
    "uniform": lambda rng: rng.uniform(-20, 45, 300),
}


def fitted(family, values):
    univariate = _classes()[family]()
    univariate.fit(values)
    return univariate


def test_every_margin_has_a_sample_here():
    assert set(SAMPLES) == set(MARGINS)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("family", MARGINS)
def test_no_end_tells_an_extreme(family, scale):
    values = SAMPLES[family](np.random.default_rng(3)).round(1) * scale
    margin = Margin.learned(fitted(family, values), values)
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
    univariate = fitted(family, values)
    rebuilt = Margin.learned(univariate, values).rebuilt()
    before = stats.kstest(values, univariate.cdf).statistic
    after = stats.kstest(values, rebuilt.cdf).statistic
    # A margin that cannot be told from the values at the 5 % level stays one: 1.36 / sqrt(300).
    assert after <= max(before + 0.02, 0.0785)


def test_an_extreme_on_the_grid_moves_one_step():
    values = np.linspace(0.0, 10.0, 50)
    margin = Margin.learned(fitted("uniform", values), values)
    assert margin.parameters["loc"] == pytest.approx(-0.524, abs=0.001)
    assert margin.parameters["loc"] + margin.parameters["scale"] == pytest.approx(10.488, abs=0.001)


@pytest.mark.parametrize("family", MARGINS)
def test_rebuilt_as_it_was(family):
    values = SAMPLES[family](np.random.default_rng(5))
    margin = Margin.learned(fitted(family, values), values)
    again = Margin.model_validate_json(margin.model_dump_json())
    chances = np.linspace(0.001, 0.999, 50)
    drawn = margin.rebuilt().percent_point(chances)
    np.testing.assert_array_equal(again.rebuilt().percent_point(chances), drawn)


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
    with pytest.raises(ArtifactError, match="norm"):
        Margin(family="norm", parameters=parameters).rebuilt()
