"""No model gives infinite numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.errors import FitError


@pytest.fixture(scope="module")
def model() -> sh.Synthesizer:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"crp": rng.lognormal(size=60).round(1), "age": rng.integers(20, 90, 60)})
    return sh.Synthesizer("gaussian_copula", random_state=0).fit(table)


def test_a_model_of_infinite_numbers_is_refused(model, monkeypatch):
    inner = model.fitted_.model
    draw = inner._draw
    monkeypatch.setattr(inner, "_offsets", {})  # no logarithm turns the infinite finite
    monkeypatch.setattr(inner, "_draw", lambda n: draw(n).assign(crp=np.inf))
    with pytest.raises(FitError, match="infinite"):
        inner.sample(50, seed=1)


def test_infinite_rows_are_replaced(model, monkeypatch):
    inner = model.fitted_.model
    draw = inner._draw
    monkeypatch.setattr(inner, "_offsets", {})  # no logarithm turns the infinite finite
    calls = []

    def first_with_infinite(n):
        rows = draw(n)
        if not calls:
            rows.iloc[::4, 0] = np.inf
        calls.append(len(rows))
        return rows

    monkeypatch.setattr(inner, "_draw", first_with_infinite)
    rows = inner.sample(50, seed=1)
    assert calls == [50, 13]
    assert len(rows) == 50
    assert rows.index.tolist() == list(range(50))
    assert np.isfinite(rows.to_numpy(dtype=float)).all()


@pytest.mark.filterwarnings("error")
def test_a_condition_of_zero_has_a_logarithm():
    # All above zero, so that nothing is added before the logarithm, and zero is within the limits.
    crp = np.random.default_rng(0).lognormal(sigma=2.0, size=200).round(1) + 0.1
    fitted = sh.Synthesizer("gaussian_copula", random_state=0).fit(
        pd.DataFrame({"crp": crp, "esr": crp * 3})
    )
    sample = fitted.sample(20, conditions={"crp": 0.0})
    assert (sample["crp"] == 0).all()
    assert sample["esr"].median() < np.median(crp * 3)
