"""A whole evaluation: known truths, isolation, odd tables, the same bytes for the same seed."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scipy import stats

from synthhealth.errors import ParameterError, SchemaError, TableError
from synthhealth.evaluation import Evaluation
from synthhealth.evaluation import evaluate_tables as evaluate_all
from synthhealth.evaluation.calibration import SEARCHES
from synthhealth.schema import Column, Kind, Schema

#: Columns, pairs and missing values; the other parts have tests of their own.
evaluate_tables = partial(evaluate_all, parts=())

NUMBERS = ["crp", "esr", "haemoglobin", "albumin"]
LEVELS = ["stage", "erosive", "clinic"]


def by_column(results):
    return {result.column: result for result in results}


def schema(**kinds: str) -> Schema:
    return Schema(columns=tuple(Column(name=name, kind=Kind(kind)) for name, kind in kinds.items()))


# Known truths


def test_an_independent_cohort_of_the_same_law_lies_within_the_floors(draw_cohort):
    """Ten pairs x 3 overall figures: within in 95 % by design, fewer than 24 once in 300 runs."""
    within = 0
    for seed in range(10):
        overall = evaluate_tables(draw_cohort(61, seed), draw_cohort(200, 1_000 + seed)).overall
        for score in (overall.ks_average, overall.column_average, overall.dependence_difference):
            within += score.floor.standing(score.value) == "within"
    assert within >= 24


def test_a_verbatim_copy_scores_one_and_above_the_floor(draw_cohort):
    real = draw_cohort(61, 0)
    result = evaluate_tables(real, real.copy())
    assert all(r.ks_complement == 1 and r.wasserstein == 0 for r in result.numerical)
    assert all(r.tv_complement == 1 for r in result.categorical)
    assert all(pair.difference == 0 for pair in result.pairs)
    assert result.overall.ks_average.value == 1
    assert result.overall.dependence_difference.value == 0
    for score in (result.overall.ks_average, result.overall.column_average):
        assert score.floor.standing(score.value) == "above"
    difference = result.overall.dependence_difference
    assert difference.floor.standing(difference.value) == "below"


def test_shuffled_columns_keep_their_distributions_and_lose_their_dependence(draw_cohort):
    real = draw_cohort(300, 0)
    rng = np.random.default_rng(0)
    shuffled = real.apply(lambda column: rng.permutation(column.to_numpy()))
    result = evaluate_tables(real, shuffled)
    assert result.overall.column_average.value == 1
    difference = result.overall.dependence_difference
    assert difference.floor.standing(difference.value) == "above"
    assert difference.value > 3 * difference.floor.mean


def test_a_shifted_column_is_found_and_only_that_one(draw_cohort):
    fake = draw_cohort(500, 1)
    fake["haemoglobin"] = 100 * fake["haemoglobin"] + 7_000
    result = evaluate_tables(draw_cohort(200, 0), fake)
    found = by_column(result.numerical)
    assert found["haemoglobin"].ks_complement == 0
    assert found["haemoglobin"].q_value < 1e-6
    assert min(found[name].q_value for name in NUMBERS if name != "haemoglobin") > 0.01
    # A change of unit is a matter of the distribution; ranks, and so dependence, are kept.
    kept = [pair for pair in result.pairs if "haemoglobin" in (pair.first, pair.second)]
    assert max(pair.difference for pair in kept) < 0.3


def test_averages_are_the_means_of_the_columns(draw_cohort):
    result = evaluate_tables(draw_cohort(100, 0), draw_cohort(150, 1))
    ks = [r.ks_complement for r in result.numerical]
    tv = [r.tv_complement for r in result.categorical]
    gaps = [pair.difference for pair in result.pairs]
    assert [r.column for r in result.numerical] == NUMBERS
    assert [r.column for r in result.categorical] == LEVELS
    assert result.overall.ks_average.value == pytest.approx(np.mean(ks))
    assert result.overall.column_average.value == pytest.approx(np.mean(ks + tv))
    assert result.overall.dependence_difference.value == pytest.approx(np.mean(gaps))
    assert len(gaps) == 21


def test_the_ks_average_is_that_of_sdmetrics(draw_cohort):
    from sdmetrics.single_column import KSComplement

    real, fake = draw_cohort(61, 0), draw_cohort(1_000, 1)
    expected = np.mean([KSComplement.compute(real[name], fake[name]) for name in NUMBERS])
    result = evaluate_tables(real, fake)
    assert result.overall.ks_average.value == pytest.approx(expected, abs=1e-12)


def test_column_pair_trends_of_sdmetrics_bins_each_table_for_itself(draw_cohort):
    """There x -> 100 x + 7000 leaves the pair's score at 1: its bins move along with the values."""
    from sdmetrics.reports.single_table._properties import ColumnPairTrends

    real = draw_cohort(300, 0)[["haemoglobin", "stage"]]
    moved = real.assign(haemoglobin=100 * real["haemoglobin"] + 7_000)
    metadata = {
        "columns": {"haemoglobin": {"sdtype": "numerical"}, "stage": {"sdtype": "categorical"}}
    }
    theirs = ColumnPairTrends().get_score(real, moved, metadata)
    assert theirs == pytest.approx(1.0)
    assert evaluate_tables(real, moved).overall.ks_average.value == 0


