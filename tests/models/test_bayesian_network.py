"""The Bayesian network: its graph, exact conditions and densities, few patients, hostile states."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import synthhealth as sh
from synthhealth.errors import ArtifactError, ConditionError, FitInterruptedError
from synthhealth.models import get
from synthhealth.models.base import Training
from synthhealth.schema import Column, Kind, Schema

FAMILY = "bayesian_network"
KINDS = {
    "sex": Kind.BOOLEAN,
    "ward": Kind.NOMINAL,
    "stage": Kind.ORDINAL,
    "age": Kind.CONTINUOUS,
    "lab": Kind.CONTINUOUS,
    "days": Kind.COUNT,
}


def fitted(table: pd.DataFrame, kinds: dict[str, Kind] = KINDS, **params):
    schema = Schema(columns=[Column(name=name, kind=kind) for name, kind in kinds.items()])
    model = get(FAMILY)(**params)
    model.fit(table, schema, seed=0, training=Training(lambda event: None))
    return model


def patients(n: int, seed: int = 0) -> pd.DataFrame:
    """The laboratory value falls and rises with age and differs by sex, days follow the stage."""
    rng = np.random.default_rng(seed)
    sex, ward = rng.integers(0, 2, n), rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
    age = rng.normal(50 + 5 * (ward == 1), 12).round()
    stage = np.clip((age / 25 + rng.normal(size=n) / 2).round(), 0, 3).astype(int)
    lab = 10 + 2 * sex + 0.15 * np.abs(age - 50) + rng.normal(size=n) * 0.5
    days = rng.poisson(1 + 4 * (stage == 3) + (ward == 2)).astype(float)
    return pd.DataFrame(
        {
            "sex": sex,
            "ward": ward,
            "stage": stage,
            "age": age,
            "lab": lab.round(2),
            "days": days,
        }
    )


@pytest.fixture(scope="module")
def model():
    return fitted(patients(4_000))


def alike(one: pd.DataFrame, other: pd.DataFrame) -> dict[str, float]:
    """Give for each column how likely a difference such as theirs is by chance."""
    found = {}
    for name, kind in KINDS.items():
        if kind.is_numerical:
            found[name] = stats.ks_2samp(one[name], other[name]).pvalue
        else:
            both = pd.concat([one[name], other[name]]).to_numpy()
            which = np.repeat([0, 1], [len(one), len(other)])
            found[name] = stats.chi2_contingency(pd.crosstab(which, both)).pvalue
    return found


@pytest.mark.parametrize(
    "known",
    [
        {"sex": 1},
        {"ward": 2},
        {"lab": 14.0},
        {"days": 0.0},
        {"sex": 0, "stage": 3},
        {"lab": 13.0, "days": 1.0},
        {"stage": 2, "age": 45.0, "ward": 0},
    ],
)
def test_conditions_agree_with_rows_that_were_drawn_and_kept(model, known):
    """Each case makes five tests at most, 31 in all, each wrong once in 5,000: 6 in 1,000 in all.

    Of a number its bin is known.
    """
    bins = {one["name"]: one for one in model.state()["bins"]}
    free = model.sample(400_000, seed=3)
    kept = np.ones(len(free), dtype=bool)
    for name, value in known.items():
        low = high = value
        if name in bins:
            place = np.searchsorted(bins[name]["low"], value, side="right") - 1
            low, high = bins[name]["low"][place], bins[name]["high"][place]
        kept &= free[name].between(low, high).to_numpy()
    kept = free[kept].head(4_000)
    assert len(kept) > 300
    given = model.sample_given(pd.DataFrame([known] * 4_000), seed=5)
    for name, value in known.items():
        assert (given[name] == value).all()
    for name, chance in alike(given, kept).items():
        if name not in known:
            assert chance > 0.0002, name
    # And two by two: how numbers hang together.
    free_numbers = [name for name in ("age", "lab", "days") if name not in known]
    if len(free_numbers) == 3 and len(kept) == 4_000:
        gap = given[free_numbers].corr("spearman") - kept[free_numbers].corr("spearman")
        assert gap.abs().to_numpy().max() < 0.08


def test_conditions_that_differ_from_row_to_row(model):
    known = model.sample(500, seed=1)[["lab", "ward"]]
    given = model.sample_given(known, seed=2)
    pd.testing.assert_frame_equal(given[["lab", "ward"]], known)
    again = model.sample_given(known.iloc[::-1].reset_index(drop=True), seed=2)
    # Of 500 rows a correlation has a standard error of 0.045; four of them.
    truth = patients(20_000, seed=9)
    for rows in (given, again):
        gap = np.abs(rows["age"] - 50).corr(rows["lab"]) - np.abs(truth["age"] - 50).corr(
            truth["lab"]
        )
        assert abs(gap) < 0.18


def test_densities_are_exact(model):
    """The likelihoods of all combinations add up to one, whatever is not known."""
    outcomes = pd.MultiIndex.from_product([range(2), range(4), range(4)]).to_frame(index=False)
    rows = outcomes.set_axis(["sex", "ward", "stage"], axis=1)
    found = model.log_density(rows)
    whole = np.exp(found.margins.sum(axis=1) + found.dependence)
    assert whole.sum() == pytest.approx(1.0, abs=1e-6)
    drawn = model.sample(200_000, seed=4).groupby(["sex", "ward", "stage"]).size() / 200_000
    expected = whole.set_axis(pd.MultiIndex.from_frame(rows))
    # The largest share has a standard error of 0.001.
    assert (drawn - expected).abs().max() < 0.005
    alone = model.log_density(rows[["ward"]].head(16))
    assert np.allclose(alone.dependence, 0.0, atol=1e-9)
    full = model.sample(300, seed=5)
    shuffled = full.assign(lab=full["lab"].to_numpy()[::-1])
    gap = model.log_density(full).dependence.mean() - model.log_density(shuffled).dependence.mean()
    assert gap > 0.5


def test_the_graph_says_what_belongs_together(model):
    graph = {link.name: link for link in model.explain()}
    assert set(graph) == set(KINDS)
    pairs = {frozenset((name, parent)) for name, link in graph.items() for parent in link.parents}
    for pair in (("lab", "sex"), ("lab", "age"), ("stage", "age"), ("days", "stage")):
        assert frozenset(pair) in pairs, pair
    assert max(len(link.parents) for link in graph.values()) == 2
    tree = fitted(patients(1_000), parents=1)
    assert max(len(link.parents) for link in tree.explain()) == 1
    three = fitted(patients(1_000), parents=3)
    assert three.sample(50, seed=0).shape == (50, 6)


def test_columns_without_a_relation_are_given_few_others():
    """Of 48 columns of six tables each is given another by chance in about one of ten."""
    given = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        table = pd.DataFrame(rng.normal(size=(300, 8)).round(3), columns=list("abcdefgh"))
        model = fitted(table, dict.fromkeys("abcdefgh", Kind.CONTINUOUS))
        drawn = model.sample(3_000, seed=0).corr().to_numpy()[np.triu_indices(8, 1)]
        assert np.abs(drawn).max() < 0.2
        given += sum(bool(link.parents) for link in model.explain())
    assert given <= 36


def test_no_cell_tells_of_few_patients():
    """A lone patient's level never decides a distribution: with and without, it is the same."""
    table = patients(600)
    lone = table.assign(ward=0)
    lone.loc[0, ["ward", "lab"]] = (1, lone["lab"].max())
    model = fitted(lone)
    drawn = model.sample_given(pd.DataFrame({"ward": [1] * 2_000}), seed=0)
    others = model.sample_given(pd.DataFrame({"ward": [0] * 2_000}), seed=1)
    # Once in 2,000 tests two samples of one law were further apart.
    assert stats.ks_2samp(drawn["lab"], others["lab"]).pvalue > 0.0005
    shares = model.state()["shares"]
    assert np.isfinite(shares).all()


