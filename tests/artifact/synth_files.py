"""Saved synthesizers to tamper with, as somebody could who knows the format."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import synthhealth as sh
from synthhealth.models import Parameter, Training
from synthhealth.testing import awkward_table

#: Settings with which each of our families is fitted in a second.
FAMILIES: dict[str, dict[str, Any]] = {
    "gaussian_copula": {},
    "bayesian_network": {},
    "boltzmann": {},
    "diffusion": {},
    "trees": {},
    "hybrid": {},
    "autoregressive": {"steps": 10, "width": 16},
    "causal_gan": {"steps": 10, "width": 8},
    "ctgan": {"steps": 10, "generator_dim": (16,), "embedding_dim": 8},
    "tvae": {"steps": 10, "decompress_dims": (16,), "embedding_dim": 8},
    "copula_gan": {"steps": 10, "generator_dim": (16,), "embedding_dim": 8},
}

ORDER = (
    "manifest.json",
    "preparation.json",
    "model.json",
    "arrays.safetensors",
    "signature.json",
)


#: What is mutated: the families on the demo cohort, and one on a table with everything in it.
BASES = (*FAMILIES, "rich")


@cache
def fitted(family: str) -> sh.Synthesizer:
    """Give a synthesizer of the demo cohort, with gaps; tests must not change it."""
    if family == "rich":
        return sh.Synthesizer(random_state=0, schema=rich_schema()).fit(rich_table())
    real = sh.datasets.load_ra_panel()
    real = real.assign(crp=real["crp"].where(np.arange(len(real)) % 7 > 0))
    return sh.Synthesizer(family, random_state=0, **FAMILIES[family]).fit(real)


def rich_table() -> pd.DataFrame:
    """Give a table with every dtype, written results beyond limits, codes and identifiers."""
    rng = np.random.default_rng(0)
    table = awkward_table(120)
    level = np.exp(rng.normal(1, 1, len(table)))
    systolic, pulse = rng.integers(110, 180, (2, len(table)))
    return table.assign(
        patient=[f"MRN-{number:05d}" for number in rng.permutation(len(table))],
        ferritin=[f"{one:.1f} mg/L" if one > 1 else "<1.0 mg/L" for one in level],
        drawn=[f"{day:02d}.0{month}.2020" for day, month in rng.integers(1, 9, (len(table), 2))],
        pain=rng.choice([-9, 0, 1, 2, 3], len(table)),
        systolic=systolic,
        diastolic=systolic - pulse // 3,
        pressure=pulse // 3,
    )


def rich_schema() -> sh.Schema:
    found = sh.Schema.detect(rich_table())
    changes = {
        "patient": {"protection": "fake"},
        "pain": {"kind": "ordinal", "levels": [0, 1, 2, 3], "missing": [-9]},
        "systolic": {"plausible": {"low": 50, "high": 250}},
    }
    content = found.model_dump(mode="json")
    for column in content["columns"]:
        column.update(changes.get(column["name"], {}))
    rules = ["pressure = systolic - diastolic", "if sex = 'F' then systolic < 180"]
    return sh.Schema.model_validate(content | {"rules": rules})


@cache
def saved(family: str) -> dict[str, bytes]:
    """Give the members of its file."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return members_of(fitted(family).save(Path(folder, "model.synth")))


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a zip of any members, in the order of a saved synthesizer."""
    known = [name for name in ORDER if name in members]
    entries = [Entry(name, members[name]) for name in known]
    entries += [Entry(name, content) for name, content in members.items() if name not in known]
    path.write_bytes(pack(entries))
    return path


def with_digests(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Make the digests in the manifest right again, as a forger would."""
    manifest = json.loads(members["manifest.json"])
    manifest["members"] = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for name, content in members.items()
        if name not in ("manifest.json", "signature.json")
    }
    return {**members, "manifest.json": json.dumps(manifest).encode()}


