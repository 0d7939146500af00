"""Gaussian copula: parametric margins joined by one correlation matrix."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ArtifactError, ConditionError
from synthhealth.models._margins import (
    Margin,
    closest_margin,
    margin_parameters,
    margins_by_column,
    normal_margin,
)
from synthhealth.models._transforms import (
    blurred_edges,
    from_log,
    gather,
    level_edges,
    log_offset,
    measured,
    spread,
    to_log,
)
from synthhealth.models.about import About, Advice, on_demo
from synthhealth.models.base import LogDensity, Training
from synthhealth.models.parameters import Parameter
from synthhealth.models.sdv_family import SDV_LICENCE, SDV_PACKAGES, Arrays, SDVModel, SDVState
from synthhealth.schema import Schema

#: Beyond this many standard deviations a normal score carries no information.
_SCORE_LIMIT = 8.0

#: Of a row whose density is asked for, scores further out count as this, and correlations are
#: shrunk by this share: beyond them the tails of a margin decide, and not the row.
_DENSITY_SCORE_LIMIT = 3.0
_DENSITY_SHRINKAGE = 0.03


#: What a category is spread over.
_UNIT_RANGE = Margin(family="uniform", parameters={"loc": 0.0, "scale": 1.0})


class GaussianCopulaState(SDVState):
    """The plain values of a fitted Gaussian copula; its array is ``correlation``.

    Attributes
    ----------
    margins : tuple of Margin
        The distribution of each column.
    edges : dict of str to tuple of float
        For each categorical column the ends of its levels' intervals.
    """

    margins: tuple[Margin, ...]
    edges: dict[str, tuple[float, ...]]


class GaussianCopulaModel(SDVModel):
    """Gaussian copula through SDV's GaussianCopulaSynthesizer.

    Each column is brought to normal scores by a parametric margin; the scores are joined by their
    correlation matrix (Patki, Wedge and Veeramachaneni, 2016, *The Synthetic Data Vault*). Fast,
    deterministic, and the first choice for small cohorts. It knows no interaction beyond pairwise
    correlation.
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
            "'gamma'}}), or try tvae or ctgan",
            relations="The Gaussian copula knows nothing but the correlation of two columns: try "
            "tvae or ctgan, and declare what must hold between columns as rules of the schema",
        ),
        on_file=on_demo(
            "gaussian_copula",
            {
                ("standard", 61): (0.69, 0.66, 0.71),
                ("standard", 300): (0.62, 0.61, 0.63),
                ("high", 61): (0.57, 0.53, 0.60),
            },
        ),
    )
    State: ClassVar[type[SDVState]] = GaussianCopulaState
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

    def fit(self, table: pd.DataFrame, schema: Schema, *, seed: int, training: Training) -> None:
        """Learn a plain table. See `synthhealth.models.Model.fit`."""
        # Most of a fit's time goes into the margins, which two of its steps ask for.
        self._closest: dict[str, str] = {}
        super().fit(table, schema, seed=seed, training=training)

    def _log_offsets(self, table: pd.DataFrame, schema: Schema) -> dict[str, float]:
        offsets: dict[str, float] = {}
        for name in measured(schema):
            values = table[name].to_numpy(dtype=float)
            offset = log_offset(values)
            if offset is None:
                continue
            scales = values, np.log(values + offset)
            closest = [normal_margin(one) for one in scales] if self._blur.changes else []
            if not closest or min(one.distance for one in closest) > self._blur.enough:
                closest = [closest_margin(one) for one in scales]
            if closest[1].distance < closest[0].distance:
                offsets[name] = offset
            self._closest[name] = min(closest, key=lambda one: one.distance).family
        return offsets

    def _build(self, metadata: Any, table: pd.DataFrame, schema: Schema) -> Any:
        self._edges = {name: level_edges(table[name].to_numpy()) for name in schema.categorical}
        margins = margins_by_column(self.settings_, table, schema, self._closest, self._blur.enough)
        return self.plain()(
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

    def _take_apart(self, table: pd.DataFrame) -> tuple[dict[str, Any], Arrays]:
        copula = self._sdv._model
        fitted = dict(zip(copula.columns, copula.univariates, strict=True))
        margins = tuple(
            _UNIT_RANGE
            if name in self._edges
            else Margin.learned(fitted[neutral], table[name].to_numpy(dtype=float)).blurred(
                self._blur, name
            )
            for name, neutral in self._names.items()
        )
        order = list(self._names.values())
        correlation = copula.correlation.loc[order, order].to_numpy(dtype=np.float64)
        correlation = self._blur.correlations(correlation)
        edges = {
            name: tuple(blurred_edges(edges, self._blur, name).tolist())
            for name, edges in self._edges.items()
        }
        return {"margins": margins, "edges": edges}, {"correlation": correlation}

    def _rebuild(self) -> None:
        from copulas.multivariate import GaussianMultivariate

        columns = list(self._state.columns)
        correlation = self._arrays.get("correlation")
        size = len(columns)
        if (
            list(self._arrays) != ["correlation"]
            or correlation is None
            or correlation.shape != (size, size)
            or len(self._state.margins) != size
            or not np.allclose(correlation, correlation.T)
            or np.abs(correlation).max() > 1.001
            or not np.allclose(np.diag(correlation), 1.0, atol=1e-3)
        ):
            raise ArtifactError("the correlations of the copula are not those of its columns")
        self._edges = {name: np.array(edges) for name, edges in self._state.edges.items()}
        for name, edges in self._edges.items():
            ends = edges[[0, -1]].tolist() if edges.size > 1 else None
            if name not in columns or ends != [0.0, 1.0] or (np.diff(edges) <= 0).any():
                raise ArtifactError(f"the levels of column {name!r} do not share its range")
        self._copula = GaussianMultivariate()
        self._copula.columns = columns
        self._copula.univariates = [margin.rebuilt() for margin in self._state.margins]
        self._copula.correlation = pd.DataFrame(correlation, index=columns, columns=columns)
        self._copula.fitted = True

    def _draw(self, n: int) -> pd.DataFrame:
        return self._with_levels(self._copula.sample(n))

    def _with_levels(self, drawn: pd.DataFrame) -> pd.DataFrame:
        return drawn.assign(
            **{name: gather(drawn[name].to_numpy(), edges) for name, edges in self._edges.items()}
        )

    def sample_given(self, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        """Draw the other columns from their normal distribution given the known scores.

        A category stands for an interval of scores; within it a score is drawn given the scores
        before it. With several known categories this one pass is an approximation.
        """
        rng = np.random.default_rng(seed)
        copula = self._copula
        correlation = self._arrays["correlation"]
        position = {name: place for place, name in enumerate(copula.columns)}
        on_scale = to_log(known, self._offsets)
        scores = np.zeros((len(known), len(position)))

        fixed: list[int] = []
        for name in sorted(known.columns, key=lambda name: name in self._edges):
            place = position[name]
            margin = copula.univariates[place]
            values = on_scale[name].to_numpy()
            if name in self._edges:
                if values.max() + 1 >= self._edges[name].size:
                    raise ConditionError(
                        f"condition on column {name!r}: no such level was learned; ask for another"
                    )
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

    def log_density(self, rows: pd.DataFrame) -> LogDensity:
        """Give the log density of plain rows. See `synthhealth.models.DensityModel`.

        A level counts as the middle of its interval of scores, and a score beyond 3 as 3.
        """
        on_scale = to_log(rows, self._offsets)
        margins: dict[str, npt.NDArray[np.float64]] = {}
        scores = np.full((len(rows), len(self._state.columns)), np.nan)
        for place, (name, margin) in enumerate(
            zip(self._state.columns, self._state.margins, strict=True)
        ):
            if name not in rows:
                continue
            if name in self._edges:
                margins[name], scores[:, place] = _of_levels(
                    rows[name].to_numpy(), self._edges[name]
                )
                continue
            values = on_scale[name].to_numpy(dtype=float)
            # The logarithm stretches the scale on which the margin has its density.
            stretched = values if name in self._offsets else 0.0
            margins[name] = np.nan_to_num(margin.log_density(values) - stretched)
            scores[:, place] = margin.scores(values, _DENSITY_SCORE_LIMIT)
        return LogDensity(pd.DataFrame(margins, index=rows.index), self._dependence(scores))

    def _dependence(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
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

    def _from_scores(self, scores: npt.NDArray[np.float64]) -> pd.DataFrame:
        from scipy.stats import norm

        margins = zip(self._copula.columns, self._copula.univariates, strict=True)
        drawn = {
            name: margin.percent_point(norm.cdf(scores[:, place]))
            for place, (name, margin) in enumerate(margins)
        }
        return from_log(self._with_levels(pd.DataFrame(drawn)), self._offsets)


def _of_levels(
    codes: npt.NDArray[np.int64], edges: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give the log share of each level, and the score in the middle of its interval."""
    from scipy.special import ndtri

    known = codes >= 0
    low, high = edges[np.where(known, codes, 0)], edges[np.where(known, codes, 0) + 1]
    share = np.where(known, np.log(high - low), 0.0)
    return share, np.where(known, ndtri((low + high) / 2), np.nan)


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
