"""The file of a ledger: its content, its key, and one writer at a time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synthhealth.errors import FileError, ParameterError
from synthhealth.io.files import check_target, reason, whole_file
from synthhealth.io.workspace import locked, settle
from synthhealth.table.left_out import Privacy

__all__ = [
    "HASH_BYTES",
    "NAME",
    "Content",
    "Entry",
    "Hashes",
    "LedgerFile",
    "Part",
    "Thing",
    "keyed",
]

#: The name under which a ledger is looked for beside a table.
NAME = "synthhealth-ledger.json"

#: Bytes of a patient's hash: that two of a million share one has a chance of 1 in 30 million.
HASH_BYTES = 8
_KEY_BYTES = 32

Thing = Literal["table", "model", "report"]
Hashes = npt.NDArray[np.uint64]


class Part(BaseModel):
    """A part of a ledger, frozen."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class Entry(Part):
    """One fit, or one release of what a fit gave."""

    id: str
    """A random number, by which a release names its fit."""
    what: Literal["fit", "release"]
    """Which of the two it is."""
    when: str
    """The time, in UTC."""
    family: str
    """The model family."""
    privacy: Privacy
    """How many patients the fit left out."""
    guard: bool = False
    """Whether rows were drawn under a guard."""
    n_rows: int = Field(ge=0)
    """Rows of the table."""
    n_patients: int = Field(ge=0)
    """Patients of the table."""
    columns: tuple[str, ...]
    """Keyed hashes of the names of its columns."""
    patients: str
    """Which set of keyed hashes of patients it is."""
    things: tuple[Thing, ...] = ()
    """What was released: the synthetic table, the model, the report."""
    fit: str | None = None
    """Of a release the fit that it is of."""
    epsilon: float | None = Field(default=None, ge=0)
    """What was spent of a formal privacy budget; None where there is none."""


class Content(Part):
    """All that the file holds."""

    format: Literal["synthhealth ledger"] = "synthhealth ledger"
    version: Literal[1] = 1
    key: str
    """A keyed hash of nothing, by which the key is recognised."""
    sets: dict[str, str] = {}
    """The keyed hashes of the patients of each set, in order of size, in base64."""
    entries: tuple[Entry, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Content:
        for text in self.sets.values():
            if len(base64.b64decode(text, validate=True)) % HASH_BYTES:
                raise ValueError("a hash is cut off")
        if not {entry.patients for entry in self.entries} <= self.sets.keys():
            raise ValueError("an entry names a set that is not there")
        return self

    def hashes(self, which: str) -> Hashes:
        """Give the keyed hashes of the patients of one set."""
        return np.frombuffer(base64.b64decode(self.sets[which]), dtype=np.uint64)


class LedgerFile:
    """A ledger's file, and its key in another one beside it.

    Parameters
    ----------
    path : path-like
        The file; the key has its name and the suffix ``.key``.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.key_path = self.path.with_suffix(".key")
        if self.path.suffix == ".key":
            raise ParameterError(
                f"ledger: {path} has the name of its key; let its name end in .json"
            )

    @property
    def exists(self) -> bool:
        """Whether anything was ever recorded."""
        return self.path.exists()

    def check(self) -> None:
        """Refuse a ledger that cannot be read or written.

        Raises
        ------
        FileError
        """
        check_target(self.path, force=True)
        if self.exists:
            self.read()

    def read(self) -> tuple[Content, bytes]:
        """Read the ledger, which exists, and its key.

        Raises
        ------
        FileError
            One of the two cannot be read, is damaged, or is not of the other.
        """
        settle(self.path.parent)
        try:
            text, key_text = self.path.read_bytes(), self.key_path.read_bytes()
        except OSError as error:
            missing = self.key_path if self.exists else self.path
            raise FileError(
                f"ledger: {missing} cannot be read ({reason(error)}); the ledger is of no use "
                "without its key. Put it back, or begin another ledger under another name"
            ) from None
        key = self._key(key_text)
        try:
            content = Content.model_validate_json(text, strict=True)
        except (ValidationError, ValueError):
            raise FileError(
                f"ledger: {self.path} is damaged, or is not a ledger; put back a copy of it, or "
                "move it away to begin another one. It was left as it is"
            ) from None
        if not hmac.compare_digest(content.key, keyed(key, "key", b"")):
            raise FileError(
                f"ledger: {self.key_path} is not the key of {self.path}; put back the one that "
                "was made with it. Both were left as they are"
            )
        return content, key

    def _key(self, text: bytes) -> bytes:
        try:
            key = bytes.fromhex(text.decode("ascii").strip())
        except (UnicodeDecodeError, ValueError):
            key = b""
        if len(key) != _KEY_BYTES:
            raise FileError(
                f"ledger: {self.key_path} holds no key; put back the one that was made with the "
                "ledger"
            )
        return key

    @contextmanager
    def open(self) -> Iterator[tuple[Content, bytes]]:
        """Give content and key, to be written, while no other process writes; both may be new.

        Raises
        ------
        FileError
        """
        self.check()  # a key that is missing is not to be made again
        try:
            with locked(self.key_path):
                if not self.exists and not self.key_path.read_bytes():
                    self.key_path.write_text(f"{secrets.token_hex(_KEY_BYTES)}\n", "ascii")
                if self.exists:
                    yield self.read()
                else:
                    key = self._key(self.key_path.read_bytes())
                    yield Content(key=keyed(key, "key", b"")), key
        except OSError as error:
            if isinstance(error, FileError):
                raise
            raise FileError(
                f"ledger: {self.path} cannot be written ({reason(error)}); give another place "
                "for it"
            ) from None

    def write(self, content: Content, entry: Entry, patients: Hashes | None = None) -> None:
        """Add an entry, and the patients that it names, where they are new."""
        sets = content.sets
        if patients is not None:
            text = base64.b64encode(patients.tobytes()).decode("ascii")
            sets = sets | {entry.patients: text}
        changed = content.model_copy(update={"entries": (*content.entries, entry), "sets": sets})
        with whole_file(self.path, force=True, private=True) as file:
            file.write_text(changed.model_dump_json(indent=1) + "\n", encoding="utf-8")


def keyed(key: bytes, use: str, content: bytes) -> str:
    """Give a keyed hash of some content, for one use."""
    return hmac.new(key, f"{use}\n".encode() + content, hashlib.sha256).hexdigest()[:32]
