"""Sentences, texts and numbers as people read them."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from report_figures import evaluation, identical, level, metric, number, relations

from synthhealth.evaluation import Evaluation, Metric
from synthhealth.evaluation.figures import Family, State
from synthhealth.report import ModelInfo, Report
from synthhealth.report.cards import key_cards, key_metrics
from synthhealth.report.conclusion import conclude
from synthhealth.report.data import Missingness
from synthhealth.report.metric_words import finding, words_of
from synthhealth.report.numbers import band_labels, date_text, number_text, percent
from synthhealth.report.text import as_plain
from synthhealth.report.words import limit_sentences, poor_columns, shown, summary_sentences


def of_state(name: str, value: float, state: str, *, family: Family = "marginals") -> Metric:
    """Make a figure of a state, or one that is closer than those of other patients."""
    found = get_args(State)
    return (
        metric(name, value, state, family=family)  # type: ignore[arg-type]
        if state in found
        else metric(name, value, family=family, closer=True)
    )


def told(result: Evaluation, model: ModelInfo | None = None, gap: float = 0.0) -> str:
    missing = (Missingness(column="crp", real=0.1, synthetic=0.1 + gap),)
    return "\n".join(summary_sentences(result, missing, model))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("worse", "they differ from the real ones by more than chance"),
        ("as good", "they cannot be told from those of other patients"),
        ("closer", "they follow these very patients more closely"),
        ("uncertain", "this figure cannot tell a good table from a poor one"),
    ],
)
def test_the_average_is_told_with_its_band_and_state(state: str, words: str) -> None:
    sentence = told(evaluation(of_state("ks_average", 0.873, state))).splitlines()[1]
    assert "KS test average" in sentence
    assert "0.873" in sentence
    assert "0.850 to 0.920" in sentence
    assert words in sentence


def test_too_close_is_read_by_what_the_model_saw_and_whether_rows_were_copied() -> None:
    close = metric("ks_average", 0.95, closer=True)
    fitted = told(evaluation(close, real_is="training"))
    assert "which a model fitted to them can do without copying" in fitted
    unseen = told(evaluation(close, real_is="holdout"))
    assert "which a model that never saw them has no reason to do" in unseen
    copied = told(evaluation(close, identical(0.2, "copied"), real_is="training"))
    assert "without copying any" not in copied
    assert "patients appear to have been copied" in copied


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("closer", "the relations among these very patients are repeated"),
        ("as good", "the relations between columns are kept"),
        ("worse", "relations between columns are lost"),
    ],
)
def test_relations_are_told(state: str, words: str) -> None:
    figure = of_state("dependence_difference", 0.2, state, family="dependence")
    assert words in told(evaluation(figure))


def test_every_family_has_words_for_every_state() -> None:
    for family in ("marginals", "dependence", "joint", "missingness", "copying", "learning"):
        for state in ("as good", "worse", "copied", "uncertain", "closer"):
            if family == "copying" and state == "closer":
                continue  # that is copied
            one = of_state("ks_average", 0.9, state, family=family)
            assert finding(one, evaluation(one)) is not None


def test_a_figure_without_words_of_its_own_keeps_its_name() -> None:
    assert words_of("a_new_figure").title == "A new figure"
    assert finding(metric("a_new_figure", 0.5), evaluation()) is None


def test_worst_columns_are_named_the_furthest_below_first() -> None:
    result = evaluation(
        numerical=(number("crp", 0.7, "worse"), number("esr", 0.86), number("wbc", 0.6, "worse")),
        categorical=(level("sex", 0.8, "worse"),),
    )
    assert [column.column for column in poor_columns(result)] == ["wbc", "crp", "sex"]
    assert "3 of 4 columns are worse" in told(result)
    assert "The furthest off first: wbc (0.600, floor 0.850 to 0.920), crp" in told(result)
    assert "No column is worse than chance explains; the lowest score is 0.880 (crp)" in told(
        evaluation()
    )


def test_many_bad_columns_are_counted() -> None:
    columns = tuple(number(f"c{i}", 0.5, "worse") for i in range(9))
    assert "and 4 more" in told(evaluation(numerical=columns, categorical=()))


def test_the_average_of_all_columns_is_told_where_there_are_categories() -> None:
    every = metric("column_average", 0.9)
    assert "All columns together, categories included" in told(evaluation(every))
    assert "categories included" not in told(evaluation(every, categorical=()))


def test_what_the_real_rows_are_is_said() -> None:
    assert "those the model was trained on" in told(evaluation(real_is="training"))
    assert "the model never saw them" in told(evaluation(real_is="holdout"))
    assert "not told" in told(evaluation(real_is="given"))
    assert "held out once" in told(evaluation(real_is="cross-validated"))


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
    assert "of 100 tables without any fault about 5 are called poor" in limits
    unseen = "\n".join(limit_sentences(evaluation(real_is="holdout", n_real=5000)))
    assert "never proof of anonymity" in unseen
    assert "trained" not in unseen
    assert "apart" not in unseen


def test_limits_name_only_what_was_not_looked_at() -> None:
    plain = "\n".join(limit_sentences(evaluation()))
    assert "three or more columns" in plain
    joint = metric("c2st_boosting", 0.5, family="joint")
    assert "three or more columns" not in "\n".join(limit_sentences(evaluation(joint)))


@pytest.mark.parametrize(
    ("result", "verdict", "headline", "reason"),
    [
        (evaluation(identical(0.0)), "good", "look like other real patients", "None of 2 columns"),
        (
            evaluation(numerical=(number("crp", 0.5, "worse"),)),
            "poor",
            "differ from real patients",
            "The values of crp differ: it scores 0.500, other patients would give 0.850 to 0.920",
        ),
        (
            evaluation(identical(0.2, "copied")),
            "copied",
            "repeat real patients",
            "identical rows 20 % (other real patients: 0 % to 4.9 %)",
        ),
        (
            evaluation(relations(0.1, "uncertain"), verdict="cannot tell"),
            "cannot tell",
            "With 61 real and 1,000 synthetic rows",
            "Uncertain at these sizes: relations between columns",
        ),
    ],
)
def test_the_verdict_is_one_sentence_with_its_reasons(
    result: Evaluation, verdict: str, headline: str, reason: str
) -> None:
    found = conclude(result)
    assert found.verdict == verdict
    assert headline in found.headline
    assert reason in " ".join(found.reasons)
    assert "anonym" not in (found.headline + " ".join(found.reasons)).casefold()


def test_the_figures_that_matter_are_one_of_each_kind() -> None:
    every = (
        metric("ks_average", 0.9),
        metric("column_average", 0.9),
        relations(0.1),
        metric("c2st_logistic", 0.5, family="joint"),
        metric("c2st_boosting", 0.5, family="joint"),
        identical(0.0),
        metric("near_rows", 0.1, "copied", family="copying"),
    )
    assert [one.name for one in key_metrics(evaluation(*every))] == [
        "ks_average", "dependence_difference", "c2st_boosting", "near_rows",
    ]  # fmt: skip
    assert [one.name for one in key_metrics(evaluation(*every[1:4], every[5]))] == [
        "column_average", "dependence_difference", "c2st_logistic", "identical_rows",
    ]  # fmt: skip


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
    text = report.summary(verbose=True)
    assert text.startswith("Synthetic data report\n=====")
    for part in ("What to do next", "Findings", "What this report cannot show"):
        assert f"\n{part}\n" in text
    assert re.search(r"^Likeness: ▼ POOR. ", text, re.M)
    assert max(map(len, text.splitlines())) <= 88


def test_the_summary_is_25_lines_with_a_bar_for_each_figure_that_decided(
    report: Report, hostile_report: Report, wide_report: Report, attacked_report: Report
) -> None:
    for made in (report, hostile_report, wide_report, attacked_report):
        lines = made.summary().splitlines()
        assert len(lines) <= 25
        assert max(map(len, lines)) <= 88
        assert lines[2].startswith("Likeness: ")
        start = next(place for place, line in enumerate(lines) if line.startswith("The figures"))
        cards = key_cards(made.data.evaluation)[:6]
        assert cards
        for line, card in zip(lines[start + 1 :], cards, strict=False):
            assert f" {card.value} " in line
            assert card.word in line
            assert card.scale is None or "─" in line
        assert len(made.lines()) <= 5
        assert all("\n" not in line for line in made.lines())
    plain = as_plain(report.summary(), "ascii")
    assert plain.isascii()
    assert "Likeness: v POOR." in plain
    assert as_plain(report.summary(), "utf-8") == report.summary()


def test_markdown_has_a_row_per_column(report: Report) -> None:
    text = report.to_markdown()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    first = next(place for place, row in enumerate(rows) if row.startswith("| column |"))
    columns = rows[first + 1 : first + 1 + len(report.data.columns)]
    assert len({row.count("|") for row in columns}) == 1
    assert any(row.startswith("| crp | KS | 0.") for row in columns)
    assert text.count("\n## ") >= 4


def test_markdown_escapes_names(hostile_report: Report) -> None:
    text = hostile_report.to_markdown()
    assert "<script>" not in text
    assert "\\<script\\>alert(1)" in text
    assert "\x1b" not in text + hostile_report.summary(verbose=True)


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
