"""Levels that few patients have: never learned by name, and compared as what they became."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthhealth.errors import ConditionError, SchemaError, TableError
from synthhealth.evaluation import evaluate_tables
from synthhealth.schema import Column, Demographics, Schema, coarsened, propose
from synthhealth.schema.rare import plan
from synthhealth.synthesizer import Synthesizer
from synthhealth.table.learning import prepare
from synthhealth.table.preparation import Preparation

N = 200


def clinic(**columns) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "age": rng.integers(20, 90, N),
            "crp": rng.lognormal(1, 1, N).round(1),
            "sex": rng.choice(["F", "M"], N),
        }
    )
    # Other levels than the first ones are spread over the table.
    order = rng.permutation(N)
    return table.assign(**{name: np.asarray(values)[order] for name, values in columns.items()})


def repeated(**counts) -> list:
    return [level for level, count in counts.items() for _ in range(count)]


DIAGNOSES = repeated(RA=120, SLE=70, gout=4, FMF=3, Behcet=3)


def leaves(value):
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from leaves(part)
    else:
        yield value


def learned(table, schema=None) -> Preparation:
    known = schema or Schema.detect(table)
    return prepare(table, known, np.random.default_rng(0))[0]


def decided(values, kind, *, levels=None, rare=None, min_cell=5, named=()):
    series = pd.Series(values, name="x")
    return plan(series, Column(name="x", kind=kind, levels=levels, rare=rare), min_cell, named)


def test_nominal_levels_are_pooled():
    found = decided(DIAGNOSES, "nominal")
    assert found.rule == "merge"
    assert found.pool == "other"
    assert found.becomes == dict.fromkeys(["gout", "FMF", "Behcet"], "other")


def test_an_existing_other_takes_them():
    found = decided(repeated(RA=50, Other=6, gout=2, FMF=2), "nominal")
    assert set(found.becomes.values()) == {"Other"}


def test_a_pool_of_a_few_is_dropped():
    """It would single its patients out as their level did, and no frequent level pays for it."""
    assert decided(repeated(F=90, M=60, X=1), "nominal").rule == "drop"
    assert decided(repeated(RA=50, SLE=50, other=2, gout=2), "nominal").concerned == (
        "gout",
        "other",
    )


def test_one_level_may_be_left():
    assert decided(repeated(no=50, yes=2, maybe=1), "nominal").concerned == ("maybe", "yes")
    assert decided(repeated(no=50, yes=4, maybe=4), "nominal").pool == "other"
    assert decided([1] * 50 + [2] * 3 + [3], "nominal").concerned == (2, 3)
    assert decided([0] * 50 + [1] * 3 + [2], "ordinal").becomes == {1: 0, 2: 0}


def test_of_levels_that_all_are_rare_none_is_left():
    assert decided(repeated(ok=3, odd=1), "nominal").is_emptied
    assert decided([1.0, 1.0, np.nan, np.nan], "boolean").becomes == {1.0: 0}
    # Together they are enough.
    assert decided(repeated(a=3, b=3), "nominal").pool == "other"
    with pytest.raises(TableError, match=r"'x': each of its levels.*--drop.*rare: keep"):
        decided([1, 1, 2, 2], "nominal")


def test_a_remark_of_one_patient_is_not_learned():
    """Beside no other level, beside one that many have, and beside one that few have."""
    remark = "called the daughter 0101234"
    table = clinic(
        beside_many=[remark] + ["ok"] * 120 + [None] * 79,
        beside_few=[remark, "ok", "ok"] + [None] * 197,
    )
    synthesizer = Synthesizer(random_state=0).fit(table)
    fake = synthesizer.sample(300)
    assert set(fake["beside_many"].dropna()) == {"ok"}
    assert 0.3 < fake["beside_many"].isna().mean() < 0.5
    assert fake["beside_few"].isna().all()
    assert synthesizer.rare_levels_["beside_few"].emptied
    assert remark not in synthesizer.fitted_.preparation.model_dump_json()
    report = synthesizer.evaluate()
    assert remark not in report.data.model_dump_json()
    doubts = {one.column: one.doubts[-1] for one in propose(table).findings if one.doubts}
    assert doubts["beside_few"].weight == doubts["beside_many"].weight == 3
    assert doubts["beside_few"].settle == "rare: keep"


def test_codes_have_no_name_for_a_pool():
    found = decided([11] * 50 + [12] * 40 + [13] * 3, "nominal")
    assert (found.rule, found.concerned) == ("drop", (13,))


@pytest.mark.parametrize(
    ("values", "becomes"),
    [
        (repeated(I=50, II=40, III=8, IV=2), {"IV": "III"}),
        # Between two, towards the more frequent one.
        (repeated(I=50, II=4, III=90), {"II": "III"}),
        (repeated(I=90, II=4, III=50), {"II": "I"}),
        ([0] * 50 + [1] * 40 + [4] + [5] * 9, {4: 5}),
        (repeated(mild=50, moderate=40, severe=1), {"severe": "moderate"}),
    ],
)
def test_ordinal_levels_join_their_neighbours(values, becomes):
    assert decided(values, "ordinal").becomes == becomes


def test_an_order_that_only_the_schema_knows_cannot_be_kept():
    values = repeated(bland=50, busy=40, florid=1)
    found = decided(values, "ordinal", levels=("bland", "florid", "busy"))
    assert found.rule == "drop"


def test_two_valued_columns_are_no_exception():
    assert decided(repeated(no=199, yes=1), "boolean").concerned == ("yes",)
    assert decided(repeated(F=199, M=1), "nominal").concerned == ("M",)
    assert decided(repeated(F=199, M=1), "nominal", rare="keep").rule == "keep"
    assert decided(repeated(F=199, M=5), "nominal") is None


def test_levels_count_patients_and_not_rows():
    values = pd.Series(repeated(RA=50, SLE=8, gout=5), name="x")
    # One patient has gout five times, three have SLE, all others one row each.
    subjects = np.array([*range(50), 50, 50, 51, 51, 51, 52, 52, 52, *[60] * 5])
    column = Column(name="x", kind="nominal")
    assert plan(values, column, 5) is None
    found = plan(values, column, 5, subjects=subjects)
    assert (found.rule, found.concerned) == ("drop", ("SLE", "gout"))
    # The same patient in two rare levels counts once for their pool.
    subjects[-5:] = [50, 51, 60, 60, 60]
    assert plan(values, column, 5, subjects=subjects).rule == "drop"
    assert plan(values, column, 4, subjects=subjects).becomes == {"SLE": "other", "gout": "other"}


def test_rare_may_be_kept_or_dropped():
    assert decided(DIAGNOSES, "nominal", rare="keep").rule == "keep"
    assert decided(DIAGNOSES, "nominal", rare="drop").concerned == ("Behcet", "FMF", "gout")
    assert decided(DIAGNOSES, "nominal", min_cell=1) is None
    assert decided(DIAGNOSES, "nominal", min_cell=4).concerned == ("Behcet", "FMF")


def test_no_rare_level_is_in_the_preparation():
    stage = pd.Categorical(repeated(low=120, high=76, top=4), ["low", "high", "top"], ordered=True)
    group = pd.Categorical(repeated(a=120, b=70, c=5, d=3, e=2), [*"abcdef"])
    table = clinic(diagnosis=DIAGNOSES, grade=repeated(I=120, II=72, III=7, IV=1)).assign(
        stage=stage, group=group, ward=[7001] * 120 + [7002] * 79 + [7003]
    )
    preparation = learned(table)
    text = preparation.model_dump_json()
    for name in ("gout", "FMF", "Behcet", '"IV"', '"top"', '"d"', '"e"', "7003"):
        assert name not in text, name
    assert '"f"' not in text  # a category that no patient has
    assert preparation.described["diagnosis"].levels == ("RA", "SLE", "other")
    assert preparation.learned["diagnosis"].levels == ("RA", "SLE", "other")
    assert preparation.described["grade"].levels == ("I", "II", "III")
    record = preparation.rare["diagnosis"]
    assert (record.rule, record.n_levels, record.n_patients) == ("merge", 3, 10)
    assert preparation.rare["ward"].n_patients is None


def test_the_synthetic_table_keeps_its_form():
    group = pd.Categorical(repeated(a=120, b=70, c=4, d=4, e=2), [*"abcdef"])
    table = clinic(diagnosis=DIAGNOSES).assign(
        group=group,
        ward=[7001] * 120 + [7002] * 79 + [7003],
        grade=[0] * 120 + [1] * 78 + [2, 3],
    )
    synthesizer = Synthesizer(random_state=0).fit(table)
    fake = synthesizer.sample(2_000)
    assert set(fake["diagnosis"]) == {"RA", "SLE", "other"}
    # False alarm once in 16,000: 4 standard errors of the share of the pool.
    assert abs((fake["diagnosis"] == "other").mean() - 0.05) < 4 * np.sqrt(0.0475 * (1 / N + 5e-4))
    assert list(fake["group"].cat.categories) == ["a", "b", "other"]
    assert fake["ward"].dtype == table["ward"].dtype
    assert set(fake["ward"]) == {7001, 7002}
    assert fake["grade"].dtype == table["grade"].dtype
    assert set(fake["grade"]) == {0, 1}
    assert not fake.isna().any().any()
    assert synthesizer.rare_levels_["diagnosis"].pool == "other"


def test_a_fitted_schema_fits_the_same_table_again():
    table = clinic(
        diagnosis=DIAGNOSES,
        grade=repeated(I=120, II=72, III=7, IV=1),
        sole=repeated(x=150, y=49, z=1),
        ward=[1] * 120 + [2] * 72 + [3] * 7 + [4],
        test=repeated(no=195, yes=3, maybe=2),
    )
    first = learned(table)
    again = learned(table, first.described)
    assert again.model_dump_json() == first.model_dump_json()


def test_cells_without_a_level_are_refused_unless_rare_says_what_to_do():
    table = clinic(diagnosis=DIAGNOSES)
    schema = Schema.detect(table)

    def said(**what):
        column = schema["diagnosis"].model_copy(update=what)
        return schema.model_copy(update={"columns": (*schema.columns[:3], column)})

    with pytest.raises(TableError, match="none of its 2 levels"):
        learned(table, said(levels=("RA", "SLE")))
    assert learned(table, said(levels=("RA", "SLE"), rare="merge")).rare["diagnosis"].n_levels == 3


def test_levels_in_rules_stay():
    table = clinic(diagnosis=DIAGNOSES, grade=repeated(I=120, II=72, III=6, IV=2))
    schema = Schema.detect(table).model_copy(
        update={"rules": ('if diagnosis == "gout" then age >= 18', 'grade <= "IV"')}
    )
    preparation = learned(table, schema)
    assert set(preparation.form["diagnosis"].levels) == {"RA", "SLE", "gout", "other"}
    assert preparation.form["grade"].levels == ("I", "II", "III", "IV")
    assert preparation.rare["grade"].rule == "keep"
    assert preparation.rare["grade"].named


def test_a_rule_may_name_a_level_that_nobody_has():
    table = clinic(diagnosis=DIAGNOSES)
    schema = Schema.detect(table).model_copy(
        update={"rules": ('if diagnosis == "lupus" then age >= 18',)}
    )
    assert "lupus" in learned(table, schema).described["diagnosis"].levels
    assert Synthesizer(schema=schema, random_state=0).fit(table).sample(20).shape == (20, 4)


def test_a_sex_of_few_patients_is_forgotten():
    """Detection names the sexes by itself; to keep a rare one takes a word of the user."""
    table = clinic().assign(sex=repeated(F=197, M=3))
    schema = Schema.detect(table)
    assert schema.demographics.male == "M"
    preparation = learned(table, schema)
    assert preparation.constants["sex"].cell == "F"
    assert preparation.described.demographics == Demographics(sex="sex", female="F", age="age")
    assert '"M"' not in preparation.model_dump_json()
    finding = next(one for one in propose(table).findings if one.column == "sex")
    assert [(doubt.settle, doubt.weight) for doubt in finding.doubts] == [("rare: keep", 3)]


def test_conditions_say_that_a_level_was_too_rare():
    synthesizer = Synthesizer(random_state=0).fit(clinic(diagnosis=DIAGNOSES))
    words = r"fewer than 5 patients were too rare.*'other'; ask for one of the 3 levels"
    with pytest.raises(ConditionError, match=words):
        synthesizer.sample(5, conditions={"diagnosis": "gout"})
    assert set(synthesizer.sample(5, conditions={"diagnosis": "other"})["diagnosis"]) == {"other"}


def test_dropped_is_not_missing():
    table = clinic(ward=[1] * 120 + [2] * 77 + [3] * 3).astype({"ward": "Int64"})
    table.loc[::10, "ward"] = pd.NA
    preparation = learned(table)
    assert preparation.form["ward"].levels == (1, 2)
    patterns = preparation.patterns
    missing = np.asarray(patterns.sizes) @ patterns._dense()
    share = sum(m for m, row in zip(missing, patterns.patterns, strict=True) if any(row))
    assert share == pytest.approx(0.1)


def test_real_levels_are_compared_as_what_they_became():
    table = clinic(diagnosis=DIAGNOSES, grade=repeated(I=120, II=72, III=7, IV=1))
    schema = learned(table).described
    coarse = coarsened(table, schema)
    assert coarse["diagnosis"].value_counts().to_dict() == {"RA": 120, "SLE": 70, "other": 10}
    assert coarse["grade"].value_counts().to_dict() == {"I": 120, "II": 72, "III": 8}
    result = evaluate_tables(table, coarse, schema)
    assert {one.column: one.tv_complement for one in result.categorical} == {
        "sex": 1.0,
        "diagnosis": 1.0,
        "grade": 1.0,
    }
    # Without a fitted schema nothing changes.
    assert coarsened(table, Schema.detect(table)) is table
    plain = evaluate_tables(table, coarse)
    assert {one.column: one.n_categories for one in plain.categorical}["diagnosis"] == 6


def test_new_patients_levels_are_pooled_too():
    schema = learned(clinic(diagnosis=DIAGNOSES)).described
    table = clinic(diagnosis=repeated(RA=100, SLE=90, vasculitis=10))
    assert set(coarsened(table, schema)["diagnosis"]) == {"RA", "SLE", "other"}


@pytest.mark.parametrize(
    ("name", "column", "rule", "gone"),
    [
        ("flchain", "chapter", "merge", ("Blood", "Skin", "Congenital")),
        ("adult", "native-country", "drop", ("Holand-Netherlands",)),
        ("hcc_survival", "Encephalopathy degree", "merge", (3,)),
    ],
)
def test_rare_levels_of_real_tables(clinical, name, column, rule, gone):
    table = clinical(name)
    preparation = learned(table, Schema.detect(table).with_protection("drop"))
    assert column in preparation.rare
    assert preparation.rare[column].rule == rule
    assert not set(gone) & set(leaves(preparation.form[column].model_dump()))
    assert not {one for one in gone if isinstance(one, str)} & set(
        leaves(preparation.model_dump(mode="json"))
    )


def test_a_schema_file_keeps_it(tmp_path):
    schema = Schema(
        columns=(Column(name="a", kind="nominal", rare="drop"), Column(name="b", kind="count")),
        min_cell=10,
    )
    for name in ("schema.yaml", "schema.json"):
        schema.to_file(tmp_path / name)
        assert Schema.from_file(tmp_path / name) == schema
    (tmp_path / "wrong.yaml").write_text("columns:\n  - {name: a, kind: count, rare: pool}\n")
    with pytest.raises(SchemaError, match="rare"):
        Schema.from_file(tmp_path / "wrong.yaml")


def test_the_proposal_says_it():
    finding = propose(clinic(diagnosis=DIAGNOSES)).findings[-1]
    assert "3 levels of fewer than 5 patients will be pooled as 'other'" in finding.doubts[-1]
    finding = propose(clinic(grade=repeated(I=120, II=77, III=3))).findings[-1]
    assert "1 level of fewer than 5 patients" in finding.doubts[-1]
    assert "to learn it: rare: keep" in finding.doubts[-1]


def test_a_limit_of_one_patient_is_not_learned():
    """Of a sample that was diluted by itself; the assay's own limits stay."""
    crp = ["<0.5"] * 30 + ["<0.37"] + [">90"] + [f"{x:.1f}" for x in np.linspace(0.6, 80, N - 32)]
    table = clinic(crp=crp)
    preparation = learned(table)
    limits = preparation.censoring["crp"]
    assert [limit for limit, _ in limits.below] == [0.5]
    assert limits.below[0][1] == pytest.approx(1)
    # One limit of a side is the assay's, however few are beyond it.
    assert [limit for limit, _ in limits.above] == [90]
    assert preparation.described["crp"].detection.below == (0.5,)
    assert "0.37" not in preparation.model_dump_json()
    fake = Synthesizer(random_state=0).fit(table).sample(500)
    assert "<0.37" not in set(fake["crp"])


