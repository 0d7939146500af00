"""The page: one file that needs no other, no network and no web font; and its sortable tables."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources
from typing import NamedTuple

import jinja2
from markupsafe import Markup

from synthhealth.evaluation import (
    CategoricalResult,
    Metric,
    NumericalResult,
    VariableDescription,
)
from synthhealth.report.cards import key_cards, missing_cards
from synthhealth.report.conclusion import verdicts
from synthhealth.report.data import ReportData
from synthhealth.report.metric_words import (
    FAMILIES,
    band_text,
    perfect_text,
    range_of,
    value_text,
    words_of,
)
from synthhealth.report.numbers import number_text, p_text, percent, score_text, unit_text
from synthhealth.report.page_figures import (
    Slot,
    Store,
    glance_slots,
    matrices,
    missing_slot,
    overview_slot,
    pair_entries,
    panels,
    table_one_slot,
)
from synthhealth.report.parts.clinical import detection_slot, reference_slot
from synthhealth.report.parts.pairs import pair_sheet
from synthhealth.report.parts.table_one import heads, lines
from synthhealth.report.plotlyjs import plotlyjs
from synthhealth.report.questions import Question, questions
from synthhealth.report.sections import Section
from synthhealth.report.tables import (
    detection_sheet,
    identifier_sheet,
    missing_sheets,
    range_sheets,
    rare_sheet,
    reference_sheet,
)
from synthhealth.report.theme import DARK, FONT, LIGHT, SHARED, TONES, Tone, lean
from synthhealth.report.words import (
    SEEN,
    column_results,
    column_score,
    floor_text,
    left_out_text,
    shown,
)

_TEMPLATES = "synthhealth.report", "templates"


@cache
def environment() -> jinja2.Environment:
    """Return the environment of the templates, which it keeps compiled."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(*_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    environment.filters["percent"] = percent
    return environment


def variables(palette: dict[str, str]) -> Markup:
    """Return the colours and the font as CSS variables."""
    colours = "".join(f"--{name}:{colour};" for name, colour in palette.items())
    return Markup(f"{colours}--font:{FONT};")


def template_file(name: str) -> str:
    """Return a file beside the templates."""
    folder = resources.files(_TEMPLATES[0]).joinpath(_TEMPLATES[1])
    return folder.joinpath(name).read_text(encoding="utf-8")


_SEVERITY = ("worse", "copied", "uncertain", "as good")
_LEVELS = 3  # named per variable in the distribution analysis


class Cell(NamedTuple):
    """A cell of a sortable table."""

    text: str
    value: float | str | None  # to sort by; None comes last
    tone: Tone | None = None


class Row(NamedTuple):
    """A row of a sortable table."""

    column: str
    place: int  # of the column in the table
    cells: list[Cell]


class Figure(NamedTuple):
    """A figure over the whole table as a row."""

    title: str
    meaning: str
    assumption: str
    cells: list[Cell]


class FigureGroup(NamedTuple):
    """The figures that judge the same."""

    title: str
    figures: list[Figure]


def figure_groups(data: ReportData) -> list[FigureGroup]:
    """Return all figures over the whole table, by what they judge."""
    metrics = data.evaluation.metrics
    groups = [
        FigureGroup(title, [_figure_row(metric) for metric in metrics if metric.family == family])
        for family, title in FAMILIES.items()
    ]
    return [group for group in groups if group.figures]


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


def _figure_row(metric: Metric) -> Figure:
    words = words_of(metric.name)
    value = value_text(metric)
    if metric.low is not None and metric.high is not None:
        value += f" ({range_of(metric, metric.low, metric.high)})"
    q_value = q_of(metric)
    return Figure(
        words.title,
        words.meaning,
        metric.assumption,
        [
            Cell(value, metric.value),
            Cell(perfect_text(metric), metric.perfect.low),
            *(
                Cell(band_text(metric, band), None if band is None else band.mean)
                for band in (metric.copy_of_real, metric.shuffled)
            ),
            Cell(_word(metric), _SEVERITY.index(metric.state), TONES[metric.state]),
            Cell(p_text(q_value), q_value),
        ],
    )


def q_of(metric: Metric) -> float:
    """Return the adjusted probability that the verdict on a figure rests on."""
    is_one_sided = metric.family in ("copying", "learning")
    return metric.q_close if is_one_sided or metric.closer else metric.q_poor


