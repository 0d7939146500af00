"""What a guard costs and what it hides: rows with it, without it, and with patients left out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from statistics import mean
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from synthhealth.benchmark.results import Machine, Part, Result, markdown_table
from synthhealth.benchmark.tables import DEMO, load_whole
from synthhealth.datasets import load_ra_panel
from synthhealth.errors import ParameterError
from synthhealth.evaluation.privacy.attack import attack_learner
from synthhealth.evaluation.privacy.holes import REPEATS, score_repeats
from synthhealth.evaluation.privacy.pooling import Scored, as_membership
from synthhealth.evaluation.privacy.results import Membership
from synthhealth.evaluation.privacy.shadow import Learner
from synthhealth.evaluation.privacy.signals import Patients
from synthhealth.evaluation.tables import read_tables
from synthhealth.fitted import Fitted
from synthhealth.models import DEFAULT
from synthhealth.models.drawing import draw_rows
from synthhealth.models.guard import Touched
from synthhealth.models.seeding import derive_seed
from synthhealth.progress import ProgressEvent
from synthhealth.schema import Role, Schema
from synthhealth.table.preparation import Rows as PlainRows
from synthhealth.table.repeats import NOBODY

__all__ = ["GuardCosts", "GuardRow", "measure_guard"]

Rows = Literal["without", "guarded", "holes"]

#: Seed of the demo's cohorts, far from those that people try.
_DEMO_SEED = 900
_FIT, _OTHERS, _HOLES = range(3)


class GuardRow(Part):
    """Rows of models of one table, drawn in one way."""

    table: str
    """The table."""
    model: str
    """The model family."""
    patients: int
    """Patients that each model learned."""
    rows: Rows
    """*without* a guard, *guarded*, or with *holes*: rows with a patient's combination left out."""
    fit_seconds: float
    """Seconds of a fit."""
    microseconds: float
    """Microseconds for a row."""
    touched: float
    """Share of rows that come from models without the patient."""
    repeats_auc: float
    """Area under the curve by which repeats (above 0.5) or holes (below) tell members."""
    repeats_low: float
    """Lower end of its 95 % interval."""
    repeats_high: float
    """Upper end of it."""
    shadow_auc: float | None
    """Area under the curve of a likelihood ratio with shadow fits; None where none was made."""
    shadow_low: float | None
    """Lower end of its 95 % interval."""
    shadow_high: float | None
    """Upper end of it."""
    margins: float
    """Mean distance of the columns to those of patients not learned: Kolmogorov-Smirnov of
    numbers, total variation of levels."""
    dependence: float
    """Mean absolute difference of rank correlations to those of patients not learned."""


class GuardCosts(Result):
    """What a guard costs and hides."""

    n_rows: int
    """Synthetic rows of each fit."""
    seeds: int
    """Cohorts of each table."""
    fits: int
    """Shadow fits of each attack."""
    measured: tuple[GuardRow, ...]
    """Side by side."""
    seconds: float
    """How long it took."""

    def to_markdown(self) -> str:
        """Give a line for each way of drawing rows."""
        heads = (
            "table",
            "patients",
            "model",
            "rows",
            "repeats (above .5) or holes (below)",
            "shadow fits",
            "touched",
            "margins",
            "dependence",
            "fit, s",
            "us per row",
        )
        lines = [
            (
                one.table,
                f"{one.patients}",
                one.model,
                one.rows,
                f"{one.repeats_auc:.2f} ({one.repeats_low:.2f} to {one.repeats_high:.2f})",
                ""
                if one.shadow_auc is None
                else f"{one.shadow_auc:.2f} ({one.shadow_low:.2f} to {one.shadow_high:.2f})",
                f"{one.touched:.0%}",
                f"{one.margins:.3f}",
                f"{one.dependence:.3f}",
                f"{one.fit_seconds:.1f}",
                f"{one.microseconds:.0f}",
            )
            for one in self.measured
        ]
        notes = (
            f"{self.machine.sentence()} {self.n_rows:,} rows of each fit, {self.seeds} cohorts, "
            f"{self.fits} shadow fits, {self.seconds:.0f} s in all.\n"
        )
        return "\n".join([notes, markdown_table(heads, lines)])


