"""The verbs that judge: with questions, against another report, fold by fold, over several runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_cli import content, fail, succeed

import synthhealth as sh
from synthhealth.io import write_table

COLUMNS = ["age", "sex", "crp", "esr", "haemoglobin"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    for seed, name in enumerate(("real", "fake", "unseen")):
        table = sh.datasets.load_ra_panel(80, random_state=seed)[COLUMNS]
        write_table(table, folder / f"{name}.csv")
    shifted = sh.datasets.load_ra_panel(80, random_state=3)[COLUMNS]
    write_table(shifted.assign(esr=5 * shifted["esr"]), folder / "shifted.csv")
    return folder


def evaluation_of(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text())["evaluation"]


def test_questions_are_answered(tables, tmp_path):
    text = succeed(
        *("evaluate", tables / "real.csv", tables / "fake.csv", "--out", tmp_path / "out"),
        *("--holdout", tables / "unseen.csv", "--outcome", "haemoglobin", "--by", "sex"),
        *("--analysis", "log(crp) ~ log(esr) + C(sex)", "--verbose"),
    )
    found = evaluation_of(tmp_path / "out")
    assert (found["real_is"], found["n_unseen"]) == ("training", 80)
    assert [one["column"] for one in found["utility"]["outcomes"]] == ["haemoglobin"]
    assert found["utility"]["tested_on"] == "unseen rows"
    assert {group["by"] for group in found["subgroups"]} == {"sex"}
    assert [one["formula"] for one in found["inference"]] == ["log(crp) ~ log(esr) + C(sex)"]
    assert "nearer_to_learned" in {metric["name"] for metric in found["metrics"]}
    assert "1 regression: " in text


@pytest.mark.parametrize(
    ("option", "value"),
    [("--outcome", "haemglobin"), ("--by", "sexx"), ("--analysis", "crp ~ esrr")],
)
def test_questions_about_unknown_columns_are_refused(tables, tmp_path, option, value):
    message = fail(
        *("evaluate", tables / "real.csv", tables / "fake.csv", "--out", tmp_path / "out"),
        *(option, value),
    )
    assert value.split()[-1] in message
    assert content(tmp_path) == {}


def test_reports_are_compared_and_followed(tables, tmp_path):
    for name in ("fake", "shifted"):
        folder = tmp_path / name
        against = () if name == "fake" else ("--against", tmp_path / "fake" / "report.json")
        text = succeed(
            *("evaluate", tables / "real.csv", tables / f"{name}.csv", "--out", folder), *against
        )
    assert "the first is better in esr" in " ".join(text.split())

    reports = [tmp_path / name / "report.json" for name in ("fake", "shifted")]
    text = succeed("trend", *reports, "--out", tmp_path / "trend.html")
    assert "1 column worse (esr)" in " ".join(text.split())
    assert "<svg" in (tmp_path / "trend.html").read_text()
    assert "--force" in fail("trend", *reports, "--out", tmp_path / "trend.html")
    assert succeed("trend", *reports) == text.split("\n\nWritten")[0] + "\n"


def test_a_trend_needs_reports_of_the_same_columns(tables, tmp_path):
    succeed("evaluate", tables / "real.csv", tables / "fake.csv", "--out", tmp_path / "all")
    report = tmp_path / "all" / "report.json"
    assert "at least two" in fail("trend", report)
    assert "real.csv" in fail("trend", report, tables / "real.csv")
    succeed(
        *("evaluate", tables / "real.csv", tables / "fake.csv", "--out", tmp_path / "few"),
        *("--drop", "crp"),
    )
    assert "crp" in fail("trend", report, tmp_path / "few" / "report.json")


def test_every_part_is_held_out_once(tables, tmp_path):
    arguments = ("cross-evaluate", tables / "real.csv", "--folds", 2, "--seed", 1)
    text = succeed(*arguments, "--out", tmp_path / "out", "--outcome", "haemoglobin")
    found = evaluation_of(tmp_path / "out")
    assert (found["real_is"], found["n_folds"], found["n_unseen"]) == ("cross-validated", 2, 40)
    assert found["utility"]["tested_on"] == "unseen rows"
    assert "(all unseen)" in text
    again = succeed(
        *arguments, "--out", tmp_path / "again", "--outcome", "haemoglobin", "--verbose"
    )
    assert "was held out once" in " ".join(again.split())
    assert evaluation_of(tmp_path / "again") == found
    assert "k is 41" in fail(*arguments[:2], "--folds", 41, "--out", tmp_path / "many")
    assert not (tmp_path / "many").exists()