def _word(result: Metric | NumericalResult | CategoricalResult) -> str:
    return f"{result.state}, closer" if result.closer else result.state


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
        Cell(_word(result), _SEVERITY.index(result.state), TONES[result.state]),
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
        centre = Cell(f"{_number(variable, variable.mean)}{sd}", variable.mean)
    if variable.median is not None:
        quartiles = ""
        if variable.q25 is not None and variable.q75 is not None:
            quartiles = f" ({_number(variable, variable.q25)} to {_number(variable, variable.q75)})"
        spread = Cell(f"{_number(variable, variable.median)}{quartiles}", variable.median)
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


def _number(variable: VariableDescription, value: float) -> str:
    # A decimal year with a comma in it would be read as a large number.
    return f"{value:.1f}" if variable.unit == "year" else number_text(value)


def _shape(variable: VariableDescription) -> str:
    if not variable.levels:
        return variable.shape
    named = [f"{shown(name, 24)} {count:,}" for name, count in variable.levels.items()]
    more = f" and {len(named) - _LEVELS} more" if len(named) > _LEVELS else ""
    return f"{variable.shape}: {', '.join(named[:_LEVELS])}{more}"


def as_html(data: ReportData) -> str:
    """Return the whole page."""
    store = Store()
    asked = {one.key: one for one in questions(data).values() if _has_content(one, data)}
    pairs = pair_entries(data, store)
    context = {
        "data": data,
        "questions": asked,
        "glance": glance_slots(data, store),
        "worst": pairs[0] if pairs else None,
        "verdicts": verdicts(data.conclusion),
        "seen": SEEN[data.evaluation.real_is],
        "left_out": left_out_text(data.model),
        "cards": key_cards(data.evaluation, data.written),
        "figure_groups": figure_groups(data),
        "rows": column_rows(data),
        "analysis": analysis_rows(data),
        "overview": overview_slot(data, store),
        "panels": panels(data, store),
        "matrices": matrices(data, store),
        "missing": missing_slot(data, store),
        "missing_cards": missing_cards(data),
        "missing_sheets": missing_sheets(data),
        "detection": detection_slot(data, store),
        "detection_sheet": detection_sheet(data),
        "range_sheets": range_sheets(data),
        "references": reference_slot(data, store),
        "reference_sheet": reference_sheet(data),
        "table_one_heads": heads(data.table_one) if data.table_one else [],
        "table_one_lines": lines(data.table_one) if data.table_one else [],
        "pair_sheet": pair_sheet(data.evaluation),
        "table_one_figure": table_one_slot(data, store),
        "drawn": {
            section.key: _slots(section, store)
            for one in asked.values()
            for section in one.sections
        },
        "identifier_sheet": identifier_sheet(data),
        "rare_sheet": rare_sheet(data),
    }
    content = {
        "palettes": {"light": LIGHT, "dark": DARK},
        "columns": [shown(column.name) for column in data.columns],
        "pairs": [
            {
                "columns": pair.columns,
                "text": pair.text,
                "state": pair.state,
                "tone": pair.tone,
                "slots": [slot._asdict() for slot in pair.slots],
            }
            for pair in pairs
        ],
        "shared": SHARED,
        "figures": {name: lean(figure) for name, figure in store.figures.items()},
    }
    plotly, script = Markup(plotlyjs()), Markup(template_file("report.js"))
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            **context,
            has_pairs=bool(pairs),
            content=script_data(content),
            style=Markup(template_file("report.css")),
            light=variables(LIGHT),
            dark=variables(DARK),
            plotly=plotly,
            script=script,
            script_hashes=[script_hash(plotly), script_hash(script)],
        )
    )


def _has_content(question: Question, data: ReportData) -> bool:
    """Say whether anything stands in a question; those not named here always have something."""
    if question.key == "use":
        return bool(question.sections)
    if question.key == "relations":
        return bool(data.evaluation.pairs)
    if question.key == "patients":
        return bool(question.sections or data.table_one or data.evaluation.references)
    if question.key == "privacy":
        return bool(question.sections or data.rare or data.protected)
    return True


def _slots(section: Section, store: Store) -> list[Slot]:
    return [
        store.slot(drawing.key, drawing.figure, drawing.title, drawing.alt, drawing.caption)
        for drawing in section.drawings
    ]


def script_data(content: object) -> Markup:
    """Return JSON that no text inside can end or turn into markup."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def script_hash(script: str) -> str:
    """Return the name under which the page's own policy lets `script` run, and no other."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
