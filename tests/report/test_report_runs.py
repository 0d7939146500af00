"""Several reports side by side: two compared, many as a trend, read back from their files."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from report_cohorts import CREATED, make_cohort

from synthhealth.errors import FileError, ParameterError
from synthhealth.report import Comparison, ModelInfo, Report, Trend, evaluate, trend

COLUMNS = ["age", "crp", "esr", "haemoglobin", "sex"]


@pytest.fixture(scope="module")
def good(real: pd.DataFrame) -> Report:
    model = ModelInfo(name="gaussian_copula")
    return evaluate(real[COLUMNS], make_cohort(300, 1)[COLUMNS], model=model, created=CREATED)


@pytest.fixture(scope="module")
def poor(real: pd.DataFrame) -> Report:
    fake = make_cohort(300, 2)[COLUMNS]
    fake["crp"] *= 3
    return evaluate(real[COLUMNS], fake, created=CREATED)


@pytest.fixture(scope="module")
def copied(real: pd.DataFrame) -> Report:
    return evaluate(real[COLUMNS], real[COLUMNS], created=CREATED)


def test_the_better_table_is_found_beyond_chance(good: Report, poor: Report) -> None:
    found = good.compare(poor)
    assert found.better_columns("first") == ("crp",)
    assert found.better_columns("second") == ()
    crp = next(column for column in found.columns if column.name == "crp")
    assert crp.second_excess - crp.first_excess > crp.chance > 0
    assert (crp.first_state, crp.second_state) == ("as good", "worse")
    assert "the first is better in crp" in found.summary().replace("\n  ", " ")
    assert "| crp | " in found.to_markdown()


def test_comparison_is_the_same_from_both_sides(good: Report, poor: Report) -> None:
    there, back = good.compare(poor), poor.compare(good)
    assert there.better_columns("first") == back.better_columns("second")
    assert there.better_metrics("first") == back.better_metrics("second")
    assert all(one.better == "neither" for one in good.compare(good).metrics)


def test_a_copy_is_not_better(good: Report, copied: Report) -> None:
    found = good.compare(copied)
    assert found.better_columns("second") == ()
    assert found.better_metrics("second") == ()
    assert "identical_rows" in found.better_metrics("first")
    assert "copied in the second" in found.summary()


def test_two_good_tables_do_not_differ(real: pd.DataFrame, good: Report) -> None:
    # Of the columns of equally good tables at most one in 20 is called better: seed fixed.
    other = evaluate(real[COLUMNS], make_cohort(300, 8)[COLUMNS], created=CREATED)
    assert good.compare(other).better_columns("neither") == tuple(sorted(COLUMNS, key=_place))


def _place(name: str) -> int:
    return COLUMNS.index(name)


def test_reports_of_other_columns_are_refused(real: pd.DataFrame, good: Report) -> None:
    fewer = real[COLUMNS[:3]]
    with pytest.raises(ParameterError, match="haemoglobin and sex only in the first"):
        good.compare(evaluate(fewer, fewer))
    turned = make_cohort(61, 0)[COLUMNS].assign(age=lambda table: table["age"] > 45)
    with pytest.raises(ParameterError, match="age: numerical in one report and categorical"):
        trend([good, evaluate(turned, turned)])


def test_other_real_tables_are_told(good: Report) -> None:
    bigger = make_cohort(90, 3)[COLUMNS]
    other = evaluate(bigger, bigger.sample(frac=1, random_state=0), real_is="training")
    told = good.compare(other).summary().replace("\n  ", " ")
    assert "61 rows and 90 rows" in told
    assert "given and training" in told


def test_reports_are_read_back(good: Report, poor: Report, tmp_path: Path) -> None:
    good.to_json(tmp_path / "good.json")
    again = Report.from_json(tmp_path / "good.json")
    assert again.data == good.data
    assert again.evaluation == good.data.evaluation
    assert poor.compare(tmp_path / "good.json") == poor.compare(good)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), ("{}", "title: Field required"), ("no JSON", "not a report.json")],
)
def test_files_that_are_no_report_are_refused(
    tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "report.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(FileError, match=words):
        Report.from_json(path)


def test_comparison_and_trend_are_json(good: Report, poor: Report, tmp_path: Path) -> None:
    good.compare(poor).to_json(tmp_path / "comparison.json")
    trend([good, poor]).to_json(tmp_path / "trend.json")
    comparison = (tmp_path / "comparison.json").read_text(encoding="utf-8")
    assert Comparison.model_validate_json(comparison) == good.compare(poor)
    text = (tmp_path / "trend.json").read_text(encoding="utf-8")
    assert Trend.model_validate_json(text) == trend([good, poor])
    assert json.loads(text)["poor_columns"] == [[], ["crp"]]
    with pytest.raises(FileError, match="exists"):
        trend([good, poor]).to_json(tmp_path / "trend.json")


def test_trend_has_a_point_per_run(
    good: Report, poor: Report, copied: Report, tmp_path: Path
) -> None:
    good.to_json(tmp_path / "good.json")
    found = trend([good, poor, copied, tmp_path / "good.json"])
    assert [run.verdict for run in found.runs][1:3] == ["poor", "copied"]
    assert found.runs[0] == found.runs[3]
    for line in found.lines:
        assert len(line.points) == 4
        assert line.points[0] == line.points[3]
    assert "Run 2: unknown model" in found.summary()
    assert "1 column worse (crp)" in " ".join(found.summary().split())
    assert "## Figures" in found.to_markdown(tmp_path / "trend.md")


def test_a_figure_that_one_run_lacks_is_a_gap(good: Report, poor: Report) -> None:
    data = poor.data
    fewer = data.evaluation.model_copy(update={"metrics": data.evaluation.metrics[1:]})
    lacking = Report(fewer, lambda: data.model_copy(update={"evaluation": fewer}))
    found = trend([good, lacking, poor])
    assert found.lines[0].points[1] is None
    assert found.lines[0].points[2] is not None
    assert good.compare(lacking).only_first == (found.lines[0].name,)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_trend_page_has_a_line_per_figure_and_needs_nothing_else(
    good: Report, poor: Report, tmp_path: Path
) -> None:
    found = trend([good, poor])
    found.to_html(tmp_path / "trend.html")
    page = (tmp_path / "trend.html").read_text(encoding="utf-8")
    reader = _Tags()
    reader.feed(page)
    drawn = [attributes for tag, attributes in reader.tags if tag == "svg"]
    assert len(drawn) == len(found.lines)
    for attributes in drawn:
        assert attributes["role"] == "img"
        assert "run 1 " in (attributes["aria-label"] or "")
        assert "perfect generator" in (attributes["aria-label"] or "")
    assert page.startswith("<!DOCTYPE html>")
    assert not re.search(r"<script|https?:|src=", page)
    assert len(page) < 200_000


def test_one_report_is_no_trend(good: Report) -> None:
    with pytest.raises(ParameterError, match="at least two"):
        trend([good])
