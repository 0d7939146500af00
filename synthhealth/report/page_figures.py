"""The page's figures, each with a title, a caption and a text alternative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from synthhealth.evaluation import CategoricalResult, NumericalResult, PairResult
from synthhealth.evaluation.coverage import NumericalCoverage
from synthhealth.report import figures
from synthhealth.report.data import (
    BoxPair,
    CategoricalDistribution,
    GridPair,
    NumericalDistribution,
    ReportData,
)
from synthhealth.report.numbers import (
    counted,
    dependence_text,
    edge_text,
    listed,
    number_text,
    p_text,
    percent,
    score_text,
    unit_text,
)
from synthhealth.report.parts import pairs as pair_figures
from synthhealth.report.parts.table_one import differences
from synthhealth.report.small_multiples import small_multiples, tiles
from synthhealth.report.tables import range_text, whom
from synthhealth.report.theme import TONES, Figure, Tone
from synthhealth.report.words import (
    MEASURES,
    column_results,
    column_scores,
    floor_text,
    poor_columns,
    shown,
)
from synthhealth.schema import Column, Kind
from synthhealth.schema.types import MIN_CELL

#: A line of fewer quantiles shows nothing that the quartiles of Table 1 do not tell.
_FEWEST_POINTS = 9


class Slot(NamedTuple):
    """A place for a figure, with its words."""

    figure: str  # name of the figure in the store
    title: str
    alt: str
    caption: str = ""


class Panel(NamedTuple):
    """One column's facts and figures."""

    place: int  # of the column in the table
    name: str
    kind: str
    state: str | None
    tone: Tone | None
    facts: list[tuple[str, str]]
    slots: list[Slot]
    note: str = ""


class PairEntry(NamedTuple):
    """Two columns together, as the page shows them."""

    columns: tuple[int, ...]  # their places in the table
    name: str
    text: str
    state: str
    tone: Tone
    slots: list[Slot]


class Matrices(NamedTuple):
    """One view of the tables of dependence."""

    name: str
    slots: list[Slot]


class Store:
    """The figures of a page as plain values, by name."""

    def __init__(self) -> None:
        self.figures: dict[str, Figure] = {}

    def slot(self, name: str, figure: Figure, title: str, alt: str, caption: str = "") -> Slot:
        """Keep `figure` under `name` and return the place for it."""
        self.figures[name] = figure
        return Slot(figure=name, title=title, alt=alt, caption=caption)


_NO_FEWER = f"Groups of fewer than {MIN_CELL} values are left out."


def overview_slot(data: ReportData, store: Store) -> Slot:
    """Return the figure of all scores on their noise floors."""
    scores = column_scores(data.evaluation)
    worse = [
        f"{shown(column.column)} {score_text(column.score)}"
        for column in poor_columns(data.evaluation)
    ]
    told = f"worse: {', '.join(worse)}" if worse else "none is worse"
    caption = "The lowest score comes first."
    if len(scores) > figures.MOST_LINES:
        caption = f"The {figures.MOST_LINES} lowest of {len(scores)} scores; the table has all."
    return store.slot(
        "overview",
        figures.overview(data.evaluation),
        "Each column's score on its noise floor",
        f"Dot plot of the scores of {len(scores)} columns with their noise floors; {told}.",
        caption,
    )


def table_one_slot(data: ReportData, store: Store) -> Slot | None:
    """Return the figure of Table 1's standardised differences; None where there are none."""
    drawn = None if data.table_one is None else differences(data.table_one)
    if drawn is None:
        return None
    return store.slot(
        "table-one-differences",
        drawn,
        "Differences of means and shares, by group",
        "Dot plot of the standardised differences of Table 1, for all patients and within groups; "
        "the table below has the numbers.",
        "A dot on 0: no difference. Grey: what chance explains. Between the dotted lines a "
        "difference matters to nobody.",
    )


