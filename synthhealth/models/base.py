"""The protocol that every model family keeps, its plain table, and how a fit is watched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from synthhealth.errors import ParameterError
from synthhealth.models.accountant import Budget
from synthhealth.models.parameters import Parameter
from synthhealth.progress import OnProgress, ProgressEvent
from synthhealth.schema import Schema
from synthhealth.table.blur import Blur
from synthhealth.table.learning import Read, Release
from synthhealth.table.left_out import Privacy

__all__ = [
    "Checkpoint",
    "ConditionalModel",
    "DensityModel",
    "FormalModel",
    "GraphModel",
    "Link",
    "LogDensity",
    "Model",
    "Parameter",
    "Training",
    "release_of",
]


class Checkpoint(Protocol):
    """Where a training leaves its state now and then, so that a later fit goes on from there."""

    def begin(self, settings: Mapping[str, Any], table: pd.DataFrame) -> dict[str, Any] | None:
        """Begin the next training of a fit, and give the state that an earlier one left of it.

        Parameters
        ----------
        settings : mapping
            The value of every parameter that is used.
        table : pandas.DataFrame
            What is learned.

        Raises
        ------
        CheckpointError
            The state is that of other settings, or of another table.
        """

    def follow(self, state: Callable[[], dict[str, Any]]) -> None:
        """Take note that a step is done; the state is asked for now and then.

        It is all that the rest of the training depends on: going on from it gives the same bytes.
        It is made of plain values and arrays as `Model.state`, but arrays may stand within dicts.
        """


@dataclass
class Training:
    """What a model is told about the fit that it is part of.

    Attributes
    ----------
    on_progress : callable
        Called with a `ProgressEvent` after each epoch.
    max_seconds : float or None
        After this time no new epoch is begun.
    keep_partial : bool
        Whether an interrupted training leaves a partial model (True) or an error (False).
    blur : Blur or None
        How sharply the numbers that the model keeps may tell of its patients; None: as sharply as
        they do, and every row is a patient.
    checkpoint : Checkpoint or None
        Where a family that learns in steps leaves the state of its training, and finds it again.
    """

    on_progress: OnProgress
    max_seconds: float | None = None
    keep_partial: bool = False
    blur: Blur | None = None
    checkpoint: Checkpoint | None = None

    def epochs(
        self,
        total: int,
        losses: Callable[[], dict[str, float]],
        *,
        first: int = 0,
        spent: float = 0.0,
    ) -> Iterator[int]:
        """Count epochs, reporting each one that is finished, until `total` or time is up.

        Parameters
        ----------
        total : int
            Epochs in all.
        losses : callable
            Gives the losses of the last epoch.
        first : int
            The epoch to begin with: of a training that goes on, the one that it was in.
        spent : float
            Seconds that such a training had taken before; they count for `max_seconds`, too.
        """
        start = time.monotonic() - spent
        for epoch in range(first, total):
            elapsed = time.monotonic() - start
            if epoch > first:
                self.on_progress(ProgressEvent("fit", epoch, total, "epoch", elapsed, losses()))
                if self.max_seconds is not None and elapsed >= self.max_seconds:
                    return
            yield epoch
        elapsed = time.monotonic() - start
        self.on_progress(ProgressEvent("fit", total, total, "epoch", elapsed, losses()))


@runtime_checkable
class Model(Protocol):
    """A family of synthesizers.

    A family may have a further attribute ``about``, an `About`, which tells reports and saved
    models what they must know of it.

    Attributes
    ----------
    name : str
        The name it is registered under.
    parameters : tuple of Parameter
        All it can be told; nothing else is accepted.
    settings_ : dict
        After `fit`: the value of every parameter that was used.
    partial_ : bool
        After `fit`: whether training ended before its last epoch.
    """

    name: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    settings_: dict[str, Any]
    partial_: bool

    def __init__(self, **params: Any) -> None:
        """Keep the parameters; they are checked in `fit`."""

    def fit(self, table: pd.DataFrame, schema: Schema, *, seed: int, training: Training) -> None:
        """Learn a plain table; the same table, seed and versions give the same model.

        Raises
        ------
        ParameterError
            A parameter is unknown, out of bounds, or does not go with another.
        FitInterruptedError
            Ctrl-C came and no partial model was asked for.
        """

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """Draw `n` rows in the plain form; the same seed gives the same rows."""

    def state(self) -> dict[str, Any]:
        """Give what sampling needs of the fitted model, and nothing else, by name.

        Each value is either plain (None, true or false, finite numbers, text, and lists and
        dicts of these with text as keys) or a numpy array of float64, float32 or int64, all of it
        finite. No row of the training table and nothing that a few patients alone have is in it:
        it leaves the hospital with the saved model.
        """

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Model:
        """Rebuild a fitted model from its `state`.

        The state may come from a file of strangers: check it, bound what it can ask for, and take
        no code from it. Plain values have been through JSON, so that tuples are lists.

        Raises
        ------
        ArtifactError, ValueError
            It is not the state of such a model.
        """


@runtime_checkable
class ConditionalModel(Model, Protocol):
    """A family that can draw rows around known values; the others are sampled until rows match."""

    def sample_given(self, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        """Draw one row for each row of `known`: some columns of a plain table, all filled."""


class LogDensity(NamedTuple):
    """How likely a fitted model takes rows to be, in natural logarithms, in its parts.

    The parts add up to the joint log density; by themselves, one far-out cell cannot drown what
    the others say.
    """

    margins: pd.DataFrame
    """Of each cell by its column alone, shape (n_rows, n_columns); 0 where it is not known."""
    dependence: npt.NDArray[np.float64]
    """What the joint law of a row's known cells adds to these, shape (n_rows,)."""


