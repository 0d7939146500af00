"""Missing values: known truths of the three figures, agreement with plain definitions, privacy."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from synthhealth.evaluation import evaluate_tables as evaluate_all
from synthhealth.evaluation.dependence import Levels, Table, dependence
from synthhealth.evaluation.matching import match_columns
from synthhealth.evaluation.missing import Values, compare_missing_values, missing_dependence
from synthhealth.evaluation.tables import read_tables
from synthhealth.evaluation.work import Seeds
from synthhealth.schema import Column, Schema

#: Columns, pairs and missing values; the other parts have tests of their own.
evaluate_tables = partial(evaluate_all, parts=())

SCHEMA = Schema(
    columns=(
        *(Column(name=name, kind="continuous") for name in ("crp", "alt", "ast", "urea")),
        Column(name="ward", kind="nominal"),
    )
)


def panels(n: int, seed: int) -> pd.DataFrame:
    """Two tests ordered together, most often in ward A; urea missing in patients with high CRP."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.lognormal(size=(n, 4)), columns=["crp", "alt", "ast", "urea"])
    table["ward"] = rng.choice(list("ABC"), n)
    liver = rng.random(n) < np.where(table["ward"] == "A", 0.6, 0.15)
    table.loc[liver, ["alt", "ast"]] = np.nan
    table.loc[rng.random(n) < np.where(table["crp"] > 1.5, 0.5, 0.05), "urea"] = np.nan
    return table


def missing_values(real: pd.DataFrame, synthetic: pd.DataFrame):
    columns = match_columns(read_tables(real, synthetic, SCHEMA))
    return compare_missing_values(columns, Seeds.of(0))[0]


def scores(result):
    return result.pattern_score, result.together_difference, result.dependence_difference


def test_an_independent_cohort_lies_within_the_floors():
    """20 pairs x 3 figures: within in 95 % by design, fewer than 51 once in 300 runs."""
    within = 0
    for seed in range(20):
        for score in scores(missing_values(panels(80, seed), panels(200, 1_000 + seed))):
            within += score.floor.standing(score.value) == "within"
    assert within >= 51


def test_a_copy_has_no_difference():
    real = panels(120, 0)
    result = missing_values(real, real)
    patterns, together, dependent = scores(result)
    assert (patterns.value, together.value, dependent.value) == (1.0, 0.0, 0.0)
    assert patterns.floor.standing(1.0) == "above"
    assert dependent.floor.standing(0.0) == "below"


def test_gaps_drawn_column_by_column_are_no_longer_together():
    """Each column keeps its share; what plain SDV does (0.31 -> 0.09)."""
    real, fake = panels(300, 0), panels(300, 1)
    rng = np.random.default_rng(2)
    known = fake.ffill().bfill()
    for name in ("alt", "ast", "urea"):
        known.loc[rng.permutation(fake[name].isna().to_numpy()), name] = np.nan
    result = missing_values(real, known)
    patterns, together, dependent = scores(result)
    assert patterns.floor.standing(patterns.value) == "below"
    assert together.floor.standing(together.value) == "above"
    assert dependent.floor.standing(dependent.value) == "above"
    worst = result.together[0]
    assert {worst.first, worst.second} == {"alt", "ast"}
    assert worst.rows.standing == "below"
    assert worst.rows.real.share > 2 * worst.rows.synthetic.share


def test_patterns_kept_but_dealt_to_other_patients_lose_their_dependence_alone():
    real, fake = panels(300, 0), panels(300, 1)
    gaps = fake.isna().to_numpy()
    dealt = fake.ffill().bfill().mask(gaps[np.random.default_rng(3).permutation(300)])
    patterns, together, dependent = scores(missing_values(real, dealt))
    assert patterns.floor.standing(patterns.value) != "below"
    assert together.floor.standing(together.value) != "above"
    assert dependent.floor.standing(dependent.value) == "above"
    lost = max(missing_values(real, dealt).dependence, key=lambda pair: pair.difference)
    assert (lost.missing, lost.column) in {
        ("alt", "ward"), ("ast", "ward"), ("urea", "crp")
    }  # fmt: skip


