"""Whole attacks: what is known of independent rows, of copies, and of tables of any sort."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import synthhealth as sh
from synthhealth.evaluation import evaluate_tables
from synthhealth.evaluation.privacy.privacy import attack_tables
from synthhealth.evaluation.privacy.results import Attack, Interval, Membership, Privacy
from synthhealth.evaluation.tables import read_tables
from synthhealth.evaluation.work import Seeds
from synthhealth.schema import Column, Demographics, Schema

SCHEMA = Schema(
    columns=(
        Column(name="age", kind="count"),
        Column(name="sex", kind="nominal"),
        Column(name="crp", kind="continuous"),
        Column(name="hb", kind="continuous"),
        Column(name="wbc", kind="continuous"),
        Column(name="stage", kind="ordinal", levels=("I", "II", "III")),
    ),
    demographics=Demographics(sex="sex", age="age"),
)


def patients(n, seed):
    rng = np.random.default_rng(seed)
    ill = rng.normal(size=n)
    return pd.DataFrame(
        {
            "age": rng.normal(50, 14, n).round().clip(18, 90).astype(int),
            "sex": rng.choice(["F", "M"], n, p=[0.7, 0.3]),
            "crp": np.exp(1 + ill + rng.normal(0, 0.5, n)).round(1),
            "hb": (13 - ill + rng.normal(0, 0.8, n)).round(1),
            "wbc": rng.lognormal(2, 0.3, n).round(2),
            "stage": np.array(["I", "II", "III"])[np.digitize(ill + rng.normal(0, 1, n), [-1, 1])],
        }
    )


def attacked(learned, unseen, synthetic, schema=SCHEMA, seed=0):
    tables = read_tables(learned, synthetic, schema, training=learned, unseen=unseen)
    return attack_tables([tables], Seeds.of(seed))


def with_copies(learned, share, n, seed):
    copied = learned.iloc[: round(share * len(learned))]
    return pd.concat([patients(n - len(copied), seed), copied], ignore_index=True)


def bounds(found: Privacy) -> dict[str, tuple[float, float]]:
    """Give the intervals as of excesses."""
    areas = {
        one.name: (one.interval.low - 0.5, one.interval.high - 0.5) for one in found.memberships
    }
    return areas | {one.name: (one.interval.low, one.interval.high) for one in found.attacks}


def is_found(attacks) -> bool:
    return any(one.finding == "found" for one in attacks)


def many(seeds, sizes, share=0.0):
    """Attack many tables; count, by attack, intervals above 0, those that leave it out, and all.

    And, as "any", the tables of which any attack is found, or any column's secrets.
    """
    above, out, all_ = Counter(), Counter(), Counter()
    n_learned, n_unseen, n_synthetic = sizes
    for seed in range(seeds):
        learned, unseen = patients(n_learned, 3 * seed), patients(n_unseen, 3 * seed + 1)
        synthetic = with_copies(learned, share, n_synthetic, 3 * seed + 2)
        found = attacked(learned, unseen, synthetic).results
        for name, (low, high) in bounds(found).items():
            all_[name] += 1
            above[name] += low > 0
            out[name] += low > 0 or high < 0
        above["any"] += is_found((*found.memberships, *found.attacks))
        above["any column"] += is_found(found.guesses)
    return above, out, all_


# Independent rows


def test_intervals_of_independent_rows_cover_nothing_found():
    """Each leaves out 0 in at most 7 of 100 cases, so in 9 or more of 40 once in 400 attacks.

    Any attack is found in at most 5 of 100 tables, so in 7 or more of 40 once in 300.
    """
    above, out, all_ = many(40, (61, 40, 100))
    assert {"Nearest row", "Density ratio", "Guessing secrets", "Identical rows"} <= set(all_)
    assert max(out.values()) < 9, out
    assert max(above["any"], above["any column"]) < 7


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(300, 300, 300), (49, 12, 200)], ids=["300", "61"])
def test_intervals_of_independent_rows_cover_nothing_found_in_93_of_100(sizes):
    """Of intervals that hold in 95 of 100 cases, 14 of 200 or fewer leave 0 out in 92 of 100."""
    _, out, all_ = many(200, sizes)
    assert all(out[name] <= 0.07 * n for name, n in all_.items()), (out, all_)


def test_what_is_true_of_all_patients_is_no_secret_of_those_learned():
    """A secret that follows from the sex is guessed of everybody, and nothing is found."""
    rng = np.random.default_rng(0)

    def table(n):
        sex = rng.choice(["F", "M"], n)
        return pd.DataFrame({"sex": sex, "pregnant": np.where(sex == "F", "may be", "no")})

    schema = Schema(
        columns=(Column(name="sex", kind="nominal"), Column(name="pregnant", kind="nominal")),
        demographics=Demographics(sex="sex"),
    )
    found = attacked(table(100), table(100), table(100), schema).results
    (secret,) = found.guesses
    assert (secret.success, secret.control, secret.excess) == (1.0, 1.0, 0.0)
    assert secret.finding == "not found"
    assert secret.chance == pytest.approx(0.5, abs=0.1)


# Copies


def test_a_quarter_of_copies_is_found_and_a_tenth():
    """300 rows each: in at least 95 and 80 of 100 cases, so hardly once fewer than 8 of 10."""
    above, _, _ = many(10, (300, 300, 300), share=0.25)
    for name in ("Nearest row", "Identical rows", "Nearly identical rows"):
        assert above[name] >= 8, name
    above, _, _ = many(10, (300, 300, 300), share=0.1)
    assert above["Identical rows"] >= 8
    assert above["Nearly identical rows"] >= 8


@pytest.mark.slow
def test_copies_are_found_as_often_as_is_promised():
    """25 % of 300 in 95 of 100; 10 % by rows in 80, of 1,000 by distance and density, too."""
    above, _, _ = many(100, (300, 300, 300), share=0.25)
    for name in (
        "Nearest row",
        "Density ratio",
        "Guessing secrets",
        "Identical rows",
        "Nearly identical rows",
    ):
        assert above[name] >= 95, (name, above)
    above, _, _ = many(100, (300, 300, 300), share=0.1)
    assert min(above["Identical rows"], above["Nearly identical rows"]) >= 80
    above, _, _ = many(60, (1_000, 1_000, 1_000), share=0.1)
    assert min(above["Nearest row"], above["Density ratio"]) >= 0.8 * 60


def test_copies_jittered_below_rounding_are_found():
    """No row is identical then; the numbers are as the laboratory would round them."""
    learned, unseen = patients(300, 0), patients(300, 1)
    synthetic = with_copies(learned, 0.25, 300, 2)
    rng = np.random.default_rng(0)
    for name, step in {"crp": 0.1, "hb": 0.1, "wbc": 0.01}.items():
        synthetic[name] += rng.uniform(-0.45, 0.45, len(synthetic)) * step
    found = {one.name: one for one in attacked(learned, unseen, synthetic).results.attacks}
    assert found["Identical rows"].success == 0.0
    assert found["Nearly identical rows"].success == pytest.approx(0.25, abs=0.02)
    assert found["Nearly identical rows"].finding == "found"


def test_a_verbatim_copy_is_found_by_all_that_can_tell():
    learned, unseen = patients(300, 0), patients(300, 1)
    found = attacked(learned, unseen, learned.sample(frac=1.0, random_state=0)).results
    nearest, density = found.memberships
    assert nearest.auc > 0.99
    assert (nearest.tpr_at_1, nearest.tpr_at_10) == (1.0, 1.0)
    assert density.auc > 0.9  # the kernels are a little wider than a copy is near
    assert density.finding == "found"
    by_name = {one.name: one for one in found.attacks}
    for name in ("Unique combinations", "Identical rows", "Nearly identical rows"):
        assert by_name[name].success == 1.0
        assert by_name[name].finding == "found"
    assert by_name["Guessing secrets"].finding == "found"
    assert by_name["Extreme values replayed"].success == 1.0
    assert found.closest.members == 0.0 < found.closest.non_members


def test_few_copies_among_many_rows_are_found_where_no_row_stands_out():
    """12 of 61 patients among 300 rows: 4 % identical rows is what other patients might give."""
    learned, unseen = patients(61, 0), patients(61, 1)
    synthetic = with_copies(learned, 12 / 61, 300, 2)
    by_name = {one.name: one for one in attacked(learned, unseen, synthetic).results.attacks}
    assert by_name["Identical rows"].finding == "found"


# Several fits


def in_folds(share):
    table = patients(60, 0)
    part = np.arange(60) % 5
    folds = []
    for one in range(5):
        learned, unseen = table[part != one], table[part == one]
        drawn = with_copies(learned, share, 60, 1 + one)
        folds.append(read_tables(unseen, drawn, SCHEMA, training=learned, unseen=unseen))
    return attack_tables(folds, Seeds.of(0)).results


def test_every_patient_is_attacked_as_member_and_as_non_member():
    copied = in_folds(0.5)
    assert (copied.n_folds, copied.n_members, copied.n_non_members) == (5, 48, 60)
    by_name = {one.name: one for one in copied.attacks}
    assert by_name["Identical rows"].attempts == by_name["Identical rows"].non_members == 60
    assert by_name["Identical rows"].success == pytest.approx(0.5)
    assert by_name["Identical rows"].finding == "found"
    assert copied.memberships[0].finding == "found"
    clean = in_folds(0.0)
    assert not is_found((*clean.memberships, *clean.attacks))


def test_a_patient_with_many_rows_counts_once():
    rng = np.random.default_rng(0)

    def visits(names, seed):
        table = patients(len(names), seed)
        times = rng.integers(1, 6, len(names))
        return table.assign(patient=names).loc[np.repeat(np.arange(len(names)), times)]

    schema = Schema(
        columns=(*SCHEMA.columns, Column(name="patient", kind="identifier", protection="drop")),
        subject="patient",
        demographics=SCHEMA.demographics,
    )
    learned = visits([f"A{n:03}" for n in range(80)], 0).reset_index(drop=True)
    unseen = visits([f"B{n:03}" for n in range(80)], 1).reset_index(drop=True)
    tables = read_tables(learned, patients(100, 2), schema, training=learned, unseen=unseen)
    found = attack_tables([tables], Seeds.of(0)).results
    assert found.n_members <= 80 < len(learned)
    assert found.n_non_members <= 80 < len(unseen)


# What cannot be told


def test_without_patients_of_either_sort_there_is_no_number():
    table, fake = patients(100, 0), patients(100, 1)
    for told, words in (({"real_is": "training"}, "keep some back"), ({}, "is not known")):
        judged = evaluate_tables(table, fake, SCHEMA, parts=["privacy"], **told)
        assert judged.privacy.memberships == judged.privacy.attacks == judged.privacy.guesses == ()
        (gap,) = [gap for gap in judged.not_computed if gap.what == "attacks on privacy"]
        assert words in gap.reason
        assert "cross_evaluate" in gap.reason
        assert judged.privacy.replays
        assert judged.privacy.groups.columns == ("age", "sex")


def test_too_few_patients_are_a_gap():
    found = attacked(patients(40, 0), patients(3, 1), patients(40, 2))
    assert found.results.memberships == ()
    assert "fewer than 5" in found.not_computed[0].reason


def test_an_attack_on_too_few_patients_is_a_gap_and_on_nobody_nothing():
    """Of those unseen one alone has the age, and nobody at all has a rare level."""
    learned, unseen = patients(60, 0), patients(60, 1).assign(age=17, sex="F")
    unseen.loc[0, "age"] = 90
    found = attacked(learned, unseen, patients(60, 2))
    assert "Unique combinations" not in {one.name for one in found.results.attacks}
    assert [gap.what for gap in found.not_computed] == ["unique combinations"]


def test_twelve_patients_cannot_tell():
    found = attacked(patients(12, 0), patients(12, 1), patients(12, 2)).results
    assert {one.finding for one in found.memberships} == {"cannot tell"}


def test_a_table_without_quasi_identifiers_says_so():
    names = ["crp", "hb", "wbc"]
    schema = SCHEMA.without(["age", "sex", "stage"])
    tables = [patients(60, seed)[names] for seed in range(3)]
    found = attacked(*tables, schema)
    assert found.results.quasi_identifiers == ()
    assert found.results.groups is None
    assert "role: quasi-identifier" in found.not_computed[0].reason
    assert "Identical rows" in {one.name for one in found.results.attacks}


def test_nobody_asks_and_nothing_is_computed():
    judged = evaluate_tables(patients(30, 0), patients(30, 1), SCHEMA, parts=["copying"])
    assert judged.privacy is None


# Tables of any sort


def numbers(n, seed, columns="ab"):
    return pd.DataFrame(
        np.random.default_rng(seed).normal(size=(n, len(columns))).round(2), columns=list(columns)
    )


ODD = {
    "constant": lambda n, seed: numbers(n, seed).assign(b=1.0, c="same"),
    "one column": lambda n, seed: numbers(n, seed, "a"),
    "missing": lambda n, seed: numbers(n, seed).assign(c=np.nan),
    "half missing": lambda n, seed: numbers(n, seed).where(lambda t: t > 0),
    "categories": lambda n, seed: pd.DataFrame(
        np.random.default_rng(seed).choice(list("xyz"), (n, 3)), columns=["a", "b", "c"]
    ),
    "one level": lambda n, seed: pd.DataFrame({"a": ["x"] * n, "b": [True] * n}),
    "large": lambda n, seed: numbers(n, seed) * 1e30,
    "dates": lambda n, seed: numbers(n, seed).assign(
        seen=pd.Timestamp("2020-01-01")
        + pd.to_timedelta(np.random.default_rng(seed).integers(0, 99, n), "D")
    ),
}


@pytest.mark.parametrize("n", [12, 60])
@pytest.mark.parametrize("sort", ODD)
def test_odd_tables_are_attacked_as_far_as_they_can(sort, n):
    learned, unseen, fake = (ODD[sort](n, seed) for seed in range(3))
    schema = Schema(
        columns=tuple(
            Column(
                name=name,
                kind="datetime"
                if pd.api.types.is_datetime64_any_dtype(learned[name])
                else "continuous"
                if pd.api.types.is_float_dtype(learned[name])
                else "nominal",
                role="quasi-identifier" if name == "a" else None,
            )
            for name in learned
        )
    )
    with np.errstate(all="raise", under="ignore"):
        found = attacked(learned, unseen, fake, schema).results
    assert len(found.memberships) == 2
    for one in (*found.attacks, *found.guesses):
        assert one.interval.low <= one.excess + 1e-9
        assert one.excess <= one.interval.high + 1e-9
    if sort == "constant":
        assert {guess.column for guess in found.guesses} == set()


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("xyz"), st.booleans()), min_size=6),
    st.integers(0, 3),
)
def test_any_small_table_gives_shares(rows, seed):
    table = pd.DataFrame(rows, columns=["a", "b", "c"]).astype({"a": float})
    table.loc[table["c"], "a"] = np.nan
    schema = Schema(
        columns=(
            Column(name="a", kind="continuous", role="quasi-identifier"),
            Column(name="b", kind="nominal"),
            Column(name="c", kind="boolean"),
        )
    )
    shuffled = table.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    found = attacked(table, shuffled, table, schema, seed=seed).results
    written = found.model_dump_json()
    assert Privacy.model_validate_json(written).model_dump_json() == written
    # Members and non-members are the same patients: nothing can be found.
    assert not is_found((*found.memberships, *found.attacks))


# What leaves


def test_the_same_seed_gives_the_same_bytes_and_no_value():
    learned, unseen = patients(61, 0), patients(40, 1)
    learned.loc[0, "crp"] = 473.9
    fake = with_copies(learned, 0.3, 200, 2)
    first, second = (attacked(learned, unseen, fake).results.model_dump_json() for _ in range(2))
    assert first == second
    assert "473.9" not in first


def test_shares_leave_by_five_patients():
    interval = Interval(low=0.011, high=0.33, method="Newcombe")
    attack = Attack(
        name="a", threat="t", source="s", given="synthetic rows", attempts=61, non_members=61,
        success=14 / 61, control=3 / 61, chance=0.123, excess=11 / 61, interval=interval,
    )  # fmt: skip
    written = Attack.model_validate(attack.model_dump())
    for share in (written.success, written.control, written.excess, written.chance):
        assert share * 12 == pytest.approx(round(share * 12), abs=1e-2)  # of 60 patients
    assert (written.attempts, written.non_members) == (60, 60)
    assert written.finding == attack.finding == "found"
    assert written.model_dump() == attack.model_dump()


@pytest.mark.parametrize(
    ("low", "high", "finding"),
    [(0.01, 0.3, "found"), (-0.05, 0.05, "not found"), (-0.05, 0.2, "cannot tell")],
)
def test_a_finding_follows_from_the_interval(low, high, finding):
    interval = Interval(low=low + 0.5, high=high + 0.5, method="DeLong")
    found = Membership(
        name="m", threat="t", source="s", given="saved model", members=50, non_members=50,
        auc=(low + high) / 2 + 0.5, interval=interval, tpr_at_1=0.1, tpr_at_10=0.2,
    )  # fmt: skip
    assert found.finding == finding


def test_a_model_that_keeps_its_patients_is_found_out():
    table = sh.datasets.load_ra_panel(122, random_state=0)
    learned, unseen = table.iloc[:61], table.iloc[61:].reset_index(drop=True)
    report = sh.evaluate(learned, learned, holdout=unseen, parts=["privacy", "copying"])
    assert "Attacks on privacy get more" in " ".join(report.data.conclusion.reasons)
    assert report.evaluation.privacy.quasi_identifiers == ("age", "sex")
