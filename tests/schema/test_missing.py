from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthhealth.errors import ConditionError
from synthhealth.table.gaps import MissingPatterns, fill_missing

N = 600


@pytest.fixture
def values() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "sex": rng.integers(0, 2, N),
            "age": rng.normal(50, 10, N),
            "psa": rng.lognormal(size=N),
            "rf": rng.lognormal(size=N),
            "ccp": rng.lognormal(size=N),
        }
    )


@pytest.fixture
def states(values) -> pd.DataFrame:
    """PSA in one sex only; rf and ccp missing together, with two ways to be missing."""
    rng = np.random.default_rng(1)
    panel = np.where(rng.random(N) < 0.3, rng.integers(1, 3, N), 0)
    psa = (values["sex"] == 0).astype(int)
    return pd.DataFrame({"psa": psa, "rf": panel, "ccp": panel, "age": 0}, dtype=np.int8)


def learned(states: pd.DataFrame, values: pd.DataFrame, **more) -> MissingPatterns:
    return MissingPatterns.learn(states, values, np.random.default_rng(7), **more)


def test_patterns_come_back_whole_and_where_they_belong(values, states):
    patterns = learned(states, values)
    assert patterns.columns == ("psa", "rf", "ccp")
    fresh = values.sample(5_000, replace=True, random_state=2, ignore_index=True)
    drawn = patterns.draw(fresh, np.random.default_rng(3))
    assert ((drawn[:, 0] > 0) == (fresh["sex"] == 0)).all()
    assert (drawn[:, 1] == drawn[:, 2]).all()
    # 4 standard errors: a false alarm once in 16,000.
    for state in (1, 2):
        share = (states["rf"] == state).mean()
        error = 4 * np.sqrt(share * (1 - share) * (1 / N + 1 / 5_000))
        assert abs((drawn[:, 1] == state).mean() - share) < error


def test_calibration_keeps_the_rates_of_a_model_that_shifts_the_groups(values, states):
    """A model that draws other shares of a group than there were must not shift the rates."""
    rng = np.random.default_rng(5)
    often_old = pd.DataFrame(
        {"psa": 0, "rf": (values["age"] > 60) & (rng.random(N) < 0.8), "ccp": 0}
    ).astype(np.int8)
    patterns = learned(often_old, values)
    older = values.assign(age=values["age"] + 4).sample(
        10_000, replace=True, random_state=1, ignore_index=True
    )
    share = (often_old["rf"] > 0).mean()
    shifted = (patterns.draw(older, np.random.default_rng(0)) > 0).mean()
    assert shifted > share + 0.05
    calibrated = patterns.calibrated(older)
    drawn = calibrated.draw(older, np.random.default_rng(0))[:, 0] > 0
    assert abs(drawn.mean() - share) < 0.02
    # Still mostly the old, and nobody of the young.
    assert drawn[older["age"] < 55].mean() < 0.02 < 0.3 < drawn[older["age"] > 65].mean()


def test_plain_data(values, states):
    patterns = learned(states, values).calibrated(values)
    assert MissingPatterns.model_validate_json(patterns.model_dump_json()) == patterns


def test_a_complete_table(values, states):
    patterns = learned(states * 0, values)
    assert patterns.calibrated(values) == patterns
    assert patterns.draw(values, np.random.default_rng(0)).shape == (N, 0)


def test_known_gaps(values, states):
    patterns = learned(states, values)
    rng = np.random.default_rng(0)
    drawn = patterns.draw(values, rng, known={"rf": True, "psa": False})
    assert (drawn[:, 1] > 0).all()
    assert (drawn[:, 0] == 0).all()
    patterns.check({"rf": True, "ccp": True})
    with pytest.raises(ConditionError, match="hardly ever missing"):
        patterns.check({"rf": True, "ccp": False})
    with pytest.raises(ConditionError, match="age"):
        patterns.check({"age": True})


