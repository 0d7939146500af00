"""Rows drawn by the correlation of normal scores alone, with conditions and densities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ConditionError
from synthhealth.models._copula import SCORE_LIMIT, CopulaFamily, to_score
from synthhealth.models._smooth import LevelMargin
from synthhealth.models._transforms import from_log, to_log
from synthhealth.models.base import LogDensity

__all__ = ["NormalFamily"]

Floats = npt.NDArray[np.float64]

#: Of a row whose density is asked for, scores further out count as this, and correlations are
#: shrunk by this share: so an attacker tells most of who was learned, who else would be misled by
#: the tails of a margin, and by columns that are nearly one.
_DENSITY_SCORE_LIMIT = 3.0
_DENSITY_SHRINKAGE = 0.25


class NormalFamily(CopulaFamily):
    """Base of the families whose scores can be drawn from a normal law."""

    def _draw(self, n: int) -> pd.DataFrame:
        scores = np.random.standard_normal((n, len(self._root)))
        return self._from_scores(scores @ self._root.T)

    def _from_scores(self, scores: Floats) -> pd.DataFrame:
        """Give the columns that have these normal scores, on the scale that was learned."""
        from scipy.special import ndtr

        chances = ndtr(np.clip(scores, -SCORE_LIMIT, SCORE_LIMIT))
        return pd.DataFrame(
            {
                name: margin.quantiles(chances[:, place])
                for place, (name, margin) in enumerate(self._by_name.items())
            }
        )

    def sample_given(self, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        """Draw the other columns from their normal distribution given the known scores.

        A level, and a number that many patients have, stands for an interval of scores; within it
        a score is drawn given the scores before it. With several known levels this one pass is an
        approximation.
        """
        rng = np.random.default_rng(seed)
        correlation = self._arrays["correlation"]
        position = {name: place for place, name in enumerate(self._state.columns)}
        on_scale = to_log(known, self._offsets)
        scores = np.zeros((len(known), len(position)))

        fixed: list[int] = []
        for name in sorted(known, key=lambda name: isinstance(self._by_name[name], LevelMargin)):
            place, margin = position[name], self._by_name[name]
            values = on_scale[name].to_numpy()
            if isinstance(margin, LevelMargin) and values.max() >= len(margin.shares):
                raise ConditionError(
                    f"condition on column {name!r}: no such level was learned; ask for another"
                )
            low, high = (to_score(chances) for chances in margin.chances(values))
            mean, variance = _normal_given(correlation, scores, fixed, [place])
            scores[:, place] = _truncated_normal(mean[:, 0], variance[0, 0], low, high, rng)
            fixed.append(place)

        free = [place for place in range(len(position)) if place not in fixed]
        if free:
            mean, covariance = _normal_given(correlation, scores, fixed, free)
            scores[:, free] = mean + rng.multivariate_normal(
                np.zeros(len(free)), covariance, size=len(known)
            )
        table = from_log(self._from_scores(scores), self._offsets)
        for name in known.columns:
            table[name] = known[name].to_numpy()
        return table

    def log_density(self, rows: pd.DataFrame) -> LogDensity:
        """Give the log density of plain rows. See `synthhealth.models.DensityModel`.

        A level counts as the middle of its interval of scores, and a score beyond 3 as 3.
        """
        on_scale = to_log(rows, self._offsets)
        scores = np.full((len(rows), len(self._state.columns)), np.nan)
        for place, (name, margin) in enumerate(self._by_name.items()):
            if name in rows:
                low, high = margin.chances(on_scale[name].to_numpy())
                scores[:, place] = np.clip(
                    to_score((low + high) / 2), -_DENSITY_SCORE_LIMIT, _DENSITY_SCORE_LIMIT
                )
        return LogDensity(self._log_margins(on_scale, rows), self._dependence(scores))

    def _dependence(self, scores: Floats) -> Floats:
        """Give the log density of the copula at normal scores; NaN: not known."""
        identity = np.eye(scores.shape[1])
        correlation = self._arrays["correlation"]
        correlation = correlation + _DENSITY_SHRINKAGE * (identity - correlation)
        density = np.zeros(len(scores))
        patterns, pattern = np.unique(~np.isnan(scores), axis=0, return_inverse=True)
        for number, known in enumerate(patterns):
            rows = pattern.reshape(-1) == number
            among = correlation[np.ix_(known, known)]
            weights = np.linalg.inv(among) - identity[np.ix_(known, known)]
            z = scores[np.ix_(rows, known)]
            log_determinant = np.linalg.slogdet(among).logabsdet
            density[rows] = -0.5 * (np.einsum("ij,jk,ik->i", z, weights, z) + log_determinant)
        return density


def _normal_given(
    correlation: Floats,
    scores: Floats,
    fixed: list[int],
    free: list[int],
) -> tuple[Floats, Floats]:
    """Give mean (one row per row of `scores`) and covariance of `free`, given `fixed`."""
    if not fixed:
        return np.zeros((len(scores), len(free))), correlation[np.ix_(free, free)]
    weights = np.linalg.pinv(correlation[np.ix_(fixed, fixed)]) @ correlation[np.ix_(fixed, free)]
    mean = scores[:, fixed] @ weights
    covariance = correlation[np.ix_(free, free)] - correlation[np.ix_(free, fixed)] @ weights
    return mean, covariance


def _truncated_normal(
    mean: Floats,
    variance: float,
    low: Floats,
    high: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Draw between `low` and `high`; where these are one, that one."""
    from scipy.stats import truncnorm

    spread = np.sqrt(max(variance, 1e-12))
    drawn, is_open = low.copy(), high > low
    bounds = ((end[is_open] - mean[is_open]) / spread for end in (low, high))
    if is_open.any():
        drawn[is_open] = truncnorm.rvs(*bounds, loc=mean[is_open], scale=spread, random_state=rng)
    return drawn
