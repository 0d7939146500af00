"""Whole evaluations against scipy and sdmetrics; where sdmetrics is fooled, and ours is not.

The laws behind the figures are held against scipy in the tests of their modules.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity
from sdmetrics.reports import QualityReport
from sdmetrics.single_column import KSComplement, TVComplement
from sdmetrics.single_table import DCRBaselineProtection, LogisticDetection
from sklearn.metrics import roc_auc_score

from synthhealth.evaluation import Evaluation
from synthhealth.evaluation import evaluate_tables as evaluate_all
from synthhealth.evaluation.rounding import mean_error, rounding_step
from synthhealth.evaluation.rows.auc import areas
from synthhealth.evaluation.scope import Part

EXACT = 1e-12
NUMERICAL = ["crp", "esr", "haemoglobin", "albumin"]
CATEGORICAL = ["stage", "erosive", "clinic"]


def evaluate_tables(
    real: pd.DataFrame, synthetic: pd.DataFrame, *parts: Part, **options: Any
) -> Evaluation:
    """Judge columns, pairs and missing values, and only the named parts beside them."""
    return evaluate_all(real, synthetic, parts=parts, **options)


@pytest.fixture(scope="module")
def real(draw_cohort) -> pd.DataFrame:
    return draw_cohort(150, 1)


@pytest.fixture(scope="module")
def synthetic(draw_cohort) -> pd.DataFrame:
    return draw_cohort(200, 2)


@pytest.fixture(scope="module")
def result(real, synthetic) -> Evaluation:
    return evaluate_tables(real, synthetic)


def metadata_of(table: pd.DataFrame) -> dict[str, Any]:
    kinds = {
        name: "numerical" if column.dtype == np.float64 else "categorical"
        for name, column in table.items()
    }
    columns = {name: {"sdtype": kind} for name, kind in kinds.items()}
    return {"tables": {"patients": {"columns": columns}}, "relationships": []}


def pair_trends(real: pd.DataFrame, synthetic: pd.DataFrame) -> pd.Series:
    """Give the scores of sdmetrics' quality report, one per pair of columns."""
    report = QualityReport()
    tables = {"patients": real}, {"patients": synthetic}
    report.generate(*tables, metadata_of(real), verbose=False)
    return report.get_details("Column Pair Trends", table_name="patients")["Score"]


# Where they are right, ours agree


@pytest.mark.parametrize("name", NUMERICAL)
def test_numerical_columns(name, result, real, synthetic):
    ours = next(one for one in result.numerical if one.column == name)
    known = real[name].dropna(), synthetic[name].dropna()
    theirs = stats.ks_2samp(*known, method="exact" if ours.p_method == "exact" else "asymp")
    assert ours.ks_complement == pytest.approx(KSComplement.compute(*known), abs=EXACT)
    assert ours.ks_statistic == pytest.approx(theirs.statistic, abs=EXACT)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=EXACT)
    step = rounding_step(mean_error(known[0].to_numpy(dtype=float)))
    theirs_too = stats.wasserstein_distance(*known)
    assert ours.wasserstein == pytest.approx(theirs_too, abs=step / 2 * (1 + EXACT))


@pytest.mark.parametrize("name", CATEGORICAL)
def test_categorical_columns(name, result, real, synthetic):
    ours = next(one for one in result.categorical if one.column == name)
    known = real[name].dropna(), synthetic[name].dropna()
    counts = pd.DataFrame([one.value_counts() for one in known])
    assert ours.tv_complement == pytest.approx(TVComplement.compute(*known), abs=EXACT)
    assert ours.p_method == "chi-squared"
    theirs = stats.chi2_contingency(counts, correction=False)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=EXACT)


