"""The page as a file: self-contained, escaped, with a policy of its own."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from typing import Any

import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs_version
from report_cohorts import HOSTILE

import synthhealth as sh
from synthhealth.report import Report
from synthhealth.report.metric_words import words_of
from synthhealth.report.page import as_html
from synthhealth.report.plotlyjs import TRACES, plotlyjs_version
from synthhealth.report.theme import STATE_WORDS
from synthhealth.report.words import shown

PAGES = ["report", "hostile", "wide", "single", "categorical", "clinical", "attacked"]
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


@pytest.fixture(scope="module")
def readers(pages: dict[str, str]) -> dict[str, Reader]:
    found = {}
    for name, page in pages.items():
        found[name] = Reader()
        found[name].feed(page)
        found[name].close()
    return found


def content(reader: Reader) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(reader.scripts[0])
    return found


@pytest.mark.parametrize("name", PAGES)
def test_page_is_well_formed_and_needs_no_other_file(name: str, readers: dict[str, Reader]) -> None:
    reader = readers[name]
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


def test_only_the_scripts_of_the_page_may_run(readers: dict[str, Reader]) -> None:
    reader = readers["report"]
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


@pytest.mark.parametrize("name", PAGES)
def test_every_place_has_its_figure_and_its_text_alternative(
    name: str, readers: dict[str, Reader]
) -> None:
    reader = readers[name]
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


@pytest.mark.parametrize("name", PAGES)
def test_plotly_knows_every_property_of_every_kind_of_figure(
    name: str, readers: dict[str, Reader]
) -> None:
    figures = content(readers[name])["figures"]
    kinds = {re.sub(r"\d+", "", key): figure for key, figure in figures.items()}
    for figure in kinds.values():
        drawn = go.Figure(figure)  # refuses properties and values that plotly does not know
        assert len(drawn.data) == len(figure["data"]) > 0


def test_hostile_names_are_text(pages: dict[str, str], readers: dict[str, Reader]) -> None:
    page = pages["hostile"]
    own = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    for name in (*HOSTILE[:4], "level <i>names</i>", "<script>alert(3)", "<script>alert(4)"):
        if "<" in name:
            assert name not in page
        assert html.escape(shown(name), quote=False).split("&#")[0].split('"')[0] in own
    assert "{{" not in own.replace("{{ 7 * 7 }}", "")
    assert "\u202e" not in own
    assert "\x1b" not in own
    assert "__proto__" in content(readers["hostile"])["columns"]


def test_the_table_sorts_by_numbers(report: Report, pages: dict[str, str]) -> None:
    page = pages["report"]
    table = page[page.index('id="column-table"') :].split("</table>")[0]
    for result in report.data.evaluation.numerical:
        assert f'data-value="{result.ks_complement}"' in table
        assert f'data-value="{result.wasserstein}"' in table


def test_every_figure_over_the_table_has_its_row_and_its_bands(
    report: Report, pages: dict[str, str]
) -> None:
    table = pages["report"].split('id="figure-table"')[1].split("</table>")[0]
    metrics = report.data.evaluation.metrics
    assert table.count('<th scope="row"') == len(metrics) > 4
    for metric in metrics:
        assert words_of(metric.name).title in table
        assert f'data-value="{metric.value}"' in table
        assert f'data-value="{metric.perfect.low}"' in table
    assert table.count('scope="rowgroup"') == len({metric.family for metric in metrics})


@pytest.mark.parametrize("name", PAGES)
def test_the_first_screen_tells_verdict_figures_and_what_to_do(
    name: str, readers: dict[str, Reader], pages: dict[str, str]
) -> None:
    first = pages[name].split('id="summary"')[1].split("</section>")[0]
    assert 'class="verdict-word"' in first
    assert "What to do next" in first
    assert 1 <= first.count("<li>") <= 8
    labels = [
        attributes["aria-label"] or ""
        for tag, attributes in readers[name].tags
        if tag == "svg" and attributes.get("class") == "scale"
    ]
    assert labels
    for label in labels:
        assert any(words in label for words in STATE_WORDS.values())
        assert "; other patients " in label
    for word in ("anonymous", "compliant"):
        assert word not in first.casefold()


def test_a_wide_page_says_what_it_leaves_out(pages: dict[str, str]) -> None:
    page = pages["wide"]
    assert "Of 990 pairs the 300 are here that are worse" in page
    assert "The 40 lowest of 45 scores" in page
    assert len(page) < 12_000_000


def test_a_page_can_be_sent_by_mail() -> None:
    real, fake = (sh.datasets.load_ra_panel(n, random_state=n) for n in (61, 1_000))
    assert len(as_html(sh.evaluate(real, fake, analyses="crp ~ esr").data).encode()) < 2_500_000


def test_the_script_fits_plotly_and_knows_every_kind_of_trace(
    readers: dict[str, Reader],
) -> None:
    # The pages' properties are held against plotly's Python classes: both must be of one age.
    ours, theirs = plotlyjs_version(), get_plotlyjs_version()
    assert ours.split(".")[0] == theirs.split(".")[0], (
        f"plotly has the script {theirs}, the pages have {ours}: see synthhealth.report.plotlyjs"
    )
    drawn = {
        trace["type"]
        for reader in readers.values()
        for figure in content(reader)["figures"].values()
        for trace in figure["data"]
    }
    assert {"bar", "scatter", "box", "heatmap"} <= drawn <= TRACES


def test_sections_follow_the_table(pages: dict[str, str]) -> None:
    single = pages["single"]
    assert 'id="pairs"' not in single
    assert 'id="dependence"' not in single
    levels = pages["categorical"]
    assert "KS test average</p>" not in levels
    assert 'id="pairs"' in levels


def test_no_address_of_the_outside_world(pages: dict[str, str], readers: dict[str, Reader]) -> None:
    own = pages["report"].replace(readers["report"].scripts[1], "")
    assert "http:" not in own
    assert "https:" not in own
    assert "@import" not in own
    assert "url(" not in own
