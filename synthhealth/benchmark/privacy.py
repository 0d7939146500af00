"""What attackers learn of patients: families x tables x attacks, through saved files."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from synthhealth.artifact.saving import read, write
from synthhealth.benchmark.plain import fit_plain, sample_plain, wrapped
from synthhealth.benchmark.privacy_results import (
    AttackRow,
    Privacy,
    Skipped,
    attack_row,
    error_row,
    membership_row,
)
from synthhealth.benchmark.results import Machine
from synthhealth.benchmark.tables import DEMO, chosen, load_whole
from synthhealth.datasets import load_ra_panel
from synthhealth.errors import ParameterError, SynthHealthError
from synthhealth.evaluation import Score, evaluate_tables
from synthhealth.evaluation.privacy.attack import FITS, MembershipAttacks, attack_learner
from synthhealth.evaluation.privacy.differencing import attack_by_differencing
from synthhealth.evaluation.privacy.extremes import follow_extremes
from synthhealth.evaluation.privacy.fits import Fit
from synthhealth.evaluation.privacy.membership import DENSITY, DISTANCE, score_members
from synthhealth.evaluation.privacy.pooling import as_membership
from synthhealth.evaluation.privacy.shadow import Learn, Learner, Released, rounds_of
from synthhealth.evaluation.privacy.signals import Patients
from synthhealth.evaluation.tables import read_tables
from synthhealth.models import available
from synthhealth.models.seeding import derive_seed, seeded
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter
from synthhealth.schema import Schema
from synthhealth.table.left_out import Privacy as Level

__all__ = ["PARTS", "TABLES", "AttackRow", "Privacy", "measure_privacy"]

TABLES = (DEMO, "hcv", "pbc", "heart_failure", "nhanes_labs")
ROWS = (61, 300)
PARTS = ("fidelity", "distances", "membership", "differencing", "extremes")

#: Patients whose values are looked for in two files, and columns that get an extreme value.
ATTEMPTS, COLUMNS = 12, 4
#: Synthetic rows in which an extreme value is looked for.
EXTREME_ROWS = 10_000
#: The demo is simulated; its cohort here begins a stream of its own.
_DEMO_SEED = 500
_PLAIN = "plain SDV: "


@dataclass(frozen=True)
class Saved:
    """A family whose models go through their file, as whoever gets them has them."""

    learner: Learner

    def __call__(self, table: pd.DataFrame, seed: int) -> Released:
        """Learn a table, save the model and read it; see `evaluation.privacy.shadow.Learn`."""
        released = self.learner(table, seed)
        assert released.fitted is not None
        with tempfile.TemporaryDirectory() as folder:
            file = write(released.fitted, Path(folder) / "model.synth")
            return Released(released.rows, read(file))


@dataclass(frozen=True)
class PlainSDV:
    """SDV's own synthesizer at its own defaults; only its rows are released."""

    family: str
    rows: int

    def __call__(self, table: pd.DataFrame, seed: int) -> Released:
        """Learn a table; see `evaluation.privacy.shadow.Learn`."""
        with seeded(seed):
            return Released(sample_plain(fit_plain(self.family, table, {}), self.rows), None)


