"""What is said about a prepared table: names of the schema's columns and counts, never a cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from synthhealth.aws.uploads.identifiers import IdentifierFound

__all__ = ["ColumnCounts", "PreparationReport", "refusal_json"]

Decision = Literal["clean", "quarantine"]


@dataclass(frozen=True)
class ColumnCounts:
    """What was counted in one column.

    Attributes
    ----------
    name, kind, unit
        As in the schema; cells are taken to be in this unit.
    counts : dict of str to int
        Cells that were ``missing``; were beyond a detection limit (``below_limit``,
        ``above_limit``); had a ``decimal_comma``; said the schema's unit (``with_unit``); could
        not be read as the schema says and were left empty (``unreadable``), among them those in
        another unit; or are none of the declared levels and were kept (``not_a_level``).
    """

    name: str
    kind: str
    unit: str | None
    counts: Mapping[str, int]


@dataclass(frozen=True)
class PreparationReport:
    """What preparation saw and decided.

    Attributes
    ----------
    decision : {"clean", "quarantine"}
        ``quarantine`` where a direct identifier was found; the clean table must then not be kept.
    encoding : str
        ``utf-8``, ``utf-8-sig`` or ``cp1252``.
    separator : str
        What parted the columns.
    n_rows : int
        Rows, without the header.
    blank_lines : int
        Lines without any cell, which were left out.
    units_in_header : tuple of str
        Columns whose header said the schema's unit, too: ``crp (mg/L)``.
    columns : tuple of ColumnCounts
        In the table's order.
    identifiers : tuple of IdentifierFound
        The direct identifiers. None is not a proof that there is none.
    """

    decision: Decision
    encoding: str
    separator: str
    n_rows: int
    blank_lines: int
    units_in_header: tuple[str, ...]
    columns: tuple[ColumnCounts, ...]
    identifiers: tuple[IdentifierFound, ...]

    @property
    def reason(self) -> str | None:
        """Why the table must not be used; None if it may."""
        if self.decision == "clean":
            return None
        columns = dict.fromkeys(repr(found.column) for found in self.identifiers)
        declared = any(found.identifier == "declared identifier" for found in self.identifiers)
        return (
            f"direct identifiers in {', '.join(columns)}; drop these columns at the source"
            + (" and from the schema, which declares identifiers" if declared else "")
            + ", or if they hold none, name them otherwise, and upload the table again"
        )

    def to_json(self) -> str:
        """Give the report as JSON; equal tables give equal bytes."""
        content = {**_head(self.decision, self.reason), **asdict(self)}
        content["identifiers"] = [
            {**asdict(found), "paragraph": found.paragraph} for found in self.identifiers
        ]
        return _written(content)


def refusal_json(reason: str) -> str:
    """Give the report, as JSON, about a file that cannot be read as a table of the schema."""
    return _written(_head("quarantine", reason))


def _head(decision: Decision, reason: str | None) -> dict[str, Any]:
    return {"format_version": 1, "decision": decision, "reason": reason}


def _written(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
