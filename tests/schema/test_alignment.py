from __future__ import annotations

import numpy as np
import pytest

from synthhealth.table.limits import Alignment


@pytest.fixture
def drawn() -> np.ndarray:
    return np.random.default_rng(0).normal(10, 4, 20_000)


def test_the_share_beyond_an_end_is_the_wanted_one(drawn):
    """The map is learned on these draws, so that only rounding is left."""
    alignment = Alignment.learn(drawn, low=(0.0, 0.3), high=(15.0, 0.02))
    mapped = alignment.apply(drawn)
    assert abs((mapped < 0).mean() - 0.3) < 1e-3
    assert abs((mapped > 15).mean() - 0.02) < 1e-3
    order = np.argsort(drawn)
    assert (np.diff(mapped[order]) >= 0).all()
    # The middle of the values between stays where it is.
    between = (drawn > np.quantile(drawn, 0.3)) & (drawn < np.quantile(drawn, 0.98))
    assert np.median(mapped[between]) == pytest.approx(np.median(drawn[between]), abs=0.01)


@pytest.mark.parametrize(
    "ends", [{}, {"low": (5.0, 1.0)}, {"low": (30.0, 0.2)}, {"low": (5, 0.6), "high": (6, 0.6)}]
)
def test_what_cannot_be_aligned_is_left_alone(drawn, ends):
    assert Alignment.learn(drawn, **ends) == Alignment()
    assert (Alignment().apply(drawn) == drawn).all()


def test_plain_data(drawn):
    alignment = Alignment.learn(drawn, low=(0.0, 0.3))
    assert Alignment.model_validate_json(alignment.model_dump_json()) == alignment
