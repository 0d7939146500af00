"""Whether AWS would take a request, told without asking AWS."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from synthhealth.aws._launch._patterns import matcher
from synthhealth.aws._launch._request import Request
from synthhealth.aws._launch._rules import broken_rules
from synthhealth.aws._launch._service import input_shape
from synthhealth.errors import RefusedError, nearest

__all__ = ["check", "problems"]


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
