"""Parts of the report's data -> plotly figures. Nothing here sees a table."""

from __future__ import annotations

import html
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from synthhealth.evaluation import Evaluation
from synthhealth.evaluation.coverage import NumericalCoverage
from synthhealth.evaluation.figures import State
from synthhealth.report.data import (
    CategoricalDistribution,
    Missingness,
    NumericalDistribution,
)
from synthhealth.report.numbers import band_labels, date_text, percent, score_text, unit_text
from synthhealth.report.theme import (
    MARK,
    REAL,
    STATE_WORDS,
    SYNTHETIC,
    TONES,
    Figure,
    Trace,
    axis,
    figure,
    layout,
    trace,
)
from synthhealth.report.words import ColumnScore, column_scores, floor_text, shown
from synthhealth.schema import ReferenceRange

#: Columns drawn in figures with one line per column.
MOST_LINES = 40

_DAY = 86_400_000  # milliseconds, plotly's unit of dates


def label(name: str, limit: int = 24) -> str:
    """Return a name as plotly text: short, and neither markup nor a template of plotly's."""
    return html.escape(shown(name, limit), quote=False).replace("%{", "%&#123;")


def zero_line() -> dict[str, Any]:
    """Return the dotted line at 0 of a figure of differences."""
    return {
        "type": "line",
        "layer": "below",
        "xref": "x",
        "yref": "paper",
        "x0": 0,
        "x1": 0,
        "y0": 0,
        "y1": 1,
        "line": {"color": "var(--muted)", "width": 1.5, "dash": "dot"},
    }


def overview(evaluation: Evaluation) -> Figure:
    """Draw each column's score as a dot on its noise-floor band, the lowest first."""
    columns = sorted(column_scores(evaluation), key=lambda column: column.score)[:MOST_LINES]
    places = {column.column: place for place, column in enumerate(columns)}
    floors = trace(
        "bar",
        name="noise floor (95 % of real samples)",
        orientation="h",
        y=list(places.values()),
        base=[column.floor.low for column in columns],
        x=[column.floor.high - column.floor.low for column in columns],
        width=0.62,
        marker={"color": "var(--band)", "line": {"width": 0}},
        hoverinfo="skip",
    )
    dots = [
        _dots(members, places, state)
        for state in STATE_WORDS
        if (members := [column for column in columns if column.state == state])
    ]
    lowest = min(min(column.score, column.floor.low) for column in columns)
    return figure(
        [floors, *dots],
        layout=layout(
            height=110 + 24 * len(columns),
            xaxis=axis("score (1 = identical)", range=[lowest - 0.03, 1.012]),
            yaxis=_names(list(places)),
        ),
    )


def histogram(
    distribution: NumericalDistribution,
    references: Sequence[ReferenceRange] = (),
    limits: Sequence[float] = (),
) -> Figure:
    """Draw the real values as filled bins and the synthetic ones as an outline over them.

    Reference ranges are shaded and detection limits dotted, as far as they are in view.
    """
    edges = distribution.edges
    widths = [stop - start for start, stop in pairwise(edges)]
    real = [share / width for share, width in zip(distribution.real, widths, strict=True)]
    synthetic = [share / width for share, width in zip(distribution.synthetic, widths, strict=True)]
    bands = band_labels(edges, scale=distribution.scale, whole=distribution.whole)
    unit = f" {label(unit_text(distribution.unit), 16)}" if distribution.unit else ""
    told = [
        [f"{band}{unit}", percent(real_share), percent(synthetic_share)]
        for band, real_share, synthetic_share in zip(
            bands, distribution.real, distribution.synthetic, strict=True
        )
    ]
    is_date = distribution.scale == "date"
    return figure(
        [
            trace(
                "bar",
                name="real",
                x=_on_axis(
                    [start + width / 2 for start, width in zip(edges, widths, strict=False)],
                    is_date=is_date,
                ),
                y=_significant(real),
                width=[width * _DAY for width in widths] if is_date else widths,
                marker={"color": REAL, "opacity": 0.42, "line": {"width": 0}},
                customdata=told,
                hovertemplate=(
                    "%{customdata[0]}<br>real %{customdata[1]}<br>synthetic %{customdata[2]}"
                    "<extra></extra>"
                ),
            ),
            trace(
                "scatter",
                name="synthetic",
                x=_on_axis([edges[0], *edges], is_date=is_date),
                y=_significant([0.0, *synthetic, 0.0]),
                mode="lines",
                line={"color": SYNTHETIC, "width": 2.5, "shape": "hv"},
                hoverinfo="skip",
            ),
        ],
        layout=layout(
            height=320,
            bargap=0,
            shapes=[*_shades(distribution, references), *_dotted(distribution, limits)],
            xaxis=_value_axis(distribution, showgrid=False),
            yaxis=axis("density", showticklabels=False, rangemode="tozero"),
        ),
    )


