"""A training step by step: its state, which a checkpoint keeps, and when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from synthhealth.errors import CheckpointError
from synthhealth.models.networks.adam import Adam
from synthhealth.models.networks.draws import Draws
from synthhealth.models.networks.keeping import Keeper

__all__ = ["Course", "Follow", "Steps"]

#: Is told after each step how to get the state.
Follow = Callable[[Callable[[], dict[str, Any]]], None]


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


class Course:
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

    def go_through(self, epochs: Iterable[int], follow: Follow | None) -> bool:
        """Train these epochs, and say whether it settled: nothing better came."""
        for epoch in epochs:
            self.begin(epoch)
            while self.number < self.steps.n_per_epoch:
                self.step()
                if follow:
                    follow(self.state)
            if self.keeper and self.keeper.settled:
                return True
        return False

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
        CheckpointError
            It is not that of such a training.
        """
        try:
            self._restore(state)
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError):
            raise CheckpointError(
                "its state is not that of these networks on this device"
            ) from None

    def _restore(self, state: Mapping[str, Any]) -> None:
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
