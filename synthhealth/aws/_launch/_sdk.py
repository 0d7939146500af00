"""The same training through the SageMaker SDK, for whoever works with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from synthhealth.aws._launch._jobs import training_job
from synthhealth.aws._launch._judge import check
from synthhealth.aws._launch._places import bucket_of
from synthhealth.aws._launch._sending import in_words, no_region
from synthhealth.aws._launch._settings import TrainingSettings
from synthhealth.errors import LaunchError, SettingsError
from synthhealth.io import scratch_folder

__all__ = ["model_trainer", "train_with_sdk"]

CONFIG_VARIABLE = "SAGEMAKER_USER_CONFIG_OVERRIDE"
_QUIET = """\
SchemaVersion: "1.0"
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
"""


def model_trainer(
    settings: TrainingSettings,
    *,
    source_dir: str | os.PathLike[str] | None = None,
    session: Any = None,
    telemetry: bool = False,
) -> Any:
    """Make a ``ModelTrainer`` of the SageMaker SDK; nothing is started by it.

    Parameters
    ----------
    settings : TrainingSettings
        The same as for `training_job`, and judged as strictly. `source`, which belongs to AWS's
        other launcher, must not be given: the SDK sends its own.
    source_dir : path-like, optional
        Script mode: the folder with the script ``settings.entry_point``. Without it the entry
        point of the image does the work.
    session : sagemaker.core.helper.session_helper.Session, optional
        By default one whose bucket is that of ``settings.output``, so that none is made.
    telemetry : bool, default: False
        Whether the SDK may report to AWS who uses which function (account, region, function,
        outcome). It does so by default; we turn it off by a configuration file of our own
        (``SAGEMAKER_USER_CONFIG_OVERRIDE``), unless that variable is set already.

    Returns
    -------
    sagemaker.train.ModelTrainer

    Raises
    ------
    LaunchError
        The SDK is not installed, no region is known, or the role cannot be checked.
    RefusedError
        AWS would refuse the job.

    Notes
    -----
    The SDK asks IAM whether the role may do everything that a training can take
    (``iam:SimulatePrincipalPolicy``), and refuses a role that may do less, although this training
    needs only a part of it; ``SAGEMAKER_VALIDATE_ROLE=false`` leaves the question out.

    A session that is given keeps its own configuration, and with it its own choice about telemetry.
    """
    if settings.source is not None:
        raise SettingsError(
            "source: the SDK sends the code itself; leave it out, and give source_dir (a folder)"
        )
    check(training_job(settings))
    with _telemetry(telemetry), _explained():
        return _make(settings, source_dir, session)


def train_with_sdk(
    settings: TrainingSettings,
    *,
    source_dir: str | os.PathLike[str] | None = None,
    session: Any = None,
    telemetry: bool = False,
) -> str:
    """Start a training through the SageMaker SDK.

    Parameters
    ----------
    settings, source_dir, session, telemetry
        As for `model_trainer`.

    Returns
    -------
    str
        The name of the job. The SDK makes it of the settings' name and the time, so that the same
        settings can start twice.
    """
    trainer = model_trainer(settings, source_dir=source_dir, session=session, telemetry=telemetry)
    with _telemetry(telemetry), _explained(), in_words("CreateTrainingJob"):
        trainer.train(wait=False, logs=False)
    return str(trainer._latest_training_job.training_job_name)


def _make(settings: TrainingSettings, source_dir: Any, session: Any) -> Any:
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.training import configs
    from sagemaker.train import ModelTrainer

    from synthhealth.aws._training._log import METRIC_DEFINITIONS

    parameters = training_job(settings).parameters
    resources = parameters["ResourceConfig"]
    spot = {} if settings.waiting is None else {"max_wait_time_in_seconds": settings.waiting}
    network = {
        name: list(value)
        for name, value in (
            ("subnets", settings.subnets),
            ("security_group_ids", settings.security_group_ids),
        )
        if value
    }
    checkpoint = parameters.get("CheckpointConfig")
    trainer = ModelTrainer(
        training_image=settings.image,
        source_code=None
        if source_dir is None
        else configs.SourceCode(
            source_dir=os.fspath(source_dir), entry_script=settings.entry_point
        ),
        compute=configs.Compute(
            instance_type=resources["InstanceType"],
            instance_count=1,
            volume_size_in_gb=resources["VolumeSizeInGB"],
            volume_kms_key_id=resources.get("VolumeKmsKeyId"),
            enable_managed_spot_training=settings.spot,
        ),
        stopping_condition=configs.StoppingCondition(
            max_runtime_in_seconds=settings.max_runtime, **spot
        ),
        output_data_config=configs.OutputDataConfig(
            s3_output_path=settings.output, kms_key_id=settings.kms_key
        ),
        checkpoint_config=None
        if checkpoint is None
        else configs.CheckpointConfig(
            s3_uri=checkpoint["S3Uri"], local_path=checkpoint["LocalPath"]
        ),
        networking=configs.Networking(
            enable_network_isolation=settings.network_isolation,
            enable_inter_container_traffic_encryption=settings.encrypt_traffic,
            **network,
        ),
        hyperparameters=dict(parameters["HyperParameters"]),
        environment=dict(settings.environment),
        input_data_config=[
            configs.InputData(
                channel_name=channel["ChannelName"],
                data_source=configs.S3DataSource(
                    s3_data_type="S3Prefix",
                    s3_uri=channel["DataSource"]["S3DataSource"]["S3Uri"],
                    s3_data_distribution_type="FullyReplicated",
                ),
            )
            for channel in parameters["InputDataConfig"]
        ],
        training_input_mode=settings.input_mode,
        role=settings.role,
        base_job_name=settings.job_name[:40].rstrip("-"),
        tags=[configs.Tag(key=tag["Key"], value=tag["Value"]) for tag in parameters["Tags"]],
        sagemaker_session=session or Session(default_bucket=bucket_of(settings.output)),
    )
    return trainer.with_metric_definitions(
        [
            configs.MetricDefinition(name=one["Name"], regex=one["Regex"])
            for one in METRIC_DEFINITIONS
        ]
    )


@contextmanager
def _telemetry(wanted: bool) -> Iterator[None]:
    if wanted or CONFIG_VARIABLE in os.environ:
        yield
        return
    with scratch_folder() as folder:
        file = folder / "sagemaker.yaml"
        file.write_text(_QUIET, encoding="utf-8")
        os.environ[CONFIG_VARIABLE] = str(file)
        try:
            yield
        finally:
            os.environ.pop(CONFIG_VARIABLE, None)


@contextmanager
def _explained() -> Iterator[None]:
    """Say in our words what the SDK's import and its check of the role complain about."""
    try:
        yield
    except ImportError as error:
        raise LaunchError(
            "the SageMaker SDK is not installed; install it with: "
            "pip install 'synthhealth[sagemaker]', or launch without it"
        ) from error
    except LaunchError:
        raise
    # Broad, since the SDK raises errors of botocore, of pydantic and plain ones alike.
    except Exception as error:
        said = str(error)
        if "SimulatePrincipalPolicy" in said or type(error).__name__ == "RoleValidationError":
            raise LaunchError(
                f"the SDK does not accept the role ({_first_line(said)}); if the role may do what "
                "this training needs, set SAGEMAKER_VALIDATE_ROLE=false to leave the check out, or "
                "launch without the SDK"
            ) from error
        if type(error).__name__ == "NoRegionError":
            raise no_region() from error
        raise LaunchError(f"the SageMaker SDK: {type(error).__name__}: {said}") from error


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].rstrip(".:")
