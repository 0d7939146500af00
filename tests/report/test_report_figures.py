"""Figures and colours."""

from __future__ import annotations

import json
import re

import pytest
from report_cohorts import HOSTILE

from synthhealth.report import Report, figures
from synthhealth.report.figures import label
from synthhealth.report.parts import pairs as pair_figures
from synthhealth.report.small_multiples import small_multiples
from synthhealth.report.theme import DARK, LIGHT, Figure


def every_figure(report: Report) -> list[Figure]:
    data = report.data
    drawn = [figures.overview(data.evaluation), small_multiples(data)]
    for shape in data.numerical:
        drawn += [figures.histogram(shape), figures.distribution_functions(shape, 0.2)]
    drawn += [figures.categories(shape) for shape in data.categorical]
    for grid in data.pairs.grids[:5]:
        drawn += pair_figures.pair_grids(grid)
    drawn += [pair_figures.pair_boxes(pair) for pair in data.pairs.boxes[:5]]
    drawn += [pair_figures.pair_bands(pair) for pair in data.pairs.lines[:5]]
    matrix = data.dependence
    drawn.append(pair_figures.matrix([*matrix.numerical, *matrix.categorical], matrix.real))
    if figures.columns_with_gaps(data.missingness):
        drawn.append(figures.missing_values(data.missingness))
    return drawn


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read(palette: dict[str, str]) -> None:
    for ground in ("panel", "page"):
        for text in ("ink", "muted", "focus", "below", "within", "above"):
            assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)  # WCAG 1.4.3
        for mark in ("real", "synthetic"):
            assert contrast(palette[mark], palette[ground]) >= 3, (mark, ground)  # WCAG 1.4.11
    assert contrast(palette["muted"], palette["hidden"]) >= 4.5


def test_real_and_synthetic_differ_in_lightness_or_hue_for_every_reader() -> None:
    for palette in (LIGHT, DARK):
        red, _, blue = (int(palette["real"][i : i + 2], 16) for i in (1, 3, 5))
        assert blue - red > 60  # blue: seen alike by all common kinds of colour blindness
        red, _, blue = (int(palette["synthetic"][i : i + 2], 16) for i in (1, 3, 5))
        assert red - blue > 60


def test_both_palettes_name_every_colour_that_figures_use(report: Report) -> None:
    drawn = json.dumps(every_figure(report))
    used = set(re.findall(r"var\(--([a-z-]+)\)", drawn))
    assert len(used) > 8
    assert used <= set(LIGHT)
    assert set(LIGHT) == set(DARK)


def test_figures_hold_no_other_colours_than_the_palettes(report: Report) -> None:
    for figure in every_figure(report):
        assert not re.search(r"#[0-9a-fA-F]{6}", json.dumps(figure))


@pytest.mark.parametrize("name", HOSTILE)
def test_labels_are_neither_markup_nor_templates(name: str) -> None:
    text = label(name)
    assert "<" not in text
    assert "%{" not in text
    assert all(sign.isprintable() for sign in text)


def test_no_figure_holds_markup_from_names(hostile_report: Report) -> None:
    for figure in every_figure(hostile_report):
        content = json.dumps(figure)
        assert "<script" not in content
        assert "\\u003cscript" not in content
        assert "<b>bold" not in content
        assert "%{x} $" not in content


def test_histogram_areas_are_the_shares(report: Report) -> None:
    shape = next(shape for shape in report.data.numerical if shape.column == "crp")
    bars = figures.histogram(shape)["data"][0]
    areas = [height * width for height, width in zip(bars["y"], bars["width"], strict=True)]
    assert areas == pytest.approx(shape.real, rel=1e-3)


def test_gap_is_marked_between_the_curves_with_the_exact_distance(report: Report) -> None:
    shape = report.data.numerical[1]
    real, synthetic, gap = figures.distribution_functions(shape, 0.1234)["data"]
    place = list(real["x"]).index(gap["x"][0])
    assert set(gap["y"]) == {real["y"][place], synthetic["y"][place]}
    assert "0.123" in gap["name"]


def test_overview_of_many_columns_is_cut(wide_report: Report) -> None:
    layout = figures.overview(wide_report.evaluation)["layout"]
    assert len(layout["yaxis"]["ticktext"]) == figures.MOST_LINES
    assert layout["height"] < 1200


def test_real_and_synthetic_grids_share_one_scale(report: Report) -> None:
    real, synthetic = pair_figures.pair_grids(report.data.pairs.grids[0])
    assert real["data"][1]["zmax"] == synthetic["data"][1]["zmax"]
    hidden = [cell == 0 for row in real["data"][0]["z"] for cell in row]
    shown = [cell is not None for row in real["data"][1]["z"] for cell in row]
    assert [not cell for cell in shown] == hidden


def test_dates_are_drawn_as_dates(report: Report) -> None:
    shape = next(shape for shape in report.data.numerical if shape.column == "first_seen")
    figure = figures.histogram(shape)
    assert figure["layout"]["xaxis"]["type"] == "date"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", figure["data"][0]["x"][0])
