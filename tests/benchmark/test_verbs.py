from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from synthhealth.benchmark.verbs import app

pytestmark = pytest.mark.slow


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "synthhealth", "benchmark", *arguments]
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": root}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.mark.usefixtures("data_root")
def test_overhead(tmp_path: Path) -> None:
    file = tmp_path / "overhead.json"
    arguments = ["overhead", "--rows", "100", "--models", "gaussian_copula", "--repeats", "1"]
    more = ["--parts", "fit", "--threads", "1", "--json", str(file)]

    ended = CliRunner().invoke(app, [*arguments, *more])

    assert ended.exit_code == 0, ended.output
    assert "| gaussian_copula: fit + sample |" in ended.output
    assert "Table: 100 x 5" in ended.output
    written = json.loads(file.read_text())
    assert written["threads"] == 1
    assert len(written["fits"]) == 1


def test_a_file_that_exists_is_refused_before_the_work(tmp_path: Path) -> None:
    file = tmp_path / "relations.json"
    file.write_text("{}")

    ended = run("relations", "--json", str(file))

    assert ended.returncode == 1
    assert "exists already" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert file.read_text() == "{}"


@pytest.mark.parametrize("verb", ["overhead", "evaluation"])
def test_the_verbs_explain_themselves(verb: str) -> None:
    ended = CliRunner().invoke(app, [verb, "--help"])

    assert ended.exit_code == 0
    assert "--repeats" in ended.output
