"""The verb ``attack``: what `synthhealth.attack` does, from a file."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.io import read_table, write_table

COLUMNS = ["sex", "age", "crp"]
SIMPLE = ("--param", "margin=norm", "--param", "log_scale=false", "--n-jobs", "1", "--seed", "0")


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "real.csv"
    write_table(sh.datasets.load_ra_panel()[COLUMNS], file)
    return file


def call(*arguments: object):
    return CliRunner().invoke(app, ["attack", *(str(argument) for argument in arguments)])


@pytest.mark.slow
def test_it_does_what_the_library_does(table, tmp_path):
    out = tmp_path / "attack.json"

    ended = call(table, *SIMPLE, "--fits", 16, "--out", out)

    assert ended.exit_code == 0, ended.output
    assert "Who holds the saved model: area under the curve" in ended.output
    assert "95 % interval" in ended.output
    written = json.loads(out.read_text())
    found = sh.attack(
        read_table(table),
        parameters={"margin": "norm", "log_scale": False},
        fits=16,
        random_state=0,
        n_jobs=1,
    )
    told = json.loads(found.model_dump_json())
    assert {**written, "seconds": None} == {**told, "seconds": None}
    assert written["on_file"]["given"] == "saved model"
    again = call(table, *SIMPLE, "--fits", 16, "--out", out)
    assert again.exit_code == 1
    assert "--force" in again.output


def test_too_short_a_time_tells_nothing(table):
    ended = call(table, *SIMPLE, "--max-seconds", 0.001)
    assert ended.exit_code == 0, ended.output
    assert "Cannot tell" in ended.output
    assert "area" not in ended.output


def test_what_cannot_be_asked_is_said(table):
    assert "n_learned is 5" in call(table, *SIMPLE, "--patients", 5).output
    assert call(table, "--fits", 3).exit_code == 2
    assert "no parameter 'models'" in call(table, "--param", "models=3").output
