"""The leaderboard as a page: recommendation, plot of fidelity against privacy, table."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from synthhealth.evaluation.privacy.results import Finding
from synthhealth.report.figures import label
from synthhealth.report.numbers import listed, score_text
from synthhealth.report.page import (
    Cell,
    environment,
    script_data,
    script_hash,
    template_file,
    variables,
)
from synthhealth.report.plotlyjs import plotlyjs
from synthhealth.report.theme import (
    DARK,
    LIGHT,
    REAL,
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
from synthhealth.report.words import shown
from synthhealth.tournament.results import LeaderboardRow, Times, Tournament

__all__ = ["HEADS", "as_page", "cells", "pareto"]

HEADS = (
    "",
    "model",
    "error",
    "behind the first",
    "columns",
    "relations",
    "membership",
    "utility",
    "seconds",
    "furthest off",
)
_FOUND: dict[Finding, Tone] = {"found": "below", "not found": "within", "cannot tell": "unknown"}
_NAMED = 3
#: Height of the plot, and of each line of its legend where the screen is narrow.
_HEIGHT, _LINE = 380, 24


def as_page(tournament: Tournament) -> str:
    """Return the whole page."""
    plotly, script = Markup(plotlyjs()), Markup(template_file("tournament.js"))
    tones = {row.model: _tone(row, tournament) for row in tournament.rows}
    content = {"palettes": {"light": LIGHT, "dark": DARK}, "figure": pareto(tournament)}
    return (
        environment()
        .get_template("tournament.html.j2")
        .render(
            tournament=tournament,
            heads=HEADS,
            lines=[
                (cells(row, tournament.times), tones[row.model], row.model)
                for row in tournament.rows
            ],
            told=_told(tournament),
            has_plot=any(row.risk is not None for row in tournament.rows),
            style=Markup(template_file("report.css")),
            light=variables(LIGHT),
            dark=variables(DARK),
            content=script_data(content),
            plotly=plotly,
            script=script,
            script_hashes=[script_hash(plotly), script_hash(script)],
        )
    )


def _tone(row: LeaderboardRow, tournament: Tournament) -> Tone:
    if row.model in tournament.candidates:
        return "within"
    return "below" if row.is_behind else "unknown"


def cells(row: LeaderboardRow, times: Times) -> list[Cell]:
    """Return the cells of a family's line, under `HEADS`."""
    took = {one.model: one.fit + one.sample for one in times.families}
    risk = row.risk
    pairs = [f"{shown(one.first, 24)} with {shown(one.second, 24)}" for one in row.worst_pairs]
    behind = Cell("–", None)
    if row.behind is not None:
        words = "beyond chance" if row.is_behind else "chance"
        behind = Cell(
            f"{row.behind.words}, {words}",
            row.behind.value,
            "below" if row.is_behind else "unknown",
        )
    return [
        Cell(f"{row.rank}", row.rank),
        Cell(shown(row.model, 40), row.model),
        Cell(row.error.words, row.error.value),
        behind,
        Cell(row.margins.words, row.margins.value),
        Cell("–", None)
        if row.relations is None
        else Cell(row.relations.words, row.relations.value),
        Cell("–", None)
        if risk is None
        else Cell(
            f"{risk.auc.value:.2f} ({risk.auc.low:.2f} to {risk.auc.high:.2f}), {risk.finding}",
            risk.auc.value,
            _FOUND[risk.finding],
        ),
        Cell("–", None)
        if row.utility is None or row.utility_state is None
        else Cell(
            f"{row.utility.words}, {row.utility_state}",
            row.utility.value,
            TONES[row.utility_state],
        ),
        Cell(f"{took[row.model]:.1f}" if row.model in took else "–", took.get(row.model)),
        Cell(listed([*pairs, *(shown(one, 24) for one in row.worst_columns)], _NAMED) or "–", None),
    ]


def pareto(tournament: Tournament) -> Figure:
    """Draw each family by its error and by the area of the strongest attack, with intervals.

    The nearer to the lower left the better; the line at the left is a perfect generator, that below
    an attacker who guesses.
    """
    rows = [row for row in tournament.rows if row.risk is not None]
    perfect = sum(row.perfect for row in rows) / max(len(rows), 1)
    return figure(
        [_point(row, tournament) for row in rows],
        layout=layout(
            height=_HEIGHT + _LINE * len(rows),
            shapes=[_line("x", perfect), _line("y", 0.5)],
            xaxis=axis("error: distance from patients not learned"),
            yaxis=axis("area under the curve of the attack"),
            legend={
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": -0.18,
                "yanchor": "top",
                "traceorder": "normal",
            },
        ),
    )


def _point(row: LeaderboardRow, tournament: Tournament) -> Trace:
    risk = row.risk
    assert risk is not None
    is_candidate = row.model in tournament.candidates
    colour = REAL if is_candidate else SYNTHETIC
    return trace(
        "scatter",
        name=f"{row.rank} {label(row.model)}",
        mode="markers+text",
        x=[row.error.value],
        y=[risk.auc.value],
        text=[f"<b>{row.rank}</b>"],
        textposition="top right",
        textfont={"color": "var(--ink)"},
        error_x=_bars(row.error.value, row.error.low, row.error.high, colour),
        error_y=_bars(risk.auc.value, risk.auc.low, risk.auc.high, colour),
        marker={
            "color": colour,
            "size": 11,
            "symbol": "circle" if is_candidate else "diamond",
        },
        hovertemplate=(
            f"{label(row.model)}<br>error {row.error.words}<br>{label(risk.name)} "
            f"{risk.auc.value:.2f} ({risk.auc.low:.2f} to {risk.auc.high:.2f})<extra></extra>"
        ),
    )


def _bars(value: float, low: float, high: float, colour: str) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value],
        "arrayminus": [value - low],
        "color": colour,
        "thickness": 1.2,
        "width": 4,
    }


def _line(along: str, at: float) -> dict[str, object]:
    across = "y" if along == "x" else "x"
    return {
        "type": "line",
        "layer": "below",
        f"{along}ref": along,
        f"{across}ref": "paper",
        f"{along}0": at,
        f"{along}1": at,
        f"{across}0": 0,
        f"{across}1": 1,
        "line": {"color": "var(--muted)", "width": 1.5, "dash": "dot"},
    }


def _told(tournament: Tournament) -> str:
    """Say what the plot shows, for those who cannot see it."""
    told: Sequence[str] = [
        f"{row.rank} {shown(row.model)}: error {score_text(row.error.value)}, area "
        f"{row.risk.auc.value:.2f}"
        for row in tournament.rows
        if row.risk is not None
    ]
    return f"Error against membership: {'; '.join(told)}"
