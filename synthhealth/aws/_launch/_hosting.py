"""Settings become the requests of an endpoint, and of a tuning job that keeps the best of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from synthhealth.aws._launch._fields import TuningName
from synthhealth.aws._launch._jobs import container, key, tags, training_job, vpc
from synthhealth.aws._launch._request import Request, digest
from synthhealth.aws._launch._rules import parameter_problem
from synthhealth.aws._launch._settings import (
    APPLICATION,
    DAY,
    EndpointSettings,
    Settings,
    TrainingSettings,
)
from synthhealth.aws._training._log import METRICS
from synthhealth.errors import nearest

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "CategoricalRange",
    "ContinuousRange",
    "IntegerRange",
    "TuningSettings",
    "endpoint",
    "endpoint_config",
    "hosting",
    "model",
    "tuning_job",
]


VARIANT = "AllTraffic"


def hosting(settings: EndpointSettings) -> tuple[Request, Request, Request]:
    """Make the requests of an endpoint, in the order in which they are sent.

    Parameters
    ----------
    settings : EndpointSettings

    Returns
    -------
    tuple of Request
        ``CreateModel``, ``CreateEndpointConfig``, ``CreateEndpoint``.

    Examples
    --------
    >>> from synthhealth.aws.launch import EndpointSettings, hosting
    >>> settings = EndpointSettings(
    ...     name="ra",
    ...     image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/synthhealth:0.1.0",
    ...     role="arn:aws:iam::123456789012:role/synthhealth",
    ...     model_data="s3://hospital/models/model.tar.gz",
    ...     kms_key="1234abcd-12ab-34cd-56ef-1234567890ab",
    ...     subnets=["subnet-0a1b2c3d"], security_group_ids=["sg-0a1b2c3d"],
    ... )
    >>> [request.operation for request in hosting(settings)]
    ['CreateModel', 'CreateEndpointConfig', 'CreateEndpoint']
    """
    return model(settings), endpoint_config(settings), endpoint(settings)


def model(settings: EndpointSettings) -> Request:
    """Make the request of a model: an image and a saved model."""
    return Request(
        "CreateModel",
        {
            "ModelName": _part_name(settings),
            "PrimaryContainer": container(
                settings.image, settings.model_data, settings.environment
            ),
            "ExecutionRoleArn": settings.role,
            "EnableNetworkIsolation": settings.network_isolation,
            **vpc(settings),
            "Tags": tags(settings),
        },
    )


def endpoint_config(settings: EndpointSettings) -> Request:
    """Make the request of an endpoint's configuration: real-time, serverless or async."""
    variant: dict[str, Any] = {"VariantName": VARIANT, "ModelName": _part_name(settings)}
    if settings.kind == "serverless":
        variant["ServerlessConfig"] = {
            "MemorySizeInMB": settings.memory_mb,
            "MaxConcurrency": settings.max_concurrency,
        }
    else:
        variant |= {
            "InstanceType": settings.instance_type,
            "InitialInstanceCount": settings.instance_count,
            "InitialVariantWeight": 1.0,
            "ContainerStartupHealthCheckTimeoutInSeconds": settings.startup_seconds,
        }
    parameters: dict[str, Any] = {
        "EndpointConfigName": _part_name(settings),
        "ProductionVariants": [variant],
        **key(settings),
        "Tags": tags(settings),
    }
    if settings.kind == "async":
        parameters["AsyncInferenceConfig"] = {
            "ClientConfig": {
                "MaxConcurrentInvocationsPerInstance": settings.concurrent_invocations
            },
            "OutputConfig": {
                "S3OutputPath": f"{settings.output}answers/",
                "S3FailurePath": f"{settings.output}failures/",
                **key(settings),
            },
        }
    return Request("CreateEndpointConfig", parameters)


def endpoint(settings: EndpointSettings) -> Request:
    """Make the request of the endpoint itself, with which the charges begin."""
    return Request(
        "CreateEndpoint",
        {
            "EndpointName": settings.name,
            "EndpointConfigName": _part_name(settings),
            "Tags": tags(settings),
        },
    )


def _part_name(settings: EndpointSettings) -> str:
    # Models and configurations cannot be changed: other settings need another name.
    return f"{settings.name}-{digest(settings.model_dump(mode='json'))}"


Scaling = Literal["Auto", "Linear", "Logarithmic"]


class IntegerRange(Settings):
    """Whole numbers from `low` to `high`."""

    kind: Literal["integer"] = "integer"
    low: int
    high: int
    scaling: Scaling = "Auto"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_order(self.low, self.high, self.scaling)
        return self


class ContinuousRange(Settings):
    """Numbers from `low` to `high`."""

    kind: Literal["continuous"] = "continuous"
    low: float
    high: float
    scaling: Scaling = "Auto"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_order(self.low, self.high, self.scaling)
        return self