def forge(
    path: Path, family: str = "gaussian_copula", **changes: Callable[[Any], Any] | bytes
) -> Path:
    """Write a file whose members are changed, with all digests right.

    `changes` go by the member's name without its suffix: bytes to stand there, or a function that
    gives (or changes in place) the parsed JSON; for ``arrays`` the dict of arrays.
    """
    from safetensors.numpy import load, save

    members = dict(saved(family))
    for stem, change in changes.items():
        name = next(name for name in members if name.startswith(stem))
        if isinstance(change, bytes):
            members[name] = change
        elif name == "arrays.safetensors":
            arrays = {name: array.copy() for name, array in load(members[name]).items()}
            changed = change(arrays)
            members[name] = save(arrays if changed is None else changed)
        else:
            content = json.loads(members[name])
            changed = change(content)
            members[name] = json.dumps(content if changed is None else changed).encode()
    return write(path, with_digests(members))


class Entry:
    """A member of a zip, of which every field can lie."""

    def __init__(self, name: str, content: bytes, **lies: Any) -> None:
        self.name, self.content, self.lies = name.encode("latin-1"), content, lies

    def _field(self, field: str, place: str, truth: Any) -> Any:
        return self.lies.get(f"{place}_{field}", self.lies.get(field, truth))

    def packed(self) -> bytes:
        if "packed" in self.lies:
            return self.lies["packed"]
        if self._method("local") == zipfile.ZIP_STORED:
            return self.content
        squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return squeezer.compress(self.content) + squeezer.flush()

    def _method(self, place: str) -> int:
        stored = self.name == b"arrays.safetensors"
        truth = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        return self._field("method", place, truth)

    def local(self) -> bytes:
        name = self.lies.get("local_name", self.name)
        return self._head("<4s5H3I2H", b"PK\3\4", (20,), "local", (len(name), 0)) + name

    def directory(self, start: int) -> bytes:
        extra = self.lies.get("extra", b"")
        behind = (
            *(len(self.name), len(extra), 0, 0, 0),
            self.lies.get("attributes", 0o100600 << 16),
            self.lies.get("start", start),
        )
        head = self._head("<4s6H3I5H2I", b"PK\1\2", (3 << 8 | 20, 20), "directory", behind)
        return head + self.name + extra

    def _head(
        self, form: str, mark: bytes, made: tuple[int, ...], place: str, behind: tuple[int, ...]
    ) -> bytes:
        return struct.pack(
            form,
            mark,
            *made,
            self._field("flags", place, 0),
            self._method(place),
            0,
            33,
            self._field("crc", place, zlib.crc32(self.content)),
            self._field("packed_size", place, len(self.packed())),
            self._field("size", place, len(self.content)),
            *behind,
        )


def pack(entries: list[Entry], *, before: bytes = b"", comment: bytes = b"", n: int = -1) -> bytes:
    """Write a zip by hand."""
    body, directory = before, b""
    for entry in entries:
        start = len(body)
        body += entry.local() + entry.packed()
        directory += entry.directory(start)
    count = len(entries) if n < 0 else n
    end = struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), len(comment)
    )
    return body + directory + end + comment


class ResampledMargins:
    """A family of a third party in its smallest form: normal or multinomial margins."""

    name = "independent_margins"
    parameters = (Parameter("width", float, 1.0, "scale of the spread", low=0.1, high=10.0),)

    def __init__(self, **params: Any) -> None:
        self.params = params

    def fit(self, table: pd.DataFrame, schema: Any, *, seed: int, training: Training) -> None:
        self.settings_ = {"width": 1.0} | self.params
        self.partial_ = False
        self._numbers = schema.numerical
        self._columns = list(table.columns)
        self._arrays = {
            name: np.array([table[name].mean(), table[name].std()])
            if name in self._numbers
            else np.bincount(table[name]) / len(table)
            for name in table.columns
        }

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        return pd.DataFrame(
            {
                name: rng.normal(*self._arrays[name], n)
                if name in self._numbers
                else rng.choice(self._arrays[name].size, n, p=self._arrays[name])
                for name in self._columns
            }
        )

    def state(self) -> dict[str, Any]:
        return {
            "columns": self._columns,
            "numbers": self._numbers,
            "settings": self.settings_,
            **{f"margin.{name}": array for name, array in self._arrays.items()},
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> ResampledMargins:
        model = cls(**state["settings"])
        model.settings_, model.partial_ = state["settings"], False
        model._columns, model._numbers = state["columns"], state["numbers"]
        model._arrays = {name: state[f"margin.{name}"] for name in model._columns}
        return model
