"""``synthhealth aws``: dry runs without account and network, and the verbs against moto."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from launching import IMAGE, KEY, MODEL, ROLE, report_bytes
from typer.testing import CliRunner, Result

import synthhealth.cli._aws
from synthhealth.cli import app
from synthhealth.errors import SynthHealthError

SECURE = [
    *("--kms-key", KEY, "--subnet", "subnet-0a1b2c3d", "--security-group", "sg-0a1b2c3d"),
    *("--image", IMAGE, "--role", ROLE),
]
TRAIN = [*("train", "--data", "s3://hospital/clean/", "--output", "s3://hospital/models/"), *SECURE]
DEPLOY = ["deploy", "--name", "ra", "--model-data", MODEL, *SECURE]
SAMPLE = [
    *("sample", "--rows", "1000000", "--model-data", MODEL, "--output", "s3://hospital/rows/"),
    *SECURE,
]
TRANSFORM = [
    *("transform", "--model-name", "ra", "--input", "s3://hospital/requests.jsonl"),
    *("--output", "s3://hospital/rows/", "--kms-key", KEY),
]


def run(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, ["aws", *arguments], input=answer)


def error_of(result: Result) -> str:
    assert isinstance(result.exception, SynthHealthError)
    return str(result.exception)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("botocore", reason="the judge is botocore's service model")
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)


@pytest.mark.parametrize(
    "verb", [TRAIN, DEPLOY, SAMPLE, TRANSFORM, ["status", "x"], ["delete", "x"]]
)
def test_a_dry_run_needs_no_account_and_gives_the_same_json(offline: None, verb: list[str]) -> None:
    first, second = (run(*verb, "--dry-run") for _ in range(2))
    assert first.exit_code == 0, first.output
    assert first.stdout == second.stdout
    assert json.loads(first.stdout)


def test_a_dry_run_of_training_says_what_the_options_said(offline: None) -> None:
    result = run(
        *TRAIN, "--model", "ctgan", "--param", "steps=300", "--param", "drop=['ward']",
        "--seed", "7", "--spot", "--instance-type", "ml.c5.2xlarge", "--tag", "ward=12",
        "--env", "OMP_NUM_THREADS=4", "--dry-run",
    )  # fmt: skip
    request = json.loads(result.stdout)["CreateTrainingJob"]
    assert request["HyperParameters"] == {
        "drop": '["ward"]',
        "random_state": "7",
        "steps": "300",
        "synthesizer": "ctgan",
    }
    assert request["EnableManagedSpotTraining"] is True
    assert request["ResourceConfig"]["InstanceType"] == "ml.c5.2xlarge"
    assert {"Key": "ward", "Value": "12"} in request["Tags"]
    assert request["Environment"] == {"OMP_NUM_THREADS": "4"}


def test_settings_of_a_file_and_options_before_them(offline: None, tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(
        f"image: {IMAGE}\nrole: {ROLE}\ndata: s3://hospital/clean/\n"
        "output: s3://hospital/models/\nallow_default_key: true\nallow_no_vpc: true\n"
        "instance_type: ml.m5.xlarge\nhyperparameters: {log_scale: false}\n"
    )
    result = run("train", "--settings", str(file), "--instance-type", "ml.c5.xlarge", "--dry-run")
    request = json.loads(result.stdout)["CreateTrainingJob"]
    assert request["ResourceConfig"]["InstanceType"] == "ml.c5.xlarge"
    assert request["HyperParameters"]["log_scale"] == "false"
    file.write_text("- a\n")
    assert "must hold settings" in error_of(run("train", "--settings", str(file)))
    file.write_text("a: [\n")
    assert "neither YAML nor JSON" in error_of(run("train", "--settings", str(file)))
    assert "cannot be read" in error_of(run("train", "--settings", str(tmp_path / "no.yaml")))


def test_one_file_serves_every_verb(offline: None, tmp_path: Path) -> None:
    shared = tmp_path / "aws.yaml"
    shared.write_text(
        f"image: {IMAGE}\nrole: {ROLE}\nkms_key: {KEY}\nsubnets: [subnet-0a1b2c3d]\n"
        "security_group_ids: [sg-0a1b2c3d]\ntags: {ward: '12'}\n"
    )
    report = tmp_path / "report.json"
    report.write_bytes(report_bytes())
    place = ["--output", "s3://hospital/x/"]
    for verb in (
        ["train", "--data", "s3://hospital/clean/", *place],
        ["deploy", "--name", "ra", "--model-data", MODEL],
        ["sample", "--rows", "10", "--model-data", MODEL, *place],
        ["transform", "--model-name", "ra", "--input", "s3://hospital/r.jsonl", *place],
        [
            *("register", str(report), "--group", "ra", "--model-data", MODEL),
            *("--report", "s3://hospital/report.json"),
        ],
    ):
        result = run(*verb, "--settings", str(shared), "--dry-run")
        assert result.exit_code == 0, result.exception
        assert KEY in result.stdout
    shared.write_text("imag: x\n")
    assert "did you mean 'image'?" in error_of(run("deploy", "--settings", str(shared)))


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ([*TRAIN, "--instance-type", "ml.m5.xlage"], "did you mean 'ml.m5.xlarge'?"),
        ([*TRAIN, "--data", "hospital/clean"], "is no S3 address"),
        ([*TRAIN, "--param", "log_scal=true"], "did you mean 'log_scale'?"),
        ([*TRAIN, "--model", "ctgann"], "did you mean 'ctgan'?"),
        ([*TRAIN, "--param", 'drop=["patient\'s"]'], "apostrophe"),
        ([*SAMPLE, "--output", "s3://X/rows"], "is not a valid bucket name"),
        (["train", "--data", "s3://hospital/x"], "role: missing"),
        (["train", "--data", "s3://hospital/x"], "or AWS's with `source` (--image)"),
        (["sample", "--image", IMAGE], "num_rows: missing; Synthetic rows in all (--rows)"),
        ([*TRAIN, "--instance-type", "m5.large"], "did you mean 'ml.m5.large'?"),
        ([*DEPLOY, "--hosting", "serverless"], "--no-network-isolation"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_sent(
    offline: None, verb: list[str], words: str
) -> None:
    for arguments in (verb, [*verb, "--dry-run"]):
        assert words in error_of(run(*arguments))


def test_without_a_region_nothing_is_asked(offline: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    for verb in (TRAIN, DEPLOY, SAMPLE, TRANSFORM, ["status", "x"], ["delete", "x"]):
        assert "no region is known" in error_of(run(*verb))


def test_a_bare_job_names_both_opt_outs(offline: None) -> None:
    bare = TRAIN[:5]
    said = error_of(run(*bare, "--image", IMAGE, "--role", ROLE, "--dry-run"))
    assert "--allow-default-key" in said
    more = [*bare, "--image", IMAGE, "--role", ROLE, "--allow-default-key", "--dry-run"]
    assert "--allow-no-vpc" in error_of(run(*more))
    assert run(*more, "--allow-no-vpc").exit_code == 0


def test_the_registry_in_a_dry_run(offline: None, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_bytes(report_bytes())
    result = run(
        "register", str(report), "--group", "ra", "--model-data", MODEL,
        "--report", "s3://hospital/report.json", "--image", IMAGE, "--kms-key", KEY, "--dry-run",
    )  # fmt: skip
    operations = [next(iter(request)) for request in json.loads(result.stdout)]
    assert operations == ["CreateModelPackageGroup", "CreateModelPackage", "CreateModelCard"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--max-runtime", "7200"], "at most 2 h (2 instance-hours)"),
        (["train", "--max-runtime", "3600", "--hourly-price", "0.5"], "at most 0.50"),
        (["deploy"], "24 instance-hours a day, 730 a month"),
        (["deploy", "--hourly-price", "2"], "1,460.00 a month"),
        (["deploy", "--hosting", "serverless", "--memory-mb", "2048"], "2 GB of memory"),
        (["deploy", "--hosting", "async"], "synthhealth aws delete NAME"),
        (["sample", "--instance-count", "3", "--volume-gb", "50"], "150 GB"),
        (["transform"], "no maximum run time"),
    ],
)
def test_cost_notes(offline: None, arguments: list[str], words: str) -> None:
    result = run("cost-note", *arguments)
    assert result.exit_code == 0
    assert words in result.stdout
    if "--hourly-price" not in arguments:
        assert "price" not in result.stdout


def test_help_needs_no_boto3_and_answers_at_once() -> None:
    code = (
        "import sys, synthhealth.cli._aws as _; from synthhealth.cli import app\n"
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.suppress(SystemExit):\n"
        "    app(['aws', 'train', '--help'])\n"
        "assert '--dry-run' in text.getvalue()\n"
        "heavy = {'boto3', 'botocore', 'sagemaker', 'pandas', 'torch'}\n"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_launch_imports_neither_boto3_nor_sagemaker() -> None:
    code = (
        "import sys, synthhealth.aws.launch\n"
        "heavy = {'boto3', 'botocore', 'sagemaker', 'pandas', 'torch', 'numpy'}\n"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_without_boto3_the_extra_is_named() -> None:
    code = (
        "import sys\n"
        "sys.modules['botocore'] = None\n"
        "from synthhealth.aws import launch\n"
        "try:\n"
        "    launch.check(launch.Request('CreateEndpoint', {}))\n"
        "except launch.LaunchError as error:\n"
        "    sys.exit(0 if 'synthhealth[aws]' in str(error) else str(error))\n"
        "sys.exit('nothing was raised')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


# Against moto.


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    moto_server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": address,
    }.items():
        monkeypatch.setenv(name, value)
    s3 = boto3.client("s3")
    # All servers of moto in one process have the same buckets.
    existing = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    if "unlocked-hospital" not in existing:
        for name in {"hospital", "unlocked-hospital"} - existing:
            place = {"LocationConstraint": "eu-central-1"}
            s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)
        closed = (
            "BlockPublicAcls",
            "IgnorePublicAcls",
            "BlockPublicPolicy",
            "RestrictPublicBuckets",
        )
        s3.put_public_access_block(
            Bucket="hospital", PublicAccessBlockConfiguration=dict.fromkeys(closed, True)
        )
    return boto3.client("sagemaker")


def test_train_and_status(aws: Any) -> None:
    result = run(*TRAIN, "--name", "by-hand")
    assert result.exit_code == 0, result.output
    assert "Started: training by-hand" in result.stdout
    assert "4 instance-hours" in result.stderr
    assert aws.describe_training_job(TrainingJobName="by-hand")["RoleArn"] == ROLE
    for arguments in (["--once"], ["--poll-seconds", "0.1"], ["--kind", "training"]):
        result = run("status", "by-hand", *arguments)
        assert result.exit_code == 0, result.output
        assert "training by-hand: Completed" in result.stdout


def test_train_and_follow(aws: Any) -> None:
    result = run(*TRAIN, "--name", "followed", "--follow")
    assert result.exit_code == 0, result.output
    assert "training followed: Completed" in result.stdout


def test_an_open_bucket_gets_no_model(aws: Any) -> None:
    openly = [*TRAIN, "--output", "s3://unlocked-hospital/x/", "--name", "never"]
    assert "does not block all public access" in error_of(run(*openly))
    names = [job["TrainingJobName"] for job in aws.list_training_jobs()["TrainingJobSummaries"]]
    assert "never" not in names
    assert run(*openly, "--allow-open-bucket").exit_code == 0


def test_sample_and_transform(aws: Any) -> None:
    assert run(*SAMPLE, "--name", "rows").exit_code == 0
    job = aws.describe_processing_job(ProcessingJobName="rows")
    assert "1000000" in job["AppSpecification"]["ContainerArguments"]
    aws.create_model(ModelName="ra", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    assert run(*TRANSFORM, "--name", "lines").exit_code == 0
    assert aws.describe_transform_job(TransformJobName="lines")["ModelName"] == "ra"


def test_deploy_and_delete(aws: Any) -> None:
    assert run(*DEPLOY, "--follow").exit_code == 0
    result = run("delete", "ra", answer="n\n")
    assert result.exit_code == 1
    assert aws.describe_endpoint(EndpointName="ra")["EndpointStatus"] == "InService"
    result = run("delete", "ra", "--yes")
    assert result.exit_code == 0, result.output
    assert f"In S3 remain: {MODEL}" in result.stdout
    assert "no endpoint of the name 'ra'" in error_of(run("delete", "ra", "--yes"))


def test_a_job_that_is_not_there(aws: Any) -> None:
    assert "no job or endpoint" in error_of(run("status", "nowhere"))


def test_the_group_is_registered() -> None:
    assert synthhealth.cli._aws.aws in [group.typer_instance for group in app.registered_groups]


@pytest.mark.parametrize("content", ["data: 2020-13-45", "[" * 3000])
def test_settings_that_no_parser_bears_are_refused_in_words(
    offline: None, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(content)
    assert "neither YAML nor JSON" in error_of(run(*TRAIN, "--settings", str(file), "--dry-run"))


def test_an_address_that_is_none_is_said(offline: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    said = error_of(run("status", "ra", "--region", "eu-central-1"))
    assert "nonsense" in said
    assert "AWS_ENDPOINT_URL" in said


def test_the_folder_of_the_sdk_is_looked_at(offline: None, tmp_path: Path) -> None:
    folder = ("--source-dir", str(tmp_path), "--dry-run")
    assert run(*TRAIN, *folder).exit_code == 2
    assert "there is no train.py" in error_of(run(*TRAIN, *folder, "--sdk"))
    (tmp_path / "train.py").touch()
    assert run(*TRAIN, *folder, "--sdk").exit_code == 0


def test_a_foreign_error_ends_in_words(offline: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("what boto3 says")

    monkeypatch.setattr("synthhealth.aws.launch.describe", fail)
    assert "unexpected RuntimeError: what boto3 says" in error_of(run("status", "ra", "--once"))


@pytest.mark.parametrize(
    ("function", "words"),
    [("describe", "what was sent to AWS before goes on"), ("follow", "ra goes on")],
)
def test_an_interruption_says_what_goes_on(
    offline: None, monkeypatch: pytest.MonkeyPatch, function: str, words: str
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"synthhealth.aws.launch.{function}", interrupt)
    result = run("status", "ra", *(["--once"] if function == "describe" else []))
    assert result.exit_code == 130
    assert words in result.stderr
