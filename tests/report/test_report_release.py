"""The verdict on a release: its words, its page, its JSON, and what they never say."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import jsonschema
import pytest
from report_cohorts import CREATED, make_cohort

from synthhealth.artifact import scan
from synthhealth.errors import FileError, ParameterError
from synthhealth.evaluation.privacy.attack import MembershipAttacks
from synthhealth.evaluation.privacy.evidence import Evidence
from synthhealth.evaluation.privacy.legal_tests import LegalTest
from synthhealth.evaluation.privacy.results import Interval, Membership
from synthhealth.models import about
from synthhealth.report import (
    ModelInfo,
    Policy,
    ReleaseVerdict,
    Report,
    evaluate,
    read_attacks,
    release_schema,
)
from synthhealth.report.data import schema_text
from synthhealth.report.release.page import as_page
from synthhealth.report.release.words import headline, reasons
from synthhealth.schema import Column, Schema

#: No tool may say so, in any form of the words.
FORBIDDEN = re.compile(r"anonym|complian|\bcompl(y|ies|ied)\b", re.IGNORECASE)


def shadow(**changed: object) -> MembershipAttacks:
    def one(given: str) -> Membership:
        return Membership(
            name="Likelihood ratio with shadow fits", threat="Somebody.", source="LiRA",
            given=given, members=61, non_members=61, auc=0.8, tpr_at_1=0.1, tpr_at_10=0.4,
            interval=Interval(low=0.76, high=0.84, method="bootstrap"), recognised=12 / 61,
            recognised_interval=Interval(low=0.106, high=0.318, method="Clopper-Pearson"),
        )  # fmt: skip

    plain = {
        "family": "ctgan", "n_patients": 61, "n_learned": 30, "n_rows": 1_000, "fits": 32,
        "fits_asked": 32, "seconds": 9.0, "random_state": 0, "verdict": "measured",
        "on_rows": one("synthetic rows"), "on_file": one("saved model"),
    }  # fmt: skip
    return MembershipAttacks.model_validate({**plain, **changed})


@pytest.fixture(scope="module")
def verdicts(
    attacked_report: Report, report: Report, tmp_path_factory
) -> dict[str, ReleaseVerdict]:
    file = tmp_path_factory.mktemp("released") / "synthetic.csv"
    file.write_text("crp\n3.1\n")
    own = Policy(name="<b>SOP 12</b>", recognised=0.2, repeated_rows=0.05)
    return {
        "attacked": attacked_report.release(shadow(), files=[file], created=CREATED),
        "both": attacked_report.release(shadow(), released="both", policy=own, created=CREATED),
        "nothing": report.release(created=CREATED),
    }


@pytest.fixture(scope="module")
def shown(verdicts: dict[str, ReleaseVerdict]) -> ReleaseVerdict:
    """A verdict that cannot be better: no cohort of these sizes could have it."""
    tests = tuple(
        test.model_copy(update={"outcome": "shown", "evidence": (settled(test),)})
        for test in verdicts["attacked"].tests
    )
    told = {"headline": headline(tests, "table", 61), "reasons": reasons(tests, 61, None)}
    return verdicts["attacked"].model_copy(update={"tests": tests, "outcome": "shown", **told})


def settled(test: LegalTest) -> Evidence:
    (first, *_) = (one for one in test.evidence if one.interval is not None)
    nothing = Interval(low=0.0, high=0.05, method="Newcombe")
    return first.model_copy(update={"outcome": "shown", "value": 0.0, "interval": nothing})


def texts(verdict: ReleaseVerdict) -> list[str]:
    page = as_page(verdict)
    return [page, verdict.model_dump_json(), verdict.summary()]


# What it says


def test_copies_are_said_first_in_one_sentence(verdicts: dict[str, ReleaseVerdict]) -> None:
    verdict = verdicts["attacked"]
    assert verdict.outcome == "exceeded"
    assert verdict.headline.startswith("Do not release the synthetic table: ")
    for name in ("singling out (WP216)", "linkability (WP216)", "recognised (EMA Policy 0070)"):
        assert name in verdict.headline
    assert verdict.reasons[0].startswith("Singling out: the attack “")
    assert "lies beyond the limit of 9 points" in verdict.reasons[0]
    page = as_page(verdict)
    first = page.index(verdict.headline.replace("'", "&#39;"))
    assert first < page.index('id="tests"') < page.index("Signature") < page.index("risks-title")


def test_a_private_model_says_what_it_promises_and_no_other_does(
    verdicts: dict[str, ReleaseVerdict],
) -> None:
    tests = verdicts["attacked"].tests
    settings = {"epsilon": 1.0, "delta": 1e-6}
    private = ModelInfo(name="private", settings=settings, privacy="formal")
    *others, promise = reasons(tests, 61, private)
    assert "epsilon 1: nothing is more than 2.72 times as likely" in promise
    assert tuple(others) == reasons(tests, 61, None)
    assert tuple(others) == reasons(tests, 61, private.model_copy(update={"privacy": "high"}))


def test_an_attack_on_other_patients_is_doubted(attacked_report: Report) -> None:
    for n, doubted in ((61, False), (300, True)):
        risks = attacked_report.release(shadow(n_patients=n)).residual_risks
        assert any("make sure that they are the same study" in one for one in risks) == doubted


def test_the_power_of_61_patients_is_on_the_page(verdicts: dict[str, ReleaseVerdict]) -> None:
    risk = next(test for test in verdicts["attacked"].tests if test.key == "ema_risk")
    assert risk.evidence[0].successes_up_to == 1
    assert "up to 1 of 61" in as_page(verdicts["attacked"])
    assert "about 10 of 61" in as_page(verdicts["attacked"])


def test_a_model_is_judged_by_its_parameters_too(verdicts: dict[str, ReleaseVerdict]) -> None:
    by_key = {test.key: test for test in verdicts["both"].tests}
    givens = {one.given for one in by_key["ema_risk"].evidence}
    assert givens == {"synthetic rows", "saved model"}
    assert any("verify --data" in risk for risk in verdicts["both"].residual_risks)
    assert not any("verify --data" in risk for risk in verdicts["attacked"].residual_risks)
    assert by_key["recognised"].source == "<b>SOP 12</b>"
    assert "<b>SOP 12</b>" not in as_page(verdicts["both"])


def test_a_file_that_tells_too_much_is_not_offered(report: Report) -> None:
    """Of 61 patients no family's file is known to tell little; who is it to say so?"""
    known = about("tvae").file_attack(61, "standard")
    assert known is not None
    assert known.auc > 0.65
    model = ModelInfo(name="tvae", privacy="standard")
    bare = evaluate(make_cohort(61, 0), make_cohort(61, 1), parts=(), model=model)
    for released in ("model", "both"):
        verdict = bare.release(released=released)
        assert verdict.outcome == "not shown"
        assert "tell more of their patients than they should" in verdict.headline
        assert any("keep the file in the hospital" in reason for reason in verdict.reasons)
        page = as_page(verdict)
        assert f"{100 * known.auc:.0f} % of pairs" in page
        assert verdict.headline in page
        assert "61 patients of the demonstration cohort" in verdict.reasons[0]
    assert "file" not in bare.release(released="table").headline


