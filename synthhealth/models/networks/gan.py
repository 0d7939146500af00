"""CTGAN's training: the steps of ctgan, each in few operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from ctgan import CTGAN
from ctgan.synthesizers.ctgan import Discriminator, Generator
from torch import Tensor

from synthhealth.models.networks.adam import Adam
from synthhealth.models.networks.critic import Critic
from synthhealth.models.networks.draws import Draws
from synthhealth.models.networks.spans import Spans
from synthhealth.models.networks.trained import Generating, Trained

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


class TrainedCTGAN(Trained, CTGAN):
    """ctgan's CTGAN, trained by the same mathematics.

    The critic learns from rows whose generator is left alone, so nothing is differentiated through
    it; all columns are activated at once; conditions and rows are drawn where they are used, on a
    GPU too. Given the same draws the weights are those of ctgan after every step.
    """

    def _begin(self, rows: Tensor, draws: Draws) -> _Steps:
        spans = Spans(self.coder.output_info_list, self._device)
        self.conditions = Conditions(rows, spans, log_frequency=self._log_frequency)
        return _Steps(self, rows, spans, self.conditions, draws)


class _Steps(Generating):
    """The two halves of a step, with all that they need."""

    def __init__(
        self, model: Any, rows: Tensor, spans: Spans, conditions: Conditions, draws: Draws
    ) -> None:
        self._rows, self._spans, self._conditions, self._draws = rows, spans, conditions, draws
        self._batch, self._noise = model._batch_size, model._embedding_dim
        self._n_of_critic = model._discriminator_steps
        self.n_per_epoch = max(len(rows) // self._batch, 1)
        width = rows.shape[1]
        self.network = Generator(self._noise + conditions.n_levels, model._generator_dim, width)
        self.network.to(rows.device)
        critic = Discriminator(
            width + conditions.n_levels, model._discriminator_dim, pac=model.pac
        ).to(rows.device)
        self._critic = Critic(critic)
        self._generator_steps = Adam(
            self.network.parameters(),
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
        self.optimisers = self._generator_steps, self._critic_steps
        self._losses: dict[str, Tensor] = {}

    def step(self, number: int) -> None:
        """Let the critic learn, and then the generator."""
        for _ in range(self._n_of_critic):
            critic_loss = self._teach_critic()
        self._losses = {"generator": self._teach_generator(), "discriminator": critic_loss}

    def losses(self) -> dict[str, float]:
        """Give the losses of the last step."""
        return {name: float(loss) for name, loss in self._losses.items()}

    def _teach_critic(self) -> Tensor:
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

    def _teach_generator(self) -> Tensor:
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

    def generator(self, held_out: Tensor) -> Callable[[], npt.NDArray[np.float32]]:
        """Give what generates as many rows as are held out, of the same noise each time.

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
            outputs = self.network(torch.cat([noise, condition], dim=1))
            return self._spans.activate(outputs, gumbel, _TEMPERATURE).cpu().numpy()

        return generate

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
        outputs = self.network(torch.cat([noise, condition], dim=1))
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
