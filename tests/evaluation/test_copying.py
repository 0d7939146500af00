"""Copied rows: known truths, exact laws, and tables in which equal rows are nothing special."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.evaluation import evaluate_tables
from synthhealth.evaluation.copying import BetaBinomial, compare_copying
from synthhealth.evaluation.tables import read_tables
from synthhealth.evaluation.work import Seeds


def drafts(real, synthetic, **others):
    tables = read_tables(real, synthetic, None, **others)
    found, gaps = compare_copying(tables, Seeds.of(0))
    assert not gaps
    return {draft.name: draft for draft in found}


def cohort(n, seed):
    return sh.datasets.load_ra_panel(n, random_state=seed)


def test_a_copy_is_found_in_any_order_and_number():
    real = cohort(61, 0)
    for n in (61, 20, 300):
        copied = real.sample(n, replace=n > 61, random_state=1)
        found = drafts(real, copied)
        assert found["identical_rows"].value == 1.0
        assert found["identical_rows"].p_close < 1e-6
        assert found["near_rows"].value > 0.9
        assert found["near_rows"].p_close < 1e-6


def test_new_patients_are_no_copies():
    """A false alarm has probability 0.05 for each pair and figure; 7 or more of 40 once in 400."""
    alarms = 0
    for seed in range(20):
        found = drafts(cohort(61, seed), cohort(100, 1_000 + seed))
        alarms += sum(draft.p_close <= 0.05 for draft in found.values())
    assert alarms < 7


@pytest.mark.parametrize("n", [61, 1_000])
def test_six_copied_patients_are_enough(n):
    real, new = cohort(61, 0), cohort(n, 1)
    share = round(n / 10)
    copied = real.iloc[np.arange(share) % 61]
    judged = evaluate_tables(real, pd.concat([new.iloc[share:], copied], ignore_index=True))
    assert "identical_rows" in judged.judgement.copying
    assert judged.judgement.verdict == "copied"


def test_copies_with_a_little_noise_are_near():
    real, new = cohort(200, 0), cohort(200, 1)
    noisy = real.iloc[:60].copy()
    rng = np.random.default_rng(0)
    for name in noisy.select_dtypes("float"):
        noisy[name] += rng.normal(0, 0.02 * real[name].std(), len(noisy))
    found = drafts(real, pd.concat([new.iloc[60:], noisy], ignore_index=True))
    assert found["identical_rows"].value == 0.0
    assert found["near_rows"].p_close < 1e-6


@pytest.mark.slow
def test_rows_nearer_the_middle_of_many_columns_are_no_copies():
    """Of 20 tables without a copy at most one is called copied: 3 would be by chance in 1 of 13."""
    columns = [f"v{number}" for number in range(35)]
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        real, fake = (
            pd.DataFrame(spread * rng.normal(size=(80, 35)), columns=columns)
            for spread in (1.0, 0.85)
        )
        found.append(drafts(real, fake)["near_rows"].p_close)
    assert sum(p <= 0.05 for p in found) <= 1
    copies = pd.concat([real[:24], fake[24:]], ignore_index=True)
    assert drafts(real, copies)["near_rows"].p_close < 0.01


def test_single_precision_does_not_hide_a_copy():
    real = pd.DataFrame(np.random.default_rng(0).lognormal(size=(61, 5)), columns=list("abcde"))
    assert drafts(real, real.astype(np.float32))["identical_rows"].value == 1.0


def test_equal_rows_are_expected_where_patients_are_alike():
    """Two yes/no columns have four sorts of rows: every new patient equals a known one."""
    rng = np.random.default_rng(0)
    real, new = (
        pd.DataFrame(rng.integers(0, 2, size=(100, 2)), columns=["a", "b"]).replace(
            {0: "no", 1: "yes"}
        )
        for _ in range(2)
    )
    found = drafts(real, new)["identical_rows"]
    assert found.value == 1.0
    assert found.p_close > 0.05
    assert found.blind


def test_patients_learned_and_unseen_are_told_apart():
    """Rows near those learned stand out; new patients do not (p of 0.001 once in 1,000 seeds)."""
    learned, unseen, new = cohort(61, 0), cohort(61, 1), cohort(200, 2)
    both = {"training": learned, "unseen": unseen}
    copied = drafts(learned, learned.sample(200, replace=True, random_state=0), **both)
    assert copied["nearer_to_learned"].value == 1.0
    assert copied["nearer_to_learned"].p_close < 0.01
    assert drafts(learned, new, **both)["nearer_to_learned"].p_close > 0.001


def test_the_patients_learned_are_searched_where_they_are_not_those_compared_with():
    learned, unseen = cohort(61, 0), cohort(61, 1)
    report = sh.evaluate(unseen, learned.copy(), training=learned)
    assert report.evaluation.judgement.copying == ("identical_rows", "near_rows")
    assert report.evaluation.n_training == 61


def test_few_rows_are_not_judged():
    real = cohort(9, 0)
    found, gaps = compare_copying(read_tables(real, real, None), Seeds.of(0))
    assert not found
    assert gaps[0].reason == "fewer than 10 real patients"


def test_the_law_of_counts_is_a_law():
    null = BetaBinomial(m=50, yes=0.5, no=61.5)
    assert null.tails(0.0)[1] == 1.0
    assert null.tails(1.0)[0] == pytest.approx(1.0)
    at_most, at_least = null.tails(0.1)
    assert at_most + at_least > 1.0  # both include the value itself
    assert null.band.low == 0.0
    assert null.band.high < 0.1


def test_no_row_of_a_patient_is_in_the_result():
    real = cohort(61, 0)
    text = "".join(map(repr, drafts(real, real).values()))
    assert not any(str(value) in text for value in real["creatinine"].astype(str) if len(value) > 4)
