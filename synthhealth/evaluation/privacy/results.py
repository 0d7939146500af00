"""What attacks on patients give: how often they succeed, beside chance and beside non-members."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field
from scipy import stats

from synthhealth.evaluation.calibration import ALARM
from synthhealth.evaluation.figures import Result
from synthhealth.evaluation.rounding import coarse_count, rounded
from synthhealth.evaluation.shares import Z
from synthhealth.schema.types import MIN_CELL

__all__ = [
    "Attack",
    "ClosestRecords",
    "Finding",
    "Given",
    "Groups",
    "Interval",
    "Membership",
    "Privacy",
    "Replay",
]

#: What the attacker holds of what was released.
Given = Literal["synthetic rows", "saved model", "report"]
#: What an attack comes to.
Finding = Literal["found", "not found", "cannot tell"]
#: An excess that an interval must leave out before nothing counts as found.
MARGIN = 0.1
#: How shares of few patients, and areas of many, are written.
COARSEST, FINEST_AREA = 0.1, 0.01
#: How far a figure may lie, as a share of it, from where it was before it was written.
FOUR_DIGITS = 6e-4
#: The largest risk that the guidance on EMA Policy 0070 accepts (EMA/90915/2016): 1 of 11.
EMA_LIMIT = 0.09
#: Shares that law, guidance and sites name as limits: 1 of 11, of 5, of 3 patients, and others.
LIMITS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.09, 0.2, 0.33, 0.5, 0.67, 0.8, 1.0)


class Interval(Result):
    """A 95 % interval; written with its ends rounded outwards."""

    low: float
    """Lower end."""
    high: float
    """Upper end."""
    method: Literal["Wilson", "Newcombe", "Clopper-Pearson", "DeLong", "bootstrap"]
    """How it was found; the bootstrap draws patients."""

    def finding(self, value: float, chance: float, among: int = 1) -> Finding:
        """Say whether a figure lies above what chance gives.

        `found` where the interval lies above it: of several figures, an interval so much wider
        that by chance any of them does in at most 5 of 100 cases (Bonferroni). `not found` where
        the interval holds what chance gives and leaves out 0.1 more, that is one more patient of
        ten; else `cannot tell`.

        Parameters
        ----------
        value, chance : float
            The figure, and what chance gives.
        among : int
            How many figures are looked at together.

        Examples
        --------
        >>> interval = Interval(low=0.01, high=0.19, method="Newcombe")
        >>> interval.finding(0.1, 0.0), interval.finding(0.1, 0.0, among=8)
        ('found', 'cannot tell')
        """
        wider = max(float(stats.norm.isf(ALARM / among)) / Z, 1.0)
        if value - wider * (value - self.low) > chance:
            return "found"
        is_ruled_out = self.low <= chance and self.high < chance + MARGIN
        return "not found" if is_ruled_out else "cannot tell"

    def in_steps(self, step: float, *also: float) -> Interval:
        """Give the interval with ends rounded outwards: it still covers what it did.

        Parameters
        ----------
        step : float
            The step to round to.
        *also : float
            Where an end may lie, too: a limit is not to be lost in a step.
        """
        below = [_in_steps(self.low, step, math.floor), *(one for one in also if one <= self.low)]
        above = [_in_steps(self.high, step, math.ceil), *(one for one in also if one >= self.high)]
        return self.model_copy(update={"low": max(*below, -1.0), "high": min(*above, 1.0)})

    def between_limits(self) -> Interval:
        """Give the interval of a share with ends rounded outwards to limits in use.

        It says on which side of a limit the share lies, and no count of a few patients.
        """
        low, high = LIMITS[bisect_right(LIMITS, self.low) - 1], bisect_left(LIMITS, self.high)
        return self.model_copy(update={"low": low, "high": LIMITS[high]})


class Attack(Result):
    """An attack on patients, and how far it gets beyond what it gets without the synthesizer.

    Shares are written to the nearest 5 patients, of few patients to the nearest tenth.
    """

    name: str
    """Its name."""
    threat: str
    """Who holds what, and what for, in one sentence."""
    source: str
    """The paper or standard that describes it."""
    given: Given
    """What the attacker holds of what was released."""
    column: str | None = None
    """The column that is guessed; None where it is no single one."""
    attempts: int = Field(ge=1)
    """Patients attacked; written to the nearest 5."""
    non_members: int | None = Field(default=None, ge=1)
    """Patients attacked that the model never saw, likewise; None where there are none."""
    success: float = Field(ge=0, le=1)
    """Share of patients that the model learned, of whom the attack is right."""
    control: float | None = Field(default=None, ge=0, le=1)
    """The same share of patients that it never saw; None where there are none."""
    chance: float = Field(ge=0, le=1)
    """The share that guessing without any release gets."""
    excess: float = Field(ge=-1, le=1)
    """Success less that of `control`, or less `chance` where there is no control."""
    interval: Interval
    """Of the excess."""
    finding: Finding | None = None
    """`found` where the interval of the excess lies above 0; `not found` where it leaves out 0.1; \
