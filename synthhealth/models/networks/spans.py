"""The outputs of a network by spans: one `tanh`, or the softmax over the levels of a column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["Spans"]


class Spans:
    """All spans of a row at once, where ctgan goes through the columns one by one.

    Parameters
    ----------
    columns : iterable of iterables of ctgan's ``SpanInfo``
        Of each column its spans, in the order of the outputs.
    device : torch.device

    Attributes
    ----------
    n : int
        How many spans there are.
    owner : torch.Tensor, shape (n_outputs,)
        The span of each output.
    numbers : torch.Tensor
        The outputs that are a `tanh`; each is a span by itself.
    categories : torch.Tensor
        The spans that are the levels of a categorical column, as conditions ask for them.
    """

    def __init__(self, columns: Iterable[Iterable[Any]], device: torch.device) -> None:
        owner: list[int] = []
        numbers: list[int] = []
        categories: list[int] = []
        self.n = 0
        for spans in map(list, columns):
            for span in spans:
                if span.activation_fn == "tanh":
                    numbers.append(len(owner))
                elif len(spans) == 1:
                    categories.append(self.n)
                owner += [self.n] * span.dim
                self.n += 1
        self.owner = torch.tensor(owner, device=device)
        self.numbers = torch.tensor(numbers, dtype=torch.long, device=device)
        self.categories = torch.tensor(categories, dtype=torch.long, device=device)
        self._is_of = torch.nn.functional.one_hot(self.owner, self.n).float()
        is_level = torch.isin(self.owner, self.categories)
        self.levels = is_level.nonzero().squeeze(1)

    def sums(self, outputs: Tensor) -> Tensor:
        """Give to each output the sum over its span."""
        return (outputs @ self._is_of).index_select(1, self.owner)

    def log_softmax(self, outputs: Tensor) -> Tensor:
        """Give the logarithms of the shares within each span."""
        shape = (len(outputs), self.n)
        owner = self.owner.expand(len(outputs), -1)
        largest = outputs.new_full(shape, -torch.inf).scatter_reduce_(1, owner, outputs, "amax")
        away = outputs - largest.index_select(1, self.owner)
        return away - self.sums(away.exp()).log_()

    def activate(self, outputs: Tensor, gumbel: Tensor, temperature: float) -> Tensor:
        """Give a row as data has it, with a soft draw within each softmax (Gumbel-softmax).

        Jang, Gu and Poole, 2017, *Categorical Reparameterization with Gumbel-Softmax*, ICLR.
        """
        active = self.log_softmax((outputs + gumbel) / temperature).exp_()
        active[:, self.numbers] = outputs[:, self.numbers].tanh()
        return active

    def through(self, slopes: Tensor, active: Tensor, temperature: float) -> Tensor:
        """Take a gradient back through `activate`, which gave `active`."""
        back = slopes * active
        back -= active * self.sums(back)
        back /= temperature
        tanh = active[:, self.numbers]
        back[:, self.numbers] = slopes[:, self.numbers] * (1 - tanh * tanh)
        return back
