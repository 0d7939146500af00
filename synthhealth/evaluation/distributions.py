"""Which distribution a sample follows, its shape in words, and the transform that would tame it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special, stats

__all__ = [
    "FAMILIES",
    "Family",
    "Fit",
    "Shape",
    "best_fits",
    "goodness_p",
    "outlier_share",
    "resolution",
    "shape_of",
]


Floats = npt.NDArray[np.float64]
Parameters = tuple[Floats | float, ...]
Support = Literal["real", "positive", "unit interval", "count"]

#: Draws of the parametric bootstrap: p values come in steps of one hundredth.
BOOTSTRAP_DRAWS = 99
ITERATIONS = 40
#: Steps of a fit smaller than this, in units of its scale, change no figure.
STILL = 1e-4
DEGREES_OF_FREEDOM = (2.0, 3.0, 5.0, 8.0, 15.0)
MOST_DECIMALS = 6
#: Differences of distribution functions smaller than this have lost their digits.
SMALLEST_SHARE = 1e-10
#: Between the logarithm of the mean and the mean of the logarithms there is at least this.
SMALLEST_GAP = 1e-12


@dataclass(frozen=True)
class Family:
    """A distribution of scipy.stats and its maximum-likelihood fit.

    Attributes
    ----------
    name : str
        Name in scipy.stats.
    support : str
        Values it can describe.
    fit : callable
        From values of shape (..., n) to scipy's parameters, each of shape (..., 1).
    n_parameters : int
        Number of parameters that are estimated.
    """

    name: str
    support: Support
    fit: Callable[[Floats], Parameters]
    n_parameters: int

    def log_likelihood(self, values: Floats, parameters: Parameters, step: float) -> Floats:
        """Sum the log likelihood of values recorded in steps of `step` along the last axis.

        A recorded value counts with the probability of the interval that it stands for, so that
        densities, probabilities of counts and narrow peaks on repeated values are comparable.
        """
        law = getattr(stats, self.name)
        if self.support == "count":
            total: Floats = law.logpmf(values, *parameters).sum(axis=-1)
            return total
        density = law.logpdf(values, *parameters)
        if step > 0:
            upper, lower = (law.cdf(values + side, *parameters) for side in (step / 2, -step / 2))
            share = upper - lower
            exact = share > SMALLEST_SHARE
            density = np.where(exact, np.log(np.where(exact, share, 1.0)), density + np.log(step))
        total = density.sum(axis=-1)
        return total

    def distance(self, values: Floats, parameters: Parameters, step: float) -> Floats:
        """Give the Kolmogorov-Smirnov distance D of values recorded in steps of `step`.

        A recorded value x stands for the interval of width `step` around it: the distribution
        function is compared at the interval's ends, so that rounding makes no distance.
        """
        values = np.sort(values, axis=-1)
        law = getattr(stats, self.name)
        n = values.shape[-1]
        upto, before = np.arange(1, n + 1) / n, np.arange(n) / n
        last = np.ones(values.shape, dtype=bool)
        last[..., :-1] = values[..., 1:] != values[..., :-1]
        first = np.ones(values.shape, dtype=bool)
        first[..., 1:] = last[..., :-1]
        half = step / 2.0
        upper = law.cdf(values + half, *parameters)
        lower = law.cdf(values - half, *parameters) if half else upper
        above = np.where(last, np.abs(upto - upper), 0.0)
        below = np.where(first, np.abs(before - lower), 0.0)
        distance: Floats = np.maximum(above, below).max(axis=-1)
        return distance

    def draw(
        self, parameters: Parameters, size: tuple[int, int], step: float, rng: np.random.Generator
    ) -> Floats:
        """Draw samples and record them in steps of `step`."""
        values = getattr(stats, self.name).rvs(*parameters, size=size, random_state=rng)
        if step > 0:
            values = np.round(values / step) * step
        if self.support in ("positive", "unit interval"):
            least = step or np.finfo(float).tiny
            values = np.maximum(values, least)
        if self.support == "unit interval":
            values = np.minimum(values, 1.0 - (step or np.finfo(float).eps))
        return np.asarray(values, dtype=np.float64)


@dataclass(frozen=True)
class Fit:
    """A family fitted to one sample."""

    family: Family
    parameters: Parameters
    aic: float
    distance: float


def best_fits(values: Floats, families: list[Family], step: float) -> list[Fit]:
    """Fit every family and order the fits by Akaike's criterion, the best one first.

    A family whose likelihood is not finite for these values is left out.
    """
    fits = []
    for family in families:
        with np.errstate(all="ignore"):
            parameters = family.fit(values)
            likelihood = float(family.log_likelihood(values, parameters, step))
            if not np.isfinite(likelihood):
                continue
            distance = float(family.distance(values, parameters, step))
        aic = 2.0 * family.n_parameters - 2.0 * likelihood
        fits.append(Fit(family, parameters, aic, min(distance, 1.0)))
    return sorted(fits, key=lambda fit: fit.aic)


def goodness_p(fit: Fit, n: int, step: float, rng: np.random.Generator) -> float:
    """Give the p value of a fit's distance by parametric bootstrap (Lilliefors' idea, 1967).

    The textbook law of D holds for parameters known beforehand. Here they were estimated from
    the same values, so samples are drawn from the fitted distribution, rounded as the values
    are, fitted again, and their distances compared with the one found.
    """
    family = fit.family
    samples = family.draw(fit.parameters, (BOOTSTRAP_DRAWS, n), step, rng)
    with np.errstate(all="ignore"):
        distances = family.distance(samples, family.fit(samples), step)
    as_far = int((np.nan_to_num(distances, nan=1.0) >= fit.distance - 1e-12).sum())
    return (1 + as_far) / (1 + BOOTSTRAP_DRAWS)


def resolution(values: Floats) -> float:
    """Give the step in which values with repeats are recorded (0.1, 1, 10 ...); 0 without one."""
    if np.unique(values).size == values.size:
        return 0.0
    for decimals in range(-2, MOST_DECIMALS + 1):
        if np.allclose(np.round(values, decimals), values, rtol=1e-12, atol=0.0):
            return float(10.0**-decimals)
    return 0.0


def _mean(values: Floats) -> Floats:
    mean: Floats = values.mean(axis=-1, keepdims=True)
    return mean


def _fit_norm(values: Floats) -> Parameters:
    return _mean(values), values.std(axis=-1, keepdims=True)


def _fit_uniform(values: Floats) -> Parameters:
    least = values.min(axis=-1, keepdims=True)
    return least, values.max(axis=-1, keepdims=True) - least


def _reweight(values: Floats, weigh: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
    """Solve the likelihood equations of a symmetric family by iteratively reweighted moments."""
    centre = np.median(values, axis=-1, keepdims=True)
    scale = values.std(axis=-1, keepdims=True) / 1.5
    moving = np.ones(values.shape[:-1], dtype=bool)
    for _ in range(ITERATIONS):
        sample, before, width = values[moving], centre[moving], scale[moving]
        weights = weigh((sample - before) / width)
        total = weights.sum(axis=-1, keepdims=True)
        after = (weights * sample).sum(axis=-1, keepdims=True) / total
        spread = np.sqrt(_mean(weights * (sample - after) ** 2))
        centre[moving], scale[moving] = after, spread
        step = np.maximum(np.abs(after - before), np.abs(spread - width))
        moving[moving] = (step > STILL * spread)[..., 0]
        if not moving.any():
            break
    return centre, scale


def _fit_logistic(values: Floats) -> Parameters:
    return _reweight(values, _logistic_weights)


def _logistic_weights(z: Floats) -> Floats:
    # tanh(z / 2) / z, whose limit at 0 is 1/2.
    return np.divide(np.tanh(z / 2.0), z, out=np.full_like(z, 0.5), where=np.abs(z) > 1e-9)


def _fit_t(values: Floats) -> Parameters:
    """Fit at a few degrees of freedom and keep the likeliest: the likelihood is flat in them."""
    fitted, likelihoods = [], []
    for df in DEGREES_OF_FREEDOM:
        centre, scale = _reweight(values, partial(_t_weights, df))
        fitted.append(np.stack([np.full_like(centre, df), centre, scale]))
        likelihoods.append(_t_likelihood(values, df, centre, scale))
    likeliest = np.argmax(likelihoods, axis=0)[None, None]
    df, centre, scale = np.take_along_axis(np.stack(fitted), likeliest, axis=0)[0]
    return df, centre, scale


def _t_likelihood(values: Floats, df: float, centre: Floats, scale: Floats) -> Floats:
    """Give the log likelihood, which scipy's own function needs several times as long for."""
    constant = special.gammaln((df + 1.0) / 2.0) - special.gammaln(df / 2.0)
    constant -= 0.5 * np.log(df * np.pi)
    tails = np.log1p(((values - centre) / scale) ** 2 / df).sum(axis=-1, keepdims=True)
    likelihood: Floats = values.shape[-1] * (constant - np.log(scale)) - (df + 1.0) / 2.0 * tails
    return likelihood