@runtime_checkable
class DensityModel(Model, Protocol):
    """A family that says from its saved parameters how likely a row is, exactly or nearly.

    It is what an attacker has who holds a saved model (`synthhealth.attack`); of the other
    families, he draws rows and looks how dense they lie.
    """

    def log_density(self, rows: pd.DataFrame) -> LogDensity:
        """Give the log density of plain rows.

        Parameters
        ----------
        rows : pandas.DataFrame
            Some of the columns of a plain table, on the scale of `sample`. Of unknown cells, NaN
            in a number and -1 in a level.
        """


class Link(BaseModel):
    """What the graph says of one column.

    Attributes
    ----------
    name : str
    parents : tuple of str
        The columns that it is given; none where the others say nothing of it.
    gain : float
        By how much the parents make a patient likelier, in natural logarithms, of a graph that was
        found in the table after a penalty for each free parameter; to two digits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    parents: tuple[str, ...]
    gain: float


@runtime_checkable
class GraphModel(Model, Protocol):
    """A family that draws its columns given one another, in a graph that a report can show."""

    @property
    def graph(self) -> tuple[Link, ...]:
        """The columns in the order in which they are drawn, with their parents."""


@runtime_checkable
class FormalModel(Protocol):
    """What a family has beside `Model` that is differentially private.

    It learns from rows that it has made private itself.
    """

    def release(self, read: Read) -> Read:
        """Give other rows in a table's place, which tell of a patient what the budget allows.

        Raises
        ------
        ParameterError
            No budget was given, or one that so few patients do not suffice for.
        SchemaError
            The schema does not say what a column can be.
        """

    def spent(self) -> Budget:
        """Say, after `release`, what was spent, and on what."""


def release_of(model: Model, privacy: Privacy, *, guard: bool) -> Release | None:
    """Give the way in which a model makes a table private before it learns, if it does.

    Raises
    ------
    ParameterError
        The level of privacy and the family do not belong together.
    """
    if not isinstance(model, FormalModel):
        if privacy == "formal":
            raise ParameterError(
                f"privacy is 'formal', but {model.name!r} is not differentially private; take the "
                "family that is: Synthesizer('private', privacy='formal', epsilon=1.0), or "
                "--model private --privacy formal --epsilon 1"
            )
        return None
    if privacy != "formal":
        raise ParameterError(
            f"model {model.name!r} goes with privacy='formal' (--privacy formal), not {privacy!r}"
        )
    if guard:
        raise ParameterError(
            f"model {model.name!r}: a guard looks at the patients whenever rows are drawn, which "
            "no budget covers; leave it out"
        )
    return model.release
