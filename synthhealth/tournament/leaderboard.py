"""From the figures of all fits to the rows of the leaderboard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from pydantic import JsonValue

from synthhealth.evaluation import Band
from synthhealth.evaluation.figures import State
from synthhealth.evaluation.privacy.results import Finding
from synthhealth.tournament.fits import Attacked, FoldFigures, Played
from synthhealth.tournament.results import Estimate, LeaderboardRow, MembershipRisk, PairError
from synthhealth.tournament.verdict import estimate, is_larger, rounded

__all__ = ["Found", "leaderboard"]

#: Columns and pairs that are named.
_WORST = 3


class Found(NamedTuple):
    """All that a tournament knows of one family."""

    settings: Mapping[str, Any]
    """The parameters that were given."""
    fits: Sequence[Played]
    """All fits, in the order of divisions and parts."""
    attacks: Sequence[Attacked]
    """The attacks and predictors of each division."""

    @property
    def figures(self) -> list[FoldFigures]:
        """The figures of all fits."""
        return [one.figures for one in self.fits if one.figures is not None]

    @property
    def errors(self) -> list[float]:
        """The error of each fit."""
        return [one.error for one in self.figures]


def leaderboard(found: Mapping[str, Found], folds: int) -> tuple[LeaderboardRow, ...]:
    """Rank the families by their error.

    Parameters
    ----------
    found : mapping of str to Found
        By family, in the order in which those that are equally good are listed.
    folds : int
        Parts of the patients.
    """
    means = {model: rounded(float(np.mean(one.errors))) for model, one in found.items()}
    order = sorted(found, key=lambda model: means[model])
    return tuple(
        _row(rank, model, found[model], found[order[0]], folds, len(found))
        for rank, model in enumerate(order, start=1)
    )


def _row(
    rank: int, model: str, found: Found, first: Found, folds: int, families: int
) -> LeaderboardRow:
    figures = found.figures
    relations = [one.relations for one in figures if one.relations is not None]
    bands = [one.relations_perfect for one in figures if one.relations_perfect is not None]
    gaps = [ours - theirs for ours, theirs in zip(found.errors, first.errors, strict=True)]
    utility, state, worst_outcome = _utility(found.attacks)
    return LeaderboardRow(
        rank=rank,
        model=model,
        settings={name: _plain(value) for name, value in found.settings.items()},
        error=estimate(found.errors, folds, low=0.0),
        perfect=rounded(float(np.mean([one.perfect for one in figures]))),
        margins=estimate([one.margins for one in figures], folds, low=0.0, high=1.0),
        margins_perfect=_mean_band([one.margins_perfect for one in figures]),
        relations=estimate(relations, folds, low=0.0) if len(relations) == len(figures) else None,
        relations_perfect=_mean_band(bands) if len(bands) == len(figures) else None,
        worst_columns=tuple(_worst(one.columns for one in figures)),
        worst_pairs=tuple(
            PairError(first=pair[0], second=pair[1], excess=rounded(excess))
            for pair, excess in _worst(one.pairs for one in figures).items()
        ),
        behind=None if rank == 1 else estimate(gaps, folds),
        is_behind=rank > 1 and is_larger(gaps, folds, families),
        memberships=_memberships(found.attacks),
        utility=utility,
        utility_state=state,
        worst_outcome=worst_outcome,
    )


def _plain(value: Any) -> JsonValue:
    return list(value) if isinstance(value, tuple) else value


def _mean_band(bands: Sequence[Band]) -> Band:
    mean, low, high = np.mean([(one.mean, one.low, one.high) for one in bands], axis=0)
    return bands[0].model_copy(update={"mean": float(mean), "low": float(low), "high": float(high)})


def _worst(fits: Iterable[Mapping[Any, float]]) -> dict[Any, float]:
    """Give what is worst on average over the fits, as far as it is worse than chance has it."""
    by_name: dict[Any, list[float]] = {}
    for one in fits:
        for name, value in one.items():
            by_name.setdefault(name, []).append(value)
    means = {name: float(np.mean(values)) for name, values in by_name.items()}
    order = sorted(means, key=lambda name: (-rounded(means[name]), name))
    return {name: means[name] for name in order[:_WORST] if rounded(means[name]) > 0}


def _memberships(attacks: Sequence[Attacked]) -> tuple[MembershipRisk, ...]:
    """Give the mean of all divisions: they attack the same patients, so no interval is smaller."""
    grave: tuple[Finding, ...] = ("found", "cannot tell", "not found")
    return tuple(
        MembershipRisk(
            name=ones[0].name,
            auc=_mean([(one.auc, one.interval.low, one.interval.high) for one in ones]),
            finding=min((one.finding or "cannot tell" for one in ones), key=grave.index),
        )
        for ones in zip(*(one.memberships for one in attacks if one.memberships), strict=True)
    )


def _utility(attacks: Sequence[Attacked]) -> tuple[Estimate | None, State | None, str | None]:
    known = [one.utility for one in attacks if one.utility is not None]
    if not known:
        return None, None, None
    outcomes = [outcome for one in known for outcome in one.outcomes]
    grave: tuple[State, ...] = ("worse", "uncertain", "as good", "copied")
    return (
        _mean([(one.loss.value, one.loss.low, one.loss.high) for one in outcomes]),
        min((one.state for one in known), key=grave.index),
        min(outcomes, key=lambda one: rounded(one.loss.value)).column,
    )


def _mean(figures: Sequence[tuple[float, float, float]]) -> Estimate:
    value, low, high = np.mean(figures, axis=0)
    return Estimate(value=rounded(value), low=rounded(low), high=rounded(high))
