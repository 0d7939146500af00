"""What is wrong with a schema, in words, by what pydantic found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError

from synthhealth.errors import SchemaError, nearest

__all__ = ["Problem", "cut", "first_problem"]

_TOO_LONG = 200

_Place = tuple[str | int, ...]


class Problem(NamedTuple):
    """What is wrong, and where in the content: ``("columns", 3, "kind")``."""

    place: _Place
    words: str


def first_problem(error: ValidationError, model: type[BaseModel], content: Any) -> Problem:
    """Say what is wrong first.

    Parameters
    ----------
    error : ValidationError
        Of pydantic.
    model : type
        What `content` was to become: a `Schema` or a part of one.
    content : object
        What was given: dicts, lists and plain values.
    """
    problems = error.errors(include_url=False, include_input=False)
    ours = next((one for one in problems if isinstance(_raised(one), SchemaError)), None)
    if ours is not None:
        # It speaks of a column as a whole.
        place = _in_content(ours["loc"], content)[:2]
        name = _named(place, content) if place[:1] == ("columns",) else ""
        said = str(_raised(ours))
        return Problem(place, said if name in said else f"{name}: {said}")
    # A key that is misspelt is unknown, and also missing where it should be.
    first = next((one for one in problems if one["type"] == "extra_forbidden"), problems[0])
    place = _in_content(first["loc"], content)
    if first["type"] == "extra_forbidden":
        *parent, key = place
        known = list(_model_at(parent, model).model_fields)
        owner = _named(parent, content) or f"a {model.__name__.lower()}"
        words = f"unknown key {cut(key)!r}{nearest(key, known)}; {owner} may have "
        return Problem(place, words + ", ".join(known))
    if first["type"] == "missing":
        words = f"the key {first['loc'][-1]!r} is missing"
    else:
        words = _words(first, _value_at(place, content))
    name = _named(place, content)
    return Problem(place, (f"{name}: " if name else "") + words)


def _raised(problem: Any) -> object:
    return problem.get("ctx", {}).get("error")


def _words(problem: Any, found: Any) -> str:
    kind = problem["type"]
    if kind in ("enum", "literal_error"):
        expected = str(problem["ctx"]["expected"])
        hint = nearest(found, re.findall(r"'([^']*)'", expected)) if isinstance(found, str) else ""
        return f"must be {expected}{hint}"
    if found is None:
        return "is empty; say what it is, or leave the key out"
    if kind == "string_type":
        nested = isinstance(found, (dict, list))
        return "must be a text or a number" if nested else "must be a text; put it in quotes"
    if kind in ("float_type", "int_type"):
        return "must be a number, without quotes and with a decimal point"
    if kind in ("tuple_type", "list_type"):
        return "must be a list, such as [a, b]"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return "must have keys of its own, such as {low: 0}"
    return str(problem["msg"]).replace("Input should be ", "must be ").removeprefix("Value error, ")


def _in_content(location: _Place, content: Any) -> _Place:
    """Cut a location where it leaves the file: pydantic adds the types that it tried."""
    for depth, part in enumerate(location):
        known: Iterable[str | int] = content if isinstance(content, dict) else ()
        if isinstance(content, list | tuple):
            known = range(len(content))
        if part not in known:
            return location[:depth]
        content = content[part]
    return location


def _value_at(place: Sequence[str | int], content: Any) -> Any:
    for part in place:
        content = content[part]
    return content


def _model_at(place: Sequence[str | int], model: type[BaseModel]) -> type[BaseModel]:
    """Give the part of a model that stands at a place."""
    for part in place:
        if isinstance(part, str):
            model = next(_models_in(model.model_fields[part].annotation))
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _named(place: Sequence[str | int], content: Any) -> str:
    """Name a place as its reader would: column 'crp', plausible.low."""
    parts = list(place)
    words = []
    if len(parts) >= 2 and parts[0] == "columns":
        column = content["columns"][parts[1]]
        name = column.get("name") if isinstance(column, dict) else None
        number = int(parts[1]) + 1
        words.append(f"column {cut(name)!r}" if isinstance(name, str) else f"column {number}")
        parts = parts[2:]
    if parts:
        text = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in parts)
        words.append(cut(text.removeprefix(".")))
    return ", ".join(words)


def cut(text: object) -> str:
    """Shorten what somebody wrote, for a message."""
    shown = str(text)
    return shown if len(shown) <= _TOO_LONG else shown[:_TOO_LONG] + "…"
