"""What a fit keeps is blurred: as much as it says, by a secret, and the less, the more patients."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy import stats

import synthhealth as sh
from synthhealth.models._margins import MARGINS, Margin
from synthhealth.models.deep import NetworkColumn
from synthhealth.table.blur import FEW, STRENGTHS, Blur

LAWS = {
    "beta": {"a": 2.0, "b": 3.0, "loc": 5.0, "scale": 40.0},
    "gamma": {"a": 1.5, "loc": 1.0, "scale": 8.0},
    "norm": {"loc": 100.0, "scale": 15.0},
    "truncnorm": {"a": -1.0, "b": 2.0, "loc": 10.0, "scale": 4.0},
    "uniform": {"loc": -20.0, "scale": 65.0},
}


def blur(n=49, level="standard", secret="all patients"):
    return Blur(level, n, hashlib.sha256(secret.encode()).digest())


def correlated(n, truth, seed):
    rng = np.random.default_rng(seed)
    return np.corrcoef(rng.multivariate_normal(np.zeros(len(truth)), truth, size=n).T)


def equally(size, correlation):
    return np.full((size, size), correlation) + (1 - correlation) * np.eye(size)


def off(matrix):
    return matrix[np.triu_indices(len(matrix), 1)]


def test_with_none_everything_stays():
    shares, found = np.array([0.1, 0.9]), correlated(30, equally(5, 0.3), 0)
    sharp = blur(30, "none")
    assert sharp.moments("hb", 13.123456, 1.2345) == (13.123456, 1.2345)
    assert sharp.shares("sex", shares) is shares
    kept, error = sharp.correlations(found)
    assert kept is found
    assert error == pytest.approx(1 / np.sqrt(30))
    margin = Margin(family="gamma", parameters=LAWS["gamma"])
    assert margin.blurred(sharp, "hb") is margin


def test_the_secret_and_the_name_decide_and_nothing_else():
    one = blur().moments("hb", 13.0, 1.5)
    assert blur().moments("hb", 13.0, 1.5) == one
    assert blur().moments("wbc", 13.0, 1.5) != one
    assert blur(secret="all but one patient").moments("hb", 13.0, 1.5) != one
    kept = [blur().correlations(equally(4, 0.6))[0] for _ in range(2)]
    assert (kept[0] == kept[1]).all()
    assert (kept[0] != equally(4, 0.6)).sum() == 12


@pytest.mark.parametrize("level", ["standard", "high"])
@pytest.mark.parametrize("n", [30, 240])
def test_the_noise_is_as_large_as_it_says(level, n):
    """Standard deviations of 2,000 draws lie within 8 %: five of their standard errors."""
    weight = min(1, FEW / n) ** 0.5
    drawn = np.array([blur(n, level, f"{k}").moments("x", 0.0, 1.0) for k in range(2_000)])
    error = 1 / np.sqrt(n)
    said = STRENGTHS[level]
    middle = drawn[:, 0].std() / error
    spread = np.log(drawn[:, 1]).std() / (error / np.sqrt(2))
    assert middle == pytest.approx(weight * said.middle, rel=0.08)
    assert spread == pytest.approx(weight * said.spread, rel=0.08)
    shares = np.array([blur(n, level, f"{k}").shares("x", np.full(2, 0.5)) for k in range(2_000)])
    # Two levels share the noise of one.
    expected = weight * said.share * 0.5 / np.sqrt(n) / np.sqrt(2)
    assert shares[:, 0].std() == pytest.approx(expected, rel=0.08)
    noisy = [blur(n, level, f"{k}").correlations(equally(2, 0.3)) for k in range(2_000)]
    scores = np.arctanh([kept[0, 1] for kept, _ in noisy])
    assert scores.mean() == pytest.approx(np.arctanh(0.3), abs=5 * scores.std() / np.sqrt(2_000))
    assert scores.std() == pytest.approx(weight * said.dependence * error, rel=0.08)
    assert noisy[0][1] == pytest.approx(error * np.sqrt(1 + (weight * said.dependence) ** 2))


def test_a_margin_with_a_long_tail_stays_where_it_is():
    # As copulas fits enzymes: a beta law of whose width the patients take a millionth.
    tail = {"a": 7.7, "b": 3.9e6, "loc": 1.2, "scale": 1.1e6}
    before = stats.beta(**tail)
    blurred = Margin(family="beta", parameters=tail).blurred(blur(492), "ggt")
    after = stats.beta(**blurred.parameters)
    shares = np.linspace(0.05, 0.95, 19)
    apart = np.abs(after.ppf(shares) - before.ppf(shares))
    assert 0 < apart.max() < 0.2 * before.std()


def test_shares_stay_shares():
    """Also of a level that one patient of thirty has, in 300 draws."""
    before = np.array([1, 4, 25]) / 30
    for number in range(300):
        after = blur(30, "high", f"{number}").shares("stage", before)
        assert after.sum() == pytest.approx(1)
        assert (after > 0).all()


def test_nobody_misses_it_in_a_large_table():
    """With 10,000 patients what is kept is off by less than a fifth of a standard error."""
    n = 10_000
    error = 1 / np.sqrt(n)
    truth = equally(12, 0.2)
    truth[0, 1] = truth[1, 0] = 0.7
    found = correlated(n, truth, 0)
    moved = off(blur(n, "standard").correlations(found)[0] - found)
    assert np.sqrt((moved**2).mean()) < error / 5
    middles = [blur(n, secret=str(k)).moments("x", 0.0, 1.0)[0] for k in range(200)]
    assert np.std(middles) < error / 5


@pytest.mark.parametrize("level", ["standard", "high"])
def test_each_correlation_stays_one(level):
    """Also of columns that depend on each other wholly, or that are the same for all."""
    found = equally(5, 1.0)
    found[4, :4] = found[:4, 4] = np.nan
    for number in range(30):
        kept, _ = blur(12, level, str(number)).correlations(found)
        assert (kept == kept.T).all()
        assert (np.diag(kept) == 1).all()
        assert np.abs(off(kept)).max() < 1


@pytest.mark.parametrize("family", MARGINS)
def test_a_margin_gets_blurred_moments_and_keeps_its_form(family):
    law, before = getattr(stats, family), LAWS[family]
    for number in range(20):
        one = blur(49, "high", str(number))
        after = Margin(family=family, parameters=before).blurred(one, "crp").parameters
        wanted = one.moments("crp", float(law.mean(**before)), float(law.std(**before)))
        assert float(law.mean(**after)) == pytest.approx(wanted[0])
        assert float(law.std(**after)) == pytest.approx(wanted[1])
        if family in ("beta", "gamma"):
            assert law.support(**after) == pytest.approx(law.support(**before))


def test_a_margin_that_lies_at_an_end_stays_one():
    """Noise may carry a mean beyond the ends, or a deviation beyond what lies between them."""
    for parameters in (
        {"a": 0.01, "b": 0.9, "loc": 0.0, "scale": 1.0},
        {"a": 0.01, "b": 0.01, "loc": 0.0, "scale": 1.0},
    ):
        for number in range(50):
            one = blur(5, "high", str(number))
            after = Margin(family="beta", parameters=parameters).blurred(one, "x").parameters
            assert min(after["a"], after["b"]) > 0
    for number in range(50):
        margin = Margin(family="gamma", parameters={"a": 0.01, "loc": 0.0, "scale": 1.0})
        assert margin.blurred(blur(5, "high", str(number)), "x").parameters["a"] > 0


def test_the_modes_of_a_network_move_together():
    column = NetworkColumn(name="crp", centres=(1.0, 4.0, 11.0), widths=(2.0, 2.0, 8.0))
    moved = column.blurred(blur())
    stretch = moved.widths[0] / column.widths[0]
    assert stretch != 1
    assert np.divide(moved.widths, column.widths) == pytest.approx([stretch] * 3)
    assert np.diff(moved.centres) == pytest.approx(stretch * np.diff(column.centres))
    levels = NetworkColumn(name="sex", levels=(0, 1))
    assert levels.blurred(blur()) is levels


def test_a_fit_keeps_what_is_blurred_and_no_secret():
    real = sh.datasets.load_ra_panel()[["age", "crp", "haemoglobin", "sex"]]
    fits = [
        sh.Synthesizer("gaussian_copula", random_state=seed).fit(real)._fitted for seed in (0, 1)
    ]
    states = [fit.model.state() for fit in fits]
    # Another seed gives the same noise, so that many fits do not average it out.
    assert states[0]["margins"] == states[1]["margins"]
    assert (states[0]["correlation"] == states[1]["correlation"]).all()
    assert not [one for one in vars(fits[0].model).values() if isinstance(one, Blur) and one.secret]
    (age,) = [
        m["parameters"]
        for m, c in zip(states[0]["margins"], states[0]["columns"], strict=True)
        if c == "age"
    ]
    assert age["loc"] != pytest.approx(real["age"].mean(), abs=1e-6)
