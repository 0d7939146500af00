"""The verdicts on tables of known truth: a few in the suite, 200 of each case as a slow test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from synthhealth.benchmark import measure_verdicts, verdicts
from synthhealth.benchmark.verbs import app

pytestmark = pytest.mark.slow


def test_the_verb_counts_the_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {case: verdicts.CASES[case] for case in ("copy", "one column x -> 100x + 7000")}
    monkeypatch.setattr(verdicts, "CASES", few)
    file = tmp_path / "verdicts.json"

    ended = CliRunner().invoke(app, ["verdicts", "--draws", "1", "--json", str(file)])

    assert ended.exit_code == 0, ended.output
    assert "| copy | 61 | 61 | 0.0 % | 0.0 % | 100.0 % | 0.0 % |" in ended.output
    copy, rescaled = json.loads(file.read_text())["cases"]
    assert copy["figures"]["identical_rows"] == 1.0
    assert (rescaled["poor"], rescaled["named"]) == (1.0, 1.0)


@pytest.mark.slow
def test_verdicts_on_200_cohorts() -> None:
    """Bounds of the design; a rate of 0.05 gives 10 or fewer of 200 in 58 % of runs by itself.

    The seeds are fixed, so that the counts are those of this version.
    """
    result = {case.name: case for case in measure_verdicts(draws=200, n_jobs=2).cases}
    for name in ("perfect", "perfect, more patients"):
        assert result[name].poor <= 0.05
        assert result[name].too_good <= 0.05
    assert result["copy"].too_good == 1.0
    assert result["a tenth copied"].too_good >= 0.8
    assert result["shuffled"].poor >= 0.95
    # 16 or more of 200 come up in 5 % of runs of a rate of 0.05.
    assert max(result["perfect, more rows"].poor, result["perfect, more rows"].too_good) < 0.08
    assert result["a tenth copied, more rows"].too_good >= 0.8
    assert result["shuffled, more rows"].poor >= 0.95
    assert result["one column x -> 100x + 7000"].named == 1.0
    shifted = result["one column shifted by half a SD"].named
    assert shifted is not None
    assert shifted >= 0.8
