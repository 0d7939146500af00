"""What the service's description does not say, but AWS or safety asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from synthhealth.aws._launch._places import address_problem
from synthhealth.aws._launch._request import Request

__all__ = ["broken_rules", "has_local_storage", "parameter_problem"]

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
    >>> from synthhealth.aws._launch._rules import has_local_storage
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
