"""Reports of the same columns side by side: which table is better, beyond chance."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import Field

from synthhealth.errors import ParameterError
from synthhealth.evaluation import Band, Metric, NumericalResult
from synthhealth.evaluation.figures import State, Verdict
from synthhealth.io.as_json import WritesJson
from synthhealth.report.data import Part, PrivacyVerdict, ReportData
from synthhealth.report.files import write
from synthhealth.report.metric_words import in_sentence, words_of
from synthhealth.report.numbers import counted, listed
from synthhealth.report.parts.privacy import PRIVACY_WORDS
from synthhealth.report.text import bullet_list, bullets, table
from synthhealth.report.words import column_results, column_score, shown

__all__ = ["ComparedFigure", "Comparison", "compare"]


_NAMED = 6  # columns named in a message


class Run(Part):
    """Which report it was."""

    title: str
    """Title of the report."""
    created: datetime
    """When the tables were compared."""
    model: str | None
    """Name of the model that made the synthetic table; None where unknown."""
    real_is: Literal["training", "holdout", "given", "cross-validated"]
    """Which real table it was."""
    n_real: int = Field(ge=1)
    """Number of real rows."""
    n_synthetic: int = Field(ge=1)
    """Number of synthetic rows."""
    verdict: Verdict
    """The verdict on likeness."""
    privacy: PrivacyVerdict = "not tried"
    """The verdict on privacy; see `Conclusion`."""

    @classmethod
    def of(cls, data: ReportData) -> Run:
        evaluation = data.evaluation
        return cls(
            title=data.title,
            created=data.created,
            model=None if data.model is None else data.model.name,
            real_is=evaluation.real_is,
            n_real=evaluation.n_real,
            n_synthetic=evaluation.n_synthetic,
            verdict=data.conclusion.verdict,
            privacy=data.conclusion.privacy,
        )

    @property
    def name(self) -> str:
        """The run in a few words."""
        model = "unknown model" if self.model is None else shown(self.model)
        return f"{model}, {self.created:%Y-%m-%d %H:%M}, {self.n_synthetic:,} rows"

    @property
    def verdicts(self) -> str:
        """Both verdicts in a few words."""
        return f"likeness {self.verdict}, privacy {PRIVACY_WORDS[self.privacy][0]}"


class FigureInReport(NamedTuple):
    """A figure beside what a perfect generator gives."""

    value: float
    perfect: Band
    state: State
    worse: float  # +1 where a larger figure is worse, -1 where a smaller one is

    @property
    def excess(self) -> float:
        """How much worse it is than a perfect generator on average; 0 where it is no worse."""
        return max(self.worse * (self.value - self.perfect.mean), 0.0)


def figures_of(data: ReportData) -> dict[str, tuple[Metric, FigureInReport]]:
    """Return the figures over the whole table by name."""
    return {
        metric.name: (
            metric,
            FigureInReport(metric.value, metric.perfect, metric.state, _worse(metric)),
        )
        for metric in data.evaluation.metrics
    }


def columns_of(data: ReportData) -> dict[str, FigureInReport]:
    """Return the columns' scores by name."""
    scores = map(column_score, column_results(data.evaluation))
    return {one.column: FigureInReport(one.score, one.floor, one.state, -1.0) for one in scores}


def check_same_columns(reports: Sequence[ReportData]) -> None:
    """Refuse reports of different columns.

    Raises
    ------
    ParameterError
        A column is missing in one of them, or is a number in one and a category in another.
    """
    first = _kinds(reports[0])
    for place, report in enumerate(reports[1:], start=2):
        kinds = _kinds(report)
        for one, other, which in ((first, kinds, "the first"), (kinds, first, f"number {place}")):
            alone = [name for name in one if name not in other]
            if alone:
                raise ParameterError(
                    f"the reports are of different columns: {listed(map(shown, alone), _NAMED)} "
                    f"only in {which}; compare reports of the same columns"
                )
        turned = [name for name, kind in first.items() if kinds[name] != kind]
        if turned:
            raise ParameterError(
                f"{listed(map(shown, turned), _NAMED)}: numerical in one report and categorical in "
                f"number {place}; evaluate both tables under the same schema (schema=...)"
            )


