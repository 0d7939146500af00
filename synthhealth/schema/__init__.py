"""What the columns of a table are: kinds, units, limits and rules, detected and checked."""

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

__all__ = [
    "Column",
    "Demographics",
    "DetectionLimits",
    "Kind",
    "Notation",
    "Protection",
    "Range",
    "ReferenceRange",
    "Role",
    "Schema",
]
