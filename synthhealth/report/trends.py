"""How the figures of the same columns move over several runs: as data, and as a page."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from markupsafe import Markup

from synthhealth.errors import ParameterError
from synthhealth.evaluation import Metric
from synthhealth.evaluation.figures import Family, State
from synthhealth.io.as_json import WritesJson
from synthhealth.report.compare import FigureInReport, Run, check_same_columns, figures_of
from synthhealth.report.data import Part, ReportData
from synthhealth.report.files import read_data, write
from synthhealth.report.metric_words import FAMILIES, words_of
from synthhealth.report.numbers import counted, listed
from synthhealth.report.page import environment, template_file, variables
from synthhealth.report.parts.privacy import PRIVACY_WORDS
from synthhealth.report.report import Report
from synthhealth.report.text import bullet_list, bullets, table
from synthhealth.report.theme import DARK, LIGHT, TONES, Tone
from synthhealth.report.words import shown

__all__ = ["Trend", "TrendLine", "TrendPoint", "trend"]


_NAMED = 6  # columns named in a sentence


class TrendPoint(Part):
    """A figure of one run, beside what a perfect generator gives at its sizes."""

    value: float
    """The figure."""
    low: float
    """Lower end of the perfect generator's 95 % interval."""
    high: float
    """Upper end of that interval."""
    state: State
    """Its state."""


class TrendLine(Part):
    """One figure over all runs."""

    name: str
    """Name of the figure."""
    family: Family
    """What it judges."""
    points: tuple[TrendPoint | None, ...]
    """One per run; None where it was not computed."""


class Trend(Part, WritesJson):
    """The figures over the whole table of several runs, in the order given.

    Examples
    --------
    >>> import synthhealth as sh
    >>> from synthhealth.report import trend
    >>> real = sh.datasets.load_ra_panel()
    >>> tables = [sh.datasets.load_ra_panel(random_state=seed) for seed in (1, 2)]
    >>> found = trend([sh.evaluate(real, table, parts=()) for table in tables])
    >>> len(found.runs), found.lines[0].name
    (2, 'ks_average')
    """

    format_version: Literal[1] = 1
    """Version of this format."""
    runs: tuple[Run, ...]
    """The runs."""
    lines: tuple[TrendLine, ...]
    """The figures, by what they judge."""
    poor_columns: tuple[tuple[str, ...], ...]
    """The columns that are worse in each run, the furthest from its noise floor first."""

    def summary(self) -> str:
        """Return the runs and their verdicts in plain words, as text for a terminal."""
        title = f"Trend over {counted(len(self.runs), 'run', 'runs')}"
        return "\n".join([title, "=" * len(title), "", *bullets(self._sentences(), 88)]) + "\n"

    def to_html(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the trend as one small page: a line per figure on its bands, and all numbers.

        Parameters
        ----------
        path : path-like
            The file; written whole or not at all.
        force : bool
            Replace the file if it exists.

        Raises
        ------
        FileError
            The file exists already, or cannot be written.
        """
        write(path, lambda: as_page(self), force=force)

    def to_markdown(
        self, path: str | os.PathLike[str] | None = None, *, force: bool = False
    ) -> str:
        """Return the trend as Markdown, and write it if a path is given.

        Parameters
        ----------
        path : path-like, optional
            The file; written whole or not at all.
        force : bool
            Replace the file if it exists.

        Raises
        ------
        FileError
            The file exists already, or cannot be written.
        """
        heads = ("figure", *(str(number) for number in range(1, len(self.runs) + 1)))
        blocks = [
            f"# Trend over {counted(len(self.runs), 'run', 'runs')}",
            bullet_list(self._sentences()),
            "## Figures",
            table(heads, [_row(line) for line in self.lines]),
        ]
        text = "\n\n".join(blocks) + "\n"
        if path is not None:
            write(path, lambda: text, force=force)
        return text

    def _sentences(self) -> list[str]:
        told = []
        for number, (run, poor) in enumerate(zip(self.runs, self.poor_columns, strict=True), 1):
            columns = counted(len(poor), "column worse", "columns worse")
            named = f" ({listed(map(shown, poor), _NAMED)})" if poor else ""
            told.append(f"Run {number}: {run.name}: {run.verdicts}, {columns}{named}.")
        return told


def trend(reports: Sequence[Report | str | os.PathLike[str]]) -> Trend:
    """Set the figures of several runs side by side.

    Parameters
    ----------
    reports : sequence of Report or path-like
        Reports of the same columns, or their ``report.json``, in the order of the runs; at least
        two.

    Returns
    -------
    Trend

    Raises
    ------
    ParameterError
        There are fewer than two reports, or they are of different columns.
    FileError
        A file cannot be read, or is not a report of this format.

    Examples
    --------
    >>> from synthhealth.report import trend
    >>> trend([])
    Traceback (most recent call last):
    ...
    synthhealth.errors.ParameterError: 0 reports show no trend; give at least two
    """
    if len(reports) < 2:
        given = counted(len(reports), "report shows", "reports show")
        raise ParameterError(f"{given} no trend; give at least two")
    read = [one.data if isinstance(one, Report) else read_data(one) for one in reports]
    check_same_columns(read)
    return Trend(
        runs=tuple(map(Run.of, read)),
        lines=_lines(read),
        poor_columns=tuple(data.evaluation.judgement.poor_columns for data in read),
    )


def _lines(read: Sequence[ReportData]) -> tuple[TrendLine, ...]:
    figures = [figures_of(data) for data in read]
    families = {name: metric.family for found in figures for name, (metric, _) in found.items()}
    places = {family: place for place, family in enumerate(FAMILIES)}
    return tuple(
        TrendLine(
            name=name,
            family=families[name],
            points=tuple(_point(found.get(name)) for found in figures),
        )
        for name in sorted(families, key=lambda name: places[families[name]])
    )


def _point(found: tuple[Metric, FigureInReport] | None) -> TrendPoint | None:
    if found is None:
        return None
    _, held = found
    return TrendPoint(
        value=held.value, low=held.perfect.low, high=held.perfect.high, state=held.state
    )


def _row(line: TrendLine) -> tuple[str, ...]:
    words = words_of(line.name)
    told = (
        "–" if one is None else f"{words.write(one.value)} ({one.state})" for one in line.points
    )
    return (words.title, *told)


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
            privacy_words=PRIVACY_WORDS,
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
            Dot(x, height(point.value), TONES[point.state])
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
    return f"{write(point.value)}, {point.state}, perfect generator {floor}"


def _cell(point: TrendPoint | None, write: Callable[[float], str]) -> tuple[str, Tone | None]:
    return ("–", None) if point is None else (write(point.value), TONES[point.state])
