"""Membership by likelihood ratios with shadow fits (Carlini and others, 2022, LiRA).

Many models learn random parts of the patients. Each patient is then a member of some fits and not
of the others, and how likely a model takes the patient to be follows one law with, another without.
A further model gives the patient away as far as these two laws lie apart.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.evaluation.figures import NotComputed
from synthhealth.evaluation.privacy.results import Interval, Membership
from synthhealth.evaluation.privacy.signals import FileSignals, Patients, from_file, from_rows
from synthhealth.evaluation.shares import clopper_pearson
from synthhealth.evaluation.work import attempt
from synthhealth.fitted import Fitted
from synthhealth.models.seeding import derive_seed
from synthhealth.progress import OnProgress, ProgressEvent
from synthhealth.schema import Schema
from synthhealth.table.left_out import Privacy

__all__ = [
    "LEAST_FITS",
    "Learn",
    "Learner",
    "Released",
    "ShadowFits",
    "likelihood_ratios",
    "rounds_of",
    "run_shadow_fits",
    "tell_members",
]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

#: With fewer fits the laws of a patient, and how surely one is recognised, cannot be told.
LEAST_FITS = 16
#: Synthetic rows that an attacker looks at.
ROWS = 1_000
#: A column's log density counts down to so much below its median over the fits: one cell far out
#: would drown all others.
FALL = 3.0
#: The smallest standard deviations of the laws: of log densities, and of what is counted.
SMALLEST, SMALLEST_COUNTED = 1e-6, 0.25
#: A patient is recognised nearly surely where the area of its own fits lies above this.
RECOGNISED = 0.9
#: Draws of patients, of which the standard error of the area is taken.
BOOTSTRAPS = 200
#: The fewest fits with a patient, and without, by which it is told whether the patient is
#: recognised: with 6 and 10 a chance order is as good in 1 of 420 cases.
LEAST_EACH = 6

#: What seeds are for.
_PARTS, _FITS, _INTERVAL = range(3)


class Released(NamedTuple):
    """What is released of one fit."""

    rows: pd.DataFrame
    """Synthetic rows."""
    fitted: Fitted | None
    """The model, where it is handed over, too."""


class Learn(Protocol):
    """Learns the rows of some patients, and gives what is released; may run in another process."""

    def __call__(self, table: pd.DataFrame, seed: int) -> Released:
        """Learn a table; everything random follows from the seed."""


@dataclass(frozen=True)
class Learner:
    """One of our families with its parameters."""

    family: str
    parameters: dict[str, Any]
    schema: Schema
    rows: int = ROWS
    privacy: Privacy = "standard"
    guard: bool = False

    def __call__(self, table: pd.DataFrame, seed: int) -> Released:
        """Learn a table; see `Learn`."""
        fitted = Fitted.learn(
            table,
            self.schema,
            self.family,
            self.parameters,
            seed=seed,
            privacy=self.privacy,
            guard=self.guard,
            on_progress=_silent,
        )
        return Released(fitted.sample(self.rows, seed), fitted.unguarded())


class Signals(NamedTuple):
    """What one fit says of each patient."""

    rows: Floats
    file: FileSignals | None


@dataclass(frozen=True)
class ShadowFits:
    """Fits of parts of the patients, and what each says of every patient.

    Attributes
    ----------
    members : ndarray of bool, shape (n_fits, n_patients)
        Whom each fit learned.
    rounds : ndarray of int64, shape (n_fits,)
        The fits of a round leave different patients out.
    signals : tuple of Signals
    failures : tuple of str
        Why rounds are missing.
    """

    members: Bools
    rounds: Codes
    signals: tuple[Signals, ...]
    failures: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.signals)

    def by_rows(self) -> Floats:
        """Give the log likelihood ratios of an attacker who holds synthetic rows."""
        scores = np.array([one.rows for one in self.signals])
        return likelihood_ratios(scores, self.members, self.rounds)

    def by_file(self) -> Floats | None:
        """Give those of an attacker who holds the saved model; None where there is none.

        The density, impossible cells and patterns of gaps each have laws of their own, and their
        ratios are added. A family without a density has the one of its rows instead: a saved model
        draws any number of them.
        """
        files = [one.file for one in self.signals if one.file is not None]
        if not files or len(files) < len(self.signals):
            return None
        density = _densities(files)
        if density is None:
            density = np.array([one.rows for one in self.signals])
        counted = [
            np.array([one.impossible for one in files]),
            np.array([one.gaps for one in files]),
        ]
        ratios = likelihood_ratios(density, self.members, self.rounds)
        for scores in counted:
            ratios = ratios + likelihood_ratios(
                scores, self.members, self.rounds, smallest=SMALLEST_COUNTED
            )
        return ratios


def _densities(files: Sequence[FileSignals]) -> Floats | None:
    """Give the joint log densities, shape (n_fits, n_patients), no cell of them far out."""
    margins = [one.margins for one in files if one.margins is not None]
    added = [one.dependence for one in files if one.dependence is not None]
    if len(margins) < len(files) or len(added) < len(files):
        return None
    total = np.array(added)
    for name in dict.fromkeys(name for one in margins for name in one.columns):
        # A column that had one value in a part of the patients was not learned there.
        column = np.array(
            [one[name] if name in one else np.full(len(one), np.nan) for one in margins]
        )
        middle = np.nanmedian(column, axis=0)
        total += np.where(np.isnan(column), middle, np.maximum(column, middle - FALL))
    return total


def rounds_of(n: int, n_learned: int, rng: np.random.Generator) -> Iterator[list[Codes]]:
    """Give rounds of parts of n patients without end: whom each fit of a round learns.

    The fits of a round leave different patients out, at least two of them, so that every patient
    is as often a member as any other, but for those whom a round does not leave out.

    Examples
    --------
    >>> first, second = next(rounds_of(10, 5, np.random.default_rng(0)))
    >>> sorted([*first, *second]) == list(range(10))
    True
    """
    n_parts = max(2, n // (n - n_learned))
    size = min(n - n_learned, -(-n // n_parts))
    while True:
        order = rng.permutation(n)
        left_out = [order[start : start + size] for start in range(0, n_parts * size, size)]
        yield [np.setdiff1d(order, part) for part in left_out]


def run_shadow_fits(
    patients: Patients,
    learn: Learn,
    *,
    n_learned: int,
    fits: int,
    seed: int,
    n_jobs: int | None = None,
    max_seconds: float | None = None,
    report: OnProgress | None = None,
) -> ShadowFits:
    """Learn parts of the patients, and look what each fit says of all of them.

    Parameters
    ----------
    patients : Patients
        Those attacked.
    learn : callable
        Learns the rows of some of them; see `Learn`.
    n_learned : int
        Patients of each fit, at least half of them.
    fits : int
        Number of fits, rounded up to whole rounds.
    seed : int
        Decides everything, but for how many fits a time budget lets through.
    n_jobs : int, optional
        Fits at once, by joblib.
    max_seconds : float, optional
        After this time no round is begun.
    report : callable, optional
        Called with a `ProgressEvent` after each fit.
    """
    from joblib import Parallel, delayed

    begin = time.monotonic()
    rounds = rounds_of(len(patients), n_learned, np.random.default_rng(derive_seed(seed, _PARTS)))
    plan = [next(rounds)]
    while len(plan) * len(plan[0]) < fits:
        plan.append(next(rounds))
    total = len(plan) * len(plan[0])

    def jobs() -> Iterator[Any]:
        for number, parts in enumerate(plan):
            if number and max_seconds is not None and time.monotonic() - begin >= max_seconds:
                return
            for place, part in enumerate(parts):
                fit_seed = derive_seed(seed, _FITS, number, place)
                yield delayed(_look)(patients, learn, part, fit_seed)

    found: list[Signals | NotComputed] = []
    # No fit is begun before a place for it is free, or the budget would be passed by all waiting.
    work: Any = Parallel(n_jobs=n_jobs, return_as="generator", pre_dispatch="n_jobs")
    for done, result in enumerate(work(jobs()), start=1):
        found.append(result)
        if report is not None:
            report(ProgressEvent("attack", done, total, "fit", time.monotonic() - begin))
    return _whole_rounds(plan, found, len(patients))


def _look(patients: Patients, learn: Learn, part: Codes, seed: int) -> Signals | NotComputed:
    """Learn some patients and look at all of them."""

    def look() -> Signals:
        released = learn(patients.rows_of(part), seed)
        file = None if released.fitted is None else from_file(patients, released.fitted)
        return Signals(from_rows(patients, released.rows), file)

    return attempt("a shadow fit", look)


def _whole_rounds(
    plan: Sequence[Sequence[Codes]], found: Sequence[Signals | NotComputed], n: int
) -> ShadowFits:
    """Keep the rounds of which every fit was done: only they are balanced."""
    members: list[Bools] = []
    rounds: list[int] = []
    signals: list[Signals] = []
    failures: list[str] = []
    size = len(plan[0])
    for number in range(len(found) // size):
        ones = found[number * size : (number + 1) * size]
        failures += [one.reason for one in ones if isinstance(one, NotComputed)]
        done = [one for one in ones if not isinstance(one, NotComputed)]
        if len(done) == size:
            signals += done
            members += [np.isin(np.arange(n), part) for part in plan[number]]
            rounds += [number] * size
    return ShadowFits(
        np.array(members, dtype=bool).reshape(-1, n),
        np.array(rounds, dtype=np.int64),
        tuple(signals),
        tuple(dict.fromkeys(failures)),
    )


def likelihood_ratios(
    scores: Floats, members: Bools, rounds: Codes, *, smallest: float = SMALLEST
) -> Floats:
    """Give how much likelier each score is of a member than of a non-member, in logarithms.

    For each patient there are two normal laws, with the patient among those learned and without,
    of one spread (Carlini and others, 2022, section VI.A: with few fits it is told better of all
    together). A fit is judged by the laws of the other rounds: by its own, its scores would be
    told from scores of others by no more than that they are its own. Whole rounds are left out,
    since in a round a patient is in one fit what it is not in another, which would bend the laws
    the other way.

    Parameters
    ----------
    scores : ndarray of shape (n_fits, n_patients)
    members : ndarray of bool of shape (n_fits, n_patients)
    rounds : ndarray of int64 of shape (n_fits,)
        At least three rounds.
    smallest : float
        The least standard deviation of a law, and what it is told by: a score that never varied
        may do so yet.

    Returns
    -------
    ndarray of shape (n_fits, n_patients)
        0 for a patient whose score was never seen with or never without it.
    """
    ratios = np.zeros(scores.shape)
    for one in np.unique(rounds):
        here = rounds == one
        others, inside = scores[~here], members[~here]
        n_in, n_out = inside.sum(axis=0), (~inside).sum(axis=0)
        both = (n_in > 0) & (n_out > 0)
        mean_in = np.where(inside, others, 0.0).sum(axis=0) / np.maximum(n_in, 1)
        mean_out = np.where(inside, 0.0, others).sum(axis=0) / np.maximum(n_out, 1)
        rest = others - np.where(inside, mean_in, mean_out)
        variance = (rest**2).sum(axis=0) / max(len(others) - 2, 1)
        variance = np.maximum(variance, smallest**2)
        away = (scores[here] - mean_out) ** 2 - (scores[here] - mean_in) ** 2
        ratios[here] = np.where(both, away / (2 * variance), 0.0)
    return ratios


class _Words(NamedTuple):
    """How an attack is told of."""

    name: str
    threat: str
    given: Any


BY_ROWS = _Words(
    "Likelihood ratio with shadow fits",
    "Somebody who knows all of a patient's values, has other patients of this sort and holds the "
    "synthetic rows, fits models with and without the patient and looks which they resemble.",
    "synthetic rows",
)
BY_FILE = _Words(
    "Likelihood ratio with shadow fits",
    "The same, who holds the saved model and reads its parameters.",
    "saved model",
)
SOURCE = "LiRA: Carlini and others 2022"


def tell_members(ratios: Floats, members: Bools, words: _Words, seed: int) -> Membership:
    """Judge how well the ratios tell members: over all fits and patients, and patient by patient.

    The interval of the area draws patients, not pairs of fit and patient, which hang together. Of
    few patients its ends would lie too close (with 30, of 200 intervals of 95 % 182 covered), so
    that it is widened as Student's law is.

    Parameters
    ----------
    ratios : ndarray of shape (n_fits, n_patients)
    members : ndarray of bool of shape (n_fits, n_patients)
    words : _Words
        What the attack is called.
    seed : int
        Of the bootstrap.
    """
    from scipy import stats

    rng = np.random.default_rng(derive_seed(seed, _INTERVAL))
    n = members.shape[1]
    ranking = _Ranking.of(ratios, members)
    drawn = [
        ranking.area(np.bincount(rng.integers(n, size=n), minlength=n)) for _ in range(BOOTSTRAPS)
    ]
    auc = ranking.area(np.ones(n))
    reach = float(stats.t.ppf(0.975, n - 1) * np.std(drawn, ddof=1) * np.sqrt(n / (n - 1)))
    n_with = members.sum(axis=0)
    often = np.minimum(n_with, len(members) - n_with) >= LEAST_EACH
    alone = np.array([_area(ratios[:, i], members[:, i]) for i in np.flatnonzero(often)])
    n_recognised = int((alone > RECOGNISED).sum())
    interval = None
    if alone.size:
        low, high = clopper_pearson(n_recognised, alone.size)
        interval = Interval(low=low, high=high, method="Clopper-Pearson")
    return Membership(
        name=words.name,
        threat=words.threat,
        source=SOURCE,
        given=words.given,
        members=int(members.any(axis=0).sum()),
        non_members=int((~members).any(axis=0).sum()),
        auc=auc,
        interval=Interval(
            low=max(auc - reach, 0.0), high=min(auc + reach, 1.0), method="bootstrap"
        ),
        tpr_at_1=_found(ratios, members, 0.01),
        tpr_at_10=_found(ratios, members, 0.1),
        recognised=n_recognised / alone.size if alone.size else None,
        recognised_interval=interval,
    )


class _Ranking(NamedTuple):
    """All pairs of fit and patient by their ratio, the lowest first."""

    patients: Codes
    members: Bools
    groups: Codes
    """Pairs of one ratio have one number."""

    @classmethod
    def of(cls, ratios: Floats, members: Bools) -> _Ranking:
        flat = ratios.ravel()
        order = np.argsort(flat, kind="stable")
        patients = np.broadcast_to(np.arange(ratios.shape[1]), ratios.shape).ravel()
        groups = np.unique(flat[order], return_inverse=True)[1].reshape(-1)
        return cls(patients[order], members.ravel()[order], groups)

    def area(self, weights: npt.NDArray[Any]) -> float:
        """Give the area under the ROC curve with patients counted so often; ties count a half."""
        weight = weights[self.patients].astype(np.float64)
        n_groups = int(self.groups[-1]) + 1
        ours = np.bincount(self.groups, weights=weight * self.members, minlength=n_groups)
        others = np.bincount(self.groups, weights=weight * ~self.members, minlength=n_groups)
        beaten = np.cumsum(others) - others / 2
        return float(ours @ beaten / (ours.sum() * others.sum()))


def _area(ratios: Floats, members: Bools) -> float:
    return _Ranking.of(ratios[:, None], members[:, None]).area(np.ones(1))


def _found(ratios: Floats, members: Bools, rate: float) -> float:
    """Give the share of members above all but that share of the non-members."""
    others = np.sort(ratios[~members])
    limit = others[-1 - int(rate * others.size)]
    return float((ratios[members] > limit).mean())


def _silent(event: ProgressEvent) -> None:
    """Show nothing of a fit that is one of many."""
