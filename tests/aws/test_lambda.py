"""The handler against S3, EventBridge and SQS of moto's server, over HTTP on the loopback."""

from __future__ import annotations

import importlib.util
import json
import logging
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote_plus

import pytest

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
pytest.importorskip("moto.server", reason="moto[server] is not installed")
pytest.importorskip("aws_lambda_powertools", reason="the extra lambda is not installed")

from synthhealth.aws.uploads import work  # noqa: E402
from synthhealth.aws.uploads.events import (  # noqa: E402
    StoredObject,
    TrainingStart,
    objects_of,
)
from synthhealth.aws.uploads.work import Places, Worker  # noqa: E402
from synthhealth.errors import ParameterError, SynthHealthError  # noqa: E402

HANDLER = Path(__file__).parents[2] / "deploy" / "lambda" / "handler.py"
SCHEMA = json.dumps(
    {"columns": [{"name": "crp", "kind": "continuous"}, {"name": "note", "kind": "text"}]}
)
GOOD = "crp;note\r\n3,5;wohl\r\n< 0,5;müde\r\n".encode("cp1252")
CLEAN = "crp,note\n3.5,wohl\n<0.5,müde\n".encode()
NAMED = b"crp,note\n3.5,fine\n1.5,ask ann.lee@example.org\n"
BAD = b'crp,note\n3.5,"never closed Zebedee\n'


@pytest.fixture
def environment(aws_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INPUT_PREFIX", "CLEAN_PREFIX", "REPORT_PREFIX", "QUARANTINE_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    for name in ("SCHEMA_KEY", "KMS_KEY_ID", "IDEMPOTENCY_TABLE", "TRAINING_REQUEST_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def s3(environment: None) -> Any:
    return boto3.client("s3")


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    name = f"hospital-{zlib.crc32(request.node.nodeid.encode())}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=name, Key="schema.json", Body=SCHEMA.encode())
    return name


@pytest.fixture
def handler(environment: None) -> Callable[[dict[str, Any]], dict[str, Any]]:
    spec = importlib.util.spec_from_file_location("lambda_handler", HANDLER)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda event: module.handler(event, None)


def bridged(bucket: str, key: str, version: str | None = None) -> dict[str, Any]:
    one = {"key": key} | ({"version-id": version} if version else {})
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": bucket}, "object": one},
    }


def notified(bucket: str, key: str) -> dict[str, Any]:
    s3 = {"bucket": {"name": bucket}, "object": {"key": quote_plus(key)}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}]}


def queued(*bodies: object) -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventSource": "aws:sqs",
                "messageId": f"m{place}",
                "body": body if isinstance(body, str) else json.dumps(body),
            }
            for place, body in enumerate(bodies)
        ]
    }


def keys(s3: Any, bucket: str) -> set[str]:
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {one["Key"] for one in listed} - {"schema.json"}


def read(s3: Any, bucket: str, key: str) -> bytes:
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


KEYS = ["raw/a.csv", "raw/2026/Blut werte+é ü%20.csv", "raw/患者/x.csv"]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("event", [bridged, notified])
def test_an_object_becomes_a_clean_one_and_a_report(
    s3: Any, bucket: str, handler: Any, key: str, event: Any
) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=GOOD)
    assert handler(event(bucket, key)) == {"outcomes": ["clean"]}
    rest = key.removeprefix("raw/")
    assert keys(s3, bucket) == {key, f"clean/{rest}", f"reports/{rest}.json"}
    assert read(s3, bucket, f"clean/{rest}") == CLEAN
    report = json.loads(read(s3, bucket, f"reports/{rest}.json"))
    assert report["decision"] == "clean"
    assert report["encoding"] == "cp1252"


def test_a_table_with_an_identifier_goes_to_quarantine(s3: Any, bucket: str, handler: Any) -> None:
    s3.put_object(Bucket=bucket, Key="raw/a.csv", Body=NAMED)
    assert handler(queued(bridged(bucket, "raw/a.csv"))) == {"batchItemFailures": []}
    assert keys(s3, bucket) == {"raw/a.csv", "quarantine/a.csv", "reports/a.csv.json"}
    assert read(s3, bucket, "quarantine/a.csv") == NAMED
    report = read(s3, bucket, "reports/a.csv.json").decode()
    assert "e-mail address" in report
    assert "ann.lee" not in report


