"""The published JSON Schema of ``report.json``."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from synthhealth.report._data import ReportData

__all__ = ["json_schema"]

FILE_NAME = "report.schema.json"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) under which every ``report.json`` is valid.

    Examples
    --------
    >>> from synthhealth.report import json_schema
    >>> json_schema()["title"]
    'ReportData'
    """
    text = resources.files("synthhealth.report").joinpath(FILE_NAME).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def schema_text() -> str:
    """Return the content that the published file must have: the schema of the types as they are."""
    schema = ReportData.model_json_schema(mode="serialization")
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