def test_q_values_count_all_columns_and_figures(draw_cohort):
    result = evaluate_tables(draw_cohort(100, 0), draw_cohort(100, 1))
    columns = [*result.numerical, *result.categorical]
    figures = [metric for metric in result.metrics if metric.family not in SEARCHES]
    p_values = [*(test.p_value for test in columns), *(metric.p_poor for metric in figures)]
    expected = stats.false_discovery_control(p_values)
    found = [*(test.q_value for test in columns), *(metric.q_poor for metric in figures)]
    assert found == pytest.approx(list(expected))


# Compared by value, whatever the dtype


@pytest.mark.parametrize(
    ("real", "synthetic"),
    [
        ([True, False, True, None], pd.array([True, False, True, None], dtype="boolean")),
        ([True, False, True, False], [1, 0, 1, 0]),
        ([1, 2, 1, 2], [1.0, 2.0, 1.0, 2.0]),
        ([1, 2, 1, 2], pd.array([1, 2, 1, 2], dtype="Int64")),
        (list("abab"), pd.Categorical(list("abab"), categories=list("zba"))),
        (list("abab"), pd.array(list("abab"), dtype="string")),
        (list("abab"), pd.Series(list("abab"), dtype="string[pyarrow]")),
        (pd.Categorical([1, 2, 1, None]), [1.0, 2.0, 1.0, np.nan]),
    ],
)
def test_levels_are_compared_by_value(real, synthetic):
    both = pd.DataFrame({"x": real}), pd.DataFrame({"x": synthetic})
    for first, second in (both, both[::-1]):
        result = evaluate_tables(first, second, schema(x="nominal")).categorical[0]
        assert result.n_categories == 2
        assert result.tv_complement == 1


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "float32", "object", "int64[pyarrow]"])
def test_numbers_are_compared_by_value(dtype):
    values = pd.Series([3, 1, 4, 1, 5, 9, 2, 6])
    real, synthetic = pd.DataFrame({"x": values}), pd.DataFrame({"x": values.astype(dtype)})
    result = evaluate_tables(real, synthetic).numerical[0]
    assert result.ks_complement == 1
    assert result.wasserstein == 0


def test_whole_numbers_that_became_floats_through_one_missing_value():
    real = pd.DataFrame({"x": [3, 1, 4, 1, 5, 9, 2, 6]})
    fake = pd.DataFrame({"x": [3, 1, 4, 1, 5, 9, 2, 6, None]})
    result = evaluate_tables(real, fake).numerical[0]
    assert result.ks_complement == 1
    assert (result.n_real, result.n_synthetic) == (8, 8)
    assert (result.missing_real, result.missing_synthetic) == (0, pytest.approx(1 / 9))


