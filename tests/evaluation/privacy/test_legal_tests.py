"""What the attacks show of the tests that law and guidance name."""

from __future__ import annotations

import math

import pytest

from synthhealth.errors import FileError, ParameterError
from synthhealth.evaluation.figures import NotComputed
from synthhealth.evaluation.privacy.attack import MembershipAttacks
from synthhealth.evaluation.privacy.evidence import of_attack, of_recognised, outcome_of
from synthhealth.evaluation.privacy.legal_tests import Learned, Source, as_released, legal_tests
from synthhealth.evaluation.privacy.on_file import what_such_files_tell
from synthhealth.evaluation.privacy.policy import FILE_LIMIT, Policy
from synthhealth.evaluation.privacy.results import Attack, Interval, Membership, Privacy
from synthhealth.evaluation.shares import clopper_pearson, newcombe
from synthhealth.models import About, about, available, register, registry
from synthhealth.models.about import on_demo

SINGLING = ("Identical rows", "Nearly identical rows", "Unique combinations")


def attack(name: str, excess: float = 0.0, n: int = 3_000, column: str | None = None) -> Attack:
    """Give an attack that is right of 10 % of others, and so much more of those learned."""
    control, success = round(0.1 * n), round((0.1 + excess) * n)
    low, high = newcombe((control, n), (success, n))
    return Attack(
        name=name, threat="Somebody.", source="A paper", given="synthetic rows", column=column,
        attempts=n, non_members=n, success=success / n, control=control / n, chance=0.05,
        excess=(success - control) / n, interval=Interval(low=low, high=high, method="Newcombe"),
    )  # fmt: skip


def membership(
    auc: float = 0.5, *, given: str = "synthetic rows", n: int = 3_000, found: int | None = None
) -> Membership:
    """Give an attack whose area is known to 0.02, and of so many patients recognised."""
    ends = None if found is None else clopper_pearson(found, n)
    return Membership(
        name="Likelihood ratio with shadow fits" if found is not None else "Nearest row",
        threat="Somebody.", source="A paper", given=given, members=n, non_members=n, auc=auc,
        interval=Interval(low=auc - 0.02, high=auc + 0.02, method="bootstrap"), tpr_at_1=0.0,
        tpr_at_10=0.1, recognised=None if found is None else found / n,
        recognised_interval=None if ends is None
        else Interval(low=ends[0], high=ends[1], method="Clopper-Pearson"),
    )  # fmt: skip


def privacy(*attacks: Attack, auc: float = 0.5, guesses: tuple[Attack, ...] = ()) -> Privacy:
    return Privacy(
        n_members=3_000, n_non_members=3_000, memberships=(membership(auc),), attacks=attacks,
        guesses=guesses,
    )  # fmt: skip


def quiet(**changed: float) -> Privacy:
    """Give attacks that get nothing, but for those named."""
    names = (*SINGLING, "Guessing secrets")
    return privacy(*(attack(name, changed.get(name, 0.0)) for name in names))


def shadow(found: int = 0, file_found: int = 0, **changed: object) -> MembershipAttacks:
    plain = {
        "family": "gaussian_copula", "n_patients": 3_000, "n_learned": 1_500, "n_rows": 1_000,
        "fits": 32, "fits_asked": 32, "seconds": 1.0, "random_state": 0, "verdict": "measured",
        "on_rows": membership(found=found), "on_file": membership(given="saved model",
        found=file_found),
    }  # fmt: skip
    return MembershipAttacks.model_validate({**plain, **changed})


def outcomes(*sources: Privacy, attacks: MembershipAttacks | None = None, **more: object):
    read = [Source("other fits", one, ()) for one in sources]
    return {test.key: test.outcome for test in legal_tests(read, attacks, **more)}


# The three words


@pytest.mark.parametrize(
    ("found", "high", "outcome"),
    [
        (0, 0.0587, "shown"),
        (1, 0.0880, "shown"),
        (2, 0.1135, "not shown"),
        (12, 0.3184, "exceeded"),
    ],
)
def test_of_61_patients_one_may_be_recognised(found: int, high: float, outcome: str) -> None:
    assert clopper_pearson(found, 61)[1] == pytest.approx(high, abs=5e-5)
    assert outcome_of(*clopper_pearson(found, 61), 0.09) == outcome
    # And the same of what a file holds, where no count of a few patients stands.
    written = Membership.model_validate_json(membership(n=61, found=found).model_dump_json())
    told = of_recognised(written, 0.09, "other fits")
    assert told.outcome == outcome
    assert (told.attempts, told.successes_up_to) == (61, 1)
    assert told.successes in (0, 10)
    assert told.patients_needed is None