def _t_weights(df: float, z: Floats) -> Floats:
    return (df + 1.0) / (df + z**2)


def _fit_gumbel(values: Floats) -> Parameters:
    least, mean = values.min(axis=-1, keepdims=True), _mean(values)
    scale = values.std(axis=-1, keepdims=True) * np.sqrt(6.0) / np.pi
    smallest = scale * 1e-3
    for _ in range(ITERATIONS):
        weights = np.exp(-(values - least) / scale)
        weights /= weights.sum(axis=-1, keepdims=True)
        weighted = (weights * values).sum(axis=-1, keepdims=True)
        variance = (weights * (values - weighted) ** 2).sum(axis=-1, keepdims=True)
        step = (scale - mean + weighted) / (1.0 + variance / scale**2)
        scale = np.maximum(scale - step, smallest)
    return least - scale * np.log(_mean(np.exp(-(values - least) / scale))), scale


def _fit_lognorm(values: Floats) -> Parameters:
    logs = np.log(values)
    return logs.std(axis=-1, keepdims=True), 0.0, np.exp(_mean(logs))


def _fit_gamma(values: Floats) -> Parameters:
    mean = _mean(values)
    # Of values that hardly differ rounding could make it negative, and the solution run away.
    gap = np.maximum(np.log(mean) - _mean(np.log(values)), SMALLEST_GAP)
    shape = (3.0 - gap + np.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)
    for _ in range(10):
        excess = np.log(shape) - special.digamma(shape) - gap
        slope = 1.0 / shape - special.polygamma(1, shape)
        shape = np.maximum(shape - excess / slope, shape / 2.0)
    return shape, 0.0, mean / shape


