from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

DrawCohort = Callable[[int, int], pd.DataFrame]


def patients(n: int, seed: int) -> pd.DataFrame:
    """Patients with four correlated laboratory values and three correlated categories."""
    rng = np.random.default_rng(seed)
    covariance = np.full((7, 7), 0.6) + 0.4 * np.eye(7)
    z = rng.multivariate_normal(np.zeros(7), covariance, size=n)
    table = pd.DataFrame(
        {
            "crp": np.exp(z[:, 0]),
            "esr": np.exp(3 + 0.5 * z[:, 1]).round(),
            "haemoglobin": 12 + z[:, 2],
            "albumin": 40 + 4 * z[:, 3],
            "stage": np.array(["I", "II", "III"])[np.digitize(z[:, 4], [-0.5, 0.8])],
            "erosive": z[:, 5] > 0,
            "clinic": np.array(list("abcd"))[np.digitize(z[:, 6], [-1.2, 0, 1])],
        }
    )
    table.loc[rng.random(n) < 0.05, "albumin"] = np.nan
    table.loc[rng.random(n) < 0.05, "clinic"] = None
    return table


@pytest.fixture(scope="session")
def draw_cohort() -> DrawCohort:
    """Draw a cohort of so many patients with such a seed."""
    return patients
