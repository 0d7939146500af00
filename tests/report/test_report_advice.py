"""What to do next: the right advice for each finding, and never too much of it."""

from __future__ import annotations

import re

import pytest
from report_figures import evaluation, identical, metric, number, relations

from synthhealth.models import about, available
from synthhealth.options import on_command_line
from synthhealth.report import ModelInfo
from synthhealth.report.advice import advise

GAN = ModelInfo(name="ctgan", settings={"steps": 900})
COPULA = ModelInfo(name="gaussian_copula")
POOR = tuple(number(name, 0.5, "worse") for name in ("crp", "esr", "alt"))


def test_many_poor_columns_of_a_network_are_a_training_that_is_too_short() -> None:
    first = advise(evaluation(numerical=POOR), GAN)[0]
    assert first.startswith("CTGAN has not converged: 3 columns (crp, esr and alt)")
    assert "steps=1800, now 900" in first
    assert "see which family needs fewer patients (sh.compare(table))" in first


def test_poor_columns_of_others_are_looked_at_one_by_one() -> None:
    assert "margin" in advise(evaluation(numerical=POOR), COPULA)[0]
    single = advise(evaluation(numerical=POOR[:1]), GAN)[0]
    assert "converged" not in single
    assert "wrong unit" in single
    assert advise(evaluation(numerical=POOR), None)[0].startswith("Crp, esr and alt lie below")


def test_relations_are_mended_by_another_family_where_the_columns_are_right() -> None:
    poor = evaluation(relations(0.3, "worse"))
    assert "see which family keeps more (sh.compare(table))" in advise(poor, COPULA)[0]
    assert "steps=1800" in advise(poor, GAN)[0]
    assert "draws each column by itself" in advise(poor, None)[0]
    both = advise(evaluation(relations(0.3, "worse"), numerical=POOR), COPULA)
    assert "mend the columns first" in both[1]


def test_no_family_sends_its_user_to_another_one() -> None:
    for name in available():
        told = about(name).advice
        texts = " ".join(
            filter(None, (told.copied, told.columns, told.many_columns, told.relations))
        )
        others = set(available()) - {name}
        assert not others & set(re.findall(r"\w+", texts)), name


@pytest.mark.parametrize(
    ("model", "words"),
    [(GAN, "steps=450, now 900"), (COPULA, "mixed into the table"), (None, "make the table again")],
)
def test_copied_rows_are_not_released(model: ModelInfo | None, words: str) -> None:
    found = advise(evaluation(identical(0.2, "copied"), real_is="training"), model)
    assert found[0].startswith("Do not release this table: identical rows 20 %")
    assert words in found[0]
    assert not any("not copied (" in sentence for sentence in found)


def test_closeness_of_a_fitted_model_is_no_copying() -> None:
    close = metric("ks_average", 0.97, closer=True)
    fitted = "\n".join(advise(evaluation(close, real_is="training"), COPULA))
    assert "would be, but not copied (KS test average)" in fitted
    given = "\n".join(advise(evaluation(close), None))
    assert "make sure that the model did not learn these real rows" in given
    unseen = "\n".join(advise(evaluation(close, real_is="holdout", n_unseen=61), COPULA))
    assert "in the table more than once" in unseen


def test_no_advice_calls_a_table_harmless() -> None:
    """That no row repeats a patient does not show that nobody can be recognised."""
    close = metric("ks_average", 0.97, closer=True)
    copied = identical(0.2, "copied")
    for model in (COPULA, GAN, None):
        for figures in (close, copied):
            said = "\n".join(advise(evaluation(figures, real_is="training"), model))
            assert "keeps no rows" not in said
            assert "nothing has to be mended" not in said
    fitted = "\n".join(advise(evaluation(close, real_is="training"), COPULA))
    assert "does not show that nobody can be recognised" in fitted
    family = "\n".join(advise(evaluation(copied, real_is="training"), COPULA))
    assert "tells of each of them" in family


def test_leaning_on_the_rows_learned_asks_for_nothing() -> None:
    leaning = metric("nearer_to_learned", 0.8, closer=True, family="learning")
    found = advise(evaluation(leaning, real_is="cross-validated", n_unseen=12), COPULA)
    assert found == advise(evaluation(real_is="cross-validated", n_unseen=12), COPULA)


def test_a_good_table_is_told_what_is_still_to_be_shown() -> None:
    training = advise(evaluation(real_is="training"), COPULA)
    assert "patients that the model never saw" in training[0]
    assert "attacks on privacy" in training[-1]
    given = advise(evaluation(), None)
    assert "never saw (holdout=...)" in given[0]
    with on_command_line():
        assert "never saw (--holdout FILE)" in advise(evaluation(), None)[0]
        longer = advise(evaluation(numerical=POOR), GAN)[0]
    assert "(--param steps=1800, now 900)" in longer
    unseen = advise(evaluation(real_is="holdout", n_unseen=61), COPULA)
    assert len(unseen) == 1


def test_no_verdict_asks_for_more_patients() -> None:
    blind = relations(0.1, "uncertain")
    found = advise(evaluation(blind, verdict="cannot tell"), COPULA)[0]
    assert found.startswith("With 61 real and 1,000 synthetic rows no verdict is possible")
    assert "cross_evaluate" in found
    again = advise(evaluation(blind, verdict="cannot tell", real_is="cross-validated"), COPULA)[0]
    assert "only more patients" in again


def test_a_stopped_training_comes_before_other_changes() -> None:
    stopped = ModelInfo(name="tvae", partial=True)
    assert "stopped early" in advise(evaluation(numerical=POOR), stopped)[0]
    assert "stopped early" not in advise(evaluation(), stopped)[0]


def test_gaps_are_mended_in_the_schema() -> None:
    gaps = metric("missing_patterns", 0.5, "worse", family="missingness")
    assert "missing" in advise(evaluation(gaps), None)[0]


def test_at_most_four_sentences_without_a_promise() -> None:
    everything = evaluation(
        relations(0.3, "worse"),
        identical(0.2, "copied"),
        metric("missing_patterns", 0.5, "worse", family="missingness"),
        metric("ks_average", 0.97, closer=True),
        numerical=POOR,
        real_is="training",
    )
    for model in (GAN, COPULA, None, ModelInfo(name="tvae", partial=True)):
        found = advise(everything, model)
        assert 1 <= len(found) <= 4
        for word in ("anonym", "compliant", "gdpr"):
            assert word not in " ".join(found).casefold()
