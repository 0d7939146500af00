"""The dependence of all pairs of columns, real against synthetic, and how unlikely it would be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from synthhealth.evaluation.calibration import (
    TOLERANCE,
    Replicates,
    Unjudged,
    band_of,
    state_of,
)
from synthhealth.evaluation.dependence import (
    FEWEST_ROWS,
    Binned,
    PooledColumn,
    Table,
    common_bins,
    complete_rows,
    count_cells,
    dependence,
    informations,
    pool_rare_levels,
)
from synthhealth.evaluation.distances import false_discovery
from synthhealth.evaluation.figures import Band, NotComputed, Result, Score, State
from synthhealth.evaluation.groups import grouping_columns
from synthhealth.evaluation.key_relations import (
    LARGE_DEPENDENCE,
    KeyRelation,
    PairLaw,
    key_relations,
)
from synthhealth.evaluation.matching import CategoricalColumn, NumericalColumn
from synthhealth.evaluation.permutation import Relations, exchange_rows, shuffle_columns
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.work import Seeds

__all__ = [
    "PAIRS",
    "PairComparison",
    "PairResult",
    "compare_pairs",
    "pair_bands",
    "pair_state",
    "pooled_p_values",
    "standardised",
]


class PairResult(Result):
    """How strongly two columns depend on each other, in the real and in the synthetic table."""

    first: str
    """Name of one column."""
    second: str
    """Name of the other column."""
    measure: Literal["spearman", "cramers_v", "correlation_ratio"]
    """Spearman's rank correlation (-1 to 1) for two numerical columns, Cramer's V (0 to 1) for \
two categorical ones, the correlation ratio eta (0 to 1) for one of each."""
    real: float = Field(ge=-1, le=1)
    """The measure in the real table."""
    synthetic: float = Field(ge=-1, le=1)
    """The measure in the synthetic table."""
    difference: float = Field(ge=0, le=2)
    """Absolute difference of the two."""
    information_real: float | None = Field(default=None, ge=0, le=1)
    """Mutual information I of the two columns in the real table, on bins common to both tables \
(real deciles, fewer in small tables; levels), as sqrt(1 - exp(-2 I)): 0 for independent columns, \
the absolute correlation for two normal ones. It also sees dependence that neither rises nor \
falls."""
    information_synthetic: float | None = Field(default=None, ge=0, le=1)
    """The same in the synthetic table."""
    floor: Band | None = None
    """Noise floor of `difference`; None where the pair was not judged (very wide tables)."""
    p_value: float | None = Field(default=None, ge=0, le=1)
    """Probability that a perfect generator's pair would differ as much, in the measure or in the \
mutual information."""
    q_value: float | None = Field(default=None, ge=0, le=1)
    """`p_value` adjusted for the number of pairs (Benjamini-Hochberg)."""
    state: State = "uncertain"
    """`worse` where `q_value` is at most 0.05; `uncertain` where the difference lies above its \
floor without being `worse`, or where neither the loss of the real dependence nor one of 0.3 that \
is not there would lie above the floor; else `as good` as other patients."""


Floats = npt.NDArray[np.float64]


def standardised(lines: Floats) -> Floats:
    """Give figures in standard deviations from their mean over all lines; 0 where they are alike.

    Parameters
    ----------
    lines : ndarray of shape (1 + n_replicates, n_figures)
        The figures at hand first; they count as one of the lines, being one of them for a perfect
        generator. NaN, where a line has no such figure, counts as 0.
    """
    lines = np.nan_to_num(lines)
    means, spreads = lines.mean(axis=0), lines.std(axis=0)
    scaled: Floats = (lines - means) / np.where(spreads > TOLERANCE, spreads, np.inf)
    return scaled


def pooled_p_values(scaled: Floats) -> Floats:
    """Give the probability of figures as large as those of the first line.

    Figures are held against those of all lines and of all figures together: a few hundred
    replicates of each would not reach the small probabilities that many figures ask for. On
    average over the figures the p values are exact, so that of all of them no more than stated
    fall below a limit.

    Parameters
    ----------
    scaled : ndarray of shape (1 + n_replicates, n_figures)
        The figures at hand first, on scales that are alike (`standardised`).
    """
    law = np.sort(scaled.ravel())
    as_large = law.size - np.searchsorted(law, scaled[0] - TOLERANCE)
    p_values: Floats = as_large / law.size
    return p_values


