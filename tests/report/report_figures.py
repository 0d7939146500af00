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
from synthhealth.evaluation.figures import Family, State, Verdict
from synthhealth.evaluation.key_relations import KeyRelation

FLOOR = Band(mean=0.88, low=0.85, high=0.92, method="exact")
RARELY = Band(mean=0.01, low=0.0, high=0.049, method="exact")
DIFFERENCE = Band(mean=0.1, low=0.08, high=0.12, method="resampled")
KEPT = Band(mean=1.0, low=1.0, high=1.0, method="exact")


def number(column: str, score: float, state: State = "as good") -> NumericalResult:
    return NumericalResult(
        column=column, unit=None, n_real=61, n_synthetic=1000, missing_real=0, missing_synthetic=0,
        ks_statistic=1 - score, ks_complement=score, p_value=0.5, p_method="exact", q_value=0.5,
        p_close=0.5, q_close=0.5, state=state, closer=False, wasserstein=1.0, floor=FLOOR,
        kept=KEPT,
    )  # fmt: skip


def level(column: str, score: float, state: State = "as good") -> CategoricalResult:
    return CategoricalResult(
        column=column, n_real=61, n_synthetic=1000, missing_real=0, missing_synthetic=0,
        n_categories=2, tv_complement=score, p_value=0.5, p_method="chi-squared", q_value=0.5,
        p_close=0.5, q_close=0.5, state=state, closer=False, floor=FLOOR, kept=KEPT,
    )  # fmt: skip


def metric(
    name: str,
    value: float,
    state: State = "as good",
    *,
    family: Family = "marginals",
    closer: bool = False,
    perfect: Band = FLOOR,
    poor_side: Literal["low", "high"] = "low",
    **more: Any,
) -> Metric:
    return Metric(
        name=name, family=family, value=value, poor_side=poor_side, perfect=perfect,
        copy_of_real=KEPT, shuffled=KEPT, p_poor=0.5, p_close=0.5, q_poor=0.4, q_close=0.3,
        state=state, closer=closer, assumption="The sky is blue.", **more,
    )  # fmt: skip


def relations(value: float, state: State = "as good") -> Metric:
    return metric(
        "dependence_difference", value, state,
        family="dependence", perfect=DIFFERENCE, poor_side="high",
    )  # fmt: skip


def identical(value: float, state: State = "as good") -> Metric:
    return metric("identical_rows", value, state, family="copying", perfect=RARELY)


def evaluation(
    *metrics: Metric,
    numerical: tuple[NumericalResult, ...] = (number("crp", 0.88),),
    categorical: tuple[CategoricalResult, ...] = (level("sex", 0.9),),
    real_is: Literal["training", "holdout", "given", "cross-validated"] = "given",
    n_real: int = 61,
    n_unseen: int | None = None,
    verdict: Verdict | None = None,
    key: tuple[KeyRelation, ...] = (),
    pairs: tuple[PairResult, ...] = (
        PairResult(
            first="crp", second="sex", measure="correlation_ratio", real=0.1, synthetic=0.2,
            difference=0.1,
        ),
    ),
) -> Evaluation:  # fmt: skip
    columns = (*numerical, *categorical)

    def named(wanted: State) -> tuple[str, ...]:
        return tuple(one.name for one in metrics if one.state == wanted)

    poor_columns = sorted(
        (one for one in columns if one.state == "worse"), key=lambda one: one.score
    )
    copying, poor = named("copied"), named("worse")
    is_poor = poor or poor_columns or any(one.state == "worse" for one in key)
    found: Verdict = "copied" if copying else "poor" if is_poor else "good"
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
            poor_relations=tuple((one.first, one.second) for one in key if one.state == "worse"),
            poor_groups=(),
            closer=tuple(one.name for one in metrics if one.closer),
            closer_columns=tuple(one.column for one in columns if one.closer),
            uncertain=named("uncertain"),
            uncertain_groups=(),
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
        relations=key,
        not_computed=(),
    )
