"""The simulated tables that the tests of this room share."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import pandas as pd

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