def test_shares_and_patterns_are_counted():
    real, fake = panels(200, 0), panels(100, 1)
    result = missing_values(real, fake)
    assert [gap.column for gap in result.columns] == ["alt", "ast", "urea"]
    for gap in result.columns:
        assert gap.rows.real.count == real[gap.column].isna().sum()
        assert gap.rows.synthetic.share == pytest.approx(fake[gap.column].isna().mean())
    both = (real["alt"].isna() & real["ast"].isna() & real["urea"].notna()).sum()
    found = {pattern.columns: pattern.rows.real.count for pattern in result.patterns}
    assert found[("alt", "ast")] == both
    assert found[()] == real.notna().all(axis=1).sum()
    assert result.n_patterns == 4


def test_patterns_of_few_patients_are_not_listed():
    real = panels(200, 0).assign(crp=lambda t: t["crp"].mask(np.arange(200) < 3))
    listed = missing_values(real, panels(100, 1)).patterns
    assert all(pattern.rows.real.count >= 5 for pattern in listed)
    assert not any("crp" in pattern.columns for pattern in listed)


def test_the_rank_of_a_single_patient_is_not_told():
    """With four gaps, the correlation of the mask with a column would nearly be their ranks."""
    rng = np.random.default_rng(0)
    for n_gaps, measured in ((4, False), (5, True)):
        real = pd.DataFrame({"a": rng.normal(size=50), "b": rng.normal(size=50)})
        real.loc[: n_gaps - 1, "a"] = np.nan
        result = evaluate_tables(real, real).missing_values
        assert bool(result.dependence) is measured


def test_complete_tables_have_no_missing_values():
    complete = panels(60, 0).ffill().bfill()
    assert missing_values(complete, complete) is None


def test_gaps_that_a_table_lost_or_made_up_are_found():
    real = panels(200, 0)
    complete = real.ffill().bfill()
    lost = missing_values(real, complete)
    assert lost.pattern_score.floor.standing(lost.pattern_score.value) == "below"
    assert all(pair.synthetic == 0 for pair in lost.dependence)
    made_up = missing_values(complete, real)
    assert made_up.pattern_score.value < 0.7
    assert made_up.pattern_score.floor.standing(made_up.pattern_score.value) == "below"
    assert made_up.dependence == ()
    assert made_up.dependence_difference is None


def test_one_column_with_gaps_has_no_pairs():
    real = panels(200, 0)[["crp", "urea"]]
    kinds = Schema(columns=SCHEMA.columns[0:4:3])
    result = evaluate_tables(real, real, kinds).missing_values
    assert result.together == ()
    assert result.together_difference is None


def test_dependence_is_spearman_and_cramers_v_of_the_mask():
    table = panels(300, 4)
    mask = table["urea"].isna().to_numpy()
    codes = table["ward"].map({"A": 0, "B": 1, "C": 2}).to_numpy(copy=True)
    codes[:20] = -1
    numbers = [table[name].to_numpy() for name in ("crp", "alt")]
    found = missing_dependence(mask[:, None], Values.of(numbers, [codes], [3], 300))[0]
    for place, values in enumerate(numbers):
        known = ~np.isnan(values)
        assert found[place] == pytest.approx(stats.spearmanr(mask[known], values[known])[0])
    as_levels = Table.of([], [mask.astype(np.int64), codes], (Levels(2, 2), Levels(3, 3)))
    assert found[2] == pytest.approx(dependence(as_levels)[0, 1])


def test_many_columns_with_gaps_are_counted_by_word():
    """More columns than a machine word has bits."""
    rng = np.random.default_rng(0)
    values = np.where(rng.random((60, 90)) < 0.02, np.nan, rng.normal(size=(60, 90)))
    real = pd.DataFrame(values, columns=[f"c{i:02d}" for i in range(90)])
    result = evaluate_tables(real, real).missing_values
    assert result.n_patterns == len(real.isna().drop_duplicates())
    assert result.pattern_score.value == 1.0
    assert len({pair.missing for pair in result.dependence}) <= 30


def test_the_same_seed_gives_the_same_figures():
    real, fake = panels(80, 0), panels(90, 1)
    first, second = (evaluate_tables(real, fake, SCHEMA, random_state=7) for _ in range(2))
    assert first.missing_values == second.missing_values
    other = evaluate_tables(real, fake, SCHEMA, random_state=8).missing_values
    assert other.dependence_difference.floor != first.missing_values.dependence_difference.floor
