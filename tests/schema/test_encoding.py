"""Every table comes back from its plain form as it went in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthhealth.errors import ConditionError, TableError
from synthhealth.schema import Column, Schema
from synthhealth.table.dtypes import IndexForm
from synthhealth.table.encoding import ColumnForm, TableForm
from synthhealth.testing import awkward_table


@pytest.fixture(scope="session")
def there_and_back(unlimited):
    def written_again(table: pd.DataFrame) -> pd.DataFrame:
        schema = Schema.detect(table)
        form = unlimited(
            TableForm.model_validate_json(TableForm.learn(table, schema).model_dump_json())
        )
        plain, missing = form.encode(table)
        filled = plain.mask(missing, plain.mask(missing).bfill().ffill()).astype(plain.dtypes)
        back = form.decode(filled, {name: missing[name].to_numpy() for name in missing})
        back.index = table.index
        return back

    return written_again


def test_awkward_table(there_and_back):
    table = awkward_table()
    # A category that nobody has is not kept: it may be the name of somebody.
    for name in table.select_dtypes("category"):
        table[name] = table[name].cat.remove_unused_categories()
    pd.testing.assert_frame_equal(there_and_back(table), table)


@pytest.mark.parametrize(
    "values",
    [
        np.arange(20, dtype="uint8"),
        np.arange(20, dtype="int32"),
        pd.array([*range(19), None], dtype="Int16"),
        pd.array([*range(19), None], dtype="int64[pyarrow]"),
        pd.array([*np.linspace(0, 1, 19).round(2), None], dtype="Float32"),
        np.linspace(0, 1, 20).round(3).astype("float32"),
        np.random.default_rng(0).normal(size=20),
        np.array([True, False] * 10, dtype=object),
        np.array([True, False, None] * 6 + [True, False], dtype=object),
        np.array([*range(19), None], dtype=object),
        np.array(["a", "b", None, np.nan] * 5, dtype=object),
        pd.array(["a", "b"] * 10, dtype="string[python]"),
        pd.array(["a", "b", None, "a"] * 5, dtype="string[pyarrow]"),
        pd.array(["a", "b"] * 10, dtype=pd.ArrowDtype(pa.string())),
        pd.Categorical([1, 2, None, 2] * 5, categories=[2, 1]),
        pd.Categorical([True, False] * 10),
        pd.Categorical([1.5, 2.5] * 10, ordered=True),
        pd.date_range("1960-01-01", periods=20).astype("datetime64[s]"),
        pd.date_range("2020-01-01", periods=20, freq="37min", tz="UTC"),
        pd.date_range("2020-03-28 22:00", periods=20, freq="h", tz="Europe/Berlin"),
        pd.date_range("2020-01-01", periods=20, freq="137ms"),
    ],
    ids=lambda values: str(values.dtype),
)
def test_dtypes(there_and_back, values):
    table = pd.DataFrame({"x": values})
    if values.dtype == object and table["x"].isna().any():
        # Which of None and NaN marks a gap is kept for the column, not for each cell.
        marker = None if any(cell is None for cell in values) else np.nan
        table["x"] = table["x"].where(table["x"].notna(), marker)
    pd.testing.assert_frame_equal(there_and_back(table), table)


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(3, 23, name="n"),
        pd.Index(range(100, 120), dtype="int64", name="patient"),
        pd.Index([f"p{i}" for i in range(20)], dtype="string"),
        pd.Index([f"p{i}" for i in range(20)], name="who"),
        pd.date_range("2001-01-01", periods=20, tz="UTC"),
        pd.CategoricalIndex(list("ab") * 10),
    ],
    ids=lambda index: type(index).__name__,
)
def test_index_keeps_its_type_and_forgets_its_labels(index):
    table = pd.DataFrame({"x": np.linspace(0, 1, 20)}, index=index)
    form = TableForm.learn(table, Schema.detect(table))
    plain, _ = form.encode(table)
    back = form.decode(plain, {}, start=0)
    if not isinstance(index, pd.CategoricalIndex):
        assert type(back.index) is type(index)
        assert back.index.dtype == index.dtype
    assert back.index.name == index.name
    assert not set(back.index) & {f"p{i}" for i in range(20)}


@given(
    values=st.lists(
        st.decimals(min_value=-9_999, max_value=9_999, places=3), min_size=12, max_size=40
    )
)
def test_decimals_survive(there_and_back, values):
    table = pd.DataFrame({"x": [float(value) for value in values]})
    if table["x"].nunique() > 1:
        pd.testing.assert_frame_equal(there_and_back(table), table)


def form_of(values) -> TableForm:
    table = pd.DataFrame({"x": values})
    return TableForm.learn(table, Schema.detect(table))


def test_limits_reflect_and_do_not_heap():
    rng = np.random.default_rng(0)
    column = form_of(rng.lognormal(2, 1, 200).round(2))["x"]
    wild = rng.normal(0, 1_000, 5_000)
    inside = column.within_limits(wild)
    # Limits lie less than half a unit beyond round values: written, nothing is negative.
    assert inside.min() >= column.low > -0.005
    assert column.rounded(inside).min() >= 0
    assert inside.max() <= column.high
    assert (inside == column.low).mean() < 0.01
    assert (inside == column.high).mean() < 0.01


def test_a_floor_that_many_share_keeps_its_heap():
    values = np.r_[np.zeros(30), np.linspace(1, 50, 70).round(1)]
    column = form_of(values)["x"]
    assert column.low_is_floor
    assert (column.within_limits(np.array([-5.0, -0.1, 3.0])) == [0.0, 0.0, 3.0]).all()


def test_limits_do_not_keep_the_extreme_patients():
    column = form_of([0.37, *np.linspace(1, 9, 40).round(2), 91.73])["x"]
    assert column.low < 0.37
    assert 9 < column.high < 91.73


def test_conditions_that_cannot_be():
    form = form_of(np.linspace(1, 9, 30).round(1))
    assert form["x"].encode_condition(5) == 5.0
    for value in (1_000, 5.25, "high", None.__class__):
        with pytest.raises(ConditionError, match="column 'x'"):
            form["x"].encode_condition(value)
    with pytest.raises(ConditionError, match="no such category"):
        form_of(["a", "b"] * 10)["x"].encode_condition("c")


def test_categories_of_intervals_are_refused_with_advice():
    with pytest.raises(TableError, match="rename_categories"):
        form_of(pd.cut(range(20), 4))


def test_conditions_on_dates():
    column = form_of(pd.date_range("2020-01-01", periods=40, tz="Africa/Cairo"))["x"]
    day = pd.Timestamp("2020-01-20", tz="Africa/Cairo")
    assert column.encode_condition("2020-01-20") == column.encode_condition(day)
    back = column.decode(np.array([column.encode_condition(day)]), np.array([False]))
    assert back[0] == day
    with pytest.raises(ConditionError, match="2019-"):
        column.encode_condition("1950-01-01")


@pytest.mark.parametrize(
    ("unit", "first", "last"), [("us", "0001-01-01", "9999-12-31"), ("ns", "1678", "2262-04-11")]
)
def test_limits_of_dates_are_dates(unit, first, last):
    """Rounded outwards, they would be before the first date or after the last."""
    moments = np.array([first, last, "2000-01-01"] * 4, dtype=f"datetime64[{unit}]")
    values = pd.Series(moments)
    form = ColumnForm.learn(values, Column(name="seen", kind="datetime"))
    decoded = form.decode(np.array([form.low, form.high]), np.array([False, False]))
    assert decoded.dtype == values.dtype
    assert 1 <= decoded[0].year < decoded[1].year <= 9999


@pytest.mark.parametrize("dtype", ["int8", "uint8", "Int8", "int16", "uint8[pyarrow]"])
def test_limits_stay_within_whole_numbers_of_few_bits(dtype):
    """Rounded outwards, a limit would lie where such a number starts again at the other end."""
    largest = 127 if "int8" in dtype.lower() and not dtype.startswith("u") else 255
    values = pd.Series([*range(0, 100, 7), largest]).astype(dtype)
    table = pd.DataFrame({"a": values, "b": range(16)})
    form = TableForm.learn(table, Schema.detect(table))["a"]
    written = form.decode(np.array([form.low, form.high]), np.zeros(2, dtype=bool))
    assert written.tolist() == [round(form.low), round(form.high)]
    assert form.high >= values.sort_values().iloc[-5]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "Int8", "bool", "boolean"])
def test_index_of_more_rows_than_its_dtype_counts(dtype):
    index = IndexForm.learn(pd.Index([0, 1] * 5, dtype=dtype))
    labels = index.make(0, 100_000)
    assert len(labels) == 100_000
    assert labels[-1] == 99_999 or dtype == "bool"


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2020-01-01", periods=9),
        pd.date_range("2020-01-01", periods=9, tz="Africa/Cairo"),
        pd.date_range("2020-01-01", periods=9, tz="dateutil/Europe/Berlin"),
        pd.period_range("2020-01", periods=9, freq="M"),
        pd.timedelta_range("1h", periods=9),
        pd.CategoricalIndex(list("abcabcabc")),
        pd.Index([1j] * 9),
    ],
    ids=lambda index: str(index.dtype),
)
def test_index_of_any_dtype(index):
    assert len(IndexForm.learn(index).make(0, 100_000)) == 100_000
