"""The leaderboard before a reader: page, terminal, notebook, command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.tournament import NotTried, Times

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


@pytest.fixture(scope="module")
def folder(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Play by the command line, once for all."""
    folder = tmp_path_factory.mktemp("which")
    done = CliRunner().invoke(
        app,
        [
            *("compare", str(file), "--out", str(folder / "out")),
            *("--models", "hybrid, gaussian_copula", "--folds", "2", "--time-budget", "10m"),
        ],
    )
    assert done.exit_code == 0, done.output
    (folder / "said").write_text(done.output)
    return folder


def test_the_command_line_writes_what_python_gives(folder: Path, played: sh.Tournament) -> None:
    played.to_json(folder / "leaderboard.json")
    assert (folder / "leaderboard.json").read_bytes() == (
        folder / "out" / "leaderboard.json"
    ).read_bytes()
    times = Times.model_validate_json((folder / "out" / "times.json").read_text())
    assert {one.model for one in times.families} == {"hybrid", "gaussian_copula"}
    said = (folder / "said").read_text()
    assert played.reason[:40] in said
    assert "leaderboard.html" in said


def test_a_time_that_is_none_is_wrong_usage(file: Path) -> None:
    for text in ("soon", "-3m"):
        done = CliRunner().invoke(app, ["compare", str(file), "--out", "x", "--time-budget", text])
        assert done.exit_code == 2
        assert "10m" in done.output


def test_twelve_families_and_long_reasons_fit_into_25_lines(played: sh.Tournament) -> None:
    row = played.rows[0]
    many = played.model_copy(
        update={
            "rows": tuple(row.model_copy(update={"rank": n}) for n in range(1, 13)),
            "reason": "Because of words. " * 60,
            "not_tried": tuple(NotTried(model=f"m{n}", reason="x " * 90) for n in range(6)),
        }
    )
    lines = many.summary().splitlines()
    assert len(lines) <= 25
    assert lines[-1] == played.design
    assert len(played.summary().splitlines()) < len(lines)


def test_names_are_no_markup(played: sh.Tournament) -> None:
    row = played.rows[0].model_copy(update={"model": "<b>x</b>", "worst_columns": ("<i>y</i>",)})
    hostile = played.model_copy(update={"rows": (row,), "reason": "<u>z</u>"})
    from synthhealth.tournament.page import as_page

    for text in (as_page(hostile), hostile._repr_html_()):
        assert not any(tag in text for tag in ("<b>x", "<i>y", "<u>z"))
        assert "&lt;b&gt;x" in text


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this computer")
def test_the_page_is_drawn_without_a_network_and_fits_a_phone(folder: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    said: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for width in (1280, 390):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda one: said.append(one.url) if "http" in one.url[:5] else None)
            page.goto((folder / "out" / "leaderboard.html").as_uri())
            page.locator(".plot .scatterlayer .point").first.wait_for()
            assert page.locator(".plot .scatterlayer .point").count() == 2
            assert page.locator(".plot .errorbar").count() == 2
            over = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
            assert over <= 0
            plot = page.locator(".plot .main-svg").first.bounding_box()
            assert plot is not None
            assert plot["x"] + plot["width"] <= width
            page.close()
        browser.close()
    assert said == []