def fingerprints_of(seed: int) -> pd.DataFrame:
    """Thirty columns in five panels, of which single tests were not done: hardly two are alike.

    The second panel is missing where the first one is, but for one patient in ten.
    """
    rng = np.random.default_rng(seed)
    panels = rng.random((N, 5)) < 0.3
    panels[:, 1] = np.where(rng.random(N) < 0.9, panels[:, 0], panels[:, 1])
    single = rng.random((N, 30)) < 0.2
    columns = [f"test_{number}" for number in range(30)]
    return pd.DataFrame(np.repeat(panels, 6, axis=1) | single, columns=columns).astype(np.int8)


@pytest.fixture
def fingerprints() -> pd.DataFrame:
    return fingerprints_of(4)


def test_a_pattern_of_few_patients_is_not_kept(values, fingerprints):
    """It is among those drawn in its place as often as that of a patient who was not learned."""
    kept = {tuple(row) for row in learned(fingerprints, values).patterns}
    ours, theirs = (
        [tuple(row) for row in cells.drop_duplicates(keep=False).to_numpy()]
        for cells in (fingerprints, fingerprints_of(5))
    )
    assert min(len(ours), len(theirs)) > 0.8 * N
    # 4 standard errors of the difference, each share being about 0.04: once in 16,000.
    shares = [np.mean([row in kept for row in rows]) for rows in (ours, theirs)]
    assert shares[0] < shares[1] + 4 * np.sqrt(2 * 0.04 / (0.8 * N))


def test_what_stands_for_it_goes_missing_together_as_often(values, fingerprints):
    drawn = learned(fingerprints, values).draw(
        values.sample(20_000, replace=True, random_state=2, ignore_index=True),
        np.random.default_rng(3),
    )
    # 4 standard errors of the patients' share and of 1,000 patterns: of 465 pairs one is beyond
    # in 1 of 34 runs.
    ours, theirs = (
        cells.T.astype(float) @ cells / len(cells) for cells in (drawn, fingerprints.to_numpy())
    )
    error = np.sqrt(theirs * (1 - theirs) * (1 / N + 1 / 1_000))
    assert (np.abs(ours - theirs) < 4 * error).all()
    within, across = np.corrcoef(drawn[:, :12].T)[0, [1, 6]]
    expected = np.corrcoef(fingerprints.to_numpy()[:, :12].T)[0, [1, 6]]
    assert [within, across] == pytest.approx(expected, abs=0.1)


def test_rows_of_one_patient_count_once(values, fingerprints):
    mine = fingerprints.copy()
    own = fingerprints.drop_duplicates(keep=False).iloc[0]
    mine.iloc[:8] = own
    subjects = np.arange(N)
    subjects[:8] = 0
    pattern = tuple(own)
    assert pattern in learned(mine, values).patterns
    assert pattern not in learned(mine, values, subjects=subjects).patterns


def test_gaps_are_filled_with_values_of_similar_patients():
    rng = np.random.default_rng(0)
    a = rng.normal(size=N)
    table = pd.DataFrame({"a": a, "b": a + rng.normal(0, 0.3, N), "c": (a > 0).astype(int)})
    missing = pd.DataFrame({name: rng.random(N) < 0.4 for name in "bc"}).assign(a=False)
    missing = missing[["a", "b", "c"]]
    filled = table.mask(missing[["b"]].reindex(columns=list("abc"), fill_value=False))
    filled.loc[missing["c"], "c"] = -1
    fill_missing(filled, missing, ["a", "b"], np.random.default_rng(1))
    gap = missing["b"].to_numpy()
    assert np.corrcoef(filled["a"][gap], filled["b"][gap])[0, 1] > 0.8
    assert set(filled["b"][gap]) <= set(table["b"][~gap])
    assert (filled["c"] == table["c"])[missing["c"]].mean() > 0.9
    assert filled["b"][~gap].equals(table["b"][~gap])
