"""Every column at a glance, by plotly and as SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from plotly import graph_objects

from synthhealth.report import Report
from synthhealth.report.small_multiples import small_multiples, svg_tile, tiles


@pytest.fixture(params=["report", "hostile_report", "wide_report", "single_report"])
def any_report(request: pytest.FixtureRequest) -> Report:
    made: Report = request.getfixturevalue(request.param)
    return made


def test_each_column_has_one_tile_and_plotly_takes_them(any_report: Report) -> None:
    data = any_report.data
    n = min(len(data.numerical) + len(data.categorical), 40)
    drawn = small_multiples(data)
    assert len(drawn["layout"]["annotations"]) == n
    assert len(drawn["data"]) == 2 * n
    graph_objects.Figure(drawn)  # refuses what plotly does not know


def test_tiles_lie_side_by_side_without_touching(report: Report) -> None:
    for across in (None, 1, 2, 4):
        plan = small_multiples(report.data, across=across)["layout"]
        boxes = [
            (plan[f"xaxis{n}"]["domain"], plan[f"yaxis{n}"]["domain"])
            for n in ["", *map(str, range(2, len(plan["annotations"]) + 1))]
        ]
        for place, (x, y) in enumerate(boxes):
            assert 0 <= x[0] < x[1] <= 1
            assert 0 <= y[0] < y[1] <= 1
            for other_x, other_y in boxes[:place]:
                apart = x[0] >= other_x[1] or x[1] <= other_x[0]
                assert apart or y[1] <= other_y[0] or y[0] >= other_y[1]


def test_areas_are_the_shares_that_the_page_shows(report: Report) -> None:
    crp = next(tile for tile in tiles(report.data) if tile.column == "crp")
    shape = next(shape for shape in report.data.numerical if shape.column == "crp")
    areas = [bar.real * (bar.stop - bar.start) for bar in crp.bars]
    assert areas == pytest.approx(shape.real)
    sex = next(tile for tile in tiles(report.data) if tile.column == "sex")
    assert [bar.real for bar in sex.bars] == [
        level.real_share
        for shape in report.data.categorical
        if shape.column == "sex"
        for level in shape.levels
    ]


def test_of_a_wide_table_the_lowest_scores_are_drawn(wide_report: Report) -> None:
    scores = {one.column: one.ks_complement for one in wide_report.evaluation.numerical}
    kept = {tile.column for tile in tiles(wide_report.data)}
    left = scores.keys() - kept
    assert len(kept) == 40
    assert len(left) == 5
    assert max(scores[name] for name in kept) <= min(scores[name] for name in left)


def test_columns_to_look_at_are_marked_by_a_sign_and_not_by_colour_alone(report: Report) -> None:
    poor = set(report.evaluation.judgement.poor_columns)
    titles = small_multiples(report.data)["layout"]["annotations"]
    marked = {title["text"].split()[-1] for title in titles if title["text"].startswith("▼")}
    assert poor
    assert marked == poor


def test_svg_is_sound_and_says_what_it_shows(any_report: Report) -> None:
    for tile in tiles(any_report.data):
        drawn = ET.fromstring(svg_tile(tile))
        assert drawn.get("role") == "img"
        assert drawn.get("aria-label")
        assert {part.tag for part in drawn} <= {"title", "path", "rect"}
        for part in drawn.iter("rect"):
            assert 0 <= float(part.get("y", -1)) <= 64
