"""Gaussian copula: margins that follow the patients, joined by the correlations behind them."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ConditionError
from synthhealth.models._copula import (
    COPULA_PARAMETERS,
    SCORE_LIMIT,
    AnyMargin,
    CopulaFamily,
    CopulaState,
    to_score,
)
from synthhealth.models._smooth import LevelMargin
from synthhealth.models._transforms import from_log, to_log
from synthhealth.models.about import About, Advice, on_demo
from synthhealth.models.base import LogDensity, Training
from synthhealth.models.family import Arrays, FamilyState
from synthhealth.models.parameters import Parameter
from synthhealth.models.sdv_family import (
    SDV_LICENCE,
    SDV_PACKAGES,
    TABLE,
    WrapsSDV,
    metadata_of,
    neutral_names,
)
from synthhealth.models.seeding import seeded
from synthhealth.progress import ProgressEvent

Floats = npt.NDArray[np.float64]

#: Of a row whose density is asked for, scores further out count as this, and correlations are
#: shrunk by this share: so an attacker tells most of who was learned, who else would be misled by
#: the tails of a margin, and by columns that are nearly one.
_DENSITY_SCORE_LIMIT = 3.0
_DENSITY_SHRINKAGE = 0.25


class GaussianCopulaState(CopulaState):
    """The plain values of a fitted Gaussian copula; its array is ``correlation``.

    Attributes
    ----------
    margins : tuple of Margin, SmoothMargin or LevelMargin
        The distribution of each column.
    """


class GaussianCopulaModel(WrapsSDV, CopulaFamily):
    """Gaussian copula, as SDV's GaussianCopulaSynthesizer is one, of smooth margins and levels.

    Each column is brought to normal scores by its margin; the scores are joined by their
    correlation matrix (Patki, Wedge and Veeramachaneni, 2016, *The Synthetic Data Vault*). Where
    SDV spreads a level evenly over an interval, and so loses most of what it has to do with other
    columns, the correlations here are those of the scores behind the levels. Fast, deterministic,
    and the first choice for small cohorts. It knows no interaction beyond pairwise correlation.
    """

    name = "gaussian_copula"
    sdv_class = "GaussianCopulaSynthesizer"
    about = About(
        title="The Gaussian copula",
        packages=SDV_PACKAGES,
        licence=SDV_LICENCE,
        holds_no_patient=True,
        advice=Advice(
            copied="The Gaussian copula stores no row as a row, but what it learned from few "
            "patients tells of each of them: look whether real rows were mixed into the table, and "
            "raise min_cell in the schema if most columns are categories",
            columns="No margin was found that fits: {columns}. Look at the figures under Column by "
            "column, choose another margin for a numerical column (for example margins={{column: "
            "'smooth'}}), or try tvae or ctgan",
            relations="The Gaussian copula knows nothing but the correlation of two columns: try "
            "hybrid, and declare what must hold between columns as rules of the schema",
        ),
        on_file=on_demo(
            "gaussian_copula",
            {
                ("standard", 61): (0.76, 0.74, 0.79),
                ("standard", 300): (0.72, 0.71, 0.73),
                ("high", 61): (0.65, 0.62, 0.68),
            },
        ),
    )
    State: ClassVar[type[FamilyState]] = GaussianCopulaState
    parameters: ClassVar[tuple[Parameter, ...]] = (
        *COPULA_PARAMETERS,
        Parameter(
            "correlation",
            str,
            "latent",
            "latent: of the normal scores behind numbers and levels, by ranks; sdv: as SDV has it, "
            "where levels are spread evenly over an interval, which loses what they have to do "
            "with other columns",
            choices=("latent", "sdv"),
        ),
    )

    def _train(self, table: pd.DataFrame, training: Training) -> None:
        begin = time.monotonic()
        if self.settings_["correlation"] == "sdv":
            self._correlate_by_sdv(table)
        else:
            self._correlate()
        training.on_progress(ProgressEvent("fit", 1, 1, "pass", time.monotonic() - begin))

    def _correlate_by_sdv(self, table: pd.DataFrame) -> None:
        names = neutral_names(table)
        self._sdv = self.plain()(
            metadata_of({name: {"sdtype": "numerical"} for name in names.values()}),
            enforce_min_max_values=False,
            enforce_rounding=False,
            default_distribution="norm",
        )
        scores = {
            names[name]: _spread(margin, table[name].to_numpy())
            for name, margin in self._margins.items()
        }
        with seeded(int(np.random.randint(2**31))):
            self._sdv.fit({TABLE: pd.DataFrame(scores)})
        found = self._sdv._model.correlation.loc[list(scores), list(scores)]
        self._keep_correlations(found.to_numpy(dtype=np.float64))

    def _take_apart(self, table: pd.DataFrame) -> tuple[dict[str, Any], Arrays]:
        self._sdv = None
        return super()._take_apart(table)

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


def _spread(margin: AnyMargin, values: npt.NDArray[Any]) -> Floats:
    """Draw the normal score of each value within its interval."""
    low, high = margin.chances(values)
    return to_score(low + np.random.random_sample(len(low)) * (high - low))


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
