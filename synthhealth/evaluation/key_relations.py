"""The relations that a clinician asks for first: the strongest, and those of sex and outcomes.

An average over all pairs of columns hides that one of them is lost. So a few pairs are judged by
themselves, the fewer the better: each is then held against the largest of few chance differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from synthhealth.evaluation.calibration import Replicates, state_of
from synthhealth.evaluation.figures import Band, Result, State

__all__ = ["LARGE_DEPENDENCE", "MOST_STRONGEST", "KeyRelation", "PairLaw", "key_relations"]

Floats = npt.NDArray[np.float64]

#: A dependence that must not pass unnoticed where none is (Cohen, 1988: medium).
LARGE_DEPENDENCE = 0.3
#: How many of the strongest relations are judged, at most.
MOST_STRONGEST = 10
#: In standard deviations of a normal law: weaker relations may be chance.
_SURE = 3.5


class KeyRelation(Result):
    """A pair of columns that is judged by itself, among few others."""

    first: str
    """Name of one column."""
    second: str
    """Name of the other column."""
    asked: Literal["strongest", "group"]
    """Why it is looked at: it is one of the 10 strongest relations of the real table, or one of \
its columns is sex, an outcome or groups the patients."""
    measure: Literal["spearman", "cramers_v", "correlation_ratio"]
    """How its strength is measured; see `PairResult`."""
    real: float = Field(ge=-1, le=1)
    """The measure in the real table."""
    synthetic: float = Field(ge=-1, le=1)
    """The measure in the synthetic table."""
    floor: Band
    """What two samples of real patients differ by in this pair."""
    detectable: float = Field(ge=0)
    """The smallest difference that would be called worse, were these pairs all that is judged."""
    p_value: float = Field(ge=0, le=1)
    """Probability that a perfect generator would differ as much in any pair of this kind, in \
standard deviations (Westfall and Young, 1993)."""
    q_value: float = Field(default=1.0, ge=0, le=1)
    """`p_value` adjusted for all that was judged; see `synthhealth.evaluation.judgement.judge`."""
    state: State = "uncertain"
    """`worse` where `q_value` is at most 0.05; `uncertain` where the difference lies above its \
noise floor without being `worse`, or where neither the loss of the real relation nor, in a group, \
one of 0.3 that is not there would be found; else `as good` as other patients."""

    @property
    def difference(self) -> float:
        """The absolute difference of the two."""
        return abs(self.real - self.synthetic)

    def judged(self, q_value: float) -> KeyRelation:
        """Give the relation with its adjusted probability and the state that follows from it."""
        sought = abs(self.real)
        if self.asked == "group":
            sought = max(sought, LARGE_DEPENDENCE)
        state = state_of(
            q_value,
            is_outside=self.floor.standing(self.difference) == "above",
            is_blind=self.detectable > sought,
        )
        return self.model_copy(update={"q_value": q_value, "state": state})


@dataclass(frozen=True)
class PairLaw:
    """Pairs of columns in the two tables at hand, and in exchanges of their rows.

    Attributes
    ----------
    names : sequence of (str, str)
        The pairs.
    measures : sequence of str
        How each is measured.
    real, synthetic : ndarray of shape (n_pairs,)
        The measure in either table.
    firsts, differences : ndarray of shape (n_replicates, n_pairs)
        The measure in the first of the exchanged tables, and how much more it is than in the
        second; NaN where there is none.
    floors : sequence of Band
        What the absolute differences are.
    n_rows : ndarray of shape (n_pairs,)
        Real rows that have both values.
    levels : ndarray of shape (n_pairs, 2)
        The levels of either column in the real table; 0 of numbers.
    """

    names: Sequence[tuple[str, str]]
    measures: Sequence[Literal["spearman", "cramers_v", "correlation_ratio"]]
    real: Floats
    synthetic: Floats
    firsts: Floats
    differences: Floats
    floors: Sequence[Band]
    n_rows: Floats
    levels: npt.NDArray[np.int64]

    def surprises(self, measured: Floats) -> Floats:
        """Say how sure relations of such strength are, as values of a standard normal law.

        The squared measures are chi-squared laws if nothing depends on anything; their cube roots
        are nearly normal (Wilson and Hilferty, 1931).
        """
        free = np.maximum(self.levels - 1, 1)
        degrees = free.prod(axis=1)
        # Of two columns of levels the squared measure is a share of the smaller number of levels.
        of_levels = (self.levels > 0).all(axis=1)
        scale = np.where(of_levels, free.min(axis=1), 1)
        chi_squared = self.n_rows * np.nan_to_num(measured) ** 2 * scale
        error = 2.0 / (9.0 * degrees)
        sure: Floats = (np.cbrt(chi_squared / degrees) - 1.0 + error) / np.sqrt(error)
        return sure


def key_relations(pairs: PairLaw, grouping: Sequence[str]) -> tuple[KeyRelation, ...]:
    """Choose the relations that matter, and say how far each is off.

    The strongest relations are chosen from the real table alone. Chosen that way they are stronger
    there than among other patients; so they are chosen anew in each exchange of rows, from the
    first of the two tables.

    Parameters
    ----------
    pairs : PairLaw
        All pairs of columns.
    grouping : sequence of str
        Columns whose every pair matters: sex, outcomes, groups of patients.

    Returns
    -------
    tuple of KeyRelation
        The strongest relations first, the surest of them first, then those of groups.
    """
    if not pairs.names:
        return ()
    # The tables at hand are one line among the others, so that all are measured alike.
    lines = np.vstack([pairs.real - pairs.synthetic, pairs.differences])
    spreads = np.nanstd(lines, axis=0)
    spreads = np.where(spreads > 0, spreads, np.inf)
    distances = np.abs(np.nan_to_num(lines)) / spreads
    surprises = pairs.surprises(np.vstack([pairs.real, pairs.firsts]))
    ranks = np.argsort(np.argsort(-surprises, axis=1), axis=1)
    strongest = (ranks < MOST_STRONGEST) & (surprises > _SURE)
    of_group = np.array([first in grouping or second in grouping for first, second in pairs.names])
    order = np.argsort(ranks[0])
    found = _judge(pairs, distances, spreads, strongest, "strongest", order)
    every = np.broadcast_to(of_group, distances.shape)
    return (*found, *_judge(pairs, distances, spreads, every, "group", np.arange(len(order))))


def _judge(
    pairs: PairLaw,
    distances: Floats,
    spreads: Floats,
    chosen: npt.NDArray[np.bool_],
    asked: Literal["strongest", "group"],
    order: npt.NDArray[np.intp],
) -> list[KeyRelation]:
    largest = np.where(chosen, distances, 0.0).max(axis=1)[1:]
    law = Replicates(largest, "permuted")
    limit = float(np.quantile(largest, 0.95))
    return [
        KeyRelation(
            first=pairs.names[place][0],
            second=pairs.names[place][1],
            asked=asked,
            measure=pairs.measures[place],
            real=float(pairs.real[place]),
            synthetic=float(pairs.synthetic[place]),
            floor=pairs.floors[place],
            detectable=min(2.0, limit * float(spreads[place])),
            p_value=law.tails(float(distances[0, place]))[1],
        )
        for place in order
        if chosen[0, place] and np.isfinite(spreads[place])
    ]
