from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

import synthhealth as sh
from synthhealth.errors import (
    ConditionError,
    FileError,
    NotFittedError,
    ParameterError,
    SchemaError,
    TableError,
)
from synthhealth.schema import Schema
from synthhealth.synthesizer import Synthesizer

SCRIPT = """
import hashlib, json, synthhealth as sh
digests = {}
for model in models:
    params = {"steps": 2} if sh.models.about(model).in_steps else {}
    fitted = sh.Synthesizer(model, random_state=0, **params)
    drawn = fitted.fit(sh.datasets.load_ra_panel()).sample(200).to_csv()
    digests[model] = hashlib.sha256(drawn.encode()).hexdigest()
written = json.dumps(digests)
"""


@pytest.mark.parametrize(
    "models",
    [
        ("gaussian_copula", "trees", "hybrid", "bayesian_network", "autoregressive", "diffusion"),
        pytest.param(
            ("boltzmann", "causal_gan", "copula_gan", "ctgan", "tvae"), marks=pytest.mark.slow
        ),
    ],
)
def test_same_bytes_in_two_processes(models):
    """Another seed of hashing (here it is random) and number of threads change no byte."""
    here = {"models": models}
    exec(SCRIPT, here)
    elsewhere = subprocess.run(
        [sys.executable, "-c", f"models = {models!r}\n{SCRIPT}\nprint(written)"],
        env=os.environ | {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "2"},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert json.loads(elsewhere).keys() == set(models)
    assert elsewhere == f"{here['written']}\n"


@pytest.fixture(scope="module")
def fitted(cohort):
    return sh.Synthesizer(random_state=0).fit(cohort)


def test_scikit_learn_conventions(cohort):
    synthesizer = sh.Synthesizer("tvae", random_state=1, steps=3)
    with pytest.raises(NotFittedError):
        synthesizer.sample(3)
    assert synthesizer.get_params()["steps"] == 3
    twin = clone(synthesizer)
    assert twin.get_params() == synthesizer.get_params()
    twin.set_params(random_state=2, steps=4, model="ctgan")
    assert (twin.model, twin.random_state, twin.model_params) == ("ctgan", 2, {"steps": 4})
    assert synthesizer.model_params == {"steps": 3}
    assert synthesizer.fit(cohort) is synthesizer
    check_is_fitted(synthesizer)
    assert repr(synthesizer) == "Synthesizer('tvae', random_state=1, steps=3)"


def test_copies_carry_no_patients(fitted):
    assert fitted._training_table is not None
    twin = pickle.loads(pickle.dumps(fitted))
    assert twin._training_table is None
    assert twin.sample(5, random_state=1).equals(fitted.sample(5, random_state=1))


def test_constructor_checks_names_and_no_values():
    sh.Synthesizer("ctgan", random_state="x", steps="many")


@pytest.mark.parametrize("seed", [-1, 1.5, "x"])
def test_bad_seeds(seed, cohort):
    with pytest.raises(ParameterError, match="random_state"):
        sh.Synthesizer(random_state=seed).fit(cohort)


def test_a_drawn_seed_can_be_replayed(cohort):
    first = sh.Synthesizer().fit(cohort)
    again = sh.Synthesizer(random_state=first.seed_).fit(cohort)
    assert again.sample(30).equals(first.sample(30))


def test_units_travel(fitted, cohort):
    assert fitted.sample(5).attrs["units"] == cohort.attrs["units"]
    assert fitted.schema_["crp"].unit == "mg/L"


@pytest.mark.parametrize(
    "condition", [{"age": 50}, {"sex": "M", "crp": 8.0}, {"esr": 30, "age": 41}]
)
def test_conditions_on_numbers(fitted, condition):
    sampled = fitted.sample(50, condition)
    for name, value in condition.items():
        assert (sampled[name] == value).all()
    assert sampled["haemoglobin"].nunique() > 5


def test_conditions_change_the_other_columns(fitted):
    """Spearman of ESR and CRP is 0.49: means at both ends differ by over 10 standard errors."""
    low = fitted.sample(400, {"esr": 12})["crp"].mean()
    high = fitted.sample(400, {"esr": 70})["crp"].mean()
    assert high > 1.5 * low


def test_all_columns_known(fitted, cohort):
    known = cohort.dropna().head(7).reset_index(drop=True)
    pd.testing.assert_frame_equal(fitted.sample(conditions=known), known, check_dtype=False)


def test_table_of_conditions(fitted):
    known = pd.DataFrame({"sex": ["M", "F"] * 10, "age": [30, None] * 10})
    sampled = fitted.sample(conditions=known)
    assert (sampled["sex"] == known["sex"]).all()
    assert (sampled["age"][::2] == 30).all()
    assert sampled["age"][1::2].nunique() > 3
    with pytest.raises(ParameterError, match="20 rows"):
        fitted.sample(7, known)


def test_a_shortfall_is_an_error_with_its_count(cohort, monkeypatch):
    monkeypatch.setattr("synthhealth.models.drawing.MAX_DRAWN", 2_000)
    tvae = sh.Synthesizer("tvae", steps=20, random_state=0).fit(cohort)
    with pytest.raises(ConditionError, match=r"\d+ of 500 rows .* 2,000 draws"):
        tvae.sample(500, {"age": 27, "platelets": 400, "rf": 300.0})


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"shoe_size": 41}, "shoe_size"),
        ({"sex": "X"}, "'sex'"),
        ({"age": 300}, "'age'"),
        ({"age": "old"}, "'age'"),
        ({"age": [40, 50, 60]}, "'age'"),
        ({"age": None}, "'age'"),
    ],
)
def test_conditions_that_cannot_be_met(fitted, condition, words):
    calls = fitted._calls
    with pytest.raises(ConditionError, match=words):
        fitted.sample(5, condition)
    assert fitted._calls == calls


