"""What is in doubt: ranked, each thing once, in few lines."""

from __future__ import annotations

import copy
import logging
import pickle

import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.cli._inputs import MOST_NOTES
from synthhealth.errors import Doubt
from synthhealth.schema import Column, Schema
from synthhealth.schema.detection.doubts import MOST_LINES, doubt_lines
from synthhealth.schema.detection.proposal import propose

LOOK = Doubt("only 3 different numbers", "kind: nominal", 1)
LOST = Doubt("9 of 150 cells count as missing", "kind: nominal", 3)


def test_the_weightiest_comes_first():
    lines = doubt_lines([("stage", LOOK), ("hb", LOST), ("crp", "a plain sentence")])
    assert [line.partition(":")[0] for line in lines] == [
        "column 'hb'",
        "column 'stage'",
        "column 'crp'",
    ]


def test_what_settles_it_is_said():
    (line,) = doubt_lines([("hb", LOST)])
    assert line.endswith("(to settle it, in the schema: kind: nominal)")
    (line,) = doubt_lines([("id", Doubt("a patient has several rows", "--subject id", 3))])
    assert line.endswith("(to settle it: --subject id)")


def test_columns_with_the_same_doubt_share_a_line():
    (line,) = doubt_lines([(f"item {number}", LOOK) for number in range(7)])
    assert line.startswith("columns 'item 0', 'item 1', 'item 2' and 4 more, each: only 3")


@pytest.mark.parametrize(("n", "shown"), [(7, 7), (8, 7), (40, 7)])
def test_there_are_few_lines(n, shown):
    """Seven about the columns, and three about the file at most: ten."""
    lines = doubt_lines([(f"x{number}", f"doubt {number}") for number in range(n)])
    assert len(lines) == shown == MOST_LINES
    assert MOST_LINES + MOST_NOTES == 10
    if n > 7:
        assert lines[-1].startswith(f"and {n - 6} more doubts")


def test_a_doubt_survives_copying():
    for again in (copy.deepcopy(LOST), pickle.loads(pickle.dumps(LOST))):
        assert (again, again.settle, again.weight) == (LOST, "kind: nominal", 3)


def odd_table(n_odd: int = 2) -> pd.DataFrame:
    cells = [f"{11 + number / 10:.1f}" for number in range(40)]
    cells[3 : 3 + n_odd] = ["spoke to Mrs Adler"] * n_odd
    return pd.DataFrame({"hb": cells, "age": range(30, 70)})


def test_a_fit_says_how_many_cells_it_could_not_read(caplog):
    schema = Schema(
        columns=(Column(name="hb", kind="continuous"), Column(name="age", kind="count"))
    )
    with caplog.at_level(logging.WARNING, logger="synthhealth"):
        sh.Synthesizer(schema=schema, random_state=0).fit(odd_table())
    assert "column 'hb': 2 of 40 cells are not written as a result like the others" in caplog.text
    assert "Adler" not in caplog.text


def test_folds_do_not_repeat_what_was_said(caplog):
    with caplog.at_level(logging.WARNING, logger="synthhealth"):
        sh.Synthesizer(random_state=0).cross_evaluate(odd_table(0).assign(sex=["F", "M"] * 20), k=2)
    assert len(caplog.messages) == len(set(caplog.messages))


def test_a_doubt_that_repeats_an_error_names_its_column_once():
    few = pd.DataFrame({"flag": [True, False] * 4, "crp": [0.3, 1.7, 2.9, 4.1, 5.3, 6.7, 7.9, 8.3]})
    (line,) = [one for one in doubt_lines(propose(few).doubts) if "none is learned" in one]
    assert line.count("column 'flag'") == 1
