"""The report as plain text for a terminal, and as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from synthhealth.evaluation import CategoricalResult, NumericalResult, PairResult
from synthhealth.report._data import ReportData
from synthhealth.report._numbers import (
    dependence_text,
    number_text,
    p_text,
    percent,
    score_text,
    unit_text,
)
from synthhealth.report._sheets import (
    detection_sheet,
    identifier_sheet,
    missing_sheets,
    range_sheets,
    rare_sheet,
    reference_sheet,
)
from synthhealth.report._table_one_text import heads, lines
from synthhealth.report._words import column_results, column_score, floor_text, shown

_PAIRS = 10  # listed in Markdown

MEASURES = {
    "spearman": "Spearman's rank correlation",
    "cramers_v": "Cramér's V",
    "correlation_ratio": "correlation ratio η",
}


def as_text(data: ReportData, width: int = 88) -> str:
    """Return title, findings and limits, wrapped to `width` characters."""
    lines = [shown(data.title), "=" * len(shown(data.title)), ""]
    lines += _bullets(data.summary, width)
    lines += ["", "What this report cannot show", ""]
    lines += _bullets(data.limits, width)
    return "\n".join(lines) + "\n"


def as_markdown(data: ReportData) -> str:
    """Return findings, limits, the table of columns and the pairs that differ most."""
    evaluation = data.evaluation
    blocks = [
        f"# {_plain(data.title)}",
        f"{data.created:%Y-%m-%d %H:%M} · "
        + ", ".join(f"{name} {version}" for name, version in data.versions.items()),
        "## Summary",
        "\n".join(f"- {_plain(sentence)}" for sentence in data.summary),
        "## What this report cannot show",
        "\n".join(f"- {_plain(sentence)}" for sentence in data.limits),
        "## Columns",
        "A score of 1 means identical distributions; the noise floor is what two independent "
        "samples of real patients of these sizes would score in 95 of 100 cases.",
        _table(
            (
                "column",
                "measure",
                "score",
                "noise floor",
                "standing",
                "p",
                "q",
                "distance",
                "missing real",
                "missing synthetic",
            ),
            [_column_row(result) for result in column_results(evaluation)],
        ),
    ]
    pairs = sorted(evaluation.pairs, key=lambda pair: -pair.difference)[:_PAIRS]
    if pairs:
        blocks += [
            "## Pairs of columns whose dependence differs most",
            _table(
                ("pair", "measure", "real", "synthetic", "difference"),
                [_pair_row(pair) for pair in pairs],
            ),
        ]
    blocks += _clinical_blocks(data)
    if evaluation.not_computed:
        blocks += [
            "## Not computed",
            "\n".join(
                f"- {_plain(gap.what)}{f' ({_plain(gap.column)})' if gap.column else ''}: "
                f"{_plain(gap.reason)}"
                for gap in evaluation.not_computed
            ),
        ]
    return "\n\n".join(blocks) + "\n"


def _clinical_blocks(data: ReportData) -> list[str]:
    """Return what a clinical schema adds, as on the page."""
    sheets = [
        *missing_sheets(data),
        reference_sheet(data),
        detection_sheet(data),
        *range_sheets(data),
        rare_sheet(data),
        identifier_sheet(data),
    ]
    blocks = []
    for sheet in sheets:
        if sheet is not None:
            rows = [[entry.text for entry in row] for row in sheet.rows]
            blocks += [f"## {sheet.title}", _plain(sheet.note)]
            blocks += [_table(sheet.heads, rows)] if rows else []
    if data.table_one is not None:
        by = f" by {_plain(data.table_one.group)}" if data.table_one.group else ""
        titles = [
            f"{head.name}, {what}"
            for head in heads(data.table_one)
            for what in ("real", "synthetic", "SMD")
        ]
        rows = [
            [f"– {line.name}" if line.is_level else line.name, *(e.text for e in line.entries)]
            for line in lines(data.table_one)
        ]
        sizes = "; ".join(f"{head.name}: {head.sizes}" for head in heads(data.table_one))
        note = f"{sizes}. Figures of groups are rounded, counts to 5 patients."
        blocks += [f"## Table 1{by}", _plain(note), _table(("column", *map(_plain, titles)), rows)]
    return blocks


def _column_row(result: NumericalResult | CategoricalResult) -> tuple[str, ...]:
    column = column_score(result)
    measure, distance = "TV", ""
    if isinstance(result, NumericalResult):
        unit = f" {unit_text(result.unit)}" if result.unit else ""
        measure, distance = "KS", f"{number_text(result.wasserstein)}{unit}"
    return (
        column.column,
        measure,
        score_text(column.score),
        floor_text(column.floor),
        f"{column.standing} the floor",
        p_text(result.p_value),
        p_text(result.q_value),
        distance,
        percent(result.missing_real),
        percent(result.missing_synthetic),
    )


def _pair_row(pair: PairResult) -> tuple[str, ...]:
    return (
        f"{shown(pair.first)} × {shown(pair.second)}",
        MEASURES[pair.measure],
        dependence_text(pair.real),
        dependence_text(pair.synthetic),
        dependence_text(pair.difference),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_plain(entry) for entry in row) + " |" for row in rows]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return text in which nothing is Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", shown(text, limit=2000))


def _bullets(sentences: Iterable[str], width: int) -> list[str]:
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(
            shown(sentence, limit=2000), width, initial_indent="- ", subsequent_indent="  "
        )
    ]
