"""Each attack by itself, against what can be reckoned by hand or by another library."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from synthhealth.evaluation.privacy.disclosure import guess_secrets
from synthhealth.evaluation.privacy.fits import Fit, quasi_identifiers, secrets
from synthhealth.evaluation.privacy.membership import DISTANCE, score_members
from synthhealth.evaluation.privacy.pooling import Scored, Threat, Tried, as_attack, as_membership
from synthhealth.evaluation.privacy.replays import find_replays
from synthhealth.evaluation.privacy.uniqueness import (
    find_rows_nearly,
    find_unique_combinations,
    group_rows,
)
from synthhealth.evaluation.rows.auc import interval
from synthhealth.evaluation.shares import newcombe
from synthhealth.evaluation.tables import read_tables
from synthhealth.schema import Column, Demographics, DetectionLimits, Schema


def fit_of(learned, unseen, synthetic, *columns):
    schema = Schema(columns=columns)
    return Fit.of(read_tables(learned, synthetic, schema, training=learned, unseen=unseen))


def column(name, kind="continuous", role=None, **more):
    return Column(name=name, kind=kind, role=role, **more)


def known(name, kind="nominal"):
    return column(name, kind, "quasi-identifier")


RNG = np.random.default_rng

# Pooling


def test_one_fit_is_newcombes_interval_and_delongs():
    rng = RNG(0)
    members, others = (rng.random(61) < 0.3).astype(float), (rng.random(40) < 0.2).astype(float)
    threat = Threat("a", "t", "s")
    attack = as_attack([Tried(members, others, 0.1)], threat)
    plain = newcombe((int(others.sum()), 40), (int(members.sum()), 61))
    assert attack.excess == pytest.approx(members.mean() - others.mean())
    # Wider for few patients, as Student's law is.
    assert attack.interval.low == pytest.approx(plain[0], abs=0.02)
    assert attack.interval.low < plain[0] < plain[1] < attack.interval.high
    ours, theirs = rng.normal(0.3, 1, 61), rng.normal(0, 1, 40)
    found = as_membership([Scored([(ours, theirs)])], DISTANCE)
    scores, labels = np.r_[ours, theirs], np.arange(101) < 61
    assert found.auc == pytest.approx(roc_auc_score(labels, scores))
    low, high = interval([scores], [np.zeros(101, dtype=int)], labels)
    assert found.interval.low == pytest.approx(low, abs=0.01)
    assert found.interval.low < low < high < found.interval.high
    limit = np.sort(theirs)[-5]  # four of forty are taken for members
    assert found.tpr_at_10 == pytest.approx((ours > limit).mean())
    assert found.tpr_at_1 == pytest.approx((ours > theirs.max()).mean())


def test_several_columns_of_a_patient_narrow_the_interval_and_several_fits_do_not():
    rng = RNG(0)
    one = Tried((rng.random(60) < 0.3) * 1.0, (rng.random(60) < 0.3) * 1.0)
    ten = Tried(
        (rng.random((60, 10)) < 0.3).mean(axis=1), (rng.random((60, 10)) < 0.3).mean(axis=1)
    )
    threat = Threat("a", "t", "s")

    def width(tried):
        found = as_attack(tried, threat).interval
        return found.high - found.low

    assert width([ten]) < 0.5 * width([one])
    # Five fits have the same members, and their non-members once: these alone are no more.
    parts = [Tried(one.members, one.non_members[start::5]) for start in range(5)]
    assert width(parts) == pytest.approx(width([one]), rel=1e-9)


def test_all_told_apart_is_as_sure_as_so_many_patients():
    found = as_membership([Scored([(np.ones(20), np.zeros(20))])], DISTANCE)
    assert found.auc == found.interval.high == 1.0
    assert 0.8 < found.interval.low < 0.9  # Wilson's interval of 20 of 20


# Membership


def test_the_distance_is_gowers_and_the_density_a_kernels():
    rng = RNG(1)
    learned, unseen, fake = (
        pd.DataFrame({"x": rng.normal(size=n), "s": rng.choice(list("ab"), n)})
        for n in (20, 10, 30)
    )
    fit = fit_of(learned, unseen, fake, column("x"), column("s", "nominal"))
    scores = score_members(fit, RNG(0))
    pooled = pd.concat([learned, unseen, fake])
    ranks = (pooled["x"].rank() / 60).to_numpy()
    level = pooled["s"].to_numpy()
    apart = np.abs(ranks[:, None] - ranks[None]) + (level[:, None] != level[None])
    ((ours, theirs),) = scores.distance.parts
    np.testing.assert_allclose(-ours, apart[:20, 30:].min(axis=1))
    np.testing.assert_allclose(-theirs, apart[20:30, 30:].min(axis=1))
    assert sorted(part[1].size for part in scores.density.parts) == [2] * 5
    # The ratio by hand, for some width of either density, and two non-members left out.
    for ours, _ in scores.density.parts:
        assert any(
            np.allclose(ours, by_hand(apart, 2.0 / 2**first, 2.0 / 2**second, left_out), atol=1e-4)
            for first in range(7)
            for second in range(7)
            for left_out in combinations(range(10), 2)
        )


def by_hand(apart, first, second, left_out):
    reference = np.delete(np.arange(20, 30), left_out)
    drawn, others = np.exp(-apart[:20, 30:] / first), np.exp(-apart[:20, reference] / second)
    return np.log(drawn.mean(axis=1)) - np.log(others.mean(axis=1))


def test_an_overfitted_density_shows_against_a_reference():
    """Rows drawn close around each member lie where no other patient does."""
    rng = RNG(0)
    learned, unseen = (pd.DataFrame(rng.normal(size=(100, 4)), columns=list("abcd")) for _ in "12")
    near = learned.sample(400, replace=True, random_state=0).reset_index(drop=True)
    near += rng.normal(0, 0.15, near.shape)
    scores = score_members(fit_of(learned, unseen, near, *map(column, "abcd")), RNG(0))
    found = as_membership([scores.density], DISTANCE)
    assert found.auc > 0.7
    assert found.finding == "found"


# Secrets


def secret_tables():
    learned = pd.DataFrame({"ward": list("abcdefgh"), "crp": np.arange(8.0) * 10})
    unseen = pd.DataFrame({"ward": list("abcdefgh"), "crp": np.arange(8.0)[::-1] * 10 + 1})
    return learned, unseen


def test_a_secret_is_read_off_the_nearest_row():
    learned, unseen = secret_tables()
    fit = fit_of(learned, unseen, learned, known("ward"), column("crp"))
    guessed = guess_secrets(fit, RNG(0)).columns["crp"]
    assert guessed.members.tolist() == [1.0] * 8
    assert guessed.non_members.sum() < 8
    # The number that is right for most: within a twentieth of 16 patients on either side.
    assert guessed.chance == pytest.approx(2 / 16)


def test_a_level_is_guessed_by_most_of_those_as_near_and_a_gap_is_no_secret():
    learned = pd.DataFrame({"ward": ["a"] * 6, "drug": ["x", "x", "x", "y", None, "x"]})
    fit = fit_of(learned, learned, learned, known("ward"), column("drug", "nominal"))
    guessed = guess_secrets(fit, RNG(0)).columns["drug"]
    assert sorted(guessed.members) == [0.0, 1.0, 1.0, 1.0, 1.0]
    assert guessed.chance == pytest.approx(0.8)


def test_the_schema_says_what_is_known_and_what_is_secret():
    people = Demographics(sex="sex", age="age")
    plain = (column("age", "count"), column("sex", "nominal"), column("crp"))
    schema = Schema(columns=plain, demographics=people)
    assert quasi_identifiers(schema) == ("age", "sex")
    assert secrets(schema) == ("crp",)
    dated = column("seen", "datetime", identifier="date", protection="generalise")
    assert quasi_identifiers(Schema(columns=(*plain, dated), demographics=people)) == (
        "age", "sex", "seen",
    )  # fmt: skip
    said = (*plain, known("ward"), column("hiv", "boolean", "sensitive"))
    schema = Schema(columns=said, demographics=people)
    assert quasi_identifiers(schema) == ("ward",)
    assert secrets(schema) == ("hiv",)


# Singling out


def test_unique_combinations_are_those_of_all_patients():
    learned = pd.DataFrame({"age": [30.0, 40, 50, 50, 70], "ward": list("abaab")})
    unseen = pd.DataFrame({"age": [30.0, 41, 71], "ward": list("abb")})
    fake = pd.DataFrame({"age": [40.0, 50, 71, 99], "ward": list("baba")})
    fit = fit_of(learned, unseen, fake, known("age", "count"), known("ward"))
    tried = find_unique_combinations(fit)
    assert tried.members.tolist() == [1.0, 0.0]  # 40 b and 70 b; 30 a is shared, 50 a, too
    assert tried.non_members.tolist() == [0.0, 1.0]
    # By chance: one of four rows has both values, each by its share of all eight patients.
    each = (1 / 8) * (4 / 8)
    assert tried.chance == pytest.approx(1 - (1 - each) ** 4)


def test_synthetic_rows_are_counted_by_their_quasi_identifiers():
    table = pd.DataFrame({"age": [30.0] * 6 + [40.0] * 3 + [50.0], "crp": np.arange(10.0)})
    groups = group_rows(fit_of(table, table, table, known("age", "count"), column("crp")))
    assert groups.columns == ("age",)
    assert (groups.smallest, groups.alone, groups.in_small) == (1, 0.1, 0.4)


@pytest.mark.parametrize(
    ("gap", "coarse", "met"), [(0.1, 0, 1.0), (0.04, 0, 1.0), (0.2, 0, 0.0), (0.0, 1, 0.0)]
)
def test_a_row_may_differ_by_the_last_digit(gap, coarse, met):
    """By one tenth of a number from 0 to 10,000; by none of a score from 0 to 3."""
    rng = RNG(0)
    learned = pd.DataFrame(
        {"crp": (rng.random(40) * 10_000).round(1), "score": rng.integers(0, 4, 40), "ward": "a"}
    )
    far = learned.assign(crp=learned["crp"] + 50_000)
    fake = learned.assign(crp=learned["crp"] + gap, score=(learned["score"] + coarse) % 4)
    columns = (column("crp", decimals=1), column("score", "count"), column("ward", "nominal"))
    tried = find_rows_nearly(fit_of(learned, far, fake, *columns), RNG(0))
    assert tried.members.mean() == met
    assert tried.non_members.mean() == 0.0


def test_what_is_missing_is_missing_in_a_copy():
    learned = pd.DataFrame({"a": [1.0, np.nan, 3.0, np.nan], "b": [1.0, 2.0, np.nan, np.nan]})
    other = pd.DataFrame({"a": [1.0, 5.0, 3.0, 4.0], "b": [9.0, 2.0, 7.0, 1.0]})
    columns = (column("a", decimals=0), column("b", decimals=0))
    assert find_rows_nearly(fit_of(learned, other, learned, *columns), RNG(0)).members.all()
    assert not find_rows_nearly(fit_of(learned, other, other, *columns), RNG(0)).members.any()


# Replays


def test_rare_levels_and_extremes_are_counted():
    n = 40
    learned = pd.DataFrame({"crp": np.arange(n) * 1.5, "ward": ["a"] * 36 + ["b", "b", "c", None]})
    unseen = learned.assign(ward="a", crp=np.arange(n) * 1.5 + 0.5)
    fake = pd.DataFrame({"crp": [0.0, 58.5, 30.0, 59.2], "ward": ["a", "b", "z", None]})
    fit = fit_of(learned, unseen, fake, column("crp"), column("ward", "nominal", rare="keep"))
    found = find_replays(fit)
    by_column = {one.column: one for one in found.columns}
    # Four smallest and four largest of all: 0, .5, 1.5, 2 and 57.5 to 59.
    assert (by_column["crp"].n, by_column["crp"].replayed) == (8, 2)
    assert (by_column["ward"].n, by_column["ward"].replayed) == (2, 1)
    assert found.extremes.members.mean() == 0.5
    assert found.extremes.non_members.mean() == 0.0
    assert found.levels.members.tolist() == [1.0, 1.0, 0.0]
    assert by_column["ward"].model_dump() == {
        "column": "ward", "what": "levels", "n": 5, "replayed": 5,
    }  # fmt: skip


def test_a_detection_limit_is_nobodys_extreme():
    values = [*(f"{v:.1f}" for v in np.arange(30) + 1.0), "<0.5", "<0.5"]
    table = pd.DataFrame({"crp": values})
    limited = column("crp", detection=DetectionLimits(below=(0.5,)))
    fit = fit_of(table, table, pd.DataFrame({"crp": ["<0.5"] * 9 + ["15.0"]}), limited)
    (crp,) = find_replays(fit).columns
    assert crp.replayed == 0
