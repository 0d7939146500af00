"""The parametric margins that GaussianCopula and CopulaGAN share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator

from synthhealth.errors import ParameterError, nearest
from synthhealth.models.parameters import Parameter
from synthhealth.schema import Schema
from synthhealth.table.blur import Blur

Floats = npt.NDArray[np.float64]

#: SDV's kernel density is not offered: it keeps the value of every patient.
MARGINS = ("beta", "gamma", "norm", "truncnorm", "uniform")

#: What "auto" chooses from; the others never won by much, and truncnorm is slow.
_CANDIDATES = ("norm", "beta", "gamma")

#: The log density where a margin has none.
LEAST_LOG_DENSITY = -100.0

#: How near the mean of a margin may come to its end, as a share of its width, and how much of the
#: largest variance between two ends a margin may have.
_NEAREST, _WIDEST = 0.01, 0.9

#: Of a normal sample the distance from its own normal law is above this, over the root of n, in 5
#: of 100 (Lilliefors, 1967).
_LILLIEFORS = 0.886

#: Rows that a margin is chosen on; more do not change the choice.
_CHOICE_ROWS = 5_000

#: An end of a margin this close to the smallest or largest value, as a share of a round number near
#: the values' range, tells it; it is moved outwards to the next multiple of that. The share is
#: irrational, so that no end is by chance a number that some patient has.
_END_STEP = 0.05 * 1.1**0.5

_PARAMETERS = {
    "beta": {"a", "b", "loc", "scale"},
    "gamma": {"a", "loc", "scale"},
    "norm": {"loc", "scale"},
    "truncnorm": {"a", "b", "loc", "scale"},
    "uniform": {"loc", "scale"},
}


class Margin(BaseModel):
    """The distribution of one column, as plain values.

    Attributes
    ----------
    family : str
        One of `MARGINS`.
    parameters : dict of str to float
        As scipy.stats names them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    family: Literal["beta", "gamma", "norm", "truncnorm", "uniform"]
    parameters: dict[str, float]

    @model_validator(mode="after")
    def _is_of_its_family(self) -> Margin:
        if set(self.parameters) != _PARAMETERS[self.family] or self.parameters["scale"] <= 0:
            raise ValueError(f"the parameters of a margin are not those of {self.family!r}")
        return self

    @classmethod
    def learned(cls, univariate: Any, values: Floats) -> Margin:
        """Take a fitted margin of copulas apart; no end of it tells an extreme of `values`."""
        family = next(name for name, one in _classes().items() if type(univariate) is one)
        parameters = {
            name: float(value)
            for name, value in univariate.to_dict().items()
            if name in _PARAMETERS[family]
        }
        return cls(family=family, parameters=_without_extremes(family, parameters, values))

    @classmethod
    def fitted(cls, family: str, values: Floats) -> Margin:
        """Fit a margin of that family."""
        if family == "norm":
            return cls(
                family="norm",
                parameters={"loc": float(values.mean()), "scale": float(values.std())},
            )
        univariate = _classes()[family]()
        univariate.fit(values)
        return cls.learned(univariate, values)

    def blurred(self, blur: Blur, name: str) -> Margin:
        """Blur mean and standard deviation of the margin of column `name`.

        The ends of a beta margin, and the beginning of a gamma one, stay; other margins are shifted
        and stretched as a whole.
        """
        from scipy import stats

        if not blur.changes:
            return self
        law = getattr(stats, self.family)
        before = float(law.mean(**self.parameters)), float(law.std(**self.parameters))
        middle, spread = blur.moments(name, *before)
        loc, scale = self.parameters["loc"], self.parameters["scale"]
        if self.family == "gamma":
            above = max(middle - loc, _NEAREST * spread)
            blurred = {"a": (above / spread) ** 2, "loc": loc, "scale": spread**2 / above}
        elif self.family == "beta":
            # A margin that has a long tail lies nearer to its end than others may come.
            was = (before[0] - loc) / scale
            nearest = min(_NEAREST, was / 2), min(_NEAREST, (1 - was) / 2)
            place = float(np.clip((middle - loc) / scale, nearest[0], 1 - nearest[1]))
            most = place * (1 - place)
            widest = max(_WIDEST, (before[1] / scale) ** 2 / (was * (1 - was)))
            both = most / min((spread / scale) ** 2, widest * most) - 1
            blurred = {"a": place * both, "b": (1 - place) * both, "loc": loc, "scale": scale}
        else:
            stretched = spread / before[1]
            moved = {"loc": middle + stretched * (loc - before[0]), "scale": stretched * scale}
            blurred = self.parameters | moved
        return Margin(family=self.family, parameters=blurred)

    def quantiles(self, chances: Floats) -> Floats:
        """Give the number below which each share of the patients lies."""
        from scipy import stats

        found: Floats = getattr(stats, self.family).ppf(chances, **self.parameters)
        return found

    def chances(self, values: Floats) -> tuple[Floats, Floats]:
        """Give the share below each number, twice: no number is a heap."""
        from scipy import stats

        share: Floats = getattr(stats, self.family).cdf(values, **self.parameters)
        return share, share

    def log_density(self, values: Floats) -> Floats:
        """Give the log density of values; NaN stays NaN."""
        from scipy import stats

        density = getattr(stats, self.family).logpdf(values, **self.parameters)
        return np.where(np.isnan(values), np.nan, np.maximum(density, LEAST_LOG_DENSITY))

    def scores(self, values: Floats, limit: float) -> Floats:
        """Give the normal scores of values, none beyond `limit`; NaN stays NaN."""
        from scipy.special import ndtri

        return np.clip(ndtri(self.chances(values)[0]), -limit, limit)


