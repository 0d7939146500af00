"""A fit that is interrupted goes on from its checkpoint, and ends in the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import stat

import numpy as np
import pandas as pd
import pytest

from synthhealth.artifact import checkpoint as module
from synthhealth.artifact.checkpoint import Checkpoint
from synthhealth.artifact.saving import members_of
from synthhealth.errors import CheckpointError, FileError, FitInterruptedError
from synthhealth.synthesizer import Synthesizer

#: Several steps in each epoch, the last one of a rest.
FEW = {"steps": 24, "batch_size": 20}

HELD_OUT = {"early_stopping": True}

#: Rounds of 25 steps.
CAUSAL = {"width": 16, "graph": ["sex -> crp"], "steps": 60}


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    sex = rng.choice(["F", "M"], 110)
    crp = rng.lognormal(1.0 + (sex == "M"), 0.5).round(1)
    ward = rng.choice(["north", "south", "west"], 110)
    return pd.DataFrame({"sex": sex, "crp": crp, "ward": ward, "age": rng.integers(20, 90, 110)})


@pytest.fixture
def each_step(monkeypatch):
    """Let the state be taken after each step."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)


def stop_at(monkeypatch, *steps: int, error: type[BaseException] = KeyboardInterrupt):
    """Interrupt the fits that follow: the first after the first number of steps, and so on."""
    follow, numbers = Checkpoint.follow, iter(steps)
    left = [next(numbers)]

    def counted(self, state):
        follow(self, state)
        left[0] -= 1
        if not left[0]:
            left[0] = next(numbers, 0)
            raise error

    monkeypatch.setattr(Checkpoint, "follow", counted)


def made(model: str = "tvae", seed: int | None = 3, **parameters) -> Synthesizer:
    return Synthesizer(model, random_state=seed, privacy="none", **(FEW | parameters))


def in_bytes(synthesizer: Synthesizer) -> tuple[dict[str, bytes], str]:
    return members_of(synthesizer.fitted_), synthesizer.sample(60).to_csv()


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("tvae", {}),
        ("tvae", HELD_OUT),
        ("diffusion", {"width": 16}),
        ("autoregressive", {"width": 16, "steps": 60}),
        ("causal_gan", CAUSAL),
        pytest.param("ctgan", {}, marks=pytest.mark.slow),
        ("ctgan", HELD_OUT | {"discriminator_steps": 2, "pac": 2}),
        pytest.param("copula_gan", HELD_OUT | {"margin": "auto"}, marks=pytest.mark.slow),
    ],
)
@pytest.mark.usefixtures("each_step")
def test_a_fit_that_goes_on_is_the_same_as_one_that_was_never_interrupted(
    model, parameters, patients, tmp_path, monkeypatch
):
    path = tmp_path / "fit.checkpoint"
    whole = in_bytes(made(model, **parameters).fit(patients))
    # At once, within an epoch, and after the last step of one (of 5, or 6).
    stop_at(monkeypatch, 1, 7, 12)
    for _ in range(3):
        with pytest.raises(FitInterruptedError, match="goes on from there"):
            made(model, **parameters).fit(patients, checkpoint=path)
        assert path.exists()
    again = made(model, **parameters).fit(patients, checkpoint=path)
    assert in_bytes(again) == whole
    assert not again.partial_
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("each_step")
def test_a_round_that_had_ended_is_not_judged_twice(patients, tmp_path, monkeypatch):
    path = tmp_path / "fit.checkpoint"
    whole = in_bytes(made("causal_gan", **CAUSAL).fit(patients))
    stop_at(monkeypatch, 25, 15)  # after the look at the end of a round, and within the next one
    for _ in range(2):
        with pytest.raises(FitInterruptedError):
            made("causal_gan", **CAUSAL).fit(patients, checkpoint=path)
    assert in_bytes(made("causal_gan", **CAUSAL).fit(patients, checkpoint=path)) == whole


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, MemoryError])
@pytest.mark.usefixtures("each_step")
def test_whatever_interrupts_leaves_a_checkpoint(error, patients, tmp_path, monkeypatch):
    path = tmp_path / "fit.checkpoint"
    stop_at(monkeypatch, 5, error=error)
    with pytest.raises((error, Exception)):
        made().fit(patients, checkpoint=path)
    assert path.exists()
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("each_step")
def test_a_process_that_is_killed_has_written_before(patients, tmp_path, monkeypatch):
    path, copy = tmp_path / "fit.checkpoint", tmp_path / "copy"
    monkeypatch.setattr(module, "WRITE_SECONDS", 0.0)

    def killed(event):
        if event.done == 3:
            copy.write_bytes(path.read_bytes())

    whole = in_bytes(made().fit(patients, checkpoint=path, on_progress=killed))
    events = []
    again = made().fit(patients, checkpoint=copy, on_progress=events.append)
    assert in_bytes(again) == whole
    assert [event.done for event in events] == [3, 4]


