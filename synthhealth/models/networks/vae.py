"""TVAE's training: the steps of ctgan, each in few operations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from ctgan import TVAE
from ctgan.synthesizers.tvae import Decoder, Encoder
from torch import Tensor

from synthhealth.models.networks.adam import Adam
from synthhealth.models.networks.draws import Draws
from synthhealth.models.networks.keeping import HeldOut, Keeper, n_held_out
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
    hold_out : bool
        Whether to keep the best state by rows held out, and to end when nothing better comes.
    **settings
        As TVAE's.
    """

    #: What draws; a test puts its own in this place.
    draws: Callable[[torch.device], Draws] = Draws

    def __init__(
        self, *, watch: Callable[[int], Iterable[int]], hold_out: bool = False, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self._watch, self._hold_out = watch, hold_out
        self.losses: dict[str, float] = {}
        self.settled = False

    def fit(self, train_data: pd.DataFrame, discrete_columns: Collection[str] = ()) -> None:
        """Learn a table of plain numbers, `discrete_columns` as levels."""
        self.transformer, coded = code_table(train_data, discrete_columns)
        rows = torch.from_numpy(coded).to(self._device)
        draws = self.draws(self._device)
        held_out = rows[:0]
        if self._hold_out:
            held_out, rows = draws.apart(rows, n_held_out(len(rows)))
        spans = Spans(self.transformer.output_info_list, self._device)
        width = rows.shape[1]
        encoder = Encoder(width, self.compress_dims, self.embedding_dim).to(self._device)
        self.decoder = Decoder(self.embedding_dim, self.decompress_dims, width).to(self._device)
        weights = [*encoder.parameters(), *self.decoder.parameters()]
        steps = Adam(weights, rate=_RATE, decay=self.l2scale)
        keeper = None
        if self._hold_out:
            n_steps = self.epochs * -(-len(rows) // self.batch_size)
            real = HeldOut(self.transformer.columns, held_out.cpu().numpy())
            keeper = Keeper(steps.weights, real, self._generator(spans, draws, held_out), n_steps)
        try:
            for _ in self._watch(self.epochs):
                for chosen in torch.split(draws.order(len(rows)), self.batch_size):
                    loss = self._loss(encoder, rows[chosen], spans, draws)
                    torch.autograd.backward(loss)
                    steps.step()
                    self.decoder.sigma.data.clamp_(_LEAST_SIGMA, _LARGEST_SIGMA)
                    if keeper:
                        keeper.follow()
                self.losses = {"loss": float(loss.detach())}
                if keeper and keeper.settled:
                    self.settled = True
                    break
        finally:
            if keeper:
                keeper.finish()

    def _loss(self, encoder: Any, rows: Tensor, spans: Spans, draws: Draws) -> Tensor:
        mean, deviation, log_variance = encoder(rows)
        noise = draws.normal(*deviation.shape)
        outputs, sigmas = self.decoder(noise * deviation + mean)
        error: Tensor = _Error.apply(outputs, sigmas, rows, spans)  # type: ignore[no-untyped-call]
        shape = 1 + log_variance - mean**2 - log_variance.exp()
        return (self.loss_factor * error - 0.5 * shape.sum()) / len(rows)

    def _generator(
        self, spans: Spans, draws: Draws, held_out: Tensor
    ) -> Callable[[], npt.NDArray[np.float32]]:
        """Give what draws as many rows as are held out, of the same noise each time."""
        n, width = held_out.shape
        cloud = draws.normal(n, self.embedding_dim)
        blur = draws.normal(n, len(spans.numbers))
        gumbel = draws.gumbel(n, width)

        @torch.no_grad()
        def generate() -> npt.NDArray[np.float32]:
            outputs, sigmas = self.decoder(cloud)
            numbers = spans.numbers
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
