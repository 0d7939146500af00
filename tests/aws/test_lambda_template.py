"""The SAM template, transformed and linted, and what it promises."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("samtranslator", reason="aws-sam-translator is not installed")
lint_all = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed").lint_all
pytest.importorskip("boto3", reason="boto3 is not installed")

from lambda_stack import transformed  # noqa: E402


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        return transformed()


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: one.get("Properties", {}) for name, one in template["Resources"].items()}


def found_by_linter(template: dict[str, Any]) -> set[str]:
    """Give its errors and warnings; what it notes besides is advice for other tools."""
    found = {f"{one.rule.id} {one.message}" for one in lint_all(json.dumps(template))}
    return {one for one in found if not one.startswith("I")}


def test_the_transformed_template_has_no_error(template: dict[str, Any]) -> None:
    assert found_by_linter(template) == set()


def test_the_linter_finds_an_error(template: dict[str, Any]) -> None:
    broken = json.loads(json.dumps(template))
    broken["Resources"]["Uploads"]["Properties"]["VisibilityTimeout"] = 60
    assert any(one.startswith("E3505") for one in found_by_linter(broken))


def test_a_message_is_not_delivered_again_while_it_is_worked_on(resources: Any) -> None:
    assert resources["Uploads"]["VisibilityTimeout"] >= 6 * resources["Function"]["Timeout"]
    assert resources["Uploads"]["RedrivePolicy"]["maxReceiveCount"] == 3
    mapping = resources["FunctionUploads"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 1
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MaximumConcurrency"}}


def test_outputs_cannot_come_back_as_inputs(resources: Any) -> None:
    pattern = resources["Rule"]["EventPattern"]["detail"]
    assert pattern["object"] == {"key": [{"prefix": "raw/"}]}
    written = [
        target["Fn::Sub"]
        for statement in resources["Role"]["Policies"][0]["PolicyDocument"]["Statement"]
        if "s3:PutObject" in statement["Action"]
        for target in statement["Resource"]
    ]
    assert [one.rpartition("}/")[2] for one in written] == ["clean/*", "reports/*", "quarantine/*"]


def test_the_role_has_no_right_to_all(resources: Any) -> None:
    assert "ManagedPolicyArns" not in resources["Role"]
    for policy in (*resources["Role"]["Policies"], resources["TrainingRights"]):
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            assert "*" not in (actions if isinstance(actions, str) else "".join(actions))
            assert statement["Resource"] != "*"
            assert statement["Effect"] == "Allow"


def test_jobs_are_started_only_where_they_can_send_nothing(resources: Any) -> None:
    for statement in resources["TrainingRights"]["PolicyDocument"]["Statement"]:
        if "sagemaker:CreateTrainingJob" in statement["Action"]:
            assert statement["Action"] == "sagemaker:CreateTrainingJob"  # others know no network
            assert statement["Condition"] == {
                "Bool": {"sagemaker:NetworkIsolation": "true"},
                "Null": {"sagemaker:VpcSubnets": "false"},
            }
            break
    else:
        raise AssertionError("no statement starts jobs")


def test_what_is_kept_is_encrypted_private_and_ends(resources: Any) -> None:
    key = {"Fn::GetAtt": ["Key", "Arn"]}
    bucket = resources["Bucket"]
    rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = {one["Id"]: one for one in bucket["LifecycleConfiguration"]["Rules"]}
    assert {"raw", "clean", "reports", "quarantine", "noncurrent", "incomplete-uploads"} == {*rules}
    for name in ("Uploads", "DeadLetters"):
        assert resources[name]["KmsMasterKeyId"] == key
    assert resources["Log"]["KmsKeyId"] == key
    assert resources["Log"]["RetentionInDays"] == {"Ref": "LogDays"}
    assert resources["Function"]["LoggingConfig"]["LogGroup"] == {"Ref": "Log"}
    assert resources["Key"]["EnableKeyRotation"] is True
    assert resources["Done"]["SSESpecification"] == {"SSEEnabled": True}
    assert resources["Done"]["TimeToLiveSpecification"]["AttributeName"] == "expiration"
    assert resources["Done"]["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True
    }
    for name in ("BucketPolicy", "QueuePolicy"):
        denied = [
            one
            for one in resources[name]["PolicyDocument"]["Statement"]
            if one["Effect"] == "Deny" and one["Principal"] == "*"
        ]
        assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_bucket_that_is_there_stays_as_it_is(template: dict[str, Any]) -> None:
    made = [
        name
        for name, one in template["Resources"].items()
        if one["Type"].startswith("AWS::S3::") and one.get("Condition") != "MakesBucket"
    ]
    assert made == []
    text = json.dumps(
        {k: v for k, v in template["Resources"].items() if not k.startswith("Bucket")}
    )
    assert '{"Ref": "Bucket"}' not in text


def test_every_trouble_has_its_alarm(resources: Any, template: dict[str, Any]) -> None:
    alarms = {
        (one["Properties"]["Namespace"], one["Properties"]["MetricName"])
        for one in template["Resources"].values()
        if one["Type"] == "AWS::CloudWatch::Alarm"
        and isinstance(one["Properties"]["Namespace"], str)
    }
    assert alarms == {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
    }
    assert resources["QuarantineAlarm"]["Dimensions"] == [
        {"Name": "outcome", "Value": "quarantine"}
    ]
