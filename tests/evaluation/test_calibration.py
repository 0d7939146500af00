"""Verdicts: tails of replicated figures, blindness, adjustment, the conclusion."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from threadpoolctl import threadpool_info, threadpool_limits

import synthhealth as sh
from synthhealth.artifact.saving import read_manifest
from synthhealth.errors import NotFittedError, ParameterError, TableError
from synthhealth.evaluation import evaluate_tables
from synthhealth.evaluation.calibration import Replicates, Unjudged, state_of
from synthhealth.evaluation.null_bands import KSNull
from synthhealth.evaluation.scope import PARTS
from synthhealth.report.page import as_html


def cohort(n, seed):
    return sh.datasets.load_ra_panel(n, random_state=seed)


def test_tails_count_the_replicates():
    null = Replicates(np.arange(1.0, 100.0), "resampled")
    assert null.tails(50.0) == (0.51, 0.51)
    assert null.band.mean == 50.0


def test_tails_beyond_the_replicates_follow_the_fitted_law():
    values = np.random.default_rng(0).normal(size=400)
    at_most, at_least = Replicates(values, "permuted").tails(4.5)
    assert at_most == 1.0
    assert 1e-8 < at_least < 1e-3


def test_tails_of_a_constant_law():
    null = Replicates(np.ones(200), "permuted")
    assert null.tails(1.0) == (1.0, 1.0)
    assert null.tails(0.5) == (1 / 201, 1.0)


@pytest.mark.parametrize(("n", "m"), [(61, 61), (61, 200), (7, 400), (2_000, 1_000)])
def test_tails_of_the_ks_score_are_those_of_scipy(n, m):
    """The limit law differs from the exact one by less than 0.02."""
    rng = np.random.default_rng(0)
    result = stats.ks_2samp(rng.normal(size=n), rng.normal(size=m), method="exact")
    at_most, at_least = KSNull(n, m).tails(1 - result.statistic)
    assert at_most == pytest.approx(result.pvalue, abs=0.02)
    assert 1 <= at_most + at_least + 0.02 <= 1.25


def test_a_figure_that_would_pass_a_shuffle_is_blind():
    null = Replicates(np.random.default_rng(0).normal(size=400), "permuted")
    about = {"poor_side": "high", "assumption": "none"}
    near = Unjudged.of("a", "joint", 0.0, null, **about, shuffled=null.band)
    assert near.blind
    assert near.judged(1.0, 1.0).state == "uncertain"
    far, wrong = (null.band.model_copy(update={"mean": mean}) for mean in (9.0, -9.0))
    assert not Unjudged.of("a", "joint", 0.0, null, **about, shuffled=far).blind
    assert Unjudged.of("a", "joint", 0.0, null, **about, shuffled=wrong).blind
    assert not Unjudged.of("a", "copying", 0.0, null, **about, copy_of_real=wrong).blind


def test_states_have_an_order():
    assert state_of(0.05, is_outside=True, is_blind=True, is_copied=True) == "worse"
    assert state_of(0.06, is_outside=True, is_blind=True, is_copied=True) == "copied"
    assert state_of(0.06, is_outside=True, is_blind=False) == "uncertain"
    assert state_of(0.06, is_outside=False, is_blind=True) == "uncertain"
    assert state_of(0.06, is_outside=False, is_blind=False) == "as good"


def test_a_shifted_column_is_named():
    real, new = cohort(200, 0), cohort(200, 1)
    new["haemoglobin"] += real["haemoglobin"].std()
    judged = evaluate_tables(real, new).judgement
    assert judged.verdict == "poor"
    assert judged.poor_columns == ("haemoglobin",)


def test_a_rescaled_column_is_named():
    """SDMetrics' pair trends score x -> 100x + 7000 as perfect."""
    real, new = cohort(61, 0), cohort(61, 1)
    new["crp"] = 100 * new["crp"] + 7000
    assert evaluate_tables(real, new).judgement.poor_columns == ("crp",)


