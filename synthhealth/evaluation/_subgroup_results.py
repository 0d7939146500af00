"""The result of one subgroup of patients."""

from __future__ import annotations

from pydantic import Field

from synthhealth.evaluation._clinical_results import ShareComparison
from synthhealth.evaluation._release import coarse_count
from synthhealth.evaluation._result_base import Result, Score, Verdict

__all__ = ["Subgroup"]


class Subgroup(Result):
    """How well the synthetic patients of one group resemble the real ones of that group.

    All noise floors, and all p values but that of the group's size, come from random exchanges of
    rows between the real and the synthetic patients of the group.
    """

    by: str
    """Name of the column that makes the groups."""
    group: str
    """Which group: a level of that column, or a band of its values."""
    size: ShareComparison
    """The group's share of the rows in which the column is known."""
    n_real: int = Field(ge=1)
    """Real rows that were compared: all of the group, or 300 of them at random; written to the \
nearest 5."""
    n_synthetic: int = Field(ge=1)
    """Synthetic rows that were compared."""
    column_average: Score
    """Mean over the columns of the Kolmogorov-Smirnov or total-variation complement (1 = \
identical)."""
    ks_average: Score | None
    """The same over the numerical columns; None without any."""
    dependence_difference: Score | None
    """Mean absolute difference of the dependence of all pairs of columns (0 = identical); None \
with fewer than two columns that vary."""
    missing_difference: Score | None
    """Mean over the columns of the absolute difference of the share of missing values; None where \
no value is missing."""
    poor_columns: tuple[str, ...]
    """Columns whose values differ by more than chance, the furthest first (Benjamini-Hochberg \
over the columns of the group)."""
    distance: float
    """Distance of the figure that is furthest off, in standard deviations from what a perfect \
generator gives on average."""
    p_value: float = Field(ge=0, le=1)
    """Probability that a perfect generator's group would differ as much in any of these figures, \
in a column or in its size (Simes, 1986)."""
    q_value: float = Field(ge=0, le=1)
    """`p_value` adjusted for the number of groups (Benjamini-Hochberg)."""
    verdict: Verdict
    """`poor` where `q_value` is at most 0.05; `cannot tell` where in most columns even a shift by \
a whole standard deviation would pass; else `good`."""
    reason: str
    """The figure that is furthest from what a perfect generator gives, in words."""

    def as_written(self) -> Subgroup:
        """Give the result with its number of patients to the nearest 5."""
        return self.model_copy(update={"n_real": coarse_count(self.n_real)})