def panels(data: ReportData, store: Store) -> list[Panel]:
    """Return the facts and figures of every column, in the table's order."""
    results = {result.column: result for result in column_results(data.evaluation)}
    numerical = {shape.column: shape for shape in data.numerical}
    categorical = {shape.column: shape for shape in data.categorical}
    reasons = {column.column: column.reason for column in data.not_shown}
    covered = {
        one.column: one for one in data.evaluation.coverage if isinstance(one, NumericalCoverage)
    }
    found = []
    for place, column in enumerate(data.columns):
        result = results.get(column.name)
        slots: list[Slot] = []
        if isinstance(result, NumericalResult) and column.name in numerical:
            slots = _numerical_slots(place, column, numerical[column.name], result, store)
            if column.name in covered and len(covered[column.name].quantiles) >= _FEWEST_POINTS:
                slots.append(_quantile_slot(place, column, covered[column.name], store))
        elif column.name in categorical:
            slots = [_categorical_slot(place, categorical[column.name], store)]
        reason = reasons.get(column.name)
        found.append(
            Panel(
                place=place,
                name=column.name,
                kind=column.kind.value + (f", {unit_text(column.unit)}" if column.unit else ""),
                state=result.state if result else None,
                tone=TONES[result.state] if result else None,
                facts=_facts(result),
                slots=slots,
                note=f"The distribution is not shown: {reason}." if reason else "",
            )
        )
    return found


def pair_entries(data: ReportData, store: Store) -> list[PairEntry]:
    """Return the pairs with their figures, the one that is furthest off first."""
    places = {column.name: place for place, column in enumerate(data.columns)}
    slots: dict[frozenset[str], list[Slot]] = {}
    for grid in data.pairs.grids:
        columns = frozenset((grid.first.column, grid.second.column))
        slots[columns] = _grid_slots(grid, places, store)
    for pairs, slot_of in ((data.pairs.boxes, _box_slot), (data.pairs.lines, _band_slot)):
        for within in pairs:
            key = f"pair-{places[within.numerical]}-{places[within.groups.column]}"
            columns = frozenset((within.numerical, within.groups.column))
            slots[columns] = [slot_of(within, key, store)]
    return [
        PairEntry(
            columns=tuple(sorted((places[pair.first], places[pair.second]))),
            name=f"{shown(pair.first, 40)} and {shown(pair.second, 40)}",
            text=_pair_text(pair),
            state=pair.state,
            tone=TONES[pair.state],
            slots=slots[frozenset((pair.first, pair.second))],
        )
        for pair in pair_figures.worst_first(data.evaluation)
        if frozenset((pair.first, pair.second)) in slots
    ]


def glance_slots(data: ReportData, store: Store) -> list[Slot]:
    """Return every column at a glance, for wide windows and for narrow ones; none of no column."""
    drawn = tiles(data)
    if not drawn:
        return []
    marked = [f"{shown(tile.column)}" for tile in drawn if tile.mark]
    told = f"to be looked at: {listed(marked, len(marked))}" if marked else "none stands out"
    n_all = len(data.columns)
    caption = (
        "Blue: real patients. Orange: synthetic ones. Numbers are drawn as the share of patients "
        "along their values, levels as bars."
    )
    if marked:
        caption += " Marked names: the synthetic values differ by more than chance explains."
    if len(drawn) < n_all:
        caption += f" Here are {len(drawn)} of {n_all:,} columns; the table below has all."
    return [
        store.slot(
            f"glance-{width}",
            small_multiples(data, across=across),
            "Every column at a glance",
            f"Small drawings of {counted(len(drawn), 'column', 'columns')}, real and synthetic; "
            f"{told}.",
            caption,
        )
        for width, across in (("wide", None), ("narrow", 2))
    ]


def matrices(data: ReportData, store: Store) -> list[Matrices]:
    """Return the tables of dependence: of the numerical columns, and of all."""
    dependence = data.dependence
    n_numerical = len(dependence.numerical)
    columns = (*dependence.numerical, *dependence.categorical)
    views = []
    if n_numerical > 1:
        views.append(("Numerical columns (Spearman)", n_numerical))
    if dependence.categorical and len(columns) > 1:
        views.append(("All columns", len(columns)))
    found = []
    for view, (name, size) in enumerate(views):
        slots = []
        for which, table in (
            ("real", dependence.real),
            ("synthetic", dependence.synthetic),
            ("difference", dependence.difference),
        ):
            part = [row[:size] for row in table[:size]]
            title = "Synthetic minus real" if which == "difference" else which.capitalize()
            slots.append(
                store.slot(
                    f"dependence-{view}-{which}",
                    pair_figures.matrix(columns[:size], part, reach=_reach(which, part)),
                    title,
                    f"Heat map of the dependence between {size} columns: {title.lower()}.",
                )
            )
        found.append(Matrices(name=name, slots=slots))
    return found


