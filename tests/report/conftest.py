"""Simulated tables and their reports, made once for the whole room."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from report_cohorts import CLINIC, CREATED, HOSTILE, make_clinic, make_cohort

from synthhealth.report import ModelInfo, Report, evaluate
from synthhealth.report.page import as_html


@pytest.fixture(scope="session")
def real() -> pd.DataFrame:
    return make_cohort(61, 0)


@pytest.fixture(scope="session")
def synthetic() -> pd.DataFrame:
    table = make_cohort(300, 1)
    table["crp"] *= 1.8
    table["esr"] *= 1.8
    return table


@pytest.fixture(scope="session")
def report(real: pd.DataFrame, synthetic: pd.DataFrame) -> Report:
    return evaluate(
        real,
        synthetic,
        real_is="training",
        model=ModelInfo(name="ctgan", settings={"layers": (64, 64)}, seed=3),
        created=CREATED,
    )


@pytest.fixture(scope="session")
def hostile_report() -> Report:
    rng = np.random.default_rng(5)
    n = 80
    table = pd.DataFrame(rng.lognormal(size=(n, len(HOSTILE))), columns=list(HOSTILE))
    levels = ["<script>alert(3)</script>", '"quoted"', "é 日本", "x" * 300]
    table["level <i>names</i>"] = rng.choice(levels, n)
    return evaluate(
        table,
        table.sample(n, replace=True, random_state=0).reset_index(drop=True),
        title="<script>alert(4)</script>",
        created=CREATED,
    )


@pytest.fixture(scope="session")
def wide_report() -> Report:
    """45 columns: 990 pairs, more than a page keeps."""
    rng = np.random.default_rng(7)
    n = 70

    def table(spread: float) -> pd.DataFrame:
        values = rng.normal(size=(n, 45)) + spread * rng.normal(size=(n, 1))
        return pd.DataFrame(values, columns=[f"measurement {i:02d}" for i in range(45)])

    return evaluate(table(1.0), table(0.3), created=CREATED)


@pytest.fixture(scope="session")
def single_report() -> Report:
    """One numerical column and nothing else."""
    rng = np.random.default_rng(9)
    return evaluate(
        pd.DataFrame({"crp": rng.lognormal(size=61)}),
        pd.DataFrame({"crp": rng.lognormal(size=90)}),
        created=CREATED,
    )


@pytest.fixture(scope="session")
def categorical_report(real: pd.DataFrame, synthetic: pd.DataFrame) -> Report:
    """No numerical column."""
    names = ["sex", "stage", "smoker", "centre"]
    return evaluate(real[names], synthetic[names], real_is="holdout", created=CREATED)


@pytest.fixture(scope="session")
def clinical_report() -> Report:
    """Everything that a clinical schema adds; the synthetic table has a fault of each sort."""
    fake = make_clinic(300, 1)
    fake["haemoglobin"] -= 1.5
    fake.loc[:39, "haemoglobin"] = make_clinic(90, 0)["haemoglobin"].max()
    fake.loc[40:49, "platelets"] = 9_000
    fake.loc[50:149, "crp"] = "<0.8"
    fake.loc[150:169, "neutrophils"] = 60.0
    return evaluate(
        make_clinic(90, 0),
        fake,
        CLINIC,
        real_is="training",
        model=ModelInfo(name="gaussian_copula", accept_rate=0.93),
        created=CREATED,
    )


@pytest.fixture(scope="session")
def attacked_report(real: pd.DataFrame) -> Report:
    """Attacks on privacy of a table with copies of every fifth patient; a column's name is odd."""
    odd = {"stage": HOSTILE[1]}
    copied = pd.concat([make_cohort(80, 1), real.iloc[:12]], ignore_index=True)
    return evaluate(
        real.rename(columns=odd),
        copied.rename(columns=odd),
        holdout=make_cohort(61, 2).rename(columns=odd),
        parts=["privacy"],
        created=CREATED,
    )


@pytest.fixture(scope="session")
def pages(
    report: Report,
    hostile_report: Report,
    wide_report: Report,
    single_report: Report,
    categorical_report: Report,
    clinical_report: Report,
    attacked_report: Report,
) -> dict[str, str]:
    """The page of each report above."""
    reports = {
        "report": report,
        "hostile": hostile_report,
        "wide": wide_report,
        "single": single_report,
        "categorical": categorical_report,
        "clinical": clinical_report,
        "attacked": attacked_report,
    }
    return {name: as_html(made.data) for name, made in reports.items()}
