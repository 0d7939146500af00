"""Figures within groups of patients: a table may be good on average and poor for some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy import special, stats

from synthhealth.errors import TableError
from synthhealth.evaluation.calibration import ALARM, TOLERANCE, Replicates, band_of, state_of
from synthhealth.evaluation.dependence import (
    Binned,
    PooledColumn,
    Table,
    pool_rare_levels,
)
from synthhealth.evaluation.distances import false_discovery, levels_test
from synthhealth.evaluation.figures import NotComputed, Result, Score, State
from synthhealth.evaluation.groups import Group, find_groups
from synthhealth.evaluation.matching import CategoricalColumn, NumericalColumn
from synthhealth.evaluation.pairs import pooled_p_values, standardised
from synthhealth.evaluation.permutation import Layout, Relations
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.rounding import coarse_count
from synthhealth.evaluation.shares import ShareComparison, compare_shares
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.work import Seeds, attempt, sort_out

__all__ = ["SUBGROUPS", "Subgroup", "compare_subgroups", "judged_groups"]


class Subgroup(Result):
    """How well the synthetic patients of one group resemble the real ones of that group.

    All noise floors, and all p values but that of the group's size, come from random exchanges of
    rows between the real and the synthetic patients of the group.
    """

    by: str
    """Name of the column that makes the groups."""
    group: str
    """Which group: a level of that column, or a band of its values."""
    size: ShareComparison
    """The group's share of the rows in which the column is known."""
    n_real: int = Field(ge=1)
    """Real rows that were compared: all of the group, or 300 of them at random; written to the \
nearest 5."""
    n_synthetic: int = Field(ge=1)
    """Synthetic rows that were compared."""
    column_average: Score
    """Mean over the columns of the Kolmogorov-Smirnov or total-variation complement (1 = \
identical)."""
    ks_average: Score | None
    """The same over the numerical columns; None without any."""
    dependence_difference: Score | None
    """Mean absolute difference of the dependence of all pairs of columns (0 = identical); None \
with fewer than two columns that vary."""
    missing_difference: Score | None
    """Mean over the columns of the absolute difference of the share of missing values; None where \
no value is missing."""
    poor_columns: tuple[str, ...]
    """Columns whose values differ by more than chance, the furthest first (Benjamini-Hochberg \
over the columns of the group)."""
    is_small: bool
    """Whether in most columns even a shift by a whole standard deviation would pass."""
    distance: float
    """Distance of the figure that is furthest off, in standard deviations from what a perfect \
generator gives on average."""
    p_value: float = Field(ge=0, le=1)
    """Probability that a perfect generator's group would differ as much in any of these figures, \
in a column or in its size (Simes, 1986)."""
    q_value: float = Field(ge=0, le=1)
    """`p_value` adjusted for all that was judged; see `synthhealth.evaluation.judgement.judge`."""
    state: State
    """`worse` where `q_value` is at most 0.05; `uncertain` where its average over the columns \
lies below its floor without the group being `worse`, or where in most columns even a shift by a \
whole standard deviation would pass; else `as good` as other patients."""
    reason: str
    """The figure that is furthest from what a perfect generator gives, in words."""

    def as_written(self) -> Subgroup:
        """Give the result with its number of patients to the nearest 5."""
        return self.model_copy(update={"n_real": coarse_count(self.n_real)})


Column = NumericalColumn | CategoricalColumn
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

#: Rows of either table that are compared of each group.
MOST_ROWS = 300
MOST_REPLICATES, FEWEST_REPLICATES = 200, 50
#: Multiplications that are spent on a group's dependence, if that will do.
MOST_PRODUCTS = 60_000_000
#: Numbers that are held at a time of the replicates' products.
CELLS = 500_000
#: Columns whose dependence is measured within groups: of wider tables, that many at random.
MOST_COLUMNS = 40
#: A level of fewer rows is joined with the other rare ones where dependence is measured.
RARE = 5
#: The distance of two normal distributions that lie a standard deviation apart.
LARGE_GAP = 0.3829


