"""A Boltzmann machine over a Bayesian network: pairs and hidden units that the network lacks."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field
from threadpoolctl import threadpool_limits

from synthhealth.errors import ArtifactError
from synthhealth.models._energy import Energy, Scores, learn_energy
from synthhealth.models.about import About, Advice, on_demo
from synthhealth.models.base import LogDensity, Training
from synthhealth.models.bayesian_network import BayesianNetworkModel, BayesianNetworkState
from synthhealth.models.family import Arrays, FamilyState
from synthhealth.models.parameters import Parameter
from synthhealth.progress import ProgressEvent
from synthhealth.schema import Schema

__all__ = ["BoltzmannModel", "BoltzmannState", "Correction"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: How much pairs and hidden units are shrunk, times the number of patients: what is chosen from by
#: the likelihood of patients held out.
_SHRINKAGES = (100.0, 300.0, 1_000.0, 3_000.0, 10_000.0)

#: A correction is kept where it makes patients held out likelier by so many standard errors.
_ERRORS = 2.0

#: Patients that a shrinkage is chosen on, and that it is learned of; of fewer than so many each is
#: held out once, in five parts, of more a third is.
_CHOICE_ROWS, _MOST_ROWS, _FEW_ROWS, _FOLDS_OF_FEW, _FOLDS = 6_000, 20_000, 1_000, 5, 3

#: Rows of the reference that patients are told from: so many for each, and at least so many.
_CONTRAST, _LEAST_CONTRAST = 2, 4_000

#: Candidates for a row, and rows that are drawn at once.
_CANDIDATES, _CANDIDATES_GIVEN, _ROWS_AT_ONCE = 8, 32, 5_000

#: Of the candidates at least this share counts; otherwise the correction is weakened.
_LEAST_EFFECTIVE = 0.2

#: Powers of the scores of a column of bins, and of one of levels, by the number of patients.
_FEW_POWERS, _MANY_POWERS, _MANY_LEVELS = 1, 3, 7

_PREFIX = "energy."
_ARRAYS = ("fields", "pairs", "hidden", "biases")


class Correction(BaseModel):
    """What the energy adds to the reference, on patients held out.

    Attributes
    ----------
    n_pairs : int
        Pairs of scores with a coupling.
    n_hidden : int
        Hidden units.
    shrinkage : float
        How much these are shrunk.
    gain, error : float
        By how much a patient held out is likelier, as a natural logarithm, and the standard error.
    effective : float
        The share of candidates that count when rows are drawn (the effective sample size; Kong,
        1992): near 1 they follow the energy at once, near 0 a few of them would come again and
        again.
    is_kept : bool
        Whether the energy is used; otherwise the model is the Bayesian network.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    n_pairs: int = Field(ge=0)
    n_hidden: int = Field(ge=0)
    shrinkage: float
    gain: float
    error: float = Field(ge=0)
    effective: float = Field(ge=0, le=1)
    is_kept: bool


class BoltzmannState(BayesianNetworkState):
    """The plain values of a fitted Boltzmann machine: those of its reference, and of the energy.

    Attributes
    ----------
    correction : Correction or None
        None: there was no time for one.
    powers : tuple of int
        How many scores each column has at most, in the order in which columns are drawn.
    log_partition : float
        What makes the probabilities of all rows add up to 1.
    ceiling : float
        No row's energy counts as more.
    """

    correction: Correction | None = None
    powers: tuple[int, ...] = ()
    log_partition: float = 0.0
    ceiling: float = 0.0


