"""Sentences, texts and numbers as people read them."""

from __future__ import annotations

from typing import Literal

import pytest

from synthhealth.evaluation import (
    Band,
    CategoricalResult,
    Evaluation,
    NumericalResult,
    Overall,
    PairResult,
    Score,
)
from synthhealth.report import ModelInfo, Report
from synthhealth.report._data import Missingness
from synthhealth.report._numbers import band_labels, date_text, number_text, percent
from synthhealth.report._words import (
    limit_sentences,
    shown,
    summary_sentences,
    worst_columns,
)

FLOOR = Band(mean=0.88, low=0.85, high=0.92, method="exact")
DIFFERENCE = Band(mean=0.1, low=0.08, high=0.12, method="resampled")


def number(column: str, score: float) -> NumericalResult:
    return NumericalResult(
        column=column, unit=None, n_real=61, n_synthetic=1000, missing_real=0, missing_synthetic=0,
        ks_statistic=1 - score, ks_complement=score, p_value=0.5, p_method="exact", q_value=0.5,
        wasserstein=1.0, floor=FLOOR,
    )  # fmt: skip


def level(column: str, score: float) -> CategoricalResult:
    return CategoricalResult(
        column=column, n_real=61, n_synthetic=1000, missing_real=0, missing_synthetic=0,
        n_categories=2, tv_complement=score, p_value=0.5, p_method="chi-squared", q_value=0.5,
        floor=FLOOR,
    )  # fmt: skip


def evaluation(
    *,
    ks: float | None = 0.88,
    difference: float | None = 0.1,
    numerical: tuple[NumericalResult, ...] = (number("crp", 0.88),),
    categorical: tuple[CategoricalResult, ...] = (level("sex", 0.9),),
    real_is: Literal["training", "holdout", "given"] = "given",
    n_real: int = 61,
) -> Evaluation:
    pair = PairResult(
        first="crp", second="sex", measure="correlation_ratio", real=0.1, synthetic=0.2,
        difference=0.1,
    )  # fmt: skip
    return Evaluation(
        n_real=n_real,
        n_synthetic=1000,
        real_is=real_is,
        overall=Overall(
            ks_average=None if ks is None else Score(value=ks, floor=FLOOR),
            column_average=Score(value=0.9, floor=FLOOR),
            dependence_difference=(
                None if difference is None else Score(value=difference, floor=DIFFERENCE)
            ),
        ),
        numerical=numerical,
        categorical=categorical,
        pairs=(pair,),
        not_computed=(),
    )


def told(result: Evaluation, model: ModelInfo | None = None, gap: float = 0.0) -> str:
    missing = (Missingness(column="crp", real=0.1, synthetic=0.1 + gap),)
    return "\n".join(summary_sentences(result, missing, model))


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (0.80, "below this noise floor: it differs from the real one"),
        (0.88, "within this noise floor: by this measure it cannot be told"),
        (0.95, "above this noise floor: it follows these very patients"),
    ],
)
def test_the_average_is_told_with_its_floor(score: float, words: str) -> None:
    sentence = told(evaluation(ks=score)).splitlines()[1]
    assert "KS test average" in sentence
    assert f"{score:.3f}" in sentence
    assert "0.850 to 0.920" in sentence
    assert words in sentence


def test_too_close_is_read_by_what_the_model_saw() -> None:
    fitted = told(evaluation(ks=0.95, real_is="training"))
    assert "which a model fitted to them can do without copying" in fitted
    unseen = told(evaluation(ks=0.95, real_is="holdout"))
    assert "which a model that never saw them has no reason to do" in unseen


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (0.05, "below this noise floor: the relations among these very patients are repeated"),
        (0.10, "within this noise floor"),
        (0.30, "above this noise floor: relations between columns are lost"),
    ],
)
def test_a_small_difference_of_dependence_is_good_and_a_large_one_bad(
    difference: float, words: str
) -> None:
    assert words in told(evaluation(difference=difference))


def test_worst_columns_are_named_the_furthest_below_first() -> None:
    result = evaluation(
        numerical=(number("crp", 0.7), number("esr", 0.86), number("wbc", 0.6)),
        categorical=(level("sex", 0.8),),
    )
    assert [column.column for column in worst_columns(result)] == ["wbc", "crp", "sex"]
    assert "3 of 4 columns are below their own noise floor" in told(result)
    assert "Furthest below: wbc (0.600, floor 0.850 to 0.920), crp" in told(result)
    assert "No column is below its own noise floor" in told(evaluation())


