"""The figures that decided, as cards: a mark on a scale, with what other patients would give.

Each question has a card. What is worse stands on the card of its question, so that no card says
otherwise than the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from synthhealth.evaluation import Band, CategoricalResult, Evaluation, Metric, NumericalResult
from synthhealth.evaluation.figures import State
from synthhealth.evaluation.key_relations import KeyRelation
from synthhealth.evaluation.subgroups import Subgroup
from synthhealth.report.data import ReportData
from synthhealth.report.metric_words import (
    band_text,
    perfect_text,
    range_of,
    value_text,
    words_of,
)
from synthhealth.report.numbers import dependence_text, listed, score_text
from synthhealth.report.parts.subgroups import group_name
from synthhealth.report.theme import STATE_WORDS, TONES, Tone
from synthhealth.report.words import column_results, floor_text, shown

__all__ = ["CLOSER", "WRITTEN_ONLY", "Card", "Mark", "key_cards", "key_metrics", "missing_cards"]

#: What is said of a figure that lies beyond its band on the good side.
CLOSER = "closer to these patients than others would be"

#: What stands behind a figure that is off in the table that was written, and not in other fits.
WRITTEN_ONLY = " in the table that was written"

_MARGIN = 0.06  # of the scale, left free at both ends
_NAMED = 4  # columns named in a sentence


class Mark(NamedTuple):
    """A named place on a scale."""

    at: float  # per cent of the scale
    anchor: str  # to which side of it its name is written: "start", "middle" or "end"


class Scale(NamedTuple):
    """Where a figure lies among those it is held against, in per cent."""

    low: float  # ends of what other patients would give
    high: float
    at: Mark
    spread: tuple[float, float] | None  # the figure's own interval
    copy: Mark | None
    shuffle: Mark | None


class Card(NamedTuple):
    """A figure that decided, with what it is held against."""

    name: str
    value: str
    state: State
    word: str
    tone: Tone
    meaning: str
    told: str  # the figure for those who cannot see it
    perfect: str
    reason: str  # a sentence of what is off
    note: str = ""
    scale: Scale | None = None
    copied: str = ""
    shuffled: str = ""


#: Figures of each question, in the order of the cards: see `_most_telling`.
_QUESTIONS = {
    "columns": ("ks_average", "column_average"),
    "relations": (
        "dependence_difference",
        "mutual_information_difference",
    ),
    "rows": (
        "c2st_boosting",
        "c2st_products",
        "c2st_logistic",
        "pmse_ratio",
        "pmse_products",
        "specks",
        "alpha_precision",
        "beta_recall",
    ),
    "gaps": ("missing_patterns", "missing_together", "missing_dependence"),
}
_COPIES = ("identical_rows", "near_rows")
#: States that make a verdict bad.
_OFF = ("worse", "copied")


def key_cards(evaluation: Evaluation, written: Evaluation | None = None) -> list[Card]:
    """Return the figures that decided, one or two of each question; what is worse comes first.

    Parameters
    ----------
    evaluation : Evaluation
        The figures of the comparison.
    written : Evaluation, optional
        Of the table that was written, where `evaluation` is of further fits: what is off in it
        alone has a card, too.
    """
    cards = _cards(evaluation)
    if written is not None:
        off = {card.name for card in cards if card.state in _OFF}
        cards += [
            card._replace(
                name=f"{card.name}{WRITTEN_ONLY}", reason=f"{card.reason[:-1]}{WRITTEN_ONLY}."
            )
            for card in _cards(written)
            if card.state in _OFF and card.name not in off
        ]
    return sorted(cards, key=lambda card: card.state not in _OFF)


def _cards(evaluation: Evaluation) -> list[Card]:
    judgement = evaluation.judgement
    metrics = {metric.name: metric for metric in key_metrics(evaluation)}
    found: list[Card] = []
    for question, names in _QUESTIONS.items():
        figures = [_card(metrics[name]) for name in names if name in metrics]
        if question == "columns" and judgement.poor_columns:
            # The average tells of no single column; where it is worse, too, both are shown.
            figures = [one for one in figures if one.state == "worse"]
            figures.append(_column_card(evaluation))
        if question == "relations":
            figures += _relation_cards(evaluation)
            figures += _group_cards(evaluation)
        if question == "gaps":
            figures = [one for one in figures if one.state == "worse"]
        found += figures
    return found + [_card(one) for one in metrics.values() if one.name not in _all_named()]


def missing_cards(data: ReportData) -> list[Card]:
    """Return the figures over all missing values."""
    metrics = data.evaluation.metrics
    return [_card(metric) for metric in metrics if metric.family == "missingness"]


def key_metrics(evaluation: Evaluation) -> list[Metric]:
    """Return the figures over the whole table that matter, those of copied rows last."""
    metrics = {metric.name: metric for metric in evaluation.metrics}
    lines = [*_QUESTIONS.values(), tuple(dict.fromkeys((*evaluation.judgement.copying, *_COPIES)))]
    found = [[metrics[name] for name in line if name in metrics] for line in lines]
    return [_most_telling(figures) for figures in found if figures]


def _all_named() -> set[str]:
    return {name for names in _QUESTIONS.values() for name in names}


def _most_telling(metrics: Sequence[Metric]) -> Metric:
    """Return the first that is worse or copied, else one off its band, else one that tells."""

    def rank(metric: Metric) -> int:
        if metric.state == "uncertain":
            return 3 if metric.perfect.standing(metric.value) == "within" else 1
        return 2 if metric.state == "as good" else 0

    return min(metrics, key=rank)


def _card(metric: Metric) -> Card:
    words, perfect = words_of(metric.name), metric.perfect
    references = [band.mean for band in (metric.copy_of_real, metric.shuffled) if band is not None]
    own = [] if metric.low is None or metric.high is None else [metric.low, metric.high]
    ends = _ends([metric.value, perfect.low, perfect.high, *references, *own])
    copied, shuffled = (band_text(metric, one) for one in (metric.copy_of_real, metric.shuffled))
    interval = f", 95 % interval {range_of(metric, own[0], own[1])}" if own else ""
    told = [f"{words.title}: {value_text(metric)}{interval}", STATE_WORDS[metric.state]]
    told.append(f"other patients {perfect_text(metric)}")
    told += [f"a copy of the real rows {copied}"] if metric.copy_of_real else []
    told += [f"shuffled columns {shuffled}"] if metric.shuffled else []
    return Card(
        name=words.title,
        value=value_text(metric),
        state=metric.state,
        word=metric.state,
        tone=TONES[metric.state],
        meaning=words.meaning,
        told="; ".join(told),
        perfect=perfect_text(metric),
        reason=f"{words.title}: {value_text(metric)}. Other real patients give "
        f"{perfect_text(metric)}.",
        note=CLOSER if metric.closer else "",
        scale=_scale(metric.value, perfect, ends, own, metric.copy_of_real, metric.shuffled),
        copied=copied if metric.copy_of_real else "",
        shuffled=shuffled if metric.shuffled else "",
    )


def _column_card(evaluation: Evaluation) -> Card:
    """Return the column that is furthest off."""
    poor = evaluation.judgement.poor_columns
    by_name = {column.column: column for column in column_results(evaluation)}
    worst: NumericalResult | CategoricalResult = by_name[poor[0]]
    name, perfect = shown(worst.column), floor_text(worst.floor)
    others = listed(map(shown, poor[1:]), _NAMED)
    also = f" Also worse: {others}." if others else ""
    return Card(
        name=f"Column {name}",
        value=score_text(worst.score),
        state=worst.state,
        word=worst.state,
        tone=TONES[worst.state],
        meaning=f"How alike its values are in both tables. 1 = identical.{also}",
        told=f"Column {name}: {score_text(worst.score)}; {STATE_WORDS[worst.state]}; other "
        f"patients {perfect}",
        perfect=perfect,
        reason=f"The values of {name} differ: it scores {score_text(worst.score)}, other patients "
        f"would give {perfect}.{also}",
        scale=_scale(
            worst.score,
            worst.floor,
            _ends([worst.score, worst.floor.low, worst.floor.high, worst.kept.mean]),
            [],
            worst.kept,
            None,
        ),
        copied=score_text(worst.kept.mean),
    )


def _relation_cards(evaluation: Evaluation) -> list[Card]:
    """Return the relation that is furthest off, of those that are judged by themselves."""
    relations = sorted(evaluation.relations, key=lambda one: (one.state != "worse", one.p_value))
    if not relations:
        return []
    worst = relations[0]
    poor = [" and ".join(map(shown, pair)) for pair in evaluation.judgement.poor_relations]
    name = f"{shown(worst.first)} and {shown(worst.second)}"
    others = listed((one for one in poor if one != name), _NAMED)
    also = f" Also worse: {others}." if others else ""
    band = _of_relation(worst)
    real, synthetic = dependence_text(worst.real), dependence_text(worst.synthetic)
    perfect = f"{dependence_text(band.low)} to {dependence_text(band.high)}"
    why = (
        "One of the strongest relations of the real table"
        if worst.asked == "strongest"
        else "A relation of sex, an outcome or a group of patients"
    )
    return [
        Card(
            name=name,
            value=synthetic,
            state=worst.state,
            word=worst.state,
            tone=TONES[worst.state],
            meaning=f"{why}, and of these the furthest off: {real} among the real rows, "
            f"{synthetic} among the synthetic ones (0 = no relation).{also}",
            told=f"Relation of {name}: {synthetic}, in the real rows {real}; "
            f"{STATE_WORDS[worst.state]}; other patients {perfect}",
            perfect=perfect,
            reason=f"The relation of {name} is {synthetic} among the synthetic rows and {real} "
            f"among the real ones; other patients would give {perfect}.{also}",
            scale=_scale(
                worst.synthetic,
                band,
                _ends([worst.synthetic, band.low, band.high, worst.real, 0.0]),
                [],
                _point(worst.real),
                _point(0.0),
            ),
            copied=real,
            shuffled=dependence_text(0.0),
        )
    ]


def _of_relation(relation: KeyRelation) -> Band:
    """Return what the measure would be among other patients."""
    least = -1.0 if relation.measure == "spearman" else 0.0
    reach = relation.floor.high
    return relation.floor.model_copy(
        update={
            "mean": relation.real,
            "low": max(relation.real - reach, least),
            "high": min(relation.real + reach, 1.0),
        }
    )


def _group_cards(evaluation: Evaluation) -> list[Card]:
    """Return the group of patients that is furthest off, if any is."""
    worst: list[Subgroup] = [one for one in evaluation.subgroups if one.state == "worse"]
    if not worst:
        return []
    group = worst[0]
    name = group_name(group)
    others = listed(map(group_name, worst[1:]), _NAMED)
    also = f" Also worse: {others}." if others else ""
    columns = listed(map(shown, group.poor_columns), _NAMED)
    off = f"columns that differ: {columns}" if columns else f"furthest off is {group.reason}"
    n = len(group.poor_columns)
    value = f"{n} {'column' if n == 1 else 'columns'} off" if n else "differs"
    return [
        Card(
            name=f"Patients with {name}",
            value=value,
            state=group.state,
            word=group.state,
            tone=TONES[group.state],
            meaning=f"The synthetic patients of this group against the real ones; {off}.{also}",
            told=f"Patients with {name}: {value}; {STATE_WORDS[group.state]}; {off}",
            perfect="no column off",
            reason=f"Synthetic patients with {name} are not like the real ones; {off}.{also}",
        )
    ]


def _point(value: float) -> Band:
    return Band(mean=value, low=value, high=value, method="drawn")


def _scale(
    value: float,
    perfect: Band,
    ends: tuple[float, float],
    own: Sequence[float],
    copy: Band | None,
    shuffle: Band | None,
) -> Scale:
    start, end = ends

    def place(one: float) -> float:
        return round(100 * (one - start) / (end - start), 2)

    def mark(band: Band | None) -> Mark | None:
        return None if band is None else _mark(place(band.mean))

    return Scale(
        low=place(perfect.low),
        high=place(perfect.high),
        at=_mark(place(value)),
        spread=(place(own[0]), place(own[1])) if own else None,
        copy=mark(copy),
        shuffle=mark(shuffle),
    )


def _mark(at: float) -> Mark:
    return Mark(at, "start" if at < 12 else "end" if at > 88 else "middle")


def _ends(values: Iterable[float]) -> tuple[float, float]:
    """Return ends of a scale that holds all values, within 0 and 1 where they are."""
    values = list(values)
    low, high = min(values), max(values)
    room = _MARGIN * (high - low) or 0.5
    start = max(low - room, 0.0) if low >= 0 else low - room
    end = min(high + room, 1.0) if high <= 1 else high + room
    return start, end
