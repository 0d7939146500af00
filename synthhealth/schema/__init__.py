"""What the columns of a table are: kinds, units, limits and rules, detected and checked."""

from synthhealth.schema._detection._proposal import Finding, Proposal, propose
from synthhealth.schema._file._json_schema import json_schema
from synthhealth.schema._privacy._identifiers import (
    Checklist,
    ChecklistRow,
    IdentifierFinding,
    identifier_in,
    scan,
)
from synthhealth.schema._rare._coarsened import coarsened
from synthhealth.schema._rare._pooling import RareLevels
from synthhealth.schema._rules import Rule, RuleCheck, check_rules
from synthhealth.schema._schema import (
    Column,
    Demographics,
    DetectionLimits,
    Kind,
    Notation,
    Protection,
    Range,
    ReferenceRange,
    Role,
    Schema,
)
from synthhealth.schema._text._reading import (
    ColumnReading,
    Reading,
    complete,
    read_column,
    read_table,
    write_column,
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
