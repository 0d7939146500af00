"""Margins that follow the patients: numbers in bins of several of them, and levels."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, model_validator
from typing_extensions import Self

from synthhealth.models._bins import STEEPEST, Bins
from synthhealth.schema import Kind
from synthhealth.table.blur import Blur

__all__ = ["LevelMargin", "SmoothMargin"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


class _Shares(BaseModel):
    """What margins of bins and of levels have in common: pieces, and the share of each.

    Attributes
    ----------
    shares : tuple of float
        The share of the patients that each piece has; together they are 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    shares: tuple[float, ...]

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        if not self.shares or min(self.shares) <= 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError("the shares of a column do not add up")
        return self

    def blurred(self, blur: Blur, name: str) -> Self:
        """Blur the shares of the column `name`."""
        shares = blur.shares(name, np.array(self.shares))
        return self.model_copy(update={"shares": tuple(shares.tolist())})

    @property
    def ends(self) -> Floats:
        """Where each piece begins on the scale of probabilities, and where the last one ends."""
        ends = np.concatenate([[0.0], np.cumsum(self.shares)])
        ends[-1] = 1.0
        return ends

    def pieces(self, chances: Floats) -> Codes:
        """Give the piece that each probability lies in."""
        return np.searchsorted(self.ends[1:-1], chances, side="right").astype(np.int64)


class SmoothMargin(_Shares):
    """A column of numbers as bins of several patients, within which it rises or falls smoothly.

    Attributes
    ----------
    bins : Bins
    slants : tuple of float
        How the numbers lie within each bin.
    """

    family: Literal["smooth"] = "smooth"
    bins: Bins
    slants: tuple[float, ...]

    @model_validator(mode="after")
    def _fit_together(self) -> SmoothMargin:
        if not len(self.bins) == len(self.slants) == len(self.shares):
            raise ValueError("each bin has a share and a slant")
        if max(abs(one) for one in self.slants) > STEEPEST:
            raise ValueError("a bin is too slanting")
        return self

    @classmethod
    def learn(cls, name: str, values: Floats, kind: Kind, min_cell: int) -> SmoothMargin:
        """Learn a column without gaps."""
        bins = Bins.learn(name, values, kind, min_cell)
        codes = bins.codes(values)
        counts = np.bincount(codes, minlength=len(bins))
        slants = bins.slants(values, codes)
        return cls(
            shares=tuple((counts / counts.sum()).tolist()), bins=bins, slants=tuple(slants.tolist())
        )

    def quantiles(self, chances: Floats) -> Floats:
        """Give the number below which each share of the patients lies."""
        pieces, ends = self.pieces(chances), self.ends
        within = (chances - ends[pieces]) / np.diff(ends)[pieces]
        return self.bins.quantiles(pieces, np.clip(within, 0.0, 1.0), np.array(self.slants))

    def chances(self, values: Floats) -> tuple[Floats, Floats]:
        """Give the share below each number, and the share up to it; they differ at a heap."""
        pieces, ends = self.bins.codes(values), self.ends
        within = self.bins.chances(values, pieces, np.array(self.slants))
        share = ends[pieces] + within * np.diff(ends)[pieces]
        is_heap = np.isin(pieces, self.bins.heaps)
        return np.where(is_heap, ends[pieces], share), np.where(is_heap, ends[pieces + 1], share)

    def log_density(self, values: Floats) -> Floats:
        """Give the log density of numbers; NaN stays NaN."""
        known = ~np.isnan(values)
        filled = np.where(known, values, 0.0)
        pieces = self.bins.codes(filled)
        within = self.bins.log_density(filled, pieces, np.array(self.slants))
        return np.where(known, np.log(self.shares)[pieces] + within, np.nan)


class LevelMargin(_Shares):
    """A column of levels, each as wide on the scale of probabilities as its share.

    Attributes
    ----------
    order : tuple of int
        The levels in the order in which they lie on that scale.
    """

    family: Literal["levels"] = "levels"
    order: tuple[int, ...]

    @model_validator(mode="after")
    def _are_all_there(self) -> LevelMargin:
        if sorted(self.order) != list(range(len(self.shares))):
            raise ValueError("the levels of a column are not in an order")
        return self

    @classmethod
    def learn(cls, levels: Codes, places: Codes) -> LevelMargin:
        """Learn a column whose levels have these places; every level is there."""
        order = np.argsort(places)
        shares = np.bincount(levels)[order] / len(levels)
        return cls(shares=tuple(shares.tolist()), order=tuple(order.tolist()))

    @property
    def places(self) -> Codes:
        """The place of each level on the scale."""
        return np.argsort(self.order).astype(np.int64)

    def quantiles(self, chances: Floats) -> Codes:
        """Give the level that each probability lies in."""
        return np.array(self.order, dtype=np.int64)[self.pieces(chances)]

    def chances(self, levels: Codes) -> tuple[Floats, Floats]:
        """Give where the interval of each level begins and where it ends; -1: nowhere."""
        places, ends = self.places[np.maximum(levels, 0)], self.ends
        is_known = levels >= 0
        return (
            np.where(is_known, ends[places], np.nan),
            np.where(is_known, ends[places + 1], np.nan),
        )

    def log_density(self, levels: Codes) -> Floats:
        """Give the log share of each level; of -1, NaN."""
        shares = np.array(self.shares)[self.places[np.maximum(levels, 0)]]
        return np.where(levels >= 0, np.log(shares), np.nan)