def pair_bands(replicates: Floats) -> list[Band]:
    """Give the band of every pair's absolute difference."""
    gaps = np.abs(np.nan_to_num(replicates))
    low, high = np.quantile(gaps, [0.025, 0.975], axis=0)
    return [
        Band(mean=mean, low=one, high=other, method="permuted")
        for mean, one, other in zip(gaps.mean(axis=0), low, high, strict=True)
    ]


def pair_state(q_value: float, real: float, difference: float, floor: Band) -> State:
    """Judge a pair: it is uncertain if neither its loss nor a medium dependence would show."""
    return state_of(
        q_value,
        is_outside=floor.standing(abs(difference)) == "above",
        is_blind=floor.high > max(abs(real), LARGE_DEPENDENCE),
    )


Measure = Literal["spearman", "cramers_v", "correlation_ratio"]
Column = NumericalColumn | CategoricalColumn
Mask = npt.NDArray[np.bool_]

WHAT = "dependence"
#: Dependence is measured in at most this many rows of either table.
MOST_ROWS = 10_000
#: Levels, bins and other features of the columns whose rows are exchanged.
MOST_FEATURES = 700
ASSUMPTION = (
    "Rows are independent: those of a perfect generator's table and the real ones could change "
    "places. A generator that learned these very rows may come closer."
)


@dataclass(frozen=True)
class PairComparison:
    """The results of all pairs, their averages, and what could not be computed.

    `score` is the mean absolute difference of the measures, `unjudged` holds it and that of the
    mutual information, yet to be judged, as are the `key` relations.
    """

    pairs: tuple[PairResult, ...]
    score: Score | None
    unjudged: tuple[Unjudged, ...]
    not_computed: tuple[NotComputed, ...]
    key: tuple[KeyRelation, ...] = ()


@dataclass(frozen=True)
class Varying:
    """The columns that depend on others: numbers first, then levels, rare ones pooled."""

    numerical: list[NumericalColumn]
    pooled: dict[str, PooledColumn]

    @classmethod
    def of(cls, columns: Sequence[Column]) -> Varying:
        """Leave out columns that are constant in the real table."""
        numerical = [
            column
            for column in columns
            if isinstance(column, NumericalColumn) and np.ptp(column.present[0]) > 0
        ]
        pooled = {
            column.name: pool_rare_levels(column.real, column.synthetic, column.n_levels)
            for column in columns
            if isinstance(column, CategoricalColumn)
        }
        return cls(numerical, {name: c for name, c in pooled.items() if c.levels.real > 1})

    @property
    def names(self) -> list[str]:
        return [*(column.name for column in self.numerical), *self.pooled]

    def draw(self, rng: np.random.Generator) -> Varying:
        """Give at most 10,000 random rows of either table."""
        columns: list[NumericalColumn | PooledColumn] = [*self.numerical, *self.pooled.values()]
        first = columns[0]
        rows = [
            slice(None) if size <= MOST_ROWS else np.sort(rng.choice(size, MOST_ROWS, False))
            for size in (first.real.size, first.synthetic.size)
        ]
        return Varying(
            [
                NumericalColumn(c.name, c.unit, c.real[rows[0]], c.synthetic[rows[1]])
                for c in self.numerical
            ],
            {
                name: PooledColumn(c.real[rows[0]], c.synthetic[rows[1]], c.levels)
                for name, c in self.pooled.items()
            },
        )

    def relations(self) -> tuple[Relations, Relations]:
        """Give the columns of both tables, as the measures need them."""
        levels = tuple(column.levels for column in self.pooled.values())
        codes = [common_bins(column.real, column.synthetic) for column in self.numerical]
        codes += [(c.real, c.synthetic, c.levels.total) for c in self.pooled.values()]
        widths = np.array([width for *_, width in codes], dtype=np.int64)
        real, synthetic = (
            Relations(
                Table.of(
                    [getattr(column, table) for column in self.numerical],
                    [getattr(column, table) for column in self.pooled.values()],
                    levels,
                ),
                Binned(np.column_stack([code[place] for code in codes]), widths),
            )
            for place, table in enumerate(("real", "synthetic"))
        )
        return real, synthetic


