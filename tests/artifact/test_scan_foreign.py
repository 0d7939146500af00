"""Pickles are read as data: known leaks of plain SDV are found, and nothing in them is run."""

from __future__ import annotations

import collections
import datetime
import io
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.artifact import scan
from synthhealth.artifact.leaks import foreign
from synthhealth.artifact.leaks.foreign import decode
from synthhealth.artifact.leaks.inert import Call, Name, read_pickle
from synthhealth.errors import ArtifactError

pytestmark = pytest.mark.slow

ROWS = "training rows"
LISTS = "lists of row numbers"
REBUILT = "rows whose categories such lists give back"
SINGLE = "numbers that one patient has"
EXTREMES = "exact extremes"
RARE = "categories of fewer than 5 patients"


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    """The demo cohort with three wards, one of them rare."""
    cohort = sh.datasets.load_ra_panel(n=61, random_state=0)
    ward = np.random.default_rng(4).choice(["north", "south"], 61).astype(object)
    ward[[3, 40]] = "palliative"
    return cohort.assign(ward=ward)


@pytest.fixture(scope="module")
def plain(patients, tmp_path_factory):
    """Fit and save with plain SDV, once for each synthesizer and its settings."""
    folder = tmp_path_factory.mktemp("sdv")
    made: dict[str, Path] = {}

    def plain(name: str, **settings: object) -> Path:
        key = f"{name}{settings}"
        if key not in made:
            from sdv import single_table
            from sdv.metadata import Metadata

            metadata = Metadata.detect_from_dataframes({"table": patients}, infer_keys=None)
            synthesizer = getattr(single_table, name)(metadata, **settings)
            synthesizer.fit({"table": patients})
            made[key] = folder / f"{len(made)}.pkl"
            synthesizer.save(made[key])
        return made[key]

    return plain


@pytest.mark.parametrize("name", ["CTGANSynthesizer", "CopulaGANSynthesizer"])
def test_row_lists_of_plain_gans(plain, patients, name):
    result = scan(plain(name, epochs=1, enable_gpu=False), patients)
    assert result.kind == "pickle"
    assert result[LISTS].found == 2 + 3  # sexes and wards
    assert result[REBUILT].found == 61
    assert any("_rid_by_cat_cols" in place for place in result[LISTS].where)


def test_kernel_densities_of_plain_sdv(plain, patients):
    result = scan(plain("GaussianCopulaSynthesizer", default_distribution="gaussian_kde"), patients)
    assert result[SINGLE].found >= 0.99 * result[SINGLE].searched
    assert result[ROWS].found == 61


@pytest.mark.parametrize(
    "name", ["GaussianCopulaSynthesizer", "CTGANSynthesizer", "TVAESynthesizer"]
)
def test_metadata_of_plain_sdv(plain, patients, name):
    settings = {} if name.startswith("Gauss") else {"epochs": 1, "enable_gpu": False}
    result = scan(plain(name, **settings), patients)
    assert result[EXTREMES].found > 0.7 * result[EXTREMES].searched
    assert result[RARE].found == result[RARE].searched == 1


def test_the_networks_are_decoded(plain, patients):
    path = plain("CTGANSynthesizer", epochs=1, enable_gpu=False)
    content = foreign.read_foreign(path, patients.columns)
    weights = [piece for piece in content.pieces if "._parameters" in piece.path]
    # Of the generator of 256 and 256 units alone.
    assert sum(piece.numbers.size for piece in weights) > 100_000


class Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def test_nothing_is_run(tmp_path, patients):
    marker = tmp_path / "ran"
    content = {"first": Malicious(marker), "rows": patients["crp"].to_list()}
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(content))
    result = scan(tmp_path / "evil.pkl", patients)
    assert result[SINGLE].found > 10
    assert not marker.exists()
    pickle.loads((tmp_path / "evil.pkl").read_bytes())
    assert marker.exists()  # so the test would see it


