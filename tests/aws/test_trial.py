"""What deploy/ has for a trial: a stack that the linter accepts, and an event for the handler."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from launching import IMAGE, ROLE

from synthhealth.aws import launch

DEPLOY = Path(__file__).parents[2] / "deploy"
TRIAL = DEPLOY / "sagemaker" / "trial.yaml"


def test_the_linter_finds_nothing():
    lint_all = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed").lint_all
    assert [
        one for one in lint_all(TRIAL.read_text("utf-8")) if not one.rule.id.startswith("I")
    ] == []


def test_the_settings_that_the_script_writes_are_enough():
    script = TRIAL.with_suffix(".sh").read_text("utf-8")
    (written,) = re.findall(r"<<END\n(.*?)END\n", script, re.S)
    settings = yaml.safe_load(written.replace("$image", IMAGE).replace("$(output Role)", ROLE))
    training = launch.TrainingSettings(
        **settings, name="trial", data="s3://trial/clean/", output="s3://trial/models/"
    )
    launch.check(launch.training_job(training))
    model = "s3://trial/models/trial/output/model.tar.gz"
    for request in launch.hosting(
        launch.EndpointSettings(**settings, name="trial", model_data=model)
    ):
        launch.check(request)
    for name in re.findall(r"\$\(output (\w+)\)", script):
        assert f"\n  {name}: {{ Value:" in TRIAL.read_text("utf-8")


def test_bash_can_read_the_script():
    subprocess.run(["bash", "-n", TRIAL.with_suffix(".sh")], check=True)


def test_the_event_is_worked_on_without_an_account(tmp_path):
    pytest.importorskip("moto", reason="moto is not installed")
    pytest.importorskip("aws_lambda_powertools", reason="the extra lambda is not installed")
    (tmp_path / "panel.csv").write_text("crp;esr\n3,5;12\n1,5;9\n")
    schema = {"columns": [{"name": name, "kind": "continuous"} for name in ("crp", "esr")]}
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    done = subprocess.run(
        [sys.executable, DEPLOY / "lambda" / "try.py", "panel.csv", "schema.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0]) == {"outcomes": ["clean"]}
    assert "clean/2026/panel.csv" in done.stdout
