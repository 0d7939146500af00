"""Table 1: the columns by group of patients, real against synthetic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from synthhealth.errors import ParameterError, nearest
from synthhealth.evaluation import Description
from synthhealth.evaluation.rounding import (
    FINER_THAN_RECORDED,
    coarse_count,
    coarse_known,
    deviation_error,
    mean_error,
    quantile,
    quantile_error,
    recorded_step,
    rounded,
)
from synthhealth.evaluation.shares import (
    chance_difference,
    difference_of_means,
    difference_of_shares,
)
from synthhealth.report.data import (
    Frequency,
    Summary,
    TableOne,
    TableOneCell,
    TableOneGroup,
    TableOneVariable,
)
from synthhealth.report.figures import label
from synthhealth.report.grid import Counts, Floats
from synthhealth.report.numbers import date_text, number_text, percent, unit_text
from synthhealth.report.parts.pairs import Codes, Groups, Values
from synthhealth.report.publication import side_by_side
from synthhealth.report.sections import Entry
from synthhealth.report.theme import SYNTHETIC, Figure, Trace, axis, figure, layout, trace
from synthhealth.report.words import shown
from synthhealth.schema import Kind, Role, Schema
from synthhealth.schema.types import MIN_CELL

Mask = npt.NDArray[np.bool_]

MOST_GROUPS = 6
#: Beyond this skewness of the real values the median says more than the mean.
SKEWED = 1.0
_QUARTERS = (0.25, 0.5, 0.75)
#: In smaller groups, counts rounded to 5 patients are too coarse for a difference of shares.
FEWEST_FOR_SHARES = 100


class _Side(NamedTuple):
    """A group of one table."""

    rows: Mask
    n: int


class _Group(NamedTuple):
    """A group of both tables; `is_part` for all but the whole tables."""

    name: str | None
    real: _Side
    synthetic: _Side
    is_part: bool


def check_group(group: str | None, schema: Schema) -> None:
    """Check that patients can be grouped by a column.

    Raises
    ------
    ParameterError
        There is no such column, or it is not categorical.
    """
    if group is None or group in schema.categorical:
        return
    if group in schema.names:
        raise ParameterError(
            f"group: column {group!r} is {schema[group].kind.value}; group by a categorical one: "
            f"{', '.join(schema.categorical) or 'the table has none'}"
        )
    raise ParameterError(
        f"group: there is no column {group!r} that is compared{nearest(group, schema.names)}"
    )


def table_one(
    numerical: Mapping[str, Values],
    categorical: Mapping[str, Groups],
    schema: Schema,
    description: Description,
    group: str | None,
    sizes: tuple[int, int],
) -> TableOne | None:
    """Summarise every column by group; None for fewer than 5 real rows.

    Parameters
    ----------
    numerical, categorical : mapping
        The columns of both tables, by name.
    schema : Schema
        What they are.
    description : Description
        Of the real table.
    group : str or None
        The column to group by; by default the outcome, or else the sex, that the schema names.
    sizes : tuple of int
        Numbers of rows, real and synthetic.
    """
    if sizes[0] < MIN_CELL:
        return None
    by = _group_column(group, categorical, schema)
    groups = [_Group(None, _everybody(sizes[0]), _everybody(sizes[1]), is_part=False)]
    if by is not None:
        groups += _groups_of(categorical[by])
    skews = {variable.column: variable.skew for variable in description.variables}
    variables = []
    for column in schema:
        if column.name in numerical:
            is_date = column.kind is Kind.DATETIME
            is_skewed = is_date or abs(skews.get(column.name) or 0.0) > SKEWED
            variables.append(_numbers(numerical[column.name], groups, is_skewed=is_skewed))
        elif column.name in categorical and column.name != by:
            variables.append(_levels(categorical[column.name], groups))
    return TableOne(
        group=by,
        groups=tuple(
            TableOneGroup(
                name=one.name,
                n_real=coarse_count(one.real.n) if one.name else one.real.n,
                n_synthetic=one.synthetic.n,
            )
            for one in groups
        ),
        variables=tuple(variables),
    )


def _group_column(
    group: str | None, categorical: Mapping[str, Groups], schema: Schema
) -> str | None:
    if group is not None:
        return group if group in categorical else None
    candidates = [column.name for column in schema if column.role is Role.OUTCOME]
    if schema.demographics.sex is not None:
        candidates.append(schema.demographics.sex)
    for name in candidates:
        if name in categorical and 2 <= len(categorical[name].axis.labels) <= MOST_GROUPS:
            return name
    return None


def _everybody(n: int) -> _Side:
    return _Side(np.ones(n, dtype=bool), n)


def _groups_of(column: Groups) -> list[_Group]:
    kept = []
    for place, name in enumerate(column.axis.labels):
        real, synthetic = (
            _Side(codes == place, int((codes == place).sum()))
            for codes in (column.real, column.synthetic)
        )
        if real.n >= MIN_CELL:
            kept.append(_Group(name, real, synthetic, is_part=True))
    return kept[:MOST_GROUPS]


def _numbers(values: Values, groups: list[_Group], *, is_skewed: bool) -> TableOneVariable:
    distribution = values.distribution
    statistic: Literal["mean", "median"] = "median" if is_skewed else "mean"
    return TableOneVariable(
        column=distribution.column,
        unit=distribution.unit,
        scale=distribution.scale,
        statistic=statistic,
        levels=(),
        cells=tuple(_numbers_cell(values, group) for group in groups),
    )


def _numbers_cell(values: Values, group: _Group) -> TableOneCell:
    real, synthetic = (
        column[side.rows & ~np.isnan(column)]
        for column, side in ((values.real, group.real), (values.synthetic, group.synthetic))
    )
    if len(real) < MIN_CELL:
        return TableOneCell()
    first, second = _summaries(real, synthetic)
    difference = chance = None
    if first is not None and second is not None:
        difference = difference_of_means((first.mean, second.mean), (first.sd, second.sd))
        chance = chance_difference(len(real), len(synthetic))
    return TableOneCell(
        real=first,
        synthetic=second,
        difference=_short(difference),
        chance=_short(chance),
    )


def _summaries(real: Floats, synthetic: Floats) -> tuple[Summary, Summary | None]:
    """Summarise both tables with the digits that the real figures carry."""
    ordered = np.sort(real)
    step = recorded_step(real)
    finer = step * FINER_THAN_RECORDED
    digits = [(mean_error(real), finer), (deviation_error(real), finer)]
    digits += [(quantile_error(ordered, place), step) for place in _QUARTERS]

    def summary(values: Floats) -> Summary:
        figures = [values.mean(), values.std(ddof=1)]
        figures += [quantile(np.sort(values), place) for place in _QUARTERS]
        mean, sd, q25, median, q75 = (
            rounded(float(figure), *error) for figure, error in zip(figures, digits, strict=True)
        )
        return Summary(mean=mean, sd=sd, q25=q25, median=median, q75=q75)

    return summary(real), summary(synthetic) if len(synthetic) >= MIN_CELL else None


def _levels(column: Groups, groups: list[_Group]) -> TableOneVariable:
    n_levels = len(column.axis.labels)
    return TableOneVariable(
        column=column.axis.column,
        unit=None,
        scale="number",
        statistic="share",
        levels=column.axis.labels,
        cells=tuple(_levels_cell(column, group, n_levels) for group in groups),
    )


def _levels_cell(column: Groups, group: _Group, n_levels: int) -> TableOneCell:
    real, synthetic = (
        _count(codes[side.rows], n_levels)
        for codes, side in ((column.real, group.real), (column.synthetic, group.synthetic))
    )
    if real.sum() < MIN_CELL:
        return TableOneCell()
    shown = np.array([coarse_count(int(held)) for held in real])
    n_real = coarse_known(int(real.sum()), group.real.n)
    difference = chance = None
    enough = not group.is_part or real.sum() >= FEWEST_FOR_SHARES
    if enough and synthetic.sum() >= MIN_CELL:
        difference = difference_of_shares(shown / shown.sum(), synthetic / synthetic.sum())
        degrees = max(int(((real > 0) | (synthetic > 0)).sum()) - 1, 1)
        chance = chance_difference(int(real.sum()), int(synthetic.sum()), degrees)
    return TableOneCell(
        real_levels=tuple(
            None if held < MIN_CELL else _frequency(int(count), n_real)
            for held, count in zip(real, shown, strict=True)
        ),
        synthetic_levels=tuple(
            _frequency(int(count), int(synthetic.sum())) if synthetic.sum() else None
            for count in synthetic
        ),
        difference=_short(difference),
        chance=_short(chance),
    )


def _count(codes: Codes, n_levels: int) -> Counts:
    return np.bincount(codes[codes >= 0], minlength=n_levels).astype(np.int64)


def _frequency(count: int, n: int) -> Frequency:
    return Frequency(count=count, share=round(min(count / n, 1.0), 4))


def _short(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 3)


#: A standardised difference smaller than this matters to nobody (Austin, 2009).
NEGLIGIBLE = 0.1

#: Panels that find room side by side: all patients, and so many groups but one.
_MOST_PANELS = 4


def differences(table: TableOne) -> Figure | None:
    """Draw Table 1's standardised differences on what chance explains; None where there are none.

    Each column of the table is a line; all patients have a panel, and each of the first groups.
    """
    variables = [one for one in table.variables if any(c.difference is not None for c in one.cells)]
    if not variables:
        return None
    places = [
        place
        for place in range(len(table.groups))
        if any(one.cells[place].difference is not None for one in variables)
    ][:_MOST_PANELS]
    known = [cell for one in variables for cell in one.cells]
    ends = [abs(value) for cell in known for value in (cell.difference, cell.chance) if value]
    reach = 1.1 * max([*ends, 2 * NEGLIGIBLE])
    panels = [_panel(variables, place, reach) for place in places]
    if len(panels) == 1:
        return panels[0]
    names = [table.groups[place].name for place in places]
    titles = ["all patients" if n is None else label(f"{table.group} {n}", 18) for n in names]
    drawn = side_by_side(panels, titles, room=0.02)
    # Above the names of the groups.
    drawn["layout"]["margin"] = {**drawn["layout"]["margin"], "t": 52}
    drawn["layout"]["legend"] = {**drawn["layout"]["legend"], "y": 1 + 1 / len(variables)}
    drawn["layout"]["shapes"] = [
        _negligible(at, number)
        for number in ("", *map(str, range(2, len(panels) + 1)))
        for at in (-NEGLIGIBLE, NEGLIGIBLE)
    ]
    return drawn


def _panel(variables: Sequence[TableOneVariable], place: int, reach: float) -> Figure:
    known = [
        (line, cell.difference, cell.chance)
        for line, cell in enumerate(one.cells[place] for one in variables)
        if cell.difference is not None
    ]
    return figure(
        [
            _chance_bars(variables, place),
            trace(
                "scatter",
                name="synthetic minus real",
                x=[difference for _, difference, _ in known],
                y=[line for line, _, _ in known],
                mode="markers",
                marker={"symbol": "circle", "size": 9, "color": SYNTHETIC},
                showlegend=place == 0,
                hovertemplate="%{y}: %{x:.2f}<extra></extra>",
            ),
        ],
        layout=layout(
            height=110 + 24 * len(variables),
            shapes=[_negligible(-NEGLIGIBLE), _negligible(NEGLIGIBLE)],
            xaxis=axis(
                "standard deviations" if place == 0 else None,
                zeroline=True,
                zerolinecolor="var(--muted)",
                range=[-round(reach, 3), round(reach, 3)],
                nticks=4,
            ),
            yaxis=axis(
                tickvals=list(range(len(variables))),
                ticktext=[label(one.column, 18) for one in variables],
                range=[len(variables) - 0.5, -0.5],
                ticksuffix=" ",
                showgrid=False,
            ),
        ),
    )


def _chance_bars(variables: Sequence[TableOneVariable], place: int) -> Trace:
    """Return what chance explains in a group; shares of levels have no sign."""
    known = [
        (line, chance, one.statistic != "share")
        for line, one in enumerate(variables)
        if (chance := one.cells[place].chance) is not None
    ]
    return trace(
        "bar",
        name="chance (95 %)",
        orientation="h",
        y=[line for line, _, _ in known],
        base=[-chance if has_sign else 0.0 for _, chance, has_sign in known],
        x=[round(chance * (1 + has_sign), 4) for _, chance, has_sign in known],
        width=0.6,
        marker={"color": "var(--band)", "line": {"width": 0}},
        showlegend=place == 0,
        hoverinfo="skip",
    )


def _negligible(at: float, number: str = "") -> dict[str, Any]:
    return {
        "type": "line",
        "xref": f"x{number}",
        "yref": "paper",
        "x0": at,
        "x1": at,
        "y0": 0,
        "y1": 1,
        "line": {"color": "var(--muted)", "width": 1, "dash": "dot"},
    }


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
            found.append(Line(name, False, _number_lines(variable)))
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


def _number_lines(variable: TableOneVariable) -> list[Entry]:
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
        found += [
            Entry(_frequency_text(real, "under 5")),
            Entry(_frequency_text(synthetic, "–")),
            Entry(""),
        ]
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


def _frequency_text(frequency: Frequency | None, hidden: str) -> str:
    return hidden if frequency is None else f"{frequency.count:,} ({percent(frequency.share)})"


def _difference(cell: TableOneCell) -> Entry:
    if cell.difference is None or cell.chance is None:
        return Entry("–")
    matters = abs(cell.difference) > max(cell.chance, NEGLIGIBLE)
    text = f"{cell.difference:.2f}".replace("-", "\u2212")
    return Entry(text, ("above" if cell.difference > 0 else "below") if matters else None)