def _fit_weibull(values: Floats) -> Parameters:
    """Use that minus the logarithm of a Weibull variable follows Gumbel's law."""
    location, scale = _fit_gumbel(-np.log(values))
    return 1.0 / scale, 0.0, np.exp(-location)


def _fit_expon(values: Floats) -> Parameters:
    return 0.0, _mean(values)


def _fit_beta(values: Floats) -> Parameters:
    low, high = _mean(np.log(values)), _mean(np.log1p(-values))
    mean, variance = _mean(values), values.var(axis=-1, keepdims=True)
    size = np.maximum(mean * (1.0 - mean) / variance - 1.0, 1e-2)
    a, b = mean * size, (1.0 - mean) * size
    for _ in range(ITERATIONS):
        both = special.digamma(a + b)
        first, second = special.digamma(a) - both - low, special.digamma(b) - both - high
        shared = -special.polygamma(1, a + b)
        aa, bb = special.polygamma(1, a) + shared, special.polygamma(1, b) + shared
        determinant = aa * bb - shared**2
        a = np.maximum(a - (bb * first - shared * second) / determinant, a / 2.0)
        b = np.maximum(b - (aa * second - shared * first) / determinant, b / 2.0)
    return a, b


def _fit_poisson(values: Floats) -> Parameters:
    return (_mean(values),)