else `cannot tell`. Given by the interval before that is rounded; where several attacks are \
looked at, by one that is wider for their number."""

    def model_post_init(self, context: Any) -> None:
        """Say what is found, where nobody has."""
        if self.finding is None:
            object.__setattr__(self, "finding", self.interval.finding(self.excess, 0.0))

    def among(self, n: int) -> Attack:
        """Give the attack with its finding as one of so many."""
        return self.model_copy(update={"finding": self.interval.finding(self.excess, 0.0, n)})

    def as_written(self) -> Attack:
        """Give the attack such that two of them do not tell of a single patient."""
        fewest = min(self.attempts, self.non_members or self.attempts)
        step = min(MIN_CELL / coarse_count(fewest), COARSEST)
        success, excess = _share(self.success, step), rounded(self.excess, 0.0, step)
        return self.model_copy(
            update={
                "attempts": coarse_count(self.attempts),
                "non_members": None if self.non_members is None else coarse_count(self.non_members),
                "success": success,
                "control": None if self.control is None else _share(success - excess, step),
                "chance": _share(self.chance, step),
                "excess": excess,
                "interval": self.interval.in_steps(step / 2, EMA_LIMIT),
            }
        )


class Membership(Result):
    """An attack that tells patients that the model learned from patients that it never saw.

    Shares are written to the nearest 5 patients, of few patients to the nearest tenth; the area to
    the nearest hundredth, of fewer than 50 patients to half of what one of them weighs.
    """

    name: str
    """Its name."""
    threat: str
    """Who holds what, and what for, in one sentence."""
    source: str
    """The paper that describes it."""
    given: Given
    """What the attacker holds of what was released."""
    members: int = Field(ge=1)
    """Patients attacked that were learned."""
    non_members: int = Field(ge=1)
    """Patients attacked that were not."""
    auc: float = Field(ge=0, le=1)
    """Area under the ROC curve: how often it takes the member of two patients for the member; \
0.5 is guessing."""
    interval: Interval
    """Of the area."""
    tpr_at_1: float = Field(ge=0, le=1)
    """Share of members found where at most 1 % of non-members are taken for members: with fewer \
than 100 non-members, where none is, which chance does of one member in so many."""
    tpr_at_10: float = Field(ge=0, le=1)
    """The same where at most 10 % are."""
    recognised: float | None = Field(default=None, ge=0, le=1)
    """Share of patients that are recognised nearly surely: attacked in many fits, with and \
without them, the area of the one patient is above 0.9. None where each was attacked once."""
    recognised_interval: Interval | None = None
    """Of that share, as of patients drawn; None where there is none. Its ends are written as the \
next limits in use: 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.09, 0.2, 0.33, 0.5, 0.67, 0.8."""
    finding: Finding | None = None
    """`found` where the interval lies above 0.5; `not found` where it leaves out 0.6; else \
