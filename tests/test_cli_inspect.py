from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.io import write_table


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
    assert "gaussian_copula" in result.stdout
    assert "preparation.json" in result.stdout
    assert "Not inside" in result.stdout
    assert "training rows" not in result.stdout


def test_searches_for_the_patients(folder, tmp_path):
    result = call(
        *(folder / "ra.synth", "--data", folder / "real.csv", "--json", tmp_path / "x.json")
    )
    assert result.exit_code == 0, result.output
    assert "None of this was found" in result.stdout
    assert "pickle runs" not in result.stdout
    written = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert written["inside"]["manifest"]["model"] == "gaussian_copula"
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
