"""Adam, on all weights of a network at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

__all__ = ["Adam", "put_back"]


class Adam:
    """One step after the other (Kingma and Ba, 2015, *Adam*, ICLR), as ``torch.optim.Adam``.

    Weights and their gradients lie in one row of memory, of which the network's own are views: a
    step is a few operations whatever the number of layers. Besides, the first optimiser of torch
    loads its compiler, which takes longer than the training of a small table.

    Parameters
    ----------
    weights : iterable of torch.nn.Parameter
    rate : float
        Learning rate; may be set anew before each step.
    decay : float
        Weight decay: the share of a weight that is added to its gradient.
    betas : tuple of float
        How much of the mean of the gradients, and of their squares, a step keeps.

    Attributes
    ----------
    n_done : int
        The steps that were taken.
    """

    _LEAST = 1e-8

    def __init__(
        self,
        weights: Iterable[Parameter],
        *,
        rate: float,
        decay: float,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        weights = list(weights)
        self.rate, self.decay, self.betas = rate, decay, betas
        self.weights = torch.cat([weight.detach().flatten() for weight in weights])
        self.gradient = torch.zeros_like(self.weights)
        self._mean = torch.zeros_like(self.weights)
        self._square = torch.zeros_like(self.weights)
        self.n_done = 0
        start = 0
        for weight in weights:
            part = slice(start, start + weight.numel())
            weight.data = self.weights[part].view_as(weight)
            weight.grad = self.gradient[part].view_as(weight)
            start += weight.numel()

    @torch.no_grad()
    def step(self) -> None:
        """Change the weights by `gradient`, and begin a new one."""
        self.n_done += 1
        first, second = self.betas
        self.gradient.add_(self.weights, alpha=self.decay)
        self._mean.lerp_(self.gradient, 1 - first)
        self._square.mul_(second).addcmul_(self.gradient, self.gradient, value=1 - second)
        size: Tensor = self._square.sqrt().div_((1 - second**self.n_done) ** 0.5)
        self.weights.addcdiv_(
            self._mean, size.add_(self._LEAST), value=-self.rate / (1 - first**self.n_done)
        )
        self.gradient.zero_()

    def state(self) -> dict[str, Any]:
        """Give the weights, and all that the next steps depend on beside their gradients."""
        return {
            "steps": self.n_done,
            "weights": self.weights.cpu().numpy().copy(),
            "mean": self._mean.cpu().numpy().copy(),
            "square": self._square.cpu().numpy().copy(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`.

        Raises
        ------
        KeyError, ValueError
            It is not that of such weights.
        """
        self.n_done = int(state["steps"])
        put_back(self.weights, state["weights"])
        put_back(self._mean, state["mean"])
        put_back(self._square, state["square"])


def put_back(place: Tensor, kept: Any) -> None:
    """Copy an array to where it was taken from.

    Raises
    ------
    ValueError
        It is of another shape.
    """
    found = torch.as_tensor(kept)
    if found.shape != place.shape or found.dtype != place.dtype:
        raise ValueError("an array is of another shape or type")
    place.copy_(found)
