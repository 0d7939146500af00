"""The figures over the whole table as cards: a mark on a scale with its bands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from synthhealth.evaluation import Band, Metric
from synthhealth.report._conclusion import key_metrics
from synthhealth.report._data import ReportData
from synthhealth.report._metric_words import (
    band_text,
    perfect_text,
    range_of,
    value_text,
    words_of,
)
from synthhealth.report._verdicts import TONES, Tone

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
