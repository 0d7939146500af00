"""The hybrid: relations that no correlation can say, conditions, few patients, and densities."""

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

KINDS = {"sex": Kind.NOMINAL, "ward": Kind.NOMINAL, "age": Kind.CONTINUOUS, "lab": Kind.CONTINUOUS}


def fitted(family: str, table: pd.DataFrame, kinds: dict[str, Kind], **params):
    schema = Schema(columns=[Column(name=name, kind=kind) for name, kind in kinds.items()])
    model = get(family)(**params)
    model.fit(table, schema, seed=0, training=Training(lambda event: None))
    return model


def patients(n: int, seed: int = 0) -> pd.DataFrame:
    """The laboratory value falls and rises with age, differs by sex, and spreads by ward."""
    rng = np.random.default_rng(seed)
    sex, ward = rng.integers(0, 2, n), rng.integers(0, 3, n)
    age = rng.normal(50, 12, n).round()
    lab = 10 + 2 * sex + 0.15 * np.abs(age - 50) + rng.normal(size=n) * (0.4 + 0.4 * ward)
    return pd.DataFrame({"sex": sex, "ward": ward, "age": age, "lab": lab.round(2)})


@pytest.fixture(scope="module")
def models():
    return {name: fitted(name, patients(2_000), KINDS) for name in ("hybrid", "trees")}


def test_a_relation_that_no_correlation_says():
    """Of 4,000 rows a correlation has a standard error of at most 0.016."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=2_000)
    y = np.abs(x) + 0.3 * rng.normal(size=2_000)
    table = pd.DataFrame({"x": x.round(3), "y": y.round(3)})
    kept = {}
    for family in ("hybrid", "gaussian_copula"):
        model = fitted(family, table, dict.fromkeys("xy", Kind.CONTINUOUS))
        drawn = model.sample(4_000, seed=1)
        kept[family] = np.abs(drawn["x"]).corr(drawn["y"])
        for name in table:
            # Twice in a thousand a perfect sample were further away.
            assert stats.ks_2samp(drawn[name], table[name]).pvalue > 0.001
    truth = np.abs(table["x"]).corr(table["y"])
    assert truth > 0.85
    assert kept["hybrid"] == pytest.approx(truth, abs=0.1)
    assert abs(kept["gaussian_copula"]) < 0.1


def test_a_relation_that_a_correlation_says_is_the_copulas():
    """Normal columns, 61 rows of them: the correlation stays."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        cause = rng.normal(size=(61, 1))
        numbers = (0.8 * cause + 0.6 * rng.normal(size=(61, 5))).round(3)
        table = pd.DataFrame(numbers, columns=list("abcde"))
        model = fitted("hybrid", table, dict.fromkeys("abcde", Kind.CONTINUOUS))
        drawn = model.sample(2_000, seed=0).corr().to_numpy()[np.triu_indices(5, 1)]
        real = table.corr().to_numpy()[np.triu_indices(5, 1)]
        assert drawn.mean() == pytest.approx(real.mean(), abs=0.15)


def test_few_hundred_rows_are_the_copulas():
    """Trees would be likelier here, and take a column each."""
    few, many = (fitted("hybrid", patients(n), KINDS) for n in (999, 1_000))
    assert few.state()["by_tree"] == []
    assert "lab" in many.state()["by_tree"]


