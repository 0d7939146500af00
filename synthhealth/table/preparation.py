"""The whole way from the user's table to the plain one that a model learns, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from synthhealth.errors import ConditionError, SchemaError, TableError
from synthhealth.schema.check import (
    Problems,
    check_columns,
    check_singled_out,
    check_size,
    check_values,
)
from synthhealth.schema.identifiers.protection import add_fakes, learn_fakes, protect
from synthhealth.schema.rare import RareLevels, pool_rare
from synthhealth.schema.reading.reading import EMPTY, complete, read_column, read_table
from synthhealth.schema.reading.writing import write_column
from synthhealth.schema.rules import check_rules, derivations, rules_of
from synthhealth.schema.schema import Schema
from synthhealth.schema.subjects import n_patients, subjects_of
from synthhealth.schema.types import BLANK, Column, DetectionLimits
from synthhealth.table._constants import (
    Constant,
    add_constants,
    constants_in,
    without_constants,
)
from synthhealth.table.blur import UNBLURRED, Blur
from synthhealth.table.censoring import Censoring, frequent_limits
from synthhealth.table.dtypes import dtype_from_text, dtype_to_text
from synthhealth.table.encoding import ColumnForm, TableForm
from synthhealth.table.gaps import MissingPatterns, States, fill_missing
from synthhealth.table.joined import join, split, split_conditions
from synthhealth.table.known import Known
from synthhealth.table.left_out import Privacy, rows_kept, secret_of
from synthhealth.table.limits import Alignment

__all__ = ["Preparation", "Rows", "ToLearn"]


#: Where a model draws more than this beyond a limit, the column is brought back to it as a whole,
#: all but a small share; fewer strays are reflected at the limit, one by one.
STRAY_SHARE, LEFT_SHARE = 0.05, 0.005


@dataclass(frozen=True)
class ToLearn:
    """What a model is given to learn."""

    table: pd.DataFrame
    """The plain table: no gaps, nothing that a rule computes."""
    schema: Schema
    """What its columns are."""
    odd: Mapping[str, int] = field(default_factory=dict)
    """How many cells of a column fit nothing that the schema says, and count as missing."""
    blur: Blur = UNBLURRED
    """How sharply what is learned may be kept."""


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

    @classmethod
    def learn(
        cls,
        table: pd.DataFrame,
        schema: Schema | None,
        rng: np.random.Generator,
        privacy: Privacy = "none",
    ) -> tuple[Preparation, ToLearn]:
        """Learn the way of a table, and bring what is to be learned of it to its end.

        Raises
        ------
        TableError
            The table cannot be learned, or cells do not fit the schema.
        SchemaError
            The schema's columns are not the table's, an identifier's protection is not chosen, or
            a rule is broken by many rows.
        """
        described = Schema.detect(table) if schema is None else schema
        check_columns(table, described)
        # Nothing is said of the subject, such as its levels, that could be saved.
        described = described.with_subject(described.subject)
        subjects = subjects_of(table, described)
        # A patient's rows are learned as if each was of another one. A step that learns them as a
        # sequence would part the table here, into what a patient has once and what each visit has.
        described = learn_fakes(table, complete(described, table))
        problems = Problems()
        open_ = [
            column.name
            for column in described
            if not column.kind.is_modelled
            and column.protection is None
            and column.name != described.subject
        ]
        if open_:
            with problems.of(*open_):
                protect(table, described)
        # Without those columns the others can still be looked at.
        closed = described.with_protection("drop") if open_ else described
        table, learned = split(*protect(table, closed))
        check_size(table)
        reading = read_table(table, learned, problems)
        for column in learned:
            if column.name in problems.columns:
                continue
            with problems.of(column.name):
                values = reading.table[column.name]
                check_values(values, column, learned.min_cell)
                if values.nunique() > 1 and column.name not in reading.censored:
                    check_singled_out(values, column, learned.min_cell, subjects)
        problems.refuse()
        check_rules(rules_of(learned), reading.table)
        canonical, described, learned, rare = pool_rare(reading.table, described, learned, subjects)
        constants = constants_in(table, canonical, learned, lambda rows: n_patients(subjects, rows))
        learned = without_constants(learned, constants)
        canonical = canonical.drop(columns=list(constants))
        kept = rows_kept(canonical, privacy, subjects)
        everyone, canonical = canonical, canonical[kept]
        whose = None if subjects is None else subjects[kept]
        blur = UNBLURRED
        if privacy != "none":
            n_kept = n_patients(whose, np.ones(len(canonical), dtype=bool))
            blur = Blur(privacy, n_kept, secret_of(everyone))

        censoring: dict[str, Censoring] = {}
        gone: tuple[dict[str, set[float]], dict[str, set[float]]] = {}, {}
        latent: dict[str, npt.NDArray[np.float64]] = {}
        for name, of_all in reading.censored.items():
            if name in constants:
                continue
            numbers, marks = (
                everyone[name].to_numpy(dtype=np.float64, na_value=np.nan),
                of_all[kept],
            )
            values = numbers[kept]
            least = 1 if learned[name].rare == "keep" else learned.min_cell
            found = numbers[of_all < 0], numbers[of_all > 0]
            frequent = frequent_limits(values, marks, least, whose)
            for sides, known, left in zip(gone, found, frequent, strict=True):
                sides[name] = set(known.tolist()) - set(left)
            if not marks.any():
                continue  # those whose results lie beyond a limit are left out
            censoring[name], latent[name] = Censoring.learn(
                values, marks, learned[name].plausible, rng, least=least, subjects=whose
            )
        described, learned = _without_limits(described, *gone), _without_limits(learned, *gone)
        form = TableForm.learn(canonical, learned, latent, whose)
        if privacy != "none":
            # Where a column ends does not hang on who was left out, which another patient changes.
            form = form.with_numbers_of(everyone.drop(columns=list(latent)), learned, subjects)
        plain, missing = form.encode(canonical)
        plain = form.clipped(plain.assign(**latent))
        # Of a level that is dropped there is no value, either, but it is not missing.
        fill_missing(plain, missing, learned.numerical, rng)
        states = reading.table[kept].isna().reset_index(drop=True).astype(np.int8)
        for name, of_all in reading.missing.items():
            states[name] = of_all[kept]
        for name, one in rare.items():
            if one.emptied:
                states[name] = EMPTY
        preparation = cls(
            described=described,
            learned=learned,
            form=form,
            dtypes={name: dtype_to_text(table[name].dtype) for name in form.names},
            empty_is_none=tuple(
                name
                for name in form.names
                if table[name].dtype == object
                and any(cell is None for cell in table[name][table[name].isna()])
            ),
            patterns=MissingPatterns.learn(states, plain),
            censoring=censoring,
            ends=_ends(form, plain, censoring),
            rare=rare,
            constants=constants,
            n_patients=None if subjects is None else n_patients(subjects),
            privacy=privacy,
        )
        computed = {derived.target for derived in derivations(rules_of(learned))}
        if len(computed) >= plain.shape[1] - 1:
            raise SchemaError(
                "schema: the rules compute so many columns that fewer than two are left to learn; "
                "leave out rules, or the columns that they compute"
            )
        training_schema = learned.model_copy(
            update={"columns": tuple(c for c in learned if c.name not in computed)}
        )
        to_learn = plain[training_schema.names]
        return preparation, ToLearn(to_learn, training_schema, reading.odd, blur)

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


def _without_limits(
    schema: Schema, below: Mapping[str, set[float]], above: Mapping[str, set[float]]
) -> Schema:
    """Leave the detection limits out that were too rare to be learned."""
    columns = []
    for column in schema:
        if column.detection is not None and (below.get(column.name) or above.get(column.name)):
            left = DetectionLimits(
                below=tuple(x for x in column.detection.below if x not in below[column.name]),
                above=tuple(x for x in column.detection.above if x not in above[column.name]),
            )
            column = column.model_copy(update={"detection": left})
        columns.append(column)
    return schema.model_copy(update={"columns": tuple(columns)})


def _ends(
    form: TableForm, plain: pd.DataFrame, censoring: Mapping[str, Censoring]
) -> dict[str, Ends]:
    found: dict[str, Ends] = {}
    for column in form.columns:
        if not column.kind.is_numerical:
            continue
        values = plain[column.name].to_numpy()
        limits = censoring.get(column.name)
        low = high = None
        if limits is not None and limits.below:
            low = limits.below[-1][0]
        elif column.low_is_floor:
            low = column.low + column.half_step
        if limits is not None and limits.above:
            high = limits.above[-1][0]
        elif column.high_is_ceiling:
            high = column.high - column.half_step
        if low is not None or high is not None:
            found[column.name] = Ends(
                low=None if low is None else (low, float((values < low).mean())),
                high=None if high is None else (high, float((values > high).mean())),
            )
    return found


def _read_conditions(cells: list[Any], column: Column) -> list[Any]:
    """Read conditions on a column of text as its cells are read; numbers and dates stay."""
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
