"""Pairs of columns: counted so that no small group is shown, as tables and as figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation import Evaluation, PairResult
from synthhealth.evaluation.figures import State
from synthhealth.evaluation.key_relations import KeyRelation
from synthhealth.evaluation.rounding import coarse_count, coarse_known, quantile
from synthhealth.report.data import (
    Axis,
    Box,
    BoxPair,
    CategoricalDistribution,
    DependenceMatrix,
    GridPair,
    GroupBoxes,
    NumericalDistribution,
    Pairs,
)
from synthhealth.report.figures import label
from synthhealth.report.grid import Floats, cell, quantile_edges
from synthhealth.report.numbers import (
    Levels,
    band_labels,
    counted,
    date_text,
    dependence_text,
    edge_text,
    p_text,
    percent,
)
from synthhealth.report.sections import Entry, Sheet, interval
from synthhealth.report.theme import (
    DIVERGING,
    REAL,
    SEQUENTIAL,
    SYNTHETIC,
    TONES,
    Figure,
    Trace,
    axis,
    figure,
    layout,
    trace,
)
from synthhealth.report.words import shown
from synthhealth.schema.types import MIN_CELL

#: Pairs kept of a wide table: all of 25 columns.
MOST_PAIRS = 300

_MOST_BANDS = 8
_MOST_LEVELS = 10
_PER_BAND = 12  # real patients wanted in each band, on average

Codes: TypeAlias = npt.NDArray[np.intp]


class Values(NamedTuple):
    """A numerical column of both tables and how it was counted."""

    distribution: NumericalDistribution
    real: Floats
    synthetic: Floats


class Ordered(NamedTuple):
    """The known values of a column in increasing order, and the rows that they stand in."""

    values: Floats
    rows: Codes


class Groups(NamedTuple):
    """A column of both tables, sorted into groups; -1 where missing."""

    axis: Axis
    real: Codes
    synthetic: Codes


def bands_of(values: Values) -> Groups:
    """Sort a numerical column into bands that hold about the same number of real patients."""
    distribution = values.distribution
    n_bands = distribution.n_real // _PER_BAND
    grid = np.array(distribution.grid)
    counts = np.round(np.diff(distribution.real_below) * distribution.n_real).astype(np.int64)
    edges = quantile_edges(grid, counts, min(max(n_bands, 2), _MOST_BANDS))
    labels = band_labels(edges.tolist(), scale=distribution.scale, whole=distribution.whole)
    return Groups(
        axis=Axis(column=distribution.column, labels=labels),
        real=_codes(values.real, edges),
        synthetic=_codes(values.synthetic, edges),
    )


def levels_of(distribution: CategoricalDistribution, levels: Levels, other: str) -> Groups:
    """Sort a categorical column into its most frequent levels and all others."""
    by_count = sorted(
        range(len(distribution.names)), key=lambda index: -distribution.levels[index].real_count
    )
    room = _MOST_LEVELS if distribution.other is None else _MOST_LEVELS - 1
    if len(by_count) > room:
        room = _MOST_LEVELS - 1
    shown = [distribution.names[index] for index in sorted(by_count[:room])]
    place = {name: index for index, name in enumerate(shown)}
    translate = np.array([*(place.get(name, len(shown)) for name in levels.names), -1])
    labels = shown if len(shown) == len(levels.names) else [*shown, other]
    return Groups(
        axis=Axis(column=distribution.column, labels=tuple(labels)),
        real=translate[levels.real],
        synthetic=translate[levels.synthetic],
    )


def aggregate_pairs(
    results: Sequence[PairResult],
    numerical: Mapping[str, Values],
    categorical: Mapping[str, Groups],
) -> Pairs:
    """Aggregate the pairs that were measured; of a wide table, the worst and most different."""
    groups = {**{name: bands_of(values) for name, values in numerical.items()}, **categorical}
    usable = [pair for pair in results if pair.first in groups and pair.second in groups]
    ranked = sorted(usable, key=lambda pair: (pair.state != "worse", -pair.difference))
    kept = {(pair.first, pair.second) for pair in ranked[:MOST_PAIRS]}
    ordered: dict[str, tuple[Ordered, Ordered]] = {}  # once for all pairs of a column
    grids: list[GridPair] = []
    boxes: list[BoxPair] = []
    lines: list[BoxPair] = []
    for pair in usable:
        if (pair.first, pair.second) not in kept:
            continue
        number, other = pair.first, pair.second
        if number in categorical:
            number, other = other, number
        if number in categorical:
            grids.append(_grid_pair(groups[pair.first], groups[pair.second]))
            continue
        values = numerical[number]
        if number not in ordered:
            ordered[number] = _ordered(values.real), _ordered(values.synthetic)
        drawn = boxes if other in categorical else lines
        drawn.append(_box_pair(values.distribution, ordered[number], groups[other]))
    return Pairs(
        grids=tuple(grids),
        boxes=tuple(boxes),
        lines=tuple(lines),
        n_all=len(results),
        n_kept=len(kept),
    )


def dependence_matrix(
    results: Sequence[PairResult], numerical: Sequence[str], categorical: Sequence[str]
) -> DependenceMatrix:
    """Arrange the dependence of all pairs as square tables."""
    columns = [*numerical, *categorical]
    place = {name: index for index, name in enumerate(columns)}
    real, synthetic = np.eye(len(columns)), np.eye(len(columns))
    for table in (real, synthetic):
        table[table == 0] = np.nan
    for pair in results:
        here, there = place[pair.first], place[pair.second]
        real[here, there] = real[there, here] = pair.real
        synthetic[here, there] = synthetic[there, here] = pair.synthetic
    return DependenceMatrix(
        numerical=tuple(numerical),
        categorical=tuple(categorical),
        real=_square(real),
        synthetic=_square(synthetic),
        difference=_square(synthetic - real),
    )


def _grid_pair(first: Groups, second: Groups) -> GridPair:
    shape = len(first.axis.labels), len(second.axis.labels)
    real = _cross(first.real, second.real, shape)
    synthetic = _cross(first.synthetic, second.synthetic, shape)
    n_real, n_synthetic = coarse_known(int(real.sum()), len(first.real)), int(synthetic.sum())
    return GridPair(
        first=first.axis,
        second=second.axis,
        n_real=n_real,
        n_synthetic=n_synthetic,
        real=tuple(tuple(_blurred_share(int(held), n_real) for held in row) for row in real),
        synthetic=tuple(
            tuple(round(int(held) / max(n_synthetic, 1), 5) for held in row) for row in synthetic
        ),
    )


def _blurred_share(held: int, n_real: int) -> float | None:
    """Return a cell's share of real rows, to the nearest `MIN_CELL` patients; None for fewer.

    The totals of rows and columns are known from the columns' own figures. Were the other cells
    exact, a hidden one would follow by subtraction.
    """
    if held < MIN_CELL:
        return None
    return round(min(coarse_count(held) / n_real, 1.0), 5)


def _box_pair(
    distribution: NumericalDistribution, ordered: tuple[Ordered, Ordered], groups: Groups
) -> BoxPair:
    # With five patients a quartile is one patient's value: none is given finer than half a bin.
    step = float(np.diff(distribution.edges).min()) / 2
    n_levels = len(groups.axis.labels)
    return BoxPair(
        numerical=distribution.column,
        groups=groups.axis,
        scale=distribution.scale,
        boxes=tuple(
            GroupBoxes(real=_box(real, step), synthetic=_box(synthetic, step))
            for real, synthetic in zip(
                _by_level(ordered[0], groups.real, n_levels),
                _by_level(ordered[1], groups.synthetic, n_levels),
                strict=True,
            )
        ),
    )


def _ordered(values: Floats) -> Ordered:
    rows = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]
    return Ordered(values[rows], rows)


def _by_level(ordered: Ordered, codes: Codes, n_levels: int) -> list[Floats]:
    """Return the known values of each level, in increasing order."""
    # Numbers of one byte are sorted by counting, which is as fast as reading them.
    levels = codes.astype(np.int8)[ordered.rows]
    ends = np.cumsum(np.bincount(levels + 1, minlength=n_levels + 1))
    return np.split(ordered.values[np.argsort(levels, kind="stable")], ends[:-1])[1:]


def _box(known: Floats, step: float) -> Box | None:
    if len(known) < MIN_CELL:
        return None
    quartiles = _quartiles(known)
    rounded = np.round(quartiles / step) * step
    q25, median, q75 = (float(f"{value:.12g}") for value in rounded)
    return Box(q25=q25, median=median, q75=q75)


def _quartiles(ordered: Floats) -> Floats:
    return np.array([quantile(ordered, place) for place in (0.25, 0.5, 0.75)])


def _cross(first: Codes, second: Codes, shape: tuple[int, int]) -> npt.NDArray[np.int64]:
    known = (first >= 0) & (second >= 0)
    cells = first[known] * shape[1] + second[known]
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.int64)


def _codes(values: Floats, edges: Floats) -> Codes:
    return np.where(np.isnan(values), -1, cell(values, edges))


def _square(table: Floats) -> tuple[tuple[float | None, ...], ...]:
    return tuple(
        tuple(None if np.isnan(value) else round(float(value), 4) for value in row) for row in table
    )


_PAIRS = 20  # listed
_MEASURES = {
    "spearman": "Spearman",
    "cramers_v": "Cramér's V",
    "correlation_ratio": "correlation ratio",
}


#: What is said of a pair, in a sentence.
STATE_OF_PAIR: dict[State, str] = {
    "worse": "That is worse than chance explains.",
    "as good": "That is as good as other patients would give.",
    "uncertain": "Whether that is chance is uncertain at these sizes.",
    "copied": "That repeats these patients.",
}


def worst_first(evaluation: Evaluation) -> list[PairResult]:
    """Return the pairs, the one that is furthest off first, each with the state on its card.

    A relation that matters most is judged among few others: it can be worse where it is not among
    all pairs.
    """
    key: dict[tuple[str, str], KeyRelation] = {}
    for one in sorted(evaluation.relations, key=lambda one: (one.state != "worse", one.p_value)):
        key.setdefault((one.first, one.second), one)

    def told(pair: PairResult) -> PairResult:
        one = key.get((pair.first, pair.second)) or key.get((pair.second, pair.first))
        if one is None or pair.state == "worse":
            return pair
        return pair.model_copy(update={"state": one.state, "q_value": one.q_value})

    places = {columns: place for place, columns in enumerate(key)}

    def rank(pair: PairResult) -> tuple[bool, bool, int, float, float]:
        place = min(
            places.get((pair.first, pair.second), len(places)),
            places.get((pair.second, pair.first), len(places)),
        )
        p_value = 1.0 if pair.p_value is None else pair.p_value
        # The first is that of the card.
        return place > 0, pair.state != "worse", place, p_value, -pair.difference

    return sorted(map(told, evaluation.pairs), key=rank)


def pair_sheet(evaluation: Evaluation) -> Sheet | None:
    """Return the pairs of columns whose dependence is furthest off."""
    pairs = worst_first(evaluation)
    if not pairs:
        return None
    n_worse = sum(pair.state == "worse" for pair in pairs)
    are = "is" if n_worse == 1 else "are"
    note = f"{n_worse} of {counted(len(pairs), 'pair', 'pairs')} {are} worse than chance explains"
    if len(pairs) > _PAIRS:
        note += f"; here are the {_PAIRS} that are furthest off"
    return Sheet(
        "pair-table",
        "Pairs of columns judged",
        ("pair", "measure", "real", "synthetic", "difference", "noise floor", "q", "state"),
        [_pair_row(pair) for pair in pairs[:_PAIRS]],
        f"{note}. The state rests on this measure and on mutual information, which also sees "
        "relations that neither rise nor fall. The relations that matter most are judged among "
        "few others.",
    )


def _pair_row(pair: PairResult) -> list[Entry]:
    return [
        Entry(f"{shown(pair.first, 40)} and {shown(pair.second, 40)}"),
        Entry(_MEASURES[pair.measure]),
        Entry(dependence_text(pair.real)),
        Entry(dependence_text(pair.synthetic)),
        Entry(dependence_text(pair.difference)),
        Entry(interval(pair.floor, dependence_text)),
        Entry(p_text(pair.q_value)),
        Entry(pair.state, TONES[pair.state]),
    ]


_COLOUR_BAR = {
    "thickness": 10,
    "outlinewidth": 0,
    "tickfont": {"color": "var(--muted)", "size": 11},
    "xpad": 4,
}
#: Beyond this many columns a matrix's names no longer fit beside it.
_MOST_NAMES = 30


def pair_grids(pair: GridPair) -> tuple[Figure, Figure]:
    """Draw the shares of rows in each cell, real and synthetic on one colour scale."""
    known = [share for row in (*pair.real, *pair.synthetic) for share in row if share is not None]
    top = max(known, default=0) or 1
    return _grid(pair, pair.real, top), _grid(pair, pair.synthetic, top)


def pair_boxes(pair: BoxPair) -> Figure:
    """Draw the middle half of the numbers within each level, real beside synthetic."""
    n_levels = len(pair.groups.labels)
    return figure(
        [
            _boxes(pair, "real", [boxes.real for boxes in pair.boxes], REAL),
            _boxes(pair, "synthetic", [boxes.synthetic for boxes in pair.boxes], SYNTHETIC),
            _box_words(pair),
        ],
        layout=layout(
            height=380,
            boxmode="group",
            boxgap=0.7 if n_levels < 4 else 0.4,
            boxgroupgap=0.2,
            hovermode="x",
            xaxis=_groups(pair.groups),
            yaxis=axis(
                label(pair.numerical, 40), type="date" if pair.scale == "date" else "linear"
            ),
        ),
    )


def pair_bands(pair: BoxPair) -> Figure:
    """Draw quartiles of one number along bands of another: real as an area, synthetic as lines."""
    real = [(at, both.real) for at, both in enumerate(pair.boxes) if both.real is not None]
    fake = [(at, both.synthetic) for at, both in enumerate(pair.boxes) if both.synthetic]
    places = [at for at, _ in real]

    def heights(boxes: Sequence[tuple[int, Box]], quartile: str) -> list[float | str]:
        return [_on_axis(pair, getattr(box, quartile)) for _, box in boxes]

    def line(boxes: Sequence[tuple[int, Box]], quartile: str, colour: str, **more: Any) -> Trace:
        return trace(
            "scatter",
            x=[at for at, _ in boxes],
            y=heights(boxes, quartile),
            hoverinfo="skip",
            **{"mode": "lines", "line": {"color": colour, "width": 1.5, "dash": "dot"}, **more},
        )

    return figure(
        [
            trace(
                "scatter",
                name="real, middle half",
                x=[*places, *reversed(places)],
                y=[*heights(real, "q25"), *reversed(heights(real, "q75"))],
                mode="lines",
                line={"width": 0},
                fill="toself",
                fillcolor="var(--real-pale)",
                hoverinfo="skip",
            ),
            line(
                real,
                "median",
                REAL,
                name="real, median",
                mode="lines+markers",
                line={"color": REAL, "width": 2.5},
                marker={"size": 7, "color": REAL},
            ),
            line(fake, "q25", SYNTHETIC, name="synthetic, middle half", legendgroup="half"),
            line(fake, "q75", SYNTHETIC, showlegend=False, legendgroup="half"),
            line(
                fake,
                "median",
                SYNTHETIC,
                name="synthetic, median",
                mode="lines+markers",
                line={"color": SYNTHETIC, "width": 2.5, "dash": "dash"},
                marker={"size": 8, "color": SYNTHETIC, "symbol": "diamond"},
            ),
            _box_words(pair),
        ],
        layout=layout(
            height=380,
            hovermode="x",
            xaxis=_groups(pair.groups),
            yaxis=axis(
                label(pair.numerical, 40), type="date" if pair.scale == "date" else "linear"
            ),
        ),
    )


def pair_lines(results: Sequence[PairResult]) -> Figure:
    """Draw how strongly pairs depend on each other: real, synthetic, and what chance explains."""
    places = list(range(len(results)))
    bands = [
        (place, max(pair.real - pair.floor.high, -1.0), min(pair.real + pair.floor.high, 1.0))
        for place, pair in enumerate(results)
        if pair.floor is not None
    ]
    names = [f"{label(pair.first, 18)} × {label(pair.second, 18)}" for pair in results]
    told = [[f"{_MEASURES[pair.measure]}, {pair.state}", p_text(pair.q_value)] for pair in results]
    return figure(
        [
            trace(
                "bar",
                name="other real patients (95 %)",
                orientation="h",
                y=[place for place, _, _ in bands],
                base=[round(low, 4) for _, low, _ in bands],
                x=[round(high - low, 4) for _, low, high in bands],
                width=0.6,
                marker={"color": "var(--band)", "line": {"width": 0}},
                hoverinfo="skip",
            ),
            trace(
                "scatter",
                x=[end for pair in results for end in (pair.real, pair.synthetic, None)],
                y=[end for place in places for end in (place, place, None)],
                mode="lines",
                line={"color": "var(--muted)", "width": 1},
                showlegend=False,
                hoverinfo="skip",
            ),
            *(
                trace(
                    "scatter",
                    name=name,
                    x=[round(value, 4) for value in values],
                    y=places,
                    mode="markers",
                    marker={"symbol": symbol, "size": 10, "color": colour},
                    customdata=told,
                    hovertemplate=f"%{{y}}<br>{name} %{{x:.2f}}<br>%{{customdata[0]}}<br>"
                    "q %{customdata[1]}<extra></extra>",
                )
                for name, values, symbol, colour in (
                    ("real", [pair.real for pair in results], "circle", REAL),
                    ("synthetic", [pair.synthetic for pair in results], "diamond", SYNTHETIC),
                )
            ),
        ],
        layout=layout(
            height=96 + 26 * len(results),
            xaxis=axis("dependence (0 = none)", zeroline=True, zerolinecolor="var(--line)"),
            yaxis=axis(
                tickvals=places,
                ticktext=names,
                range=[len(results) - 0.5, -0.5],
                ticksuffix=" ",
                showgrid=False,
            ),
        ),
    )


def matrix(
    columns: Sequence[str], table: Sequence[Sequence[float | None]], *, reach: float = 1.0
) -> Figure:
    """Draw a square table of dependence; colours run from ``-reach`` to ``reach``."""
    names = [label(name, 16) for name in columns]
    places = list(range(len(names)))
    few = len(names) <= _MOST_NAMES
    ticks: dict[str, Any] = {
        "tickvals": places,
        "ticktext": names,
        "showticklabels": few,
        "showgrid": False,
    }
    if few:
        ticks["tickfont"] = {"color": "var(--muted)", "size": 11 if len(names) <= 18 else 9}
    return figure(
        [
            trace(
                "heatmap",
                x=places,
                y=places,
                z=[[None if value is None else round(value, 3) for value in row] for row in table],
                zmin=-reach,
                zmax=reach,
                colorscale=DIVERGING,
                colorbar=_COLOUR_BAR,
                xgap=1 if few else 0,
                ygap=1 if few else 0,
                hoverongaps=False,
                hovertemplate="%{y} and %{x}: %{z:.2f}<extra></extra>",
            )
        ],
        layout=layout(
            height=370,
            margin={"l": 8, "r": 8, "t": 12, "b": 8},
            xaxis=axis(**ticks, tickangle=-90, range=[-0.5, len(names) - 0.5]),
            yaxis=axis(**ticks, range=[len(names) - 0.5, -0.5]),
        ),
    )


def _grid(pair: GridPair, table: Sequence[Sequence[float | None]], top: float) -> Figure:
    covered = [[0 if share is None else None for share in row] for row in table]
    told = [[None if share is None else percent(share) for share in row] for row in table]
    return figure(
        [
            trace(
                "heatmap",
                z=covered,
                colorscale=[[0, "var(--hidden)"], [1, "var(--hidden)"]],
                showscale=False,
                xgap=2,
                ygap=2,
                hoverongaps=False,
                texttemplate=f"&lt; {MIN_CELL}",
                textfont={"color": "var(--muted)", "size": 11},
                hovertemplate=f"%{{y}}<br>%{{x}}<br>fewer than {MIN_CELL} patients<extra></extra>",
            ),
            trace(
                "heatmap",
                z=table,
                zmin=0,
                zmax=top,
                colorscale=SEQUENTIAL,
                colorbar={**_COLOUR_BAR, "tickformat": ".0%" if top > 0.05 else ".1%"},
                xgap=2,
                ygap=2,
                hoverongaps=False,
                text=told,
                hovertemplate="%{y}<br>%{x}<br>%{text} of rows<extra></extra>",
            ),
        ],
        layout=layout(
            height=380,
            margin={"l": 8, "r": 8, "t": 12, "b": 8},
            xaxis=_groups(pair.second),
            yaxis=_groups(pair.first),
        ),
    )


def _groups(groups: Axis) -> dict[str, Any]:
    labels = [label(name, 18) for name in groups.labels]
    return axis(
        label(groups.column, 40),
        tickvals=list(range(len(labels))),
        ticktext=labels,
        range=[-0.5, len(labels) - 0.5],
        showgrid=False,
    )


def _boxes(pair: BoxPair, name: str, boxes: Sequence[Box | None], colour: str) -> Trace:
    drawn = [(place, box) for place, box in enumerate(boxes) if box is not None]
    return trace(
        "box",
        name=name,
        x=[place for place, _ in drawn],
        q1=[_on_axis(pair, box.q25) for _, box in drawn],
        median=[_on_axis(pair, box.median) for _, box in drawn],
        q3=[_on_axis(pair, box.q75) for _, box in drawn],
        fillcolor=f"var(--{name}-pale)",
        line={"color": colour, "width": 2},
        whiskerwidth=0,
        hoverinfo="skip",  # it would call the quartiles minimum and maximum
    )


def _box_words(pair: BoxPair) -> Trace:
    """Return unseen points that say the numbers of both boxes of a level to the pointer."""

    def words(box: Box | None) -> str:
        if box is None:
            return f"fewer than {MIN_CELL} values"
        q25, median, q75 = (
            edge_text(value, scale=pair.scale) for value in (box.q25, box.median, box.q75)
        )
        return f"median {median}, middle half {q25} to {q75}"

    known = [
        (place, boxes, boxes.real or boxes.synthetic)
        for place, boxes in enumerate(pair.boxes)
        if boxes.real or boxes.synthetic
    ]
    return trace(
        "scatter",
        x=[place for place, _, _ in known],
        y=[_on_axis(pair, box.median) for _, _, box in known if box],
        mode="markers",
        marker={"color": REAL, "opacity": 0},
        showlegend=False,
        customdata=[[words(boxes.real), words(boxes.synthetic)] for _, boxes, _ in known],
        hovertemplate=("real: %{customdata[0]}<br>synthetic: %{customdata[1]}<extra></extra>"),
    )


def _on_axis(pair: BoxPair, value: float) -> float | str:
    return date_text(value) if pair.scale == "date" else value
