"""CTGAN's training: the steps of ctgan, each in few operations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from ctgan import CTGAN
from ctgan.synthesizers.ctgan import Discriminator, Generator
from torch import Tensor

from synthhealth.models.networks.adam import Adam
from synthhealth.models.networks.critic import Critic
from synthhealth.models.networks.draws import Draws
from synthhealth.models.networks.keeping import HeldOut, Keeper, n_held_out
from synthhealth.models.networks.spans import Spans
from synthhealth.models.networks.table import NetworkTable, code_table

__all__ = ["Conditions", "TrainedCTGAN"]

#: As ctgan has them.
_TEMPERATURE, _BETAS = 0.2, (0.5, 0.9)


class Conditions:
    """Which level of which column the generator is asked for, and rows that have it.

    Parameters
    ----------
    rows : torch.Tensor, shape (n_rows, n_outputs)
    spans : Spans
    log_frequency : bool
        Whether a level is asked for by the logarithm of how often it occurs.

    Attributes
    ----------
    shares : list of numpy.ndarray
        Of each categorical column how often each of its levels is asked for.
    """

    def __init__(self, rows: Tensor, spans: Spans, *, log_frequency: bool) -> None:
        levels = rows[:, spans.levels]
        owner = spans.owner[spans.levels]
        self.n_levels = len(spans.levels)
        self.outputs = spans.levels
        self.spans = owner
        counts = levels.sum(dim=0, dtype=torch.float64)
        asked = torch.log(counts + 1) if log_frequency else counts
        parts = [asked[owner == span] for span in spans.categories]
        shares = [part / part.sum() for part in parts]
        self.shares: list[npt.NDArray[np.float64]] = [share.cpu().numpy() for share in shares]
        # Columns are asked for equally often.
        self._bounds = torch.cat(shares).cumsum(0) / len(shares) if shares else counts
        # All rows level by level, column after column.
        self._rows = levels.T.nonzero()[:, 1]
        self._counts = counts
        self._starts = (counts.cumsum(0) - counts).long()

    def ask(self, uniform: Tensor) -> Tensor:
        """Give a level for each draw from 0 to 1, counted through all columns."""
        return torch.searchsorted(self._bounds, uniform, right=True).clamp_(max=self.n_levels - 1)

    def rows(self, levels: Tensor, uniform: Tensor) -> Tensor:
        """Give for each draw from 0 to 1 a row that has the level."""
        place = self._starts[levels] + (uniform * self._counts[levels]).long()
        return self._rows[place]


class TrainedCTGAN(CTGAN):
    """ctgan's CTGAN, trained by the same mathematics.

    The critic learns from rows whose generator is left alone, so nothing is differentiated through
    it; all columns are activated at once; conditions and rows are drawn where they are used, on a
    GPU too. Given the same draws the weights are those of ctgan after every step.

    Parameters
    ----------
    watch : callable
        Takes the number of epochs, and gives those that are trained.
    hold_out : bool
        Whether to keep the best state by rows held out, and to end when nothing better comes.
    **settings
        As CTGAN's.
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
        self._transformer, coded = code_table(train_data, discrete_columns)
        rows = torch.from_numpy(coded).to(self._device)
        draws = self.draws(self._device)
        held_out = rows[:0]
        if self._hold_out:
            held_out, rows = draws.apart(rows, n_held_out(len(rows)))
        step = self._begin(rows, draws)
        steps = max(len(rows) // self._batch_size, 1)
        keeper = step.keeper(held_out, steps * self._epochs) if self._hold_out else None
        try:
            for _ in self._watch(self._epochs):
                for _ in range(steps):
                    for _ in range(self._discriminator_steps):
                        critic_loss = step.critic()
                    generator_loss = step.generator()
                    if keeper:
                        keeper.follow()
                self.losses = {
                    "generator": float(generator_loss),
                    "discriminator": float(critic_loss),
                }
                if keeper and keeper.settled:
                    self.settled = True
                    break
        finally:
            if keeper:
                keeper.finish()

    def _begin(self, rows: Tensor, draws: Draws) -> _Step:
        spans = Spans(self._transformer.output_info_list, self._device)
        self.conditions = Conditions(rows, spans, log_frequency=self._log_frequency)
        width = rows.shape[1] + self.conditions.n_levels
        self._generator = Generator(
            self._embedding_dim + self.conditions.n_levels, self._generator_dim, rows.shape[1]
        ).to(self._device)
        critic = Discriminator(width, self._discriminator_dim, pac=self.pac).to(self._device)
        return _Step(self, rows, spans, critic, draws)


class _Step:
    """The two halves of a step, with all that they need."""

    def __init__(self, model: Any, rows: Tensor, spans: Spans, critic: Any, draws: Draws) -> None:
        self._rows, self._spans, self._conditions = rows, spans, model.conditions
        self._network, self._critic = model._generator, Critic(critic)
        self._draws = draws
        self._table: NetworkTable = model._transformer
        self._batch, self._noise = model._batch_size, model._embedding_dim
        self._generator_steps = Adam(
            self._network.parameters(),
            rate=model._generator_lr,
            decay=model._generator_decay,
            betas=_BETAS,
        )
        self._critic_steps = Adam(
            critic.parameters(),
            rate=model._discriminator_lr,
            decay=model._discriminator_decay,
            betas=_BETAS,
        )

    def critic(self) -> Tensor:
        """Let the critic learn from one batch, and give its loss."""
        draws, n = self._draws, self._batch
        asked, condition = self._ask()
        with torch.no_grad():
            fake, _ = self._generate(condition)
        if asked is None:
            real = self._rows[(draws.uniform(n) * len(self._rows)).long()]
        else:
            order = draws.order(n)
            chosen = self._conditions.rows(asked[order], draws.uniform(n))
            real = torch.cat([self._rows[chosen], condition[order]], dim=1)
        pac = self._critic.pac
        loss = self._critic.learn(
            real.view(n // pac, -1),
            torch.cat([fake, condition], dim=1).view(n // pac, -1),
            draws.mix(n // pac),
            [draws.halves(3 * n // pac, width) for width in self._critic.widths],
        )
        self._critic_steps.step()
        return loss

    def generator(self) -> Tensor:
        """Let the generator learn from one batch, and give its loss."""
        draws, n = self._draws, self._batch
        asked, condition = self._ask()
        fake, outputs = self._generate(condition)
        with torch.no_grad():
            packed = torch.cat([fake, condition], dim=1).view(n // self._critic.pac, -1)
            score, slope = self._critic.judge(
                packed, [draws.halves(len(packed), width) for width in self._critic.widths]
            )
            slope = -slope.view(n, -1)[:, : fake.shape[1]]
            back = self._spans.through(slope, fake, _TEMPERATURE)
            loss = -score
            if asked is not None:
                loss += self._missed(outputs.detach(), asked, back)
        # The gradient by `outputs` is `back`; given as such, torch would load its compiler for it.
        torch.autograd.backward((outputs * back).sum())
        self._generator_steps.step()
        return loss

    def keeper(self, held_out: Tensor, n_steps: int) -> Keeper:
        """Give what keeps the best weights of the generator, by these rows.

        It is asked for levels of the held-out rows, each for that of one column.
        """
        draws, conditions, n = self._draws, self._conditions, len(held_out)
        noise = draws.normal(n, self._noise)
        gumbel = draws.gumbel(n, held_out.shape[1])
        condition = held_out[:, conditions.outputs]
        if conditions.n_levels:
            columns = self._spans.categories[
                (draws.uniform(n) * len(self._spans.categories)).long()
            ]
            condition = condition * (conditions.spans == columns[:, None])

        @torch.no_grad()
        def generate() -> npt.NDArray[np.float32]:
            outputs = self._network(torch.cat([noise, condition], dim=1))
            return self._spans.activate(outputs, gumbel, _TEMPERATURE).cpu().numpy()

        real = HeldOut(self._table.columns, held_out.cpu().numpy())
        return Keeper(self._generator_steps.weights, real, generate, n_steps)

    def _ask(self) -> tuple[Tensor | None, Tensor]:
        """Draw for each row a level, and write it as a vector; of no columns an empty one."""
        conditions = self._conditions
        vector = self._rows.new_zeros((self._batch, conditions.n_levels))
        if not conditions.n_levels:
            return None, vector
        asked = conditions.ask(self._draws.uniform(self._batch))
        return asked, vector.scatter_(1, asked[:, None], 1.0)

    def _generate(self, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Give synthetic rows, and the outputs that they were made from."""
        noise = self._draws.normal(self._batch, self._noise)
        outputs = self._network(torch.cat([noise, condition], dim=1))
        gumbel = self._draws.gumbel(*outputs.shape)
        return self._spans.activate(outputs.detach(), gumbel, _TEMPERATURE), outputs

    def _missed(self, outputs: Tensor, asked: Tensor, back: Tensor) -> Tensor:
        """Give the cross entropy of the levels that were asked for; add its gradient to `back`."""
        shares = self._spans.log_softmax(outputs)
        place = self._conditions.outputs[asked][:, None]
        missed = -shares.gather(1, place).mean()
        in_column = self._spans.owner == self._conditions.spans[asked][:, None]
        slope = (shares.exp_() * in_column).scatter_add_(1, place, -torch.ones_like(place).float())
        back.add_(slope, alpha=1 / len(outputs))
        return missed
