from __future__ import annotations

import os
import re
import stat
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from synth_files import Entry, pack, saved

from synthhealth.artifact import container
from synthhealth.artifact.container import read_container, write_container
from synthhealth.artifact.plain import parse_json, read_arrays, to_json, write_arrays
from synthhealth.errors import ArtifactError, FileError

SMALL = {
    "manifest.json": b'{"a": 1}' * 50,
    "preparation.json": b"{}",
    "model.json": b"{}",
    "arrays.safetensors": bytes(range(256)),
}


def test_round_trip(tmp_path):
    path = tmp_path / "model.synth"
    shuffled = {name: SMALL[name] for name in sorted(SMALL, reverse=True)}
    write_container(path, shuffled)
    assert read_container(path) == SMALL
    assert list(read_container(path)) == list(SMALL)
    write_container(path, SMALL | {"signature.json": b"{}"}, force=True)
    assert read_container(path) == SMALL | {"signature.json": b"{}"}


def test_any_tool_reads_it(tmp_path):
    path = tmp_path / "model.synth"
    write_container(path, SMALL)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
        assert [info.filename for info in infos] == list(SMALL)
        assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.getinfo("arrays.safetensors").compress_type == zipfile.ZIP_STORED
        assert archive.getinfo("manifest.json").compress_type == zipfile.ZIP_DEFLATED


def test_equal_members_equal_bytes(tmp_path):
    write_container(tmp_path / "a", SMALL)
    write_container(tmp_path / "b", SMALL)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_by_hand_as_by_library(tmp_path):
    """The hand-made zips of these tests are refused for what they lie about alone."""
    path = tmp_path / "model.synth"
    path.write_bytes(pack([Entry(name, content) for name, content in SMALL.items()]))
    assert read_container(path) == SMALL


def test_unknown_and_missing_members_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="no place"):
        write_container(tmp_path / "a", SMALL | {"other.json": b"{}"})
    with pytest.raises(ArtifactError, match=r"model\.json is not in it"):
        write_container(tmp_path / "a", {k: v for k, v in SMALL.items() if k != "model.json"})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("limit", "member"),
    [("MAX_JSON_BYTES", "manifest.json"), ("MAX_ARRAYS_BYTES", "arrays.safetensors")],
)
def test_what_is_too_large_is_neither_written_nor_read(tmp_path, monkeypatch, limit, member):
    path = tmp_path / "model.synth"
    write_container(path, SMALL)
    monkeypatch.setattr(container, limit, len(SMALL[member]) - 1)
    with pytest.raises(ArtifactError, match=rf"{re.escape(member)} has .* make the model smaller"):
        write_container(path, SMALL, force=True)
    with pytest.raises(ArtifactError, match="do not use it"):
        read_container(path)
    monkeypatch.setattr(container, limit, len(SMALL[member]))
    assert read_container(path) == SMALL


def test_json_members_are_bounded_together(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "MAX_ALL_JSON_BYTES", 403)
    with pytest.raises(ArtifactError, match="its JSON has 404 bytes"):
        write_container(tmp_path / "a", SMALL)


def test_no_such_file(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        read_container(tmp_path / "none.synth")
    with pytest.raises(FileError, match="cannot be read"):
        read_container(tmp_path)


def test_arrays_round_trip():
    arrays = {
        "b": np.arange(6, dtype=np.int64).reshape(2, 3),
        "a": np.array([1.5, -0.0]),
        "c": np.float32(3.0).reshape(()),
        "empty": np.zeros((0, 4)),
        "view": np.arange(12.0).reshape(3, 4).T,
    }
    again = read_arrays(write_arrays(arrays))
    assert list(again) == sorted(arrays)
    for name, array in arrays.items():
        assert again[name].dtype == array.dtype
        assert again[name].shape == array.shape
        assert again[name].tobytes() == array.tobytes()
        assert again[name].flags.writeable


@given(
    st.dictionaries(
        st.text(max_size=20).filter(lambda name: name != "__metadata__"),
        arrays_of.arrays(
            st.sampled_from([np.float64, np.float32, np.int64]),
            arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
            elements={"allow_nan": False, "allow_infinity": False},
        ),
        max_size=5,
    )
)
def test_arrays_are_deterministic(arrays):
    content = write_arrays(arrays)
    assert content == write_arrays(dict(reversed(arrays.items())))
    again = read_arrays(content)
    assert {name: one.tobytes() for name, one in again.items()} == {
        name: one.tobytes() for name, one in arrays.items()
    }


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([1.0, np.nan]), "infinite or not numbers"),
        (np.array([np.inf], dtype=np.float32), "infinite or not numbers"),
        (np.array([1], dtype=np.int32), "int32"),
        (np.array([b"x"]), r"\|S1"),
        (np.array([None]), "object"),
        (np.array([1j]), "complex"),
        (np.zeros((1,) * 5), "at most 4"),
    ],
)
def test_arrays_that_are_not_written(array, words):
    with pytest.raises(ArtifactError, match=words):
        write_arrays({"a": array})


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=20,
    )
)
def test_json_round_trip(value):
    assert parse_json(to_json(value), "x") == value
    assert parse_json(to_json(value, indent=2), "x") == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff{}", "not JSON"),
        (b"[1] 2", "not JSON"),
        (b"[NaN]", "infinite or not a number"),
        (b"[-Infinity]", "infinite or not a number"),
        (b"[1e400]", "too large"),
        (b"[" + b"9" * 5_000 + b"]", "not JSON"),
        (b'{"a": 1, "a": 1}', "twice"),
        (b"[" * 33 + b"]" * 33, "too deeply"),
        (b"[" * 900_000, "not JSON|too deeply"),
        (b'{"a":' * 900_000, "more than 1,000,000 parts"),
        (b"[" + b"[]," * 1_000_000 + b"1]", "1,000,000 parts"),
        (b'["' + b"x" * 10_001 + b'"]', "10,000 characters"),
        (b'{"' + b"x" * 10_001 + b'": 1}', "10,000 characters"),
    ],
)
def test_json_that_is_refused(text, words):
    with pytest.raises(ArtifactError, match=words):
        parse_json(text, "model.json")


def test_json_that_is_not_written():
    with pytest.raises(ArtifactError, match="infinite"):
        to_json({"a": float("nan")})
    with pytest.raises(ArtifactError, match="10,000 characters"):
        to_json("x" * 10_001)
    with pytest.raises(ArtifactError, match="Unicode"):
        to_json("\ud800")


def test_a_saved_synthesizer_has_these_members():
    members = saved("gaussian_copula")
    assert list(members) == list(SMALL)


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_new_model_is_open_to_its_owner_alone(tmp_path):
    path = tmp_path / "model.synth"
    mask = os.umask(0o022)
    try:
        write_container(path, SMALL)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        # Whom its owner let in stays in.
        path.chmod(0o640)
        write_container(path, SMALL, force=True)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    finally:
        os.umask(mask)