def _kinds(data: ReportData) -> dict[str, bool]:
    return {
        result.column: isinstance(result, NumericalResult)
        for result in column_results(data.evaluation)
    }


def _worse(metric: Metric) -> float:
    # Of copied rows, that none is, is not poor: the other side is the worse one.
    on_low_side = (metric.poor_side == "low") != (metric.family in ("copying", "learning"))
    return -1.0 if on_low_side else 1.0


Better = Literal["first", "second", "neither"]
_SIDES: tuple[Better, Better] = ("first", "second")
_HEADS = ("figure", "first", "verdict", "second", "verdict", "better beyond chance")


class ComparedFigure(Part):
    """One figure in two reports."""

    name: str
    """Name of the figure, or of the column."""
    first: float
    """The figure in the first report; of a column its score (1 = identical)."""
    second: float
    """The figure in the second report."""
    first_state: State
    """Its state in the first report."""
    second_state: State
    """Its state in the second report."""
    first_excess: float = Field(ge=0)
    """How much worse than a perfect generator on average it is in the first report; 0 where it is \
no worse, so that following or repeating the real patients more closely is never better."""
    second_excess: float = Field(ge=0)
    """The same of the second report."""
    chance: float = Field(ge=0)
    """What the two may differ by through chance: the root of the sum of the squared half widths \
of the two noise floors. Where both reports have the same real table, this is more than enough."""
    better: Better
    """Which report is better by more than chance."""


