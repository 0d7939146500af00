"""The verdict in words, and the overall figures as cards: a mark on a scale with its bands.

A verdict is a word, a mark and a colour, never a colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from synthhealth.evaluation import Band, Evaluation, Metric
from synthhealth.report.data import Conclusion, ReportData
from synthhealth.report.metric_words import (
    against,
    band_text,
    in_sentence,
    perfect_text,
    range_of,
    value_text,
    words_of,
)
from synthhealth.report.numbers import counted, listed, score_text
from synthhealth.report.parts.privacy import PRIVACY_WORDS, conclude_privacy, found_attacks
from synthhealth.report.theme import TONES, Tone
from synthhealth.report.words import column_scores, floor_text, shown

_MARGIN = 0.06  # of the scale, left free at both ends


class Mark(NamedTuple):
    """A named place on a scale."""

    at: float  # per cent of the scale
    anchor: str  # to which side of it its name is written: "start", "middle" or "end"


class Card(NamedTuple):
    """A figure over the whole table, on a scale with what it is held against."""

    name: str
    value: str
    verdict: str
    tone: Tone
    meaning: str
    told: str  # the figure for those who cannot see it
    perfect: str
    low: float  # ends of the noise floor, in per cent of the scale
    high: float
    at: Mark
    spread: tuple[float, float] | None  # the figure's own interval
    copy: Mark | None
    shuffle: Mark | None
    copied: str
    shuffled: str


def key_cards(data: ReportData) -> list[Card]:
    """Return the three or four figures that matter."""
    return [_card(metric) for metric in key_metrics(data.evaluation)]


def missing_cards(data: ReportData) -> list[Card]:
    """Return the figures over all missing values."""
    metrics = data.evaluation.metrics
    return [_card(metric) for metric in metrics if metric.family == "missingness"]


def _card(metric: Metric) -> Card:
    words, perfect = words_of(metric.name), metric.perfect
    references = [band.mean for band in (metric.copy_of_real, metric.shuffled) if band is not None]
    own = [] if metric.low is None or metric.high is None else [metric.low, metric.high]
    start, end = _scale([metric.value, perfect.low, perfect.high, *references, *own])

    def place(value: float) -> float:
        return round(100 * (value - start) / (end - start), 2)

    def mark(band: Band | None) -> Mark | None:
        return None if band is None else _mark(place(band.mean))

    copied, shuffled = (band_text(metric, one) for one in (metric.copy_of_real, metric.shuffled))
    interval = f", 95 % interval {range_of(metric, own[0], own[1])}" if own else ""
    told = [f"{words.title}: {value_text(metric)}{interval}", f"verdict {metric.verdict}"]
    told.append(f"a perfect generator {perfect_text(metric)}")
    told += [f"a copy of the real rows {copied}"] if metric.copy_of_real else []
    told += [f"shuffled columns {shuffled}"] if metric.shuffled else []
    return Card(
        name=words.title,
        value=value_text(metric),
        verdict=metric.verdict,
        tone=TONES[metric.verdict],
        meaning=words.meaning,
        told="; ".join(told),
        perfect=perfect_text(metric),
        low=place(perfect.low),
        high=place(perfect.high),
        at=_mark(place(metric.value)),
        spread=(place(own[0]), place(own[1])) if own else None,
        copy=mark(metric.copy_of_real),
        shuffle=mark(metric.shuffled),
        copied=copied,
        shuffled=shuffled,
    )


def _mark(at: float) -> Mark:
    return Mark(at, "start" if at < 12 else "end" if at > 88 else "middle")


def _scale(values: Iterable[float]) -> tuple[float, float]:
    """Return ends of a scale that holds all values, within 0 and 1 where they are."""
    values = list(values)
    low, high = min(values), max(values)
    room = _MARGIN * (high - low) or 0.5
    start = max(low - room, 0.0) if low >= 0 else low - room
    end = min(high + room, 1.0) if high <= 1 else high + room
    return start, end


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
    """Put the judgement, and what the attacks found, into words."""
    judgement = evaluation.judgement
    headline = _HEADLINES.get(
        judgement.verdict,
        f"With {evaluation.n_real:,} real and {evaluation.n_synthetic:,} synthetic rows these "
        "figures cannot tell whether the synthetic rows are good or poor.",
    )
    privacy, privacy_headline = conclude_privacy(evaluation)
    return Conclusion(
        verdict=judgement.verdict,
        headline=headline,
        privacy=privacy,
        privacy_headline=privacy_headline,
        reasons=tuple(filter(None, (reason(evaluation) for reason in _REASONS))),
    )


class Spoken(NamedTuple):
    """One of the two verdicts, as it stands on the first screen."""

    question: str
    word: str
    tone: Tone
    headline: str


def verdicts(conclusion: Conclusion) -> tuple[Spoken, Spoken]:
    """Return both verdicts: likeness to patients says nothing of whom the rows give away."""
    word, tone = PRIVACY_WORDS[conclusion.privacy]
    return (
        Spoken("Likeness", conclusion.verdict, TONES[conclusion.verdict], conclusion.headline),
        Spoken("Privacy", word, tone, conclusion.privacy_headline),
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


def _attacked(evaluation: Evaluation) -> str | None:
    found = found_attacks(evaluation)
    if not found:
        return None
    return (
        "Attacks on privacy get more of the patients that the model learned than of others: "
        f"{listed(found, _NAMED)}."
    )


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
    if judgement.copying or found_attacks(evaluation) or not looked_at:
        return f"{told}."
    return f"{told}, and no more rows repeat a patient than would by chance."


def _undecided(evaluation: Evaluation) -> str | None:
    undecided = evaluation.judgement.undecided
    if not undecided:
        return None
    names = listed((in_sentence(words_of(name).title) for name in undecided), _NAMED)
    return f"At these sizes no verdict is possible on: {names}."


_REASONS = (_copied, _attacked, _poor_columns, _poor_figures, _nothing_poor, _undecided)


def _figures(evaluation: Evaluation, names: Sequence[str]) -> str:
    metrics = {metric.name: metric for metric in evaluation.metrics}
    return listed((against(metrics[name]) for name in names), _NAMED)
