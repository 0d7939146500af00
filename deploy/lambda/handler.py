"""AWS Lambda: prepares the CSV files that are put into a bucket (`synthhealth.aws.preprocess`).

Settings come from the environment: ``INPUT_PREFIX``, ``CLEAN_PREFIX``, ``REPORT_PREFIX``,
``QUARANTINE_PREFIX``, ``SCHEMA_KEY``, ``KMS_KEY_ID``; ``IDEMPOTENCY_TABLE`` for the table of what
has been done; ``TRAINING_REQUEST_KEY`` to start a training job on each clean table.
"""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from synthhealth.aws.uploads.events import TrainingStart
from synthhealth.aws.uploads.once import DoneOnce
from synthhealth.aws.uploads.work import Places, Worker

logging.getLogger().setLevel(logging.INFO)
logging.getLogger("botocore").setLevel(logging.WARNING)

#: Four tries each, so that the queue, not the function, waits out a longer trouble.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=5, read_timeout=60
)


@cache
def store() -> DoneOnce | None:
    """Make the store of what has been done, if there is a table for it."""
    table = os.environ.get("IDEMPOTENCY_TABLE")
    return DoneOnce(boto3.client("dynamodb", config=_CONFIG), table) if table else None


@cache
def worker() -> Worker:
    """Make the worker on the first event; the runtime keeps it for the next ones."""
    s3 = boto3.client("s3", config=_CONFIG)
    settings: dict[str, Any] = {}
    if (once := store()) is not None:
        settings["once"] = once
    if request_key := os.environ.get("TRAINING_REQUEST_KEY"):
        sagemaker = boto3.client("sagemaker", config=_CONFIG)
        settings["start_training"] = TrainingStart(s3, sagemaker, request_key)
    return Worker(s3, Places.from_environment(os.environ), **settings)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do one event: of S3, of EventBridge, or a batch of them from SQS."""
    if (once := store()) is not None:
        once.watch(context)
    return worker().handle(event)
