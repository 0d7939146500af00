"""Several reports of the same columns: what each of them was, and their figures side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import Field

from synthhealth.errors import ParameterError
from synthhealth.evaluation import Band, Metric, NumericalResult
from synthhealth.evaluation.results import Verdict
from synthhealth.report._clinical_data import Part
from synthhealth.report._data import ReportData
from synthhealth.report._numbers import listed
from synthhealth.report._words import column_results, column_score, shown

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
    """The verdict."""

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
            verdict=evaluation.judgement.verdict,
        )

    @property
    def name(self) -> str:
        """The run in a few words."""
        model = "unknown model" if self.model is None else shown(self.model)
        return f"{model}, {self.created:%Y-%m-%d %H:%M}, {self.n_synthetic:,} rows"


class Held(NamedTuple):
    """A figure beside what a perfect generator gives."""

    value: float
    perfect: Band
    verdict: Verdict
    worse: float  # +1 where a larger figure is worse, -1 where a smaller one is

    @property
    def excess(self) -> float:
        """How much worse it is than a perfect generator on average; 0 where it is no worse."""
        return max(self.worse * (self.value - self.perfect.mean), 0.0)


def figures_of(data: ReportData) -> dict[str, tuple[Metric, Held]]:
    """Return the figures over the whole table by name."""
    return {
        metric.name: (
            metric,
            Held(metric.value, metric.perfect, metric.verdict, _worse(metric)),
        )
        for metric in data.evaluation.metrics
    }


def columns_of(data: ReportData) -> dict[str, Held]:
    """Return the columns' scores by name."""
    scores = map(column_score, column_results(data.evaluation))
    return {one.column: Held(one.score, one.floor, one.verdict, -1.0) for one in scores}


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
