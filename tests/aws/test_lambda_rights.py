"""The function with the rights of the template's role, and no others: moto checks both.

Moto knows neither ``kms:*`` of encrypted objects nor ``iam:PassRole`` of jobs: these statements are
only read.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
for name in ("moto.server", "samtranslator", "aws_lambda_powertools", "awslambdaric"):
    pytest.importorskip(name, reason=f"{name} is not installed")

from botocore.exceptions import ClientError  # noqa: E402
from lambda_runtime import LambdaRuntime  # noqa: E402
from lambda_stack import ACCOUNT, Stack, authenticate, make_stack  # noqa: E402
from moto.iam.access_control import IAMPolicy, PermissionResult  # noqa: E402
from moto.sagemaker.models import sagemaker_backends  # noqa: E402

SCHEMA = b'{"columns": [{"name": "crp", "kind": "continuous"}, {"name": "note", "kind": "text"}]}'
FILES = {
    "raw/good.csv": b"crp,note\n3.5,fine\n",
    "raw/named.csv": b"crp,note\n3.5,ask ann.lee@example.org\n",
    "raw/bad.csv": b'crp,note\n3.5,"open\n',
    "raw/large.csv": b"crp,note\n" + (b"3.5," + b"well " * 79 + b"well\n") * 23_000,
    "raw/large named.csv": b"crp,note\n"
    + (b"3.5," + b"well " * 79 + b"well\n") * 23_000
    + b"3.5,ask ann.lee@example.org\n",
}
REQUEST = {
    "TrainingJobName": "synthhealth-x",
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/trainer",
    "AlgorithmSpecification": {
        "TrainingImage": f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com/synthhealth:1",
        "TrainingInputMode": "File",
    },
    "InputDataConfig": [
        {
            "ChannelName": "training",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/clean/"}},
        }
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://b/models/"},
    "ResourceConfig": {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 10,
    },
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
}
REQUEST_JSON = json.dumps({"CreateTrainingJob": REQUEST}).encode()


@pytest.fixture(params=[False, True], ids=["no training", "training"])
def stack(aws_environment: dict[str, str], request: pytest.FixtureRequest) -> Stack:
    starts = {"TrainingRequestKey": "training.json", "TrainingRoleName": "trainer"}
    name = f"rights-{zlib.crc32(request.node.nodeid.encode())}"
    made = make_stack(name, **(starts if request.param else {}))
    s3 = boto3.client("s3")
    other = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket=f"{name}-other", CreateBucketConfiguration=other)
    for bucket in (name, f"{name}-other"):
        for key, body in {"schema.json": SCHEMA, "training.json": b"{}", **FILES}.items():
            s3.put_object(Bucket=bucket, Key=key, Body=body)
    s3.put_object(Bucket=name, Key="training.json", Body=REQUEST_JSON)
    return made


@pytest.fixture
def credentials(
    stack: Stack, aws_environment: dict[str, str], moto_endpoint: str
) -> Iterator[dict[str, str]]:
    """What a process of the role is given; moto checks it as long as this is used."""
    role = f"arn:aws:iam::{ACCOUNT}:role/{stack.role}"
    given = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="function")["Credentials"]
    authenticate(moto_endpoint, is_on=True)
    yield {
        **aws_environment,
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
    authenticate(moto_endpoint, is_on=False)
    sagemaker_backends[ACCOUNT]["eu-central-1"].reset()  # jobs cannot be deleted


@pytest.fixture
def as_role(credentials: dict[str, str]) -> Callable[[str], Any]:
    session = boto3.Session(
        credentials["AWS_ACCESS_KEY_ID"],
        credentials["AWS_SECRET_ACCESS_KEY"],
        credentials["AWS_SESSION_TOKEN"],
    )
    client: Callable[[str], Any] = session.client
    return client


def test_the_function_does_its_work_with_the_roles_rights(
    stack: Stack,
    lambda_package: Path,
    credentials: dict[str, str],
    moto_endpoint: str,
    tmp_path: Path,
) -> None:
    records = [
        {
            "eventSource": "aws:sqs",
            "messageId": key,
            "body": json.dumps(
                {
                    "source": "aws.s3",
                    "detail-type": "Object Created",
                    "detail": {
                        "bucket": {"name": stack.bucket},
                        "object": {"key": key, "sequencer": "1"},
                    },
                }
            ),
        }
        for key in FILES
    ]
    environment = {**credentials, **stack.environment, "PATH": os.environ["PATH"]}
    log = tmp_path / "log"
    with LambdaRuntime("handler.handler", lambda_package, environment, log=log) as runtime:
        answer = runtime.invoke({"Records": records})
    assert answer.content == {"batchItemFailures": []}, log.read_text()
    authenticate(moto_endpoint, is_on=False)
    listed = boto3.client("s3").list_objects_v2(Bucket=stack.bucket)["Contents"]
    written = {one["Key"] for one in listed if not one["Key"].startswith("raw/")}
    assert written == {
        "schema.json",
        "training.json",
        "clean/good.csv",
        "clean/large.csv",
        "quarantine/named.csv",
        "quarantine/bad.csv",
        "quarantine/large named.csv",
        *(f"reports/{key.removeprefix('raw/')}.json" for key in FILES),
    }
    jobs = boto3.client("sagemaker").list_training_jobs(NameContains="synthhealth-x-")
    started = 2 if stack.environment["TRAINING_REQUEST_KEY"] else 0
    assert len(jobs["TrainingJobSummaries"]) == started


def test_all_else_is_denied(stack: Stack, as_role: Callable[[str], Any]) -> None:
    s3, other = as_role("s3"), f"{stack.bucket}-other"
    here = {"Bucket": stack.bucket}
    denied: dict[str, Callable[[], object]] = {
        "list": lambda: s3.list_objects_v2(**here),
        "list versions": lambda: s3.list_object_versions(**here),
        "list buckets": lambda: s3.list_buckets(),
        "get clean": lambda: s3.get_object(**here, Key="clean/good.csv"),
        "get quarantine": lambda: s3.get_object(**here, Key="quarantine/named.csv"),
        "get reports": lambda: s3.get_object(**here, Key="reports/good.csv.json"),
        "get elsewhere": lambda: s3.get_object(**here, Key="secret.csv"),
        "put raw": lambda: s3.put_object(**here, Key="raw/x.csv", Body=b""),
        "put schema": lambda: s3.put_object(**here, Key="schema.json", Body=b""),
        "put request": lambda: s3.put_object(**here, Key="training.json", Body=b""),
        "delete raw": lambda: s3.delete_object(**here, Key="raw/good.csv"),
        "delete clean": lambda: s3.delete_object(**here, Key="clean/good.csv"),
        "bucket policy": lambda: s3.put_bucket_policy(**here, Policy="{}"),
        "versioning": lambda: s3.put_bucket_versioning(
            **here, VersioningConfiguration={"Status": "Suspended"}
        ),
        "get of another bucket": lambda: s3.get_object(Bucket=other, Key="raw/good.csv"),
        "schema of another bucket": lambda: s3.get_object(Bucket=other, Key="schema.json"),
        "put in another bucket": lambda: s3.put_object(Bucket=other, Key="clean/x", Body=b""),
        "tables": lambda: as_role("dynamodb").list_tables(),
        "delete the table": lambda: as_role("dynamodb").delete_table(TableName=stack.table),
        "scan": lambda: as_role("dynamodb").scan(TableName=stack.table),
        "get of another table": lambda: as_role("dynamodb").get_item(
            TableName=f"{stack.table}2", Key={"id": {"S": "x"}}
        ),
        "send": lambda: as_role("sqs").send_message(QueueUrl=stack.queue, MessageBody="x"),
        "purge": lambda: as_role("sqs").purge_queue(QueueUrl=stack.queue),
        "dead letters": lambda: as_role("sqs").receive_message(QueueUrl=stack.dead_letters),
        "user": lambda: as_role("iam").create_user(UserName="x"),
        "own policy": lambda: as_role("iam").put_role_policy(
            RoleName=stack.role, PolicyName="x", PolicyDocument="{}"
        ),
        "stop training": lambda: as_role("sagemaker").stop_training_job(TrainingJobName="x"),
        "endpoint": lambda: as_role("sagemaker").delete_endpoint(EndpointName="x"),
        "keys": lambda: as_role("kms").list_keys(),
    }
    if not stack.environment["TRAINING_REQUEST_KEY"]:
        denied["get request"] = lambda: s3.get_object(**here, Key="training.json")
        denied["train"] = lambda: as_role("sagemaker").create_training_job(**REQUEST)
    allowed = []
    for what, call in denied.items():
        try:
            call()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in ("AccessDenied", "AccessDeniedException", "403"):
                allowed.append(f"{what}: {code}")
        else:
            allowed.append(what)
    assert allowed == []


def test_the_role_may_take_messages(stack: Stack, as_role: Callable[[str], Any]) -> None:
    told = as_role("sqs").receive_message(QueueUrl=stack.queue)["Messages"][0]
    handle = told["ReceiptHandle"]
    as_role("sqs").delete_message(QueueUrl=stack.queue, ReceiptHandle=handle)


def test_a_wrong_signature_is_refused(
    stack: Stack, credentials: dict[str, str], as_role: Callable[[str], Any]
) -> None:
    session = boto3.Session(
        credentials["AWS_ACCESS_KEY_ID"], "not the secret", credentials["AWS_SESSION_TOKEN"]
    )
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        session.client("s3").get_object(Bucket=stack.bucket, Key="raw/good.csv")
    assert as_role("s3").get_object(Bucket=stack.bucket, Key="raw/good.csv")


def test_statements_name_what_they_are_for(stack: Stack) -> None:
    def is_allowed(action: str, what: str) -> bool:
        return any(
            IAMPolicy({"policy_document": json.dumps(policy)}).is_action_permitted(action, what)
            is PermissionResult.PERMITTED
            for policy in stack.policies
        )

    place = f"eu-central-1:{ACCOUNT}"
    table, key = f"arn:aws:dynamodb:{place}:table/{stack.table}", f"arn:aws:kms:{place}:key/"
    for action in ("GetItem", "PutItem", "UpdateItem", "DeleteItem"):
        assert is_allowed(f"dynamodb:{action}", table)
        assert not is_allowed(f"dynamodb:{action}", f"{table}2")
    for action in ("Decrypt", "GenerateDataKey"):
        assert is_allowed(f"kms:{action}", key + stack.key)
        assert not is_allowed(f"kms:{action}", key + "another")
    for action in ("kms:CreateGrant", "dynamodb:Scan", "dynamodb:BatchWriteItem", "iam:CreateUser"):
        assert not is_allowed(action, "*")
    job = f"arn:aws:sagemaker:{place}:training-job/x"
    starts = bool(stack.environment["TRAINING_REQUEST_KEY"])
    assert is_allowed("sagemaker:CreateTrainingJob", job) is starts
    assert not is_allowed("sagemaker:CreateEndpoint", job)
    # The role may be given to nobody but SageMaker, whatever else is asked.
    passed = [
        one
        for policy in stack.policies
        for one in policy["Statement"]
        if "iam:PassRole" in one["Action"]
    ]
    trainer = f"arn:aws:iam::{ACCOUNT}:role/trainer"
    assert [one["Resource"] for one in passed] == ([trainer] if starts else [])
    for one in passed:
        condition = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        assert one["Condition"] == condition
