"""The same job under AWS's own launchers: the same bytes as by our own entry point."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import pytest
from jobs import (
    ENTRY,
    PARAMETERS,
    RESULTS,
    configure,
    failure,
    files_in,
    lay_out,
    model_bytes,
    start,
    surroundings,
)

from synthhealth.aws._training._log import read_metrics

pytestmark = pytest.mark.toolkits

ROLE = "arn:aws:iam::123456789012:role/training"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/training:1"
BUCKET = "training-jobs"


def needs(module: str) -> pytest.MarkDecorator:
    # Not imported here: some of these read the environment while they are imported.
    missing = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(missing, reason=f"{module} is not installed")


FAMILIES = {
    "hybrid": PARAMETERS,
    "ctgan": {"synthesizer": "ctgan", "steps": "40", "random_state": "7", "num_rows": "90"},
}


class Own(NamedTuple):
    """A job, done by our own entry point in this environment."""

    base: Path
    parameters: dict[str, str]


@pytest.fixture(scope="module", params=FAMILIES)
def own(request, tmp_path_factory) -> Own:
    parameters = FAMILIES[request.param]
    base = lay_out(tmp_path_factory.mktemp("own"), parameters=parameters)
    process = start(base)
    log, _ = process.communicate(timeout=120)
    assert process.returncode == 0, log
    return Own(base, parameters)


def run_toolkit(
    base: Path,
    parameters: dict[str, Any],
    code: Path | None = None,
    before: Sequence[str] = (),
    **variables: str,
) -> tuple[int, str]:
    """Run the toolkit's `train`, with the code in a folder or an archive."""
    if code is None:
        code = base / "code"
        code.mkdir()
        shutil.copy(ENTRY, code)
    given = {
        **parameters,
        "sagemaker_program": ENTRY.name,
        "sagemaker_submit_directory": str(code),
        "sagemaker_region": "eu-central-1",
        "sagemaker_job_name": "job-1",
        "_tuning_objective_metric": "quality:ks_average",
    }
    # Its clients write each value as JSON.
    configure(base, "hyperparameters", {name: json.dumps(value) for name, value in given.items()})
    environment = surroundings(
        SAGEMAKER_BASE_DIR=str(base),
        PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        **variables,
    )
    # The number of threads is the launcher's, and changes nothing.
    del environment["OMP_NUM_THREADS"]
    done = subprocess.run(
        [*before, Path(sys.executable).with_name("train")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        cwd=base,
    )
    return done.returncode, done.stdout + done.stderr


def can_unshare() -> bool:
    try:
        done = subprocess.run(["unshare", "-mn", "true"], capture_output=True, timeout=10)
    except OSError:
        return False
    return done.returncode == 0


in_a_namespace = pytest.mark.skipif(not can_unshare(), reason="namespaces need root")


MODULES = [
    pytest.param({}, marks=needs("sagemaker_training"), id="toolkit"),
    pytest.param(
        {"SAGEMAKER_TRAINING_MODULE": "sagemaker_pytorch_container.training:main"},
        marks=needs("sagemaker_pytorch_container"),
        id="pytorch",
    ),
]


@pytest.mark.parametrize("module", MODULES)
def test_the_training_toolkit_gives_the_same_model(module, own, tmp_path):
    base = lay_out(tmp_path)
    status, log = run_toolkit(base, own.parameters, **module)
    assert status == 0, log
    assert model_bytes(base) == model_bytes(own.base)
    assert files_in(base) - {"output/success"} == RESULTS
    assert {"quality:ks_average", "train:seconds"} <= {name for name, _ in read_metrics(log)}


@pytest.mark.parametrize("module", MODULES)
def test_the_training_toolkit_keeps_our_reason(module, tmp_path):
    base = lay_out(tmp_path)
    (base / "input/data/training/table.csv").write_text("a,b\n1,2\nMüller-4711,3,4\n")
    status, log = run_toolkit(base, PARAMETERS, **module)
    assert status == 1
    assert failure(base).startswith("FileError: ")
    assert "line 3 has 3 values" in failure(base)
    assert "4711" not in failure(base) + log


@pytest.mark.parametrize("module", MODULES)
def test_the_training_toolkit_hands_over_every_kind_of_value(module, tmp_path):
    base = lay_out(tmp_path)
    # Refused for the last one only: all others were understood.
    parameters: dict[str, Any] = {
        "synthesizer": "ctgan",
        "log_frequency": True,
        "generator_dim": [32, 32],
        "drop": ["crp"],
        "steps": 10,
        "discriminator_step": 2,
    }
    status, _ = run_toolkit(base, parameters, **module)
    assert status == 1
    assert "did you mean 'discriminator_steps'" in failure(base)


@needs("sagemaker_training")
@in_a_namespace
def test_the_training_toolkit_needs_no_network_where_the_code_is_in_a_channel(own, tmp_path):
    base = lay_out(tmp_path, parameters=None)
    code = base / "input/data/code/sourcedir.tar.gz"
    code.parent.mkdir()
    with tarfile.open(code, "w:gz") as archive:
        archive.add(ENTRY, ENTRY.name)
    status, log = run_toolkit(base, own.parameters, code, ("unshare", "-n"))
    assert status == 0, log
    assert model_bytes(base) == model_bytes(own.base)


@pytest.fixture
def moto(moto_endpoint, aws_environment, tmp_path, monkeypatch) -> None:
    """An empty account, and an SDK that sends nothing else to anybody."""
    urlopen(Request(f"{moto_endpoint}/moto-api/reset", data=b"", method="POST")).close()
    config = tmp_path / "sdk.yaml"
    modules = {"Modules": {"TelemetryOptOut": True}}
    config.write_text(
        json.dumps({"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": modules}})  # JSON is YAML
    )
    for name, value in {
        "AWS_REGION": "eu-central-1",
        "SAGEMAKER_VALIDATE_ROLE": "false",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(config),
    }.items():
        monkeypatch.setenv(name, value)


