"""What our CTGAN and TVAE share: how a table is coded, held out in part, and gone through."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from synthhealth.models.networks.adam import Adam
from synthhealth.models.networks.draws import Draws
from synthhealth.models.networks.keeping import HeldOut, Keeper, n_held_out
from synthhealth.models.networks.table import NetworkTable, code_table

__all__ = ["Steps", "Trained"]


class Steps:
    """The steps of a training, with the networks that they change.

    Attributes
    ----------
    network : torch.nn.Module
        What generates rows.
    optimisers : tuple of Adam
        All that change weights; the first those of `network`.
    n_per_epoch : int
        Steps of an epoch.
    """

    network: Any
    optimisers: tuple[Adam, ...]
    n_per_epoch: int

    def begin_epoch(self) -> None:
        """Draw what the steps of an epoch share."""

    def step(self, number: int) -> None:
        """Change the weights by one batch, the one of this number in its epoch."""
        raise NotImplementedError

    def losses(self) -> dict[str, float]:
        """Give the losses of the last step."""
        raise NotImplementedError

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
        Takes the number of epochs, and gives those that are trained.
    hold_out : bool
        Whether to keep the best state by rows held out, and to end when nothing better comes.
    **settings
        As those of ctgan's class.

    Attributes
    ----------
    coder : NetworkTable
        What the outputs of the network stand for.
    network : torch.nn.Module
        What generates rows.
    losses : dict of str to float
        Of the last step of the last epoch.
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
        watch: Callable[[int], Iterable[int]],
        hold_out: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(epochs=epochs, **settings)  # type: ignore[call-arg]
        self._n_epochs, self._watch, self._hold_out = epochs, watch, hold_out
        self.losses: dict[str, float] = {}
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
        try:
            self._go_through(steps, keeper)
        finally:
            if keeper:
                keeper.finish()

    def _go_through(self, steps: Steps, keeper: Keeper | None) -> None:
        for _ in self._watch(self._n_epochs):
            steps.begin_epoch()
            for number in range(steps.n_per_epoch):
                steps.step(number)
                if keeper:
                    keeper.follow()
            self.losses = steps.losses()
            if keeper and keeper.settled:
                self.settled = True
                break

    def _keeper(self, steps: Steps, held_out: Tensor) -> Keeper:
        generate = steps.generator(held_out)
        real = HeldOut(self.coder.columns, held_out.cpu().numpy())
        n_steps = steps.n_per_epoch * self._n_epochs
        return Keeper(steps.optimisers[0].weights, real, generate, n_steps)

    def _begin(self, rows: Tensor, draws: Draws) -> Steps:
        """Build the networks."""
        raise NotImplementedError