def test_of_written_intervals_no_count_of_a_few_can_be_read() -> None:
    ends = {
        (one.recognised_interval.low, one.recognised_interval.high)
        for found in range(2)
        for one in [Membership.model_validate_json(membership(n=61, found=found).model_dump_json())]
        if one.recognised_interval is not None
    }
    assert ends == {(0.0, 0.09)}


@pytest.mark.parametrize("n", [5, 20, 39, 40, 61, 300])
def test_power_is_what_clopper_and_pearson_say(n: int) -> None:
    told = of_recognised(membership(n=n, found=0), 0.09, "other fits")
    may_be = [count for count in range(n) if clopper_pearson(count, n)[1] <= 0.09]
    assert told.successes_up_to == (may_be[-1] if may_be else None)
    assert told.patients_needed == (None if may_be else 40)
    assert (told.outcome == "shown") == bool(may_be)


@pytest.mark.parametrize("limit", [0.001, 0.04, 0.12, 0.3])
def test_power_is_true_of_any_limit(limit: float) -> None:
    for n in (20, 61, 300, 5_000):
        most = of_recognised(membership(n=n, found=0), limit, "other fits").successes_up_to
        for found in range(min(n, 40)):
            exact = membership(n=n, found=found)
            written = Membership.model_validate_json(exact.model_dump_json())
            is_shown = of_recognised(written, limit, "other fits").outcome == "shown"
            assert is_shown == (most is not None and found <= most)


@pytest.mark.parametrize("n", [61, 200, 3_000])
def test_as_many_patients_as_are_said_show_an_excess_of_nothing(n: int) -> None:
    told = of_attack(attack("Identical rows", n=n), 0.09, "this table")
    if told.patients_needed is None:
        assert told.outcome == "shown"
        assert told.shown_up_to is not None
        assert 0.0 <= told.shown_up_to < 0.09
    else:
        assert told.outcome == "not shown"
        enough = of_attack(attack("x", n=math.ceil(1.1 * told.patients_needed)), 0.09, "this table")
        assert enough.outcome == "shown"


def test_an_interval_is_written_outwards() -> None:
    """What a file shows is shown by the exact interval, too."""
    for n in range(20, 400, 7):
        for excess in (0.0, 0.03, 0.06, 0.1, 0.2):
            exact = attack("x", excess, n)
            written = Attack.model_validate_json(exact.model_dump_json())
            assert written.interval.low <= exact.interval.low + 1e-3 * abs(exact.interval.low)
            assert written.interval.high >= exact.interval.high - 1e-3
            for limit in (0.05, 0.09, 0.2):
                told = outcome_of(written.interval.low, written.interval.high, limit)
                known = outcome_of(exact.interval.low, exact.interval.high, limit)
                assert told in (known, "not shown")


# Which attacks count


def test_all_is_shown_where_nothing_is_given_away() -> None:
    assert set(outcomes(quiet(), attacks=shadow()).values()) == {"shown"}


@pytest.mark.parametrize(
    ("name", "test"),
    [*((name, "singling_out") for name in SINGLING), ("Guessing secrets", "inference")],
)
def test_an_attack_speaks_of_its_own_test(name: str, test: str) -> None:
    found = outcomes(quiet(**{name: 0.3}), attacks=shadow())
    assert {key for key, outcome in found.items() if outcome == "exceeded"} == {test}
    near = outcomes(quiet(**{name: 0.09}), attacks=shadow())
    assert {key for key, outcome in near.items() if outcome != "shown"} == {test}
    assert near[test] == "not shown"


def test_one_column_whose_secrets_are_guessed_is_enough() -> None:
    guesses = (attack("Guessing secrets", 0.3, column="hiv"),)
    attacks = tuple(attack(name) for name in (*SINGLING, "Guessing secrets"))
    found = outcomes(privacy(*attacks, guesses=guesses), attacks=shadow())
    assert found["inference"] == "exceeded"


def test_membership_links_a_record_with_the_study() -> None:
    attacks = tuple(attack(name) for name in (*SINGLING, "Guessing secrets"))
    assert outcomes(privacy(*attacks, auc=0.7), attacks=shadow())["linkability"] == "exceeded"
    rows = {"on_rows": membership(0.7, found=0)}
    assert outcomes(quiet(), attacks=shadow(**rows))["linkability"] == "exceeded"


def test_what_is_released_decides_which_attacks_count() -> None:
    by_file = shadow(file_found=900)
    assert outcomes(quiet(), attacks=by_file)["ema_risk"] == "shown"
    for released in ("model", "both"):
        found = outcomes(quiet(), attacks=by_file, released=released)
        assert found["ema_risk"] == "exceeded"
        # Nothing reads these off the parameters, and that is said.
        assert found["singling_out"] == found["inference"] == "not shown"
    # Whoever holds the model draws rows.
    assert outcomes(quiet(), attacks=shadow(900), released="model")["ema_risk"] == "exceeded"
    with pytest.raises(ParameterError, match="'table', 'model', 'both'"):
        as_released("rows")