#: Watches the reading of a pickle whose instructions import, run and open.
WATCHED = """
import pickle, sys
from synthhealth.artifact.leaks.foreign import decode
events = []
program = (
    b"cos\\nsystem\\n(S'true'\\ntR."  # os.system('true')
)
import io
sys.addaudithook(lambda event, arguments: events.append(event))
decode(io.BytesIO(program), "x", ["a"])
bad = [e for e in events if e.split(".")[0] in ("os", "subprocess", "socket", "exec", "compile",
       "open", "import", "pickle", "shutil", "ctypes")]
sys.stdout.write(repr(bad))
"""


def test_no_audited_event():
    done = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, check=True)
    assert done.stdout == b"[]"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol(protocol):
    value = {
        "list": [1, 2.5, -7, 2**40, 2**70, True, None, "text"],
        "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
        "nested": {"a": {"b": ["c"]}},
    }
    assert read_pickle(io.BytesIO(pickle.dumps(value, protocol))) == value


def test_shared_and_circular():
    shared: list[object] = [1.5]
    circular: dict[str, object] = {"again": shared, "shared": shared}
    circular["self"] = circular
    content = decode(io.BytesIO(pickle.dumps(circular)), "x", [])
    assert sum(piece.numbers.size for piece in content.pieces) == 1


class Point:
    __slots__ = ("x",)

    def __init__(self, x: float) -> None:
        self.x = x


@pytest.mark.parametrize("protocol", [2, 5])
def test_objects_are_taken_apart(protocol):
    value = {
        "ordered": collections.OrderedDict(crp=4.25),
        "default": collections.defaultdict(list, {"crp": [5.25]}),
        "scalar": np.float64(6.25),
        "array": np.array([[7.25, 8.25]]),
        "floats": np.array([9.25], dtype=np.float32),
        "objects": np.array(["name", 10.25], dtype=object),
        "days": np.array(["1970-01-02"], dtype="datetime64[s]"),
        "slots": Point(11.25),
        "set": {12.25},
        "frame": pd.DataFrame({"crp": [13.25, 14.25], "b": ["u", "v"]}),
        "when": datetime.datetime(2021, 2, 3, 4, 5),
    }
    content = decode(io.BytesIO(pickle.dumps(value, protocol)), "x", ["crp"])
    numbers = {number for piece in content.pieces for number in piece.numbers.tolist()}
    texts = {text for piece in content.pieces for text in piece.texts}
    assert {number + 0.25 for number in range(4, 15)} <= numbers
    assert 86_400.0 in numbers
    assert {"name", "u", "v", "2021-02-03T04:05:00"} <= texts
    named = {n for piece in content.pieces if piece.column == "crp" for n in piece.numbers}
    assert {4.25, 5.25} <= named


def test_tensors():
    torch = pytest.importorskip("torch")
    tensor = torch.arange(6, dtype=torch.float32).reshape(2, 3) + 0.5
    content = decode(io.BytesIO(pickle.dumps(tensor)), "x", [])
    numbers = {number for piece in content.pieces for number in piece.numbers.tolist()}
    assert set(tensor.ravel().tolist()) <= numbers


def test_calls_are_notes():
    noted = read_pickle(io.BytesIO(pickle.dumps(Malicious(Path("x")))))
    assert isinstance(noted, Call)
    assert noted.made_by == Name("posix" if os.name == "posix" else "nt", "system")
    assert noted.arguments == ("touch x",)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80",
        b"\x80\x04",
        b"\x80\x04.",
        b"\x80\x04K\x01",
        b"\x80\x04h\x07.",
        b"\x80\x04e.",
        b"\x80\x04\xff\xff",
        b"\x80\x04Nb.",
        pickle.dumps(list(range(1000)))[:-40],
    ],
)
def test_damaged(tmp_path, patients, content):
    (tmp_path / "x.pkl").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"x\.pkl"):
        scan(tmp_path / "x.pkl", patients)


def test_memory_is_bounded(tmp_path, patients, monkeypatch):
    if sys.platform != "linux":
        pytest.skip("the bound of memory is tested on Linux only")
    # A text of 4 TiB is announced.
    (tmp_path / "bomb.pkl").write_bytes(b"\x80\x04\x8d" + (2**42).to_bytes(8, "little") + b"x.")
    begin = time.monotonic()
    with pytest.raises(ArtifactError, match=r"bomb\.pkl"):
        scan(tmp_path / "bomb.pkl", patients)
    assert time.monotonic() - begin < 30
