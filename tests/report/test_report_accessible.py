"""The pages for those who do not see them, or not well: axe-core finds nothing serious."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from synthhealth.datasets import load_ra_panel
from synthhealth.report import Report, evaluate, trend
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
def files(clinical_report: Report, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("accessible")
    panel = evaluate(load_ra_panel(), load_ra_panel(300, random_state=1), real_is="training")
    panel.to_html(folder / "panel.html")
    # Every panel and matrix open: what is hidden is not looked at.
    page = as_html(clinical_report.data).replace('" hidden>', '">')
    (folder / "clinical.html").write_text(page, encoding="utf-8")
    trend([panel, panel]).to_html(folder / "trend.html")
    return {path.stem: path for path in folder.iterdir()}


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["panel", "clinical", "trend"])
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
