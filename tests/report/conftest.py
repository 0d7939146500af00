"""Simulated tables and their reports, made once for the whole room."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import pandas as pd
import pytest

from synthhealth.report import ModelInfo, Report, evaluate

CREATED = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)

#: Names that must come out as text, whatever they look like.
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "a \"quoted\" 'name' & more",
    "%{x} $x^2$ <b>bold</b> {{ 7 * 7 }}",
    "血液検査 C反応性蛋白",
    "\u202eevil \x1b[31mred",
    "a very long name " * 12,
    "__proto__",
)


def make_cohort(n: int, seed: int) -> pd.DataFrame:
    """Simulate a small clinic: numbers of several shapes, levels, dates, missing values."""
    rng = np.random.default_rng(seed)
    severity = rng.normal(size=n)
    table = pd.DataFrame(
        {
            "age": rng.normal(46, 11, n).clip(18, 90).round().astype(int),
            "crp": rng.lognormal(2 + 0.6 * severity, 0.6, n),
            "esr": rng.lognormal(3 + 0.4 * severity, 0.5, n),
            "haemoglobin": 12 - 0.6 * severity + rng.normal(0, 1, n),
            "visits": rng.poisson(1.2, n) * rng.integers(1, 9, n),
            "first_seen": pd.Timestamp("2019-03-01", tz="Africa/Cairo")
            + pd.to_timedelta(rng.integers(0, 1500, n), unit="D"),
            "sex": rng.choice(["F", "M"], n, p=[0.8, 0.2]),
            "stage": pd.Categorical(
                rng.choice(["mild", "moderate", "severe"], n),
                categories=["mild", "moderate", "severe"],
                ordered=True,
            ),
            "smoker": rng.random(n) < 0.3,
            "centre": rng.choice(
                [f"centre {i}" for i in range(12)], n, p=rng.dirichlet([1.0] * 12)
            ),
        }
    )
    table.loc[rng.random(n) < 0.12, "crp"] = np.nan
    table.loc[rng.random(n) < 0.05, "sex"] = None
    table.attrs["units"] = {"crp": "mg/L", "esr": "mm/h", "age": "years"}
    return table


@pytest.fixture(scope="session")
def real() -> pd.DataFrame:
    return make_cohort(61, 0)


@pytest.fixture(scope="session")
def synthetic() -> pd.DataFrame:
    table = make_cohort(300, 1)
    table["crp"] *= 1.8
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
    """61 columns: 1,830 pairs, more than a page keeps."""
    rng = np.random.default_rng(7)
    n = 70

    def table(spread: float) -> pd.DataFrame:
        values = rng.normal(size=(n, 61)) + spread * rng.normal(size=(n, 1))
        return pd.DataFrame(values, columns=[f"measurement {i:02d}" for i in range(61)])

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
