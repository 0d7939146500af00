"""A cell of text is taken apart once on the way of a table; most of a large fit was that."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.schema.reading import cells

NUMBER, DATE = "12,25", "03.04.2019"


@pytest.fixture
def taken_apart(monkeypatch):
    """Note each time that the number was taken apart, or the date read."""
    seen = []

    def split(cell, known=cells.split_number):
        seen.extend([cell] if cell == NUMBER else [])
        return known(cell)

    def parse(texts, formats, known=cells.parse_dates):
        seen.extend([DATE] if DATE in texts else [])
        return known(texts, formats)

    monkeypatch.setattr(cells, "split_number", split)
    monkeypatch.setattr(cells, "parse_dates", parse)
    return seen


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    crp = [f"{x:.2f}".replace(".", ",") for x in rng.gamma(2, 8, 100)]
    seen = [f"{day:%d.%m.%Y}" for day in pd.date_range("2018-01-01", periods=100, freq="3D")]
    return pd.DataFrame(
        {
            "crp": [NUMBER, "<0,5", *crp[2:]],
            "seen": [DATE, *seen[1:]],
            "hb": rng.normal(13, 1, 100).round(1),
        },
    )


def test_a_fit_takes_a_cell_apart_once(table, taken_apart):
    model = sh.Synthesizer("gaussian_copula", random_state=0).fit(table)
    assert sorted(taken_apart) == [DATE, NUMBER]
    taken_apart.clear()
    sh.Synthesizer("gaussian_copula", schema=model.schema_, random_state=0).fit(table)
    assert sorted(taken_apart) == [DATE, NUMBER]


@pytest.mark.parametrize("knows", [True, False])
def test_an_evaluation_takes_a_cell_of_either_table_apart_once(table, taken_apart, tmp_path, knows):
    schema = sh.Schema.detect(table) if knows else None
    other = table.iloc[::-1].reset_index(drop=True)
    taken_apart.clear()
    sh.evaluate(table, other, schema, real_is="training", parts=()).to_html(tmp_path / "x.html")
    assert sorted(taken_apart) == [DATE, DATE, NUMBER, NUMBER]