def test_dates_are_judged_in_days_in_any_time_zone():
    # An hour apart, so that the figure's own error leaves it tenths of a day.
    start = pd.Series(pd.date_range("2020-01-01", periods=40, freq="h", tz="Europe/Vienna"))
    real = pd.DataFrame({"visit": start})
    same = pd.DataFrame({"visit": start.dt.tz_convert("America/New_York")})
    later = pd.DataFrame({"visit": start + pd.Timedelta(hours=35 * 24)})
    result = evaluate_tables(real, same).numerical[0]
    assert (result.unit, result.ks_complement, result.wasserstein) == ("day", 1, 0)
    assert evaluate_tables(real, later).numerical[0].wasserstein == 35


def test_missing_dates_are_missing():
    dates = pd.Series(pd.to_datetime(["2020-01-01", None, "2020-01-05", "2021-06-01"]))
    fake = pd.DataFrame({"visit": dates.dropna()})
    result = evaluate_tables(pd.DataFrame({"visit": dates}), fake).numerical[0]
    assert (result.missing_real, result.missing_synthetic) == (0.25, 0)
    assert result.ks_complement == 1


def test_units_come_from_the_schema(draw_cohort):
    real = draw_cohort(50, 0)[["crp", "esr"]]
    columns = (Column(name="crp", kind="continuous", unit="mg/L"), Column(name="esr", kind="count"))
    fake = draw_cohort(50, 1)[["esr", "crp"]]
    found = by_column(evaluate_tables(real, fake, Schema(columns=columns)).numerical)
    assert (found["crp"].unit, found["esr"].unit) == ("mg/L", None)


def test_column_order_does_not_matter(draw_cohort):
    real, fake = draw_cohort(61, 0), draw_cohort(100, 1)
    expected = evaluate_tables(real, fake)
    assert evaluate_tables(real, fake[fake.columns[::-1]]) == expected


def test_the_tables_are_left_as_they_were(draw_cohort):
    real, fake = draw_cohort(61, 0), draw_cohort(100, 1)
    copies = real.copy(deep=True), fake.copy(deep=True)
    evaluate_tables(real, fake)
    pd.testing.assert_frame_equal(real, copies[0])
    pd.testing.assert_frame_equal(fake, copies[1])


# What cannot be computed


def test_a_column_that_cannot_be_compared_is_named_and_the_rest_goes_on(draw_cohort):
    real, fake = draw_cohort(61, 0), draw_cohort(100, 1)
    expected = evaluate_tables(real, fake)
    real["empty"], fake["empty"] = np.nan, 1.0
    real["lost"], fake["lost"] = np.arange(61.0), np.nan
    real["endless"], fake["endless"] = np.arange(61.0), np.r_[np.inf, np.arange(99.0)]
    result = evaluate_tables(real, fake)
    reasons = {gap.column: gap.reason for gap in result.not_computed}
    assert "real table are missing" in reasons["empty"]
    assert "synthetic table are missing" in reasons["lost"]
    assert "infinite values in the synthetic table" in reasons["endless"]
    # Gaps that were not there add figures that p values are adjusted for.
    without = [
        [
            column.model_copy(update={"q_value": 1.0})
            for column in (*one.numerical, *one.categorical)
        ]
        for one in (result, expected)
    ]
    assert without[0] == without[1]
    assert result.pairs == expected.pairs


def test_a_constant_real_column_has_no_dependence_to_keep(draw_cohort):
    real, fake = draw_cohort(61, 0), draw_cohort(100, 1)
    real["haemoglobin"] = 12.0
    result = evaluate_tables(real, fake, schema_of(real, haemoglobin="continuous"))
    gaps = [gap for gap in result.not_computed if gap.what == "dependence"]
    assert [(gap.column, "constant" in gap.reason) for gap in gaps] == [("haemoglobin", True)]
    assert len(result.pairs) == 15


