from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthhealth.errors import SchemaError, TableError
from synthhealth.schema import Column, Kind, Schema


def kind_of(values) -> str:
    return Schema.detect(pd.DataFrame({"x": values}))["x"].kind.value


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (range(61), "count"),  # SDV takes unique whole numbers for a primary key
        (np.linspace(0.1, 9, 30), "continuous"),
        ([1.0, 2.0, np.nan, *range(3, 30)], "count"),
        ([0, 1, 1, 0, 1], "boolean"),
        ([0.0, 1.0, np.nan, 1.0], "boolean"),
        ([1, 2, 1, 2], "nominal"),
        ([4, 1, 3, 2, 4, 1], "ordinal"),
        ([0.0, 0.5, 1.0, 0.5], "ordinal"),
        ([True, False, True], "boolean"),
        (pd.array([True, None, False], dtype="boolean"), "boolean"),
        (["F", "M", None], "nominal"),
        (pd.array(["F", "M"], dtype="string"), "nominal"),
        (pd.Categorical(["I", "II"], ordered=True), "ordinal"),
        (pd.Categorical(["I", "II"]), "nominal"),
        (pd.to_datetime(["2020-01-01", "2021-01-01"]), "datetime"),
        (pd.Series([1, 2, 3, 4, 5, 6, 7], dtype=object), "count"),
    ],
)
def test_kind_comes_from_values_and_dtype(values, kind):
    assert kind_of(values) == kind


@pytest.mark.parametrize(
    ("values", "kind", "levels"),
    [
        (["yes", "no", None], "boolean", ("no", "yes")),
        (["Ja", "Nein"], "boolean", ("Nein", "Ja")),
        (["N", "Y", "n/a"], "boolean", ("N", "Y")),
        (["positive", "negative"], "boolean", ("negative", "positive")),
        (["+", "-"], "boolean", ("-", "+")),
        (["severe", "mild", "moderate"], "ordinal", ("mild", "moderate", "severe")),
        (["HIGH", "Low", "Medium"], "ordinal", ("Low", "Medium", "HIGH")),
        (["current", "never", "former"], "ordinal", ("never", "former", "current")),
        (["III", "I", "IIIa", "II"], "ordinal", ("I", "II", "III", "IIIa")),
        (["Stage IV", "Stage I", "Stage II"], "ordinal", ("Stage I", "Stage II", "Stage IV")),
        (["G3b", "G1", "G3a", "G2"], "ordinal", ("G1", "G2", "G3a", "G3b")),
        (["+++", "-", "+", "++"], "ordinal", ("-", "+", "++", "+++")),
        (["1:160", "1:40", "negative"], "ordinal", ("negative", "1:40", "1:160")),
        (["1:160", "<1:40", "1:40"], "ordinal", ("<1:40", "1:40", "1:160")),
        (["31-50", "<18", ">50", "18-30"], "ordinal", ("<18", "18-30", "31-50", ">50")),
        (["10", "9", "8.5", "11"], "ordinal", ("8.5", "9", "10", "11")),
        (["<5", "7", "5"], "ordinal", ("<5", "5", "7")),
        # No order in the words: sites, wards, blood groups, codes.
        (["site 2", "site 1", "site 3"], "nominal", None),
        (["A1", "A2", "B1"], "nominal", None),
        (["A", "B", "AB", "0"], "nominal", None),
        (["V", "X"], "nominal", None),
        (["mild", "severe", "Cairo"], "nominal", None),
        (["007", "012", "123"], "nominal", None),
    ],
)
def test_words_with_and_without_an_order(values, kind, levels):
    column = Schema.detect(pd.DataFrame({"x": values * 4}))["x"]
    assert (column.kind.value, column.levels) == (kind, levels)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["<0.5", "1.2", "3.25", "7", "9.1", "4"], "continuous"),
        (["1,5", "2,25", "3", "4,1", "5,5", "6"], "continuous"),
        (["12 mg/L", "14 mg/L", "15 mg/L", "9 mg/L", "8 mg/L", "7 mg/L"], "count"),
        ([1.5, "<0.5", 2.0, None, 3.5, 4, 7.25, 8, 9.5], "continuous"),
        (["31.12.2020", "01.02.2021"], "datetime"),
        (["2019", "2020", "2021", "2022", "2018", "2017"], "count"),
        (["5 mg/L", "12 mg/dL", "3 mg/L", "8 mg/L", "9 mg/L", "4 mg/L"], "nominal"),
        (["negative", "12.5", "33", "48.1", "20.1", "15.5", "18.8"], "nominal"),
    ],
)
def test_numbers_and_dates_in_text(values, kind):
    assert kind_of(values * 6) == kind


