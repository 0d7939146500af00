"""A request as it would be sent, and whether AWS would take it, told without asking AWS."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from synthhealth.aws._launch._errors import LaunchError, RefusedError
from synthhealth.aws._launch._fields import address_problem, matcher
from synthhealth.errors import nearest

__all__ = [
    "Request",
    "botocore_missing",
    "broken_rules",
    "check",
    "digest",
    "has_local_storage",
    "input_shape",
    "instance_types",
    "parameter_problem",
    "problems",
]


@dataclass(frozen=True)
class Request:
    """One request to SageMaker; nothing is sent by making it.

    Attributes
    ----------
    operation : str
        As the service calls it, such as ``"CreateTrainingJob"``.
    parameters : mapping
        What boto3's method of this name takes.

    Examples
    --------
    >>> from synthhealth.aws.launch import Request
    >>> print(Request("CreateEndpoint", {"EndpointName": "ra"}).to_json())
    {
      "CreateEndpoint": {
        "EndpointName": "ra"
      }
    }
    """

    operation: str
    parameters: Mapping[str, Any]

    def to_json(self) -> str:
        """Return the request as JSON; the same settings give the same text."""
        return json.dumps({self.operation: self.parameters}, indent=2, ensure_ascii=False)


def digest(content: object, length: int = 10) -> str:
    """Return a short text that is the same for the same content, in any process."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def botocore_missing() -> LaunchError:
    """Give the error that tells how to install what speaks with AWS."""
    return LaunchError(
        "AWS needs boto3, which is not installed; install it with: pip install 'synthhealth[aws]'"
    )


@lru_cache(maxsize=1)
def _model() -> Any:
    try:
        from botocore.loaders import create_loader
        from botocore.model import ServiceModel
    except ImportError as error:
        raise botocore_missing() from error
    # The loader alone: a session would read the user's profiles, which no description needs.
    return ServiceModel(create_loader().load_service_model("sagemaker", "service-2"), "sagemaker")


@lru_cache(maxsize=32)
def input_shape(operation: str) -> Any:
    """Return botocore's description of what an operation of SageMaker takes.

    Raises
    ------
    LaunchError
        botocore is not installed, or too old to know the operation.
    """
    model = _model()
    if operation not in model.operation_names:
        raise LaunchError(
            f"the installed botocore does not know {operation}; update it: pip install -U boto3"
        )
    return model.operation_model(operation).input_shape


@lru_cache(maxsize=8)
def instance_types(shape: str) -> tuple[str, ...]:
    """Return the instance types of a kind of work, such as ``"TrainingInstanceType"``.

    Empty where the installed botocore lists none: then AWS alone can judge the name.
    """
    return tuple(_model().shape_for(shape).enum)


#: Attribute letters of an EC2 family with a "d" among them mean a local disk (m5d, c6id, g4dn);
#: these have one without saying so.
_LOCAL_FAMILIES = frozenset(
    {"g5", "g6", "g6e", "gr6", "g7", "g7e", "p5", "p5e", "p5en", "trn1", "trn1n", "trn2"}
)


def has_local_storage(instance_type: str) -> bool:
    """Tell whether instances of this type have a disk of their own.

    Such a disk is encrypted by a key of the hardware, and AWS refuses any other for it.

    Examples
    --------
    >>> from synthhealth.aws._launch._judge import has_local_storage
    >>> [has_local_storage(name) for name in ("ml.m5.xlarge", "ml.m5d.xlarge", "ml.g5.xlarge")]
    [False, True, True]
    """
    family = instance_type.removeprefix("ml.").partition(".")[0]
    letters = family.partition("-")[0].lstrip("abcdefghijklmnopqrstuvwxyz")
    return family in _LOCAL_FAMILIES or family.startswith("p6") or "d" in letters


def parameter_problem(name: str, value: str) -> str | None:
    """Tell what is wrong with a hyperparameter as it is sent; None if nothing is."""
    if "'" in name or "'" in value:
        # AWS's launchers write it between apostrophes into a file that a shell executes.
        return (
            "an apostrophe in a hyperparameter ends the quotation in the shell script that starts "
            "the job, and what follows would be executed; rename the column, or say it in the "
            "schema file of the channel 'schema'"
        )
    if not (name.isprintable() and value.isprintable()):
        return "a hyperparameter holds a line break or another character without a sign"
    return None


