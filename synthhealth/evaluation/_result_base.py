"""What the types of all results share, and a figure beside its noise floor."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["MIN_CELL", "Floor", "NotComputed", "Result", "Score", "Standing"]

#: Fewest rows that a level of a categorical column must have to be named.
MIN_CELL = 5

Standing = Literal["below", "within", "above"]


class Result(BaseModel):
    """A frozen result; it cannot hold what JSON cannot."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class Floor(Result):
    """The noise floor: what two independent samples of real patients of these sizes would score.

    No generator can be expected to score better than its floor; one that does repeats patients.

    Examples
    --------
    >>> floor = Floor(mean=0.85, low=0.77, high=0.92, method="exact")
    >>> floor.standing(0.62)
    'below'
    """

    mean: float
    """Mean score of two independent real samples."""
    low: float
    """2.5 % quantile of that score."""
    high: float
    """97.5 % quantile of that score."""
    method: Literal["exact", "resampled"]
    """`exact`: from the distribution-free law of the score; `resampled`: from bootstrap samples \
of the real table, which stands for the population."""

    def standing(self, value: float) -> Standing:
        """Say where `value` lies: ``"below"``, ``"within"`` or ``"above"`` the noise floor."""
        # Scores are sums of floats: a copy's 1 - 0.9999999999999999 must not count as below.
        tolerance = 1e-9
        if value < self.low - tolerance:
            return "below"
        return "above" if value > self.high + tolerance else "within"


class Score(Result):
    """An overall figure beside its noise floor."""

    value: float
    """The figure."""
    floor: Floor
    """What two independent real samples of these sizes would give."""


class NotComputed(Result):
    """A figure that could not be computed, and why."""

    what: str
    """The figure."""
    column: str | None
    """The column concerned (`first / second` for a pair); None for the whole table."""
    reason: str
    """Why it could not be computed."""
