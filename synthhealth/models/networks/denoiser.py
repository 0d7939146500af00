"""A row behind noise: its closed form, if all scores were normal, and a network that learns more.

A row is seen column by column through noise: a known number through none, a number that is being
drawn through some, a column that is not known through infinitely much. A level stands for an
interval of the normal score behind it, which is that score seen through noise, too. So one formula
says what to expect of all columns, whatever is known of them: mean and variance of the normal law
of the scores, given what is seen. The network adds to it, and its last layer begins at zero.

Karras, Aittala, Aila and Laine, 2022, *Elucidating the Design Space of Diffusion-Based Generative
Models*, NeurIPS (EDM), have the network learn what is left in units of its spread, as here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from synthhealth.models._mixed import Tokens

__all__ = ["Denoiser", "Form", "Seen"]

Floats = npt.NDArray[np.float64]

#: The precision of a score that is known, the share of a score's variance that a token tells at
#: least and at most, and the least noise that the network is told of.
_KNOWN, _TOLD, _LEAST_NOISE = 1e6, (1e-4, 0.999), 1e-3

#: A token has at least this share of what it has by itself.
_LEAST_SHARE = 0.02

#: Waves by which the network tells noises apart.
_WAVES = 8


@dataclass(frozen=True)
class Form:
    """What the columns of a table are to the network.

    Attributes
    ----------
    correlation : numpy.ndarray, shape (n_columns, n_columns)
        Of the scores behind all columns.
    tokens : tuple of Tokens
        The columns of levels, and of numbers that many patients share.
    scores : tuple of int
        The columns whose scores are drawn.
    """

    correlation: Floats
    tokens: tuple[Tokens, ...]
    scores: tuple[int, ...]


@dataclass
class Seen:
    """Groups of rows of which the same columns are seen.

    Attributes
    ----------
    tokens : torch.Tensor of int64, shape (n_groups, n_rows, n_token_columns)
    scores : torch.Tensor, shape (n_groups, n_rows, n_scores)
        With the noise that they are seen through.
    has_token : torch.Tensor of bool, shape (n_groups, n_token_columns)
    sigma : torch.Tensor, shape (n_groups, n_scores)
        The noise of each score: 0 where it is known, infinite where it is not seen.
    """

    tokens: Tensor
    scores: Tensor
    has_token: Tensor
    sigma: Tensor


class Denoiser(nn.Module):
    """Says what to expect of each column of a row that is seen through noise.

    Parameters
    ----------
    form : Form
    width : int
        Units of each layer.
    depth : int
        Blocks of two layers.
    device : str, optional
        Where the weights lie; of "meta" they have no memory.

    Attributes
    ----------
    sizes : list of int
        How many tokens each column of tokens has.
    order : torch.Tensor of int64
        The columns of tokens in the order in which they are drawn: those of few tokens first.
    log_shares : list of torch.Tensor
        Of each column of tokens.
    """

    def __init__(self, form: Form, width: int, depth: int, device: str | None = None) -> None:
        super().__init__()
        self._gaussian = _Gaussian(form)
        self.log_shares = self._gaussian.log_shares
        self.sizes = [len(one) for one in self.log_shares]
        self.order = torch.tensor(self.sizes, dtype=torch.long).argsort(stable=True)
        starts = np.cumsum([0, *self.sizes])
        self._starts = torch.tensor(starts[:-1].astype(np.int64))
        self._n_tokens = int(starts[-1])
        n_columns, n_scores = len(form.correlation), len(form.scores)
        n_inputs = self._n_tokens + 3 * n_scores + 2 * n_columns + 2 * _WAVES
        self.first = nn.Linear(n_inputs, width, device=device)
        self.blocks = nn.ModuleList(_Block(width, device) for _ in range(depth))
        self.last = nn.Linear(width, self._n_tokens + n_scores, device=device)
        self.forget()

    def forward(self, seen: Seen) -> tuple[Tensor, Tensor, Tensor]:
        """Say what to expect, in all groups together, one after the other.

        Returns
        -------
        logits : torch.Tensor, shape (n_rows, n_tokens)
            Of all columns of tokens, one after the other.
        means : torch.Tensor, shape (n_rows, n_scores)
            Of the scores.
        spread : torch.Tensor, shape (n_rows, n_scores)
            Their standard deviations, if all were normal.
        """
        means, variances, logits = self._gaussian(seen)
        inputs = torch.cat([means, 0.25 * variances.log(), self._inputs(seen)], dim=1)
        hidden = self.first(inputs)
        for block in self.blocks:
            hidden = block(hidden)
        adds = self.last(nn.functional.silu(hidden))
        spread = variances[:, self._gaussian.scores].sqrt()
        expected = means[:, self._gaussian.scores] + spread * adds[:, self._n_tokens :]
        return logits + adds[:, : self._n_tokens], expected, spread

    def tokens_of(self, scores: Tensor) -> Tensor:
        """Say which columns of tokens are those of these scores.

        Parameters
        ----------
        scores : torch.Tensor of bool, shape (n_groups, n_scores)

        Returns
        -------
        torch.Tensor of bool, shape (n_groups, n_token_columns)
        """
        found: Tensor = (scores.float() @ self._gaussian.is_same.float()) > 0
        return found

    @torch.no_grad()
    def forget(self) -> None:
        """Become the closed form again."""
        self.last.weight.zero_()
        self.last.bias.zero_()

    @torch.no_grad()
    def shift(self, column: int, logits: Tensor) -> None:
        """Add to the logits of a column of tokens."""
        start = int(self._starts[column])
        self.last.bias[start : start + len(logits)] += logits

    def _inputs(self, seen: Seen) -> Tensor:
        """Give what is seen as numbers."""
        groups, rows, n_tokens = seen.tokens.shape
        n_scores = seen.scores.shape[-1]
        one_hot = seen.scores.new_zeros(groups, rows, self._n_tokens)
        if n_tokens:
            shown = seen.has_token[:, None].expand(-1, rows, -1).float()
            one_hot.scatter_(2, seen.tokens + self._starts, shown)
        scale = (1 + seen.sigma**2).rsqrt()
        noisy = torch.where(scale[:, None] > 0, seen.scores * scale[:, None], 0.0)
        flags = torch.cat([(seen.sigma == 0).float(), scale], dim=1)
        # Scores that are noisy have the same noise; if there is none, this is the least.
        noise = torch.where(seen.sigma.isinf(), 0.0, seen.sigma)
        noise = noise.amax(1, keepdim=True) if n_scores else noise.new_zeros(groups, 1)
        waves = noise.clamp(min=_LEAST_NOISE).log() / 4
        waves = waves * torch.arange(1, _WAVES + 1, device=noise.device)
        by_group = torch.cat([flags, waves.sin(), waves.cos()], dim=1)
        by_group = by_group[:, None].expand(-1, rows, -1)
        return torch.cat([one_hot, noisy, by_group], dim=2).flatten(0, 1)


class _Block(nn.Module):
    """Two layers, whose output is added to their input."""

    def __init__(self, width: int, device: str | None) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, device=device)
        self.up = nn.Linear(width, width, device=device)
        self.down = nn.Linear(width, width, device=device)

    def forward(self, hidden: Tensor) -> Tensor:
        found: Tensor = hidden + self.down(nn.functional.silu(self.up(self.norm(hidden))))
        return found


class _Gaussian:
    """The closed form: what normal scores let expect, given what is seen.

    Attributes
    ----------
    scores : torch.Tensor of int64
        The columns whose scores are drawn.
    is_same : torch.Tensor of bool, shape (n_scores, n_token_columns)
        Which scores and which tokens are of one column.
    log_shares : list of torch.Tensor
        Of each column of tokens.
    """

    def __init__(self, form: Form) -> None:
        self._form = form
        self._precision = torch.tensor(np.linalg.inv(form.correlation))
        self.scores = torch.tensor(form.scores, dtype=torch.long)
        self._places = torch.tensor([one.place for one in form.tokens], dtype=torch.long)
        self.is_same = self.scores[:, None] == self._places
        # The share of a score's variance that its token tells, as which it is seen through noise.
        told = np.array([one.shares @ one.means**2 for one in form.tokens])
        told = np.clip(told, *_TOLD)
        self._information = torch.tensor(told / (1 - told))
        self._signals = [
            torch.tensor(one.means / share) for one, share in zip(form.tokens, told, strict=True)
        ]
        self._ends = [torch.tensor(one.ends).float() for one in form.tokens]
        self.log_shares = [torch.tensor(np.log(one.shares)).float() for one in form.tokens]

    def __call__(self, seen: Seen) -> tuple[Tensor, Tensor, Tensor]:
        """Give means and variances of all scores, and logits of all tokens, in all groups."""
        groups, rows, n_tokens = seen.tokens.shape
        size = len(self._precision)
        information = torch.zeros(groups, size, dtype=torch.float64)
        signal = torch.zeros(groups, rows, size, dtype=torch.float64)
        if n_tokens:
            information[:, self._places] = seen.has_token * self._information
            signals = [one[seen.tokens[..., k]] for k, one in enumerate(self._signals)]
            signal[..., self._places] = torch.stack(signals, dim=-1)
        if len(self.scores):
            # A number says more of its score than a token.
            own = (seen.sigma.double() ** -2).clamp(max=_KNOWN)
            is_seen = own > 0
            information[:, self.scores] = torch.where(is_seen, own, information[:, self.scores])
            signal[..., self.scores] = torch.where(
                is_seen[:, None], seen.scores.double(), signal[..., self.scores]
            )
        covariance = torch.linalg.inv(self._precision + torch.diag_embed(information))
        means = (information[:, None] * signal) @ covariance
        variances = torch.diagonal(covariance, dim1=1, dim2=2)[:, None].expand(-1, rows, -1)
        flat = means.flatten(0, 1).float(), variances.flatten(0, 1).float().clamp(min=1e-7)
        logits = [self._logits(k, *flat) for k in range(n_tokens)]
        return *flat, torch.cat(logits, dim=1) if logits else flat[0][:, :0]

    def _logits(self, k: int, means: Tensor, variances: Tensor) -> Tensor:
        place = self._form.tokens[k].place
        mean, spread = means[:, place, None], variances[:, place, None].sqrt()
        low, high = (torch.special.ndtr((ends - mean) / spread) for ends in self._ends[k])
        chances = high - low
        if self._form.tokens[k].has_rest:
            chances = torch.cat([chances, 1 - chances.sum(1, keepdim=True)], dim=1)
        shares = self.log_shares[k].exp()
        return ((1 - _LEAST_SHARE) * chances.clamp(min=0) + _LEAST_SHARE * shares).log()
