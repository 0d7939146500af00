"""A proposed schema, its reasons and its doubts."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

from synthhealth.errors import TableError
from synthhealth.schema import Kind, Protection, Schema, propose, read_table


def doubts_of(values, name: str = "x") -> str:
    return " ".join(propose(pd.DataFrame({name: values})).findings[0].doubts)


@pytest.mark.parametrize(
    ("values", "doubt"),
    [
        ([0, 1, 2] * 9, "no order"),
        ([1, 2] * 9, "no and yes"),
        (["no", "yes", "metastatic"] * 9, "beside yes and no"),
        (["9th", "10th", "Masters"] * 9, "numbered"),
        (["SIP>=30", "Coma", "<2 mo."] * 9, "limits of a number"),
        ([*range(7)] * 9, "7 different whole numbers"),
        ([*range(10, 90)], "80 different whole numbers in 80 rows"),
        ([0] * 20 + [*range(60, 200)] * 2, "20 of 300 values are zero"),
        ([99999] * 5 + [*range(60, 200)] * 2, "99999 stands apart"),
        ([50_000] * 5 + [*range(60, 200)] * 2, "5 of 285 values are one number far above"),
        ([-5] * 5 + [*range(60, 200)] * 2, "5 of 285 values are one number far below"),
        ([8, 9, -9] * 9 + [*range(10, 20)], "-9 stands apart"),
        ([50.5] + [*range(60, 200)] * 2, "1 of 281 values have decimals"),
        (["1,234", "950", "12,000", "3,200", "4,100", "2,900"] * 5, "comma could part"),
        (["01/02/2020", "03/04/2020"] * 5, "day or month"),
        (["M", "m", "F"] * 5, "capitals or blanks"),
        (["12.5", "13", "9", "8", "7", "6", "ND"] * 6, "not detected"),
        (["12.5", "13", "9", "8", "7", "6", "sample old"] * 6, "1 word in 6 cells"),
        (["12", "13", "9", "8", "7", "6", "sample old", "what?"] * 3, "18 of 24 cells are numb"),
    ],
)
def test_doubts(values, doubt):
    assert doubt in doubts_of(values)


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).lognormal(1, 1, 90).round(2),
        [0, 1] * 20,
        ["F", "M"] * 20,
        ["<0,5", "1,25", "3,1", "4,4", "12,5", "n/a", "7,7"] * 5,
        ["I", "II", "III", None] * 9,
        [0] * 60 + [1, 2, 3, 4, 5, 7, 8, 11, 14, 18, 25, 40] * 2,
    ],
)
def test_plain_columns_have_none(values):
    assert doubts_of(values) == ""


def test_nothing_that_is_said_holds_a_value_of_a_patient():
    table = pd.DataFrame(
        {
            "crp": ["73,519", "<0,5", "12,1", "8,25", "Mr Smith", "9,75", "4,4", "3,3"] * 2,
            "diagnosis": ["Smithitis", *["gout"] * 7, *["lupus"] * 8],
            "weight": [*np.linspace(50, 99, 15).round(1), 412.7],
        }
    )
    for finding in propose(table).findings:
        said = finding.model_dump_json(exclude={"column"})
        assert not any(value in said for value in ("Smith", "73,5", "73.5", "412"))


def test_units_come_from_attributes_cells_names_and_values():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "esr": rng.integers(2, 90, 40),
            "level": [f"{value:.1f} ng/mL" for value in rng.uniform(1, 90, 40)],
            "Protein X (g/dL)": rng.uniform(1, 5, 40).round(2),
            "serum_creatinine": rng.uniform(50, 110, 40).round(),
            "age": rng.integers(20, 80, 40),
            "score": rng.integers(20, 80, 40),
        }
    )
    table.attrs["units"] = {"esr": "mm/h"}
    units = {column.name: column.unit for column in propose(table).schema}
    assert units == {
        "esr": "mm/h",
        "level": "ng/mL",
        "Protein X (g/dL)": "g/dL",
        "serum_creatinine": "umol/L",
        "age": "a",
        "score": None,
    }


def test_an_unknown_unit_is_a_doubt():
    table = pd.DataFrame({"x": np.linspace(1, 9, 30)})
    table.attrs["units"] = {"x": "florps"}
    proposal = propose(table)
    assert proposal.schema["x"].unit is None
    assert "'florps' is not a unit" in proposal.findings[0].doubts[0]


def test_known_analytes_have_limits_unless_the_column_goes_beyond():
    rng = np.random.default_rng(0)
    usual = pd.DataFrame({"haemoglobin": rng.normal(13, 1.5, 200).round(1)})
    column = propose(usual).schema["haemoglobin"]
    assert column.unit == "g/dL"
    assert column.plausible.low < 5 < 20 < column.plausible.high
    assert column.reference
    odd = usual.assign(haemoglobin=np.where(np.arange(200) < 10, 31.5, usual["haemoglobin"]))
    assert propose(odd).schema["haemoglobin"].plausible is None


def test_demographics():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"Geschlecht": rng.choice(["w", "m"], 40), "Alter": rng.integers(20, 80, 40)}
    )
    demographics = propose(table).schema.demographics
    assert demographics.model_dump() == {
        "sex": "Geschlecht",
        "female": "w",
        "male": "m",
        "age": "Alter",
    }
    coded = table.assign(Geschlecht=rng.integers(0, 2, 40))
    assert propose(coded).schema.demographics.sex is None


def test_one_and_two_all_over_a_table_are_a_questionnaire():
    rng = np.random.default_rng(0)
    names = ["sex", "ascites", "oedema", "fatigue"]
    table = pd.DataFrame({name: rng.integers(1, 3, 40) for name in names})
    kinds = {column.name: column.kind.value for column in propose(table).schema}
    assert kinds == {"sex": "nominal"} | dict.fromkeys(names[1:], "boolean")


def test_detect_is_the_proposal_without_reasons():
    table = pd.DataFrame(
        {"crp": ["<0.5", "1.25", "4", "8", "9", "12.5"] * 3, "sex": ["F", "M"] * 9}
    )
    assert Schema.detect(table) == propose(table).schema


def test_file_holds_reasons_and_doubts_as_comments(tmp_path):
    table = pd.DataFrame(
        {"mail": [f"p{i}@example.org" for i in range(30)], "stage": [0, 1, 2] * 10}
    )
    proposal = propose(table).with_protection("drop")
    proposal.to_file(tmp_path / "schema.yaml")
    text = (tmp_path / "schema.yaml").read_text("utf-8")
    assert "only 3 different numbers" in text
    assert Schema.from_file(tmp_path / "schema.yaml") == proposal.schema
    assert proposal.schema["mail"].protection is Protection.DROP
    assert proposal.schema["stage"].protection is None


def test_same_table_same_proposal():
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"a": rng.normal(size=50), "b": rng.choice(["x", "y"], 50)})
    assert propose(table) == propose(table)


def test_all_columns_of_one_value_share_one_doubt():
    table = pd.DataFrame({"site": ["Cairo"] * 30, "my empty": [None] * 30, "sex": ["F", "M"] * 15})
    first, *others = propose(table).findings
    (doubt,) = first.doubts
    assert "columns 'site', 'my empty': one value or none" in doubt
    assert (doubt.settle, doubt.weight) == ("--drop site --drop 'my empty'", 1)
    assert not any(finding.doubts for finding in others)


def test_numbers_that_all_are_days_are_dates_by_any_name():
    days = pd.date_range("2020-01-15", periods=40, freq="9D").strftime("%Y%m%d").astype(int)
    finding = propose(pd.DataFrame({"x": days, "crp": range(40)})).findings[0]
    assert finding.kind is Kind.DATETIME
    assert finding.doubts
    near = propose(pd.DataFrame({"x": days + 60, "crp": range(40)})).findings[0]
    assert near.kind is Kind.COUNT


# Cells of any kinds together

CELLS = (
    "|NA|5|5.5|5,5|1,250|<0.5|<0,5|> 1000|1:40|II|III|yes|no|0|1|-9|999|2024-01-31|44927|007|x|µg"
    "|+|++|n/a|not done|-|.|1e5|inf|True|12.5 mg/L|name|a@b.example|6|7|8|12.5|120/80|nd|bad"
)


def test_what_is_proposed_can_be_read():
    """A mixture of cells has a schema by which it is read, or is said to need a person."""
    pick = random.Random(0)
    for _ in range(500):
        few = pick.sample(CELLS.split("|"), pick.randint(2, 6))
        weights = [pick.choice([1, 1, 2, 10, 40]) for _ in few]
        cells = pick.choices(few, weights, k=pick.choice([6, 12, 40, 150]))
        table = pd.DataFrame({pick.choice(["x", "age", "name"]): cells})
        proposal = propose(table)
        try:
            read_table(table, proposal.schema)
        except TableError:
            assert 3 in [doubt.weight for doubt in proposal.findings[0].doubts], cells
