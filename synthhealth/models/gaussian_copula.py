"""Gaussian copula: margins that follow the patients, joined by the correlations behind them."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from synthhealth.errors import ArtifactError, ConditionError
from synthhealth.models._latent import Pieces, latent_correlations, level_order, pieces_of, shrunken
from synthhealth.models._margins import (
    MARGINS,
    Margin,
    against_normal,
    margin_parameters,
    margins_by_column,
)
from synthhealth.models._smooth import LevelMargin, SmoothMargin
from synthhealth.models._transforms import from_log, log_offset, measured, to_log
from synthhealth.models.about import About, Advice, on_demo
from synthhealth.models.base import LogDensity, Training
from synthhealth.models.parameters import Parameter
from synthhealth.models.sdv_family import (
    SDV_LICENCE,
    SDV_PACKAGES,
    Arrays,
    SDVModel,
    SDVState,
)
from synthhealth.models.seeding import seeded
from synthhealth.progress import ProgressEvent
from synthhealth.schema import Kind, Schema

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Beyond this many standard deviations a normal score carries no information.
_SCORE_LIMIT = 8.0

#: Of a row whose density is asked for, scores further out count as this, and correlations are
#: shrunk by this share: so an attacker tells most of who was learned, who else would be misled by
#: the tails of a margin, and by columns that are nearly one.
_DENSITY_SCORE_LIMIT = 3.0
_DENSITY_SHRINKAGE = 0.25

#: Rows on which levels are given their order; more do not change it.
_ORDER_ROWS = 20_000

AnyMargin = Annotated[Margin | SmoothMargin | LevelMargin, Field(discriminator="family")]


class GaussianCopulaState(SDVState):
    """The plain values of a fitted Gaussian copula; its array is ``correlation``.

    Attributes
    ----------
    margins : tuple of Margin, SmoothMargin or LevelMargin
        The distribution of each column.
    """

    margins: tuple[AnyMargin, ...]


class GaussianCopulaModel(SDVModel):
    """Gaussian copula, as SDV's GaussianCopulaSynthesizer is one, of smooth margins and levels.

    Each column is brought to normal scores by its margin; the scores are joined by their
    correlation matrix (Patki, Wedge and Veeramachaneni, 2016, *The Synthetic Data Vault*). Where
    SDV spreads a level evenly over an interval, and so loses most of what it has to do with other
    columns, the correlations here are those of the scores behind the levels. Fast, deterministic,
    and the first choice for small cohorts. It knows no interaction beyond pairwise correlation.
    """

    name = "gaussian_copula"
    sdv_class: ClassVar[str | None] = "GaussianCopulaSynthesizer"
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
            "tvae or ctgan, and declare what must hold between columns as rules of the schema",
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
    State: ClassVar[type[SDVState]] = GaussianCopulaState
    parameters = (
        *margin_parameters(
            "auto",
            "auto: SDV's beta can collapse into a spike where it starts badly",
            "smooth: shares of bins of several patients",
            ("smooth", *MARGINS),
        ),
        Parameter(
            "log_scale",
            bool,
            True,
            "learn a column that is never negative on a logarithmic scale, where a normal margin "
            "fits it better there; smooth margins need no such scale",
        ),
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

    #: The matrix by which independent scores are brought to those of the columns.
    _root: Floats

    def _seeded(self, seed: int) -> AbstractContextManager[None]:
        return seeded(seed, with_torch=False)

    def _log_offsets(self, table: pd.DataFrame, schema: Schema) -> dict[str, float]:
        asked = (
            dict.fromkeys(schema.numerical, self.settings_["margin"]) | self.settings_["margins"]
        )
        offsets: dict[str, float] = {}
        for name in measured(schema):
            values = table[name].to_numpy(dtype=float)
            offset = log_offset(values)
            if offset is None or asked[name] == "smooth":
                continue
            distance = against_normal(np.log(values + offset))
            if asked[name] == "auto" and distance > 1:
                continue
            if distance < against_normal(values):
                offsets[name] = offset
        return offsets

    def _asks_sdv(self) -> bool:
        return bool(self.settings_.get("correlation") == "sdv")

    def _metadata(self, table: pd.DataFrame, schema: Schema) -> Any:
        return super()._metadata(table, schema) if self._asks_sdv() else None

    def _sdtype(self, name: str, table: pd.DataFrame, schema: Schema) -> dict[str, Any]:
        return {"sdtype": "numerical"}

    def _build(self, metadata: Any, table: pd.DataFrame, schema: Schema) -> Any:
        families = margins_by_column(self.settings_, table, schema, lambda _: "smooth")
        pieces: dict[str, Codes] = {}
        for column in schema:
            values = table[column.name].to_numpy()
            pieces[column.name] = pieces_of(values) if column.name in families else values
        self._margins: dict[str, Margin | SmoothMargin | LevelMargin] = {}
        for column in schema:
            name, values = column.name, table[column.name].to_numpy()
            if name not in families:
                places = _places(column.kind, name, pieces, schema)
                self._margins[name] = LevelMargin.learn(values, places)
                pieces[name] = places[values]
            elif families[name] == "smooth":
                self._margins[name] = SmoothMargin.learn(
                    name, values.astype(float), column.kind, schema.min_cell
                )
            else:
                self._margins[name] = Margin.fitted(families[name], values.astype(float))
        self._pieces = list(pieces.values())
        self._margins = {name: one.blurred(self._blur, name) for name, one in self._margins.items()}
        if not self._asks_sdv():
            return None
        return self.plain()(
            metadata,
            enforce_min_max_values=False,
            enforce_rounding=False,
            default_distribution="norm",
        )

    def _train(self, data: pd.DataFrame, training: Training) -> None:
        if self._sdv is not None:
            margins = zip(data, self._margins.values(), strict=True)
            scores = {name: _spread(margin, data[name].to_numpy()) for name, margin in margins}
            with seeded(int(np.random.randint(2**31))):
                super()._train(pd.DataFrame(scores), training)
            found = self._sdv._model.correlation.loc[list(data), list(data)]
            noisy = self._blur.correlations(found.to_numpy(dtype=np.float64))
            self._correlation = shrunken(*noisy)
            return
        begin = time.monotonic()
        self._correlate()
        training.on_progress(ProgressEvent("fit", 1, 1, "pass", time.monotonic() - begin))

    def _correlate(self) -> None:
        self._correlation = shrunken(*self._blur.correlations(latent_correlations(self._pieces)))

    def _take_apart(self, table: pd.DataFrame) -> tuple[dict[str, Any], Arrays]:
        learned = {"margins": tuple(self._margins.values())}
        arrays: Arrays = {"correlation": self._correlation}
        del self._margins, self._pieces, self._correlation
        return learned, arrays

    def _rebuild(self) -> None:
        correlation = self._arrays.get("correlation")
        size = len(self._state.columns)
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
        try:
            self._root = np.linalg.cholesky(correlation)
        except np.linalg.LinAlgError:
            raise ArtifactError("no columns can have the correlations of the copula") from None
        self._by_name = dict(zip(self._state.columns, self._state.margins, strict=True))
        for name, margin in self._by_name.items():
            if isinstance(margin, LevelMargin) and name in self._offsets:
                raise ArtifactError(f"the levels of column {name!r} have no logarithm")

    def _draw(self, n: int) -> pd.DataFrame:
        scores = np.random.standard_normal((n, len(self._root)))
        return self._from_scores(scores @ self._root.T)

    def _from_scores(self, scores: Floats) -> pd.DataFrame:
        """Give the columns that have these normal scores, on the scale that was learned."""
        from scipy.special import ndtr

        chances = ndtr(np.clip(scores, -_SCORE_LIMIT, _SCORE_LIMIT))
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

    def _log_margins(self, on_scale: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
        """Give the log density of each cell by its column alone; 0 where it is not known."""
        margins: dict[str, Floats] = {}
        for name, margin in self._by_name.items():
            if name not in rows:
                continue
            values = on_scale[name].to_numpy()
            # The logarithm stretches the scale on which the margin has its density.
            stretched = values if name in self._offsets else 0.0
            margins[name] = np.nan_to_num(margin.log_density(values) - stretched)
        return pd.DataFrame(margins, index=rows.index)

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


def _places(kind: Kind, name: str, pieces: dict[str, Codes], schema: Schema) -> Codes:
    """Give the place of each level of a column on the scale of its scores."""
    stride = max(1, len(pieces[name]) // _ORDER_ROWS)
    levels = pieces[name]
    n_levels = int(levels.max()) + 1
    if kind is Kind.ORDINAL or n_levels < 3:
        return np.arange(n_levels)
    scores = []
    for other, codes in pieces.items():
        if other == name:
            continue
        here = codes[::stride]
        counts = np.bincount(codes)
        if schema[other].kind.is_numerical or schema[other].kind is Kind.ORDINAL:
            scores.append(Pieces(counts).scores[here])
        else:
            # Of levels without an order each says something of its own.
            shares = counts / len(codes)
            scores += list(((here[:, None] == np.arange(len(counts))) - shares).T)
    return level_order(levels[::stride], np.column_stack(scores), n_levels)


def _spread(margin: Margin | SmoothMargin | LevelMargin, values: npt.NDArray[Any]) -> Floats:
    """Draw the normal score of each value within its interval."""
    low, high = margin.chances(values)
    return to_score(low + np.random.random_sample(len(low)) * (high - low))


def to_score(chances: Floats) -> Floats:
    """Give the normal score of chances, none beyond 8."""
    from scipy.special import ndtri

    return np.clip(ndtri(chances), -_SCORE_LIMIT, _SCORE_LIMIT)


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