def distribution_functions(distribution: NumericalDistribution, ks_statistic: float) -> Figure:
    """Draw the share of values below each point, with the largest gap (the KS distance) marked."""
    is_date = distribution.scale == "date"
    points = _on_axis(distribution.grid, is_date=is_date)
    gap = distribution.grid.index(distribution.gap_at)
    ends = sorted([distribution.real_below[gap], distribution.synthetic_below[gap]])
    return figure(
        [
            _share_below("real", points, distribution.real_below, REAL, "solid"),
            _share_below("synthetic", points, distribution.synthetic_below, SYNTHETIC, "dash"),
            trace(
                "scatter",
                name=f"largest gap, D = {score_text(ks_statistic)}",
                x=[points[gap], points[gap]],
                y=ends,
                mode="lines+markers",
                line={"color": "var(--ink)", "width": 2},
                marker={
                    "symbol": "line-ew",
                    "size": 11,
                    "line": {"color": "var(--ink)", "width": 2},
                },
                hoverinfo="skip",
            ),
        ],
        layout=layout(
            height=320,
            xaxis=_value_axis(distribution),
            yaxis=axis("share of values below", range=[-0.02, 1.02], tickformat=".0%"),
        ),
    )


def quantiles(coverage: NumericalCoverage, unit: str | None) -> Figure:
    """Draw the synthetic quantiles against the real ones, on what other patients would give."""
    points = coverage.quantiles
    real = [point.real for point in points]
    ends = [min(real), max(real)]
    unit = f" ({label(unit_text(unit), 16)})" if unit else ""
    return figure(
        [
            trace(
                "scatter",
                name="other real patients (95 %)",
                x=[*real, *reversed(real)],
                y=_significant([*(one.low for one in points), *(one.high for one in points[::-1])]),
                mode="lines",
                line={"width": 0},
                fill="toself",
                fillcolor="var(--band)",
                hoverinfo="skip",
            ),
            trace(
                "scatter",
                name="equal",
                x=ends,
                y=ends,
                mode="lines",
                line={"color": "var(--muted)", "width": 1, "dash": "dot"},
                hoverinfo="skip",
            ),
            trace(
                "scatter",
                name="quantiles",
                x=real,
                y=_significant([point.synthetic for point in points]),
                mode="markers",
                marker={"size": 8, "color": SYNTHETIC},
                customdata=[percent(point.probability) for point in points],
                hovertemplate="%{customdata} of the values lie below<br>real %{x:.4g}<br>"
                "synthetic %{y:.4g}<extra></extra>",
            ),
        ],
        layout=layout(
            height=320,
            xaxis=axis(f"real quantile{unit}"),
            yaxis=axis(f"synthetic quantile{unit}"),
        ),
    )


def categories(distribution: CategoricalDistribution) -> Figure:
    """Draw how often each level occurs, real beside synthetic."""
    names = [label(name, 22) for name in distribution.names]
    levels = list(distribution.levels)
    if distribution.other is not None:
        names.append("other")
        levels.append(distribution.other)
    widest = max(max(level.real_share, level.synthetic_share) for level in levels)
    return figure(
        [
            _share_bars("real", [level.real_share for level in levels], REAL, opacity=0.75),
            _share_bars("synthetic", [level.synthetic_share for level in levels], SYNTHETIC),
        ],
        layout=layout(
            height=84 + (46 if len(levels) < 10 else 34) * len(levels),
            barmode="group",
            bargap=0.28,
            bargroupgap=0.06,
            xaxis=axis("share of known values", tickformat=".0%", range=[0, 1.18 * widest]),
            yaxis=_ticks(names),
        ),
    )


def missing_values(missingness: Sequence[Missingness]) -> Figure:
    """Draw how often values are missing, for the columns with the largest differences."""
    columns = columns_with_gaps(missingness)
    widest = max(max(column.real, column.synthetic) for column in columns)
    return figure(
        [
            _share_bars("real", [column.real for column in columns], REAL, opacity=0.75),
            _share_bars("synthetic", [column.synthetic for column in columns], SYNTHETIC),
        ],
        layout=layout(
            height=84 + (46 if len(columns) < 10 else 34) * len(columns),
            barmode="group",
            bargap=0.28,
            bargroupgap=0.06,
            xaxis=axis("share of rows missing", tickformat=".0%", range=[0, 1.18 * widest]),
            yaxis=_names([column.column for column in columns]),
        ),
    )


