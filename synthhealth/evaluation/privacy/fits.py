"""What is attacked: the patients that a model learned, others that it never saw, and its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation.encode import encode
from synthhealth.evaluation.tables import CanonicalTable, Tables
from synthhealth.schema import Schema
from synthhealth.schema.roles import quasi_identifiers
from synthhealth.schema.types import MIN_CELL, Role

__all__ = ["Fit", "quasi_identifiers", "secrets"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fit:
    """One model: whom it learned, whom it never saw, and what it drew.

    Attributes
    ----------
    schema : Schema
        The columns of all tables.
    members : CanonicalTable
        The patients that it learned, or the real ones where they are not known; a row of each.
    non_members : CanonicalTable or None
        Patients that it never saw, a row of each; None where there are none.
    synthetic : CanonicalTable
        What it drew.
    """

    schema: Schema
    members: CanonicalTable
    non_members: CanonicalTable | None
    synthetic: CanonicalTable

    @classmethod
    def of(cls, tables: Tables) -> Fit:
        """Take one row of each patient, as likely any of them as any other."""
        learned = tables.training or tables.everyone or tables.real
        can_attack = tables.training is not None and tables.unseen is not None
        return cls(
            schema=tables.schema,
            members=learned.one_row_each(),
            non_members=tables.unseen.one_row_each() if can_attack and tables.unseen else None,
            synthetic=tables.synthetic,
        )

    @property
    def n_members(self) -> int:
        """The number of patients that it learned."""
        return len(self.members.table)

    @property
    def n_non_members(self) -> int:
        """The number of patients that it never saw."""
        return 0 if self.non_members is None else len(self.non_members.table)

    @property
    def patients(self) -> list[CanonicalTable]:
        """The members, and the non-members if there are any."""
        return [self.members] if self.non_members is None else [self.members, self.non_members]

    @property
    def min_cell(self) -> int:
        """Of fewer patients something is rare, even where the schema lets a model learn it."""
        return max(self.schema.min_cell, MIN_CELL)

    @cached_property
    def _encoded(self) -> tuple[tuple[Floats, ...], Bools]:
        encoded = encode([*self.patients, self.synthetic], self.schema)
        return encoded.plain, encoded.categorical

    @cached_property
    def real(self) -> Floats:
        """The patients as numbers, the members first: see `Encoded.plain`."""
        plain, _ = self._encoded
        return plain[0] if len(plain) == 2 else np.vstack(plain[:-1])

    @property
    def drawn(self) -> Floats:
        """The synthetic rows, likewise."""
        return self._encoded[0][-1]

    @property
    def categorical(self) -> Bools:
        """Which columns of both are codes of levels."""
        return self._encoded[1]

    def parted(self, values: npt.NDArray[np.float64]) -> tuple[Floats, Floats]:
        """Part what is known of each patient into that of members and that of non-members."""
        return values[: self.n_members], values[self.n_members :]

    def places(self, names: Sequence[str]) -> list[int]:
        """Give the places of columns."""
        return [self.schema.names.index(name) for name in names]


def secrets(schema: Schema) -> tuple[str, ...]:
    """Give the columns that are to be guessed: those said to be sensitive, else all others."""
    said = tuple(column.name for column in schema if column.role is Role.SENSITIVE)
    known = quasi_identifiers(schema)
    return said or tuple(name for name in schema.names if name not in known)
