"""A schema in a file: YAML, made to be edited, or JSON; and what is wrong with it, in words."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from synthhealth.errors import FileError, SchemaError, nearest
from synthhealth.io import whole_file
from synthhealth.io.files import reason
from synthhealth.schema.types import Column, Schema
from synthhealth.schema.yaml import Document, number_of, read_yaml, write_yaml

__all__ = ["json_schema", "read_schema", "schema_to_yaml", "write_schema"]


#: Far beyond the schema of any table of patients.
MAX_BYTES = 4 * 2**20

_YAML = (".yaml", ".yml")
_JSON = ".json"

#: Fields whose whole numbers are written without a point: they are read as fractions anyway.
_FRACTIONS = ("plausible", "reference", "detection")


def read_schema(path: str | os.PathLike[str]) -> Schema:
    """Read a schema from a file; see `Schema.from_file`."""
    is_yaml = _is_yaml(path)
    text = _read_text(path)
    try:
        document = read_yaml(text) if is_yaml else _read_json(text)
        return _validated(document)
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from None


def write_schema(
    schema: Schema,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    comments: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write a schema to a file; see `Schema.to_file`."""
    if _is_yaml(path):
        text = schema_to_yaml(schema, comments)
    else:
        text = json.dumps(_content(schema), indent=2, ensure_ascii=False) + "\n"
    with whole_file(path, force=force) as file:
        file.write_text(text, encoding="utf-8", newline="\n")


def schema_to_yaml(schema: Schema, comments: Mapping[str, Sequence[str]] | None = None) -> str:
    """Give a schema as YAML; see `Schema.to_yaml`."""
    for name in comments or {}:
        if name not in schema.names:
            raise SchemaError(
                f"a comment is about column {name!r}{nearest(name, schema.names)}, which the "
                "schema lacks"
            )
    return write_yaml(_content(schema), comments)


def _content(schema: Schema) -> dict[str, Any]:
    said = schema.model_dump(mode="json", exclude_defaults=True)
    columns = [
        {key: _shortened(value) if key in _FRACTIONS else value for key, value in column.items()}
        | ({"missing": []} if _keeps_words(declared) else {})
        for column, declared in zip(said["columns"], schema.columns, strict=True)
    ]
    return {"format_version": schema.format_version} | said | {"columns": columns}


def _keeps_words(column: Column) -> bool:
    """Whether it is said that none of a column's words, such as NA, is a missing value."""
    return (
        not column.kind.is_numerical and "missing" in column.model_fields_set and not column.missing
    )


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_shortened(part) for part in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return value if str(value) == "-0.0" else int(value)
    return value


def _is_yaml(path: str | os.PathLike[str]) -> bool:
    suffix = Path(path).suffix.lower()
    if suffix not in (*_YAML, _JSON):
        raise FileError(f"{path}: the name of a schema file ends in {', '.join(_YAML)} or {_JSON}")
    return suffix in _YAML


def _read_text(path: str | os.PathLike[str]) -> str:
    try:
        if not os.path.isfile(path):
            what = "is not a file" if os.path.exists(path) else "there is no such file"
            raise FileError(f"{path}: {what}; check the name")
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise FileError(
                f"{path}: the file is larger than {MAX_BYTES // 2**20} MiB; this is no schema"
            )
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(f"{path}: the file is not in UTF-8; save it in this encoding") from None
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{path}: the file cannot be read ({reason(error)})") from None


def _read_json(text: str) -> Document:
    try:
        return Document(
            json.loads(
                text,
                object_pairs_hook=_object,
                parse_int=_number,
                parse_float=_number,
                parse_constant=_constant,
            )
        )
    except json.JSONDecodeError as error:
        raise SchemaError(f"line {error.lineno}: {error.msg}") from None
    except OverflowError:
        raise SchemaError("a number is too large; put it in quotes if it is a text") from None
    except RecursionError:
        raise SchemaError("the entries are nested too deeply for a schema") from None


def _number(text: str) -> int | float:
    number = number_of(text)
    return float(text) if number is None else number


def _constant(text: str) -> float:
    raise SchemaError(f"{text} is not a number that a schema may have; leave the entry out")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for key, value in pairs:
        if key in entries:
            raise SchemaError(f"the key {cut(key)!r} stands twice; keep one of them")
        entries[key] = value
    return entries


