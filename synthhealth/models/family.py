"""What our own families share: their parameters, their state, errors in words, and the log scale.

When a fit ends the family takes out of what it has learned what sampling needs, as plain values and
arrays. The sampler is built anew from these alone, and everything else is dropped. So a fitted
model holds what its saved form holds, and a loaded one is built in the same way as a fitted one.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from synthhealth.errors import ArtifactError, FitError, FitInterruptedError, SynthHealthError
from synthhealth.models._transforms import from_log, offsets_of_skewed, to_log
from synthhealth.models.about import About
from synthhealth.models.base import Training
from synthhealth.models.parameters import Parameter, resolve
from synthhealth.models.seeding import seeded
from synthhealth.schema import Schema
from synthhealth.table.blur import Blur

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Arrays", "Family", "FamilyState", "ScaledFamily", "ScaledState"]

#: Draws, each for the rows that are still infinite, before a model is given up.
MAX_DRAWS = 20

_LOGGERS = ("sdv", "copulas", "rdt", "SingleTableSynthesizer")

Arrays = dict[str, npt.NDArray[Any]]


class FamilyState(BaseModel):
    """The plain values of a fitted model; its arrays stand beside them.

    Attributes
    ----------
    settings : dict
        The value of every parameter that was used.
    partial : bool
        Whether training ended before its last epoch.
    columns : tuple of str
        The columns that were learned, in order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    settings: dict[str, Any]
    partial: bool
    columns: tuple[str, ...]


class Family:
    """Base of our own families: a model that is built from its state, whether learned or read."""

    name: ClassVar[str]
    about: ClassVar[About]
    parameters: ClassVar[tuple[Parameter, ...]]
    State: ClassVar[type[FamilyState]]
    settings_: dict[str, Any]
    partial_: bool

    def __init__(self, **params: Any) -> None:
        self.params = params

    def state(self) -> dict[str, Any]:
        """Give the fitted model as plain values and arrays."""
        return self._state.model_dump(mode="json") | self._arrays

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Rebuild a fitted model from its `state`, whoever wrote it; no code is taken from it.

        Raises
        ------
        ArtifactError, ParameterError, ValueError
            It is not the state of such a model.
        """
        arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
        plain = cls.State.model_validate(
            {name: value for name, value in state.items() if name not in arrays}
        )
        # A check turns the lists of JSON back into tuples.
        try:
            checked = {one.name: one.check(plain.settings[one.name]) for one in cls.parameters}
        except KeyError as error:
            raise ArtifactError(f"the model's setting {error} is missing") from None
        if set(plain.settings) - set(checked):
            raise ArtifactError(f"the model has settings that {cls.name!r} knows not")
        model = cls(**checked)
        model.settings_ = plain.settings | checked
        model._take(plain, arrays)
        return model

    def _take(self, state: Any, arrays: Arrays) -> None:
        """Become fitted."""
        self._state = state
        self._arrays = arrays
        self.partial_ = state.partial
        self._rebuild()

    def _rebuild(self) -> None:
        """Build the sampler from `_state` and `_arrays`.

        Raises
        ------
        ArtifactError, ValueError, RuntimeError
            They do not fit together.
        """
        raise NotImplementedError

    def _settings(self, table: pd.DataFrame, schema: Schema) -> dict[str, Any]:
        return resolve(self.name, self.parameters, self.params, len(table))

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Let a fit end in errors of ours alone."""
        try:
            yield
        except KeyboardInterrupt:
            raise FitInterruptedError(
                f"training of {self.name!r} was interrupted and nothing is kept; to keep the "
                "model as far as it has come, fit with on_interrupt='keep' (--keep-partial)"
            ) from None
        except SynthHealthError:
            raise
        except Exception as error:
            # The messages of other libraries quote cell values, so they are not passed on.
            raise FitError(
                f"model {self.name!r} failed in {type(error).__module__}."
                f"{type(error).__qualname__}; check the table with synthhealth.describe, or try "
                "another model"
            ) from error