class CategoricalRange(Settings):
    """One of several values."""

    kind: Literal["categorical"] = "categorical"
    values: tuple[Annotated[str, Field(min_length=1, max_length=256)], ...] = Field(
        min_length=1, max_length=30
    )


Range = Annotated[IntegerRange | ContinuousRange | CategoricalRange, Field(discriminator="kind")]
_LISTS = {
    "integer": "IntegerParameterRanges",
    "continuous": "ContinuousParameterRanges",
    "categorical": "CategoricalParameterRanges",
}


class TuningSettings(Settings):
    """A tuning job: the same training with other hyperparameters, again and again.

    Examples
    --------
    >>> from synthhealth.aws.launch import IntegerRange
    >>> IntegerRange(low=100, high=600).high
    600
    """

    name: TuningName | None = Field(None, description="Name; by default made of the settings.")
    training: TrainingSettings = Field(description="What is the same in every training.")
    ranges: dict[str, Range] = Field(
        min_length=1, max_length=30, description="What is tried, by hyperparameter."
    )
    metric: str = Field("quality:column_average", description="The figure that decides.")
    goal: Literal["Maximize", "Minimize"] = Field("Maximize", description="What is best.")
    strategy: Literal["Bayesian", "Random"] = Field("Bayesian", description="How it is sought.")
    max_jobs: int = Field(10, ge=1, le=500, description="Trainings in all.")
    max_parallel_jobs: int = Field(2, ge=1, le=100, description="Trainings at a time.")
    random_state: int = Field(0, ge=0, lt=2**31, description="Seed of the search.")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.metric not in METRICS:
            advice = nearest(self.metric, METRICS)
            raise ValueError(f"metric: {self.metric!r} is none that training writes{advice}")
        if self.max_parallel_jobs > self.max_jobs:
            raise ValueError("max_parallel_jobs: more than max_jobs")
        fixed = {"synthesizer", "random_state", *self.training.hyperparameters}
        for name, tried in self.ranges.items():
            texts = tried.values if isinstance(tried, CategoricalRange) else ()
            for text in texts or ("",):
                if problem := parameter_problem(name, text):
                    raise ValueError(f"ranges: {problem}")
            if not 0 < len(name) <= 256 or name.startswith(("_", "sagemaker_")):
                raise ValueError(f"ranges: {name[:80]!r} cannot be a hyperparameter's name")
            if name in fixed:
                raise ValueError(f"ranges: {name!r} is fixed by the training's own settings")
        return self

    @property
    def job_name(self) -> str:
        """The name, as it is sent."""
        return self.name or f"{APPLICATION}-tuning-{digest(self.model_dump(mode='json'))}"


def tuning_job(settings: TuningSettings) -> Request:
    """Make the request of a tuning job.

    Parameters
    ----------
    settings : TuningSettings

    Returns
    -------
    Request
        ``CreateHyperParameterTuningJob``.
    """
    training = dict(training_job(settings.training).parameters)
    name_tags = training.pop("Tags")
    del training["TrainingJobName"]
    fixed = training.pop("HyperParameters")
    ranges: dict[str, list[dict[str, Any]]] = {}
    for name, tried in settings.ranges.items():
        ranges.setdefault(_LISTS[tried.kind], []).append(_range(name, tried))
    config = {
        "Strategy": settings.strategy,
        "HyperParameterTuningJobObjective": {
            "Type": settings.goal,
            "MetricName": settings.metric,
        },
        "ResourceLimits": {
            "MaxNumberOfTrainingJobs": settings.max_jobs,
            "MaxParallelTrainingJobs": settings.max_parallel_jobs,
            "MaxRuntimeInSeconds": _longest(settings),
        },
        "ParameterRanges": ranges,
        "TrainingJobEarlyStoppingType": "Off",
        "RandomSeed": settings.random_state,
    }
    return Request(
        "CreateHyperParameterTuningJob",
        {
            "HyperParameterTuningJobName": settings.job_name,
            "HyperParameterTuningJobConfig": config,
            "TrainingJobDefinition": {"StaticHyperParameters": fixed, **training},
            "Tags": name_tags,
        },
    )


def _range(name: str, tried: IntegerRange | ContinuousRange | CategoricalRange) -> dict[str, Any]:
    if isinstance(tried, CategoricalRange):
        return {"Name": name, "Values": list(tried.values)}
    return {
        "Name": name,
        "MinValue": str(tried.low),
        "MaxValue": str(tried.high),
        "ScalingType": tried.scaling,
    }


def _longest(settings: TuningSettings) -> int:
    one = settings.training.waiting or settings.training.max_runtime
    rounds = -(-settings.max_jobs // settings.max_parallel_jobs)
    return max(120, min(one * rounds, 182 * DAY))


def _check_order(low: float, high: float, scaling: str) -> None:
    if not low < high:
        raise ValueError("low: must be less than high")
    if scaling == "Logarithmic" and low <= 0:
        raise ValueError("low: must be above 0 for a logarithmic scale")