def _validated(document: Document) -> Schema:
    content = document.content
    if content is None:
        raise SchemaError("the file is empty; `synthhealth schema TABLE` writes one to begin with")
    if not isinstance(content, dict):
        raise SchemaError("a schema begins with a key such as columns:, with the columns below it")
    if content.get("format_version", 1) != 1 or content.get("format_version") is True:
        raise SchemaError(
            f"{line_of(document, ('format_version',))}format_version: only 1 is known here; "
            "a newer one needs a newer synthhealth"
        )
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise SchemaError("an escape such as \\ud800 is half a sign; write it whole") from None
    try:
        return _strictly(Schema, content)
    except ValidationError as error:
        raise SchemaError(first_problem(error, document)) from None
    except SchemaError:
        _blame_a_column(document)
        raise


def _strictly(model: type[Any], content: Any) -> Any:
    # As JSON, where a list may be a tuple and a word an enumeration's member, but "5" no number.
    return model.model_validate_json(json.dumps(content), strict=True)


def _blame_a_column(document: Document) -> None:
    """Raise again what one column alone raises, with its name and line."""
    for place, content in enumerate(document.content["columns"]):
        try:
            _strictly(Column, content)
        except ValidationError:
            continue
        except SchemaError as error:
            where = ("columns", place)
            name = named(where, document.content)
            stated = str(error) if name in str(error) else f"{name}: {error}"
            raise SchemaError(line_of(document, where) + stated) from None


_TOO_LONG = 200

_Location = Sequence[str | int]


def first_problem(error: ValidationError, document: Document) -> str:
    """Say in words what is wrong first, and where."""
    problems = error.errors(include_url=False, include_input=False)
    # A key that is misspelt is unknown, and also missing where it should be.
    first = next((one for one in problems if one["type"] == "extra_forbidden"), problems[0])
    place = _in_content(first["loc"], document.content)
    line, name = line_of(document, place), named(place, document.content)
    if first["type"] == "extra_forbidden":
        *parent, key = place
        known = list(_model_at(parent).model_fields)
        owner = named(parent, document.content) or "a schema"
        hint = nearest(key, known)
        return f"{line}unknown key {cut(key)!r}{hint}; {owner} may have {', '.join(known)}"
    if first["type"] == "missing":
        words = f"the key {first['loc'][-1]!r} is missing"
    else:
        words = _words(first, _value_at(place, document.content))
    return line + (f"{name}: " if name else "") + words


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
    return str(problem["msg"]).removeprefix("Input should be ").removeprefix("Value error, ")


def _in_content(location: _Location, content: Any) -> _Location:
    """Cut a location where it leaves the file: pydantic adds the types that it tried."""
    for depth, part in enumerate(location):
        known: Iterable[str | int] = content if isinstance(content, dict) else ()
        if isinstance(content, list):
            known = range(len(content))
        if part not in known:
            return location[:depth]
        content = content[part]
    return location


def _value_at(place: _Location, content: Any) -> Any:
    for part in place:
        content = content[part]
    return content


def _model_at(place: _Location) -> type[BaseModel]:
    """Give the part of a schema that stands at a place."""
    model: type[BaseModel] = Schema
    for part in place:
        if isinstance(part, str):
            model = next(_models_in(model.model_fields[part].annotation))
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def named(place: _Location, content: Any) -> str:
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


def line_of(document: Document, place: _Location) -> str:
    """Give a place's line, where it is known, as the beginning of a message."""
    line = document.line_of(tuple(place))
    return "" if line is None else f"line {line}: "


def cut(text: object) -> str:
    """Shorten what somebody wrote, for a message."""
    shown = str(text)
    return shown if len(shown) <= _TOO_LONG else shown[:_TOO_LONG] + "…"


FILE_NAME = "schema.schema.json"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) under which every schema file is valid.

    Editors that know it complete and check schema files while they are written.

    Examples
    --------
    >>> from synthhealth.schema import json_schema
    >>> json_schema()["title"]
    'Schema'
    """
    text = resources.files(__package__).joinpath(FILE_NAME).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def schema_text() -> str:
    """Return the content that the published file must have: the schema of the types as they are."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Schema.model_json_schema(mode="validation"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
