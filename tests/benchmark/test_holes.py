"""The benchmark of a guard, on few patients."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from synthhealth.benchmark.guard import measure_guard
from synthhealth.benchmark.verbs import app
from synthhealth.errors import ParameterError

pytestmark = pytest.mark.slow


def test_the_ways_stand_side_by_side(tmp_path: Path) -> None:
    file = tmp_path / "guard.json"
    size = ["--patients", "30", "--rows", "500", "--seeds", "1"]
    ended = CliRunner().invoke(app, ["guard", *size, "--json", str(file)])
    assert ended.exit_code == 0, ended.output
    without, guarded, holes = json.loads(file.read_text())["measured"]
    assert [without["rows"], guarded["rows"], holes["rows"]] == ["without", "guarded", "holes"]
    assert without["touched"] == 0.0
    assert 0.0 < guarded["touched"] < 1.0
    for row in (without, guarded, holes):
        assert row["repeats_low"] <= row["repeats_auc"] <= row["repeats_high"]
        assert row["shadow_auc"] is None
    assert "| demo | 30 | hybrid | guarded |" in ended.output


def test_a_table_of_too_few_patients_is_refused(clinical) -> None:
    clinical("hcv")
    with pytest.raises(ParameterError, match="are needed"):
        measure_guard(tables=["hcv"], patients=2_000)