def test_only_what_failed_of_a_batch_is_delivered_again(
    s3: Any, bucket: str, handler: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for key, body in {"good": GOOD, "bad": BAD, "named": NAMED, "empty": b""}.items():
        s3.put_object(Bucket=bucket, Key=f"raw/{key}.csv", Body=body)
    batch = queued(
        bridged(bucket, "raw/bad.csv"),
        notified(bucket, "raw/good.csv"),
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": bucket},
        "{no json",
        bridged(bucket, "raw/empty.csv"),
        bridged(bucket, "raw/missing.csv"),
        bridged(bucket, "elsewhere/good.csv"),
        bridged(bucket, "raw/named.csv"),
    )
    failed = [one["itemIdentifier"] for one in handler(batch)["batchItemFailures"]]
    assert failed == ["m3", "m5", "m6"]
    done = {key for key in keys(s3, bucket) if not key.startswith("raw/")}
    assert done == {
        "clean/good.csv",
        "quarantine/bad.csv",
        "quarantine/empty.csv",
        "quarantine/named.csv",
        *(f"reports/{name}.csv.json" for name in ("bad", "empty", "good", "named")),
    }
    assert "Zebedee" not in caplog.text
    assert "no table" in json.loads(read(s3, bucket, "reports/empty.csv.json"))["reason"]
    report = read(s3, bucket, "reports/bad.csv.json").decode()
    assert "never closed" in json.loads(report)["reason"]
    assert "Zebedee" not in report


def test_a_repeated_delivery_writes_the_same(s3: Any, bucket: str, handler: Any) -> None:
    version = s3.put_object(Bucket=bucket, Key="raw/a.csv", Body=GOOD)["VersionId"]
    seen = []
    for _ in range(2):
        event = queued(bridged(bucket, "raw/a.csv", version))
        assert handler(event) == {"batchItemFailures": []}
        seen.append({key: read(s3, bucket, key) for key in keys(s3, bucket)})
    assert seen[0] == seen[1]
    assert seen[0]["clean/a.csv"] == CLEAN


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (1, 0, 1), (0, 1, 0)])
def test_in_any_order_of_events_the_current_version_stands_at_the_end(
    s3: Any, bucket: str, handler: Any, order: tuple[int, ...]
) -> None:
    bodies = [b"crp,note\n1.5,first\n", b"crp,note\n2.5,second\n"]
    versions = [
        s3.put_object(Bucket=bucket, Key="raw/a.csv", Body=body)["VersionId"] for body in bodies
    ]
    for place in order:
        event = queued(bridged(bucket, "raw/a.csv", versions[place]))
        assert handler(event) == {"batchItemFailures": []}
    assert read(s3, bucket, "clean/a.csv") == bodies[1]


def test_once_can_keep_work_from_being_repeated(s3: Any, bucket: str) -> None:
    done: dict[str, str] = {}

    def once(identity: str, work: Callable[[], str]) -> str:
        if identity not in done:
            done[identity] = work()
        return done[identity]

    version = s3.put_object(Bucket=bucket, Key="raw/a.csv", Body=GOOD)["VersionId"]
    worker = Worker(s3, Places(), once)
    for _ in range(3):
        assert worker.handle(bridged(bucket, "raw/a.csv", version)) == {"outcomes": ["clean"]}
    assert len(s3.list_object_versions(Bucket=bucket, Prefix="clean/")["Versions"]) == 1
    assert list(done) == [json.dumps([bucket, "raw/a.csv", version])]


@pytest.mark.parametrize("prefix", ["clean/", "reports/", "quarantine/"])
def test_own_outputs_are_left_alone(s3: Any, bucket: str, handler: Any, prefix: str) -> None:
    s3.put_object(Bucket=bucket, Key=f"{prefix}a.csv", Body=GOOD)
    assert handler(bridged(bucket, f"{prefix}a.csv")) == {"outcomes": ["left alone"]}
    assert keys(s3, bucket) == {f"{prefix}a.csv"}


@pytest.mark.parametrize("key", ["raw/../x.csv", "raw/a/../../x.csv", "raw/./x.csv", "raw/.."])
def test_keys_that_lead_to_another_folder_are_refused(
    s3: Any, bucket: str, handler: Any, key: str
) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=GOOD)
    with pytest.raises(ParameterError, match=r"step \. or \.\.") as caught:
        handler(bridged(bucket, key))
    assert "x.csv" not in str(caught.value)
    assert keys(s3, bucket) == {key}


@pytest.mark.parametrize("event", [None, [], "x", 1])
def test_what_is_no_event_is_refused_in_words(handler: Any, event: Any) -> None:
    with pytest.raises(ParameterError, match="not an S3 event"):
        handler(event)


