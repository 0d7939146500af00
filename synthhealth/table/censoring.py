"""Values of which only a limit is known: what they may have been, and how they are printed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, model_validator
from scipy import stats

from synthhealth.schema.subjects import Subjects, n_patients
from synthhealth.schema.types import Range

__all__ = ["Censoring", "frequent_limits"]

Floats = npt.NDArray[np.float64]
Marks = npt.NDArray[np.int8]

#: With fewer known values no distribution is fitted.
MIN_KNOWN = 5


class Censoring(BaseModel):
    """How results of one column beyond a detection limit are reported.

    A model learns the values on the *latent* scale: each censored one is replaced, for training,
    by a draw from beyond its limit, of a distribution that was fitted to known and censored
    values together by maximum likelihood (Tobin, 1958; Helsel, 2012). A drawn latent value beyond
    a limit is printed as censored with the share that such values were in the table.

    Attributes
    ----------
    below, above : tuple of (float, float)
        For each limit the share of the latent values beyond it that are reported as censored at
        it: 1 where one assay has measured all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    below: tuple[tuple[float, float], ...]
    above: tuple[tuple[float, float], ...]

    @model_validator(mode="after")
    def _shares_are_shares(self) -> Censoring:
        if not all(0 <= share <= 1 for _, share in (*self.below, *self.above)):
            raise ValueError("the share of a limit is not between 0 and 1")
        return self

    @classmethod
    def learn(
        cls,
        values: Floats,
        marks: Marks,
        possible: Range | None,
        rng: np.random.Generator,
        *,
        least: int = 1,
        subjects: Subjects | None = None,
    ) -> tuple[Censoring, Floats]:
        """Learn how a column is censored, and draw latent values for its censored ones.

        Parameters
        ----------
        values : ndarray of shape (n,)
            NaN: missing; of a censored value its limit.
        marks : ndarray of int8, shape (n,)
            -1: below its limit, 1: above it, 0: known.
        possible : Range or None
            The plausible range; no latent value is drawn outside.
        rng : numpy.random.Generator
        least : int
            The fewest patients of a limit that is learned; see `frequent_limits`.
        subjects : ndarray of int64 or None
            The patient of each row; None: every row is one.

        Returns
        -------
        Censoring
        latent : ndarray of shape (n,)
            `values`, the censored ones replaced.
        """
        latent = values.copy()
        distribution = _fit(values, marks)
        span = float(np.nanmax(values) - np.nanmin(values)) or 1.0
        ends = {-1: possible.low, 1: possible.high} if possible else {-1: None, 1: None}
        for mark, end in ends.items():
            rows = np.flatnonzero(marks == mark)
            if rows.size:
                latent[rows] = _draw_beyond(distribution, values[rows], mark, end, span, rng)
        below, above = frequent_limits(values, marks, least, subjects)
        return cls(
            below=tuple(
                (limit, _share(latent < limit, (marks < 0) & among))
                for limit, among in _with_narrower(values, below)
            ),
            above=tuple(
                (limit, _share(latent > limit, (marks > 0) & among))
                for limit, among in _with_narrower(-values, above, sign=-1)
            ),
        ), latent

    def report(self, latent: Floats, rng: np.random.Generator) -> tuple[Floats, Marks]:
        """Give what the laboratory would report of latent values.

        Returns
        -------
        values : ndarray of shape (n,)
            Of a censored value its limit.
        marks : ndarray of int8, shape (n,)
            -1: below its limit, 1: above it, 0: known.
        """
        values = latent.copy()
        marks = np.zeros(latent.size, dtype=np.int8)
        for mark, limits in ((-1, self.below), (1, self.above)):
            chance = rng.random(latent.size)
            for limit, share in limits:
                beyond = latent < limit if mark < 0 else latent > limit
                taken = beyond & (marks == 0) & (chance >= 0) & (chance < share)
                # What is left of the chance decides on the next limit.
                chance = np.where(beyond, chance - share, chance)
                values[taken] = limit
                marks[taken] = mark
        return values, marks


