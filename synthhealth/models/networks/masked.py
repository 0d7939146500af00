"""A network that gives each column of a row the law that it has given any others.

It learns with random parts of the rows hidden, so that columns can be drawn in any order (Uria,
Murray and Larochelle, 2014, *A Deep and Tractable Density Estimator*, ICML; Hoogeboom et al., 2022,
*Autoregressive Diffusion Models*, ICLR).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from synthhealth.models.networks.adam import Adam, put_back

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["MaskedNetwork", "MaskedTraining", "Outcomes"]

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Share of the hidden units that a step does without.
_DROPPED = 0.1
#: Cosines along the bins of a number.
_WAVES = 12
#: How much of the mean of the weights each step keeps, once there are enough of them.
_MEMORY = 0.998
#: Steps in which the learning rate rises.
_WARM_UP = 200
#: What the learning rate falls to, as a share of its height.
_LEAST_RATE = 0.02
#: Rows that are looked at together where nothing is learned.
_ROWS_AT_ONCE = 4_096


class Outcomes(NamedTuple):
    """What a column can be.

    Attributes
    ----------
    size : int
        How many outcomes it has.
    is_number : bool
        Whether they are bins of a number, so that neighbours are alike.
    heaps : tuple of int
        Bins that are one value, and like no other.
    """

    size: int
    is_number: bool = False
    heaps: tuple[int, ...] = ()

    def features(self) -> npt.NDArray[np.float32]:
        """Give what is known of each outcome, shape (size, n_features).

        Levels are each like itself alone. Bins lie along a line, of which cosines are told: a
        network of few rows would otherwise learn each bin by heart.
        """
        if not self.is_number or self.size <= _WAVES:
            return np.eye(self.size, dtype=np.float32)
        along = (np.arange(self.size) + 0.5) / self.size
        waves = np.cos(np.pi * along[:, None] * np.arange(1, _WAVES + 1))
        alone = np.eye(self.size)[:, list(self.heaps)]
        return np.hstack([waves, alone]).astype(np.float32)


class MaskedNetwork(nn.Module):
    """Scores of all outcomes of all columns, given what is known of a row.

    Parameters
    ----------
    columns : sequence of Outcomes
    width : int
        Of the hidden layers.
    depth : int
        How many blocks there are.
    """

    def __init__(self, columns: Sequence[Outcomes], width: int, depth: int) -> None:
        super().__init__()
        self.columns = tuple(columns)
        starts = np.concatenate([[0], np.cumsum([one.size for one in columns])])
        self.parts = [slice(int(a), int(b)) for a, b in pairwise(starts)]
        n_features = sum(one.features().shape[1] for one in columns)
        self.entries = nn.Parameter(torch.empty(n_features + len(columns), width))
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width),
                nn.Linear(width, width),
                nn.SiLU(),
                nn.Dropout(_DROPPED),
                nn.Linear(width, width),
            )
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, n_features)
        self.margins = nn.Parameter(torch.empty(int(starts[-1])), requires_grad=False)

    def place(self) -> Self:
        """Lay out what follows from the columns alone and is no weight."""
        device = self.margins.device
        self._features = [torch.from_numpy(one.features()).to(device) for one in self.columns]
        ends = np.cumsum([one.shape[1] for one in self._features])
        self._told = [slice(int(a), int(b)) for a, b in pairwise([0, *ends])]
        # After the outcomes of all columns stand the entries of those that are not known.
        firsts = np.concatenate([[0], np.cumsum([one.size for one in self.columns])])
        self._first = torch.from_numpy(firsts[:-1].copy()).to(device)
        self._unknown = int(firsts[-1]) + torch.arange(len(self.columns), device=device)
        return self

    def begin(self, margins: Sequence[Floats]) -> None:
        """Begin with columns that know nothing of each other, of these shares."""
        with torch.no_grad():
            self.entries.normal_(std=1.0 / len(self.columns) ** 0.5)
            self.out.weight.zero_()
            self.out.bias.zero_()
            self.margins.copy_(torch.as_tensor(np.log(np.concatenate(margins))))

    def hidden(self, codes: Tensor) -> Tensor:
        """Give what is made of rows; of an unknown column the code is -1."""
        parts = zip(self._features, self._told, strict=True)
        entries = torch.cat(
            [
                *(features @ self.entries[told] for features, told in parts),
                self.entries[-len(self.columns) :],
            ]
        )
        places = torch.where(codes < 0, self._unknown, codes + self._first)
        found = nn.functional.embedding_bag(places, entries, mode="sum")
        for block in self.blocks:
            found = found + block(found)
        normed: Tensor = self.norm(found)
        return normed

    def scores(self, hidden: Tensor, place: int) -> Tensor:
        """Give the log shares of the outcomes of one column."""
        told = self._told[place]
        out = nn.functional.linear(hidden, self.out.weight[told], self.out.bias[told])
        return torch.log_softmax(self._spread(out, place), dim=1)

    def _spread(self, out: Tensor, place: int) -> Tensor:
        """Give scores of outcomes from those of what is told of them."""
        return out @ self._features[place].T + self.margins[self.parts[place]]

    def loss(self, codes: Tensor, known: Tensor) -> Tensor:
        """Give by how much rows are unlikely, each column given those that are known.

        Parameters
        ----------
        codes : torch.Tensor, shape (n_rows, n_columns)
        known : torch.Tensor of bool, of the same shape

        Returns
        -------
        torch.Tensor, shape (n_rows,)
            In natural logarithms, as of a whole row.
        """
        out = self.out(self.hidden(torch.where(known, codes, -1)))
        losses = torch.stack(
            [
                nn.functional.cross_entropy(
                    self._spread(out[:, told], place), codes[:, place], reduction="none"
                )
                for place, told in enumerate(self._told)
            ],
            dim=1,
        )
        asked = ~known
        # The order is random: each column that is not known could be the next one.
        weight = len(self.columns) / asked.sum(dim=1)
        total: Tensor = (losses * asked).sum(dim=1) * weight
        return total

    @torch.no_grad()
    def by_themselves(self) -> list[Floats]:
        """Give the log shares of the outcomes of each column where nothing is known."""
        hidden = self.hidden(torch.full((1, len(self.columns)), -1))
        return [
            self.scores(hidden, place)[0].numpy().astype(np.float64)
            for place in range(len(self.columns))
        ]

    @torch.no_grad()
    def draw(self, codes: Codes, order: Codes, rng: np.random.Generator) -> Codes:
        """Draw the columns that are not known, -1, in this order; of each row all that are."""
        drawn = codes.copy()
        for start in range(0, len(codes), _ROWS_AT_ONCE):
            rows = torch.as_tensor(drawn[start : start + _ROWS_AT_ONCE])
            for place in order:
                unknown = rows[:, place] < 0
                if not bool(unknown.any()):
                    continue
                shares = self.scores(self.hidden(rows[unknown]), int(place)).exp()
                below = torch.cumsum(shares.double(), dim=1).numpy()
                chances = rng.random(len(below))[:, None] * below[:, -1:]
                rows[unknown, place] = torch.as_tensor((below[:, :-1] <= chances).sum(axis=1))
            drawn[start : start + _ROWS_AT_ONCE] = rows.numpy()
        return drawn

    @torch.no_grad()
    def log_likelihood(self, codes: Codes, order: Codes) -> Floats:
        """Give the log likelihood of what is known of rows, drawn in this order."""
        found = np.zeros(len(codes))
        for start in range(0, len(codes), _ROWS_AT_ONCE):
            rows = torch.as_tensor(codes[start : start + _ROWS_AT_ONCE])
            so_far = torch.full_like(rows, -1)
            for place in order:
                scores = self.scores(self.hidden(so_far), int(place))
                outcome = rows[:, place].clamp(min=0)[:, None]
                likely = scores.gather(1, outcome)[:, 0]
                found[start : start + _ROWS_AT_ONCE] += np.where(
                    rows[:, place] >= 0, likely.numpy(), 0.0
                )
                so_far[:, place] = rows[:, place]
        return found


class _Best(NamedTuple):
    """The state that held-out rows are likeliest in."""

    loss: float
    weights: Tensor
    round: int


class MaskedTraining:
    """The training of a `MaskedNetwork`, in rounds of some steps each.

    Parameters
    ----------
    network : MaskedNetwork
    rows, held_out : torch.Tensor, shape (n_rows, n_columns)
        What is learned, and what says when to end.
    rounds, steps : int
        How many rounds, and steps of each.
    batch_size : int
    rate : float
        The learning rate at its height.
    patience : int
        Rounds in which nothing better may come.
    """

    def __init__(
        self,
        network: MaskedNetwork,
        rows: Tensor,
        held_out: Tensor,
        *,
        rounds: int,
        steps: int,
        batch_size: int,
        rate: float,
        patience: int,
    ) -> None:
        self._network, self._rows, self._held_out = network, rows, held_out
        self._rounds, self._steps, self._batch = rounds, steps, min(batch_size, len(rows))
        self._rate, self._patience = rate, patience
        weights = [one for one in network.parameters() if one.requires_grad]
        self._adam = Adam(weights, rate=rate, decay=0.0)
        self._mean = self._adam.weights.clone()
        self._done = 0
        # The same parts of the rows held out are hidden at each look.
        self._asked = self._hide(len(held_out)) if len(held_out) else held_out.bool()
        self._first = self._look(self._adam.weights)
        self._best = _Best(self._first, self._adam.weights.clone(), 0)
        self.losses: dict[str, float] = {}

    @property
    def round(self) -> int:
        """The round that it is in."""
        return self._done // self._steps

    @property
    def settled(self) -> bool:
        """Whether nothing better has come for too long."""
        return bool(len(self._held_out)) and self.round - self._best.round >= self._patience

    def learn(self) -> Iterator[None]:
        """Take the steps of a round, one after the other, and look at the rows held out."""
        while True:
            self._step()
            if self._done % self._steps == 0:
                loss = self._look(self._mean)
                self.losses["held out"] = loss
                if not len(self._held_out) or loss < self._best.loss:
                    self._best = _Best(loss, self._mean.clone(), self.round)
                yield
                return
            yield

    def finish(self) -> tuple[int, float]:
        """Give the network the best weights that were found.

        Returns
        -------
        steps : int
            After which they were found.
        gain : float
            By how much they make the rows held out likelier than those it began with.
        """
        with torch.no_grad():
            self._adam.weights.copy_(self._best.weights)
        self._network.eval()
        return self._best.round * self._steps, self._first - self._best.loss

    def state(self) -> dict[str, Any]:
        """Give all that the rest of the training depends on."""
        return {
            "done": self._done,
            "adam": self._adam.state(),
            "mean": self._mean.cpu().numpy().copy(),
            "best_loss": self._best.loss,
            "best": self._best.weights.cpu().numpy().copy(),
            "best_round": self._best.round,
            "losses": dict(self.losses),
            "random": torch.get_rng_state().numpy().view(np.int64).copy(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`.

        Raises
        ------
        KeyError, RuntimeError, TypeError, ValueError
            It is not that of such a training.
        """
        self._done = int(state["done"])
        self._adam.restore(state["adam"])
        put_back(self._mean, state["mean"])
        best = torch.empty_like(self._mean)
        put_back(best, state["best"])
        self._best = _Best(float(state["best_loss"]), best, int(state["best_round"]))
        self.losses = {str(name): float(loss) for name, loss in state["losses"].items()}
        torch.set_rng_state(torch.from_numpy(np.asarray(state["random"]).view(np.uint8)))

    def _step(self) -> None:
        self._adam.rate = self._rate * self._height()
        places = torch.randint(len(self._rows), (self._batch,))
        batch = self._rows[places.to(self._rows.device)]
        loss = self._network.loss(batch, self._hide(len(batch))).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        self._adam.step()
        self._done += 1
        memory = min(_MEMORY, (1 + self._done) / (10 + self._done))
        self._mean.lerp_(self._adam.weights, 1 - memory)
        self.losses["loss"] = float(loss.detach())

    def _height(self) -> float:
        """Give the share of the learning rate: it rises, and falls along a cosine."""
        way = self._done / (self._rounds * self._steps)
        fall = _LEAST_RATE + (1 - _LEAST_RATE) * 0.5 * (1 + np.cos(np.pi * min(way, 1.0)))
        return float(min((self._done + 1) / _WARM_UP, 1.0) * fall)

    def _hide(self, n: int) -> Tensor:
        """Say of which columns of rows the network is told: of each row any number, but not all."""
        columns = self._rows.shape[1]
        order = torch.rand(n, columns).argsort(dim=1)
        known = order < torch.randint(columns, (n, 1))
        return known.to(self._rows.device)

    @torch.no_grad()
    def _look(self, weights: Tensor) -> float:
        """Give by how much the rows held out are unlikely under some weights."""
        if not len(self._held_out):
            return 0.0
        self._network.eval()
        now = self._adam.weights.clone()
        self._adam.weights.copy_(weights)
        losses = []
        for start in range(0, len(self._held_out), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            losses.append(self._network.loss(self._held_out[part], self._asked[part]))
        self._adam.weights.copy_(now)
        self._network.train()
        return float(torch.cat(losses).mean())