def _classes() -> dict[str, type]:
    from copulas import univariate

    return {
        "beta": univariate.BetaUnivariate,
        "gamma": univariate.GammaUnivariate,
        "norm": univariate.GaussianUnivariate,
        "truncnorm": univariate.TruncatedGaussian,
        "uniform": univariate.UniformUnivariate,
    }


def _without_extremes(
    family: str, parameters: dict[str, float], values: Floats
) -> dict[str, float]:
    """Move ends that lie on, nearly on or within the smallest and largest value outwards."""
    from scipy import stats

    distribution = getattr(stats, family)
    low, high = (float(end) for end in distribution.support(**parameters))
    smallest, largest = float(values.min()), float(values.max())
    step = _END_STEP * 10.0 ** np.floor(np.log10(largest - smallest))
    new_low, new_high = low, high
    if low > smallest - step:
        new_low = -_next_multiple(-min(low, smallest), step)
    if high < largest + step:
        new_high = _next_multiple(max(high, largest), step)
    if (new_low, new_high) == (low, high):
        return parameters
    if family == "uniform":
        return {"loc": new_low, "scale": new_high - new_low}
    if family == "truncnorm":
        loc, scale = parameters["loc"], parameters["scale"]
        return parameters | {"a": (new_low - loc) / scale, "b": (new_high - loc) / scale}
    try:
        if family == "gamma":
            shape, loc, scale = stats.gamma.fit(values, floc=new_low)
            return {"a": float(shape), "loc": float(loc), "scale": float(scale)}
        a, b, loc, scale = stats.beta.fit(values, floc=new_low, fscale=new_high - new_low)
        return {"a": float(a), "b": float(b), "loc": float(loc), "scale": float(scale)}
    except stats.FitError:
        # The shape stays as it was; only the ends move.
        if family == "gamma":
            return parameters | {"loc": new_low}
        return parameters | {"loc": new_low, "scale": new_high - new_low}


def _next_multiple(value: float, step: float) -> float:
    """Give the next multiple of a step above a value, never the value itself."""
    return float((np.floor(value / step + 1e-9) + 1) * step)


def margin_parameters(
    default: str, default_is: str, otherwise: str, families: tuple[str, ...] = MARGINS
) -> tuple[Parameter, ...]:
    """Give the parameters of the margins.

    Parameters
    ----------
    default, default_is : str
        The default of ``margin``, and why.
    otherwise : str
        What "auto" takes where the patients refute a normal margin.
    families : tuple of str
        What can be chosen.
    """
    return (
        Parameter(
            "margin",
            str,
            default,
            "family of the numerical columns' margins; auto: for each column norm, where its "
            f"patients do not refute it (Lilliefors, 5 %), otherwise {otherwise}",
            default_is=default_is,
            choices=("auto", *families),
        ),
        Parameter(
            "margins",
            dict,
            {},
            "margins of single columns, by column name, where they differ from `margin`",
            choices=families,
        ),
    )


def margins_by_column(
    settings: Mapping[str, Any],
    table: pd.DataFrame,
    schema: Schema,
    otherwise: Callable[[Floats], str],
) -> dict[str, str]:
    """Give the family of the margin of each numerical column of a plain table.

    Parameters
    ----------
    otherwise : callable
        Gives the family of a column for which "auto" does not take a normal one.

    Raises
    ------
    ParameterError
        ``settings["margins"]`` names a column that does not exist.
    """
    given = settings["margins"]
    for column in given:
        if column not in schema.numerical:
            raise ParameterError(
                f"parameter 'margins': the table has no numerical column {column!r}"
                f"{nearest(column, schema.numerical)}"
            )
    chosen = dict.fromkeys(schema.numerical, settings["margin"]) | given
    return {
        name: _automatic(table[name].to_numpy(dtype=float), otherwise) if one == "auto" else one
        for name, one in chosen.items()
    }


def _automatic(values: Floats, otherwise: Callable[[Floats], str]) -> str:
    return otherwise(values) if against_normal(values) > 1 else "norm"


def against_normal(values: Floats) -> float:
    """Say how far a column lies from a normal law of its mean and standard deviation.

    Returns
    -------
    float
        The Kolmogorov-Smirnov distance, as a share of the one that 5 of 100 normal samples of that
        size exceed (Lilliefors, 1967, *On the Kolmogorov-Smirnov test for normality with mean and
        variance unknown*).
    """
    from scipy.special import ndtr

    values = _spread_out(values)
    n = len(values)
    below = ndtr((values - values.mean()) / max(values.std(), np.finfo(float).tiny))
    steps = np.arange(n + 1) / n
    distance = max(float((steps[1:] - below).max()), float((below - steps[:-1]).max()))
    return distance * np.sqrt(n) / _LILLIEFORS


def closest_margin(values: Floats) -> str:
    """Give the family, of norm, beta and gamma, that lies closest to a column."""
    from scipy.stats import kstest

    values = _spread_out(values)
    distances: dict[str, float] = {}
    for name in _CANDIDATES:
        try:
            margin = Margin.fitted(name, values)
        except ValueError:
            # copulas says so when a fit ends outside the data; the others remain.
            continue
        distances[name] = kstest(values, lambda at, one=margin: one.chances(at)[0]).statistic
    return min(distances, key=distances.__getitem__)


def _spread_out(values: Floats) -> Floats:
    """Give so many values, in their order, that more would not change the choice."""
    return np.sort(values)[:: max(1, len(values) // _CHOICE_ROWS)]
