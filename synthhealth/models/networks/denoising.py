"""How a denoiser learns: rows seen in part and through noise, and what was there."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from synthhealth.models.networks.adam import Adam
from synthhealth.models.networks.course import Steps
from synthhealth.models.networks.denoiser import Denoiser, Seen
from synthhealth.models.networks.draws import Draws

__all__ = ["HeldOut", "Learning", "Rows"]

#: Groups of a batch, of each of which the same columns are seen; of them, those that teach tokens.
GROUPS, _OF_TOKENS = 16, 10

#: How often tokens are seen in the order in which they are drawn (else in any other), and how often
#: some numbers are known, beside tokens and beside noisy numbers.
_IN_ORDER, _BESIDE_TOKENS, _BESIDE_NUMBERS = 0.4, 0.7, 0.4

#: The noises of numbers: mean and standard deviation of their logarithms.
_MEAN, _SPREAD = -1.0, 1.3

#: Steps in which the rate rises, and the share of it that is left in the end.
_RISING, _LEFT = 50, 0.02

#: As long as the largest gradient is; longer ones are cut.
_LONGEST = 1.0

_BETAS = (0.9, 0.99)

#: Rows of which a check is made, the held-out ones again and again, and their groups.
_CHECKED, _CHECK_GROUPS = 4_096, 64


class Rows:
    """Rows as a denoiser has them.

    Parameters
    ----------
    tokens : torch.Tensor of int64, shape (n_rows, n_token_columns)
    scores : torch.Tensor, shape (n_rows, n_scores)
    """

    def __init__(self, tokens: Tensor, scores: Tensor) -> None:
        self.tokens, self.scores = tokens, scores

    def __len__(self) -> int:
        return len(self.tokens)

    def take(self, indices: Tensor) -> Rows:
        """Give some of the rows."""
        return Rows(self.tokens[indices], self.scores[indices])

    def grouped(self, n_groups: int) -> Rows:
        """Give the rows in groups of equally many, one dimension more."""
        size = len(self) // n_groups
        return Rows(*(one.view(n_groups, size, one.shape[1]) for one in (self.tokens, self.scores)))


class Task:
    """Rows seen in part and through noise.

    Parameters
    ----------
    rows : Rows
        In groups.
    denoiser : Denoiser
    draws : Draws
    """

    def __init__(self, rows: Rows, denoiser: Denoiser, draws: Draws) -> None:
        groups, _, n_tokens = rows.tokens.shape
        n_scores = rows.scores.shape[-1]
        # Groups that teach tokens come first, those that teach numbers last.
        n_first = groups if not n_scores else round(groups * _OF_TOKENS / GROUPS) * (n_tokens > 0)
        device = rows.scores.device

        def uniform(*shape: int) -> Tensor:
            return draws.uniform(math.prod(shape)).view(*shape)

        is_first = torch.arange(groups, device=device) < n_first
        in_order = uniform(groups) < _IN_ORDER
        place = uniform(groups, n_tokens).argsort(1).argsort(1)
        place = torch.where(in_order[:, None], denoiser.order.argsort(), place)
        n_seen = (uniform(groups) * n_tokens).long()
        has_token = (place < n_seen[:, None]) | ~is_first[:, None]

        share = uniform(groups)
        beside = torch.where(is_first, ~in_order & (uniform(groups) < _BESIDE_TOKENS), True)
        beside &= is_first | (uniform(groups) < _BESIDE_NUMBERS)
        is_known = (uniform(groups, n_scores) < share[:, None]) & beside[:, None]
        # Whoever knows a number knows whether many share it.
        has_token |= denoiser.tokens_of(is_known)
        # Noises are spread evenly over the groups.
        chance = (torch.arange(groups, device=device) - n_first + uniform(groups)) / max(
            groups - n_first, 1
        )
        sigma = (_MEAN + _SPREAD * torch.special.ndtri(chance.clamp(1e-3, 1 - 1e-3))).exp()
        sigma = torch.where(is_first, torch.inf, sigma)[:, None].expand(-1, n_scores)
        sigma = torch.where(is_known, 0.0, sigma).float()

        noise = draws.normal(rows.scores[..., 0].numel() if n_scores else 0, n_scores)
        noise = noise.view(rows.scores.shape)
        finite = torch.where(sigma.isinf(), 0.0, sigma)
        seen = rows.scores + finite[:, None] * noise
        self.seen = Seen(rows.tokens, seen, has_token, sigma)
        self._scores = rows.scores.flatten(0, 1)
        self._asks_token = ~has_token & is_first[:, None]
        self._asks_score = (sigma > 0) & ~sigma.isinf()

    def losses(self, denoiser: Denoiser) -> tuple[Tensor, Tensor]:
        """Give what a denoiser gets wrong, in each row.

        Returns
        -------
        tokens : torch.Tensor, shape (n_rows,)
            The mean cross entropy of the tokens that are not seen.
        scores : torch.Tensor, shape (n_rows,)
            The mean square of the numbers that are noisy, in variances of the closed form.
        """
        rows = self.seen.scores.shape[1]
        logits, means, spread = denoiser(self.seen)

        def mean(parts: Tensor, asked: Tensor) -> Tensor:
            weights = asked.float() / asked.float().sum(1, keepdim=True).clamp(min=1)
            return (parts * weights.repeat_interleave(rows, 0)).sum(1)

        tokens = self.seen.tokens.flatten(0, 1)
        parts = [
            torch.nn.functional.cross_entropy(part, tokens[:, k], reduction="none")
            for k, part in enumerate(logits.split(denoiser.sizes, 1))
        ]
        entropy = torch.stack(parts, 1) if parts else logits
        away = ((self._scores - means) / spread) ** 2
        return mean(entropy, self._asks_token), mean(away, self._asks_score)

    def loss(self, denoiser: Denoiser) -> Tensor:
        """Give the sum of both, each the mean over the rows that are asked for it."""
        return sum(
            found.sum() / asked.any(1).sum().clamp(min=1) / self.seen.scores.shape[1]
            for found, asked in zip(
                self.losses(denoiser), (self._asks_token, self._asks_score), strict=True
            )
        )  # type: ignore[return-value]


class Learning(Steps):
    """The steps in which a denoiser learns rows.

    Parameters
    ----------
    denoiser : Denoiser
    rows : Rows
    draws : Draws
    batch_size : int
    rate : float
        The learning rate at its highest; it falls as a cosine.
    epochs : int
    """

    def __init__(
        self,
        denoiser: Denoiser,
        rows: Rows,
        draws: Draws,
        *,
        batch_size: int,
        rate: float,
        epochs: int,
    ) -> None:
        self.network = denoiser
        self._rows, self._draws, self._rate = rows, draws, rate
        self._adam = Adam(denoiser.parameters(), rate=rate, decay=0.0, betas=_BETAS)
        self.optimisers = (self._adam,)
        self.n_per_epoch = steps_per_epoch(len(rows), batch_size)
        self._batch = min(batch_size, len(rows))
        self._groups = min(GROUPS, self._batch)
        self._n_steps = self.n_per_epoch * epochs
        self._last: Tensor | None = None

    def begin_epoch(self) -> None:
        """Draw the order of the rows."""
        self._order = self._draws.order(len(self._rows))

    def step(self, number: int) -> None:
        """Learn from one batch."""
        size = self._batch // self._groups * self._groups
        batch = self._rows.take(self._order[number * self._batch :][:size]).grouped(self._groups)
        loss = Task(batch, self.network, self._draws).loss(self.network)
        torch.autograd.backward(loss)
        gradient = self._adam.gradient
        gradient.mul_(_LONGEST / gradient.norm().clamp(min=_LONGEST))
        done = self._adam.n_done
        falling = 0.5 * (1 + math.cos(math.pi * min(done / self._n_steps, 1.0)))
        self._adam.rate = (
            self._rate * min(1.0, (done + 1) / _RISING) * (_LEFT + (1 - _LEFT) * falling)
        )
        self._adam.step()
        self._last = loss.detach()

    def losses(self) -> dict[str, float]:
        """Give the loss of the last step."""
        return {} if self._last is None else {"loss": float(self._last)}


def steps_per_epoch(n_rows: int, batch_size: int) -> int:
    """Give how many batches the rows make; what is left of them is left out."""
    return max(n_rows // batch_size, 1)


class HeldOut:
    """Rows that a denoiser does not learn, and how well it tells what is behind the noise.

    Parameters
    ----------
    denoiser : Denoiser
        As it begins: the closed form.
    rows : Rows
    draws : Draws
    """

    def __init__(self, denoiser: Denoiser, rows: Rows, draws: Draws) -> None:
        self._denoiser, self._n = denoiser, len(rows)
        times = -(-_CHECKED // max(self._n, 1))
        size = -(-self._n * times // _CHECK_GROUPS)
        self._which = draws.order(_CHECK_GROUPS * size) % self._n
        self._task = Task(rows.take(self._which).grouped(_CHECK_GROUPS), denoiser, draws)
        self.closed_form = self._losses()

    @torch.no_grad()
    def _losses(self) -> tuple[Tensor, Tensor]:
        return self._task.losses(self._denoiser)

    def rate(self) -> float:
        """Say how well the denoiser does as it is now; the more, the better."""
        return -float(sum(one.mean() for one in self._losses()))

    def gain(self) -> tuple[float, float]:
        """Say by how much it is better than the closed form, and the standard error of that."""
        better = sum(old - new for old, new in zip(self.closed_form, self._losses(), strict=True))
        sums = torch.zeros(self._n, device=self._which.device).index_add_(0, self._which, better)  # type: ignore[arg-type]
        each = sums / torch.bincount(self._which, minlength=self._n)
        error = float(each.std()) / math.sqrt(self._n) if self._n > 1 else math.inf
        return float(each.mean()), error
