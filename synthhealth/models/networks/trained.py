"""What our CTGAN and TVAE share: how a table is coded, held out in part, and gone through."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from synthhealth.models.networks.course import Course, Follow, Steps
from synthhealth.models.networks.draws import Draws
from synthhealth.models.networks.keeping import HeldOut, Keeper, n_held_out
from synthhealth.models.networks.table import NetworkTable, code_table

__all__ = ["Generating", "Trained"]


class Generating(Steps):
    """The steps of a training of what generates rows."""

    def generator(self, held_out: Tensor) -> Callable[[], npt.NDArray[np.float32]]:
        """Give what generates as many rows as are held out, of the same noise each time."""
        raise NotImplementedError


class Trained:
    """A synthesizer of ctgan that is trained by steps of our own.

    Parameters
    ----------
    epochs : int
        Passes over the table.
    watch : callable
        Takes the first epoch and the number of epochs, and gives those that are trained.
    hold_out : bool
        Whether to keep the best state by rows held out, and to end when nothing better comes.
    earlier : dict, optional
        The state of an earlier training of the same table and settings, to go on from.
    follow : callable, optional
        Is told after each step how to get the state.
    **settings
        As those of ctgan's class.

    Attributes
    ----------
    coder : NetworkTable
        What the outputs of the network stand for.
    network : torch.nn.Module
        What generates rows.
    settled : bool
        Whether it ended since nothing better came.
    """

    #: What draws; a test puts its own in this place.
    draws: Callable[[torch.device], Draws] = Draws

    #: As ctgan's classes have it.
    _device: torch.device

    coder: NetworkTable
    network: Any

    def __init__(
        self,
        *,
        epochs: int,
        watch: Callable[[int, int], Iterable[int]],
        hold_out: bool = False,
        earlier: Mapping[str, Any] | None = None,
        follow: Follow | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(epochs=epochs, **settings)  # type: ignore[call-arg]
        self._n_epochs, self._watch, self._hold_out = epochs, watch, hold_out
        self._earlier, self._follow = earlier, follow
        self.settled = False

    def fit(self, train_data: pd.DataFrame, discrete_columns: Collection[str] = ()) -> None:
        """Learn a table of plain numbers, `discrete_columns` as levels."""
        self.coder, coded = code_table(train_data, discrete_columns)
        rows = torch.from_numpy(coded).to(self._device)
        draws = self.draws(self._device)
        held_out = rows[:0]
        if self._hold_out:
            held_out, rows = draws.apart(rows, n_held_out(len(rows)))
        steps = self._begin(rows, draws)
        self.network = steps.network
        keeper = self._keeper(steps, held_out) if self._hold_out else None
        self._course = course = Course(steps, keeper, draws)
        if self._earlier is not None:
            course.restore(self._earlier)
        try:
            self.settled = course.go_through(
                self._watch(course.epoch, self._n_epochs), self._follow
            )
        finally:
            if keeper:
                keeper.finish()

    @property
    def losses(self) -> dict[str, float]:
        """Of the last step."""
        return self._course.losses

    @property
    def spent(self) -> float:
        """Seconds that the earlier training had taken."""
        return self._course.spent

    def _keeper(self, steps: Generating, held_out: Tensor) -> Keeper:
        generate = steps.generator(held_out)
        real = HeldOut(self.coder.columns, held_out.cpu().numpy())
        n_steps = steps.n_per_epoch * self._n_epochs
        weights = steps.optimisers[0].weights
        return Keeper(weights, lambda: real.likeness(generate()), n_steps)

    def _begin(self, rows: Tensor, draws: Draws) -> Generating:
        """Build the networks."""
        raise NotImplementedError
