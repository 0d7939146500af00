"""The attacks that need fits of their own, on one table and one family of models."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from synthhealth.errors import FitError, ParameterError
from synthhealth.evaluation.figures import Result
from synthhealth.evaluation.privacy.results import Membership
from synthhealth.evaluation.privacy.shadow import (
    BY_FILE,
    BY_ROWS,
    LEAST_FITS,
    ROWS,
    Learn,
    Learner,
    ShadowFits,
    run_shadow_fits,
    tell_members,
)
from synthhealth.evaluation.privacy.signals import Patients
from synthhealth.evaluation.work import Seeds
from synthhealth.io.as_json import WritesJson
from synthhealth.models import DEFAULT, get, resolve
from synthhealth.progress import OnProgress, progress_reporter
from synthhealth.schema import Schema
from synthhealth.schema.check import check_shape
from synthhealth.schema.detection.doubts import tell
from synthhealth.schema.detection.proposal import propose
from synthhealth.schema.intake import plain_table
from synthhealth.table.left_out import Privacy

__all__ = ["FITS", "MembershipAttacks", "attack", "attack_learner"]

#: Fits of a default attack: with each patient in half of them, the laws rest on 16 fits each.
FITS = 32


class MembershipAttacks(Result, WritesJson):
    """How reliably patients are recognised in what one family releases of such a table."""

    family: str
    """The model family, or what else was attacked."""
    privacy: str | None = None
    """How many patients each fit left out, as for `Synthesizer`; None where nobody said."""
    n_patients: int = Field(ge=2)
    """Patients attacked."""
    n_learned: int = Field(ge=1)
    """Patients that each fit learned: about half of them, or more."""
    n_rows: int = Field(ge=1)
    """Synthetic rows that the attacker looks at."""
    fits: int = Field(ge=0)
    """Fits that were done, in whole rounds."""
    fits_asked: int = Field(ge=1)
    """Fits that were asked for."""
    seconds: float = Field(ge=0)
    """How long it took."""
    random_state: int
    """The seed that repeats it."""
    verdict: Literal["measured", "cannot tell"]
    """`cannot tell` where fewer than 16 fits were done."""
    on_rows: Membership | None
    """With the synthetic rows alone; None if nothing can be said."""
    on_file: Membership | None
    """With the saved model; None if nothing can be said, or there is no such file."""
    failures: tuple[str, ...] = ()
    """Why fits failed."""

    def summary(self) -> str:
        """Say in plain words what was found, as text for a terminal."""
        lines = [
            f"{self.family}: {self.n_patients} patients attacked through {self.fits} fits of "
            f"{self.n_learned} of them."
        ]
        if self.verdict == "cannot tell":
            lines.append(
                f"Cannot tell: {LEAST_FITS} fits are the fewest that tell anything, "
                f"{self.fits} of {self.fits_asked} were done. Give more time (max_seconds, "
                "--max-seconds) or ask for more fits."
            )
        told = self.model_dump()
        for found, name in ((told["on_rows"], "synthetic rows"), (told["on_file"], "saved model")):
            if found is not None:
                lines.append(_in_words(found, name))
        if self.verdict == "measured":
            lines.append(
                "An area of 0.5 is guessing, 1 is certainty. A fit of fewer patients tells more "
                f"of each: this is about models of {self.n_learned} patients."
            )
        lines += [f"Failed fits: {reason}" for reason in self.failures]
        return "\n".join(lines) + "\n"


def _in_words(found: dict[str, Any], name: str) -> str:
    area, recognised = found["interval"], found["recognised_interval"]
    words = (
        f"Who holds the {name}: area under the curve {found['auc']:.2f} "
        f"(95 % interval {area['low']:.2f} to {area['high']:.2f}); finds "
        f"{100 * found['tpr_at_1']:.0f} % of members at 1 % false alarms, "
        f"{100 * found['tpr_at_10']:.0f} % at 10 %"
    )
    if recognised is None:
        return f"{words}. More fits would tell how many patients are recognised nearly surely."
    return (
        f"{words}; recognises {100 * found['recognised']:.0f} % of patients nearly surely "
        f"({100 * recognised['low']:.0f} to {100 * recognised['high']:.0f} %)."
    )


def attack(
    table: pd.DataFrame,
    model: str = DEFAULT,
    *,
    schema: Schema | None = None,
    parameters: Mapping[str, Any] | None = None,
    random_state: int | None = None,
    privacy: Privacy = "standard",
    fits: int = FITS,
    n_learned: int | None = None,
    max_seconds: float | None = None,
    n_jobs: int | None = -1,
    on_progress: OnProgress | None = None,
) -> MembershipAttacks:
    """Measure how reliably patients are recognised in what a model of such a table releases.

    Many models learn random halves of the patients, and a likelihood ratio tells the fits with a
    patient from those without (LiRA: Carlini and others, 2022, *Membership inference attacks from
    first principles*). This is done twice: for an attacker with 1,000 synthetic rows, and for one
    who has the saved model and reads its parameters. A model of half the patients tells more about
    each than a model of all. To learn what holds for a table of this size, give twice as many
    patients, if you have them.

    Parameters
    ----------
    table : pandas.DataFrame, shape (n_rows, n_columns)
        One row per patient, or several where the schema has a `subject`.
    model : str
        The family of models.
    schema : Schema, optional
        What the columns are; detected if it is not given.
    parameters : mapping, optional
        Parameters of the family.
    random_state : int, optional
        Decides everything, except how many fits a time budget allows.
    privacy : {"none", "standard", "high"}
        How many patients a fit leaves out, as for `Synthesizer`.
    fits : int
        Number of fits, at least 16.
    n_learned : int, optional
        Patients of each fit, at least half of them (the default) and not all.
    max_seconds : float, optional
        Time budget; no fit starts after it. With fewer than 16 fits, the verdict is
        ``"cannot tell"``.
    n_jobs : int, optional
        Fits at the same time, by joblib; -1: one per processor. It does not change the results.
    on_progress : callable, optional
        Called with a `synthhealth.ProgressEvent` after each fit.

    Returns
    -------
    MembershipAttacks

    Raises
    ------
    ParameterError
        The model or one of its parameters is unknown, `fits` is below 16, or `n_learned` is not
        between half of the patients and all but one.
    TableError, SchemaError
        As for `Synthesizer.fit`.
    FitError
        No fit could be made.

    Examples
    --------
    >>> import synthhealth as sh
    >>> real = sh.datasets.load_ra_panel()[["age", "crp"]]
    >>> simple = {"margin": "norm", "log_scale": False}
    >>> found = sh.attack(real, parameters=simple, fits=16, random_state=0, n_jobs=1)
    >>> found.verdict, found.on_file.auc > 0.5
    ('measured', True)
    """
    parameters = dict(parameters or {})
    check_shape(table)
    resolve(model, get(model).parameters, parameters, len(table))  # said before any work
    table = plain_table(table, schema)
    if schema is None:
        proposal = propose(table)
        tell(proposal.doubts)
        schema = proposal.schema
    return attack_learner(
        Patients(table, schema),
        Learner(model, parameters, schema, privacy=privacy),
        name=model,
        privacy=privacy,
        random_state=random_state,
        fits=fits,
        n_learned=n_learned,
        max_seconds=max_seconds,
        n_jobs=n_jobs,
        on_progress=on_progress,
    )


def attack_learner(
    patients: Patients,
    learn: Learn,
    *,
    name: str,
    privacy: Privacy | None = None,
    random_state: int | None = None,
    fits: int = FITS,
    n_learned: int | None = None,
    max_seconds: float | None = None,
    n_jobs: int | None = -1,
    on_progress: OnProgress | None = None,
) -> MembershipAttacks:
    """Attack whatever learns a table and releases rows; see `attack`.

    Parameters
    ----------
    patients : Patients
        Those attacked.
    learn : callable
        Learns some of them; see `shadow.Learn`.
    name : str
        What it is called.
    privacy : str, optional
        How many patients it leaves out, where it is known.
    random_state, fits, n_learned, max_seconds, n_jobs, on_progress
        As for `attack`.
    """
    n = len(patients)
    n_learned = n // 2 if n_learned is None else n_learned
    if not (n // 2 <= n_learned < n and n_learned > 0):
        raise ParameterError(
            f"n_learned is {n_learned}; give a number from {n // 2}, half of the patients, to "
            f"{n - 1}"
        )
    if fits < LEAST_FITS:
        raise ParameterError(f"fits is {fits}; give a number from {LEAST_FITS}")
    if max_seconds is not None and max_seconds <= 0:
        raise ParameterError(f"max_seconds is {max_seconds}; give a number above 0")
    seed = Seeds.of(random_state).entropy
    begin = time.monotonic()
    with progress_reporter(f"attacking {name}", on_progress) as report:
        done = run_shadow_fits(
            patients,
            learn,
            n_learned=n_learned,
            fits=fits,
            seed=seed,
            n_jobs=n_jobs,
            max_seconds=max_seconds,
            report=report,
        )
    if not len(done) and done.failures:
        reason = done.failures[0]
        raise FitError(f"attack: no fit of a part of the patients could be made: {reason}")
    enough = len(done) >= LEAST_FITS
    on_rows, on_file = _judged(done, seed) if enough else (None, None)
    return MembershipAttacks(
        family=name,
        privacy=privacy,
        n_patients=n,
        n_learned=n_learned,
        n_rows=ROWS,
        fits=len(done),
        fits_asked=fits,
        seconds=time.monotonic() - begin,
        random_state=seed,
        verdict="measured" if enough else "cannot tell",
        on_rows=on_rows,
        on_file=on_file,
        failures=done.failures,
    )


def _judged(done: ShadowFits, seed: int) -> tuple[Membership, Membership | None]:
    file = done.by_file()
    return (
        tell_members(done.by_rows(), done.members, BY_ROWS, seed),
        None if file is None else tell_members(file, done.members, BY_FILE, seed),
    )
