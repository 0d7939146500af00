"""The page in a browser: opened from a file, without network, drawn, sorted, chosen, printed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest
from report_cohorts import CREATED

import synthhealth as sh
from synthhealth.report.page import as_html

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
        name: str | Path = "report",
        *,
        width: int = 1280,
        scheme: Literal["light", "dark"] = "light",
        everything: bool = True,
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
        page.goto((name if isinstance(name, Path) else files[name]).as_uri())
        page.locator("#glance").scroll_into_view_if_needed()
        page.locator("#glance .main-svg:visible").first.wait_for()
        if everything:
            page.locator("#open-all").click()
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
        assert len(places) >= (4 if name == "single" else 6)
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
        shown = page.locator(".panel:not([hidden]) .panel-name")
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
        page.locator("#pairs .scatterlayer path").first.wait_for()
        assert page.locator("#pairs .plot").count() == 1
        text = page.locator("#pair-text").inner_text()
        assert "Spearman" in text
        page.select_option("#pair-second", label="sex")
        page.locator("#pairs .boxlayer path").first.wait_for()
        assert page.locator("#pairs .plot").count() == 1
        assert "orrelation ratio" in page.locator("#pair-text").inner_text()
        page.select_option("#pair-first", label="sex")
        page.select_option("#pair-second", label="stage")
        page.locator("#pairs .heatmaplayer image").first.wait_for()
        assert page.locator("#pairs .plot").count() == 2
        page.select_option("#pair-first", label="crp")
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
        page.locator("#pairs .scatterlayer path").first.wait_for()


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


@pytest.mark.parametrize("width", [1280, 768, 390])
def test_the_first_screen_is_short_and_leads_everywhere(visit: Opener, width: int) -> None:
    with visit(width=width, everything=False) as page:
        assert page.evaluate("document.documentElement.scrollHeight") < (
            5000 if width == 1280 else 9000
        )
        assert page.evaluate("document.body.innerText.split(/\\s+/).length") < 1500
        assert page.evaluate(OVERFLOW) <= 0
        for place in ("summary", "glance", "worst"):
            assert page.locator(f"#{place}").is_visible()
        assert page.locator("#figures").is_hidden()
        for link in page.locator("nav a").all():
            box = link.bounding_box()
            assert box is not None
            assert 0 <= box["x"] <= box["x"] + box["width"] <= width
        names = page.evaluate("[...document.querySelectorAll('details.question')].map(q => q.id)")
        linked = page.evaluate("[...document.querySelectorAll('nav a')].map(a => a.hash.slice(1))")
        assert linked == ["summary", "glance", *names]
        # No card stands alone in a row beside which others have room.
        tops = page.evaluate(
            "[...document.querySelectorAll('#summary .card')].map(c => c.offsetTop)"
        )
        rows = [tops.count(top) for top in sorted(set(tops))]
        assert width == 390 or rows[-1] > 1 or rows[0] == 1


def test_a_link_opens_the_question_that_it_leads_into(visit: Opener) -> None:
    with visit(everything=False) as page:
        page.locator("#worst a").click()
        page.locator("#pairs .main-svg").first.wait_for()
        assert page.locator("details[open]").count() == 1
        page.locator("nav a", has_text="All figures").click()
        page.locator("#figure-table").wait_for()
        page.locator("#on-figures > summary").click()
        assert page.locator("#figure-table").is_hidden()
        page.locator("nav a", has_text="All figures").click()  # once more, to the same address
        page.locator("#figure-table").wait_for()
        page.goto(f"{page.url.split('#')[0]}#coverage")
        page.reload()
        page.locator("#coverage").wait_for()
        page.locator("#open-all").click()
        assert page.locator("details:not([open])").count() == 0
        assert page.locator("#open-all").inner_text() == "Close all"
        page.locator("#open-all").click()
        assert page.locator("details[open]").count() == 0


def test_a_figure_closed_while_the_window_changes_fits_when_opened_again(visit: Opener) -> None:
    with visit() as page:
        page.locator("#on-columns > summary").click()
        page.set_viewport_size({"width": 390, "height": 900})
        page.locator("#on-columns > summary").click()
        until(page, "document.querySelector('#columns .main-svg').clientWidth < 390")
        assert page.evaluate("document.querySelector('#columns .main-svg').clientWidth") > 200
        assert page.evaluate(OVERFLOW) <= 0


def test_paper_has_what_a_file_needs_in_light_colours(visit: Opener) -> None:
    with visit(scheme="dark", everything=False) as page:
        page.emulate_media(media="print")
        page.locator("#columns .main-svg").first.wait_for()
        for shown in ("summary", "glance", "worst", "columns", "figures", "table-one"):
            assert page.locator(f"#{shown}").is_visible()
        for hidden in ("column", "analysis", "reading", "theme"):
            assert page.locator(f"#{hidden}").is_hidden()
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 36, 48)"
        heights = page.evaluate(
            "[...document.querySelectorAll('.plot')].filter(p => p.checkVisibility())"
            ".map(p => p.querySelector('.main-svg').getBoundingClientRect().height)"
        )
        assert len(heights) > 5
        assert max(heights) < 1000  # a sheet
        page.emulate_media(media="screen")
        until(page, "!document.documentElement.classList.contains('printing')")
        assert page.locator("details[open]").count() == 0


def test_seventeen_columns_are_ten_sheets(visit: Opener, tmp_path: Path) -> None:
    real, fake = (sh.datasets.load_ra_panel(n, random_state=n) for n in (61, 300))
    page = as_html(sh.evaluate(real, fake, real_is="training", created=CREATED).data)
    (tmp_path / "panel.html").write_text(page, encoding="utf-8")
    with visit(tmp_path / "panel.html", everything=False) as opened:
        sheets = opened.pdf(format="A4", prefer_css_page_size=True).count(b"/Type /Page\n")
    assert 4 <= sheets <= 10


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