class BoltzmannModel(BayesianNetworkModel):
    """A Boltzmann machine whose reference is a Bayesian network.

    Rows are as likely as the network of ``bayesian_network`` says, times the exponential of an
    energy of fields, of pairs of columns and, of many patients, of hidden units that are summed
    out (Ackley, Hinton and Sejnowski, 1985, *A Learning Algorithm for Boltzmann Machines*). The
    energy is learned by telling patients from rows of the network, and rows are drawn from the
    network and taken as often as the energy says. No chain has to mix.
    """

    name = "boltzmann"
    about = About(
        title="The Boltzmann machine",
        holds_no_patient=True,
        advice=Advice(
            copied="The machine stores no value of a patient, but a cell of few patients tells of "
            "each of them: look whether real rows were mixed into the table, set parents to 1, or "
            "raise min_cell in the schema",
            columns="Columns by themselves stay nearly as they are: look at the figures of "
            "{columns} under Column by column, and whether rules or limits of the schema cut them "
            "off",
            relations="Few patients bear out no couplings, and the machine is its Bayesian network "
            "then: see which family keeps more ({compare}), and declare what must hold between "
            "columns as rules of the schema",
        ),
        on_file=on_demo(
            "boltzmann",
            {("standard", 61): (0.81, 0.79, 0.82), ("standard", 300): (0.85, 0.84, 0.85)},
        ),
    )
    State: ClassVar[type[FamilyState]] = BoltzmannState
    parameters: ClassVar[tuple[Parameter, ...]] = (
        *BayesianNetworkModel.parameters,
        Parameter(
            "hidden",
            int,
            lambda n_rows: 0 if n_rows < 3_000 else 16,
            "hidden units, which tie several columns together",
            default_is="0 below 3,000 rows, else 16",
            low=0,
            high=256,
        ),
    )

    _energy: Energy | None = None

    def fit(self, table: pd.DataFrame, schema: Schema, *, seed: int, training: Training) -> None:
        """Learn a plain table. See `synthhealth.models.Model.fit`."""
        begin = time.monotonic()
        some = _n_folds(min(len(table), _CHOICE_ROWS))
        n_searches = len(_SHRINKAGES) * (some if some == _FOLDS_OF_FEW else 1) + 1
        total = table.shape[1] + n_searches

        def tell(event: ProgressEvent) -> None:
            training.on_progress(replace(event, total=total))

        super().fit(table, schema, seed=seed, training=replace(training, on_progress=tell))
        if self.partial_:
            return
        rng = np.random.default_rng([seed, 1])
        with self._in_words(), threadpool_limits(1):
            try:
                searches = _Searches(training, begin, table.shape[1], total)
                state, arrays = self._corrected(table, searches, rng)
                searches.end()
            except KeyboardInterrupt:
                if not training.keep_partial:
                    raise
            except _TimeIsUpError:
                pass
            else:
                self._take(state, arrays)
                return
        self._take(self._state.model_copy(update={"partial": True}), self._arrays)

    def _corrected(
        self, table: pd.DataFrame, searches: _Searches, rng: np.random.Generator
    ) -> tuple[Any, Arrays]:
        """Learn the energy; give the state of the whole model."""
        n = len(table)
        powers = tuple(
            _FEW_POWERS if n < _FEW_ROWS else _MANY_POWERS if name in self._bins else _MANY_LEVELS
            for name in self._sequence
        )
        scores = self._scores(powers)
        codes = self._coded(table)
        if n > _MOST_ROWS:
            codes = codes[np.linspace(0, n - 1, _MOST_ROWS).astype(np.int64)]
        real = scores(codes)
        drawn = scores(self._network.draw(max(_CONTRAST * len(real), _LEAST_CONTRAST), rng))
        n_hidden = self.settings_["hidden"]

        def learned(rows: Floats, contrast: Floats, shrinkage: float) -> Energy:
            searches.begin()
            return learn_energy(
                rows,
                contrast,
                scores.column,
                shrinkage=shrinkage / len(rows),
                n_hidden=n_hidden,
                rng=np.random.default_rng(0),
                follow=searches.follow,
            )

        some = real
        if n > _CHOICE_ROWS:
            some = real[np.linspace(0, len(real) - 1, _CHOICE_ROWS).astype(np.int64)]
        n_folds = _n_folds(len(some))
        folds = rng.permutation(np.arange(len(some)) % n_folds)
        # Half of what is drawn to learn from, half to weigh with.
        half = len(drawn) // 2
        best = (-np.inf, 0.0, _SHRINKAGES[-1])
        for shrinkage in _SHRINKAGES:
            gains = []
            for fold in range(n_folds if n_folds == _FOLDS_OF_FEW else 1):
                contrast = drawn[:half][: max(_CONTRAST * len(some), _LEAST_CONTRAST // 2)]
                energy = learned(some[folds != fold], contrast, shrinkage)
                level = _log_mean(energy(drawn[half:]))
                gains.append(energy(some[folds == fold]) - level)
            every = np.concatenate(gains)
            gain, error = float(every.mean()), float(every.std() / np.sqrt(len(every)))
            best = max(best, (gain, error, shrinkage))
        gain, error, shrinkage = best
        is_kept = gain > _ERRORS * error
        correction = Correction(
            n_pairs=0,
            n_hidden=0,
            shrinkage=shrinkage,
            gain=float(f"{gain:.2g}"),
            error=float(f"{error:.2g}"),
            effective=1.0,
            is_kept=is_kept,
        )
        if not is_kept:
            return self._state.model_copy(update={"correction": correction}), self._arrays
        energy = learned(real, drawn[: max(half, _CONTRAST * len(real))], shrinkage)
        energy, effective = _tempered(energy, drawn[half:])
        # No more decimals than so many patients can tell.
        energy = energy.rounded(int(np.ceil(np.log10(n) / 2)) + 1)
        told = energy(drawn[half:])
        ceiling = float(np.round(np.quantile(told, 0.999), 2))
        correction = correction.model_copy(
            update={
                "n_pairs": int(np.count_nonzero(energy.pairs)),
                "n_hidden": len(energy.biases),
                "effective": round(effective, 3),
            }
        )
        state = self._state.model_copy(
            update={
                "correction": correction,
                "powers": powers,
                "log_partition": round(_log_mean(np.minimum(told, ceiling)), 3),
                "ceiling": ceiling,
            }
        )
        kept = {
            _PREFIX + name: getattr(energy, name).astype(np.float32).ravel() for name in _ARRAYS
        }
        return state, self._arrays | kept

    def explain(self) -> Correction | None:  # type: ignore[override]
        """Say what the energy adds to the network, whose graph is `graph`.

        Examples
        --------
        >>> import synthhealth as sh
        >>> real = sh.datasets.load_ra_panel()
        >>> model = sh.Synthesizer("boltzmann", random_state=0).fit(real)
        >>> 0 < model.fitted_.model.explain().effective <= 1
        True
        """
        found: Correction | None = self._state.correction
        return found

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """Draw `n` rows in the plain form. See `synthhealth.models.Model.sample`."""
        if self._energy is None:
            return super().sample(n, seed=seed)
        rng = np.random.default_rng(seed)
        parts = []
        for start in range(0, n, _ROWS_AT_ONCE):
            wanted = min(_ROWS_AT_ONCE, n - start)
            codes = self._network.draw(max(_CANDIDATES * wanted, 256), rng)
            taken = rng.permutation(_evenly(self._weights(codes), wanted, rng))
            parts.append(self._rows(codes[taken], rng))
        return pd.concat(parts, ignore_index=True)

    def sample_given(self, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        """Draw one row for each row of known cells, nearly exactly; of a number its bin is known.

        Of each row 32 candidates are drawn, exactly by the network, and one is taken by the energy.
        """
        if self._energy is None:
            return super().sample_given(known, seed=seed)
        copies = known.loc[known.index.repeat(_CANDIDATES_GIVEN)].reset_index(drop=True)
        drawn = super().sample_given(copies, seed=seed)
        weights = self._weights(self._coded(drawn)).reshape(-1, _CANDIDATES_GIVEN)
        sums = np.cumsum(weights, axis=1)
        rng = np.random.default_rng([seed, 1])
        points = rng.random((len(known), 1)) * sums[:, -1:]
        taken = np.minimum((sums < points).sum(axis=1), _CANDIDATES_GIVEN - 1)
        places = np.arange(len(known)) * _CANDIDATES_GIVEN + taken
        return drawn.iloc[places].reset_index(drop=True)

    def log_density(self, rows: pd.DataFrame) -> LogDensity:
        """Give the log density of plain rows. See `synthhealth.models.DensityModel`.

        The energy of a row with columns that are not known is that of one in which they tell
        nothing.
        """
        found = super().log_density(rows)
        if self._energy is None:
            return found
        told = np.minimum(self._energy(self._of_codes(self._coded(rows))), self._state.ceiling)
        return found._replace(dependence=found.dependence + told - self._state.log_partition)

    def _scores(self, powers: tuple[int, ...]) -> Scores:
        if not self._margins:
            self._learn_margins()
        shares = [np.exp(one) / np.exp(one).sum() for one in self._margins]
        return Scores.of(shares, powers)

    def _weights(self, codes: Codes) -> Floats:
        assert self._energy is not None
        told = self._energy(self._of_codes(codes)) - self._state.ceiling
        weights: Floats = np.exp(np.minimum(told, 0.0))
        return weights

    def _rebuild(self) -> None:
        arrays = dict(self._arrays)
        own = {name: arrays.pop(_PREFIX + name, None) for name in _ARRAYS}
        every, self._arrays = self._arrays, arrays
        super()._rebuild()
        self._arrays, self._energy = every, None
        there = [one is not None for one in own.values()]
        if any(there) != bool(self._state.powers) or any(there) != all(there):
            raise ArtifactError("the energy of the machine is not whole")
        if not any(there):
            return
        powers = self._state.powers
        if len(powers) != len(self._sequence) or not {*powers} <= set(range(1, _MANY_LEVELS + 1)):
            raise ArtifactError("the energy of the machine is not that of its columns")
        if any(one is None or one.ndim != 1 or one.dtype != np.float32 for one in own.values()):
            raise ArtifactError("the arrays of the model are not those of an energy")
        self._of_codes = self._scores(powers)
        n = len(self._of_codes.column)
        fields, pairs, hidden, biases = (
            np.asarray(own[name], dtype=np.float64) for name in _ARRAYS
        )
        shapes = [one.size for one in (fields, pairs, hidden)]
        if shapes != [n, n * n, len(biases) * n]:
            raise ArtifactError("the energy of the machine is not that of its columns")
        self._energy = Energy(fields, pairs.reshape(n, n), hidden.reshape(-1, n), biases)


class _TimeIsUpError(Exception):
    """The time of a fit is over."""


class _Searches:
    """Counts the searches for an energy, and ends them when time is up."""

    def __init__(self, training: Training, begin: float, first: int, total: int) -> None:
        self._training, self._begin = training, begin
        spent = time.monotonic() - begin
        self._epochs = training.epochs(total, dict, first=first, spent=spent)

    def begin(self) -> None:
        """Begin the next one."""
        if next(self._epochs, None) is None:
            raise _TimeIsUpError

    def follow(self) -> None:
        """Take note of a step of it."""
        most = self._training.max_seconds
        if most is not None and time.monotonic() - self._begin > most:
            raise _TimeIsUpError

    def end(self) -> None:
        """Say that all are done, or need not be."""
        for _ in self._epochs:
            pass


def _n_folds(n: int) -> int:
    return _FOLDS_OF_FEW if n < _FEW_ROWS else _FOLDS


def _log_mean(told: Floats) -> float:
    """Give the logarithm of the mean of exponentials."""
    from scipy.special import logsumexp

    return float(logsumexp(told) - np.log(len(told)))


def _tempered(energy: Energy, scores: Floats) -> tuple[Energy, float]:
    """Weaken an energy until enough candidates count; give their share, too."""
    for factor in (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1):
        weaker = energy.times(factor)
        told = weaker(scores)
        weights = np.exp(told - told.max())
        effective = float(weights.sum() ** 2 / (weights**2).sum() / len(weights))
        if effective >= _LEAST_EFFECTIVE:
            break
    return weaker, effective


def _evenly(weights: Floats, wanted: int, rng: np.random.Generator) -> Codes:
    """Take candidates in proportion to their weights, evenly spaced among them."""
    sums = np.cumsum(weights)
    points = (np.arange(wanted) + rng.random()) / wanted * sums[-1]
    return np.minimum(np.searchsorted(sums, points), len(weights) - 1).astype(np.int64)
