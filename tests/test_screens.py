"""What a notebook and a prompt show of an object: one screen, aggregates only, no markup."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.schema import propose

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
ODD = "<script>alert(1)</script>"
RARE = "a street that one patient lives in"


def table(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    stage = rng.choice(["mild", "<b>severe</b>"], n).astype(object)
    stage[0] = RARE
    return pd.DataFrame({ODD: rng.lognormal(size=n), "age": rng.integers(20, 80, n), "st": stage})


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    real, fake, other = (table(80, seed) for seed in range(3))
    fake, other = (one.replace(RARE, "mild") for one in (fake, other))
    report, second = (sh.evaluate(real, one, parts=()) for one in (fake, other))
    proposal = propose(real)
    return {
        "report": report,
        "schema": proposal.schema,
        "proposal": proposal,
        "description": sh.describe(real),
        "comparison": report.compare(second),
        "unfitted": sh.Synthesizer("trees", min_leaf=12, random_state=1),
        "fitted": sh.Synthesizer("trees", random_state=1).fit(real),
    }


NAMES = ("report", "schema", "proposal", "description", "comparison", "unfitted", "fitted")


class Tags(HTMLParser):
    """Every tag that is opened is closed again."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", NAMES)
def test_a_screen_is_sound_has_no_script_and_no_value_of_a_single_patient(
    shown: dict[str, Any], name: str
) -> None:
    page = shown[name]._repr_html_()
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not tags.seen & {"script", "b", "iframe", "img", "link"}
    assert RARE not in page
    assert len(page) < 60_000


@pytest.mark.parametrize("name", NAMES)
def test_the_text_is_one_line(shown: dict[str, Any], name: str) -> None:
    text = repr(shown[name])
    assert str(shown[name]) == text
    assert "\n" not in text
    assert len(text) < 200
    assert RARE not in text


def test_a_report_shows_verdicts_reasons_and_all_columns(shown: dict[str, Any]) -> None:
    page = shown["report"]._repr_html_()
    assert page.count("<svg") == 3
    conclusion = shown["report"].data.conclusion
    for word in (conclusion.verdict, conclusion.privacy, conclusion.headline):
        assert word in page


def test_doubts_come_first_and_say_how_they_are_settled(shown: dict[str, Any]) -> None:
    page = shown["proposal"]._repr_html_()
    assert page.index("To be looked at") < page.index("What each column was taken for")
    assert "rare: keep" in page


def test_the_levels_of_a_schema_are_counted_and_not_named() -> None:
    column = sh.Column(name="stage", kind="ordinal", levels=("I", "II", "seldom"))
    page = sh.Schema(columns=(column,))._repr_html_()
    assert "seldom" not in page
    assert "<td>3</td>" in page


def test_a_model_shows_its_parameters_before_and_what_it_learned_after(
    shown: dict[str, Any],
) -> None:
    before, after = (shown[name]._repr_html_() for name in ("unfitted", "fitted"))
    assert re.search(r"<td>min_leaf</td><td>12</td>", before)
    assert "the fewest patients in a leaf" in before
    assert "not fitted" in before
    assert re.search(r"rows\s*<strong>80</strong>", after)
    bundle = shown["fitted"]._repr_mimebundle_()
    assert bundle == {"text/plain": repr(shown["fitted"]), "text/html": after}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this computer")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def test_screens_fit_a_screen_in_a_browser_and_keep_quiet(
    shown: dict[str, Any], browser: Browser, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 700})
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: said.append(message.text))
    for name in NAMES:
        file = tmp_path / f"{name}.html"
        file.write_text(f"<meta charset=utf-8>{shown[name]._repr_html_()}", encoding="utf-8")
        page.goto(file.as_uri())
        box = page.locator(".synthhealth").bounding_box()
        assert box is not None
        assert 60 < box["height"] <= 700, name
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 900, name
        assert page.locator("h4").inner_text()
    for drawing in page.goto((tmp_path / "report.html").as_uri()) and page.locator("svg").all():
        box = drawing.bounding_box()
        assert box is not None
        assert box["width"] > 80
        assert box["height"] == pytest.approx(53, abs=2)
    assert said == []
    page.close()