def submit(base: Path, parameters: dict[str, Any]) -> dict[str, Any]:
    """Ask for the job with `ModelTrainer`; give the request as it was recorded."""
    import boto3
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.training.configs import Compute, InputData, Networking, SourceCode
    from sagemaker.train import ModelTrainer

    s3 = boto3.client("s3")
    s3.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.upload_file(str(base / "input/data/training/table.csv"), BUCKET, "in/table.csv")
    trainer = ModelTrainer(
        training_image=IMAGE,
        source_code=SourceCode(source_dir=str(ENTRY.parent), entry_script=ENTRY.name),
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        networking=Networking(enable_network_isolation=True),
        hyperparameters=parameters,
        role=ROLE,
        base_job_name="synthhealth",
        sagemaker_session=Session(default_bucket=BUCKET),
    )
    trainer.train(
        input_data_config=[InputData(channel_name="training", data_source=f"s3://{BUCKET}/in/")],
        wait=False,
        logs=False,
    )
    client = boto3.client("sagemaker")
    (job,) = client.list_training_jobs()["TrainingJobSummaries"]
    return client.describe_training_job(TrainingJobName=job["TrainingJobName"])


def execute(request: dict[str, Any], base: Path) -> tuple[int, str]:
    """Do SageMaker's part: fetch the channels, write the configuration, run the entry point."""
    import boto3

    s3 = boto3.client("s3")
    for channel in request["InputDataConfig"]:
        bucket, _, prefix = channel["DataSource"]["S3DataSource"]["S3Uri"][5:].partition("/")
        folder = base / "input/data" / channel["ChannelName"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                name = found["Key"].removeprefix(prefix).lstrip("/") or Path(found["Key"]).name
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(bucket, found["Key"], str(folder / name))
    configure(base, "hyperparameters", request["HyperParameters"])
    configure(
        base,
        "inputdataconfig",
        {
            channel["ChannelName"]: {"TrainingInputMode": "File"}
            for channel in request["InputDataConfig"]
        },
    )
    algorithm = request["AlgorithmSpecification"]
    command = shlex.join([*algorithm["ContainerEntrypoint"], *algorithm["ContainerArguments"]])
    assert request["EnableNetworkIsolation"] is True
    done = subprocess.run(
        [
            *("unshare", "-mn", "bash", "-c"),
            f"mount -t tmpfs tmpfs /opt && mkdir /opt/ml && "
            f"mount --bind {shlex.quote(str(base))} /opt/ml && exec {command}",
        ],
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            # The same kernels of BLAS as here: others differ in the last bit.
            **{name: text for name, text in os.environ.items() if name.startswith("OPENBLAS_")},
            "HOME": "/tmp",
            "LANG": "C.UTF-8",
            "TRAINING_JOB_NAME": request["TrainingJobName"],
            "AWS_REGION": "eu-central-1",
            **(request.get("Environment") or {}),
        },
        capture_output=True,
        text=True,
        timeout=200,
    )
    return done.returncode, done.stdout + done.stderr


@in_a_namespace
def test_the_first_process_of_a_container_hears_that_it_is_to_stop(tmp_path):
    """The kernel keeps SIGTERM from a first process that has no handler for it."""
    base = lay_out(tmp_path, parameters={"synthesizer": "ctgan", "steps": "1000000"})
    command = [sys.executable, "-m", "synthhealth.aws", "train"]
    process = subprocess.Popen(
        ["unshare", "-fpn", "--mount-proc", *command],
        env=surroundings(SAGEMAKER_BASE_DIR=str(base), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if "epoch" in line:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            os.kill(int(children), signal.SIGTERM)
            break
    process.communicate(timeout=100)
    assert process.returncode == 0
    assert files_in(base) == RESULTS
    assert json.loads((base / "model/manifest.json").read_text())["stopped"] is True


@needs("sagemaker")
@in_a_namespace
@pytest.mark.usefixtures("moto")
class TestDrivers:
    """Version 3 of the SDK: its request, executed by its drivers, without a network."""

    def test_they_give_the_same_model(self, own, tmp_path):
        base = lay_out(tmp_path, parameters=None)
        # As a user writes them: numbers and truth values, and what a tuning job adds.
        given = {
            name: json.loads(text.lower()) if text.isdecimal() or text == "False" else text
            for name, text in own.parameters.items()
        }
        given["_tuning_objective_metric"] = "quality:ks_average"
        request = submit(base, given)
        shutil.rmtree(base / "input/data/training")
        status, log = execute(request, base)
        assert status == 0, log
        assert model_bytes(base) == model_bytes(own.base)
        assert files_in(base) == RESULTS
        assert {"quality:ks_average", "train:seconds"} <= {name for name, _ in read_metrics(log)}
        manifest = json.loads((base / "model/manifest.json").read_text())
        assert manifest["job"] == request["TrainingJobName"]

    def test_they_keep_our_reason(self, tmp_path):
        base = lay_out(tmp_path, parameters=None)
        request = submit(base, {"synthesizer": "ctgan", "log_frequency": True, "step": 2})
        status, _ = execute(request, base)
        assert status == 1
        assert failure(base).startswith("ParameterError: ")
        assert "did you mean 'steps'" in failure(base)
