"""Shares outside reference ranges: by sex and age, hidden where groups are small."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest

from synthhealth.evaluation import evaluate_tables as evaluate_all
from synthhealth.evaluation.matching import match_columns
from synthhealth.evaluation.references import compare_references
from synthhealth.evaluation.tables import read_tables
from synthhealth.schema import Column, Demographics, Range, ReferenceRange, Schema

#: Columns, pairs and missing values; the other parts have tests of their own.
evaluate_tables = partial(evaluate_all, parts=())

WOMEN = ReferenceRange(low=12.0, high=16.0, sex="female", source="a book")
MEN = ReferenceRange(low=13.0, high=17.0, sex="male")


def schema(*ranges: ReferenceRange, demographics: Demographics | None = None, **more) -> Schema:
    if demographics is None:
        demographics = Demographics(sex="sex", female="F", male="M", age="age")
    return Schema(
        columns=(
            Column(name="hb", kind="continuous", unit="g/dL", reference=ranges, **more),
            Column(name="sex", kind="nominal"),
            Column(name="age", kind="count"),
        ),
        demographics=demographics,
    )


def cohort(n: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    sex = rng.choice(["F", "M"], n)
    return pd.DataFrame(
        {
            "hb": rng.normal(np.where(sex == "F", 13.0, 14.0) + shift, 1.5),
            "sex": sex,
            "age": rng.integers(18, 90, n),
        }
    )


def test_each_patient_is_judged_by_the_range_of_their_sex():
    real, fake = cohort(200, 0), cohort(400, 1)
    (result,) = evaluate_tables(real, fake, schema(WOMEN, MEN)).references
    assert (result.column, result.unit) == ("hb", "g/dL")
    limit = real["sex"].map({"F": 12.0, "M": 13.0})
    assert result.below.real.count == (real["hb"] < limit).sum()
    assert result.below.real.n == 200
    women, men = result.groups
    assert women.source == "a book"
    assert women.below.real.count == (real["hb"] < 12)[real["sex"] == "F"].sum()
    assert men.below.synthetic.count == (fake["hb"] < 13)[fake["sex"] == "M"].sum()


def test_independent_cohorts_agree_and_a_shift_is_found():
    """20 pairs, the share below: outside in 5 % by design; five or more once in 400 runs."""
    kinds = schema(WOMEN, MEN)
    alarms = 0
    for seed in range(20):
        tables = read_tables(cohort(100, seed), cohort(300, 500 + seed), kinds)
        hb = [column for column in match_columns(tables) if column.name == "hb"]
        ((result,), _) = compare_references(hb, tables)
        alarms += result.below.standing != "within"
    assert alarms < 5
    (shifted,) = evaluate_tables(cohort(100, 0), cohort(300, 1, shift=-1.5), kinds).references
    assert shifted.below.standing == "above"


def test_the_more_specific_range_holds():
    everybody = ReferenceRange(low=10.0)
    old_women = ReferenceRange(low=11.0, sex="female", age_from=65)
    real = cohort(300, 0)
    (result,) = evaluate_tables(real, real, schema(old_women, WOMEN, everybody)).references
    is_old = (real["sex"] == "F") & (real["age"] >= 65)
    is_young = (real["sex"] == "F") & (real["age"] < 65)
    n = [group.below.real.n for group in result.groups]
    assert n == [is_old.sum(), is_young.sum(), (real["sex"] == "M").sum()]


def test_age_bands_end_before_their_upper_age():
    young, old = ReferenceRange(high=20.0, age_to=55), ReferenceRange(high=30.0, age_from=55)
    real = cohort(200, 0)
    (result,) = evaluate_tables(real, real, schema(young, old)).references
    assert result.groups[0].above.real.n == (real["age"] < 55).sum()
    assert result.groups[1].above.real.n == (real["age"] >= 55).sum()
    assert result.below is None


@pytest.mark.parametrize(
    ("who", "lacks"),
    [(Demographics(age="age"), "sex"), (Demographics(sex="sex", female="F", male="M"), "age")],
)
def test_what_a_range_needs_and_the_schema_does_not_say_is_named(who, lacks):
    ranges = (WOMEN, MEN) if lacks == "sex" else (ReferenceRange(high=20.0, age_to=55),)
    result = evaluate_tables(cohort(60, 0), cohort(60, 1), schema(*ranges, demographics=who))
    assert result.references == ()
    gap = result.not_computed[-1]
    assert (gap.what, gap.column) == ("shares outside the reference range", "hb")
    assert lacks in gap.reason


def test_a_hidden_group_hides_the_others_on_its_side():
    """Total minus women would be the two men."""
    real = cohort(100, 0)
    real["sex"] = ["F"] * 80 + ["M"] * 20
    real["hb"] = [10.0] * 30 + [14.0] * 50 + [10.0] * 2 + [15.0] * 18
    (result,) = evaluate_tables(real, real, schema(WOMEN, MEN)).references
    assert result.below.real.count == 32
    assert [group.below.real.count for group in result.groups] == [None, None]
    assert [group.above.real.count for group in result.groups] == [0, 0]
    assert [group.below.synthetic.count for group in result.groups] == [30, 2]


def test_an_end_that_nobody_can_pass_is_open():
    crp = ReferenceRange(low=0.0, high=14.0)
    (result,) = evaluate_tables(
        cohort(60, 0), cohort(60, 1), schema(crp, plausible=Range(low=0))
    ).references
    assert result.below is None
    assert result.above is not None


def test_censored_results_count_where_they_are_surely_outside():
    schema = Schema(
        columns=(
            Column(name="tsh", kind="continuous", reference=(ReferenceRange(low=0.4, high=4.0),)),
        )
    )
    cells = ["<0.1"] * 10 + ["<1.0"] * 7 + [">50"] * 6 + [">3.0"] * 5 + ["2.0", "2.5"] * 20
    table = pd.DataFrame({"tsh": cells})
    (result,) = evaluate_tables(table, table, schema).references
    assert (result.below.real.count, result.above.real.count) == (10, 6)
    assert result.below.real.n == len(cells)


def test_levels_of_sex_are_compared_by_value():
    numbered = Demographics(sex="sex", female=1, male=2, age="age")
    real = cohort(100, 0)
    coded = real.assign(sex=real["sex"].map({"F": 1.0, "M": 2.0}))
    (one,) = evaluate_tables(coded, coded, schema(WOMEN, MEN, demographics=numbered)).references
    (other,) = evaluate_tables(real, real, schema(WOMEN, MEN)).references
    assert one == other
