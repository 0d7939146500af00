"""The way from the plain rows that a model draws back to the user's table; `learning` learns it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from synthhealth.errors import ConditionError, TableError
from synthhealth.schema.identifiers.protection import add_fakes
from synthhealth.schema.rare import RareLevels
from synthhealth.schema.reading.reading import read_column
from synthhealth.schema.reading.writing import write_column
from synthhealth.schema.rules import derivations, rules_of
from synthhealth.schema.schema import Schema
from synthhealth.schema.types import BLANK, Column
from synthhealth.table._constants import (
    Constant,
    add_constants,
)
from synthhealth.table.censoring import Censoring
from synthhealth.table.dtypes import dtype_from_text
from synthhealth.table.encoding import ColumnForm, TableForm
from synthhealth.table.gaps import MissingPatterns, States
from synthhealth.table.joined import join, split_conditions
from synthhealth.table.known import Known
from synthhealth.table.left_out import Privacy
from synthhealth.table.limits import Alignment
from synthhealth.table.ranges import Between

__all__ = ["Ends", "Preparation", "Rows"]


#: Where a model draws more than this beyond a limit, the column is brought back to it as a whole,
#: all but a small share; fewer strays are reflected at the limit, one by one.
STRAY_SHARE, LEFT_SHARE = 0.05, 0.005


@dataclass(frozen=True)
class Rows:
    """Drawn rows on their way back."""

    plain: pd.DataFrame
    """All columns of the form in the plain form, those that a rule computes among them."""
    states: States
    """Whether and how the cells of the columns that have gaps are missing."""

    def __len__(self) -> int:
        return len(self.plain)

    def take(self, places: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Rows:
        """Give some of the rows."""
        plain = self.plain.loc[places] if places.dtype == bool else self.plain.iloc[places]
        return Rows(plain.reset_index(drop=True), self.states[places])

    @classmethod
    def join(cls, parts: list[Rows]) -> Rows:
        """Put rows together."""
        if len(parts) == 1:
            return parts[0]
        plain = pd.concat([part.plain for part in parts], ignore_index=True)
        return cls(plain, np.concatenate([part.states for part in parts]))


class Ends(BaseModel):
    """The ends of a column on or beyond which many patients lie, each with their share.

    Such an end is a detection limit, or a value that many patients have, such as zero.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: tuple[float, float] | None
    high: tuple[float, float] | None