def test_other_places_are_refused(bucket: str, handler: Any) -> None:
    with pytest.raises(ParameterError, match="raw/"):
        handler(bridged(bucket, "elsewhere/a.csv"))


@pytest.mark.parametrize("clean", ["raw/clean/", "clean", "", "reports/"])
def test_prefixes_that_would_make_a_loop_are_refused(clean: str) -> None:
    with pytest.raises(ParameterError, match="prefixes"):
        Places(clean=clean)


def many_rows(last: bytes) -> bytes:
    return b"crp,note\n" + (b"3.5," + b"well " * 79 + b"well\n") * 23_000 + last  # in parts


def test_a_large_object_is_written_in_parts(s3: Any, bucket: str, handler: Any) -> None:
    body = many_rows(b"1.5,end\n")
    assert len(body) > work.PART_BYTES
    s3.put_object(Bucket=bucket, Key="raw/a.csv", Body=body)
    assert handler(bridged(bucket, "raw/a.csv")) == {"outcomes": ["clean"]}
    assert read(s3, bucket, "clean/a.csv") == body
    assert s3.head_object(Bucket=bucket, Key="clean/a.csv")["ETag"].endswith('-2"')
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


@pytest.mark.parametrize("last", [BAD[9:], b"1.5,ask ann.lee@example.org\n"])
def test_an_upload_that_is_not_finished_leaves_nothing(
    s3: Any, bucket: str, handler: Any, last: bytes
) -> None:
    s3.put_object(Bucket=bucket, Key="raw/a.csv", Body=many_rows(last))
    handler(queued(bridged(bucket, "raw/a.csv")))
    assert not any(key.startswith("clean/") for key in keys(s3, bucket))
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


class Faulty:
    """A client whose call of one name fails, after some that succeed."""

    def __init__(self, client: Any, name: str, after: int) -> None:
        self._client, self._name, self._after = client, name, after

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name != self._name:
            return call

        def fail(**arguments: Any) -> Any:
            if self._after == 0:
                raise ConnectionError("slow down")
            self._after -= 1
            return call(**arguments)

        return fail


@pytest.mark.parametrize(
    ("name", "after"),
    [("upload_part", 0), ("upload_part", 1), ("complete_multipart_upload", 0), ("put_object", 0)],
)
def test_an_error_in_the_middle_leaves_no_half_object(
    s3: Any, bucket: str, name: str, after: int
) -> None:
    s3.put_object(Bucket=bucket, Key="raw/a.csv", Body=many_rows(b""))
    event = queued(bridged(bucket, "raw/a.csv"))
    failed = Worker(Faulty(s3, name, after), Places()).handle(event)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert "clean/a.csv" not in keys(s3, bucket)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    # Delivered again it is done.
    assert Worker(s3, Places()).handle(event) == {"batchItemFailures": []}
    assert "clean/a.csv" in keys(s3, bucket)


def test_outputs_are_encrypted_with_the_given_key(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="raw/a.csv", Body=GOOD)
    Worker(s3, Places(kms_key="alias/health")).handle(bridged(bucket, "raw/a.csv"))
    for key in ("clean/a.csv", "reports/a.csv.json"):
        head = s3.head_object(Bucket=bucket, Key=key)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/health")


def test_settings_come_from_the_environment() -> None:
    places = Places.from_environment({"INPUT_PREFIX": "in/", "KMS_KEY_ID": "k"})
    assert places == Places(inputs="in/", kms_key="k")


