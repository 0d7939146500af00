"""Columns as a denoiser has them: levels and shared values as tokens, other numbers as scores."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ConditionError
from synthhealth.models._copula import AnyMargin, to_score
from synthhealth.models._smooth import LevelMargin, SmoothMargin

__all__ = ["KNOTS", "Coding", "Tokens"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: No score that is learned lies further out.
_LARGEST_SCORE = 5.0

#: So far from the ends of its bin does a number lie at least, in widths of the bin.
_WITHIN = 1e-9

#: Points at which drawn numbers are compared with those of their column, and how many of them are
#: needed for that.
KNOTS, _FEWEST_DRAWN = 101, 500


@dataclass(frozen=True)
class Tokens:
    """A column of tokens: levels, or the values that many patients share and "another one".

    Attributes
    ----------
    place : int
        The column.
    low, high : numpy.ndarray, shape (n,)
        The chances between which each token lies.
    has_rest : bool
        Whether one token more, the last, stands for all that lies between these.
    """

    place: int
    low: Floats
    high: Floats
    has_rest: bool

    @property
    def shares(self) -> Floats:
        """The share of each token."""
        shares = self.high - self.low
        return np.append(shares, 1 - shares.sum()) if self.has_rest else shares

    @property
    def ends(self) -> Floats:
        """The scores between which each token lies, shape (2, n)."""
        return to_score(np.stack([self.low, self.high]))

    @property
    def means(self) -> Floats:
        """The mean score of each token."""
        low, high = np.exp(-0.5 * self.ends**2) / np.sqrt(2 * np.pi)
        sums = low - high
        sums = np.append(sums, -sums.sum()) if self.has_rest else sums
        found: Floats = sums / self.shares
        return found


class Coding:
    """Brings plain columns to tokens and scores, and back.

    A value that as many patients have as a bin is a token of its own, since a denoiser would blur
    it; all other numbers of its column are one token together, within which they have scores.

    Parameters
    ----------
    margins : mapping of str to margin
        Of all columns, in order.

    Attributes
    ----------
    tokens : tuple of Tokens
        The columns that have tokens.
    scores : tuple of int
        The places of those that have scores.
    """

    def __init__(self, margins: Mapping[str, AnyMargin]) -> None:
        self._margins = dict(margins)
        self._names = list(margins)
        tokens: list[Tokens] = []
        scores: list[int] = []
        for place, margin in enumerate(margins.values()):
            if isinstance(margin, LevelMargin):
                ends, places = margin.ends, margin.places
                tokens.append(Tokens(place, ends[places], ends[places + 1], has_rest=False))
                continue
            heaps, others = _heaps(margin)
            if isinstance(margin, SmoothMargin) and len(heaps) and len(heaps) + len(others) > 1:
                ends = margin.ends
                tokens.append(Tokens(place, ends[heaps], ends[heaps + 1], len(others) > 0))
            if len(others) or not len(heaps):
                scores.append(place)
            elif len(heaps) == 1:
                # One value that all have: its score is drawn, and says nothing.
                scores.append(place)
        self.tokens, self.scores = tuple(tokens), tuple(scores)

    def known(self, names: Collection[str]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Say of which columns of tokens, and of which scores, something is known."""
        has_token = np.array([self._names[one.place] in names for one in self.tokens], dtype=bool)
        has_score = np.array([self._names[place] in names for place in self.scores], dtype=bool)
        return has_token, has_score

    def code(self, rows: pd.DataFrame, rng: np.random.Generator) -> tuple[Codes, Floats]:
        """Give tokens and scores of rows, on the scale that was learned; 0 of what is not there.

        Parameters
        ----------
        rng : numpy.random.Generator
            Draws the score of a value that many patients share.

        Raises
        ------
        ConditionError
            A level was never learned.
        """
        tokens = np.zeros((len(rows), len(self.tokens)), dtype=np.int64)
        scores = np.zeros((len(rows), len(self.scores)))
        for k, one in enumerate(self.tokens):
            name = self._names[one.place]
            if name not in rows:
                continue
            margin, values = self._margins[name], rows[name].to_numpy()
            if isinstance(margin, SmoothMargin):
                tokens[:, k] = _token_of_bin(margin)[margin.bins.codes(values.astype(float))]
            elif values.max() < len(one.low):
                tokens[:, k] = values
            else:
                raise ConditionError(
                    f"condition on column {name!r}: no such level was learned; ask for another"
                )
        for k, place in enumerate(self.scores):
            name = self._names[place]
            if name in rows:
                low, high = self._margins[name].chances(rows[name].to_numpy(dtype=float))
                found = to_score(low + rng.random(len(low)) * (high - low))
                scores[:, k] = np.clip(found, -_LARGEST_SCORE, _LARGEST_SCORE)
        return tokens, scores

    def values(self, tokens: Codes, scores: Floats, knots: Floats) -> pd.DataFrame:
        """Give the columns of tokens and scores, on the scale that was learned.

        Parameters
        ----------
        knots : numpy.ndarray, shape (n_scores, n_knots)
            What `knots` gave.
        """
        columns: dict[int, npt.NDArray[Any]] = {}
        levels = np.linspace(0, 1, knots.shape[1])
        for k, place in enumerate(self.scores):
            margin = self._margins[self._names[place]]
            shares = np.interp(_chances(scores[:, k]), knots[k], levels)
            columns[place] = margin.quantiles(_among_others(margin, shares))
        for k, one in enumerate(self.tokens):
            margin, token = self._margins[self._names[one.place]], tokens[:, k]
            if isinstance(margin, LevelMargin):
                columns[one.place] = token
                continue
            heaps = (one.low + one.high) / 2
            shared = margin.quantiles(heaps[np.minimum(token, len(heaps) - 1)])
            if one.has_rest:
                shared = np.where(token < len(heaps), shared, columns[one.place])
            columns[one.place] = shared
        return pd.DataFrame({name: columns[place] for place, name in enumerate(self._names)})

    def knots(self, tokens: Codes, scores: Floats) -> Floats:
        """Find below which chance each hundredth of the drawn numbers of a column lies.

        By these, numbers are brought to the distributions of their columns, from which what is
        drawn differs a little. Values that many share are no part of it.

        Returns
        -------
        numpy.ndarray, shape (n_scores, n_knots)
            Rising in each row, from 0 to 1.
        """
        levels = np.linspace(0, 1, KNOTS)
        found = np.zeros((len(self.scores), KNOTS))
        scored = self.are_scored(tokens)
        for k, place in enumerate(self.scores):
            chances = _chances(scores[scored[:, k], k])
            if len(chances) < _FEWEST_DRAWN:
                chances = _among_others(self._margins[self._names[place]], levels)
            found[k] = np.quantile(chances, levels)
        found[:, 0], found[:, -1] = 0.0, 1.0
        return found

    def are_scored(self, tokens: Codes) -> npt.NDArray[np.bool_]:
        """Say which scores of rows are numbers of their own, not values that many share."""
        scored = np.ones((len(tokens), len(self.scores)), dtype=bool)
        for k, one in enumerate(self.tokens):
            if one.has_rest:
                scored[:, self.scores.index(one.place)] = tokens[:, k] == len(one.low)
        return scored


