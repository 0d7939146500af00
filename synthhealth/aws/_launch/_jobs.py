"""Settings become the requests of jobs: training, sampling, batch transform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synthhealth.aws._launch._fields import wire
from synthhealth.aws._launch._request import Request
from synthhealth.aws._launch._rules import has_local_storage
from synthhealth.aws._launch._settings import (
    APPLICATION,
    EncryptedSettings,
    SamplingSettings,
    SecuredSettings,
    TrainingSettings,
    TransformSettings,
)
from synthhealth.aws._training._log import METRIC_DEFINITIONS

__all__ = [
    "container",
    "key",
    "sampling_job",
    "tags",
    "training_job",
    "transform_job",
    "volume_key",
    "vpc",
]


def tags(settings: EncryptedSettings) -> list[dict[str, str]]:
    """Return the tags, ours first."""
    every = {"application": APPLICATION, **settings.tags}
    return [{"Key": name, "Value": value} for name, value in every.items()]


def vpc(settings: SecuredSettings) -> dict[str, Any]:
    """Return the network, or nothing where there is none of one's own."""
    if not settings.subnets:
        return {}
    return {
        "VpcConfig": {
            "SecurityGroupIds": list(settings.security_group_ids),
            "Subnets": list(settings.subnets),
        }
    }


def key(settings: EncryptedSettings, name: str = "KmsKeyId") -> dict[str, str]:
    """Return the key of what is put into S3, or nothing where AWS's own is enough."""
    return {} if settings.kms_key is None else {name: settings.kms_key}


def volume_key(settings: EncryptedSettings, instance_type: str) -> dict[str, str]:
    """Return the key of an instance's disk, unless the hardware has its own."""
    return {} if has_local_storage(instance_type) else key(settings, "VolumeKmsKeyId")


