"""What a perfect generator would score, and how far a figure lies from that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from scipy import stats

from synthhealth.evaluation._fidelity import false_discovery
from synthhealth.evaluation._result_base import Band, Family, Metric, Verdict

__all__ = ["ALARM", "Draft", "Null", "Replicates", "band_of", "judge"]

Floats = npt.NDArray[np.float64]

#: False-alarm rate: of what is called poor, or too good, while all is well.
ALARM = 0.05
#: Tails smaller than this are read from a law fitted to the replicates, which are too few.
SMALL_TAIL = 0.02
#: Scores are sums of floats; differences below this are rounding.
TOLERANCE = 1e-9


class Null(Protocol):
    """The law of a figure for a perfect generator at the sizes of the two tables."""

    @property
    def band(self) -> Band:
        """Mean and 95 % interval."""

    def tails(self, value: float) -> tuple[float, float]:
        """Give the probabilities of at most, and of at least, this value."""


@dataclass(frozen=True)
class Replicates:
    """A law known from replicated figures."""

    values: Floats
    method: Literal["resampled", "permuted"]

    @property
    def band(self) -> Band:
        return band_of(self.values, self.method)

    def tails(self, value: float) -> tuple[float, float]:
        return self._tail(value, 1.0), self._tail(value, -1.0)

    def _tail(self, value: float, side: float) -> float:
        """Count the replicates; where they are too few, fit a gamma law to three moments.

        So do Josse, Pages and Husson (2008) for permutation tests.
        """
        values, value = side * self.values, side * value
        counted = (1 + np.count_nonzero(values <= value + TOLERANCE)) / (1 + values.size)
        spread = values.std()
        if counted > SMALL_TAIL or spread < TOLERANCE:
            return float(counted)
        skew = float(np.clip(stats.skew(values), -2.0, 2.0))
        fitted = stats.pearson3.cdf((value - values.mean()) / spread, skew)
        return float(min(counted, max(fitted, np.finfo(float).tiny)))


def band_of(values: Floats, method: Literal["resampled", "permuted", "drawn"] = "drawn") -> Band:
    """Give mean and 2.5 and 97.5 % quantiles of replicated figures."""
    low, high = np.quantile(values, [0.025, 0.975])
    return Band(mean=float(values.mean()), low=float(low), high=float(high), method=method)


@dataclass(frozen=True)
class Draft:
    """A figure that has been measured and not judged yet. See `Metric` for the fields."""

    name: str
    family: Family
    value: float
    poor_side: Literal["low", "high"]
    perfect: Band
    p_poor: float
    p_close: float
    assumption: str
    copy_of_real: Band | None = None
    shuffled: Band | None = None
    low: float | None = None
    high: float | None = None
    blind: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        family: Family,
        value: float,
        null: Null,
        *,
        poor_side: Literal["low", "high"],
        assumption: str,
        copy_of_real: Band | None = None,
        shuffled: Band | None = None,
        interval: tuple[float, float] | None = None,
    ) -> Draft:
        """Hold a figure against its law.

        It is blind where what it should find, a shuffle or, of copying, a copy, would lie within
        the band of a perfect generator.
        """
        perfect = null.band
        at_most, at_least = null.tails(value)
        poor, close = (at_most, at_least) if poor_side == "low" else (at_least, at_most)
        sought = copy_of_real if family == "copying" else shuffled
        return cls(
            name=name,
            family=family,
            value=value,
            poor_side=poor_side,
            perfect=perfect,
            p_poor=poor,
            p_close=close,
            assumption=assumption,
            copy_of_real=copy_of_real,
            shuffled=shuffled,
            low=None if interval is None else interval[0],
            high=None if interval is None else interval[1],
            blind=sought is not None and perfect.standing(sought.mean) == "within",
        )

    def blind_if(self, blind: bool) -> Draft:
        """Say whether the figure could tell good from bad at these sizes."""
        return replace(self, blind=blind)


def verdict_of(q_poor: float, q_close: float, *, blind: bool) -> Verdict:
    """Give the verdict on a figure or a column."""
    if q_poor <= ALARM:
        return "poor"
    if q_close <= ALARM:
        return "too good"
    return "cannot tell" if blind else "good"


def judge(drafts: Sequence[Draft], p_columns: Sequence[float] = ()) -> tuple[Metric, ...]:
    """Give every figure its verdict.

    The probabilities of the poor side are adjusted together with those of the columns, so that a
    perfect generator has anything called poor in at most 5 of 100 cases. Those of the other side
    are adjusted within each family: closeness of the margins says another thing than copied rows.
    """
    poor = false_discovery([*(draft.p_poor for draft in drafts), *p_columns])
    close: dict[str, float] = {}
    for family in {draft.family for draft in drafts}:
        members = [draft for draft in drafts if draft.family == family]
        adjusted = false_discovery([draft.p_close for draft in members])
        close |= {draft.name: q for draft, q in zip(members, adjusted, strict=True)}
    return tuple(
        Metric(
            name=draft.name,
            family=draft.family,
            value=draft.value,
            low=draft.low,
            high=draft.high,
            poor_side=draft.poor_side,
            perfect=draft.perfect,
            copy_of_real=draft.copy_of_real,
            shuffled=draft.shuffled,
            p_poor=draft.p_poor,
            p_close=draft.p_close,
            q_poor=q,
            q_close=close[draft.name],
            verdict=verdict_of(q, close[draft.name], blind=draft.blind),
            assumption=draft.assumption,
        )
        for draft, q in zip(drafts, poor, strict=False)
    )
