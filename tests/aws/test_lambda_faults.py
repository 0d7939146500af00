"""The packaged function on the template's stack, in AWS's runtime client, and what goes wrong.

S3, EventBridge, SQS and DynamoDB are moto's, over HTTP; between them and the function stands a
proxy that fails as told.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
for name in ("moto.server", "samtranslator", "aws_lambda_powertools", "awslambdaric"):
    pytest.importorskip(name, reason=f"{name} is not installed")

from faults import Fault, FaultyProxy  # noqa: E402
from lambda_runtime import LambdaRuntime, deliver  # noqa: E402
from lambda_stack import Stack, make_stack  # noqa: E402

SCHEMA = json.dumps(
    {"columns": [{"name": "crp", "kind": "continuous"}, {"name": "note", "kind": "text"}]}
)
GOOD = "crp;note\r\n3,5;wohl\r\n< 0,5;müde\r\n".encode("cp1252")
CLEAN = "crp,note\n3.5,wohl\n<0.5,müde\n".encode()
NAMED = b"crp,note\n3.5,fine\n1.5,ask ann.lee@example.org\n"
BAD = b'crp,note\n3.5,"never closed Zebedee\n'

Start = Callable[..., LambdaRuntime]


@pytest.fixture
def stack(aws_environment: dict[str, str], request: pytest.FixtureRequest) -> Stack:
    made = make_stack(f"hospital-{zlib.crc32(request.node.nodeid.encode())}")
    boto3.client("s3").put_object(Bucket=made.bucket, Key="schema.json", Body=SCHEMA.encode())
    return made


@pytest.fixture
def proxy(moto_endpoint: str) -> Iterator[FaultyProxy]:
    with FaultyProxy(moto_endpoint) as one:
        yield one


@pytest.fixture
def start(
    stack: Stack,
    lambda_package: Path,
    aws_environment: dict[str, str],
    proxy: FaultyProxy,
    tmp_path: Path,
) -> Start:
    def begin(seconds: float = 60) -> LambdaRuntime:
        environment = {
            **aws_environment,
            **stack.environment,
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": proxy.url,
        }
        log = tmp_path / "log"
        return LambdaRuntime(
            "handler.handler", lambda_package, environment, seconds=seconds, log=log
        )

    return begin


def put(stack: Stack, key: str, body: bytes) -> str:
    told = boto3.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=body)
    return str(told["VersionId"])


def keys(stack: Stack) -> set[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=stack.bucket)["Contents"]
    return {one["Key"] for one in listed} - {"schema.json"}


def outputs(stack: Stack) -> set[str]:
    return {key for key in keys(stack) if not key.startswith("raw/")}


def read(stack: Stack, key: str) -> bytes:
    body: bytes = boto3.client("s3").get_object(Bucket=stack.bucket, Key=key)["Body"].read()
    return body


def uploads(stack: Stack) -> int:
    told = boto3.client("s3").list_multipart_uploads(Bucket=stack.bucket)
    return len(told.get("Uploads", ()))


def waiting(url: str) -> int:
    told = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return int(told["Attributes"]["ApproximateNumberOfMessages"])


def run_queue(stack: Stack, runtime: LambdaRuntime, most: int = 1000) -> list[bool]:
    return deliver(boto3.client("sqs"), stack.queue, runtime.invoke, most=most)


def long_rows(megabytes: float) -> bytes:
    row = b"3.5," + b"well " * 79 + b"well\n"
    return b"crp,note\n" + row * int(megabytes * 1e6 / len(row))


def bodies_of(messages: list[dict[str, Any]]) -> list[str]:
    return [one["Body"] for one in messages]


def test_a_bucket_that_is_there_is_used(
    aws_environment: dict[str, str], lambda_package: Path
) -> None:
    s3, name = boto3.client("s3"), "there-before"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket=name, Key="schema.json", Body=SCHEMA.encode())
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    stack = make_stack(name, UseExistingBucket="yes", ExistingBucketKeyArn=key)
    assert stack.environment["KMS_KEY_ID"] == key
    put(stack, "raw/a.csv", GOOD)
    environment = {**aws_environment, **stack.environment, "PATH": os.environ["PATH"]}
    with LambdaRuntime("handler.handler", lambda_package, environment) as runtime:
        assert run_queue(stack, runtime) == [True]
    assert read(stack, "clean/a.csv") == CLEAN
    assert s3.head_object(Bucket=name, Key="clean/a.csv")["SSEKMSKeyId"] == key


def test_every_input_ends_somewhere(stack: Stack, start: Start, tmp_path: Path) -> None:
    inputs = {
        **{f"raw/good {n}+é.csv": GOOD for n in range(4)},
        "raw/患者/ü%20.csv": GOOD,
        "raw/bad.csv": BAD,
        "raw/empty.csv": b"",
        "raw/named.csv": NAMED,
        "raw/book.csv": b"PK\x03\x04 no table",
        "raw/other.csv": b"Zebedee,age\nx,1\n",
    }
    for key, body in inputs.items():
        put(stack, key, body)
    gone = put(stack, "raw/gone.csv", GOOD)
    s3 = boto3.client("s3")
    s3.delete_object(Bucket=stack.bucket, Key="raw/gone.csv", VersionId=gone)
    put(stack, "clean/own.csv", GOOD)  # which the rule does not send

    sqs = boto3.client("sqs")
    bodies: list[str] = []
    while told := sqs.receive_message(QueueUrl=stack.queue, MaxNumberOfMessages=10).get("Messages"):
        bodies += bodies_of(told)
        for one in told:
            sqs.delete_message(QueueUrl=stack.queue, ReceiptHandle=one["ReceiptHandle"])
    assert len(bodies) == len(inputs) + 1
    twice = [*bodies, *bodies, "no event"]
    random.Random(0).shuffle(twice)
    for message in twice:
        sqs.send_message(QueueUrl=stack.queue, MessageBody=message)

    with start() as runtime:
        run_queue(stack, runtime)
    rests = {
        place: {key.removeprefix(place) for key in outputs(stack) if key.startswith(place)}
        for place in ("clean/", "quarantine/", "reports/")
    }
    assert rests["clean/"] == {f"good {n}+é.csv" for n in range(4)} | {"患者/ü%20.csv", "own.csv"}
    assert rests["quarantine/"] == {
        f"{name}.csv" for name in ("bad", "empty", "named", "book", "other")
    }
    assert rests["reports/"] == {
        f"{rest}.json" for rest in (rests["clean/"] | rests["quarantine/"]) - {"own.csv"}
    }
    assert waiting(stack.queue) == 0
    dead = sqs.receive_message(QueueUrl=stack.dead_letters, MaxNumberOfMessages=10)["Messages"]
    # Of the deleted one both deliveries.
    assert len(dead) == 3
    ended = len(rests["clean/"] - {"own.csv"}), len(rests["quarantine/"]), len(set(bodies_of(dead)))
    assert ended == (5, 5, 2)
    assert sum(ended) == len(set(twice))
    # Of the deliveries of one version only the first was worked on.
    versions = s3.list_object_versions(Bucket=stack.bucket)["Versions"]
    written = [one["Key"] for one in versions if not one["Key"].startswith("raw/")]
    assert len(written) == len(set(written))
    log = (tmp_path / "log").read_text()
    told = [json.loads(line) for line in log.splitlines() if "outcome" in line]
    counted = [one["outcome"] for one in told]
    assert counted.count("clean") == 5
    assert counted.count("quarantine") == 5
    assert counted.count("failed") == 3 * 3
    for secret in ("Zebedee", "ann.lee", "患者", "good 1", "never closed Zebedee"):
        assert secret not in log
        assert all(
            secret.encode() not in read(stack, f"reports/{one}") for one in rests["reports/"]
        )


@pytest.mark.parametrize(
    ("where", "status"),
    [
        ("GET /{bucket}/raw/", 503),
        ("GET /{bucket}/schema.json", 500),
        ("PUT /{bucket}/clean/", 503),
    ],
)
def test_s3_that_fails_once_is_asked_again(
    stack: Stack, start: Start, proxy: FaultyProxy, where: str, status: int
) -> None:
    proxy.faults.append(Fault(where.format(bucket=stack.bucket), status, times=1))
    put(stack, "raw/a.csv", GOOD)
    with start() as runtime:
        assert run_queue(stack, runtime) == [True]
    assert read(stack, "clean/a.csv") == CLEAN


def test_s3_that_fails_always_is_not_asked_for_ever(
    stack: Stack, start: Start, proxy: FaultyProxy
) -> None:
    where = f"GET /{stack.bucket}/raw/"
    proxy.faults.append(Fault(where, 503))
    put(stack, "raw/a.csv", GOOD)
    with start() as runtime:
        assert run_queue(stack, runtime, most=1) == [False]
        assert proxy.count(where) == 4
        assert outputs(stack) == set()
        proxy.faults.clear()
        run_queue(stack, runtime)
    assert outputs(stack) == {"clean/a.csv", "reports/a.csv.json"}


def test_an_object_whose_end_does_not_arrive_is_read_again(
    stack: Stack, start: Start, proxy: FaultyProxy
) -> None:
    proxy.faults.append(Fault(f"GET /{stack.bucket}/raw/", 0, times=1))
    body = long_rows(0.5)
    put(stack, "raw/a.csv", body)
    with start() as runtime:
        assert run_queue(stack, runtime, most=1) == [False]
        assert outputs(stack) == set()
        assert run_queue(stack, runtime) == [True]
    assert read(stack, "clean/a.csv") == body


def test_without_dynamodb_the_message_is_kept(
    stack: Stack, start: Start, proxy: FaultyProxy
) -> None:
    proxy.faults.append(Fault("DynamoDB_20120810.PutItem", 500))
    put(stack, "raw/a.csv", GOOD)
    with start() as runtime:
        assert run_queue(stack, runtime, most=1) == [False]
        assert proxy.count("DynamoDB") == 4
        assert outputs(stack) == set()
        proxy.faults.clear()
        assert run_queue(stack, runtime) == [True]
    assert read(stack, "clean/a.csv") == CLEAN


def test_without_dynamodb_at_the_end_the_work_is_done_again(
    stack: Stack, start: Start, proxy: FaultyProxy
) -> None:
    proxy.faults.append(Fault("DynamoDB_20120810.UpdateItem", 500))
    put(stack, "raw/a.csv", GOOD)
    with start(seconds=1) as runtime:
        assert run_queue(stack, runtime, most=1) == [False]
        assert read(stack, "clean/a.csv") == CLEAN
        proxy.faults.clear()
        time.sleep(1.1)  # until then the first invocation is taken to be at it
        assert run_queue(stack, runtime) == [True]
    assert waiting(stack.queue) == waiting(stack.dead_letters) == 0
    assert read(stack, "clean/a.csv") == CLEAN


def test_killed_in_the_middle_it_leaves_no_half_object(
    stack: Stack, start: Start, proxy: FaultyProxy
) -> None:
    body = long_rows(20)
    put(stack, "raw/a.csv", body)
    runtime = start(seconds=1)

    def kill(told: str) -> None:
        if "partNumber=2" in told:
            runtime.process.kill()

    proxy.before = kill
    with runtime, pytest.raises(RuntimeError, match="-9"):
        run_queue(stack, runtime)
    assert outputs(stack) == set()
    assert uploads(stack) == 1  # which the bucket's lifecycle ends
    proxy.before = None
    time.sleep(1.1)  # until then the killed invocation is taken to be at it
    # As if the visibility timeout were over.
    body_of_message = json.dumps(event(stack, "raw/a.csv"))
    boto3.client("sqs").send_message(QueueUrl=stack.queue, MessageBody=body_of_message)
    with start() as runtime:
        assert run_queue(stack, runtime) == [True]
    assert read(stack, "clean/a.csv") == body


def event(stack: Stack, key: str) -> dict[str, Any]:
    head = boto3.client("s3").head_object(Bucket=stack.bucket, Key=key)
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": stack.bucket},
            "object": {"key": key, "version-id": head["VersionId"]},
        },
    }


def test_while_one_is_at_it_another_delivery_waits(
    stack: Stack, start: Start, proxy: FaultyProxy
) -> None:
    again: list[Any] = []

    def deliver_again(told: str) -> None:
        if told.startswith(f"GET /{stack.bucket}/raw/") and not again:
            again.append(None)
            with start() as other:
                body = json.dumps(event(stack, "raw/a.csv"))
                record = {"eventSource": "aws:sqs", "messageId": "again", "body": body}
                again[0] = other.invoke({"Records": [record]}).content

    put(stack, "raw/a.csv", GOOD)
    proxy.before = deliver_again
    with start() as runtime:
        assert run_queue(stack, runtime) == [True]
    assert again == [{"batchItemFailures": [{"itemIdentifier": "again"}]}]
    versions = boto3.client("s3").list_object_versions(Bucket=stack.bucket, Prefix="clean/")
    assert len(versions["Versions"]) == 1


@pytest.mark.parametrize(
    ("moment", "first"),
    [
        ("GET /{bucket}/raw/", GOOD),
        ("PUT /{bucket}/clean/", GOOD),
        ("PUT /{bucket}/quarantine/", NAMED),
        ("HEAD /{bucket}/raw/", GOOD),
    ],
)
def test_a_key_that_is_written_anew_while_it_is_read(
    stack: Stack, start: Start, proxy: FaultyProxy, moment: str, first: bytes
) -> None:
    second = b"crp,note\n9.5,second\n"
    written: list[str] = []

    def write_anew(told: str) -> None:
        if told.startswith(moment.format(bucket=stack.bucket)) and not written:
            written.append(told)
            put(stack, "raw/a.csv", second)

    put(stack, "raw/a.csv", first)
    proxy.before = write_anew
    with start() as runtime:
        assert run_queue(stack, runtime) == [True, True]
    assert written
    assert waiting(stack.dead_letters) == 0
    assert read(stack, "clean/a.csv") == second
    assert json.loads(read(stack, "reports/a.csv.json"))["decision"] == "clean"
    if first == NAMED:
        assert read(stack, "quarantine/a.csv") == NAMED


@pytest.mark.parametrize(
    "megabytes", [10, pytest.param(300, marks=pytest.mark.slow)], ids="{} MB".format
)
def test_a_large_file_takes_little_memory(
    stack: Stack, start: Start, megabytes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    block = "".join(f"{n % 997},{n % 10};visit {n % 5000}\n" for n in range(40_000)).encode()
    put(stack, "raw/a.csv", b"crp;note\n" + block * (megabytes * 10**6 // len(block)))
    with start(seconds=600) as runtime:
        began = time.monotonic()
        assert run_queue(stack, runtime) == [True]
        seconds, peak = time.monotonic() - began, runtime.peak_megabytes()
    assert {"clean/a.csv", "reports/a.csv.json"} == outputs(stack)
    with capsys.disabled():
        sys.stdout.write(f"\n{megabytes} MB: {seconds:.0f} s, peak memory {peak:.0f} MB\n")
    assert peak < 200