def test_many_bad_columns_are_counted() -> None:
    result = evaluation(numerical=tuple(number(f"c{i}", 0.5) for i in range(9)), categorical=())
    assert "and 4 more" in told(result)


def test_tables_without_numbers_or_categories() -> None:
    only_levels = told(evaluation(ks=None, numerical=(), difference=None))
    assert "KS" not in only_levels
    assert "The categorical column scores 0.900 on average" in only_levels
    assert "0.850 to 0.920 in 95 of 100 cases" in only_levels
    both = told(evaluation())
    assert "All 2 columns together, categories included, score 0.900 on average, within" in both
    only_numbers = told(evaluation(categorical=()))
    assert "categories included" not in only_numbers
    assert "The numerical column scores" in only_numbers


def test_what_the_real_rows_are_is_said() -> None:
    assert "those the model was trained on" in told(evaluation(real_is="training"))
    assert "the model never saw them" in told(evaluation(real_is="holdout"))
    assert "not told" in told(evaluation(real_is="given"))


def test_the_model_is_named_and_a_stopped_training_told() -> None:
    assert "made by the model ctgan." in told(evaluation(), ModelInfo(name="ctgan"))
    stopped = told(evaluation(), ModelInfo(name="ctgan", partial=True))
    assert "ctgan, whose training was stopped early" in stopped


def test_missing_values_are_told() -> None:
    assert "10 % of the real and 30 % of the synthetic" in told(evaluation(), gap=0.2)
    complete = (Missingness(column="crp", real=0, synthetic=0),)
    assert "No value is missing" in "\n".join(summary_sentences(evaluation(), complete, None))


def test_limits_say_that_scores_are_no_proof() -> None:
    limits = "\n".join(limit_sentences(evaluation(real_is="training")))
    assert "never proof of anonymity" in limits
    assert "very rows the model was trained on" in limits
    assert "0.15 apart" in limits
    assert "fewer than 5 real patients" in limits
    unseen = "\n".join(limit_sentences(evaluation(real_is="holdout", n_real=5000)))
    assert "never proof of anonymity" in unseen
    assert "trained" not in unseen
    assert "apart" not in unseen


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("two\nlines\tand  spaces", "two lines and spaces"),
        ("\x1b[31mred", "[31mred"),
        ("\u202eturned", "turned"),
        ("x" * 100, "x" * 30 + "…" + "x" * 29),
        ("血液", "血液"),
    ],
)
def test_names_are_fit_for_a_line(name: str, expected: str) -> None:
    assert shown(name) == expected
    assert len(shown(name, 7)) <= 7


def test_summary_is_plain_text(report: Report) -> None:
    text = report.summary()
    assert text.startswith("Synthetic data report\n=====")
    assert "What this report cannot show" in text
    assert max(map(len, text.splitlines())) <= 88


def test_markdown_has_a_row_per_column(report: Report) -> None:
    text = report.to_markdown()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    columns = rows[1 : 1 + len(report.data.columns)]
    assert len({row.count("|") for row in columns}) == 1
    assert any(row.startswith("| crp | KS | 0.") for row in columns)
    assert text.count("\n## ") >= 4


def test_markdown_escapes_names(hostile_report: Report) -> None:
    text = hostile_report.to_markdown()
    assert "<script>" not in text
    assert "\\<script\\>alert(1)" in text
    assert "\x1b" not in text + hostile_report.summary()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"), (None, "–"), (1234567, "1,234,567"), (0.00012, "0.00012"), (-0.5, "−0.5"),
        (1e-9, "1.00e−09"), (99.95, "100"), (2.50, "2.5"),
    ],
)  # fmt: skip
def test_numbers(value: float | None, expected: str) -> None:
    assert number_text(value) == expected


def test_shares_never_look_like_none_or_all_when_they_are_not() -> None:
    assert percent(0.0004) == "under 0.1 %"
    assert percent(0.0) == "0 %"
    assert percent(1.0) == "100 %"
    assert percent(0.9996) == "over 99.9 %"
    assert percent(0.9962) == "99.6 %"


def test_bands_are_named_without_their_outer_edges() -> None:
    assert band_labels((18000, 18010, 18020, 19000), scale="date", whole=True) == (
        "before 2019-04-24", "2019-04-24 to 2019-05-03", "from 2019-05-04",
    )  # fmt: skip
    assert band_labels((0, 1), scale="number", whole=False) == ("all values",)
    assert date_text(1e12) == "9999-12-31"
