"""Figures of shares of patients, each with its interval, real beside synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from synthhealth.evaluation import Share, ShareComparison
from synthhealth.report._data import ReportData
from synthhealth.report._figures import MOST_LINES, label
from synthhealth.report._numbers import percent
from synthhealth.report._page_figures import Slot, Store
from synthhealth.report._theme import REAL, SYNTHETIC, Figure, Trace, axis, figure, layout, trace
from synthhealth.report._words import shown

_APART = 0.17  # of a line's height, so that the two tables do not cover each other

Line = tuple[str, ShareComparison]


def share_intervals(lines: Sequence[Line]) -> Figure:
    """Draw shares as dots with their 95 % intervals, one line per share."""
    highest = max(
        share.high or 0.0 for _, compared in lines for share in (compared.real, compared.synthetic)
    )
    return figure(
        [
            _dots("real", [line.real for _, line in lines], -_APART, REAL, "circle"),
            _dots("synthetic", [line.synthetic for _, line in lines], _APART, SYNTHETIC, "diamond"),
        ],
        layout=layout(
            height=96 + 40 * len(lines),
            xaxis=axis(
                "share of known values",
                tickformat=".0%" if highest > 0.08 else ".1%",
                range=[-0.02 * highest, min(1.08 * highest, 1.02) or 1.0],
                showgrid=True,
            ),
            yaxis=axis(
                tickvals=list(range(len(lines))),
                ticktext=[label(name, 30) for name, _ in lines],
                range=[len(lines) - 0.5, -0.5],
                ticksuffix=" ",
                showgrid=False,
            ),
        ),
    )


def reference_slot(data: ReportData, store: Store) -> Slot | None:
    """Return the figure of patients outside their reference ranges; None without any."""
    lines = [
        (f"{result.column} {side}", compared)
        for result in data.evaluation.references
        for side, compared in (("below", result.below), ("above", result.above))
        if compared is not None and compared.synthetic.n
    ]
    return _slot(
        "references",
        lines,
        "Patients outside their reference range",
        "Dots: shares; bars: their 95 % intervals. Real shares of 1 to 4 patients are hidden.",
        store,
    )


def detection_slot(data: ReportData, store: Store) -> Slot | None:
    """Return the figure of results beyond detection limits; None without any."""
    lines = [
        (f"{result.column} {side}", compared)
        for result in data.evaluation.censoring
        for side, compared in (("below", result.below), ("above", result.above))
        if compared is not None and compared.synthetic.n
    ]
    return _slot(
        "detection",
        lines,
        "Results beyond detection limits",
        "Dots: shares; bars: their 95 % intervals.",
        store,
    )


def _slot(name: str, lines: Sequence[Line], title: str, caption: str, store: Store) -> Slot | None:
    if not lines:
        return None
    drawn = sorted(lines, key=lambda line: -_gap(line[1]))[:MOST_LINES]
    kept = [line for line in lines if line in drawn]
    told = "; ".join(
        f"{shown(line, 40)} synthetic {percent(compared.synthetic.share or 0.0)}"
        for line, compared in kept[:5]
    )
    if len(kept) < len(lines):
        caption += f" The {len(kept)} of {len(lines)} that differ most; the table has all."
    return store.slot(name, share_intervals(kept), title, f"Dot plot of shares: {told}.", caption)


def _gap(compared: ShareComparison) -> float:
    return abs(compared.difference or 0.0)


def _dots(name: str, shares: Sequence[Share], offset: float, colour: str, symbol: str) -> Trace:
    known = [
        (place + offset, share.share, share.low, share.high)
        for place, share in enumerate(shares)
        if share.share is not None and share.low is not None and share.high is not None
    ]
    text = [
        f"{percent(middle)} ({percent(low)} to {percent(high)})" for _, middle, low, high in known
    ]
    bars: dict[str, Any] = {
        "type": "data",
        "symmetric": False,
        "array": [round(high - middle, 5) for _, middle, _, high in known],
        "arrayminus": [round(middle - low, 5) for _, middle, low, _ in known],
        "color": colour,
        "thickness": 2,
        "width": 4,
    }
    return trace(
        "scatter",
        name=name,
        x=[round(middle, 5) for _, middle, _, _ in known],
        y=[place for place, *_ in known],
        mode="markers",
        marker={"symbol": symbol, "size": 10, "color": colour},
        error_x=bars,
        customdata=text,
        hovertemplate=f"{name} %{{customdata}}<extra></extra>",
    )
