"""Trees: each column drawn given those before it, over bins of several patients."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from synthhealth.errors import ArtifactError, ConditionError
from synthhealth.models._bins import Bins
from synthhealth.models._conditional import Conditional, Outcomes, drawn, learn_conditional
from synthhealth.models._packed_trees import packed, unpacked
from synthhealth.models._sequential import (
    CANDIDATES,
    MIN_LEAF,
    ORDER,
    drawing_order,
    rows_given,
)
from synthhealth.models.about import About, Advice, on_demo
from synthhealth.models.base import LogDensity, Training
from synthhealth.models.family import Family, FamilyState
from synthhealth.models.parameters import Parameter
from synthhealth.schema import Kind, Schema

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Rows that are drawn at once: so much memory is enough for any number.
_ROWS_AT_ONCE = 100_000

#: Rows that are drawn while a model is fitted, so that the columns keep their distributions.
_SIMULATED_ROWS = 20_000


class TreesState(FamilyState):
    """The plain values of fitted trees; their nodes and leaves are arrays.

    Attributes
    ----------
    sequence : tuple of str
        The columns in the order in which they are drawn.
    bins : tuple of Bins
        The bins of the numerical ones.
    """

    sequence: tuple[str, ...]
    bins: tuple[Bins, ...]


class TreesModel(Family):
    """Trees, one column after the other, over bins of several patients each.

    Each column is drawn given those before it, from the leaf of a tree that a row belongs to
    (Reiter, 2005, *Using CART to generate partially synthetic, public use microdata*; Nowok, Raab
    and Dibben, 2016, *synthpop: Bespoke Creation of Synthetic Data in R*). Where synthpop draws the
    values of the leaf's patients again, a leaf here holds shares of bins and levels, drawn towards
    those of the node above, and a number is drawn again within its bin.
    """

    name = "trees"
    about = About(
        title="The trees",
        packages=("scikit-learn",),
        holds_no_patient=True,
        advice=Advice(
            copied="The trees store no value of a patient, but a leaf of few patients tells of "
            "each of them: look whether real rows were mixed into the table, raise min_leaf, or "
            "raise min_cell in the schema",
            columns="The trees keep columns by themselves nearly as they are: look at the figures "
            "of {columns} under Column by column, and whether rules or limits of the schema cut "
            "them off",
            relations="What few patients have in common is not kept by trees: see which family "
            "keeps more ({compare}), let the columns that matter lead (order), and declare what "
            "must hold between columns as rules of the schema",
        ),
        on_file=on_demo(
            "trees",
            {
                ("standard", 61): (0.81, 0.79, 0.82),
                ("standard", 300): (0.86, 0.86, 0.87),
                ("high", 61): (0.70, 0.67, 0.72),
            },
        ),
    )
    State: ClassVar[type[FamilyState]] = TreesState
    parameters: ClassVar[tuple[Parameter, ...]] = (MIN_LEAF, ORDER)

    def fit(self, table: pd.DataFrame, schema: Schema, *, seed: int, training: Training) -> None:
        """Learn a plain table. See `synthhealth.models.Model.fit`."""
        self.settings_ = self._settings(table, schema)
        self.partial_ = False
        sequence = drawing_order(table, schema, self.settings_["order"])
        rng = np.random.default_rng(seed)
        bins: list[Bins] = []
        slants: list[Floats] = []
        codes: dict[str, Codes] = {}
        outcomes: dict[str, Outcomes] = {}
        for column in schema:
            values, name = table[column.name].to_numpy(), column.name
            if column.kind.is_numerical:
                found = Bins.learn(name, values, column.kind, schema.min_cell)
                codes[name] = found.codes(values)
                slants.append(found.slants(values, codes[name]))
                bins.append(found)
                outcomes[name] = Outcomes(len(found), is_ordered=True)
            else:
                codes[name] = values
                is_ordered = column.kind is Kind.ORDINAL
                outcomes[name] = Outcomes(int(values.max()) + 1, is_ordered)
        coded = pd.DataFrame({name: codes[name].astype(np.int32) for name in sequence})
        conditionals: list[Conditional] = []
        min_leaf = max(self.settings_["min_leaf"], 2 * schema.min_cell)
        simulated = pd.DataFrame(index=range(_SIMULATED_ROWS))

        def learn(names: list[str]) -> None:
            """Learn the last of some columns given the others, and draw it."""
            one = learn_conditional(
                coded[names],
                names[-1],
                outcomes,
                simulated,
                min_leaf=min_leaf,
                min_cell=schema.min_cell,
                rng=rng,
            )
            assert one is not None
            simulated[names[-1]] = drawn(one.probabilities, one.leaves(simulated), rng)
            conditionals.append(one)

        with self._in_words(), threadpool_limits(1):
            try:
                for place in training.epochs(len(sequence), dict):
                    learn(sequence[: place + 1])
            except KeyboardInterrupt:
                if not training.keep_partial:
                    raise
        self.partial_ = len(conditionals) < len(sequence)
        for name in sequence[len(conditionals) :]:
            # There was no time to learn what they have to do with the others.
            learn([name])
        state = TreesState(
            settings=self.settings_,
            partial=self.partial_,
            columns=tuple(schema.names),
            sequence=tuple(sequence),
            bins=tuple(bins),
        )
        sizes = {name: outcomes[name].n for name in schema.names}
        in_order = dict(zip(sequence, conditionals, strict=True))
        self._take(state, packed(in_order, sizes, slants, sequence, [one.name for one in bins]))

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """Draw `n` rows in the plain form. See `synthhealth.models.Model.sample`."""
        rng = np.random.default_rng(seed)
        parts = []
        for start in range(0, n, _ROWS_AT_ONCE):
            codes = self._blank(min(_ROWS_AT_ONCE, n - start))
            for place in range(len(self._state.sequence)):
                self._draw(codes, place, rng)
            parts.append(self._rows(codes, rng))
        return pd.concat(parts, ignore_index=True)

    def sample_given(self, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        """Draw one row for each row of known cells.

        Known columns that lead the sequence are simply given; for later ones see `rows_given`.
        """
        names = [str(name) for name in known]
        for name in names:
            if name not in self._bins and known[name].max() >= self._sizes[name]:
                raise ConditionError(
                    f"condition on column {name!r}: no such level was learned; ask for another"
                )
        rng = np.random.default_rng(seed)
        coded = self._coded(known)
        at_once = _ROWS_AT_ONCE // CANDIDATES
        parts = []
        for start in range(0, len(known), at_once):
            here = slice(start, start + at_once)
            rows = self._rows(self._drawn_given(coded.iloc[here], names, rng), rng)
            for name in names:
                rows[name] = known[name].to_numpy()[here]
            parts.append(rows)
        return pd.concat(parts, ignore_index=True)

    def _drawn_given(
        self, coded: pd.DataFrame, known: list[str], rng: np.random.Generator
    ) -> pd.DataFrame:
        def likelihood(codes: pd.DataFrame, place: int) -> Floats:
            given = codes[self._state.sequence[place]].to_numpy()
            leaves = self._conditionals[place].leaves(codes)
            found: Floats = self._probabilities[place][leaves, given]
            return found

        is_known = [name in known for name in self._state.sequence]
        exact = is_known.index(False) if False in is_known else len(is_known)
        return rows_given(
            coded.copy(),
            is_known,
            exact,
            lambda codes, place: self._draw(codes, place, rng),
            likelihood,
            rng,
        )

    def log_density(self, rows: pd.DataFrame) -> LogDensity:
        """Give the log density of plain rows. See `synthhealth.models.DensityModel`.

        It is exact where all cells are known; where a tree asks about one that is not, the leaves
        below speak by the shares of the rows that they were learned from.
        """
        codes = self._coded(rows)
        margins: dict[str, Floats] = {}
        dependence = np.zeros(len(rows))
        for place, (name, one) in enumerate(
            zip(self._state.sequence, self._conditionals, strict=True)
        ):
            if name not in rows:
                continue
            outcomes = codes[name].to_numpy()
            known = outcomes >= 0
            shares = one.weights.astype(np.float64) @ self._probabilities[place]
            alone = np.log(shares / shares.sum())[np.maximum(outcomes, 0)]
            given = np.log(one.partly(codes, np.maximum(outcomes, 0)))
            dependence += np.where(known, given - alone, 0.0)
            if name in self._bins:
                bins, slants = self._bins[name]
                values = np.where(known, rows[name].to_numpy(dtype=float), 0.0)
                alone = alone + bins.log_density(values, np.maximum(outcomes, 0), slants)
            margins[name] = np.where(known, alone, 0.0)
        in_order = [str(name) for name in rows if name in margins]
        return LogDensity(pd.DataFrame(margins, index=rows.index)[in_order], dependence)

    def _rebuild(self) -> None:
        state = self._state
        if sorted(state.columns) != sorted(state.sequence) or not state.columns:
            raise ArtifactError("the columns of the trees are not those of the table")
        numerical = [one.name for one in state.bins]
        self._conditionals, sizes, slants = unpacked(
            self._arrays, state.columns, state.sequence, state.sequence, numerical
        )
        self._sizes = sizes
        self._bins: dict[str, tuple[Bins, Floats]] = {}
        start = 0
        for one in state.bins:
            own = slants[start : start + len(one)]
            start += len(one)
            if len(own) != len(one) or self._sizes.get(one.name) != len(one):
                raise ArtifactError("the bins of a column are not those that its tree knows")
            self._bins[one.name] = one, own
        if start != len(slants) or len(self._bins) != len(state.bins):
            raise ArtifactError("the bins of a column are not those that its tree knows")
        self._probabilities = [one.probabilities for one in self._conditionals]

    def _blank(self, n: int) -> pd.DataFrame:
        return pd.DataFrame(
            np.full((n, len(self._state.sequence)), -1, dtype=np.int64),
            columns=list(self._state.sequence),
        )

    def _draw(self, codes: pd.DataFrame, place: int, rng: np.random.Generator) -> None:
        """Draw one column of rows whose earlier columns are there."""
        leaves = self._conditionals[place].leaves(codes)
        codes[self._state.sequence[place]] = drawn(self._probabilities[place], leaves, rng)

    def _coded(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Give the bins and levels of rows; -1: not known."""
        codes = self._blank(len(rows))
        for name in rows:
            if name in self._bins:
                values = rows[name].to_numpy(dtype=float)
                known = ~np.isnan(values)
                found = self._bins[str(name)][0].codes(np.where(known, values, 0.0))
                codes[name] = np.where(known, found, -1)
            else:
                codes[name] = rows[name].to_numpy(dtype=np.int64)
        return codes

    def _rows(self, codes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        """Give drawn bins and levels as plain rows."""
        plain: dict[str, npt.NDArray[Any]] = {}
        for name in self._state.columns:
            drawn_codes = codes[name].to_numpy()
            if name in self._bins:
                bins, slants = self._bins[name]
                plain[name] = bins.draw(drawn_codes, slants, rng)
            else:
                plain[name] = drawn_codes
        return pd.DataFrame(plain)