def test_of_levels_fewer_rows_are_enough():
    """Which of three groups it is says no order of another column's four."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 4, 200)
    table = pd.DataFrame(
        {"group": group, "other": np.where(rng.random(200) < 0.9, group % 2, rng.integers(0, 2))}
    ).assign(number=rng.normal(size=200).round(3))
    kinds = {"group": Kind.NOMINAL, "other": Kind.NOMINAL, "number": Kind.CONTINUOUS}
    few, many = (fitted("hybrid", table.iloc[:n], kinds) for n in (159, 160))
    assert few.state()["by_tree"] == []
    assert len(many.state()["by_tree"]) == 1


def test_columns_without_a_relation_get_no_tree():
    """Of 18 columns of two tables at most two get one; of 54 none did."""
    taken = 0
    for seed in range(2):
        rng = np.random.default_rng(seed)
        table = pd.DataFrame(rng.normal(size=(1_000, 8)).round(3), columns=list("abcdefgh"))
        table = table.assign(i=rng.integers(0, 2, 1_000), j=rng.integers(0, 3, 1_000))
        kinds = dict.fromkeys("abcdefgh", Kind.CONTINUOUS) | dict.fromkeys("ij", Kind.NOMINAL)
        taken += len(fitted("hybrid", table, kinds).state()["by_tree"])
    assert taken <= 2


@pytest.mark.parametrize("family", ["hybrid", "trees"])
@pytest.mark.parametrize("known", [{"sex": 1}, {"lab": 14.0}, {"sex": 0, "ward": 2}])
def test_conditions_agree_with_rows_that_were_drawn_and_kept(models, family, known):
    """At most three tests a case, 14 in all, each wrong once in 2,000 times: together 7 in 1,000.

    Of a number its bin is known, as the models know it; it is narrow.
    """
    model = models[family]
    free = model.sample(200_000, seed=3)
    bins = next(one for one in model.state()["bins"] if one["name"] == "lab")
    alike = np.ones(len(free), dtype=bool)
    for name, value in known.items():
        place = np.searchsorted(bins["low"], value, side="right") - 1
        low, high = (bins["low"][place], bins["high"][place]) if name == "lab" else (value, value)
        alike &= free[name].between(low, high).to_numpy()
    kept = free[alike].head(2_000)
    assert len(kept) > 500
    given = model.sample_given(pd.DataFrame([known] * 2_000), seed=5)
    for name, value in known.items():
        assert (given[name] == value).all()
    for name in KINDS.keys() - known.keys():
        if KINDS[name].is_numerical:
            chance = stats.ks_2samp(given[name], kept[name]).pvalue
        else:
            both = pd.concat([given[name], kept[name]]).to_numpy()
            which = np.repeat([0, 1], [len(given), len(kept)])
            chance = stats.chi2_contingency(pd.crosstab(which, both)).pvalue
        assert chance > 0.0005, name


@pytest.mark.parametrize("family", ["gaussian_copula", "hybrid"])
def test_men_have_the_creatinine_of_men(family):
    """Men and women of the demo differ as in the cohort, within two standard errors of it.

    Of a perfect model one comparison in 20 is further off; three of eight are in 6 of 1,000 tests.
    """
    apart, far_off = [], 0
    for seed in range(4):
        # The demo itself, and cohorts like it.
        real = sh.datasets.load_ra_panel(**({"n": 61, "random_state": seed} if seed else {}))
        model = sh.Synthesizer(family, random_state=seed, privacy="none").fit(real)
        drawn = model.sample(4_000)
        for name in ("creatinine", "haemoglobin"):
            groups = [real.loc[real["sex"] == sex, name].dropna() for sex in "MF"]
            error = np.sqrt(sum(one.var() / len(one) for one in groups))
            ours, theirs = (
                table.loc[table["sex"] == "M", name].mean()
                - table.loc[table["sex"] == "F", name].mean()
                for table in (drawn, real)
            )
            apart.append(theirs / error)
            far_off += abs(ours - theirs) > 2 * error
    assert np.mean(apart) > 3
    assert far_off <= 2


def test_a_level_that_was_not_learned_is_refused(models):
    for model in models.values():
        with pytest.raises(ConditionError, match="no such level"):
            model.sample_given(pd.DataFrame({"ward": [7]}), seed=0)


def test_order_leads():
    model = fitted("hybrid", patients(200), KINDS, order=["lab", "ward"])
    assert model.state()["sequence"] == ["lab", "ward", "sex", "age"]


def test_true_rows_are_likelier_than_shuffled_ones(models):
    """Of 1,000 new rows; the mean difference is at least ten of its standard errors."""
    new = patients(1_000, seed=9)
    rng = np.random.default_rng(0)
    shuffled = new.apply(rng.permutation)
    found = [models["hybrid"].log_density(rows) for rows in (new, shuffled)]
    # By themselves the columns are the same.
    margins = [one.margins.sum().sum() for one in found]
    assert margins[0] == pytest.approx(margins[1])
    apart = found[0].dependence - found[1].dependence
    assert apart.mean() > 10 * apart.std() / np.sqrt(len(apart))


def test_the_density_of_a_level_is_its_share(models):
    """The mean of the chance of a level given all else is the share of rows that have it."""
    rows = models["hybrid"].sample(3_000, seed=0)
    whole = []
    for sex in (0, 1):
        found = models["hybrid"].log_density(rows.assign(sex=sex))
        whole.append(found.margins.sum(axis=1) + found.dependence)
    chance = 1 / (1 + np.exp(whole[0] - whole[1]))
    assert chance.mean() == pytest.approx(rows["sex"].mean(), abs=0.04)


def test_what_is_not_known_adds_nothing(models):
    rows = patients(5, seed=3).assign(sex=-1, ward=-1, lab=np.nan)
    found = models["hybrid"].log_density(rows)
    assert (found.margins[["sex", "ward", "lab"]] == 0).all().all()
    assert found.dependence == pytest.approx(np.zeros(5), abs=0.2)
    assert models["hybrid"].log_density(rows[["age"]]).margins.columns.tolist() == ["age"]


def test_interrupted(cohort):
    def stop(event):
        if event.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(FitInterruptedError, match="on_interrupt='keep'"):
        sh.Synthesizer("hybrid", random_state=0).fit(cohort, on_progress=stop)
    kept = sh.Synthesizer("hybrid", random_state=0).fit(
        cohort, on_progress=stop, on_interrupt="keep"
    )
    assert kept.partial_
    drawn = kept.sample(300)
    assert drawn.columns.tolist() == cohort.columns.tolist()
    assert drawn["sex"].nunique() == 2
    # The columns that were not looked at are the copula's, which knows this pair.
    assert drawn["haemoglobin"].corr(drawn["rbc"]) > 0.15


def test_loaded_it_draws_the_same(models):
    model = models["hybrid"]
    again = type(model).from_state(model.state())
    pd.testing.assert_frame_equal(model.sample(50, seed=4), again.sample(50, seed=4))


def test_a_strangers_state_is_checked(models):
    state = models["hybrid"].state()
    assert state["by_tree"]

    def changed(name, place, value):
        array = state[name].copy()
        array[place] = value
        return state | {name: array}

    asks = int(np.flatnonzero(state["feature"] >= 0)[0])
    for forged in (
        changed("feature", asks, 3),
        changed("feature", asks, -2),
        changed("left", asks, 0),
        changed("left", asks, 9_999),
        changed("sizes", 0, 0),
        changed("sizes", 3, 1),
        changed("weights", 0, 0),
        changed("shares", slice(0, 200), 0),
        changed("slants", 0, 1e6),
        changed("nodes", 0, 2**40),
        changed("correlation", (0, 1), 0.9),
        changed("correlation", (0, 0), 0.5),
        state | {"shares": state["shares"][:-1]},
        state | {"more": np.ones(1)},
        {name: value for name, value in state.items() if name != "correlation"},
        state | {"sequence": ["sex", "sex", "age", "lab"]},
        state | {"sequence": ["sex", "ward", "age"]},
        state | {"by_tree": [*state["by_tree"], "no such"]},
        state | {"by_tree": [state["by_tree"][0]] * 2},
        state | {"bins": state["bins"][:1]},
        state | {"bins": state["bins"] * 2},
        state | {"margins": state["margins"][::-1]},
        state | {"settings": {}},
    ):
        with pytest.raises((ArtifactError, ValueError)):
            get("hybrid").from_state(forged)