def schema_of(table: pd.DataFrame, **kinds: str) -> Schema:
    columns = [
        Column(name=c.name, kind=Kind(kinds.get(c.name, c.kind))) for c in Schema.detect(table)
    ]
    return Schema(columns=tuple(columns))


def test_a_column_that_collapsed_to_a_constant_has_lost_its_dependence(draw_cohort):
    """Leaving its pairs out would reward the collapse."""
    real, fake = draw_cohort(200, 0), draw_cohort(200, 1)
    fake["haemoglobin"] = 12.0
    pairs = {(pair.first, pair.second): pair for pair in evaluate_tables(real, fake).pairs}
    collapsed = pairs["crp", "haemoglobin"]
    assert collapsed.synthetic == 0
    assert collapsed.difference == collapsed.real > 0.3


def test_pairs_without_three_complete_rows_are_named():
    real = pd.DataFrame({"a": [1.0, 2, 3, 4, np.nan, np.nan], "b": [np.nan] * 3 + [1.0, 2, 3]})
    kinds = schema(a="continuous", b="continuous")
    result = evaluate_tables(real, real, kinds)
    assert ("dependence", "a / b") in [(gap.what, gap.column) for gap in result.not_computed]
    assert result.overall.dependence_difference is None


def test_names_of_levels_that_nobody_shares_have_no_dependence():
    names = [f"type {i}" for i in range(80)]
    real = pd.DataFrame({"name": names, "x": np.arange(80.0), "y": np.arange(80.0)})
    kinds = schema(name="nominal", x="continuous", y="continuous")
    result = evaluate_tables(real, real, kinds)
    assert [gap.column for gap in result.not_computed] == ["name"]
    assert len(result.pairs) == 1


def test_one_column_has_no_pairs():
    real = pd.DataFrame({"x": np.arange(30.0)})
    result = evaluate_tables(real, real)
    assert result.pairs == ()
    assert result.overall.dependence_difference is None
    assert "fewer than two columns" in result.not_computed[0].reason


def test_without_numerical_columns_there_is_no_ks_average(draw_cohort):
    result = evaluate_tables(draw_cohort(61, 0)[LEVELS], draw_cohort(90, 1)[LEVELS])
    assert result.overall.ks_average is None
    assert result.overall.column_average.value > 0


# What is refused

SECRET = "Mueller-Luedenscheidt"


def refuse(real, fake, kinds=None, error=TableError) -> str:
    with pytest.raises(error) as raised:
        evaluate_tables(real, fake, kinds)
    message = str(raised.value)
    assert SECRET not in message
    return message


def test_wrong_columns_are_named(draw_cohort):
    real, fake = draw_cohort(61, 0), draw_cohort(61, 1)
    assert "lacks columns of the real one: 'crp', 'stage'" in refuse(
        real, fake.drop(columns=["crp", "stage"])
    )
    assert "real one lacks: ['ward']" in refuse(real, fake.assign(ward=1))
    twice = pd.concat([real, real[["crp"]]], axis=1)
    assert "the real table has several columns of the same name: ['crp']" in refuse(twice, fake)
    twice = pd.concat([fake, fake[["crp"]]], axis=1)
    assert "the synthetic table has several columns" in refuse(real, twice)
    assert "not text" in refuse(real.rename(columns={"crp": 3}), fake)
    assert "schema has columns" in refuse(
        real[["crp"]], fake[["crp"]], schema(crp="continuous", x="count"), SchemaError
    )
    assert "schema lacks: ['esr']" in refuse(
        real[["crp", "esr"]], fake[["crp", "esr"]], schema(crp="continuous"), SchemaError
    )


