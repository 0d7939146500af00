"""Every registered family, built-in or installed, passes the public battery."""

from __future__ import annotations

import pytest

from synthhealth.models import available
from synthhealth.synthesizer import Synthesizer
from synthhealth.testing import CHECKS

# Enough steps to go through all of the code; how well a family learns is tested elsewhere.
QUICK = {
    "copula_gan": {"steps": 20},
    "ctgan": {"steps": 20},
    "tvae": {"steps": 60},
}


@pytest.mark.parametrize(
    "model",
    # CopulaGAN is CTGAN on normal scores, which the Gaussian copula has, too.
    [pytest.param(n, marks=pytest.mark.slow if n == "copula_gan" else ()) for n in available()],
)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_battery(model, check):
    check(lambda: Synthesizer(model, random_state=0, **QUICK.get(model, {})))