def compare_pairs(
    columns: Sequence[Column], seeds: Seeds, *, grouping: Sequence[str] = ()
) -> PairComparison:
    """Compare the dependence of all pairs of columns, in at most 10,000 random rows of each table.

    A column that is constant in the real table is left out: it depends on nothing. One that is
    constant in the synthetic table alone has lost its dependence, which counts as 0. Every pair
    is judged twice, by its measure (Spearman's correlation, Cramer's V or the correlation ratio)
    and by the mutual information on bins common to both tables, against random exchanges of rows
    between the tables (`exchange_rows`). The p values are adjusted over the pairs (Benjamini and
    Hochberg, 1995), so that of a perfect generator any pair is called poor in at most 5 of 100
    cases. In tables with many columns and levels (more than 46 columns of numbers) only the pairs
    of as many columns are judged, and the averages are theirs: those that `grouping` names, and
    others at random.

    The strongest relations and those of the `grouping` columns are judged once more by themselves:
    see `synthhealth.evaluation.key_relations.key_relations`.
    """
    whole = Varying.of(columns)
    gaps = [
        NotComputed(what=WHAT, column=column.name, reason=_why_left_out(column))
        for column in columns
        if column.name not in whole.names
    ]
    if len(whole.names) < 2:
        gaps.append(
            NotComputed(what=WHAT, column=None, reason="fewer than two columns vary in the table")
        )
        return PairComparison(pairs=(), score=None, unjudged=(), not_computed=tuple(gaps))

    rng = seeds.rng("dependence")
    varying = whole.draw(rng)
    position = {name: i for i, name in enumerate(varying.names)}
    real, synthetic = varying.relations()
    rows = complete_rows(real.table), complete_rows(synthetic.table)
    places: list[tuple[int, int]] = []
    for first, second in combinations([c.name for c in columns if c.name in position], 2):
        at = position[first], position[second]
        if min(rows[0][at], rows[1][at]) < FEWEST_ROWS:
            table = "real" if rows[0][at] < FEWEST_ROWS else "synthetic"
            reason = f"fewer than {FEWEST_ROWS} rows of the {table} table have both values"
            gaps.append(NotComputed(what=WHAT, column=f"{first} / {second}", reason=reason))
        else:
            places.append(at)
    if not places:
        return PairComparison(pairs=(), score=None, unjudged=(), not_computed=tuple(gaps))
    pairs, unjudged, key = _judged(real, synthetic, varying, places, grouping, rng)
    score = Score(value=unjudged[0].value, floor=unjudged[0].perfect)
    return PairComparison(pairs, score, unjudged, tuple(gaps), key)