def measure_privacy(
    *,
    families: Iterable[str] | None = None,
    tables: Iterable[str] | None = None,
    rows: Iterable[int] = ROWS,
    parts: Iterable[str] = PARTS,
    fits: int = FITS,
    seeds: Iterable[int] = (0,),
    plain: bool = False,
    parameters: dict[str, Any] | None = None,
    privacy: Level = "standard",
    n_jobs: int | None = 1,
    on_progress: OnProgress | None = None,
) -> Privacy:
    """Attack the models of several tables, by their synthetic rows and by their saved files.

    *Fidelity*: what the risk buys, that is how near the rows come to patients that the models
    never saw. *Distances*: the quick attacks of every report, by the nearest row and by a density
    ratio, on two fits or three. *Membership*: a likelihood ratio with shadow fits, of twice as many
    patients as each model learns, or as many as there are. *Differencing*: two files, tables or
    reports that differ by one patient. *Extremes*: one patient with ten times the largest value.

    Parameters
    ----------
    families : iterable of str, optional
        Model families; all by default.
    tables : iterable of str, optional
        Of `TABLES`; all that are at hand by default.
    rows : iterable of int
        Patients that each model learns.
    parts : iterable of str
        Of `PARTS`.
    fits : int
        Shadow fits of each membership attack, at least 16.
    seeds : iterable of int
        Each is a cohort, and decides its fits.
    plain : bool
        Whether plain SDV is attacked, too, by its rows.
    privacy : {"none", "standard", "high"}
        How many patients a fit leaves out.
    parameters : dict, optional
        Parameters of the families.
    n_jobs : int, optional
        Fits at once, by joblib; -1: one per processor.
    on_progress : callable, optional
        Called with a `synthhealth.ProgressEvent` after each attack.

    Returns
    -------
    Privacy

    Raises
    ------
    ParameterError
        A family, table or part is unknown.
    """
    begin = time.monotonic()
    families = chosen("families", families, available())
    tables = chosen("tables", tables, TABLES)
    parts = chosen("parts", parts, PARTS)
    jobs = [
        (table, size, seed, model, part)
        for table in tables
        for size in rows
        for seed in seeds
        for model in [*families, *(_PLAIN + one for one in families if plain and one in wrapped())]
        for part in parts
    ]
    attacks: list[AttackRow] = []
    skipped: list[Skipped] = []
    with progress_reporter("benchmark", on_progress) as report:
        for done, (table, size, seed, model, part) in enumerate(jobs, start=1):
            try:
                attacks += _measured(
                    table, size, seed, model, part, fits, parameters or {}, privacy, n_jobs
                )
            except SynthHealthError as error:
                skipped.append(
                    Skipped(table=table, model=model, rows=size, attack=part, reason=str(error))
                )
            elapsed = time.monotonic() - begin
            report(ProgressEvent("benchmark", done, len(jobs), "attack", elapsed))
    return Privacy(
        machine=Machine.here(),
        fits=fits,
        attacks=tuple(attacks),
        skipped=tuple(skipped),
        seconds=time.monotonic() - begin,
    )


def _measured(
    table: str,
    size: int,
    seed: int,
    model: str,
    part: str,
    fits: int,
    parameters: dict[str, Any],
    privacy: Level,
    n_jobs: int | None,
) -> list[AttackRow]:
    place = {"table": table, "model": model, "rows": size, "seed": seed}
    pool, schema = _pool(table, size, seed)
    is_plain = model.startswith(_PLAIN)
    family = model.removeprefix(_PLAIN)
    ours = Learner(family, parameters, schema, privacy=privacy)
    if part in ("fidelity", "distances", "membership"):
        patients = Patients(pool, schema)
        learn = PlainSDV(family, ours.rows) if is_plain else Saved(ours)
        if part == "fidelity":
            return _fidelity_rows(patients, learn, place)
        if part == "distances":
            return _distance_rows(patients, learn, place)
        found = attack_learner(
            patients,
            learn,
            name=model,
            random_state=seed,
            fits=fits,
            n_learned=size,
            n_jobs=n_jobs,
            on_progress=_silent,
        )
        return _of_members(found, place)
    cohort = Patients(pool.iloc[:size].reset_index(drop=True), schema)
    if part == "differencing":
        if is_plain:
            return []
        two = attack_by_differencing(
            cohort, Saved(ours), attempts=min(ATTEMPTS, size), seed=seed, n_jobs=n_jobs
        )
        told = (two.exact, two.near, two.levels, two.gaps, two.rows.near, two.report.near)
        return [
            *(attack_row(one, place) for one in told if one is not None),
            *(error_row(one, place) for one in (two.rows, two.report)),
        ]
    many = replace(ours, rows=EXTREME_ROWS)
    learn = PlainSDV(family, EXTREME_ROWS) if is_plain else Saved(many)
    columns = follow_extremes(cohort, learn, columns=COLUMNS, seed=seed, n_jobs=n_jobs)
    ends = [one.end for one in columns if one.end is not None]
    rows = [one.rows for one in columns]
    return [
        AttackRow(
            **place,
            attack="Extreme patient",
            given=given,
            attempts=len(values),
            figure=figure,
            value=mean(values),
            low=min(values),
            high=max(values),
            guessing=0.0,
        )
        for given, figure, values in (
            ("saved model", "the file's end follows (mean, least, most)", ends),
            ("synthetic rows", "the largest row follows (mean, least, most)", rows),
        )
        if values
    ]


