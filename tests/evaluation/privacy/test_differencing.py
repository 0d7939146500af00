"""What two files tell of one patient, where it is known what they can tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from synthhealth.evaluation.privacy.differencing import (
    Differencing,
    attack_by_differencing,
    recover,
)
from synthhealth.evaluation.privacy.extremes import follow_extremes
from synthhealth.evaluation.privacy.shadow import Released
from synthhealth.evaluation.privacy.signals import Patients
from synthhealth.fitted import Fitted
from synthhealth.models import get
from synthhealth.schema import Column, Kind, Schema
from synthhealth.table.learning import prepare

KINDS = {
    "crp": Kind.CONTINUOUS,
    "age": Kind.CONTINUOUS,
    "haemoglobin": Kind.CONTINUOUS,
    "stage": Kind.NOMINAL,
}
SCHEMA = Schema(columns=[Column(name=name, kind=kind) for name, kind in KINDS.items()])


def cohort(n: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "crp": np.exp(rng.normal(1, 1, n)).round(2),
            "age": rng.normal(55, 12, n).round(1),
            "haemoglobin": rng.normal(13, 1.5, n).round(1),
            "stage": np.array(["I", "II", "III"])[np.arange(n) % 3],
        }
    )
    return table


@dataclass(frozen=True)
class ExactMeans:
    """A file of exact means and shares, whatever a family would make of them."""

    def __call__(self, table: pd.DataFrame, seed: int) -> Released:
        rng = np.random.default_rng(seed)
        preparation, to_learn = prepare(table, SCHEMA, rng)
        plain = to_learn.table
        numbers = [name for name in plain if KINDS[name] is Kind.CONTINUOUS]
        levels = np.bincount(plain["stage"]) / len(plain)
        model = get("gaussian_copula").from_state(
            {
                "settings": {
                    "margin": "norm",
                    "margins": {},
                    "log_scale": True,
                    "correlation": "latent",
                },
                "partial": False,
                "columns": [*numbers, "stage"],
                "offsets": {"crp": 0.0},
                "margins": [
                    *(_normal(plain[name], name == "crp") for name in numbers),
                    {"family": "levels", "shares": levels.tolist(), "order": [0, 1, 2]},
                ],
                "correlation": np.eye(len(numbers) + 1),
            }
        )
        fitted = Fitted("gaussian_copula", {}, model, preparation, seed, len(table))
        return Released(fitted.sample(500, 0), fitted)


def _normal(values: pd.Series, is_log: bool) -> dict[str, object]:
    values = np.log(values) if is_log else values
    return {
        "family": "norm",
        "parameters": {"loc": float(values.mean()), "scale": float(values.std(ddof=0))},
    }


@lru_cache
def fitted_once() -> Fitted:
    fitted = ExactMeans()(cohort(), 0).fitted
    assert fitted is not None
    return fitted


def of_first(n: int, table: pd.DataFrame) -> Fitted:
    fitted = ExactMeans()(table.iloc[:n].reset_index(drop=True), 0).fitted
    assert fitted is not None
    return fitted


@dataclass(frozen=True)
class SameFile:
    """Gives the same model, whomever it is to learn."""

    def __call__(self, table: pd.DataFrame, seed: int) -> Released:
        return Released(fitted_once().sample(500, 0), fitted_once())


@dataclass(frozen=True)
class Copy:
    """Releases whom it learned."""

    def __call__(self, table: pd.DataFrame, seed: int) -> Released:
        return Released(table, None)


@lru_cache
def exact_means_attacked() -> Differencing:
    patients = Patients(cohort(), SCHEMA)
    return attack_by_differencing(patients, ExactMeans(), attempts=8, seed=0, n_jobs=1)


def test_means_that_stand_in_a_file_give_a_patient_away():
    """Every level comes out, and every number but for those that a limit of the file cuts off."""
    found = exact_means_attacked()
    assert found.exact.success >= 0.9
    assert found.exact.chance < 0.2
    assert found.exact.interval.low > 0.5
    assert found.near.success >= found.exact.success
    assert found.levels is not None
    assert found.levels.success == 1.0
    assert found.gaps is None


def test_a_table_of_many_rows_is_nearly_its_mean_and_a_report_is_none():
    """Means of 100,000 rows of exact means give an age within a deviation; rounded ones do not.

    A mean of that many rows of one seed is off by what the seed is, and by its own model's limits;
    a report's is rounded to half a standard error, so that n times it says nothing.
    """
    found = exact_means_attacked()
    assert found.rows.error < found.rows.guessed
    assert found.report.error > found.report.guessed
    assert found.report.near.interval.low <= 0
    assert found.report.near.given == "report"


def test_files_that_do_not_differ_tell_no_more_than_a_guess():
    """No patient comes out exactly, but by the rounding of a mean: of 12 numbers 2 at most."""
    found = attack_by_differencing(
        Patients(cohort(), SCHEMA), SameFile(), attempts=4, seed=0, n_jobs=1
    )
    assert found.exact.success <= 2 / 12
    assert found.exact.interval.low <= 0


def test_a_coarse_number_of_rows_is_no_help_against_exact_shares():
    table = cohort()
    before, after = of_first(29, table), of_first(30, table)
    exact = recover(before, after)
    coarse = recover(replace(before, n_rows=25), replace(after, n_rows=25))
    assert coarse == exact
    assert exact.numbers["age"] == table["age"].iloc[29]


def test_missing_cells_come_out():
    table = cohort()
    table.loc[::3, "crp"] = np.nan
    table.loc[29, "haemoglobin"] = np.nan
    before, after = of_first(29, table), of_first(30, table)
    assert recover(before, after).missing == {"crp": False, "haemoglobin": True}
    patients = Patients(table, SCHEMA)
    found = attack_by_differencing(patients, ExactMeans(), attempts=2, seed=0, n_jobs=1)
    assert found.gaps is not None
    assert found.gaps.success == 1.0


def test_an_extreme_patient_is_followed_by_a_copy_and_not_by_what_never_learned_it():
    patients = Patients(cohort(), SCHEMA)
    for learn, end, rows in ((Copy(), None, 1.0), (SameFile(), 0.0, 0.0)):
        (column,) = follow_extremes(patients, learn, columns=1, seed=0, n_jobs=1)
        assert (column.end, column.rows) == (end, rows)