def compare_subgroups(
    tables: Tables,
    columns: Sequence[Column],
    seeds: Seeds,
    *,
    by: Sequence[str] | None = None,
) -> tuple[tuple[Subgroup, ...], tuple[NotComputed, ...]]:
    """Compare the tables within groups of patients.

    Of every group, at most 300 random rows of either table are compared. What a perfect generator
    gives is known from 50 to 200 random exchanges of rows between the real and the synthetic
    patients of the group. A group's p values (of its columns, the averages and its size) are
    combined by Simes' rule, and adjusted over the groups, so that of a perfect generator any
    group is called poor in at most 5 of 100 cases.

    Parameters
    ----------
    tables : Tables
        The two tables.
    columns : sequence of NumericalColumn or CategoricalColumn
        Their columns (`match_columns`).
    seeds : Seeds
        Source of the exchanges.
    by : sequence of str, optional
        Columns whose levels, or bands of values, make groups; by default sex, age and outcomes,
        as far as the schema names them.

    Returns
    -------
    groups : tuple of Subgroup
        The one furthest from a perfect generator first.
    not_computed : tuple of NotComputed
        Groups with fewer than 10 rows in either table, and columns that make no groups.

    Raises
    ------
    ParameterError
        `by` names a column that is not compared.
    """
    groups, gaps = find_groups(tables, by)
    found, failed = sort_out(
        [
            attempt(
                "subgroups",
                partial(_compare, group, columns, seeds.rng(f"{group.by}: {group.name}")),
                column=f"{group.by}: {group.name}",
            )
            for group in groups
        ]
    )
    judged = judged_groups(found, false_discovery([one.p_value for one in found]))
    return judged, (*gaps, *failed)


def judged_groups(groups: Sequence[Subgroup], q_values: Sequence[float]) -> tuple[Subgroup, ...]:
    """Give groups their adjusted p values and the state that follows, the furthest first."""
    judged = [
        one.model_copy(
            update={
                "q_value": q,
                "state": state_of(
                    q,
                    is_outside=one.column_average.floor.standing(one.column_average.value)
                    == "below",
                    is_blind=one.is_small,
                ),
            }
        )
        for one, q in zip(groups, q_values, strict=True)
    ]
    return tuple(sorted(judged, key=_by_distance))


def _by_distance(group: Subgroup) -> tuple[bool, float]:
    # Where groups are poor, their p values are all as small as the exchanges allow.
    is_poor = group.state == "worse"
    return not is_poor, -group.distance if is_poor else group.p_value


