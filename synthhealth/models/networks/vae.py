"""TVAE's training: the steps of ctgan, each in few operations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import pandas as pd
import torch
from ctgan import TVAE
from ctgan.synthesizers.tvae import Decoder, Encoder
from torch import Tensor

from synthhealth.models.networks.adam import Adam
from synthhealth.models.networks.draws import Draws
from synthhealth.models.networks.spans import Spans
from synthhealth.models.networks.table import code_table

__all__ = ["TrainedTVAE"]

#: As ctgan has them: the learning rate, and the ends of the deviations from a mode.
_RATE, _LEAST_SIGMA, _LARGEST_SIGMA = 1e-3, 0.01, 1.0


class TrainedTVAE(TVAE):
    """ctgan's TVAE, trained by the same mathematics.

    The error of all columns is one operation with a gradient by hand, and batches are taken from
    one matrix, on a GPU too. Given the same draws the weights are those of ctgan after every step.

    Parameters
    ----------
    watch : callable
        Takes the number of epochs, and gives those that are trained.
    **settings
        As TVAE's.
    """

    #: What draws; a test puts its own in this place.
    draws: Callable[[torch.device], Draws] = Draws

    def __init__(self, *, watch: Callable[[int], Iterable[int]], **settings: Any) -> None:
        super().__init__(**settings)
        self._watch = watch
        self.losses: dict[str, float] = {}

    def fit(self, train_data: pd.DataFrame, discrete_columns: Collection[str] = ()) -> None:
        """Learn a table of plain numbers, `discrete_columns` as levels."""
        self.transformer, coded = code_table(train_data, discrete_columns)
        rows = torch.from_numpy(coded).to(self._device)
        spans = Spans(self.transformer.output_info_list, self._device)
        width = rows.shape[1]
        encoder = Encoder(width, self.compress_dims, self.embedding_dim).to(self._device)
        self.decoder = Decoder(self.embedding_dim, self.decompress_dims, width).to(self._device)
        weights = [*encoder.parameters(), *self.decoder.parameters()]
        steps = Adam(weights, rate=_RATE, decay=self.l2scale)
        draws = self.draws(self._device)
        for _ in self._watch(self.epochs):
            for chosen in torch.split(draws.order(len(rows)), self.batch_size):
                batch = rows[chosen]
                mean, deviation, log_variance = encoder(batch)
                noise = draws.normal(*deviation.shape)
                outputs, sigmas = self.decoder(noise * deviation + mean)
                error: Tensor = _Error.apply(outputs, sigmas, batch, spans)  # type: ignore[no-untyped-call]
                shape = 1 + log_variance - mean**2 - log_variance.exp()
                loss = (self.loss_factor * error - 0.5 * shape.sum()) / len(batch)
                torch.autograd.backward(loss)
                steps.step()
                self.decoder.sigma.data.clamp_(_LEAST_SIGMA, _LARGEST_SIGMA)
            self.losses = {"loss": float(loss.detach())}


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