def _judged(
    real: Relations,
    synthetic: Relations,
    varying: Varying,
    places: Sequence[tuple[int, int]],
    grouping: Sequence[str],
    rng: np.random.Generator,
) -> tuple[tuple[PairResult, ...], tuple[Unjudged, ...], tuple[KeyRelation, ...]]:
    measured = dependence(real.table), dependence(synthetic.table)
    informed = [
        informations(count_cells(one.binned), one.binned.starts) for one in (real, synthetic)
    ]
    names, n_numerical = varying.names, len(varying.numerical)
    kept = _exchanged_columns(real, [names.index(one) for one in grouping if one in names], rng)
    new = {column: i for i, column in enumerate(kept)}
    chosen = [at for at in places if at[0] in new and at[1] in new]
    first, second = (np.array([new[at[side]] for at in chosen], dtype=np.intp) for side in (0, 1))
    at_first, at_second = (np.array([at[side] for at in chosen], dtype=np.intp) for side in (0, 1))
    part = real.columns(kept)
    exchanged = exchange_rows(part, synthetic.columns(kept), rng)
    shuffled = shuffle_columns(part, len(synthetic.table.codes), rng)
    unjudged, p_values, floors = [], [], []
    for name, figures, replicates, without in (
        ("dependence_difference", measured, exchanged.dependence, shuffled.dependence),
        ("mutual_information_difference", informed, exchanged.information, shuffled.information),
    ):
        difference = (figures[0] - figures[1])[at_first, at_second]
        law = replicates[:, first, second]
        lost = figures[0][at_first, at_second] - without[:, first, second]
        unjudged.append(
            Unjudged.of(
                name,
                "dependence",
                float(np.abs(difference).mean()),
                Replicates(_mean_gaps(law), "permuted"),
                poor_side="high",
                assumption=ASSUMPTION,
                copy_of_real=Band(mean=0.0, low=0.0, high=0.0, method="drawn"),
                shuffled=band_of(_mean_gaps(lost)),
            )
        )
        p_values.append(pooled_p_values(np.abs(standardised(np.vstack([difference, law])))))
        floors.append(pair_bands(law))
    # Each pair has two chances to be found.
    both = np.minimum(1.0, 2.0 * np.minimum(*p_values))
    q_values = false_discovery([float(p) for p in both])
    judged = {
        at: {
            "floor": floor,
            "p_value": float(p),
            "q_value": q,
            "state": pair_state(q, measured[0][at], measured[0][at] - measured[1][at], floor),
        }
        for at, floor, p, q in zip(chosen, floors[0], both, q_values, strict=True)
    }
    pairs = tuple(
        PairResult(
            first=names[at[0]],
            second=names[at[1]],
            measure=_measure(at[0] >= n_numerical, at[1] >= n_numerical),
            real=measured[0][at],
            synthetic=measured[1][at],
            difference=abs(measured[0][at] - measured[1][at]),
            information_real=informed[0][at],
            information_synthetic=informed[1][at],
            **judged.get(at, {}),
        )
        for at in places
    )
    levels = np.array([0] * n_numerical + [column.real for column in real.table.levels])
    of_pairs = PairLaw(
        names=[(names[at[0]], names[at[1]]) for at in chosen],
        measures=[_measure(at[0] >= n_numerical, at[1] >= n_numerical) for at in chosen],
        real=measured[0][at_first, at_second],
        synthetic=measured[1][at_first, at_second],
        firsts=exchanged.first[:, first, second],
        differences=exchanged.dependence[:, first, second],
        floors=floors[0],
        n_rows=complete_rows(real.table)[at_first, at_second],
        levels=np.column_stack([levels[at_first], levels[at_second]]),
    )
    return pairs, tuple(unjudged), key_relations(of_pairs, grouping)


def _mean_gaps(differences: Floats) -> Floats:
    """Average the absolute differences that could be taken in each replicate."""
    taken = ~np.isnan(differences)
    sums = np.where(taken, np.abs(differences), 0.0).sum(axis=1)
    gaps: Floats = sums / np.maximum(taken.sum(axis=1), 1)
    return gaps


def _exchanged_columns(real: Relations, lead: Sequence[int], rng: np.random.Generator) -> list[int]:
    """Choose the columns whose rows are exchanged: all, or of wide tables some at random."""
    n_features = real.features_per_column()
    order = np.arange(n_features.size)
    if n_features.sum() > MOST_FEATURES:
        order = rng.permutation(n_features.size)
        order = np.concatenate([np.array(lead, dtype=np.intp), order[~np.isin(order, lead)]])
    fits = np.cumsum(n_features[order]) <= MOST_FEATURES
    fits[:2] = True
    return sorted(int(column) for column in order[fits])


def _why_left_out(column: Column) -> str:
    if isinstance(column, CategoricalColumn) and (column.counts[0] > 0).sum() > 1:
        return "it has more than 50 levels, none of them common in the real table"
    return "it is constant in the real table, and depends on nothing there"


def _measure(first_is_categorical: bool, second_is_categorical: bool) -> Measure:
    if first_is_categorical and second_is_categorical:
        return "cramers_v"
    if first_is_categorical or second_is_categorical:
        return "correlation_ratio"
    return "spearman"


def _ask(case: Case, seeds: Seeds) -> Answer:
    grouping = grouping_columns(case.tables.schema, case.scope)
    found = compare_pairs(case.usable, seeds, grouping=grouping)
    return Answer(found, found.unjudged, found.not_computed)


#: How alike are the relations between columns?
PAIRS = Question("dependence", _ask, seconds=9.0)