class ScaledState(FamilyState):
    """The plain values of a model that learns some columns on a logarithmic scale.

    Attributes
    ----------
    offsets : dict of str to float
        The columns that were learned so, and what is added before the logarithm.
    """

    offsets: dict[str, float]


class ScaledFamily(Family):
    """Base of the families that learn skewed columns on a logarithmic scale.

    They draw from the global generators of numpy and torch, as SDV does.
    """

    def fit(self, table: pd.DataFrame, schema: Schema, *, seed: int, training: Training) -> None:
        """Learn a plain table. See `synthhealth.models.Model.fit`."""
        self.settings_ = self._settings(table, schema)
        self.partial_ = False
        self._blur = training.blur or Blur("none", len(table), b"")
        self._offsets: dict[str, float] = {}
        try:
            with self._in_words(), self._seeded(seed), _quiet():
                if self.settings_["log_scale"]:
                    self._offsets = self._log_offsets(table, schema)
                    table = to_log(table, self._offsets)
                self._build(table, schema)
                try:
                    self._train(table, training)
                except KeyboardInterrupt:
                    if not (training.keep_partial and self._is_usable()):
                        raise
                    self.partial_ = True
                learned, arrays = self._take_apart(table)
        finally:
            # It knows a secret, which goes nowhere with the model.
            del self._blur
        state = self.State.model_validate(
            {
                "settings": self.settings_,
                "partial": self.partial_,
                "columns": tuple(table.columns),
                "offsets": self._offsets,
                **learned,
            }
        )
        self._take(state, arrays)

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """Draw `n` rows in the plain form. See `synthhealth.models.Model.sample`."""
        with self._seeded(seed), _quiet():
            return self._draw_finite(n)

    def _take(self, state: Any, arrays: Arrays) -> None:
        self._offsets = state.offsets
        if not set(self._offsets) <= set(state.columns):
            raise ArtifactError("the model has a logarithmic scale for a column that it has not")
        super()._take(state, arrays)

    def _log_offsets(self, table: pd.DataFrame, schema: Schema) -> dict[str, float]:
        """Give the columns to learn on a log scale, each with what is added before it."""
        return offsets_of_skewed(table, schema)

    def _build(self, table: pd.DataFrame, schema: Schema) -> None:
        """Make ready what `settings_` ask for; `table` is on the scales that will be learned."""
        raise NotImplementedError

    def _train(self, table: pd.DataFrame, training: Training) -> None:
        """Learn the table, and report each epoch."""
        raise NotImplementedError

    def _is_usable(self) -> bool:
        """Whether an interrupted model can already sample."""
        return False

    def _take_apart(self, table: pd.DataFrame) -> tuple[dict[str, Any], Arrays]:
        """Give what sampling needs of what was learned, and drop the rest.

        Parameters
        ----------
        table : pandas.DataFrame
            What was learned, on the scale that it was learned on.

        Returns
        -------
        dict
            The fields that the family's `State` has beyond those of `ScaledState`.
        dict of str to numpy.ndarray
        """
        raise NotImplementedError

    def _draw(self, n: int) -> pd.DataFrame:
        """Draw rows on the scale that was learned."""
        raise NotImplementedError

    def _draw_finite(self, n: int) -> pd.DataFrame:
        """Draw rows without infinite numbers.

        A network's score far out in a tail has the probability 1, of which an unbounded margin
        makes an infinite value; such rows are drawn again.
        """
        parts: list[pd.DataFrame] = []
        n_found = 0
        for _ in range(MAX_DRAWS):
            drawn = from_log(self._draw(n - n_found), self._offsets)
            parts.append(drawn[np.isfinite(drawn.to_numpy(dtype=float)).all(axis=1)])
            n_found += len(parts[-1])
            if n_found == n:
                return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
        raise FitError(
            f"model {self.name!r} draws mostly infinite numbers; train it longer, or try another "
            "model"
        )

    def _seeded(self, seed: int) -> AbstractContextManager[None]:
        return seeded(seed, with_torch=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep other libraries' warnings and log lines, some with values in them, from the screen."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