def test_pairs_of_numbers(result, real, synthetic):
    pairs = [pair for pair in result.pairs if pair.measure == "spearman"]
    assert len(pairs) == 6
    for pair in pairs:
        names = [pair.first, pair.second]
        theirs = CorrelationSimilarity.compute_breakdown(
            real[names], synthetic[names], coefficient="Spearman"
        )
        assert pair.real == pytest.approx(theirs["real"], abs=EXACT)
        assert pair.synthetic == pytest.approx(theirs["synthetic"], abs=EXACT)
        assert 1 - pair.difference / 2 == pytest.approx(theirs["score"], abs=EXACT)
        known = real[names].dropna()
        assert pair.real == pytest.approx(stats.spearmanr(*known.to_numpy().T)[0], abs=EXACT)


def test_pairs_of_levels(result, real, synthetic):
    pairs = [pair for pair in result.pairs if pair.measure == "cramers_v"]
    assert len(pairs) == 3
    for pair in pairs:
        for table, ours in ((real, pair.real), (synthetic, pair.synthetic)):
            counts = pd.crosstab(table[pair.first], table[pair.second]).to_numpy()
            assert ours == pytest.approx(stats.contingency.association(counts), abs=EXACT)


def test_pairs_of_numbers_and_levels(result, real):
    pairs = [pair for pair in result.pairs if pair.measure == "correlation_ratio"]
    assert len(pairs) == 12
    for pair in pairs:
        number, level = sorted((pair.first, pair.second), key=CATEGORICAL.count)
        known = real[[number, level]].dropna()
        groups = [group[number] for _, group in known.groupby(level)]
        degrees = len(groups) - 1, len(known) - len(groups)
        share = pair.real**2
        f_statistic = share / degrees[0] / ((1 - share) / degrees[1])
        assert f_statistic == pytest.approx(stats.f_oneway(*groups).statistic, rel=1e-9)


def test_the_area_that_tells_two_tables_apart():
    rng = np.random.default_rng(0)
    labels = np.repeat([False, True], [40, 70])
    scores = np.round(rng.normal(size=(20, 110)) + 0.5 * labels, 1)  # with ties
    ours = areas(scores, np.tile(labels, (20, 1)))
    assert ours == pytest.approx([roc_auc_score(labels, row) for row in scores], abs=EXACT)


# Where they are fooled


def test_a_perfect_generator_is_not_told_apart():
    """sdmetrics' detection lifts areas below one half to it: chance always counts against."""
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame(rng.normal(size=(61, 4)), columns=NUMERICAL) for _ in range(12)]
    np.random.seed(0)  # where its folds come from
    theirs = [LogisticDetection.compute(*pair) for pair in zip(tables[:6], tables[6:], strict=True)]
    assert 0.8 < np.mean(theirs) < 0.97
    labels = np.tile(np.repeat([False, True], 61), (500, 1))
    ours = areas(rng.normal(size=labels.shape), labels)
    # The mean of 500 areas has a standard deviation of 0.0024: false alarm in 1 of 20,000 seeds.
    assert abs(ours.mean() - 0.5) < 0.01
    assert np.mean(2 * np.maximum(ours, 0.5) - 1) > 0.03


def test_another_scale_is_no_trend_kept(draw_cohort):
    """sdmetrics sorts the values of either table into bins of its own, and ranks know no scale."""
    real = draw_cohort(200, 3)[["crp", "haemoglobin", "stage"]]
    moved = real.assign(crp=100 * real["crp"] + 7000, haemoglobin=100 * real["haemoglobin"] + 7000)
    assert (pair_trends(real, moved).dropna() > 1 - EXACT).all()
    ours = evaluate_tables(real, moved)
    verdicts = {one.column: one.state for one in ours.numerical}
    assert verdicts == {"crp": "worse", "haemoglobin": "worse"}
    assert [one.ks_complement for one in ours.numerical] == [0.0, 0.0]
    assert set(ours.judgement.poor_columns) == {"crp", "haemoglobin"}
    assert ours.judgement.verdict == "poor"


