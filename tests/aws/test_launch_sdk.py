"""The same training through the SageMaker SDK, recorded by moto's server over HTTP."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.toolkits
pytest.importorskip("sagemaker.train", reason="the SageMaker SDK v3 is not installed")
boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")

from botocore.client import BaseClient  # noqa: E402
from launching import ROLE, training  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

import synthhealth.cli._aws  # noqa: E402, F401
from synthhealth.aws import launch  # noqa: E402
from synthhealth.aws._launch._sdk import CONFIG_VARIABLE  # noqa: E402
from synthhealth.cli import app  # noqa: E402

#: What the SDK writes in other words, or adds.
OWN_WORDS = {"TrainingJobName", "InputDataConfig"}


@pytest.fixture
def calls(
    aws_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, dict[str, Any]]]:
    """Everything that is asked of AWS, as the last library before the network sees it."""
    monkeypatch.setenv("SAGEMAKER_VALIDATE_ROLE", "false")
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    s3 = boto3.client("s3")
    if "hospital" not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        place = {"LocationConstraint": "eu-central-1"}
        s3.create_bucket(Bucket="hospital", CreateBucketConfiguration=place)
    blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(
        Bucket="hospital", PublicAccessBlockConfiguration=dict.fromkeys(blocks, True)
    )
    recorded: list[tuple[str, dict[str, Any]]] = []
    original = BaseClient._make_api_call

    def spy(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        recorded.append((operation, parameters))
        return original(self, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", spy)
    return recorded


def sent(calls: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    (parameters,) = [asked for operation, asked in calls if operation == "CreateTrainingJob"]
    return parameters


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"spot": True, "checkpoints": "s3://hospital/checkpoints/"},
        {"validation": "s3://hospital/holdout/", "hyperparameters": {"drop": ["ward"]}},
        {"instance_type": "ml.g5.xlarge", "environment": {"OMP_NUM_THREADS": "4"}},
        {
            "kms_key": None,
            "subnets": (),
            "security_group_ids": (),
            "allow_default_key": True,
            "allow_no_vpc": True,
        },
    ],
)
def test_the_sdk_sends_what_we_send(
    calls: list[tuple[str, dict[str, Any]]], changes: dict[str, Any]
) -> None:
    settings = training(**changes)
    name = launch.train_with_sdk(settings)
    theirs, ours = sent(calls), dict(launch.training_job(settings).parameters)
    assert theirs["TrainingJobName"] == name
    assert name.startswith(settings.job_name[:30])
    for key in ours.keys() - OWN_WORDS:
        assert theirs.get(key) == ours[key], key
    assert theirs.keys() - ours.keys() == set()
    assert [
        (channel["ChannelName"], channel["DataSource"]) for channel in theirs["InputDataConfig"]
    ] == [(channel["ChannelName"], channel["DataSource"]) for channel in ours["InputDataConfig"]]
    assert launch.problems(launch.Request("CreateTrainingJob", theirs)) == ()


def test_script_mode_brings_the_folder(
    calls: list[tuple[str, dict[str, Any]]], tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text("print('here')\n")
    launch.train_with_sdk(training(), source_dir=tmp_path)
    request = sent(calls)
    names = [channel["ChannelName"] for channel in request["InputDataConfig"]]
    assert "training" in names
    assert "code" in names
    assert request["AlgorithmSpecification"]["ContainerEntrypoint"]
    assert request["EnableNetworkIsolation"] is True
    uploaded = [asked["Key"] for operation, asked in calls if operation == "PutObject"]
    assert any("code" in key or "source" in key for key in uploaded)


def test_nothing_is_reported_about_the_user(
    calls: list[tuple[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sagemaker.core.telemetry import telemetry_logging

    asked: list[Any] = []
    monkeypatch.setattr(
        telemetry_logging, "_send_telemetry_request", lambda *a, **_: asked.append(a)
    )
    trainer = launch.model_trainer(training())
    assert CONFIG_VARIABLE not in os.environ
    trainer.train(wait=False, logs=False)
    assert asked == []
    launch.train_with_sdk(training(random_state=8), telemetry=True)
    assert asked != []


def test_the_users_own_configuration_is_kept(
    calls: list[tuple[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text('SchemaVersion: "1.0"\n')
    monkeypatch.setenv(CONFIG_VARIABLE, str(file))
    launch.model_trainer(training())
    assert os.environ[CONFIG_VARIABLE] == str(file)


def test_a_wrong_request_never_reaches_the_sdk(calls: list[tuple[str, dict[str, Any]]]) -> None:
    archive = training(source="s3://hospital/code/sourcedir.tar.gz")
    with pytest.raises(launch.SettingsError, match="source_dir"):
        launch.model_trainer(archive)
    assert calls == []


def test_the_check_of_the_role_is_explained(
    calls: list[tuple[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGEMAKER_VALIDATE_ROLE", "true")

    def deny(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if operation == "SimulatePrincipalPolicy":  # which moto does not know
            every = parameters["ActionNames"]
            results = [{"EvalActionName": one, "EvalDecision": "implicitDeny"} for one in every]
            return {"EvaluationResults": results, "IsTruncated": False}
        raise AssertionError(operation)

    monkeypatch.setattr(BaseClient, "_make_api_call", deny)
    with pytest.raises(launch.LaunchError, match="SAGEMAKER_VALIDATE_ROLE=false"):
        launch.model_trainer(training())


def test_the_verb_goes_through_the_sdk(
    calls: list[tuple[str, dict[str, Any]]], tmp_path: Path
) -> None:
    settings = tmp_path / "job.json"
    values = training().model_dump(mode="json", exclude_none=True)
    settings.write_text(json.dumps(values))
    result = CliRunner().invoke(app, ["aws", "train", "--settings", str(settings), "--sdk"])
    assert result.exit_code == 0, (result.output, result.exception)
    request = sent(calls)
    assert request["RoleArn"] == ROLE
    assert f"Started: training {request['TrainingJobName']}" in result.stdout