@dataclass(frozen=True)
class Divided:
    """The rows of a group: the tables at hand in the first line, exchanges in all others.

    `first` says which of the pooled rows stand in the first table.
    """

    first: Mask
    n: int
    m: int

    @classmethod
    def of(cls, n: int, m: int, replicates: int, rng: np.random.Generator) -> Divided:
        """Draw the exchanges of n real with m synthetic rows."""
        first = np.zeros((1 + replicates, n + m), dtype=bool)
        first[0, :n] = True
        for line in first[1:]:
            line[rng.permutation(n + m)[:n]] = True
        return cls(first, n, m)

    def ks_distances(self, values: Floats) -> Floats:
        """Give Kolmogorov and Smirnov's D of a column in every line; NaN is missing."""
        known = np.flatnonzero(~np.isnan(values))
        order = known[np.argsort(values[known], kind="stable")]
        first = self.first[:, order]
        n = first.sum(axis=1, keepdims=True)
        m = order.size - n
        steps = np.where(first, 1 / np.maximum(n, 1), -1 / np.maximum(m, 1))
        gaps = np.abs(np.cumsum(steps, axis=1))
        ends = np.append(np.diff(values[order]) > 0, True)
        distances: Floats = gaps[:, ends].max(axis=1)
        return np.where((n[:, 0] > 0) & (m[:, 0] > 0), distances, 0.0)

    def tv_distances(self, codes: npt.NDArray[np.int64]) -> Floats:
        """Give the total variation distance of a column in every line; -1 is missing."""
        shares = [
            counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
            for counts in self._counts(codes)
        ]
        distances: Floats = 0.5 * np.abs(shares[0] - shares[1]).sum(axis=1)
        return distances

    def missing_gaps(self, missing: Mask) -> Floats:
        """Give the absolute differences of the shares of missing values, averaged over columns."""
        gone = missing.astype(np.float64)
        first = self.first @ gone
        gaps = np.abs(first / self.n - (gone.sum(axis=0) - first) / self.m)
        averages: Floats = gaps.mean(axis=1)
        return averages

    def _counts(self, codes: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
        found, codes = np.unique(codes, return_inverse=True)
        indicators = (codes[:, None] == np.arange(found.size)).astype(np.float64)
        indicators = indicators[:, found >= 0]
        first = self.first @ indicators
        return first, indicators.sum(axis=0) - first


# Figures of one group


def _compare(group: Group, columns: Sequence[Column], rng: np.random.Generator) -> Subgroup:
    rows = [_some(np.flatnonzero(mask), rng) for mask in (group.real, group.synthetic)]
    parts = [_part(column, rows) for column in columns]
    numerical = [c for c in parts if isinstance(c, NumericalColumn) and c.obstacle is None]
    categorical = [c for c in parts if isinstance(c, CategoricalColumn) and c.obstacle is None]
    if not (numerical or categorical):
        raise TableError("its rows have no column that can be compared")
    relations = _relations(numerical, categorical, rng)
    width = 1 if relations is None else int(relations[0].features_per_column().sum())
    replicates = MOST_PRODUCTS // (min(rows[0].size, rows[1].size) * width**2)
    replicates = int(np.clip(replicates, FEWEST_REPLICATES, MOST_REPLICATES))
    divided = Divided.of(rows[0].size, rows[1].size, replicates, rng)

    distances = [divided.ks_distances(np.concatenate(c.measured)) for c in numerical]
    distances += [divided.tv_distances(np.concatenate([c.real, c.synthetic])) for c in categorical]
    by_column = np.column_stack(distances)
    p_columns = pooled_p_values(standardised(by_column))
    if numerical:
        # A mean that is off shows in fewer patients than a distribution that is.
        shifts = np.array([_shift_p_value(column) for column in numerical])
        both = 2.0 * np.minimum(p_columns[: len(numerical)], shifts)
        p_columns[: len(numerical)] = np.minimum(1.0, both)
    names = [*(column.name for column in numerical), *(column.name for column in categorical)]
    q_columns = np.array(false_discovery(p_columns.tolist()))
    missing = _missing(parts)
    average = 1.0 - by_column.mean(axis=1)
    gaps = {
        "the average over its columns": 1.0 - average,
        "the dependence of its columns": _dependence_gaps(relations, divided),
        "its missing values": divided.missing_gaps(missing) if missing.any() else None,
    }
    size = _size(group)
    # Each figure with its p value, and its distance in standard deviations.
    figures = {
        f"column {name!r}": (p, _distance(line))
        for name, p, line in zip(names, p_columns.tolist(), by_column.T, strict=True)
    }
    figures |= {
        name: (_p_value(gap), _distance(gap)) for name, gap in gaps.items() if gap is not None
    }
    p_size = levels_test(*size, rng).p_value
    figures["its share of the rows"] = p_size, float(special.ndtri(1.0 - p_size / 2))
    adjusted = false_discovery([p for p, _ in figures.values()])
    blind = np.median(np.quantile(by_column[1:], 0.975, axis=0)) > LARGE_GAP
    counted = [(int(counts[0]), int(counts.sum())) for counts in size]
    poor = np.flatnonzero(q_columns <= ALARM)
    return Subgroup(
        by=group.by,
        group=group.name,
        size=compare_shares(counted[0], counted[1]),
        n_real=divided.n,
        n_synthetic=divided.m,
        column_average=_score(average),
        ks_average=_score(1.0 - by_column[:, : len(numerical)].mean(axis=1)) if numerical else None,
        dependence_difference=_score_of(gaps["the dependence of its columns"]),
        missing_difference=_score_of(gaps["its missing values"]),
        poor_columns=tuple(names[i] for i in poor[np.argsort(p_columns[poor], kind="stable")]),
        distance=max(distance for _, distance in figures.values()),
        p_value=min(1.0, min(adjusted)),
        q_value=1.0,
        is_small=bool(blind),
        state="uncertain",
        reason=min(figures, key=lambda name: (figures[name][0], -figures[name][1])),
    )


def _some(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows if rows.size <= MOST_ROWS else np.sort(rng.choice(rows, MOST_ROWS, replace=False))


def _part(column: Column, rows: Sequence[Rows]) -> Column:
    if isinstance(column, CategoricalColumn):
        codes = column.real[rows[0]], column.synthetic[rows[1]]
        return CategoricalColumn(column.name, column.n_levels, *codes)
    values = column.real[rows[0]], column.synthetic[rows[1]]
    marks = [
        None if marks is None else marks[some]
        for marks, some in zip((column.censored_real, column.censored_synthetic), rows, strict=True)
    ]
    return NumericalColumn(column.name, column.unit, *values, *marks)


def _size(group: Group) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Count the rows inside and outside the group, where its column is known."""
    real, synthetic = (
        np.array([inside.sum(), known.sum() - inside.sum()])
        for inside, known in (
            (group.real, group.known_real),
            (group.synthetic, group.known_synthetic),
        )
    )
    return real, synthetic


def _missing(columns: Sequence[Column]) -> Mask:
    """Say which pooled rows lack which columns."""
    return np.column_stack(
        [
            np.isnan(np.concatenate([column.real, column.synthetic]))
            if isinstance(column, NumericalColumn)
            else np.concatenate([column.real, column.synthetic]) < 0
            for column in columns
        ]
    )


# Dependence


def _relations(
    numerical: Sequence[NumericalColumn],
    categorical: Sequence[CategoricalColumn],
    rng: np.random.Generator,
) -> tuple[Relations, Relations] | None:
    """Give the columns that vary in the real table; None for fewer than two."""
    varying: list[Column] = [c for c in numerical if np.ptp(c.present[0]) > 0]
    varying += [c for c in categorical if (c.counts[0] > 0).sum() > 1]
    if len(varying) > MOST_COLUMNS:
        kept = np.sort(rng.choice(len(varying), MOST_COLUMNS, replace=False))
        varying = [varying[i] for i in kept]
    numbers = [c for c in varying if isinstance(c, NumericalColumn)]
    joined = [_join_rare(c) for c in varying if isinstance(c, CategoricalColumn)]
    pooled = [column for column in joined if column.levels.real > 1]
    if len(numbers) + len(pooled) < 2:
        return None
    levels = tuple(column.levels for column in pooled)
    real, synthetic = (
        Table.of([getattr(c, name) for c in numbers], [getattr(c, name) for c in pooled], levels)
        for name in ("real", "synthetic")
    )
    return _without_bins(real), _without_bins(synthetic)


def _join_rare(column: CategoricalColumn) -> PooledColumn:
    counts = column.counts[0] + column.counts[1]
    common = counts >= RARE
    new = np.where(common, np.cumsum(common) - 1, common.sum())
    real, synthetic = (
        np.where(codes < 0, -1, new[codes]) for codes in (column.real, column.synthetic)
    )
    return pool_rare_levels(real, synthetic, int(new.max()) + 1)


def _without_bins(table: Table) -> Relations:
    n_columns = table.values.shape[1] + table.codes.shape[1]
    codes = np.zeros((len(table.codes), n_columns), dtype=np.int64)
    return Relations(table, Binned(codes, np.zeros(n_columns, dtype=np.int64)))


def _dependence_gaps(
    relations: tuple[Relations, Relations] | None, divided: Divided
) -> Floats | None:
    """Give the mean absolute difference over all pairs in every line."""
    if relations is None:
        return None
    layout = Layout.of(relations[0])
    features = np.vstack([table.features() for table in relations])
    total = features.T @ features
    differences = []
    at_a_time = max(1, CELLS // total.size)
    for start in range(0, len(divided.first), at_a_time):
        chosen = (features[line] for line in divided.first[start : start + at_a_time])
        products = np.array([rows.T @ rows for rows in chosen])
        differences.append(layout.dependence(products) - layout.dependence(total - products))
    found = np.concatenate(differences)
    first, second = np.triu_indices(found.shape[1], 1)
    gaps = np.abs(found[:, first, second])
    taken = ~np.isnan(gaps[0])
    if not taken.any():
        return None
    averages: Floats = np.nan_to_num(gaps[:, taken]).mean(axis=1)
    return averages


# Laws


def _distance(gaps: Floats) -> float:
    """Give standard deviations above what the exchanges give on average; 0 where all are alike."""
    spread = gaps[1:].std()
    return float((gaps[0] - gaps[1:].mean()) / spread) if spread > TOLERANCE else 0.0


def _shift_p_value(column: NumericalColumn) -> float:
    """Give the p value of the rank-sum test, ties allowed for (Wilcoxon, 1945)."""
    real, synthetic = (values[~np.isnan(values)] for values in column.measured)
    if not (real.size and synthetic.size):
        return 1.0
    p_value = stats.mannwhitneyu(real, synthetic, method="asymptotic").pvalue
    return 1.0 if np.isnan(p_value) else float(p_value)


def _p_value(gaps: Floats) -> float:
    return Replicates(gaps[1:], "permuted").tails(float(gaps[0]))[1]


def _score(figures: Floats) -> Score:
    return Score(value=float(figures[0]), floor=band_of(figures[1:], "permuted"))


def _score_of(figures: Floats | None) -> Score | None:
    return None if figures is None else _score(figures)


def _ask(case: Case, seeds: Seeds) -> Answer:
    results, gaps = compare_subgroups(case.tables, case.usable, seeds, by=case.scope.by)
    return Answer(results, gaps=gaps)


#: Are all groups of patients resembled?
SUBGROUPS = Question("subgroups", _ask, "subgroups", "subgroups", seconds=5.0)