def test_missing_values_are_not_dropped_in_silence(draw_cohort):
    real, synthetic = draw_cohort(200, 5), draw_cohort(200, 6)
    lost = np.random.default_rng(0).random(len(synthetic)) < 0.6
    synthetic["crp"] = synthetic["crp"].mask(lost)
    synthetic["stage"] = synthetic["stage"].mask(lost)
    assert KSComplement.compute(real["crp"], synthetic["crp"]) > 0.85
    assert TVComplement.compute(real["stage"], synthetic["stage"]) > 0.85
    ours = evaluate_tables(real, synthetic)
    gaps = {gap.column: gap.rows for gap in ours.missing_values.columns}
    for name in ("crp", "stage"):
        assert gaps[name].real.share == 0.0
        assert gaps[name].synthetic.share == pytest.approx(0.6, abs=0.1)
    assert "missing_patterns" in ours.judgement.poor


def test_numbers_far_below_one_are_not_rounded_away():
    """sdmetrics rounds to 14 decimals: of amounts in moles nothing is left."""
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"interleukin_6": rng.lognormal(size=200) * 1e-16})
    synthetic = pd.DataFrame({"interleukin_6": rng.normal(9, 1, size=200) * 1e-16})
    assert KSComplement.compute(real["interleukin_6"], synthetic["interleukin_6"]) == 1.0
    ours = evaluate_tables(real, synthetic).numerical[0]
    assert ours.ks_complement < 0.1
    assert ours.state == "worse"


def test_one_extreme_patient_makes_no_correlation():
    """Pearson's correlation, sdmetrics' default, is that of the extreme alone."""
    rng = np.random.default_rng(0)
    crp = rng.normal(size=300)
    real = pd.DataFrame({"crp": crp, "esr": crp + 0.3 * rng.normal(size=300)})
    synthetic = pd.DataFrame(rng.normal(size=(300, 2)), columns=["crp", "esr"])
    for table in (real, synthetic):
        table.loc[0] = [1e6, 1e6]
    assert CorrelationSimilarity.compute(real, synthetic) > 0.999
    ours = evaluate_tables(real, synthetic)
    assert ours.pairs[0].difference > 0.8
    score = ours.overall.dependence_difference
    assert score.value > score.floor.high


def test_weak_relations_count_too():
    """sdmetrics' report leaves out pairs that are weak in the real table, made up or not."""
    rng = np.random.default_rng(0)
    real = pd.DataFrame(rng.normal(size=(300, 2)), columns=["crp", "esr"])
    both = rng.normal(size=300)
    synthetic = pd.DataFrame({"crp": both, "esr": both + 0.3 * rng.normal(size=300)})
    assert pair_trends(real, synthetic).isna().all()
    assert evaluate_tables(real, synthetic).pairs[0].difference > 0.8


def test_shared_levels_say_nothing_of_dependence():
    """ContingencySimilarity scores the margins: no relation at all passes for a kept one."""
    rng = np.random.default_rng(0)
    first = rng.random(2000) < 0.02
    real = pd.DataFrame({"erosive": first, "biologic": first})
    synthetic = real.assign(biologic=rng.permutation(real["biologic"]))
    assert ContingencySimilarity.compute(real, synthetic) > 0.94
    assert evaluate_tables(real, synthetic).pairs[0].difference > 0.9


def test_a_quarter_of_copied_patients_is_copying(draw_cohort, monkeypatch):
    """sdmetrics compares median distances, which a quarter of the rows cannot move."""
    real, synthetic = draw_cohort(200, 7)[NUMERICAL], draw_cohort(200, 8)[NUMERICAL]
    real, synthetic = real.dropna(), synthetic.dropna()
    copied = synthetic.copy()
    copied.iloc[: len(copied) // 4] = real.iloc[: len(copied) // 4].to_numpy()
    monkeypatch.setattr(DCRBaselineProtection, "_seed", 0)  # of the random table it compares with
    clean, fooled = (
        DCRBaselineProtection.compute(real, table, metadata_of(real), "patients")
        for table in (synthetic, copied)
    )
    assert fooled > 0.75 * clean
    ours = evaluate_tables(real, copied, "copying", real_is="training")
    assert ours.judgement.verdict == "copied"
    assert ours.judgement.copying
    ours = evaluate_tables(real, synthetic, "copying", real_is="training")
    assert not ours.judgement.copying
