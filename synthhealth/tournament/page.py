"""The leaderboard as a page: recommendation, plot of fidelity against privacy, table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from synthhealth.evaluation.figures import State
from synthhealth.evaluation.privacy.results import Finding
from synthhealth.report.figures import label
from synthhealth.report.numbers import listed, score_text
from synthhealth.report.page import (
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
from synthhealth.tournament.results import Estimate, LeaderboardRow, Times, Tournament

__all__ = ["HEADS", "as_page", "cells", "furthest", "pareto"]

HEADS = (
    "model",
    "error",
    "behind the first",
    "columns",
    "relations",
    "membership",
    "utility",
    "seconds",
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
            lines=[(cells(row, tournament.times), tones[row.model]) for row in tournament.rows],
            furthest=[(row.model, furthest(row)) for row in tournament.rows],
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


class Cell(NamedTuple):
    """A figure, and its interval below it."""

    text: str
    note: str = ""
    tone: Tone | None = None

    @property
    def line(self) -> str:
        """Both in a line."""
        return f"{self.text} {self.note}".rstrip()


def cells(row: LeaderboardRow, times: Times) -> list[Cell]:
    """Return the cells of a family's line, under `HEADS`."""
    took = {one.model: f"{one.fit + one.sample:.1f}" for one in times.families}
    risk, nothing = row.risk, Cell("–")
    behind = "beyond chance" if row.is_behind else "within chance"
    return [
        Cell(f"{row.rank} {shown(row.model, 40)}"),
        _cell(row.error),
        nothing
        if row.behind is None
        else Cell(score_text(row.behind.value), behind, "below" if row.is_behind else "unknown"),
        _cell(row.margins),
        nothing if row.relations is None else _cell(row.relations),
        nothing
        if risk is None
        else Cell(
            f"{risk.auc.value:.2f}, {risk.finding}",
            f"{risk.auc.low:.2f} to {risk.auc.high:.2f}",
            _FOUND[risk.finding],
        ),
        nothing
        if row.utility is None or row.utility_state is None
        else _cell(row.utility, row.utility_state),
        Cell(took.get(row.model, "–")),
    ]


def _cell(one: Estimate, state: State | None = None) -> Cell:
    return Cell(
        score_text(one.value) + ("" if state is None else f", {state}"),
        f"{score_text(one.low)} to {score_text(one.high)}",
        None if state is None else TONES[state],
    )


def furthest(row: LeaderboardRow) -> list[str]:
    """Return what of a family is furthest off: relations, columns, and the outcome."""
    pairs = [f"{shown(one.first, 24)} with {shown(one.second, 24)}" for one in row.worst_pairs]
    return [
        listed(pairs, _NAMED) or "–",
        listed((shown(one, 24) for one in row.worst_columns), _NAMED) or "–",
        "–" if row.worst_outcome is None else shown(row.worst_outcome, 24),
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