def _pool(table: str, size: int, seed: int) -> tuple[pd.DataFrame, Schema]:
    """Give twice as many patients as a model learns, or all that there are, in random order."""
    if table == DEMO:
        whole = load_ra_panel(2 * size, random_state=_DEMO_SEED + seed)
    else:
        whole = load_whole(table)
    if len(whole) <= size:
        raise ParameterError(
            f"the table has {len(whole)} patients, so that none is left that models of {size} "
            "did not learn"
        )
    order = np.random.default_rng(seed).permutation(len(whole))[: 2 * size]
    pool = whole.iloc[order].reset_index(drop=True)
    return pool, Schema.detect(pool)


class _OneFit(NamedTuple):
    """Whom a model learned, whom it never saw, and what it drew."""

    learned: pd.DataFrame
    unseen: pd.DataFrame
    rows: pd.DataFrame


def _round(patients: Patients, learn: Learn, place: dict[str, Any]) -> Iterator[_OneFit]:
    """Give the fits of one round, in which every patient is a non-member of one fit at most."""
    rng = np.random.default_rng(place["seed"])
    numbers = np.arange(len(patients))
    for number, part in enumerate(next(rounds_of(len(patients), place["rows"], rng))):
        learned = patients.rows_of(part)
        unseen = patients.rows_of(np.setdiff1d(numbers, part))
        yield _OneFit(learned, unseen, learn(learned, derive_seed(place["seed"], number)).rows)


def _fidelity_rows(patients: Patients, learn: Learn, place: dict[str, Any]) -> list[AttackRow]:
    """Compare the rows with patients that the models never saw."""
    found: dict[str, list[Score]] = {}
    n_unseen = 0
    for fit in _round(patients, learn, place):
        n_unseen += len(fit.unseen)
        overall = evaluate_tables(
            fit.unseen, fit.rows, patients.schema, real_is="holdout", parts=()
        ).overall
        for figure, score in (
            ("KS test average, unseen patients", overall.ks_average),
            ("dependence error, unseen patients", overall.dependence_difference),
        ):
            if score is not None:
                found.setdefault(figure, []).append(score)
    return [
        AttackRow(
            **place,
            attack="Fidelity",
            given="synthetic rows",
            attempts=n_unseen,
            figure=figure,
            value=mean(one.value for one in scores),
            low=None,
            high=None,
            guessing=None,
            fits=len(scores),
        )
        for figure, scores in found.items()
    ]


def _distance_rows(patients: Patients, learn: Learn, place: dict[str, Any]) -> list[AttackRow]:
    """Attack the fits of one round by their nearest rows and densities."""
    rng = np.random.default_rng(place["seed"])
    scores = []
    for fit in _round(patients, learn, place):
        tables = read_tables(
            fit.learned, fit.rows, patients.schema, training=fit.learned, unseen=fit.unseen
        )
        scores.append(score_members(Fit.of(tables), rng))
    return [
        membership_row(as_membership(scored, threat), place, len(scores))
        for scored, threat in (
            ([one.distance for one in scores], DISTANCE),
            ([one.density for one in scores], DENSITY),
        )
    ]


def _of_members(found: MembershipAttacks, place: dict[str, Any]) -> list[AttackRow]:
    if found.verdict == "cannot tell":
        raise ParameterError(
            f"cannot tell: only {found.fits} of {found.fits_asked} fits were done"
            + "".join(f"; {reason}" for reason in found.failures)
        )
    return [
        membership_row(one, place, found.fits)
        for one in (found.on_rows, found.on_file)
        if one is not None
    ]


def _silent(event: ProgressEvent) -> None:
    """Show nothing of an attack that is one of several."""
