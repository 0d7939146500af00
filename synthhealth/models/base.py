"""The protocol that every model family keeps, its plain table, and how a fit is watched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import pandas as pd

from synthhealth.models.parameters import Parameter
from synthhealth.progress import OnProgress, ProgressEvent
from synthhealth.schema import Schema

__all__ = ["ConditionalModel", "Model", "Parameter", "Training"]


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
    """

    on_progress: OnProgress
    max_seconds: float | None = None
    keep_partial: bool = False

    def epochs(self, total: int, losses: Callable[[], dict[str, float]]) -> Iterator[int]:
        """Count epochs from 0, reporting each one that is finished, until `total` or time is up."""
        start = time.monotonic()
        for epoch in range(total):
            elapsed = time.monotonic() - start
            if epoch:
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
