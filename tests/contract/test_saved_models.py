"""Every model, saved and loaded by another process, draws the same bytes.

The larger tables are marked slow: ``pytest -m slow tests/contract/test_saved_models.py``.
"""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from synthhealth.models import about, available
from synthhealth.schema import Schema
from synthhealth.synthesizer import Synthesizer

TABLES = ("demo", "pbc", "hcv", "adult")

# Bytes do not depend on how long a network has learned.
FEW = {"copula_gan": {"steps": 20}, "ctgan": {"steps": 20}, "tvae": {"steps": 20}}

IN_ANOTHER_PROCESS = """
import sys
import synthhealth as sh
for path in sys.argv[1:]:
    model = sh.load(path)
    for rows in (1, 700):
        model.sample(rows).to_pickle(f"{path}.{rows}.pkl")
    model.sample(50, random_state=5).to_pickle(f"{path}.seeded.pkl")
"""


SLOW = {"pbc", "hcv", "adult"}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(table, marks=[pytest.mark.slow] if table in SLOW else []) for table in TABLES
    ],
)
def saved(request, clinical, cohort, tmp_path_factory):
    """Fit and save the models on one table; load and sample them in one other process."""
    name = request.param
    table = cohort if name == "demo" else clinical(name)
    schema = Schema.detect(table).with_protection("drop")
    folder = tmp_path_factory.mktemp(name)
    paths, models = {}, {}
    for model in available():
        if about(model).is_formal:
            continue  # it takes no schema that was detected
        few = FEW.get(model, {})
        models[model] = Synthesizer(model, schema=schema, random_state=7, **few).fit(table)
        paths[model] = models[model].save(folder / f"{model}.synth")
    subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, *map(str, paths.values())], check=True
    )
    return models, paths


def test_samples_are_the_same_bytes(saved):
    models, paths = saved
    assert models
    for name, model in models.items():
        # The stream of the synthesizer, one call after the other, and a sample with its own seed.
        for rows in (1, 700):
            there = pd.read_pickle(f"{paths[name]}.{rows}.pkl")
            pd.testing.assert_frame_equal(model.sample(rows), there, check_exact=True)
        there = pd.read_pickle(f"{paths[name]}.seeded.pkl")
        pd.testing.assert_frame_equal(model.sample(50, random_state=5), there, check_exact=True)


def test_saving_again_gives_the_same_content(saved, tmp_path):
    """All but the manifest, which holds the time, is a function of the fit."""
    import zipfile

    models, paths = saved
    for name, model in models.items():
        again = model.save(tmp_path / f"{name}.synth")
        with zipfile.ZipFile(paths[name]) as one, zipfile.ZipFile(again) as other:
            assert one.namelist() == other.namelist()
            for member in one.namelist():
                if member != "manifest.json":
                    assert one.read(member) == other.read(member), (name, member)
