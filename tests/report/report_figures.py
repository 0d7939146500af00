"""Evaluations made by hand, for the words that are drawn from them."""

from __future__ import annotations

from typing import Any, Literal

from synthhealth.evaluation import (
    Band,
    CategoricalResult,
    Evaluation,
    Judgement,
    Metric,
    NumericalResult,
    Overall,
    PairResult,
    Score,
)
from synthhealth.evaluation.figures import Family, Verdict

FLOOR = Band(mean=0.88, low=0.85, high=0.92, method="exact")
RARELY = Band(mean=0.01, low=0.0, high=0.049, method="exact")
DIFFERENCE = Band(mean=0.1, low=0.08, high=0.12, method="resampled")
KEPT = Band(mean=1.0, low=1.0, high=1.0, method="exact")


def number(column: str, score: float, verdict: Verdict = "good") -> NumericalResult:
    return NumericalResult(
        column=column, unit=None, n_real=61, n_synthetic=1000, missing_real=0, missing_synthetic=0,
        ks_statistic=1 - score, ks_complement=score, p_value=0.5, p_method="exact", q_value=0.5,
        p_close=0.5, q_close=0.5, verdict=verdict, wasserstein=1.0, floor=FLOOR, kept=KEPT,
    )  # fmt: skip


def level(column: str, score: float, verdict: Verdict = "good") -> CategoricalResult:
    return CategoricalResult(
        column=column, n_real=61, n_synthetic=1000, missing_real=0, missing_synthetic=0,
        n_categories=2, tv_complement=score, p_value=0.5, p_method="chi-squared", q_value=0.5,
        p_close=0.5, q_close=0.5, verdict=verdict, floor=FLOOR, kept=KEPT,
    )  # fmt: skip


def metric(
    name: str,
    value: float,
    verdict: Verdict = "good",
    *,
    family: Family = "marginals",
    perfect: Band = FLOOR,
    poor_side: Literal["low", "high"] = "low",
    **more: Any,
) -> Metric:
    return Metric(
        name=name, family=family, value=value, poor_side=poor_side, perfect=perfect,
        copy_of_real=KEPT, shuffled=KEPT, p_poor=0.5, p_close=0.5, q_poor=0.4, q_close=0.3,
        verdict=verdict, assumption="The sky is blue.", **more,
    )  # fmt: skip


def relations(value: float, verdict: Verdict = "good") -> Metric:
    return metric(
        "dependence_difference", value, verdict,
        family="dependence", perfect=DIFFERENCE, poor_side="high",
    )  # fmt: skip


def identical(value: float, verdict: Verdict = "good") -> Metric:
    return metric("identical_rows", value, verdict, family="copying", perfect=RARELY)


def evaluation(
    *metrics: Metric,
    numerical: tuple[NumericalResult, ...] = (number("crp", 0.88),),
    categorical: tuple[CategoricalResult, ...] = (level("sex", 0.9),),
    real_is: Literal["training", "holdout", "given", "cross-validated"] = "given",
    n_real: int = 61,
    n_unseen: int | None = None,
    verdict: Verdict | None = None,
    pairs: tuple[PairResult, ...] = (
        PairResult(
            first="crp", second="sex", measure="correlation_ratio", real=0.1, synthetic=0.2,
            difference=0.1,
        ),
    ),
) -> Evaluation:  # fmt: skip
    columns = (*numerical, *categorical)

    def named(wanted: Verdict, *, copying: bool) -> tuple[str, ...]:
        return tuple(
            one.name
            for one in metrics
            if one.verdict == wanted and (one.family == "copying") == copying
        )

    poor_columns = sorted(
        (one for one in columns if one.verdict == "poor"),
        key=lambda one: getattr(one, "ks_complement", 0) or getattr(one, "tv_complement", 0),
    )
    copying, poor = named("too good", copying=True), named("poor", copying=False)
    found: Verdict = "too good" if copying else "poor" if poor or poor_columns else "good"
    return Evaluation(
        n_real=n_real,
        n_synthetic=1000,
        real_is=real_is,
        n_unseen=n_unseen,
        judgement=Judgement(
            verdict=verdict or found,
            copying=copying,
            poor=poor,
            poor_columns=tuple(one.column for one in poor_columns),
            close=named("too good", copying=False),
            close_columns=tuple(one.column for one in columns if one.verdict == "too good"),
            undecided=tuple(one.name for one in metrics if one.verdict == "cannot tell"),
            alarm=0.05,
        ),
        metrics=metrics,
        overall=Overall(
            ks_average=None,
            column_average=Score(value=0.9, floor=FLOOR),
            dependence_difference=None,
        ),
        numerical=numerical,
        categorical=categorical,
        pairs=pairs,
        not_computed=(),
    )
