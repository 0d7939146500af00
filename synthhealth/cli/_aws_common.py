"""What the verbs of ``synthhealth aws`` have in common, and the options that several share."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from synthhealth.cli._app import INTERRUPTED, app
from synthhealth.cli._options import _check_pairs
from synthhealth.errors import SynthHealthError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from synthhealth.aws.launch import Outcome, Request


class Verb(TyperCommand):
    """A verb that ends in one message, whatever happens."""

    def invoke(self, ctx: Any) -> Any:
        """Do what the verb says."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("interrupted; what was sent to AWS before goes on there", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except (typer.Exit, typer.Abort, typer.BadParameter, SynthHealthError, BrokenPipeError):
            raise
        # Broad, since boto3 and the SDK raise plain errors, too. They see settings, no patients.
        except Exception as error:
            from synthhealth.aws.launch import LaunchError

            name = type(error).__name__
            raise LaunchError(f"unexpected {name}: {error}; please report it") from error


aws = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(aws, name="aws")


@aws.callback()
def _about() -> None:
    """Train, serve and sample on AWS SageMaker; needs the extra 'aws'."""


def given(**options: Any) -> dict[str, Any]:
    """Return the options that were given, under the names of the settings."""
    return {name: value for name, value in options.items() if value not in (None, [], {})}


def read(settings: Path | None, made: type[BaseModel]) -> dict[str, Any]:
    """Return what a file says of these settings, or nothing without a file."""
    from synthhealth.aws.launch import read_settings

    return {} if settings is None else read_settings(settings, made)


def shown(requests: Sequence[Request], *, dry_run: bool) -> bool:
    """Judge the requests, as before sending, and print them if that is all that is wanted."""
    from synthhealth.aws import launch

    if not dry_run:
        return False
    for request in requests:
        launch.check(request)
    texts = [request.to_json() for request in requests]
    typer.echo(texts[0] if len(texts) == 1 else "[\n" + ",\n".join(texts) + "\n]")
    return True


def look_at(output: str, region: str | None, allow_open: bool) -> None:
    """Refuse an output whose bucket is open or elsewhere, and say what could not be seen."""
    from synthhealth.aws import launch

    for note in launch.check_output(output, region=region, allow_open=allow_open).notes:
        typer.echo(f"note: {note}", err=True)


def use_region(region: str | None) -> None:
    """Let the SDK know the region."""
    if region is not None:
        os.environ["AWS_DEFAULT_REGION"] = region  # the SDK's clients know no other way


def tell_started(kind: str, name: str, costs: str) -> None:
    """Say what was started, what it costs and how to follow it."""
    typer.echo(f"Started: {kind} {name}")
    typer.echo(costs, err=True)
    typer.echo(f"Follow it with: synthhealth aws status {name} --kind {kind}", err=True)


def followed(name: str, kind: Any, region: str | None, poll_seconds: float) -> Outcome:
    """Follow a job or an endpoint, telling each line."""
    from synthhealth.aws import launch

    try:
        return launch.follow(
            name, kind, region=region, poll_seconds=poll_seconds, on_line=tell_progress
        )
    except KeyboardInterrupt:
        typer.echo(f"{name} goes on; follow it again with: synthhealth aws status {name}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def tell_progress(line: str) -> None:
    """Show a line beside the result."""
    typer.echo(line, err=True)


def end(outcome: Outcome) -> None:
    """Show how it ended, and end with its exit code."""
    typer.echo(outcome.summary())
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


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
        help="Settings by their Python names (YAML or JSON); options override them.",
    ),
]
Name = Annotated[
    str | None,
    typer.Option(help="Name; default: made from the settings, so that nothing starts twice."),
]
Image = Annotated[
    str | None, typer.Option(help="Image in ECR: <account>.dkr.ecr.<region>.amazonaws.com/...")
]
Role = Annotated[str | None, typer.Option(help="ARN of the role that SageMaker assumes.")]
ModelData = Annotated[
    str | None, typer.Option("--model-data", metavar="S3", help="model.tar.gz of a training job.")
]
Output = Annotated[str | None, typer.Option(metavar="S3", help="Folder in S3 for the results.")]
Instance = Annotated[
    str | None, typer.Option("--instance-type", help="Machine, such as ml.m5.xlarge.")
]
Instances = Annotated[
    int | None, typer.Option("--instance-count", min=1, help="Number of instances.")
]
Volume = Annotated[int | None, typer.Option("--volume-gb", min=1, help="Disk in GB.")]
MaxRuntime = Annotated[
    int | None, typer.Option("--max-runtime", help="Seconds after which AWS ends it.")
]
KmsKey = Annotated[
    str | None,
    typer.Option("--kms-key", help="KMS key (ID or ARN) that encrypts disks and results."),
]
DefaultKey = Annotated[
    bool | None,
    typer.Option(
        "--allow-default-key", help="Do without a key of your own; AWS encrypts with its own."
    ),
]
Subnets = Annotated[
    list[str] | None, typer.Option("--subnet", help="Subnet of your VPC. Repeatable.")
]
Groups = Annotated[
    list[str] | None,
    typer.Option("--security-group", help="Security group of your VPC. Repeatable."),
]
NoVpc = Annotated[
    bool | None, typer.Option("--allow-no-vpc", help="Do without a VPC; run in AWS's own network.")
]
Isolation = Annotated[
    bool | None,
    typer.Option(
        "--network-isolation/--no-network-isolation",
        help="The container has no network access (default: isolated).",
    ),
]
Tags = Annotated[list[str] | None, _pairs_option("--tag", "A tag. Repeatable.")]
Env = Annotated[list[str] | None, _pairs_option("--env", "An environment variable. Repeatable.")]
Params = Annotated[list[str] | None, _pairs_option("--param", "A hyperparameter. Repeatable.")]
Region = Annotated[str | None, typer.Option(help="AWS region; default: that of the environment.")]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print the request as JSON and send nothing; needs no account."),
]
Follow = Annotated[bool, typer.Option("--follow", help="Wait until it ends, and show its log.")]
OpenBucket = Annotated[
    bool,
    typer.Option(
        "--allow-open-bucket",
        help="Accept the bucket: public access is blocked for the whole account.",
    ),
]
Price = Annotated[
    float | None,
    typer.Option("--hourly-price", min=0, help="Price of one instance for one hour."),
]