def test_an_unknown_level_is_refused(model):
    with pytest.raises(ConditionError, match="ward"):
        model.sample_given(pd.DataFrame({"ward": [7]}), seed=0)


def test_an_interrupted_fit_keeps_what_it_has(cohort):
    def stop(event):
        if event.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(FitInterruptedError, match="on_interrupt"):
        sh.Synthesizer(FAMILY, random_state=0).fit(cohort, on_progress=stop)
    kept = sh.Synthesizer(FAMILY, random_state=0).fit(cohort, on_progress=stop, on_interrupt="keep")
    assert kept.partial_
    assert kept.sample(20).shape == (20, cohort.shape[1])
    assert sum(bool(one.parents) for one in kept.fitted_.model.explain()) <= 5


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("cells", lambda one: one + 10_000),
        ("cells", lambda one: one - 1),
        ("groups", lambda one: one[::-1].copy()),
        ("distributions", lambda one: one * 0),
        ("shares", lambda one: -one),
        ("shares", lambda one: one * 0),
        ("sizes", lambda one: one - 1),
        ("ranks", lambda one: one * 0),
        ("slants", lambda one: one + 1_000),
        ("slants", lambda one: one[:-1]),
    ],
)
def test_arrays_that_are_none_are_refused(model, name, change):
    state = model.state()
    with pytest.raises((ArtifactError, ValueError)):
        get(FAMILY).from_state(state | {name: change(state[name])})


def test_a_graph_that_is_none_is_refused(model):
    state = model.state()
    last = state["graph"][-1]
    for parents in ([last["name"]], ["nobody"], ["age", "age"]):
        graph = [*state["graph"][:-1], last | {"parents": parents}]
        with pytest.raises((ArtifactError, ValueError)):
            get(FAMILY).from_state(state | {"graph": graph})
