"""Every column's distribution, real against synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from synthhealth.evaluation.calibration import ALARM, Unjudged, band_of, state_of
from synthhealth.evaluation.copying import copy_scores, draw_copies
from synthhealth.evaluation.distances import (
    KolmogorovSmirnov,
    LevelsTest,
    false_discovery,
    kolmogorov_smirnov,
    levels_test,
    tv_complement,
    wasserstein,
)
from synthhealth.evaluation.figures import WHOLE_COLUMN, Band, NotComputed, Result, Score, State
from synthhealth.evaluation.matching import CategoricalColumn, NumericalColumn
from synthhealth.evaluation.null_bands import Draws, average_floors, ks_null, tv_null
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.rounding import coarse_known, mean_error, rounded
from synthhealth.evaluation.work import Seeds, attempt, sort_out

__all__ = [
    "MARGINALS",
    "CategoricalResult",
    "Marginals",
    "NumericalResult",
    "compare_marginals",
    "judged_columns",
]


class NumericalResult(Result):
    """How a numerical column's synthetic values compare with its real ones.

    Missing values, and results beyond a detection limit (`CensoringResult`), are dropped before
    every figure but the two missing shares.
    """

    column: str
    """Name of the column."""
    unit: str | None
    """Unit of the column's values; `day` for dates, None where unknown."""
    n_real: int = Field(ge=1)
    """Number of real values that are neither missing nor beyond a detection limit; it and \
`missing_real` are such that the others are a multiple of 5."""
    n_synthetic: int = Field(ge=1)
    """Number of synthetic values that are neither missing nor beyond a detection limit."""
    missing_real: float = Field(ge=0, le=1)
    """Share of the real values that are missing."""
    missing_synthetic: float = Field(ge=0, le=1)
    """Share of the synthetic values that are missing."""
    ks_statistic: float = Field(ge=0, le=1)
    """Kolmogorov-Smirnov statistic D: the largest gap between the two distribution functions."""
    ks_complement: float = Field(ge=0, le=1)
    """1 - D; 1 where the two distribution functions are the same."""
    p_value: float = Field(ge=0, le=1)
    """Two-sided p value of the two-sample Kolmogorov-Smirnov test."""
    p_method: Literal["exact", "asymptotic"]
    """Law that gave the p value: exact for small samples without ties, else asymptotic."""
    q_value: float = Field(ge=0, le=1)
    """`p_value` adjusted for all that was judged; see `synthhealth.evaluation.judgement.judge`."""
    p_close: float = Field(ge=0, le=1)
    """Probability that a second sample of real patients would be at least as close."""
    q_close: float = Field(ge=0, le=1)
    """`p_close` adjusted for the number of columns."""
    state: State
    """`worse` where `q_value` is at most 0.05; `uncertain` where the score lies below its noise \
floor without being `worse`, or where even a shift by a whole standard deviation would pass; else \
`as good` as other patients."""
    closer: bool
    """Whether `q_close` is at most 0.05: closer to these patients than others would be."""
    wasserstein: float = Field(ge=0)
    """Wasserstein-1 distance in `unit`: how far values must move on average to match."""
    floor: Band
    """Noise floor of `ks_complement`: what a perfect generator scores."""
    kept: Band
    """What the column scores in a verbatim copy of the real rows, shuffled or not: the values are \
kept, and a score of single columns cannot tell the two apart."""

    @property
    def score(self) -> float:
        """The score that is held against `floor`: `ks_complement`."""
        return self.ks_complement