def frequent_limits(
    values: Floats, marks: Marks, least: int, subjects: Subjects | None = None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Give the lower and the upper limits that enough patients have, the narrowest first.

    A limit is the assay's and no patient's, unless a single sample was diluted or measured again:
    then it is as telling as a value, and is not learned. Where all limits of a side are rare, the
    widest of the most frequent is taken for the assay's.
    """
    sides = []
    for mark in (-1, 1):
        # From the narrowest on: for lower limits upwards, for upper ones downwards.
        side = marks == mark
        limits = np.unique(-mark * values[side])
        counts = np.array(
            [n_patients(subjects, side & (values == -mark * limit)) for limit in limits.tolist()]
        )
        kept = limits[counts >= least]
        if limits.size and not kept.size:
            kept = limits[counts == counts.max()][-1:]
        sides.append(tuple((-mark * kept + 0.0).tolist()))
    return sides[0], sides[1]


def _with_narrower(
    values: Floats, limits: tuple[float, ...], sign: int = 1
) -> Iterator[tuple[float, npt.NDArray[np.bool_]]]:
    """Give each limit with the values between it and the next narrower one, itself included.

    What is beyond a narrow limit is beyond a wider one, too: results at a limit that was not
    learned belong to the next wider one.
    """
    narrower = -np.inf
    for limit in limits:
        yield limit, (values > narrower) & (values <= sign * limit)
        narrower = sign * limit


def _share(beyond: npt.NDArray[np.bool_], censored: npt.NDArray[np.bool_]) -> float:
    return float(censored.sum() / max(int(beyond.sum()), int(censored.sum())))


def _fit(values: Floats, marks: Marks) -> Any:
    """Fit the likeliest of a few distributions; None with too few known values."""
    known = values[(marks == 0) & ~np.isnan(values)]
    if np.unique(known).size < MIN_KNOWN:
        return None
    below, above = values[marks < 0], values[marks > 0]
    # On a scale of about 1 the search for the maximum is well behaved in any unit.
    unit = float(np.median(np.abs(known))) or 1.0
    data = stats.CensoredData(known / unit, left=below / unit, right=above / unit)
    families: list[tuple[Any, dict[str, float]]] = [(stats.norm, {})]
    if min(known.min(), *below[:1], *above[:1]) > 0:
        families = [
            (stats.lognorm, {"floc": 0}),
            (stats.gamma, {"floc": 0}),
            (stats.weibull_min, {"floc": 0}),
        ]
    best, highest = None, -np.inf
    for family, fixed in families:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                parameters = family.fit(data, **fixed)
            except (RuntimeError, ValueError, FloatingPointError):
                continue  # no maximum was found; another family may have one
            likelihood = (
                family.logpdf(known / unit, *parameters).sum()
                + family.logcdf(below / unit, *parameters).sum()
                + family.logsf(above / unit, *parameters).sum()
            )
        if np.isfinite(likelihood) and likelihood > highest:
            # The scale is the last parameter, the location the one before it.
            scaled = (*parameters[:-2], parameters[-2] * unit, parameters[-1] * unit)
            best, highest = family(*scaled), float(likelihood)
    return best


def _draw_beyond(
    distribution: Any,
    limits: Floats,
    mark: int,
    end: float | None,
    span: float,
    rng: np.random.Generator,
) -> Floats:
    """Draw a value beyond each limit (`mark` -1: below, 1: above), not beyond `end`."""
    chance = rng.random(limits.size)
    if end is None:
        # Where no distribution can say how far values reach: to zero, or as far as the known do.
        reach = np.where((mark < 0) & (limits > 0), 0.0, limits + mark * span)
        end = mark * np.inf
    else:
        reach = np.full(limits.size, end)
    evenly = limits + chance * (reach - limits)
    if distribution is None:
        return evenly
    tail, inverse = (
        (distribution.cdf, distribution.ppf) if mark < 0 else (distribution.sf, distribution.isf)
    )
    with np.errstate(all="ignore"):
        start = tail(end)
        drawn = inverse(start + chance * (tail(limits) - start))
    usable = np.isfinite(drawn) & (mark * drawn > mark * limits) & (mark * drawn <= mark * end)
    return np.where(usable, drawn, evenly)
