"""The gate: what columns of every type become, and what is said of those that become nothing."""

from __future__ import annotations

import datetime as dt
import decimal
import warnings

import numpy as np
import pandas as pd
import pytest

from synthhealth.artifact import scan as search
from synthhealth.artifact import verify
from synthhealth.errors import TableError
from synthhealth.evaluation import describe
from synthhealth.report import evaluate
from synthhealth.schema import Column, Kind, Schema, propose, scan
from synthhealth.schema.intake import plain_table
from synthhealth.synthesizer import Synthesizer

D = decimal.Decimal
SECRET = "Zq81723xw"


def objects(*cells: object) -> pd.Series:
    series = pd.Series([None] * len(cells), dtype=object)
    for place, cell in enumerate(cells):
        series.iat[place] = cell
    return series


def plain(values: pd.Series, schema: Schema | None = None) -> pd.Series:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return plain_table(pd.DataFrame({"x": values}), schema)["x"]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (objects(D("1.50"), None, D("NaN")), [1.5, None, None]),
        (objects(D("sNaN"), 2, 2.5), [None, 2.0, 2.5]),
        (objects(dt.time(7, 5), dt.time(18, 30)), ["07:05", "18:30"]),
        (objects(dt.time(7, 5, 1), None), ["07:05:01", None]),
        (objects(b"A", "B", None), ["A", "B", None]),
        (objects("11,5", 12.25), [11.5, 12.25]),
        (objects("7", 8.0, 9), [7.0, 8.0, 9.0]),
        (objects("007", 8.0, 9), ["007", "8", "9"]),
        (objects(101, "102A", 103.5), ["101", "102A", "103.5"]),
        (objects(10**20, 7), [str(10**20), "7"]),
        (objects(True, "unknown"), ["True", "unknown"]),
        (objects("a", D("NaN")), ["a", None]),
        (pd.Series(pd.period_range("2024-01", periods=2, freq="M")), ["2024-01", "2024-02"]),
        (pd.Series([1.5, None], dtype="Sparse[float64]"), [1.5, None]),
        (pd.Series([1.5], dtype=np.longdouble), [1.5]),
    ],
)
def test_cells_become_plain(values, wanted):
    made = plain(values)
    assert [None if pd.isna(cell) else cell for cell in made] == wanted


def test_days_become_dates():
    days = [dt.date(1500, 1, 1), dt.datetime(2024, 5, 1, 7), None, pd.NaT]
    made = plain(objects(*days))
    assert str(made.dtype) == "datetime64[us]"
    assert made.isna().tolist() == [False, False, True, True]
    assert made.dt.year.tolist()[:2] == [1500, 2024]


def test_moments_of_one_zone_keep_it_and_of_two_are_in_utc():
    cairo = pd.Timestamp("2024-01-01 12:00", tz="Africa/Cairo")
    tokyo = pd.Timestamp("2024-01-01 12:00", tz="Asia/Tokyo")
    assert str(plain(objects(cairo, cairo)).dtype) == "datetime64[ns, Africa/Cairo]"
    both = plain(objects(cairo, None, tokyo))
    assert both.dt.hour.tolist()[::2] == [10, 3]


@pytest.mark.parametrize(
    ("spans", "wanted", "unit"),
    [
        ([dt.timedelta(days=2), dt.timedelta(days=5)], [2, 5], "d"),
        ([dt.timedelta(hours=30), dt.timedelta(hours=1)], [30, 1], "h"),
        ([dt.timedelta(minutes=90), None], [90, None], "min"),
        ([np.timedelta64(1500, "ms")], [1.5], "s"),
    ],
)
@pytest.mark.parametrize("dtype", [object, "timedelta64[ns]", "duration[us][pyarrow]"])
def test_durations_become_numbers_of_a_unit(spans, wanted, unit, dtype):
    values = objects(*spans) if dtype is object else pd.Series(pd.to_timedelta(spans)).astype(dtype)
    table = plain_table(pd.DataFrame({"stay": values}))
    assert [None if pd.isna(cell) else cell for cell in table["stay"]] == wanted
    assert table.attrs["units"] == {"stay": unit}
    assert plain_table(table) is table


def test_durations_are_given_in_the_unit_of_the_schema():
    schema = Schema(columns=(Column(name="x", kind="continuous", unit="h"),))
    assert plain(objects(dt.timedelta(days=2)), schema).tolist() == [48.0]


def test_intervals_become_ordered_groups():
    rng = np.random.default_rng(0)
    groups = pd.Series(pd.cut(np.r_[rng.uniform(0, 40, 99), 79], [0, 20, 40, 60, 80]))
    for values in (groups, groups.astype(object), pd.Series(groups.astype("interval").array)):
        made = plain(values)
        assert made.cat.ordered
        assert list(made.cat.categories)[:2] == ["(0, 20]", "(20, 40]"]
    table = pd.DataFrame({"age": groups, "x": rng.normal(size=100)})
    assert Schema.detect(table)["age"].kind is Kind.ORDINAL
    fake = Synthesizer(random_state=0, margin="norm").fit(table).sample(30)
    assert set(fake["age"]) <= {"(0, 20]", "(20, 40]"}


