"""Which values are missing together, how often and in which patients; and gaps filled to learn."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict
from scipy import stats

from synthhealth.errors import ConditionError
from synthhealth.schema.subjects import Subjects, count_patients
from synthhealth.schema.types import MIN_CELL
from synthhealth.table.gap_law import GapLaw
from synthhealth.table.tree import Tree, grow_classification_tree, grow_regression_tree

__all__ = ["MissingPatterns", "States", "fill_missing"]


#: Of one cell: 0 known, 1 empty, 2 and more: one of the column's codes for a missing value.
States = npt.NDArray[np.int8]

#: Groups of patients whose patterns are told apart, at most, and the fewest patients in one.
MAX_GROUPS = 64
MIN_GROUP = 10

#: Patterns that stand for those of few patients.
FEWEST_DRAWN, MOST_DRAWN = 1_000, 5_000

#: Rows that a tree is grown on, at most: more change its groups little, and take time.
MOST_GROWN = 20_000

#: Rounds of raking; the shares change no more after a few.
RAKING_ROUNDS = 50


class MissingPatterns(BaseModel):
    """The joint patterns of missing values of a table, and in which patients they occur.

    A row's pattern is drawn as a whole, so that panels that were not ordered go missing together,
    and within a group of similar patients, so that a test that is done in one group only stays
    so. The groups are the leaves of a regression tree of all missing-value indicators on the
    values (Breiman et al., 1984), each of at least 10 patients. Patterns that fewer than
    `min_cell` patients share are not kept: others are drawn in their place (`GapLaw`).

    Attributes
    ----------
    columns : tuple of str
        The columns that have missing values; empty for a complete table.
    patterns : tuple of tuple of int
        For each pattern, the state of each of `columns`: 0 known, 1 empty, 2 and more its codes.
    shares : tuple of tuple of float
        For each group of patients the share of each pattern.
    groups : Tree
        Which group a row belongs to.
    sizes : tuple of float
        The share of the rows in each group.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...]
    patterns: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[tuple[int, float], ...], ...]
    groups: Tree
    sizes: tuple[float, ...]

    @classmethod
    def learn(
        cls,
        states: pd.DataFrame,
        values: pd.DataFrame,
        rng: np.random.Generator,
        *,
        columns: tuple[str, ...] | None = None,
        subjects: Subjects | None = None,
        min_cell: int = MIN_CELL,
    ) -> MissingPatterns:
        """Learn the patterns of a table.

        Parameters
        ----------
        states : pandas.DataFrame of int8, shape (n_rows, n_columns)
            The state of each cell; any columns of the table, in the table's order.
        values : pandas.DataFrame, shape (n_rows, n_values)
            The plain table, gaps filled.
        rng : numpy.random.Generator
            Draws the patterns that stand for those of few patients.
        columns : tuple of str, optional
            Of which columns; by default of those that have missing values.
        subjects : Subjects, optional
            The patient of each row; by default every row is one.
        min_cell : int
            A pattern of fewer patients is not kept.
        """
        if columns is None:
            columns = tuple(states.columns[(states > 0).any()])
        if not columns:
            return cls(columns=(), patterns=(), shares=(), groups=Tree.trivial(), sizes=(1.0,))
        cells = states[list(columns)].to_numpy(dtype=np.int8)
        some = _some(np.arange(len(values)), rng)
        tree = grow_regression_tree(values.iloc[some], cells[some] > 0, MAX_GROUPS, MIN_GROUP)
        tree = tree.without_values(values)
        group = tree.leaf_of(values)
        kept, weights, of_group = _without_rare(cells, group, subjects, min_cell, rng)
        patterns, pattern = np.unique(kept, axis=0, return_inverse=True)
        counts = np.zeros((tree.n_leaves, len(patterns)))
        np.add.at(counts, (of_group, pattern.reshape(-1)), weights)
        if len(kept) != len(cells):
            sizes = np.bincount(group, minlength=tree.n_leaves)
            counts = _with_rates(counts, patterns, sizes, (cells > 0).mean(axis=0))
        return cls(
            columns=columns,
            patterns=tuple(tuple(int(cell) for cell in row) for row in patterns),
            shares=_sparse(counts),
            groups=tree,
            sizes=tuple((counts.sum(axis=1) / len(states)).tolist()),
        )

    def calibrated(self, drawn: pd.DataFrame) -> MissingPatterns:
        """Adapt the shares to rows that a model draws, so that each pattern is as frequent as was.

        A model may draw a group more or less often than it was. The table of groups by patterns
        is raked to the drawn groups and the learned patterns (Deming and Stephan, 1940), which
        keeps how patterns depend on groups.

        Parameters
        ----------
        drawn : pandas.DataFrame, shape (n, n_values)
            Some thousand rows of the model in the plain form.
        """
        if not self.columns:
            return self
        shares = self._dense()
        wanted = np.asarray(self.sizes) @ shares
        sizes = np.bincount(self.groups.leaf_of(drawn), minlength=len(shares)) / len(drawn)
        # A group that is hardly ever drawn keeps its shares.
        sizes = np.maximum(sizes, 1e-6)
        joint = shares * sizes[:, None]
        for _ in range(RAKING_ROUNDS):
            joint *= wanted / np.maximum(joint.sum(axis=0), 1e-12)
            joint *= (sizes / np.maximum(joint.sum(axis=1), 1e-12))[:, None]
        return self.model_copy(
            update={"shares": _sparse(joint), "sizes": tuple((sizes / sizes.sum()).tolist())}
        )

    def share_of(self, missing: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Give, of each row, the share of all patients with the same cells missing.

        Parameters
        ----------
        missing : pandas.DataFrame of bool, shape (n, n_columns)
            What is missing; `columns` are among its columns.
        """
        never = missing[[name for name in missing if name not in self.columns]].any(axis=1)
        if not self.columns:
            return np.where(never, 0.0, 1.0)
        overall = np.asarray(self.sizes) @ self._dense()
        known = np.asarray(self.patterns) > 0
        rows = missing[list(self.columns)].to_numpy()
        same = (rows[:, None, :] == known[None, :, :]).all(axis=2)
        return np.where(never, 0.0, same @ overall)

    def draw(
        self,
        values: pd.DataFrame,
        rng: np.random.Generator,
        *,
        known: Mapping[str, bool] | None = None,
    ) -> States:
        """Draw a pattern for each row of a plain table.

        Parameters
        ----------
        values : pandas.DataFrame, shape (n, n_values)
            The drawn rows in the plain form.
        known : dict, optional
            Of some columns whether they shall be missing in all these rows.

        Returns
        -------
        numpy.ndarray of int8, shape (n, len(columns))
        """
        drawn = np.zeros((len(values), len(self.columns)), dtype=np.int8)
        if not self.columns:
            return drawn
        allowed = self._allowed(known or {})
        patterns = np.asarray(self.patterns, dtype=np.int8)
        shares = self._dense()
        anywhere = np.asarray(self.sizes) @ shares
        group = self.groups.leaf_of(values)
        for one in np.unique(group):
            rows = np.flatnonzero(group == one)
            chances = shares[one] * allowed
            # What no patient of this group had is taken from those of the others.
            chances = chances if chances.any() else anywhere * allowed
            drawn[rows] = patterns[rng.choice(len(patterns), rows.size, p=chances / chances.sum())]
        return drawn

    def check(self, known: Mapping[str, bool]) -> None:
        """Refuse gaps that are never drawn.

        Raises
        ------
        ConditionError
            No pattern agrees with `known`.
        """
        for name, missing in known.items():
            if missing and name not in self.columns:
                raise ConditionError(
                    f"condition on column {name!r}: it had no missing value in the training "
                    "table, so none can be asked for"
                )
        if self.columns and not self._allowed(known).any():
            raise ConditionError(
                f"conditions on the columns {sorted(known)}: these are hardly ever missing "
                "while the others are known; ask for one of them at a time"
            )

    def _allowed(self, known: Mapping[str, bool]) -> npt.NDArray[np.bool_]:
        patterns = np.asarray(self.patterns, dtype=np.int8).reshape(-1, len(self.columns))
        allowed = np.ones(len(patterns), dtype=bool)
        for name, missing in known.items():
            if name in self.columns:
                allowed &= (patterns[:, self.columns.index(name)] > 0) == missing
        return allowed

    def _dense(self) -> npt.NDArray[np.float64]:
        shares = np.zeros((len(self.shares), len(self.patterns)))
        for group, row in enumerate(self.shares):
            for which, share in row:
                shares[group, which] = share
        return shares


def _without_rare(
    cells: States,
    group: npt.NDArray[np.int64],
    subjects: Subjects | None,
    min_cell: int,
    rng: np.random.Generator,
) -> tuple[States, npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Put drawn rows in the place of those whose pattern few patients share.

    Returns
    -------
    States, numpy.ndarray of float64, numpy.ndarray of int64
        Rows, how many patients' rows each stands for, and their groups.
    """
    patterns, pattern = np.unique(cells, axis=0, return_inverse=True)
    pattern = pattern.reshape(-1)
    counts = count_patients(pd.Series(pattern), subjects)
    shared = counts.reindex(range(len(patterns)), fill_value=0).to_numpy() >= min_cell
    rare = ~shared[pattern]
    if not rare.any():
        return cells, np.ones(len(cells)), group
    law = GapLaw(cells, group)
    asked = rng.choice(group[rare], int(np.clip(rare.sum(), FEWEST_DRAWN, MOST_DRAWN)))
    drawn = law.draw(asked, rng)
    known = {row.tobytes() for row in patterns[shared]}
    is_new = np.array([row.tobytes() not in known for row in drawn])
    # In each group they weigh as much as the rows that they stand for.
    if is_new.any():
        drawn, asked = drawn[is_new], asked[is_new]
    n_rare, n_drawn = (np.bincount(one, minlength=group.max() + 1) for one in (group[rare], asked))
    lost = np.flatnonzero((n_rare > 0) & (n_drawn == 0))
    if lost.size:  # of a group that draws only what many have, its own share of all
        drawn = np.vstack([drawn, law.draw(lost, rng)])
        asked = np.concatenate([asked, lost])
        n_drawn[lost] = 1
    weights = n_rare[asked] / n_drawn[asked]
    return (
        np.vstack([cells[~rare], drawn]),
        np.concatenate([np.ones(int((~rare).sum())), weights]),
        np.concatenate([group[~rare], asked]),
    )


def _with_rates(
    counts: npt.NDArray[np.float64],
    patterns: States,
    sizes: npt.NDArray[np.int64],
    rates: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Rake groups by patterns until each column is missing as often as it was.

    All patterns give way, so that no single patient's is made out.
    """
    total = float(sizes.sum())
    for _ in range(RAKING_ROUNDS):
        counts *= (sizes / np.maximum(counts.sum(axis=1), 1e-12))[:, None]
        for column, rate in enumerate(rates):
            missing = patterns[:, column] > 0
            found = counts[:, missing].sum() / total
            if 0.0 < found < 1.0:
                counts *= np.where(missing, rate / found, (1.0 - rate) / (1.0 - found))
    return counts


def _sparse(table: npt.NDArray[np.float64]) -> tuple[tuple[tuple[int, float], ...], ...]:
    """Give each row's shares, those above zero with their places."""
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1e-300)
    return tuple(
        tuple((int(place), float(row[place])) for place in np.flatnonzero(row)) for row in shares
    )


def _some(rows: npt.NDArray[np.intp], rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Give at most as many rows, in order, as a tree is grown on."""
    if len(rows) <= MOST_GROWN:
        return rows
    return np.sort(rng.choice(rows, MOST_GROWN, replace=False))


#: Fewest patients with a known value that a gap's value is drawn from.
MIN_DONORS = 5


def fill_missing(
    plain: pd.DataFrame,
    missing: pd.DataFrame,
    numerical: Collection[str],
    rng: np.random.Generator,
) -> None:
    """Fill the missing cells of `plain`, in place, with known values of similar patients.

    Column after column, that with the fewest gaps first, a tree on the columns that are whole by
    then finds groups of similar patients, and each gap takes the value of a random one among them
    (sequential CART with hot-deck draws; Burgette and Reiter, 2010). A draw keeps the spread of
    the values, where a mean would put a spike into them, and a similar patient keeps the
    dependence between columns, which a draw from all patients would weaken.

    Parameters
    ----------
    plain : pandas.DataFrame, shape (n_rows, n_columns)
        The plain table; missing cells hold anything.
    missing : pandas.DataFrame of bool, shape (n_rows, n_columns)
        What is missing; each column has a known value.
    numerical : collection of str
        The columns whose values have distances.
    rng : numpy.random.Generator
        Draws the donors.
    """
    n_missing = missing.sum()
    whole = [name for name in plain.columns if not n_missing[name]]
    for name in sorted((n_missing.index[n_missing > 0]), key=lambda name: n_missing[name]):
        gaps = missing[name].to_numpy()
        values = plain[name].to_numpy(copy=True)
        some = _some(np.flatnonzero(~gaps), rng)
        known, seen = values[some], plain[whole].iloc[some]
        if name in numerical:
            # Ranks, so that a long tail does not decide the groups alone.
            tree = grow_regression_tree(seen, stats.rankdata(known), None, MIN_DONORS)
        else:
            tree = grow_classification_tree(seen, known, None, MIN_DONORS)
        leaf = tree.leaf_of(plain[whole])
        donors, places = np.flatnonzero(~gaps), np.flatnonzero(gaps)
        donors = donors[np.argsort(leaf[donors], kind="stable")]
        first = np.searchsorted(leaf[donors], leaf[places], side="left")
        last = np.searchsorted(leaf[donors], leaf[places], side="right")
        values[places] = values[donors[rng.integers(first, last)]]
        plain[name] = values
        whole.append(name)
