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


@pytest.mark.parametrize("name", ["disease_state", "therapy_line1", "id", "name", "ssn", "city"])
def test_names_are_never_used(name):
    table = pd.DataFrame({name: ["a", "b", "a", "c"]})
    assert Schema.detect(table)[name].kind is Kind.NOMINAL


@pytest.mark.parametrize(
    "values",
    [
        [1, "a", 2.0],
        pd.to_timedelta([1, 2], "D"),
        [1 + 2j, 3j],
        pd.period_range("2020", periods=2, freq="Y"),
        [[1], [2]],
    ],
)
def test_mixed_and_unsupported_types_name_the_column(values):
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
