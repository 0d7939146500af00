"""Trees: what a leaf tells of patients, whether relations are kept, and conditions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import synthhealth as sh
from synthhealth.errors import ArtifactError, FitInterruptedError, ParameterError
from synthhealth.models import get
from synthhealth.models._bins import MAX_BINS, Bins
from synthhealth.models._leaves import Nodes, Partings, distributions
from synthhealth.models.base import Training
from synthhealth.models.trees import TreesModel
from synthhealth.schema import Column, Kind, Schema
from synthhealth.table.tree import Tree

KINDS = {"sex": Kind.NOMINAL, "ward": Kind.NOMINAL, "age": Kind.CONTINUOUS, "lab": Kind.CONTINUOUS}
SCHEMA = Schema(columns=[Column(name=name, kind=kind) for name, kind in KINDS.items()])


def patients(n: int, seed: int = 0) -> pd.DataFrame:
    """A plain table: the laboratory value depends on sex and age, its spread on the ward."""
    rng = np.random.default_rng(seed)
    sex, ward = rng.integers(0, 2, n), rng.integers(0, 4, n)
    age = rng.normal(50, 12, n).round()
    lab = 10 + 3 * sex + 0.1 * (age - 50) + rng.normal(size=n) * np.where(ward == 2, 2.0, 0.5)
    return pd.DataFrame({"sex": sex, "ward": ward, "age": age, "lab": lab.round(2)})


def fitted(n: int, **params) -> TreesModel:
    model = TreesModel(**params)
    model.fit(patients(n), SCHEMA, seed=0, training=Training(lambda event: None))
    return model


@pytest.fixture(scope="module")
def model() -> TreesModel:
    return fitted(4_000)


LAWS = {
    "normal": lambda rng, n: rng.normal(13, 1, n).round(1),
    "skewed": lambda rng, n: rng.lognormal(2, 1, n).round(1),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.7, 0, rng.exponential(9, n)).round(2),
    "count": lambda rng, n: rng.poisson(3, n).astype(float),
    "exact": lambda rng, n: rng.standard_t(3, n),
    "one value but for few": lambda rng, n: np.where(np.arange(n) < 3, np.arange(n), 7.0),
}


@pytest.mark.parametrize("n", [20, 61, 5_000])
@pytest.mark.parametrize("law", LAWS)
def test_a_bin_is_of_several_patients_and_ends_at_none(law, n):
    values = LAWS[law](np.random.default_rng(1), n)
    bins = Bins.learn("lab", values, Kind.CONTINUOUS, 5)
    codes = bins.codes(values)
    assert np.bincount(codes, minlength=len(bins)).min() >= 5
    assert len(bins) <= 2 * MAX_BINS
    different, counts = np.unique(values, return_counts=True)
    assert not np.isin([*bins.low, *bins.high], different[counts < 5]).any()
    # Values that were drawn from a bin belong to it.
    drawn = bins.draw(codes, bins.slants(values, codes), np.random.default_rng(0))
    assert (bins.codes(drawn) == codes).mean() > 0.999


@pytest.mark.parametrize("law", ["normal", "skewed", "mostly zero", "count", "exact"])
def test_numbers_are_drawn_as_they_lie(law):
    """A distance this large is one that two equal samples have once in a thousand."""
    rng = np.random.default_rng(2)
    values, others = LAWS[law](rng, 4_000), LAWS[law](rng, 4_000)
    bins = Bins.learn("lab", values, Kind.CONTINUOUS, 5)
    codes = bins.codes(values)
    drawn = bins.draw(rng.choice(codes, 4_000), bins.slants(values, codes), rng)
    decimals = {"normal": 1, "skewed": 1, "mostly zero": 2, "count": 0, "exact": 12}[law]
    assert stats.ks_2samp(drawn.round(decimals), others).pvalue > 0.001


def test_the_density_within_a_bin_sums_up_to_one():
    bins = Bins(name="lab", low=(0.0, 3.0), high=(2.0, 7.0))
    slants = np.array([2.5, -1.0])
    for code, (low, high) in enumerate(zip(bins.low, bins.high, strict=True)):
        values = np.linspace(low, high, 20_001)
        density = np.exp(bins.log_density(values, np.full(values.size, code), slants))
        assert np.trapezoid(density, values) == pytest.approx(1.0)


def test_nothing_is_learned_of_few_patients():
    """One to four patients in a half of a node count as none or five: neighbours look alike."""
    tree = Tree(
        predictors=("sex",),
        feature=(0, -1, -1),
        threshold=(0.5, 0.0, 0.0),
        left=(1, 0, 1),
        right=(2, 0, 0),
    )

    def leaf(n_first: int) -> list[float]:
        leaves = np.repeat([0, 1], [30, 100])
        outcomes = np.concatenate(
            [np.repeat([0, 1], [n_first, 30 - n_first]), np.repeat([0, 1], 50)]
        )
        nodes = Nodes.of(tree, leaves, outcomes, 2)
        # The first node is the same for all.
        nodes.outcomes[0] = [65, 65]
        partings = Partings.of(np.array([65, 65]), is_ordered=True)
        return distributions(nodes, partings, 8.0, 5)[1].round(6).tolist()

    assert leaf(0) == leaf(1) == leaf(2)
    assert leaf(3) == leaf(4) == leaf(5)
    assert leaf(5) != leaf(6)


@pytest.mark.parametrize("n", [61, 4_000])
def test_leaves_are_of_ten_patients(n):
    model = fitted(n)
    codes = model._coded(patients(n))
    for one in model._conditionals:
        assert np.bincount(one.leaves(codes)).min() >= 10


def test_relations_are_kept(model):
    drawn, unseen = model.sample(20_000, seed=1), patients(20_000, seed=9)
    for sex in (0, 1):
        means = [one.loc[one["sex"] == sex, "lab"].mean() for one in (drawn, unseen)]
        assert means[0] == pytest.approx(means[1], abs=0.15)
    for ward in range(4):
        spreads = [one.loc[one["ward"] == ward, "lab"].std() for one in (drawn, unseen)]
        assert spreads[0] == pytest.approx(spreads[1], rel=0.12)
    correlations = [one["age"].corr(one["lab"]) for one in (drawn, unseen)]
    assert correlations[0] == pytest.approx(correlations[1], abs=0.05)


def test_columns_without_a_relation_get_none():
    rng = np.random.default_rng(3)
    table = pd.DataFrame(rng.normal(size=(80, 12)).round(3), columns=list("abcdefghijkl"))
    schema = Schema(columns=[Column(name=name, kind="continuous") for name in table])
    model = TreesModel()
    model.fit(table, schema, seed=0, training=Training(lambda event: None))
    correlations = model.sample(4_000, seed=0).corr().to_numpy()[np.triu_indices(12, 1)]
    real = table.corr().to_numpy()[np.triu_indices(12, 1)]
    assert np.abs(correlations).mean() < 0.5 * np.abs(real).mean()


def test_no_number_is_drawn_again():
    real = patients(61)
    table = real.assign(lab=real["lab"] + np.random.default_rng(0).uniform(0, 1e-3, 61))
    model = TreesModel()
    model.fit(table, SCHEMA, seed=0, training=Training(lambda event: None))
    assert not set(model.sample(20_000, seed=0)["lab"]) & set(table["lab"])


@pytest.mark.parametrize("order", [[], ["lab", "ward"]])
def test_conditions_hold_and_shift_the_others(order):
    """Of 4,000 rows each a mean is off by 0.1 less often than once in a thousand."""
    model = fitted(4_000, order=order)
    known = pd.DataFrame({"lab": np.repeat([9.0, 14.0], 4_000)})
    drawn = model.sample_given(known, seed=0)
    assert drawn["lab"].tolist() == known["lab"].tolist()
    law = patients(400_000, seed=5)
    for value in (9.0, 14.0):
        real = law[(law["lab"] - value).abs() < 0.15]
        ours = drawn[drawn["lab"] == value]
        assert ours["sex"].mean() == pytest.approx(real["sex"].mean(), abs=0.06)
        assert ours["age"].mean() == pytest.approx(real["age"].mean(), abs=2.5)


def test_a_leading_condition_is_exact():
    model = fitted(2_000, order=["age"])
    known = pd.DataFrame({"age": np.full(20_000, 50.0)})
    given = model.sample_given(known, seed=3)
    free = model.sample(400_000, seed=4)
    low, high = (ends[model._bins["age"][0].codes(np.array([50.0]))[0]] for ends in _ranges(model))
    alike = free[(free["age"] >= low) & (free["age"] <= high)]
    assert len(alike) > 1_000
    # Twice in a thousand one of two would be lower.
    assert stats.ks_2samp(given["lab"], alike["lab"]).pvalue > 0.001
    table = pd.crosstab(
        np.repeat([0, 1], [len(given), len(alike)]),
        pd.concat([given["ward"], alike["ward"]]).values,
    )
    assert stats.chi2_contingency(table).pvalue > 0.001


def _ranges(model):
    bins = next(one for one in model.state()["bins"] if one["name"] == "age")
    return bins["low"], bins["high"]


def test_the_density_is_that_of_what_is_drawn(model):
    """The mean of 1 / (density of a level given all else) over drawn rows is a sum of shares."""
    rows = model.sample(3_000, seed=0)
    whole = []
    for sex in (0, 1):
        found = model.log_density(rows.assign(sex=sex))
        whole.append(found.margins.sum(axis=1) + found.dependence)
    chance = 1 / (1 + np.exp(whole[0] - whole[1]))
    # Of 3,000 rows the share is off by 4 standard errors once in 16,000 times.
    error = 4 * np.sqrt((chance * (1 - chance)).sum()) / len(rows)
    assert chance.mean() == pytest.approx(rows["sex"].mean(), abs=error)


def test_order_is_kept():
    assert fitted(200, order=["lab", "sex"]).state()["sequence"] == ["lab", "sex", "ward", "age"]
    assert fitted(200).state()["sequence"] == ["sex", "ward", "age", "lab"]


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (["labb"], "did you mean 'lab'"),
        (["lab", "lab"], "stands there twice"),
        ("lab", "a list of column names"),
        ([3], "a list of column names"),
    ],
)
def test_a_wrong_order_is_refused(order, words):
    with pytest.raises(ParameterError, match=words):
        fitted(60, order=order)


def test_interrupted(cohort):
    def stop(event):
        if event.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(FitInterruptedError, match="on_interrupt='keep'"):
        sh.Synthesizer("trees", random_state=0).fit(cohort, on_progress=stop)
    kept = sh.Synthesizer("trees", random_state=0).fit(
        cohort, on_progress=stop, on_interrupt="keep"
    )
    assert kept.partial_
    assert len(kept.sample(30)) == 30


def test_a_strangers_state_is_checked():
    state = fitted(300).state()

    def changed(name, place, value):
        array = state[name].copy()
        array[place] = value
        return state | {name: array}

    later = int(np.flatnonzero(state["feature"] >= 0)[0])
    for forged in (
        changed("feature", later, 3),
        changed("feature", later, -2),
        changed("left", 0, 9_999),
        changed("sizes", 0, 0),
        changed("sizes", 3, 1),
        changed("weights", 0, 0),
        changed("shares", slice(0, 2), 0),
        changed("slants", 0, 1e6),
        changed("nodes", 0, 2**40),
        state | {"shares": state["shares"][:-1]},
        state | {"more": np.ones(1)},
        state | {"sequence": ["sex", "sex", "age", "lab"]},
        state | {"bins": state["bins"][:1]},
        state | {"settings": {}},
    ):
        with pytest.raises((ArtifactError, ParameterError, ValueError)):
            get("trees").from_state(forged)
