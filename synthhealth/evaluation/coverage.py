"""What of every column's values a synthetic table covers, beside what new patients would."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy import stats

from synthhealth.evaluation.calibration import band_of
from synthhealth.evaluation.distances import wasserstein
from synthhealth.evaluation.figures import Band, NotComputed, Result, Score
from synthhealth.evaluation.matching import CategoricalColumn, NumericalColumn
from synthhealth.evaluation.null_bands import has_heavy_ties, unseen_levels
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.rounding import quantile, quantile_error, recorded_step, rounded
from synthhealth.evaluation.shares import Counted, ShareComparison, compare_shares
from synthhealth.evaluation.work import Seeds, attempt, sort_out
from synthhealth.schema.types import MIN_CELL

__all__ = [
    "COVERAGE",
    "CategoricalCoverage",
    "CoverageResult",
    "NumericalCoverage",
    "QuantilePair",
    "compare_coverage",
    "draw_quantiles",
]


class QuantilePair(Result):
    """A quantile of a column, real and synthetic: the mean of the 5 values around its rank.

    All figures are rounded to what the standard error of the real one carries.
    """

    written_exactly = True

    probability: float = Field(gt=0, lt=1)
    """Share of the values that lie below it."""
    real: float
    """The real quantile."""
    synthetic: float
    """The synthetic quantile."""
    low: float
    """2.5 % quantile of what a perfect generator's quantile would be."""
    high: float
    """97.5 % quantile of what a perfect generator's quantile would be."""


class NumericalCoverage(Result):
    """How much of a numerical column's real range a synthetic table covers, and how it is spread.

    Missing values and results beyond a detection limit are left out of all figures but `measured`.
    """

    kind: Literal["numerical"] = "numerical"
    """What sort of column it is."""
    column: str
    """Name of the column."""
    unit: str | None
    """Unit of the quantiles; `day` for dates."""
    range_covered: Score | None
    """Share of the range between the real 5 % and 95 % quantiles that lies between the synthetic \
ones too (1 = all of it); None where these two real quantiles are equal."""
    outside_range: Score
    """Share of the synthetic values beyond the real smallest and largest one. New patients lie \
there, too: a share below the floor tells of clipped values."""
    wasserstein_scaled: Score | None
    """Wasserstein-1 distance in units of the real interquartile range (0 = identical); None where \
that range is 0."""
    quantiles: tuple[QuantilePair, ...]
    """Quantiles in `unit`: every 5 % where both tables have at least 100 values, else quartiles; \
none for fewer than 5 values. Those of dates are days since the real median date."""
    measured: ShareComparison | None
    """Known values that are not beyond a detection limit; None where no value of either table is. \
The Kolmogorov-Smirnov statistic compares these, and this share goes with it."""


class CategoricalCoverage(Result):
    """Which levels of a categorical column a synthetic table has, and which it makes up."""

    kind: Literal["categorical"] = "categorical"
    """What sort of column it is."""
    column: str
    """Name of the column."""
    n_levels: int = Field(ge=0)
    """Number of levels that at least 5 real rows have."""
    n_covered: int = Field(ge=0)
    """How many of these occur in the synthetic table."""
    levels_covered: Score | None
    """Their share (1 = all); None where there is no such level."""
    new_levels: Score
    """Share of the synthetic values whose level the real table lacks. Where levels are many and \
rare, new patients have such levels too."""


CoverageResult = NumericalCoverage | CategoricalCoverage


Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

REPLICATES = 200
#: Cells of the replicated tables of levels; with thousands of levels replicates are fewer.
MOST_CELLS, FEWEST_REPLICATES = 400_000, 50
#: Tail quantiles of fewer values are one patient, or close to it.
FEWEST_FOR_TAILS = 100
TWENTIETHS = np.arange(1, 20) / 20
QUARTERS = np.array([0.25, 0.5, 0.75])
#: Midpoints at which the gap between two quantile functions is averaged.
MIDPOINTS = (np.arange(100) + 0.5) / 100
#: Levels of a law of quantiles are those of at most this many real values, drawn at random.
MOST_VALUES = 20_000


def compare_coverage(
    columns: Sequence[NumericalColumn | CategoricalColumn], seeds: Seeds
) -> tuple[tuple[CoverageResult, ...], tuple[NotComputed, ...]]:
    """Compare what the columns cover; those that cannot be compared are left out.

    What a perfect generator gives follows from the law of order statistics: the quantiles of a
    sample of n values are those of the population at places that follow Dirichlet's law (David
    and Nagaraja, 2003). The real values stand for the population, 200 replicates are drawn.
    Columns of more than 20,000 real values are represented by as many random ones there.
    """
    tried: list[CoverageResult | NotComputed] = [
        attempt("coverage", partial(_covered, column, seeds), column=column.name)
        for column in columns
        if column.obstacle is None
    ]
    found: list[CoverageResult]
    found, gaps = sort_out(tried)
    return tuple(found), tuple(gaps)