def test_five_patients_tell_nothing():
    real, new = cohort(5, 0), cohort(5, 1)
    judged = evaluate_tables(real, new)
    columns = (*judged.numerical, *judged.categorical)
    assert {column.state for column in columns} == {"uncertain"}
    assert judged.judgement.verdict == "cannot tell"


FAILURES = {
    "marginals": ("columns._numerical_result", "all figures of the column", "age"),
    "pairs": ("pairs.compare_pairs", "dependence", None),
    "missing values": ("missing.compare_missing_values", "missing values", None),
    "boosting": ("rows.compare.try_boosting", "gradient boosting", None),
    "regression": ("rows.compare.try_logistic", "logistic regression", None),
    "propensity": ("rows.compare.fit_propensity", "propensity scores", None),
    "support": ("rows.compare.compare_support", "precision and recall", None),
    "rows": ("rows.compare._cases", "whole rows", None),
    "copies": ("copying._identical", "identical rows", None),
    "near": ("copying._near", "near rows", None),
    "coverage": ("coverage._categorical", "coverage", "sex"),
    "group": ("subgroups._compare", "subgroups", "sex: F"),
    "outcome": ("utility.compare._predict", "utility", "haemoglobin"),
    "outcomes": ("utility.compare.set_up", "utility", None),
    "references": ("references.compare_references", "reference ranges", None),
    "ranges": ("clinical.compare_ranges", "ranges", None),
}


@pytest.fixture(scope="module")
def sound():
    return few_columns_judged().evaluation


def few_columns_judged(parts=PARTS):
    real, new = (cohort(61, seed)[["sex", "age", "haemoglobin", "crp", "esr"]] for seed in (0, 1))
    return sh.evaluate(real, new, outcomes=["haemoglobin"], parts=parts)


#: What takes long is computed where it is to fail.
LONG = {"rows": "joint", "utility": "utility"}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_fails_is_named_and_the_rest_is_there(failure, sound, monkeypatch):
    def fail(*_, **__):
        raise ValueError("the cell 'Mrs Smith' is odd")

    place, what, column = FAILURES[failure]
    monkeypatch.setattr(f"synthhealth.evaluation.{place}", fail)
    left_out = {part for room, part in LONG.items() if not place.startswith(room)} | {"sdmetrics"}
    result = few_columns_judged([part for part in PARTS if part not in left_out])
    gaps = {(gap.what, gap.column): gap.reason for gap in result.evaluation.not_computed}
    assert "unexpected ValueError in fail" in gaps[what, column]
    assert "Smith" not in result.data.model_dump_json()
    assert {gap for gap, _ in gaps} <= {what, "dependence", *(g.what for g in sound.not_computed)}
    assert len(result.evaluation.metrics) >= 4
    assert result.evaluation.judgement.verdict in ("good", "poor", "cannot tell")
    assert f"- {what}" in result.to_markdown()
    assert what in as_html(result.data)


def test_where_every_column_fails_there_is_an_error(monkeypatch):
    def fail(*_):
        raise ValueError("the cell 'Mrs Smith' is odd")

    for kind in ("numerical", "categorical"):
        monkeypatch.setattr(f"synthhealth.evaluation.columns._{kind}_result", fail)
    with pytest.raises(TableError, match="no column of the two tables can be compared") as error:
        evaluate_tables(cohort(61, 0), cohort(61, 1))
    assert "Smith" not in str(error.value)


def test_figures_do_not_depend_on_threads():
    real, new = (cohort(n, n)[["age", "crp", "esr", "haemoglobin", "sex"]] for n in (61, 300))
    expected = evaluate_tables(real, new, outcomes=["crp"])
    with joblib.parallel_config(backend="sequential"):
        assert evaluate_tables(real, new, outcomes=["crp"]) == expected
    with threadpool_limits(1):
        assert evaluate_tables(real, new, outcomes=["crp"]) == expected
    limits = [library["num_threads"] for library in threadpool_info()]
    with threadpool_limits(2):
        assert evaluate_tables(real, new, outcomes=["crp"]) == expected
    assert [library["num_threads"] for library in threadpool_info()] == limits


