"""What one attack says of a limit, and what so many patients could show of it."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Any, Literal

from synthhealth.evaluation.figures import Result
from synthhealth.evaluation.privacy.results import (
    LIMITS,
    Attack,
    Given,
    Interval,
    Membership,
)
from synthhealth.evaluation.rounding import coarse_count
from synthhealth.evaluation.shares import clopper_pearson

__all__ = [
    "About",
    "Evidence",
    "Outcome",
    "missing",
    "of_area",
    "of_attack",
    "of_recognised",
    "outcome_of",
]

#: What a test comes to.
Outcome = Literal["shown", "not shown", "exceeded"]
#: Whom an attack was made on.
About = Literal["this table", "other fits", "other tables"]

#: Ends of intervals are decimals, and 0.59 - 0.5 is not 0.09.
_TOLERANCE = 1e-9

_TOO_FEW_EACH = "too few fits to tell of single patients; ask for more (--fits)"


class Evidence(Result):
    """What one attack says of a test, or why it says nothing."""

    attack: str
    """The attack."""
    given: Given
    """What the attacker holds of what was released."""
    about: About
    """Whether the very table was attacked, what other fits of parts of the patients release, or \
what the same family of models releases of other tables."""
    column: str | None = None
    """The column that is guessed; None where it is no single one."""
    threat: str | None = None
    """Who holds what, and what for, in one sentence; None where nobody tried."""
    source: str | None = None
    """The paper or standard that describes the attack."""
    outcome: Outcome
    """What it says of the test."""
    measure: Literal["patients", "excess", "area"] | None = None
    """What the limit holds for: the share of `patients`, an `excess` over patients that were \
not learned, or the `area` under the curve less one half; None where nobody tried."""
    attempts: int | None = None
    """Patients attacked."""
    successes: int | None = None
    """How many of them the attack was right about, to the nearest 5; 0 stands for up to 2."""
    control: float | None = None
    """The share that it is right about without having learned them."""
    value: float | None = None
    """What is held against the limit."""
    interval: Interval | None = None
    """Of the value."""
    shown_up_to: float | None = None
    """Power: the largest value that so many patients could have and the test be shown; None where \
there is none."""
    successes_up_to: int | None = None
    """The same as a number of patients, where they are counted; None where even 0 is too many."""
    patients_needed: int | None = None
    """About how many patients it would take to show it, if nothing was given away; None where \
these are enough."""
    reason: str | None = None
    """Why nothing can be told."""


def outcome_of(low: float, high: float, limit: float) -> Outcome:
    """Say what a 95 % interval shows of a limit.

    Examples
    --------
    >>> from synthhealth.evaluation.shares import clopper_pearson
    >>> [outcome_of(*clopper_pearson(count, 61), 0.09) for count in (0, 1, 2, 12)]
    ['shown', 'shown', 'not shown', 'exceeded']
    """
    if low >= limit - _TOLERANCE:
        return "exceeded"
    return "shown" if high <= limit + _TOLERANCE else "not shown"


def of_attack(attack: Attack, limit: float, about: About) -> Evidence:
    """Hold what an attack gets of patients that were learned beyond others against a limit."""
    control = attack.chance if attack.control is None else attack.control
    return _measured(
        attack,
        limit,
        measure="excess",
        about=about,
        column=attack.column,
        attempts=attack.attempts,
        successes=coarse_count(round(attack.success * attack.attempts)),
        control=control,
        value=attack.excess,
        interval=attack.interval,
    )


def of_area(attack: Membership, limit: float, about: About) -> Evidence:
    """Hold the area under the curve, less that of guessing, against a limit."""
    interval = attack.interval.model_copy(
        update={"low": attack.interval.low - 0.5, "high": attack.interval.high - 0.5}
    )
    return _measured(
        attack,
        limit,
        measure="area",
        about=about,
        attempts=attack.members,
        value=attack.auc - 0.5,
        interval=interval,
    )


def of_recognised(attack: Membership, limit: float, about: About) -> Evidence:
    """Hold the share of patients that are recognised nearly surely against a limit."""
    if attack.recognised is None or attack.recognised_interval is None:
        return missing(attack.name, attack.given, _TOO_FEW_EACH, about)
    n = attack.members
    most = _most_successes(n, limit)
    return _evidence(
        attack,
        limit,
        measure="patients",
        about=about,
        attempts=n,
        successes=coarse_count(round(attack.recognised * n)),
        value=attack.recognised,
        interval=attack.recognised_interval,
        shown_up_to=None if most is None else most / n,
        successes_up_to=most,
        patients_needed=None if most is not None else _patients_for(limit),
    )


def _measured(
    attack: Attack | Membership, limit: float, *, value: float, interval: Interval, **more: Any
) -> Evidence:
    """Give the evidence of a value whose interval is as wide as its patients are few."""
    reach = interval.high - value
    n = more["attempts"]
    return _evidence(
        attack,
        limit,
        value=value,
        interval=interval,
        shown_up_to=limit - reach if reach <= limit else None,
        patients_needed=None if reach <= limit else _nice(n * (reach / limit) ** 2),
        **more,
    )


def _evidence(
    attack: Attack | Membership, limit: float, *, interval: Interval, **more: Any
) -> Evidence:
    return Evidence(
        attack=attack.name,
        given=attack.given,
        threat=attack.threat,
        source=attack.source,
        outcome=outcome_of(interval.low, interval.high, limit),
        interval=interval,
        **more,
    )


def missing(attack: str, given: Given, reason: str, about: About = "other fits") -> Evidence:
    """Say why an attack tells nothing."""
    return Evidence(attack=attack, given=given, about=about, outcome="not shown", reason=reason)


def _most_successes(n: int, limit: float) -> int | None:
    """Give how many of n patients may be recognised at most and the limit be shown."""
    # The interval as it is written: its end is the next limit in use.
    end = LIMITS[bisect_right(LIMITS, limit) - 1]
    most = -1
    while most + 1 < n and clopper_pearson(most + 1, n)[1] <= end:
        most += 1
    return None if most < 0 else most


def _patients_for(limit: float) -> int:
    """Give the fewest patients of whom none recognised shows the limit."""
    return math.ceil(math.log(0.025) / math.log1p(-LIMITS[bisect_right(LIMITS, limit) - 1]))


def _nice(n: float) -> int:
    """Give a number of patients with two digits, upwards."""
    step = 10 ** max(math.floor(math.log10(n)) - 1, 0)
    return math.ceil(n / step) * step
