"""Requests are judged, and then sent."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

from synthhealth.aws._launch._clients import client as make_client
from synthhealth.aws._launch._clients import in_words
from synthhealth.aws._launch._errors import AwsError
from synthhealth.aws._launch._judge import check
from synthhealth.aws._launch._request import Request

__all__ = ["method_name", "send", "send_all"]

_log = logging.getLogger(__name__)
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_EXISTS = ("ResourceInUse", "ConflictException")


def send(request: Request, client: Any = None, *, region: str | None = None) -> dict[str, Any]:
    """Send a request to SageMaker, after it was judged.

    Parameters
    ----------
    request : Request
    client : boto3 client of SageMaker, optional
        By default one with the credentials of the environment.
    region : str, optional
        Of the default client.

    Returns
    -------
    dict
        AWS's answer, such as ``{"TrainingJobArn": ...}``.

    Raises
    ------
    RefusedError
        The request is wrong; nothing was sent.
    AwsError
        AWS did not take it.
    """
    check(request)
    sagemaker = client if client is not None else make_client("sagemaker", region)
    with in_words(request.operation):
        answer = getattr(sagemaker, method_name(request.operation))(**request.parameters)
    _log.info("%s was sent", request.operation)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def send_all(
    requests: Iterable[Request], client: Any = None, *, region: str | None = None
) -> list[dict[str, Any]]:
    """Send requests that belong together: all are judged before the first is sent.

    Models and configurations whose name exists already are left as they are, since their names
    are made of their settings: a sending that broke off can be repeated.

    Parameters
    ----------
    requests : iterable of Request
    client, region
        As for `send`.

    Returns
    -------
    list of dict
        AWS's answers; empty where it existed already.
    """
    every = list(requests)
    for request in every:
        check(request)
    sagemaker = client if client is not None else make_client("sagemaker", region)
    answers = []
    for request in every:
        try:
            answers.append(send(request, sagemaker))
        except AwsError as error:
            shared = request.operation in (
                "CreateModel",
                "CreateEndpointConfig",
                "CreateModelPackageGroup",
            )
            if not (shared and _exists(error)):
                raise
            _log.info("%s: it exists already", request.operation)
            answers.append({})
    return answers


def method_name(operation: str) -> str:
    """Return boto3's name of an operation.

    Examples
    --------
    >>> from synthhealth.aws._launch._send import method_name
    >>> method_name("CreateHyperParameterTuningJob")
    'create_hyper_parameter_tuning_job'
    """
    return _CAPITAL.sub("_", operation).lower()


def _exists(error: AwsError) -> bool:
    return error.code in _EXISTS or "the name is taken" in str(error)
