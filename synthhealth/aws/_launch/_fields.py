"""The types of the settings' fields, each with its limits and with words for what breaks them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from synthhealth.aws._launch._patterns import matcher
from synthhealth.aws._launch._places import address_problem
from synthhealth.aws._launch._rules import parameter_problem
from synthhealth.aws._launch._service import instance_types
from synthhealth.errors import nearest

__all__ = [
    "Archive",
    "Environment",
    "HyperParameters",
    "Image",
    "JobName",
    "KmsKey",
    "ModelData",
    "ProcessingInstance",
    "RealtimeInstance",
    "ReservedName",
    "RoleArn",
    "S3Address",
    "S3Folder",
    "SecurityGroupId",
    "SubnetId",
    "Tags",
    "TrainingInstance",
    "TransformInstance",
    "TuningName",
    "wire",
]


# A single class of characters repeated, maybe in brackets, maybe with the length at its end
# (which the service's model gives as min and max, too).


MAX_TAGS = 50
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[a-zA-Z_0-9+=,.@/-]+", re.ASCII)
_IMAGE = re.compile(
    r"\d{12}\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|amazonaws\.eu)/"
    r"[a-z0-9][a-z0-9._/-]*((:[\w][\w.-]{0,127})|(@sha256:[0-9a-f]{64}))?",
    re.ASCII,
)
_KEY_ID = r"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})"
_KMS = re.compile(rf"(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{{12}}:key/)?{_KEY_ID}", re.ASCII)
_SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")
_GROUP = re.compile(r"sg-[0-9a-f]{8,17}")
_TAG = matcher(r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)")
_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,255}")
RESERVED = ("_", "sagemaker_")


def _matching(pattern: re.Pattern[str], most: int, advice: str) -> AfterValidator:
    def check(text: str) -> str:
        if len(text) > most or pattern.fullmatch(text) is None:
            raise ValueError(f"{text[:most]!r} {advice}")
        return text

    return AfterValidator(check)


def _address(text: str) -> str:
    if problem := address_problem(text):
        raise ValueError(problem)
    return text


def _folder(text: str) -> str:
    text = _address(text if text.endswith("/") else f"{text}/")
    if len(text) > 480:  # the least that any of the requests allows, and room for an ending
        raise ValueError("the S3 address of a folder may have at most 480 characters")
    return text


def _archive(text: str) -> str:
    if not _address(text).endswith(".tar.gz"):
        raise ValueError(f"{text!r} is not an archive; its name must end with .tar.gz")
    return text


def _model_data(text: str) -> str:
    if not _address(text).endswith((".tar.gz", "/")):
        raise ValueError(
            f"{text!r} is not a model; give the model.tar.gz of a training job, or a folder that "
            "holds a saved model (ending with /)"
        )
    return text


def _instance(shape: str) -> AfterValidator:
    def check(text: str) -> str:
        known = instance_types(shape)
        if known and text not in known:
            # EC2's name of the machine, which lacks the beginning that SageMaker's names have.
            near = [f"ml.{text}"] if f"ml.{text}" in known else known
            advice = nearest(text, near) or "; such as ml.m5.xlarge"
            raise ValueError(f"{text!r} is not offered{advice}")
        return text

    return AfterValidator(check)


def wire(value: Any, *, quoted: bool = False) -> str:
    """Write a hyperparameter as it is sent: always text.

    Parameters
    ----------
    value : bool, int, float, str, list or dict
    quoted : bool, default: False
        Whether text is written as JSON, too, as AWS's training toolkit expects it.

    Examples
    --------
    >>> from synthhealth.aws._launch._fields import wire
    >>> [wire(value) for value in ("ctgan", True, 300, ["ward", "name"])]
    ['ctgan', 'true', '300', '["ward", "name"]']
    >>> wire("ctgan", quoted=True)
    '"ctgan"'
    """
    return value if isinstance(value, str) and not quoted else json.dumps(value, ensure_ascii=False)


def _hyperparameters(values: dict[str, Any]) -> dict[str, Any]:
    if len(values) > 80:
        raise ValueError(f"{len(values)} hyperparameters, at most 80 are allowed")
    for name, value in values.items():
        if not 0 < len(name) <= 256 or name.startswith(RESERVED):
            raise ValueError(
                f"{name[:80]!r} cannot be a hyperparameter's name: 1 to 256 characters, not "
                "beginning with '_' or 'sagemaker_'"
            )
        shown = f"{name!r}: " if "'" not in name and name.isprintable() else ""
        if not _is_finite(value):
            raise ValueError(f"{shown}a hyperparameter must be finite")
        text = wire(value, quoted=True)
        if problem := parameter_problem(name, text):
            raise ValueError(f"{shown}{problem}")
        if len(text) > 2500:
            raise ValueError(f"{shown}{len(text):,} characters, at most 2,500 are allowed")
    return values


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(map(_is_finite, value.values()))
    return all(map(_is_finite, value)) if isinstance(value, (list, tuple)) else True


def _tags(tags: dict[str, str]) -> dict[str, str]:
    assert_matches = _TAG if _TAG is not None else str.isprintable
    if len(tags) >= MAX_TAGS:  # synthhealth adds one of its own
        raise ValueError(f"{len(tags)} tags, at most {MAX_TAGS - 1} are allowed")
    for name, value in tags.items():
        if name.lower().startswith("aws:"):
            raise ValueError(f"{name!r} begins with 'aws:', which AWS keeps for itself")
        fits = 1 <= len(name) <= 128 and len(value) <= 256
        if not fits or not assert_matches(name) or not assert_matches(value):
            raise ValueError(
                f"the tag {name[:128]!r} does not fit: a name of 1 to 128 and a value of at most "
                "256 letters, digits, spaces and _.:/=+-@"
            )
    return tags


def _environment(variables: dict[str, str]) -> dict[str, str]:
    if len(variables) > 16:  # the least that any of the requests allows
        raise ValueError(f"{len(variables)} variables, at most 16 are allowed")
    for name, value in variables.items():
        if _VARIABLE.fullmatch(name) is None or len(value) > 256 or "\0" in value:
            raise ValueError(
                f"the variable {name[:80]!r} does not fit: letters, digits and _, not beginning "
                "with a digit; a value of at most 256 characters, none of them zero"
            )
    return variables


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_NAME_ADVICE = (
    "is no name: at most {} letters, digits and hyphens, a letter or a digit at both ends"
)
_NamePattern = _matching(_NAME, 63, _NAME_ADVICE.format(63))

JobName: TypeAlias = Annotated[str, _NamePattern]
TuningName: TypeAlias = Annotated[str, _matching(_NAME, 32, _NAME_ADVICE.format(32))]
#: Names that get an ending of ours, so that they stay short enough with it.
ReservedName: TypeAlias = Annotated[str, _matching(_NAME, 52, _NAME_ADVICE.format(52))]
RoleArn: TypeAlias = Annotated[
    str,
    _matching(
        _ROLE,
        2048,
        "is not a role; write its ARN: arn:aws:iam::<12 digits>:role/<name of the role>",
    ),
]
Image: TypeAlias = Annotated[
    str,
    _matching(
        _IMAGE,
        255,
        "is not an image in ECR; write <12 digits>.dkr.ecr.<region>.amazonaws.com/<name>:<tag>",
    ),
]
KmsKey: TypeAlias = Annotated[
    str,
    _matching(
        _KMS,
        2048,
        "is no KMS key; write its ID or its ARN (the disk of a training job takes no alias)",
    ),
]
SubnetId: TypeAlias = Annotated[
    str, _matching(_SUBNET, 32, "is not a subnet; write its ID: subnet-0123456789abcdef0")
]
SecurityGroupId: TypeAlias = Annotated[
    str, _matching(_GROUP, 32, "is not a security group; write its ID: sg-0123456789abcdef0")
]
S3Address: TypeAlias = Annotated[str, AfterValidator(_address)]
S3Folder: TypeAlias = Annotated[str, AfterValidator(_folder)]
Archive: TypeAlias = Annotated[str, AfterValidator(_archive)]
ModelData: TypeAlias = Annotated[str, AfterValidator(_model_data)]
TrainingInstance: TypeAlias = Annotated[str, _instance("TrainingInstanceType")]
ProcessingInstance: TypeAlias = Annotated[str, _instance("ProcessingInstanceType")]
TransformInstance: TypeAlias = Annotated[str, _instance("TransformInstanceType")]
RealtimeInstance: TypeAlias = Annotated[str, _instance("ProductionVariantInstanceType")]
Parameter: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any]
HyperParameters: TypeAlias = Annotated[
    dict[str, Parameter], Field(default_factory=dict), AfterValidator(_hyperparameters)
]
Tags: TypeAlias = Annotated[dict[str, str], AfterValidator(_tags)]
Environment: TypeAlias = Annotated[dict[str, str], AfterValidator(_environment)]
Subnets: TypeAlias = Annotated[
    tuple[SubnetId, ...], BeforeValidator(_as_tuple), Field(max_length=16)
]
SecurityGroups: TypeAlias = Annotated[
    tuple[SecurityGroupId, ...], BeforeValidator(_as_tuple), Field(max_length=5)
]