@settings(max_examples=40)
@given(
    counts=st.lists(st.integers(1, 12), min_size=2, max_size=9),
    kind=st.sampled_from(["nominal", "ordinal"]),
    numbers=st.booleans(),
    rare=st.sampled_from([None, "merge", "drop"]),
    min_cell=st.integers(1, 8),
)
def test_every_level_that_is_left_has_enough_patients(counts, kind, numbers, rare, min_cell):
    """And no rare name stays anywhere, also of levels that one patient has."""
    names = [70_001 + i if numbers else f"level {i + 1}" for i in range(len(counts))]
    values = [name for name, count in zip(names, counts, strict=True) for _ in range(count)]
    values += [names[0]] * max(0, 20 - len(values))
    table = pd.DataFrame({"x": values, "age": np.arange(len(values)) % 7 + 0.5})
    table["y"] = np.arange(len(values)) % 2
    schema = Schema(
        columns=(
            Column(name="x", kind=kind, rare=rare),
            Column(name="age", kind="continuous"),
            Column(name="y", kind="boolean"),
        ),
        min_cell=min_cell,
    )
    preparation = learned(table, schema)
    constant = preparation.constants.get("x")
    if constant is None:
        left = preparation.form["x"].levels
    else:  # one level is left, or none that enough patients write alike
        left = () if constant.cell is None else (constant.cell,)
    coarse = coarsened(table, preparation.described)["x"]
    sizes = coarse[coarse.isin(left)].value_counts()
    assert not len(sizes) or sizes.min() >= min_cell
    text = preparation.model_dump_json()
    assert not (set(names) - set(left)) & set(leaves(json.loads(text)))
    again = learned(table, preparation.described)
    assert again.model_dump_json() == text


def test_dates_have_no_rare_levels():
    table = clinic(diagnosis=DIAGNOSES).assign(
        visit=pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(N), "D")
    )
    findings = {finding.column: finding for finding in propose(table).findings}
    assert not any("level" in doubt for doubt in findings["visit"].doubts)
    assert any("level" in doubt for doubt in findings["diagnosis"].doubts)


def test_a_rule_that_concerns_nobody_is_not_reported():
    table = clinic(diagnosis=repeated(RA=120, SLE=80))
    column = Column(name="diagnosis", kind="nominal", levels=("RA", "SLE"), rare="merge")
    schema = Schema.detect(table)
    schema = schema.model_copy(
        update={"columns": tuple(column if c.name == "diagnosis" else c for c in schema)}
    )
    report = Synthesizer(schema=schema, random_state=0).fit(table).evaluate()
    assert report.data.rare == ()
    assert "too few patients" not in report.summary(verbose=True)


def test_no_count_below_five_is_kept_whatever_the_minimum():
    table = clinic(diagnosis=repeated(RA=120, SLE=77, FMF=2, gout=1))
    schema = Schema.detect(table).model_copy(update={"min_cell": 3})
    assert learned(table, schema).rare["diagnosis"].n_patients is None
