"""Densities that saved models give of rows, against laws that are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from synthhealth.models import DensityModel, about, available, get
from synthhealth.models.base import Training
from synthhealth.models.deep import NetworkColumn
from synthhealth.schema import Column, Kind, Schema

STATE = {
    "settings": {"margin": "norm", "margins": {}, "log_scale": True, "correlation": "latent"},
    "partial": False,
    "columns": ["age", "crp", "sex"],
    "offsets": {"crp": 0.0},
    "margins": [
        {"family": "norm", "parameters": {"loc": 50.0, "scale": 10.0}},
        {"family": "norm", "parameters": {"loc": 1.0, "scale": 0.5}},
        {"family": "levels", "shares": [0.25, 0.75], "order": [0, 1]},
    ],
}
CORRELATION = np.array([[1.0, 0.6, 0.3], [0.6, 1.0, 0.2], [0.3, 0.2, 1.0]])


@pytest.fixture
def copula() -> DensityModel:
    model = get("gaussian_copula").from_state(STATE | {"correlation": CORRELATION})
    assert isinstance(model, DensityModel)
    return model


def test_two_numbers_are_jointly_normal(copula):
    rows = pd.DataFrame({"age": [45.0, 60.0], "crp": [2.0, 4.0], "sex": [-1, -1]})
    found = copula.log_density(rows)
    shrunk = 0.75 * 0.6
    law = stats.multivariate_normal([50, 1], [[100, 10 * 0.5 * shrunk], [5 * shrunk, 0.25]])
    expected = law.logpdf(np.column_stack([rows["age"], np.log(rows["crp"])])) - np.log(rows["crp"])
    density = found.margins.sum(axis=1) + found.dependence
    assert density.tolist() == pytest.approx(expected.tolist())
    assert (found.margins["sex"] == 0).all()


def test_what_is_not_known_adds_nothing(copula):
    rows = pd.DataFrame({"age": [np.nan, 45.0], "crp": [np.nan, np.nan], "sex": [1, 0]})
    found = copula.log_density(rows)
    assert found.margins["sex"].tolist() == pytest.approx([np.log(0.75), np.log(0.25)])
    assert found.margins.loc[0, ["age", "crp"]].tolist() == [0, 0]
    assert found.dependence[0] == pytest.approx(0)
    assert found.dependence[1] != 0
    assert copula.log_density(rows[["sex"]]).margins.columns.tolist() == ["sex"]


def test_no_value_is_infinitely_unlikely(copula):
    rows = pd.DataFrame({"age": [1e9], "crp": [0.0], "sex": [0]})
    found = copula.log_density(rows)
    assert np.isfinite(found.margins.to_numpy()).all()
    assert np.isfinite(found.dependence).all()


def test_the_law_of_an_output_sums_up_to_one():
    rng = np.random.default_rng(0)
    number = NetworkColumn(name="crp", centres=(2.0, 9.0), widths=(3.0, 1.0))
    values = np.linspace(-20, 30, 20_001)
    density = np.exp(number.log_density(values, rng.normal(size=(3, 3)), 0.2))
    assert density.sum(axis=0) * (values[1] - values[0]) == pytest.approx(1.0)

    levels = NetworkColumn(name="sex", levels=(2, 0, 1))
    shares = np.exp(levels.log_density(np.array([0, 1, 2]), rng.normal(size=(4, 3)), 0.2))
    assert shares.sum(axis=0) == pytest.approx(1.0)
    assert (levels.log_density(np.array([-1]), rng.normal(size=(4, 3)), 0.2) == 0).all()


@pytest.mark.parametrize(
    "family",
    # CopulaGAN is CTGAN on normal scores.
    [
        pytest.param(one, marks=pytest.mark.slow if one == "copula_gan" else ())
        for one in available()
        if one != "gaussian_copula" and not about(one).is_formal
    ],
)
def test_families_take_their_patients_to_be_likelier_than_nonsense(family):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"crp": np.exp(rng.normal(1, 1, 60)), "age": rng.normal(50, 9, 60), "sex": [0, 1, 1] * 20}
    )
    kinds = {"crp": Kind.CONTINUOUS, "age": Kind.CONTINUOUS, "sex": Kind.NOMINAL}
    schema = Schema(columns=[Column(name=name, kind=kind) for name, kind in kinds.items()])
    model = get(family)(**({"steps": 30} if about(family).in_steps else {}))
    model.fit(table, schema, seed=0, training=Training(lambda event: None))
    assert isinstance(model, DensityModel)
    nonsense = table.assign(crp=table["crp"] * 50, age=table["age"] - 100)

    first, second = model.log_density(table), model.log_density(nonsense)

    likely, unlikely = (one.margins.sum(axis=1) + one.dependence for one in (first, second))
    assert likely.mean() > unlikely.mean() + 10
    # As from its file, and again.
    again = type(model).from_state(model.state()).log_density(table)
    pd.testing.assert_frame_equal(first.margins, again.margins)
    assert np.array_equal(first.dependence, again.dependence)