def container(image: str, model_data: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return a container that serves a model: from an archive, or from a folder."""
    if model_data.endswith("/"):
        source: dict[str, Any] = {
            "ModelDataSource": {
                "S3DataSource": {
                    "S3Uri": model_data,
                    "S3DataType": "S3Prefix",
                    "CompressionType": "None",
                }
            }
        }
    else:
        source = {"ModelDataUrl": model_data}
    variables = {"Environment": dict(environment)} if environment else {}
    return {"Image": image, **source, **variables}


CODE = "/opt/ml/input/data/code"
MODEL = "/opt/ml/processing/input/model"
ROWS = "/opt/ml/processing/output"


def training_job(settings: TrainingSettings) -> Request:
    """Make the request of a training job.

    Parameters
    ----------
    settings : TrainingSettings

    Returns
    -------
    Request
        ``CreateTrainingJob``. With one's own image, its entry point does the work; in script mode
        the settings tell AWS's launcher which script to execute, and under network isolation its
        code comes as a channel, since the container could not fetch it.

    Examples
    --------
    >>> from synthhealth.aws.launch import TrainingSettings, training_job
    >>> settings = TrainingSettings(
    ...     image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/synthhealth:0.1.0",
    ...     role="arn:aws:iam::123456789012:role/synthhealth",
    ...     data="s3://hospital/clean/", output="s3://hospital/models/",
    ...     kms_key="1234abcd-12ab-34cd-56ef-1234567890ab",
    ...     subnets=["subnet-0a1b2c3d"], security_group_ids=["sg-0a1b2c3d"],
    ... )
    >>> request = training_job(settings)
    >>> request.operation, request.parameters["EnableNetworkIsolation"]
    ('CreateTrainingJob', True)
    """
    algorithm = {
        "TrainingImage": settings.image,
        "TrainingInputMode": settings.input_mode,
        "MetricDefinitions": [dict(one) for one in METRIC_DEFINITIONS],
    }
    spot = {} if settings.waiting is None else {"MaxWaitTimeInSeconds": settings.waiting}
    parameters: dict[str, Any] = {
        "TrainingJobName": settings.job_name,
        "AlgorithmSpecification": algorithm,
        "RoleArn": settings.role,
        "HyperParameters": hyperparameters(settings),
        "InputDataConfig": _channels(settings),
        "OutputDataConfig": {
            "S3OutputPath": settings.output,
            "CompressionType": "GZIP",
            **key(settings),
        },
        "ResourceConfig": {
            "InstanceType": settings.instance_type,
            # One table is learned by one machine.
            "InstanceCount": 1,
            "VolumeSizeInGB": settings.volume_gb,
            **volume_key(settings, settings.instance_type),
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": settings.max_runtime, **spot},
        "EnableManagedSpotTraining": settings.spot,
        "EnableNetworkIsolation": settings.network_isolation,
        "EnableInterContainerTrafficEncryption": settings.encrypt_traffic,
        **vpc(settings),
        "Tags": tags(settings),
    }
    if settings.checkpoints is not None:
        parameters["CheckpointConfig"] = {
            "S3Uri": f"{settings.checkpoints}{settings.job_name}/",
            "LocalPath": "/opt/ml/checkpoints",
        }
    if settings.environment:
        parameters["Environment"] = dict(settings.environment)
    return Request("CreateTrainingJob", parameters)


def sampling_job(settings: SamplingSettings) -> Request:
    """Make the request of a processing job that draws synthetic rows.

    Parameters
    ----------
    settings : SamplingSettings

    Returns
    -------
    Request
        ``CreateProcessingJob``, which executes ``python -m synthhealth.aws sample``.

    Examples
    --------
    >>> from synthhealth.aws.launch import SamplingSettings, sampling_job
    >>> settings = SamplingSettings(
    ...     image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/synthhealth:0.1.0",
    ...     role="arn:aws:iam::123456789012:role/synthhealth",
    ...     model_data="s3://hospital/models/model.tar.gz", output="s3://hospital/rows/",
    ...     num_rows=10**7, seed=1, instance_count=4,
    ...     kms_key="1234abcd-12ab-34cd-56ef-1234567890ab",
    ...     subnets=["subnet-0a1b2c3d"], security_group_ids=["sg-0a1b2c3d"],
    ... )
    >>> application = sampling_job(settings).parameters["AppSpecification"]
    >>> application["ContainerEntrypoint"], application["ContainerArguments"][:2]
    (['python', '-m', 'synthhealth.aws', 'sample'], ['--num-rows', '10000000'])
    """
    arguments = {
        "--num-rows": settings.num_rows,
        "--seed": settings.seed,
        "--format": settings.format,
        "--rows-per-file": settings.rows_per_file,
        "--model-dir": MODEL,
        "--output-dir": ROWS,
    }
    parameters: dict[str, Any] = {
        "ProcessingJobName": settings.job_name,
        "AppSpecification": {
            "ImageUri": settings.image,
            "ContainerEntrypoint": ["python", "-m", "synthhealth.aws", "sample"],
            "ContainerArguments": [
                text for name, value in arguments.items() for text in (name, str(value))
            ],
        },
        "RoleArn": settings.role,
        "ProcessingInputs": [
            {
                "InputName": "model",
                "S3Input": {
                    "S3Uri": settings.model_data,
                    "LocalPath": MODEL,
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                    "S3DataDistributionType": "FullyReplicated",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "rows",
                    "S3Output": {
                        "S3Uri": settings.output,
                        "LocalPath": ROWS,
                        # Only a job that ends well leaves rows.
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ],
            **key(settings),
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": settings.instance_type,
                "InstanceCount": settings.instance_count,
                "VolumeSizeInGB": settings.volume_gb,
                **volume_key(settings, settings.instance_type),
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": settings.max_runtime},
        "NetworkConfig": {
            "EnableNetworkIsolation": settings.network_isolation,
            "EnableInterContainerTrafficEncryption": settings.encrypt_traffic,
            **vpc(settings),
        },
        "Tags": tags(settings),
    }
    if settings.environment:
        parameters["Environment"] = dict(settings.environment)
    return Request("CreateProcessingJob", parameters)


def transform_job(settings: TransformSettings) -> Request:
    """Make the request of a batch transform.

    Parameters
    ----------
    settings : TransformSettings

    Returns
    -------
    Request
        ``CreateTransformJob``; every line of the input is one request, answered on its own.

    Examples
    --------
    >>> from synthhealth.aws.launch import TransformSettings, transform_job
    >>> settings = TransformSettings(
    ...     model_name="ra", input="s3://hospital/requests.jsonl", output="s3://hospital/rows/",
    ...     kms_key="1234abcd-12ab-34cd-56ef-1234567890ab",
    ... )
    >>> transform_job(settings).parameters["TransformInput"]["SplitType"]
    'Line'
    """
    parameters: dict[str, Any] = {
        "TransformJobName": settings.job_name,
        "ModelName": settings.model_name,
        "MaxConcurrentTransforms": 1,
        "MaxPayloadInMB": settings.max_payload_mb,
        "BatchStrategy": "SingleRecord",
        "ModelClientConfig": {
            "InvocationsTimeoutInSeconds": settings.timeout_seconds,
            "InvocationsMaxRetries": settings.max_retries,
        },
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": settings.input}},
            "ContentType": "application/jsonlines",
            "CompressionType": "None",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": settings.output,
            "Accept": settings.accept,
            "AssembleWith": "Line",
            **key(settings),
        },
        "TransformResources": {
            "InstanceType": settings.instance_type,
            "InstanceCount": settings.instance_count,
            **volume_key(settings, settings.instance_type),
        },
        "Tags": tags(settings),
    }
    if settings.environment:
        parameters["Environment"] = dict(settings.environment)
    return Request("CreateTransformJob", parameters)


def hyperparameters(settings: TrainingSettings) -> dict[str, str]:
    """Return every hyperparameter as text, those of AWS's launcher included."""
    values: dict[str, Any] = {"synthesizer": settings.synthesizer, **settings.hyperparameters}
    if settings.random_state is not None:
        values["random_state"] = settings.random_state
    if settings.source is None:
        return {name: wire(value) for name, value in sorted(values.items())}
    archive = settings.source
    if settings.network_isolation:
        archive = f"{CODE}/{settings.source.rpartition('/')[2]}"
    values |= {
        "sagemaker_program": settings.entry_point,
        "sagemaker_submit_directory": archive,
        "sagemaker_container_log_level": 20,
    }
    return {name: wire(value, quoted=True) for name, value in sorted(values.items())}


def _channels(settings: TrainingSettings) -> list[dict[str, Any]]:
    sources = {
        "training": settings.data,
        "validation": settings.validation,
        "schema": settings.schema_file,
    }
    if settings.network_isolation:
        sources["code"] = settings.source
    return [
        {
            "ChannelName": name,
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": address,
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
            # Code and schema are opened more than once, which a stream does not allow.
            "InputMode": "File" if name in ("code", "schema") else settings.input_mode,
        }
        for name, address in sources.items()
        if address is not None
    ]
