"""Every script of examples/aws: what it would send, and that it sends it to AWS on the loopback."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from synthhealth.aws.launch import Request, check

EXAMPLES = Path(__file__).parents[2] / "examples" / "aws"
SHARED = "hospital.py"

#: What each sends, in an order in which they can be run.
SENT = {
    "train.py": ("CreateTrainingJob",),
    "tune.py": ("CreateHyperParameterTuningJob",),
    "status.py": ("DescribeTrainingJob",),
    "deploy.py": ("CreateModel", "CreateEndpointConfig", "CreateEndpoint"),
    "sample.py": ("CreateProcessingJob",),
    "transform.py": ("CreateModel", "CreateTransformJob"),
    "register.py": ("CreateModelPackageGroup", "CreateModelPackage", "CreateModelCard"),
    "delete.py": ("DeleteEndpoint",),
    "cost_note.py": (),
}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a script as ``python script.py`` does, but in this process; give what it printed."""

    def run(name: str, *arguments: str) -> str:
        monkeypatch.syspath_prepend(str(EXAMPLES))
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        capsys.readouterr()
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def requests_in(text: str) -> list[Request]:
    decoder, found = json.JSONDecoder(), []
    while text := text.strip():
        content, end = decoder.raw_decode(text)
        found += [Request(*one) for one in content.items()]
        text = text[end:]
    return found


def test_all_examples_are_tested():
    assert {script.name for script in EXAMPLES.glob("*.py")} == {*SENT, SHARED}


@pytest.mark.parametrize("name", [name for name in SENT if SENT[name]])
def test_dry_run_needs_no_account(name, run, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a client was made")

    monkeypatch.setattr("boto3.session.Session.client", refuse)
    requests = requests_in(run(name, "--dry-run"))
    assert tuple(request.operation for request in requests) == SENT[name]
    for request in requests:
        check(request)


def test_they_do_what_they_say(aws_environment, run):
    """One after the other: what an earlier one starts, a later one asks about and deletes."""
    pytest.importorskip("moto.server", reason="moto[server] is not installed")
    import boto3

    said = {name: run(name) for name in SENT}
    sagemaker = boto3.client("sagemaker")
    assert sagemaker.describe_training_job(TrainingJobName="ra")["HyperParameters"]
    assert sagemaker.describe_processing_job(ProcessingJobName="ra-five-million")
    assert "training ra: Completed" in said["status.py"]
    assert sagemaker.list_endpoints(NameContains="ra-cohort")["Endpoints"] == []
    assert "ra-cohort" in said["delete.py"]
    assert "instance-hours" in said["cost_note.py"]