def broken_rules(request: Request) -> Iterator[str]:
    """Tell which of our own rules a request breaks."""
    yield from _addresses(request.parameters, "")
    yield from _hyperparameters(request.parameters)
    for path, part in _structures(request.parameters, ""):
        yield from _waiting(part, path)
        yield from _disks(part, path)
    yield from _serverless(request)
    yield from _tags(request.parameters)


def _structures(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        yield path, value
        for name, inner in value.items():
            yield from _structures(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, (list, tuple)):
        for i, inner in enumerate(value):
            yield from _structures(inner, f"{path}[{i}]")


def _addresses(parameters: Mapping[str, Any], path: str) -> Iterator[str]:
    for where, part in _structures(parameters, path):
        for name, value in part.items():
            if not _is_place(str(name)) or not isinstance(value, str):
                continue
            if wrong := address_problem(value):
                yield f"{where}.{name}: {wrong}" if where else f"{name}: {wrong}"


def _is_place(name: str) -> bool:
    return name == "ModelDataUrl" or ("S3" in name and name.endswith(("Uri", "Path")))


def _hyperparameters(parameters: Mapping[str, Any]) -> Iterator[str]:
    for where, part in _structures(parameters, ""):
        if where.endswith(("HyperParameters", "HyperParameters]")):
            for name, value in part.items():
                if wrong := parameter_problem(str(name), str(value)):
                    shown = "" if "'" in str(name) else f"[{name!r}]"
                    yield f"{where}{shown}: {wrong}"
    for where, part in _structures(parameters, ""):
        if "ParameterRanges[" in where:
            tried = part.get("Values", ())
            for text in (part.get("Name", ""), *(tried if isinstance(tried, list) else ())):
                if wrong := parameter_problem(str(text), ""):
                    yield f"{where}: {wrong}"


def _waiting(part: Mapping[str, Any], path: str) -> Iterator[str]:
    condition = part.get("StoppingCondition")
    if not isinstance(condition, Mapping):
        return
    runtime, wait = condition.get("MaxRuntimeInSeconds"), condition.get("MaxWaitTimeInSeconds")
    if not all(isinstance(seconds, (int, type(None))) for seconds in (runtime, wait)):
        return  # which the service's description refuses
    prefix = f"{path}." if path else ""
    if part.get("EnableManagedSpotTraining"):
        if wait is None or (runtime is not None and wait < runtime):
            yield (
                f"{prefix}StoppingCondition.MaxWaitTimeInSeconds: a spot job must be allowed to "
                "wait at least as long as it may run"
            )
    elif wait is not None:
        yield (
            f"{prefix}StoppingCondition.MaxWaitTimeInSeconds: only a spot job waits; leave it out"
        )


def _disks(part: Mapping[str, Any], path: str) -> Iterator[str]:
    kind = part.get("InstanceType")
    if isinstance(kind, str) and "VolumeKmsKeyId" in part and has_local_storage(kind):
        yield (
            f"{path}.VolumeKmsKeyId: the disks of {kind} are encrypted by a key of the hardware, "
            "and AWS refuses another; leave it out"
        )


def _serverless(request: Request) -> Iterator[str]:
    if request.operation != "CreateEndpointConfig":
        return
    variants = _mappings(request.parameters.get("ProductionVariants"))
    serverless = [one for one in variants if "ServerlessConfig" in one]
    for i, one in enumerate(variants):
        if ("ServerlessConfig" in one) == ("InstanceType" in one):
            yield f"ProductionVariants[{i}]: give either ServerlessConfig or InstanceType"
    if not serverless:
        return
    if len(variants) > 1:
        yield "ProductionVariants: a serverless endpoint has a single variant"
    for i, one in enumerate(serverless):
        config = one["ServerlessConfig"]
        memory = config.get("MemorySizeInMB") if isinstance(config, Mapping) else None
        if isinstance(memory, int) and memory % 1024:
            yield (
                f"ProductionVariants[{i}].ServerlessConfig.MemorySizeInMB: "
                "1024, 2048, 3072, 4096, 5120 or 6144"
            )
    barred = ("AsyncInferenceConfig", "DataCaptureConfig", "VpcConfig", "KmsKeyId")
    for name in (name for name in barred if name in request.parameters):
        yield f"{name}: a serverless endpoint does not support it; use a real-time endpoint"
    if request.parameters.get("EnableNetworkIsolation"):
        yield (
            "EnableNetworkIsolation: a serverless endpoint does not support it; use a real-time "
            "endpoint"
        )


def _tags(parameters: Mapping[str, Any]) -> Iterator[str]:
    names = [str(tag.get("Key", "")) for tag in _mappings(parameters.get("Tags"))]
    if len(names) > 50:
        yield f"Tags: {len(names)} tags, at most 50 are allowed"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"Tags: {name!r} is given twice"
    for name in (name for name in names if name.lower().startswith("aws:")):
        yield f"Tags: {name!r} begins with 'aws:', which AWS keeps for itself"


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings of a list; what else is in it, the service's description refuses."""
    every = value if isinstance(value, (list, tuple)) else ()
    return [one for one in every if isinstance(one, Mapping)]


_SHOWN = 80
_TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (Mapping,),
    "map": (Mapping,),
    "list": (list, tuple),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}
