"""The verbs that start something on AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthhealth.cli._aws_common import (
    DefaultKey,
    DryRun,
    Env,
    Follow,
    Groups,
    Hosting,
    Image,
    Instance,
    Instances,
    Isolation,
    KmsKey,
    MaxRuntime,
    ModelData,
    Name,
    NoVpc,
    OpenBucket,
    Output,
    Params,
    Region,
    Role,
    SettingsFile,
    Subnets,
    Tags,
    Verb,
    Volume,
    aws,
    end,
    followed,
    given,
    look_at,
    read,
    shown,
    tell_started,
    use_region,
)
from synthhealth.cli._options import literal, pairs
from synthhealth.errors import FileError


@aws.command(cls=Verb)
def train(
    settings: SettingsFile = None,
    data: Annotated[
        str | None, typer.Option(metavar="S3", help="Folder in S3 with the tables.")
    ] = None,
    output: Output = None,
    image: Image = None,
    role: Role = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Model family; see 'synthhealth models'.")
    ] = None,
    param: Params = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Decides every random choice.")] = None,
    validation: Annotated[
        str | None, typer.Option(metavar="S3", help="Patients to judge by, who are not learned.")
    ] = None,
    schema: Annotated[
        str | None, typer.Option(metavar="S3", help="What the columns are: a file in S3.")
    ] = None,
    name: Name = None,
    instance_type: Instance = None,
    volume_gb: Volume = None,
    max_runtime: MaxRuntime = None,
    spot: Annotated[
        bool | None, typer.Option("--spot", help="Spare capacity: cheaper, but may be interrupted.")
    ] = None,
    max_wait: Annotated[
        int | None,
        typer.Option("--max-wait", help="Spot: seconds for waiting and running together."),
    ] = None,
    checkpoints: Annotated[
        str | None,
        typer.Option(metavar="S3", help="Folder in which an interrupted job keeps its work."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="S3", help="Script mode in AWS's image: a sourcedir.tar.gz."),
    ] = None,
    kms_key: KmsKey = None,
    allow_default_key: DefaultKey = None,
    subnet: Subnets = None,
    security_group: Groups = None,
    allow_no_vpc: NoVpc = None,
    network_isolation: Isolation = None,
    tag: Tags = None,
    env: Env = None,
    sdk: Annotated[
        bool,
        typer.Option("--sdk", help="Use the SageMaker SDK (extra 'sagemaker'), without telemetry."),
    ] = False,
    source_dir: Annotated[
        Path | None,
        typer.Option("--source-dir", metavar="DIR", help="With --sdk: script mode, your folder."),
    ] = None,
    allow_open_bucket: OpenBucket = False,
    region: Region = None,
    dry_run: DryRun = False,
    follow: Follow = False,
) -> None:
    """Train on a table in S3; model, report and figures go to S3."""
    from synthhealth.aws import launch

    values = given(
        data=data, output=output, image=image, role=role, synthesizer=model,
        hyperparameters={k: literal(v) for k, v in pairs(param).items()}, random_state=seed,
        validation=validation, schema_file=schema, name=name, instance_type=instance_type,
        volume_gb=volume_gb, max_runtime=max_runtime, spot=spot, max_wait=max_wait,
        checkpoints=checkpoints, source=source, kms_key=kms_key,
        allow_default_key=allow_default_key, subnets=subnet, security_group_ids=security_group,
        allow_no_vpc=allow_no_vpc, network_isolation=network_isolation, tags=pairs(tag),
        environment=pairs(env),
    )  # fmt: skip
    training = launch.TrainingSettings(**(read(settings, launch.TrainingSettings) | values))
    launch.check_parameters(training)
    if source_dir is not None:
        _check_source_dir(source_dir, training.entry_point, sdk=sdk)
    request = launch.training_job(training)
    if shown([request], dry_run=dry_run):
        return
    look_at(training.output, region, allow_open_bucket)
    started = training.job_name
    if sdk:
        use_region(region)
        started = launch.train_with_sdk(training, source_dir=source_dir)
    else:
        launch.send(request, region=region)
    tell_started("training", started, launch.cost_note(training).summary())
    if follow:
        end(followed(started, "training", region, 15))


def _check_source_dir(folder: Path, entry_point: str, *, sdk: bool) -> None:
    if not sdk:
        raise typer.BadParameter(
            "only the SDK sends a folder; add --sdk, or give an archive in S3 (--source)",
            param_hint="--source-dir",
        )
    if not (folder / entry_point).is_file():
        raise FileError(f"{folder}: there is no {entry_point} in this folder, which the job starts")


@aws.command(cls=Verb)
def deploy(
    settings: SettingsFile = None,
    name: Annotated[str | None, typer.Option(help="Name of the endpoint.")] = None,
    model_data: ModelData = None,
    image: Image = None,
    role: Role = None,
    hosting: Annotated[Hosting | None, typer.Option(help="How it is hosted.")] = None,
    instance_type: Instance = None,
    instance_count: Instances = None,
    memory_mb: Annotated[
        int | None, typer.Option("--memory-mb", help="Serverless: memory in MB.")
    ] = None,
    max_concurrency: Annotated[
        int | None, typer.Option("--max-concurrency", min=1, help="Serverless: requests at a time.")
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="S3", help="Async: folder in S3 for the answers.")
    ] = None,
    kms_key: KmsKey = None,
    allow_default_key: DefaultKey = None,
    subnet: Subnets = None,
    security_group: Groups = None,
    allow_no_vpc: NoVpc = None,
    network_isolation: Isolation = None,
    tag: Tags = None,
    env: Env = None,
    allow_open_bucket: OpenBucket = False,
    region: Region = None,
    dry_run: DryRun = False,
    follow: Follow = False,
) -> None:
    """Serve a model from an endpoint, which costs money until you delete it."""
    from synthhealth.aws import launch

    values = given(
        name=name, model_data=model_data, image=image, role=role,
        kind=hosting and hosting.value, instance_type=instance_type,
        instance_count=instance_count, memory_mb=memory_mb, max_concurrency=max_concurrency,
        output=output, kms_key=kms_key, allow_default_key=allow_default_key, subnets=subnet,
        security_group_ids=security_group, allow_no_vpc=allow_no_vpc,
        network_isolation=network_isolation, tags=pairs(tag), environment=pairs(env),
    )  # fmt: skip
    endpoint = launch.EndpointSettings(**(read(settings, launch.EndpointSettings) | values))
    requests = launch.hosting(endpoint)
    if shown(requests, dry_run=dry_run):
        return
    if endpoint.output is not None:
        look_at(endpoint.output, region, allow_open_bucket)
    launch.send_all(requests, region=region)
    typer.echo(f"Its model: {requests[0].parameters['ModelName']}", err=True)
    tell_started("endpoint", endpoint.name, launch.cost_note(endpoint).summary())
    if follow:
        end(followed(endpoint.name, "endpoint", region, 15))


@aws.command(cls=Verb)
def sample(
    settings: SettingsFile = None,
    rows: Annotated[int | None, typer.Option(min=1, help="Synthetic rows in all.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed, the same rows.")] = None,
    format: Annotated[str | None, typer.Option("--format", help="parquet or csv.")] = None,
    rows_per_file: Annotated[
        int | None, typer.Option("--rows-per-file", help="Rows in each file.")
    ] = None,
    model_data: ModelData = None,
    output: Output = None,
    image: Image = None,
    role: Role = None,
    name: Name = None,
    instance_type: Instance = None,
    instance_count: Instances = None,
    volume_gb: Volume = None,
    max_runtime: MaxRuntime = None,
    kms_key: KmsKey = None,
    allow_default_key: DefaultKey = None,
    subnet: Subnets = None,
    security_group: Groups = None,
    allow_no_vpc: NoVpc = None,
    network_isolation: Isolation = None,
    tag: Tags = None,
    env: Env = None,
    allow_open_bucket: OpenBucket = False,
    region: Region = None,
    dry_run: DryRun = False,
    follow: Follow = False,
) -> None:
    """Draw any number of synthetic rows into S3, with a processing job."""
    from synthhealth.aws import launch

    values = given(
        num_rows=rows, seed=seed, format=format, rows_per_file=rows_per_file,
        model_data=model_data, output=output, image=image, role=role, name=name,
        instance_type=instance_type, instance_count=instance_count, volume_gb=volume_gb,
        max_runtime=max_runtime, kms_key=kms_key, allow_default_key=allow_default_key,
        subnets=subnet, security_group_ids=security_group, allow_no_vpc=allow_no_vpc,
        network_isolation=network_isolation, tags=pairs(tag), environment=pairs(env),
    )  # fmt: skip
    sampling = launch.SamplingSettings(**(read(settings, launch.SamplingSettings) | values))
    request = launch.sampling_job(sampling)
    if shown([request], dry_run=dry_run):
        return
    look_at(sampling.output, region, allow_open_bucket)
    launch.send(request, region=region)
    tell_started("processing", sampling.job_name, launch.cost_note(sampling).summary())
    if follow:
        end(followed(sampling.job_name, "processing", region, 15))


@aws.command(cls=Verb)
def transform(
    settings: SettingsFile = None,
    model_name: Annotated[
        str | None, typer.Option("--model-name", help="Name of a model in SageMaker.")
    ] = None,
    input: Annotated[
        str | None, typer.Option("--input", metavar="S3", help="Requests, one in each line.")
    ] = None,
    output: Output = None,
    accept: Annotated[
        str | None,
        typer.Option(help="Form of the rows: application/jsonlines or 'text/csv; header=absent'."),
    ] = None,
    name: Name = None,
    instance_type: Instance = None,
    instance_count: Instances = None,
    kms_key: KmsKey = None,
    allow_default_key: DefaultKey = None,
    tag: Tags = None,
    allow_open_bucket: OpenBucket = False,
    region: Region = None,
    dry_run: DryRun = False,
    follow: Follow = False,
) -> None:
    """Answer a file of requests in S3, with a batch transform."""
    from synthhealth.aws import launch

    values = given(
        model_name=model_name, input=input, output=output, accept=accept, name=name,
        instance_type=instance_type, instance_count=instance_count, kms_key=kms_key,
        allow_default_key=allow_default_key, tags=pairs(tag),
    )  # fmt: skip
    batch = launch.TransformSettings(**(read(settings, launch.TransformSettings) | values))
    request = launch.transform_job(batch)
    if shown([request], dry_run=dry_run):
        return
    look_at(batch.output, region, allow_open_bucket)
    launch.send(request, region=region)
    tell_started("transform", batch.job_name, launch.cost_note(batch).summary())
    if follow:
        end(followed(batch.job_name, "transform", region, 15))
