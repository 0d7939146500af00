"""What a report says of attacks on privacy: words, figure, tables, and what it never says."""

from __future__ import annotations

import re

import pytest
from report_cohorts import make_cohort
from report_figures import evaluation, identical

from synthhealth.evaluation import Evaluation
from synthhealth.evaluation.privacy.results import Attack, Interval, Membership, Privacy
from synthhealth.report import ModelInfo, Report, evaluate, trend
from synthhealth.report.advice import advise
from synthhealth.report.conclusion import conclude, verdicts
from synthhealth.report.page import as_html
from synthhealth.report.parts.privacy import PRIVACY, privacy_section
from synthhealth.report.text import as_markdown
from synthhealth.report.words import summary_sentences


def attack(excess: float, reach: float, name: str = "Identical rows") -> Attack:
    return Attack(
        name=name, threat="Somebody holds it.", source="A paper", given="synthetic rows",
        attempts=60, non_members=60, success=0.1 + excess, control=0.1, chance=0.05, excess=excess,
        interval=Interval(low=excess - reach, high=excess + reach, method="Newcombe"),
    )  # fmt: skip


def told(*attacks: Attack) -> Evaluation:
    membership = Membership(
        name="Nearest row", threat="Somebody.", source="A paper", given="synthetic rows",
        members=61, non_members=61, auc=0.5, tpr_at_1=0.0, tpr_at_10=0.1,
        interval=Interval(low=0.43, high=0.57, method="DeLong"),
    )  # fmt: skip
    privacy = Privacy(n_members=61, n_non_members=61, memberships=(membership,), attacks=attacks)
    return evaluation().model_copy(update={"privacy": privacy})


def test_what_is_found_is_advised_against_and_said_first() -> None:
    found = told(attack(0.2, 0.1))
    assert advise(found, None)[0].startswith("Do not release this table as it is")
    assert "identical rows (by 20 points)" in advise(found, None)[0]
    assert "identical rows (by 20 points)" in conclude(found).reasons[0]
    assert not any("no more rows repeat" in reason for reason in conclude(found).reasons)
    sentence = PRIVACY.finding(found)
    assert sentence is not None
    assert "1 gets more" in sentence


def test_likeness_alone_never_says_that_a_table_may_be_released() -> None:
    """The first lines are two, and what an attack finds stands in them beside "good"."""
    for attacks, verdict, word in (
        ((attack(0.2, 0.1),), "found", "do not release"),
        ((attack(0.05, 0.2),), "cannot tell", "cannot tell"),
        ((attack(0.0, 0.05),), "not found", "nothing found"),
    ):
        said = conclude(told(*attacks))
        assert (said.verdict, said.privacy) == ("good", verdict)
        likeness, privacy = verdicts(said)
        assert (likeness.question, privacy.question) == ("Likeness", "Privacy")
        assert privacy.word == word
    assert "1 of 2 quick attacks finds" in conclude(told(attack(0.2, 0.1))).privacy_headline
    untried = conclude(evaluation())
    assert (untried.verdict, untried.privacy) == ("good", "not tried")
    copied = conclude(evaluation(identical(0.2, "copied")))
    assert (copied.privacy, copied.privacy_headline) == ("found", "Patients were copied into it.")


def test_both_verdicts_stand_first_on_page_and_in_text(attacked_report: Report) -> None:
    data = attacked_report.data
    text = attacked_report.summary(verbose=True).splitlines()
    assert text[3].startswith("Likeness: ")
    assert any(line.startswith("Privacy: ▼ DO NOT RELEASE. ") for line in text[4:6])
    assert "- Privacy: ▼ **do not release**" in as_markdown(data)
    first = as_html(data).split('class="cards"')[0]
    assert '<p class="verdict-word">do not release</p>' in first
    for set_beside in (
        attacked_report.compare(attacked_report),
        trend([attacked_report, attacked_report]),
    ):
        assert "privacy do not release" in " ".join(set_beside.summary().split())


