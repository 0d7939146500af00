"""Which objects an event speaks of, and the training job that is started on a clean table."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from synthhealth.errors import ParameterError

__all__ = [
    "StoredObject",
    "TrainingStart",
    "objects_of",
    "objects_of_message",
    "queued_messages",
]


@dataclass(frozen=True)
class StoredObject:
    """One version of an object in a bucket.

    Attributes
    ----------
    bucket, key : str
        Where it lies.
    version : str or None
        Its version; None in a bucket that keeps none.
    sequencer : str or None
        What the event says instead: another text for every time that the key is written.
    """

    bucket: str
    key: str
    version: str | None = None
    sequencer: str | None = None

    @property
    def identity(self) -> str | None:
        """What a repeated delivery has in common with the first one, and no other object has.

        None where the event does not tell, and a later object could be taken for this one.
        """
        written = self.version or self.sequencer
        if written is None:
            return None
        return json.dumps([self.bucket, self.key, written], ensure_ascii=False)


def queued_messages(event: Any) -> list[tuple[str, str]] | None:
    """Give the ids and bodies of an SQS batch; None for any other event.

    Raises
    ------
    ParameterError
        A message has no id, so that nobody could be told whether it was done.
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list) or not records:
        return None
    if not all(isinstance(one, dict) and one.get("eventSource") == "aws:sqs" for one in records):
        return None
    if not all(isinstance(one.get("messageId"), str) for one in records):
        raise ParameterError("the event is not an SQS batch: a message in it has no id")
    return [(one["messageId"], str(one.get("body"))) for one in records]


def objects_of_message(body: str) -> list[StoredObject]:
    """Give the objects that the event in an SQS message says were created; see `objects_of`.

    Raises
    ------
    ParameterError
        The message holds no event of S3.
    """
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise ParameterError("the message is not an S3 event: it is not JSON") from None
    return objects_of(event)


def objects_of(event: Any) -> list[StoredObject]:
    """Give the objects that an event says were created.

    S3 notifications encode keys as in an address (``a+b%C3%A4.csv``), EventBridge does not.
    Test events, events about anything but a creation and folder marks give none.

    Raises
    ------
    ParameterError
        It is not an S3 event.
    """
    if not isinstance(event, Mapping):
        raise ParameterError("the event is not an S3 event: not an object")
    if event.get("Event") == "s3:TestEvent":
        return []
    try:
        if event.get("source") == "aws.s3":
            found = [_bridged(event)] if event["detail-type"] == "Object Created" else []
        else:
            created = "ObjectCreated:"
            found = [
                _notified(record["s3"])
                for record in event["Records"]
                if str(record["eventName"]).removeprefix("s3:").startswith(created)
            ]
    except (KeyError, TypeError, AttributeError):
        raise ParameterError(
            "the event is not an S3 event: parts of it are missing, or of another type"
        ) from None
    return [one for one in found if not one.key.endswith("/")]


def _bridged(event: Mapping[str, Any]) -> StoredObject:
    detail = event["detail"]
    one = detail["object"]
    return _stored(detail["bucket"]["name"], one["key"], one.get("version-id"), one)


def _notified(s3: Mapping[str, Any]) -> StoredObject:
    one = s3["object"]
    return _stored(s3["bucket"]["name"], unquote_plus(one["key"]), one.get("versionId"), one)


def _stored(bucket: Any, key: Any, version: Any, one: Mapping[str, Any]) -> StoredObject:
    told = bucket, key, version or "", one.get("sequencer") or ""
    if not all(isinstance(text, str) for text in told) or not bucket or not key:
        raise TypeError
    return StoredObject(bucket, key, None if version in ("", "null") else version, told[3] or None)


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