def _fit_nbinom(values: Floats) -> Parameters:
    """Find the size by bisection; without overdispersion it runs to its bound, Poisson's law."""
    mean = _mean(values)
    low, high = np.full_like(mean, np.log(1e-3)), np.full_like(mean, np.log(1e5))
    for _ in range(ITERATIONS):
        middle = (low + high) / 2.0
        size = np.exp(middle)
        score = _mean(special.digamma(values + size)) - special.digamma(size)
        score = score + np.log(size / (size + mean))
        low, high = np.where(score > 0, middle, low), np.where(score > 0, high, middle)
    size = np.exp((low + high) / 2.0)
    return size, size / (size + mean)


FAMILIES = (
    Family("norm", "real", _fit_norm, 2),
    Family("logistic", "real", _fit_logistic, 2),
    Family("t", "real", _fit_t, 3),
    Family("gumbel_r", "real", _fit_gumbel, 2),
    Family("uniform", "real", _fit_uniform, 2),
    Family("lognorm", "positive", _fit_lognorm, 2),
    Family("gamma", "positive", _fit_gamma, 2),
    Family("weibull_min", "positive", _fit_weibull, 2),
    Family("expon", "positive", _fit_expon, 1),
    Family("beta", "unit interval", _fit_beta, 2),
    Family("poisson", "count", _fit_poisson, 1),
    Family("nbinom", "count", _fit_nbinom, 2),
)


#: Adjusted skewness below which a distribution is called symmetrical, and beyond which strongly
#: skewed (an exponential distribution has 2).
SYMMETRICAL, STRONGLY_SKEWED = 0.5, 2.0
#: Excess kurtosis beyond which tails are called heavy (a logistic distribution has 1.2).
HEAVY_TAILS = 2.0
#: Share of zeros from which they are a group of their own, above what a Poisson law expects.
MANY_ZEROS = 0.1
FEW_VALUES = 20
#: The power of the Box-Cox transform is sought on at most this many values, evenly spaced in rank.
MOST_POWERED = 10_000
TUKEY = 1.5

#: Kernel bandwidth (of Scott's), depth of the valley (of the lower peak), height of the lower
#: peak (of the higher) and share on either side that make two peaks: with 61 normal values
#: fewer than one sample in a hundred shows two.
BANDWIDTH, VALLEY, LOWER_PEAK, SMALLER_SIDE = 0.75, 0.7, 0.25, 0.1
GRID = 256


@dataclass(frozen=True)
class Shape:
    """What a sample looks like.

    Attributes
    ----------
    words : str
        For people: ``"right-skewed"``, ``"zero-inflated, the rest symmetrical"`` ...
    transform : str
        ``none``, ``log``, ``square root``, ``Box-Cox``, ``rank`` or ``treat zeros apart``.
    body : ndarray
        The values to fit distributions to: without the zeros where they are a group apart.
    on_log_scale : bool
        Whether the body is tamed by the logarithm.
    """

    words: str
    transform: str
    body: Floats
    on_log_scale: bool


