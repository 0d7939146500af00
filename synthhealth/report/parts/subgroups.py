"""How well the patients of each group are resembled, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from synthhealth.evaluation import Evaluation
from synthhealth.evaluation.subgroups import Subgroup
from synthhealth.report.numbers import counted, listed, p_text, points_text, score_text
from synthhealth.report.sections import Entry, Part, Section, Sheet, scored
from synthhealth.report.theme import TONES
from synthhealth.report.words import shown

_NAMED = 4  # columns named in a cell, groups in a sentence


def subgroup_section(results: Sequence[Subgroup]) -> Section | None:
    """Return the groups, the worst one named."""
    if not results:
        return None
    worst = results[0]
    hint = (
        "Does the table serve women as well as men, the old as well as the young? Each group is "
        "compared with the real patients of the same group. "
    )
    if worst.state == "worse":
        hint += (
            f"Worse is first of all {group_name(worst)}: furthest from chance is {worst.reason}."
        )
    else:
        hint += f"None is worse than chance explains; the furthest off is {group_name(worst)}."
    sheet = Sheet(
        "subgroup-table",
        "Groups of patients",
        ("group", "rows, real and synthetic", "share, points apart", "all columns", "relations",
         "columns that differ", "q", "state"),
        [_row(one) for one in results],
        "Those furthest off first. In brackets what other real patients of the group would give in "
        "95 of 100 cases.",
    )  # fmt: skip
    return Section("subgroups", "Groups of patients", hint, [sheet])


def _row(result: Subgroup) -> list[Entry]:
    size = result.size
    return [
        Entry(group_name(result)),
        Entry(f"{result.n_real:,} and {result.n_synthetic:,}"),
        Entry(points_text(size.difference, size.low, size.high)),
        scored(result.column_average, score_text),
        scored(result.dependence_difference, score_text, worse="above"),
        Entry(listed(map(shown, result.poor_columns), _NAMED) or "none"),
        Entry(p_text(result.q_value)),
        Entry(result.state, TONES[result.state]),
    ]


def group_name(result: Subgroup) -> str:
    """Return a group with the column that makes it."""
    return named_group(result.by, result.group)


def named_group(by: str, group: str) -> str:
    """Return a group with the column that makes it, by their names."""
    return f"{shown(by, 30)} {shown(group, 30)}"


def worse_groups(evaluation: Evaluation) -> list[str]:
    """Return the names of the groups that are worse, the one furthest off first."""
    return [group_name(group) for group in evaluation.subgroups if group.state == "worse"]


def _groups(evaluation: Evaluation) -> str | None:
    if not evaluation.subgroups:
        return None
    groups = counted(len(evaluation.subgroups), "group", "groups")
    worse = worse_groups(evaluation)
    if not worse:
        return f"Of {groups} of patients none is worse than chance explains."
    are = "is" if len(worse) == 1 else "are"
    return f"Of {groups} of patients {len(worse)} {are} worse: {listed(worse, _NAMED)}."


SUBGROUPS = Part(lambda evaluation: subgroup_section(evaluation.subgroups), "patients", _groups)
