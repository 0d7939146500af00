"""Which values are missing: how often, which together, in which patients, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.evaluation.calibration import Null, Replicates, Unjudged, band_of
from synthhealth.evaluation.clinical import (
    MissingDependence,
    MissingPattern,
    MissingShare,
    MissingTogether,
    MissingValues,
)
from synthhealth.evaluation.copying import draw_copies
from synthhealth.evaluation.dependence import average_ranks, pool_rare_levels
from synthhealth.evaluation.distances import tv_complement
from synthhealth.evaluation.figures import Score
from synthhealth.evaluation.matching import CategoricalColumn, NumericalColumn
from synthhealth.evaluation.null_bands import Draws, exchanged_rows
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.shares import compare_shares
from synthhealth.evaluation.work import Seeds
from synthhealth.schema.types import MIN_CELL

__all__ = ["MISSING", "Values", "compare_missing_values", "missing_dependence"]


Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Values:
    """The columns of one table: p ranked ones (missing is 0), q of codes of levels.

    The levels are numbered through all columns: those of a column begin at its `starts`; a
    missing one has the number after the last.
    """

    ranks: Floats
    known: Floats
    levels: Codes
    starts: Codes
    n_levels: int

    @classmethod
    def of(cls, numbers: list[Floats], codes: list[Codes], widths: list[int], n: int) -> Values:
        """Rank the columns of numbers and number the levels of the others."""
        # Row by row in memory, so that samples of rows are quickly taken.
        ranked = [average_ranks(values) for values in numbers]
        ranks = np.column_stack(ranked) if numbers else np.empty((n, 0))
        known = ~np.isnan(ranks)
        ends = np.cumsum(widths, dtype=np.int64)
        starts = ends - widths
        table = np.column_stack(codes) if codes else np.empty((n, 0), dtype=np.int64)
        n_levels = int(ends[-1]) if codes else 0
        return cls(
            ranks=np.where(known, ranks - 0.5 * n, 0.0),
            known=known.astype(np.float64),
            levels=np.where(table < 0, n_levels, table + starts),
            starts=starts,
            n_levels=n_levels,
        )

    def take(self, rows: npt.NDArray[np.intp]) -> Values:
        """Give these rows, with the ranks that they have among all."""
        return Values(
            self.ranks[rows], self.known[rows], self.levels[rows], self.starts, self.n_levels
        )


def missing_dependence(missing: Mask, values: Values) -> Floats:
    """Measure how each of k masks depends on each of p + q columns, over its known rows.

    A column of numbers: Spearman's rank correlation with the mask, 1 for missing. A column of
    levels: Cramer's V. A mask or column that does not vary depends on nothing: 0.

    Parameters
    ----------
    missing : ndarray of bool of shape (n, k)
        Where values are missing.
    values : Values
        The columns of the same rows.

    Returns
    -------
    ndarray of shape (k, p + q)
    """
    return np.hstack([_with_numbers(missing, values), _with_levels(missing, values)])


def _with_numbers(missing: Mask, values: Values) -> Floats:
    gone = missing.astype(np.float64).T
    n = np.maximum(values.known.sum(axis=0), 1.0)
    sums = values.ranks.sum(axis=0)
    counts = gone @ values.known
    covariances = gone @ values.ranks - counts * sums / n
    variances = (counts - counts**2 / n) * ((values.ranks**2).sum(axis=0) - sums**2 / n)
    return np.clip(_ratio(covariances, np.sqrt(np.clip(variances, 0.0, None))), -1.0, 1.0)


def _with_levels(missing: Mask, values: Values) -> Floats:
    if not values.n_levels:
        return np.empty((missing.shape[1], 0))
    totals = _count(values.levels, values.n_levels)
    counts = np.array([_count(values.levels[gone], values.n_levels) for gone in missing.T])
    n = np.maximum(np.add.reduceat(totals, values.starts), 1.0)
    sums = np.add.reduceat(counts, values.starts, axis=1)
    # With two values, the share of the mask's variance between the levels is V squared.
    between = np.add.reduceat(_ratio(counts**2, totals), values.starts, axis=1) - sums**2 / n
    return np.sqrt(np.clip(_ratio(between, sums - sums**2 / n), 0.0, 1.0))


def _count(levels: Codes, n_levels: int) -> Floats:
    return np.bincount(levels.ravel(), minlength=n_levels + 1)[:n_levels].astype(np.float64)


def _ratio(above: Floats, below: Floats) -> Floats:
    below = np.broadcast_to(below, above.shape)
    return np.divide(above, below, out=np.zeros_like(above), where=below > 1e-9)


Column = NumericalColumn | CategoricalColumn
Rows = npt.NDArray[np.intp]

PATTERNS, TOGETHER, VALUES = "missing_patterns", "missing_together", "missing_dependence"

KNOWN_TABLES = 3
MOST_EXCHANGES, FEWEST_EXCHANGES = 1_000, 100
PATTERN_CELLS = 400_000
MOST_PATTERNS = 20
MOST_PAIRS = 20
#: Columns whose missing values are held against the values of all others.
MOST_MASKS = 30


@dataclass(frozen=True)
class Gaps:
    """Where the values of some columns are missing: one row per row of each table."""

    names: list[str]
    real: Mask
    synthetic: Mask


@dataclass(frozen=True)
class Dependence:
    """The pairs of a mask and a column that are measured, and all that measuring them takes."""

    masks: list[int]
    chosen: Mask
    real: Values
    synthetic: Values
    both: Values
    names: list[str]
    n_numerical: int


def compare_missing_values(
    columns: Sequence[Column], seeds: Seeds
) -> tuple[MissingValues | None, tuple[Unjudged, ...]]:
    """Compare the missing values of two tables; nothing where there are none."""
    gaps = _gaps(columns)
    if not gaps.names:
        return None, ()
    counts, members = _count_patterns(gaps)
    draws = exchanged_rows(len(gaps.real), len(gaps.synthetic), seeds.rng("missing values"))
    together = _share_together(gaps.real), _share_together(gaps.synthetic)
    # Of large tables only some rows are ever drawn.
    drawn, draws = _drawn(draws)
    dependence = _prepare(columns, gaps, drawn)
    measured = [
        missing_dependence(mask[:, dependence.masks], values)
        for mask, values in (
            (gaps.real, dependence.real),
            (gaps.synthetic, dependence.synthetic),
        )
    ]
    replicates = _replicate(np.vstack([gaps.real, gaps.synthetic])[drawn], dependence, draws)
    figures = _figures(together, measured, dependence.chosen)
    laws: dict[str, Null] = {
        PATTERNS: _pattern_law(counts, seeds.rng("missing patterns")),
        TOGETHER: Replicates(replicates.together, "permuted"),
        VALUES: Replicates(replicates.dependence, "permuted"),
    }
    known = _known_tables(gaps, dependence, seeds.rng("known missing values"))
    unjudged = {
        name: Unjudged.of(
            name,
            "missingness",
            value,
            laws[name],
            poor_side="low" if name == PATTERNS else "high",
            assumption="If both tables are samples of one population, every division of their "
            "rows is as likely as this one.",
            copy_of_real=band_of(known["copy"][name]),
            shuffled=band_of(known["shuffled"][name]),
        )
        for name, value in ({PATTERNS: tv_complement(*counts)} | figures).items()
    }
    scores = {
        name: Score(value=figure.value, floor=figure.perfect) for name, figure in unjudged.items()
    }
    return MissingValues(
        columns=tuple(_column(gaps, place) for place in range(len(gaps.names))),
        pattern_score=scores[PATTERNS],
        n_patterns=len(members),
        patterns=_patterns(gaps, counts, members),
        together_difference=scores.get(TOGETHER),
        together=_together(gaps, together),
        dependence_difference=scores.get(VALUES),
        dependence=_dependence(gaps, dependence, measured),
    ), tuple(unjudged.values())


def _gaps(columns: Sequence[Column]) -> Gaps:
    names, real, synthetic = [], [], []
    for column in columns:
        masks = (
            [np.isnan(column.real), np.isnan(column.synthetic)]
            if isinstance(column, NumericalColumn)
            else [column.real < 0, column.synthetic < 0]
        )
        if masks[0].any() or masks[1].any():
            names.append(column.name)
            real.append(masks[0])
            synthetic.append(masks[1])
    if not names:
        return Gaps([], np.empty((0, 0), dtype=bool), np.empty((0, 0), dtype=bool))
    return Gaps(names, np.column_stack(real), np.column_stack(synthetic))


def _column(gaps: Gaps, place: int) -> MissingShare:
    real, synthetic = gaps.real[:, place], gaps.synthetic[:, place]
    rows = compare_shares(
        (int(real.sum()), real.size), (int(synthetic.sum()), synthetic.size), hidden=False
    )
    return MissingShare(column=gaps.names[place], rows=rows)


# Joint patterns


def _count_patterns(
    gaps: Gaps,
) -> tuple[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], Mask]:
    """Count the patterns of either table; give the columns that each of them has missing."""
    both = np.vstack([gaps.real, gaps.synthetic])
    codes = np.zeros(len(both), dtype=np.int64)
    for word in np.packbits(both, axis=1).T:
        codes = pd.factorize(codes * 256 + word)[0].astype(np.int64)
    n_patterns = int(codes.max()) + 1
    first_row = np.zeros(n_patterns, dtype=np.int64)
    first_row[codes[::-1]] = np.arange(len(both))[::-1]
    real = np.bincount(codes[: len(gaps.real)], minlength=n_patterns)
    synthetic = np.bincount(codes[len(gaps.real) :], minlength=n_patterns)
    return (real, synthetic), both[first_row]


def _patterns(
    gaps: Gaps, counts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], members: Mask
) -> tuple[MissingPattern, ...]:
    real, synthetic = counts
    common = np.argsort(-real, kind="stable")[:MOST_PATTERNS]
    return tuple(
        MissingPattern(
            columns=tuple(
                name for name, gone in zip(gaps.names, members[pattern], strict=True) if gone
            ),
            rows=compare_shares(
                (int(real[pattern]), len(gaps.real)),
                (int(synthetic[pattern]), len(gaps.synthetic)),
                hidden=False,
            ),
        )
        for pattern in common
        if real[pattern] >= MIN_CELL
    )


# Missing together


def _share_together(missing: Mask) -> Floats:
    gone = missing.astype(np.float64)
    return gone.T @ gone / len(gone)


def _together(gaps: Gaps, together: tuple[Floats, Floats]) -> tuple[MissingTogether, ...]:
    pairs = list(combinations(range(len(gaps.names)), 2))
    pairs.sort(key=lambda pair: -abs(together[1][pair] - together[0][pair]))
    sizes = len(gaps.real), len(gaps.synthetic)
    return tuple(
        MissingTogether(
            first=gaps.names[pair[0]],
            second=gaps.names[pair[1]],
            rows=compare_shares(
                (round(together[0][pair] * sizes[0]), sizes[0]),
                (round(together[1][pair] * sizes[1]), sizes[1]),
            ),
        )
        for pair in pairs[:MOST_PAIRS]
    )


# Dependence on values


def _prepare(columns: Sequence[Column], gaps: Gaps, drawn: Rows) -> Dependence:
    numerical = [c for c in columns if isinstance(c, NumericalColumn) and c.obstacle is None]
    categorical = [c for c in columns if isinstance(c, CategoricalColumn) and c.obstacle is None]
    pooled = [pool_rare_levels(c.real, c.synthetic, c.n_levels) for c in categorical]
    widths = [column.levels.total for column in pooled]
    real = Values.of([c.real for c in numerical], [c.real for c in pooled], widths, len(gaps.real))
    synthetic = Values.of(
        [c.synthetic for c in numerical], [c.synthetic for c in pooled], widths, len(gaps.synthetic)
    )
    both = Values.of(
        [np.concatenate([c.real, c.synthetic])[drawn] for c in numerical],
        [np.concatenate([c.real, c.synthetic])[drawn] for c in pooled],
        widths,
        drawn.size,
    )
    most = np.argsort(-gaps.real.sum(axis=0), kind="stable")[:MOST_MASKS]
    masks = sorted(int(place) for place in most)
    known = np.hstack([real.known, (real.levels < real.n_levels).astype(np.float64)])
    gone = gaps.real[:, masks].astype(np.float64)
    n_gone = gone.T @ known
    # Of fewer patients, the measure would tell the rank of a single one.
    chosen = (n_gone >= MIN_CELL) & (known.sum(axis=0) - n_gone >= MIN_CELL)
    names = [*(c.name for c in numerical), *(c.name for c in categorical)]
    return Dependence(masks, chosen, real, synthetic, both, names, len(numerical))


def _dependence(
    gaps: Gaps, dependence: Dependence, measured: Sequence[Floats]
) -> tuple[MissingDependence, ...]:
    real, synthetic = measured
    return tuple(
        MissingDependence(
            missing=gaps.names[dependence.masks[i]],
            column=dependence.names[j],
            measure="spearman" if j < dependence.n_numerical else "cramers_v",
            real=real[i, j],
            synthetic=synthetic[i, j],
            difference=abs(synthetic[i, j] - real[i, j]),
        )
        for i, j in np.argwhere(dependence.chosen)
    )


# Figures over the whole table


def _figures(
    together: Sequence[Floats], measured: Sequence[Floats], chosen: Mask
) -> dict[str, float]:
    """Give the largest and the mean difference, where there are pairs to take them over."""
    figures = {}
    above = np.triu_indices(len(together[0]), 1)
    if above[0].size:
        figures[TOGETHER] = float(np.abs(together[1] - together[0])[above].max())
    if chosen.any():
        figures[VALUES] = float(np.abs(measured[1] - measured[0])[chosen].mean())
    return figures


def _known_tables(
    gaps: Gaps, dependence: Dependence, rng: np.random.Generator
) -> dict[str, dict[str, Floats]]:
    """Give the figures of copies of the real table, and of copies with every column shuffled."""
    copies = draw_copies(len(gaps.real), len(gaps.synthetic), rng)
    found: dict[str, list[dict[str, float]]] = {"copy": [], "shuffled": []}
    for first, second in islice(copies, KNOWN_TABLES):
        for sort, rows in found.items():
            masks = [gaps.real[first], gaps.real[second]]
            if sort == "shuffled":
                masks[1] = rng.permuted(masks[1], axis=0)
            counts, _ = _count_patterns(Gaps(gaps.names, *masks))
            measured = [
                missing_dependence(mask[:, dependence.masks], dependence.real.take(sample))
                for mask, sample in zip(masks, (first, second), strict=True)
            ]
            together = [_share_together(mask) for mask in masks]
            figures = _figures(together, measured, dependence.chosen)
            rows.append({PATTERNS: tv_complement(*counts)} | figures)
    return {
        sort: {name: np.array([row[name] for row in rows]) for name in rows[0]}
        for sort, rows in found.items()
    }


# Noise floors


def _pattern_law(
    counts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], rng: np.random.Generator
) -> Replicates:
    pooled, sizes = counts[0] + counts[1], (int(counts[0].sum()), int(counts[1].sum()))
    size = int(np.clip(PATTERN_CELLS // pooled.size, FEWEST_EXCHANGES, MOST_EXCHANGES))
    first = rng.multivariate_hypergeometric(pooled, sizes[0], size=size, method="marginals")
    gaps = np.abs(first / sizes[0] - (pooled - first) / sizes[1]).sum(axis=1)
    return Replicates(1.0 - 0.5 * gaps, "permuted")


@dataclass(frozen=True)
class Samples:
    """What exchanges of rows between the tables give, one figure per exchange."""

    together: Floats
    dependence: Floats


def _drawn(draws: Draws) -> tuple[Rows, Draws]:
    """Give the rows that are drawn at all, and the draws by their places among these."""
    rows = np.unique(np.hstack([draws.first, draws.second]))
    first, second = (np.searchsorted(rows, one) for one in (draws.first, draws.second))
    return rows, Draws(first, second, draws.scale)


def _replicate(missing: Mask, dependence: Dependence, draws: Draws) -> Samples:
    above = np.triu_indices(missing.shape[1], 1)
    together, gaps = [], []
    for rows in draws:
        masks = [missing[sample] for sample in rows]
        if above[0].size:
            shares = [_share_together(mask)[above] for mask in masks]
            together.append(np.abs(shares[0] - shares[1]).max())
        if dependence.chosen.any():
            measures = [
                missing_dependence(mask[:, dependence.masks], dependence.both.take(sample))
                for mask, sample in zip(masks, rows, strict=True)
            ]
            gaps.append(np.abs(measures[0] - measures[1])[dependence.chosen].mean())
    return Samples(draws.scale * np.array(together), draws.scale * np.array(gaps))


def _ask(case: Case, seeds: Seeds) -> Answer:
    return Answer(*compare_missing_values(case.columns, seeds))


#: Are values missing as often, together, and in the same patients?
MISSING = Question("missing values", _ask, "missing_values", seconds=1.0)
