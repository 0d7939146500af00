"""Adam, on all weights of a network at once."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import Parameter

__all__ = ["Adam"]


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
        self._steps = 0
        start = 0
        for weight in weights:
            part = slice(start, start + weight.numel())
            weight.data = self.weights[part].view_as(weight)
            weight.grad = self.gradient[part].view_as(weight)
            start += weight.numel()

    @torch.no_grad()
    def step(self) -> None:
        """Change the weights by `gradient`, and begin a new one."""
        self._steps += 1
        first, second = self.betas
        self.gradient.add_(self.weights, alpha=self.decay)
        self._mean.lerp_(self.gradient, 1 - first)
        self._square.mul_(second).addcmul_(self.gradient, self.gradient, value=1 - second)
        size: Tensor = self._square.sqrt().div_((1 - second**self._steps) ** 0.5)
        self.weights.addcdiv_(
            self._mean, size.add_(self._LEAST), value=-self.rate / (1 - first**self._steps)
        )
        self.gradient.zero_()
