"""The modes of a column are those of scikit-learn's mixture, and rows are coded by ctgan's law."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rdt.transformers import ClusterBasedNormalizer
from sklearn.mixture import BayesianGaussianMixture

from synthhealth.models.networks.modes import find_modes
from synthhealth.models.networks.table import code_table
from synthhealth.models.seeding import seeded


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    values = np.r_[rng.normal(0, 1, 200), rng.normal(2, 1, 150), rng.normal(9, 2, 50)]
    # Sorted, since the start of scikit-learn's search depends on the order.
    return pd.DataFrame({"x": np.sort(values)})


def bayesian_mixture(n_modes):
    """Give the mixture that rdt's normaliser makes."""
    return BayesianGaussianMixture(
        n_components=n_modes,
        weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=0.001,
        random_state=0,
    )


@pytest.mark.filterwarnings("ignore:Best performing initialization did not converge")
@pytest.mark.parametrize("n_modes", [1, 3, 10])
def test_same_modes_as_scikit_learn(table, n_modes):
    values = table["x"].to_numpy()
    ours = find_modes(values, n_modes)
    theirs = bayesian_mixture(n_modes).fit(values[:, None])
    assert np.allclose(ours.weights, theirs.weights_, rtol=1e-6, atol=1e-9)
    assert np.allclose(ours.centres, theirs.means_.ravel(), rtol=1e-6)
    assert np.allclose(ours.deviations**2, theirs.covariances_.ravel(), rtol=1e-6)
    chances = np.exp(ours.log_chances(values))
    shares = chances / chances.sum(axis=1, keepdims=True)
    assert np.allclose(shares, theirs.predict_proba(values[:, None]), atol=1e-6)


def test_repeated_values_count_as_often_as_they_occur(table):
    values = table["x"].round(0).to_numpy()
    assert len(np.unique(values)) < 20
    ours = find_modes(values, 2)
    theirs = bayesian_mixture(2).set_params(tol=1e-9, max_iter=2_000).fit(values[:, None])
    # Of two searches that end at other steps; the order of the modes follows from the start.
    assert np.allclose(np.sort(ours.centres), np.sort(theirs.means_.ravel()), atol=0.1)
    assert np.allclose(np.sort(ours.weights), np.sort(theirs.weights_), atol=0.02)


@pytest.mark.filterwarnings("ignore:Best performing initialization did not converge")
def test_same_law_as_ctgan(table):
    """ctgan's normaliser, given our modes, draws them by the same shares.

    The shares agree within 5 standard errors: a false alarm once in a million.
    """
    values = table["x"].to_numpy()
    mixture = bayesian_mixture(10).fit(values[:, None])
    theirs = ClusterBasedNormalizer(max_clusters=10, missing_value_generation="from_column")
    theirs.fit(table, "x")
    theirs._bgm_transformer = mixture
    # The bound of the weights that 5 of 400 patients give.
    theirs.valid_component_indicator = mixture.weights_ > 0.999 * 5 / 400
    with seeded(0):
        # rdt would seed its own draws anew from the data, giving the same ones every time.
        theirs.random_states = None
        drawn = [theirs.transform(table)["x.component"].to_numpy() for _ in range(40)]
        ours = [code_table(table, ())[1][:, 1:] for _ in range(40)]
    by_row = np.bincount(np.concatenate(drawn).astype(int)) / (40 * len(table))
    by_column = np.mean(ours, axis=(0, 1))
    error = np.sqrt(by_row * (1 - by_row) / (40 * len(table)))
    assert (np.abs(by_column - by_row) <= 5 * np.sqrt(2) * error + 1e-12).all()


def test_the_inverse_is_exact(table):
    table = table.assign(level=np.arange(len(table)) % 3 + 4)
    with seeded(0):
        coder, coded = code_table(table, {"level"})
    assert coded.shape == (len(table), coder.output_dimensions)
    assert ((coded[:, 1:-3] == 1).sum(axis=1) == 1).all()
    back = coder.inverse_transform(coded)
    inside = np.abs(coded[:, 0]) < 0.99
    assert inside.mean() > 0.98
    assert np.allclose(back["x"][inside], table["x"][inside], atol=1e-5)
    assert back["level"].tolist() == table["level"].tolist()


def test_modes_of_a_long_column_are_found_on_some_of_its_rows(table, monkeypatch):
    monkeypatch.setattr("synthhealth.models.networks.modes.MOST_VALUES", 150)
    with seeded(0):
        modes = find_modes(table["x"].to_numpy(), 10).above(0.05)
    assert modes.centres.min() < 2
    assert modes.centres.max() > 7


def test_a_column_of_one_value():
    modes = find_modes(np.full(30, 4.0), 6)
    assert np.allclose(modes.centres, 4.0)
    assert (modes.deviations > 0).all()