@pytest.mark.parametrize(
    ("categories", "wanted"),
    [
        ([D("1.5"), D("2")], [1.5, 2.0]),
        ([1, "a"], ["1", "a"]),
        ([dt.time(7), dt.time(8)], ["07:00", "08:00"]),
        ([b"A", b"B"], ["A", "B"]),
    ],
)
def test_categories_become_plain(categories, wanted):
    values = pd.Series(pd.Categorical.from_codes([0, 1, -1, 0], pd.Index(categories, dtype=object)))
    made = plain(values)
    assert list(made.cat.categories) == wanted
    assert made.tolist()[:2] == wanted
    assert made.isna().tolist() == [False, False, True, False]


def test_categories_of_dates_are_dates():
    values = pd.Series(pd.Categorical(pd.to_datetime(["2024-05-01", "2024-06-01", None])))
    assert plain(values).dt.month.tolist()[:2] == [5, 6]


def test_dates_that_are_declared_as_groups_are_text():
    schema = Schema(columns=(Column(name="x", kind="nominal"),))
    made = plain(pd.Series(pd.to_datetime(["2024-05-01", None])), schema)
    assert made.tolist()[0] == "2024-05-01"


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        ([SECRET], "holds lists"),
        ((SECRET, 1), "holds tuples"),
        ({"name": SECRET}, "holds dicts"),
        ({SECRET}, "holds sets"),
        (np.array([1, 2]), "holds arrays"),
        (pd.Series([SECRET]), "holds Series"),
        (1 + 2j, "holds complex numbers"),
        (b"\xff\xfe" + SECRET.encode(), "holds bytes that are no text"),
        (f"\ud83d{SECRET}", "not valid Unicode"),
        (1e300, "numbers beyond 1e"),
        (object(), "objects of type object"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_shown(cell, word):
    table = pd.DataFrame({"age": range(20), "x": objects(*[cell] * 20)})
    if isinstance(cell, float):
        table["x"] = table["x"].astype(float)
    for verb in (propose, scan, describe, lambda one: Synthesizer(random_state=0).fit(one)):
        with pytest.raises(TableError, match=word) as error:
            verb(table)
        assert "'x'" in str(error.value)
        assert SECRET not in str(error.value)


def test_all_bad_columns_stand_in_one_message():
    table = pd.DataFrame({"a": objects([1], [2]), "b": [1, 2], "c": objects({1}, {2})})
    with pytest.raises(TableError) as error:
        propose(table)
    assert "2 columns cannot be read" in str(error.value)
    assert "--drop 'a' --drop 'c'" in str(error.value)


def test_a_name_that_is_no_text_of_unicode_is_named_by_its_place():
    with pytest.raises(TableError, match="the name of column 2 is not valid Unicode") as error:
        propose(pd.DataFrame({"a": [1], "b\ud83d": [2]}))
    str(error.value).encode()


def test_a_column_that_the_schema_drops_may_hold_anything():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"a": rng.normal(size=40), "b": rng.normal(size=40), "path": objects(*[[1]] * 40)}
    )
    columns = [Column(name=name, kind="continuous") for name in "ab"]
    schema = Schema(columns=(*columns, Column(name="path", kind="text", protection="drop")))
    fake = Synthesizer(random_state=0, schema=schema, margin="norm").fit(table).sample(5)
    assert list(fake.columns) == ["a", "b"]


def test_codes_of_any_size_may_be_declared_missing():
    schema = Schema(columns=(Column(name="x", kind="continuous", missing=(-1.7e308,)),))
    values = pd.Series([1.5, 2.5, -1.7e308])
    assert plain(values, schema) is not None
    with pytest.raises(TableError, match="beyond"):
        plain(values)


def test_both_tables_are_taken_in_alike():
    rng = np.random.default_rng(1)

    def visits(n: int) -> pd.DataFrame:
        days = [dt.date(2024, 1, 1) + dt.timedelta(days=int(i)) for i in rng.integers(0, 90, n)]
        stay = pd.Series(pd.to_timedelta(rng.integers(1, 40, n), "h"))
        dose = [D(f"{x:.1f}") for x in rng.normal(5, 1, n)]
        return pd.DataFrame({"day": days, "stay": stay, "dose": dose})

    real, synthetic = visits(60), visits(60)
    synthetic["stay"] = pd.to_timedelta(24 * np.r_[1:61], "h")  # whole days
    report = evaluate(real, synthetic)
    assert report.evaluation is not None
    stay = describe(real).variables[1]
    assert stay.unit == "h"


def test_a_table_of_any_types_is_the_one_that_was_learned(tmp_path):
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "stay": pd.to_timedelta(rng.integers(1, 90, 40), "h"),
            "dose": [D(f"{x:.1f}") for x in rng.normal(5, 1, 40)],
            "day": [
                dt.date(2024, 1, 1) + dt.timedelta(days=int(i)) for i in rng.integers(0, 90, 40)
            ],
        }
    )
    key = b"k" * 32
    before = table.copy(deep=True)
    model = Synthesizer(random_state=0, margin="norm").fit(table)
    path = model.save(tmp_path / "x.synth", key=key)
    checks = {one.name: one.outcome for one in verify(path, data=table, key=key).checks}
    assert checks["table"] == checks["fit"] == "same"
    assert not search(path, table).found_anything
    pd.testing.assert_frame_equal(table, before)


def test_plain_tables_are_given_back_as_they_are(cohort):
    assert plain_table(cohort) is cohort
    again = cohort.set_axis(["same"] * len(cohort))
    assert plain_table(again) is again
