"""No number that one patient alone has is in what is learned of a table's form."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.datasets import load_ra_panel
from synthhealth.schema import Schema, read_column
from synthhealth.table.encoding import _seconds
from synthhealth.table.learning import prepare
from synthhealth.table.limits import learn_limits
from synthhealth.table.preparation import Preparation
from synthhealth.table.tree import grow_regression_tree

TABLES = ("pbc", "hcv", "hepatitis", "hcc_survival", "support2", "adult")


def simulated() -> pd.DataFrame:
    """Round extremes, dates, negative numbers, computed ones, a detection limit, gaps."""
    rng = np.random.default_rng(0)
    n = 150
    table = pd.DataFrame(
        {
            "score": np.append([0, 100], rng.integers(5, 96, n - 2)),
            "excess": np.append([-10.0, 15.0], rng.normal(0, 3, n - 2).round(1)),
            "ratio": rng.lognormal(0, 1, n),
            "joints": np.append([1, 9], rng.integers(2, 8, n - 2)),
            "visit": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.choice(900, n, replace=False), "D"),
            "crp": [f"{x:.2f}" if x >= 0.5 else "<0.50" for x in rng.lognormal(0, 1, n)],
            "sex": rng.choice(["F", "M"], n),
        }
    )
    table["psa"] = pd.Series(rng.lognormal(0, 1, n).round(2)).where(table["sex"] == "M")
    table.loc[table["score"] > 60, "excess"] = np.nan
    table.loc[(table["ratio"] > 1) & (rng.random(n) < 0.4), "crp"] = np.nan
    return table


def numbers_of(preparation: Preparation, name: str) -> Iterator[tuple[str, float]]:
    """Give every number in a preparation that is about the values of a column."""
    form = preparation.form[name]
    plausible = preparation.learned[name].plausible
    declared = (plausible.low, plausible.high) if plausible else ()
    yield from (
        (side, limit)
        for side, limit in (("low", form.low), ("high", form.high))
        if limit not in declared
    )
    if name in preparation.ends:
        ends = preparation.ends[name]
        yield from (("end", end[0]) for end in (ends.low, ends.high) if end is not None)
    if name in preparation.alignments:
        yield from (("aligned", point) for point in preparation.alignments[name].wanted)
    tree = preparation.patterns.groups
    for feature, threshold in zip(tree.feature, tree.threshold, strict=True):
        if feature >= 0 and tree.predictors[feature] == name:
            yield "threshold", threshold


def single(values: np.ndarray) -> np.ndarray:
    different, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return different[counts == 1]


@pytest.mark.parametrize("name", ["demo", "simulated", *TABLES])
def test_no_number_is_a_patients(name, clinical):
    made = {"demo": lambda: load_ra_panel(n=61, random_state=0), "simulated": simulated}
    table = made[name]() if name in made else clinical(name)
    schema = Schema.detect(table).with_protection("drop")
    preparation, to_learn = prepare(table, schema, np.random.default_rng(0))
    drawn = to_learn.table.sample(5_000, replace=True, random_state=0, ignore_index=True)
    # A model draws no patient's values.
    drawn[to_learn.schema.numerical] += np.random.default_rng(1).normal(0, 1e-3, (5_000, 1))
    preparation = preparation.calibrated(lambda: drawn)
    n_checked = 0
    for column in preparation.learned.numerical:
        read = read_column(table[column], preparation.learned[column])
        is_date = pd.api.types.is_datetime64_any_dtype(read.values.dtype)
        values = _seconds(read.values) if is_date else read.values.to_numpy(float, na_value=np.nan)
        if read.censored is not None:
            values = np.where(read.censored == 0, values, np.nan)
        alone = single(values)
        for what, number in numbers_of(preparation, column):
            # Nor is one of them in single precision.
            is_alone = np.isin(number, alone) or np.isin(np.float32(number), np.float32(alone))
            assert not is_alone, (column, what)
            n_checked += 1
    assert n_checked >= 1.5 * len(preparation.learned.numerical)


def test_thresholds_split_as_before():
    rng = np.random.default_rng(0)
    values = pd.DataFrame(
        {"lab": rng.lognormal(3, 1, 2_000), "age": rng.integers(18, 90, 2_000) * 2.0}
    )
    target = (values["lab"] > 30) & (values["age"] > 100) | (rng.random(2_000) < 0.1)
    grown = grow_regression_tree(values, target.to_numpy(), 64, 10)
    rounded = grown.without_values(values)
    np.testing.assert_array_equal(grown.leaf_of(values), rounded.leaf_of(values))
    asked = [at for at, feature in enumerate(grown.feature) if feature >= 0]
    assert len(asked) > 10
    lengths = [
        sum(len(repr(tree.threshold[at])) for at in asked) / len(asked) for tree in (grown, rounded)
    ]
    assert lengths[1] < lengths[0] / 2
    for at in asked:
        column = rounded.predictors[rounded.feature[at]]
        assert rounded.threshold[at] not in set(values[column])


LAWS = {
    "normal": lambda rng, n: rng.normal(13, 1, n),
    "lognormal": lambda rng, n: rng.lognormal(2, 1, n),
    "uniform": lambda rng, n: rng.uniform(0, 100, n),
    "heavy tails": lambda rng, n: rng.standard_t(3, n),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.7, 0, rng.exponential(9, n)),
}


@pytest.mark.parametrize("n", [21, 61, 1_000])
@pytest.mark.parametrize("law", LAWS)
def test_no_extreme_patient_decides_a_limit(law, n):
    """Four patients at an end may have any values there: the limits are the same bits."""
    values = np.sort(LAWS[law](np.random.default_rng(0), n).round(2))
    found = [] if law == "uniform" else [learn_limits(values, 0.01)]
    for factor in (100.0, 1e4, 1e6):
        further = values.copy()
        further[-4:] = values[-4:] + factor * np.arange(1, 5)
        found.append(learn_limits(further, 0.01))
    assert found == [found[0]] * len(found)


def test_a_score_ends_where_it_ends():
    score = np.random.default_rng(0).integers(0, 31, 120).astype(float)
    limits = learn_limits(score, 1.0)
    assert (round(limits["low"]), round(limits["high"])) == (0, 30)


@pytest.mark.parametrize("law", LAWS)
def test_limits_leave_room_for_new_patients(law):
    """Of a thousand patients, few lie beyond the limits that 61 others gave."""
    rng = np.random.default_rng(0)
    limits = learn_limits(LAWS[law](rng, 61).round(2), 0.01)
    new = LAWS[law](rng, 1_000)
    assert np.mean((new < limits["low"]) | (new > limits["high"])) < 0.025


def test_an_extreme_value_is_learned_as_the_limit():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"crp": rng.gamma(2, 8, 61).round(1), "hb": rng.normal(13, 1, 61).round(1)}
    )
    extreme = pd.concat([table, table.iloc[[0]].assign(crp=4_000.0)], ignore_index=True)
    ordinary = pd.concat([table, table.iloc[[0]].assign(crp=60.0)], ignore_index=True)
    largest, mean = {}, {}
    for name, one in (("extreme", extreme), ("ordinary", ordinary)):
        model = sh.Synthesizer("gaussian_copula", random_state=0).fit(one)
        drawn = model.sample(5_000)["crp"]
        largest[name], mean[name] = drawn.max(), drawn.mean()
    assert largest["extreme"] < 2 * largest["ordinary"]
    assert mean["extreme"] < 1.2 * mean["ordinary"]
