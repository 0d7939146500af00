"""Whom a fit leaves out: as many as the level says, by a secret that all patients together are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.errors import ParameterError
from synthhealth.table.learning import prepare
from synthhealth.table.left_out import LEFT_OUT, rows_kept


def cohort(n=60, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "crp": rng.gamma(2, 8, n).round(1),
            "hb": rng.normal(13, 1, n).round(1),
            "stage": rng.choice(["I", "II", "III"], n),
        }
    )


@pytest.mark.parametrize(("level", "n"), [("none", 60), ("standard", 48), ("high", 30)])
def test_so_many_are_learned(level, n):
    assert rows_kept(cohort(), level).sum() == n


def test_neither_the_order_of_rows_nor_a_seed_decides():
    table = cohort()
    order = np.random.default_rng(1).permutation(len(table))
    kept = rows_kept(table, "high")
    assert (rows_kept(table.iloc[order], "high") == kept[order]).all()


def test_another_patient_changes_who_is_left_out():
    """Of two tables that differ by one patient, other patients are learned: nothing cancels out."""
    table = cohort()
    once = rows_kept(table, "standard")
    more = rows_kept(pd.concat([table, cohort(1, seed=2)], ignore_index=True), "standard")[:60]
    digit = rows_kept(table.assign(hb=[table["hb"][0] + 0.1, *table["hb"][1:]]), "standard")
    assert (once != more).sum() >= 6
    assert (once != digit).sum() >= 6


def test_every_patient_is_left_out_as_often():
    """In 300 tables of 60, each of the first patients is missing in a fifth; 99.9 % interval."""
    missing = np.zeros(10)
    for seed in range(300):
        table = pd.concat([cohort(10, seed=999), cohort(50, seed=seed)], ignore_index=True)
        missing += ~rows_kept(table, "standard")[:10]
    # Ten patients: 3.7 standard deviations for each.
    assert (np.abs(missing - 60) < 3.7 * np.sqrt(300 * 0.2 * 0.8)).all()


def test_a_patients_rows_stay_together():
    table = cohort()
    subjects = np.repeat(np.arange(20), 3)
    kept = rows_kept(table, "standard", subjects).reshape(20, 3)
    assert (kept.all(axis=1) | ~kept.any(axis=1)).all()
    assert kept.all(axis=1).sum() == 16


def test_no_level_of_many_patients_is_lost():
    rng = np.random.default_rng(0)
    for seed in range(50):
        levels = np.repeat([f"L{i}" for i in range(10)], 6)
        table = cohort(seed=seed).assign(ward=rng.permutation(levels))
        assert table["ward"][rows_kept(table, "high")].nunique() == 10


def test_a_column_that_few_differ_in_stays_one_to_learn():
    for seed in range(50):
        table = cohort(seed=seed).assign(dose=[0.0] * 54 + [1.5, 2.5, 3.5, 4.5, 5.5, 6.5])
        assert table["dose"][rows_kept(table, "high")].nunique() > 1


def test_a_fit_learns_those_and_no_others():
    """A family is given the rows of those, as if there were no others."""
    table = cohort()
    schema = sh.Schema.detect(table)
    kept = rows_kept(table, "high")
    learned = [
        prepare(rows, schema, np.random.default_rng(0), level)[1].table
        for rows, level in ((table, "high"), (table[kept], "none"))
    ]
    assert len(learned[0]) == kept.sum()
    # Where a column ends all patients say.
    ends = learned[0].min(), learned[0].max()
    pd.testing.assert_frame_equal(learned[0], learned[1].clip(*ends, axis=1))


def test_where_a_column_ends_does_not_hang_on_who_is_left_out():
    """Another patient, however extreme, changes who is left out, and moves no limit by itself."""
    table = cohort()
    schema = sh.Schema.detect(table)
    extremes = [pd.DataFrame({"crp": [x], "hb": [13.0], "stage": ["I"]}) for x in (5e2, 5e3, 5e4)]
    ends = {
        prepare(
            pd.concat([table, one], ignore_index=True), schema, np.random.default_rng(0), level
        )[0]
        .form["crp"]
        .high
        for one in extremes
        for level in ("none", "standard", "high")
    }
    assert len(ends) == 1


def test_the_level_is_saved_and_shown(tmp_path):
    model = sh.Synthesizer("gaussian_copula", random_state=0, privacy="high").fit(cohort())
    again = sh.load(model.save(tmp_path / "model.synth"))
    assert again.privacy == "high"
    assert again.get_params()["privacy"] == "high"


def test_a_level_that_is_none_is_refused():
    with pytest.raises(ParameterError, match="'standard'"):
        sh.Synthesizer(privacy="medium").fit(cohort())
    assert list(LEFT_OUT) == ["none", "standard", "high", "formal"]
