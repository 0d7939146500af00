"""Numbers and dates in the notation that they were written in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from synthhealth.schema import Notation
from synthhealth.schema.reading.cells import Texts
from synthhealth.schema.reading.date_form import infer_dates
from synthhealth.schema.reading.dates import (
    parse_dates,
    parse_serial,
    print_dates,
    print_serial,
)
from synthhealth.schema.reading.notation import parse_numbers, print_numbers
from synthhealth.schema.reading.number_form import infer_numbers


def infer(cells):
    return infer_numbers(Texts.of(cells, [5] * len(cells)))


def again(form) -> list[str]:
    return print_numbers(form.parsed.numbers, form.parsed.sides, form.notation, form.decimals)


DOLLAR = {"prefix": "$"}


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
        (["١٢٫٥", "٣"], [12.5, 3], {"decimal": "٫", "digits": "arabic"}),
        (
            ["١٬٢٣٤٫٥٠", "٧٫٢٥"],
            [1234.5, 7.25],
            {"decimal": "٫", "thousands": "٬", "digits": "arabic", "padded": True},
        ),
        (["۱۲،۵", "۳"], [12.5, 3], {"decimal": "،", "digits": "persian"}),
        (["１２．５", "３"], [12.5, 3], {"digits": "fullwidth"}),
        (
            ["$10,233.03", "$621.40"],
            [10233.03, 621.4],
            {"thousands": ",", "padded": True} | DOLLAR,
        ),
        (["EGP 10,233", "EGP 621"], [10233, 621], {"thousands": ",", "prefix": "EGP "}),
        (["€ 12,50", "€ 3,05"], [12.5, 3.05], {"decimal": ",", "prefix": "€ ", "padded": True}),
        (["12,50 €", "3,05 €"], [12.5, 3.05], {"decimal": ",", "suffix": " €", "padded": True}),
        (["5'4\"", "6'11\""], [64, 83], {"suffix": "'\""}),
        (["90+", "89", "34"], [90, 89, 34], {"above": "+"}),
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
        ["5 mg/L", "5 mmol/L"],  # two units of different kinds
        ["12A", "13A"],
        ["12e5", "22e5"],
        ["12.3.", "5"],
        ["12..3", "5"],
        ["1O.5", "5"],
        ["10-12", "5"],
        ["13.1 phoned to Mrs Smith", "5"],
        ["Hb 12.3", "5"],
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
    counts = np.array([3, 2, 5, 4])  # " 7" only has a blank
    form = infer_numbers(Texts.of(["1.5", "2.50", " 7", ".5"], counts))
    assert form.parsed.numbers.tolist() == [1.5, 2.5, 7, 0.5]
    assert form.doubts[0].startswith("11 cells write their number in another way")


@given(
    numbers=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=20, unique=True),
    decimals=st.integers(0, 4),
    decimal=st.sampled_from(".,٫"),
    thousands=st.sampled_from(["", "'", " ", "\u202f", "٬"]),
    around=st.sampled_from(
        [("", ""), ("", " mg/L"), ("", "%"), ("$", ""), ("€ ", ""), ("EGP ", ""), ("", " €")]
    ),
    digits=st.sampled_from(["latin", "arabic", "persian"]),
    padded=st.booleans(),
)
def test_what_is_printed_is_read_and_printed_again(
    numbers, decimals, decimal, thousands, around, digits, padded
):
    notation = Notation(
        decimal=decimal,
        thousands=thousands,
        prefix=around[0],
        suffix=around[1],
        digits=digits,
        padded=padded,
    )
    values = np.array(numbers) / 10**decimals
    sides = np.zeros(len(values), dtype=np.int8)
    cells = print_numbers(values, sides, notation, decimals)
    parsed = parse_numbers(cells, notation)
    assert parsed.fits.all()
    assert parsed.numbers.tolist() == values.tolist()
    form = infer(cells)
    assert form.parsed.fits.all()
    assert again(form) == cells


@given(
    numbers=st.lists(st.integers(0, 10**6), min_size=4, max_size=20, unique=True),
    flags=st.lists(st.sampled_from(["", " H", " (L)", "*", " High", " مرتفع"]), min_size=20),
    marks=st.lists(st.sampled_from(["", "\u200e", "\u200f", "\ufeff", "\u200b"]), min_size=20),
    suffix=st.sampled_from(["", " mg/L"]),
)
def test_flags_and_invisible_marks_do_not_change_a_number(numbers, flags, marks, suffix):
    # What nearly all numbers have is the column's own form.
    shown = [flag for flag in flags[: len(numbers)] if flag]
    assume(max(map(shown.count, shown), default=0) <= len(numbers) / 2)
    cells = [
        f"{mark}{number / 10:.1f}{suffix}{flag}{mark}"
        for number, flag, mark in zip(numbers, flags, marks, strict=False)
    ]
    form = infer(cells)
    assert form.parsed.numbers.tolist() == [number / 10 for number in numbers]
    assert form.notation.suffix == suffix
    assert list(form.parsed.flags) == flags[: len(numbers)]
    assert again(form) == [f"{number / 10:.1f}{suffix}" for number in numbers]


@given(
    inches=st.lists(st.integers(0, 95), min_size=1, max_size=20, unique=True),
    above=st.lists(st.integers(90, 99), max_size=3, unique=True),
)
def test_heights_and_plus_signs_come_back(inches, above):
    heights = [f"{one // 12}'{one % 12}\"" for one in inches]
    form = infer(heights)
    assert form.parsed.numbers.tolist() == inches
    assert again(form) == heights
    ages = [*map(str, range(20, 30)), *(f"{one}+" for one in above)]
    form = infer(ages)
    assert form.above == tuple(sorted(above))
    assert again(form) == ages


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
    form = infer_dates(Texts.of(cells, [1] * len(cells)))
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
    form = infer_dates(Texts.of(cells, [1] * len(cells)))
    assert any(doubt in one for one in form.doubts)
    assert not np.isnat(parse_dates(cells, form.formats)).any()


@pytest.mark.parametrize(
    "cells", [["2020-13-45"], ["12:30"], ["99999999"], ["1.2.3.4"], ["30.02.2020"], ["soon"]]
)
def test_what_is_no_date(cells):
    assert infer_dates(Texts.of(cells, [1] * len(cells))) is None


def test_serial_numbers_of_excel():
    serial = np.array([43831.0, 44197.5, np.nan, 36526.25])
    moments = parse_serial(serial, "excel")
    assert moments[:2].astype(str).tolist() == [
        "2020-01-01T00:00:00.000000",
        "2021-01-01T12:00:00.000000",
    ]
    np.testing.assert_array_equal(print_serial(moments, "excel"), serial)
