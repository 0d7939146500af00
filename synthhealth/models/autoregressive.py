"""An autoregressive network: each column given any others, by one small network over bins."""

from __future__ import annotations

import time
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ArtifactError, CheckpointError, ConditionError
from synthhealth.models._binned import bins_of, outcomes_of, rows_of
from synthhealth.models._bins import Bins
from synthhealth.models.about import About, Advice, on_demo
from synthhealth.models.base import LogDensity, Training
from synthhealth.models.family import Arrays, Family, FamilyState
from synthhealth.models.parameters import Parameter
from synthhealth.models.seeding import derive_seed, seeded
from synthhealth.progress import ProgressEvent
from synthhealth.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synthhealth.models.networks.masked import MaskedNetwork, MaskedTraining, Outcomes

__all__ = ["AutoregressiveModel", "AutoregressiveState", "Learned"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Of fewer rows nothing is learned but the columns one by one: the rows held out could not tell
#: what is true of others, too.
FEWEST_ROWS = 1_000

#: Steps of a round, after each of which the rows held out are looked at; rounds in which nothing
#: better may come; blocks of the network; the learning rate at its height.
_ROUND, _PATIENCE, _DEPTH, _RATE = 50, 10, 2, 1e-3

#: Rows that are drawn in one order, and orders that a density is the mean of.
_ROWS_IN_ORDER, _ORDERS = 4_096, 3

#: The smallest share of an outcome that a network begins with.
_LEAST = 1e-6


class Learned(NamedTuple):
    """What the training came to.

    Attributes
    ----------
    steps : int
        After which the network was best.
    gain : float
        By how much it makes a row that it has not learned likelier than columns one by one do, in
        natural logarithms.
    """

    steps: int
    gain: float


class AutoregressiveState(FamilyState):
    """The plain values of a fitted network; its arrays are the weights, sizes and slants.

    Attributes
    ----------
    bins : tuple of Bins
        The bins of the numerical columns.
    steps, gain
        As those of `Learned`.
    """

    bins: tuple[Bins, ...]
    steps: int
    gain: float


class AutoregressiveModel(Family):
    """A network that draws one column after the other, in any order.

    Columns are bins of several patients each, or levels. One network gives each column the law
    that it has given any others: parts of the rows are hidden at random while it learns (Uria,
    Murray and Larochelle, 2014; with random orders as in TabularARGN, Tiwald et al., 2025,
    *TabularARGN*, arXiv 2501.12012). It begins with independent columns, and the state is kept in
    which rows that were not learned are likeliest, so that it learns only what holds for others.
    """

    name = "autoregressive"
    about = About(
        title="The autoregressive network",
        in_steps=True,
        packages=("torch",),
        holds_no_patient=True,
        advice=Advice(
            copied="The network stores no value of a patient, and ends before it learns single "
            "ones: look whether real rows were mixed into the table, or raise min_cell in the "
            "schema",
            columns="The network keeps columns by themselves nearly as they are: look at the "
            "figures of {columns} under Column by column, and whether rules or limits of the "
            "schema cut them off",
            relations=f"Of fewer than {FEWEST_ROWS:,} patients it learns each column by itself: "
            "see which family keeps more ({compare}); of more, train longer ({longer})",
        ),
        on_file=on_demo(
            "autoregressive",
            {
                ("standard", 61): (0.77, 0.75, 0.79),
                ("standard", 300): (0.80, 0.79, 0.81),
                ("high", 61): (0.65, 0.62, 0.67),
            },
        ),
    )
    State: ClassVar[type[FamilyState]] = AutoregressiveState
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "steps",
            int,
            lambda n_rows: 6_000 if n_rows >= FEWEST_ROWS else 0,
            "updates of the network at most; it ends when rows held out have not become likelier "
            "for 500 steps. With 0 each column is drawn by itself",
            default_is=f"6,000; below {FEWEST_ROWS:,} rows 0, since the rows held out would be too "
            "few to tell what is true of other patients, too",
            low=0,
            high=10_000_000,
        ),
        Parameter("batch_size", int, 512, "rows of a step", low=2, high=1_000_000),
        Parameter(
            "width",
            int,
            128,
            "units of each hidden layer; 256 take twice as long, and were no better on 26,000 rows",
            low=4,
            high=4_096,
        ),
        Parameter(
            "threads",
            int,
            1,
            "processor threads of the training; another number gives other rows",
            low=1,
            high=256,
        ),
        Parameter(
            "enable_gpu",
            bool,
            False,
            "train on a GPU if there is one, which gives other rows than the processor does",
        ),
    )

    def fit(self, table: pd.DataFrame, schema: Schema, *, seed: int, training: Training) -> None:
        """Learn a plain table. See `synthhealth.models.Model.fit`."""
        self.settings_ = self._settings(table, schema)
        self.partial_ = False
        coded = _Coded.of(table, schema, training)
        with self._in_words(), seeded(seed, threads=self.settings_["threads"]):
            sizes = [len(margin) for margin in coded.margins]
            columns = _outcomes(tuple(schema.names), sizes, coded.bins)
            network = _network(columns, self.settings_["width"])
            network.begin(coded.margins)
            network.place()
            learned = Learned(0, 0.0)
            if self.settings_["steps"]:
                learned = self._train(network, coded.codes, table, training)
            else:
                training.on_progress(ProgressEvent("fit", 1, 1, "epoch", 0.0, {}))
            weights: Arrays = {
                name: np.array(weight.detach().cpu().numpy())
                for name, weight in network.named_parameters()
            }
        state = AutoregressiveState(
            settings=self.settings_,
            partial=self.partial_,
            columns=tuple(schema.names),
            bins=tuple(coded.bins),
            steps=learned.steps,
            gain=round(learned.gain, 3),
        )
        slants = np.concatenate([*coded.slants, np.empty(0)])
        self._take(state, weights | {"sizes": np.array(sizes, dtype=np.int64), "slants": slants})

    def _train(
        self, network: MaskedNetwork, codes: Codes, table: pd.DataFrame, training: Training
    ) -> Learned:
        """Train until rows held out become no likelier, or time is up."""
        import torch

        from synthhealth.models.networks.keeping import n_held_out

        settings = self.settings_
        device = torch.device(
            "cuda" if settings["enable_gpu"] and torch.cuda.is_available() else "cpu"
        )
        network.to(device).place()
        rows = torch.as_tensor(codes)[torch.randperm(len(codes))].to(device)
        n_out = n_held_out(len(rows))
        rounds = ceil(settings["steps"] / _ROUND)
        course = _course(network, rows, n_out, rounds, settings["batch_size"])
        spent = self._restored(course, table, training)
        start = time.monotonic() - spent

        def state() -> dict[str, Any]:
            return course.state() | {"spent": time.monotonic() - start}

        try:
            for _ in training.epochs(
                rounds, lambda: course.losses, first=course.round, spent=spent
            ):
                for _ in course.learn():
                    if training.checkpoint is not None:
                        training.checkpoint.follow(state)
                if course.settled:
                    break
        except KeyboardInterrupt:
            if not (training.keep_partial and course.round):
                raise
        if course.settled:
            done, elapsed = course.round, time.monotonic() - start
            training.on_progress(ProgressEvent("fit", done, done, "epoch", elapsed, course.losses))
        self.partial_ = course.round < rounds and not course.settled
        learned = Learned(*course.finish())
        network.to("cpu")
        return learned

    def _restored(self, course: MaskedTraining, table: pd.DataFrame, training: Training) -> float:
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
            raise CheckpointError("its state is not that of this network on this device") from None

    def explain(self) -> Learned:
        """Say after how many steps the network was best, and how much it had learned.

        Examples
        --------
        >>> import synthhealth as sh
        >>> real = sh.datasets.load_ra_panel()
        >>> model = sh.Synthesizer("autoregressive", random_state=0).fit(real)
        >>> model.fitted_.model.explain()  # 61 patients: columns one by one
        Learned(steps=0, gain=0.0)
        """
        return Learned(self._state.steps, self._state.gain)

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """Draw `n` rows in the plain form. See `synthhealth.models.Model.sample`."""
        codes = np.full((n, len(self._state.columns)), -1, dtype=np.int64)
        return self._drawn(codes, seed)

    def sample_given(self, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        """Draw one row for each row of known cells; of a number its bin is known."""
        for place, name in enumerate(self._state.columns):
            is_level = name in known and name not in self._bins
            if is_level and known[name].max() >= self._sizes[place]:
                raise ConditionError(
                    f"condition on column {name!r}: no such level was learned; ask for another"
                )
        rows = self._drawn(outcomes_of(known, self._state.columns, self._bins), seed)
        return rows.assign(**{str(name): known[name].to_numpy() for name in known})

    def log_density(self, rows: pd.DataFrame) -> LogDensity:
        """Give the log density of plain rows. See `synthhealth.models.DensityModel`.

        It is the mean of the densities in three orders of the columns, each of which is exact.
        """
        from scipy.special import logsumexp

        codes = outcomes_of(rows, self._state.columns, self._bins)
        margins: dict[str, Floats] = {}
        alone = np.zeros(len(rows))
        for place, name in enumerate(self._state.columns):
            if name not in rows:
                continue
            known, outcome = codes[:, place] >= 0, np.maximum(codes[:, place], 0)
            by_itself = np.where(known, self._margins[place][outcome], 0.0)
            alone += by_itself
            if name in self._bins:
                bins, slants = self._bins[name]
                values = np.where(known, rows[name].to_numpy(dtype=float), 0.0)
                by_itself = by_itself + bins.log_density(values, outcome, slants)
            margins[name] = np.where(known, by_itself, 0.0)
        with seeded(0):
            rng = np.random.default_rng(0)
            likely = [
                self._network.log_likelihood(codes, rng.permutation(codes.shape[1]))
                for _ in range(_ORDERS)
            ]
        whole = logsumexp(likely, axis=0) - np.log(_ORDERS)
        in_order = [str(name) for name in rows if name in margins]
        return LogDensity(pd.DataFrame(margins, index=rows.index)[in_order], whole - alone)

    def _rebuild(self) -> None:
        state = self._state
        weights = {name: one for name, one in self._arrays.items() if name not in _OTHER_ARRAYS}
        sizes, slants = (self._arrays.get(name) for name in _OTHER_ARRAYS)
        if (
            sizes is None
            or slants is None
            or [sizes.dtype, slants.dtype] != [np.dtype(np.int64), np.dtype(np.float64)]
            or sizes.shape != (len(state.columns),)
            or not len(sizes)
            or (sizes < 1).any()
        ):
            raise ArtifactError("the arrays of the model are not those of such a network")
        self._sizes = tuple(int(one) for one in sizes)
        by_name = dict(zip(state.columns, self._sizes, strict=True))
        if len(by_name) < len(state.columns):
            raise ArtifactError("a column stands twice in the model")
        self._bins = bins_of(state.bins, slants, by_name)
        columns = _outcomes(state.columns, self._sizes, state.bins)
        self._network = _with_weights(columns, state.settings["width"], weights)
        with seeded(0):
            self._margins = self._network.by_themselves()

    def _drawn(self, codes: Codes, seed: int) -> pd.DataFrame:
        """Draw what is not known of rows, and give them in the plain form."""
        rng = np.random.default_rng(seed)
        with seeded(derive_seed(seed, 0)):
            parts = [
                self._network.draw(
                    codes[start : start + _ROWS_IN_ORDER], rng.permutation(codes.shape[1]), rng
                )
                for start in range(0, len(codes), _ROWS_IN_ORDER)
            ]
        columns = self._state.columns
        return rows_of(np.concatenate(parts), columns, self._bins, columns, rng)


_OTHER_ARRAYS = ("sizes", "slants")


class _Coded(NamedTuple):
    """A plain table as bins and levels."""

    codes: Codes  # (n_rows, n_columns)
    margins: list[Floats]  # shares of the outcomes, by column
    bins: list[Bins]
    slants: list[Floats]

    @classmethod
    def of(cls, table: pd.DataFrame, schema: Schema, training: Training) -> _Coded:
        coded = cls(np.empty((len(table), len(schema.names)), dtype=np.int64), [], [], [])
        for place, column in enumerate(schema):
            values = table[column.name].to_numpy()
            if column.kind.is_numerical:
                bins = Bins.learn(column.name, values, column.kind, schema.min_cell)
                codes = bins.codes(values)
                coded.bins.append(bins)
                coded.slants.append(bins.slants(values, codes))
                size = len(bins)
            else:
                codes = values.astype(np.int64)
                size = int(codes.max()) + 1
            coded.codes[:, place] = codes
            shares = np.bincount(codes, minlength=size) / len(table)
            if training.blur is not None:
                shares = training.blur.shares(column.name, shares)
            coded.margins.append(np.maximum(shares, _LEAST))
        return coded


def _outcomes(names: Sequence[str], sizes: Sequence[int], bins: Sequence[Bins]) -> list[Outcomes]:
    from synthhealth.models.networks.masked import Outcomes

    heaps = {one.name: one.heaps for one in bins}
    return [
        Outcomes(size, name in heaps, heaps.get(name, ()))
        for name, size in zip(names, sizes, strict=True)
    ]


def _network(columns: Sequence[Outcomes], width: int) -> MaskedNetwork:
    from synthhealth.models.networks.masked import MaskedNetwork

    return MaskedNetwork(columns, width, _DEPTH)


def _course(
    network: MaskedNetwork, rows: Any, n_out: int, rounds: int, batch_size: int
) -> MaskedTraining:
    from synthhealth.models.networks.masked import MaskedTraining

    return MaskedTraining(
        network,
        rows[n_out:],
        rows[:n_out],
        rounds=rounds,
        steps=_ROUND,
        batch_size=batch_size,
        rate=_RATE,
        patience=_PATIENCE,
    )


def _with_weights(columns: Sequence[Outcomes], width: int, weights: Arrays) -> MaskedNetwork:
    """Give a network with these weights.

    It is built without memory first, so that a file cannot ask for more than it brings.

    Raises
    ------
    RuntimeError
        They are not those of such a network.
    """
    import torch

    with torch.device("meta"):
        network = _network(columns, width)
    network.load_state_dict(
        {name: torch.from_numpy(array) for name, array in weights.items()}, assign=True
    )
    return network.requires_grad_(False).place().eval()
