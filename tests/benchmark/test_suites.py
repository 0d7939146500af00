"""Suites of the benchmark: what was measured stays, and is not measured again."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from synthhealth.benchmark import growth, relations, run_suite, suites
from synthhealth.benchmark.growth import Growth, GrowthRun
from synthhealth.benchmark.relations_results import Relations, RelationsRun
from synthhealth.benchmark.suites import SUITES, Suite
from synthhealth.benchmark.tables import simulate
from synthhealth.benchmark.verbs import app
from synthhealth.errors import FileError, ParameterError

pytestmark = pytest.mark.slow

MODELS = ["gaussian_copula", "plain SDV: gaussian_copula", "real rows", "independent columns"]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    suite = Suite("the demo", (("demo", 61), ("demo", 70)), plain_seeds=1)
    monkeypatch.setitem(SUITES, "small", suite)


@pytest.mark.usefixtures("narrow", "tiny")
def test_a_suite_goes_on_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, done = relations.run_once, []

    def stopped(*job: object) -> RelationsRun:
        if len(done) == 3:
            raise RuntimeError("the process was ended")
        done.append(job)
        return original(*job)

    monkeypatch.setattr(suites, "run_once", stopped)
    with pytest.raises(RuntimeError, match="ended"):
        run_suite("small", tmp_path / "small", families=["gaussian_copula"], seeds=[5, 6])
    file = tmp_path / "small" / "runs.jsonl"
    before = file.read_text()
    file.write_text(before + '{"table": "demo", "si')  # the power went

    monkeypatch.setattr(suites, "run_once", original)
    found = run_suite("small", tmp_path / "small", families=["gaussian_copula"], seeds=[5, 6])

    assert file.read_text().startswith(before)
    assert len(file.read_text().splitlines()) == found.planned == 14
    assert [(run.size, run.model, run.seed) for run in found.runs] == [
        (size, model, seed)
        for size in (61, 70)
        for model in MODELS
        for seed in ([5] if model.startswith("plain") else [5, 6])
    ]
    assert all(run.failure is None for run in found.runs)


@pytest.mark.usefixtures("narrow", "tiny")
def test_the_command(tmp_path: Path) -> None:
    arguments = ["--suite", "small", "--out", str(tmp_path / "found"), "--seeds", "1"]

    ended = CliRunner().invoke(app, [*arguments, "--families", "gaussian_copula"])

    assert ended.exit_code == 0, ended.output
    assert "| demo | 70 | plain SDV: gaussian_copula | 1 |" in ended.output
    written = Relations.model_validate_json((tmp_path / "found" / "small.json").read_text())
    assert len(written.runs) == 8
    assert len((tmp_path / "found" / "small.csv").read_text().splitlines()) == 9
    assert (tmp_path / "found" / "small.md").read_text() == written.to_markdown()


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs.jsonl").write_text('{"model": "trees"}\n')
    with pytest.raises(FileError, match="name another folder"):
        run_suite("small", tmp_path)
    assert (tmp_path / "runs.jsonl").read_text() == '{"model": "trees"}\n'


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="did you mean 'small'"):
        run_suite("smal", tmp_path)
    ended = CliRunner().invoke(app, ["--suite", "small", "verdicts"])
    assert ended.exit_code == 2


def test_growth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A family, a report, and a process that fails, each in a process of its own."""
    monkeypatch.setattr(growth, "SIZES", ((100, 5), (3, 5)))
    found = run_suite("speed", tmp_path, families=["gaussian_copula", "report"])

    assert isinstance(found, Growth)
    fitted, failed, report, _ = found.runs
    assert (fitted.model, fitted.rows, fitted.columns) == ("gaussian_copula", 100, 5)
    assert fitted.fit_seconds is not None
    assert fitted.fit_seconds > 0
    assert fitted.peak_mib is not None
    assert 50 < fitted.fit_mib <= fitted.peak_mib
    assert report.fit_seconds > 0
    assert failed.failure is not None
    assert failed.failure.startswith("failed: ")
    assert "| gaussian_copula | 3 | 5 |" in found.to_markdown()
    assert len(found.to_csv().splitlines()) == 5
    # What is there is not measured again.
    monkeypatch.setattr(growth, "_run", None)
    assert run_suite("speed", tmp_path, families=["gaussian_copula", "report"]).runs == found.runs


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "PATIENCE", 0.1)
    run = growth._run("gaussian_copula", 100, 5)
    assert run == GrowthRun(model="gaussian_copula", rows=100, columns=5, failure="more than 0 s")


def test_a_simulated_table_has_as_many_columns() -> None:
    table = simulate(50, seed=0, columns=60)
    assert table.shape == (50, 60)
    assert table.select_dtypes("number").shape[1] == 36
