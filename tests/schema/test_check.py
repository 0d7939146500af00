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
    "all missing": (with_column(np.nan), "column 'bad' is empty"),
    "all missing text": (with_column(None), "column 'bad' is empty"),
    "constant number": (with_column(SECRET), "column 'bad' has the same value"),
    "constant text": (with_column("Mr Smith"), "column 'bad' has the same value"),
    "constant date": (with_column(pd.Timestamp("1971-03-07")), "column 'bad' has the same value"),
    "infinite": (with_column([np.inf, -np.inf, *np.arange(38.0)]), "column 'bad': 2 values"),
    "mixed": (with_column([SECRET, b"Mr Smith"] * 20), "column 'bad': .* mixed"),
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


@pytest.mark.parametrize("kind", ["continuous", "datetime64", "two numbers"])
def test_columns_about_a_few_patients_alone(kind):
    """From the mean, the others' value and the number of patients theirs could be computed."""
    table = good(60)
    if kind == "datetime64":
        days = pd.Series(pd.Timestamp("2020-01-01"), index=table.index)
        table["odd"] = days.mask(table.index == 7, pd.Timestamp("1987-06-05"))
    elif kind == "continuous":
        table["odd"] = np.where(table.index < 4, [*range(100, 160)], 0)
    else:
        table["odd"] = np.where(table.index == 7, 137.25, 0.0)
    schema = Schema.detect(table)
    if kind == "continuous":
        columns = [one for one in schema if one.name != "odd"]
        schema = Schema(columns=(*columns, Column(name="odd", kind=kind)))
    with pytest.raises(TableError, match=r"'odd': fewer than 5 patients.*--drop") as caught:
        Synthesizer(schema=schema).fit(table)
    assert "137" not in str(caught.value)


def test_a_flag_of_one_patient_is_learned():
    table = good(60).assign(transplanted=[True] + [False] * 59, dead=[1] + [0] * 59)
    fake = Synthesizer(random_state=0).fit(table).sample(30)
    assert set(fake["dead"]) <= {0, 1}
