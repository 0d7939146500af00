"""The options that several verbs of ``synthhealth aws`` share."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from synthhealth.cli._options import _check_pairs


class Hosting(str, Enum):
    """How an endpoint is hosted."""

    realtime = "realtime"
    serverless = "serverless"
    asynchronous = "async"


class FollowedKind(str, Enum):
    """What can be followed."""

    training = "training"
    processing = "processing"
    transform = "transform"
    tuning = "tuning"
    endpoint = "endpoint"


class ChargedKind(str, Enum):
    """What is charged."""

    train = "train"
    deploy = "deploy"
    sample = "sample"
    transform = "transform"


def _pairs_option(flag: str, help: str) -> Any:
    return typer.Option(flag, metavar="NAME=VALUE", callback=_check_pairs, help=help)


SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="Settings by their Python names (YAML or JSON); options go before them.",
    ),
]
Name = Annotated[
    str | None, typer.Option(help="Name; default: made of the settings, so none starts twice.")
]
Image = Annotated[
    str | None, typer.Option(help="Image in ECR: <account>.dkr.ecr.<region>.amazonaws.com/...")
]
Role = Annotated[str | None, typer.Option(help="ARN of the role that SageMaker takes on.")]
ModelData = Annotated[
    str | None, typer.Option("--model-data", metavar="S3", help="model.tar.gz of a training job.")
]
Output = Annotated[str | None, typer.Option(metavar="S3", help="Folder in S3 for what is made.")]
Instance = Annotated[str | None, typer.Option("--instance-type", help="Such as ml.m5.xlarge.")]
Instances = Annotated[
    int | None, typer.Option("--instance-count", min=1, help="Number of instances.")
]
Volume = Annotated[int | None, typer.Option("--volume-gb", min=1, help="Disk in GB.")]
MaxRuntime = Annotated[
    int | None, typer.Option("--max-runtime", help="Seconds after which AWS ends it.")
]
KmsKey = Annotated[
    str | None, typer.Option("--kms-key", help="KMS key (ID or ARN) of disks and results.")
]
DefaultKey = Annotated[
    bool | None, typer.Option("--allow-default-key", help="The key that AWS holds is enough.")
]
Subnets = Annotated[
    list[str] | None, typer.Option("--subnet", help="Subnet of your VPC; repeatable.")
]
Groups = Annotated[
    list[str] | None,
    typer.Option("--security-group", help="Security group of your VPC; repeatable."),
]
NoVpc = Annotated[bool | None, typer.Option("--allow-no-vpc", help="AWS's own network is enough.")]
Isolation = Annotated[
    bool | None,
    typer.Option(
        "--network-isolation/--no-network-isolation",
        help="The container can call nothing (default).",
    ),
]
Tags = Annotated[list[str] | None, _pairs_option("--tag", "A tag; repeatable.")]
Env = Annotated[list[str] | None, _pairs_option("--env", "An environment variable; repeatable.")]
Params = Annotated[list[str] | None, _pairs_option("--param", "A hyperparameter; repeatable.")]
Region = Annotated[str | None, typer.Option(help="Region; default: that of the environment.")]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print the request as JSON and send nothing; needs no account."),
]
Follow = Annotated[bool, typer.Option("--follow", help="Follow it to its end, with its log.")]
OpenBucket = Annotated[
    bool,
    typer.Option("--allow-open-bucket", help="Public access is blocked for the whole account."),
]
Price = Annotated[
    float | None,
    typer.Option("--hourly-price", min=0, help="Price of one instance for one hour, to multiply."),
]
