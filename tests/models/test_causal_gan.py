"""The causal GAN: graphs that are given and found, what causes do, and what a file may say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from synthhealth.errors import ArtifactError, ParameterError
from synthhealth.models import get
from synthhealth.models.base import Training
from synthhealth.models.causal_gan import CausalGANModel
from synthhealth.schema import Column, Kind, Schema

KINDS = {"sex": Kind.NOMINAL, "age": Kind.CONTINUOUS, "lab": Kind.CONTINUOUS, "ill": Kind.NOMINAL}
TRUE = ["sex -> lab", "age -> lab", "lab -> ill"]


def patients(n: int, seed: int = 0) -> pd.DataFrame:
    """Sex and age cause the laboratory value, and that the illness."""
    rng = np.random.default_rng(seed)
    sex, age = rng.integers(0, 2, n), rng.normal(50, 12, n)
    lab = 10 + 2.0 * sex + 0.1 * (age - 50) + rng.normal(size=n)
    ill = (lab + rng.normal(size=n) > 12).astype(int)
    table = pd.DataFrame({"sex": sex, "age": age.round(1), "lab": lab.round(2), "ill": ill})
    return table[list(KINDS)]


def fitted(table: pd.DataFrame, **params: object) -> CausalGANModel:
    schema = Schema(columns=[Column(name=name, kind=KINDS[name]) for name in table])
    model = get("causal_gan")(**params)
    model.fit(table, schema, seed=0, training=Training(lambda event: None))
    return model


@pytest.fixture(scope="module")
def model() -> CausalGANModel:
    return fitted(patients(800), graph=TRUE, steps=400)


def test_the_graph_is_the_one_that_was_given(model):
    told = model.explain()
    assert told.is_given
    assert {link.name: set(link.parents) for link in told.graph} == {
        "sex": set(), "age": set(), "lab": {"sex", "age"}, "ill": {"lab"},
    }  # fmt: skip
    assert told.gain > 0
    gains = {link.name: link.gain for link in told.graph}
    assert gains["sex"] == gains["age"] == 0
    assert min(gains["lab"], gains["ill"]) > 0.1
    assert model.graph == told.graph


def test_causes_have_their_effects(model):
    """Of 800 patients a difference of means has a standard error of 0.1 in lab."""
    drawn, real = model.sample(10_000, seed=1), patients(20_000, seed=1)
    for table in (drawn, real):
        by_sex = table.groupby("sex")["lab"].mean()
        assert by_sex[1] - by_sex[0] == pytest.approx(2.0, abs=0.5)
    assert drawn["age"].corr(drawn["lab"]) == pytest.approx(real["age"].corr(real["lab"]), abs=0.15)
    # What the graph leaves apart is independent: 0.04 is four standard errors.
    assert abs(drawn["sex"].corr(drawn["age"])) < 0.04
    for name in ("age", "lab"):
        distance = stats.ks_2samp(drawn[name], real[name]).statistic
        assert distance < 1.95 / np.sqrt(800) + 0.01


def test_a_graph_is_found_where_none_is_given():
    told = fitted(patients(400), steps=0).explain()
    assert not told.is_given
    assert told.steps == 0
    pairs = {frozenset((link.name, parent)) for link in told.graph for parent in link.parents}
    assert {frozenset(("sex", "lab")), frozenset(("lab", "ill"))} <= pairs


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (["sex lab"], r"'sex lab' is not an arrow; write 'cause -> effect'"),
        (["sex -> labb"], r"no column 'labb' is learned \(did you mean 'lab'\?\)"),
        (["sex -> lab", "lab -> ill", "ill -> sex"], "go in a circle .*; leave one of them out"),
        (["lab -> lab"], "go in a circle"),
    ],
)
def test_what_is_no_graph_is_refused(graph, message):
    with pytest.raises(ParameterError, match=message):
        fitted(patients(60), graph=graph)


def test_conditions_agree_with_rows_that_were_drawn_and_kept(model):
    """On a cause and on an effect; a perfect sample is further away once in a thousand."""
    drawn = model.sample(30_000, seed=2)
    for name, value in (("sex", 1), ("ill", 0)):
        wanted = drawn[drawn[name] == value].head(4_000)
        given = model.sample_given(pd.DataFrame({name: np.full(4_000, value)}), seed=3)
        assert (given[name] == value).all()
        for other in ("age", "lab"):
            assert stats.ks_2samp(wanted[other], given[other]).pvalue > 1e-3


def test_true_rows_are_likelier_than_shuffled_ones(model):
    """The mean difference is ten of its standard errors or more."""
    new = patients(1_000, seed=4)
    rng = np.random.default_rng(0)
    shuffled = new.apply(lambda column: rng.permutation(column.to_numpy()))
    gain = model.log_density(new).dependence - model.log_density(shuffled).dependence
    assert gain.mean() > 10 * gain.std() / np.sqrt(len(gain))
    assert np.isfinite(model.log_density(new[["ill"]]).dependence).all()


def test_the_same_seed_gives_the_same_bytes_and_so_does_the_file(model):
    again, same = (fitted(patients(60), graph=TRUE, steps=25) for _ in range(2))
    loaded = CausalGANModel.from_state(model.state())
    rows = model.sample(200, seed=5)
    assert again.sample(200, seed=5).equals(same.sample(200, seed=5))
    assert loaded.sample(200, seed=5).equals(rows)


def _turned(state: dict) -> None:
    state["graph"] = state["graph"][::-1]


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop("shares"),
        lambda state: state.update(shares=state["shares"] * 0),
        lambda state: state.update(sizes=state["sizes"] * 10**6),
        lambda state: state.update({"biases.0": state["biases.0"][:1]}),
        _turned,
    ],
)
def test_a_file_that_does_not_fit_together_is_refused(model, change):
    state = model.state()
    change(state)
    with pytest.raises((ArtifactError, ValueError)):
        CausalGANModel.from_state(state)