# What is missing


def test_without_shadow_fits_it_is_said_what_to_run() -> None:
    tests = {test.key: test for test in legal_tests([Source("other fits", quiet(), ())], None)}
    assert tests["singling_out"].outcome == tests["inference"].outcome == "shown"
    for key in ("linkability", "ema_risk"):
        assert tests[key].outcome == "not shown"
        assert any("synthhealth attack" in str(one.reason) for one in tests[key].evidence)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"verdict": "cannot tell", "fits": 4, "on_rows": None, "on_file": None}, "4 of 32 fits"),
        ({"on_file": None}, "no saved model"),
        ({"on_file": membership(given="saved model")}, "ask for more"),
    ],
)
def test_attacks_that_tell_nothing_show_nothing(changed: dict[str, object], said: str) -> None:
    tests = legal_tests([Source("other fits", quiet(), ())], shadow(**changed), released="model")
    (risk,) = (test for test in tests if test.key == "ema_risk")
    assert risk.outcome == "not shown"
    assert any(said in str(one.reason) for one in risk.evidence)


def test_a_report_without_attacks_gives_its_reason() -> None:
    gap = NotComputed(what="attacks on privacy", column=None, reason="keep some patients back")
    tests = legal_tests([Source("this table", Privacy(), (gap,))], shadow())
    reasons = {one.reason for test in tests for one in test.evidence if test.key != "ema_risk"}
    assert "keep some patients back" in reasons
    assert {test.outcome for test in tests if test.source == "WP216"} == {"not shown"}


def test_what_nobody_has_cannot_be_singled_out_and_what_is_missing_is_said() -> None:
    """A table without rare levels has no such attack; one whose patients were too few has a gap."""
    without = privacy(*(attack(name) for name in (*SINGLING[:2], "Guessing secrets")))
    assert outcomes(without, attacks=shadow())["singling_out"] == "shown"
    gap = NotComputed(what="rare levels replayed", column=None, reason="fewer than 5 patients")
    tests = legal_tests([Source("other fits", without, (gap,))], shadow())
    assert tests[0].outcome == "not shown"
    assert tests[0].evidence[0].reason == "fewer than 5 patients"
    nobody = NotComputed(what="guessing secrets, singling out", column=None, reason="no column")
    silent = privacy(*(attack(name) for name in SINGLING[:2]))
    found = legal_tests([Source("other fits", silent, (nobody,))], shadow())
    assert (found[0].outcome, found[2].outcome) == ("not shown", "not shown")


def test_of_two_evaluations_one_that_shows_is_enough_and_one_that_exceeds_counts() -> None:
    small = privacy(*(attack(name, n=40) for name in (*SINGLING, "Guessing secrets")))
    assert outcomes(small, attacks=shadow())["inference"] == "not shown"
    assert outcomes(small, quiet(), attacks=shadow())["inference"] == "shown"
    bad = quiet(**{"Identical rows": 0.3})
    assert outcomes(bad, quiet(), attacks=shadow())["singling_out"] == "exceeded"


# What the files of a family tell


@pytest.fixture
def talkative(monkeypatch: pytest.MonkeyPatch) -> str:
    """A family whose files tell too much of 61 patients, and little of 300."""
    measured = {
        ("standard", 61): (0.75, 0.7, 0.8),
        ("standard", 300): (0.62, 0.6, 0.64),
        ("high", 61): (0.6, 0.58, 0.62),
    }

    class Talkative:
        """A family that was measured."""

        name = "talkative"
        about = About("Talkative", on_file=on_demo("talkative", measured))

    monkeypatch.setattr(registry, "_REGISTERED", {})
    register(Talkative)
    return "talkative"


def by_file(
    learned: Learned | None,
    attacks: MembershipAttacks | None = None,
    released: str = "model",
    **policy: float,
):
    source = Source("other fits", quiet(), ())
    tests = legal_tests(
        [source], attacks, released=released, learned=learned, policy=Policy(**policy)
    )
    return next((test for test in tests if test.key == "saved_model"), None)


@pytest.mark.parametrize("released", ["model", "both"])
def test_a_file_that_tells_too_much_elsewhere_is_not_shown(talkative: str, released: str) -> None:
    test = by_file(Learned(talkative, "standard", 61), released=released)
    assert (test.outcome, test.limit) == ("not shown", 0.15)
    first, second = test.evidence
    assert (first.about, first.value) == ("other tables", pytest.approx(0.25))
    told = ("75 % of pairs (70 to 80 %", "61 patients", "at most 65 %", "keep the file")
    for said in (*told, "fit with --privacy high (there 60 %)"):
        assert said in str(first.reason)
    assert "synthhealth attack" in str(second.reason)


def test_a_table_alone_is_not_asked_for_its_file(talkative: str) -> None:
    assert by_file(Learned(talkative, "standard", 61), released="table") is None


