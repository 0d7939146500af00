from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from synthhealth.schema.types import Range
from synthhealth.table.censoring import Censoring


def censor(latent, below=None, above=None):
    values, marks = latent.copy(), np.zeros(latent.size, dtype=np.int8)
    if below is not None:
        marks[latent < below] = -1
        values = np.maximum(values, below)
    if above is not None:
        marks[latent > above] = 1
        values = np.minimum(values, above)
    return values, marks


@pytest.mark.parametrize(
    "law",
    [stats.lognorm(0.8, scale=1e-6), stats.gamma(2, scale=50), stats.norm(-3, 2)],
    ids=["lognormal of tiny values", "gamma", "normal with negative values"],
)
def test_latent_values_follow_the_law_behind_the_limits(law):
    """Kolmogorov-Smirnov against the law itself; p below 1e-3 would be a false alarm."""
    latent = law.rvs(2_000, random_state=1)
    below, above = law.ppf(0.3), law.ppf(0.9)
    values, marks = censor(latent, below, above)
    _, drawn = Censoring.learn(values, marks, None, np.random.default_rng(0))
    assert (drawn[marks < 0] < below).all()
    assert (drawn[marks > 0] > above).all()
    assert (drawn[marks == 0] == values[marks == 0]).all()
    assert stats.kstest(drawn, law.cdf).pvalue > 1e-3


def test_what_is_reported_is_as_often_censored():
    latent = np.random.default_rng(2).lognormal(size=1_000)
    values, marks = censor(latent, 0.5, 3.0)
    values[5], marks[5] = np.nan, 0
    censoring, drawn = Censoring.learn(values, marks, Range(low=0), np.random.default_rng(0))
    reported, again = censoring.report(np.nan_to_num(drawn, nan=1.0), np.random.default_rng(1))
    assert (again == marks).all()
    assert (reported[again != 0] == values[marks != 0]).all()
    assert np.nanmin(drawn) >= 0


def test_two_assays_share_the_values_between_their_limits():
    rng = np.random.default_rng(3)
    latent = rng.lognormal(size=4_000)
    limit = np.where(rng.random(4_000) < 0.5, 0.5, 1.0)
    marks = np.where(latent < limit, -1, 0).astype(np.int8)
    values = np.maximum(latent, limit)
    censoring, drawn = Censoring.learn(values, marks, None, rng)
    reported, again = censoring.report(drawn, rng)
    for one in (0.5, 1.0):
        share = (values[marks < 0] == one).sum() / 4_000
        # 4 standard errors of either share: a false alarm once in 16,000.
        error = 4 * np.sqrt(2 * share * (1 - share) / 4_000)
        assert abs((reported[again < 0] == one).sum() / 4_000 - share) < error


@pytest.mark.parametrize("known", [[], [2.0, 3.0]])
def test_few_known_values_need_no_distribution(known):
    values = np.array([0.5] * 20 + known)
    marks = np.array([-1] * 20 + [0] * len(known), dtype=np.int8)
    _, drawn = Censoring.learn(values, marks, None, np.random.default_rng(0))
    assert ((drawn[:20] >= 0) & (drawn[:20] <= 0.5)).all()


def test_plain_data():
    values, marks = censor(np.random.default_rng(0).lognormal(size=100), 1.0)
    censoring, _ = Censoring.learn(values, marks, None, np.random.default_rng(0))
    assert Censoring.model_validate_json(censoring.model_dump_json()) == censoring
