"""What all figures together come to, at a stated false-alarm rate."""

from __future__ import annotations

from collections.abc import Sequence

from synthhealth.evaluation.calibration import ALARM, SEARCHES, Unjudged
from synthhealth.evaluation.columns import (
    FEWEST_ROWS,
    CategoricalResult,
    ColumnResult,
    Marginals,
    NumericalResult,
    judged_columns,
)
from synthhealth.evaluation.distances import false_discovery
from synthhealth.evaluation.figures import Metric, Result, Verdict

__all__ = ["Judgement", "judge", "sum_up"]


class Judgement(Result):
    """What all figures together come to.

    A perfect generator is called `poor`, and likewise `too good`, in at most 5 of 100 cases.
    """

    verdict: Verdict
    """`too good` where rows were copied; else `poor` where a column or a figure is; `cannot tell` \
where no figure of the relations between columns could have found a shuffle; else `good`."""
    copying: tuple[str, ...]
    """The figures of copied rows that are too good."""
    poor: tuple[str, ...]
    """The figures that are poor."""
    poor_columns: tuple[str, ...]
    """The columns that are poor, the furthest from its floor first."""
    close: tuple[str, ...]
    """The other figures that are too good."""
    close_columns: tuple[str, ...]
    """The columns that are too good."""
    undecided: tuple[str, ...]
    """The figures that cannot tell."""
    alarm: float
    """The false-alarm rate."""


def judge(
    unjudged: Sequence[Unjudged], marginals: Marginals
) -> tuple[tuple[Metric, ...], tuple[NumericalResult, ...], tuple[CategoricalResult, ...]]:
    """Give every figure and every column its verdict.

    The probabilities of the poor side are adjusted over figures and columns together, so that a
    perfect generator has anything called poor in at most 5 of 100 cases. Those of the other side
    are adjusted within each family: close margins say another thing than copied rows.
    """
    judged = [figure for figure in unjudged if figure.family not in SEARCHES]
    p_columns = marginals.p_values
    adjusted = false_discovery([*(figure.p_poor for figure in judged), *p_columns])
    poor = {figure.name: q for figure, q in zip(judged, adjusted, strict=False)}
    close = _close(unjudged)
    columns = judged_columns(
        [*marginals.numerical, *marginals.categorical], adjusted[len(judged) :]
    )
    return (
        # Rows are copied or not: that none is, is not poor.
        tuple(figure.judged(poor.get(figure.name, 1.0), close[figure.name]) for figure in unjudged),
        tuple(column for column in columns if isinstance(column, NumericalResult)),
        tuple(column for column in columns if isinstance(column, CategoricalResult)),
    )


def _close(unjudged: Sequence[Unjudged]) -> dict[str, float]:
    found: dict[str, float] = {}
    for family in dict.fromkeys(figure.family for figure in unjudged):
        members = [figure for figure in unjudged if figure.family == family]
        adjusted = false_discovery([figure.p_close for figure in members])
        found |= {figure.name: q for figure, q in zip(members, adjusted, strict=True)}
    return found


def sum_up(
    metrics: Sequence[Metric], columns: Sequence[ColumnResult], sizes: tuple[int, int]
) -> Judgement:
    """Draw the conclusion from all verdicts on tables of these sizes."""
    poor_columns = sorted((c for c in columns if c.verdict == "poor"), key=_distance)
    copying = _named(metrics, "too good", copying=True)
    poor = _named(metrics, "poor", copying=False)
    verdict = _verdict(metrics, columns, copied=bool(copying), poor=bool(poor or poor_columns))
    if verdict == "good" and min(sizes) < FEWEST_ROWS:
        verdict = "cannot tell"  # a few rows may pass anywhere
    return Judgement(
        verdict=verdict,
        copying=copying,
        poor=poor,
        poor_columns=tuple(column.column for column in poor_columns),
        close=_named(metrics, "too good", copying=False),
        close_columns=tuple(c.column for c in columns if c.verdict == "too good"),
        undecided=tuple(metric.name for metric in metrics if metric.verdict == "cannot tell"),
        alarm=ALARM,
    )


def _verdict(
    metrics: Sequence[Metric], columns: Sequence[ColumnResult], *, copied: bool, poor: bool
) -> Verdict:
    if copied:
        return "too good"
    if poor:
        return "poor"
    relations = [metric for metric in metrics if metric.family in ("dependence", "joint")]
    seen = [figure.verdict != "cannot tell" for figure in (*columns, *relations)]
    if not any(seen[: len(columns)]) or (relations and not any(seen[len(columns) :])):
        return "cannot tell"
    return "good"


def _named(metrics: Sequence[Metric], verdict: Verdict, *, copying: bool) -> tuple[str, ...]:
    return tuple(
        metric.name
        for metric in metrics
        if metric.verdict == verdict and (metric.family == "copying") == copying
    )


def _distance(result: ColumnResult) -> float:
    if isinstance(result, NumericalResult):
        return result.ks_complement - result.floor.low
    return result.tv_complement - result.floor.low
