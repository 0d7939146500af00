"""The page's key figures and sortable tables."""

from __future__ import annotations

from typing import NamedTuple

from synthhealth.evaluation import (
    CategoricalResult,
    NumericalResult,
    Score,
    VariableDescription,
)
from synthhealth.report._data import ReportData
from synthhealth.report._numbers import number_text, p_text, percent, score_text, unit_text
from synthhealth.report._words import (
    Standing,
    column_results,
    column_score,
    floor_text,
    shown,
)

_OPPOSITE: dict[Standing, Standing] = {"below": "above", "within": "within", "above": "below"}
_LEVELS = 3  # named per variable in the distribution analysis


class Card(NamedTuple):
    """A figure over the whole table, on a scale with its noise floor."""

    name: str
    value: str
    standing: str
    tone: Standing  # of colour: a difference below its floor is as a score above
    meaning: str
    floor: str
    start: str
    end: str
    low: float  # positions on the scale in per cent
    high: float
    at: float


class Cell(NamedTuple):
    """A cell of a sortable table."""

    text: str
    value: float | str | None  # to sort by; None comes last
    standing: Standing | None = None


class Row(NamedTuple):
    """A row of a sortable table."""

    column: str
    place: int  # of the column in the table
    cells: list[Cell]


def cards(data: ReportData) -> list[Card]:
    """Return the figures over the whole table."""
    overall = data.evaluation.overall
    found = []
    if overall.ks_average is not None:
        meaning = "Mean over the numerical columns. 1 = identical distributions."
        found.append(_card("KS test average", overall.ks_average, meaning))
    if data.evaluation.categorical:
        meaning = "Mean over all columns, categories included. 1 = identical."
        found.append(_card("All columns", overall.column_average, meaning))
    if overall.dependence_difference is not None:
        meaning = "Mean difference in the strength of relations. 0 = none."
        found.append(
            _card("Relations between columns", overall.dependence_difference, meaning, ideal=0)
        )
    return found


def missing_cards(data: ReportData) -> list[Card]:
    """Return the figures over all missing values."""
    missing = data.evaluation.missing_values
    if missing is None:
        return []
    meaning = "How alike the joint patterns of missing values are. 1 = identical."
    found = [_card("Missing patterns", missing.pattern_score, meaning)]
    if missing.together_difference is not None:
        meaning = "Largest difference in how often two columns are missing together. 0 = none."
        found.append(_card("Missing together", missing.together_difference, meaning, ideal=0))
    if missing.dependence_difference is not None:
        meaning = "Mean difference in how gaps depend on the values of other columns. 0 = none."
        found.append(
            _card("Whose values are missing", missing.dependence_difference, meaning, ideal=0)
        )
    return found


def column_rows(data: ReportData) -> list[Row]:
    """Return one row per compared column: its score, its floor and its tests."""
    places = {column.name: place for place, column in enumerate(data.columns)}
    kinds = {column.name: column.kind.value for column in data.columns}
    rows = [
        Row(result.column, places[result.column], _column_cells(result, kinds[result.column]))
        for result in column_results(data.evaluation)
    ]
    return sorted(rows, key=lambda row: row.place)


def analysis_rows(data: ReportData) -> list[Row]:
    """Return one row per variable of the real table: how it is distributed."""
    return [
        Row(variable.column, place, _analysis_cells(variable))
        for place, variable in enumerate(data.description.variables)
    ]


def _card(name: str, score: Score, meaning: str, ideal: int = 1) -> Card:
    floor, value = score.floor, score.value
    if ideal == 1:
        start, end = max(0.0, min(floor.low, value) // 0.1 * 0.1 - 0.1), 1.0
    else:
        start, end = 0.0, max(floor.high, value) * 1.25 or 1.0
    low, high, at = (
        round(100 * (number - start) / (end - start), 2)
        for number in (floor.low, floor.high, value)
    )
    standing = floor.standing(value)
    tone = standing if ideal == 1 else _OPPOSITE[standing]
    return Card(
        name=name,
        value=score_text(value),
        standing=f"{standing} the noise floor",
        tone=tone,
        meaning=meaning,
        floor=floor_text(floor),
        start=f"{start:.1f}" if ideal == 1 else "0",
        end="1" if ideal == 1 else f"{end:.2f}",
        low=low,
        high=high,
        at=at,
    )


def _column_cells(result: NumericalResult | CategoricalResult, kind: str) -> list[Cell]:
    column = column_score(result)
    distance = Cell("–", None)
    if isinstance(result, NumericalResult):
        unit = f" {shown(unit_text(result.unit), 20)}" if result.unit else ""
        distance = Cell(f"{number_text(result.wasserstein)}{unit}", result.wasserstein)
    return [
        Cell(kind, kind),
        Cell(score_text(column.score), column.score),
        Cell(floor_text(column.floor), column.floor.low),
        Cell(column.standing, column.score - column.floor.low, column.standing),
        Cell(p_text(result.p_value), result.p_value),
        Cell(p_text(result.q_value), result.q_value),
        distance,
        Cell(percent(result.missing_real), result.missing_real),
        Cell(percent(result.missing_synthetic), result.missing_synthetic),
    ]


def _analysis_cells(variable: VariableDescription) -> list[Cell]:
    unit = f", {shown(unit_text(variable.unit), 20)}" if variable.unit else ""
    centre = spread = Cell("–", None)
    if variable.mean is not None:
        sd = f"\u00a0±\u00a0{number_text(variable.sd)}" if variable.sd is not None else ""
        centre = Cell(f"{_figure(variable, variable.mean)}{sd}", variable.mean)
    if variable.median is not None:
        quartiles = ""
        if variable.q25 is not None and variable.q75 is not None:
            quartiles = f" ({_figure(variable, variable.q25)} to {_figure(variable, variable.q75)})"
        spread = Cell(f"{_figure(variable, variable.median)}{quartiles}", variable.median)
    best = Cell("–", None)
    if variable.best_distribution is not None:
        fit = f" (D\u00a0{number_text(variable.goodness, 2)}, p\u00a0{p_text(variable.goodness_p)})"
        best = Cell(f"{variable.best_distribution}{fit}", variable.best_distribution)
    outliers = variable.outlier_share
    return [
        Cell(f"{variable.kind.value}{unit}", variable.kind.value),
        Cell(percent(variable.missing_share), variable.missing_share),
        Cell(_shape(variable), variable.shape),
        centre,
        spread,
        Cell(number_text(variable.skew, 2), variable.skew),
        best,
        Cell("–" if outliers is None else percent(outliers), outliers),
        Cell(variable.suggested_transform, variable.suggested_transform),
    ]


def _figure(variable: VariableDescription, value: float) -> str:
    # A decimal year with a comma in it would be read as a large number.
    return f"{value:.1f}" if variable.unit == "year" else number_text(value)


def _shape(variable: VariableDescription) -> str:
    if not variable.levels:
        return variable.shape
    named = [f"{shown(name, 24)} {count:,}" for name, count in variable.levels.items()]
    more = f" and {len(named) - _LEVELS} more" if len(named) > _LEVELS else ""
    return f"{variable.shape}: {', '.join(named[:_LEVELS])}{more}"
