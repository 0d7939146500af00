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
    "mixed": (with_column([SECRET, "Mr Smith"] * 20), "column 'bad': .* mixed"),
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
