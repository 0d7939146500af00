"""The page in a browser: opened from a file, without network, drawn, sorted, chosen, printed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet
    from playwright.sync_api import Browser, Dialog, Page, Route

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

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
#: What the rows of the table of columns are sorted by, as they stand.
SCORES = (
    "[...document.querySelector('#column-table tbody').rows].map(r => r.cells[%d].dataset.value)"
)
MARKS = ":is(.bars path, .scatterlayer path, .heatmaplayer image, .boxlayer path):visible"
OVERFLOW = "document.scrollingElement.scrollWidth - window.innerWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(pages: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in pages}


Opener: TypeAlias = "Callable[..., AbstractContextManager[Page]]"


@pytest.fixture
def visit(browser: Browser, files: dict[str, Path]) -> Opener:
    """Open a page; when it closes, it must have kept quiet and stayed offline."""

    @contextmanager
    def opened(
        name: str = "report", *, width: int = 1280, scheme: Literal["light", "dark"] = "light"
    ) -> Iterator[Page]:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        said: list[str] = []
        asked: list[str] = []

        def only_files(route: Route) -> None:
            if route.request.url.startswith(("file:", "data:", "blob:")):
                route.continue_()
            else:
                asked.append(route.request.url)
                route.abort()

        def refuse(dialog: Dialog) -> None:
            said.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.route("**/*", only_files)
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", refuse)
        page.set_default_timeout(8000)
        page.goto(files[name].as_uri())
        page.locator("#columns").scroll_into_view_if_needed()
        page.locator("#columns .bars path").first.wait_for()
        yield page
        page.close()
        assert said == []
        assert asked == []

    return opened


def until(page: Page, expression: str) -> None:
    """Wait until `expression` is true (the page's policy forbids `wait_for_function`)."""
    for _ in range(80):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"did not come true: {expression}")


def rarer(name: str) -> ParameterSet:
    """Open a page by `pytest -m slow` only."""
    return pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "name",
    ["report", "hostile", "clinical", "attacked", *map(rarer, ("wide", "single", "categorical"))],
)
def test_every_figure_is_drawn_and_nothing_scrolls_sideways(visit: Opener, name: str) -> None:
    with visit(name) as page:
        places = [place for place in page.locator("div.plot").all() if place.is_visible()]
        assert len(places) >= (3 if name == "single" else 5)
        for place in places:
            place.scroll_into_view_if_needed()
            place.locator(MARKS).first.wait_for()
            box = place.bounding_box()
            assert box is not None
            assert box["height"] > 100
        assert page.evaluate(OVERFLOW) <= 0
        page.set_viewport_size({"width": 390, "height": 900})
        until(page, f"{OVERFLOW} <= 0")
        page.locator("#column").scroll_into_view_if_needed()
        for index in range(0, page.locator("#column-choice option").count(), 4):
            page.select_option("#column-choice", index=index)
            page.locator(".panel:not([hidden]) .main-svg").first.wait_for()
            assert page.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize("name", ["report", *map(rarer, ("hostile", "clinical"))])
def test_a_telephone_shows_everything(visit: Opener, name: str) -> None:
    with visit(name, width=390) as page:
        places = [place for place in page.locator("div.plot").all() if place.is_visible()]
        for place in places:
            place.scroll_into_view_if_needed()
            place.locator(MARKS).first.wait_for()
        assert page.evaluate(OVERFLOW) <= 0
        table = page.locator(".scroll").first
        assert table.evaluate("box => box.scrollWidth > box.clientWidth")
        assert page.evaluate("innerWidth") == 390


def test_real_and_synthetic_traces_are_both_there(visit: Opener) -> None:
    with visit() as page:
        page.select_option("#column-choice", label="crp")
        panel = page.locator(".panel:not([hidden])")
        panel.locator(".main-svg").first.wait_for()
        assert panel.locator(".bars .point").count() >= 4
        assert panel.locator(".scatterlayer .js-line").count() >= 3
        legend = " ".join(panel.locator(".legendtext").all_text_contents())
        assert "real" in legend
        assert "synthetic" in legend
        assert "largest gap, D = 0." in legend


