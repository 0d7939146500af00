"""What was fitted and released of the tables in a folder, in a file that stays beside them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import os
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synthhealth.artifact.digest import canonical_cells
from synthhealth.errors import FileError, ParameterError
from synthhealth.io.files import check_target, reason, whole_file
from synthhealth.io.workspace import locked, settle
from synthhealth.schema import Schema
from synthhealth.schema.subjects import subjects_of
from synthhealth.table.left_out import Privacy

__all__ = ["NAME", "Entry", "GivenAway", "Ledger"]

logger = logging.getLogger("synthhealth.ledger")

#: The name under which a ledger is looked for beside a table.
NAME = "synthhealth-ledger.json"

#: Fewer patients than `min_cell`, or than this share of all, are a few.
FEW = 0.05

#: Bytes of a patient's hash: that two of a million share one has a chance of 1 in 30 million.
_HASH_BYTES = 8
_KEY_BYTES = 32

Thing = Literal["table", "model", "report"]
Hashes = npt.NDArray[np.uint64]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class Entry(_Part):
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


class GivenAway(_Part):
    """What was given away so far, by a ledger."""

    fits: int
    """Fits of these tables."""
    releases: int
    """How often something of them was released."""
    things: dict[str, int]
    """How often the synthetic table, the model and the report of a fit were released."""
    epsilon: float | None
    """The privacy budget that all fits together have spent (sequential composition: Dwork and
    Roth, 2014, theorem 3.16); None where none has a budget."""
    without_epsilon: int
    """Fits without a formal budget, which no sum is a bound for."""

    def in_words(self) -> str:
        """Say it in a line."""
        things = ", ".join(f"{thing} {n:,}" for thing, n in self.things.items())
        released = f"{self.releases:,} released ({things})" if things else "nothing released"
        spent = ""
        if self.epsilon is not None:
            spent = f", epsilon {self.epsilon:g} in all"
            spent += f" beside {self.without_epsilon:,} without" if self.without_epsilon else ""
        return f"{self.fits:,} {'fit' if self.fits == 1 else 'fits'}, {released}{spent}"


class _Content(_Part):
    format: Literal["synthhealth ledger"] = "synthhealth ledger"
    version: Literal[1] = 1
    key: str
    """A keyed hash of nothing, by which the key is recognised."""
    sets: dict[str, str] = {}
    """The keyed hashes of the patients of each set, in order of size, in base64."""
    entries: tuple[Entry, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> _Content:
        for text in self.sets.values():
            if len(base64.b64decode(text, validate=True)) % _HASH_BYTES:
                raise ValueError("a hash is cut off")
        if not {entry.patients for entry in self.entries} <= self.sets.keys():
            raise ValueError("an entry names a set that is not there")
        return self

    def hashes(self, which: str) -> Hashes:
        return np.frombuffer(base64.b64decode(self.sets[which]), dtype=np.uint64)


class _Alike(NamedTuple):
    """How a table differs from that of an earlier fit."""

    entry: Entry
    new: int
    gone: int

    def n_different(self) -> int:
        return self.new + self.gone

    def are_few(self, min_cell: int) -> bool:
        return 0 < self.n_different() < max(min_cell, FEW * self.entry.n_patients)

    def in_words(self) -> str:
        parts = [f"{n:,} {'is' if n == 1 else 'are'} {what}" for n, what in self._parts() if n]
        return " and ".join(parts)

    def _parts(self) -> tuple[tuple[int, str], ...]:
        return (self.new, "new"), (self.gone, "gone")


class Ledger:
    """A record of what was fitted and released, by which nearly the same patients are recognised.

    Two releases that differ by a few patients tell of those few (differencing). The ledger
    holds a keyed hash of each patient's rows, so that a later fit can count how many patients
    differ. The key lies in a file of its own beside it; without it nobody can try whether a patient
    is in the ledger. Neither file leaves the hospital.

    Parameters
    ----------
    path : path-like
        The file, open to its owner alone. It is made by the first fit, and the key beside it, with
        the suffix ``.key``.

    Examples
    --------
    >>> import tempfile
    >>> import synthhealth as sh
    >>> real = sh.datasets.load_ra_panel()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ledger = sh.Ledger(f"{folder}/synthhealth-ledger.json")
    ...     _ = sh.Synthesizer(random_state=0).fit(real[:-1], ledger=ledger)
    ...     ledger.nearly_same(real, sh.Schema.detect(real))
    ...     ledger.given_away().fits
    (1, 0)
    1
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.key_path = self.path.with_suffix(".key")
        if self.path.suffix == ".key":
            raise ParameterError(
                f"ledger: {path} has the name of its key; let its name end in .json"
            )

    @classmethod
    def beside(cls, data: str | os.PathLike[str]) -> Ledger | None:
        """Give the ledger that lies beside a table, if there is one."""
        path = Path(data).parent / NAME
        return cls(path) if path.exists() else None

    def check(self) -> None:
        """Refuse, before any long work, a ledger that cannot be read or written.

        Raises
        ------
        FileError
        """
        check_target(self.path, force=True)
        if self.path.exists():
            self._read()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What was recorded, in its order.

        Raises
        ------
        FileError
            The file is damaged or cannot be read.
        """
        return self._read()[0].entries if self.path.exists() else ()

    def given_away(self) -> GivenAway:
        """Add up what was fitted and released.

        Raises
        ------
        FileError
        """
        entries = self.entries
        fits = [entry for entry in entries if entry.what == "fit"]
        budgets = [entry.epsilon for entry in fits if entry.epsilon is not None]
        return GivenAway(
            fits=len(fits),
            releases=len(entries) - len(fits),
            things=dict(Counter(thing for entry in entries for thing in entry.things)),
            epsilon=sum(budgets) if budgets else None,
            without_epsilon=len(fits) - len(budgets),
        )

    def nearly_same(self, table: pd.DataFrame, schema: Schema) -> tuple[int, int] | None:
        """Count by how many patients a table differs from the most alike one before.

        Parameters
        ----------
        table : pandas.DataFrame, shape (n_rows, n_columns)
            As it was read.
        schema : Schema
            Says by its `subject` which rows are of one patient.

        Returns
        -------
        (int, int) or None
            How many patients are new, and how many are gone; None where no table before can be
            compared.

        Raises
        ------
        FileError
        """
        alike = min(self._compared(table, schema), key=_Alike.n_different, default=None)
        return None if alike is None else (alike.new, alike.gone)

    def tell(
        self, table: pd.DataFrame, schema: Schema, *, family: str, privacy: Privacy, guard: bool
    ) -> None:
        """Log what a fit of a table would add to what was given away.

        A warning where it would be of nearly the same patients as one before: of all but fewer than
        `min_cell`, or than 5 %. What two such releases differ by is then of groups that are too
        small to be told of. The same table once more, at the same seed, gives the same again.

        Raises
        ------
        FileError
        """
        compared = self._compared(table, schema)
        # Of several alike the last one. The same patients are no news, nearly the same stay one.
        few = [one for one in reversed(compared) if one.are_few(schema.min_cell)]
        same = [one for one in reversed(compared) if not one.n_different()]
        if few:
            logger.warning(
                "ledger: nearly the same patients were %s: %s. Whoever gets something of both fits "
                "learns of these few; release one of them only, or wait for more patients",
                self._done(few[0].entry),
                few[0].in_words(),
            )
        elif same:
            before = same[0].entry
            is_alike = (family, privacy, guard) == (before.family, before.privacy, before.guard)
            logger.warning(
                "ledger: the same patients were %s: %s",
                self._done(before),
                "the same seed gives the same again; what another seed draws tells more"
                if is_alike
                else "with other settings, each of which tells something of its own",
            )
        elif self.entries and not compared:
            logger.warning(
                "ledger: earlier fits had columns that this table lacks, so it cannot be told "
                "whether they were of nearly the same patients"
            )

    def _done(self, entry: Entry) -> str:
        is_released = entry.id in {one.fit for one in self.entries}
        what = "fitted, and something of it released," if is_released else "fitted"
        return f"{what} on {entry.when[:10]}"

    def record_fit(
        self,
        table: pd.DataFrame,
        schema: Schema,
        *,
        family: str,
        privacy: Privacy,
        guard: bool = False,
        epsilon: float | None = None,
    ) -> str:
        """Record a fit.

        Parameters
        ----------
        table, schema
            As for `nearly_same`.
        family, privacy, guard
            How it was learned.
        epsilon : float, optional
            The formal privacy budget that was spent.

        Returns
        -------
        str
            What a release of it names.

        Raises
        ------
        FileError
            The ledger is damaged, its key is missing or another one, or it cannot be written. What
            was recorded before stays.
        """
        with self._open() as (content, key):
            hashes = _hashes(table, schema, list(table.columns), key)
            which = _keyed(key, "set", hashes.tobytes())
            entry = Entry(
                id=secrets.token_hex(8),
                what="fit",
                when=_now(),
                family=family,
                privacy=privacy,
                guard=guard,
                n_rows=len(table),
                n_patients=len(hashes),
                columns=tuple(_names(table, key)),
                patients=which,
                epsilon=epsilon,
            )
            text = base64.b64encode(hashes.tobytes()).decode("ascii")
            self._write(content, entry, {which: text})
        return entry.id

    def record_release(self, things: Sequence[Thing], *, fit: str | None = None) -> str:
        """Record that something of a fit was released.

        Parameters
        ----------
        things : sequence of {"table", "model", "report"}
            What leaves the hospital.
        fit : str, optional
            What `record_fit` has given; by default the last fit.

        Raises
        ------
        FileError
            As `record_fit`.
        ParameterError
            There is no such fit.
        """
        with self._open() as (content, _):
            fits = [one for one in content.entries if one.what == "fit" and fit in (None, one.id)]
            if not fits:
                raise ParameterError(
                    f"ledger: {self.path} records no such fit; fit with this ledger first"
                )
            entry = fits[-1].model_copy(
                update={
                    "id": secrets.token_hex(8),
                    "what": "release",
                    "when": _now(),
                    "things": tuple(things),
                    "fit": fits[-1].id,
                    "epsilon": None,
                }
            )
            # A copy is not checked.
            self._write(content, Entry.model_validate(entry.model_dump()), {})
        return entry.id

    def _compared(self, table: pd.DataFrame, schema: Schema) -> list[_Alike]:
        """Compare a table with that of each fit, in their order, as far as its columns are here."""
        if not self.path.exists():
            return []
        content, key = self._read()
        names = _names(table, key)
        by_columns: dict[tuple[str, ...], Hashes] = {}
        found = []
        for entry in content.entries:
            if entry.what != "fit" or not set(entry.columns) <= names.keys():
                continue
            if entry.columns not in by_columns:
                same = [names[one] for one in entry.columns]
                by_columns[entry.columns] = _hashes(table, schema, same, key)
            now, before = by_columns[entry.columns], content.hashes(entry.patients)
            common = np.intersect1d(now, before, assume_unique=True).size
            found.append(_Alike(entry, now.size - common, before.size - common))
        return found

    def _read(self) -> tuple[_Content, bytes]:
        """Read the ledger, which exists, and its key."""
        settle(self.path.parent)
        try:
            text, key_text = self.path.read_bytes(), self.key_path.read_bytes()
        except OSError as error:
            missing = self.key_path if self.path.exists() else self.path
            raise FileError(
                f"ledger: {missing} cannot be read ({reason(error)}); the ledger is of no use "
                "without its key. Put it back, or begin another ledger under another name"
            ) from None
        key = self._key(key_text)
        try:
            content = _Content.model_validate_json(text, strict=True)
        except (ValidationError, ValueError):
            raise FileError(
                f"ledger: {self.path} is damaged, or is no ledger; put back a copy of it, or move "
                "it away to begin another one. It was left as it is"
            ) from None
        if not hmac.compare_digest(content.key, _keyed(key, "key", b"")):
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
    def _open(self) -> Iterator[tuple[_Content, bytes]]:
        """Give the content, to be written, while no other process writes."""
        self.check()  # a key that is missing is not to be made anew
        try:
            with locked(self.key_path):
                if not self.path.exists() and not self.key_path.read_bytes():
                    self.key_path.write_text(f"{secrets.token_hex(_KEY_BYTES)}\n", "ascii")
                if self.path.exists():
                    yield self._read()
                else:
                    key = self._key(self.key_path.read_bytes())
                    yield _Content(key=_keyed(key, "key", b"")), key
        except OSError as error:
            if isinstance(error, FileError):
                raise
            raise FileError(
                f"ledger: {self.path} cannot be written ({reason(error)}); give another place "
                "for it"
            ) from None

    def _write(self, content: _Content, entry: Entry, sets: dict[str, str]) -> None:
        changed = content.model_copy(
            update={"entries": (*content.entries, entry), "sets": content.sets | sets}
        )
        with whole_file(self.path, force=True, private=True) as file:
            file.write_text(changed.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _hashes(table: pd.DataFrame, schema: Schema, names: Sequence[str], key: bytes) -> Hashes:
    """Give a keyed hash of each patient's rows, in order of size."""
    # By the hashes of their names, so that the order of columns does not count.
    names = sorted(names, key=lambda name: _keyed(key, "name", str(name).encode()))
    cells = [canonical_cells(table[name]) for name in names]
    rows = ["\n".join(row) for row in zip(*cells, strict=True)]
    subjects = subjects_of(table, schema)
    if subjects is not None:
        together: dict[int, list[str]] = {}
        for subject, row in zip(subjects.tolist(), rows, strict=True):
            together.setdefault(subject, []).append(row)
        rows = ["\n\n".join(sorted(some)) for some in together.values()]
    # Patients of the same values are told apart, or the ledger would show that there are any.
    seen: Counter[str] = Counter()
    found = np.empty(len(rows), dtype=np.uint64)
    for place, row in enumerate(rows):
        seen[row] += 1
        message = f"patient {seen[row]}\n{row}".encode("utf-8", "surrogatepass")
        digest = hmac.digest(key, message, hashlib.sha256)
        found[place] = int.from_bytes(digest[:_HASH_BYTES], "little")
    return np.unique(found)


def _names(table: pd.DataFrame, key: bytes) -> dict[str, str]:
    """Give the columns by the keyed hashes of their names, which may be a patient's values."""
    return {_keyed(key, "name", str(name).encode()): name for name in table.columns}


def _keyed(key: bytes, use: str, content: bytes) -> str:
    return hmac.new(key, f"{use}\n".encode() + content, hashlib.sha256).hexdigest()[:32]


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
