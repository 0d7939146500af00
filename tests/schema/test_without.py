"""Schemas made of others."""

from __future__ import annotations

from synthhealth.schema import Column, Schema


def test_leaving_columns_out_keeps_the_rest():
    schema = Schema(
        columns=[Column(name=name, kind="nominal") for name in ("mrn", "sex", "site")],
        demographics={"sex": "sex", "female": "F", "male": "M"},
        min_cell=11,
    )
    left = schema.without(["mrn"])
    assert (left.names, left.min_cell) == (["sex", "site"], 11)
    assert left.demographics == schema.demographics
    assert left.without(["sex"]).demographics.female is None
    assert left.without(["none"]) is left
