"""A number in a cell is told from what stands around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthhealth.cells.numbers import FEET, currency_of, flag_side, says_guess, split_number


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("12,5", {"number": "12,5"}),
        (" \u200e11.9\u200f ", {"number": "11.9"}),
        ("١١٫٩", {"number": "11٫9"}),
        ("< 0.5 mg/L", {"number": "0.5", "mark": "< ", "behind": " mg/L", "side": -1}),
        ("less than 5", {"mark": "less than ", "side": -1}),
        ("أكثر من ٥", {"number": "5", "side": 1}),
        ("90+", {"number": "90", "behind": "+", "side": 1}),
        ("-$5", {"number": "5", "negative": True, "before": "$"}),
        ("EGP 10,233", {"number": "10,233", "before": "EGP "}),
        ("€ -12,50", {"number": "12,50", "negative": True, "before": "€ "}),
        ("1.2e3", {"number": "1.2", "exponent": 3}),
        ("1.5E-05", {"exponent": -5}),
        ("1.2x10^3", {"number": "1.2", "exponent": 3}),
        ("1,2 × 10⁻³", {"number": "1,2", "exponent": -3}),
        ("1.2×10³ copies/mL", {"exponent": 3, "behind": " copies/mL"}),
        ("5.2x10^9/L", {"number": "5.2", "exponent": None, "behind": "x10^9/L"}),
        ("5'4\"", {"number": "64", "behind": FEET}),
        ("5 ft 11 in", {"number": "71", "behind": FEET}),
        ("~70", {"number": "70", "is_guess": True}),
        ("ca. 70", {"number": "70", "is_guess": True}),
        ("approx 70", {"number": "70", "is_guess": True}),
        ("10-12", {"number": "10", "behind": "-12"}),
    ],
)
def test_parts(cell, said):
    found = split_number(cell)
    assert {name: getattr(found, name) for name in said} == said


@pytest.mark.parametrize("cell", ["", "n/a", "Hb 12", "12e5", "x5", "(5)", "phoned 12"])
def test_what_does_not_begin_with_a_number(cell):
    assert split_number(cell) is None


@pytest.mark.parametrize(
    ("text", "side"),
    [
        (" H", 1), ("H", 1), (" (H)", 1), (" High", 1), (" HH", 1), (" erhöht", 1), (" مرتفع", 1),
        (" L", -1), ("L", -1), (" (L)", -1), (" low", -1), (" niedrig", -1), (" منخفض", -1),
        ("*", 0), (" **", 0), (" A", 0), (" abnormal", 0), (" (hemolysed)", 0), (" capillary", 0),
        (" hämolytisch", 0), ("A", None), (" phoned", None), (" Hassan", None), ("", None),
    ],
)  # fmt: skip
def test_flags(text, side):
    assert flag_side(text) == side


def test_money_and_guesses():
    assert [currency_of(one) for one in ("$", "€", " EUR", "ج.م", "mg")] == [
        "USD",
        "EUR",
        "EUR",
        "EGP",
        None,
    ]
    assert [says_guess(one) for one in ("?", " (?)", " approx", "!", " mg")] == [True] * 3 + [
        False
    ] * 2


@given(st.text(max_size=20))
def test_any_text_is_parted_or_not(text):
    found = split_number(text)
    assert found is None or any(sign.isdigit() for sign in found.number)
