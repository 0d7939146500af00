"""Mechanisms: for each column a small network that gives its law by its parents, and a critic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from synthhealth.models.networks.adam import Adam, put_back

__all__ = ["CausalNetwork", "CausalTraining", "Mechanism"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: What is left of a negative number, the weight of the penalty, and how soft a drawn outcome is:
#: as ctgan and Causal-TGAN have them.
_LEAK, _PENALTY, _SOFT = 0.2, 10.0, 0.2

#: Steps of the critic for one of the mechanisms, and how fast both learn.
_CRITIC_STEPS, _RATE, _BETAS = 2, 1e-3, (0.5, 0.9)

#: The weight of the likelihood of patients beside what the critic says: a critic alone learns the
#: same of few rows, later.
_LIKELIHOOD = 0.1

#: The chance that a column follows its own distribution whatever its parents: a network is sure too
#: soon of what few patients have.
_ANYTHING = 0.02

#: Units of the critic's two layers.
_CRITIC_WIDTH = 128

#: How much of the mean of the weights each step keeps.
_MEMORY = 0.99

#: Rows of one pass where nothing is learned.
_ROWS = 20_000


class Mechanism(NamedTuple):
    """A column.

    Attributes
    ----------
    shares : numpy.ndarray, shape (n_outcomes,)
        Its own distribution.
    scores : numpy.ndarray, shape (n_outcomes, n_scores)
        What parents can change of it: the scores of its outcomes, as those of bins beside each
        other are alike.
    is_ordered : bool
        Whether the outcomes have an order, that of the first score.
    parents : tuple of int
        The places of the columns that cause it.
    """

    shares: Floats
    scores: Floats
    is_ordered: bool
    parents: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many outcomes it has."""
        return len(self.shares)


class CausalNetwork(nn.Module):
    """The laws of columns by their parents; they begin as independent columns.

    Parameters
    ----------
    mechanisms : sequence of Mechanism
        Each after its parents.
    width : int
        Units of the hidden layer of each.
    """

    def __init__(self, mechanisms: Sequence[Mechanism], width: int) -> None:
        super().__init__()
        self.mechanisms = tuple(mechanisms)
        self.hidden = nn.ModuleList()
        self.last = nn.ModuleList()
        self.biases = nn.ParameterList()
        self._scores: list[Tensor] = []
        for one in mechanisms:
            inputs = sum(mechanisms[parent].size for parent in one.parents)
            n_scores = one.scores.shape[1]
            has_law = bool(inputs and n_scores)
            self.hidden.append(nn.Linear(inputs, width) if has_law else nn.Identity())
            self.last.append(nn.Linear(width, n_scores, bias=False) if has_law else nn.Identity())
            self.biases.append(nn.Parameter(torch.zeros(one.size)))
            self._scores.append(torch.tensor(one.scores.T, dtype=torch.float32))

    def begin(self) -> None:
        """Begin with columns that have their own distributions, whatever their parents."""
        with torch.no_grad():
            for place, one in enumerate(self.mechanisms):
                if isinstance(last := self.last[place], nn.Linear):
                    last.weight.zero_()
                self.biases[place].copy_(torch.from_numpy(np.log(one.shares)).float())

    def logits(self, place: int, rows: Sequence[Tensor]) -> Tensor:
        """Give the law of a column, as logarithms up to a constant, by the columns before."""
        parents = self.mechanisms[place].parents
        bias: Tensor = self.biases[place]
        if not isinstance(self.last[place], nn.Linear):
            return bias.expand(len(rows[0]) if rows else 1, -1)
        given = torch.cat([rows[parent] for parent in parents], dim=1)
        hidden = functional.leaky_relu(self.hidden[place](given), _LEAK)
        found: Tensor = bias + self.last[place](hidden) @ self._scores[place]
        return found

    def soft(self, n: int) -> list[Tensor]:
        """Draw rows through which slopes flow (Jang, Gu and Poole, 2017, *Gumbel-Softmax*)."""
        rows: list[Tensor] = []
        for place in range(len(self.mechanisms)):
            logits = self.logits(place, rows)
            logits = logits.expand(n, -1)
            rows.append(functional.gumbel_softmax(logits, tau=_SOFT))
        return rows

    @torch.no_grad()
    def law(self, place: int, codes: Codes) -> Floats:
        """Give the probabilities of a column's outcomes by the outcomes of its parents."""
        parts = []
        for start in range(0, len(codes), _ROWS):
            here = torch.from_numpy(codes[start : start + _ROWS])
            rows = [
                functional.one_hot(here[:, at].clamp(min=0), one.size).float()
                if at in self.mechanisms[place].parents
                else here[:, :0]
                for at, one in enumerate(self.mechanisms[:place])
            ]
            logits = self.logits(place, rows).double().expand(len(here), -1)
            law = torch.softmax(logits, dim=1).numpy()
            parts.append((1 - _ANYTHING) * law + _ANYTHING * self.mechanisms[place].shares)
        return np.concatenate(parts) if parts else np.zeros((0, self.mechanisms[place].size))

    def log_likelihood(self, codes: Codes) -> Floats:
        """Give the log probability of each outcome of rows, shape (n_rows, n_columns)."""
        each = np.arange(len(codes))
        columns = [
            np.log(np.maximum(self.law(place, codes)[each, codes[:, place]], 1e-12))
            for place in range(len(self.mechanisms))
        ]
        return np.column_stack(columns)