@pytest.mark.parametrize(
    ("privacy", "n_patients", "auc"),
    [
        ("standard", 40, 0.75),  # fewer than were measured
        ("standard", 299, 0.75),  # between two sizes: the gravest
        ("standard", 300, None),
        ("standard", 9_000, None),
        (None, 61, 0.75),  # unknown: the gravest
        ("high", 61, None),
        ("none", 61, None),
    ],
)
def test_the_sizes_measured_around_it_count(
    talkative: str, privacy: str | None, n_patients: int, auc: float | None
) -> None:
    test = by_file(Learned(talkative, privacy, n_patients))
    elsewhere = [one.value for one in test.evidence if one.about == "other tables"]
    assert elsewhere == ([] if auc is None else [pytest.approx(auc - 0.5)])
    # That little is told elsewhere does not show that little is told here.
    assert test.outcome == "not shown"


@pytest.mark.parametrize(
    ("auc", "outcome"), [(0.6, "shown"), (0.65, "not shown"), (0.7, "exceeded")]
)
def test_an_attack_on_such_files_here_decides(talkative: str, auc: float, outcome: str) -> None:
    here = shadow(on_file=membership(auc, given="saved model", found=0))
    test = by_file(Learned(talkative, "standard", 61), here)
    assert test.outcome == outcome
    assert any(one.about == "other tables" for one in test.evidence) == (outcome == "not shown")


def test_the_limit_for_files_is_for_the_site_to_set(talkative: str) -> None:
    here = shadow(on_file=membership(0.7, given="saved model", found=0))
    mild = by_file(Learned(talkative, "standard", 61), here, saved_model=0.3)
    assert (mild.outcome, mild.limit, mild.limit_from) == ("shown", 0.3, "the policy of the site")
    strict = by_file(Learned(talkative, "high", 61), None, saved_model=0.05)
    assert "at most 55 % are asked" in str(strict.evidence[0].reason)
    assert by_file(Learned(talkative, "standard", 61)).limit_from.startswith("the goal of")


def test_of_a_family_that_nobody_measured_an_attack_is_asked_for() -> None:
    for learned in (None, Learned(None, None, 61), Learned("nobody's", "standard", 61)):
        test = by_file(learned)
        assert test.outcome == "not shown"
        assert [one.about for one in test.evidence] == ["other fits"]


def test_what_files_tell_in_words(talkative: str) -> None:
    few, many = (what_such_files_tell(talkative, "standard", n, FILE_LIMIT) for n in (30, 300))
    assert "with privacy 'standard'; at most 65 % are asked: release synthetic rows" in few
    assert "within the 65 % that are asked; attack your own table" in many
    assert what_such_files_tell(talkative, "none", 61, FILE_LIMIT) is None


@pytest.mark.parametrize("family", [one for one in available() if not about(one).is_formal])
def test_every_family_says_what_its_files_tell_of_a_small_cohort(family: str) -> None:
    known = about(family).file_attack(61, "standard")
    assert known is not None
    assert known.n_patients == 61
    assert 0.5 <= known.low <= known.auc <= known.high <= 1
    assert f"--families {family} --tables demo --rows 61 --privacy standard" in known.command


# The policy of the site


def test_a_policy_sets_limits_and_adds_tests(tmp_path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("name: SOP 12\nsingling_out: 0.4\nrecognised: 0.01\nrepeated_rows: 0.05\n")
    policy = Policy.from_file(path)
    source = Source("other fits", quiet(**{"Identical rows": 0.3}), ())
    tests = {test.key: test for test in legal_tests([source], shadow(100), policy=policy)}
    assert (tests["singling_out"].outcome, tests["singling_out"].limit_from) == ("shown", "SOP 12")
    assert "WP216 names no number" in tests["inference"].limit_from
    assert tests["ema_risk"].outcome == "shown"  # 100 of 3,000
    assert (tests["recognised"].outcome, tests["recognised"].source) == ("exceeded", "SOP 12")
    assert tests["repeated_rows"].outcome == "exceeded"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("singling_ou: 0.05\n", "did you mean 'singling_out'"),
        ("inference: 5\n", "less than 1"),
        ("inference: 0\n", "greater than 0"),
        ('inference: "0.05"\n', "without quotes"),
        ("- 0.05\n", "the keys are name, singling_out"),
        ("", "the keys are name, singling_out"),
        ("inference: 0.05\ninference: 0.06\n", "line 2"),
    ],
)
def test_a_policy_that_is_wrong_is_refused_in_words(tmp_path, text: str, said: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(ParameterError, match="policy") as told:
        Policy.from_file(path)
    assert said in str(told.value)


def test_a_policy_that_is_not_there(tmp_path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        Policy.from_file(tmp_path / "none.yaml")
