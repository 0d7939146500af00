"""A training job is started on a clean table, at most once for each version of the input."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import Any

from synthhealth.errors import ParameterError

__all__ = ["TrainingStart"]

_LOG = logging.getLogger("synthhealth.aws.preprocess")
_CHANNEL = "training"
_LONGEST_NAME = 63
_DIGEST = 16


class TrainingStart:
    """Starts a job as a stored request says, with a clean table as its training channel.

    Parameters
    ----------
    s3, sagemaker
        Clients of boto3.
    request_key : str
        The key, in the bucket of the table, of a ``CreateTrainingJob`` request in JSON, as
        ``synthhealth aws train --dry-run`` prints it. The begin of its job's name is kept, and the
        address of its channel ``training`` replaced.
    """

    def __init__(self, s3: Any, sagemaker: Any, request_key: str) -> None:
        self._s3 = s3
        self._sagemaker = sagemaker
        self._request_key = request_key

    def __call__(self, bucket: str, key: str, version: str) -> str:
        """Start the job unless it was started; give its name.

        Raises
        ------
        ParameterError
            What is stored is no such request.
        """
        stored = self._s3.get_object(Bucket=bucket, Key=self._request_key)["Body"].read()
        request = _request(stored)
        told = json.dumps([bucket, key, version])
        digest = hashlib.sha256(told.encode()).hexdigest()[:_DIGEST]
        begin = request["TrainingJobName"][: _LONGEST_NAME - _DIGEST - 1].rstrip("-")
        request["TrainingJobName"] = name = f"{begin}-{digest}"
        _source(request)["S3Uri"] = f"s3://{bucket}/{key}"
        try:
            self._sagemaker.create_training_job(**request)
        except self._sagemaker.exceptions.ResourceInUse:
            _LOG.info("the training job was started before", extra={"training_job": name})
        else:
            _LOG.info("training job started", extra={"training_job": name})
        return name


def _request(stored: bytes) -> dict[str, Any]:
    try:
        request: dict[str, Any] = json.loads(stored)["CreateTrainingJob"]
        is_one = isinstance(request["TrainingJobName"], str) and bool(_source(request))
    except (ValueError, LookupError, TypeError, AttributeError):
        is_one = False
    if not is_one:
        raise ParameterError(
            "the stored training request is none, or has no channel 'training' in S3; write it "
            "with 'synthhealth aws train --dry-run'"
        )
    return request


def _source(request: dict[str, Any]) -> dict[str, Any]:
    """Give where a request's training channel is read."""
    channels = {one["ChannelName"]: one for one in request["InputDataConfig"]}
    source: dict[str, Any] = channels[_CHANNEL]["DataSource"]["S3DataSource"]
    return source
