"""The simulated tables that the tests of this room share."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import pandas as pd

from synthhealth.schema import (
    Column,
    Demographics,
    Range,
    ReferenceRange,
    Schema,
)

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


CENTRES = [f"centre {letter}" for letter in "abcdefghijkl"]
CENTRE_SHARES = np.array([30, 20, 12, 8, 8, 6, 5, 4, 3, 2, 1, 1]) / 100


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
            "centre": rng.choice(CENTRES, n, p=CENTRE_SHARES),
        }
    )
    table.loc[rng.random(n) < 0.12, "crp"] = np.nan
    table.loc[rng.random(n) < 0.05, "sex"] = None
    table.attrs["units"] = {"crp": "mg/L", "esr": "mm/h", "age": "years"}
    return table


CLINIC = Schema(
    columns=(
        Column(name="patient", kind="identifier", protection="fake", identifier="record number"),
        Column(name="seen", kind="datetime", identifier="date", protection="generalise"),
        Column(name="age", kind="count", unit="a"),
        Column(name="sex", kind="nominal"),
        Column(
            name="haemoglobin",
            kind="continuous",
            unit="g/dL",
            plausible=Range(low=1.5, high=27),
            reference=(
                ReferenceRange(low=11.7, high=15.3, sex="female"),
                ReferenceRange(low=13.4, high=17.0, sex="male"),
            ),
        ),
        Column(name="platelets", kind="count", unit="10*9/L", plausible=Range(low=1, high=3000)),
        Column(
            name="crp",
            kind="continuous",
            unit="mg/L",
            plausible=Range(low=0, high=600),
            reference=(ReferenceRange(high=5.0, source="a guideline"),),
        ),
        Column(name="neutrophils", kind="continuous", unit="10*9/L"),
        Column(name="wbc", kind="continuous", unit="10*9/L"),
        Column(name="outcome", kind="nominal", role="outcome"),
    ),
    demographics=Demographics(sex="sex", female="F", male="M", age="age"),
    rules=("neutrophils <= wbc",),
)


def make_clinic(n: int, seed: int) -> pd.DataFrame:
    """Simulate a table as a hospital has it: codes, limits, gaps that mean something."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["F", "M"], n, p=[0.7, 0.3])
    crp = rng.lognormal(1.5, 1.2, n)
    wbc = rng.lognormal(1.9, 0.3, n).round(2)
    table = pd.DataFrame(
        {
            "patient": [f"RA-{number}" for number in rng.permutation(90_000)[:n] + 10_000],
            "seen": pd.Timestamp("2016-01-01") + pd.to_timedelta(rng.integers(0, 2_500, n), "D"),
            "age": rng.integers(18, 88, n),
            "sex": sex,
            "haemoglobin": rng.normal(np.where(sex == "F", 12.4, 13.9), 1.4).round(1),
            "platelets": rng.normal(270, 70, n).clip(20).round().astype(int),
            "crp": [f"<{0.8:g}" if value < 0.8 else f"{value:.1f}" for value in crp],
            "neutrophils": (wbc * rng.uniform(0.4, 0.8, n)).round(2),
            "wbc": wbc,
            "outcome": rng.choice(["remission", "active", "lost"], n, p=[0.5, 0.4, 0.1]),
        }
    )
    table.loc[rng.random(n) < 0.15, ["neutrophils", "wbc"]] = np.nan
    table.loc[(crp < 3) & (rng.random(n) < 0.5), "platelets"] = np.nan
    return table