class Comparison(Part, WritesJson):
    """Two reports of the same columns, figure by figure.

    Examples
    --------
    >>> import synthhealth as sh
    >>> real, fake, other = (sh.datasets.load_ra_panel(random_state=seed) for seed in range(3))
    >>> other["crp"] = 3 * other["crp"]
    >>> first, second = (sh.evaluate(real, table, parts=()) for table in (fake, other))
    >>> first.compare(second).better_columns("first")
    ('crp',)
    """

    format_version: Literal[1] = 1
    """Version of this format."""
    first: Run
    """The first report."""
    second: Run
    """The second report."""
    metrics: tuple[ComparedFigure, ...]
    """The figures over the whole table that both reports have."""
    columns: tuple[ComparedFigure, ...]
    """The scores of the columns, in the first report's order."""
    only_first: tuple[str, ...]
    """Figures that only the first report has."""
    only_second: tuple[str, ...]
    """Figures that only the second report has."""
    notes: tuple[str, ...]
    """What must be kept in mind, in plain words."""

    def better_metrics(self, which: Better) -> tuple[str, ...]:
        """Return the names of the figures in which a report is better beyond chance."""
        return tuple(figure.name for figure in self.metrics if figure.better == which)

    def better_columns(self, which: Better) -> tuple[str, ...]:
        """Return the names of the columns in which a report is better beyond chance."""
        return tuple(figure.name for figure in self.columns if figure.better == which)

    def summary(self) -> str:
        """Return what came out in plain words, as text for a terminal."""
        title = "Comparison of two reports"
        lines = [title, "=" * len(title), "", *bullets(self._sentences(), 88)]
        return "\n".join(lines) + "\n"

    def to_markdown(
        self, path: str | os.PathLike[str] | None = None, *, force: bool = False
    ) -> str:
        """Return the comparison as Markdown, and write it if a path is given.

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
        text = self._markdown()
        if path is not None:
            write(path, lambda: text, force=force)
        return text

    def __repr__(self) -> str:
        told = ", ".join(
            f"{which} better in {len(self.better_metrics(which))} figures and "
            f"{len(self.better_columns(which))} columns"
            for which in _SIDES
        )
        return f"<Comparison: {told}; .summary(), .to_markdown()>"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        from synthhealth.io.as_html import Sheet, screen

        return screen(
            "Comparison of two reports",
            sentences=self._sentences(),
            sheets=[
                Sheet(
                    "Figures over the whole table",
                    _HEADS,
                    [_row(one, words_of(one.name).title) for one in self.metrics],
                ),
                Sheet(
                    "Columns",
                    _HEADS,
                    [_row(one, shown(one.name)) for one in self.columns],
                    is_open=False,
                ),
            ],
            hint=".summary() gives it as text, .to_markdown() and .to_json(path) in full.",
        )

    def _sentences(self) -> list[str]:
        return [
            f"First: {self.first.name}: {self.first.verdicts}.",
            f"Second: {self.second.name}: {self.second.verdicts}.",
            self._of("figures over the whole table", self.metrics, titled=True),
            self._of("columns", self.columns, titled=False),
            *self.notes,
        ]

    def _of(self, what: str, figures: tuple[ComparedFigure, ...], *, titled: bool) -> str:
        told = []
        for which in _SIDES:
            names = [figure.name for figure in figures if figure.better == which]
            if names:
                written = (in_sentence(words_of(n).title) if titled else shown(n) for n in names)
                told.append(f"the {which} is better in {listed(written, _NAMED)}")
        if not told:
            return f"Of {len(figures)} {what} none differs by more than chance."
        return f"Of {len(figures)} {what}, beyond chance {'; '.join(told)}."

    def _markdown(self) -> str:
        blocks = [
            "# Comparison of two reports",
            bullet_list(self._sentences()),
            "## All figures",
            table(_HEADS, [_row(one, words_of(one.name).title) for one in self.metrics]),
            "## Columns",
            table(_HEADS, [_row(one, shown(one.name)) for one in self.columns]),
        ]
        return "\n\n".join(blocks) + "\n"


def compare(first: ReportData, second: ReportData) -> Comparison:
    """Compare two reports of the same columns.

    Raises
    ------
    ParameterError
        The reports are of different columns.
    """
    check_same_columns((first, second))
    metrics = figures_of(first), figures_of(second)
    columns = columns_of(first), columns_of(second)
    return Comparison(
        first=Run.of(first),
        second=Run.of(second),
        metrics=tuple(
            _compared(name, held, metrics[1][name][1])
            for name, (_, held) in metrics[0].items()
            if name in metrics[1]
        ),
        columns=tuple(_compared(name, held, columns[1][name]) for name, held in columns[0].items()),
        only_first=tuple(name for name in metrics[0] if name not in metrics[1]),
        only_second=tuple(name for name in metrics[1] if name not in metrics[0]),
        notes=_notes(first, second),
    )


def _compared(name: str, first: FigureInReport, second: FigureInReport) -> ComparedFigure:
    chance = math.hypot(*((one.perfect.high - one.perfect.low) / 2 for one in (first, second)))
    gap = second.excess - first.excess
    better: Better = "neither"
    if abs(gap) > chance + 1e-9:  # rounding of sums of floats
        better = "first" if gap > 0 else "second"
    return ComparedFigure(
        name=name,
        first=first.value,
        second=second.value,
        first_state=first.state,
        second_state=second.state,
        first_excess=first.excess,
        second_excess=second.excess,
        chance=chance,
        better=better,
    )


def _notes(first: ReportData, second: ReportData) -> tuple[str, ...]:
    one, other = first.evaluation, second.evaluation
    notes = []
    copied = [
        f"the {which}"
        for which, evaluation in (("first", one), ("second", other))
        if evaluation.judgement.copying
    ]
    if copied:
        notes.append(
            f"Rows appear to have been copied in {' and '.join(copied)}: no good score makes up "
            "for that."
        )
    if one.n_real != other.n_real:
        notes.append(
            f"The real tables differ ({counted(one.n_real, 'row', 'rows')} and "
            f"{counted(other.n_real, 'row', 'rows')}): part of any difference may be theirs."
        )
    if one.real_is != other.real_is:
        notes.append(
            f"The real rows are not of the same sort ({one.real_is} and {other.real_is}): a table "
            "scores better against the rows that its model was trained on."
        )
    notes.append(
        "A report is called better in a figure only where the difference is larger than the noise "
        "floors of both allow; of 20 figures that are equally good at most about one is."
    )
    return tuple(notes)


def _row(figure: ComparedFigure, title: str) -> tuple[str, ...]:
    return (
        title,
        _value(figure.name, figure.first),
        figure.first_state,
        _value(figure.name, figure.second),
        figure.second_state,
        "–" if figure.better == "neither" else figure.better,
    )


def _value(name: str, value: float) -> str:
    return words_of(name).write(value)