class CausalTraining:
    """The adversarial training of mechanisms, of which the best state by rows held out is kept.

    Parameters
    ----------
    network : CausalNetwork
    codes : numpy.ndarray of int64, shape (n_rows, n_columns)
        What is learned.
    held_out : numpy.ndarray of int64
        What is not.
    batch_size : int
    """

    def __init__(
        self,
        network: CausalNetwork,
        codes: Codes,
        held_out: Codes,
        batch_size: int,
    ) -> None:
        self.network = network
        self._codes, self._held_out = torch.from_numpy(codes), held_out
        self._batch = min(batch_size, len(codes))
        # Of ordered columns the critic sees the first score, too.
        self._scores = [
            torch.tensor(one.scores[:, :1] if one.is_ordered else one.scores[:, :0]).float()
            for one in network.mechanisms
        ]
        width = sum(one.size for one in network.mechanisms)
        width += sum(one.shape[1] for one in self._scores)
        self._critic = nn.Sequential(
            nn.Linear(width, _CRITIC_WIDTH),
            nn.LeakyReLU(_LEAK),
            nn.Linear(_CRITIC_WIDTH, _CRITIC_WIDTH),
            nn.LeakyReLU(_LEAK),
            nn.Linear(_CRITIC_WIDTH, 1),
        )
        self._makes = Adam(network.parameters(), rate=_RATE, decay=0.0, betas=_BETAS)
        self._judges = Adam(self._critic.parameters(), rate=_RATE, decay=0.0, betas=_BETAS)
        self._mean = self._makes.weights.clone()
        self._best = self._makes.weights.clone()
        self.alone = self.best = self._likelihood()
        self.at, self.best_at, self._losses = 0, 0, {"critic": 0.0}

    @property
    def losses(self) -> dict[str, float]:
        """Of the last step."""
        return dict(self._losses)

    def learn(self, steps: int) -> Iterator[None]:
        """Take steps one by one; after the last, look how likely rows held out have become."""
        for left in range(steps, 0, -1):
            for _ in range(_CRITIC_STEPS):
                self._judge()
            self._make()
            self._mean.lerp_(self._makes.weights, 1 - _MEMORY)
            self.at += 1
            if left == 1:
                self._look()
            yield

    def finish(self) -> None:
        """Give the network the best weights."""
        self._makes.weights.copy_(self._best)

    def state(self) -> dict[str, Any]:
        """Give all that the rest of the training depends on."""
        return {
            "at": self.at,
            "makes": self._makes.state(),
            "judges": self._judges.state(),
            "mean": self._mean.numpy().copy(),
            "best_at": self.best_at,
            "best": self._best.numpy().copy(),
            "likely": self.best.copy(),
            "losses": dict(self._losses),
            "random": torch.get_rng_state().numpy().view(np.int64).copy(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`.

        Raises
        ------
        KeyError, RuntimeError, TypeError, ValueError
            It is not that of such a training.
        """
        self.at, self.best_at = int(state["at"]), int(state["best_at"])
        self._makes.restore(state["makes"])
        self._judges.restore(state["judges"])
        put_back(self._mean, state["mean"])
        put_back(self._best, state["best"])
        likely = np.array(state["likely"], dtype=np.float64)
        if likely.shape != self.best.shape:
            raise ValueError("other rows were held out")
        self.best = likely
        self._losses = {str(name): float(loss) for name, loss in state["losses"].items()}
        torch.set_rng_state(torch.from_numpy(np.asarray(state["random"]).view(np.uint8)))

    def _look(self) -> None:
        """Keep the mean of the weights if rows held out are likeliest by it."""
        weights = self._makes.weights
        now = weights.clone()
        weights.copy_(self._mean)
        likely = self._likelihood()
        weights.copy_(now)
        if likely.mean() > self.best.mean():
            self.best, self.best_at = likely, self.at
            self._best = self._mean.clone()

    def _likelihood(self) -> Floats:
        found: Floats = self.network.log_likelihood(self._held_out).sum(axis=1)
        return found

    def _seen(self, rows: Sequence[Tensor]) -> Tensor:
        """Give what the critic sees of rows."""
        extra = [row @ one for row, one in zip(rows, self._scores, strict=True)]
        return torch.cat([*rows, *extra], dim=1)

    def _real(self) -> tuple[Tensor, list[Tensor]]:
        """Draw patients; give their outcomes, and the same as 0 and 1."""
        taken = self._codes[torch.randint(len(self._codes), (self._batch,))]
        mechanisms = enumerate(self.network.mechanisms)
        return taken, [functional.one_hot(taken[:, at], one.size).float() for at, one in mechanisms]

    def _judge(self) -> None:
        with torch.no_grad():
            fake = self._seen(self.network.soft(self._batch))
        real = self._seen(self._real()[1])
        mixed = torch.lerp(fake, real, torch.rand(len(real), 1)).requires_grad_()
        (slope,) = torch.autograd.grad(self._critic(mixed).sum(), mixed, create_graph=True)
        penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
        loss = self._critic(fake).mean() - self._critic(real).mean()
        self._judges.gradient.zero_()  # of what the mechanisms learned from it
        (loss + _PENALTY * penalty).backward()
        self._judges.step()
        self._losses["critic"] = float(loss.detach())

    def _make(self) -> None:
        loss = -self._critic(self._seen(self.network.soft(self._batch))).mean()
        codes, rows = self._real()
        for place in range(len(rows)):
            logits = self.network.logits(place, rows)
            loss = loss + _LIKELIHOOD * functional.cross_entropy(logits, codes[:, place])
        loss.backward()
        self._makes.step()
