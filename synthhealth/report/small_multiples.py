"""Every column at a glance: one small drawing each, real against synthetic.

The same tiles are drawn twice: by plotly for the page and for print, and as plain SVG where no
script may run, as in a notebook that is not trusted.
"""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from synthhealth.report.data import CategoricalDistribution, NumericalDistribution, ReportData
from synthhealth.report.figures import MOST_LINES, label
from synthhealth.report.numbers import date_text, percent, score_text
from synthhealth.report.theme import (
    REAL,
    SIGNS,
    SYNTHETIC,
    TONES,
    Figure,
    Tone,
    Trace,
    axis,
    figure,
    layout,
    trace,
)
from synthhealth.report.words import ColumnScore, column_scores, shown

__all__ = ["Tile", "small_multiples", "svg_tile", "tiles"]

#: Levels that have a bar of their own, and as many of these are named below their bars.
_MOST_BARS, _MOST_NAMED = 8, 4
#: Pixels of a row of tiles: the drawing, the name above it, the ticks below it.
_DRAWN, _ABOVE, _BELOW = 76, 26, 24
#: Characters of all names side by side.
_NAMES_ACROSS = 120


class Bar(NamedTuple):
    """A bin of a numerical column, or a level of a categorical one."""

    start: float
    stop: float
    real: float  # of a bin the density, of a level the share
    synthetic: float
    name: str = ""


class Tile(NamedTuple):
    """What the small drawing of one column shows."""

    column: str
    tone: Tone | None
    told: str  # for those who cannot see it
    bars: tuple[Bar, ...]
    view: tuple[float, float]
    is_number: bool
    is_date: bool = False

    @property
    def top(self) -> float:
        """The highest bar within the view."""
        low, high = self.view
        seen = [bar for bar in self.bars if bar.stop > low and bar.start < high]
        return max(max(bar.real, bar.synthetic) for bar in seen) or 1.0

    @property
    def mark(self) -> str:
        """The sign before the name of a column that is to be looked at; else nothing."""
        return f"{SIGNS[self.tone]} " if self.tone in ("below", "above") else ""


def tiles(data: ReportData, names: Collection[str] | None = None) -> list[Tile]:
    """Return a tile of each column that can be shown, in the table's order.

    Parameters
    ----------
    data : ReportData
        The report.
    names : collection of str, optional
        Only these columns. By default all; of more than 40 those with the lowest scores.
    """
    scores = {score.column: score for score in column_scores(data.evaluation)}
    shapes: dict[str, NumericalDistribution | CategoricalDistribution] = {
        **{shape.column: shape for shape in data.numerical},
        **{shape.column: shape for shape in data.categorical},
    }
    if names is None:
        known = [scores[name].score if name in scores else 1.0 for name in shapes]
        ranked = sorted(zip(known, shapes, strict=True))
        names = {name for _, name in ranked[:MOST_LINES]}
    return [
        _tile(shapes[column.name], scores.get(column.name))
        for column in data.columns
        if column.name in shapes and column.name in names
    ]


