"""A checkpoint: the state of a fit's trainings in a file, from which a later fit goes on.

The file is three parts: the SHA-256 of what follows and a line feed; JSON and a line feed; arrays
in the form of safetensors. There is no code in it. The table that it belongs to stands in it as a
salted hash. Weights, moments and random states hold no value of a patient, but they have not the
blur of a saved model, and the hash lets who guesses the whole table see whether it is the one: the
file is as confidential as the table.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.artifact.container import MAX_ARRAYS_BYTES, MAX_JSON_BYTES
from synthhealth.artifact.manifest import versions_here
from synthhealth.artifact.plain import parse_json, read_arrays, to_json, write_arrays
from synthhealth.errors import (
    ArtifactError,
    CheckpointError,
    FileError,
    FitInterruptedError,
    SynthHealthError,
)
from synthhealth.io import check_target, settle, whole_file
from synthhealth.io.files import reason

__all__ = ["LOOK_SECONDS", "WRITE_SECONDS", "Checkpoint"]

#: How often the state is taken, to be written when the fit is interrupted; and how often it is
#: written anyway.
LOOK_SECONDS, WRITE_SECONDS = 1.0, 60.0

#: A state that takes long to take or write is taken more rarely: at most this share of the time.
_SHARE = 0.05

_FORMAT = 1
_HASH_BYTES = 64

#: What stands in the file of each training: with what it was begun, and its state, if any.
_TRAINING = ("settings", "table", "state")

_log = logging.getLogger(__name__)


class Checkpoint:
    """Where the trainings of one fit leave their states, and find them again.

    Parameters
    ----------
    path : path-like
        The file. If it is there, the fit goes on from it.
    fit : mapping
        What decides the fit beside the table and the family's settings, as plain values; a seed
        that is None is taken from the file.

    Attributes
    ----------
    seed : int or None
        The seed of the fit: as given, or that of the file; None where neither says.

    Raises
    ------
    CheckpointError
        The file is damaged, or that of another fit.
    FileError
        The file cannot be read, or none can be written there.
    """

    def __init__(self, path: str | os.PathLike[str], fit: Mapping[str, Any]) -> None:
        self._path = Path(path)
        check_target(self._path, force=True)
        self._fit = {**fit, "versions": versions_here(str(fit["model"]))}
        self._salt = secrets.token_bytes(32)
        self._trainings: list[dict[str, Any]] = []
        self._current = -1
        self._is_new = False
        self._next_look = self._next_write = 0.0
        self.seed: int | None = fit["seed"]
        settle(self._path.parent)
        if self._path.exists():
            with self._in_words():
                self._read()

    def begin(self, settings: Mapping[str, Any], table: pd.DataFrame) -> dict[str, Any] | None:
        """Begin the next training. See `synthhealth.models.base.Checkpoint`."""
        now = time.monotonic()
        self._next_look, self._next_write = now + LOOK_SECONDS, now + WRITE_SECONDS
        self._current += 1
        about = {
            "settings": parse_json(to_json(dict(settings)), "the settings"),
            "table": self._hash_of(table),
        }
        if self._current >= len(self._trainings):
            self._trainings.append({**about, "state": None})
            return None
        kept = self._trainings[self._current]
        if others := _different(kept["settings"], about["settings"]):
            raise CheckpointError(f"it was made with other parameters ({', '.join(others)})")
        if not hmac.compare_digest(str(kept["table"]).encode(), about["table"].encode()):
            raise CheckpointError(
                "it was made from another table, or under another schema, level of privacy or limit"
            )
        state: dict[str, Any] | None = kept["state"]
        return state

    def follow(self, state: Callable[[], dict[str, Any]]) -> None:
        """Take the state if it is time, and write it if it is time for that."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._trainings[self._current]["state"] = state()
        self._is_new = True
        if now >= self._next_write:
            self.write()
        after = time.monotonic()
        self._next_look = after + LOOK_SECONDS * max(1.0, (after - now) / _SHARE)

    def write(self) -> bool:
        """Write what is not written yet; say whether the file has all that was taken.

        A state that cannot be written costs no fit: a warning says why.
        """
        self._next_write = time.monotonic() + WRITE_SECONDS
        if not self._is_new:
            return self._path.exists()
        try:
            content = self._content()
            with whole_file(self._path, force=True, private=True) as file:
                file.write_bytes(content)
        except (SynthHealthError, OSError) as error:
            why = str(error) if isinstance(error, SynthHealthError) else reason(error)
            _log.warning("checkpoint %s: the state cannot be kept (%s)", self._path, why)
            return False
        self._is_new = False
        return True

    def end(self, *, is_partial: bool) -> None:
        """Remove the file of a fit that came to its end; that of a partial one is written."""
        if is_partial:
            self.write()
            return
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("checkpoint %s: it cannot be removed (%s)", self._path, reason(error))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Write the state where a fit is interrupted, however it is, and say where it lies."""
        try:
            with self._in_words():
                yield
        except FitInterruptedError as error:
            if not self.write():
                raise
            raise FitInterruptedError(
                f"training was interrupted; its state is kept in {self._path}: the same fit with "
                "this checkpoint goes on from there"
            ) from error
        except BaseException:
            self.write()
            raise

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except CheckpointError as error:
            raise CheckpointError(
                f"checkpoint {self._path}: {error}; delete it to start again, or name another file"
            ) from None

    def _hash_of(self, table: pd.DataFrame) -> str:
        """Give the hash of the table that a family learns, which is the schema's doing, too."""
        digest = hmac.new(self._salt, digestmod=hashlib.sha256)
        digest.update(to_json([len(table), [str(name) for name in table.columns]]))
        for name in table.columns:
            values = np.ascontiguousarray(table[name].to_numpy())
            digest.update(f"{values.dtype.kind}{values.dtype.itemsize}".encode())
            digest.update(values.astype(values.dtype.newbyteorder("<"), copy=False).data)
        return digest.hexdigest()

    def _content(self) -> bytes:
        arrays: dict[str, npt.NDArray[Any]] = {}
        plain = {
            "format": _FORMAT,
            "fit": {**self._fit, "seed": self.seed},
            "salt": self._salt.hex(),
            "trainings": _without_arrays(self._trainings, "", arrays),
        }
        body = to_json(plain) + b"\n" + write_arrays(arrays)
        return hashlib.sha256(body).hexdigest().encode() + b"\n" + body

    def _read(self) -> None:
        damaged = CheckpointError("it is damaged, or no checkpoint at all")
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_JSON_BYTES + MAX_ARRAYS_BYTES)
        except OSError as error:
            raise FileError(
                f"{self._path}: the checkpoint cannot be read ({reason(error)})"
            ) from None
        said, body = content[:_HASH_BYTES], content[_HASH_BYTES + 1 :]
        if hashlib.sha256(body).hexdigest().encode() != said:
            raise damaged
        text, _, packed = body.partition(b"\n")
        try:
            plain = parse_json(text, "the checkpoint")
            if plain["format"] != _FORMAT:
                raise CheckpointError("it is of another format")
            fit, found = plain["fit"], _with_arrays(plain["trainings"], read_arrays(packed))
            trainings = [{name: one[name] for name in _TRAINING} for one in found]
            self._salt = bytes.fromhex(plain["salt"])
            seed = fit["seed"] if self.seed is None else self.seed
            others = _different(fit, {**self._fit, "seed": seed})
        except (ArtifactError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise error if isinstance(error, CheckpointError) else damaged from None
        if others:
            raise CheckpointError(f"it is that of another fit ({', '.join(others)})")
        self.seed, self._trainings = seed, trainings


def _different(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Give the names under which two mappings differ, with those of the mappings in them."""
    names = []
    for name in sorted({*one, *other}):
        here, there = one.get(name), other.get(name)
        if isinstance(here, dict) and isinstance(there, dict):
            names += [f"{name}: {inner}" for inner in _different(here, there)]
        elif here != there:
            names.append(name)
    return names


def _without_arrays(value: Any, place: str, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    """Give plain values; each array in them goes to `arrays`, and its name stands in its place."""
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return {"array": place}
    if isinstance(value, dict):
        return {
            name: _without_arrays(one, f"{place}/{name}", arrays) for name, one in value.items()
        }
    if isinstance(value, list):
        return [_without_arrays(one, f"{place}/{n}", arrays) for n, one in enumerate(value)]
    return value


def _with_arrays(value: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"array"}:
            return arrays[value["array"]]
        return {name: _with_arrays(one, arrays) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_arrays(one, arrays) for one in value]
    return value