def test_table_sorts_by_number_both_ways(visit: Opener) -> None:
    with visit() as page:
        for column in (2, 5, 9):  # score, p, missing synthetic
            head = page.locator("#column-table thead th").nth(column)
            head.locator("button").click()
            assert head.get_attribute("aria-sort") == "ascending"
            values = [float(value) for value in page.evaluate(SCORES % column)]
            assert values == sorted(values)
            head.locator("button").click()
            assert head.get_attribute("aria-sort") == "descending"
            values = [float(value) for value in page.evaluate(SCORES % column)]
            assert values == sorted(values, reverse=True)
        others = page.locator("#column-table thead th[aria-sort=none]")
        assert others.count() == page.locator("#column-table thead th").count() - 1


@pytest.mark.slow
def test_empty_cells_sort_last_and_numbers_are_no_text(visit: Opener) -> None:
    with visit() as page:
        button = page.locator("#column-table thead th button").nth(7)  # Wasserstein distance
        for descending in (False, True):
            button.click()
            values = page.evaluate(SCORES % 7)
            known = [float(value) for value in values if value]
            assert known == sorted(known, reverse=descending)
            assert known != [float(text) for text in sorted(map(str, known), reverse=descending)]
            assert values[len(known) :] == [""] * (len(values) - len(known))
            assert "" in values


@pytest.mark.slow
def test_table_sorts_by_keyboard(visit: Opener) -> None:
    with visit() as page:
        page.locator("#analysis-table thead th button").first.focus()
        page.keyboard.press("Enter")
        head = page.locator("#analysis-table thead th").first
        assert head.get_attribute("aria-sort") == "ascending"
        names = page.locator("#analysis-table tbody th").all_text_contents()
        assert names == sorted(names)
        page.keyboard.press("Space")
        assert head.get_attribute("aria-sort") == "descending"


@pytest.mark.slow
def test_columns_are_chosen_from_list_buttons_and_table(visit: Opener) -> None:
    with visit() as page:
        shown = page.locator(".panel:not([hidden]) h3.panel-name")
        assert shown.inner_text().startswith("age")
        page.select_option("#column-choice", label="centre")
        assert shown.inner_text().startswith("centre")
        page.locator(".panel:not([hidden]) .bars .point").first.wait_for()
        page.locator("#column-back").click()
        assert shown.inner_text().startswith("smoker")
        page.locator("#column-table tbody a", has_text="haemoglobin").click()
        assert shown.inner_text().startswith("haemoglobin")
        assert page.locator("#column-choice").input_value() == "3"
        assert shown.count() == 1
        page.select_option("#column-choice", index=0)
        assert page.locator("#column-back").is_disabled()


def test_choosing_a_pair_changes_its_figures(visit: Opener) -> None:
    with visit() as page:
        page.locator("#pairs").scroll_into_view_if_needed()
        page.select_option("#pair-first", label="crp")
        page.select_option("#pair-second", label="esr")
        page.locator("#pairs .heatmaplayer image").first.wait_for()
        assert page.locator("#pairs .plot").count() == 2
        text = page.locator("#pair-text").inner_text()
        assert "Spearman" in text
        page.select_option("#pair-second", label="sex")
        page.locator("#pairs .boxlayer path").first.wait_for()
        assert page.locator("#pairs .plot").count() == 1
        assert "correlation ratio" in page.locator("#pair-text").inner_text()
        options = page.locator("#pair-second option").all_text_contents()
        assert "crp" not in options
        assert len(options) == 9


@pytest.mark.slow
def test_a_wide_page_offers_only_the_pairs_it_has(visit: Opener) -> None:
    with visit("wide") as page:
        first = page.locator("#pair-first option").count()
        second = page.locator("#pair-second option").count()
        assert first <= 45
        assert 1 <= second < 44
        page.locator("#pair-figures").scroll_into_view_if_needed()
        page.locator("#pairs .heatmaplayer image").first.wait_for()


@pytest.mark.slow
def test_all_columns_of_the_matrix(visit: Opener) -> None:
    with visit() as page:
        page.locator("#dependence").scroll_into_view_if_needed()
        page.select_option("#matrix-choice", label="All columns")
        assert page.locator("#matrix-0").is_hidden()
        page.locator("#matrix-1 .heatmaplayer image").nth(2).wait_for()