def test_a_file_that_an_attack_condemns_has_an_alternative(
    verdicts: dict[str, ReleaseVerdict],
) -> None:
    (said,) = (one for one in verdicts["both"].reasons if one.startswith("Recognition by the file"))
    assert "lies beyond the limit of 65 %. Release synthetic rows and not the file" in said


def test_what_nobody_tried_is_not_shown_and_says_what_to_run(
    verdicts: dict[str, ReleaseVerdict],
) -> None:
    verdict = verdicts["nothing"]
    assert verdict.outcome == "not shown"
    assert {test.outcome for test in verdict.tests} == {"not shown"}
    assert any("synthhealth attack DATA" in reason for reason in verdict.reasons)
    assert any("cross_evaluate" in reason for reason in verdict.reasons)


def test_the_headline_says_why_it_is_not_shown(verdicts: dict[str, ReleaseVerdict]) -> None:
    tests = verdicts["nothing"].tests
    untried = {"outcome": "not shown", "reason": "nobody has tried"}

    def told(*is_tried: bool) -> str:
        some = tuple(
            test.model_copy(
                update={
                    "outcome": "not shown",
                    "evidence": tuple(
                        one.model_copy(update={**untried, **({"reason": None} if tried else {})})
                        for one in test.evidence
                    ),
                }
            )
            for test, tried in zip(tests, is_tried, strict=False)
        )
        return headline(some, "table", 61)

    few, attacks = "61 patients are too few to tell", "attacks have still to be made"
    assert few in told(True, True)
    assert attacks not in told(True, True)
    assert few not in told(False, False)
    assert f"{few}, or {attacks}" in told(True, False)