def _covered(column: NumericalColumn | CategoricalColumn, seeds: Seeds) -> CoverageResult:
    rng = seeds.rng(f"coverage of {column.name}")
    if isinstance(column, NumericalColumn):
        return _numerical(column, rng)
    return _categorical(column, rng)


def draw_quantiles(
    values: Floats, n: int, probabilities: Floats, rng: np.random.Generator
) -> Floats:
    """Draw the quantiles of samples of n values: shape (200, n_probabilities).

    Parameters
    ----------
    values : ndarray
        Sorted values, which stand for the population.
    n : int
        Size of each sample.
    probabilities : ndarray
        Ascending, between 0 and 1.
    rng : numpy.random.Generator
        Source of the samples.
    """
    # The (i + 1)-th of n ordered uniform numbers lies at a Dirichlet's sum of i + 1 of n + 1 parts;
    # quantiles between two of them, at as many parts as they are along.
    parts = np.diff(np.concatenate([[0.0], probabilities, [1.0]])) * (n - 1)
    parts[[0, -1]] += 1.0
    gaps = rng.standard_gamma(np.maximum(parts, 1e-9), size=(REPLICATES, parts.size))
    places = np.cumsum(gaps[:, :-1], axis=1) / gaps.sum(axis=1, keepdims=True)
    drawn: Floats = np.interp(places * (values.size - 1), np.arange(values.size), values)
    return drawn


# Numbers


def _numerical(column: NumericalColumn, rng: np.random.Generator) -> NumericalCoverage:
    real, synthetic = column.present
    law = np.sort(real if real.size <= MOST_VALUES else rng.choice(real, MOST_VALUES, False))
    inner = TWENTIETHS if min(real.size, synthetic.size) >= FEWEST_FOR_TAILS else QUARTERS
    wanted = np.union1d(MIDPOINTS, TWENTIETHS)
    drawn = [draw_quantiles(law, size, wanted, rng) for size in (real.size, synthetic.size)]
    at = dict(zip(wanted.tolist(), range(wanted.size), strict=True))
    ends = [at[0.05], at[0.95]]
    middle = [at[p] for p in MIDPOINTS.tolist()]
    found = [np.quantile(values, [0.05, 0.25, 0.75, 0.95]) for values in (real, synthetic)]
    spread = found[0][2] - found[0][1]
    distances = np.abs(drawn[0] - drawn[1])[:, middle].mean(axis=1)
    return NumericalCoverage(
        column=column.name,
        unit=column.unit,
        range_covered=_range_covered(*(f[[0, 3]] for f in found), *(d[:, ends] for d in drawn)),
        outside_range=_outside(real, synthetic, law, rng),
        wasserstein_scaled=Score(
            value=wasserstein(real, synthetic) / spread,
            floor=band_of(distances / spread, "resampled"),
        )
        if spread > 0
        else None,
        quantiles=_quantiles(column, inner, drawn[1] - drawn[0], [at[p] for p in inner.tolist()])
        if min(real.size, synthetic.size) >= MIN_CELL
        else (),
        measured=_compare_measured(column),
    )


def _range_covered(
    real: Floats, synthetic: Floats, drawn_real: Floats, drawn_synthetic: Floats
) -> Score | None:
    if real[1] <= real[0]:
        return None
    known = drawn_real[:, 1] > drawn_real[:, 0]
    covered = _overlap(drawn_real[known], drawn_synthetic[known])
    if not covered.size:
        return None
    value = float(_overlap(real[None, :], synthetic[None, :])[0])
    return Score(value=value, floor=band_of(covered, "resampled"))


def _overlap(first: Floats, second: Floats) -> Floats:
    """Give the share of each first interval that the second one covers."""
    common = np.minimum(first[:, 1], second[:, 1]) - np.maximum(first[:, 0], second[:, 0])
    share: Floats = np.clip(common, 0.0, None) / (first[:, 1] - first[:, 0])
    return share


