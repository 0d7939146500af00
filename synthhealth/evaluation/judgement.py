"""What all figures together come to, at a stated false-alarm rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from synthhealth.evaluation.calibration import ALARM, SEARCHES, Unjudged
from synthhealth.evaluation.columns import (
    FEWEST_ROWS,
    CategoricalResult,
    ColumnResult,
    Marginals,
    NumericalResult,
    judged_columns,
)
from synthhealth.evaluation.distances import false_discovery
from synthhealth.evaluation.figures import Metric, Result, Verdict
from synthhealth.evaluation.key_relations import KeyRelation
from synthhealth.evaluation.subgroups import Subgroup, judged_groups

__all__ = ["Judged", "Judgement", "judge", "sum_up"]


class Judgement(Result):
    """What all figures together come to.

    A perfect generator is called `poor` in about 5 of 100 cases, and `copied` in at most as many.
    """

    verdict: Verdict
    """`copied` where rows were; else `poor` where a figure, a column, one of the relations that \
matter or a group of patients is worse; `cannot tell` where no figure of the relations between \
columns could have found a shuffle; else `good`."""
    copying: tuple[str, ...]
    """The figures that show copied rows."""
    poor: tuple[str, ...]
    """The figures over the whole table that are worse than those of other patients."""
    poor_columns: tuple[str, ...]
    """The columns that are worse, the furthest from its floor first."""
    poor_relations: tuple[tuple[str, str], ...]
    """The relations that matter and are worse, the surest first."""
    poor_groups: tuple[tuple[str, str], ...]
    """The groups of patients that are worse, as column and group, the furthest first."""
    closer: tuple[str, ...]
    """The figures that are closer to these patients than those of others would be."""
    closer_columns: tuple[str, ...]
    """The columns that are."""
    uncertain: tuple[str, ...]
    """The figures over the whole table that are uncertain."""
    uncertain_groups: tuple[tuple[str, str], ...]
    """The groups of patients that are, most of them too small to be judged."""
    alarm: float
    """The false-alarm rate."""


class Judged(NamedTuple):
    """All that has been measured, with its state."""

    metrics: tuple[Metric, ...]
    numerical: tuple[NumericalResult, ...]
    categorical: tuple[CategoricalResult, ...]
    relations: tuple[KeyRelation, ...]
    groups: tuple[Subgroup, ...]

    @property
    def columns(self) -> tuple[ColumnResult, ...]:
        """The results of all columns."""
        return (*self.numerical, *self.categorical)


def judge(
    unjudged: Sequence[Unjudged],
    marginals: Marginals,
    relations: Sequence[KeyRelation],
    groups: Sequence[Subgroup],
) -> Judged:
    """Give every figure, column, relation that matters and group of patients its state.

    The probabilities of the poor side are adjusted twice, so that a perfect generator has anything
    called worse in about 5 of 100 cases: within a family, and then the families by the smallest
    of each (Benjamini and Hochberg, 1995; Benjamini and Bogomolov, 2014). The families are the
    figures over the whole table with the columns; the strongest relations; those of sex, outcomes
    and groups; the groups of patients. So the loss of one strong relation is held against few
    others, and not against all pairs of a table. The probabilities of the other side are adjusted
    within each family of figures: close margins say another thing than copied rows.
    """
    judged = [figure for figure in unjudged if figure.family not in SEARCHES]
    adjusted = _shared(
        {
            "table": false_discovery([*(one.p_poor for one in judged), *marginals.p_values]),
            # Of relations it is adjusted within the family already.
            "strongest": [one.p_value for one in relations if one.asked == "strongest"],
            "group": [one.p_value for one in relations if one.asked == "group"],
            "groups": false_discovery([one.p_value for one in groups]),
        }
    )
    poor = {figure.name: q for figure, q in zip(judged, adjusted["table"], strict=False)}
    close = _close(unjudged)
    columns = judged_columns(
        [*marginals.numerical, *marginals.categorical], adjusted["table"][len(judged) :]
    )
    q_relations = {kind: iter(adjusted[kind]) for kind in ("strongest", "group")}
    return Judged(
        # Rows are copied or not: that none is, is not poor.
        tuple(figure.judged(poor.get(figure.name, 1.0), close[figure.name]) for figure in unjudged),
        tuple(column for column in columns if isinstance(column, NumericalResult)),
        tuple(column for column in columns if isinstance(column, CategoricalResult)),
        tuple(one.judged(next(q_relations[one.asked])) for one in relations),
        judged_groups(groups, adjusted["groups"]),
    )


def _shared(families: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Adjust the adjusted probabilities of several families for the number of families."""
    known = {name: min(members) for name, members in families.items() if members}
    adjusted = dict(zip(known, false_discovery(list(known.values())), strict=True))
    return {
        # Nothing is smaller than 0, where a member cannot be by chance at all.
        name: [min(1.0, p * adjusted[name] / known[name]) if known[name] else p for p in members]
        for name, members in families.items()
    }


def _close(unjudged: Sequence[Unjudged]) -> dict[str, float]:
    found: dict[str, float] = {}
    for family in dict.fromkeys(figure.family for figure in unjudged):
        members = [figure for figure in unjudged if figure.family == family]
        adjusted = false_discovery([figure.p_close for figure in members])
        found |= {figure.name: q for figure, q in zip(members, adjusted, strict=True)}
    return found


def sum_up(judged: Judged, sizes: tuple[int, int]) -> Judgement:
    """Draw the conclusion from all states on tables of these sizes."""
    metrics = judged.metrics
    poor_columns = sorted(
        (one for one in judged.columns if one.state == "worse"),
        key=lambda one: one.score - one.floor.low,
    )
    poor_relations = sorted(
        (one for one in judged.relations if one.state == "worse"), key=lambda one: one.p_value
    )
    poor_groups = [one for one in judged.groups if one.state == "worse"]
    copying = tuple(one.name for one in metrics if one.state == "copied")
    poor = tuple(one.name for one in metrics if one.state == "worse")
    is_poor = bool(poor or poor_columns or poor_relations or poor_groups)
    verdict = _verdict(judged, is_copied=bool(copying), is_poor=is_poor)
    if verdict == "good" and min(sizes) < FEWEST_ROWS:
        verdict = "cannot tell"  # a few rows may pass anywhere
    return Judgement(
        verdict=verdict,
        copying=copying,
        poor=poor,
        poor_columns=tuple(one.column for one in poor_columns),
        poor_relations=tuple(dict.fromkeys((one.first, one.second) for one in poor_relations)),
        poor_groups=tuple((one.by, one.group) for one in poor_groups),
        closer=tuple(one.name for one in metrics if one.closer),
        closer_columns=tuple(one.column for one in judged.columns if one.closer),
        uncertain=tuple(one.name for one in metrics if one.state == "uncertain"),
        uncertain_groups=tuple(
            (one.by, one.group) for one in judged.groups if one.state == "uncertain"
        ),
        alarm=ALARM,
    )


def _verdict(judged: Judged, *, is_copied: bool, is_poor: bool) -> Verdict:
    if is_copied:
        return "copied"
    if is_poor:
        return "poor"
    relations = [one for one in judged.metrics if one.family in ("dependence", "joint")]
    told = [[one.state != "uncertain" for one in ones] for ones in (judged.columns, relations)]
    if not any(told[0]) or (relations and not any(told[1])):
        return "cannot tell"
    return "good"
