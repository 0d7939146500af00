"""Successes and scores of attacked patients, over one fit or several, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from synthhealth.evaluation.privacy.results import Attack, Given, Interval, Membership
from synthhealth.evaluation.rows.auc import placements
from synthhealth.evaluation.shares import Z, newcombe, wilson
from synthhealth.schema.types import MIN_CELL

__all__ = ["Scored", "Threat", "Tried", "as_attack", "as_membership", "enough"]

Floats = npt.NDArray[np.float64]

#: False positives that an attacker may afford.
RATES = (0.01, 0.1)


@dataclass(frozen=True)
class Threat:
    """An attack in words; see `Attack`."""

    name: str
    threat: str
    source: str
    given: Given = "synthetic rows"


@dataclass(frozen=True)
class Tried:
    """What an attack made of the patients of one fit.

    Attributes
    ----------
    members, non_members : ndarray of shape (n_patients,)
        For each patient attacked, the share of attempts that succeeded: 0 or 1 where there was one.
    chance : float
        The share that guessing without any release gets.
    """

    members: Floats
    non_members: Floats
    chance: float = 0.0


@dataclass(frozen=True)
class Scored:
    """How surely an attack takes the patients of one fit for members.

    Attributes
    ----------
    parts : list of tuple of ndarray
        The members' scores and those of some non-members, which can be compared with one another.
        All parts have the same members, and each non-member is in one.
    mutual : bool
        Whether the non-members of each part are what those of the others are held against.
    """

    parts: list[tuple[Floats, Floats]]
    mutual: bool = False


def enough(tried: Sequence[Tried]) -> bool:
    """Say whether there are as many patients of either sort as may be told of."""
    used = _used(tried)
    members = max((fit.members.size for fit in used), default=0)
    return members >= MIN_CELL and sum(fit.non_members.size for fit in used) >= MIN_CELL


def as_attack(tried: Sequence[Tried], threat: Threat, column: str | None = None) -> Attack:
    """Put the patients of all fits together.

    Each patient is a non-member of one fit, and a member of all others or of one. The shares of
    members are weighted by their fit's non-members. Their interval is Newcombe's (1998, method 10)
    of a difference of two shares. A patient who is attacked in several columns counts as the number
    of patients that gives the variance of its mean (Korn and Graubard, 1998); the means of several
    fits vary at most as the mean of one does, and that much is allowed for.
    """
    used = _used(tried)
    weights = np.array([fit.non_members.size for fit in used], dtype=np.float64)
    weights /= weights.sum()
    non_members = np.concatenate([fit.non_members for fit in used])
    success = float(weights @ [fit.members.mean() for fit in used])
    control = float(non_members.mean())
    n_members = float(weights @ [fit.members.size for fit in used])
    deviation = float(weights @ [_error(fit.members) for fit in used])
    low, high = newcombe(
        _counted(control, non_members.size, _error(non_members)),
        _counted(success, n_members, deviation),
    )
    attempts = used[0].members.size if len(used) == 1 else non_members.size
    return Attack(
        name=threat.name,
        threat=threat.threat,
        source=threat.source,
        given=threat.given,
        column=column,
        attempts=attempts,
        non_members=non_members.size,
        success=min(success, 1.0),
        control=min(control, 1.0),
        chance=min(float(weights @ [fit.chance for fit in used]), 1.0),
        excess=success - control,
        interval=Interval(low=low, high=high, method="Newcombe"),
    )


def _used(tried: Sequence[Tried]) -> list[Tried]:
    """Give the fits with patients of either sort."""
    return [fit for fit in tried if fit.members.size and fit.non_members.size]


def _error(values: Floats) -> float:
    """Give the standard error of a mean, widened for few patients as Student's law is."""
    if values.size < 2:
        return 0.5
    wide = float(stats.t.ppf(0.975, values.size - 1)) / Z
    return wide * float(values.std(ddof=1)) / float(np.sqrt(values.size))


def _counted(share: float, n: float, error: float) -> tuple[float, float]:
    """Give as many successes of as many patients as would have this share and standard error."""
    variance = share * (1.0 - share)
    # Where all succeed or none does, there is nothing from which to tell more than n patients.
    if error > 0.0 and variance > 1e-12:
        n = variance / error**2
    return (n if share >= 1.0 else share * n), n


def as_membership(scored: Sequence[Scored], threat: Threat) -> Membership:
    """Put the scores of all fits together.

    The variance of the area is that of the placements (DeLong, DeLong and Clarke-Pearson, 1988),
    each patient placed among those of its own part. Non-members are in one part each. Members are
    in all: their placements are averaged over the parts of a fit, and over several fits their
    mean varies at most as that of one, which is allowed for. Where non-members are held against
    one another, two of them meet twice: their variance is taken twice, and for no less than that
    of a guess.
    """
    fits = [_placed(fit) for fit in scored]
    weights = np.array([beaten.size for _, beaten in fits], dtype=np.float64)
    weights /= weights.sum()
    beaten = np.concatenate([one for _, one in fits])
    members = [placed for placed, _ in fits]
    area = float(beaten.mean())
    error = _error(beaten)
    if any(fit.mutual for fit in scored):
        error = float(np.sqrt(2.0)) * max(error, float(np.sqrt(1.0 / (12.0 * beaten.size))))
    reach = np.hypot(error, float(weights @ [_error(placed) for placed in members]))
    n_members = min(placed.size for placed in members)
    low, high = area - Z * reach, area + Z * reach
    if reach < 1e-9:
        # All alike: then DeLong's variance is 0, and only the number of patients limits the area.
        low, high = wilson(area * (n := min(n_members, beaten.size)), n)
    scores = np.concatenate([theirs for fit in scored for _, theirs in fit.parts])
    found = [_found(scored, scores, rate, weights) for rate in RATES]
    return Membership(
        name=threat.name,
        threat=threat.threat,
        source=threat.source,
        given=threat.given,
        members=members[0].size if len(members) == 1 else beaten.size,
        non_members=beaten.size,
        auc=area,
        interval=Interval(low=max(low, 0.0), high=min(high, 1.0), method="DeLong"),
        tpr_at_1=found[0],
        tpr_at_10=found[1],
    )


def _placed(fit: Scored) -> tuple[Floats, Floats]:
    """Give the share of non-members that each member beats, and of members that beat each other."""
    members, beaten = [], []
    for ours, theirs in fit.parts:
        labels = np.arange(ours.size + theirs.size) < ours.size
        placed = placements(np.concatenate([ours, theirs]), labels)
        members.append(placed[labels] * theirs.size)
        beaten.append(placed[~labels])
    n = sum(theirs.size for _, theirs in fit.parts)
    return np.sum(members, axis=0) / n, np.concatenate(beaten)


def _found(scored: Sequence[Scored], scores: Floats, rate: float, weights: Floats) -> float:
    """Give the share of members above all but so many of the non-members."""
    limit = np.sort(scores)[-1 - int(rate * scores.size)]
    shares = [np.mean([(ours > limit).mean() for ours, _ in fit.parts]) for fit in scored]
    return min(float(weights @ np.array(shares)), 1.0)
