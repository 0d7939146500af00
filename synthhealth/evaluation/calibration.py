"""What a perfect generator would score, and how far a figure lies from that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from scipy import stats

from synthhealth.evaluation.figures import Band, Family, Metric, Standing, Verdict

__all__ = ["ALARM", "SEARCHES", "Null", "Replicates", "Unjudged", "band_of", "verdict_of"]


Floats = npt.NDArray[np.float64]

#: False-alarm rate: of what is called poor, or too good, while all is well.
ALARM = 0.05
#: Tails smaller than this are read from a law fitted to the replicates, which are too few.
SMALL_TAIL = 0.02
#: Families that look for a copy: none found is not poor.
SEARCHES = ("copying", "learning")
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
        """The mean of the figures and their central 95 %."""
        return band_of(self.values, self.method)

    def tails(self, value: float) -> tuple[float, float]:
        """Give the shares of the law up to and from a value."""
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
class Unjudged:
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
    ) -> Unjudged:
        """Hold a figure against its law.

        It is blind where what it should find would not lie beyond the band of a perfect generator:
        a shuffle on the poor side or, of copies, a copy on the other. Single columns are the same
        in a shuffle; whoever judges them knows what they cannot find.
        """
        perfect = null.band
        at_most, at_least = null.tails(value)
        poor, close = (at_most, at_least) if poor_side == "low" else (at_least, at_most)
        poor_standing: Standing = "below" if poor_side == "low" else "above"
        close_standing: Standing = "above" if poor_side == "low" else "below"
        sought, found = (
            (copy_of_real, close_standing) if family in SEARCHES else (shuffled, poor_standing)
        )
        if family == "marginals":
            sought = None
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
            blind=sought is not None and perfect.standing(sought.mean) != found,
        )

    def judged(self, q_poor: float, q_close: float) -> Metric:
        """Give the figure with its adjusted probabilities and its verdict."""
        return Metric(
            name=self.name,
            family=self.family,
            value=self.value,
            low=self.low,
            high=self.high,
            poor_side=self.poor_side,
            perfect=self.perfect,
            copy_of_real=self.copy_of_real,
            shuffled=self.shuffled,
            p_poor=self.p_poor,
            p_close=self.p_close,
            q_poor=q_poor,
            q_close=q_close,
            verdict=verdict_of(q_poor, q_close, blind=self.blind),
            assumption=self.assumption,
        )

    def undecided(self) -> Unjudged:
        """Give the figure as one that cannot tell."""
        return replace(self, p_poor=1.0, p_close=1.0, blind=True)


def verdict_of(q_poor: float, q_close: float, *, blind: bool) -> Verdict:
    """Give the verdict on a figure or a column."""
    if q_poor <= ALARM:
        return "poor"
    if q_close <= ALARM:
        return "too good"
    return "cannot tell" if blind else "good"
