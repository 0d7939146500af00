"""The Boltzmann machine: what its energy adds to a network, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from synthhealth.errors import ArtifactError
from synthhealth.models import get
from synthhealth.models._energy import Scores, learn_energy
from synthhealth.models.base import Training
from synthhealth.models.boltzmann import BoltzmannModel
from synthhealth.schema import Column, Kind, Schema

KINDS = {"a": Kind.CONTINUOUS, "b": Kind.CONTINUOUS, "c": Kind.CONTINUOUS, "g": Kind.NOMINAL}


def fitted(family: str, table: pd.DataFrame, **params: object) -> BoltzmannModel:
    schema = Schema(columns=[Column(name=name, kind=KINDS[name]) for name in table])
    model = get(family)(**params)
    model.fit(table, schema, seed=0, training=Training(lambda event: None))
    return model


def patients(n: int, seed: int = 0, *, related: bool = True) -> pd.DataFrame:
    """Each column has to do with each other, which a network of one parent cannot say."""
    rng = np.random.default_rng(seed)
    cause = rng.normal(size=n) if related else np.zeros(n)
    own = rng.normal(size=(n, 4))
    table = pd.DataFrame(cause[:, None] + own, columns=list("abcg"))
    return table.round(2).assign(g=(table["g"] > 0).astype(int) + (table["g"] > 1.5))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return patients(600)


@pytest.fixture(scope="module")
def model(table: pd.DataFrame) -> BoltzmannModel:
    return fitted("boltzmann", table, parents=1, hidden=2)


def error(drawn: pd.DataFrame, others: pd.DataFrame) -> float:
    """The mean difference of the rank correlations."""
    gaps = (drawn.corr("spearman") - others.corr("spearman")).abs().to_numpy()
    return float(gaps[np.triu_indices(len(gaps), 1)].mean())


def test_the_energy_adds_what_the_network_lacks(model, table):
    """Of 5,000 rows a correlation has a standard error of 0.014; of 600, of 0.04."""
    others = patients(20_000, seed=1)
    network = fitted("bayesian_network", table, parents=1)
    found = [error(one.sample(5_000, seed=1), others) for one in (model, network)]
    assert found[0] < 0.05 < found[1]
    told = model.explain()
    assert told.is_kept
    assert told.gain > 2 * told.error > 0
    assert told.n_hidden == 2
    assert 0.2 <= told.effective < 1


def test_columns_keep_their_distributions(model, table):
    """The limit is that of 600 patients; a perfect sample is beyond it once in a thousand."""
    drawn = model.sample(5_000, seed=2)
    for name in "abc":
        assert stats.ks_2samp(drawn[name], table[name]).statistic < 1.95 * np.sqrt(
            1 / 600 + 1 / 5e3
        )
    shares = [one["g"].value_counts(normalize=True).sort_index() for one in (drawn, table)]
    assert np.allclose(*shares, atol=0.06)


def test_columns_that_know_nothing_of_each_other_get_no_energy():
    """None of six; a gain of two standard errors comes by chance in one of 40, at each choice."""
    kept = [
        fitted("boltzmann", patients(300, seed, related=False)).explain().is_kept
        for seed in range(6)
    ]
    assert sum(kept) <= 1


def test_conditions_agree_with_rows_that_were_drawn_and_kept(model):
    """Of 4,000 rows each; a perfect sample is further away once in a thousand."""
    drawn = model.sample(40_000, seed=3)
    wanted = drawn[drawn["g"] == 2].head(4_000)
    known = pd.DataFrame({"g": np.full(4_000, 2)})
    given = model.sample_given(known, seed=4)
    assert (given["g"] == 2).all()
    for name in "abc":
        assert stats.ks_2samp(wanted[name], given[name]).pvalue > 1e-3
    assert error(given.drop(columns="g"), wanted.drop(columns="g")) < 0.06


def test_densities_rise_with_the_energy(model):
    """The energy is worth its gain on new patients: five of its standard errors or more."""
    new = patients(2_000, seed=5)
    with_energy = model.log_density(new).dependence
    energy, model._energy = model._energy, None
    without = model.log_density(new).dependence
    model._energy = energy
    gain = with_energy - without
    assert gain.mean() > 5 * gain.std() / np.sqrt(len(gain))
    # What is not known tells nothing.
    unknown = model.log_density(new[["a"]])
    assert np.isfinite(unknown.dependence).all()


def test_a_saved_energy_draws_the_same_rows(model):
    again = BoltzmannModel.from_state(model.state())
    assert again.sample(300, seed=6).equals(model.sample(300, seed=6))
    assert again.log_density(patients(9)).dependence.tolist() == pytest.approx(
        model.log_density(patients(9)).dependence.tolist()
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop("energy.pairs"),
        lambda state: state.update(powers=[]),
        lambda state: state.update(powers=[10**9] * 4),
        lambda state: state.update({"energy.fields": state["energy.fields"][None]}),
        lambda state: state.update({"energy.biases": state["energy.biases"][:1]}),
        lambda state: state.update({"energy.hidden": state["energy.hidden"].astype(np.float64)}),
    ],
)
def test_an_energy_that_is_not_whole_is_refused(model, change):
    state = model.state()
    change(state)
    with pytest.raises(ArtifactError):
        BoltzmannModel.from_state(state)


def test_time_that_ends_leaves_the_network(table):
    model = BoltzmannModel()
    schema = Schema(columns=[Column(name=name, kind=KINDS[name]) for name in table])
    model.fit(table, schema, seed=0, training=Training(lambda event: None, max_seconds=1e-9))
    assert model.partial_
    assert model.explain() is None
    assert len(model.sample(5, seed=0)) == 5


def test_a_coupling_that_is_there_is_found():
    """Rows that differ from the contrast in one pair of scores; 0.05 is four standard errors."""
    rng = np.random.default_rng(0)
    contrast = rng.normal(size=(40_000, 3))
    weights = np.exp(0.4 * contrast[:, 0] * contrast[:, 2])
    real = contrast[rng.choice(len(contrast), 20_000, p=weights / weights.sum())]
    energy = learn_energy(
        real, rng.normal(size=(40_000, 3)), np.arange(3), shrinkage=1e-4, n_hidden=0,
        rng=rng, follow=lambda: None,
    )  # fmt: skip
    assert energy.pairs[0, 2] == pytest.approx(0.4, abs=0.05)
    assert np.abs(energy.pairs[[0, 1], [1, 2]]).max() < 0.05


def test_scores_are_orthonormal_and_tell_few_levels_apart():
    shares = np.array([0.2, 0.5, 0.3])
    (table,) = Scores.of([shares], [7]).tables
    known = table[:-1]
    assert known.shape == (3, 2)
    assert np.allclose((known.T * shares) @ known, np.eye(2))
    assert not table[-1].any()
