"""Settings as a hospital would write them, and clients that must not, or do, answer."""

from __future__ import annotations

import json
from typing import Any

from synthhealth.aws.launch import (
    EndpointSettings,
    PackageSettings,
    SamplingSettings,
    TrainingSettings,
    TransformSettings,
)

IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/synthhealth:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/synthhealth"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
MODEL = "s3://hospital/models/ra/output/model.tar.gz"
NETWORK: dict[str, Any] = {
    "subnets": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
    "security_group_ids": ["sg-0a1b2c3d"],
}
SECURE: dict[str, Any] = {"role": ROLE, "kms_key": KEY, **NETWORK}


def training(**changes: Any) -> TrainingSettings:
    values = {
        "image": IMAGE,
        "data": "s3://hospital/clean/",
        "output": "s3://hospital/models/",
        "random_state": 7,
        **SECURE,
    }
    return TrainingSettings(**(values | changes))


def endpoint(**changes: Any) -> EndpointSettings:
    values = {"name": "ra-cohort", "image": IMAGE, "model_data": MODEL, **SECURE}
    return EndpointSettings(**(values | changes))


def serverless(**changes: Any) -> EndpointSettings:
    values = {
        "name": "ra-cohort",
        "image": IMAGE,
        "model_data": MODEL,
        "role": ROLE,
        "kind": "serverless",
        "allow_default_key": True,
        "allow_no_vpc": True,
        "network_isolation": False,
    }
    return EndpointSettings(**(values | changes))


def sampling(**changes: Any) -> SamplingSettings:
    values = {
        "image": IMAGE,
        "model_data": MODEL,
        "output": "s3://hospital/rows/",
        "num_rows": 5_000_000,
        "instance_count": 3,
        **SECURE,
    }
    return SamplingSettings(**(values | changes))


def transform(**changes: Any) -> TransformSettings:
    values = {
        "model_name": "ra-cohort-model",
        "input": "s3://hospital/requests/all.jsonl",
        "output": "s3://hospital/rows/",
        "kms_key": KEY,
    }
    return TransformSettings(**(values | changes))


def package(**changes: Any) -> PackageSettings:
    values = {
        "group": "ra-cohort",
        "description": "Rheumatoid arthritis, blood analysis",
        "image": IMAGE,
        "model_data": MODEL,
        "report": "s3://hospital/models/ra/output/report.json",
        "kms_key": KEY,
    }
    return PackageSettings(**(values | changes))


def report_bytes() -> bytes:
    """Write what of a report.json the registry reads, as `Report.to_json` writes it."""
    floor = {"mean": 0.85, "low": 0.82, "high": 0.88, "method": "resampled"}
    report = {
        "model": {"name": "gaussian_copula"},
        "limits": ["Scores are never proof of anonymity."],
        "evaluation": {
            "n_real": 61,
            "n_synthetic": 1000,
            "real_is": "holdout",
            "overall": {
                "ks_average": {"value": 0.871, "floor": floor},
                "column_average": {"value": 0.9, "floor": floor},
                "dependence_difference": {"value": 0.1, "floor": floor},
            },
        },
    }
    return json.dumps(report).encode()


class Untouchable:
    """A client that fails the test if anything at all is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was called")