def measure_guard(
    *,
    families: Iterable[str] = (DEFAULT,),
    tables: Iterable[str] = (DEMO,),
    patients: int = 61,
    rows: int = 20_000,
    seeds: int = 5,
    fits: int = 0,
    known: Iterable[str] = (),
    parameters: dict[str, Any] | None = None,
    n_jobs: int | None = 1,
) -> GuardCosts:
    """Draw rows without a guard, with one, and with holes where the patients are, side by side.

    An attacker counts how often each patient's combination is in the rows, and compares with a
    model of other patients (`score_repeats`); with `fits` he makes shadow fits, too.

    Parameters
    ----------
    families, tables : iterable of str
        What is measured.
    patients : int
        Patients that each model learns; as many are non-members, and as many are the attacker's.
    rows : int
        Synthetic rows of each fit.
    seeds : int
        Cohorts of each table.
    fits : int
        Shadow fits of each attack, at least 16; 0: none.
    known : iterable of str
        Quasi-identifiers; by default sex and age.
    parameters : dict, optional
        Of the families.
    n_jobs : int, optional
        Shadow fits at once; -1: one per processor.

    Raises
    ------
    ParameterError
        A table has too few patients.
    FileError
        A table is not at hand.
    """
    begin = time.monotonic()
    measured = [
        row
        for table in tables
        for family in families
        for row in _measured(
            table,
            _Model(family, parameters or {}),
            patients,
            rows,
            seeds,
            fits,
            tuple(known),
            n_jobs,
        )
    ]
    return GuardCosts(
        machine=Machine.here(),
        n_rows=rows,
        seeds=seeds,
        fits=fits,
        measured=tuple(measured),
        seconds=time.monotonic() - begin,
    )


def _measured(
    table: str,
    model: _Model,
    size: int,
    n: int,
    seeds: int,
    fits: int,
    known: tuple[str, ...],
    n_jobs: int | None,
) -> list[GuardRow]:
    seen: dict[Rows, list[_Seen]] = {}
    for seed in range(seeds):
        cohorts = _cohorts(table, size, seed, known)
        fitted = Fitted.learn(
            cohorts.others,
            cohorts.schema,
            *model,
            seed=derive_seed(seed, _OTHERS),
            on_progress=_silent,
        )
        expected = fitted.sample(n, seed)
        for drawn in _ways(cohorts, model, n, seed):
            seen.setdefault(drawn.rows, []).append(_looked_at(drawn, cohorts, expected))
    first = _cohorts(table, size, 0, known)
    return [
        _row(
            {"table": table, "model": model.family, "patients": size, "rows": way},
            some,
            _shadow(first, model, way, fits, n_jobs),
        )
        for way, some in seen.items()
    ]


class _Model(NamedTuple):
    family: str
    parameters: dict[str, Any]


class _Cohorts(NamedTuple):
    members: pd.DataFrame
    non_members: pd.DataFrame
    others: pd.DataFrame
    schema: Schema


class _Drawn(NamedTuple):
    """Rows that were drawn in one way."""

    rows: Rows
    table: pd.DataFrame
    touched: Touched | None
    fit_seconds: float
    row_seconds: float


class _Seen(NamedTuple):
    """What was seen of them."""

    scored: Scored
    touched: float
    fit_seconds: float
    row_seconds: float
    margins: float
    dependence: float


def _cohorts(table: str, size: int, seed: int, known: tuple[str, ...]) -> _Cohorts:
    if table == DEMO:
        pool = load_ra_panel(3 * size, random_state=_DEMO_SEED + seed)
    else:
        pool = load_whole(table)
        if len(pool) < 3 * size:
            raise ParameterError(f"{table!r} has {len(pool)} patients; {3 * size} are needed")
        pool = pool.sample(3 * size, random_state=seed)
    members, non_members, others = (
        pool.iloc[start : start + size].reset_index(drop=True) for start in range(0, 3 * size, size)
    )
    schema = Schema.detect(pool.reset_index(drop=True))
    columns = tuple(
        one.model_copy(update={"role": Role.QUASI_IDENTIFIER}) if one.name in known else one
        for one in schema
    )
    schema = schema.model_copy(update={"columns": columns})
    return _Cohorts(members, non_members, others, schema)