def test_a_verdict_that_is_shown_leaves_the_decision_to_a_person(shown: ReleaseVerdict) -> None:
    assert "stays within the limits of all 4 tests" in shown.headline
    assert "for you to decide" in shown.headline
    assert shown.reasons == (
        "Singling out, linkability, inference and risk of being recognised stay within their "
        "limits by the whole interval.",
    )


@pytest.mark.parametrize("name", ["attacked", "both", "nothing"])
def test_words_that_no_verdict_may_use(verdicts: dict[str, ReleaseVerdict], name: str) -> None:
    for text in texts(verdicts[name]):
        assert not FORBIDDEN.search(text)


def test_nor_one_that_is_shown(shown: ReleaseVerdict) -> None:
    for text in texts(shown):
        assert not FORBIDDEN.search(text)


# What was done with identifiers


def test_each_of_the_18_identifiers_has_a_line() -> None:
    real, fake = make_cohort(61, 0), make_cohort(61, 1)
    columns = ["age", "crp", "sex"]
    names = [f"MRN{place:05d}" for place in range(61)]
    tables = [table[columns].assign(record=names, ward=table["centre"]) for table in (real, fake)]
    schema = Schema(
        columns=(
            Column(name="age", kind="continuous", identifier="age over 89"),
            Column(name="crp", kind="continuous"),
            Column(name="sex", kind="nominal"),
            Column(name="record", kind="identifier", identifier="record number", protection="drop"),
            Column(name="ward", kind="nominal"),
        )
    )
    verdict = evaluate(*tables, schema, real_is="training", parts=["privacy"]).release()
    rows = {row.paragraph: row for row in verdict.identifiers}
    assert "".join(rows) == "ABCDEFGHIJKLMNOPQR"
    assert [(one.column, one.treatment) for one in rows["H"].columns] == [("record", "dropped")]
    assert [(one.column, one.treatment) for one in rows["C"].columns] == [("age", "kept")]
    assert rows["P"].finding == rows["Q"].finding == "cannot be scanned"
    assert {row.finding for key, row in rows.items() if key not in "CHPQ"} == {"none found"}
    assert any("kept as they are: age" in risk for risk in verdict.residual_risks)
    for text in texts(verdict):
        assert "MRN000" not in text


def test_every_source_of_the_crosswalk_is_there(verdicts: dict[str, ReleaseVerdict]) -> None:
    named = {clause.source for clause in verdicts["attacked"].crosswalk}
    for source in ("164.514", "WP216", "28/2024", "27559", "2025/327"):
        assert any(source in name for name in named)
    assert all(one.evidence and one.to_add for one in verdicts["attacked"].crosswalk)


# What must never be in it


def test_nobody_is_in_it(tmp_path: Path) -> None:
    learned, fake, unseen = (make_cohort(61, seed) for seed in range(3))
    learned.loc[0, ["centre", "crp"]] = ["zwetschkenstift", 48317.29]
    verdict = evaluate(learned, fake, holdout=unseen, parts=["privacy"], created=CREATED).release(
        shadow(), released="both"
    )
    verdict.to_html(tmp_path / "release.html")
    verdict.to_json(tmp_path / "release.json")
    for path in tmp_path.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "zwetschke" not in text
        assert "48317" not in text
        assert "48,317" not in text
        assert not scan(path, learned).found_anything
    (tmp_path / "leak.html").write_text("<p>zwetschkenstift</p>")
    assert scan(tmp_path / "leak.html", learned).found_anything


# The evidence that is given


def test_a_file_that_is_released_is_told_by_its_digest(verdicts: dict[str, ReleaseVerdict]) -> None:
    (file,) = verdicts["attacked"].files
    assert (file.name, file.size) == ("synthetic.csv", 8)
    assert file.sha256 == hashlib.sha256(b"crp\n3.1\n").hexdigest()
    assert file.sha256 in as_page(verdicts["attacked"])