def test_empty_and_foreign_tables_are_refused(draw_cohort):
    real = draw_cohort(61, 0)
    assert "the synthetic table has no rows" in refuse(real, real.iloc[:0])
    assert "the real table has no rows" in refuse(real.iloc[:0], real)
    assert "no columns" in refuse(real[[]], real)
    assert "of type list" in refuse(real, [1, 2])
    nothing = pd.DataFrame({"x": [np.nan, np.nan]})
    assert "no column of the two tables can be compared ('x'" in refuse(nothing, nothing)


def test_a_column_of_another_type_is_refused_by_name(draw_cohort):
    real, fake = draw_cohort(61, 0)[["crp", "stage"]], draw_cohort(61, 1)[["crp", "stage"]]
    text = fake.assign(crp=[SECRET] * 61)
    message = refuse(real, text)
    assert "'crp'" in message
    assert "the synthetic table: " in message
    assert "are not numbers" in message
    assert "'stage'" in refuse(real, fake.assign(stage=1))
    dated = real.assign(crp=pd.Timestamp("2020-01-01"))
    assert "are not dates" in refuse(dated, text)
    zoned = dated.assign(crp=pd.Timestamp("2020-01-01", tz="UTC"))
    assert "time zone" in refuse(dated, zoned)


@pytest.mark.parametrize("random_state", [-1, 1.5, "0", True])
def test_a_seed_is_a_whole_number(random_state, draw_cohort):
    with pytest.raises(ParameterError, match="random_state"):
        evaluate_tables(draw_cohort(20, 0), draw_cohort(20, 1), random_state=random_state)


def test_real_is_one_of_three(draw_cohort):
    real = draw_cohort(20, 0)
    assert evaluate_tables(real, real, real_is="holdout").real_is == "holdout"
    with pytest.raises(ParameterError, match="training, holdout, given"):
        evaluate_tables(real, real, real_is="test")


# Odd tables

odd_numbers = st.one_of(
    st.lists(st.integers(-3, 3), min_size=1, max_size=8),
    st.lists(st.floats(width=32, allow_infinity=False), min_size=1, max_size=30),
    st.lists(st.floats(allow_infinity=True), min_size=1, max_size=5),
    st.lists(st.just(7.5), min_size=1, max_size=9),
)
odd_levels = st.lists(st.sampled_from(["a", "b", "ä|ö", "", None]), min_size=1, max_size=30)


def can_be_compared(*columns: pd.Series) -> bool:
    # An empty text is a missing value, too.
    known = [column[column.notna() & (column != "")] for column in columns]
    return all(map(len, known)) and pd.concat(known).nunique() > 1


@example([7.5], [1.0000000000000002e300], ["a"], [""])
@given(odd_numbers, odd_numbers, odd_levels, odd_levels)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_any_table_gives_a_whole_evaluation_or_says_why_not(x, fake_x, c, fake_c):
    real, fake = (
        pd.DataFrame({"x": pd.Series(a, dtype=float), "y": pd.Series(a[::-1]), "c": pd.Series(b)})
        for a, b in ((x, c), (fake_x, fake_c))
    )
    kinds = schema(x="continuous", y="count", c="nominal")
    comparable = any(can_be_compared(real[name], fake[name]) for name in real)
    numbers = pd.concat([real["x"], fake["x"]]).abs()
    is_odd = numbers.max() > 1e37 or numbers[numbers > 0].min() < 1e-37
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused = None
        try:
            result = evaluate_tables(real, fake, kinds)
        except TableError as error:
            refused = str(error)
    if refused is not None:
        # Every column by itself may be what cannot be compared.
        assert is_odd or not comparable
        assert re.search(
            "no column of the two tables|cannot be read|no measurement|closer to zero", refused
        )
        return
    compared = {r.column for r in (*result.numerical, *result.categorical)}
    assert compared | {gap.column for gap in result.not_computed} >= {"x", "y", "c"}
    for overall in (result.overall.ks_average, result.overall.column_average):
        if overall is not None:
            assert 0 <= overall.value <= 1
            assert overall.floor.low <= overall.floor.high <= 1
    written = result.model_dump_json()
    assert Evaluation.model_validate_json(written).model_dump_json() == written


