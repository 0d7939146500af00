"""Cells are read into values and marks, and written back as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synthhealth.errors import SchemaError, SynthHealthError, TableError
from synthhealth.schema import (
    Column,
    DetectionLimits,
    Notation,
    Schema,
    complete,
    propose,
    read_column,
    read_table,
    write_column,
)
from synthhealth.schema.intake import plain_table
from synthhealth.testing import awkward_table


def there_and_back(cells: pd.Series, column: Column):
    (column,) = complete(Schema(columns=(column,), min_cell=1), cells.to_frame())
    read = read_column(cells, column)
    written = write_column(
        read.values,
        column,
        missing=read.missing,
        censored=read.censored,
        dtype=cells.dtype,
        empty_is_none=read.empty_is_none,
    )
    return read, written


def column_of(kind: str, **said) -> Column:
    return Column(name="x", kind=kind, **said)


@pytest.mark.parametrize(
    ("cells", "kind", "dtype"),
    [
        (["<0,5", "12,25", "not done", np.nan, "3,1"], "continuous", object),
        (["<0.5", "12.25", "k.A.", None, "3.1"], "continuous", object),
        (["<0.5", "12.25", "-", None, "3.1"], "continuous", "string"),
        (["<0.5", "12.25", "-", None, "3.1"], "continuous", "category"),
        ([1.5, "<0.5", 2.0, None, "n/a"], "continuous", object),
        ([1, "> 1000", 20, None], "count", object),
        ([5, 6, -9, 7], "count", "int64"),
        ([5, 6, -9, 7], "count", "int8"),
        ([5, 6, None, -9], "count", "Int16"),
        ([5.5, 6, np.nan, 999], "continuous", "float32"),
        ([0, 1, -9], "boolean", "int64"),
        (["yes", "no", "n/a", None], "boolean", object),
        (["I", "III", "", "II"], "ordinal", object),
        (["mild", "severe", "moderate", None], "ordinal", "string"),
        (["10", "9", "100"], "ordinal", object),
        (["a", "b", "?"], "nominal", object),
        ([True, False, None], "boolean", object),
        (["31.12.2020", "", "01.02.2021"], "datetime", object),
        (["1/31/2020", None, "12/1/2021"], "datetime", "string"),
        ([44197.5, 44198, np.nan], "datetime", "float64"),
        ([44197.520833333336, 43831.1], "datetime", "float64"),
        ([20200131, 20210228], "datetime", "int64"),
        ([44197, None, 44300], "datetime", "Int64"),
        (["a note", None, "another"], "text", object),
    ],
)
def test_exactly_back(cells, kind, dtype):
    cells = pd.Series(cells, dtype=dtype, name="x", index=range(5, 5 + len(cells)))
    codes = _codes(cells)
    _, written = there_and_back(cells, column_of(kind, **({"missing": codes} if codes else {})))
    pd.testing.assert_series_equal(written, cells)


def _codes(cells: pd.Series) -> tuple:
    return tuple(code for code in (-9, 999) if (cells == code).any())


def test_values_and_marks():
    cells = pd.Series(["<0,5", "n/a", ">100", None, "12,5", "-"], name="x")
    read, _ = there_and_back(cells, column_of("continuous"))
    np.testing.assert_array_equal(read.values, [0.5, np.nan, 100, np.nan, 12.5, np.nan])
    assert read.missing.tolist() == [0, 2, 0, 1, 0, 3]
    assert read.censored.tolist() == [-1, 0, 1, 0, 0, 0]
    assert read.missing.dtype == read.censored.dtype == np.int8


def test_dates_become_moments_and_numbers_keep_their_dtype():
    dates = pd.Series(["31.12.2020", "01.02.2021"], name="x")
    assert read_column(dates, column_of("datetime")).values.dtype == "datetime64[us]"
    counts = pd.Series([1, 2, 3], dtype="uint8", name="x")
    assert read_column(counts, column_of("count")).values.dtype == "uint8"


def test_limits_and_words_that_were_drawn_anew_are_written_as_the_laboratory_writes_them():
    column = column_of(
        "continuous",
        decimals=1,
        detection=DetectionLimits(below=(0.05,), above=(200,)),
        notation=Notation(decimal=",", below="< ", suffix=" mg/L", padded=True),
        missing=("not done",),
    )
    written = write_column(
        pd.Series([0.1, 3.14159, 200, np.nan, 7, np.nan]),  # 0.05 was rounded on its way
        column,
        missing=np.array([0, 0, 0, 2, 0, 1], dtype=np.int8),
        censored=np.array([-1, 0, 1, 0, 0, 0], dtype=np.int8),
        dtype=object,
    )
    assert written.tolist()[:5] == ["< 0,05 mg/L", "3,1 mg/L", ">200 mg/L", "not done", "7,0 mg/L"]
    assert np.isnan(written.iloc[5])


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        (["1.5", "Mr Smith", "2.5"], column_of("continuous"), "column 'x': 1 value is not a num"),
        (["1.5", "Mr Smith", "2.5"], column_of("datetime"), "column 'x': 3 values are not dates"),
        ([True, "Mr Smith"], column_of("count"), "column 'x': 2 values are not numbers"),
        ([-5.0, 2.5], column_of("datetime"), "column 'x': 2 values are not dates"),
        (["a", "Mr Smith"], column_of("nominal", levels=("a",)), "1 value is none of its 1 level"),
        ([0, 1, 7], column_of("boolean", levels=(0, 1)), "1 value is none of its 2 levels"),
    ],
)
def test_cells_that_do_not_fit_are_counted_not_shown(cells, column, words):
    with pytest.raises(TableError, match=words) as caught:
        read_column(pd.Series(cells, name="x"), column)
    assert "Smith" not in str(caught.value)


def test_table_keeps_columns_index_and_attributes():
    table = pd.DataFrame(
        {"crp": ["<5", "7", "9"], "sex": ["F", "n/a", "M"], "note": [1, 2, 3]},
        index=pd.Index([7, 8, 9], name="row"),
    )
    table.attrs["units"] = {"crp": "mg/L"}
    schema = Schema(
        columns=(Column(name="sex", kind="nominal"), Column(name="crp", kind="continuous"))
    )
    reading = read_table(table, complete(schema, table))
    assert list(reading.table.columns) == ["crp", "sex", "note"]
    assert reading.table.attrs == table.attrs
    pd.testing.assert_index_equal(reading.table.index, table.index)
    assert list(reading.missing) == ["sex"]
    assert list(reading.censored) == ["crp"]


def test_awkward_table_is_read_as_it_is():
    table = awkward_table()
    reading = read_table(table, Schema.detect(table))
    pd.testing.assert_frame_equal(reading.table, table)
    assert reading.censored == {}


def test_complete_never_overrides_what_was_said():
    table = pd.DataFrame({"x": ["<0.5", "1.25", "-", "n/a"], "stage": ["II", "I", "III", "I"]})
    said = column_of(
        "continuous", decimals=3, missing=("n/a",), detection=DetectionLimits(below=(0.1,))
    )
    schema = Schema(columns=(said, Column(name="stage", kind="nominal")))
    completed = complete(schema, table)
    assert completed["x"].decimals == 3
    assert completed["x"].missing == ("n/a",)
    assert completed["x"].detection.below == (0.1,)
    assert completed["x"].notation == Notation()
    assert completed["stage"] == schema["stage"]
    assert complete(completed, table) is completed


@pytest.mark.parametrize("dates", ["%Q", "dd.mm.yyyy", "%d.%d.%Y", "%d %"])
def test_a_format_that_is_none_is_refused(dates):
    column = column_of("datetime", notation=Notation(dates=(dates,)))
    with pytest.raises(SchemaError, match=r"column 'x': .* is not a date format"):
        read_column(pd.Series(["31.12.2020"], name="x"), column)


def test_an_order_that_no_word_says_is_asked_for():
    table = pd.DataFrame({"x": ["zeta", "alpha", "mu"] * 4})
    with pytest.raises(SchemaError, match=r"column 'x': it is ordinal.*levels") as caught:
        complete(Schema(columns=(column_of("ordinal"),)), table)
    assert "zeta" not in str(caught.value)


ODD = (
    "<0.5|< 0,5|>1000|12|12.5|3,75|1,234|1.234,5|5 mg/L|7 %|n/a|not done|-|.||-9|999|yes|no|1:40"
    "|<1:40|II|IIIa|mild|severe|2020-01-31|31.01.2020|01/02/2020|007|+|++|negative|≤3|44197|½|1e5"
    "|inf|nan|−5|+7|0x1A|١٢|5\u00a0000|M|F| 5|5 |a, b|'"
)
CELLS = st.one_of(
    st.sampled_from(tuple(ODD.split("|"))),
    st.none(),
    st.text(max_size=6),
    st.floats(-1e6, 1e6).map(lambda number: f"{number:.2f}"),
    st.integers(-(10**20), 10**20).map(str),
)
MIXED = st.one_of(CELLS, st.integers(-99, 999), st.floats(), st.booleans())


@settings(max_examples=60)
@given(cells=st.one_of(st.lists(CELLS, min_size=1, max_size=12), st.lists(MIXED, max_size=12)))
@example(cells=["n/a", 0, 1, 1e15])  # a number too long to be read again as text
def test_messy_columns_come_back_or_are_doubted_or_refused_by_name(cells):
    table = pd.DataFrame({"x": pd.Series(cells * 3, dtype=object)})
    refused = None
    try:
        proposal = propose(table)
        table = plain_table(table)
        read, written = there_and_back(table["x"], proposal.schema["x"])
    except SynthHealthError as error:
        refused = str(error)
    if refused is not None:
        assert "column 'x'" in refused or "the table is empty" in refused
        return
    if proposal.schema["x"].kind.is_numerical and read.values.dtype == object:
        pd.to_numeric(read.values)
    try:
        pd.testing.assert_series_equal(written, table["x"])
    except AssertionError:
        # A word for a missing value that few cells have comes back as an empty cell.
        differ = [str(new) != str(old) for new, old in zip(written, table["x"], strict=True)]
        assert proposal.findings[0].doubts or read.values[differ].isna().all()
        again, _ = there_and_back(written, proposal.schema["x"])  # the same values
        pd.testing.assert_series_equal(again.values, read.values)


def test_numbers_at_a_declared_limit_are_censored():
    values = pd.Series([0.5, 0.7, np.nan, 100.0, 0.5])
    column = Column(name="crp", kind="continuous", detection={"below": [0.5], "above": [100]})
    read = read_column(values, column)
    assert read.censored.tolist() == [-1, 0, 0, 1, -1]
    back = write_column(
        read.values, column, missing=read.missing, censored=read.censored, dtype=values.dtype
    )
    pd.testing.assert_series_equal(back, values)
