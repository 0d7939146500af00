"""What is charged and how it ends; an endpoint and what belongs to it is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synthhealth.aws._launch._hosting import TuningSettings
from synthhealth.aws._launch._sending import in_words, make_client
from synthhealth.aws._launch._settings import (
    EndpointSettings,
    SamplingSettings,
    TrainingSettings,
    TransformSettings,
)
from synthhealth.errors import AwsError, LaunchError

__all__ = ["CostNote", "Deletion", "cost_note", "delete_endpoint", "plan_deletion"]


HOUR = 3600
MONTH = 730  # hours


@dataclass(frozen=True)
class CostNote:
    """What is charged.

    Attributes
    ----------
    lines : tuple of str
    instance_hours : float or None
        The most that can be charged; None where it goes on until it is deleted.
    """

    lines: tuple[str, ...]
    instance_hours: float | None

    def summary(self) -> str:
        """Say it in a few lines."""
        return "\n".join(self.lines)


def cost_note(
    settings: TrainingSettings
    | SamplingSettings
    | TransformSettings
    | TuningSettings
    | EndpointSettings,
    *,
    hourly_price: float | None = None,
) -> CostNote:
    """Say what these settings have charged.

    Parameters
    ----------
    settings : TrainingSettings, SamplingSettings, TransformSettings, TuningSettings or \
