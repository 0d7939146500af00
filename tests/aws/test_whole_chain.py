"""From an upload to synthetic rows, with AWS on the loopback.

Moto's server is S3, EventBridge, SQS, DynamoDB and the notebook of SageMaker; AWS's runtime client
calls the handler; what the training job's request says is then done here as SageMaker does it.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from jobs import configure, lay_out, start

pytest.importorskip("boto3", reason="boto3 is not installed")
pytest.importorskip("moto.server", reason="moto[server] is not installed")
pytest.importorskip("awslambdaric", reason="awslambdaric is not installed")

import boto3
from exchanges import Exchange
from lambda_runtime import LambdaRuntime, deliver
from lambda_stack import make_stack
from launching import training
from server_process import run_server

import synthhealth as sh
from synthhealth.aws import launch

ROOT = Path(__file__).parents[2]
BUCKET = "hospital-whole-chain"
KEY = "raw/2026/blood panel + müller.csv"


def hospital_csv(cohort: pd.DataFrame) -> bytes:
    """Write the cohort as a German laboratory would."""
    text = cohort.to_csv(index=False, sep=";", decimal=",", na_rep="n.d.", lineterminator="\r\n")
    return text.encode("cp1252")


def unpack(archive: bytes, folder: Path) -> None:
    folder.mkdir()
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")


def run_job(s3: Any, described: dict[str, Any], base: Path) -> str:
    """Do SageMaker's part of a training job: channels in, container, model.tar.gz out."""
    lay_out(base, parameters=described["HyperParameters"])
    (base / "input/data/training/table.csv").unlink()
    for channel in described["InputDataConfig"]:
        bucket, _, key = channel["DataSource"]["S3DataSource"]["S3Uri"][5:].partition("/")
        folder = base / "input/data" / channel["ChannelName"]
        folder.mkdir(exist_ok=True)
        s3.download_file(bucket, key, str(folder / Path(key).name))
    configure(
        base, "inputdataconfig", {one["ChannelName"]: {} for one in described["InputDataConfig"]}
    )
    job = start(base)
    log, _ = job.communicate(timeout=150)
    assert job.returncode == 0, log
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(base / "model", arcname=".")
    key = f"models/{described['TrainingJobName']}/output/model.tar.gz"
    s3.put_object(Bucket=BUCKET, Key=key, Body=packed.getvalue())
    return key


@pytest.mark.usefixtures("as_for_users")
def test_an_upload_becomes_synthetic_rows(aws_environment, tmp_path):
    real = sh.datasets.load_ra_panel()
    stack = make_stack(BUCKET, TrainingRequestKey="training.json")
    s3 = boto3.client("s3")

    # What a person does once: say what the columns are, and how a model is to be trained.
    schema = tmp_path / "schema.json"
    sh.Schema.detect(real).to_file(schema)
    s3.upload_file(str(schema), BUCKET, "schema.json")
    request = launch.training_job(
        training(
            data=f"s3://{BUCKET}/clean/",
            schema_file=f"s3://{BUCKET}/schema.json",
            output=f"s3://{BUCKET}/models/",
        )
    )
    s3.put_object(Bucket=BUCKET, Key="training.json", Body=request.to_json().encode())

    # A file arrives: the bucket tells EventBridge, its rule the queue, and the function is called.
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=hospital_csv(real))
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")},
        **aws_environment,
        **stack.environment,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    }
    log = tmp_path / "lambda.log"
    with LambdaRuntime("handler.handler", ROOT / "deploy/lambda", environment, log=log) as runtime:
        assert deliver(boto3.client("sqs"), stack.queue, runtime.invoke) == [True], log.read_text()

    clean = KEY.replace("raw/", "clean/")
    body = s3.get_object(Bucket=BUCKET, Key=clean)["Body"].read()
    cleaned = tmp_path / "clean.csv"
    cleaned.write_bytes(body)
    pd.testing.assert_frame_equal(sh.read_table(cleaned), real, check_dtype=False)
    report = json.loads(
        s3.get_object(Bucket=BUCKET, Key=KEY.replace("raw/", "reports/") + ".json")["Body"].read()
    )
    assert (report["decision"], report["n_rows"]) == ("clean", len(real))

    # The job that the function started is carried out.
    sagemaker = boto3.client("sagemaker")
    begin = request.parameters["TrainingJobName"]
    (job,) = sagemaker.list_training_jobs(NameContains=begin)["TrainingJobSummaries"]
    described = sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])
    model_key = run_job(s3, described, tmp_path / "ml")

    # Its model is served, to whoever asks.
    served = tmp_path / "served"
    unpack(s3.get_object(Bucket=BUCKET, Key=model_key)["Body"].read(), served)
    with run_server(served) as server:
        server.wait_until_listening()
        server.wait_until_loaded()
        wish = json.dumps({"num_rows": 200, "seed": 3}).encode()
        reply = server.invoke(Exchange("rows", wish, "application/json", "text/csv", 200))
    assert reply.status == 200
    rows = pd.read_csv(io.BytesIO(reply.body))
    assert list(rows.columns) == list(real.columns)
    assert len(rows) == 200

    # The same as on a laptop: the same table, seed and settings give the same model.
    model = sh.load(served / "model.synth")
    laptop = sh.Synthesizer(random_state=7, schema=sh.Schema.from_file(schema)).fit(
        sh.read_table(cleaned)
    )
    pd.testing.assert_frame_equal(
        model.sample(200, random_state=3), laptop.sample(200, random_state=3)
    )
