"""Every table that cannot be learned is refused with a sentence that helps, and without values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthhealth.errors import SchemaError, SynthHealthError, TableError
from synthhealth.schema import Column, Schema
from synthhealth.synthesizer import Synthesizer

SECRET = 73.519


def good(n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"crp": rng.lognormal(size=n).round(2), "sex": rng.choice(["F", "M"], n)})


def with_column(values) -> pd.DataFrame:
    return good().assign(bad=values)


BAD = {
    "empty": (good().head(0), "empty"),
    "no columns": (pd.DataFrame(index=range(20)), "empty"),
    "one row": (good().head(1), "1 row;"),
    "five rows": (good().head(5), "5 rows"),
    "one column": (good()[["crp"]], "one column, 'crp'"),
    "duplicate names": (pd.concat([good(), good()], axis=1), "'crp', 'sex'"),
    "all but one constant": (
        with_column(SECRET).assign(sex="Mr Smith"),
        "of 3 columns, 2 have the same value",
    ),
    "infinite": (with_column([np.inf, -np.inf, *np.arange(38.0)]), "column 'bad': 2 values"),
    "mixed": (with_column([SECRET, b"Mr Smith"] * 20), "'bad' holds values of types"),
    "unique text": (with_column([f"Mr Smith {i}" for i in range(40)]), r"'bad' \(unique code\)"),
    "10,000 categories": (
        pd.DataFrame(
            {"crp": np.arange(30_000.0), "icd": [f"c{i % 10_000}" for i in range(30_000)]}
        ),
        "column 'icd' has 10,000 categories",
    ),
    "numbers as names": (good().rename(columns={"crp": 1}), "astype"),
    "two levels of names": (
        good().set_axis(pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]), axis=1),
        "flatten",
    ),
    "no table": ({"crp": [1, 2, 3]}, "DataFrame"),
}


@pytest.mark.parametrize("case", BAD)
def test_refused(case):
    table, words = BAD[case]
    with pytest.raises((TableError, SchemaError), match=words) as caught:
        Synthesizer(random_state=0).fit(table)
    message = str(caught.value)
    assert "Smith" not in message
    assert "73.519" not in message
    assert "1971" not in message


def test_text_declared_as_a_number_is_counted_not_shown():
    schema = Schema(
        columns=(Column(name="crp", kind="continuous"), Column(name="sex", kind="count"))
    )
    with pytest.raises(TableError, match="column 'sex': 40 values are not numbers"):
        Synthesizer(schema=schema).fit(good())


@pytest.mark.parametrize(("n", "words"), [(1, "1 value lies"), (2, "2 values lie")])
def test_values_outside_the_plausible_range_are_counted(n, words):
    table = good().assign(age=[*range(20, 60 - n), *[SECRET] * n])
    columns = (Column(name="age", kind="continuous", plausible={"high": 73}),)
    schema = Schema(columns=(*Schema.detect(good()).columns, *columns))
    with pytest.raises(TableError, match=f"column 'age': {words} outside its plausible") as caught:
        Synthesizer(schema=schema).fit(table)
    assert "73.5" not in str(caught.value)


@pytest.mark.parametrize("change", ["lacks", "has"])
def test_schema_of_another_table(change):
    table = good()
    schema = Schema.detect(table)
    other = table.drop(columns="sex") if change == "lacks" else table.assign(extra=range(40))
    with pytest.raises(SchemaError, match=change):
        Synthesizer(schema=schema).fit(other)


def test_unicode_and_odd_names_work():
    table = good(60).rename(columns={"crp": "ترسيب الدم", "sex": "Geschlecht (m/w) <b>.value"})
    table["alk.phos"] = np.random.default_rng(1).normal(100, 20, 60).round(1)
    sampled = Synthesizer(random_state=0).fit(table).sample(30)
    assert list(sampled.columns) == list(table.columns)


def test_all_are_children_of_one_error():
    with pytest.raises(SynthHealthError):
        Synthesizer("no such model").fit(good())


@pytest.mark.parametrize("kind", ["continuous", "datetime64"])
def test_columns_about_a_few_patients_alone(kind):
    """From the mean, the others' value and the number of patients theirs could be computed."""
    table = good(60)
    if kind == "datetime64":
        days = pd.Series(pd.Timestamp("2020-01-01"), index=table.index)
        table["odd"] = days.mask(table.index == 7, pd.Timestamp("1987-06-05"))
    else:
        table["odd"] = np.where(table.index < 4, [*range(100, 160)], 0)
    schema = Schema.detect(table)
    if kind == "continuous":
        columns = [one for one in schema if one.name != "odd"]
        schema = Schema(columns=(*columns, Column(name="odd", kind=kind)))
    with pytest.raises(TableError, match=r"'odd': fewer than 5 patients.*--drop"):
        Synthesizer(schema=schema).fit(table)


