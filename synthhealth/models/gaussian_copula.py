"""Gaussian copula: parametric margins joined by one correlation matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.models._margins import (
    is_better_on_log_scale,
    margin_parameters,
    margins_by_column,
)
from synthhealth.models._parameters import Parameter
from synthhealth.models._scale import log_offset, measured, to_log
from synthhealth.models._sdv import SDVModel
from synthhealth.models._spread import gather, level_edges, spread
from synthhealth.models._training import Training
from synthhealth.schema import Schema

if TYPE_CHECKING:
    from typing_extensions import Self

#: Beyond this many standard deviations a normal score carries no information.
_SCORE_LIMIT = 8.0


class GaussianCopulaModel(SDVModel):
    """Gaussian copula through SDV's GaussianCopulaSynthesizer.

    Each column is brought to normal scores by a parametric margin; the scores are joined by their
    correlation matrix (Patki, Wedge and Veeramachaneni, 2016, *The Synthetic Data Vault*). Fast,
    deterministic, and the first choice for small cohorts. It knows no interaction beyond pairwise
    correlation.
    """

    name = "gaussian_copula"
    parameters = (
        *margin_parameters(
            "auto", "auto: SDV's beta can collapse into a spike where it starts badly"
        ),
        Parameter(
            "log_scale",
            bool,
            True,
            "learn a column that is never negative on a logarithmic scale, where a margin fits it "
            "better there",
        ),
    )

    def _log_offsets(self, table: pd.DataFrame, schema: Schema) -> dict[str, float]:
        offsets: dict[str, float] = {}
        for name in measured(schema):
            values = table[name].to_numpy(dtype=float)
            offset = log_offset(values)
            if offset is not None and is_better_on_log_scale(values, np.log(values + offset)):
                offsets[name] = offset
        return offsets

    def _build(self, metadata: Any, table: pd.DataFrame, schema: Schema) -> Any:
        from sdv.single_table import GaussianCopulaSynthesizer

        self._edges = {name: level_edges(table[name].to_numpy()) for name in schema.categorical}
        margins = margins_by_column(self.settings_, table, schema)
        return GaussianCopulaSynthesizer(
            metadata,
            enforce_min_max_values=False,
            enforce_rounding=False,
            numerical_distributions={self._names[name]: margin for name, margin in margins.items()},
            # For the categories, which are spread evenly over the interval from 0 to 1.
            default_distribution="uniform",
        )

    def _sdtype(self, name: str, table: pd.DataFrame, schema: Schema) -> dict[str, Any]:
        # SDV would spread the categories itself, row by row, which takes most of its time.
        return {"sdtype": "numerical"}

    def _train(self, data: pd.DataFrame, training: Training) -> None:
        levels = {self._names[name]: edges for name, edges in self._edges.items()}
        spread_out = {name: spread(data[name].to_numpy(), edges) for name, edges in levels.items()}
        super()._train(data.assign(**spread_out), training)

    def _in_our_names(self, drawn: pd.DataFrame) -> pd.DataFrame:
        ours = super()._in_our_names(drawn)
        return ours.assign(
            **{name: gather(ours[name].to_numpy(), edges) for name, edges in self._edges.items()}
        )

    def state(self) -> dict[str, Any]:
        """Give the fitted model as plain values and SDV's object as bytes."""
        edges = {name: edges.tolist() for name, edges in self._edges.items()}
        return super().state() | {"edges": edges}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Rebuild a fitted model from its `state`; runs code that is in it."""
        model = super().from_state(state)
        model._edges = {name: np.array(edges) for name, edges in state["edges"].items()}
        return model

    def sample_given(self, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        """Draw the other columns from their normal distribution given the known scores.

        A category stands for an interval of scores; within it a score is drawn given the scores
        before it. With several known categories this one pass is an approximation.
        """
        rng = np.random.default_rng(seed)
        copula = self._sdv._model
        correlation = copula.correlation.to_numpy()
        position = {name: place for place, name in enumerate(copula.columns)}
        on_scale = to_log(known, self._offsets)
        scores = np.zeros((len(known), len(position)))

        fixed: list[int] = []
        for name in sorted(known.columns, key=lambda name: name in self._edges):
            place = position[self._names[name]]
            margin = copula.univariates[place]
            values = on_scale[name].to_numpy()
            if name in self._edges:
                low = _to_score(margin, self._edges[name][values])
                high = _to_score(margin, self._edges[name][values + 1])
                mean, variance = _normal_given(correlation, scores, fixed, [place])
                scores[:, place] = _truncated_normal(mean[:, 0], variance[0, 0], low, high, rng)
            else:
                scores[:, place] = _to_score(margin, values)
            fixed.append(place)

        free = [place for place in range(len(position)) if place not in fixed]
        if free:
            mean, covariance = _normal_given(correlation, scores, fixed, free)
            scores[:, free] = mean + rng.multivariate_normal(
                np.zeros(len(free)), covariance, size=len(known)
            )
        table = self._from_scores(scores)
        for name in known.columns:
            table[name] = known[name].to_numpy()
        return table

    def _from_scores(self, scores: npt.NDArray[np.float64]) -> pd.DataFrame:
        from scipy.stats import norm

        copula = self._sdv._model
        margins = zip(copula.columns, copula.univariates, strict=True)
        return self._in_our_names(
            pd.DataFrame(
                {
                    name: margin.percent_point(norm.cdf(scores[:, place]))
                    for place, (name, margin) in enumerate(margins)
                }
            )
        )


def _to_score(margin: Any, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    from scipy.stats import norm

    scores: npt.NDArray[np.float64] = norm.ppf(margin.cdf(np.asarray(values, dtype=float)))
    return np.clip(scores, -_SCORE_LIMIT, _SCORE_LIMIT)


def _normal_given(
    correlation: npt.NDArray[np.float64],
    scores: npt.NDArray[np.float64],
    fixed: list[int],
    free: list[int],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give mean (one row per row of `scores`) and covariance of `free`, given `fixed`."""
    if not fixed:
        return np.zeros((len(scores), len(free))), correlation[np.ix_(free, free)]
    weights = np.linalg.pinv(correlation[np.ix_(fixed, fixed)]) @ correlation[np.ix_(fixed, free)]
    mean = scores[:, fixed] @ weights
    covariance = correlation[np.ix_(free, free)] - correlation[np.ix_(free, fixed)] @ weights
    return mean, covariance


def _truncated_normal(
    mean: npt.NDArray[np.float64],
    variance: float,
    low: npt.NDArray[np.float64],
    high: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> npt.NDArray[np.float64]:
    from scipy.stats import truncnorm

    spread = np.sqrt(max(variance, 1e-12))
    drawn: npt.NDArray[np.float64] = truncnorm.rvs(
        (low - mean) / spread, (high - mean) / spread, loc=mean, scale=spread, random_state=rng
    )
    return drawn