EndpointSettings
    hourly_price : float, optional
        Price of one instance for one hour, as AWS's price list says for the region.

    Returns
    -------
    CostNote

    Examples
    --------
    >>> from synthhealth.aws.launch import SamplingSettings, cost_note
    >>> sampling = SamplingSettings(
    ...     name="million",
    ...     image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/synthhealth:0.1.0",
    ...     role="arn:aws:iam::123456789012:role/synthhealth",
    ...     model_data="s3://hospital/models/model.tar.gz", output="s3://hospital/rows/",
    ...     num_rows=10**6, instance_count=2, max_runtime=7200,
    ...     allow_default_key=True, allow_no_vpc=True,
    ... )
    >>> print(cost_note(sampling, hourly_price=0.25).summary())
    Charged: 2 x ml.m5.xlarge by the second, for at most 2 h (4 instance-hours).
    Disks: 60 GB for the same time.
    At the price given (0.25 an hour), at most 1.00, without disks and storage.
    Ends by itself; earlier with: aws sagemaker stop-processing-job --processing-job-name million
    Storage in S3 goes on until the files are deleted: s3://hospital/rows/
    """
    if isinstance(settings, EndpointSettings):
        return _of_endpoint(settings, hourly_price)
    if isinstance(settings, TuningSettings):
        training = settings.training
        hours = settings.max_jobs * training.max_runtime / HOUR
        return _of_job(
            f"{settings.max_jobs} x {training.instance_type} by the second, each for at most "
            f"{_number(training.max_runtime / HOUR)} h",
            hours,
            training.volume_gb * settings.max_parallel_jobs,
            hourly_price,
            "hyper-parameter-tuning",
            settings.job_name,
            training.output,
            spot=training.spot,
        )
    if isinstance(settings, TransformSettings):
        lines = [
            f"Charged: {settings.instance_count} x {settings.instance_type} by the second, until "
            "the last request is answered; a transform has no maximum run time.",
            *_price(settings.instance_count, hourly_price, "for each hour"),
            *_end("transform", settings.job_name, settings.output),
        ]
        return CostNote(tuple(lines), None)
    count = settings.instance_count if isinstance(settings, SamplingSettings) else 1
    return _of_job(
        f"{count} x {settings.instance_type} by the second, for at most "
        f"{_number(settings.max_runtime / HOUR)} h",
        count * settings.max_runtime / HOUR,
        count * settings.volume_gb,
        hourly_price,
        "processing" if isinstance(settings, SamplingSettings) else "training",
        settings.job_name,
        settings.output,
        spot=isinstance(settings, TrainingSettings) and settings.spot,
    )


def _of_job(
    what: str,
    hours: float,
    disk_gb: int,
    hourly_price: float | None,
    verb: str,
    name: str,
    output: str,
    *,
    spot: bool,
) -> CostNote:
    lines = [
        f"Charged: {what} ({_number(hours)} instance-hours).",
        f"Disks: {disk_gb:,} GB for the same time.",
    ]
    if hourly_price is not None:
        lines.append(
            f"At the price given ({hourly_price:g} an hour), at most {hours * hourly_price:,.2f}, "
            "without disks and storage."
        )
    if spot:
        lines.append("Spot: the price is lower and changes; waiting is not charged.")
    return CostNote((*lines, *_end(verb, name, output)), hours)


def _of_endpoint(settings: EndpointSettings, hourly_price: float | None) -> CostNote:
    ending = f"Ends only with: synthhealth aws delete {settings.name}"
    storage = f"Storage in S3 goes on until the model is deleted: {settings.model_data}"
    if settings.kind == "serverless":
        gigabytes = settings.memory_mb / 1024
        lines = [
            f"Charged: {gigabytes:g} GB of memory for the time that requests take, and the data "
            "that goes in and out; nothing while nobody asks.",
        ]
        if hourly_price is not None:
            lines.append("The hourly price given is not used: no instance is charged.")
        return CostNote((*lines, ending, storage), None)
    count = settings.instance_count
    lines = [
        f"Charged: {count} x {settings.instance_type} from creation to deletion, used or not: "
        f"{count * 24} instance-hours a day, {count * MONTH:,} a month.",
        *_price(count * MONTH, hourly_price, "a month"),
        ending,
        storage,
    ]
    return CostNote(tuple(lines), None)


def _price(hours: float, hourly_price: float | None, span: str) -> list[str]:
    if hourly_price is None:
        return []
    return [
        f"At the price given ({hourly_price:g} an hour), {hours * hourly_price:,.2f} {span}, "
        "without disks and storage."
    ]


def _end(verb: str, name: str, output: str) -> list[str]:
    command = f"aws sagemaker stop-{verb}-job --{verb}-job-name {name}"
    return [
        f"Ends by itself; earlier with: {command}",
        f"Storage in S3 goes on until the files are deleted: {output}",
    ]


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Deletion:
    """What is deleted with an endpoint, and what remains.

    Attributes
    ----------
    endpoint : str
    config : str or None
        None if the configuration is gone already.
    models : tuple of str
    remains : tuple of str
        S3 addresses that are not touched, and go on costing storage.
    """

    endpoint: str
    config: str | None
    models: tuple[str, ...]
    remains: tuple[str, ...]

    def summary(self) -> str:
        """Say it in a few lines."""
        parts = [f"endpoint {self.endpoint}"]
        if self.config is not None:
            parts.append(f"its configuration {self.config}")
        parts += [f"its model {name}" for name in self.models]
        lines = ["Deleted are: " + ", ".join(parts) + "."]
        if self.remains:
            lines.append("In S3 remain: " + ", ".join(self.remains) + ".")
        return "\n".join(lines)


def plan_deletion(name: str, client: Any = None, *, region: str | None = None) -> Deletion:
    """Find what belongs to an endpoint; nothing is deleted.

    Parameters
    ----------
    name : str
        Of the endpoint.
    client, region
        As for `send`.

    Raises
    ------
    LaunchError
        There is no such endpoint.
    """
    sagemaker = client if client is not None else make_client("sagemaker", region)
    endpoint = _ask(sagemaker.describe_endpoint, "DescribeEndpoint", EndpointName=name)
    if endpoint is None:
        raise LaunchError(f"there is no endpoint of the name {name!r} in this region")
    config_name = endpoint["EndpointConfigName"]
    config = _ask(
        sagemaker.describe_endpoint_config,
        "DescribeEndpointConfig",
        EndpointConfigName=config_name,
    )
    if config is None:
        return Deletion(name, None, (), ())
    models = tuple(
        variant["ModelName"] for variant in config["ProductionVariants"] if "ModelName" in variant
    )
    remains: list[str] = []
    kept: list[str] = []
    for model_name in models:
        model = _ask(sagemaker.describe_model, "DescribeModel", ModelName=model_name)
        if model is None:
            continue
        kept.append(model_name)
        container = model.get("PrimaryContainer", {})
        source = container.get("ModelDataSource", {}).get("S3DataSource", {})
        remains.append(container.get("ModelDataUrl") or source.get("S3Uri") or "")
    output = config.get("AsyncInferenceConfig", {}).get("OutputConfig", {})
    remains += [output.get("S3OutputPath", ""), output.get("S3FailurePath", "")]
    return Deletion(name, config_name, tuple(kept), tuple(filter(None, remains)))


def delete_endpoint(deletion: Deletion, client: Any = None, *, region: str | None = None) -> None:
    """Delete an endpoint, its configuration and its models, the endpoint first.

    Parameters
    ----------
    deletion : Deletion
        From `plan_deletion`.
    client, region
        As for `send`.
    """
    sagemaker = client if client is not None else make_client("sagemaker", region)
    # It alone is charged by the hour: if what follows fails, the charges have ended.
    with in_words("DeleteEndpoint"):
        sagemaker.delete_endpoint(EndpointName=deletion.endpoint)
    if deletion.config is not None:
        with in_words("DeleteEndpointConfig"):
            sagemaker.delete_endpoint_config(EndpointConfigName=deletion.config)
    for name in deletion.models:
        with in_words("DeleteModel"):
            sagemaker.delete_model(ModelName=name)


def _ask(method: Any, operation: str, **name: str) -> Any:
    try:
        with in_words(operation):
            return method(**name)
    except AwsError as error:
        if error.code in ("ValidationException", "ValidationError", "ResourceNotFound"):
            return None
        raise
