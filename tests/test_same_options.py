"""Whoever judges is asked in the same words: in Python, on the command line, fold by fold."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from typer.main import get_command
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.errors import ParameterError
from synthhealth.report import cross_validated

COLUMNS = ["age", "sex", "crp"]
SHARED = {"group", "outcomes", "analyses", "by", "parts", "random_state"}


def cohort(seed: int) -> pd.DataFrame:
    return sh.datasets.load_ra_panel(80, random_state=seed)[COLUMNS]


@pytest.fixture(scope="module")
def model() -> sh.Synthesizer:
    return sh.Synthesizer(random_state=0).fit(cohort(0))


def test_the_options_have_the_same_names_everywhere() -> None:
    judges = (
        sh.evaluate,
        cross_validated,
        sh.Synthesizer.evaluate,
        sh.Synthesizer.cross_evaluate,
    )
    for judge in judges:
        assert set(inspect.signature(judge).parameters) >= SHARED, judge.__qualname__
    for judge in (sh.evaluate, sh.Synthesizer.evaluate):
        assert "holdout" in inspect.signature(judge).parameters
    verbs = get_command(app).commands  # type: ignore[attr-defined]
    for name in ("evaluate", "run", "cross-evaluate"):
        options = {one for parameter in verbs[name].params for one in parameter.opts}
        assert options >= {"--part", "--seed", "--outcome", "--analysis", "--by"}, name
        assert ("--holdout" in options) is (name != "cross-evaluate")


def test_parts_that_are_not_asked_for_are_not_computed(model: sh.Synthesizer) -> None:
    for report in (
        model.evaluate(parts=["coverage"]),
        model.cross_evaluate(cohort(0), 2, parts=["coverage"]),
    ):
        evaluation = report.evaluation
        assert evaluation.coverage
        assert evaluation.privacy is None
        assert evaluation.utility is None
        assert {metric.family for metric in evaluation.metrics} <= {
            *("marginals", "dependence", "missingness")
        }
    for judge in (model.evaluate, lambda **given: model.cross_evaluate(cohort(0), 2, **given)):
        with pytest.raises(ParameterError, match="copying, privacy"):
            judge(parts=["privcy"])


def test_a_holdout_stands_beside_the_patients_that_were_learned(model: sh.Synthesizer) -> None:
    fake = model.sample(80, random_state=1)
    told = model.evaluate(synthetic=fake, holdout=cohort(1), parts=["copying"]).evaluation
    assert (told.real_is, told.n_unseen) == ("training", 80)
    whole = sh.evaluate(
        cohort(0),
        fake,
        model.schema_,
        holdout=cohort(1),
        parts=["copying"],
        random_state=model.seed_,
    )
    assert told == whole.evaluation
    alone = model.evaluate(cohort(1), fake, parts=["copying"]).evaluation
    assert alone.real_is == "holdout"


def test_the_seed_is_that_of_bands_and_parts(model: sh.Synthesizer) -> None:
    fake = model.sample(80, random_state=1)
    first, again, other = (
        model.evaluate(synthetic=fake, parts=(), random_state=seed).evaluation for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    crossed = [
        model.cross_evaluate(cohort(0), 2, parts=(), random_state=seed).evaluation
        for seed in (1, 1, 2)
    ]
    assert crossed[0] == crossed[1]
    assert crossed[0] != crossed[2]


@pytest.mark.slow
def test_the_verbs_compute_the_parts_that_are_asked_for(tmp_path: Path) -> None:
    for seed, name in enumerate(("real", "fake")):
        sh.write_table(cohort(seed), tmp_path / f"{name}.csv")
    tables = [str(tmp_path / "real.csv"), str(tmp_path / "fake.csv")]
    asked = ["--part", "coverage", "--seed", "4"]
    for verb, given in (("evaluate", tables), ("run", tables[:1]), ("cross-evaluate", tables[:1])):
        out = tmp_path / verb
        told = CliRunner().invoke(app, [verb, *given, "--out", str(out), *asked])
        assert told.exit_code == 0, told.output
        found = json.loads((out / "report.json").read_text("utf-8"))["evaluation"]
        assert found["coverage"]
        assert found["privacy"] is None
    told = CliRunner().invoke(
        app, ["evaluate", *tables, "--out", str(tmp_path / "no"), "--part", "all"]
    )
    assert told.exit_code == 1
    assert re.search("give a list of copying", told.stderr)
