"""The folder that Lambda runs, and the handler in it as AWS's own programs run it."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
pytest.importorskip("awslambdaric", reason="awslambdaric is not installed")
pytest.importorskip("moto.server", reason="moto[server] is not installed")

from lambda_runtime import LambdaRuntime  # noqa: E402

#: What boto3 needs; Lambda has these.
OF_LAMBDA = ("boto3", "botocore", "dateutil", "s3transfer", "six.py", "urllib3")
HEAVY = ("torch", "sdv", "pandas", "numpy", "sagemaker", "pydantic", "pyarrow", "sklearn")
SCHEMA = b'{"columns": [{"name": "crp", "kind": "continuous"}, {"name": "note", "kind": "text"}]}'


def test_it_is_small(lambda_package: Path) -> None:
    files = [one for one in lambda_package.rglob("*") if one.is_file()]
    assert sum(one.stat().st_size for one in files) < 30e6
    assert not [one for one in files if one.suffix in (".so", ".pyd")]
    assert (lambda_package / "synthhealth" / "LICENSE").is_file()


def test_it_is_whole_and_light(lambda_package: Path, tmp_path: Path) -> None:
    """Import it where nothing is installed but what Lambda has."""
    for name in OF_LAMBDA:
        spec = importlib.util.find_spec(name.removesuffix(".py"))
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        (tmp_path / name).symlink_to(origin if name.endswith(".py") else origin.parent)
    code = (
        "import json, sys; "
        f"sys.path[:0] = [{str(lambda_package)!r}, {str(tmp_path)!r}]; "
        "import handler; handler.worker(); "
        "print(json.dumps([handler.__file__, sorted(sys.modules)]))"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "eu-central-1",
        "IDEMPOTENCY_TABLE": "done",
        "TRAINING_REQUEST_KEY": "training.json",
    }
    command = [sys.executable, "-S", "-I", "-c", code]
    told = subprocess.run(command, check=True, capture_output=True, env=environment, timeout=60)
    file, modules = json.loads(told.stdout)
    assert file == str(lambda_package / "handler.py")
    assert [one for one in HEAVY if one in modules] == []
    assert "aws_lambda_powertools" in modules


def test_building_into_a_folder_that_is_there_is_refused(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "deploy" / "lambda" / "build.py"
    command = [sys.executable, str(script), str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert told.returncode == 1
    assert "remove it first" in told.stderr


@pytest.fixture
def bucket(aws_environment: dict[str, str], request: pytest.FixtureRequest) -> str:
    name = f"package-{zlib.crc32(request.node.nodeid.encode())}"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket=name, Key="schema.json", Body=SCHEMA)
    s3.put_object(Bucket=name, Key="raw/a ü+.csv", Body=b"crp;note\n3,5;fine\n")
    return name


def event(bucket: str, key: str) -> dict[str, Any]:
    detail = {"bucket": {"name": bucket}, "object": {"key": key}}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def test_direct_events_and_errors(
    lambda_package: Path, bucket: str, aws_environment: dict[str, str]
) -> None:
    environment = {**aws_environment, "PATH": os.environ["PATH"]}
    with LambdaRuntime("handler.handler", lambda_package, environment) as runtime:
        assert runtime.invoke(event(bucket, "raw/a ü+.csv")).content == {"outcomes": ["clean"]}
        refused = runtime.invoke(event(bucket, "elsewhere/x.csv"))
        assert refused.is_error
        assert refused.content["errorType"] == "ParameterError"
        # It goes on after an error.
        again = runtime.invoke(event(bucket, "clean/a ü+.csv"))
        assert again.content == {"outcomes": ["left alone"]}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def emulator(lambda_package: Path, aws_environment: dict[str, str]) -> Iterator[str]:
    """AWS's Runtime Interface Emulator, which comes with its SAM command line."""
    spec = importlib.util.find_spec("samcli")
    if spec is None or spec.origin is None:
        pytest.skip("aws-sam-cli is not installed")
    program = Path(spec.origin).parent / "local" / "rapid" / "aws-lambda-rie-x86_64"
    program.chmod(0o755)
    port = free_port()
    process = subprocess.Popen(
        [
            *(program, "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
            *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
            *(sys.executable, "-m", "awslambdaric", "handler.handler"),
        ],
        cwd=lambda_package,
        env={**aws_environment, "PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    yield f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.toolkits
@pytest.mark.skipif(sys.platform != "linux", reason="the emulator is a program for Linux")
def test_in_aws_own_emulator(emulator: str, bucket: str) -> None:
    def invoke(content: dict[str, Any]) -> Any:
        until = time.monotonic() + 30
        while True:
            try:
                with urlopen(Request(emulator, json.dumps(content).encode()), timeout=60) as answer:
                    return json.load(answer)
            except URLError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    assert invoke(event(bucket, "raw/a ü+.csv")) == {"outcomes": ["clean"]}
    assert invoke(event(bucket, "elsewhere/x.csv"))["errorType"] == "ParameterError"
    told = boto3.client("s3").get_object(Bucket=bucket, Key="clean/a ü+.csv")["Body"].read()
    assert told == b"crp,note\n3.5,fine\n"
