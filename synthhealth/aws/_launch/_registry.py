"""Settings and a report become entries of the model registry, and a model card."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field

from synthhealth.aws._launch._fields import Image, JobName, ModelData, S3Address
from synthhealth.aws._launch._figures import OVERALL, Figures
from synthhealth.aws._launch._parts import container, key, tags
from synthhealth.aws._launch._request import Request, digest
from synthhealth.aws._launch._settings import EncryptedSettings

__all__ = ["PackageSettings", "model_card", "model_package", "model_package_group"]

REQUESTS = ["application/json", "application/jsonlines", "text/csv"]
ANSWERS = [
    "application/json",
    "application/jsonlines",
    "text/csv",
    "application/vnd.apache.parquet",
]
INTENDED = (
    "Synthetic rows for developing, teaching and testing, and for studies whose result is "
    "confirmed on real patients. Not for decisions about a patient."
)
RISK = (
    "The model was learned from patients' data. The scores say how like the real table the "
    "synthetic one is; they are no proof of anonymity. Whether a patient could be recognised has "
    "to be examined separately."
)
MAX_TEXT = 2048


class PackageSettings(EncryptedSettings):
    """A version of a model in the registry, which waits until a person approves it.

    Tags belong to the group, since versions in a group take none.
    """

    group: JobName = Field(description="Name of the model package group.")
    description: str = Field("", max_length=1000, description="What the model is, in words.")
    image: Image = Field(description="Image in ECR that serves it.")
    model_data: ModelData = Field(description="The model.tar.gz of a training job, or its folder.")
    report: S3Address = Field(description="The report.json of the training job, in S3.")
    owner: str = Field("", max_length=1000, description="Who answers for the model.")
    training_job_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:training-job/[a-zA-Z0-9-]{1,63}$",
        description="The training job that made it.",
    )
    risk_rating: Literal["High", "Medium", "Low", "Unknown"] = Field(
        "Unknown", description="Your own rating, shown in the card."
    )


def model_package_group(settings: PackageSettings) -> Request:
    """Make the request of the group that holds a model's versions."""
    return Request(
        "CreateModelPackageGroup",
        {
            "ModelPackageGroupName": settings.group,
            "ModelPackageGroupDescription": settings.description or "Synthetic data model",
            "Tags": tags(settings),
        },
    )


def model_package(settings: PackageSettings, figures: Figures) -> Request:
    """Make the request of a version in the registry.

    Parameters
    ----------
    settings : PackageSettings
    figures : Figures
        Of the report at ``settings.report``; its hash is sent with it.

    Returns
    -------
    Request
        ``CreateModelPackage``, pending manual approval.
    """
    parameters: dict[str, Any] = {
        "ModelPackageGroupName": settings.group,
        "ModelPackageDescription": _words(settings, figures)[:1024],
        "InferenceSpecification": {
            "Containers": [container(settings.image, settings.model_data, {})],
            "SupportedContentTypes": REQUESTS,
            "SupportedResponseMIMETypes": ANSWERS,
        },
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelMetrics": {
            "ModelQuality": {
                "Statistics": {
                    "ContentType": "application/json",
                    "ContentDigest": f"sha256:{figures.sha256}",
                    "S3Uri": settings.report,
                }
            }
        },
        "CustomerMetadataProperties": _properties(figures),
        "Domain": "MACHINE_LEARNING",
        "Task": "OTHER",
    }
    if settings.kms_key is not None:
        parameters["SecurityConfig"] = key(settings)
    parameters["ClientToken"] = digest(parameters, 36)
    return Request("CreateModelPackage", parameters)


def model_card(settings: PackageSettings, figures: Figures) -> Request:
    """Make the request of a model card with the same numbers as the package.

    Parameters
    ----------
    settings : PackageSettings
    figures : Figures

    Returns
    -------
    Request
        ``CreateModelCard``, a draft whose content follows AWS's schema of model cards.
    """
    content: dict[str, Any] = {
        "model_overview": {
            "model_description": _words(settings, figures)[:1024],
            "model_name": settings.group,
            "model_artifact": [settings.model_data],
            "algorithm_type": figures.synthesizer or "unknown",
            "problem_type": "Synthetic tabular data",
            "inference_environment": {"container_image": [settings.image]},
        },
        "intended_uses": {
            "intended_uses": INTENDED,
            "purpose_of_model": "Makes synthetic rows of patients.",
            "risk_rating": settings.risk_rating,
            "explanations_for_risk_rating": RISK,
        },
        "evaluation_details": [
            {
                "name": "Synthetic rows beside real ones",
                "evaluation_observation": figures.verdict[:MAX_TEXT],
                "datasets": [settings.report],
                "metadata": {
                    "real_rows": str(figures.n_real),
                    "synthetic_rows": str(figures.n_synthetic),
                    "real_rows_are": figures.real_is,
                    "report_sha256": figures.sha256,
                },
                "metric_groups": [
                    {
                        "name": "Scores",
                        "metric_data": [
                            {
                                "name": figure.name,
                                "type": "number",
                                "value": figure.value,
                                "notes": f"{OVERALL[figure.name]}; {figure.standing} the noise "
                                f"floor {figure.low:.3f} to {figure.high:.3f}",
                            }
                            for figure in figures.scores
                        ],
                    }
                ],
            }
        ],
        "additional_information": {
            "caveats_and_recommendations": " ".join(figures.sentences)[:MAX_TEXT] or RISK
        },
    }
    if settings.owner:
        content["model_overview"]["model_owner"] = settings.owner
    if settings.training_job_arn is not None:
        content["training_details"] = {
            "training_job_details": {"training_arn": settings.training_job_arn}
        }
    parameters: dict[str, Any] = {
        "ModelCardName": f"{settings.group[:52].rstrip('-')}-{digest(content)}",
        # One line: the service's pattern takes no line breaks.
        "Content": json.dumps(content),
        "ModelCardStatus": "Draft",
        "Tags": tags(settings),
    }
    if settings.kms_key is not None:
        parameters["SecurityConfig"] = key(settings)
    return Request("CreateModelCard", parameters)


def _words(settings: PackageSettings, figures: Figures) -> str:
    return ". ".join(filter(None, (settings.description.rstrip(". "), figures.verdict)))


def _properties(figures: Figures) -> dict[str, str]:
    properties = {
        "rows.real": str(figures.n_real),
        "rows.synthetic": str(figures.n_synthetic),
        "rows.real_are": figures.real_is,
        "synthesizer": figures.synthesizer or "unknown",
        "report.sha256": figures.sha256,
    }
    for figure in figures.scores:
        properties |= {
            f"{figure.name}.value": f"{figure.value:.6g}",
            f"{figure.name}.floor": f"{figure.low:.6g} to {figure.high:.6g}",
            f"{figure.name}.verdict": f"{figure.standing} the noise floor",
        }
    return properties
