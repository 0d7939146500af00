"""Every column's distribution, real against synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synthhealth.evaluation._calibration import Draft, verdict_of
from synthhealth.evaluation._columns import CategoricalColumn, NumericalColumn
from synthhealth.evaluation._copies import copy_bands, draw_copies
from synthhealth.evaluation._fidelity import (
    KolmogorovSmirnov,
    LevelsTest,
    false_discovery,
    kolmogorov_smirnov,
    levels_test,
    tv_complement,
    wasserstein,
)
from synthhealth.evaluation._floor import ks_null, tv_null
from synthhealth.evaluation._result_base import Band, Score
from synthhealth.evaluation._results import CategoricalResult, NumericalResult
from synthhealth.evaluation._seeds import Seeds
from synthhealth.evaluation._table_floor import average_floors

__all__ = ["Marginals", "compare_marginals", "judged_columns"]

ColumnResult = NumericalResult | CategoricalResult

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
    drafts: tuple[Draft, ...]

    @property
    def p_values(self) -> list[float]:
        """The p values of all columns, numerical ones first."""
        results: list[ColumnResult] = [*self.numerical, *self.categorical]
        return [result.p_value for result in results]


def compare_marginals(
    numerical: Sequence[NumericalColumn],
    categorical: Sequence[CategoricalColumn],
    seeds: Seeds,
) -> Marginals:
    """Compare every column, at least one; p values are adjusted for the number of columns."""
    sizes = _sizes(numerical, categorical)
    copies = draw_copies(*sizes, seeds.rng("copies"))
    kept_ks, kept_tv, kept_ks_average, kept_average = copy_bands(numerical, categorical, copies)
    found_numerical = [
        _numerical_result(column, kept, seeds)
        for column, kept in zip(numerical, kept_ks, strict=True)
    ]
    found_categorical = [
        _categorical_result(column, kept, seeds)
        for column, kept in zip(categorical, kept_tv, strict=True)
    ]
    ks_law, column_law = average_floors(
        [(c.measured[0], r.floor) for c, r in zip(numerical, found_numerical, strict=True)],
        [(c.real, r.floor) for c, r in zip(categorical, found_categorical, strict=True)],
        sizes[1],
        seeds.rng("averages"),
    )
    ks = [result.ks_complement for result in found_numerical]
    tv = [result.tv_complement for result in found_categorical]
    averages = {"ks_average": (ks, ks_law, kept_ks_average)} if ks else {}
    averages["column_average"] = ([*ks, *tv], column_law, kept_average)
    drafts = {
        name: Draft.of(
            name,
            "marginals",
            sum(scores) / len(scores),
            law,
            poor_side="low",
            assumption="The real table stands for the population: pairs of samples of its rows "
            "give the spread, the law of each column the mean.",
            copy_of_real=kept,
            shuffled=kept,
        )
        for name, (scores, law, kept) in averages.items()
        if law is not None
    }
    found: list[ColumnResult] = [*found_numerical, *found_categorical]
    if min(sizes) < FEWEST_ROWS:
        drafts = {name: draft.undecided() for name, draft in drafts.items()}
    columns = judged_columns(found, false_discovery([result.p_value for result in found]))
    return Marginals(
        numerical=tuple(one for one in columns if isinstance(one, NumericalResult)),
        categorical=tuple(one for one in columns if isinstance(one, CategoricalResult)),
        ks_average=_score(drafts["ks_average"]) if ks else None,
        column_average=_score(drafts["column_average"]),
        drafts=tuple(drafts.values()),
    )


def judged_columns(
    results: Sequence[ColumnResult], q_values: Sequence[float]
) -> list[ColumnResult]:
    """Give columns their adjusted p values and the verdict that follows from them."""
    close = false_discovery([result.p_close for result in results])
    return [
        result.model_copy(
            update={
                "q_value": q,
                "q_close": q_close,
                "verdict": verdict_of(q, q_close, blind=1.0 - result.floor.low > LARGE_GAP),
            }
        )
        for result, q, q_close in zip(results, q_values, close, strict=False)
    ]


def _sizes(
    numerical: Sequence[NumericalColumn], categorical: Sequence[CategoricalColumn]
) -> tuple[int, int]:
    column = numerical[0] if numerical else categorical[0]
    return len(column.real), len(column.synthetic)


def _score(draft: Draft) -> Score:
    return Score(value=draft.value, floor=draft.perfect)


def _numerical_result(column: NumericalColumn, kept: Band, seeds: Seeds) -> NumericalResult:
    real, synthetic = column.present
    missing_real, missing_synthetic = column.missing
    test: KolmogorovSmirnov = kolmogorov_smirnov(real, synthetic)
    null = ks_null(real, synthetic.size, seeds.rng(f"floor of {column.name}"))
    return NumericalResult(
        column=column.name,
        unit=column.unit,
        n_real=real.size,
        n_synthetic=synthetic.size,
        missing_real=missing_real,
        missing_synthetic=missing_synthetic,
        ks_statistic=test.statistic,
        ks_complement=test.complement,
        p_value=test.p_value,
        p_method=test.method,
        q_value=1.0,
        p_close=null.tails(test.complement)[1],
        q_close=1.0,
        verdict="good",
        wasserstein=wasserstein(real, synthetic),
        floor=null.band,
        kept=kept,
    )


def _categorical_result(column: CategoricalColumn, kept: Band, seeds: Seeds) -> CategoricalResult:
    real, synthetic = column.counts
    missing_real, missing_synthetic = column.missing
    n_synthetic = int(synthetic.sum())
    test: LevelsTest = levels_test(real, synthetic, seeds.rng(f"test of {column.name}"))
    score = tv_complement(real, synthetic)
    null = tv_null(real, n_synthetic, seeds.rng(f"floor of {column.name}"))
    return CategoricalResult(
        column=column.name,
        n_real=int(real.sum()),
        n_synthetic=n_synthetic,
        missing_real=missing_real,
        missing_synthetic=missing_synthetic,
        n_categories=column.n_levels,
        tv_complement=score,
        p_value=test.p_value,
        p_method=test.method,
        q_value=1.0,
        p_close=null.tails(score)[1],
        q_close=1.0,
        verdict="good",
        floor=null.band,
        kept=kept,
    )