@pytest.mark.usefixtures("each_step")
def test_a_partial_model_is_kept_and_its_training_goes_on(patients, tmp_path, monkeypatch):
    path = tmp_path / "fit.checkpoint"
    whole = in_bytes(made().fit(patients))
    stop_at(monkeypatch, 15)
    kept = made().fit(patients, checkpoint=path, on_interrupt="keep")
    assert kept.partial_
    assert len(kept.sample(20)) == 20
    assert in_bytes(made().fit(patients, checkpoint=path)) == whole


@pytest.mark.usefixtures("each_step")
def test_a_training_whose_time_was_up_goes_on_with_more_time(patients, tmp_path):
    path = tmp_path / "fit.checkpoint"
    whole = in_bytes(made().fit(patients))
    partial = made().fit(patients, checkpoint=path, max_seconds=1e-9)
    assert partial.partial_
    assert partial.training_.done == 1
    assert path.exists()
    again = made().fit(patients, checkpoint=path, max_seconds=1e-9)
    assert again.partial_
    assert in_bytes(again) == in_bytes(partial)
    assert in_bytes(made().fit(patients, checkpoint=path, max_seconds=600)) == whole
    assert not path.exists()


@pytest.mark.usefixtures("each_step")
def test_without_a_seed_the_one_that_was_drawn_is_kept(patients, tmp_path, monkeypatch):
    path = tmp_path / "fit.checkpoint"
    stop_at(monkeypatch, 9)
    with pytest.raises(FitInterruptedError):
        made(seed=None).fit(patients, checkpoint=path)
    again = made(seed=None).fit(patients, checkpoint=path)
    assert in_bytes(again) == in_bytes(made(seed=again.seed_).fit(patients))


@pytest.mark.slow
@pytest.mark.usefixtures("each_step")
def test_a_guard_goes_on_with_the_model_that_it_was_at(patients, tmp_path, monkeypatch):
    path = tmp_path / "fit.checkpoint"
    whole = made().set_params(guard=True).fit(patients)
    # In the third of its models.
    stop_at(monkeypatch, 24 + 24 + 10)
    with pytest.raises(FitInterruptedError):
        made().set_params(guard=True).fit(patients, checkpoint=path)
    events = []
    again = made().set_params(guard=True).fit(patients, checkpoint=path, on_progress=events.append)
    assert in_bytes(again) == in_bytes(whole)
    assert events[0].done == events[0].total  # of the first model, which was finished


# ---- what is refused ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def left(patients, tmp_path_factory) -> bytes:
    """Give the checkpoint that an interrupted fit has left."""
    path = tmp_path_factory.mktemp("left") / "fit.checkpoint"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LOOK_SECONDS", 0.0)
        stop_at(patch, 9)
        with pytest.raises(FitInterruptedError):
            made().fit(patients, checkpoint=path)
    return path.read_bytes()


@pytest.fixture
def kept(left, tmp_path):
    path = tmp_path / "fit.checkpoint"
    path.write_bytes(left)
    return path


def refused(path, synthesizer, table, match):
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=match) as caught:
        synthesizer.fit(table, checkpoint=path)
    assert str(path) in str(caught.value)
    assert "delete it to start again" in str(caught.value)
    assert path.read_bytes() == before


def test_another_table_is_refused(kept, patients):
    other = patients.copy()
    other.loc[0, "age"] += 1
    refused(kept, made(), other, "another table")
    refused(kept, made(), patients.drop(columns="ward"), "another table")
    refused(kept, made(), patients.iloc[::-1], "another table")
    refused(kept, made(), patients.rename(columns={"age": "years"}), "another table")


