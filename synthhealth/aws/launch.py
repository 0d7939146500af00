"""Start, follow and end training, sampling and endpoints on SageMaker.

Typed settings become requests by pure functions, and every request is judged against the service's
own description before anything is sent::

    from synthhealth.aws import launch

    training = launch.TrainingSettings(
        image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/synthhealth:0.1.0",
        role="arn:aws:iam::123456789012:role/synthhealth",
        data="s3://hospital/clean/", output="s3://hospital/models/",
        kms_key="1234abcd-12ab-34cd-56ef-1234567890ab",
        subnets=["subnet-0a1b2c3d"], security_group_ids=["sg-0a1b2c3d"],
    )
    request = launch.training_job(training)
    print(request.to_json())       # what would be sent; needs no account and no network
    launch.send(request)
    launch.follow(training.job_name)

By default a training job needs your own key and your own network, and runs isolated from the
internet; say so where you want to do without one of them. boto3 speaks with AWS
(``pip install 'synthhealth[aws]'``) and is imported when it is used. If you work with the SageMaker
SDK (``pip install 'synthhealth[sagemaker]'``), `model_trainer` gives you the same training.
"""

from __future__ import annotations

from synthhealth.aws._launch._buckets import Bucket, check_bucket, check_output
from synthhealth.aws._launch._deletion import (
    CostNote,
    Deletion,
    cost_note,
    delete_endpoint,
    plan_deletion,
)
from synthhealth.aws._launch._files import check_parameters, example_settings, read_settings
from synthhealth.aws._launch._hosting import (
    CategoricalRange,
    ContinuousRange,
    IntegerRange,
    TuningSettings,
    hosting,
    tuning_job,
)
from synthhealth.aws._launch._jobs import sampling_job, training_job, transform_job
from synthhealth.aws._launch._judge import check, problems
from synthhealth.aws._launch._registry import (
    Figure,
    Figures,
    PackageSettings,
    model_card,
    model_package,
    model_package_group,
)
from synthhealth.aws._launch._request import Request
from synthhealth.aws._launch._sdk import model_trainer, train_with_sdk
from synthhealth.aws._launch._sending import send, send_all
from synthhealth.aws._launch._settings import (
    EndpointSettings,
    SamplingSettings,
    TrainingSettings,
    TransformSettings,
)
from synthhealth.aws._launch._status import Outcome, describe, follow, status_request
from synthhealth.errors import AwsError, LaunchError, RefusedError, SettingsError

__all__ = [
    "AwsError",
    "Bucket",
    "CategoricalRange",
    "ContinuousRange",
    "CostNote",
    "Deletion",
    "EndpointSettings",
    "Figure",
    "Figures",
    "IntegerRange",
    "LaunchError",
    "Outcome",
    "PackageSettings",
    "RefusedError",
    "Request",
    "SamplingSettings",
    "SettingsError",
    "TrainingSettings",
    "TransformSettings",
    "TuningSettings",
    "check",
    "check_bucket",
    "check_output",
    "check_parameters",
    "cost_note",
    "delete_endpoint",
    "describe",
    "example_settings",
    "follow",
    "hosting",
    "model_card",
    "model_package",
    "model_package_group",
    "model_trainer",
    "plan_deletion",
    "problems",
    "read_settings",
    "sampling_job",
    "send",
    "send_all",
    "status_request",
    "train_with_sdk",
    "training_job",
    "transform_job",
    "tuning_job",
]
