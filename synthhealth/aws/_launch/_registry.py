"""Settings and a report become entries of the model registry, and a model card."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthhealth.aws._launch._fields import Image, JobName, ModelData, S3Address
from synthhealth.aws._launch._jobs import container, key, tags
from synthhealth.aws._launch._request import Request, digest
from synthhealth.aws._launch._settings import EncryptedSettings
from synthhealth.errors import FileError, LaunchError

__all__ = [
    "Figure",
    "Figures",
    "PackageSettings",
    "model_card",
    "model_package",
    "model_package_group",
]


Standing = Literal["below", "within", "above"]

#: Each overall score of a report: whether more is better, and what it is.
OVERALL = {
    "ks_average": "Likeness of the numerical columns: mean KS complement, 1 is best",
    "column_average": "Likeness of all columns, 1 is best",
    "dependence_difference": "Difference of dependence between columns, 0 is best",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Figure(_Part):
    """A score beside its noise floor: what two samples of real patients would score.

    Attributes
    ----------
    name : str
        As in ``report.json``.
    value : float
    low, high : float
        The noise floor's 95 % interval.
    """

    name: str
    value: float
    low: float
    high: float

    @property
    def standing(self) -> Standing:
        """Where the score stands to its noise floor."""
        if self.value < self.low:
            return "below"
        return "above" if self.value > self.high else "within"


class Figures(_Part):
    """What a report says overall; no patient, no column and no category is in it.

    Attributes
    ----------
    scores : tuple of Figure
    n_real, n_synthetic : int
        Rows compared.
    real_is : str
        ``"training"``, ``"holdout"`` or ``"given"``.
    synthesizer : str
        The model family; empty where the report knows of none.
    sentences : tuple of str
        The report's limits, in its own words.
    sha256 : str
        Of the file ``report.json``.
    """

    scores: tuple[Figure, ...]
    n_real: int
    n_synthetic: int
    real_is: Literal["training", "holdout", "given"]
    synthesizer: str
    sentences: tuple[str, ...]
    sha256: str

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Figures:
        """Read the figures of a ``report.json``.

        Parameters
        ----------
        path : path-like
            As `Report.to_json <synthhealth.Report.to_json>` or a training job writes it.

        Raises
        ------
        FileError
            It cannot be read.
        LaunchError
            It is not a report.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise FileError(f"{os.fspath(path)}: cannot be read ({reason})") from error
        return cls.from_bytes(content, os.fspath(path))

    @classmethod
    def from_bytes(cls, content: bytes, name: str = "report.json") -> Figures:
        """Read the figures of a report that is in memory."""
        try:
            report = json.loads(content)
            evaluation = report["evaluation"]
            return cls(
                scores=tuple(_scores(evaluation["overall"])),
                n_real=evaluation["n_real"],
                n_synthetic=evaluation["n_synthetic"],
                real_is=evaluation["real_is"],
                synthesizer=(report.get("model") or {}).get("name") or "",
                sentences=tuple(report.get("limits", ())),
                sha256=hashlib.sha256(content).hexdigest(),
            )
        except (ValueError, KeyError, TypeError, AttributeError, ValidationError):
            # Not chained: the text of the error may repeat what the file holds.
            raise LaunchError(
                f"{name}: this is not a report of synthhealth; give the report.json of a training "
                "job"
            ) from None

    @property
    def verdict(self) -> str:
        """One sentence: where each score stands."""
        return "; ".join(
            f"{figure.name} {figure.value:.3f} is {figure.standing} its noise floor "
            f"{figure.low:.3f} to {figure.high:.3f}"
            for figure in self.scores
        )


def _scores(overall: dict[str, Any]) -> list[Figure]:
    return [
        Figure(
            name=name,
            value=overall[name]["value"],
            low=overall[name]["floor"]["low"],
            high=overall[name]["floor"]["high"],
        )
        for name in OVERALL
        if overall.get(name) is not None
    ]


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
    "synthetic one is; they are not proof of anonymity. Whether a patient could be recognised has "
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
