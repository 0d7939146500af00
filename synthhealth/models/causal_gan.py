"""A causal GAN: each column a small network of its parents in a graph, and one critic over rows."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import (
    ArtifactError,
    CheckpointError,
    ConditionError,
    ParameterError,
    nearest,
)
from synthhealth.models._binned import bins_of, outcomes_of, rows_of
from synthhealth.models._bins import Bins
from synthhealth.models._cells import Groups
from synthhealth.models._conditional import drawn
from synthhealth.models._energy import polynomials
from synthhealth.models._graph import choose_graph
from synthhealth.models._sequential import CANDIDATES, rows_given
from synthhealth.models.about import About, Advice, on_demo
from synthhealth.models.base import Link, LogDensity, Training
from synthhealth.models.family import Arrays, Family, FamilyState
from synthhealth.models.parameters import Parameter
from synthhealth.models.seeding import seeded
from synthhealth.progress import ProgressEvent
from synthhealth.schema import Kind, Schema

if TYPE_CHECKING:
    from synthhealth.models.networks.mechanisms import CausalNetwork, CausalTraining

__all__ = ["CausalGANModel", "CausalGANState", "CausalGraph"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Steps between two looks at rows held out, and looks without anything better after which it ends.
_ROUND, _PATIENCE = 25, 12

#: Of few rows this part is held out, and so many at most: a tenth of them would tell too little.
_FEW_PARTS, _FEW_HELD_OUT = 4, 100

#: The smallest share that an outcome begins with, and rows with conditions that are drawn at once.
_LEAST, _ROWS_AT_ONCE = 1e-6, 100_000 // CANDIDATES

#: What parents can change of an ordered column: so many powers of its scores.
_POWERS = 4

#: Rows that are drawn while the columns are brought back to their distributions, and how often.
_SIMULATED_ROWS, _RAKED = 20_000, 5


class CausalGraph(NamedTuple):
    """What the mechanisms are given, and how well they do.

    Attributes
    ----------
    graph : tuple of Link
        The columns, each after its parents.
    is_given : bool
        Whether somebody gave the graph; otherwise it was found in the table.
    steps : int
        Updates after which rows held out were likeliest.
    gain : float
        By how much they were then likelier than as independent columns, as a natural logarithm a
        row.
    """

    graph: tuple[Link, ...]
    is_given: bool
    steps: int
    gain: float


class CausalGANState(FamilyState):
    """The plain values of a fitted causal GAN; its arrays are the weights, sizes and slants.

    Attributes
    ----------
    graph, is_given, steps, gain
        As those of `CausalGraph`.
    ordered : tuple of str
        The columns whose outcomes have an order.
    bins : tuple of Bins
        The bins of the numerical columns.
    """

    graph: tuple[Link, ...]
    is_given: bool
    steps: int
    gain: float
    ordered: tuple[str, ...]
    bins: tuple[Bins, ...]


class CausalGANModel(Family):
    """A GAN whose generator is a causal model.

    Each column is drawn by a small network of its own from the columns that cause it, which a graph
    names, and one critic compares whole rows with those of patients (Wen, Colon, Subbalakshmi and
    Chandramouli, 2021, *Causal-TGAN: Generating Tabular Data Using Causal Generative Adversarial
    Networks*, arXiv 2104.10680). Here the columns are bins of several patients each, or levels, and
    a network gives the law of a column, so that rows have a density: the state is kept in which
    rows that were not learned are likeliest.
    """

    name = "causal_gan"
    about = About(
        title="The causal GAN",
        packages=("torch",),
        in_steps=True,
        holds_no_patient=True,
        advice=Advice(
            copied="The networks store no value of a patient, and are kept as they were before "
            "they learned single ones: look whether real rows were mixed into the table, or raise "
            "min_cell in the schema",
            columns="Columns by themselves stay nearly as they are: look at the figures of "
            "{columns} under Column by column, and whether rules or limits of the schema cut them "
            "off",
            relations="A column follows the columns that the graph gives it and no others: give "
            "the graph that you know (graph), train longer ({longer}), or see which family keeps "
            "more ({compare})",
        ),
        on_file=on_demo("causal_gan", {("standard", 61): (0.81, 0.79, 0.82)}),
    )
    State: ClassVar[type[FamilyState]] = CausalGANState
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "graph",
            list,
            [],
            "what causes what, as text for each arrow: 'sex -> creatinine'. Columns without an "
            "arrow to them cause others or stand alone",
            default_is="none: it is found in the table, with at most two parents for a column, as "
            "`bayesian_network` finds it",
        ),
        Parameter(
            "steps",
            int,
            lambda n_rows: min(4_000, 300 + n_rows // 5),
            "updates of the mechanisms; it ends when rows held out have not become likelier for "
            f"{_ROUND * _PATIENCE} of them. With 0 the columns are independent",
            default_is="300 and a fifth of the rows, to 4,000",
            low=0,
            high=10_000_000,
        ),
        Parameter("batch_size", int, 256, "rows of one step", low=2, high=100_000),
        Parameter("width", int, 64, "units of the hidden layer of each column", low=2, high=4_096),
    )

    def fit(self, table: pd.DataFrame, schema: Schema, *, seed: int, training: Training) -> None:
        """Learn a plain table. See `synthhealth.models.Model.fit`.

        Raises
        ------
        ParameterError
            The graph names a column that is not learned, or goes in a circle.
        """
        self.settings_ = self._settings(table, schema)
        self.partial_ = False
        coded = _Coded.of(table, schema, training)
        arrows = _arrows(self.settings_["graph"], schema.names)
        with self._in_words(), seeded(seed):
            graph = _given(arrows, schema.names) if arrows else _found(coded)
            sequence = [link.name for link in graph]
            shares = [coded.margins[name] for name in sequence]
            network = _network(graph, shares, coded.ordered, self.settings_["width"])
            network.begin()
            steps, gain = self._train(network, coded, sequence, table, training)
            _bring_back(network)
            if arrows:
                graph = _with_gains(graph, network, coded)
            weights: Arrays = {
                name: np.array(weight.detach().numpy())
                for name, weight in network.named_parameters()
            }
        state = CausalGANState(
            settings=self.settings_,
            partial=self.partial_,
            columns=tuple(schema.names),
            graph=graph,
            is_given=bool(arrows),
            steps=steps,
            gain=round(gain, 3),
            ordered=tuple(sorted(coded.ordered)),
            bins=tuple(coded.bins.values()),
        )
        others: Arrays = {
            "sizes": np.array([len(one) for one in shares], dtype=np.int64),
            "shares": np.concatenate(shares),
            "slants": np.concatenate([*coded.slants.values(), np.empty(0)]),
        }
        self._take(state, weights | others)

    def _train(
        self,
        network: CausalNetwork,
        coded: _Coded,
        sequence: Sequence[str],
        table: pd.DataFrame,
        training: Training,
    ) -> tuple[int, float]:
        """Train until rows held out become no likelier; give the best steps, and their gain."""
        from synthhealth.models.networks.keeping import n_held_out

        codes = np.column_stack([coded.codes[name] for name in sequence])
        codes = codes[np.random.permutation(len(codes))]
        n_out = max(n_held_out(len(codes)), min(len(codes) // _FEW_PARTS, _FEW_HELD_OUT))
        course = _course(
            network,
            codes[n_out:],
            codes[:n_out],
            self.settings_["batch_size"],
        )
        rounds = -(-self.settings_["steps"] // _ROUND)
        spent = self._restored(course, table, training)
        begin = time.monotonic() - spent

        def state() -> dict[str, Any]:
            return course.state() | {"spent": time.monotonic() - begin}

        try:
            for _ in training.epochs(
                rounds, lambda: course.losses, first=course.at // _ROUND, spent=spent
            ):
                left = self.settings_["steps"] - course.at
                for _ in course.learn(min(_ROUND - course.at % _ROUND, left)):
                    if training.checkpoint is not None:
                        training.checkpoint.follow(state)
                if course.at - course.best_at >= _ROUND * _PATIENCE:
                    break
        except KeyboardInterrupt:
            if not (training.keep_partial and course.at):
                raise
        is_settled = course.at - course.best_at >= _ROUND * _PATIENCE
        self.partial_ = course.at < self.settings_["steps"] and not is_settled
        if is_settled:
            done, elapsed = -(-course.at // _ROUND), time.monotonic() - begin
            training.on_progress(ProgressEvent("fit", done, done, "epoch", elapsed, course.losses))
        course.finish()
        return course.best_at, float((course.best - course.alone).mean())

    def _restored(self, course: CausalTraining, table: pd.DataFrame, training: Training) -> float:
        """Go back to where an earlier training was, and give the seconds that it had taken."""
        if training.checkpoint is None:
            return 0.0
        earlier = training.checkpoint.begin(self.settings_, table)
        if earlier is None:
            return 0.0
        try:
            course.restore(earlier)
            return float(earlier["spent"])
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError):
            raise CheckpointError("its state is not that of these mechanisms") from None

    def explain(self) -> CausalGraph:
        """Give the graph, where it comes from, and what the mechanisms learned of others.

        Examples
        --------
        >>> import synthhealth as sh
        >>> real = sh.datasets.load_ra_panel()[["sex", "haemoglobin", "creatinine"]]
        >>> graph = ["sex -> haemoglobin", "sex -> creatinine"]
        >>> model = sh.Synthesizer("causal_gan", graph=graph, steps=50, random_state=0).fit(real)
        >>> [(link.name, link.parents) for link in model.fitted_.model.explain().graph]
        [('sex', ()), ('haemoglobin', ('sex',)), ('creatinine', ('sex',))]
        """
        state = self._state
        return CausalGraph(state.graph, state.is_given, state.steps, state.gain)

    @property
    def graph(self) -> tuple[Link, ...]:
        """The graph, by the name that reports look for."""
        graph: tuple[Link, ...] = self._state.graph
        return graph

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """Draw `n` rows in the plain form. See `synthhealth.models.Model.sample`."""
        rng = np.random.default_rng(seed)
        with seeded(seed):
            return self._drawn_rows(_drawn(self._network, n, rng), rng)

    def sample_given(self, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        """Draw one row for each row of known cells, nearly exactly; of a number its bin is known.

        Before a known column 32 candidates are drawn, and taken as often as they make it likely.
        """
        for name in known:
            place = self._sequence.index(str(name))
            if name not in self._bins and known[name].max() >= self._sizes[place]:
                raise ConditionError(
                    f"condition on column {name!r}: no such level was learned; ask for another"
                )
        rng = np.random.default_rng(seed)
        parts = []
        with seeded(seed):
            for start in range(0, len(known), _ROWS_AT_ONCE):
                here = known.iloc[start : start + _ROWS_AT_ONCE]
                rows = rows_given(
                    _Rows(outcomes_of(here, self._sequence, self._bins)),
                    [name in known for name in self._sequence],
                    0,
                    lambda rows, place: self._draw_column(rows, place, rng),
                    self._likelihood,
                    rng,
                )
                drawn_rows = self._drawn_rows(rows.codes, rng)
                parts.append(drawn_rows.assign(**{str(one): here[one].to_numpy() for one in known}))
        return pd.concat(parts, ignore_index=True)

    def _drawn_rows(self, codes: Codes, rng: np.random.Generator) -> pd.DataFrame:
        return rows_of(codes, self._sequence, self._bins, self._state.columns, rng)

    def _draw_column(self, rows: _Rows, place: int, rng: np.random.Generator) -> None:
        law = self._network.law(place, rows.codes)
        rows.codes[:, place] = drawn(law, np.arange(len(law)), rng)

    def _likelihood(self, rows: _Rows, place: int) -> Floats:
        law = self._network.law(place, rows.codes)
        found: Floats = law[np.arange(len(law)), rows.codes[:, place]]
        return found

    def log_density(self, rows: pd.DataFrame) -> LogDensity:
        """Give the log density of plain rows. See `synthhealth.models.DensityModel`.

        A column with a parent that is not known counts as by itself.
        """
        codes = outcomes_of(rows, self._sequence, self._bins)
        margins: dict[str, Floats] = {}
        dependence = np.zeros(len(rows))
        with seeded(0):
            for place, name in enumerate(self._sequence):
                if name not in rows:
                    continue
                known, outcome = codes[:, place] >= 0, np.maximum(codes[:, place], 0)
                alone = np.log(self._shares[place][outcome])
                parents = self._network.mechanisms[place].parents
                told = known & (codes[:, list(parents)] >= 0).all(axis=1)
                law = self._network.law(place, codes)[np.arange(len(codes)), outcome]
                dependence += np.where(told, np.log(np.maximum(law, 1e-12)) - alone, 0.0)
                if name in self._bins:
                    bins, slants = self._bins[name]
                    values = np.where(known, rows[name].to_numpy(dtype=float), 0.0)
                    alone = alone + bins.log_density(values, outcome, slants)
                margins[name] = np.where(known, alone, 0.0)
        in_order = [str(name) for name in rows if name in margins]
        return LogDensity(pd.DataFrame(margins, index=rows.index)[in_order], dependence)

    def _rebuild(self) -> None:
        import torch

        state = self._state
        self._sequence = [link.name for link in state.graph]
        if sorted(self._sequence) != sorted(state.columns) or not state.columns:
            raise ArtifactError("the columns of the graph are not those of the table")
        arrays = dict(self._arrays)
        sizes, shares, slants = (arrays.pop(name, np.empty(0)) for name in _OTHER_ARRAYS)
        if (
            sizes.dtype != np.int64
            or {shares.dtype, slants.dtype} != {np.dtype(np.float64)}
            or sizes.shape != (len(state.columns),)
            or (sizes < 1).any()
            or shares.shape != (sizes.sum(),)
            or (shares <= 0).any()
        ):
            raise ArtifactError("the arrays of the model are not those of a causal GAN")
        self._sizes = tuple(int(one) for one in sizes)
        by_name = dict(zip(self._sequence, self._sizes, strict=True))
        self._bins = bins_of(state.bins, slants, by_name)
        parts = np.split(shares, np.cumsum(sizes)[:-1])
        self._shares = [one / one.sum() for one in parts]
        places = {name: place for place, name in enumerate(self._sequence)}
        for place, link in enumerate(state.graph):
            if any(places.get(parent, place) >= place for parent in link.parents):
                raise ArtifactError("a column of the graph stands before one that causes it")
        with seeded(0):
            network = _network(
                state.graph, self._shares, set(state.ordered), state.settings["width"], arrays
            )
            own = dict(network.named_parameters())
            with torch.no_grad():
                for name, weight in own.items():
                    weight.copy_(torch.from_numpy(np.ascontiguousarray(arrays[name])))
            self._network = network


_OTHER_ARRAYS = ("sizes", "shares", "slants")


class _Rows:
    """Rows that are being drawn."""

    def __init__(self, codes: Codes) -> None:
        self.codes = codes

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, indices: Codes) -> _Rows:
        return _Rows(self.codes[indices])


class _Coded(NamedTuple):
    """A plain table as bins and levels, by column."""

    codes: dict[str, Codes]
    margins: dict[str, Floats]
    bins: dict[str, Bins]
    slants: dict[str, Floats]
    ordered: frozenset[str]

    @classmethod
    def of(cls, table: pd.DataFrame, schema: Schema, training: Training) -> _Coded:
        unordered = (Kind.NOMINAL, Kind.BOOLEAN)
        ordered = frozenset(one.name for one in schema if one.kind not in unordered)
        coded = cls({}, {}, {}, {}, ordered)
        for column in schema:
            name, values = column.name, table[column.name].to_numpy()
            if column.kind.is_numerical:
                bins = Bins.learn(name, values, column.kind, schema.min_cell)
                coded.bins[name], coded.codes[name] = bins, bins.codes(values)
                coded.slants[name] = bins.slants(values, coded.codes[name])
                size = len(bins)
            else:
                coded.codes[name] = values.astype(np.int64)
                size = int(values.max()) + 1
            shares = np.bincount(coded.codes[name], minlength=size) / len(table)
            if training.blur is not None:
                shares = training.blur.shares(name, shares)
            shares = np.maximum(shares, _LEAST)
            coded.margins[name] = shares / shares.sum()
        return coded


def _arrows(graph: Sequence[Any], names: Sequence[str]) -> list[tuple[str, str]]:
    """Read the arrows of a graph.

    Raises
    ------
    ParameterError
        One is not an arrow, or names a column that is not learned.
    """
    found = []
    for text in graph:
        cause, arrow, effect = (part.strip() for part in str(text).partition("->"))
        if not arrow or not cause or not effect:
            raise ParameterError(
                f"parameter 'graph': {text!r} is not an arrow; write 'cause -> effect', each a "
                "column"
            )
        for name in (cause, effect):
            if name not in names:
                raise ParameterError(
                    f"parameter 'graph': no column {name!r} is learned{nearest(name, names)}"
                )
        found.append((cause, effect))
    return found


def _given(arrows: Sequence[tuple[str, str]], names: Sequence[str]) -> tuple[Link, ...]:
    """Put columns in an order in which causes come first."""
    from graphlib import CycleError, TopologicalSorter

    parents: Mapping[str, list[str]] = {name: [] for name in names}
    for cause, effect in dict.fromkeys(arrows):
        parents[effect].append(cause)
    try:
        order = list(TopologicalSorter(parents).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1][::-1])
        raise ParameterError(
            f"parameter 'graph': the arrows go in a circle ({circle}); leave one of them out"
        ) from None
    place = {name: at for at, name in enumerate(order)}
    return tuple(
        Link(name=name, parents=tuple(sorted(parents[name], key=place.__getitem__)), gain=0.0)
        for name in order
    )


def _with_gains(graph: Sequence[Link], network: CausalNetwork, coded: _Coded) -> tuple[Link, ...]:
    """Say of each column how much likelier its causes make it, for a patient."""
    codes = np.column_stack([coded.codes[link.name] for link in graph])
    told = network.log_likelihood(codes).mean(axis=0)
    alone = [np.log(coded.margins[link.name])[codes[:, at]].mean() for at, link in enumerate(graph)]
    return tuple(
        link.model_copy(update={"gain": float(f"{max(gain, 0.0):.2g}") if link.parents else 0.0})
        for link, gain in zip(graph, told - alone, strict=True)
    )


def _found(coded: _Coded) -> tuple[Link, ...]:
    """Find a graph in the table; which of two columns is the cause it cannot tell."""
    groups = {
        name: Groups.of(np.bincount(codes, minlength=len(coded.margins[name])))
        for name, codes in coded.codes.items()
    }
    n = len(next(iter(coded.codes.values())))
    return tuple(
        Link(name=one.name, parents=one.parents, gain=float(f"{one.gain / n:.2g}"))
        for one in choose_graph(coded.codes, groups, 2)
    )


def _drawn(network: CausalNetwork, n: int, rng: np.random.Generator) -> Codes:
    """Draw the outcomes of rows, column after column."""
    codes = np.zeros((n, len(network.mechanisms)), dtype=np.int64)
    for place in range(len(network.mechanisms)):
        law = network.law(place, codes)
        codes[:, place] = drawn(law, np.arange(n), rng)
    return codes


def _bring_back(network: CausalNetwork) -> None:
    """Bring columns back to their distributions, from which what the critic asked took them."""
    import torch

    rng = np.random.default_rng(np.random.randint(2**31))
    codes = np.zeros((_SIMULATED_ROWS, len(network.mechanisms)), dtype=np.int64)
    for place, mechanism in enumerate(network.mechanisms):
        for _ in range(_RAKED):
            shares = np.maximum(network.law(place, codes).mean(axis=0), _LEAST)
            with torch.no_grad():
                network.biases[place] += torch.from_numpy(np.log(mechanism.shares / shares)).float()
        law = network.law(place, codes)
        codes[:, place] = drawn(law, np.arange(len(law)), rng)


def _network(
    graph: Sequence[Link],
    shares: Sequence[Floats],
    ordered: Collection[str],
    width: int,
    weights: Arrays | None = None,
) -> CausalNetwork:
    """Build the mechanisms; none that the weights of a file do not fill.

    Raises
    ------
    ArtifactError
        The weights are of other shapes.
    """
    import torch

    from synthhealth.models.networks.mechanisms import CausalNetwork, Mechanism

    places = {link.name: place for place, link in enumerate(graph)}
    mechanisms = [
        Mechanism(
            own,
            polynomials(own, _POWERS) if link.name in ordered else np.eye(len(own)),
            link.name in ordered,
            tuple(places[parent] for parent in link.parents),
        )
        for link, own in zip(graph, shares, strict=True)
    ]
    if weights is None:
        return CausalNetwork(mechanisms, width)
    with torch.device("meta"):
        shapes = {
            name: tuple(one.shape)
            for name, one in CausalNetwork(mechanisms, width).named_parameters()
        }
    told = {name: one.shape for name, one in weights.items()}
    if told != shapes or any(one.dtype != np.float32 for one in weights.values()):
        raise ArtifactError("the weights are not those of such mechanisms")
    return CausalNetwork(mechanisms, width)


def _course(
    network: CausalNetwork,
    codes: Codes,
    held_out: Codes,
    batch_size: int,
) -> CausalTraining:
    from synthhealth.models.networks.mechanisms import CausalTraining

    return CausalTraining(network, codes, held_out, batch_size)
