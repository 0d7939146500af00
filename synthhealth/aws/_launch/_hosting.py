"""Settings become the three requests of an endpoint."""

from __future__ import annotations

from typing import Any

from synthhealth.aws._launch._parts import container, key, tags, vpc
from synthhealth.aws._launch._request import Request, digest
from synthhealth.aws._launch._settings import EndpointSettings

__all__ = ["endpoint", "endpoint_config", "hosting", "model"]

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
