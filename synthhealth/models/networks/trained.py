"""What our CTGAN and TVAE share: how a table is coded, held out in part, and gone through."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from synthhealth.errors import CheckpointError
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
    losses : dict of str to float
        Of the last step of the last epoch.
    settled : bool
        Whether it ended since nothing better came.
    spent : float
        Seconds that the earlier training had taken.
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
        follow: Callable[[Callable[[], dict[str, Any]]], None] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(epochs=epochs, **settings)  # type: ignore[call-arg]
        self._n_epochs, self._watch, self._hold_out = epochs, watch, hold_out
        self._earlier, self._follow = earlier, follow
        self.losses: dict[str, float] = {}
        self.settled = False
        self.spent = 0.0

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
        course = _Course(steps, keeper, draws)
        if self._earlier is not None:
            try:
                course.restore(self._earlier)
            except (AttributeError, KeyError, RuntimeError, TypeError, ValueError):
                raise CheckpointError(
                    "its state is not that of these networks on this device"
                ) from None
            self.losses, self.spent = course.losses, course.spent
        try:
            self._go_through(course)
        finally:
            if keeper:
                keeper.finish()

    def _go_through(self, course: _Course) -> None:
        keeper = course.keeper
        for epoch in self._watch(course.epoch, self._n_epochs):
            course.begin(epoch)
            while course.number < course.steps.n_per_epoch:
                course.step()
                if self._follow:
                    self._follow(course.state)
            self.losses = course.losses
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


class _Course:
    """Where a training stands.

    Attributes
    ----------
    steps : Steps
    keeper : Keeper or None
    epoch : int
        The epoch that it is in.
    number : int
        The steps of this epoch that are done.
    spent : float
        Seconds that it had taken when it was restored.
    """

    def __init__(self, steps: Steps, keeper: Keeper | None, draws: Draws) -> None:
        self.steps, self.keeper, self._draws = steps, keeper, draws
        self.epoch, self.number, self.spent = 0, 0, 0.0
        self._losses: dict[str, float] = {}
        self._is_restored = False
        self._start = time.monotonic()

    def begin(self, epoch: int) -> None:
        """Begin an epoch; the one that was restored is gone on with."""
        if self._is_restored:
            self._is_restored = False
            return
        self.epoch, self.number = epoch, 0
        self._at_epoch = self._draws.state()
        self.steps.begin_epoch()

    def step(self) -> None:
        """Take the next step of the epoch."""
        self.steps.step(self.number)
        if self.keeper:
            self.keeper.follow()
        self.number += 1

    @property
    def losses(self) -> dict[str, float]:
        """The losses of the last step."""
        return self.steps.losses() or self._losses

    def state(self) -> dict[str, Any]:
        """Give all that the rest of the training depends on, beside the table and the settings."""
        return {
            "epoch": self.epoch,
            "number": self.number,
            "spent": self.spent + time.monotonic() - self._start,
            "losses": self.losses,
            "optimisers": {str(n): one.state() for n, one in enumerate(self.steps.optimisers)},
            "keeper": self.keeper.state() if self.keeper else None,
            "draws": self._draws.state(),
            "draws_at_epoch": self._at_epoch,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`.

        Raises
        ------
        KeyError, RuntimeError, TypeError, ValueError
            It is not that of such a training.
        """
        self.epoch, self.number = int(state["epoch"]), int(state["number"])
        if not (self.epoch >= 0 and 0 < self.number <= self.steps.n_per_epoch):
            raise ValueError("no such step")
        self.spent = float(state["spent"])
        self._losses = {str(name): float(loss) for name, loss in state["losses"].items()}
        for number, one in enumerate(self.steps.optimisers):
            one.restore(state["optimisers"][str(number)])
        if self.keeper:
            self.keeper.restore(state["keeper"])
        # What the steps of the epoch share is drawn again.
        self._at_epoch = state["draws_at_epoch"]
        self._draws.restore(self._at_epoch)
        self.steps.begin_epoch()
        self._draws.restore(state["draws"])
        self._is_restored = True
