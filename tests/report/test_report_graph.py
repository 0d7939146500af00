"""The graph of a model that has one."""

from __future__ import annotations

import plotly.graph_objects as go

import synthhealth as sh
from synthhealth.report.data import GivenColumn
from synthhealth.report.parts.graph import graph_section
from synthhealth.report.tables import sections


def given(column: str, *parents: str) -> GivenColumn:
    return GivenColumn(column=column, parents=parents, gain=0.2 if parents else 0.0)


def test_each_column_stands_below_those_that_it_is_given():
    graph = (given("sex"), given("age"), given("crp", "sex", "age"), given("esr", "crp", "sex"))
    section = graph_section(graph)
    assert section is not None
    drawn = go.Figure(section.drawings[0].figure)  # plotly's own check of every property
    places = dict(zip(drawn.data[0].text, drawn.data[0].y, strict=True))
    for one in graph:
        assert all(places[one.column] > places[parent] for parent in one.parents)
    assert len(drawn.layout.annotations) == 4
    assert "crp given sex and age" in section.drawings[0].alt
    assert [entry.text for entry in section.sheets[0].rows[2]] == ["crp", "sex and age", "0.2"]


def test_many_columns_are_told_in_a_table_alone():
    section = graph_section([given(f"v{place}") for place in range(60)])
    assert section is not None
    assert not section.drawings
    assert len(section.sheets[0].rows) == 60
    assert graph_section(()) is None


def test_a_report_shows_the_graph_of_a_bayesian_network():
    real = sh.datasets.load_ra_panel()[["sex", "age", "crp", "esr"]]
    for family, there in (("bayesian_network", True), ("gaussian_copula", False)):
        model = sh.Synthesizer(family, random_state=0).fit(real)
        data = model.evaluate(None, model.sample(61), parts=[]).data
        assert ("graph" in {section.key for section in sections(data)}) is there
        told = {one.column for one in data.model.graph}
        assert told == (set(real.columns) if there else set())
