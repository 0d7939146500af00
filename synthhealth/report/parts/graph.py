"""Which columns a model draws given which others, as a drawing and a table."""

from __future__ import annotations

from collections.abc import Sequence

from synthhealth.report.data import GivenColumn
from synthhealth.report.figures import label
from synthhealth.report.numbers import listed
from synthhealth.report.sections import Drawing, Entry, Section, Sheet
from synthhealth.report.theme import Figure, axis, figure, layout, trace
from synthhealth.report.words import shown

__all__ = ["graph_section"]

#: Pixels between two rows of the drawing.
_STEP = 74
#: Columns with more than these are told in the table alone: lines would cover them.
_MOST_DRAWN = 40
_MOST_ACROSS = 7


def graph_section(graph: Sequence[GivenColumn]) -> Section | None:
    """Return the graph of a model that has one: each column below those that it is given."""
    if not graph:
        return None
    sheet = Sheet(
        "graph-columns",
        "Columns and what they are given",
        ("column", "is drawn given", "how much likelier it makes a patient"),
        [
            [
                Entry(shown(one.column)),
                Entry(listed(map(shown, one.parents), len(one.parents)) or "nothing"),
                Entry(f"{one.gain:.2g}" if one.parents else "–"),
            ]
            for one in graph
        ],
        "In natural logarithms, for each patient; where the graph was found in the table, after a "
        "penalty for the number of parameters.",
    )
    drawings = (_drawing(graph),) if len(graph) <= _MOST_DRAWN else ()
    hint = (
        "The model draws one column after the other, each given those that an arrow comes from. "
        "Where the graph was found in the table, it says nothing of cause and effect."
    )
    return Section("graph", "The model's graph", hint, [sheet], drawings)


def _drawing(graph: Sequence[GivenColumn]) -> Drawing:
    told = "; ".join(
        f"{shown(one.column)} given {listed(map(shown, one.parents), len(one.parents))}"
        for one in graph
        if one.parents
    )
    return Drawing(
        "graph-drawing",
        "Which columns are drawn given which others",
        _figure(graph),
        f"Graph of {len(graph)} columns: {told or 'none is given another'}.",
        "The wider an arrow, the more a column says of the one that it points to.",
    )


def _places(graph: Sequence[GivenColumn]) -> dict[str, tuple[float, int]]:
    """Put each column into the row below its lowest parent, rows being cut where they are full."""
    depth: dict[str, int] = {}
    for one in graph:
        depth[one.column] = max((depth[parent] + 1 for parent in one.parents), default=0)
    places: dict[str, tuple[float, int]] = {}
    row = 0
    for level in range(max(depth.values()) + 1):
        members = [one for one in graph if depth[one.column] == level]
        # Near their parents, so that few arrows cross.
        members.sort(
            key=lambda one: (
                sum(places[parent][0] for parent in one.parents) / max(len(one.parents), 1)
            )
        )
        for start in range(0, len(members), _MOST_ACROSS):
            part = members[start : start + _MOST_ACROSS]
            for place, one in enumerate(part):
                places[one.column] = ((place + 0.5) / len(part), row)
            row += 1
    return places


def _figure(graph: Sequence[GivenColumn]) -> Figure:
    places = _places(graph)
    most = max((one.gain for one in graph), default=0.0) or 1.0
    arrows = [
        {
            "x": places[one.column][0],
            "y": places[one.column][1],
            "ax": places[parent][0],
            "ay": places[parent][1],
            "axref": "x",
            "ayref": "y",
            "showarrow": True,
            "arrowhead": 2,
            "arrowwidth": round(1 + 2 * max(one.gain, 0.0) / most, 2),
            "arrowcolor": "var(--muted)",
            "standoff": 14,
            "startstandoff": 12,
            "text": "",
        }
        for one in graph
        for parent in one.parents
    ]
    rows = 1 + max(row for _, row in places.values())
    names = trace(
        "scatter",
        mode="markers+text",
        x=[places[one.column][0] for one in graph],
        y=[places[one.column][1] for one in graph],
        text=[label(one.column, 18) for one in graph],
        textposition="middle right",
        textfont={"color": "var(--ink)", "size": 12},
        marker={"size": 10, "color": "var(--synthetic)"},
        hoverinfo="skip",
        cliponaxis=False,
        showlegend=False,
    )
    return figure(
        [names],
        layout=layout(
            height=60 + _STEP * rows,
            xaxis=axis(range=[0.0, 1.15], visible=False),
            yaxis=axis(range=[rows - 0.6, -0.6], visible=False),
            annotations=arrows,
        ),
    )
