from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.io import read_table, write_table


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["inspect", *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("inspect")
    real = sh.datasets.load_ra_panel()[["age", "sex", "crp", "esr", "rf"]]
    write_table(real, folder / "real.csv")
    sh.Synthesizer(random_state=0).fit(real).save(folder / "ra.synth")
    (folder / "plain.pkl").write_bytes(pickle.dumps({"crp": real["crp"].to_list()}))
    return folder


def test_says_what_is_inside(folder):
    result = call(folder / "ra.synth")
    assert result.exit_code == 0
    assert "hybrid" in result.stdout
    assert "preparation.json" in result.stdout
    assert "Not inside" in result.stdout
    assert "Do not hand over the file: " in " ".join(result.stdout.split())
    assert "training rows" not in result.stdout


def test_searches_for_the_patients(folder, tmp_path):
    result = call(
        *(folder / "ra.synth", "--data", folder / "real.csv", "--json", tmp_path / "x.json")
    )
    assert result.exit_code == 0, result.output
    assert "None of this was found" in result.stdout
    assert "pickle runs" not in result.stdout
    written = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert written["inside"]["manifest"]["model"] == "hybrid"
    assert all(finding["found"] == 0 for finding in written["scan"]["findings"])


def test_found_is_exit_code_3(folder, tmp_path):
    result = call(
        *(folder / "plain.pkl", "--data", folder / "real.csv", "--json", tmp_path / "x.json")
    )
    assert result.exit_code == 3
    assert "numbers that one patient has" in result.stdout
    assert "Loading a pickle runs its code" in result.stdout
    written = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert written["inside"] is None
    assert any(finding["found"] for finding in written["scan"]["findings"])


def test_quiet(folder):
    result = call(folder / "plain.pkl", "--data", folder / "real.csv", "--quiet")
    assert result.exit_code == 3
    assert result.output == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plain.pkl"], "--data FILE"),
        (["none.synth"], "no such file"),
        (["real.csv"], "not a saved synthesizer"),
        (["ra.synth", "--data", "none.csv"], "none.csv"),
        (["ra.synth", "--schema", "schema.yaml"], "--schema: this is about the table"),
        (["ra.synth", "--drop", "age", "--sheet", "Labor"], "--drop, --sheet: this is about"),
    ],
)
def test_bad_input(folder, arguments, message):
    result = call(*(one if one.startswith("--") else folder / one for one in arguments))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert message in result.stderr


def test_nothing_is_overwritten(folder, tmp_path):
    (tmp_path / "x.json").write_text("mine")
    assert call(folder / "ra.synth", "--json", tmp_path / "x.json").exit_code == 1
    assert (tmp_path / "x.json").read_text() == "mine"


def test_tables_reports_and_logs_are_searched_too(folder, tmp_path):
    table = read_table(folder / "real.csv")
    table["remark"] = ["all is well"] * len(table)
    table.loc[3, "remark"] = "phoned to Mrs Zwetschke"
    write_table(table, tmp_path / "noted.csv")
    (tmp_path / "clean.log").write_text("60 rows were learned")
    (tmp_path / "leak.log").write_text("row 3: zwetschke")
    data = ("--data", tmp_path / "noted.csv")
    clean = call(tmp_path / "clean.log", *data)
    assert clean.exit_code == 0, clean.output
    assert "Not seen are words of fewer than 4 letters" in " ".join(clean.stdout.split())
    names = ("clean.log", "leak.log", "noted.csv")
    files = [tmp_path / name for name in names]
    result = call(*files, *data, "--json", tmp_path / "all.json")
    assert result.exit_code == 3
    assert "do not give it away" in result.stdout
    assert "zwetschke" not in result.stdout.casefold()
    told = json.loads((tmp_path / "all.json").read_text("utf-8"))
    found = [sum(one["found"] for one in file["scan"]["findings"]) for file in told]
    assert found[:2] == [0, 1]
    assert found[2] >= 1
    alone = call(tmp_path / "leak.log")
    assert alone.exit_code == 1
    assert "--data FILE" in " ".join(alone.output.split())