@pytest.mark.parametrize("key", KEYS)
def test_from_the_bucket_through_the_queue(
    s3: Any, bucket: str, handler: Any, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As a real service delivers it: S3 -> EventBridge -> SQS, bodies made by moto."""
    caplog.set_level(logging.WARNING)
    sqs, events = boto3.client("sqs"), boto3.client("events")
    queue = sqs.create_queue(QueueName=bucket)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    target = {"Id": "q", "Arn": attributes["Attributes"]["QueueArn"]}
    events.put_targets(Rule=bucket, Targets=[target])
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    s3.put_object(Bucket=bucket, Key=key, Body=GOOD)
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert handler(queued(*(one["Body"] for one in messages))) == {"batchItemFailures": []}
    assert read(s3, bucket, key.replace("raw/", "clean/", 1)) == CLEAN


NO_EVENTS: list[Any] = [
    {},
    [],
    {"Records": [{}]},
    {"source": "aws.s3"},
    {"Records": None},
    "x",
]


def test_which_objects_an_event_speaks_of() -> None:
    assert objects_of(notified("b", "raw/a +ü.csv")) == [StoredObject("b", "raw/a +ü.csv")]
    assert objects_of(bridged("b", "raw/a+%20.csv", "v")) == [
        StoredObject("b", "raw/a+%20.csv", "v")
    ]
    assert objects_of(bridged("b", "raw/folder/")) == []
    assert objects_of(bridged("b", "x") | {"detail-type": "Object Deleted"}) == []
    for event in NO_EVENTS:
        with pytest.raises(SynthHealthError, match="not an S3 event"):
            objects_of(event)


REQUEST = {
    "TrainingJobName": "synthhealth-" + "long-" * 10,
    "RoleArn": "arn:aws:iam::123456789012:role/trainer",
    "AlgorithmSpecification": {
        "TrainingImage": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/synthhealth:1",
        "TrainingInputMode": "File",
    },
    "InputDataConfig": [
        {
            "ChannelName": name,
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://b/{name}"}},
        }
        for name in ("schema", "training")
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://b/models/"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
}


class Recorded:
    """SageMaker as far as it is asked to start jobs: a name is taken once."""

    def __init__(self) -> None:
        self.exceptions = boto3.client("sagemaker").exceptions
        self.requests: list[dict[str, Any]] = []

    def create_training_job(self, **request: Any) -> None:
        if request["TrainingJobName"] in [one["TrainingJobName"] for one in self.requests]:
            told = {"Error": {"Code": "ResourceInUse", "Message": "names must be unique"}}
            raise self.exceptions.ResourceInUse(told, "CreateTrainingJob")
        self.requests.append(request)


def test_a_training_job_is_started_once_for_each_clean_version(s3: Any, bucket: str) -> None:
    stored = json.dumps({"CreateTrainingJob": REQUEST}).encode()
    s3.put_object(Bucket=bucket, Key="training.json", Body=stored)
    sagemaker = Recorded()
    start = TrainingStart(s3, sagemaker, "training.json")
    worker = Worker(s3, Places(), start_training=start)
    for key, body in {"raw/a.csv": GOOD, "raw/b.csv": NAMED, "raw/c.csv": BAD}.items():
        version = s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
        for _ in range(2):
            worker.handle(bridged(bucket, key, version))
    assert len(sagemaker.requests) == 1
    version = s3.put_object(Bucket=bucket, Key="raw/a.csv", Body=GOOD)["VersionId"]
    worker.handle(bridged(bucket, "raw/a.csv", version))
    first, second = sagemaker.requests
    assert first["TrainingJobName"] != second["TrainingJobName"]
    for sent in sagemaker.requests:
        assert re.fullmatch(r"synthhealth-long-[a-z-]*-[0-9a-f]{16}", sent["TrainingJobName"])
        assert len(sent["TrainingJobName"]) <= 63
        sources = [one["DataSource"]["S3DataSource"]["S3Uri"] for one in sent["InputDataConfig"]]
        assert sources == ["s3://b/schema", f"s3://{bucket}/clean/a.csv"]
        unchanged = {"TrainingJobName", "InputDataConfig"}
        assert {k: v for k, v in sent.items() if k not in unchanged} == {
            k: v for k, v in REQUEST.items() if k not in unchanged
        }


@pytest.mark.parametrize(
    "stored",
    [
        b"{",
        b"[]",
        b"{}",
        json.dumps({"CreateTrainingJob": {"TrainingJobName": "x"}}).encode(),
        json.dumps({"CreateTrainingJob": {**REQUEST, "InputDataConfig": []}}).encode(),
    ],
)
def test_what_is_no_training_request_fails_the_message(
    s3: Any, bucket: str, stored: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    s3.put_object(Bucket=bucket, Key="training.json", Body=stored)
    s3.put_object(Bucket=bucket, Key="raw/a.csv", Body=GOOD)
    sagemaker = Recorded()
    worker = Worker(s3, Places(), start_training=TrainingStart(s3, sagemaker, "training.json"))
    answer = worker.handle(queued(bridged(bucket, "raw/a.csv")))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert "--dry-run" in caplog.text
    assert sagemaker.requests == []


def test_without_a_schema_the_message_is_kept(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="raw/a.csv", Body=GOOD)
    for schema in (b"{", None):
        if schema is None:
            s3.delete_object(Bucket=bucket, Key="schema.json")
        else:
            s3.put_object(Bucket=bucket, Key="schema.json", Body=schema)
        answer = Worker(s3, Places()).handle(queued(bridged(bucket, "raw/a.csv")))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert keys(s3, bucket) == {"raw/a.csv"}
