"""The benchmark of relations, on few columns and patients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from synthhealth.benchmark import Relations, measure_relations
from synthhealth.benchmark import relations as room
from synthhealth.benchmark.relations import Sample, run_once
from synthhealth.benchmark.relations_results import RelationsRun
from synthhealth.benchmark.results import Machine
from synthhealth.benchmark.verbs import app
from synthhealth.errors import FitError, ParameterError

pytestmark = pytest.mark.slow


@pytest.fixture
def clinical(data_root: Path, cohort: pd.DataFrame) -> pd.DataFrame:
    """A table of 200 patients in a folder of its own."""
    (data_root / "hcv").mkdir()
    cohort.to_csv(data_root / "hcv" / "hcv.csv", index=False)
    return cohort


@pytest.mark.usefixtures("narrow")
def test_the_verb(tmp_path: Path) -> None:
    file, lines = tmp_path / "relations.json", tmp_path / "relations.csv"
    arguments = ["relations", "--families", "gaussian_copula", "--tables", "demo"]
    more = ["--rows", "61", "--rows", "all", "--seeds", "2", "--first-seed", "5", "--plain"]

    ended = CliRunner().invoke(app, [*arguments, *more, "--json", str(file), "--csv", str(lines)])

    assert ended.exit_code == 0, ended.output
    told = file.read_text()
    found = Relations.model_validate_json(told)
    models = ("gaussian_copula", "plain SDV: gaussian_copula", "real rows", "independent columns")
    assert [(run.model, run.seed) for run in found.runs] == [
        (model, seed) for model in models for seed in (5, 6)
    ]
    # Of the second cohort too few are men.
    assert [bool(run.kept or run.lost) for run in found.runs] == [True, False] * 4
    for run in found.runs:
        assert run.failure is None
        assert run.rows == 61
        assert {*run.kept, *run.lost} <= {"haemoglobin by sex", "creatinine by sex"}
        assert 0.5 < run.ks < 1
        assert 0 < run.dependence < 0.5
        assert (run.shapes, run.trends, run.detection) == (None, None, None)
        assert (run.cpu_seconds is None) == (run.model in ("real rows", "independent columns"))
    assert "| demo | 61 | plain SDV: gaussian_copula | 2 |" in ended.output
    assert "- demo, all rows: the demo is drawn from a law" in ended.output
    written = pd.read_csv(lines)
    assert len(written) == 8
    assert list(written["kept"]) == [len(run.kept) for run in found.runs]


@pytest.mark.usefixtures("narrow")
def test_real_rows_and_independent_columns_bound_the_figures() -> None:
    real, independent = (
        [run_once("demo", 300, model, seed) for seed in range(4)]
        for model in ("real rows", "independent columns")
    )

    # Of a law one pair in 20 lies outside of its interval: three or more of 8 in 1 of 170 runs.
    assert sum(len(run.kept) for run in real) >= 6
    assert sum(len(run.kept) for run in independent) <= 1
    for one, other in zip(real, independent, strict=True):
        assert one.ks == pytest.approx(other.ks, abs=0.02)
        assert one.shapes == pytest.approx(other.shapes, abs=0.02)
        assert one.dependence < other.dependence
        assert one.trends > other.trends
    detected = [np.mean([run.detection for run in runs]) for runs in (real, independent)]
    assert detected[0] < 0.54 < detected[1]


@pytest.mark.usefixtures("narrow")
def test_a_seed_gives_the_same_figures_again() -> None:
    one, again = (run_once("demo", 61, "trees", 3) for _ in range(2))

    untimed = {"cpu_seconds": None}
    assert one.model_copy(update=untimed) == again.model_copy(update=untimed)
    assert run_once("demo", 61, "trees", 4).ks != one.ks


def test_a_cohort_and_the_unseen_share_no_patient(clinical: pd.DataFrame) -> None:
    sample = Sample.of("hcv", 61, 0)

    assert (len(sample.cohort), len(sample.unseen)) == (61, 139)
    both = pd.concat([sample.cohort, sample.unseen])
    for name in ("haemoglobin", "creatinine"):
        assert sorted(both[name]) == sorted(clinical[name])
    assert not sample.cohort.equals(Sample.of("hcv", 61, 1).cohort)
    assert len(Sample.of("hcv", "all", 0).cohort) == 133


@pytest.mark.usefixtures("clinical")
def test_pairs_of_a_table_are_those_that_are_real_in_it() -> None:
    found = measure_relations(families=["trees"], tables=["hcv"], rows=[61, 170], seeds=[0])

    assert [run.model for run in found.runs] == ["trees", "real rows", "independent columns"]
    for run in found.runs:
        assert {"haemoglobin by sex", "creatinine by sex"} == {*run.kept, *run.lost}
    (gap,) = found.skipped
    assert gap.rows == 170
    assert "200 patients" in gap.reason


@pytest.mark.usefixtures("no_data")
def test_what_is_not_at_hand_is_skipped_with_a_reason() -> None:
    found = measure_relations(families=["trees"], tables=["hcv"], seeds=[0])

    assert not found.runs
    assert "SYNTHHEALTH_DATA" in found.skipped[0].reason
    assert "Not measured" in found.to_markdown()


def test_pairs_are_counted_over_the_cohorts() -> None:
    def run(kept: tuple[str, ...], lost: tuple[str, ...], seed: int) -> RelationsRun:
        return RelationsRun(
            table="demo", size=61, rows=61, model="trees", seed=seed, kept=kept, lost=lost, ks=0.9
        )

    failed = RelationsRun(
        table="demo", size=61, rows=61, model="trees", seed=9, failure="no reason"
    )
    runs = (run(("a", "b"), (), 0), run(("a",), ("b",), 1), run((), (), 2), failed)
    result = Relations(machine=Machine.here(), planned=5, runs=runs, skipped=(), seconds=1.0)

    text = result.to_markdown()
    assert "| demo | 61 | trees | 3 | 75% | 1 of 2 | 1 of 2 | 0.900 |  |" in text
    assert "Interrupted: 4 of 5 runs." in text
    assert "- demo, 61 rows, trees, seed 9: no reason" in text
    assert [line.split(",")[4] for line in result.to_csv().splitlines()[1:]] == ["2", "1", "0", "0"]


@pytest.mark.usefixtures("narrow")
def test_a_failure_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise FitError("two things are wrong:\n- one\n- another")

    monkeypatch.setattr(room, "draw", fail)

    run = run_once("demo", 61, "trees", 0)

    assert run.failure == "two things are wrong: - one - another"
    assert run.ks is None


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ParameterError, match="did you mean 'demo'"):
        measure_relations(tables=["demos"])
    with pytest.raises(ParameterError, match="did you mean 'trees'"):
        measure_relations(families=["tree"])


@pytest.mark.parametrize("rows", ["9", "some"])
def test_a_number_of_rows_is_checked(rows: str) -> None:
    ended = CliRunner().invoke(app, ["relations", "--rows", rows])

    assert ended.exit_code == 2
    assert "10 patients" in ended.output
