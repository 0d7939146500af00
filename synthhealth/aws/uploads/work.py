"""Uploaded objects become clean ones with a report, or go to quarantine, once each."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from synthhealth.aws.preprocess import prepare
from synthhealth.aws.uploads.events import (
    StoredObject,
    objects_of,
    objects_of_message,
    queued_messages,
)
from synthhealth.aws.uploads.report import refusal_json
from synthhealth.errors import FileError, ParameterError, SynthHealthError, TableError

__all__ = ["PART_BYTES", "Places", "WholeObject", "Worker"]


#: S3 takes 10,000 parts of 5 MiB or more: 80 GB.
PART_BYTES = 8 << 20


class WholeObject:
    """Collects chunks, and puts them in place when told to.

    Small objects are put at once; larger ones are sent in parts, which S3 shows to nobody before
    the upload is completed. Leaving the ``with`` block without `finish` takes the parts back.

    Parameters
    ----------
    client
        A boto3 client of S3.
    target : dict
        ``Bucket``, ``Key`` and whatever else the object is to have, such as its encryption.
    """

    def __init__(self, client: Any, target: dict[str, str]) -> None:
        self._client = client
        self._target = target
        self._place = {name: target[name] for name in ("Bucket", "Key")}
        self._held = bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []

    def __enter__(self) -> WholeObject:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._upload is not None:
            self._client.abort_multipart_upload(**self._place, UploadId=self._upload)
            self._upload = None

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._held += chunk
        while len(self._held) >= PART_BYTES:
            self._send(bytes(self._held[:PART_BYTES]))
            del self._held[:PART_BYTES]

    def finish(self) -> None:
        """Make the object appear."""
        if self._upload is None:
            self._client.put_object(**self._target, Body=bytes(self._held))
            return
        if self._held:
            self._send(bytes(self._held))
        self._client.complete_multipart_upload(
            **self._place, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
        )
        self._upload = None

    def _send(self, part: bytes) -> None:
        if self._upload is None:
            started = self._client.create_multipart_upload(**self._target)
            self._upload = started["UploadId"]
        number = len(self._parts) + 1
        sent = self._client.upload_part(
            **self._place, UploadId=self._upload, PartNumber=number, Body=part
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})


_LOG = logging.getLogger("synthhealth.aws.preprocess")
_READ_BYTES = 1 << 20
_CSV = {"ContentType": "text/csv; charset=utf-8"}

#: Does a piece of work unless the identity's work was done before; gives its outcome.
Once = Callable[[str, Callable[[], str]], str]
#: Starts a training job on a clean object, once for each version of its input.
StartTraining = Callable[[str, str, str], object]


def _always(_identity: str, work: Callable[[], str]) -> str:
    """Do it again: the same input gives the same outputs at the same keys."""
    return work()


@dataclass(frozen=True)
class Places:
    """Where objects come from and go to; an output's key depends on its input's key alone.

    Attributes
    ----------
    inputs, clean, reports, quarantine : str
        Prefixes of keys; none begins with another.
    schema : str
        The key of the schema's JSON, in the input's bucket.
    kms_key : str or None
        The key that outputs are encrypted with; None: as the bucket does by itself.
    """

    inputs: str = "raw/"
    clean: str = "clean/"
    reports: str = "reports/"
    quarantine: str = "quarantine/"
    schema: str = "schema.json"
    kms_key: str | None = None

    def __post_init__(self) -> None:
        prefixes = (self.inputs, *self.outputs)
        for place, one in enumerate(prefixes):
            others = prefixes[:place] + prefixes[place + 1 :]
            if not one.endswith("/") or any(other.startswith(one) for other in others):
                raise ParameterError(
                    "the prefixes of inputs and outputs end in / and none begins with another, "
                    "or outputs would be taken for inputs"
                )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Places:
        """Read them from ``INPUT_PREFIX``, ..., ``SCHEMA_KEY`` and ``KMS_KEY_ID``."""
        return cls(
            inputs=environment.get("INPUT_PREFIX", cls.inputs),
            clean=environment.get("CLEAN_PREFIX", cls.clean),
            reports=environment.get("REPORT_PREFIX", cls.reports),
            quarantine=environment.get("QUARANTINE_PREFIX", cls.quarantine),
            schema=environment.get("SCHEMA_KEY", cls.schema),
            kms_key=environment.get("KMS_KEY_ID") or None,
        )

    @property
    def outputs(self) -> tuple[str, str, str]:
        """The prefixes that are written to."""
        return self.clean, self.reports, self.quarantine

    def rest(self, key: str) -> str:
        """Give what an input's key has behind the prefix.

        Raises
        ------
        ParameterError
            It is no input's key, or has the steps ``.`` or ``..``: whatever makes files of the
            outputs, as a training job does, would put them elsewhere.
        """
        if not key.startswith(self.inputs):
            raise ParameterError(
                f"the object does not lie under {self.inputs}; inputs of another place are not read"
            )
        rest = key.removeprefix(self.inputs)
        if {".", ".."} & set(rest.split("/")):
            raise ParameterError(
                "the object's key has a step . or .., which leads to another folder; upload it "
                "under another name"
            )
        return rest


class Worker:
    """Prepares the objects of events.

    A file that cannot be read as a table of the schema, or that has direct identifiers, ends in
    quarantine with a report that says why: to try again would not mend it. What another try may
    mend, such as a store that does not answer or a schema that is not there yet, is raised.

    Parameters
    ----------
    client
        A boto3 client of S3.
    places : Places
        Where objects come from and go to.
    once : callable
        ``once(identity, work)`` does the work unless it was done before, for a store of what has
        been done. By default it is done again, with the same outcome.
    start_training : callable, optional
        ``start_training(bucket, key, version)`` is told of each clean object, and of what tells its
        input's version; told again of the same one it must not start again.
    """

    def __init__(
        self,
        client: Any,
        places: Places,
        once: Once = _always,
        start_training: StartTraining | None = None,
    ) -> None:
        self._client = client
        self._places = places
        self._once = once
        self._start_training = start_training

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Do all of an event; of an SQS batch say which messages failed, and only those.

        Raises
        ------
        SynthHealthError
            An event that did not come through SQS cannot be done, or is none.
        """
        messages = queued_messages(event)
        if messages is None:
            return {"outcomes": [self._outcome(one) for one in objects_of(event)]}
        failed = [
            {"itemIdentifier": name} for name, body in messages if not self._is_done(name, body)
        ]
        return {"batchItemFailures": failed}

    def _is_done(self, name: str, body: str) -> bool:
        said: dict[str, Any] = {"outcome": "failed", "sqs_message": name}
        try:
            for one in objects_of_message(body):
                said["input"] = _label(one)
                self._outcome(one)
        except SynthHealthError as error:
            _LOG.error("%s: %s", type(error).__name__, error, extra=said)
            return False
        except Exception as error:
            # Whatever went wrong with one message, the others of the batch must be done. Only the
            # class and AWS's code are told: a foreign error's text may quote what it choked on.
            code = getattr(error, "response", {}).get("Error", {}).get("Code")
            _LOG.error("%s", type(error).__name__, extra={**said, "code": code})
            return False
        return True

    def _outcome(self, one: StoredObject) -> str:
        if one.key.startswith(self._places.outputs):
            _LOG.warning("an output of this function", extra={"outcome": "left alone"})
            return "left alone"
        self._places.rest(one.key)
        if one.identity is None:
            return self._work(one)
        return self._once(one.identity, lambda: self._work(one))

    def _work(self, one: StoredObject) -> str:
        outcome, version = self._prepare(one, one.version)
        done = version
        # Outputs lie at one place whatever the version. Events of several may come in any order or
        # be done at once: whoever writes an older one last must write the current one after it.
        while self._current(one) not in (None, done):
            _LOG.info("the key was written again", extra={"input": _label(one)})
            _, done = self._prepare(one, None)
        if outcome == "clean" and self._start_training is not None:
            key = self._places.clean + self._places.rest(one.key)
            self._start_training(one.bucket, key, version)
        # The one line of its kind about a version: outcomes are counted by it.
        _LOG.info(outcome, extra={"outcome": outcome, "input": _label(one)})
        return outcome

    def _prepare(self, one: StoredObject, version: str | None) -> tuple[str, str]:
        """Prepare a version of an object; give the outcome and what tells the version."""
        started = time.monotonic()
        rest = self._places.rest(one.key)
        schema = self._client.get_object(Bucket=one.bucket, Key=self._places.schema)["Body"].read()
        of_version = {} if version is None else {"VersionId": version}
        source = self._client.get_object(Bucket=one.bucket, Key=one.key, **of_version)
        said: dict[str, Any] = {"input": _label(one)}
        clean = self._target(one.bucket, self._places.clean + rest)
        with closing(source["Body"]) as body, WholeObject(self._client, clean | _CSV) as target:
            table = prepare(_pieces(body), schema)
            try:
                for chunk in table:
                    target.write(chunk)
            except (FileError, TableError) as error:
                outcome, report = "quarantine", refusal_json(str(error))
                said["refusal"] = str(error)
            else:
                outcome, report = table.report.decision, table.report.to_json()
                said["rows"] = table.report.n_rows
                said["identifiers"] = len(table.report.identifiers)
            # The report is there before what it speaks of.
            self._client.put_object(
                **self._target(one.bucket, f"{self._places.reports}{rest}.json"),
                ContentType="application/json",
                Body=report.encode(),
            )
            if outcome == "clean":
                target.finish()
        if outcome == "quarantine":
            # The very bytes that were read, even if the key has been written again meanwhile. The
            # source's tags are left behind: to read them is a right that nothing else needs.
            self._client.copy_object(
                **self._target(one.bucket, self._places.quarantine + rest),
                CopySource={"Bucket": one.bucket, "Key": one.key, **of_version},
                CopySourceIfMatch=source["ETag"],
                TaggingDirective="REPLACE",
            )
        said["seconds"] = round(time.monotonic() - started, 3)
        _LOG.info("prepared", extra={"decision": outcome, **said})
        return outcome, _version_of(source)

    def _current(self, one: StoredObject) -> str | None:
        """Give what tells the version that the key has now; None if it was deleted."""
        try:
            return _version_of(self._client.head_object(Bucket=one.bucket, Key=one.key))
        except Exception as error:
            # Who may not list a bucket is told 403 of a missing key, too.
            status = getattr(error, "response", {}).get("ResponseMetadata", {})
            if status.get("HTTPStatusCode") in (403, 404):
                return None
            raise

    def _target(self, bucket: str, key: str) -> dict[str, str]:
        encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._places.kms_key}
            if self._places.kms_key is not None
            else {}
        )
        return {"Bucket": bucket, "Key": key, **encryption}


def _version_of(answer: Mapping[str, Any]) -> str:
    version = answer.get("VersionId", "null")
    return str(answer["ETag"] if version == "null" else version)


def _label(one: StoredObject) -> str:
    """Name an object in the log: its key may be made of a patient's name."""
    said = json.dumps([one.bucket, one.key, one.version])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _pieces(body: Any) -> Iterator[bytes]:
    pieces: Iterable[bytes] = body.iter_chunks(_READ_BYTES)
    yield from pieces
