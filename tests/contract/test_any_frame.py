"""Anything that pandas can hold goes through every verb: a result, or words about it.

No other error, no warning, and no cell of a patient in a message.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pandas as pd
import pytest
from any_frame import KINDS, file_of, frame_of, planted_in

from synthhealth.errors import SynthHealthError
from synthhealth.evaluation import describe
from synthhealth.io import read_table
from synthhealth.report import evaluate
from synthhealth.schema import propose, scan
from synthhealth.synthesizer import Synthesizer


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave the columns that are refused out."""
    kept = []
    for place in range(frame.shape[1]):
        try:
            propose(frame.iloc[:, [place]])
        except SynthHealthError:
            continue
        kept.append(place)
    return frame.iloc[:, kept]


def verbs(frame: pd.DataFrame, seed: int, *, fits: bool) -> list[str]:
    """Run all verbs; give the words that they say."""
    said: list[str] = []

    def call(verb):
        try:
            return verb()
        except SynthHealthError as error:
            said.append(str(error))
            return None

    call(lambda: scan(frame).to_json())
    proposal = call(lambda: propose(frame))
    if proposal is None:  # the way goes on without what cannot be read
        frame = readable(frame)
        proposal = call(lambda: propose(frame))
    if proposal is None:
        return said
    said += [doubt for finding in proposal.findings for doubt in finding.doubts]
    schema = proposal.schema.with_protection("drop")
    description = call(lambda: describe(frame, schema))
    if description is not None:
        json.loads(description.to_json())
    if fits:
        learner = Synthesizer(random_state=seed, schema=schema, margin="norm")
        model = call(lambda: learner.fit(frame))
        if model is not None:
            fake = model.sample(20)
            assert not fake.empty
            report = call(lambda: evaluate(frame, fake, model.schema_))
            if report is not None:
                report.evaluation.model_dump_json().encode()
                said.append(report.summary(verbose=True))
    return said


def check_frame(seed: int, *, fits: bool) -> None:
    frame = frame_of(seed)
    before = frame.copy(deep=True)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        said = verbs(frame, seed, fits=fits)
    assert not warned, [f"{one.filename}:{one.lineno} {one.message}" for one in warned]
    words = "\n".join(said)
    words.encode()
    assert not [cell for cell in planted_in(before) if cell in words]
    assert list(frame.columns) == list(before.columns)
    assert frame.dtypes.tolist() == before.dtypes.tolist()


def check_file(seed: int, folder: Path) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            table = read_table(file_of(seed, folder))
            verbs(table, seed, fits=False)
        except SynthHealthError as error:
            str(error).encode()
    assert not warned, [f"{one.filename}:{one.lineno} {one.message}" for one in warned]


def test_there_are_kinds_enough():
    assert len(KINDS) >= 40


@pytest.mark.parametrize("seed", range(40))
def test_some_frames(seed):
    check_frame(seed, fits=seed % 5 == 0)


@pytest.mark.parametrize("seed", range(20))
def test_some_files(seed, tmp_path):
    check_file(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(100, 2100, 100))
def test_many_frames(start):
    for seed in range(start, start + 100):
        check_frame(seed, fits=seed % 5 == 0)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(100, 700, 100))
def test_many_files(start, tmp_path):
    for seed in range(start, start + 100):
        check_file(seed, tmp_path)
