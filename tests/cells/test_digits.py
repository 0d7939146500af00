"""Digits of any script are read as 0 to 9, and written back in their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthhealth.cells.digits import from_latin, script_of, to_latin, without_marks

SCRIPTS = ("latin", "arabic", "persian", "fullwidth")


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("١٢٫٥", "12٫5"),
        ("۱۲/۰۳/۲۰۲۳", "12/03/2023"),
        ("１２．５％", "12.5%"),
        ("१२", "12"),
        ("\u200e11.9\u200f", "11.9"),
        ("\ufeff7\u200b", "7"),
        ("10⁹/L", "10⁹/L"),
        ("5.2 µg", "5.2 µg"),
    ],
)
def test_latin(text, latin):
    assert to_latin(text) == latin


@given(st.text("0123456789.-/: abc", max_size=12), st.sampled_from(SCRIPTS))
def test_back_and_forth(text, script):
    assert to_latin(from_latin(text, script)) == text


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_script_of_most(script):
    cells = [from_latin(one, script) for one in ("12.5", "3", "n/a")]
    assert script_of([*cells, "7"]) == script


def test_no_digits_are_latin():
    assert script_of(["a", ""]) == "latin"


def test_a_word_keeps_its_joiners():
    assert without_marks("\u200fنمی\u200cدانم\u200e\u200c") == "نمی\u200cدانم"
    assert to_latin("نمی\u200cدانم") == "نمیدانم"