@pytest.mark.parametrize(
    ("values", "missing", "kind"),
    [
        ([0, 1, -9], (-9,), "boolean"),
        ([*range(20, 60), -99], (-99,), "count"),
        ([*np.linspace(0.1, 80, 40).round(1), 999], (999,), "continuous"),
        ([1, 2, 3, 99], (99,), "ordinal"),
        ([*range(20, 99), 99], (), "count"),  # an age like the others
        ([*np.linspace(-12, 12, 40).round(1), -9], (), "continuous"),  # a base excess
        ([*range(300, 900, 7), 999], (), "count"),
    ],
)
def test_numbers_that_stand_for_missing_values_lie_apart_and_are_repeated(values, missing, kind):
    column = Schema.detect(pd.DataFrame({"x": values * 3}))["x"]
    assert (column.missing, column.kind.value) == (missing, kind)
    once = Schema.detect(pd.DataFrame({"x": [*values[:-1] * 3, values[-1]]}))["x"]
    assert once.missing == ()


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("industry recode", range(30), "nominal"),
        ("income", range(30), "count"),
        ("risk group", range(1, 11), "ordinal"),
        ("visits", range(1, 11), "count"),
        ("visit_date", range(43_000, 43_040), "datetime"),
        ("cd4", range(43_000, 43_040), "count"),
        ("VisitDate", [20200131, 20200229, 20210301, 20201224, 20200101, 20190507], "datetime"),
        ("date", [20200131, 20200230, 20210301, 20201224, 20200101, 20190507], "datetime"),
        ("date", [20200131, 20200230, 20210301, 20201232, 20200101, 20190507], "count"),
        ("sex", [0, 1], "nominal"),
        ("death", [0, 1], "boolean"),
    ],
)
def test_a_name_decides_only_between_two_readings(name, values, kind):
    table = pd.DataFrame({name: list(values) * 4})
    assert Schema.detect(table)[name].kind.value == kind


def test_long_text_and_codes_of_patients_are_never_modelled():
    table = pd.DataFrame(
        {
            "note": [f"seen on ward {i}, felt much better than before" for i in range(40)],
            "sample": [f"AB-{i:04d}" for i in range(40)],
            "mail": [f"p{i}@example.org" for i in range(40)],
            "id": range(1, 41),
            "lab": np.random.default_rng(0).permutation(40),
        }
    )
    kinds = {column.name: column.kind.value for column in Schema.detect(table)}
    assert kinds == {
        "note": "text",
        "sample": "identifier",
        "mail": "identifier",
        "id": "identifier",
        "lab": "count",
    }


@pytest.mark.parametrize("name", ["disease_state", "therapy_line1", "id", "name", "ssn", "city"])
def test_names_are_never_used(name):
    table = pd.DataFrame({name: ["a", "b", "a", "c"]})
    assert Schema.detect(table)[name].kind is Kind.NOMINAL


@pytest.mark.parametrize(
    "values",
    [
        [1 + 2j, 3j],
        [[1], [2]],
        [{"a": 1}, (2, 3)],
        [pd.Series([1]), pd.Series([2])],
        [object(), b"\xff\x00"],
    ],
)
def test_unsupported_types_name_the_column(values):
    with pytest.raises(TableError, match="column 'x'"):
        kind_of(values)


def test_units_come_from_attrs():
    table = pd.DataFrame({"crp": np.linspace(1, 9, 20), "sex": ["F", "M"] * 10})
    table.attrs["units"] = {"crp": "mg/L"}
    schema = Schema.detect(table)
    assert schema["crp"].unit == "mg/L"
    assert schema["sex"].unit is None
    assert schema.numerical == ["crp"]
    assert schema.categorical == ["sex"]


def test_round_trip_and_unknown_names():
    schema = Schema(columns=(Column(name="a", kind="count"), Column(name="b", kind="nominal")))
    assert Schema.model_validate_json(schema.model_dump_json()) == schema
    assert len(schema) == 2
    with pytest.raises(SchemaError, match="'c'"):
        schema["c"]
    with pytest.raises(SchemaError, match="declared twice"):
        Schema(columns=(Column(name="a", kind="count"), Column(name="a", kind="nominal")))


def test_demographics_must_be_columns():
    with pytest.raises(SchemaError, match=r"'gender'.*did you mean 'Gender'"):
        Schema(
            columns=(Column(name="Gender", kind="nominal"),),
            demographics={"sex": "gender", "female": "F", "male": "M"},
        )


def test_days_of_arrow_are_dates():
    days = pd.Series(pd.date_range("2020-01-01", periods=20)).astype("date32[pyarrow]")
    schema = Schema.detect(pd.DataFrame({"day": days, "x": range(20)}))
    assert schema["day"].kind is Kind.DATETIME
