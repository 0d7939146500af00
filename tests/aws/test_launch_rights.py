"""What the caller may do, and how a denial reads: moto with its authentication switched on."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import URLError
from urllib.request import Request as Post
from urllib.request import urlopen

import pytest

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
pytest.importorskip("moto.server", reason="moto[server] is not installed")

from launching import training  # noqa: E402

from synthhealth.aws import launch  # noqa: E402
from synthhealth.aws.launch import AwsError  # noqa: E402

CLOSED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
#: What `synthhealth aws train` and `status` ask of AWS; AWS itself asks for more on behalf of a
#: request (iam:PassRole, sagemaker:AddTags, kms:CreateGrant), which moto does not.
RIGHTS = (
    "s3:ListBucket",
    "s3:GetBucketPublicAccessBlock",
    "sagemaker:CreateTrainingJob",
    "sagemaker:DescribeTrainingJob",
    "logs:DescribeLogStreams",
    "logs:GetLogEvents",
)
#: moto asks for other permissions than AWS does, where a bucket is looked at.
IN_MOTO = {
    "s3:ListBucket": "s3:HeadBucket",
    "s3:GetBucketPublicAccessBlock": "s3:ListBucket",
}


@pytest.fixture(scope="module")
def caller() -> Iterator[Callable[[tuple[str, ...]], dict[str, Any]]]:
    """Make the clients of a user who may do this and no more.

    The server is a process of its own, since moto switches authentication for a whole process.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    where = {"endpoint_url": address, "region_name": "eu-central-1"}
    try:
        _wait_for(address)
        root = {"aws_access_key_id": "root", "aws_secret_access_key": "root", **where}
        s3, iam = boto3.client("s3", **root), boto3.client("iam", **root)
        s3.create_bucket(
            Bucket="hospital", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        s3.put_public_access_block(
            Bucket="hospital", PublicAccessBlockConfiguration=dict.fromkeys(CLOSED, True)
        )
        users: dict[tuple[str, ...], dict[str, str]] = {}
        for lacking in (None, *RIGHTS):
            rights = tuple(right for right in RIGHTS if right != lacking)
            name = f"user-{len(users)}"
            iam.create_user(UserName=name)
            actions = [IN_MOTO.get(right, right) for right in rights]
            statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=policy)
            key = iam.create_access_key(UserName=name)["AccessKey"]
            users[rights] = {
                "aws_access_key_id": key["AccessKeyId"],
                "aws_secret_access_key": key["SecretAccessKey"],
            }
        headers = {"Content-Type": "text/plain"}
        switch = Post(f"{address}/moto-api/reset-auth", b"0", headers, method="POST")
        with urlopen(switch):
            pass

        def clients(rights: tuple[str, ...]) -> dict[str, Any]:
            return {
                service: boto3.client(service, **users[rights], **where)
                for service in ("s3", "sagemaker", "logs")
            }

        yield clients
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(address: str) -> None:
    for _ in range(300):
        try:
            with urlopen(f"{address}/moto-api/"):
                return
        except URLError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")


def lacking(right: str) -> tuple[str, ...]:
    return tuple(one for one in RIGHTS if one != right)


def run(clients: dict[str, Any], name: str) -> tuple[launch.Outcome, launch.Bucket, list[str]]:
    told: list[str] = []
    bucket = launch.check_bucket("hospital", clients["s3"], region="eu-central-1")
    launch.send(launch.training_job(training(name=name)), clients["sagemaker"])
    outcome = launch.follow(
        name,
        "training",
        client=clients["sagemaker"],
        logs=clients["logs"],
        on_line=told.append,
        poll_seconds=0,
    )
    return outcome, bucket, told


def test_these_rights_are_enough(caller: Callable[[tuple[str, ...]], dict[str, Any]]) -> None:
    outcome, bucket, told = run(caller(RIGHTS), "enough")
    assert outcome.exit_code == 0
    assert bucket.notes == ()
    assert not any("denied" in line for line in told)


@pytest.mark.parametrize("right", ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"])
def test_a_denial_names_the_right_that_is_missing(
    caller: Callable[[tuple[str, ...]], dict[str, Any]], right: str
) -> None:
    with pytest.raises(AwsError, match=f"lacks the permission {right}"):
        run(caller(lacking(right)), "denied")


@pytest.mark.parametrize("right", ["s3:ListBucket", "s3:GetBucketPublicAccessBlock"])
def test_what_cannot_be_looked_at_is_noted(
    caller: Callable[[tuple[str, ...]], dict[str, Any]], right: str
) -> None:
    outcome, bucket, _ = run(caller(lacking(right)), f"noted-{right[3:7]}")
    assert outcome.exit_code == 0
    assert len(bucket.notes) == 1
    assert right in bucket.notes[0]


def test_without_its_log_a_job_is_followed(
    caller: Callable[[tuple[str, ...]], dict[str, Any]],
) -> None:
    outcome, _, told = run(caller(lacking("logs:DescribeLogStreams")), "no-log")
    assert outcome.exit_code == 0
    assert len([line for line in told if "logs:DescribeLogStreams" in line]) == 1
