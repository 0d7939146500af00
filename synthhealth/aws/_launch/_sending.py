"""Requests are judged, and then sent by boto3; AWS's errors in words."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from synthhealth.aws._launch._judge import check
from synthhealth.aws._launch._request import Request
from synthhealth.aws._launch._service import botocore_missing
from synthhealth.errors import AwsError, LaunchError

__all__ = [
    "DENIED",
    "in_words",
    "make_client",
    "method_name",
    "no_region",
    "passes",
    "send",
    "send_all",
]


NO_REGION = "no region is known; give --region, or set AWS_DEFAULT_REGION"
DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden"}
)
_EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
)
_UNKNOWN_CALLER = frozenset(
    {
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_THROTTLED = frozenset(
    {"SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException"}
)
_UNREACHED = frozenset(
    {
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "EndpointConnectionError",
        "InternalFailure",
        "ReadTimeoutError",
        "ServiceUnavailable",
    }
)
_PERFORM = re.compile(r"not authorized to perform: ([\w-]+:[\w*]+)(?: on resource: (\S+))?")


def make_client(service: str, region: str | None = None) -> Any:
    """Return boto3's client of a service, with bounded retries and waits.

    Parameters
    ----------
    service : str
        Such as ``"sagemaker"``.
    region : str, optional
        By default that of the environment or the profile.

    Raises
    ------
    LaunchError
        boto3 is not installed, or no region is known.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise botocore_missing() from error
    config = Config(
        retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60
    )
    try:
        session = boto3.Session(region_name=region)
        if session.region_name is None:  # S3, alone among the services, would do without one
            raise no_region()
        return session.client(service, config=config)
    except BotoCoreError as error:
        raise _of_botocore(error) from error
    except ValueError as error:
        raise AwsError(f"{error}; check AWS_ENDPOINT_URL", "ValueError") from error


def no_region() -> AwsError:
    """Give the error that says where the region is taken from."""
    return AwsError(NO_REGION, "NoRegionError")


def passes(error: AwsError) -> bool:
    """Tell whether an error may pass by itself: AWS asks for patience, or was not reached."""
    return error.code in _THROTTLED or error.code in _UNREACHED


@contextmanager
def in_words(operation: str, service: str = "sagemaker") -> Iterator[None]:
    """Turn the errors of boto3 into ours.

    Parameters
    ----------
    operation : str
        What is being done, as IAM calls it, such as ``"CreateTrainingJob"``.
    service : str
        The service's prefix in IAM.

    Raises
    ------
    AwsError
        What AWS said, and how to mend it; where access is denied, the action that is missing.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _of_answer(error.response.get("Error", {}), operation, service) from error
    except BotoCoreError as error:
        raise _of_botocore(error) from error


def _of_answer(answer: dict[str, Any], operation: str, service: str) -> AwsError:
    code, said = str(answer.get("Code", "")), str(answer.get("Message", ""))
    if code in DENIED:
        text = _denied(said, f"{service}:{operation}")
    elif code in _EXPIRED:
        text = "the credentials have expired; log in again (such as: aws sso login)"
    elif code in _UNKNOWN_CALLER:
        text = f"AWS does not know the credentials ({code}); check the profile or the keys"
    elif code in _THROTTLED:
        text = f"AWS asks for fewer requests ({code}); try again in a minute"
    elif code in ("ResourceInUse", "ResourceInUseException", "ConflictException"):
        text = f"the name is taken: {said} The same settings give the same name; give another name"
    elif code in ("ResourceLimitExceeded", "LimitExceededException"):
        text = f"a quota of the account is reached: {said} Ask for more under Service Quotas"
    elif code in ("ValidationException", "ValidationError") and "already exist" in said:
        text = f"the name is taken: {said} The same settings give the same name; give another name"
    else:
        text = f"AWS answered {code or 'with an error'}: {said}"
    return AwsError(f"{operation}: {text}", code)


def _denied(said: str, action: str) -> str:
    found = _PERFORM.search(said)
    missing = found[1] if found else action
    where = f" on {found[2]}" if found and found[2] else ""
    passing = (
        "; it lets the caller hand the role over to SageMaker" if missing == "iam:PassRole" else ""
    )
    return f"access is denied; the caller lacks the permission {missing}{where}{passing}"


def _of_botocore(error: Exception) -> LaunchError:
    name = type(error).__name__
    advice = {
        "NoRegionError": NO_REGION,
        "NoCredentialsError": "no credentials were found; log in (such as: aws sso login), or set "
        "AWS_PROFILE",
        "PartialCredentialsError": "the credentials are incomplete; set key and secret",
        "ProfileNotFound": "the profile of AWS_PROFILE does not exist",
        "EndpointConnectionError": "AWS cannot be reached; check the network and the region",
        "ConnectTimeoutError": "AWS did not answer; check the network and the region",
        "ReadTimeoutError": "AWS did not answer in time; try again",
        "SSOTokenLoadError": "the login has expired; log in again: aws sso login",
        "UnauthorizedSSOTokenError": "the login has expired; log in again: aws sso login",
        "TokenRetrievalError": "the login has expired; log in again: aws sso login",
    }.get(name)
    return AwsError(advice or f"{name}: {error}", name)


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
    >>> from synthhealth.aws._launch._sending import method_name
    >>> method_name("CreateHyperParameterTuningJob")
    'create_hyper_parameter_tuning_job'
    """
    return _CAPITAL.sub("_", operation).lower()


def _exists(error: AwsError) -> bool:
    return error.code in _EXISTS or "the name is taken" in str(error)