def test_a_flag_of_one_patient_is_learned_only_if_the_schema_says_so():
    table = good(60).assign(transplanted=[True] + [False] * 59, dead=[1] + [0] * 59)
    table["odd"] = np.where(table.index == 7, 137.25, 0.0)
    fake = Synthesizer(random_state=0).fit(table).sample(30)
    assert set(fake["dead"]) == {0}
    assert set(fake["transplanted"]) == {False}
    assert set(fake["odd"]) == {0.0}
    schema = Schema.detect(table)
    columns = [
        one.model_copy(update={"rare": "keep"}) if one.name == "dead" else one for one in schema
    ]
    kept = Synthesizer(schema=Schema(columns=columns), random_state=0).fit(table)
    assert kept.fitted_.preparation.form["dead"].levels == (0, 1)


def test_all_problems_are_in_one_message():
    table = good(60)
    table["home town"] = [f"Mr Smith {i}" for i in range(60)]
    table["dose"] = np.where(table.index < 3, np.inf, table["crp"])
    table["flag"] = np.where(table.index == 7, 137.25, 0.0)
    table["hb"] = [*["73.519"] * 30, *["Mr Smith"] * 30]
    schema = Schema(
        columns=(
            *Schema.detect(good(60)),
            Column(name="home town", kind="identifier", identifier="place"),
            Column(name="dose", kind="continuous"),
            Column(name="flag", kind="nominal"),
            Column(name="hb", kind="continuous"),
        )
    )
    with pytest.raises(SynthHealthError) as caught:
        Synthesizer(schema=schema).fit(table)
    message = str(caught.value)
    first, *problems, last = message.splitlines()
    named = [line.split("'")[1] for line in problems]
    assert first == f"{len(named)} columns cannot be learned as they are:"
    assert len(named) >= 3
    assert {"home town", "dose"} <= set(named)
    assert "--protect drop" in problems[0]
    assert "--drop 'home town'" in last
    assert "on the command line" in last
    assert f"table.drop(columns={named!r}) in Python" in last
    assert not any(value in message for value in ("Smith", "73.5", "137"))


def test_one_problem_says_both_ways_out():
    with pytest.raises(TableError) as caught:
        Synthesizer().fit(with_column([np.inf, *np.arange(39.0)]))
    assert "infinite" in str(caught.value)
    assert str(caught.value).endswith(
        "or leave it out: --drop bad on the command line, table.drop(columns=['bad']) in Python"
    )
    assert "\n" not in str(caught.value)


def test_columns_that_cannot_be_detected_are_named_together():
    table = good().assign(a=[[1], "Mr Smith"] * 20, b=[{"x": 1}] * 40)
    with pytest.raises(TableError, match=r"2 columns(.|\n)*'a'(.|\n)*'b'") as caught:
        Schema.detect(table)
    assert "Smith" not in str(caught.value)


def test_many_codes_are_learned_where_some_are_frequent():
    """500 different codes are no names of people, as long as the rare ones are pooled."""
    rng = np.random.default_rng(0)
    frequent = rng.choice([f"I{i}.{i % 9}" for i in range(10, 20)], 300)
    rare = [f"{letter}{i:02d}.{i % 9}" for letter in "ABCDE" for i in range(100)]
    table = good(800).assign(icd=[*frequent, *rare])
    schema = Schema.detect(table)
    assert schema["icd"].kind.value == "nominal"
    drawn = Synthesizer(schema=schema, random_state=0).fit(table).sample(200)
    assert set(drawn["icd"]) <= {*frequent, "other"}
    kept = schema.model_copy(
        update={
            "columns": tuple(
                one.model_copy(update={"rare": "keep"}) if one.name == "icd" else one
                for one in schema
            )
        }
    )
    with pytest.raises(TableError, match="look like names"):
        Synthesizer(schema=kept).fit(table)