def test_ten_thousand_categories_are_compared():
    rng = np.random.default_rng(0)
    codes = np.array([f"code {i}" for i in range(10_000)])
    real, fake = (
        pd.DataFrame({"code": rng.choice(codes, 20_000), "x": rng.normal(size=20_000)})
        for _ in range(2)
    )
    result = evaluate_tables(real, fake)
    code = result.categorical[0]
    assert code.n_categories > 9_000
    # Half the codes were drawn once or twice: codes that neither table drew must be allowed for.
    assert code.tv_complement == pytest.approx(code.floor.mean, abs=0.02)
    assert len(result.pairs) == 1


# The same bytes


def test_the_seed_decides_everything_and_touches_no_other_generator(draw_cohort):
    real, fake = draw_cohort(61, 0), draw_cohort(100, 1)
    np.random.seed(1)
    random.seed(1)
    before = np.random.get_state()[1].tobytes(), random.getstate()
    first = evaluate_tables(real, fake, random_state=5).model_dump_json()
    assert (np.random.get_state()[1].tobytes(), random.getstate()) == before
    np.random.seed(2)
    assert evaluate_tables(real, fake, random_state=5).model_dump_json() == first
    assert evaluate_tables(real, fake, random_state=6).model_dump_json() != first


def test_no_seed_takes_a_fresh_one(draw_cohort):
    real, fake = draw_cohort(61, 0), draw_cohort(100, 1)
    one, two = (evaluate_tables(real, fake, random_state=None) for _ in range(2))
    assert one.overall.ks_average.value == two.overall.ks_average.value
    assert one.overall.ks_average.floor != two.overall.ks_average.floor


def test_a_column_is_judged_alike_whatever_else_is_in_the_table(draw_cohort):
    real, fake = draw_cohort(61, 0), draw_cohort(100, 1)
    whole = evaluate_tables(real, fake)
    part = evaluate_tables(real[["clinic"]], fake[["clinic"]])
    found = by_column(whole.categorical)["clinic"]
    assert part.categorical[0].floor == found.floor
    assert part.categorical[0].p_value == found.p_value


def test_iterators_are_asked_more_than_once(draw_cohort):
    from synthhealth.report import evaluate

    real, fake = draw_cohort(61, 0), draw_cohort(80, 1)
    listed = evaluate(real, fake, by=["clinic"], parts=["subgroups"]).evaluation
    given = evaluate(real, fake, by=iter(["clinic"]), parts=iter(["subgroups"])).evaluation
    assert given.subgroups == listed.subgroups
    assert listed.subgroups


def test_a_user_cannot_say_cross_validated(draw_cohort):
    with pytest.raises(ParameterError, match="cross_evaluate"):
        evaluate_all(draw_cohort(61, 0), draw_cohort(61, 1), real_is="cross-validated")


PROGRAM = """
import numpy as np, pandas as pd
from synthhealth.evaluation import describe, evaluate_tables
rng = np.random.default_rng(0)
table = pd.DataFrame({
    "x": rng.lognormal(size=80), "n": rng.poisson(9, size=80),
    "c": rng.choice(["a", "b", "c", "d"], size=80), "d": rng.choice(["x", "y"], size=80),
})
result = evaluate_tables(
    table[:40], table[40:].reset_index(drop=True), parts=["copying", "joint", "utility"]
)
written = result.model_dump_json() + describe(table).to_json()
"""


@pytest.mark.usefixtures("as_for_users")
def test_two_processes_with_other_hash_seeds_give_the_same_bytes():
    here: dict[str, str] = {}
    exec(PROGRAM, here)
    elsewhere = subprocess.run(
        [sys.executable, "-c", f"{PROGRAM}\nprint(written, end='')"],
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=True,
    ).stdout
    assert len(elsewhere) > 1_000
    assert elsewhere.decode("utf-8") == here["written"]
