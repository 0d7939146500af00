"""Rows drawn by a denoiser: tokens one column after the other, then numbers out of noise."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from synthhealth.models.networks.denoiser import Denoiser, Seen
from synthhealth.models.networks.denoising import Rows
from synthhealth.models.networks.draws import Draws

__all__ = ["draw_rows", "log_ratios", "rake"]

#: The noise that numbers are drawn out of, the least that is taken away in a step of its own, and
#: how the steps between are spaced (Karras et al., 2022).
_LARGEST, _LEAST, _SPACING = 20.0, 0.01, 5.0

#: How often the logits of a column are shifted, by how much at most, and the least share that is
#: made up for.
_ROUNDS, _FURTHEST, _UNREACHED = 10, 1.0, 1e-5

#: The noises by which densities are told, from the largest to the least, and how many.
_DENSITY_LARGEST, _DENSITY_LEAST, _DENSITY_NOISES = 20.0, 0.05, 16


@torch.no_grad()
def draw_rows(
    denoiser: Denoiser,
    known: Rows,
    has_token: Tensor,
    has_score: Tensor,
    *,
    steps: int,
    draws: Draws,
) -> Rows:
    """Draw what is not known of rows.

    Parameters
    ----------
    denoiser : Denoiser
    known : Rows
        Anything where nothing is known.
    has_token : torch.Tensor of bool, shape (n_token_columns,)
    has_score : torch.Tensor of bool, shape (n_scores,)
        What is known: the same of all rows.
    steps : int
        In which numbers are drawn out of noise, each of two passes (Heun).
    draws : Draws
    """
    tokens, scores = known.tokens[None].clone(), known.scores[None]
    has_token = has_token[None].clone()
    sigma = torch.where(has_score, 0.0, torch.inf)[None]
    for column in denoiser.order.tolist():
        if has_token[0, column]:
            continue
        logits = denoiser(Seen(tokens, scores, has_token, sigma))[0]
        own = logits.split(denoiser.sizes, 1)[column]
        tokens[0, :, column] = _drawn(own, draws)
        has_token[0, column] = True
    if has_score.all():
        return Rows(tokens[0], scores[0])

    def slope(at: Tensor, noise: float) -> Tensor:
        sigma = torch.where(has_score, 0.0, noise)[None]
        means = denoiser(Seen(tokens, at, has_token, sigma))[1]
        return torch.where(has_score, 0.0, (at - means) / noise)

    start = torch.special.ndtri(draws.even(*known.scores.shape)).float()[None]
    start = start * math.sqrt(1 + _LARGEST**2)
    at = torch.where(has_score, scores, start)
    noises = _noises(_LARGEST, _LEAST, _SPACING, steps)
    for noise, less in zip(noises, [*noises[1:], 0.0], strict=True):
        first = slope(at, noise)
        there = at + (less - noise) * first
        if less:
            there = at + (less - noise) * (first + slope(there, less)) / 2
        at = there
    return Rows(tokens[0], at[0])


@torch.no_grad()
def rake(denoiser: Denoiser, n_rows: int, n_scores: int, draws: Draws) -> Rows:
    """Shift logits so that the tokens of each column, as they are drawn, have their own shares.

    What is drawn for the columns before is a little off, and column after column it would add up.
    (Iterative proportional fitting; Deming and Stephan, 1940.)

    Returns
    -------
    Rows
        Those that were drawn, still without numbers.
    """
    n_tokens = len(denoiser.sizes)
    tokens = torch.zeros(1, n_rows, n_tokens, dtype=torch.long)
    nothing = torch.zeros(1, n_rows, n_scores)
    has_token = torch.zeros(1, n_tokens, dtype=torch.bool)
    hidden = torch.full((1, n_scores), torch.inf)
    for column in denoiser.order.tolist():
        logits = denoiser(Seen(tokens, nothing, has_token, hidden))[0]
        own = logits.split(denoiser.sizes, 1)[column]
        shift = torch.zeros_like(own[0])
        for _ in range(_ROUNDS):
            found = (own + shift).softmax(1).mean(0)
            shift += denoiser.log_shares[column] - found.clamp(min=_UNREACHED).log()
        shift = shift.clamp(-_FURTHEST, _FURTHEST)
        denoiser.shift(column, shift)
        tokens[0, :, column] = _drawn(own + shift, draws)
        has_token[0, column] = True
    return Rows(tokens[0], nothing[0])


@torch.no_grad()
def log_ratios(
    denoiser: Denoiser, rows: Rows, has_token: Tensor, has_score: Tensor, draws: Draws
) -> tuple[Tensor, Tensor]:
    """Say how much likelier what is known of rows is than if all columns were independent.

    Of a token that is its share, given those before it in the order in which they are drawn. Of
    numbers given all tokens it is the sum, over all noises, of how much better the denoiser tells
    what is behind the noise than one of a standard normal law would (Kong, Brekelmans and Ver
    Steeg, 2023, *Information-Theoretic Diffusion*, ICLR).

    Returns
    -------
    tokens : torch.Tensor, shape (n_rows,)
        The sum of the log ratios.
    scores : torch.Tensor, shape (n_rows, n_scores)
        The log ratio of each number, given the others behind the same noise; 0 where it is not
        known.
    """
    seen = torch.zeros_like(has_token)[None]
    hidden = torch.full_like(rows.scores[:1], torch.inf)
    tokens, scores = rows.tokens[None], rows.scores[None]
    found = rows.scores.new_zeros(len(rows))
    for column in denoiser.order.tolist():
        if not has_token[column]:
            continue
        logits = denoiser(Seen(tokens, torch.zeros_like(scores), seen, hidden))[0]
        own = logits.split(denoiser.sizes, 1)[column].log_softmax(1)
        ratio = own - denoiser.log_shares[column]
        found += ratio.gather(1, rows.tokens[:, column, None])[:, 0]
        seen[0, column] = True
    by_score = torch.zeros_like(rows.scores)
    noises = _noises(_DENSITY_LARGEST, _DENSITY_LEAST, math.inf, _DENSITY_NOISES)
    step = math.log(noises[0] / noises[1])
    if has_score.any():
        for sigma in noises:
            noise = sigma * draws.normal(*rows.scores.shape)[None]
            here = torch.where(has_score, sigma, torch.inf)[None]
            # Each noise and its opposite: much of what chance does to the one, the other undoes.
            for at in (scores + noise, scores - noise):
                means = denoiser(Seen(tokens, at, seen, here))[1]
                better = (rows.scores - at[0] / (1 + sigma**2)) ** 2 - (rows.scores - means) ** 2
                by_score += 0.5 * better / sigma**2 * step
    return found, torch.where(has_score, by_score, 0.0)


def _drawn(logits: Tensor, draws: Draws) -> Tensor:
    """Draw a token of each row."""
    sums = logits.double().softmax(1).cumsum(1)[:, :-1].contiguous()
    return torch.searchsorted(sums, draws.even(len(logits), 1), right=True)[:, 0]


def _noises(largest: float, least: float, spacing: float, n: int) -> list[float]:
    """Give falling noises, evenly spaced by that root; by an infinite one, their logarithms."""
    if n == 1:
        return [largest]
    shares = [place / (n - 1) for place in range(n)]
    if math.isinf(spacing):
        return [largest ** (1 - share) * least**share for share in shares]
    first, last = largest ** (1 / spacing), least ** (1 / spacing)
    return [(first + share * (last - first)) ** spacing for share in shares]
