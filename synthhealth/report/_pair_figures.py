"""Pairs of columns and their dependence -> plotly figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from synthhealth.report._data import Axis, Box, BoxPair, GridPair
from synthhealth.report._figures import label
from synthhealth.report._grid import MIN_CELL
from synthhealth.report._numbers import date_text, edge_text, percent
from synthhealth.report._theme import (
    DIVERGING,
    REAL,
    SEQUENTIAL,
    SYNTHETIC,
    Figure,
    Trace,
    axis,
    figure,
    layout,
    trace,
)

_COLOUR_BAR = {
    "thickness": 10,
    "outlinewidth": 0,
    "tickfont": {"color": "var(--muted)", "size": 11},
    "xpad": 4,
}
#: Beyond this many columns a matrix's names no longer fit beside it.
_MOST_NAMES = 30


def pair_grids(pair: GridPair) -> tuple[Figure, Figure]:
    """Draw the shares of rows in each cell, real and synthetic on one colour scale."""
    known = [share for row in (*pair.real, *pair.synthetic) for share in row if share is not None]
    top = max(known, default=0) or 1
    return _grid(pair, pair.real, top), _grid(pair, pair.synthetic, top)


def pair_boxes(pair: BoxPair) -> Figure:
    """Draw the middle half of the numbers within each level, real beside synthetic."""
    n_levels = len(pair.categorical.labels)
    return figure(
        [
            _boxes(pair, "real", [boxes.real for boxes in pair.boxes], REAL),
            _boxes(pair, "synthetic", [boxes.synthetic for boxes in pair.boxes], SYNTHETIC),
            _box_words(pair),
        ],
        layout=layout(
            height=380,
            boxmode="group",
            boxgap=0.7 if n_levels < 4 else 0.4,
            boxgroupgap=0.2,
            hovermode="x",
            xaxis=_groups(pair.categorical),
            yaxis=axis(
                label(pair.numerical, 40), type="date" if pair.scale == "date" else "linear"
            ),
        ),
    )


def matrix(
    columns: Sequence[str], table: Sequence[Sequence[float | None]], *, reach: float = 1.0
) -> Figure:
    """Draw a square table of dependence; colours run from ``-reach`` to ``reach``."""
    names = [label(name, 16) for name in columns]
    places = list(range(len(names)))
    few = len(names) <= _MOST_NAMES
    ticks: dict[str, Any] = {
        "tickvals": places,
        "ticktext": names,
        "showticklabels": few,
        "showgrid": False,
    }
    if few:
        ticks["tickfont"] = {"color": "var(--muted)", "size": 11 if len(names) <= 18 else 9}
    return figure(
        [
            trace(
                "heatmap",
                x=places,
                y=places,
                z=[[None if value is None else round(value, 3) for value in row] for row in table],
                zmin=-reach,
                zmax=reach,
                colorscale=DIVERGING,
                colorbar=_COLOUR_BAR,
                xgap=1 if few else 0,
                ygap=1 if few else 0,
                hoverongaps=False,
                hovertemplate="%{y} and %{x}: %{z:.2f}<extra></extra>",
            )
        ],
        layout=layout(
            height=370,
            margin={"l": 8, "r": 8, "t": 12, "b": 8},
            xaxis=axis(**ticks, tickangle=-90, range=[-0.5, len(names) - 0.5]),
            yaxis=axis(**ticks, range=[len(names) - 0.5, -0.5]),
        ),
    )


def _grid(pair: GridPair, table: Sequence[Sequence[float | None]], top: float) -> Figure:
    covered = [[0 if share is None else None for share in row] for row in table]
    told = [[None if share is None else percent(share) for share in row] for row in table]
    return figure(
        [
            trace(
                "heatmap",
                z=covered,
                colorscale=[[0, "var(--hidden)"], [1, "var(--hidden)"]],
                showscale=False,
                xgap=2,
                ygap=2,
                hoverongaps=False,
                texttemplate=f"&lt; {MIN_CELL}",
                textfont={"color": "var(--muted)", "size": 11},
                hovertemplate=f"%{{y}}<br>%{{x}}<br>fewer than {MIN_CELL} patients<extra></extra>",
            ),
            trace(
                "heatmap",
                z=table,
                zmin=0,
                zmax=top,
                colorscale=SEQUENTIAL,
                colorbar={**_COLOUR_BAR, "tickformat": ".0%" if top > 0.05 else ".1%"},
                xgap=2,
                ygap=2,
                hoverongaps=False,
                text=told,
                hovertemplate="%{y}<br>%{x}<br>%{text} of rows<extra></extra>",
            ),
        ],
        layout=layout(
            height=380,
            margin={"l": 8, "r": 8, "t": 12, "b": 8},
            xaxis=_groups(pair.second),
            yaxis=_groups(pair.first),
        ),
    )


def _groups(groups: Axis) -> dict[str, Any]:
    labels = [label(name, 18) for name in groups.labels]
    return axis(
        label(groups.column, 40),
        tickvals=list(range(len(labels))),
        ticktext=labels,
        range=[-0.5, len(labels) - 0.5],
        showgrid=False,
    )


def _boxes(pair: BoxPair, name: str, boxes: Sequence[Box | None], colour: str) -> Trace:
    drawn = [(place, box) for place, box in enumerate(boxes) if box is not None]
    return trace(
        "box",
        name=name,
        x=[place for place, _ in drawn],
        q1=[_on_axis(pair, box.q25) for _, box in drawn],
        median=[_on_axis(pair, box.median) for _, box in drawn],
        q3=[_on_axis(pair, box.q75) for _, box in drawn],
        fillcolor=f"var(--{name}-pale)",
        line={"color": colour, "width": 2},
        whiskerwidth=0,
        hoverinfo="skip",  # it would call the quartiles minimum and maximum
    )


def _box_words(pair: BoxPair) -> Trace:
    """Return unseen points that say the numbers of both boxes of a level to the pointer."""

    def words(box: Box | None) -> str:
        if box is None:
            return f"fewer than {MIN_CELL} values"
        q25, median, q75 = (
            edge_text(value, scale=pair.scale) for value in (box.q25, box.median, box.q75)
        )
        return f"median {median}, middle half {q25} to {q75}"

    known = [
        (place, boxes, boxes.real or boxes.synthetic)
        for place, boxes in enumerate(pair.boxes)
        if boxes.real or boxes.synthetic
    ]
    return trace(
        "scatter",
        x=[place for place, _, _ in known],
        y=[_on_axis(pair, box.median) for _, _, box in known if box],
        mode="markers",
        marker={"color": REAL, "opacity": 0},
        showlegend=False,
        customdata=[[words(boxes.real), words(boxes.synthetic)] for _, boxes, _ in known],
        hovertemplate=("real: %{customdata[0]}<br>synthetic: %{customdata[1]}<extra></extra>"),
    )


def _on_axis(pair: BoxPair, value: float) -> float | str:
    return date_text(value) if pair.scale == "date" else value