def test_other_parameters_are_refused_by_name(kept, patients):
    refused(kept, made(l2scale=1e-4), patients, r"other parameters \(l2scale\)")


def test_another_fit_is_refused(kept, patients, monkeypatch):
    refused(kept, made("ctgan"), patients, r"another fit \(model\)")
    refused(kept, made(seed=4), patients, r"another fit \(seed\)")
    refused(kept, made().set_params(privacy="high"), patients, r"another fit \(privacy\)")
    monkeypatch.setattr("synthhealth.__version__", "99.0")
    refused(kept, made(), patients, r"another fit \(versions: synthhealth\)")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content[:2_000],
        lambda content: content.replace(b'"number":', b'"numbed":'),
        lambda content: b"PK\x03\x04" + content,
    ],
)
def test_a_damaged_one_is_refused(damage, kept, left, patients):
    kept.write_bytes(damage(left))
    refused(kept, made(), patients, "damaged, or no checkpoint")


def with_hash(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def changed(left: bytes, **fields) -> bytes:
    """Write a checkpoint whose state says something else, with the right hash."""
    text, _, arrays = left.split(b"\n", 1)[1].partition(b"\n")
    plain = json.loads(text)
    plain["trainings"][0]["state"] |= fields
    return with_hash(json.dumps(plain).encode() + b"\n" + arrays)


@pytest.mark.parametrize("body", [b"{}", b"[]\n", b"null\n", b"[" * 9_000, b'{"format": 1}\n'])
def test_what_is_no_checkpoint_is_refused(body, kept, patients):
    kept.write_bytes(with_hash(body))
    refused(kept, made(), patients, "damaged, or no checkpoint")


@pytest.mark.parametrize(
    "fields",
    [
        {"number": 0},
        {"number": 7},
        {"epoch": -1},
        {"optimisers": {}},
        {"optimisers": None},
        {"draws": None},
        {"draws": {"array": "/0/state/optimisers/0/mean"}},
        {"losses": "none"},
    ],
)
def test_a_state_that_does_not_fit_is_refused(fields, kept, left, patients):
    assert changed(left) != left
    kept.write_bytes(changed(left, **fields))
    refused(kept, made(), patients, "not that of these networks")


def test_where_no_file_can_be_is_said_before_any_work(patients, tmp_path):
    for path in (tmp_path, tmp_path / "missing" / "fit.checkpoint"):
        with pytest.raises(FileError):
            made().fit(patients, checkpoint=path)


def test_what_cannot_be_written_costs_no_fit(patients, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(module, "WRITE_SECONDS", 0.0)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "whole_file", full)
    path = tmp_path / "fit.checkpoint"
    assert not made().fit(patients, checkpoint=path).partial_
    assert "cannot be kept" in caplog.text


def test_a_family_without_steps_says_that_it_is_not_used(patients, tmp_path, caplog):
    path = tmp_path / "fit.checkpoint"
    Synthesizer("gaussian_copula", random_state=0).fit(patients, checkpoint=path)
    assert "'gaussian_copula' is not learned in steps" in caplog.text
    assert not path.exists()


def scalars(value) -> list:
    """Give all texts and numbers of plain values, keys among them."""
    if isinstance(value, dict):
        return [*value, *(one for part in value.values() for one in scalars(part))]
    if isinstance(value, list):
        return [one for part in value for one in scalars(part)]
    return [value]


def test_no_value_of_a_patient_is_in_it(left, patients):
    text, _, arrays = left.split(b"\n", 1)[1].partition(b"\n")
    said = scalars(json.loads(text))
    assert {"tvae", "batch_size", 20, 9 % 6}.issubset(said)
    assert not set(patients["ward"]).intersection(said)
    # Of numbers those with digits enough not to be there by chance.
    for value in patients["crp"][patients["crp"] > 10]:
        assert value not in said
        assert np.float64(value).tobytes() not in arrays
        assert np.float32(value).tobytes() not in arrays
    size = int.from_bytes(arrays[:8], "little")
    shapes = [one["shape"] for one in json.loads(arrays[8 : 8 + size]).values() if "shape" in one]
    assert shapes
    assert not [shape for shape in shapes if len(patients) in shape]
