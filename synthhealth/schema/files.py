"""A schema in a file: YAML, made to be edited, or JSON; and what is wrong with it, in words."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from synthhealth.errors import FileError, SchemaError, nearest
from synthhealth.io import whole_file
from synthhealth.io.files import reason
from synthhealth.schema.problems import cut, first_problem
from synthhealth.schema.schema import Schema
from synthhealth.schema.types import Column
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
                f"{path}: the file is larger than {MAX_BYTES // 2**20} MiB; this is not a schema"
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
            f"{_line_of(document, ('format_version',))}format_version: only 1 is known here; "
            "a newer one needs a newer synthhealth"
        )
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise SchemaError("an escape such as \\ud800 is half a sign; write it whole") from None
    try:
        # As JSON: a list may be a tuple, a word an enumeration's member, but "5" is not a number.
        return Schema.model_validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        problem = first_problem(error, Schema, content)
        raise SchemaError(_line_of(document, problem.place) + problem.words) from None


def _line_of(document: Document, place: tuple[str | int, ...]) -> str:
    """Give a place's line, where it is known, as the beginning of a message."""
    line = document.line_of(place) if place else None
    return "" if line is None else f"line {line}: "


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