def shape_of(values: Floats, *, is_count: bool, is_date: bool) -> Shape:
    """Name the shape of a sample that is not constant.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite values, at least two of them different.
    is_count : bool
        Whether they are counts: zeros that a Poisson law expects are not called inflated, and
        counts with few values are called discrete.
    is_date : bool
        Whether they are days: a zero is a day like any other and no transform makes sense.
    """
    zeros = 0.0 if is_date else float((values == 0).mean())
    expected = float(np.exp(-values.mean())) if is_count else 0.0
    apart = values.min() == 0 and zeros >= MANY_ZEROS + expected
    body = values[values > 0] if apart else values
    transform = "none" if is_date or body.size < 3 or np.ptp(body) == 0 else _transform(body)
    scaled = np.log(body) if transform == "log" else body
    words = _words(body, scaled, is_count)
    if apart:
        words = f"zero-inflated ({zeros:.0%} zeros), the rest {words}"
    return Shape(
        words=words,
        transform="treat zeros apart" if apart else transform,
        body=body,
        on_log_scale=transform == "log",
    )


def outlier_share(values: Floats) -> float | None:
    """Give the share outside Tukey's fences, 1.5 quartile distances beyond the quartiles.

    None where the quartiles coincide, which leaves the fences no width.
    """
    low, high = np.quantile(values, [0.25, 0.75])
    margin = TUKEY * (high - low)
    if margin == 0:
        return None
    return float(((values < low - margin) | (values > high + margin)).mean())


def skewness(values: Floats) -> float:
    """Give the skewness adjusted for sample size; 0 for fewer than three or equal values."""
    if values.size < 3 or np.ptp(values) == 0:
        return 0.0
    skew = float(stats.skew(values, bias=False))
    return skew if np.isfinite(skew) else 0.0


def _transform(values: Floats) -> str:
    skew = skewness(values)
    if abs(skew) < SYMMETRICAL:
        return "none"
    if values.min() > 0:
        candidates = {"log": np.log(values), "square root": np.sqrt(values)}
        after = {name: abs(skewness(changed)) for name, changed in candidates.items()}
        best = min(after, key=lambda name: after[name])
        if after[best] < SYMMETRICAL:
            return best
        if values.size > MOST_POWERED:
            places = np.linspace(0, values.size - 1, MOST_POWERED).round().astype(np.intp)
            values = np.sort(values)[places]
        changed = stats.boxcox(values / np.exp(np.log(values).mean()))[0]
        return "Box-Cox" if abs(skewness(changed)) < SYMMETRICAL else "rank"
    if values.min() == 0 and abs(skewness(np.sqrt(values))) < SYMMETRICAL:
        return "square root"
    return "rank"


def _words(values: Floats, scaled: Floats, is_count: bool) -> str:
    if values.size < 3 or np.ptp(values) == 0:
        return "constant" if values.size and np.ptp(values) == 0 else "too few values"
    skew = skewness(values)
    if _has_two_peaks(scaled):
        words = "bimodal"
    elif abs(skew) >= SYMMETRICAL:
        strength = "strongly " if abs(skew) >= STRONGLY_SKEWED else ""
        words = f"{strength}{'right' if skew > 0 else 'left'}-skewed"
    elif values.size > 3 and stats.kurtosis(values, bias=False) > HEAVY_TAILS:
        words = "symmetrical with heavy tails"
    else:
        words = "symmetrical"
    discrete = is_count and np.unique(values).size <= FEW_VALUES
    return f"discrete, {words}" if discrete else words


def _has_two_peaks(values: Floats) -> bool:
    if np.unique(values).size <= FEW_VALUES:
        return False  # Steps between few values look like valleys.
    counts, edges = np.histogram(values, bins=GRID)
    width = BANDWIDTH * values.std(ddof=1) * values.size**-0.2 / (edges[1] - edges[0])
    reach = np.arange(-GRID, GRID + 1)
    density = np.convolve(counts, np.exp(-0.5 * (reach / width) ** 2))[GRID:-GRID]
    left = np.maximum.accumulate(density)
    right = np.maximum.accumulate(density[::-1])[::-1]
    lower_peak = np.minimum(left, right)
    below = np.cumsum(counts) / values.size
    valley = (
        (density < VALLEY * lower_peak)
        & (lower_peak >= LOWER_PEAK * density.max())
        & (np.minimum(below, 1.0 - below) >= SMALLER_SIDE)
    )
    return bool(valley.any())
