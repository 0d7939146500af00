"""Every registered family, built-in or installed, passes the public battery."""

from __future__ import annotations

import pandas as pd
import pytest

from synthhealth.models import about, available
from synthhealth.schema import Column, Schema
from synthhealth.synthesizer import Synthesizer
from synthhealth.testing import CHECKS

# Enough steps to go through all of the code; how well a family learns is tested elsewhere.
QUICK = {
    "autoregressive": {"steps": 20},
    "causal_gan": {"steps": 20},
    "copula_gan": {"steps": 20},
    "ctgan": {"steps": 20},
    "diffusion": {"steps": 20},
    "tvae": {"steps": 60},
}


@pytest.mark.parametrize(
    "model",
    # CopulaGAN is CTGAN on normal scores, which the Gaussian copula has, too.
    [
        pytest.param(n, marks=pytest.mark.slow if n == "copula_gan" else ())
        for n in available()
        if not about(n).is_formal
    ],
)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_battery(model, check):
    check(lambda: Synthesizer(model, random_state=0, **QUICK.get(model, {})))


def awkward_schema() -> Schema:
    """Say what the columns of `synthhealth.testing.awkward_table` can be, as one would know it."""
    first, last = (float(pd.Timestamp(day).timestamp()) for day in ("2019-12-01", "2023-01-01"))
    ranges = {
        "age": ("count", 18, 90, 0),
        "esr": ("count", 1, 150, 0),
        "crp": ("continuous", 0, 300, 2),
        "haemoglobin": ("continuous", 8, 18, 1),
        "score": ("continuous", -40, 40, 3),
        "pregnancies": ("count", 0, 12, 0),
        "visit": ("datetime", first, last, None),
        "seen": ("datetime", first, last, None),
    }
    levels = {
        "anaemic": ("boolean", (False, True)),
        "smoker": ("boolean", (False, True)),
        "stage": ("ordinal", ("mild", "moderate", "severe")),
        "site": ("nominal", ("Giza", "Cairo")),
        "sex": ("nominal", ("F", "M")),
        "therapy": ("nominal", ("mtx", "ssz", "bio")),
    }
    numbers = [
        Column(name=name, kind=kind, plausible={"low": low, "high": high}, decimals=decimals)
        for name, (kind, low, high, decimals) in ranges.items()
    ]
    others = [Column(name=name, kind=kind, levels=of) for name, (kind, of) in levels.items()]
    return Schema(columns=(*numbers, *others))


#: What a family cannot promise whose noise no seed decides, and that needs a schema of all columns;
#: what holds in their place is tested in tests/models/test_private.py.
NOT_OF_NOISE = {
    "check_seed",
    "check_refitting",
    "check_missing_values",
    "check_bad_input",
    "check_state",
}


@pytest.mark.parametrize(
    "check",
    [check for check in CHECKS if check.__name__ not in NOT_OF_NOISE],
    ids=lambda check: check.__name__,
)
def test_battery_of_the_private_family(check):
    """With hardly any noise: what is tested is the form, which must hold for any."""
    schema = awkward_schema()
    check(
        lambda: Synthesizer(
            "private", privacy="formal", epsilon=500.0, schema=schema, random_state=0
        )
    )
