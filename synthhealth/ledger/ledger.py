"""What a ledger is asked: to record a fit or a release, and what was given away so far."""

from __future__ import annotations

import logging
import os
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from synthhealth.errors import ParameterError
from synthhealth.ledger.file import NAME, Entry, Hashes, LedgerFile, Part, Thing, keyed
from synthhealth.ledger.patients import hashes_of, names_of
from synthhealth.schema import Schema
from synthhealth.table.left_out import Privacy

__all__ = ["GivenAway", "Ledger"]

logger = logging.getLogger("synthhealth.ledger")

#: Fewer patients than `min_cell`, or than this share of all, are a few.
FEW = 0.05


class GivenAway(Part):
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
        self._file = LedgerFile(path)

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @property
    def key_path(self) -> Path:
        """The file with its key."""
        return self._file.key_path

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
        self._file.check()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What was recorded, in its order.

        Raises
        ------
        FileError
            The file is damaged or cannot be read.
        """
        return self._file.read()[0].entries if self._file.exists else ()

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
        with self._file.open() as (content, key):
            hashes = hashes_of(table, schema, list(table.columns), key)
            entry = Entry(
                id=secrets.token_hex(8),
                what="fit",
                when=_now(),
                family=family,
                privacy=privacy,
                guard=guard,
                n_rows=len(table),
                n_patients=len(hashes),
                columns=tuple(names_of(table, key)),
                patients=keyed(key, "set", hashes.tobytes()),
                epsilon=epsilon,
            )
            self._file.write(content, entry, hashes)
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
        with self._file.open() as (content, _):
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
            self._file.write(content, Entry.model_validate(entry.model_dump()))
        return entry.id

    def _compared(self, table: pd.DataFrame, schema: Schema) -> list[_Alike]:
        """Compare a table with that of each fit, in their order, as far as its columns are here."""
        if not self._file.exists:
            return []
        content, key = self._file.read()
        names = names_of(table, key)
        by_columns: dict[tuple[str, ...], Hashes] = {}
        found = []
        for entry in content.entries:
            if entry.what != "fit" or not set(entry.columns) <= names.keys():
                continue
            if entry.columns not in by_columns:
                same = [names[one] for one in entry.columns]
                by_columns[entry.columns] = hashes_of(table, schema, same, key)
            now, before = by_columns[entry.columns], content.hashes(entry.patients)
            common = np.intersect1d(now, before, assume_unique=True).size
            found.append(_Alike(entry, now.size - common, before.size - common))
        return found


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