def missing_slot(data: ReportData, store: Store) -> Slot | None:
    """Return the figure of missing values; None where there are none."""
    gaps = figures.columns_with_gaps(data.missingness)
    if not gaps:
        return None
    told = "; ".join(
        f"{shown(column.column)} real {percent(column.real)}, synthetic {percent(column.synthetic)}"
        for column in gaps[:5]
    )
    n_all = sum(column.real > 0 or column.synthetic > 0 for column in data.missingness)
    caption = "The largest difference comes first; columns without missing values are left out."
    if n_all > len(gaps):
        caption = f"The {len(gaps)} largest differences of {n_all} columns with missing values."
    return store.slot(
        "missing",
        figures.missing_values(data.missingness),
        "Share of missing values by column",
        f"Bar chart of the shares of missing values, the largest differences: {told}.",
        caption,
    )


def _numerical_slots(
    place: int, column: Column, shape: NumericalDistribution, result: NumericalResult, store: Store
) -> list[Slot]:
    name = shown(shape.column)
    caption = (
        f"Filled: {shape.n_real:,} real values. Line: {shape.n_synthetic:,} synthetic values. "
        f"Equal areas are equal shares; no bin holds 1 to {MIN_CELL - 1} real values."
    )
    outside = [_outside(shape, shares) for shares in (shape.real, shape.synthetic)]
    if max(outside) > 0:
        caption += (
            f" {percent(outside[0])} of the real and {percent(outside[1])} of the synthetic "
            "values lie outside the part drawn."
        )
    limits = (*column.detection.below, *column.detection.above) if column.detection else ()
    caption += _drawn_beside(column, limits)
    gap = edge_text(shape.gap_at, scale=shape.scale)
    return [
        store.slot(
            f"column-{place}-histogram",
            figures.histogram(shape, column.reference, limits),
            "Distribution",
            f"Histogram of {name}, real and synthetic. The distributions score "
            f"{score_text(result.ks_complement)} (1 = identical).",
            caption,
        ),
        store.slot(
            f"column-{place}-functions",
            figures.distribution_functions(shape, result.ks_statistic),
            "Share of values below each point",
            f"Cumulative distributions of {name}, real and synthetic. The largest gap is "
            f"{score_text(result.ks_statistic)}, near {gap}.",
            "The bar marks the largest gap between the two curves: the Kolmogorov-Smirnov "
            "distance D. The curves are drawn between coarse points, D is exact.",
        ),
    ]


def _quantile_slot(place: int, column: Column, coverage: NumericalCoverage, store: Store) -> Slot:
    is_date = column.kind is Kind.DATETIME
    outside = [one for one in coverage.quantiles if not one.low <= one.synthetic <= one.high]
    n_all = len(coverage.quantiles)
    caption = "On the dotted line the two are equal. Shaded: where other real patients would lie."
    if is_date:
        caption += " In days from the median of the real dates."
    return store.slot(
        f"column-{place}-quantiles",
        figures.quantiles(coverage, "day" if is_date else column.unit),
        "Quantile against quantile",
        f"Synthetic against real quantiles of {shown(column.name)}: {len(outside)} of {n_all} lie "
        "where other real patients would not.",
        caption,
    )


def _categorical_slot(place: int, shape: CategoricalDistribution, store: Store) -> Slot:
    told = "; ".join(
        f"{shown(name, 30)} real {percent(level.real_share)}, synthetic "
        f"{percent(level.synthetic_share)}"
        for name, level in list(zip(shape.names, shape.levels, strict=True))[:6]
    )
    caption = f"{shape.n_real:,} real and {shape.n_synthetic:,} synthetic values."
    if shape.other is not None:
        joined = f"the {shape.n_other} rarest levels" if shape.n_other > 1 else "one rare level"
        caption += (
            f" “Other” holds {joined}; no group of fewer than {MIN_CELL} real patients is shown."
        )
    return store.slot(
        f"column-{place}-levels",
        figures.categories(shape),
        "Categories",
        f"Bar chart of the categories of {shown(shape.column)}: {told or 'all merged'}.",
        caption,
    )