def _ways(cohorts: _Cohorts, model: _Model, n: int, seed: int) -> Iterator[_Drawn]:
    ways: tuple[Rows, ...] = ("without", "guarded")
    for way in ways:
        begin = time.monotonic()
        fitted = Fitted.learn(
            cohorts.members,
            cohorts.schema,
            *model,
            seed=derive_seed(seed, _FIT),
            privacy="standard",
            guard=way == "guarded",
            on_progress=_silent,
        )
        learned = time.monotonic()
        drawn = fitted.draw(0, n, fitted.stream(seed))
        each = (time.monotonic() - learned) / n
        yield _Drawn(way, drawn.rows, drawn.touched, learned - begin, each)
    assert fitted.guard is not None
    # What would be simpler: rows with a patient's combination are drawn again.
    begin = time.monotonic()
    parts: list[PlainRows] = []
    n_found = 0
    while n_found < n:
        rows, _ = draw_rows(
            fitted.model, fitted.preparation, n, None, seed=derive_seed(seed, _HOLES, len(parts))
        )
        parts.append(rows.take(fitted.guard.repeats.part_of(rows) == NOBODY))
        n_found += len(parts[-1])
    table = fitted.preparation.write(
        PlainRows.join(parts).take(np.arange(n)),
        np.random.default_rng(derive_seed(seed, _HOLES)),
        start=0,
        fakes_seed=seed,
    )
    yield _Drawn("holes", table, None, 0.0, (time.monotonic() - begin) / n)


def _looked_at(drawn: _Drawn, cohorts: _Cohorts, expected: pd.DataFrame) -> _Seen:
    tables = read_tables(
        cohorts.members,
        drawn.table,
        cohorts.schema,
        training=cohorts.members,
        unseen=cohorts.non_members,
    )
    assert tables.unseen is not None
    others = read_tables(cohorts.members, expected, cohorts.schema)
    patients = [tables.real.one_row_each(), tables.unseen.one_row_each()]
    ours, not_ours = score_repeats(patients, tables.synthetic, others.synthetic, tables.schema)
    margins, dependence = _errors(tables.synthetic.table, tables.unseen.table, tables.schema)
    touched = drawn.touched.replaced / drawn.touched.rows if drawn.touched else 0.0
    return _Seen(
        Scored([(ours, not_ours)]),
        touched,
        drawn.fit_seconds,
        drawn.row_seconds,
        margins,
        dependence,
    )


def _errors(drawn: pd.DataFrame, real: pd.DataFrame, schema: Schema) -> tuple[float, float]:
    """Give how far columns, and rank correlations, are from those of patients not learned."""
    apart = []
    for column in schema:
        ours, theirs = drawn[column.name].dropna(), real[column.name].dropna()
        if column.kind.is_numerical:
            apart.append(stats.ks_2samp(ours.astype(float), theirs.astype(float)).statistic)
        else:
            shares = [one.astype(str).value_counts(normalize=True) for one in (ours, theirs)]
            apart.append(shares[0].sub(shares[1], fill_value=0.0).abs().sum() / 2)
    numbers = [column.name for column in schema if column.kind.is_numerical]
    ranked = [one[numbers].astype(float).corr("spearman").to_numpy() for one in (drawn, real)]
    upper = np.triu_indices(len(numbers), 1)
    return float(np.mean(apart)), float(np.nanmean(np.abs(ranked[0] - ranked[1])[upper]))


def _shadow(
    cohorts: _Cohorts, model: _Model, way: Rows, fits: int, n_jobs: int | None
) -> Membership | None:
    if not fits or way == "holes":
        return None
    pool = pd.concat([cohorts.members, cohorts.non_members], ignore_index=True)
    return attack_learner(
        Patients(pool, cohorts.schema),
        Learner(*model, cohorts.schema, guard=way == "guarded"),
        name=model.family,
        random_state=0,
        fits=fits,
        n_learned=len(cohorts.members),
        n_jobs=n_jobs,
        on_progress=_silent,
    ).on_rows


def _row(place: dict[str, Any], seen: list[_Seen], shadow: Membership | None) -> GuardRow:
    found = as_membership([one.scored for one in seen], REPEATS)
    return GuardRow(
        **place,
        fit_seconds=mean(one.fit_seconds for one in seen),
        microseconds=1e6 * mean(one.row_seconds for one in seen),
        touched=mean(one.touched for one in seen),
        repeats_auc=found.auc,
        repeats_low=found.interval.low,
        repeats_high=found.interval.high,
        shadow_auc=None if shadow is None else shadow.auc,
        shadow_low=None if shadow is None else shadow.interval.low,
        shadow_high=None if shadow is None else shadow.interval.high,
        margins=mean(one.margins for one in seen),
        dependence=mean(one.dependence for one in seen),
    )


def _silent(event: ProgressEvent) -> None:
    """Show nothing of a fit that is one of many."""
