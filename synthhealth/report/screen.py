"""A report as a notebook shows it: verdicts, reasons, and every column at a glance."""

from __future__ import annotations

from synthhealth.io.as_html import Answer, Picture, screen
from synthhealth.report.conclusion import verdicts
from synthhealth.report.data import ReportData
from synthhealth.report.small_multiples import svg_tile, tiles
from synthhealth.report.theme import LIGHT, SIGNS
from synthhealth.report.words import shown

__all__ = ["report_screen"]

_REASONS = 3
_PICTURES = 24


def report_screen(data: ReportData) -> str:
    """Give a report as one screen of HTML."""
    evaluation = data.evaluation
    facts = [
        ("real rows", f"{evaluation.n_real:,}"),
        ("synthetic rows", f"{evaluation.n_synthetic:,}"),
        ("columns", f"{len(data.columns)}"),
    ]
    if data.model is not None:
        facts.append(("model", shown(data.model.name)))
    drawn = tiles(data)
    # Columns that are to be looked at are never the ones left out.
    kept = sorted(drawn, key=lambda tile: not tile.mark)[:_PICTURES]
    pictures = [
        Picture(f"{tile.mark}{shown(tile.column)}", svg_tile(tile))
        for tile in drawn
        if tile in kept
    ]
    more = len(data.columns) - len(pictures)
    left = f" {more} more columns are on the page." if more else ""
    return screen(
        shown(data.title),
        answers=[
            Answer(one.question, one.word, one.headline, SIGNS[one.tone], LIGHT[one.tone])
            for one in verdicts(data.conclusion)
        ],
        facts=facts,
        sentences=data.conclusion.reasons[:_REASONS],
        pictures=pictures,
        hint=f"print(report.summary()) says it in words, .to_html(path) writes the page, .plot has "
        f"the figures.{left}",
    )
