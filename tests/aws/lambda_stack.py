"""The SAM template transformed as AWS transforms it, and its stack in moto."""

from __future__ import annotations

import ast
import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
from moto.dynamodb.responses import DynamoHandler
from moto.sagemaker.responses import SageMakerResponse
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

__all__ = ["ACCOUNT", "Stack", "authenticate", "make_stack", "transformed"]

ACCOUNT = "123456789012"

FOLDER = Path(__file__).parents[2] / "deploy" / "lambda"
#: What moto's CloudFormation can neither make nor needs.
_NOT_IN_MOTO = (
    "AWS::CloudWatch::Alarm",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
)
_PLACE = f"eu-central-1:{ACCOUNT}:"
#: Moto's services, the begin of their resources' names, and where a request says the rest.
_NAMING: tuple[tuple[Any, str, str], ...] = (
    (DynamoHandler, f"dynamodb:{_PLACE}table/", "TableName"),
    (SageMakerResponse, f"sagemaker:{_PLACE}training-job/", "TrainingJobName"),
)


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


def transformed() -> dict[str, Any]:
    """Give the template as CloudFormation gets it; newer cfn-lint no longer does this itself."""
    template = yaml_parse((FOLDER / "template.yaml").read_text())
    template["Resources"]["Function"]["Properties"]["CodeUri"] = "s3://code-bucket/code.zip"
    content: dict[str, Any] = transform(template, {}, _NoManagedPolicies())
    return content


@dataclass(frozen=True)
class Stack:
    """What was made of the template.

    Attributes
    ----------
    bucket : str
        The bucket's name.
    environment : dict
        The function's environment.
    policies : list of dict
        The role's policies.
    """

    bucket: str
    queue: str
    dead_letters: str
    table: str
    role: str
    key: str
    environment: dict[str, str]
    policies: list[dict[str, Any]]


def make_stack(bucket: str, **parameters: str) -> Stack:
    """Make the stack in the moto server that ``AWS_ENDPOINT_URL`` names."""
    template = transformed()
    function = template["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
    template["Resources"] = {
        name: one for name, one in template["Resources"].items() if one["Type"] not in _NOT_IN_MOTO
    }
    names = {f"V{place}": name for place, name in enumerate(function)}
    template["Outputs"] = {place: {"Value": function[name]} for place, name in names.items()}
    cloud = boto3.client("cloudformation")
    given = {"BucketName": bucket, **parameters}
    cloud.create_stack(
        StackName=bucket,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    told = cloud.describe_stacks(StackName=bucket)["Stacks"][0]
    made = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in cloud.list_stack_resources(StackName=bucket)["StackResourceSummaries"]
    }
    _complete_bucket(bucket)
    sqs = boto3.client("sqs")
    urls = {
        name: sqs.get_queue_url(QueueName=made[name].rpartition("/")[2])["QueueUrl"]
        for name in ("Uploads", "DeadLetters")
    }
    return Stack(
        bucket=bucket,
        queue=urls["Uploads"],
        dead_letters=urls["DeadLetters"],
        table=made["Done"],
        role=made["Role"],
        key=made["Key"],
        environment={
            names[one["OutputKey"]]: str(one["OutputValue"] or "") for one in told["Outputs"]
        },
        policies=_complete_policies(made["Role"]),
    )


def _complete_bucket(bucket: str) -> None:
    """Do what moto's CloudFormation leaves out of a bucket."""
    s3 = boto3.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )


def _complete_policies(role: str) -> list[dict[str, Any]]:
    """Give a role's policies, and put them again as JSON: moto's CloudFormation keeps a repr."""
    iam = boto3.client("iam")
    policies = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        kept = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        policy = ast.literal_eval(kept) if isinstance(kept, str) else kept
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
        policies.append(policy)
    return policies


def _resource(response: Any, begin: str, naming: str) -> str:
    body = response.body
    told = body if isinstance(body, dict) else json.loads(body)
    return f"arn:aws:{begin}{told.get(naming, '')}"


def authenticate(endpoint: str, *, is_on: bool) -> None:
    """Have moto check signatures and policies, or check nothing, for the whole process."""
    for service, begin, naming in _NAMING:
        # What a request is about; without it moto takes it for everything, which no statement
        # that names its resource allows.
        if is_on:
            service._determine_resource = functools.partialmethod(_resource, begin, naming)
        elif "_determine_resource" in vars(service):
            del service._determine_resource
    body = b"0" if is_on else b"inf"
    headers = {"Content-Type": "text/plain"}
    urlopen(Request(f"{endpoint}/moto-api/reset-auth", body, headers, method="POST")).close()
