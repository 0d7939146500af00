"""The 18 identifiers of the HIPAA Safe Harbor rule: which were there, and what was done."""

from __future__ import annotations

from typing import Literal

from synthhealth.cells.identifiers import PARAGRAPHS
from synthhealth.report.data import Part, ReportData
from synthhealth.schema.identifiers.search import ELEMENTS, NO_SCAN, SOUGHT

__all__ = ["IdentifierColumn", "IdentifierRow", "checklist"]


class IdentifierColumn(Part):
    """A column that holds an identifier."""

    column: str
    """Name of the column."""
    identifier: str
    """Which one."""
    treatment: Literal["dropped", "faked", "generalised", "left out", "kept"]
    """What was done with it before anything was learned; `kept`: nothing."""


class IdentifierRow(Part):
    """One of the 18 identifiers of 45 CFR 164.514(b)(2)(i)."""

    paragraph: str
    """Its paragraph, `A` to `R`."""
    element: str
    """What the paragraph names."""
    finding: Literal["found", "none found", "cannot be scanned"]
    """What the schema says of the columns, which a scan proposes and a person may change."""
    columns: tuple[IdentifierColumn, ...]
    """The columns that hold it."""
    sought: str
    """What a scan looks for: that none was found says no more than this."""


def checklist(data: ReportData) -> tuple[IdentifierRow, ...]:
    """Say of each identifier which columns hold it and what was done with them."""
    seen: dict[str, list[IdentifierColumn]] = {paragraph: [] for paragraph in ELEMENTS}
    for found in _columns(data):
        # A word that the rule does not know names what is unique to a person all the same.
        seen[PARAGRAPHS.get(found.identifier, "R")].append(found)
    return tuple(
        IdentifierRow(
            paragraph=paragraph,
            element=ELEMENTS[paragraph],
            finding="found"
            if columns
            else "cannot be scanned"
            if paragraph in NO_SCAN
            else "none found",
            columns=tuple(columns),
            sought=SOUGHT[paragraph],
        )
        for paragraph, columns in seen.items()
    )


def _columns(data: ReportData) -> list[IdentifierColumn]:
    protected = [
        IdentifierColumn(
            column=one.column,
            identifier=one.identifier or "identifier",
            treatment=one.treatment,
        )
        for one in data.protected
    ]
    names = {one.column for one in protected}
    return protected + [
        IdentifierColumn(column=column.name, identifier=column.identifier, treatment="kept")
        for column in data.columns
        if column.identifier is not None and column.name not in names
    ]
