from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from synthhealth.benchmark import Quality, measure_quality, runs
from synthhealth.benchmark import quality as room
from synthhealth.benchmark.tables import ADULT_ROWS, chosen_tables, load_cohort
from synthhealth.datasets import load_ra_panel
from synthhealth.errors import ParameterError
from synthhealth.progress import ProgressEvent

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("narrow_demo")
def test_runs_of_models_tables_and_seeds() -> None:
    events: list[ProgressEvent] = []

    result = measure_quality(
        models=["gaussian_copula"],
        data=["demo"],
        plain=True,
        seeds=[0, 1],
        on_progress=events.append,
    )

    assert [(run.plain, run.seed) for run in result.runs] == [
        (False, 0),
        (False, 1),
        (True, 0),
        (True, 1),
    ]
    for run in result.runs:
        assert run.failure is None
        assert (run.n_synthetic, run.training.n_real, run.holdout.n_real) == (1_000, 61, 61)
        for against in (run.training, run.holdout):
            score = against.ks_average
            assert 0.5 < score.value <= 1
            assert score.floor.low < score.floor.mean < score.floor.high
            assert 0 <= against.tv_average <= 1
            assert against.dependence_difference.value < 0.5
        assert run.training != run.holdout
        assert run.fit_seconds > 0
        assert run.fit_cpu_seconds > 0
        assert run.sample_seconds > 0
    assert [event.done for event in events] == [1, 2, 3, 4]
    told = result.model_dump_json()
    assert Quality.model_validate_json(told).model_dump_json() == told

    text = result.to_markdown()
    ours = [line for line in text.splitlines() if line.startswith("| demo")]
    assert len(ours) == 2
    assert "(plain SDV)" in ours[1]
    scores = [run.training.ks_average.value for run in result.runs[:2]]
    assert f"{sum(scores) / 2:.3f} (" in ours[0]
    assert f"| {min(scores):.3f} |" in ours[0]
    assert "Interrupted" not in text


@pytest.mark.usefixtures("narrow_demo")
@pytest.mark.parametrize("plain", [False, True])
def test_a_seed_gives_the_same_scores_again(plain: bool) -> None:
    one, again = (room.run_once("demo", "gaussian_copula", plain, 4) for _ in range(2))

    assert one.training == again.training
    assert one.holdout == again.holdout
    assert room.run_once("demo", "gaussian_copula", plain, 5).training != one.training


def test_the_demo_is_judged_by_patients_it_has_not_seen() -> None:
    cohort = load_cohort("demo", seed=0)

    pd.testing.assert_frame_equal(cohort.training, load_ra_panel())
    assert len(cohort.holdout) == 61
    assert not cohort.holdout.equals(cohort.training)
    assert not cohort.holdout.equals(load_cohort("demo", seed=1).holdout)


def test_a_clinical_table_is_split(data_root: Path, cohort: pd.DataFrame) -> None:
    folder = data_root / "pbc"
    folder.mkdir()
    numbered = cohort.assign(id=range(len(cohort)))
    numbered.to_csv(folder / "pbc.csv", index=False)

    split = load_cohort("pbc", seed=0)

    assert (len(split.training), len(split.holdout)) == (133, 67)
    assert "id" not in split.training
    both = pd.concat([split.training, split.holdout])
    columns = list(cohort.columns)
    assert sorted(both["crp"].dropna()) == sorted(cohort["crp"].dropna())
    assert list(both.columns) == columns
    assert not split.training.equals(load_cohort("pbc", seed=1).training)


def test_adults_test_rows_are_held_out(data_root: Path, cohort: pd.DataFrame) -> None:
    size = ADULT_ROWS + 40
    pd.DataFrame({"age": range(size)}).to_csv(data_root / "adult" / "adult.csv", index=False)

    split = load_cohort("adult", seed=3)

    assert (len(split.training), len(split.holdout)) == (ADULT_ROWS, 40)
    assert split.holdout["age"].iloc[0] == ADULT_ROWS


def test_the_tables_that_are_at_hand(data_root: Path) -> None:
    assert chosen_tables(None, large=False) == ("demo", "hcv", "pbc", "heart_failure")
    assert chosen_tables(None, large=True)[-1] == "adult"
    assert chosen_tables(["hcv"], large=True) == ("hcv", "adult")
    with pytest.raises(ParameterError, match=r"data: 'hvc' is unknown.*'hcv'"):
        chosen_tables(["hvc"], large=False)


@pytest.mark.usefixtures("no_data")
def test_without_the_folders_there_is_the_demo() -> None:
    assert chosen_tables(None, large=True) == ("demo",)


@pytest.mark.usefixtures("narrow_demo")
def test_a_failure_is_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("the matrix is singular")

    monkeypatch.setattr(runs, "sample_plain", fail)

    result = measure_quality(models=["gaussian_copula"], data=["demo"], plain=True, seeds=[0])

    ours, plain = result.runs
    assert ours.training is not None
    assert plain.failure == "plain SDV failed with RuntimeError"
    assert plain.training is None
    assert "- demo, gaussian_copula (plain SDV), seed 0: plain SDV failed" in result.to_markdown()


@pytest.mark.usefixtures("narrow_demo")
def test_a_failure_of_plain_sdv_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise ValueError("the value 'Mr Smith' is unexpected")

    monkeypatch.setattr(runs, "fit_plain", fail)

    run = room.run_once("demo", "gaussian_copula", True, 0)

    assert run.failure == "plain SDV failed with ValueError"


@pytest.mark.usefixtures("narrow_demo")
def test_ctrl_c_keeps_the_runs_that_are_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    original = room.run_once

    def interrupted(table: str, model: str, plain: bool, seed: int) -> Any:
        if seed == 1:
            raise KeyboardInterrupt
        return original(table, model, plain, seed)

    monkeypatch.setattr(room, "run_once", interrupted)

    result = measure_quality(models=["gaussian_copula"], data=["demo"], seeds=[0, 1, 2])

    assert [run.seed for run in result.runs] == [0]
    assert "Interrupted: 1 of 3 runs." in result.to_markdown()
