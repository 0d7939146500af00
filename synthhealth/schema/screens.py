"""Schemas and proposals as a notebook shows them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from synthhealth.errors import Doubt
from synthhealth.io.as_html import Sheet, screen
from synthhealth.schema.types import Column, Range

if TYPE_CHECKING:
    from synthhealth.schema.detection.proposal import Proposal
    from synthhealth.schema.schema import Schema

__all__ = ["counted_kinds", "proposal_screen", "schema_screen"]

_HEADS = ("column", "kind", "unit", "levels", "plausible", "identifies")


def counted_kinds(schema: Schema) -> str:
    """Say how many columns are of which kind.

    Examples
    --------
    >>> from synthhealth.schema import Column, Schema
    >>> names = {"crp": "continuous", "esr": "continuous", "sex": "nominal"}
    >>> counted_kinds(Schema(columns=[Column(name=k, kind=v) for k, v in names.items()]))
    '3 columns: 2 continuous, 1 nominal'
    """
    counts = Counter(column.kind.value for column in schema)
    kinds = ", ".join(f"{n} {kind}" for kind, n in counts.most_common())
    n = len(schema)
    return f"{n} {'column' if n == 1 else 'columns'}{': ' if kinds else ''}{kinds}"


def schema_screen(schema: Schema) -> str:
    """Give a schema as HTML: one line a column. Levels are counted, not named: some may be rare."""
    facts = [("subject", schema.subject)] if schema.subject else []
    people = [
        (what, name)
        for what, name in (("sex", schema.demographics.sex), ("age", schema.demographics.age))
        if name is not None
    ]
    lines = [_line(column) for column in schema]
    used = [place for place in range(len(_HEADS)) if any(line[place] for line in lines)]
    return screen(
        f"Schema, {counted_kinds(schema)}",
        facts=[*facts, *people, ("smallest group", f"{schema.min_cell} patients")],
        sentences=[f"Rule: {rule}" for rule in schema.rules],
        sheets=[
            Sheet(
                "Columns",
                [_HEADS[place] for place in used],
                [[line[place] for place in used] for line in lines],
            )
        ],
        hint="schema[name] is a column; .to_yaml() shows all, .to_file(path) writes it to be "
        "edited.",
    )


def proposal_screen(proposal: Proposal) -> str:
    """Give a proposal as HTML: what is in doubt first, then what each column was taken for."""
    doubts = sorted(
        (
            (doubt.weight if isinstance(doubt, Doubt) else 1, column, doubt)
            for column, doubt in proposal.doubts
        ),
        key=lambda one: -one[0],
    )
    in_doubt = [
        (column, str(doubt), doubt.settle if isinstance(doubt, Doubt) else "")
        for _, column, doubt in doubts
    ]
    sheets = [
        Sheet(
            "What each column was taken for",
            ("column", "kind", "why"),
            [(one.column, one.kind.value, one.why) for one in proposal.findings],
            is_open=not in_doubt,
        )
    ]
    if in_doubt:
        heads = ("column", "in doubt", "settled by")
        sheets.insert(0, Sheet("To be looked at, the weightiest first", heads, in_doubt))
    return screen(
        f"Proposed schema, {counted_kinds(proposal.schema)}",
        facts=[("doubts", f"{len(in_doubt)}")],
        sheets=sheets,
        hint=".schema is what was proposed; .to_file(path) writes it with reasons and doubts, to "
        "be edited.",
    )


def _line(column: Column) -> tuple[str, ...]:
    identifies = column.identifier or ""
    if column.protection is not None:
        identifies = f"{identifies} ({column.protection.value})".strip()
    return (
        column.name,
        column.kind.value,
        column.unit or "",
        f"{len(column.levels)}" if column.levels else "",
        _range(column.plausible),
        identifies,
    )


def _range(range_: Range | None) -> str:
    if range_ is None:
        return ""
    low = "" if range_.low is None else f"{range_.low:g}"
    high = "" if range_.high is None else f"{range_.high:g}"
    return f"{low} to {high}" if low and high else f"from {low}" if low else f"to {high}"