def test_sample_to_parquet_gives_the_rows_of_sample(cohort, tmp_path, monkeypatch):
    monkeypatch.setattr("synthhealth.synthesizer.synthesizer.CHUNK_SIZE", 40)
    one = sh.Synthesizer(random_state=0).fit(cohort)
    path = one.sample_to(tmp_path / "big.parquet", 100, chunk_size=40)
    again = sh.Synthesizer(random_state=0).fit(cohort).sample(100)
    assert pq.ParquetFile(path).num_row_groups == 3
    pd.testing.assert_frame_equal(pd.read_parquet(path), again)
    assert again.index.equals(pd.RangeIndex(100))
    with pytest.raises(FileError, match="force"):
        one.sample_to(path, 10)
    with pytest.raises(ParameterError):
        one.sample_to(tmp_path / "none.parquet", 0)
    with pytest.raises(FileError, match="chunk by chunk"):
        one.sample_to(tmp_path / "none.xlsx", 10)
    assert [file.name for file in tmp_path.iterdir()] == ["big.parquet"]


def test_sample_to_reports_progress_and_cleans_up_when_interrupted(fitted, tmp_path):
    def stop(event):
        assert (event.task, event.unit, event.total) == ("sample", "row", 90)
        if event.done == 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted.sample_to(tmp_path / "x.csv", 90, chunk_size=30, on_progress=stop)
    assert not list(tmp_path.iterdir())


def test_evaluate(fitted, cohort):
    report = fitted.evaluate()
    assert report.evaluation.real_is == "training"
    assert report.evaluation.n_synthetic == len(cohort)
    fresh = sh.datasets.load_ra_panel(random_state=1)
    report = fitted.evaluate(fresh, fitted.sample(300))
    assert (report.evaluation.real_is, report.evaluation.n_synthetic) == ("holdout", 300)


def test_columns_in_another_order(fitted, cohort):
    shuffled = cohort[sorted(cohort.columns)]
    one = sh.evaluate(cohort, shuffled).evaluation
    assert one.overall.ks_average.value == 1.0


@pytest.mark.parametrize("name", ["hcv", "pbc", "heart_failure"])
def test_real_clinical_tables(clinical, name):
    table = clinical(name).drop(columns="id", errors="ignore")
    synthesizer = sh.Synthesizer(random_state=0).fit(table)
    sampled = synthesizer.sample(len(table))
    assert (sampled.dtypes == table.dtypes).all()
    assert synthesizer.evaluate(table, sampled).evaluation.overall.ks_average.value > 0.85
    # Rates of missing values within 4 standard errors: a false alarm once in 16,000 columns.
    rate = table.isna().mean()
    error = 4 * np.sqrt(rate * (1 - rate) / len(table))
    assert ((sampled.isna().mean() - rate).abs() <= error).all()


def test_torchs_default_number_does_not_count(cohort):
    import torch

    expected = sh.Synthesizer("tvae", random_state=0, steps=3).fit(cohort).sample(20)
    torch.set_default_dtype(torch.float64)
    try:
        again = sh.Synthesizer("tvae", random_state=0, steps=3).fit(cohort).sample(20)
        assert torch.get_default_dtype() is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert again.equals(expected)


def test_arguments_of_other_types_are_refused_in_words(cohort):
    few = cohort[["sex", "age", "crp"]]
    for seed in (2**128, 2**200):
        with pytest.raises(ParameterError, match=r"below 2\*\*128"):
            Synthesizer(random_state=seed).fit(few)
    assert Synthesizer(random_state=2**128 - 1).fit(few).seed_ == 2**128 - 1
    for seconds in ("x", -1, 0):
        with pytest.raises(ParameterError, match="max_seconds is"):
            Synthesizer(random_state=0).fit(few, max_seconds=seconds)
    with pytest.raises(SchemaError, match="schema is a dict; give a Schema"):
        Synthesizer(schema={"age": "count"}, random_state=0).fit(few)
    odd = few.copy()
    odd.attrs["units"] = None
    with pytest.raises(TableError, match="not a dict of units"):
        Synthesizer(random_state=0).fit(odd)


def test_a_loaded_one_is_cloned_with_its_schema(cohort, tmp_path):
    few = cohort[["sex", "age", "crp"]]
    schema = Schema.detect(few).model_copy(update={"rules": ("age >= 18",)})
    path = Synthesizer(schema=schema, random_state=0).fit(few).save(tmp_path / "m.synth")

    class Own(Synthesizer):
        """A class of somebody's own."""

    loaded = Own.load(path)
    assert type(loaded) is Own
    assert clone(loaded).schema.rules == ("age >= 18",)


def test_a_report_says_whom_the_fit_left_out():
    real = sh.datasets.load_ra_panel()[["age", "crp", "sex"]]
    model = sh.Synthesizer(random_state=0, privacy="high", margin="norm").fit(real)
    told = model.evaluate().data.model
    assert (told.privacy, told.n_left_out) == ("high", 30)