_WORDS = {
    "structure": "a mapping",
    "map": "a mapping",
    "string": "text",
    "list": "a list",
    "integer": "a whole number",
}


def problems(request: Request) -> tuple[str, ...]:
    """Tell what is wrong with a request, each with its member and how to mend it.

    Parameters
    ----------
    request : Request

    Returns
    -------
    tuple of str
        Empty if nothing is wrong.

    Examples
    --------
    >>> from synthhealth.aws.launch import Request, problems
    >>> broken = Request("CreateEndpoint", {"EndpointName": "ra_cohort"})
    >>> for problem in problems(broken):
    ...     print(problem)
    EndpointConfigName: missing
    EndpointName: 'ra_cohort' does not match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}
    """
    shape = input_shape(request.operation)
    return (*_of(shape, request.parameters, ""), *broken_rules(request))


def check(request: Request) -> None:
    """Refuse a request that AWS would refuse, or that would not be safe.

    Parameters
    ----------
    request : Request

    Raises
    ------
    RefusedError
        Naming every member that is wrong, what is wrong with it, and how to mend it.
    """
    found = problems(request)
    if found:
        raise RefusedError("\n".join((f"{request.operation} is not sent:", *found)))


def _of(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if not _fits(kind, value):
        yield f"{path}: must be {_WORDS.get(kind, f'a {kind}')}"
    elif kind == "structure":
        yield from _of_structure(shape, value, path)
    elif kind == "map":
        yield from _size(shape, len(value), path, "entries")
        for key, inner in value.items():
            yield from _of(shape.key, key, f"name in {path}")
            yield from _of(shape.value, inner, f"{path}[{key!r}]")
    elif kind == "list":
        yield from _size(shape, len(value), path, "items")
        for i, inner in enumerate(value):
            yield from _of(shape.member, inner, f"{path}[{i}]")
    elif kind == "string":
        yield from _of_text(shape, value, path)
    elif kind != "boolean":
        yield from _of_number(shape, value, path)


def _fits(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES.get(kind, ()))


def _of_structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if name not in value:
            yield f"{prefix}{name}: missing"
    if shape.is_tagged_union and len(value) != 1:
        yield f"{path}: exactly one of {', '.join(shape.members)} must be given"
    for name, inner in value.items():
        if name in shape.members:
            yield from _of(shape.members[name], inner, f"{prefix}{name}")
        else:
            yield f"{prefix}{name}: unknown{nearest(name, shape.members)}"


def _of_text(shape: Any, value: str, path: str) -> Iterator[str]:
    limits = shape.metadata
    if shape.enum and value not in shape.enum:
        choices = shape.enum
        advice = nearest(value, choices) or f"; one of {', '.join(choices[:6])}"
        yield f"{path}: {_show(value)} is not offered{advice}"
        return
    yield from _size(shape, len(value), path, "characters")
    pattern = limits.get("pattern")
    matches = None if pattern is None else matcher(pattern)
    if matches is not None and not matches(value):
        yield f"{path}: {_show(value)} does not match {pattern}"


def _of_number(shape: Any, value: float, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min", -math.inf), shape.metadata.get("max", math.inf)
    if not math.isfinite(value) or not low <= value <= high:
        yield f"{path}: {value} is not {_range(low, high)}"


def _size(shape: Any, size: int, path: str, unit: str) -> Iterator[str]:
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", math.inf)
    if not low <= size <= high:
        yield f"{path}: {size:,} {unit}, allowed are {_range(low, high)}"


def _range(low: float, high: float) -> str:
    return f"at least {low:,}" if math.isinf(high) else f"from {low:,} to {high:,}"


def _show(value: str) -> str:
    return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}...")
