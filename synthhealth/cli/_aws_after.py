"""The verbs about what runs on AWS already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from synthhealth.cli._aws_common import (
    ChargedKind,
    DefaultKey,
    DryRun,
    FollowedKind,
    Hosting,
    Image,
    Instance,
    Instances,
    KmsKey,
    MaxRuntime,
    ModelData,
    Price,
    Region,
    SettingsFile,
    Tags,
    Verb,
    Volume,
    aws,
    end,
    followed,
    given,
    read,
    shown,
)
from synthhealth.cli._options import pairs


@aws.command(cls=Verb)
def register(
    report_file: Annotated[
        Path, typer.Argument(metavar="REPORT", help="The report.json of the training job.")
    ],
    settings: SettingsFile = None,
    group: Annotated[str | None, typer.Option(help="Name of the model package group.")] = None,
    model_data: ModelData = None,
    report: Annotated[
        str | None, typer.Option(metavar="S3", help="The same report.json, in S3.")
    ] = None,
    image: Image = None,
    owner: Annotated[str | None, typer.Option(help="Who is responsible for the model.")] = None,
    kms_key: KmsKey = None,
    allow_default_key: DefaultKey = None,
    tag: Tags = None,
    region: Region = None,
    dry_run: DryRun = False,
) -> None:
    """Put a model into the registry, pending approval, with its figures and a model card."""
    from synthhealth.aws import launch

    values = given(
        group=group, model_data=model_data, report=report, image=image, owner=owner,
        kms_key=kms_key, allow_default_key=allow_default_key, tags=pairs(tag),
    )  # fmt: skip
    package = launch.PackageSettings(**(read(settings, launch.PackageSettings) | values))
    figures = launch.Figures.from_file(report_file)
    requests = [
        launch.model_package_group(package),
        launch.model_package(package, figures),
        launch.model_card(package, figures),
    ]
    if shown(requests, dry_run=dry_run):
        return
    answers = launch.send_all(requests, region=region)
    typer.echo(f"Waits for approval: {answers[1].get('ModelPackageArn', package.group)}")
    typer.echo(f"  {figures.verdict}", err=True)


@aws.command(cls=Verb)
def status(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A job or an endpoint.")],
    kind: Annotated[
        FollowedKind | None, typer.Option(help="What it is; default: found by its name.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Ask once instead of waiting.")] = False,
    poll_seconds: Annotated[
        float, typer.Option("--poll-seconds", min=0.1, help="Seconds between two questions.")
    ] = 15,
    region: Region = None,
    dry_run: DryRun = False,
) -> None:
    """Follow a job or an endpoint, with the lines of its log.

    Exit code: 0 done, 1 failed, 3 stopped before its end.
    """
    from synthhealth.aws import launch

    chosen: Any = None if kind is None else kind.value
    if shown([launch.status_request(name, chosen)], dry_run=dry_run):
        return
    if once:
        end(launch.describe(name, chosen, region=region)[0])
    else:
        end(followed(name, chosen, region, poll_seconds))


@aws.command(cls=Verb)
def delete(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An endpoint.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    region: Region = None,
    dry_run: DryRun = False,
) -> None:
    """Delete an endpoint, its configuration and its model; files in S3 remain."""
    from synthhealth.aws import launch

    if shown([launch.Request("DeleteEndpoint", {"EndpointName": name})], dry_run=dry_run):
        typer.echo("Its configuration and its model are looked up, and deleted too.", err=True)
        return
    deletion = launch.plan_deletion(name, region=region)
    if not yes:
        typer.echo(deletion.summary(), err=True)
        typer.confirm("Delete them?", abort=True, err=True)
    launch.delete_endpoint(deletion, region=region)
    typer.echo(deletion.summary())


@aws.command("cost-note", cls=Verb)
def cost_note(
    kind: Annotated[ChargedKind, typer.Argument(help="Which verb it is about.")],
    settings: SettingsFile = None,
    hosting: Annotated[Hosting | None, typer.Option(help="deploy: how it is hosted.")] = None,
    instance_type: Instance = None,
    instance_count: Instances = None,
    memory_mb: Annotated[
        int | None, typer.Option("--memory-mb", help="deploy, serverless: memory in MB.")
    ] = None,
    volume_gb: Volume = None,
    max_runtime: MaxRuntime = None,
    hourly_price: Price = None,
) -> None:
    """Say what is charged, for how long, and how to end it; prices are not known."""
    from synthhealth.aws import launch

    values = given(
        kind=hosting and hosting.value, instance_type=instance_type,
        instance_count=instance_count, memory_mb=memory_mb, volume_gb=volume_gb,
        max_runtime=max_runtime,
    )  # fmt: skip
    made = launch.example_settings(kind.value, values, settings)
    typer.echo(launch.cost_note(made, hourly_price=hourly_price).summary())
