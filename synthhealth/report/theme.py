"""Colours and fonts of the page and its figures: the one place to change them.

Figures name colours (``var(--real)``) and the page fills in the palette of the moment, so that
they follow it from light to dark. Blue and orange stay apart for colour-blind readers and in
grey print, and the two tables also differ in form: areas and full lines against dashed lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from synthhealth.evaluation.figures import State, Verdict

#: Name of a colour and of a mark; a verdict and a standing share them.
Tone: TypeAlias = Literal["below", "within", "above", "unknown"]


TONES: dict[State | Verdict, Tone] = {
    "poor": "below",
    "worse": "below",
    "good": "within",
    "as good": "within",
    "copied": "above",
    "cannot tell": "unknown",
    "uncertain": "unknown",
}

#: What is said of a figure, in full.
STATE_WORDS: dict[State, str] = {
    "as good": "as good as other patients",
    "worse": "worse than other patients",
    "uncertain": "uncertain",
    "copied": "copied",
}


#: What stands before a verdict in plain text.
SIGNS: dict[Tone, str] = {"below": "▼", "within": "●", "above": "▲", "unknown": "○"}


LIGHT = {
    "page": "#f5f6f8",
    "panel": "#ffffff",
    "ink": "#1b2430",
    "muted": "#55606f",
    "line": "#d8dde4",
    "grid": "#e9ecf0",
    "focus": "#1f6fb2",
    "real": "#1f6fb2",
    "real-pale": "#cfe1f2",
    "synthetic": "#c65102",
    "synthetic-pale": "#f8e0cd",
    "band": "#d5dce5",
    "below": "#b3261e",
    "within": "#1e6b4f",
    "above": "#6a3fa0",
    "unknown": "#55606f",
    "reference": "#b7dcc5",
    "hidden": "#eef0f3",
    "scale-low": "#f3f6fa",
    "scale-middle": "#7fb0d8",
    "scale-high": "#08406f",
    "minus": "#b2540a",
    "minus-half": "#ecb988",
    "zero": "#f8f8f8",
    "plus-half": "#90bade",
    "plus": "#0f5a99",
}

DARK = {
    "page": "#10151c",
    "panel": "#18202a",
    "ink": "#e7ecf2",
    "muted": "#a4b0be",
    "line": "#303b49",
    "grid": "#27313d",
    "focus": "#7cbcf5",
    "real": "#68b0ef",
    "real-pale": "#27435e",
    "synthetic": "#f29a4a",
    "synthetic-pale": "#55391f",
    "band": "#3a4757",
    "below": "#ff8f85",
    "within": "#7fd1ad",
    "above": "#c5a4f2",
    "unknown": "#a4b0be",
    "reference": "#2a5a43",
    "hidden": "#232d39",
    "scale-low": "#1f2936",
    "scale-middle": "#3f7fb8",
    "scale-high": "#c4e2ff",
    "minus": "#f5a65b",
    "minus-half": "#8a5a2b",
    "zero": "#222c38",
    "plus-half": "#2f638f",
    "plus": "#7cbcf5",
}

FONT = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, "
    "sans-serif"
)

REAL, SYNTHETIC = "var(--real)", "var(--synthetic)"

#: Shares, from none to many.
SEQUENTIAL = [[0.0, "var(--scale-low)"], [0.5, "var(--scale-middle)"], [1.0, "var(--scale-high)"]]
#: Correlations and differences, from -1 through 0 to 1.
DIVERGING = [
    [0.0, "var(--minus)"],
    [0.25, "var(--minus-half)"],
    [0.5, "var(--zero)"],
    [0.75, "var(--plus-half)"],
    [1.0, "var(--plus)"],
]

MARK = {
    "below": "triangle-down",
    "within": "circle",
    "above": "triangle-up",
    "unknown": "circle-open",
}

Trace: TypeAlias = dict[str, Any]
Figure: TypeAlias = dict[str, Any]


def figure(traces: Sequence[Trace], *, layout: dict[str, Any]) -> Figure:
    """Return a figure as plotly's script reads it.

    plotly's Python classes check every property: for the hundreds of figures of a page that takes
    longer than everything else. The tests hold each kind of figure against them.
    """
    return {"data": list(traces), "layout": layout}


def trace(kind: str, **properties: Any) -> Trace:
    """Return one layer of a figure: ``"bar"``, ``"scatter"``, ``"box"`` or ``"heatmap"``."""
    return {**properties, "type": kind}


def layout(*, height: int, **more: Any) -> dict[str, Any]:
    """Return what all figures' layouts share, with `more` on top."""
    return {
        "height": height,
        "autosize": True,
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "font": {"family": FONT, "size": 13, "color": "var(--ink)"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": "var(--panel)",
            "bordercolor": "var(--line)",
            "font": {"family": FONT, "size": 13, "color": "var(--ink)"},
            "align": "left",
        },
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"},
        **more,
    }


def lean(figure: Figure) -> Figure:
    """Return a figure without what is the same in all of them; see `SHARED`."""
    plan = {
        key: {part: one for part, one in value.items() if SHARED["axis"].get(part, ...) != one}
        if key.startswith(("xaxis", "yaxis"))
        else value
        for key, value in figure["layout"].items()
        if SHARED["layout"].get(key, ...) != value
    }
    return {**figure, "layout": plan}


def axis(title: str | None = None, **more: Any) -> dict[str, Any]:
    """Return what all axes share; nothing zooms, so that a finger scrolls the page."""
    words = {} if title is None else {"text": title}
    return {
        "title": {**words, "standoff": 8, "font": {"color": "var(--muted)", "size": 13}},
        "automargin": True,
        "fixedrange": True,
        "zeroline": False,
        "showline": False,
        "gridcolor": "var(--grid)",
        "tickfont": {"color": "var(--muted)", "size": 12},
        "ticks": "",
        **more,
    }


#: What all figures of a page share, kept once: hundreds of figures would repeat it.
SHARED = {
    "layout": {key: value for key, value in layout(height=0).items() if key != "height"},
    "axis": {key: value for key, value in axis().items() if key != "title"},
}
