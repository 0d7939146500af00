"""The gradients of a critic with a gradient penalty, in closed form."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import Linear

__all__ = ["Critic"]

#: As ctgan has them: what is left of a negative number, and the weight of the penalty.
_LEAK, _PENALTY = 0.2, 10.0


class _Pass(NamedTuple):
    """What a pass forward leaves: of each layer the input and the slope, and the scores."""

    inputs: list[Tensor]
    slopes: list[Tensor]
    scores: Tensor


class Critic:
    """ctgan's discriminator, a WGAN-GP critic, with gradients by hand instead of by autograd.

    Between its bends such a network is linear. So the gradient of a score by the row is a product
    of weights and slopes, and the penalty on its norm (Gulrajani et al., 2017, *Improved Training
    of Wasserstein GANs*, NeurIPS) has again a gradient of such products: one more pass forward,
    where autograd would differentiate its own differentiation. Real, synthetic and mixed rows go
    through together.

    Parameters
    ----------
    network : ctgan's Discriminator
        Its weights are used and its gradients filled. Layers of dropout are left to the caller, who
        gives their masks.
    """

    def __init__(self, network: Any) -> None:
        self.pac: int = network.pac
        *self._hidden, self._last = [one for one in network.seq if isinstance(one, Linear)]
        self.widths = tuple(layer.out_features for layer in self._hidden)

    @torch.no_grad()
    def learn(self, real: Tensor, fake: Tensor, mix: Tensor, dropout: list[Tensor]) -> Tensor:
        """Add the gradients of one batch, and give the loss without its penalty.

        Parameters
        ----------
        real, fake : torch.Tensor, shape (n, width)
            Of each `pac` rows stand side by side, as the network judges them together.
        mix : torch.Tensor, shape (n, 1)
            How much of the real row each mixed row has.
        dropout : list of torch.Tensor, shape (3 * n, width of the layer)
            Of each hidden layer what it is multiplied by: for synthetic rows first, then for real,
            then for mixed ones.
        """
        n = len(real)
        mixed = torch.lerp(fake, real, mix)
        passed = self._forward(torch.cat([fake, real, mixed]), dropout)
        # The slope of what is learned by each score: more for real rows, less for synthetic ones;
        # of mixed rows the score itself, whose own slope is wanted.
        weights = passed.scores.new_ones((3 * n, 1))
        weights[:n], weights[n : 2 * n] = 1 / n, -1 / n
        by_layer = self._backward(weights, passed.slopes)

        slope = by_layer[0][2 * n :] @ self._hidden[0].weight
        norm = slope.norm(dim=1, keepdim=True)
        # Where the norm is zero it has no slope; torch takes zero.
        push = slope * (2 * _PENALTY / n * (norm - 1) / norm.where(norm > 0, torch.inf))

        for layer, back, given, bend in zip(
            self._hidden, by_layer, passed.inputs, passed.slopes, strict=False
        ):
            # A weight's gradient is that of its output times its input; of the mixed rows, in the
            # place of the input, what the penalty pushes.
            given[2 * n :] = push
            _gradient(layer.weight).addmm_(back.T, given)
            _gradient(layer.bias).add_(back[: 2 * n].sum(dim=0))
            push = (push @ layer.weight.T) * bend[2 * n :]
        last = passed.inputs[-1]
        last[2 * n :] = push
        _gradient(self._last.weight).addmm_(weights.T, last)
        # The last bias adds the same to all scores, so that it has no gradient.
        scores = passed.scores
        return scores[:n].mean() - scores[n : 2 * n].mean()

    @torch.no_grad()
    def judge(self, fake: Tensor, dropout: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Give the mean score of synthetic rows, and its slope by each of them."""
        passed = self._forward(fake, dropout)
        weights = passed.scores.new_full((len(fake), 1), 1 / len(fake))
        slope = self._backward(weights, passed.slopes)[0] @ self._hidden[0].weight
        return passed.scores.mean(), slope

    def _forward(self, rows: Tensor, dropout: list[Tensor]) -> _Pass:
        inputs, slopes = [rows], []
        for layer, kept in zip(self._hidden, dropout, strict=True):
            outputs = layer(inputs[-1])
            slope = torch.where(outputs > 0, kept, _LEAK * kept)
            slopes.append(slope)
            inputs.append(outputs.mul_(slope))
        return _Pass(inputs, slopes, self._last(inputs[-1]))

    def _backward(self, weights: Tensor, slopes: list[Tensor]) -> list[Tensor]:
        """Give the slopes by the outputs of each hidden layer, before they bend."""
        back = weights * self._last.weight
        by_layer: list[Tensor] = []
        for layer, slope in zip(self._hidden[::-1], slopes[::-1], strict=True):
            back = back * slope
            by_layer.append(back)
            if layer is not self._hidden[0]:
                back = back @ layer.weight
        return by_layer[::-1]


def _gradient(weight: Tensor) -> Tensor:
    assert weight.grad is not None  # `Adam` has laid it out
    return weight.grad
