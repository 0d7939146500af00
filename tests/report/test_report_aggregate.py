"""Columns as arrays and as distributions without small groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthhealth.report.aggregate import categorical_distribution, numerical_distribution
from synthhealth.report.data import CategoricalDistribution, NumericalDistribution
from synthhealth.report.numbers import levels, numbers
from synthhealth.schema import Column, Kind
from synthhealth.schema.types import MIN_CELL

CRP = Column(name="crp", kind=Kind.CONTINUOUS, unit="mg/L")
NOMINAL = Column(name="site", kind=Kind.NOMINAL)


def of_numbers(real: object, synthetic: object, column: Column = CRP) -> NumericalDistribution:
    found = numerical_distribution(column, np.asarray(real, float), np.asarray(synthetic, float))
    assert found is not None
    return found


def of_levels(
    real: object, synthetic: object, column: Column = NOMINAL, **more: int
) -> CategoricalDistribution:
    found = categorical_distribution(column, levels(pd.Series(real), pd.Series(synthetic)), **more)
    assert found is not None
    return found


@pytest.mark.parametrize("n", [5, 61, 2000])
def test_shares_are_those_of_the_values(n: int) -> None:
    rng = np.random.default_rng(n)
    real, synthetic = rng.lognormal(2, 1, n), rng.lognormal(2.3, 1, 400)
    found = of_numbers(real, synthetic)
    for values, shares, below, exact in (
        (real, found.real, found.real_below, 2.001 / n),  # to the nearest 5 patients
        (synthetic, found.synthetic, found.synthetic_below, 1e-6),
    ):
        assert sum(shares) == pytest.approx(1, abs=1e-4)
        expected, _ = np.histogram(values, found.edges)
        assert shares == pytest.approx(expected / len(values), abs=2 * exact)
        assert below == pytest.approx([(values < point).mean() for point in found.grid], abs=exact)
        assert (below[0], below[-1]) == (0.0, 1.0)
    held = np.array([below for below in found.real_below if below < 1]) * n
    assert held == pytest.approx(MIN_CELL * np.round(held / MIN_CELL), abs=2e-6 * n)
    counts, _ = np.histogram(real, found.grid)
    assert all(number == 0 or number >= MIN_CELL for number in counts)
    assert found.n_real == n
    assert found.unit == "mg/L"


def test_the_gap_is_at_the_largest_difference() -> None:
    rng = np.random.default_rng(0)
    found = of_numbers(rng.normal(0, 1, 500), rng.normal(1, 1, 500))
    gaps = np.abs(np.subtract(found.real_below, found.synthetic_below))
    assert found.gap_at == found.grid[int(np.argmax(gaps))]
    assert 0 < found.gap_at < 1
    assert gaps.max() == pytest.approx(0.38, abs=0.05)  # 2 Phi(1/2) - 1


def test_missing_values_are_left_out() -> None:
    real = [np.nan, *range(10), np.nan]
    found = of_numbers(real, [np.nan, 3.0])
    assert (found.n_real, found.n_synthetic) == (7, 1)  # two are missing, written as five


def test_too_few_known_values_are_not_shown() -> None:
    few = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    assert numerical_distribution(CRP, few, np.arange(9.0)) is None
    assert numerical_distribution(CRP, np.arange(9.0), np.array([np.nan])) is None
    four = levels(pd.Series(list("aabb")), pd.Series(["a"]))
    assert categorical_distribution(NOMINAL, four) is None


def test_dates_are_days_and_edges_full_days() -> None:
    column = Column(name="seen", kind=Kind.DATETIME)
    dates = pd.Series(pd.date_range("2020-01-01", periods=60, freq="6D", tz="Africa/Cairo"))
    days = numbers(dates, Kind.DATETIME)
    assert days[0] == pytest.approx(18262 - 2 / 24)  # 2020-01-01 in Cairo begins two hours early
    found = of_numbers(days, days, column)
    assert found.scale == "date"
    assert found.unit is None
    assert all(edge == int(edge) for edge in found.grid)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 2, None], dtype="Int64"),
        pd.Series([1.0, 2.0, None]),
        pd.Series([1, 2, None], dtype=object),
        pd.Series(pd.Categorical([1, 2, None])),
        pd.Series([1, 2, None], dtype="Float64"),
    ],
)
def test_numbers_of_any_dtype(column: pd.Series) -> None:
    found = numbers(column, Kind.COUNT)
    assert found[:2].tolist() == [1.0, 2.0]
    assert np.isnan(found[2])


def test_rare_levels_are_merged_and_not_named() -> None:
    real = ["a"] * 30 + ["b"] * 20 + ["c"] * 4 + ["d"] * 3
    found = of_levels(real, ["a"] * 5 + ["d"] * 3 + ["new"] * 2)
    assert found.names == ("a", "b")
    assert found.other is not None
    assert (found.other.real_count, found.other.synthetic_count, found.n_other) == (5, 5, 3)
    assert found.other.real_share == pytest.approx(5 / 57, abs=1e-6)


def test_a_lone_rare_level_takes_the_next_one_with_it() -> None:
    found = of_levels(["a"] * 30 + ["b"] * 8 + ["c"] * 2, ["a", "b"])
    assert found.names == ("a",)
    assert found.other is not None
    assert found.other.real_count == 10


def test_two_levels_of_which_one_is_rare_are_not_told_apart() -> None:
    found = of_levels(["no"] * 58 + ["yes"] * 3, ["no", "yes"])
    assert found.names == ()
    assert found.other is not None
    assert found.other.real_count == 61


def test_levels_that_only_the_synthetic_table_has_are_other() -> None:
    found = of_levels(["a"] * 30 + ["b"] * 20, ["a", "b", "x"])
    assert found.names == ("a", "b")
    assert found.other is not None
    assert (found.other.real_count, found.other.synthetic_count) == (0, 1)


def test_many_levels_are_cut_to_the_most_frequent() -> None:
    real = [name for i in range(60) for name in [f"level {i:02d}"] * (100 - i)]
    found = of_levels(real, real, most=10)
    assert found.names == tuple(f"level {i:02d}" for i in range(10))
    assert found.n_other == 50
    assert found.other is not None
    assert sum(level.real_count for level in (*found.levels, found.other)) == len(real)


def test_ordered_levels_keep_their_order_and_others_come_by_count() -> None:
    stage = pd.Categorical(["III"] * 9 + ["I"] * 5 + ["II"] * 7, ["I", "II", "III"], ordered=True)
    assert of_levels(stage, stage, Column(name="stage", kind=Kind.ORDINAL)).names == (
        "I", "II", "III",
    )  # fmt: skip
    scores = [10.0] * 9 + [9.0] * 5 + [1.0] * 7
    assert of_levels(scores, scores, Column(name="score", kind=Kind.ORDINAL)).names == (
        "1", "9", "10",
    )  # fmt: skip
    sites = ["x"] * 5 + ["y"] * 9 + ["z"] * 7
    assert of_levels(sites, sites).names == ("y", "z", "x")


@pytest.mark.parametrize(
    ("real", "synthetic", "names"),
    [
        (pd.Series([1, 0] * 9), pd.Series([1.0, np.nan, 0.0]), ("0", "1")),
        (pd.Series([True, False] * 9), pd.Series([1, 0]), ("0", "1")),
        (pd.Series([True, False] * 9), pd.Series([True, None], dtype="boolean"), ("False", "True")),
        (pd.Series(["1", "0"] * 9, dtype="string"), pd.Series([1, 0]), ("0", "1")),
        (pd.Series(list("ab") * 9), pd.Series(list("ab"), dtype="category"), ("a", "b")),
    ],
)
def test_the_same_level_may_be_spelt_differently(
    real: pd.Series, synthetic: pd.Series, names: tuple[str, ...]
) -> None:
    found = levels(real, synthetic)
    assert tuple(found.names) == names
    assert (found.synthetic >= 0).sum() == synthetic.notna().sum()
    assert np.bincount(found.real).tolist() == [9, 9]


def test_levels_leave_the_table_as_it_was() -> None:
    real = pd.Series(["a", None, np.nan, "b"], dtype=object)
    before = real.copy()
    levels(real, real)
    pd.testing.assert_series_equal(real, before)
