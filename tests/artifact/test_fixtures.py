"""Saved models of every format version, made once by ``make_fixtures.py``, load for ever."""

from __future__ import annotations

import pandas as pd
import pytest
from make_fixtures import FIXTURES, MODELS

import synthhealth as sh
from synthhealth.artifact import sample_digest
from synthhealth.artifact.manifest import FORMAT_VERSION, platform_here, versions_here
from synthhealth.artifact.saving import read_manifest

FILES = sorted(FIXTURES.glob("v*/*.synth"))


def test_there_is_one_for_each_family_of_the_current_format():
    current = FIXTURES / f"v{FORMAT_VERSION}"
    assert {file.stem for file in FILES if file.parent == current} == set(MODELS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_it_loads_and_samples(file, cohort):
    model = sh.load(file)
    sample = model.sample(200, random_state=0)
    assert list(sample.columns) == list(cohort.columns)
    pd.testing.assert_series_equal(sample.dtypes, cohort.dtypes)
    for column in model.schema_.numerical:
        assert sample[column].notna().any()
    for column in model.schema_.categorical:
        assert set(sample[column].dropna()) <= set(cohort[column].dropna()) | {"other"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_it_replays_where_nothing_has_changed(file):
    manifest = read_manifest(file)
    if manifest.versions != versions_here(manifest.model) or (
        manifest.platform != platform_here(uses_gpu=False)
    ):
        pytest.skip("made with other versions of the packages, or on another machine")
    replay = manifest.replay
    sample = sh.load(file).sample(replay.n_rows, random_state=replay.seed)
    assert sample_digest(sample) == replay.sha256
