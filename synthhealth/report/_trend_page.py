"""The page of a trend: lines on bands as drawings in the page, without a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from markupsafe import Markup

from synthhealth.report._metric_words import words_of
from synthhealth.report._templates import environment, template_file, variables
from synthhealth.report._theme import DARK, LIGHT
from synthhealth.report._trend import Trend, TrendLine, TrendPoint
from synthhealth.report._verdicts import TONES, Tone

_WIDTH, _HEIGHT = 360, 150  # of a drawing, in its own units
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 12, 26
_MOST_NUMBERS = 12  # runs numbered below a drawing


class Dot(NamedTuple):
    """A run's figure in a drawing."""

    x: float
    y: float
    tone: Tone


class Drawing(NamedTuple):
    """One figure over all runs."""

    title: str
    meaning: str
    told: str
    bands: list[str]  # corners of the noise floors
    lines: list[str]  # stretches of runs in which the figure is known
    dots: list[Dot]
    levels: list[tuple[float, str]]  # heights with their numbers
    numbers: list[tuple[float, str]]  # places of the runs with their numbers
    cells: list[tuple[str, Tone | None]]


def as_page(trend: Trend) -> str:
    """Return the whole page."""
    return (
        environment()
        .get_template("trend.html.j2")
        .render(
            trend=trend,
            tones=TONES,
            drawings=[_drawing(line) for line in trend.lines],
            width=_WIDTH,
            height=_HEIGHT,
            left=_LEFT,
            style=Markup(template_file("report.css")),
            light=variables(LIGHT),
            dark=variables(DARK),
        )
    )


def _drawing(line: TrendLine) -> Drawing:
    words = words_of(line.name)
    known = [point for point in line.points if point is not None]
    ends = [end for point in known for end in (point.value, point.low, point.high)]
    low, high = min(ends), max(ends)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5

    def height(value: float) -> float:
        return round(_HEIGHT - _BOTTOM - (value - low) / (high - low) * _inner(), 1)

    places = _places(len(line.points))
    stretches = _stretches(line, places)
    step = -(-len(places) // _MOST_NUMBERS)
    return Drawing(
        title=words.title,
        meaning=words.meaning,
        told=f"{words.title} by run: "
        + "; ".join(
            f"run {number} {_told(point, words.write)}"
            for number, point in enumerate(line.points, start=1)
        ),
        bands=[_band(stretch, height) for stretch in stretches],
        lines=[
            " ".join(f"{x},{height(point.value)}" for x, point in stretch) for stretch in stretches
        ],
        dots=[
            Dot(x, height(point.value), TONES[point.verdict])
            for stretch in stretches
            for x, point in stretch
        ],
        levels=[(height(end), words.write(end)) for end in (low, high)],
        numbers=[(x, str(n)) for n, x in enumerate(places, start=1) if (n - 1) % step == 0],
        cells=[_cell(point, words.write) for point in line.points],
    )


def _inner() -> int:
    return _HEIGHT - _TOP - _BOTTOM


def _places(n: int) -> list[float]:
    room = _WIDTH - _LEFT - _RIGHT
    return [round(_LEFT + room * (place + 0.5) / n, 1) for place in range(n)]


def _stretches(line: TrendLine, places: list[float]) -> list[list[tuple[float, TrendPoint]]]:
    found: list[list[tuple[float, TrendPoint]]] = [[]]
    for x, point in zip(places, line.points, strict=True):
        if point is not None:
            found[-1].append((x, point))
        elif found[-1]:
            found.append([])
    return [stretch for stretch in found if stretch]


def _band(stretch: list[tuple[float, TrendPoint]], height: Callable[[float], float]) -> str:
    # As wide as a dot at least: a single run has a band, too.
    first, last = stretch[0], stretch[-1]
    widened = [(first[0] - 7, first[1]), *stretch, (last[0] + 7, last[1])]
    upper = [f"{x},{height(point.high)}" for x, point in widened]
    lower = [f"{x},{height(point.low)}" for x, point in reversed(widened)]
    return " ".join(upper + lower)


def _told(point: TrendPoint | None, write: Callable[[float], str]) -> str:
    if point is None:
        return "not computed"
    floor = f"{write(point.low)} to {write(point.high)}"
    return f"{write(point.value)}, {point.verdict}, perfect generator {floor}"


def _cell(point: TrendPoint | None, write: Callable[[float], str]) -> tuple[str, Tone | None]:
    return ("–", None) if point is None else (write(point.value), TONES[point.verdict])
