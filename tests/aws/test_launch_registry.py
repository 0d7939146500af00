"""The figures of a report, and what the registry and a model card make of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

pytest.importorskip("botocore", reason="the judge is botocore's service model")

from launching import package, report_bytes

from synthhealth import evaluate
from synthhealth.aws import launch
from synthhealth.aws.launch import Figures, LaunchError
from synthhealth.errors import FileError


def text(most: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": most}


def texts(most: int, each: int = 1024) -> dict[str, Any]:
    return {"type": "array", "maxItems": most, "items": text(each)}


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
    }


#: What AWS's public schema of model cards asks of the parts that we write.
METRIC = closed(
    {
        "name": {"type": "string", "minLength": 1, "maxLength": 255},
        "type": {"enum": ["number", "string", "boolean"]},
        "value": {"type": ["number", "string", "boolean"]},
        "notes": text(1024),
    },
    "name",
    "type",
    "value",
)
CARD = closed(
    {
        "model_overview": closed(
            {
                "model_id": text(1024),
                "model_name": text(1024),
                "model_description": text(1024),
                "model_owner": text(1024),
                "model_creator": text(1024),
                "model_artifact": texts(15),
                "algorithm_type": text(1024),
                "problem_type": {"type": "string"},
                "inference_environment": closed({"container_image": texts(15)}),
            }
        ),
        "intended_uses": closed(
            {
                "purpose_of_model": text(2048),
                "intended_uses": text(2048),
                "factors_affecting_model_efficiency": text(2048),
                "risk_rating": {"enum": ["High", "Medium", "Low", "Unknown"]},
                "explanations_for_risk_rating": text(2048),
            }
        ),
        "training_details": closed({"training_job_details": closed({"training_arn": text(1024)})}),
        "evaluation_details": {
            "type": "array",
            "items": closed(
                {
                    "name": {"type": "string", "minLength": 1, "maxLength": 63},
                    "evaluation_observation": text(2096),
                    "datasets": texts(10),
                    "metadata": {"type": "object", "additionalProperties": text(1024)},
                    "metric_groups": {
                        "type": "array",
                        "items": closed(
                            {
                                "name": {"type": "string", "minLength": 1, "maxLength": 63},
                                "metric_data": {"type": "array", "items": METRIC},
                            },
                            "name",
                            "metric_data",
                        ),
                    },
                },
                "name",
            ),
        },
        "additional_information": closed(
            {"ethical_considerations": text(2048), "caveats_and_recommendations": text(2048)}
        ),
    }
)


@pytest.fixture(scope="module")
def real_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from synthhealth.datasets import load_ra_panel

    cohort = load_ra_panel()
    half = len(cohort) // 2
    path = tmp_path_factory.mktemp("report") / "report.json"
    evaluate(cohort[:half], cohort[half:].reset_index(drop=True)).to_json(path)
    return path


def test_the_figures_are_those_of_the_report(real_report: Path) -> None:
    figures = Figures.from_file(real_report)
    content = json.loads(real_report.read_bytes())
    overall = content["evaluation"]["overall"]
    assert [figure.name for figure in figures.scores] == list(overall)
    for figure in figures.scores:
        assert figure.value == overall[figure.name]["value"]
        assert figure.low == overall[figure.name]["floor"]["low"]
    assert figures.sha256 == hashlib.sha256(real_report.read_bytes()).hexdigest()
    assert figures.sentences == tuple(content["limits"])


@pytest.mark.parametrize("changes", [{}, {"owner": "Dr K.", "risk_rating": "High"}])
def test_a_real_report_becomes_a_valid_card_and_package(
    real_report: Path, changes: dict[str, Any]
) -> None:
    settings = package(
        training_job_arn="arn:aws:sagemaker:eu-central-1:123456789012:training-job/ra", **changes
    )
    figures = Figures.from_file(real_report)
    card = launch.model_card(settings, figures)
    version = launch.model_package(settings, figures)
    for request in (card, version, launch.model_package_group(settings)):
        assert launch.problems(request) == ()
    content = json.loads(card.parameters["Content"])
    jsonschema.validate(content, CARD)
    data = content["evaluation_details"][0]["metric_groups"][0]["metric_data"]
    assert {one["name"]: one["value"] for one in data} == {
        figure.name: figure.value for figure in figures.scores
    }
    digest = version.parameters["ModelMetrics"]["ModelQuality"]["Statistics"]["ContentDigest"]
    assert digest == f"sha256:{figures.sha256}"


def test_no_column_and_no_category_leaves_the_report(cohort: pd.DataFrame, tmp_path: Path) -> None:
    secret = cohort.rename(columns={"sex": "Zebedee"})
    path = tmp_path / "report.json"
    evaluate(secret, secret).to_json(path)
    assert "Zebedee" in path.read_text()
    figures = Figures.from_file(path)
    for request in (
        launch.model_package(package(), figures),
        launch.model_card(package(), figures),
    ):
        assert "Zebedee" not in request.to_json()


def test_long_words_are_cut_to_what_aws_takes() -> None:
    settings = package(description="x" * 1000)
    many = json.loads(report_bytes())
    many["limits"] = ["A sentence that is rather long. " * 10] * 20
    figures = Figures.from_bytes(json.dumps(many).encode())
    card = launch.model_card(settings, figures)
    jsonschema.validate(json.loads(card.parameters["Content"]), CARD)
    assert launch.problems(card) == ()
    assert launch.problems(launch.model_package(settings, figures)) == ()


def test_a_report_without_numerical_columns() -> None:
    report = json.loads(report_bytes())
    report["evaluation"]["overall"]["ks_average"] = None
    report["model"] = None
    figures = Figures.from_bytes(json.dumps(report).encode())
    assert [figure.name for figure in figures.scores] == ["column_average", "dependence_difference"]
    assert launch.problems(launch.model_package(package(), figures)) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        b'{"evaluation": {"overall": {"ks_average": {"value": "Zebedee"}}}}',
    ],
)
def test_what_is_no_report_is_refused_without_its_content(content: bytes) -> None:
    with pytest.raises(LaunchError, match="is not a report of synthhealth") as caught:
        Figures.from_bytes(content)
    assert "Zebedee" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_report_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        Figures.from_file(tmp_path / "none.json")