def _outside(real: Floats, synthetic: Floats, law: Floats, rng: np.random.Generator) -> Score:
    """Compare the values outside the real range.

    The share of the population outside the range of n continuous values follows the Beta law with
    parameters 2 and n - 1 (Wilks, 1941), so that of m new values a beta-binomial number lies
    there. With heavy ties samples are drawn from the real values.
    """
    n, m = real.size, synthetic.size
    outside = int(((synthetic < real.min()) | (synthetic > real.max())).sum())
    if n == 1:
        chance = np.ones(REPLICATES)
    elif not has_heavy_ties(real):
        count = stats.betabinom(m, 2, n - 1)
        low, high = count.ppf([0.025, 0.975]) / m
        floor = Band(mean=2 / (n + 1), low=low, high=high, method="exact")
        return Score(value=outside / m, floor=floor)
    else:
        lowest = rng.beta(1, n, REPLICATES)
        highest = lowest + (1 - lowest) * rng.beta(n - 1, 1, REPLICATES)
        ends = [law[(place * law.size).astype(np.intp)] for place in (lowest, highest)]
        below = np.searchsorted(law, ends[0], side="left")
        above = law.size - np.searchsorted(law, ends[1], side="right")
        chance = (below + above) / law.size
    shares = rng.binomial(m, chance) / m
    return Score(value=outside / m, floor=band_of(shares, "resampled"))


def _quantiles(
    column: NumericalColumn, probabilities: Floats, noise: Floats, places: list[int]
) -> tuple[QuantilePair, ...]:
    ordered = [np.sort(values) for values in column.present]
    found = [np.array([quantile(values, p) for p in probabilities]) for values in ordered]
    # Days since the real table's first date would give that date away.
    origin = np.median(found[0]) if column.unit == "day" else 0.0
    real, synthetic = (values - origin for values in found)
    low, high = np.quantile(noise[:, places], [0.025, 0.975], axis=0)
    errors = [quantile_error(ordered[0], p) for p in probabilities]
    step = recorded_step(ordered[0])
    return tuple(
        QuantilePair(
            probability=p,
            **{
                name: rounded(float(value), error, step)
                for name, value in (
                    ("real", one),
                    ("synthetic", other),
                    ("low", one + below),
                    ("high", one + above),
                )
            },
        )
        for p, one, other, below, above, error in zip(
            probabilities, real, synthetic, low, high, errors, strict=True
        )
    )


def _compare_measured(column: NumericalColumn) -> ShareComparison | None:
    if not column.is_censored:
        return None
    counts: list[Counted] = [
        (int((~np.isnan(measured)).sum()), int((~np.isnan(known)).sum()))
        for measured, known in zip(column.measured, (column.real, column.synthetic), strict=True)
    ]
    return compare_shares(counts[0], counts[1], hidden=False)


# Levels


def _categorical(column: CategoricalColumn, rng: np.random.Generator) -> CategoricalCoverage:
    real, synthetic = column.counts
    common = real >= MIN_CELL
    n_common, m = int(common.sum()), int(synthetic.sum())
    n_covered = int((common & (synthetic > 0)).sum())
    return CategoricalCoverage(
        column=column.name,
        n_levels=n_common,
        n_covered=n_covered,
        levels_covered=Score(
            value=n_covered / n_common, floor=_covered_floor(real[common], int(real.sum()), m, rng)
        )
        if n_common
        else None,
        new_levels=Score(
            value=float(synthetic[real == 0].sum()) / m, floor=_new_floor(real, m, rng)
        ),
    )


def _covered_floor(common: Counts, n: int, m: int, rng: np.random.Generator) -> Band:
    """Draw shares of the levels as the counts leave them uncertain, and then new patients."""
    shares = rng.beta(common, n - common + 1, size=(_replicates(common.size), common.size))
    return band_of((rng.binomial(m, shares) > 0).mean(axis=1), "resampled")


def _new_floor(real: Counts, m: int, rng: np.random.Generator) -> Band:
    """Draw real tables anew; of the new patients, some have levels that these then lack."""
    n, unseen = int(real.sum()), unseen_levels(real)
    shares = real[real > 0] / n * (1.0 - unseen.share)
    drawn = rng.multinomial(n, np.append(shares, unseen.share), size=_replicates(shares.size))
    absent = (drawn[:, :-1] == 0) @ shares
    if unseen.number:
        absent = absent + unseen.share * (1.0 - unseen.share / unseen.number) ** n
    return band_of(rng.binomial(m, np.clip(absent, 0.0, 1.0)) / m, "resampled")


def _replicates(n_levels: int) -> int:
    return int(np.clip(MOST_CELLS // max(n_levels, 1), FEWEST_REPLICATES, REPLICATES))


def _ask(case: Case, seeds: Seeds) -> Answer:
    results, gaps = compare_coverage(case.usable, seeds)
    return Answer(results, gaps=gaps)


#: Is the whole range of the columns there, and every level?
COVERAGE = Question("coverage", _ask, "coverage", "coverage", seconds=4.0)