class CategoricalResult(Result):
    """How a categorical column's synthetic levels compare with its real ones.

    Missing values are dropped before every figure but the two missing shares.
    """

    column: str
    """Name of the column."""
    n_real: int = Field(ge=1)
    """Number of real values that are not missing; the missing ones are a multiple of 5."""
    n_synthetic: int = Field(ge=1)
    """Number of synthetic values that are not missing."""
    missing_real: float = Field(ge=0, le=1)
    """Share of the real values that are missing."""
    missing_synthetic: float = Field(ge=0, le=1)
    """Share of the synthetic values that are missing."""
    n_categories: int = Field(ge=1)
    """Number of distinct levels in the two tables together."""
    tv_complement: float = Field(ge=0, le=1)
    """1 - total variation distance between the level frequencies; 1 where they are the same."""
    p_value: float = Field(ge=0, le=1)
    """p value of the test that both tables draw their levels with the same probabilities."""
    p_method: Literal["chi-squared", "permutation"]
    """Law that gave the p value: chi-squared where all expected counts are at least 5, else \
random permutations of the rows between the two tables."""
    q_value: float = Field(ge=0, le=1)
    """`p_value` adjusted for all that was judged; see `synthhealth.evaluation.judgement.judge`."""
    p_close: float = Field(ge=0, le=1)
    """Probability that a second sample of real patients would be at least as close."""
    q_close: float = Field(ge=0, le=1)
    """`p_close` adjusted for the number of columns."""
    state: State
    """`worse` where `q_value` is at most 0.05; `uncertain` where the score lies below its noise \
floor without being `worse`, or where even a difference of 0.38 in the shares would pass; else \
`as good` as other patients."""
    closer: bool
    """Whether `q_close` is at most 0.05: closer to these patients than others would be."""
    floor: Band
    """Noise floor of `tv_complement`: what a perfect generator scores."""
    kept: Band
    """What the column scores in a verbatim copy of the real rows, shuffled or not: the values are \
kept, and a score of single columns cannot tell the two apart."""

    @property
    def score(self) -> float:
        """The score that is held against `floor`: `tv_complement`."""
        return self.tv_complement


ColumnResult = NumericalResult | CategoricalResult
Floats = npt.NDArray[np.float64]

#: The Kolmogorov-Smirnov and the total-variation distance of two normal distributions that lie a
#: standard deviation apart: a column in which even that would pass cannot be judged.
LARGE_GAP = 0.3829
#: With fewer rows their averages are not judged: the rows say too little about the population.
FEWEST_ROWS = 10


@dataclass(frozen=True)
class Marginals:
    """The results of all columns, and the averages over them."""

    numerical: tuple[NumericalResult, ...]
    categorical: tuple[CategoricalResult, ...]
    ks_average: Score | None
    column_average: Score
    unjudged: tuple[Unjudged, ...]

    @property
    def p_values(self) -> list[float]:
        """The p values of all columns, numerical ones first."""
        results: list[ColumnResult] = [*self.numerical, *self.categorical]
        return [result.p_value for result in results]


def compare_marginals(
    columns: Sequence[NumericalColumn | CategoricalColumn], seeds: Seeds
) -> tuple[Marginals | None, tuple[NotComputed, ...]]:
    """Compare every column; p values are adjusted for the number of columns.

    Returns
    -------
    marginals : Marginals or None
        None where no column could be compared.
    not_computed : tuple of NotComputed
        The columns that could not, with the reasons.
    """
    if not columns:
        return None, ()
    sizes = len(columns[0].real), len(columns[0].synthetic)
    copies = draw_copies(*sizes, seeds.rng("copies"))
    found, gaps = sort_out(
        [
            attempt(
                WHOLE_COLUMN,
                partial(_compare, column, copies, seeds),
                column=column.name,
            )
            for column in columns
        ]
    )
    if not found:
        return None, tuple(gaps)
    return _with_averages(found, sizes, seeds), tuple(gaps)


class _Compared(NamedTuple):
    """A column, its result, and the scores of copies of the real one."""

    column: NumericalColumn | CategoricalColumn
    result: ColumnResult
    kept: Floats

    @property
    def score(self) -> float:
        """The column's score."""
        if isinstance(self.result, NumericalResult):
            return self.result.ks_complement
        return self.result.tv_complement


def _compare(column: NumericalColumn | CategoricalColumn, copies: Draws, seeds: Seeds) -> _Compared:
    kept = copy_scores(column, copies)
    result: ColumnResult
    if isinstance(column, NumericalColumn):
        result = _numerical_result(column, band_of(kept), seeds)
    else:
        result = _categorical_result(column, band_of(kept), seeds)
    return _Compared(column, result, kept)


