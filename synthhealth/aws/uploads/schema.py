"""What preparation needs of a schema's JSON, read without the schema room, which needs pandas."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from synthhealth.errors import SchemaError

__all__ = ["ColumnPlan", "read_schema"]

_NUMBERS = ("continuous", "count")
_KINDS = (*_NUMBERS, "datetime", "ordinal", "nominal", "boolean", "identifier", "text")


@dataclass(frozen=True)
class ColumnPlan:
    """One column, as far as its cells are prepared."""

    name: str
    kind: str
    unit: str | None
    levels: frozenset[str] | None
    level_numbers: frozenset[float]
    missing: frozenset[str]
    missing_numbers: frozenset[float]
    decimal: str | None
    #: What may stand behind its numbers, without blanks: the unit, and how the notation writes it.
    written_units: frozenset[str]

    @property
    def is_number(self) -> bool:
        """Whether its cells are numbers."""
        return self.kind in _NUMBERS


def read_schema(schema_json: str | bytes) -> tuple[ColumnPlan, ...]:
    """Read the columns of a schema from its JSON.

    Raises
    ------
    SchemaError
        It is no JSON, of a later format, or its columns are malformed.
    """
    try:
        content = json.loads(schema_json)
        # Half a letter (a lone surrogate) could be in no file.
        json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise SchemaError("schema: not valid JSON; write it with Schema.to_file") from None
    columns = content.get("columns") if isinstance(content, dict) else None
    if not isinstance(columns, list) or not columns:
        raise SchemaError("schema: it has no list of columns; write it with Schema.to_file")
    if content.get("format_version", 1) != 1:
        raise SchemaError("schema: of a later format; use the version of synthhealth that wrote it")
    plans = tuple(_plan(column, place) for place, column in enumerate(columns, start=1))
    names = [plan.name for plan in plans]
    if len(set(names)) < len(names):
        raise SchemaError("schema: two columns have the same name; keep one of each")
    return plans


def _plan(column: Any, place: int) -> ColumnPlan:
    if not isinstance(column, dict):
        raise SchemaError(f"schema: column {place} is not an object; write it with Schema.to_file")
    name, kind, unit = column.get("name"), column.get("kind"), column.get("unit")
    if not isinstance(name, str) or not name.strip():
        raise SchemaError(f"schema: column {place} has no name")
    if kind not in _KINDS:
        raise SchemaError(
            f"schema: column {name!r} has no known kind; the kinds are {', '.join(_KINDS)}"
        )
    if unit is not None and not isinstance(unit, str):
        raise SchemaError(f"schema: the unit of column {name!r} is not text")
    missing, levels = column.get("missing") or (), column.get("levels")
    if not isinstance(missing, (list, tuple)) or not isinstance(levels, (list, type(None))):
        raise SchemaError(f"schema: levels and missing of column {name!r} are lists")
    notation = column.get("notation")
    if column.get("joined") or (isinstance(notation, dict) and notation.get("clock")):
        # Two numbers in a cell, and times, stay as they are written: as dates do.
        kind = "datetime"
    decimal, suffix = None, None
    if isinstance(notation, dict):
        decimal, suffix = notation.get("decimal", "."), notation.get("suffix")
    if decimal not in (None, ".", ","):
        raise SchemaError(f"schema: the decimal mark of column {name!r} is neither . nor ,")
    if not isinstance(suffix, (str, type(None))):
        raise SchemaError(f"schema: the suffix in the notation of column {name!r} is not text")
    return ColumnPlan(
        name=name,
        kind=kind,
        unit=unit,
        levels=None if levels is None else frozenset(_word(level) for level in levels),
        level_numbers=_numbers(levels or ()),
        missing=frozenset(code.strip() for code in missing if isinstance(code, str)),
        missing_numbers=_numbers(missing),
        decimal=decimal,
        written_units=frozenset("".join(words.split()) for words in (unit, suffix) if words),
    )


def _numbers(values: Iterable[object]) -> frozenset[float]:
    return frozenset(
        float(value)
        for value in values
        if isinstance(value, (int, float))
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
    )


def _word(level: object) -> str:
    return " ".join(str(level).split())