def test_evidence_on_something_else_is_refused(report: Report, attacked_report: Report) -> None:
    with pytest.raises(ParameterError, match="about 'tvae', but 'ctgan' made"):
        report.release(shadow(family="tvae"))
    with pytest.raises(ParameterError, match="different columns"):
        report.release(cross_evaluated=attacked_report)
    careful = ModelInfo(name="ctgan", privacy="high")
    kept = evaluate(make_cohort(61, 0), make_cohort(61, 1), parts=(), model=careful)
    with pytest.raises(ParameterError, match="the attack is about 'none', but 'high' made"):
        kept.release(shadow(privacy="none"))
    other = evaluate(make_cohort(61, 0), make_cohort(61, 1), parts=(), model=ModelInfo(name="tvae"))
    with pytest.raises(ParameterError, match="cross-evaluation is about 'tvae'"):
        report.release(cross_evaluated=other)
    with pytest.raises(ParameterError, match="one of 'table', 'model', 'both'"):
        report.release(released="rows")  # type: ignore[arg-type]
    with pytest.raises(FileError, match="cannot be read"):
        report.release(files=["nowhere.csv"])


def test_attacks_are_read_back_as_they_were(tmp_path: Path, attacked_report: Report) -> None:
    shadow().to_json(tmp_path / "attack.json")
    read = read_attacks(tmp_path / "attack.json")
    from_file, at_once = (attacked_report.release(one, created=CREATED) for one in (read, shadow()))
    assert from_file == at_once
    (tmp_path / "attack.json").write_text("{}")
    with pytest.raises(FileError, match="run it again"):
        read_attacks(tmp_path / "attack.json")
    with pytest.raises(FileError, match="cannot be read"):
        read_attacks(tmp_path / "none.json")


def test_a_report_from_its_file_gives_the_same_verdict(
    attacked_report: Report, tmp_path: Path
) -> None:
    attacked_report.to_json(tmp_path / "report.json")
    again = Report.from_json(tmp_path / "report.json").release(shadow(), created=CREATED)
    assert again == attacked_report.release(shadow(), created=CREATED)


def test_a_cross_evaluation_is_evidence_beside_the_report(attacked_report: Report) -> None:
    bare = evaluate(
        make_cohort(61, 0).rename(columns={"stage": stage_of(attacked_report)}),
        make_cohort(61, 1).rename(columns={"stage": stage_of(attacked_report)}),
        real_is="training", parts=["privacy"], created=CREATED,
    )  # fmt: skip
    assert bare.release(shadow(family="x")).tests[0].outcome == "not shown"
    assert bare.release(cross_evaluated=attacked_report).tests[0].outcome == "exceeded"


def stage_of(report: Report) -> str:
    known = set(make_cohort(6, 0).columns)
    (name,) = (column.name for column in report.data.columns if column.name not in known)
    return name


# Its files


def test_json_is_valid_under_the_published_schema(verdicts: dict[str, ReleaseVerdict]) -> None:
    validator = jsonschema.Draft202012Validator(release_schema())
    for verdict in verdicts.values():
        content = json.loads(verdict.model_dump_json())
        validator.validate(content)
        assert not validator.is_valid({**content, "unknown": 1})
        assert ReleaseVerdict.model_validate(content).model_dump_json() == verdict.model_dump_json()


def test_published_schema_is_up_to_date() -> None:
    assert release_schema() == json.loads(schema_text(ReleaseVerdict)), (
        "the types of the verdict have changed; write schema_text(ReleaseVerdict) of "
        "synthhealth.report.data to synthhealth/report/release.schema.json"
    )


def test_every_field_of_the_schema_is_described() -> None:
    for name, definition in [("verdict", release_schema()), *release_schema()["$defs"].items()]:
        assert name == "JsonValue" or definition["description"]
        for field, content in definition.get("properties", {}).items():
            assert "description" in content or "$ref" in content, f"{name}.{field}"


@pytest.mark.parametrize("write", ["to_html", "to_json"])
def test_files_are_not_overwritten_unless_asked(
    verdicts: dict[str, ReleaseVerdict], tmp_path: Path, write: str
) -> None:
    path = tmp_path / "release.out"
    path.write_text("keep me")
    with pytest.raises(FileError, match="exists"):
        getattr(verdicts["attacked"], write)(path)
    getattr(verdicts["attacked"], write)(path, force=True)
    assert path.stat().st_size > 1000


def test_the_page_needs_nothing_else(verdicts: dict[str, ReleaseVerdict]) -> None:
    for verdict in verdicts.values():
        page = as_page(verdict)
        assert "default-src 'none'" in page
        assert "<script" not in page
        assert not re.search(r"(src|href)=", page)
