"""The page as a file: self-contained, escaped, with a policy of its own."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from conftest import HOSTILE

from synthhealth.report import Report
from synthhealth.report._html import as_html
from synthhealth.report._words import shown

REPORTS = ["report", "hostile_report", "wide_report", "single_report", "categorical_report"]
VOID = {"meta", "link", "img", "br", "hr", "input", "line", "rect", "circle"}


class Reader(HTMLParser):
    """Collects tags, attributes and scripts, and refuses tags that do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data


def read(report: Report) -> Reader:
    reader = Reader()
    reader.feed(as_html(report.data))
    reader.close()
    return reader


def content(reader: Reader) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(reader.scripts[0])
    return found


@pytest.mark.parametrize("made", REPORTS)
def test_page_is_well_formed_and_needs_no_other_file(
    made: str, request: pytest.FixtureRequest
) -> None:
    reader = read(request.getfixturevalue(made))
    assert reader.open == []
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in reader.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        if "href" in attributes:
            assert (attributes["href"] or "").removeprefix("#") in ids
        for pointer in ("aria-labelledby", "for"):
            if pointer in attributes:
                assert attributes[pointer] in ids


def test_only_the_scripts_of_the_page_may_run(report: Report) -> None:
    reader = read(report)
    policy = next(
        attributes["content"]
        for tag, attributes in reader.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert "default-src 'none'" in policy
    scripts = re.search(r"script-src ([^;]*);", policy)
    assert scripts is not None
    allowed = {
        "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        for text in reader.scripts[1:]
    }
    assert set(scripts.group(1).split()) == allowed
    assert len(reader.scripts) == 3


@pytest.mark.parametrize("made", REPORTS)
def test_every_place_has_its_figure_and_its_text_alternative(
    made: str, request: pytest.FixtureRequest
) -> None:
    reader = read(request.getfixturevalue(made))
    stored = content(reader)
    places = [attributes for _, attributes in reader.tags if attributes.get("class") == "plot"]
    assert places
    for place in places:
        assert place["data-figure"] in stored["figures"]
        assert len(place["aria-label"] or "") > 20
        assert place["role"] == "img"
    for pair in stored["pairs"]:
        for slot in pair["slots"]:
            assert slot["figure"] in stored["figures"]
            assert slot["alt"]


def test_hostile_names_are_text(hostile_report: Report) -> None:
    page = as_html(hostile_report.data)
    own = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    for name in (*HOSTILE[:4], "level <i>names</i>", "<script>alert(3)", "<script>alert(4)"):
        if "<" in name:
            assert name not in page
        assert html.escape(shown(name), quote=False).split("&#")[0].split('"')[0] in own
    assert "{{" not in own.replace("{{ 7 * 7 }}", "")
    assert "\u202e" not in own
    assert "\x1b" not in own
    assert "__proto__" in content(read(hostile_report))["columns"]


def test_the_table_sorts_by_numbers(report: Report) -> None:
    page = as_html(report.data)
    table = page[page.index('id="column-table"') : page.index("</table>")]
    for result in report.data.evaluation.numerical:
        assert f'data-value="{result.ks_complement}"' in table
        assert f'data-value="{result.wasserstein}"' in table


def test_a_wide_page_says_what_it_leaves_out(wide_report: Report) -> None:
    page = as_html(wide_report.data)
    assert "Of 1,830 pairs the 300 are here" in page
    assert "The 40 lowest of 61 scores" in page
    assert len(page) < 12_000_000


def test_sections_follow_the_table(single_report: Report, categorical_report: Report) -> None:
    single = as_html(single_report.data)
    assert 'id="pairs"' not in single
    assert 'id="dependence"' not in single
    levels = as_html(categorical_report.data)
    assert "KS test average</p>" not in levels
    assert 'id="pairs"' in levels


def test_no_address_of_the_outside_world(report: Report) -> None:
    page = as_html(report.data)
    own = page.replace(read(report).scripts[1], "")
    assert "http:" not in own
    assert "https:" not in own
    assert "@import" not in own
    assert "url(" not in own
