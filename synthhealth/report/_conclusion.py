"""The verdict in words: one sentence that a doctor understands, and why."""

from __future__ import annotations

from collections.abc import Sequence

from synthhealth.evaluation import Evaluation, Metric
from synthhealth.report._data import Conclusion
from synthhealth.report._metric_words import against, in_sentence, words_of
from synthhealth.report._numbers import counted, listed, score_text
from synthhealth.report._words import column_scores, floor_text, shown

_NAMED = 4  # columns or figures named in a sentence

#: Figures of the first screen, one of each line: see `_most_telling`.
_KEYS = (
    ("ks_average", "column_average"),
    ("dependence_difference", "mutual_information_difference"),
    ("c2st_boosting", "c2st_products", "c2st_logistic", "pmse_ratio"),
    ("identical_rows", "near_rows"),
)

_HEADLINES = {
    "good": "The synthetic rows look like other real patients, as far as these figures can tell.",
    "poor": "The synthetic rows differ from real patients by more than chance explains.",
    "too good": "More synthetic rows repeat real patients than chance explains.",
}


def conclude(evaluation: Evaluation) -> Conclusion:
    """Put the judgement into words."""
    judgement = evaluation.judgement
    headline = _HEADLINES.get(
        judgement.verdict,
        f"With {evaluation.n_real:,} real and {evaluation.n_synthetic:,} synthetic rows these "
        "figures cannot tell whether the synthetic rows are good or poor.",
    )
    return Conclusion(
        verdict=judgement.verdict,
        headline=headline,
        reasons=tuple(filter(None, (reason(evaluation) for reason in _REASONS))),
    )


def key_metrics(evaluation: Evaluation) -> list[Metric]:
    """Return the three or four figures that matter, those of copied rows last."""
    metrics = {metric.name: metric for metric in evaluation.metrics}
    *single, copied = _KEYS
    lines = (*single, (*evaluation.judgement.copying, *copied))
    found = [[metrics[name] for name in line if name in metrics] for line in lines]
    return [_most_telling(figures) for figures in found if figures]


def _most_telling(metrics: Sequence[Metric]) -> Metric:
    """Return the first figure that is poor, else the first that can tell, else the first."""
    ranks = {"poor": 0, "cannot tell": 2}
    return min(metrics, key=lambda metric: ranks.get(metric.verdict, 1))


def _copied(evaluation: Evaluation) -> str | None:
    copying = evaluation.judgement.copying
    if not copying:
        return None
    return f"Copied rows: {_figures(evaluation, copying)}."


def _poor_columns(evaluation: Evaluation) -> str | None:
    poor = evaluation.judgement.poor_columns
    if not poor:
        return None
    scores = {column.column: column for column in column_scores(evaluation)}
    worst = scores[poor[0]]
    columns = counted(len(scores), "column", "columns")
    are = "is" if len(poor) == 1 else "are"
    of_all = f"{len(poor)} of {columns} {are} poor: {listed(map(shown, poor), _NAMED)}."
    return (
        f"{of_all} {shown(worst.column)} scores {score_text(worst.score)}, where other real "
        f"patients would give {floor_text(worst.floor)}."
    )


def _poor_figures(evaluation: Evaluation) -> str | None:
    poor = evaluation.judgement.poor
    if not poor:
        return None
    many = "figures over the whole table are" if len(poor) > 1 else "figure over the whole table is"
    return f"{len(poor)} {many} poor: {_figures(evaluation, poor)}."


def _nothing_poor(evaluation: Evaluation) -> str | None:
    judgement = evaluation.judgement
    if judgement.poor or judgement.poor_columns:
        return None
    columns = counted(len(column_scores(evaluation)), "column", "columns")
    told = (
        f"None of {columns} and {counted(len(evaluation.metrics), 'figure', 'figures')} over the "
        "whole table is worse than chance explains"
    )
    looked_at = any(metric.family == "copying" for metric in evaluation.metrics)
    if judgement.copying or not looked_at:
        return f"{told}."
    return f"{told}, and no more rows repeat a patient than would by chance."


def _undecided(evaluation: Evaluation) -> str | None:
    undecided = evaluation.judgement.undecided
    if not undecided:
        return None
    names = listed((in_sentence(words_of(name).title) for name in undecided), _NAMED)
    return f"At these sizes no verdict is possible on: {names}."


_REASONS = (_copied, _poor_columns, _poor_figures, _nothing_poor, _undecided)


def _figures(evaluation: Evaluation, names: Sequence[str]) -> str:
    metrics = {metric.name: metric for metric in evaluation.metrics}
    return listed((against(metrics[name]) for name in names), _NAMED)
