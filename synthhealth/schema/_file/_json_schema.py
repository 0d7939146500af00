"""The published JSON Schema of schema files."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from synthhealth.schema._schema import Schema

__all__ = ["json_schema"]

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
