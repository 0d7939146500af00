"""Every column's distribution, real against synthetic."""

from __future__ import annotations

from collections.abc import Sequence

from synthhealth.evaluation._columns import CategoricalColumn, NumericalColumn
from synthhealth.evaluation._fidelity import (
    KolmogorovSmirnov,
    LevelsTest,
    false_discovery,
    kolmogorov_smirnov,
    levels_test,
    tv_complement,
    wasserstein,
)
from synthhealth.evaluation._floor import ks_floor, tv_floor
from synthhealth.evaluation._results import CategoricalResult, NumericalResult
from synthhealth.evaluation._seeds import Seeds

__all__ = ["compare_marginals"]


def compare_marginals(
    numerical: Sequence[NumericalColumn],
    categorical: Sequence[CategoricalColumn],
    seeds: Seeds,
) -> tuple[tuple[NumericalResult, ...], tuple[CategoricalResult, ...]]:
    """Compare every column, and adjust the p values for the number of all columns tested."""
    ks_tests = [kolmogorov_smirnov(*column.present) for column in numerical]
    level_tests = [
        levels_test(*column.counts, seeds.rng(f"test of {column.name}")) for column in categorical
    ]
    p_values = [ks.p_value for ks in ks_tests] + [levels.p_value for levels in level_tests]
    q_values = iter(false_discovery(p_values))
    return (
        tuple(
            _numerical_result(column, test, next(q_values), seeds)
            for column, test in zip(numerical, ks_tests, strict=True)
        ),
        tuple(
            _categorical_result(column, test, next(q_values), seeds)
            for column, test in zip(categorical, level_tests, strict=True)
        ),
    )


def _numerical_result(
    column: NumericalColumn, test: KolmogorovSmirnov, q_value: float, seeds: Seeds
) -> NumericalResult:
    real, synthetic = column.present
    missing_real, missing_synthetic = column.missing
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
        q_value=q_value,
        wasserstein=wasserstein(real, synthetic),
        floor=ks_floor(real, synthetic.size, seeds.rng(f"floor of {column.name}")),
    )


def _categorical_result(
    column: CategoricalColumn, test: LevelsTest, q_value: float, seeds: Seeds
) -> CategoricalResult:
    real, synthetic = column.counts
    missing_real, missing_synthetic = column.missing
    n_synthetic = int(synthetic.sum())
    return CategoricalResult(
        column=column.name,
        n_real=int(real.sum()),
        n_synthetic=n_synthetic,
        missing_real=missing_real,
        missing_synthetic=missing_synthetic,
        n_categories=column.n_levels,
        tv_complement=tv_complement(real, synthetic),
        p_value=test.p_value,
        p_method=test.method,
        q_value=q_value,
        floor=tv_floor(real, n_synthetic, seeds.rng(f"floor of {column.name}")),
    )
