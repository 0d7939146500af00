"""Shadow fits on generators of which the truth is known; none of them needs a model family."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from synthhealth.datasets import load_ra_panel
from synthhealth.errors import FitError, ParameterError, TableError
from synthhealth.evaluation.privacy.attack import MembershipAttacks, attack, attack_learner
from synthhealth.evaluation.privacy.shadow import (
    BY_ROWS,
    Released,
    likelihood_ratios,
    rounds_of,
    tell_members,
)
from synthhealth.evaluation.privacy.signals import Patients
from synthhealth.schema import Column, Kind, Schema

N = 24
EXTREME = 1_000.0
SCHEMA = Schema(columns=[Column(name=name, kind=Kind.CONTINUOUS) for name in ("crp", "esr")])


def draw(n: int, seed: int) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(seed).normal(50, 10, (n, 2)), columns=SCHEMA.names)


@pytest.fixture(scope="module")
def patients() -> Patients:
    table = draw(N, 1)
    table.loc[0, "crp"] = EXTREME
    return Patients(table, SCHEMA)


@dataclass(frozen=True)
class ConstantLaw:
    """Ignores whom it learns."""

    rows: int = 200

    def __call__(self, table: pd.DataFrame, seed: int) -> Released:
        return Released(draw(self.rows, seed), None)


@dataclass(frozen=True)
class Memory:
    """Ignores whom it learns, but for one patient, whom it repeats."""

    copies: int = 10

    def __call__(self, table: pd.DataFrame, seed: int) -> Released:
        extreme = table[table["crp"] == EXTREME]
        rows = pd.concat([draw(200, seed), *[extreme] * self.copies], ignore_index=True)
        return Released(rows, None)


@dataclass(frozen=True)
class Copy:
    """Releases whom it learned."""

    def __call__(self, table: pd.DataFrame, seed: int) -> Released:
        return Released(table, None)


@dataclass(frozen=True)
class Slow:
    def __call__(self, table: pd.DataFrame, seed: int) -> Released:
        time.sleep(0.05)
        return ConstantLaw()(table, seed)


@dataclass(frozen=True)
class Broken:
    def __call__(self, table: pd.DataFrame, seed: int) -> Released:
        raise TableError("the table cannot be learned")


def attacked(patients: Patients, learn, fits: int = 32, **options) -> MembershipAttacks:
    options = {"random_state": 0, "n_jobs": 1} | options
    return attack_learner(patients, learn, name="a test", fits=fits, **options)


def test_a_law_that_ignores_its_patients_gives_nobody_away(patients):
    """A false alarm at this seed has the probability 0.05."""
    found = attacked(patients, ConstantLaw()).on_rows
    assert found is not None
    assert found.interval.low <= 0.5 <= found.interval.high
    assert found.recognised == 0
    assert found.recognised_interval is not None
    assert found.recognised_interval.high > 0.1  # 24 patients tell no more


def test_one_memorised_patient_is_counted(patients):
    found = attacked(patients, Memory()).on_rows
    assert found is not None
    assert found.recognised == pytest.approx(1 / N)
    # The area over all patients hardly sees it.
    assert found.auc < 0.6


def test_a_copy_gives_everybody_away(patients):
    found = attacked(patients, Copy()).on_rows
    assert found is not None
    assert found.interval.low > 0.55


def test_the_seed_decides(patients):
    one, two, other = (attacked(patients, Copy(), 16, random_state=seed) for seed in (1, 1, 2))
    assert one.on_rows == two.on_rows
    assert one.on_rows != other.on_rows


@pytest.mark.slow
def test_the_number_of_processes_changes_no_figure(patients):
    alone, together = (attacked(patients, Copy(), 16, n_jobs=n) for n in (1, 2))
    assert alone.on_rows == together.on_rows


def test_a_budget_stops_between_rounds_and_tells_nothing(patients, tmp_path):
    events: list[tuple[int, int]] = []
    found = attacked(
        patients,
        Slow(),
        max_seconds=0.01,
        on_progress=lambda event: events.append((event.done, event.total)),
    )
    assert (found.fits, found.verdict) == (2, "cannot tell")
    assert found.on_rows is None
    assert events == [(1, 32), (2, 32)]
    assert "Cannot tell" in found.summary()
    assert "area" not in found.summary()
    found.to_json(tmp_path / "attack.json")
    assert '"verdict": "cannot tell"' in (tmp_path / "attack.json").read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("as_for_users")
def test_an_attack_on_the_demo_takes_two_minutes_of_two_cores():
    """Processor time of 16 fits in one process, and 20 s for two processes to start."""
    begin = time.process_time()
    found = attack(load_ra_panel(), random_state=0, fits=16, n_jobs=1)
    seconds = time.process_time() - begin
    assert found.verdict == "measured"
    assert 32 / 16 * seconds / 2 + 20 <= 120


def test_fits_that_fail_are_told(patients):
    with pytest.raises(FitError, match="cannot be learned"):
        attacked(patients, Broken())


@pytest.mark.parametrize(
    ("options", "words"),
    [({"fits": 15}, "fits"), ({"n_learned": N}, "n_learned"), ({"max_seconds": 0}, "max_seconds")],
)
def test_what_cannot_be_asked(patients, options, words):
    with pytest.raises(ParameterError, match=words):
        attacked(patients, ConstantLaw(), **options)
    with pytest.raises(ParameterError, match="unknown model"):
        attack(patients.table, "gausian_copula")


def test_the_rows_of_a_patient_stay_together():
    table = draw(6, 0).assign(patient=list("aabbcc"))
    schema = SCHEMA.model_copy(
        update={"columns": (*SCHEMA, Column(name="patient", kind=Kind.IDENTIFIER))}
    ).with_subject("patient")
    visits = Patients(table, schema)
    assert len(visits) == 3
    assert visits.rows_of(np.array([0, 2]))["patient"].tolist() == list("aacc")
    assert visits.added(np.arange(6.0)).tolist() == [1.0, 5.0, 9.0]


def test_rounds_leave_everybody_out_alike():
    for n, n_learned in ((10, 5), (11, 5), (40, 30), (418, 300)):
        parts = next(rounds_of(n, n_learned, np.random.default_rng(0)))
        left_out = [np.setdiff1d(np.arange(n), part) for part in parts]
        assert len(parts) >= 2
        assert max(np.bincount(np.concatenate(left_out))) == 1
        assert all(abs(len(part) - n_learned) <= 1 for part in parts)


def rounds_and_members(
    n_rounds: int, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    rounds = rounds_of(n, n // 2, rng)
    members = [np.isin(np.arange(n), part) for _ in range(n_rounds) for part in next(rounds)]
    return np.array(members), np.repeat(np.arange(n_rounds), 2)


def test_a_fit_is_judged_by_the_laws_of_other_rounds():
    rng = np.random.default_rng(0)
    members, rounds = rounds_and_members(5, 6, rng)
    scores = rng.normal(size=members.shape)
    ratios = likelihood_ratios(scores, members, rounds)
    for fit, patient in np.ndindex(scores.shape):
        others = rounds != rounds[fit]
        ours, inside = scores[others, patient], members[others, patient]
        means = ours[inside].mean(), ours[~inside].mean()
        spread = np.sqrt(
            (((ours[inside] - means[0]) ** 2).sum() + ((ours[~inside] - means[1]) ** 2).sum())
            / (len(ours) - 2)
        )
        from scipy.stats import norm

        here = scores[fit, patient]
        expected = norm.logpdf(here, means[0], spread) - norm.logpdf(here, means[1], spread)
        assert ratios[fit, patient] == pytest.approx(expected)

    # The other fit of the round decides nothing.
    scores[1] += 100
    assert np.array_equal(likelihood_ratios(scores, members, rounds)[0], ratios[0])


def test_what_never_varied_tells_nothing():
    members, rounds = rounds_and_members(8, 6, np.random.default_rng(0))
    ratios = likelihood_ratios(np.ones(members.shape), members, rounds)
    assert (ratios == 0).all()
    found = tell_members(ratios, members, BY_ROWS, 0)
    assert (found.auc, found.tpr_at_1, found.recognised) == (0.5, 0.0, 0.0)


def test_the_interval_covers_where_nothing_is_told():
    """Of 200 intervals of 95 %, fewer than 186 cover with the probability 0.09; seeds are fixed.

    What a fit says of its patients hangs together: it has a part in common.
    """
    covered, areas = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        members, rounds = rounds_and_members(8, 24, rng)
        scores = rng.normal(size=members.shape) + rng.normal(size=(len(members), 1))
        found = tell_members(likelihood_ratios(scores, members, rounds), members, BY_ROWS, seed)
        covered.append(found.interval.low <= 0.5 <= found.interval.high)
        areas.append(found.auc)
    assert np.mean(covered) >= 0.93
    assert abs(np.mean(areas) - 0.5) < 3 * np.std(areas) / np.sqrt(200)
