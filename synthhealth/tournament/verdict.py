"""Who wins: paired differences over the folds, and when nothing can be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation.calibration import ALARM
from synthhealth.evaluation.figures import DIGITS
from synthhealth.report.numbers import listed
from synthhealth.report.words import shown
from synthhealth.tournament.results import Estimate, LeaderboardRow

__all__ = ["Verdict", "estimate", "is_larger", "recommend", "rounded"]

Floats = npt.NDArray[np.float64]

_NAMED = 6


def rounded(value: float) -> float:
    """Give a figure with as many digits as leave the process."""
    return float(f"{value:.{DIGITS}g}")


def _error(values: Floats, folds: int) -> float:
    """Give the standard error of a mean over fits that share patients (Nadeau and Bengio, 2003)."""
    return float(values.std(ddof=1)) * float(np.sqrt(1.0 / values.size + 1.0 / (folds - 1)))


def estimate(
    values: Sequence[float], folds: int, *, low: float = -np.inf, high: float = np.inf
) -> Estimate:
    """Give the mean over all fits with its interval, which ends where the figure ends.

    Fits of overlapping patients are not independent: the variance of the mean is taken for
    ``1 / n + 1 / (folds - 1)`` times that of single fits (Nadeau and Bengio, 2003, *Inference for
    the Generalization Error*), with Student's quantiles.

    Examples
    --------
    >>> estimate([0.1, 0.2, 0.3, 0.2, 0.2], 5).words
    '0.200 (0.068 to 0.332)'
    """
    from scipy import stats

    found = np.asarray(values, dtype=np.float64)
    reach = float(stats.t.ppf(0.975, found.size - 1)) * _error(found, folds)
    mean = float(found.mean())
    return Estimate(
        value=rounded(mean),
        low=rounded(max(mean - reach, low)),
        high=rounded(min(mean + reach, high)),
    )


def is_larger(differences: Sequence[float], folds: int, families: int) -> bool:
    """Say whether a family is further off than the one in front, beyond chance.

    A two-sided t test of paired differences, with the error of `estimate`, at 5 % divided by the
    number of pairs of families: which one is in front, the same figures have said.

    Examples
    --------
    >>> is_larger([0.02, 0.03, 0.02, 0.03, 0.02], 5, 4), is_larger([0.02, -0.01, 0.03], 3, 2)
    (True, False)
    """
    from scipy import stats

    found = np.asarray(differences, dtype=np.float64)
    alarm = ALARM / max(families * (families - 1), 1)
    limit = float(stats.t.ppf(1.0 - alarm, found.size - 1))
    return float(found.mean()) > limit * _error(found, folds) + 1e-9


class Verdict(NamedTuple):
    """What comes out."""

    recommended: str | None
    candidates: tuple[str, ...]
    reason: str


def recommend(rows: Sequence[LeaderboardRow]) -> Verdict:
    """Draw the conclusion from the leaderboard. See `synthhealth.compare` for the rule."""
    if not rows:
        return Verdict(None, (), "No family has figures; the reasons are listed.")
    near = [row for row in rows if not row.is_behind]
    risky = _above(near, {row.model: row.risk.auc for row in near if row.risk is not None})
    useless = _above(near, {row.model: _loss(row.utility) for row in near if row.utility})
    left = [row for row in near if row not in risky and row not in useless] or near
    names = tuple(row.model for row in left)
    sentences = [_first_sentence(rows, near, left)]
    if left != near:
        sentences += [
            f"As near, but not taken: {_named(ones)}, {why}."
            for ones, why in (
                (risky, "of which attacks tell more of the patients that were learned"),
                (useless, "from which predictors learn less"),
            )
            if ones
        ]
    told = [row for row in left if row.risk is not None and row.risk.finding == "found"]
    if told:
        area = max(row.risk.auc.value for row in told if row.risk is not None)
        sentences.append(
            f"Attacks tell patients that {_named(told)} learned from others (area up to "
            f"{area:.2f}; 0.50 is guessing): look at the plot, and have stronger attacks tried "
            "before anything is released."
        )
    return Verdict(names[0] if len(names) == 1 else None, names, " ".join(sentences))


def _first_sentence(
    rows: Sequence[LeaderboardRow], near: Sequence[LeaderboardRow], left: Sequence[LeaderboardRow]
) -> str:
    if len(rows) == 1:
        return "It is the only one that has figures."
    behind = [row for row in rows if row not in near]
    beyond = f"; {_named(behind)} {_are(behind)} further off" if behind else ""
    if len(left) > 1:
        return (
            f"{_named(left)} differ by no more than chance over the folds{beyond}. More seeds or "
            "more patients may tell; until then take the one that you can explain."
        )
    if left[0].rank == 1:
        return f"It comes nearest to patients that it did not learn{beyond}."
    return f"That {_named(near[:1])} comes nearer is no more than chance{beyond}."


def _above(rows: Sequence[LeaderboardRow], figures: Mapping[str, Estimate]) -> list[LeaderboardRow]:
    """Give those whose interval lies wholly above that of the lowest."""
    least = min(figures.values(), key=lambda one: one.value, default=None)
    return [
        row
        for row in rows
        if least is not None and row.model in figures and figures[row.model].low > least.high
    ]


def _loss(utility: Estimate) -> Estimate:
    return Estimate(value=-utility.value, low=-utility.high, high=-utility.low)


def _named(rows: Sequence[LeaderboardRow]) -> str:
    return listed((shown(row.model) for row in rows), _NAMED)


def _are(rows: Sequence[LeaderboardRow]) -> str:
    return "is" if len(rows) == 1 else "are"
