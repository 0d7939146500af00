"""How often a cell of text is taken apart on the way of a table; most of a large fit is that."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.evaluation.tables import read_tables

CELL = "12,25"


@pytest.fixture
def taken_apart(monkeypatch):
    """Count how often `CELL` was."""
    from synthhealth.cells.numbers import split_number

    seen = []

    def spy(cell):
        seen.extend([cell] if cell == CELL else [])
        return split_number(cell)

    for name, module in list(sys.modules.items()):
        if name.startswith("synthhealth.") and hasattr(module, "split_number"):
            monkeypatch.setattr(module, "split_number", spy)
    return seen


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    crp = [f"{x:.2f}".replace(".", ",") for x in rng.gamma(2, 8, 100)]
    return pd.DataFrame(
        {"crp": [CELL, "<0,5", *crp[2:]], "hb": rng.normal(13, 1, 100).round(1)},
    )


def test_a_fit_takes_a_cell_apart_once_a_step(table, taken_apart):
    # To find out what the column is; for its unit; for its limits; to learn it.
    model = sh.Synthesizer("gaussian_copula", random_state=0).fit(table)
    assert len(taken_apart) == 4
    taken_apart.clear()
    sh.Synthesizer("gaussian_copula", schema=model.schema_, random_state=0).fit(table)
    assert len(taken_apart) == 2


def test_an_evaluation_takes_a_cell_apart_once_a_step(table, taken_apart):
    schema = sh.Schema.detect(table)
    taken_apart.clear()
    read_tables(table, table.assign(crp="3,50"), schema)
    assert len(taken_apart) == 2