def columns_with_gaps(missingness: Sequence[Missingness]) -> list[Missingness]:
    """Return the columns with missing values, those that differ most first."""
    gaps = [column for column in missingness if column.real > 0 or column.synthetic > 0]
    return sorted(gaps, key=lambda column: -abs(column.real - column.synthetic))[:MOST_LINES]


def _shades(
    distribution: NumericalDistribution, references: Sequence[ReferenceRange]
) -> list[dict[str, Any]]:
    low, high = distribution.view
    ranges = dict.fromkeys(
        (
            low if range_.low is None else max(range_.low, low),
            high if range_.high is None else min(range_.high, high),
        )
        for range_ in references
    )
    return [
        {
            "type": "rect",
            "layer": "below",
            "xref": "x",
            "yref": "paper",
            "x0": start,
            "x1": stop,
            "y0": 0,
            "y1": 1,
            "fillcolor": "var(--reference)",
            "opacity": 0.55 if len(ranges) == 1 else 0.35,
            "line": {"width": 0},
        }
        for start, stop in ranges
        if start < stop
    ]


def _dotted(distribution: NumericalDistribution, limits: Sequence[float]) -> list[dict[str, Any]]:
    low, high = distribution.view
    return [
        {
            "type": "line",
            "xref": "x",
            "yref": "paper",
            "x0": limit,
            "x1": limit,
            "y0": 0,
            "y1": 1,
            "line": {"color": "var(--muted)", "width": 1.5, "dash": "dot"},
        }
        for limit in limits
        if low <= limit <= high
    ]


def _dots(columns: Sequence[ColumnScore], places: dict[str, int], state: State) -> Trace:
    tone = TONES[state]
    return trace(
        "scatter",
        name=state,
        x=[round(column.score, 4) for column in columns],
        y=[places[column.column] for column in columns],
        mode="markers",
        marker={"symbol": MARK[tone], "size": 11, "color": f"var(--{tone})"},
        customdata=[
            [label(column.column, 40), score_text(column.score), floor_text(column.floor)]
            for column in columns
        ],
        hovertemplate=(
            "%{customdata[0]}<br>score %{customdata[1]}<br>noise floor %{customdata[2]}"
            "<extra></extra>"
        ),
    )


def _share_below(
    name: str, points: Sequence[Any], below: Sequence[float], colour: str, dash: str
) -> Trace:
    return trace(
        "scatter",
        name=name,
        x=points,
        y=below,
        mode="lines",
        line={"color": colour, "width": 2.5, "dash": dash},
        hovertemplate=f"{name}: %{{y:.0%}} below %{{x}}<extra></extra>",
    )


def _share_bars(name: str, shares: Sequence[float], colour: str, *, opacity: float = 1.0) -> Trace:
    return trace(
        "bar",
        name=name,
        orientation="h",
        x=[round(share, 5) for share in shares],
        y=list(range(len(shares))),
        text=[percent(share) for share in shares],
        textposition="outside",
        textangle=0,
        cliponaxis=False,
        textfont={"color": "var(--muted)", "size": 11},
        marker={"color": colour, "opacity": opacity},
        hoverinfo="skip",
    )


def _names(names: Sequence[str]) -> dict[str, Any]:
    return _ticks([label(name) for name in names])


def _ticks(labels: Sequence[str]) -> dict[str, Any]:
    """Return a vertical axis with one line per label, from above to below."""
    return axis(
        tickvals=list(range(len(labels))),
        ticktext=list(labels),
        range=[len(labels) - 0.5, -0.5],
        ticksuffix=" ",
        showgrid=False,
    )


def _value_axis(distribution: NumericalDistribution, **more: Any) -> dict[str, Any]:
    is_date = distribution.scale == "date"
    title = label(distribution.column, 40)
    if distribution.unit:
        title += f" ({label(unit_text(distribution.unit), 16)})"
    return axis(
        title,
        type="date" if is_date else "linear",
        range=_on_axis(distribution.view, is_date=is_date),
        **more,
    )


def _on_axis(values: Sequence[float], *, is_date: bool) -> list[Any]:
    return [date_text(value) for value in values] if is_date else list(values)


def _significant(values: Sequence[float]) -> list[float]:
    return [float(f"{value:.5g}") for value in values]
