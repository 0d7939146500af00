"""What a fit takes, told before it starts."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.benchmark.costs import costs_from
from synthhealth.cli import app
from synthhealth.errors import FitError
from synthhealth.models import about, available
from synthhealth.models.cost import FACTOR, expected_cost, machine_memory, time_note

ROOT = Path(__file__).parents[2]
RUNS = pd.read_csv(ROOT / "docs" / "results" / "speed.csv")
MEASURED = RUNS[RUNS["failure"].isna()]


def test_the_costs_are_those_of_the_stored_runs() -> None:
    file = ROOT / "synthhealth" / "models" / "costs.json"
    assert json.loads(file.read_text()) == costs_from(RUNS)


def test_estimates_are_within_a_factor_of_two_of_every_run() -> None:
    assert len(MEASURED) > 30
    for run in MEASURED.to_dict("records"):
        cost = expected_cost(run["model"], run["rows"], run["columns"])
        assert cost is not None
        # Below a second it does not matter.
        assert max(run["fit_cpu_seconds"], 1.0) / FACTOR <= max(cost.seconds, 1.0), run
        assert max(cost.seconds, 1.0) <= FACTOR * max(run["fit_cpu_seconds"], 1.0), run
        assert run["peak_mib"] / FACTOR <= cost.mib <= FACTOR * run["peak_mib"], run


@pytest.mark.parametrize("family", [name for name in available() if not about(name).is_formal])
def test_more_rows_and_columns_take_no_less(family: str) -> None:
    sizes = [(1_000, 10), (10_000, 20), (100_000, 20), (1_000_000, 20), (1_000_000, 300)]
    costs = [expected_cost(family, *size) for size in sizes]
    for smaller, larger in pairwise(costs):
        assert smaller is not None
        assert larger is not None
        assert smaller.seconds <= larger.seconds
        assert smaller.mib <= larger.mib


def test_a_family_that_was_not_measured_has_none() -> None:
    assert expected_cost("of my own", 100, 5) is None
    assert time_note("of my own", 100, 5) is None


def test_too_little_memory_is_said_before_the_fit_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    real = sh.datasets.load_ra_panel()
    begun: list[Any] = []
    monkeypatch.setattr("synthhealth.models.trees.TreesModel.fit", lambda *_, **__: begun.append(0))
    monkeypatch.setattr("synthhealth.models.cost.machine_memory", lambda: 20.0)

    with pytest.raises(FitError, match=r"trees would need about 0\.\d GiB .* has 0\.0 GiB") as told:
        sh.Synthesizer("trees").fit(real)

    assert "table.sample" in str(told.value)
    assert not begun


def test_a_long_fit_says_so(caplog: pytest.LogCaptureFixture, monkeypatch: Any) -> None:
    note = time_note("ctgan", 1_000_000, 300)
    assert note is not None
    assert "ctgan will take about" in note
    assert "1,000,000 rows and 300 columns" in note
    assert time_note("trees", 1_000, 10) is None
    asked = "synthhealth.synthesizer.synthesizer.time_note"
    monkeypatch.setattr(asked, lambda *_: "this takes an hour")
    sh.Synthesizer("gaussian_copula", random_state=0).fit(sh.datasets.load_ra_panel())
    assert "this takes an hour" in caplog.text


def test_the_memory_of_this_machine() -> None:
    there = machine_memory()
    assert there is None or there > 100


def test_the_command() -> None:
    ended = CliRunner().invoke(app, ["models", "--rows", "1000000", "--columns", "20"])
    assert ended.exit_code == 0, ended.output
    (line,) = [line for line in ended.output.splitlines() if "gaussian_copula" in line]
    assert "seconds" in line
    assert "GiB" in line
    assert "not measured" in ended.output  # private
    assert CliRunner().invoke(app, ["models", "tree", "--rows", "10"]).exit_code != 0
