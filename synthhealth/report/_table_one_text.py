"""Table 1 as text: for the page and for Markdown."""

from __future__ import annotations

from typing import NamedTuple

from synthhealth.report._clinical_data import (
    Frequency,
    Summary,
    TableOne,
    TableOneCell,
    TableOneVariable,
)
from synthhealth.report._numbers import date_text, number_text, percent, unit_text
from synthhealth.report._sheet import Entry
from synthhealth.report._words import shown

#: A standardised difference smaller than this matters to nobody (Austin, 2009).
NEGLIGIBLE = 0.1

_NAMES = {"mean": "mean (SD)", "median": "median (quartiles)", "share": "n (%)"}


class Line(NamedTuple):
    """A row of Table 1."""

    name: str
    is_level: bool
    entries: list[Entry]  # real, synthetic and difference of each group


class Head(NamedTuple):
    """A group, above its three columns."""

    name: str
    sizes: str


def heads(table: TableOne) -> list[Head]:
    """Return the groups."""
    return [
        Head(
            "All" if group.name is None else shown(group.name, 30),
            f"{group.n_real:,} real, {group.n_synthetic:,} synthetic",
        )
        for group in table.groups
    ]


def lines(table: TableOne) -> list[Line]:
    """Return the rows: one per numerical column, a heading and one per level for the others."""
    found = []
    for variable in table.variables:
        name = f"{_name(variable)}, {_NAMES[variable.statistic]}"
        if not variable.levels:
            found.append(Line(name, False, _numbers(variable)))
            continue
        differences = [_difference(cell) for cell in variable.cells]
        first = [entry for cell in differences for entry in (Entry(""), Entry(""), cell)]
        found.append(Line(name, False, first))
        found += [
            Line(shown(level, 40), True, _level(variable, place))
            for place, level in enumerate(variable.levels)
        ]
    return found


def _name(variable: TableOneVariable) -> str:
    unit = f" ({shown(unit_text(variable.unit), 20)})" if variable.unit else ""
    return f"{shown(variable.column, 40)}{unit}"


def _numbers(variable: TableOneVariable) -> list[Entry]:
    return [
        entry
        for cell in variable.cells
        for entry in (
            Entry(_summary(cell.real, variable)),
            Entry(_summary(cell.synthetic, variable)),
            _difference(cell),
        )
    ]


def _level(variable: TableOneVariable, place: int) -> list[Entry]:
    found = []
    for cell in variable.cells:
        real = cell.real_levels[place] if cell.real_levels else None
        synthetic = cell.synthetic_levels[place] if cell.synthetic_levels else None
        found += [Entry(_frequency(real, "under 5")), Entry(_frequency(synthetic, "–")), Entry("")]
    return found


def _summary(summary: Summary | None, variable: TableOneVariable) -> str:
    if summary is None:
        return "–"

    def text(value: float) -> str:
        if variable.scale == "date":
            return date_text(round(value))
        return number_text(value, 6 if abs(value) >= 100 else 4)

    if variable.statistic == "mean":
        return f"{text(summary.mean)} ({text(summary.sd)})"
    return f"{text(summary.median)} ({text(summary.q25)} to {text(summary.q75)})"


def _frequency(frequency: Frequency | None, hidden: str) -> str:
    return hidden if frequency is None else f"{frequency.count:,} ({percent(frequency.share)})"


def _difference(cell: TableOneCell) -> Entry:
    if cell.difference is None or cell.chance is None:
        return Entry("–")
    matters = abs(cell.difference) > max(cell.chance, NEGLIGIBLE)
    text = f"{cell.difference:.2f}".replace("-", "\u2212")
    return Entry(text, ("above" if cell.difference > 0 else "below") if matters else None)