def test_whom_the_fit_left_out_is_told(report: Report) -> None:
    model = ModelInfo(name="tvae", privacy="high", n_left_out=30)
    data = report.data.model_copy(update={"model": model})
    assert "Privacy high: half of the patients were left out (30)." in as_html(data)
    sentence = summary_sentences(data.evaluation, data.missingness, model)[0]
    assert "Half of the patients were left out (30) when it was fitted." in sentence
    assert "left out" not in as_html(report.data).split("<footer>")[1].split("</footer>")[0]


def test_what_is_not_found_is_no_proof_and_what_cannot_be_told_is_said() -> None:
    open_one = told(attack(0.05, 0.2))
    assert "Too few patients to tell of Identical rows" in str(PRIVACY.finding(open_one))
    quiet = told(attack(0.0, 0.05))
    assert "none was found" in str(PRIVACY.finding(quiet))
    assert not any("Do not release" in sentence for sentence in advise(quiet, None))
    assert "stronger attacks" in advise(quiet, None)[-1]


def test_the_section_says_who_holds_what(attacked_report: Report) -> None:
    section = PRIVACY.section(attacked_report.data.evaluation)
    assert section is not None
    assert [sheet.key for sheet in section.sheets] == [
        "privacy-attacks", "privacy-threats", "privacy-recognised", "privacy-secrets",
        "privacy-replays", "privacy-described",
    ]  # fmt: skip
    for sheet in section.sheets:
        assert all(len(row) == len(sheet.heads) for row in sheet.rows)
    rows = {row[0].text: row for row in section.sheets[0].rows}
    assert (rows["Identical rows"][1].text, rows["Identical rows"][1].tone) == ("found", "below")
    (drawing,) = section.drawings
    places = [place for layer in drawing.figure["data"] for place in layer["y"]]
    assert sorted(places) == list(range(len(rows)))
    for layer in drawing.figure["data"]:
        for x, low in zip(layer["x"], layer["error_x"]["arrayminus"], strict=True):
            assert (x - low > 0) or layer["name"] != "found"
    assert "Identical rows" in drawing.alt


def test_without_unseen_patients_the_section_gives_no_number(report: Report) -> None:
    privacy = report.data.evaluation.privacy
    section = privacy_section(privacy)
    assert section is not None
    assert "No attack could be tried" in section.hint
    assert section.drawings == ()
    assert {sheet.key for sheet in section.sheets} <= {"privacy-replays", "privacy-described"}
    assert PRIVACY.finding(report.data.evaluation) is None
    assert privacy_section(None) is None


def test_words_that_no_report_may_use(attacked_report: Report) -> None:
    written = [as_markdown(attacked_report.data), attacked_report.summary(verbose=True)]
    written.append(as_html(attacked_report.data).split("<main>")[1].split("</main>")[0])
    for text in written:
        assert not re.search(r"\b(anonymous|compliant)\b", text, re.IGNORECASE)


def test_counts_of_patients_leave_by_five(attacked_report: Report) -> None:
    privacy = attacked_report.data.evaluation.privacy
    assert privacy is not None
    for one in (*privacy.attacks, *privacy.guesses):
        assert one.attempts % 5 == 0
        assert one.non_members is not None
        assert one.non_members % 5 == 0
    for replay in privacy.replays:
        assert replay.n % 5 == replay.replayed % 5 == 0


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_report_is_right_of_what_is_known(share: float) -> None:
    """New patients give no alarm (5 of 100 do by chance), copies of half the patients do."""
    learned = make_cohort(60, 10)
    fake = make_cohort(60, 11)
    copies = round(share * len(learned))
    fake.iloc[:copies] = learned.iloc[:copies]
    data = evaluate(learned, fake, holdout=make_cohort(60, 12), parts=["privacy"]).data
    said = any("Do not release this table as it is" in sentence for sentence in data.advice)
    assert said == (share > 0)