def test_dark_and_light(visit: Opener) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle(document.querySelector('#columns .ytick text')).fill"
    with visit() as page:
        light = page.evaluate(ground), page.evaluate(ink)
        page.locator("#theme").click()
        until(page, f"{ink} !== {light[1]!r}")
        assert page.evaluate(ground) != light[0]
        assert page.locator("#theme").inner_text() == "Light"
        assert page.locator("#theme").get_attribute("aria-pressed") == "true"
        page.select_option("#column-choice", label="crp")  # drawn after the change
        page.locator("#column").scroll_into_view_if_needed()
        page.locator(".panel:not([hidden]) .bars .point").first.wait_for()
        page.locator("#theme").click()
        until(page, f"{ink} === {light[1]!r}")
        assert page.evaluate(ground) == light[0]
    with visit(scheme="dark") as page:
        assert page.evaluate(ground) != light[0]
        assert page.evaluate(ink) != light[1]
        assert page.locator("#theme").inner_text() == "Light"


@pytest.mark.slow
def test_figures_follow_the_width_of_the_window(visit: Opener) -> None:
    with visit() as page:
        figure = page.locator("#columns .plot .main-svg").first
        wide = figure.evaluate("figure => figure.clientWidth")
        page.set_viewport_size({"width": 390, "height": 900})
        until(page, "document.querySelector('#columns .main-svg').clientWidth < 390")
        assert wide > 700
        assert page.evaluate(OVERFLOW) <= 0


@pytest.mark.slow
def test_paper_shows_all_sections_and_columns_in_light_colours(visit: Opener) -> None:
    with visit(scheme="dark") as page:
        page.emulate_media(media="print")
        page.locator(".panel .main-svg").nth(10).wait_for()
        assert all(section.is_visible() for section in page.locator("section").all())
        assert all(panel.is_visible() for panel in page.locator(".panel").all())
        assert page.locator("#theme").is_hidden()
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 36, 48)"
        places, drawn = page.locator("div.plot"), page.locator("div.plot:has(.main-svg)")
        assert places.count() == drawn.count() > 20
        widest = page.evaluate(
            "Math.max(...[...document.querySelectorAll('.main-svg')]"
            ".map(svg => svg.getBoundingClientRect().width))"
        )
        assert widest <= 690
        page.emulate_media(media="screen")
        until(page, "!document.documentElement.classList.contains('printing')")
        assert page.locator(".panel:not([hidden])").count() == 1


def test_page_prints(visit: Opener) -> None:
    with visit("single") as page:
        paper = page.pdf(format="A4")
        assert paper.startswith(b"%PDF")
        assert len(paper) > 20_000


def test_hostile_names_stay_text_in_the_browser(visit: Opener) -> None:
    with visit("hostile") as page:
        assert "<script>alert(1)</script>" in page.locator("#column-choice").inner_text()
        for index in range(page.locator("#column-choice option").count()):
            page.select_option("#column-choice", index=index)
            page.wait_for_timeout(40)
        assert page.locator("h1").inner_text() == "<script>alert(4)</script>"
        assert page.locator("img").count() == 0
        assert page.evaluate("Object.keys(Object.prototype).length") == 0


def test_clinical_sections_are_there_and_reference_ranges_are_shaded(visit: Opener) -> None:
    with visit("clinical") as page:
        for section in ("missing", "references", "limits", "table-one", "identifiers"):
            assert page.locator(f"#{section} table.plain").first.is_visible()
            assert page.locator(f"nav a[href='#{section}']").count() == 1
        page.select_option("#column-choice", label="haemoglobin")
        panel = page.locator(".panel:not([hidden])")
        panel.locator(".shapelayer path").nth(1).wait_for(state="attached")
        assert panel.locator(".shapelayer path").count() == 2
        assert "g/dL" in panel.locator(".xtitle").first.text_content()
        page.select_option("#column-choice", label="platelets")
        panel.locator(".xtitle").first.wait_for(state="attached")
        assert "10⁹/L" in panel.locator(".xtitle").first.text_content()
        page.locator("#references").scroll_into_view_if_needed()
        page.locator("#references .scatterlayer .point").first.wait_for(state="attached")
        assert page.locator("#references .errorbar").count() >= 4
