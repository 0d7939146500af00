"""The service's own description of its requests, as botocore carries it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from synthhealth.errors import LaunchError

__all__ = ["botocore_missing", "input_shape", "instance_types"]


def botocore_missing() -> LaunchError:
    """Give the error that tells how to install what speaks with AWS."""
    return LaunchError(
        "AWS needs boto3, which is not installed; install it with: pip install 'synthhealth[aws]'"
    )


@lru_cache(maxsize=1)
def _model() -> Any:
    try:
        from botocore.loaders import create_loader
        from botocore.model import ServiceModel
    except ImportError as error:
        raise botocore_missing() from error
    # The loader alone: a session would read the user's profiles, which no description needs.
    return ServiceModel(create_loader().load_service_model("sagemaker", "service-2"), "sagemaker")


@lru_cache(maxsize=32)
def input_shape(operation: str) -> Any:
    """Return botocore's description of what an operation of SageMaker takes.

    Raises
    ------
    LaunchError
        botocore is not installed, or too old to know the operation.
    """
    model = _model()
    if operation not in model.operation_names:
        raise LaunchError(
            f"the installed botocore does not know {operation}; update it: pip install -U boto3"
        )
    return model.operation_model(operation).input_shape


@lru_cache(maxsize=8)
def instance_types(shape: str) -> tuple[str, ...]:
    """Return the instance types of a kind of work, such as ``"TrainingInstanceType"``.

    Empty where the installed botocore lists none: then AWS alone can judge the name.
    """
    return tuple(_model().shape_for(shape).enum)
