"""Detection against a key of 17 public tables, written by hand before it was tried on them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from synthhealth.schema import propose, read_column, write_column

KEY = yaml.safe_load((Path(__file__).parent / "key_of_tables.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def proposals(request):
    """All tables with what was proposed for them."""
    clinical = request.getfixturevalue("clinical")
    tables = {name: clinical(name) for name in KEY}
    return {name: (table, propose(table)) for name, table in tables.items()}


def test_key_names_every_column(proposals):
    assert sum(len(columns) for columns in KEY.values()) == 421
    for name, (table, _) in proposals.items():
        assert list(table.columns) == list(KEY[name])


def test_at_least_95_percent_need_no_correction_and_each_of_the_rest_has_a_doubt(proposals):
    wrong = [
        (name, finding.column, finding.doubts)
        for name, (_, proposal) in proposals.items()
        for finding in proposal.findings
        if finding.kind.value != KEY[name][finding.column]
    ]
    assert len(wrong) <= 0.05 * 421, wrong
    assert [one for one in wrong if not one[2]] == []


def test_doubts_are_for_few_columns(proposals):
    doubtful = sum(
        bool(finding.doubts) for _, proposal in proposals.values() for finding in proposal.findings
    )
    assert doubtful <= 0.25 * 421


def test_every_column_comes_back_exactly(proposals):
    for _, (table, proposal) in proposals.items():
        for column in proposal.schema:
            cells = table[column.name]
            read = read_column(cells, column)
            written = write_column(
                read.values,
                column,
                missing=read.missing,
                censored=read.censored,
                dtype=cells.dtype,
                empty_is_none=read.empty_is_none,
            )
            pd.testing.assert_series_equal(written, cells)


def test_units_and_demographics(proposals):
    hcv = proposals["hcv"][1].schema
    assert (hcv["ALB"].unit, hcv["CREA"].unit) == ("g/L", "umol/L")
    assert hcv.demographics.model_dump() == {
        "sex": "Sex",
        "female": "f",
        "male": "m",
        "age": "Age",
    }
    mixed = proposals["hcc_survival"][1].findings
    doubts = {finding.column: " ".join(finding.doubts) for finding in mixed}
    assert "bring the column to one unit" in doubts["Leukocytes(G/L)"]
