"""What a perfect generator would score, and how far a figure lies from that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from scipy import stats

from synthhealth.evaluation.figures import Band, Family, Metric, Standing, State

__all__ = ["ALARM", "SEARCHES", "Null", "Replicates", "Unjudged", "band_of", "state_of"]


Floats = npt.NDArray[np.float64]

#: False-alarm rate: of what is called worse, or copied, while all is well.
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

        So do Josse, Pages and Husson (2008) for permutation tests. The smaller of the two would
        find more than is there.
        """
        values, value = side * self.values, side * value
        counted = (1 + np.count_nonzero(values <= value + TOLERANCE)) / (1 + values.size)
        spread = values.std()
        if counted > SMALL_TAIL or spread < TOLERANCE:
            return float(counted)
        skew = float(np.clip(stats.skew(values), -2.0, 2.0))
        fitted = stats.pearson3.cdf((value - values.mean()) / spread, skew)
        return float(max(fitted, np.finfo(float).tiny))


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
        sought = copy_of_real if family in SEARCHES else shuffled
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
            blind=sought is not None
            and perfect.standing(sought.mean) != _fault_standing(family, poor_side),
        )

    def judged(self, q_poor: float, q_close: float) -> Metric:
        """Give the figure with its adjusted probabilities and its state."""
        is_close = q_poor > ALARM and q_close <= ALARM
        fault = _fault_standing(self.family, self.poor_side)
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
            state=state_of(
                q_poor,
                is_outside=self.perfect.standing(self.value) == fault,
                is_blind=self.blind,
                is_copied=is_close and self.family == "copying",
            ),
            closer=is_close and self.family != "copying",
            assumption=self.assumption,
        )

    def undecided(self) -> Unjudged:
        """Give the figure as one that cannot tell."""
        return replace(self, p_poor=1.0, p_close=1.0, blind=True)


def _fault_standing(family: Family, poor_side: Literal["low", "high"]) -> Standing:
    """Say where a figure lies that finds what it looks for: a copy on the other side."""
    return "below" if (poor_side == "low") != (family in SEARCHES) else "above"


def state_of(q_poor: float, *, is_outside: bool, is_blind: bool, is_copied: bool = False) -> State:
    """Give the state of a figure.

    Parameters
    ----------
    q_poor : float
        The adjusted probability that a perfect generator is as far off.
    is_outside : bool
        Whether it lies on the poor side of the band of a perfect generator.
    is_blind : bool
        Whether it would lie within that band even where what it looks for is there.
    is_copied : bool
        Whether it shows that rows were copied.
    """
    if q_poor <= ALARM:
        return "worse"
    if is_copied:
        return "copied"
    return "uncertain" if is_outside or is_blind else "as good"
