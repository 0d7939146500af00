"""The pages for those who do not see them, or not well: axe-core finds nothing serious."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from synthhealth.datasets import load_ra_panel
from synthhealth.report import Policy, Report, evaluate, trend
from synthhealth.report.page import as_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
)

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this computer")

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(
    clinical_report: Report, attacked_report: Report, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("accessible")
    panel = evaluate(load_ra_panel(), load_ra_panel(300, random_state=1), real_is="training")
    panel.to_html(folder / "panel.html")
    # Every panel and matrix open: what is hidden is not looked at.
    page = as_html(clinical_report.data).replace('" hidden>', '">')
    (folder / "clinical.html").write_text(page, encoding="utf-8")
    trend([panel, panel]).to_html(folder / "trend.html")
    policy = Policy(recognised=0.05, repeated_rows=0.05)
    release = attacked_report.release(released="both", policy=policy, files=[folder / "panel.html"])
    release.to_html(folder / "release.html")
    return {path.stem: path for path in folder.iterdir()}


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["panel", "clinical", "trend", "release"])
def test_axe_finds_no_serious_violation(
    browser: Browser, files: dict[str, Path], name: str, scheme: Literal["light", "dark"]
) -> None:
    # The page's own policy would refuse axe's script.
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    page.goto(files[name].as_uri())
    page.wait_for_load_state("load")
    found = axe.Axe().run(page).response["violations"]
    context.close()
    grave = [
        f"{fault['id']} ({fault['impact']}): {node['html'][:200]} {node.get('failureSummary')}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"][:3]
    ]
    assert grave == []
    assert [fault["id"] for fault in found if fault["impact"] == "moderate"] == []


def test_what_is_to_be_signed_is_one_sheet(browser: Browser, files: dict[str, Path]) -> None:
    """A4 less margins of 14 mm, at 96 dots per inch; nothing on it is cut off."""
    page = browser.new_page(viewport={"width": 688, "height": 1016})
    page.emulate_media(media="print")
    page.goto(files["release"].as_uri())
    assert page.evaluate("document.querySelector('.first').getBoundingClientRect().bottom") <= 1016
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 688
    page.emulate_media(media="screen")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth") <= 0
        # The verdict is on the first screen, whatever its width.
        assert page.locator(".verdict").evaluate("box => box.getBoundingClientRect().bottom") < 900
    page.close()
