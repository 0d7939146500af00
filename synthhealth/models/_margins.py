"""The parametric margins that GaussianCopula and CopulaGAN share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from synthhealth.errors import ArtifactError, ParameterError, nearest
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

    def rebuilt(self) -> Any:
        """Give the margin as an object of copulas.

        Raises
        ------
        ArtifactError
            The parameters are not those of the family.
        """
        if set(self.parameters) != _PARAMETERS[self.family] or self.parameters["scale"] <= 0:
            raise ArtifactError(f"the parameters of a margin are not those of {self.family!r}")
        univariate = _classes()[self.family]()
        univariate._set_params(dict(self.parameters))
        univariate.fitted = True
        return univariate

    def log_density(self, values: Floats) -> Floats:
        """Give the log density of values; NaN stays NaN."""
        from scipy import stats

        density = getattr(stats, self.family).logpdf(values, **self.parameters)
        return np.where(np.isnan(values), np.nan, np.maximum(density, LEAST_LOG_DENSITY))

    def scores(self, values: Floats, limit: float) -> Floats:
        """Give the normal scores of values, none beyond `limit`; NaN stays NaN."""
        from scipy import special, stats

        shares = getattr(stats, self.family).cdf(values, **self.parameters)
        return np.clip(special.ndtri(shares), -limit, limit)


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


def margin_parameters(default: str, default_is: str) -> tuple[Parameter, ...]:
    """Give the parameters of the margins, for a family whose default margin is `default`."""
    return (
        Parameter(
            "margin",
            str,
            default,
            "family of the numerical columns' margins; auto: for each column the one of norm, beta "
            "and gamma with the smallest Kolmogorov-Smirnov distance",
            default_is=default_is,
            choices=("auto", *MARGINS),
        ),
        Parameter(
            "margins",
            dict,
            {},
            "margins of single columns, by column name, where they differ from `margin`",
            choices=MARGINS,
        ),
    )


def margins_by_column(
    settings: Mapping[str, Any],
    table: pd.DataFrame,
    schema: Schema,
    closest: Mapping[str, str] = MappingProxyType({}),
    enough: float = 0.0,
) -> dict[str, str]:
    """Give the margin of each numerical column of a plain table.

    Parameters
    ----------
    closest : mapping of str to str, optional
        What `closest_margin` gave for columns that it was asked about before.
    enough : float
        The distance up to which "auto" takes a normal margin without looking at others.

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
        name: closest.get(name) or _automatic(table[name].to_numpy(), enough)
        if margin == "auto"
        else margin
        for name, margin in chosen.items()
    }


def _automatic(values: Floats, enough: float) -> str:
    if enough and normal_margin(values).distance <= enough:
        return "norm"
    return closest_margin(values).family


class Closest(NamedTuple):
    """The margin that lies closest to a column, and its Kolmogorov-Smirnov distance from it."""

    family: str
    distance: float


def normal_margin(values: Floats) -> Closest:
    """Give how far a normal margin lies from a column."""
    return closest_margin(values, ("norm",))


def closest_margin(values: Floats, candidates: tuple[str, ...] = _CANDIDATES) -> Closest:
    """Give the closest of some margins, of those that "auto" chooses from; each is fitted."""
    from scipy.stats import kstest
    from sdv.single_table import GaussianCopulaSynthesizer

    stride = max(1, len(values) // _CHOICE_ROWS)
    values = np.sort(values)[::stride]
    closest = Closest("norm", 1.0)
    for name in candidates:
        margin = GaussianCopulaSynthesizer.get_distribution_class(name)()
        try:
            margin.fit(values)
        except ValueError:
            # copulas says so when a fit ends outside the data; the others remain.
            continue
        distance = float(kstest(values, margin.cdf).statistic)
        if distance < closest.distance:
            closest = Closest(name, distance)
    return closest
