"""The results that say what of a column's values a synthetic table covers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from synthhealth.evaluation._clinical_results import ShareComparison
from synthhealth.evaluation._result_base import Result, Score

__all__ = ["CategoricalCoverage", "CoverageResult", "NumericalCoverage", "QuantilePair"]


class QuantilePair(Result):
    """A quantile of a column, real and synthetic: the mean of the 5 values around its rank.

    All figures are rounded to what the standard error of the real one carries.
    """

    written_exactly = True

    probability: float = Field(gt=0, lt=1)
    """Share of the values that lie below it."""
    real: float
    """The real quantile."""
    synthetic: float
    """The synthetic quantile."""
    low: float
    """2.5 % quantile of what a perfect generator's quantile would be."""
    high: float
    """97.5 % quantile of what a perfect generator's quantile would be."""


class NumericalCoverage(Result):
    """How much of a numerical column's real range a synthetic table covers, and how it is spread.

    Missing values and results beyond a detection limit are left out of all figures but `measured`.
    """

    kind: Literal["numerical"] = "numerical"
    """What sort of column it is."""
    column: str
    """Name of the column."""
    unit: str | None
    """Unit of the quantiles; `day` for dates."""
    range_covered: Score | None
    """Share of the range between the real 5 % and 95 % quantiles that lies between the synthetic \
ones too (1 = all of it); None where these two real quantiles are equal."""
    outside_range: Score
    """Share of the synthetic values beyond the real smallest and largest one. New patients lie \
there, too: a share below the floor tells of clipped values."""
    wasserstein_scaled: Score | None
    """Wasserstein-1 distance in units of the real interquartile range (0 = identical); None where \
that range is 0."""
    quantiles: tuple[QuantilePair, ...]
    """Quantiles in `unit`: every 5 % where both tables have at least 100 values, else quartiles; \
none for fewer than 5 values. Those of dates are days since the real median date."""
    measured: ShareComparison | None
    """Known values that are not beyond a detection limit; None where no value of either table is. \
The Kolmogorov-Smirnov statistic compares these, and this share goes with it."""


class CategoricalCoverage(Result):
    """Which levels of a categorical column a synthetic table has, and which it makes up."""

    kind: Literal["categorical"] = "categorical"
    """What sort of column it is."""
    column: str
    """Name of the column."""
    n_levels: int = Field(ge=0)
    """Number of levels that at least 5 real rows have."""
    n_covered: int = Field(ge=0)
    """How many of these occur in the synthetic table."""
    levels_covered: Score | None
    """Their share (1 = all); None where there is no such level."""
    new_levels: Score
    """Share of the synthetic values whose level the real table lacks. Where levels are many and \
rare, new patients have such levels too."""


CoverageResult = NumericalCoverage | CategoricalCoverage
