from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from synthhealth.benchmark import EvaluationCost, measure_evaluation
from synthhealth.benchmark.evaluation import TableCost
from synthhealth.benchmark.results import Machine
from synthhealth.benchmark.tables import simulate
from synthhealth.benchmark.verbs import app
from synthhealth.errors import FileError, ParameterError
from synthhealth.evaluation import evaluate_tables
from synthhealth.evaluation.work import TIMES
from synthhealth.report import evaluate

pytestmark = pytest.mark.slow


def test_every_part_is_timed_in_a_process_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "cost.json"
    arguments = ["evaluation", "--tables", "large", "--rows", "200", "--repeats", "2"]

    ended = CliRunner().invoke(app, [*arguments, "--json", str(file)])

    assert ended.exit_code == 0, ended.output
    written = EvaluationCost.model_validate(json.loads(file.read_text()))
    (cost,) = written.tables
    assert (cost.n_real, cost.n_synthetic, cost.columns) == (200, 200, 20)
    assert list(cost.parts)[:2] == ["reading", "matching columns"]
    assert {"marginals", "dependence", "missing values", "description", "page"} <= set(cost.parts)
    assert {len(runs) for runs in (cost.whole, *cost.parts.values())} == {1}
    assert max(runs[0] for runs in cost.parts.values()) <= cost.whole[0]
    assert 50 < cost.peak_mib < 4_000
    assert "| **the whole report** |" in ended.output


def test_costs_stand_beside_their_limits() -> None:
    shared = {"n_real": 61, "n_synthetic": 1_000, "columns": 17, "peak_mib": 5_000.0}
    demo = TableCost(table="demo", whole=(2.0, 3.0, 9.0), parts={"page": (0.5, 1.0, 1.5)}, **shared)
    large = TableCost(table="large", whole=(121.0,), parts={"joint": (60.0,)}, **shared)

    told = EvaluationCost(machine=Machine.here(), tables=(demo, large)).to_markdown()

    lines = {line.split(" | ")[0].strip("| "): line for line in told.splitlines()}
    assert lines["seconds"].count("61 and 1,000 x 17") == 2
    assert lines["page"] == "| page | 1.00 |  |"
    assert lines["joint"] == "| joint |  | 60.00 |"
    assert lines["limit, seconds"] == "| limit, seconds | 20, kept | 120, exceeded |"
    assert lines["limit, MiB"] == "| limit, MiB |  | 4,096, exceeded |"


def test_simulated_tables_are_of_one_law() -> None:
    first, second = simulate(500, seed=0), simulate(500, seed=1)

    assert first.shape == (500, 20)
    pd.testing.assert_frame_equal(first, simulate(500, seed=0))
    result = evaluate_tables(first, second, parts=())
    assert (len(result.numerical), len(result.categorical)) == (12, 8)
    assert result.judgement.poor_columns == ()
    assert np.abs([pair.difference for pair in result.pairs]).max() < 0.3


def test_times_are_told_to_those_who_listen(
    cohort: pd.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger=TIMES):
        evaluate(cohort, cohort)

    told = [record.getMessage() for record in caplog.records if record.name == TIMES]
    assert told[0].startswith("reading: ")
    assert any(line.startswith("dependence: ") and line.endswith(" s") for line in told)


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"'adlt' is unknown.*choose from demo, adult, large"):
        measure_evaluation(["adlt"])


@pytest.mark.usefixtures("no_data")
def test_adult_must_be_at_hand() -> None:
    with pytest.raises(FileError, match="SYNTHHEALTH_DATA"):
        measure_evaluation(["demo", "adult"])