def _grid_slots(grid: GridPair, places: dict[str, int], store: Store) -> list[Slot]:
    first, second = grid.first.column, grid.second.column
    key = f"pair-{places[first]}-{places[second]}"
    caption = (
        f"{grid.n_real:,} real rows with both values known, each cell rounded to {MIN_CELL} "
        f"patients; those with fewer than {MIN_CELL} are not told apart."
    )
    drawings = zip(
        ("real", "synthetic"),
        pair_figures.pair_grids(grid),
        (caption, f"{grid.n_synthetic:,} synthetic rows with both values known."),
        strict=True,
    )
    return [
        store.slot(
            f"{key}-{which}",
            figure,
            which.capitalize(),
            f"Heat map of the shares of {which} rows by {shown(first)} and {shown(second)}.",
            words,
        )
        for which, figure, words in drawings
    ]


def _box_slot(pair: BoxPair, key: str, store: Store) -> Slot:
    first, second = shown(pair.numerical), shown(pair.groups.column)
    return store.slot(
        key,
        pair_figures.pair_boxes(pair),
        f"{first} by {second}",
        f"Boxes of the quartiles of {first} within the categories of {second}, real and synthetic.",
        f"Each box spans the middle half of the values, its line is the median. {_NO_FEWER}",
    )


def _band_slot(pair: BoxPair, key: str, store: Store) -> Slot:
    first, second = shown(pair.numerical), shown(pair.groups.column)
    return store.slot(
        key,
        pair_figures.pair_bands(pair),
        f"{first} along {second}",
        f"Medians and quartiles of {first} along bands of {second}, real and synthetic.",
        f"Patients are sorted by {second} into bands, with about as many real ones in each. In "
        f"every band half of them lie between the outer lines. {_NO_FEWER}",
    )


def _reach(which: str, table: Sequence[Sequence[float | None]]) -> float:
    """Return where the colours end: differences are small and would be pale on a scale to 1."""
    if which != "difference":
        return 1.0
    return max(0.5, *(abs(value) for row in table for value in row if value is not None))


def _pair_text(pair: PairResult) -> str:
    ends = "1 or −1" if pair.measure == "spearman" else "1"
    scale = f"0 = none, {ends} = as strong as can be"
    return (
        f"{MEASURES[pair.measure][:1].upper()}{MEASURES[pair.measure][1:]} ({scale}): "
        f"{dependence_text(pair.real)} among real patients, {dependence_text(pair.synthetic)} "
        f"among synthetic ones. {pair_figures.STATE_OF_PAIR[pair.state]}"
    )


def _facts(result: NumericalResult | CategoricalResult | None) -> list[tuple[str, str]]:
    if result is None:
        return []
    if isinstance(result, NumericalResult):
        unit = f" {unit_text(result.unit)}" if result.unit else ""
        facts = [
            ("Score (1 − D)", score_text(result.ks_complement)),
            ("Noise floor", floor_text(result.floor)),
            ("KS distance D", score_text(result.ks_statistic)),
            ("p, q", f"{p_text(result.p_value)}, {p_text(result.q_value)} ({result.p_method})"),
            ("Wasserstein distance", f"{number_text(result.wasserstein)}{unit}"),
        ]
    else:
        facts = [
            ("Score (1 − TV)", score_text(result.tv_complement)),
            ("Noise floor", floor_text(result.floor)),
            ("p, q", f"{p_text(result.p_value)}, {p_text(result.q_value)} ({result.p_method})"),
            ("Categories", f"{result.n_categories:,}"),
        ]
    return [
        *facts,
        ("Known values", f"{result.n_real:,} real, {result.n_synthetic:,} synthetic"),
        (
            "Missing",
            f"{percent(result.missing_real)} real, {percent(result.missing_synthetic)} synthetic",
        ),
    ]


def _drawn_beside(column: Column, limits: Sequence[float]) -> str:
    """Return the words on what is drawn beside the values."""
    told = ""
    if column.reference:
        ranges = []
        for range_ in column.reference:
            people = whom(range_.sex, range_.age_from, range_.age_to)
            text = range_text(range_.low, range_.high, column.unit)
            ranges.append(f"{text} ({people})" if people else text)
        told += f" Shaded: reference range {'; '.join(ranges)}."
    if limits:
        told += " Dotted: detection limits; results beyond them are not in the figure."
    return told


def _outside(shape: NumericalDistribution, shares: tuple[float, ...]) -> float:
    low, high = shape.view
    return sum(
        share for start, share in zip(shape.edges, shares, strict=False) if not low <= start < high
    )
