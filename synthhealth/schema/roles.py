"""What an outsider may know of a patient."""

from __future__ import annotations

from synthhealth.schema.schema import Schema
from synthhealth.schema.types import Column, Role

__all__ = ["quasi_identifiers"]


def quasi_identifiers(schema: Schema) -> tuple[str, ...]:
    """Give the columns that an outsider may know of a patient.

    Those that the schema says are; else sex, age, and what names people and was coarsened.

    Examples
    --------
    >>> import synthhealth as sh
    >>> quasi_identifiers(sh.Schema.detect(sh.datasets.load_ra_panel()))
    ('age', 'sex')
    """
    said = tuple(column.name for column in schema if column.role is Role.QUASI_IDENTIFIER)
    if said:
        return said
    known = {schema.demographics.sex, schema.demographics.age}
    return tuple(column.name for column in schema if column.name in known or _identifies(column))


def _identifies(column: Column) -> bool:
    return column.identifier is not None or column.protection is not None
