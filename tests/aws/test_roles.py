"""The roles of deploy/sagemaker: linted, and enough for what is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from launching import endpoint, package, report_bytes, sampling, training, transform

from synthhealth.aws import launch

lint_all = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed").lint_all
pytest.importorskip("samtranslator", reason="aws-sam-translator is not installed")

from samtranslator.yaml_helper import yaml_parse  # noqa: E402

ROLES = Path(__file__).parents[2] / "deploy" / "sagemaker" / "roles.yaml"


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    content: dict[str, Any] = yaml_parse(ROLES.read_text(encoding="utf-8"))["Resources"]
    return content


def statements(resource: dict[str, Any]) -> list[dict[str, Any]]:
    given = resource["Properties"]
    documents = [one["PolicyDocument"] for one in given.get("Policies", ())]
    documents += [given["PolicyDocument"]] if "PolicyDocument" in given else []
    return [one for document in documents for one in document["Statement"]]


def actions(one: dict[str, Any]) -> set[str]:
    return {one["Action"]} if isinstance(one["Action"], str) else set(one["Action"])


def test_the_linter_finds_nothing():
    found = lint_all(ROLES.read_text(encoding="utf-8"))
    assert [one for one in found if not one.rule.id.startswith("I")] == []


def test_launching_may_do_what_is_sent(resources, tmp_path):
    (tmp_path / "report.json").write_bytes(report_bytes())
    figures = launch.Figures.from_file(tmp_path / "report.json")
    sent = [
        launch.training_job(training()),
        launch.sampling_job(sampling()),
        launch.transform_job(transform()),
        *launch.hosting(endpoint()),
        launch.model_package_group(package()),
        launch.model_package(package(), figures),
        launch.model_card(package(), figures),
        launch.Request("DeleteEndpoint", {"EndpointName": "ra"}),
        *(launch.status_request("ra", kind) for kind in ("training", "processing", "transform")),
        *(launch.status_request("ra", kind) for kind in ("tuning", "endpoint")),
    ]
    may = set().union(*map(actions, statements(resources["LaunchJobs"])))
    assert {f"sagemaker:{request.operation}" for request in sent} <= may


def test_what_is_started_must_be_encrypted_and_isolated(resources):
    conditions = {
        action.removeprefix("sagemaker:Create"): {
            key: value for test in one.get("Condition", {}).values() for key, value in test.items()
        }
        for one in statements(resources["LaunchJobs"])
        for action in actions(one)
    }
    encrypted = {f"sagemaker:{what}KmsKey": {"Ref": "KeyArn"} for what in ("Volume", "Output")}
    confined = {"sagemaker:NetworkIsolation": "true", "sagemaker:VpcSubnets": "false"}
    for job in ("TrainingJob", "ProcessingJob", "HyperParameterTuningJob"):
        assert conditions[job] == encrypted | confined
    assert conditions["Model"] == confined
    assert conditions["TransformJob"] == encrypted  # the rest is its model's
    assert conditions["EndpointConfig"].items() <= encrypted.items()


def test_serving_reads_no_patient(resources):
    places = [
        str(place)
        for one in statements(resources["ServingRole"])
        if "s3:GetObject" in actions(one)
        for place in one["Resource"]
    ]
    assert places
    assert not any("clean" in place or "raw" in place for place in places)


def test_nothing_may_do_everything(resources):
    for name, resource in resources.items():
        for one in statements(resource):
            assert not any(action.endswith("*") for action in actions(one)), name
            if one["Resource"] == "*":
                assert one["Sid"] in ("SignInToECR", "WriteMetrics", "JoinTheNetwork"), name
