"""SDMetrics' own scores are those that the library gives to whoever calls it."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sdmetrics.reports import DiagnosticReport, QualityReport

import synthhealth as sh
from synthhealth.evaluation.sdmetrics_scores import MOST_COLUMNS, SDMETRICS
from synthhealth.report.page import as_html

pytestmark = pytest.mark.usefixtures("as_for_users")


def judged(real, synthetic):
    return sh.evaluate(real, synthetic, parts=["sdmetrics"])


def test_they_are_those_of_the_library(cohort):
    real, synthetic = (
        cohort[["age", "crp", "sex", "esr"]],
        cohort.head(40)[["age", "crp", "sex", "esr"]],
    )
    report = judged(real, synthetic)
    types = {"age": "numerical", "crp": "numerical", "sex": "categorical", "esr": "numerical"}
    metadata = {"tables": {"x": {"columns": {n: {"sdtype": t} for n, t in types.items()}}}}
    scores = report.evaluation.others[SDMETRICS.name]
    for name, theirs in (("quality", QualityReport()), ("diagnostic", DiagnosticReport())):
        theirs.generate({"x": real}, {"x": synthetic}, metadata, verbose=False)
        assert scores[name] == pytest.approx(theirs.get_score(), rel=1e-3)
    assert (scores["n_real"], scores["n_synthetic"]) == (61, 40)
    for written in (report.to_markdown(), as_html(report.data)):
        assert "As SDV would score it" in written
        assert "Column Pair Trends" in written


def test_a_copy_is_perfect_to_it_and_its_verdict_is_not_used(cohort):
    report = sh.evaluate(cohort, cohort, parts=["sdmetrics", "copying"], real_is="training")
    assert report.evaluation.others[SDMETRICS.name]["quality"] == 1.0
    assert report.evaluation.judgement.verdict == "copied"


def test_one_column_has_no_pair(cohort):
    report = judged(cohort[["age"]], cohort[["age"]].head(40))
    assert "| Column Pair Trends | – |" in report.to_markdown()
    scores = report.evaluation.others[SDMETRICS.name]
    assert scores["column_pair_trends"] is None
    assert scores["column_shapes"] > 0.8


def test_dates_gaps_and_groups_are_scored_without_a_warning():
    rng = np.random.default_rng(0)

    def table(n):
        return pd.DataFrame(
            {
                "visit": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
                "crp": np.where(rng.random(n) < 0.2, np.nan, rng.gamma(2, 5, n)),
                "stage": pd.Categorical(rng.choice(["I", "II"], n), ordered=True),
                "smoker": pd.array(rng.random(n) < 0.3, dtype="boolean"),
            }
        )

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluation = judged(table(80), table(90)).evaluation
    assert not [gap for gap in evaluation.not_computed if gap.what == SDMETRICS.name]
    assert evaluation.others[SDMETRICS.name]["quality"] > 0.7


def test_of_very_many_columns_it_is_said_why_not():
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(30, MOST_COLUMNS + 1)))
    wide.columns = [f"x{place}" for place in wide.columns]
    evaluation = judged(wide, wide.head(20)).evaluation
    assert SDMETRICS.name not in evaluation.others
    (gap,) = [gap for gap in evaluation.not_computed if gap.what == SDMETRICS.name]
    assert "takes minutes" in gap.reason