def small_multiples(
    data: ReportData, names: Collection[str] | None = None, *, across: int | None = None
) -> Figure:
    """Draw every column, real against synthetic: numbers as densities, levels as paired bars.

    Parameters
    ----------
    data : ReportData
        The report.
    names : collection of str, optional
        Only these columns; see `tiles`.
    across : int, optional
        Drawings side by side; by default as many as a page of 1,000 pixels has room for. On a
        telephone 2 can be read.
    """
    drawn = tiles(data, names)
    across = min(_across(len(drawn)) if across is None else across, len(drawn))
    n_rows = math.ceil(len(drawn) / across)
    pitch = _ABOVE + _DRAWN + _BELOW
    height = n_rows * pitch
    gap = 0.16 / across
    traces: list[Trace] = []
    axes: dict[str, Any] = {}
    titles: list[dict[str, Any]] = []
    for place, tile in enumerate(drawn):
        row, column = divmod(place, across)
        number = "" if place == 0 else str(place + 1)
        width = (1 + gap) / across
        left = column * width
        top = 1 - (row * pitch + _ABOVE) / height
        traces += [
            {**one, "xaxis": f"x{number}", "yaxis": f"y{number}", "showlegend": place == 0}
            for one in (_steps(tile) if tile.is_number else _pairs(tile))
        ]
        axes[f"xaxis{number}"] = _along(tile, across) | {
            "domain": _within(left, left + width - gap),
            "anchor": f"y{number}",
        }
        axes[f"yaxis{number}"] = axis(
            domain=_within(top - _DRAWN / height, top),
            anchor=f"x{number}",
            range=[0, 1.06 * tile.top],
            showticklabels=False,
            showgrid=False,
            automargin=False,
        )
        titles.append(_title(tile, left, top, _NAMES_ACROSS // across))
    return figure(
        traces,
        layout=layout(
            height=height + 34,
            margin={"l": 4, "r": 4, "t": 30, "b": 4},
            barmode="group",
            bargap=0.3,
            bargroupgap=0.05,
            annotations=titles,
            **axes,
        )
        | {
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1.0,
                "yanchor": "bottom",
                "itemclick": False,
                "itemdoubleclick": False,
            }
        },
    )


def svg_tile(tile: Tile) -> str:
    """Draw a tile as SVG that fills the box around it; its colours are the variables of a page."""
    wide, tall = 160.0, 64.0
    low, high = tile.view

    def right(value: float) -> float:
        return round(wide * (min(max(value, low), high) - low) / (high - low), 1)

    def down(value: float) -> float:
        return round(tall * (1 - min(value / (1.06 * tile.top), 1.0)), 1)

    if tile.is_number:
        outlines = []
        for side in (0, 1):
            points = [f"M{right(tile.bars[0].start)} {tall:g}"]
            for bar in tile.bars:
                if bar.stop > low and bar.start < high:
                    at = down((bar.real, bar.synthetic)[side])
                    points.append(f"L{right(bar.start)} {at}L{right(bar.stop)} {at}")
            points.append(f"L{right(tile.bars[-1].stop)} {tall:g}")
            outlines.append("".join(points))
        marks = (
            f'<path d="{outlines[0]}Z" fill="{REAL}" fill-opacity=".35"/>'
            f'<path d="{outlines[1]}" fill="none" stroke="{SYNTHETIC}" stroke-width="2" '
            'vector-effect="non-scaling-stroke"/>'
        )
    else:
        boxes = []
        for bar in tile.bars:
            left, middle, end = (
                right(bar.start + share * (bar.stop - bar.start)) for share in (0.14, 0.5, 0.86)
            )
            for start, stop, share, colour in (
                (left, middle, bar.real, f'fill="{REAL}" fill-opacity=".75"'),
                (middle, end, bar.synthetic, f'fill="{SYNTHETIC}"'),
            ):
                boxes.append(
                    f'<rect x="{start}" y="{down(share)}" width="{stop - start:.1f}" '
                    f'height="{tall - down(share):.1f}" {colour}/>'
                )
        marks = "".join(boxes)
    told = html.escape(tile.told)
    return (
        f'<svg viewBox="0 0 {wide:g} {tall:g}" preserveAspectRatio="none" role="img" '
        f'aria-label="{told}"><title>{told}</title>{marks}</svg>'
    )


def _tile(
    shape: NumericalDistribution | CategoricalDistribution, score: ColumnScore | None
) -> Tile:
    name = shown(shape.column)
    tone = None if score is None else TONES[score.state]
    scored = "" if score is None else f", {score.state}: score {score_text(score.score)}"
    if isinstance(shape, NumericalDistribution):
        ends = zip(shape.edges, shape.edges[1:], shape.real, shape.synthetic, strict=False)
        bars = tuple(
            Bar(start, stop, real / (stop - start), synthetic / (stop - start))
            for start, stop, real, synthetic in ends
        )
        told = f"{name}{scored}"
        return Tile(shape.column, tone, told, bars, shape.view, True, shape.scale == "date")
    levels = [
        (name, one.real_share, one.synthetic_share)
        for name, one in zip(shape.names, shape.levels, strict=True)
    ]
    if shape.other is not None:
        levels.append(("other", shape.other.real_share, shape.other.synthetic_share))
    if len(levels) > _MOST_BARS:
        rest = levels[_MOST_BARS - 1 :]
        levels[_MOST_BARS - 1 :] = [
            (f"{len(rest)} others", sum(one[1] for one in rest), sum(one[2] for one in rest))
        ]
    shares = "; ".join(
        f"{shown(level, 20)} {percent(min(real, 1.0))} real, {percent(min(drawn, 1.0))} synthetic"
        for level, real, drawn in levels[:_MOST_NAMED]
    )
    return Tile(
        shape.column,
        tone,
        f"{name}{scored}; {shares}",
        tuple(
            Bar(place - 0.5, place + 0.5, real, drawn, level)
            for place, (level, real, drawn) in enumerate(levels)
        ),
        (-0.5, len(levels) - 0.5),
        False,
    )


def _steps(tile: Tile) -> list[Trace]:
    """Return the densities: the real one as an area, the synthetic one as a line over it."""
    edges = [tile.bars[0].start, *(bar.start for bar in tile.bars), tile.bars[-1].stop]
    x = [date_text(edge) for edge in edges] if tile.is_date else edges
    common: dict[str, Any] = {"x": x, "mode": "lines", "hoverinfo": "skip"}
    return [
        trace(
            "scatter",
            name="real",
            y=_heights([bar.real for bar in tile.bars]),
            line={"color": REAL, "width": 1, "shape": "hv"},
            fill="tozeroy",
            fillcolor="var(--real-pale)",
            **common,
        ),
        trace(
            "scatter",
            name="synthetic",
            y=_heights([bar.synthetic for bar in tile.bars]),
            line={"color": SYNTHETIC, "width": 2, "shape": "hv"},
            **common,
        ),
    ]


def _heights(densities: Sequence[float]) -> list[float]:
    return [float(f"{height:.4g}") for height in (0.0, *densities, 0.0)]


def _pairs(tile: Tile) -> list[Trace]:
    places = list(range(len(tile.bars)))
    told = [
        [label(bar.name, 30), percent(min(bar.real, 1.0)), percent(min(bar.synthetic, 1.0))]
        for bar in tile.bars
    ]
    hover = "%{customdata[0]}<br>real %{customdata[1]}<br>synthetic %{customdata[2]}"
    common: dict[str, Any] = {
        "x": places,
        "customdata": told,
        "hovertemplate": f"{hover}<extra></extra>",
    }
    return [
        trace(
            "bar",
            name="real",
            y=[round(bar.real, 4) for bar in tile.bars],
            marker={"color": REAL, "opacity": 0.75},
            **common,
        ),
        trace(
            "bar",
            name="synthetic",
            y=[round(bar.synthetic, 4) for bar in tile.bars],
            marker={"color": SYNTHETIC},
            **common,
        ),
    ]


def _along(tile: Tile, across: int) -> dict[str, Any]:
    """Return the axis below a tile: a few numbers, or the levels where these are few."""
    plain = axis(
        automargin=False,
        showgrid=False,
        showline=True,
        linecolor="var(--line)",
        tickfont={"color": "var(--muted)", "size": 10},
        ticklabelstandoff=2,
    )
    if tile.is_number:
        ends = [date_text(end) for end in tile.view] if tile.is_date else list(tile.view)
        kind = "date" if tile.is_date else "linear"
        return plain | {"type": kind, "range": ends, "nticks": 3 if tile.is_date else 4}
    named = len(tile.bars) <= _MOST_NAMED
    room = max(_NAMES_ACROSS // across // len(tile.bars), 4)
    return plain | {
        "range": list(tile.view),
        "tickangle": 0,
        "tickvals": list(range(len(tile.bars))) if named else [],
        "ticktext": [label(bar.name, room) for bar in tile.bars] if named else [],
    }


def _title(tile: Tile, left: float, top: float, room: int) -> dict[str, Any]:
    name = label(tile.column, max(room - len(tile.mark), 8))
    return {
        "text": f"{tile.mark}{name}",
        "showarrow": False,
        "x": left,
        "y": top,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "align": "left",
        "font": {"size": 12, "color": f"var(--{tile.tone})" if tile.mark else "var(--ink)"},
    }


def _across(n: int) -> int:
    return n if n <= 6 else 4 if n <= 8 else 5 if n <= 10 else 6 if n <= 24 else 8


def _within(low: float, high: float) -> list[float]:
    """Return ends of a domain, which rounding must not take beyond the figure."""
    return [round(max(low, 0.0), 5), round(min(high, 1.0), 5)]
