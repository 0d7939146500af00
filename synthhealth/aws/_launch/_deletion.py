"""An endpoint and what belongs to it is deleted; what stays is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synthhealth.aws._launch._clients import client as make_client
from synthhealth.aws._launch._clients import in_words
from synthhealth.aws._launch._errors import AwsError, LaunchError

__all__ = ["Deletion", "delete_endpoint", "plan_deletion"]


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
