"""TVAE's training: the steps of ctgan, each in few operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from ctgan import TVAE
from ctgan.synthesizers.tvae import Decoder, Encoder
from torch import Tensor

from synthhealth.models.networks.adam import Adam
from synthhealth.models.networks.draws import Draws
from synthhealth.models.networks.spans import Spans
from synthhealth.models.networks.trained import Generating, Trained

__all__ = ["TrainedTVAE"]

#: As ctgan has them: the learning rate, and the ends of the deviations from a mode.
_RATE, _LEAST_SIGMA, _LARGEST_SIGMA = 1e-3, 0.01, 1.0


class TrainedTVAE(Trained, TVAE):
    """ctgan's TVAE, trained by the same mathematics.

    The error of all columns is one operation with a gradient by hand, and batches are taken from
    one matrix, on a GPU too. Given the same draws the weights are those of ctgan after every step.
    """

    def _begin(self, rows: Tensor, draws: Draws) -> _Steps:
        return _Steps(self, rows, Spans(self.coder.output_info_list, self._device), draws)


class _Steps(Generating):
    """Encoder and decoder, which learn together."""

    def __init__(self, model: Any, rows: Tensor, spans: Spans, draws: Draws) -> None:
        self._rows, self._spans, self._draws = rows, spans, draws
        self._batch, self._noise = model.batch_size, model.embedding_dim
        self._loss_factor = model.loss_factor
        self.n_per_epoch = -(-len(rows) // self._batch)
        width = rows.shape[1]
        self._encoder = Encoder(width, model.compress_dims, self._noise).to(rows.device)
        self.network = Decoder(self._noise, model.decompress_dims, width).to(rows.device)
        weights = [*self._encoder.parameters(), *self.network.parameters()]
        self._steps = Adam(weights, rate=_RATE, decay=model.l2scale)
        self.optimisers = (self._steps,)
        self._last: Tensor | None = None

    def begin_epoch(self) -> None:
        """Draw the order of the rows."""
        self._batches = torch.split(self._draws.order(len(self._rows)), self._batch)

    def step(self, number: int) -> None:
        """Let both learn from one batch."""
        self._last = self._loss(self._rows[self._batches[number]])
        torch.autograd.backward(self._last)
        self._steps.step()
        self.network.sigma.data.clamp_(_LEAST_SIGMA, _LARGEST_SIGMA)

    def losses(self) -> dict[str, float]:
        """Give the loss of the last step."""
        return {} if self._last is None else {"loss": float(self._last.detach())}

    def _loss(self, rows: Tensor) -> Tensor:
        mean, deviation, log_variance = self._encoder(rows)
        noise = self._draws.normal(*deviation.shape)
        outputs, sigmas = self.network(noise * deviation + mean)
        error: Tensor = _Error.apply(outputs, sigmas, rows, self._spans)  # type: ignore[no-untyped-call]
        shape = 1 + log_variance - mean**2 - log_variance.exp()
        return (self._loss_factor * error - 0.5 * shape.sum()) / len(rows)

    def generator(self, held_out: Tensor) -> Callable[[], npt.NDArray[np.float32]]:
        """Give what generates as many rows as are held out, of the same noise each time."""
        n, width = held_out.shape
        cloud = self._draws.normal(n, self._noise)
        blur = self._draws.normal(n, len(self._spans.numbers))
        gumbel = self._draws.gumbel(n, width)

        @torch.no_grad()
        def generate() -> npt.NDArray[np.float32]:
            outputs, sigmas = self.network(cloud)
            numbers = self._spans.numbers
            rows = outputs + gumbel
            rows[:, numbers] = outputs[:, numbers].tanh() + sigmas[numbers] * blur
            return rows.cpu().numpy()

        return generate


class _Error(torch.autograd.Function):
    """Minus the log likelihood of rows, of all columns together: squares, and cross entropies."""

    @staticmethod
    def forward(
        context: Any, outputs: Tensor, sigmas: Tensor, rows: Tensor, spans: Spans
    ) -> Tensor:
        numbers = spans.numbers
        shares = spans.log_softmax(outputs)
        middle = outputs[:, numbers].tanh()
        sigma = sigmas[numbers]
        away = (rows[:, numbers] - middle) / sigma
        squares = (away * away).sum(dim=0)
        # A number is a span of its own, of the share 1, which adds nothing.
        error = 0.5 * squares.sum() + sigma.log().sum() * len(rows) - (shares * rows).sum()

        slope = shares.exp_().sub_(rows)
        slope[:, numbers] = -away / sigma * (1 - middle * middle)
        by_sigma = torch.zeros_like(sigmas)
        by_sigma[numbers] = (len(rows) - squares) / sigma
        context.save_for_backward(slope, by_sigma)
        return error

    @staticmethod
    def backward(context: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        slope, by_sigma = context.saved_tensors
        return slopes[0] * slope, slopes[0] * by_sigma, None, None
