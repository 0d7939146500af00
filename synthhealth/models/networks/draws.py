"""What chance decides in a training, kind by kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["Draws"]


class Draws:
    """Draws from torch's global generator of one device.

    Parameters
    ----------
    device : torch.device
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def state(self) -> Any:
        """Give where the generator stands, as int64."""
        return self._generators.get_rng_state().numpy().view(np.int64).copy()

    def restore(self, state: Any) -> None:
        """Go back to a `state`.

        Raises
        ------
        RuntimeError
            It is not that of such a generator.
        """
        self._generators.set_rng_state(torch.from_numpy(np.asarray(state).view(np.uint8)))

    @property
    def _generators(self) -> Any:
        return torch if self._device.type == "cpu" else getattr(torch, self._device.type)

    def normal(self, n: int, width: int) -> Tensor:
        """Draw from the standard normal law."""
        return torch.randn(n, width, device=self._device)

    def gumbel(self, n: int, width: int) -> Tensor:
        """Draw from the standard Gumbel law, whose maximum over logits is a draw by their shares.

        A uniform draw of exactly zero would become infinite.
        """
        uniform = torch.rand(n, width, device=self._device)
        return uniform.clamp_(min=1e-10).log_().neg_().log_().neg_()

    def uniform(self, n: int) -> Tensor:
        """Draw evenly from 0 to 1, finely enough to choose among millions."""
        return torch.rand(n, device=self._device, dtype=torch.float64)

    def even(self, n: int, width: int) -> Tensor:
        """Draw from 0 to 1, each column spread evenly over its rows and in an order by chance.

        A row by itself is as by `uniform`, but shares of many rows are less off.
        """
        order = torch.rand(n, width, device=self._device, dtype=torch.float64).argsort(0)
        within = torch.rand(n, width, device=self._device, dtype=torch.float64)
        return (order + within) / n

    def mix(self, n: int) -> Tensor:
        """Draw shares of a mixture, one for each row."""
        return torch.rand(n, 1, device=self._device)

    def order(self, n: int) -> Tensor:
        """Draw an order of `n` rows."""
        return torch.randperm(n, device=self._device)

    def apart(self, rows: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Draw `n` of the rows, and give them and the others, these in their order."""
        chosen = torch.zeros(len(rows), dtype=torch.bool, device=self._device)
        chosen[self.order(len(rows))[:n]] = True
        return rows[chosen], rows[~chosen]

    def halves(self, n: int, width: int) -> Tensor:
        """Draw 0 or 2 with equal chances: a dropout of one half, which keeps the mean.

        Each random number of 64 bits gives eight, by the highest bit of its bytes; dropout draws
        most of all numbers of a training.
        """
        eights = torch.empty((n * width + 7) // 8, dtype=torch.int64, device=self._device)
        signs = eights.random_(-(2**63), None).view(torch.int8)[: n * width]
        return (signs < 0).view(n, width).float().mul_(2)