def _heaps(margin: AnyMargin) -> tuple[Codes, Codes]:
    """Give the bins that are one value, and the others."""
    if not isinstance(margin, SmoothMargin):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    heaps = np.array(margin.bins.heaps, dtype=np.int64)
    return heaps, np.setdiff1d(np.arange(len(margin.bins)), heaps)


def _token_of_bin(margin: SmoothMargin) -> Codes:
    heaps, _ = _heaps(margin)
    found = np.full(len(margin.bins), len(heaps))
    found[heaps] = np.arange(len(heaps))
    return found


def _chances(scores: Floats) -> Floats:
    from scipy.special import ndtr

    found: Floats = ndtr(np.clip(scores, -_LARGEST_SCORE, _LARGEST_SCORE))
    return found


def _among_others(margin: AnyMargin, shares: Floats) -> Floats:
    """Give the chance below which each share of the numbers lies that are no shared value."""
    heaps, others = _heaps(margin)
    if not len(heaps) or not len(others) or not isinstance(margin, SmoothMargin):
        return shares
    low, widths = margin.ends[others], np.diff(margin.ends)[others]
    ends = np.concatenate([[0.0], np.cumsum(widths)])
    at = np.clip(shares, _WITHIN, 1 - _WITHIN) * ends[-1]
    piece = np.minimum(np.searchsorted(ends, at, side="right") - 1, len(others) - 1)
    room = _WITHIN * widths[piece]
    return low[piece] + np.clip(at - ends[piece], room, widths[piece] - room)