def _with_averages(
    compared: Sequence[_Compared], sizes: tuple[int, int], seeds: Seeds
) -> Marginals:
    numerical = [one for one in compared if isinstance(one.result, NumericalResult)]
    categorical = [one for one in compared if isinstance(one.result, CategoricalResult)]
    ks_law, column_law = average_floors(
        [
            (one.column.measured[0], one.result.floor)
            for one in compared
            if isinstance(one.column, NumericalColumn)
        ],
        [
            (one.column.real, one.result.floor)
            for one in compared
            if isinstance(one.column, CategoricalColumn)
        ],
        sizes[1],
        seeds.rng("averages"),
    )
    averages = {
        "ks_average": (numerical, ks_law),
        "column_average": ([*numerical, *categorical], column_law),
    }
    unjudged = {}
    for name, (members, law) in averages.items():
        if law is None:
            continue
        kept = band_of(np.mean([one.kept for one in members], axis=0))
        unjudged[name] = Unjudged.of(
            name,
            "marginals",
            sum(one.score for one in members) / len(members),
            law,
            poor_side="low",
            assumption="The real table stands for the population: pairs of samples of its rows "
            "give the spread, the law of each column the mean.",
            copy_of_real=kept,
            shuffled=kept,
        )
    found = [one.result for one in (*numerical, *categorical)]
    if min(sizes) < FEWEST_ROWS:
        unjudged = {name: figure.undecided() for name, figure in unjudged.items()}
    columns = judged_columns(found, false_discovery([result.p_value for result in found]))
    return Marginals(
        numerical=tuple(one for one in columns if isinstance(one, NumericalResult)),
        categorical=tuple(one for one in columns if isinstance(one, CategoricalResult)),
        ks_average=_score(unjudged["ks_average"]) if numerical else None,
        column_average=_score(unjudged["column_average"]),
        unjudged=tuple(unjudged.values()),
    )


def judged_columns(
    results: Sequence[ColumnResult], q_values: Sequence[float]
) -> list[ColumnResult]:
    """Give columns their adjusted p values and the state that follows from them."""
    close = false_discovery([result.p_close for result in results])
    return [
        result.model_copy(
            update={
                "q_value": q,
                "q_close": q_close,
                "state": state_of(
                    q,
                    is_outside=result.floor.standing(result.score) == "below",
                    is_blind=1.0 - result.floor.low > LARGE_GAP,
                ),
                "closer": q > ALARM and q_close <= ALARM,
            }
        )
        for result, q, q_close in zip(results, q_values, close, strict=False)
    ]


def _score(figure: Unjudged) -> Score:
    return Score(value=figure.value, floor=figure.perfect)


def _coarse(known: int, missing: float, n: int) -> tuple[int, float]:
    """Give the number of known values and the share of missing ones as coarse counts."""
    present = n - round(missing * n)
    return coarse_known(known, n), 1.0 - coarse_known(present, n) / n


def _numerical_result(column: NumericalColumn, kept: Band, seeds: Seeds) -> NumericalResult:
    real, synthetic = column.present
    missing_real, missing_synthetic = column.missing
    known, gone = _coarse(real.size, missing_real, column.real.size)
    test: KolmogorovSmirnov = kolmogorov_smirnov(real, synthetic)
    null = ks_null(real, synthetic.size, seeds.rng(f"floor of {column.name}"))
    return NumericalResult(
        column=column.name,
        unit=column.unit,
        n_real=known,
        n_synthetic=synthetic.size,
        missing_real=gone,
        missing_synthetic=missing_synthetic,
        ks_statistic=test.statistic,
        ks_complement=test.complement,
        p_value=test.p_value,
        p_method=test.method,
        q_value=1.0,
        p_close=null.tails(test.complement)[1],
        q_close=1.0,
        state="as good",
        closer=False,
        wasserstein=rounded(wasserstein(real, synthetic), mean_error(real)),
        floor=null.band,
        kept=kept,
    )


def _categorical_result(column: CategoricalColumn, kept: Band, seeds: Seeds) -> CategoricalResult:
    real, synthetic = column.counts
    missing_real, missing_synthetic = column.missing
    known, gone = _coarse(int(real.sum()), missing_real, column.real.size)
    n_synthetic = int(synthetic.sum())
    test: LevelsTest = levels_test(real, synthetic, seeds.rng(f"test of {column.name}"))
    score = tv_complement(real, synthetic)
    null = tv_null(real, n_synthetic, seeds.rng(f"floor of {column.name}"))
    return CategoricalResult(
        column=column.name,
        n_real=known,
        n_synthetic=n_synthetic,
        missing_real=gone,
        missing_synthetic=missing_synthetic,
        n_categories=column.n_levels,
        tv_complement=score,
        p_value=test.p_value,
        p_method=test.method,
        q_value=1.0,
        p_close=null.tails(score)[1],
        q_close=1.0,
        state="as good",
        closer=False,
        floor=null.band,
        kept=kept,
    )


def _ask(case: Case, seeds: Seeds) -> Answer:
    marginals, gaps = compare_marginals(case.usable, seeds)
    return Answer(marginals, () if marginals is None else marginals.unjudged, gaps)


#: How alike are the columns, one by one?
MARGINALS = Question("marginals", _ask, seconds=1.0)
