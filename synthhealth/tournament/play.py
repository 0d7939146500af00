"""A tournament: all families on the same patients, judged by those that they did not learn."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import product
from numbers import Integral, Real
from typing import Any, NamedTuple

import pandas as pd

from synthhealth.errors import ParameterError
from synthhealth.evaluation.folds import parts_of
from synthhealth.evaluation.scope import Scope
from synthhealth.evaluation.work import Seeds
from synthhealth.models.base import release_of
from synthhealth.models.choice import ordered, quick_first
from synthhealth.models.parameters import check_names
from synthhealth.models.registry import get, registered
from synthhealth.models.seeding import derive_seed
from synthhealth.progress import OnProgress
from synthhealth.schema import Schema
from synthhealth.schema.check import check_shape
from synthhealth.schema.detection.doubts import tell
from synthhealth.schema.detection.proposal import propose
from synthhealth.schema.intake import plain_table
from synthhealth.table.left_out import Privacy, checked
from synthhealth.tournament.fits import Entry, Played, attack_fits, play_fold
from synthhealth.tournament.leaderboard import Found, leaderboard
from synthhealth.tournament.results import FamilySeconds, NotTried, Times, Tournament
from synthhealth.tournament.verdict import recommend
from synthhealth.workers import work_through

__all__ = ["compare", "entries_of"]

#: What seeds are for.
_PARTS, _FIT, _ATTACK = range(3)
#: Share of the time in which fits begin; the rest is for attacks and predictors.
_FITTING = 0.75
#: What is left to a fit that begins at the last moment.
_LEAST_SECONDS = 0.001


def compare(
    table: pd.DataFrame,
    models: Sequence[str] | Mapping[str, Mapping[str, Any]] | None = None,
    *,
    seeds: int = 1,
    folds: int = 5,
    time_budget: float | None = None,
    n_jobs: int | None = None,
    schema: Schema | None = None,
    privacy: Privacy = "standard",
    outcomes: Sequence[str] | None = None,
    random_state: int = 0,
    on_progress: OnProgress | None = None,
    on_interrupt: str = "keep",
) -> Tournament:
    """Fit several families to a table, judge them by the same patients held out, and recommend one.

    The patients are divided into parts, and every family learns all parts but one, in turn. What a
    fit draws (as many rows as it learned, at least 1,000 and at most 10,000) is held against the
    part that it did not see:

    - *columns*: the Kolmogorov-Smirnov or total-variation complement, mean over the columns;
    - *relations*: the absolute difference of the dependence, mean over the pairs of columns;
    - *membership*: can patients who were learned be told from those held out, by the nearest
      synthetic row or by a ratio of densities (the quick attacks of every report)?
    - *utility*: what predictors lose that are trained on synthetic instead of real rows.

    Families are ranked by their *error*, the mean of those of columns and of relations.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per patient, or several if the schema has a `subject`.
    models : sequence of str or mapping, optional
        Families. A mapping also gives parameters: ``{"hybrid": {}, "ctgan": {"steps": 500}}``.
        By default those that fit in seconds and, where there is a `time_budget`, the networks, too.
    seeds : int
        How often the patients are divided again.
    folds : int
        Parts of the patients.
    time_budget : float, optional
        Seconds. The families that fit in seconds come first; after three quarters of the time no
        fit begins, and networks end, for what is finished has to be judged. Families that are not
        finished are listed as not tried.
    n_jobs : int, optional
        Fits at once, by joblib; -1: one per processor. ``joblib.parallel_config`` gives the work to
        a cluster of Dask, Ray or Spark. The result is the same whatever the number of workers.
    schema : Schema, optional
        What the columns are; detected by default.
    privacy : {"standard", "high", "none"}
        How many patients each fit leaves out, as for `Synthesizer`.
    outcomes : sequence of str, optional
        Columns to predict; by default as for `synthhealth.evaluate`.
    random_state : int
        Decides everything.
    on_progress : callable, optional
        Called with a `synthhealth.ProgressEvent` after each fit.
    on_interrupt : {"keep", "raise"}
        Whether Ctrl-C ends with the families that are finished.

    Returns
    -------
    Tournament

    Raises
    ------
    ParameterError
        A family, parameter or number is not possible.
    TableError, SchemaError
        As for `Synthesizer.fit`.
    FitError
        Workers died twice.

    Notes
    -----
    A family is *behind* where the paired differences of its error from that of the family in front
    lie above 0 over all fits: a two-sided t test with the variance of Nadeau and Bengio (2003) for
    fits that share patients, at 5 % divided by the number of pairs of families. Of 1,000 simulated
    tournaments of 2, 4 or 9 families that were all equally good, at 5 folds, any family was called
    behind in 1 of 100 where fits were independent, and in 3 to 5 of 100 where they were correlated
    as that variance has it (0.2). Few fits tell little: more `seeds` tell more.

    Of the families that are not behind, those are left out whose area under the curve of an attack
    has an interval wholly above that of the safest one, and those whose loss of utility has one
    wholly above the smallest, unless that leaves none. If one is left, it is recommended; if there
    are several, the result is *cannot tell*, and they are named.

    Examples
    --------
    >>> import synthhealth as sh
    >>> real = sh.datasets.load_ra_panel()[["sex", "age", "crp", "creatinine"]]
    >>> found = sh.compare(real, ["gaussian_copula", "hybrid"], folds=2)
    >>> found.recommended is None, sorted(found.candidates)
    (True, ['gaussian_copula', 'hybrid'])
    """
    begin = time.monotonic()
    check_whole("folds", folds, 2)
    check_whole("seeds", seeds, 1)
    seed = Seeds.of(random_state).entropy
    if time_budget is not None and not (isinstance(time_budget, Real) and time_budget > 0):
        raise ParameterError(f"time_budget is {time_budget!r}; give a number of seconds above 0")
    if on_interrupt not in ("keep", "raise"):
        raise ParameterError(f"on_interrupt is {on_interrupt!r}; it is 'keep' or 'raise'")
    keeps = on_interrupt == "keep"
    entries = entries_of(models, checked(privacy), with_networks=time_budget is not None)
    check_shape(table)
    table = plain_table(table, schema)
    schema = schema or _detected(table)
    Scope(outcomes).check(schema)
    held_out = [
        parts_of(table, schema, folds, derive_seed(seed, _PARTS, number)) for number in range(seeds)
    ]
    deadline = None if time_budget is None else begin + _FITTING * float(time_budget)

    def fit(job: _Fit) -> tuple[Any, ...]:
        left = None if deadline is None else max(deadline - time.monotonic(), _LEAST_SECONDS)
        number = derive_seed(seed, _FIT, job.division, job.fold)
        is_unseen = held_out[job.division][job.fold]
        return (entries[job.model], table, schema, is_unseen, number, privacy, left)

    fits = [_Fit(*one) for one in product(entries, range(seeds), range(folds))]
    played = work_through(
        play_fold,
        fits,
        fit,
        n_jobs=n_jobs,
        task="compare",
        unit="fit",
        deadline=deadline,
        keeps=keeps,
        on_progress=on_progress,
    )
    figures = {
        model: [played[one] for one in fits if one.model == model and one in played]
        for model in entries
    }
    finished = [
        model
        for model, found in figures.items()
        if len(found) == seeds * folds and all(one.figures is not None for one in found)
    ]

    def attack(job: _Attack) -> tuple[Any, ...]:
        of_division = figures[job.model][job.division * folds :][:folds]
        number = derive_seed(seed, _ATTACK, job.division)
        return (table, held_out[job.division], of_division, number, outcomes)

    attacks = [_Attack(*one) for one in product(finished, range(seeds))]
    attacked = work_through(
        attack_fits,
        attacks,
        attack,
        n_jobs=n_jobs,
        task="attack",
        unit="fit",
        keeps=keeps,
        on_progress=on_progress,
    )
    rows = leaderboard(
        {
            model: Found(
                entries[model].parameters,
                figures[model],
                [attacked[one] for one in attacks if one.model == model and one in attacked],
            )
            for model in finished
        },
        folds,
    )
    verdict = recommend(rows)
    ended = "interrupted" if deadline is None else "time"
    return Tournament(
        n_rows=len(table),
        n_columns=len(figures[finished[0]][0].columns) if finished else len(schema),
        folds=folds,
        seeds=seeds,
        random_state=seed,
        privacy=privacy,
        rows=rows,
        recommended=verdict.recommended,
        candidates=verdict.candidates,
        reason=verdict.reason,
        not_tried=tuple(
            NotTried(model=model, reason=_reason(figures[model], seeds * folds, ended))
            for model in entries
            if model not in finished
        ),
        times=Times(
            families=tuple(_seconds(row.model, figures[row.model]) for row in rows),
            seconds=time.monotonic() - begin,
        ),
    )


class _Fit(NamedTuple):
    """A fit of one family, in one division of the patients, without one part of them."""

    model: str
    division: int
    fold: int


class _Attack(NamedTuple):
    """The attacks on all fits of one family in one division."""

    model: str
    division: int


def check_whole(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number, or too small.

    Raises
    ------
    ParameterError
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ParameterError(f"{name} is {value!r}; give a whole number from {least}")


def entries_of(
    models: Sequence[str] | Mapping[str, Mapping[str, Any]] | None,
    privacy: Privacy,
    *,
    with_networks: bool,
) -> dict[str, Entry]:
    """Check what is asked for before any work, and put the quick families first."""
    if isinstance(models, str):
        raise ParameterError(f"models is a text; give a list of names: [{models!r}]")
    names = quick_first(with_networks=with_networks) if models is None else ordered(models)
    if not names:
        raise ParameterError("models is empty; give at least one family")
    given = models if isinstance(models, Mapping) else {}
    entries = {
        name: Entry(name, dict(given.get(name, {})), registered(name))
        for name in dict.fromkeys(names)
    }
    for entry in entries.values():
        check_names(entry.model, get(entry.model).parameters, entry.parameters)
        release_of(get(entry.model)(**entry.parameters), privacy, guard=False)
    return entries


def _detected(table: pd.DataFrame) -> Schema:
    proposal = propose(table)
    tell(proposal.doubts)
    return proposal.schema


def _reason(fits: Sequence[Played], planned: int, ended: str) -> str:
    failures = [one.failure for one in fits if one.failure is not None]
    if failures:
        return failures[0]
    done = sum(one.figures is not None for one in fits)
    return (
        f"not finished: {ended}, {done} of {planned} fits done" if done else f"not tried: {ended}"
    )


def _seconds(model: str, fits: Sequence[Played]) -> FamilySeconds:
    return FamilySeconds(
        model=model,
        fit=sum(one.fit_seconds for one in fits) / len(fits),
        sample=sum(one.sample_seconds for one in fits) / len(fits),
    )