# Cross-validation


FEW = ["sex", "age", "crp", "creatinine"]


def test_cross_evaluation_judges_every_patient_once():
    real = cohort(61, 0)[FEW]
    report = sh.Synthesizer("gaussian_copula", random_state=0).cross_evaluate(real, k=3)
    evaluation = report.evaluation
    assert (evaluation.real_is, evaluation.n_folds) == ("cross-validated", 3)
    assert (evaluation.n_real, evaluation.n_synthetic) == (61, 61)
    assert (evaluation.n_training, evaluation.n_unseen) == (41, 21)
    assert "nearer_to_learned" in {metric.name for metric in evaluation.metrics}
    assert report.summary()


def test_cross_evaluation_repeats_itself():
    real = cohort(61, 0)[FEW]
    first, second = (
        sh.Synthesizer("gaussian_copula", random_state=4).cross_evaluate(real, k=2)
        for _ in range(2)
    )
    assert first.evaluation == second.evaluation


def test_a_written_table_stands_beside_the_further_fits(tmp_path):
    real = cohort(61, 0)[FEW]
    model = sh.Synthesizer("gaussian_copula", random_state=4)
    with pytest.raises(NotFittedError):
        model.cross_evaluate(real, written=real)
    fake = model.fit(real).sample(200)
    report = model.cross_evaluate(real, 2, written=fake)
    assert report.written == model.evaluate(None, fake).evaluation
    assert (report.written.n_synthetic, report.evaluation.n_synthetic) == (200, 61)
    assert "200 synthetic against\n      61 real rows" in as_html(report.data)
    told = report.summary(verbose=True).replace("\n  ", " ")
    assert "The table that was written has 200 rows" in told
    model.save(tmp_path / "ra.synth", report=report)
    assert read_manifest(tmp_path / "ra.synth").report.n_synthetic == 200

    copied = model.cross_evaluate(real, 2, written=real)
    assert copied.evaluation == report.evaluation
    assert copied.data.conclusion.verdict == "copied"


def test_a_large_table_is_divided_once():
    real = cohort(100, 0)[FEW]
    report = sh.Synthesizer("gaussian_copula", random_state=4).cross_evaluate(real, 5, n_fits=1)
    evaluation = report.evaluation
    assert (evaluation.real_is, evaluation.n_folds) == ("holdout", None)
    assert (evaluation.n_real, evaluation.n_synthetic, evaluation.n_training) == (20, 80, 80)
    with pytest.raises(ParameterError, match="n_fits"):
        sh.Synthesizer("gaussian_copula").cross_evaluate(real, 5, n_fits=0)


@pytest.mark.parametrize("k", [0, 1, 31, 2.5, True])
def test_numbers_of_parts_that_make_no_sense(k):
    with pytest.raises(ParameterError):
        sh.Synthesizer("gaussian_copula").cross_evaluate(cohort(61, 0), k=k)


def test_levels_rare_in_one_part_only():
    real = cohort(60, 0)[FEW]
    real["ward"] = pd.Series(["A"] * 47 + ["B"] * 7 + ["C"] * 6)
    report = sh.Synthesizer("gaussian_copula", random_state=0).cross_evaluate(real, k=3)
    assert "ward" in {column.column for column in report.evaluation.categorical}


def test_holdout_and_training_exclude_each_other():
    real = cohort(61, 0)
    with pytest.raises(ParameterError, match="not both"):
        sh.evaluate(real, real, holdout=real, training=real)
    with pytest.raises(ParameterError, match="real_is is 'holdout'"):
        sh.evaluate(real, real, holdout=real, real_is="holdout")
