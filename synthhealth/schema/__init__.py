"""What the columns of a table are: kinds, units, limits and rules, detected and checked."""

from synthhealth.schema.detection.proposal import Finding, Proposal, propose
from synthhealth.schema.files import json_schema
from synthhealth.schema.identifiers.search import (
    Checklist,
    ChecklistRow,
    IdentifierFinding,
    identifier_in,
    scan,
)
from synthhealth.schema.rare import RareLevels, coarsened
from synthhealth.schema.reading.reading import (
    ColumnReading,
    Reading,
    complete,
    read_column,
    read_table,
)
from synthhealth.schema.reading.writing import write_column
from synthhealth.schema.rules import Rule, RuleCheck, check_rules
from synthhealth.schema.schema import Schema
from synthhealth.schema.types import (
    Column,
    Demographics,
    DetectionLimits,
    Kind,
    Notation,
    Protection,
    Range,
    ReferenceRange,
    Role,
)

__all__ = [
    "Checklist",
    "ChecklistRow",
    "Column",
    "ColumnReading",
    "Demographics",
    "DetectionLimits",
    "Finding",
    "IdentifierFinding",
    "Kind",
    "Notation",
    "Proposal",
    "Protection",
    "Range",
    "RareLevels",
    "Reading",
    "ReferenceRange",
    "Role",
    "Rule",
    "RuleCheck",
    "Schema",
    "check_rules",
    "coarsened",
    "complete",
    "identifier_in",
    "json_schema",
    "propose",
    "read_column",
    "read_table",
    "scan",
    "write_column",
]
