"""Numbers and dates in the notation that they were written in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthhealth.schema import Notation
from synthhealth.schema._text._dates import (
    infer_dates,
    parse_dates,
    parse_serial,
    print_dates,
    print_serial,
)
from synthhealth.schema._text._notation import infer_numbers, parse_numbers, print_numbers


def infer(cells):
    return infer_numbers(cells, np.ones(len(cells), dtype=np.int64))


def again(form) -> list[str]:
    return print_numbers(form.parsed.numbers, form.parsed.sides, form.notation, form.decimals)


@pytest.mark.parametrize(
    ("cells", "numbers", "said"),
    [
        (["0,5", "12,25", "3"], [0.5, 12.25, 3], {"decimal": ","}),
        (["12.30", "1.05", "100.00"], [12.3, 1.05, 100], {"padded": True}),
        (["1,234.5", "12,000", "7"], [1234.5, 12000, 7], {"thousands": ","}),
        (["1.234,5", "12.000", "7"], [1234.5, 12000, 7], {"decimal": ",", "thousands": "."}),
        (["1 234", "1 000 000"], [1234, 1e6], {"thousands": " "}),
        (["1\u202f234,5", "7,25"], [1234.5, 7.25], {"decimal": ",", "thousands": "\u202f"}),
        (["1'234.50", "7.25"], [1234.5, 7.25], {"thousands": "'", "padded": True}),
        (["5.2 mg/L", "12 mg/L"], [5.2, 12], {"suffix": " mg/L"}),
        (["5.2 10^9/L", "12 10^9/L"], [5.2, 12], {"suffix": " 10^9/L"}),
        (["5.2x10^9/L", "12x10^9/L"], [5.2, 12], {"suffix": "x10^9/L"}),
        (["40%", "7.5%"], [40, 7.5], {"suffix": "%"}),
        (["-0.5", "-1200.25", "0"], [-0.5, -1200.25, 0], {}),
        (["-1,200.5", "-0.5", "-12"], [-1200.5, -0.5, -12], {"thousands": ","}),
    ],
)
def test_notations(cells, numbers, said):
    form = infer(cells)
    assert form.parsed.numbers.tolist() == numbers
    assert form.notation.model_dump(exclude_defaults=True) == said
    assert again(form) == cells


@pytest.mark.parametrize(
    ("cells", "below", "above"),
    [
        (["<0.5", "1.2", "3"], (0.5,), ()),
        (["< 0.50", "1.25", "> 100.00"], (0.5,), (100.0,)),
        (["<5", "1.20", "33.10"], (5.0,), ()),
        (["≤3", "5", "≥ 40"], (3.0,), (40.0,)),
        (["<=0,05", "<=0,1", "1,5"], (0.05, 0.1), ()),
        (["<0.5 mg/L", "5.25 mg/L"], (0.5,), ()),
    ],
)
def test_results_beyond_a_limit(cells, below, above):
    form = infer(cells)
    assert (form.below, form.above) == (below, above)
    assert again(form) == cells
    assert form.doubts == ()


@pytest.mark.parametrize(
    "cells",
    [
        ["007", "012", "123"],  # leading zeros: codes
        ["5 mg/L", "5 mg/dL"],  # two units
        ["12A", "13A"],
        ["1e5", "2e5"],
        ["1.5E+05", "2.5E+05"],
        ["0x1A", "1x1A"],
        ["120/80", "110/70"],
        ["1:40", "1:80"],
        ["1.2.3", "4.5.6"],
        ["12345678901234567890", "1"],
        ["a", "b"],
    ],
)
def test_what_is_no_number(cells):
    form = infer(cells)
    assert form is None or not form.parsed.fits.all()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1,234", "950", "12,000"], "parts the thousands"),
        (["1,234", "2,500", "9,125"], "is the decimal mark"),
        (["1.234", "950"], "parts the thousands"),
    ],
)
def test_a_mark_of_two_meanings_is_a_doubt(cells, said):
    form = infer(cells)
    assert said in form.doubts[0]
    assert again(form) == cells


def test_cells_in_another_notation_are_read_and_counted():
    counts = np.array([3, 2, 5, 4])
    form = infer_numbers(["1.5", "2.50", " 7", ".5"], counts)
    assert form.parsed.numbers.tolist() == [1.5, 2.5, 7, 0.5]
    assert form.doubts[0].startswith("11 cells write their number in another way")


@settings(max_examples=200, deadline=None)
@given(
    numbers=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=20, unique=True),
    decimals=st.integers(0, 4),
    decimal=st.sampled_from(".,"),
    thousands=st.sampled_from(["", "'", " ", "\u202f"]),
    suffix=st.sampled_from(["", " mg/L", "%"]),
    padded=st.booleans(),
)
def test_what_is_printed_is_read_and_printed_again(
    numbers, decimals, decimal, thousands, suffix, padded
):
    notation = Notation(decimal=decimal, thousands=thousands, suffix=suffix, padded=padded)
    values = np.array(numbers) / 10**decimals
    sides = np.zeros(len(values), dtype=np.int8)
    cells = print_numbers(values, sides, notation, decimals)
    parsed = parse_numbers(cells, notation)
    assert parsed.fits.all()
    assert parsed.numbers.tolist() == values.tolist()
    form = infer(cells)
    assert form.parsed.fits.all()
    assert again(form) == cells


@pytest.mark.parametrize(
    ("cells", "formats"),
    [
        (["2020-01-31", "1999-12-01"], ("%Y-%m-%d",)),
        (["31.12.2020", "01.02.2021"], ("%d.%m.%Y",)),
        (["1/2/2020", "13/12/2020"], ("%-d/%-m/%Y",)),
        (["1/31/2020", "12/3/2020"], ("%-m/%-d/%Y",)),
        (["01JAN2020", "17FEB2021"], ("%d%^b%Y",)),
        (["Mar 5, 2020", "Dec 12, 2021"], ("%b %-d, %Y",)),
        (["2020-01-31T10:05:00Z", "2021-01-31T23:59:59Z"], ("%Y-%m-%dT%H:%M:%SZ",)),
        (["31.12.2020 9:05", "01.02.2021 14:30"], ("%d.%m.%Y %-H:%M",)),
        (["01/31/2020 09:05 PM", "02/11/2021 11:30 AM"], ("%m/%d/%Y %I:%M %p",)),
        (["20200131", "19991201"], ("%Y%m%d",)),
        (["1066-10-14", "9999-12-31"], ("%Y-%m-%d",)),  # beyond what nanoseconds reach
    ],
)
def test_dates(cells, formats):
    form = infer_dates(cells, np.ones(len(cells), dtype=np.int64))
    assert form.formats == formats
    assert form.doubts == ()
    assert print_dates(parse_dates(cells, formats), form.notation) == cells


@pytest.mark.parametrize(
    ("cells", "doubt"),
    [
        (["01/02/2020", "03/04/2020"], "whether day or month comes first"),
        (["13/02/2020", "02/13/2020", "01/02/2020"], "change places"),
        (["2020-01-31", "31.01.2020"], "written in 2 ways"),
        (["01.02.45", "13.05.81"], "two digits"),
    ],
)
def test_doubtful_dates_are_read_with_a_doubt(cells, doubt):
    form = infer_dates(cells, np.ones(len(cells), dtype=np.int64))
    assert any(doubt in one for one in form.doubts)
    assert not np.isnat(parse_dates(cells, form.formats)).any()


@pytest.mark.parametrize(
    "cells", [["2020-13-45"], ["12:30"], ["99999999"], ["1.2.3.4"], ["30.02.2020"], ["soon"]]
)
def test_what_is_no_date(cells):
    assert infer_dates(cells, np.ones(len(cells), dtype=np.int64)) is None


def test_serial_numbers_of_excel():
    serial = np.array([43831.0, 44197.5, np.nan, 36526.25])
    moments = parse_serial(serial, "excel")
    assert moments[:2].astype(str).tolist() == [
        "2020-01-01T00:00:00.000000",
        "2021-01-01T12:00:00.000000",
    ]
    np.testing.assert_array_equal(print_serial(moments, "excel"), serial)
