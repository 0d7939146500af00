"""The figures of a report one by one, for print."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from report_cohorts import HOSTILE

from synthhealth.errors import FileError, ParameterError
from synthhealth.report import Report, evaluate, publication
from synthhealth.report.theme import LIGHT

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def every_figure(report: Report) -> dict[str, Any]:
    plot, data = report.plot, report.data
    names = [shape.column for shape in (*data.numerical, *data.categorical)]
    drawn = {name: plot.column(name) for name in (names[0], names[-1], *names[2:4])}
    drawn |= {f"pair {a} {b}": plot.pair(a, b) for a, b in itertools.pairwise(names[:4])}
    drawn |= {"pairs": plot.pairs(), "correlations": plot.correlations()}
    return drawn | {"columns": plot.columns(), "table_one": plot.table_one()}


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, list):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, float):
        yield value


def test_every_figure_is_plotlys_and_of_the_width_of_print(report: Report) -> None:
    for name, drawn in every_figure(report).items():
        assert drawn.layout.width in (publication.SINGLE, publication.DOUBLE), name
        assert 120 < drawn.layout.height < 900, name
        assert drawn.layout.template.layout.paper_bgcolor == "white"
        assert len(drawn.data) > 0


def test_figures_have_the_colours_of_day_and_no_name_of_a_colour(report: Report) -> None:
    for drawn in every_figure(report).values():
        told = drawn.to_json()
        assert "var(--" not in told
        assert "fixedrange" not in told
    histogram = report.plot.column("crp").to_json()
    assert LIGHT["real"] in histogram
    assert LIGHT["synthetic"] in histogram


def test_figures_show_what_the_page_shows(report: Report) -> None:
    shape = next(shape for shape in report.data.numerical if shape.column == "crp")
    bars = report.plot.column("crp").data[0]
    areas = [height * width for height, width in zip(bars.y, bars.width, strict=True)]
    assert areas == pytest.approx(shape.real, rel=1e-3)
    pairs = report.plot.pairs(3)
    lines = {trace.name: list(trace.x) for trace in pairs.data if trace.name in ("real",)}
    by_real = {round(pair.real, 4) for pair in report.evaluation.pairs}
    assert set(lines["real"]) <= by_real
    assert len(lines["real"]) == 3


def test_a_pair_is_the_same_from_both_sides(report: Report) -> None:
    assert report.plot.pair("sex", "crp") == report.plot.pair("crp", "sex")
    grid = report.plot.pair("sex", "stage")
    assert [note.text for note in grid.layout.annotations] == ["real", "synthetic"]
    assert [trace.xaxis for trace in grid.data] == ["x", "x", "x2", "x2"]


def test_no_figure_holds_a_value_of_a_patient() -> None:
    rng = np.random.default_rng(3)

    def table(n: int) -> pd.DataFrame:
        groups = rng.choice(["A", "B"], n)
        return pd.DataFrame({"x": rng.lognormal(size=n), "y": rng.normal(size=n), "ward": groups})

    real = table(61)
    patients = {float(f"{value:.5g}") for name in ("x", "y") for value in real[name]}
    report = evaluate(real, table(200), parts=())
    for name, drawn in every_figure(report).items():
        held = {float(f"{value:.5g}") for value in numbers(json.loads(drawn.to_json()))}
        assert not held & patients, name


def test_names_are_neither_markup_nor_templates(hostile_report: Report) -> None:
    plot = hostile_report.plot
    shown = [plot.columns(), plot.correlations(), plot.pairs(), plot.column(HOSTILE[0])]
    for drawn in shown:
        told = drawn.to_json()
        assert "<script" not in told
        assert "\\u003cscript" not in told
        assert "<b>bold" not in told


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda plot: plot.column("crpp"), "no column 'crpp' (did you mean 'crp'?)"),
        (lambda plot: plot.pair("crp", "sexx"), "no column 'sexx' (did you mean 'sex'?)"),
        (lambda plot: plot.pair("crp", "crp"), "given twice"),
        (lambda plot: plot.columns(["agee"]), "did you mean 'age'"),
        (lambda plot: plot.columns("age"), "give a list"),
        (lambda plot: plot.columns([]), "no column to be drawn"),
        (lambda plot: plot.columns(across=0), "across is 0"),
        (lambda plot: plot.pairs(0), "n is 0"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(report: Report, ask: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(words)):
        ask(report.plot)


def test_a_pair_that_a_wide_report_does_not_keep_is_refused(wide_report: Report) -> None:
    kept = {(one.numerical, one.groups.column) for one in wide_report.data.pairs.lines}
    names = wide_report.data.dependence.numerical
    lost = next((a, b) for a in names for b in names if a < b and (a, b) not in kept)
    with pytest.raises(ParameterError, match="keeps 300 of 990 pairs"):
        wide_report.plot.pair(*lost)


def test_one_column_has_no_pair(single_report: Report) -> None:
    for ask in (single_report.plot.pairs, single_report.plot.correlations):
        with pytest.raises(ParameterError, match="only one"):
            ask()


def test_a_page_needs_nothing_else_and_pictures_say_what_they_need(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plot = report.plot
    drawn = plot.column("crp")
    written = plot.save(drawn, tmp_path / "crp.html")
    assert "plotly" in written.read_text(encoding="utf-8")
    with pytest.raises(FileError, match="exists"):
        plot.save(drawn, written)
    with pytest.raises(ParameterError, match=r"did you mean 'png'"):
        plot.save(drawn, tmp_path / "crp.pngg")
    monkeypatch.setattr(publication, "find_spec", lambda name: None)
    with pytest.raises(ParameterError, match=r"pip install 'synthhealth\[figures\]'"):
        plot.save(drawn, tmp_path / "crp.png")
    assert [file.name for file in tmp_path.iterdir()] == ["crp.html"]


def test_without_chrome_it_is_said_how_to_get_it(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = report.plot.column("crp")

    def refuse(*args: object, **options: object) -> None:
        raise RuntimeError("no browser")

    monkeypatch.setattr(publication, "find_spec", lambda name: name)
    monkeypatch.setattr(type(drawn), "write_image", refuse)
    with pytest.raises(FileError, match="kaleido_get_chrome"):
        report.plot.save(drawn, tmp_path / "crp.svg")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this computer")
def test_pictures_are_written_at_the_size_of_print(report: Report, tmp_path: Path) -> None:
    pytest.importorskip("kaleido", reason="kaleido is not installed")
    drawn = report.plot.column("crp")
    png, svg, pdf = (report.plot.save(drawn, tmp_path / f"crp.{x}") for x in ("png", "svg", "pdf"))
    content = png.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(content[16:20]) == round(336 * 300 / 96)
    assert 'width="336"' in svg.read_text(encoding="utf-8")
    assert b"MediaBox [0 0 252 " in pdf.read_bytes()  # 89 mm in points