`cannot tell`. Given as that of `Attack`."""

    def model_post_init(self, context: Any) -> None:
        """Say what is found, where nobody has."""
        if self.finding is None:
            object.__setattr__(self, "finding", self.interval.finding(self.auc, 0.5))

    def among(self, n: int) -> Membership:
        """Give the attack with its finding as one of so many."""
        return self.model_copy(update={"finding": self.interval.finding(self.auc, 0.5, n)})

    def as_written(self) -> Membership:
        """Give the attack such that two of them do not tell of a single patient."""
        fewest = min(self.members, self.non_members)
        step = min(MIN_CELL / coarse_count(fewest), COARSEST)
        step_of_area = max(FINEST_AREA, 0.5 / coarse_count(fewest))
        return self.model_copy(
            update={
                "auc": min(rounded(self.auc, 0.0, step_of_area), 1.0),
                "interval": self.interval.in_steps(step_of_area),
                "tpr_at_1": _share(self.tpr_at_1, step),
                "tpr_at_10": _share(self.tpr_at_10, step),
                "recognised": None if self.recognised is None else _share(self.recognised, step),
                "recognised_interval": None
                if self.recognised_interval is None
                else self.recognised_interval.between_limits(),
            }
        )


def _in_steps(value: float, step: float, outwards: Callable[[float], int]) -> float:
    steps, nearest = value / step, round(value / step)
    # What was written with four digits is where it was.
    if abs(steps - nearest) > FOUR_DIGITS * abs(steps) + 1e-9:
        nearest = outwards(steps)
    return float(f"{nearest * step:.12g}")


def _share(value: float, step: float) -> float:
    return min(max(rounded(value, 0.0, step), 0.0), 1.0)


class Replay(Result):
    """What is rare in a column, and how much of it stands in the synthetic table.

    Described and not judged: other patients have some of it, too. Counts are written to the
    nearest 5; no value is.
    """

    column: str
    """Name of the column."""
    what: Literal["levels", "extremes"]
    """`levels` that fewer than `min_cell` patients have, or `extremes`: values beyond the \
`min_cell`-th smallest and largest."""
    n: int = Field(ge=0)
    """How many there are among the real patients."""
    replayed: int = Field(ge=0)
    """How many of them the synthetic table has, too."""

    def as_written(self) -> Replay:
        """Give the counts to the nearest 5."""
        n = coarse_count(self.n)
        return self.model_copy(update={"n": n, "replayed": min(coarse_count(self.replayed), n)})


class Groups(Result):
    """The synthetic rows that share their quasi-identifiers (k-anonymity; Samarati, 2001).

    Described and not judged: the rows are no patients.
    """

    columns: tuple[str, ...]
    """The quasi-identifiers."""
    smallest: int = Field(ge=1)
    """Rows of the smallest group: the table is k-anonymous for this k."""
    alone: float = Field(ge=0, le=1)
    """Share of the rows that are alone in their group."""
    in_small: float = Field(ge=0, le=1)
    """Share of the rows in groups of fewer than `min_cell` rows."""


class ClosestRecords(Result):
    """How far patients lie from the nearest synthetic row, in Gower's distance, 0 to 1.

    Described and not judged: a quarter of the rows may be copies without moving a median (Yao and
    others, 2025).
    """

    members: float = Field(ge=0, le=1)
    """Median over patients that the model learned."""
    non_members: float = Field(ge=0, le=1)
    """Median over patients that it never saw."""


class Privacy(Result):
    """What somebody who holds the synthetic rows learns of the patients.

    Attacks need patients that the model learned and others that it never saw; where either are
    unknown there are none, and `not_computed` of the evaluation says what to give.
    """

    n_members: int | None = None
    """Patients that the model learned, of the largest fit; None where they are not known."""
    n_non_members: int | None = None
    """Patients that it never saw, of all fits; None where there are none."""
    n_folds: int = Field(default=1, ge=1)
    """Fits that were attacked."""
    sampled: bool = False
    """Whether nearest rows were looked for in a random part of the patients or rows."""
    quasi_identifiers: tuple[str, ...] = ()
    """What the attacker is taken to know of a patient."""
    memberships: tuple[Membership, ...] = ()
    """Is a patient among those learned?"""
    attacks: tuple[Attack, ...] = ()
    """Can a secret be guessed, and are rare patients repeated?"""
    guesses: tuple[Attack, ...] = ()
    """The secrets column by column, the largest excess first."""
    replays: tuple[Replay, ...] = ()
    """What is rare in each column, and what of it is replayed."""
    groups: Groups | None = None
    """The synthetic rows by their quasi-identifiers; None where there are none."""
    closest: ClosestRecords | None = None
    """Distance to the closest record."""
