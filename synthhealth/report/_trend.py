"""How the figures of the same columns move over several runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

from synthhealth.errors import ParameterError
from synthhealth.evaluation import Metric
from synthhealth.evaluation.results import Family, Verdict
from synthhealth.report._clinical_data import Part
from synthhealth.report._data import ReportData
from synthhealth.report._files import read_data, write
from synthhealth.report._markdown import bullet_list, bullets, table
from synthhealth.report._metric_words import FAMILIES, words_of
from synthhealth.report._numbers import counted, listed
from synthhealth.report._report import Report
from synthhealth.report._runs import Held, Run, check_same_columns, figures_of
from synthhealth.report._words import shown

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
    verdict: Verdict
    """The verdict on it."""


class TrendLine(Part):
    """One figure over all runs."""

    name: str
    """Name of the figure."""
    family: Family
    """What it judges."""
    points: tuple[TrendPoint | None, ...]
    """One per run; None where it was not computed."""


class Trend(Part):
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
    """The columns that are poor in each run, the furthest from its noise floor first."""

    def summary(self) -> str:
        """Return the runs and their verdicts in plain words, as text for a terminal."""
        title = f"Trend over {counted(len(self.runs), 'run', 'runs')}"
        return "\n".join([title, "=" * len(title), "", *bullets(self._sentences(), 88)]) + "\n"

    def to_json(self, path: str | os.PathLike[str], force: bool = False) -> None:
        """Write the trend as JSON.

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
        write(path, lambda: self.model_dump_json(indent=1) + "\n", force=force)

    def to_html(self, path: str | os.PathLike[str], force: bool = False) -> None:
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
        from synthhealth.report._trend_page import as_page

        write(path, lambda: as_page(self), force=force)

    def to_markdown(self, path: str | os.PathLike[str] | None = None, force: bool = False) -> str:
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
            columns = counted(len(poor), "poor column", "poor columns")
            named = f" ({listed(map(shown, poor), _NAMED)})" if poor else ""
            told.append(f"Run {number}: {run.name}: {run.verdict}, {columns}{named}.")
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
        A file cannot be read, or is no report of this format.

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


def _point(found: tuple[Metric, Held] | None) -> TrendPoint | None:
    if found is None:
        return None
    _, held = found
    return TrendPoint(
        value=held.value, low=held.perfect.low, high=held.perfect.high, verdict=held.verdict
    )


def _row(line: TrendLine) -> tuple[str, ...]:
    words = words_of(line.name)
    told = (
        "–" if one is None else f"{words.write(one.value)} ({one.verdict})" for one in line.points
    )
    return (words.title, *told)
