"""Figures within groups: which groups there are, known truths, false alarms, small groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from synthhealth.datasets import load_ra_panel
from synthhealth.errors import ParameterError
from synthhealth.evaluation.distances import tv_complement
from synthhealth.evaluation.matching import match_columns
from synthhealth.evaluation.subgroups import Divided, compare_subgroups
from synthhealth.evaluation.tables import read_tables
from synthhealth.evaluation.work import Seeds
from synthhealth.schema import Column, Demographics, Role, Schema


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def compare(real, fake, schema=None, by=None, seed=0):
    tables = read_tables(real, fake, schema)
    return compare_subgroups(tables, match_columns(tables), Seeds.of(seed), by=by)


def cohort(n: int, seed: int) -> pd.DataFrame:
    return load_ra_panel(n=n, random_state=seed)


def names(groups) -> list[str]:
    return [f"{group.by}: {group.group}" for group in groups]


# The figures


def test_distances_are_those_of_the_tests():
    x = np.round(rng().normal(size=90), 1)
    x[:5] = np.nan
    codes = rng().integers(-1, 4, size=90)
    divided = Divided.of(50, 40, 3, rng())
    for line, ks, tv in zip(
        divided.first, divided.ks_distances(x), divided.tv_distances(codes), strict=True
    ):
        first, second = x[line], x[~line]
        expected = stats.ks_2samp(first[~np.isnan(first)], second[~np.isnan(second)]).statistic
        assert ks == pytest.approx(expected, abs=1e-12)
        counts = [np.bincount(codes[rows][codes[rows] >= 0], minlength=4) for rows in (line, ~line)]
        assert 1 - tv == pytest.approx(tv_complement(*counts), abs=1e-12)
    assert divided.first[0, :50].all()
    assert list(divided.first.sum(axis=1)) == [50] * 4


# Which groups


def test_sex_age_and_outcome_make_groups():
    schema = Schema.detect(cohort(300, 0))
    columns = [
        c.model_copy(update={"role": Role.OUTCOME}) if c.name == "anti_ccp" else c for c in schema
    ]
    schema = Schema(columns=tuple(columns), demographics=schema.demographics)
    groups, _ = compare(cohort(300, 0), cohort(300, 1), schema)
    assert {group.by for group in groups} == {"sex", "age", "anti_ccp"}
    ages = [group.group for group in groups if group.by == "age"]
    assert "40 to below 50" in ages
    assert all(min(group.n_real, group.n_synthetic) >= 10 for group in groups)
    sizes = [g.size.real.share for g in groups if g.by == "sex" and g.size.real.share is not None]
    assert sum(sizes) == pytest.approx(1.0)


def test_a_small_cohort_is_halved_by_age():
    groups, gaps = compare(cohort(61, 0), cohort(61, 1))
    assert {group.group[:5] for group in groups if group.by == "age"} == {"up to", "above"}
    (small,) = [gap for gap in gaps if gap.column == "sex: M"]
    assert small.reason == "the real table has fewer than 10 rows of it"


def test_thirds_carry_their_bounds_and_together_everybody():
    real, fake = cohort(150, 0), cohort(150, 1)
    groups, _ = compare(real, fake, by=["crp"])
    assert sorted(group.group.split()[0] for group in groups) == ["above", "above", "up"]
    assert sum(group.size.real.count for group in groups) == real["crp"].notna().sum()


def test_levels_of_few_patients_have_no_name():
    n = 200
    real = pd.DataFrame(
        {"x": rng().normal(size=n), "clinic": ["a"] * 100 + ["b"] * 96 + ["zz"] * 4}
    )
    schema = Schema(
        columns=(
            Column(name="x", kind="continuous"),
            Column(name="clinic", kind="nominal", rare="keep"),
        )
    )
    groups, gaps = compare(real, real, schema, by=["clinic"])
    assert names(groups) == ["clinic: a", "clinic: b"]
    assert "zz" not in str(gaps)
    assert "fewer than 5 real rows" in gaps[0].reason


def test_unknown_columns_are_refused_and_dates_listed():
    with pytest.raises(ParameterError, match="did you mean 'sex'"):
        compare(cohort(61, 0), cohort(61, 1), by=["sexx"])
    table = pd.DataFrame(
        {"visit": pd.date_range("2020-01-01", periods=60, freq="D"), "x": rng().normal(size=60)}
    )
    groups, gaps = compare(table, table, by=["visit"])
    assert groups == ()
    assert gaps[0].reason == "dates make no groups"
    groups, gaps = compare(table, table)
    assert "name columns" in gaps[0].reason


# Known truths


def test_no_group_of_a_perfect_generator_is_poor():
    """20 pairs of cohorts at a false-alarm rate of 5 %: more than 4 come up once in 390 runs."""
    poor, within = 0, []
    for seed in range(20):
        groups, _ = compare(cohort(61, seed), cohort(90, 700 + seed), seed=seed)
        poor += any(group.state == "worse" for group in groups)
        for group in groups:
            for score in (group.column_average, group.dependence_difference):
                within.append(score.floor.standing(score.value) == "within")
    assert poor <= 4
    assert np.mean(within) > 0.88


def test_the_group_that_is_wrong_is_named_with_its_column():
    """Five cohorts; where this was written, all of 50 were found."""
    found = 0
    for seed in range(5):
        real, fake = cohort(150, seed), cohort(200, 700 + seed)
        women = fake["sex"] == "F"
        fake.loc[women, "crp"] += (real["crp"].quantile(0.75) - real["crp"].quantile(0.25)).round(1)
        worst = compare(real, fake, seed=seed)[0][0]
        found += worst.group == "F" and worst.state == "worse" and worst.poor_columns[0] == "crp"
    assert found >= 4


def test_a_group_without_dependence_is_found():
    real, fake = cohort(200, 0), cohort(300, 1)
    women = np.flatnonzero(fake["sex"] == "F")
    for i, name in enumerate(column for column in fake if column != "sex"):
        fake.loc[women, name] = fake[name].to_numpy()[rng(i).permutation(women)]
    groups, _ = compare(real, fake)
    found = next(group for group in groups if group.group == "F")
    assert found.state == "worse"
    assert found.reason == "the dependence of its columns"
    assert found.column_average.floor.standing(found.column_average.value) == "within"
    figure = found.dependence_difference
    assert figure.floor.standing(figure.value) == "above"


def test_a_group_of_another_size_is_found():
    real, fake = cohort(400, 0), cohort(400, 1)
    fake = pd.concat([fake[fake["sex"] == "F"][:60], fake[fake["sex"] == "M"]], ignore_index=True)
    groups, _ = compare(real, fake, by=["sex"])
    assert all(group.state == "worse" for group in groups)
    assert all(group.reason == "its share of the rows" for group in groups)
    assert {group.size.standing for group in groups} == {"above", "below"}


def test_values_missing_in_one_group_are_found():
    real, fake = cohort(300, 0), cohort(300, 1)
    fake.loc[fake["sex"] == "F", "esr"] = fake["esr"].where(rng().random(300) < 0.5)
    group = next(one for one in compare(real, fake, by=["sex"])[0] if one.group == "F")
    assert group.state == "worse"
    assert group.reason == "its missing values"
    missing = group.missing_difference
    assert missing.floor.standing(missing.value) == "above"


# Odd tables


def grouped(n: int, **columns) -> pd.DataFrame:
    return pd.DataFrame({"group": np.tile(["a", "b"], n)[:n], **columns})


@pytest.mark.parametrize(
    ("columns", "compared"),
    [
        ({}, ""),
        ({"constant": np.full(60, 1.5)}, ""),
        ({"x": np.r_[np.full(59, np.nan), 1.5]}, ""),
        ({"c": [f"name {i}" for i in range(60)]}, "ab"),
        ({"x": np.r_[np.inf, np.arange(59.0)]}, "b"),
    ],
)
def test_odd_columns_give_a_result_or_a_reason(columns, compared):
    table = grouped(60, **columns)
    kinds = {"c": "nominal", "group": "nominal"}
    schema = Schema(
        columns=tuple(
            Column(
                name=name, kind=kinds.get(name, "continuous"), rare="keep" if name == "c" else None
            )
            for name in table
        )
    )
    groups, gaps = compare(table, table.copy(), schema, by=["group"])
    assert names(groups) == [f"group: {name}" for name in compared]
    assert all(group.state in ("as good", "uncertain") for group in groups)
    assert [gap.column for gap in gaps] == [f"group: {x}" for x in "ab" if x not in compared]
    assert all(gap.reason == "its rows have no column that can be compared" for gap in gaps)


def test_censored_results_are_marked_in_each_group():
    values = rng().lognormal(size=200)
    text = np.where(values < 0.5, "<0.5", [f"{value:.2f}" for value in values])
    table = grouped(200, rf=text)
    schema = Schema(
        columns=(Column(name="group", kind="nominal"), Column(name="rf", kind="continuous"))
    )
    fake = table.iloc[::-1].reset_index(drop=True)
    groups, _ = compare(table, fake, schema, by=["group"])
    assert len(groups) == 2
    assert all(group.state == "as good" for group in groups)


def test_large_groups_are_represented_by_300_rows():
    groups, _ = compare(cohort(2_000, 0), cohort(2_000, 1), by=["sex"])
    assert {group.n_real for group in groups} == {300}
    assert groups[0].size.real.n == 2_000


def test_ages_beyond_numbers_are_no_bands():
    table = grouped(60, age=np.repeat(["young", "old"], 30))
    schema = Schema(
        columns=(Column(name="group", kind="nominal"), Column(name="age", kind="nominal")),
        demographics=Demographics(age="age"),
    )
    groups, _ = compare(table, table, schema)
    assert names(groups) == ["age: old", "age: young"]


def test_the_seed_decides_everything():
    tables = cohort(61, 0), cohort(80, 1)
    assert compare(*tables) == compare(*tables)
    assert compare(*tables, seed=1) != compare(*tables)


def test_the_furthest_group_comes_first():
    real, fake = cohort(150, 3), cohort(200, 703)
    fake.loc[fake["sex"] == "M", "crp"] *= 5
    groups = compare(real, fake)[0]
    assert len(groups) > 2
    verdicts = [group.state == "worse" for group in groups]
    assert verdicts == sorted(verdicts, reverse=True)
    distances = [group.distance for group in groups if group.state == "worse"]
    assert distances == sorted(distances, reverse=True)
