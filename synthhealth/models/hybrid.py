"""The hybrid: a Gaussian copula, with trees for the columns that correlations do not explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ArtifactError, ConditionError
from synthhealth.models._bins import Bins
from synthhealth.models._conditional import Outcomes, drawn, learn_conditional
from synthhealth.models._copula import (
    COPULA_PARAMETERS,
    AnyMargin,
    CopulaFamily,
    CopulaState,
    to_score,
)
from synthhealth.models._packed_trees import packed, unpacked
from synthhealth.models._sequential import CANDIDATES, MIN_LEAF, ORDER, drawing_order, rows_given
from synthhealth.models._smooth import LevelMargin, SmoothMargin
from synthhealth.models._transforms import from_log, to_log
from synthhealth.models.about import About, Advice, on_demo
from synthhealth.models.base import LogDensity, Training
from synthhealth.models.family import Arrays, FamilyState
from synthhealth.models.parameters import Parameter
from synthhealth.schema import Kind, Schema

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Ends = tuple[Floats, Floats]

#: A tree takes a column over where it makes the rows held out likelier by this factor, as a
#: logarithm.
_GAIN = 2.0

#: Of fewer rows trees are not asked. They are likelier there, too, but part the rows by few columns
#: and lose what correlations keep of all others: on clinical tables of 300 to 1,000 patients up to
#: a third more error of the dependence, and a tenth fewer of the means within levels. Where most
#: columns are levels, correlations have less to keep: of 600 rows of adult trees keep more.
_FEWEST_ROWS, _FEWEST_OF_LEVELS = 1_000, 160

#: A row counts as no less likely in the copula than this share of what its cell has by itself, so
#: that single rows do not decide.
_LEAST = 0.1

#: No score is further from what the columns before let expect, in standard deviations.
_SURPRISE = 4.0

#: Rows that are drawn while a model is fitted, so that the columns keep their distributions.
_SIMULATED_ROWS = 20_000

#: Rows with conditions that are drawn at once.
_ROWS_AT_ONCE = 100_000 // CANDIDATES


class HybridState(CopulaState):
    """The plain values of a fitted hybrid; beside the correlation its arrays are the trees'.

    Attributes
    ----------
    sequence : tuple of str
        The columns in the order in which they are drawn.
    by_tree : tuple of str
        Those that a tree draws, in that order.
    bins : tuple of Bins
        The bins of the numerical ones.
    """

    sequence: tuple[str, ...]
    by_tree: tuple[str, ...]
    bins: tuple[Bins, ...]


class HybridModel(CopulaFamily):
    """A Gaussian copula, with trees for the columns that it does not explain.

    Columns are drawn one after the other. Each is drawn by the copula of ``gaussian_copula``, from
    its normal distribution given the scores of the columns before, or from the leaf of a tree, as
    ``trees`` draw it: by whichever makes patients held out likelier. Of fewer than 1,000 rows
    (160 where most columns are levels) correlations keep more; of many, trees take over column by
    column.
    """

    name = "hybrid"
    about = About(
        title="The hybrid",
        packages=("scikit-learn",),
        holds_no_patient=True,
        advice=Advice(
            copied="The hybrid stores no value of a patient, but what it learned from few patients "
            "tells of each of them: look whether real rows were mixed into the table, raise "
            "min_leaf, or raise min_cell in the schema",
            columns="No margin was found that fits: {columns}. Look at the figures under Column by "
            "column, and whether rules or limits of the schema cut values off",
            relations="What few patients have in common is not kept: let the columns that matter "
            "lead (order), see which family keeps more ({compare}), and declare what must hold "
            "between columns as rules of the schema",
        ),
        on_file=on_demo(
            "hybrid",
            {
                ("standard", 61): (0.76, 0.74, 0.78),
                ("standard", 300): (0.72, 0.71, 0.73),
                ("high", 61): (0.65, 0.62, 0.68),
            },
        ),
    )
    State: ClassVar[type[FamilyState]] = HybridState
    parameters: ClassVar[tuple[Parameter, ...]] = (
        *COPULA_PARAMETERS,
        MIN_LEAF,
        ORDER,
    )

    def _build(self, table: pd.DataFrame, schema: Schema) -> None:
        super()._build(table, schema)
        self._sequence = drawing_order(table, schema, self.settings_["order"])
        self._columns = {
            name: _Column.learn(name, table[name].to_numpy(), margin, schema)
            for name, margin in self._margins.items()
        }
        self._values = {name: table[name].to_numpy() for name in table}
        mostly_numbers = 2 * sum(name in schema.numerical for name in table) >= len(table.columns)
        fewest = _FEWEST_ROWS if mostly_numbers else _FEWEST_OF_LEVELS
        self._asks_trees = len(table) >= fewest
        self._min_cell = schema.min_cell

    def _train(self, table: pd.DataFrame, training: Training) -> None:
        self._correlate()
        self._find_root(self._correlation, list(self._columns))
        self._trees = {}
        rng = np.random.default_rng(np.random.randint(2**31))
        coded = pd.DataFrame(
            {
                name: self._columns[name].codes(self._values[name]).astype(np.int32)
                for name in self._sequence
            }
        )
        surprises = np.zeros((len(coded), len(self._sequence)))
        simulated = _Rows.empty(_SIMULATED_ROWS, self._sequence)
        for place in training.epochs(len(self._sequence), dict):
            name, column = self._sequence[place], self._columns[self._sequence[place]]
            low, high = self._given(surprises, place, column.ends(self._values[name]))
            surprises[:, place] = _surprise(low, high, rng)
            if place and self._asks_trees:
                cells = column.cells(coded[name].to_numpy())
                low, high = self._given(surprises, place, cells)
                likely = np.maximum(high - low, _LEAST * (cells[1] - cells[0]))
                found = learn_conditional(
                    coded[self._sequence[: place + 1]],
                    name,
                    {name: self._columns[name].outcomes for name in self._sequence},
                    simulated.codes,
                    min_leaf=max(self.settings_["min_leaf"], 2 * self._min_cell),
                    min_cell=self._min_cell,
                    rng=rng,
                    against=np.log(likely),
                    gain=_GAIN,
                )
                if found is not None:
                    self._trees[name] = found
            self._draw_column(simulated, place, rng)

    def _is_usable(self) -> bool:
        # The columns that were not looked at are drawn by the copula.
        return hasattr(self, "_trees")

    def _take_apart(self, table: pd.DataFrame) -> tuple[dict[str, Any], Arrays]:
        learned, arrays = super()._take_apart(table)
        with_bins = [one for one in self._columns.values() if one.bins is not None]
        learned |= {
            "sequence": tuple(self._sequence),
            "by_tree": tuple(self._trees),
            "bins": tuple(one.bins for one in with_bins),
        }
        sizes = {name: one.outcomes.n for name, one in self._columns.items()}
        slants = [one.slants for one in with_bins]
        numerical = [one.name for one in with_bins]
        del self._values, self._min_cell, self._asks_trees
        return learned, arrays | packed(self._trees, sizes, slants, self._sequence, numerical)

    def _rebuild(self) -> None:
        state = self._state
        if sorted(state.sequence) != sorted(state.columns):
            raise ArtifactError("the columns of the hybrid are not those of the table")
        in_order = [name for name in state.sequence if name in state.by_tree]
        numerical = [one.name for one in state.bins]
        arrays = dict(self._arrays)
        self._arrays = {"correlation": arrays.pop("correlation", np.zeros(0))}
        super()._rebuild()
        self._arrays |= arrays
        trees, sizes, slants = unpacked(arrays, state.columns, state.sequence, in_order, numerical)
        if in_order != list(state.by_tree):
            raise ArtifactError("the trees of the hybrid are not in the order of its columns")
        self._sequence = list(state.sequence)
        self._trees = dict(zip(in_order, trees, strict=True))
        self._columns = {}
        bins = {one.name: one for one in state.bins}
        ends = np.cumsum([0, *(len(one) for one in state.bins)])
        starts = dict(zip(bins, ends, strict=False))
        if ends[-1] != len(slants) or len(bins) != len(state.bins):
            raise ArtifactError("the bins of a column are not those that its tree knows")
        for name, margin in self._by_name.items():
            own = bins.get(name)
            if (own is None) is not isinstance(margin, LevelMargin):
                raise ArtifactError("the bins of the hybrid are not those of its numbers")
            n = len(margin.shares) if own is None else len(own)
            if sizes[name] != n:
                raise ArtifactError("the bins of a column are not those that its tree knows")
            first = int(starts.get(name, 0))
            steep = slants[first : first + n] if own is not None else np.zeros(0)
            self._columns[name] = _Column(name, margin, Outcomes(n, own is not None), own, steep)
        self._find_root(self._arrays["correlation"], list(state.columns))

    def _find_root(self, correlation: Floats, columns: list[str]) -> None:
        """Find what the score of each column follows from, in the order in which they are drawn."""
        places = [columns.index(name) for name in self._sequence]
        root = np.linalg.cholesky(correlation[np.ix_(places, places)])
        self._root = np.asarray(root, dtype=np.float64)

    def _expected(self, surprises: Floats, place: int) -> Floats:
        """Give the score that the columns before let expect."""
        found: Floats = surprises[:, :place] @ self._root[place, :place]
        return found

    def _given(self, surprises: Floats, place: int, ends: Ends) -> Ends:
        """Give the ends of an interval of chances as they are given the columns before."""
        from scipy.special import ndtr

        expected, spread = self._expected(surprises, place), self._root[place, place]
        low, high = (ndtr((to_score(end) - expected) / spread) for end in ends)
        return low, high

    def _draw_column(self, rows: _Rows, place: int, rng: np.random.Generator) -> None:
        """Draw one column of rows whose earlier columns are there."""
        from scipy.special import ndtr

        name = self._sequence[place]
        column = self._columns[name]
        if name not in self._trees:
            surprise = rng.standard_normal(len(rows))
            expected = self._expected(rows.surprises, place)
            score = expected + self._root[place, place] * surprise
            rows.surprises[:, place] = np.clip(surprise, -_SURPRISE, _SURPRISE)
            rows.values[name] = column.margin.quantiles(ndtr(np.clip(score, -8.0, 8.0)))
            rows.codes[name] = column.codes(rows.values[name].to_numpy())
            return
        tree = self._trees[name]
        codes = drawn(tree.probabilities, tree.leaves(rows.codes), rng)
        rows.codes[name] = codes
        rows.values[name] = column.within(codes, rng)
        ends = self._given(rows.surprises, place, column.ends(rows.values[name].to_numpy()))
        rows.surprises[:, place] = _surprise(*ends, rng)

    def _draw(self, n: int) -> pd.DataFrame:
        rng = np.random.default_rng(np.random.randint(2**31))
        rows = _Rows.empty(n, self._sequence)
        for place in range(len(self._sequence)):
            self._draw_column(rows, place, rng)
        return pd.DataFrame({name: rows.values[name] for name in self._state.columns})

    def sample_given(self, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        """Draw one row for each row of known cells, nearly exactly. See `rows_given`."""
        names = [str(name) for name in known]
        for name in names:
            column = self._columns[name]
            if column.bins is None and known[name].max() >= column.outcomes.n:
                raise ConditionError(
                    f"condition on column {name!r}: no such level was learned; ask for another"
                )
        rng = np.random.default_rng(seed)
        on_scale = to_log(known, self._offsets)
        parts = []
        for start in range(0, len(known), _ROWS_AT_ONCE):
            here = on_scale.iloc[start : start + _ROWS_AT_ONCE]
            rows = _Rows.empty(len(here), self._sequence)
            for name in names:
                rows.values[name] = here[name].to_numpy()
                rows.codes[name] = self._columns[name].codes(here[name].to_numpy())
            rows = rows_given(
                rows,
                [name in names for name in self._sequence],
                0,
                lambda rows, place: self._draw_column(rows, place, rng),
                lambda rows, place: self._likelihood(rows, place, rng),
                rng,
            )
            parts.append(pd.DataFrame({name: rows.values[name] for name in self._state.columns}))
        table = from_log(pd.concat(parts, ignore_index=True), self._offsets)
        for name in names:
            table[name] = known[name].to_numpy()
        return table

    def _likelihood(self, rows: _Rows, place: int, rng: np.random.Generator) -> Floats:
        """Say how likely rows make what is known of a column, and draw the score behind it."""
        name = self._sequence[place]
        column = self._columns[name]
        low, high = self._given(rows.surprises, place, column.ends(rows.values[name].to_numpy()))
        rows.surprises[:, place] = _surprise(low, high, rng)
        if name in self._trees:
            tree = self._trees[name]
            codes = rows.codes[name].to_numpy()
            found: Floats = tree.probabilities[tree.leaves(rows.codes), codes]
            return found
        # A number that is a point of the scale is as likely as its score.
        density = np.exp(-0.5 * rows.surprises[:, place] ** 2)
        return np.where(high > low, high - low, density)

    def log_density(self, rows: pd.DataFrame) -> LogDensity:
        """Give the log density of plain rows. See `synthhealth.models.DensityModel`.

        A level counts as the middle of its interval of scores; where a column before is not known,
        the copula takes it as expected, and the leaves of a tree speak by their shares.
        """
        on_scale = to_log(rows, self._offsets)
        codes = pd.DataFrame(-1, index=range(len(rows)), columns=self._sequence)
        surprises = np.zeros((len(rows), len(self._sequence)))
        dependence = np.zeros(len(rows))
        for place, name in enumerate(self._sequence):
            if name not in rows:
                continue
            column, values = self._columns[name], on_scale[name].to_numpy()
            known = values >= 0 if column.bins is None else ~np.isnan(values)
            filled = np.where(known, values, 0).astype(values.dtype)
            codes[name] = np.where(known, column.codes(filled), -1)
            low, high = column.ends(filled)
            middle = (low + high) / 2
            score = np.clip(to_score(middle), -3.0, 3.0)
            found = (score - self._expected(surprises, place)) / self._root[place, place]
            found = np.clip(found, -_SURPRISE, _SURPRISE)
            surprises[:, place] = np.where(known, found, 0.0)
            if name in self._trees:
                cell = np.maximum(codes[name].to_numpy(), 0)
                alone = np.subtract(*column.cells(cell)[::-1])
                adds = np.log(self._trees[name].partly(codes, cell) / np.maximum(alone, 1e-9))
            else:
                adds = 0.5 * (score**2 - found**2) - np.log(self._root[place, place])
            dependence += np.where(known, adds, 0.0) if place else 0.0
        return LogDensity(self._log_margins(on_scale, rows), dependence)


@dataclass(frozen=True)
class _Column:
    """A column in the two forms that it is drawn in: by its margin, and by bins or levels."""

    name: str
    margin: AnyMargin
    outcomes: Outcomes
    bins: Bins | None
    """None: it has levels."""
    slants: Floats

    @classmethod
    def learn(
        cls, name: str, values: npt.NDArray[Any], margin: AnyMargin, schema: Schema
    ) -> _Column:
        if isinstance(margin, LevelMargin):
            is_ordered = schema[name].kind is Kind.ORDINAL
            return cls(name, margin, Outcomes(len(margin.shares), is_ordered), None, np.zeros(0))
        values = values.astype(np.float64)
        if isinstance(margin, SmoothMargin):
            bins, slants = margin.bins, np.array(margin.slants)
        else:
            bins = Bins.learn(name, values, schema[name].kind, schema.min_cell)
            slants = bins.slants(values, bins.codes(values))
        return cls(name, margin, Outcomes(len(bins), is_ordered=True), bins, slants)

    def codes(self, values: npt.NDArray[Any]) -> Codes:
        """Give the bin or level of each value."""
        return values.astype(np.int64) if self.bins is None else self.bins.codes(values)

    def within(self, codes: Codes, rng: np.random.Generator) -> npt.NDArray[Any]:
        """Draw a value of each bin or level."""
        return codes if self.bins is None else self.bins.draw(codes, self.slants, rng)

    def ends(self, values: npt.NDArray[Any]) -> Ends:
        """Give where values begin and end on the scale of chances."""
        ends: Ends = self.margin.chances(values)
        return ends

    def cells(self, codes: Codes) -> Ends:
        """Give where bins or levels begin and end on the scale of chances."""
        if self.bins is None:
            return self.ends(codes)
        if isinstance(self.margin, SmoothMargin):
            ends = self.margin.ends
        else:
            between = (np.array(self.bins.high[:-1]) + np.array(self.bins.low[1:])) / 2
            ends = np.concatenate([[0.0], self.ends(between)[0], [1.0]])
        return ends[codes], ends[codes + 1]


@dataclass
class _Rows:
    """Rows that are being drawn, column after column."""

    codes: pd.DataFrame
    """Bins and levels of the columns that are there."""
    values: pd.DataFrame
    """Their values."""
    surprises: Floats
    """How far each score lies from what those before let expect, in standard deviations."""

    @classmethod
    def empty(cls, n: int, sequence: list[str]) -> _Rows:
        return cls(
            pd.DataFrame(index=range(n)), pd.DataFrame(index=range(n)), np.zeros((n, len(sequence)))
        )

    def __len__(self) -> int:
        return len(self.surprises)

    def take(self, indices: Codes) -> _Rows:
        return _Rows(
            self.codes.take(indices).reset_index(drop=True),
            self.values.take(indices).reset_index(drop=True),
            self.surprises[indices],
        )


def _surprise(low: Floats, high: Floats, rng: np.random.Generator) -> Floats:
    """Draw a normal score between two chances."""
    from scipy.special import ndtri

    chances = low + rng.random(len(low)) * (high - low)
    return np.clip(ndtri(chances), -_SURPRISE, _SURPRISE)