class Preparation(BaseModel):
    """How a user's table becomes plain, and drawn plain rows become such a table again.

    Plain data, so that it can be saved.

    Attributes
    ----------
    described : Schema
        What the columns of the user's table are, complete.
    learned : Schema
        The same without identifiers, dates and ages generalised where that was chosen, and two
        numbers in a cell as two columns.
    form : TableForm
        The form of the columns that are learned or computed.
    dtypes : dict of str to str
        Their dtypes in the user's table.
    empty_is_none : tuple of str
        The columns of objects whose empty cells are None rather than NaN.
    patterns : MissingPatterns
        Which values are missing together.
    censoring : dict of str to Censoring
        How results beyond detection limits are reported, by column.
    ends : dict of str to Ends
        The numerical columns with an end that many patients lie on or beyond.
    alignments : dict of str to Alignment
        How what the model draws is brought to those ends; see `calibrated`.
    rare : dict of str to RareLevels
        What was done with the levels that few patients have, by column.
    constants : dict of str to Constant
        The columns of one value or none, which are written again as they were.
    n_patients : int or None
        How many patients the table has, where the schema has a subject.
    privacy : {"none", "standard", "high"}
        How many of them were left out; see `rows_kept`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    described: Schema
    learned: Schema
    form: TableForm
    dtypes: dict[str, str]
    empty_is_none: tuple[str, ...]
    patterns: MissingPatterns
    censoring: dict[str, Censoring]
    ends: dict[str, Ends]
    alignments: dict[str, Alignment] = {}
    rare: dict[str, RareLevels] = {}
    constants: dict[str, Constant] = {}
    n_patients: int | None = None
    privacy: Privacy = "none"

    def calibrated(self, draw: Callable[[], pd.DataFrame]) -> Preparation:
        """Adapt to the plain rows that the fitted model draws.

        Columns are brought to their ends (`Alignment`), and the patterns of missing values to
        their shares (`MissingPatterns.calibrated`).
        """
        drawn = draw()
        alignments = {
            column.name: self._alignment(column, drawn[column.name].to_numpy())
            for column in self.form.columns
            if column.kind.is_numerical and column.name in drawn
        }
        aligned = self.model_copy(update={"alignments": alignments})
        rows = aligned._computed(aligned._aligned(drawn))
        return aligned.model_copy(update={"patterns": self.patterns.calibrated(rows)})

    def _alignment(self, column: ColumnForm, drawn: npt.NDArray[np.float64]) -> Alignment:
        ends = self.ends.get(column.name, Ends(low=None, high=None))
        low, high = ends.low, ends.high
        if low is None and (drawn < column.low).mean() > STRAY_SHARE:
            low = (column.low, LEFT_SHARE)
        if high is None and (drawn > column.high).mean() > STRAY_SHARE:
            high = (column.high, LEFT_SHARE)
        return Alignment.learn(drawn, low=low, high=high)

    def known(self, asked: Mapping[str, list[Any]], missing_means_unknown: bool) -> Known:
        """Check conditions and bring them to the plain form.

        Raises
        ------
        ConditionError
            A condition cannot be met.
        """
        computed = {derived.target for derived in derivations(rules_of(self.learned))}
        asked = split_conditions(asked, self.described)
        for name in asked:
            if name in computed:
                raise ConditionError(
                    f"condition on column {name!r}: a rule computes it from other columns; set "
                    "conditions on those"
                )
            if name in self.constants:
                raise ConditionError(
                    f"condition on column {name!r}: every patient has the same value, or none, "
                    "and so has every synthetic row; leave the condition out"
                )
            if name in self.described.names and name not in self.learned.names:
                raise ConditionError(
                    f"condition on column {name!r}: it identifies people, so nothing was learned "
                    "about it; set conditions on other columns"
                )
        read = {
            name: _read_conditions(cells, self.learned[name])
            if name in self.learned.names
            else cells
            for name, cells in asked.items()
        }
        if not missing_means_unknown:
            for name, cells in read.items():
                if name in self.learned.names and BLANK in (self.learned[name].levels or ()):
                    read[name] = [BLANK if cell is None else cell for cell in cells]
        for name, cells in read.items():
            if name in self.rare and name in self.learned.names:
                self._refuse_rare(name, cells)
        known = Known.encode(self.form, read, missing_means_unknown)
        known.check_gaps(self.patterns)
        return known

    def _refuse_rare(self, name: str, cells: list[Any]) -> None:
        """Say of a level that is not there that it may have been too rare."""
        if self.rare[name].rule == "keep":
            return
        levels = self.form[name].levels
        for cell in cells:
            if pd.api.types.is_scalar(cell) and pd.notna(cell) and cell not in levels:
                pool = self.rare[name].pool
                raise ConditionError(
                    f"condition on column {name!r}: no such level was learned; levels of fewer "
                    f"than {self.learned.min_cell} patients were too rare"
                    + (f" and are part of {pool!r}" if pool else "")
                    + f"; ask for one of the {len(levels)} levels that were learned"
                )

    def realise(
        self, plain: pd.DataFrame, rng: np.random.Generator, known: Known | None = None
    ) -> Rows:
        """Give drawn plain rows their computed values and their gaps.

        Raises
        ------
        FitError
            The rows cannot be written.
        """
        self.form.check_drawn(plain)
        plain = self._aligned(plain, known)
        self.form.check_drawn(plain)
        plain = self._computed(plain)
        if known is None:
            states = self.patterns.draw(plain, rng)
        else:
            states = known.draw_gaps(self.patterns, plain, rng)
        return Rows(plain[self.form.names], states)

    def aligned(self, plain: pd.DataFrame) -> pd.DataFrame:
        """Bring drawn plain values to the ends of their columns, as `realise` does."""
        return self._aligned(plain)

    def keeps_rules(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Say of each row whether it keeps all rules, as far as its values are known."""
        kept = np.ones(len(rows), dtype=bool)
        rules = rules_of(self.learned)
        if rules:
            values = self._values(rows.plain, rows.states)
            for rule in rules:
                kept &= rule.holds(values)
        for derived in derivations(rules):
            # A sum keeps its rule by itself, but may lie where no patient's can.
            target = self.form[derived.target]
            kept &= target.can_be(rows.plain[target.name].to_numpy())
        return kept

    def gaps_in_rules(self, rows: Rows) -> npt.NDArray[np.int64]:
        """Give each row a number that says which columns of the rules are missing in it."""
        concerned = {name for rule in rules_of(self.learned) for name in rule.columns}
        numbers = np.zeros(len(rows), dtype=np.int64)
        # A number has room for that many; more columns with gaps are told apart no further.
        for column in [name for name in self.patterns.columns if name in concerned][:62]:
            states = rows.states[:, self.patterns.columns.index(column)]
            numbers = 2 * numbers + (states > 0)
        return numbers

    def weakest_rule(self, rows: Rows) -> str:
        """Name the rule that most of the rows break."""
        values = self._values(rows.plain, rows.states)
        rules = rules_of(self.learned)
        return max(rules, key=lambda rule: rule.check(values).n_broken).text

    def write(
        self, rows: Rows, rng: np.random.Generator, *, start: int, fakes_seed: int
    ) -> pd.DataFrame:
        """Write drawn rows as the user's table was; `start` is the number of the first row."""
        plain = rows.plain.copy()
        censored: dict[str, npt.NDArray[np.int8]] = {}
        for name, censoring in self.censoring.items():
            latent = self.form[name].within_limits(plain[name].to_numpy())
            plain[name], censored[name] = censoring.report(latent, rng)
        states = dict(zip(self.patterns.columns, rows.states.T, strict=True))
        missing = {name: marks > 0 for name, marks in states.items()}
        table = self.form.decode(plain, missing, start=start)
        for name in self.form.names:
            column = self.learned[name]
            is_blank = BLANK in (column.levels or ())
            if column.notation or column.missing or is_blank or name in censored:
                table[name] = write_column(
                    table[name],
                    column,
                    missing=states.get(name),
                    censored=censored.get(name),
                    dtype=dtype_from_text(self.dtypes[name]),
                    empty_is_none=name in self.empty_is_none,
                )
        table = add_constants(table, self.constants, self.described, states)
        table = join(table, self.described)
        return add_fakes(table, self.described, fakes_seed, first_row=start)

    def _aligned(self, plain: pd.DataFrame, known: Known | None = None) -> pd.DataFrame:
        """Bring values to the ends of their columns; those that a condition asks for stay."""
        aligned: dict[str, npt.NDArray[np.float64]] = {}
        for name, alignment in self.alignments.items():
            drawn = plain[name].to_numpy()
            aligned[name] = alignment.apply(drawn)
            if known is not None and name in known.values:
                is_asked = known.values[name].notna().to_numpy()
                aligned[name] = np.where(is_asked, drawn, aligned[name])
        return plain.assign(**aligned)

    def _computed(self, plain: pd.DataFrame) -> pd.DataFrame:
        """Add the columns that rules compute."""
        plain = plain.copy()
        for derived in derivations(rules_of(self.learned)):
            target = self.form[derived.target]
            values = derived.compute(self._values(plain, self._no_gaps(len(plain))))
            plain[target.name] = target.rounded(target.encode(values))
        return plain

    def _values(self, plain: pd.DataFrame, states: States) -> pd.DataFrame:
        missing = dict(zip(self.patterns.columns, states.T > 0, strict=True))
        none = np.zeros(len(plain), dtype=bool)
        return pd.DataFrame(
            {
                name: self.form[name].values(plain[name].to_numpy(), missing.get(name, none))
                for name in plain.columns
            }
        )

    def _no_gaps(self, n: int) -> States:
        return np.zeros((n, len(self.patterns.columns)), dtype=np.int8)


def _read_conditions(cells: list[Any], column: Column) -> list[Any]:
    """Read conditions on a column of text as its cells are read; numbers and dates stay."""
    ranges = {place: one for place, cell in enumerate(cells) if (one := Between.of(cell))}
    if ranges:
        cells = [None if place in ranges else cell for place, cell in enumerate(cells)]
        cells = list(_read_conditions(cells, column))
        for place, asked in ranges.items():
            low, high = _read_conditions(list(asked.ends), column)
            cells[place] = replace(asked, low=low, high=high)
        return cells
    if column.notation is None or not any(isinstance(cell, str) for cell in cells):
        return cells
    try:
        reading = read_column(pd.Series(cells, name=column.name, dtype=object), column)
    except TableError:
        reading = None
    if reading is None or reading.odd:
        raise ConditionError(
            f"condition on column {column.name!r}: the value is not written as the column's are"
        )
    if reading.censored is not None and reading.censored.any():
        raise ConditionError(
            f"condition on column {column.name!r}: give a number, not a detection limit"
        )
    return list(reading.values.astype(object).where(reading.values.notna(), None))
