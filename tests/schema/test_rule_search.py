"""Columns that are computed from others are found, and nothing is found by chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.schema import Schema, propose
from synthhealth.schema.rules.search import find_rules


def panel(n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "weight": rng.normal(75, 12, n).round(1),
            "height": rng.normal(170, 9, n).round(0),
            "glucose": rng.normal(95, 12, n).round(0),
            "insulin": rng.lognormal(2, 0.5, n).round(1),
            "neutrophils": rng.lognormal(1.3, 0.3, n).round(2),
            "lymphocytes": rng.lognormal(0.6, 0.3, n).round(2),
            "mono cytes": rng.lognormal(-0.7, 0.3, n).round(2),
            "cholesterol": rng.normal(200, 30, n).round(0),
            "hdl": rng.normal(50, 9, n).round(0),
            "in": rng.lognormal(4.8, 0.4, n).round(0),
        }
    )
    return table.assign(
        bmi=(table["weight"] / (table["height"] / 100) ** 2).round(1),
        homa=(table["glucose"] * table["insulin"] / 405).round(2),
        wbc=(table["neutrophils"] + table["lymphocytes"] + table["mono cytes"]).round(2),
        nlr=(table["neutrophils"] / table["lymphocytes"]).round(2),
        ldl=(table["cholesterol"] - table["hdl"] - table["in"] / 5).round(0),
        pounds=(table["weight"] * 2.2046).round(1),
    )


COMPUTED = {
    "pounds = weight * 2.205",
    "homa = glucose * insulin / 405",
    "nlr = neutrophils / lymphocytes",
    "bmi = weight / (height * height) * 10000",
    "ldl = cholesterol - 0.2 * `in` - hdl",
    "wbc = neutrophils + lymphocytes + `mono cytes`",
}


def test_what_a_laboratory_computes_is_found():
    table = panel()
    assert {rule.text for rule in find_rules(table, Schema.detect(table))} == COMPUTED


def test_gaps_and_corrected_results_do_not_hide_it():
    table = panel(200)
    rng = np.random.default_rng(1)
    table.loc[rng.random(200) < 0.2, "insulin"] = np.nan
    table.loc[[3, 50], "bmi"] += 1.0
    found = {rule.text for rule in find_rules(table, Schema.detect(table))}
    assert {"homa = glucose * insulin / 405", "bmi = weight / (height * height) * 10000"} <= found


def test_nothing_is_found_by_chance():
    rng = np.random.default_rng(0)
    whole = pd.DataFrame(rng.integers(0, 12, (200, 15)), columns=[f"q{i}" for i in range(15)])
    for table in (whole, sh.datasets.load_ra_panel(), panel()[["weight", "height", "bmi"]][:15]):
        assert find_rules(table, Schema.detect(table)) == ()


def test_what_the_schema_says_is_not_found_again():
    table = panel()
    rules = ("bmi = 10000 * weight / (height * height)",)
    schema = Schema.detect(table).model_copy(update={"rules": rules})
    assert {rule.text for rule in find_rules(table, schema)} == {
        text for text in COMPUTED if "bmi" not in text
    }


def test_a_rule_is_proposed_where_its_column_is():
    doubts = dict(propose(panel()[["weight", "height", "bmi"]]).doubts)
    assert "bmi = weight / (height * height) * 10000" in doubts["bmi"]
    assert doubts["bmi"].settle == "rules: ['bmi = weight / (height * height) * 10000']"


@pytest.mark.parametrize("declared", [False, True])
def test_a_report_says_whether_synthetic_rows_compute_it_too(declared):
    real = panel()[["weight", "height", "bmi"]]
    schema = Schema.detect(real)
    if declared:
        schema = schema.model_copy(update={"rules": ("bmi = 10000 * weight / (height * height)",)})
    fake = sh.Synthesizer("gaussian_copula", schema=schema, random_state=0).fit(real).sample(100)
    report = sh.evaluate(real, fake, schema, parts=[])
    (result,) = report.evaluation.rules
    assert result.declared is declared
    assert (result.broken.standing == "above") is not declared
    whose = "of the schema: kept by every" if declared else "found in the real table: 1 broken by"
    assert f"1 rule {whose}" in report.summary(verbose=True).replace("\n  ", " ")
    assert any("rule bmi = weight" in advice for advice in report.data.advice) is not declared
