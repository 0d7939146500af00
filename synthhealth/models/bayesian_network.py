"""A Bayesian network: each column given the bins and levels of a few others, chosen by the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from synthhealth.errors import ArtifactError, ConditionError
from synthhealth.models._bins import STEEPEST, Bins
from synthhealth.models._cells import Cells, Groups, depth_for, learn_cells
from synthhealth.models._conditional import drawn, level_ranks, raked, rounded
from synthhealth.models._graph import NodeFamily, choose_graph
from synthhealth.models._network import Network, Node
from synthhealth.models.about import About, Advice, on_demo
from synthhealth.models.base import Link, LogDensity, Training
from synthhealth.models.family import Arrays, Family, FamilyState
from synthhealth.models.parameters import Parameter
from synthhealth.schema import Kind, Schema

__all__ = ["BayesianNetworkModel", "BayesianNetworkState"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Rows that are drawn at once: so much memory is enough for any number.
_ROWS_AT_ONCE = 50_000

#: Rows that are drawn while a model is fitted, so that the columns keep their distributions.
_SIMULATED_ROWS = 20_000

#: Levels of another column that levels without an order are ranked by; the weight of a
#: distribution that no drawn row reaches.
_LEVELS_ASKED, _UNREACHED = 12, 1e-5

#: Name and type of each array; all are of one dimension.
_TYPES = {
    "sizes": np.int64,  # bins or levels, by column
    "slants": np.float64,  # by bin
    "ranks": np.int64,  # by level: its place among those of its column
    "groups": np.int64,  # by column in the order in which they are drawn, and outcome
    "distributions": np.int64,  # how many, by column in that order
    "cells": np.int64,  # by column in that order, and cell of its parents: its distribution
    "shares": np.float32,  # by distribution and outcome
}

PARENTS = Parameter(
    "parents",
    int,
    2,
    "the most columns that one is given. With 1 the graph is a tree; with 3 each is parted less "
    "finely",
    low=1,
    high=3,
)


class BayesianNetworkState(FamilyState):
    """The plain values of a fitted Bayesian network; its distributions are arrays.

    Attributes
    ----------
    graph : tuple of Link
        The columns in the order in which they are drawn, with their parents.
    bins : tuple of Bins
        The bins of the numerical ones.
    """

    graph: tuple[Link, ...]
    bins: tuple[Bins, ...]


class BayesianNetworkModel(Family):
    """A Bayesian network over bins of several patients each.

    Each column is drawn given at most a few of those before it, which explain it best, as in Chow
    and Liu's tree (1968) and the networks of PrivBayes (Zhang, Cormode, Procopiuc, Srivastava and
    Xiao, 2017, *PrivBayes: Private Data Release via Bayesian Networks*). The cells of those few
    are merged until each has ten patients or more, and a number is drawn again within its bin.
    """

    name = "bayesian_network"
    about = About(
        title="The Bayesian network",
        holds_no_patient=True,
        advice=Advice(
            copied="The network stores no value of a patient, but a cell of few patients tells of "
            "each of them: look whether real rows were mixed into the table, set parents to 1, or "
            "raise min_cell in the schema",
            columns="The network keeps columns by themselves nearly as they are: look at the "
            "figures of {columns} under Column by column, and whether rules or limits of the "
            "schema cut them off",
            relations="A column is given two others at most: set parents to 3, see which family "
            "keeps more ({compare}), and declare what must hold between columns as rules of the "
            "schema",
        ),
        on_file=on_demo(
            "bayesian_network",
            {
                ("standard", 61): (0.80, 0.79, 0.82),
                ("standard", 300): (0.85, 0.84, 0.85),
                ("high", 61): (0.69, 0.67, 0.72),
            },
        ),
    )
    State: ClassVar[type[FamilyState]] = BayesianNetworkState
    parameters: ClassVar[tuple[Parameter, ...]] = (PARENTS,)

    def fit(self, table: pd.DataFrame, schema: Schema, *, seed: int, training: Training) -> None:
        """Learn a plain table. See `synthhealth.models.Model.fit`."""
        self.settings_ = self._settings(table, schema)
        self.partial_ = False
        rng = np.random.default_rng(seed)
        coded = _Coded.of(table, schema)
        depth = depth_for(self.settings_["parents"])
        found: dict[str, Cells] = {}
        simulated: dict[str, Codes] = {}
        graph: list[NodeFamily] = []

        def learn(family: NodeFamily) -> None:
            """Learn a column given its parents, and draw it."""
            name = family.name
            learned = learn_cells(
                [(coded.groups[one], coded.codes[one]) for one in family.parents],
                coded.codes[name],
                coded.sizes[name],
                depth=depth,
                min_cell=schema.min_cell,
                rng=rng,
            )
            cell = tuple(coded.groups[one].at(depth)[simulated[one]] for one in family.parents)
            which = np.broadcast_to(learned.of_cell[cell], _SIMULATED_ROWS)
            margin = np.bincount(coded.codes[name], minlength=coded.sizes[name]) / len(table)
            if training.blur is not None:
                margin = training.blur.shares(name, margin)
            weights = np.bincount(which, minlength=len(learned.shares)) / _SIMULATED_ROWS
            shares = raked(learned.shares, np.maximum(weights, _UNREACHED), margin)
            found[name] = Cells(
                learned.of_cell, rounded(shares, learned.rows[:, None]), learned.rows
            )
            simulated[name] = drawn(shares, which, rng)

        with self._in_words(), threadpool_limits(1):
            try:
                graph = choose_graph(coded.codes, coded.groups, self.settings_["parents"])
                for place in training.epochs(len(graph), dict):
                    learn(graph[place])
            except KeyboardInterrupt:
                if not training.keep_partial:
                    raise
        graph = graph or [NodeFamily(name, (), 0.0) for name in schema.names]
        self.partial_ = len(found) < len(graph)
        # There was no time to learn what the others have to do with each other.
        graph = [one if one.name in found else NodeFamily(one.name, (), 0.0) for one in graph]
        for family in graph[len(found) :]:
            learn(family)
        state = self._plain_state(
            settings=self.settings_,
            partial=self.partial_,
            columns=tuple(schema.names),
            graph=tuple(
                Link(name=one.name, parents=one.parents, gain=_two_digits(one.gain / len(table)))
                for one in graph
            ),
            bins=tuple(coded.bins.values()),
        )
        self._take(state, _packed(state, coded, found, depth))

    def _plain_state(self, **values: Any) -> Any:
        return self.State(**values)

    def explain(self) -> tuple[Link, ...]:
        """Give the graph: the columns in the order in which they are drawn, with their parents.

        Examples
        --------
        >>> import synthhealth as sh
        >>> real = sh.datasets.load_ra_panel()
        >>> model = sh.Synthesizer("bayesian_network", random_state=0).fit(real)
        >>> first, *others = model.fitted_.model.explain()
        >>> first.parents, max(len(one.parents) for one in others) <= 2
        ((), True)
        """
        return self.graph

    @property
    def graph(self) -> tuple[Link, ...]:
        """The same, by the name that reports look for."""
        graph: tuple[Link, ...] = self._state.graph
        return graph

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """Draw `n` rows in the plain form. See `synthhealth.models.Model.sample`."""
        rng = np.random.default_rng(seed)
        parts = [
            self._rows(self._network.draw(min(_ROWS_AT_ONCE, n - start), rng), rng)
            for start in range(0, n, _ROWS_AT_ONCE)
        ]
        return pd.concat(parts, ignore_index=True)

    def sample_given(self, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        """Draw one row for each row of known cells, exactly; of a number its bin is known."""
        for name in known:
            if name not in self._bins and known[name].max() >= self._sizes[str(name)]:
                raise ConditionError(
                    f"condition on column {name!r}: no such level was learned; ask for another"
                )
        rng = np.random.default_rng(seed)
        parts = []
        for start in range(0, len(known), _ROWS_AT_ONCE):
            here = known.iloc[start : start + _ROWS_AT_ONCE]
            rows = self._rows(self._network.given(self._coded(here), rng), rng)
            parts.append(rows.assign(**{str(name): here[name].to_numpy() for name in known}))
        return pd.concat(parts, ignore_index=True)

    def log_density(self, rows: pd.DataFrame) -> LogDensity:
        """Give the log density of plain rows, exactly. See `synthhealth.models.DensityModel`."""
        if not self._margins:
            self._learn_margins()
        codes = self._coded(rows)
        margins: dict[str, Floats] = {}
        alone = np.zeros(len(rows))
        for place, link in enumerate(self._state.graph):
            if link.name not in rows:
                continue
            outcome = np.maximum(codes[:, place], 0)
            known = codes[:, place] >= 0
            by_itself = np.where(known, self._margins[place][outcome], 0.0)
            alone += by_itself
            if link.name in self._bins:
                bins, slants = self._bins[link.name]
                values = np.where(known, rows[link.name].to_numpy(dtype=float), 0.0)
                by_itself = by_itself + bins.log_density(values, outcome, slants)
            margins[link.name] = np.where(known, by_itself, 0.0)
        in_order = [str(name) for name in rows if name in margins]
        dependence = self._network.log_likelihood(codes) - alone
        return LogDensity(pd.DataFrame(margins, index=rows.index)[in_order], dependence)

    def _rebuild(self) -> None:
        state, arrays = self._state, self._arrays
        self._sequence = [link.name for link in state.graph]
        if sorted(state.columns) != sorted(self._sequence) or not state.columns:
            raise ArtifactError("the columns of the network are not those of the table")
        if set(arrays) != set(_TYPES) or any(
            array.ndim != 1 or array.dtype != _TYPES[name] for name, array in arrays.items()
        ):
            raise ArtifactError("the arrays of the model are not those of a network")
        reader = _Reader(arrays)
        sizes = reader.take("sizes", len(state.columns))
        if (sizes < 1).any():
            raise ArtifactError("a column of the network has no outcomes")
        self._sizes = dict(zip(state.columns, sizes.tolist(), strict=True))
        self._bins: dict[str, tuple[Bins, Floats]] = {}
        for bins in state.bins:
            if self._sizes.get(bins.name) != len(bins) or bins.name in self._bins:
                raise ArtifactError("the bins of a column are not those that the network knows")
            slants = reader.take("slants", len(bins))
            if (np.abs(slants) > STEEPEST).any():
                raise ArtifactError("a bin is steeper than bins can be")
            self._bins[bins.name] = bins, slants
        self._ranks = {
            name: _permutation(reader.take("ranks", size))
            for name, size in self._sizes.items()
            if name not in self._bins
        }
        self._network = Network(self._nodes(reader))
        reader.check_end()
        self._margins: list[Floats] = []

    def _learn_margins(self) -> None:
        """Find the share of each outcome of each column."""
        for place, name in enumerate(self._sequence):
            known = np.full((self._sizes[name], len(self._sequence)), -1, dtype=np.int64)
            known[:, place] = np.arange(len(known))
            self._margins.append(self._network.log_likelihood(known))

    def _nodes(self, reader: _Reader) -> list[Node]:
        nodes: list[Node] = []
        places = {name: place for place, name in enumerate(self._sequence)}
        for place, link in enumerate(self._state.graph):
            parents = tuple(places.get(name, place) for name in link.parents)
            if list(parents) != sorted(set(parents)) or (parents and parents[-1] >= place):
                raise ArtifactError("a column of the network is given one that is drawn later")
            shape = tuple(int(nodes[one].groups.max()) + 1 for one in parents)
            size, (n,) = self._sizes[link.name], reader.take("distributions", 1).tolist()
            groups = reader.take("groups", size)
            cells = reader.take("cells", int(np.prod(shape, dtype=np.int64)))
            shares = reader.take("shares", n * size).reshape(n, size) if n > 0 else np.zeros((0, 1))
            if not np.isin(np.diff(groups), (0, 1)).all() or groups[0] != 0:
                raise ArtifactError("the groups of a column are none")
            if ((cells < 0) | (cells >= n)).any():
                raise ArtifactError("a cell of the network has no distribution")
            if (shares < 0).any() or (shares.sum(axis=1) <= 0).any():
                raise ArtifactError("the shares of a cell are none")
            nodes.append(Node(parents, cells.reshape(shape), shares, groups))
        return nodes

    def _coded(self, rows: pd.DataFrame) -> Codes:
        """Give the bins and ranks of rows, in the order in which columns are drawn; -1: unknown."""
        codes = np.full((len(rows), len(self._sequence)), -1, dtype=np.int64)
        for place, name in enumerate(self._sequence):
            if name not in rows:
                continue
            if name in self._bins:
                values = rows[name].to_numpy(dtype=float)
                known = ~np.isnan(values)
                found = self._bins[name][0].codes(np.where(known, values, 0.0))
                codes[:, place] = np.where(known, found, -1)
            else:
                ranks = np.append(self._ranks[name], -1)
                codes[:, place] = ranks[rows[name].to_numpy(dtype=np.int64)]
        return codes

    def _rows(self, codes: Codes, rng: np.random.Generator) -> pd.DataFrame:
        """Give drawn bins and ranks as plain rows."""
        plain: dict[str, npt.NDArray[Any]] = {}
        for name in self._state.columns:
            drawn_codes = codes[:, self._sequence.index(name)]
            if name in self._bins:
                bins, slants = self._bins[name]
                plain[name] = bins.draw(drawn_codes, slants, rng)
            else:
                plain[name] = np.argsort(self._ranks[name])[drawn_codes]
        return pd.DataFrame(plain)


class _Coded:
    """A plain table as bins and ranks."""

    def __init__(self) -> None:
        self.bins: dict[str, Bins] = {}
        self.slants: dict[str, Floats] = {}
        self.ranks: dict[str, Codes] = {}
        self.codes: dict[str, Codes] = {}
        self.sizes: dict[str, int] = {}
        self.groups: dict[str, Groups] = {}

    @classmethod
    def of(cls, table: pd.DataFrame, schema: Schema) -> _Coded:
        coded = cls()
        for column in schema:
            name, values = column.name, table[column.name].to_numpy()
            if column.kind.is_numerical:
                bins = Bins.learn(name, values, column.kind, schema.min_cell)
                # Which of them are one value does not matter here.
                bins = bins.model_copy(update={"heaps": ()})
                coded.bins[name] = bins
                coded.codes[name] = bins.codes(values)
                coded.slants[name] = bins.slants(values, coded.codes[name])
                coded.sizes[name] = len(bins)
            else:
                coded.codes[name] = values.astype(np.int64)
                coded.sizes[name] = int(values.max()) + 1
        unordered = [one.name for one in schema if one.kind in (Kind.NOMINAL, Kind.BOOLEAN)]
        ordered = set(schema.names).difference(unordered)
        scores = {name: _scores(coded, name, is_ordered=name in ordered) for name in schema.names}
        for column in schema:
            name = column.name
            if column.kind.is_numerical:
                continue
            coded.ranks[name] = np.arange(coded.sizes[name])
            if name not in ordered and coded.sizes[name] > 2:
                others = np.hstack([scores[one] for one in schema.names if one != name])
                coded.ranks[name] = level_ranks(coded.codes[name], coded.sizes[name], others)
        for name, ranks in coded.ranks.items():
            coded.codes[name] = ranks[coded.codes[name]]
        for name in schema.names:
            counts = np.bincount(coded.codes[name], minlength=coded.sizes[name])
            coded.groups[name] = Groups.of(counts)
        return coded


def _scores(coded: _Coded, name: str, *, is_ordered: bool) -> Floats:
    """Give a column as numbers of variance 1, by which levels of other columns are ranked.

    Returns
    -------
    numpy.ndarray, shape (n_rows, n_scores)
    """
    codes = coded.codes[name]
    counts = np.bincount(codes, minlength=coded.sizes[name])
    if is_ordered:
        # The middle of a value's ranks.
        scores = (np.cumsum(counts) - counts / 2)[:, None] / len(codes)
    else:
        frequent = np.argsort(-counts, kind="stable")[:_LEVELS_ASKED]
        scores = np.eye(len(counts))[:, frequent]
    scores = scores - counts @ scores / len(codes)
    spread = np.sqrt(counts @ scores**2 / len(codes))
    found: Floats = (scores / np.maximum(spread, 1e-9))[codes]
    return found


def _two_digits(gain: float) -> float:
    """Round a gain to what can be told of it."""
    return float(f"{gain:.2g}")


def _packed(
    state: BayesianNetworkState, coded: _Coded, found: Mapping[str, Cells], depth: int
) -> Arrays:
    in_order = [link.name for link in state.graph]
    parts: dict[str, list[Any]] = {
        "sizes": [[coded.sizes[name] for name in state.columns]],
        "slants": [coded.slants[one.name] for one in state.bins],
        "ranks": [coded.ranks[name] for name in state.columns if name in coded.ranks],
        "groups": [coded.groups[name].at(depth) for name in in_order],
        "distributions": [[len(found[name].shares) for name in in_order]],
        "cells": [found[name].of_cell.ravel() for name in in_order],
        "shares": [found[name].shares.ravel() for name in in_order],
    }
    return {
        name: np.concatenate([np.zeros(0), *parts[name]]).astype(dtype)
        for name, dtype in _TYPES.items()
    }


class _Reader:
    """Takes arrays apart from their beginning to their end."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._at = dict.fromkeys(arrays, 0)

    def take(self, name: str, n: int) -> npt.NDArray[Any]:
        start = self._at[name]
        self._at[name] = start + n
        if n < 1 or start + n > len(self._arrays[name]):
            raise ArtifactError(f"the network has not enough {name}")
        return self._arrays[name][start : start + n]

    def check_end(self) -> None:
        if any(len(self._arrays[name]) != end for name, end in self._at.items()):
            raise ArtifactError("the network has more than it needs")


def _permutation(ranks: Codes) -> Codes:
    if not np.array_equal(np.sort(ranks), np.arange(len(ranks))):
        raise ArtifactError("the ranks of the levels are not ranks")
    return ranks
