"""Groups of patients that a table is divided into: by sex, bands of age, outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ParameterError, nearest
from synthhealth.evaluation.figures import NotComputed
from synthhealth.evaluation.rounding import quantile, quantile_error, recorded_step, rounded
from synthhealth.evaluation.scope import Scope
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.values import levels, numbers
from synthhealth.schema import Kind, Role, Schema
from synthhealth.schema.types import MIN_CELL

__all__ = ["FEWEST_ROWS", "WHAT", "Group", "find_groups", "grouping_columns"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

WHAT = "subgroup"
#: Fewest rows of either table for a group to be compared.
FEWEST_ROWS = 10
#: Fewest real rows of a decade of age that stands by itself.
FEWEST_IN_DECADE = 20
#: Groups that are compared of each column: the commonest ones.
MOST_GROUPS = 8
DECADE = 10
#: Real rows to a band of other numbers.
ROWS_PER_BAND, MOST_BANDS = 25, 3


@dataclass(frozen=True)
class Group:
    """Which rows of either table belong to a group, and in which its column is known."""

    by: str
    name: str
    real: Mask
    synthetic: Mask
    known_real: Mask
    known_synthetic: Mask


def find_groups(
    tables: Tables, by: Sequence[str] | None
) -> tuple[tuple[Group, ...], tuple[NotComputed, ...]]:
    """Divide both tables by sex, age and outcomes, or by the columns named.

    Levels make groups, at most the 8 commonest of a column. Age makes decades where most real
    patients are in decades of at least 20, else thirds of the real table, as other numbers do
    (halves below 75 rows).
    Groups of fewer than 10 rows in either table are listed, by name where they have at least 5
    real rows.

    Raises
    ------
    ParameterError
        `by` names a column that is not compared.
    """
    groups: list[Group] = []
    gaps: list[NotComputed] = []
    names = _default(tables) if by is None else tuple(dict.fromkeys(by))
    for name in names:
        if name not in tables.schema.names:
            raise ParameterError(
                f"subgroups by {name!r}: there is no such column among those compared"
                f"{nearest(name, tables.schema.names)}"
            )
        if tables.schema[name].kind is Kind.DATETIME:
            gaps.append(NotComputed(what=WHAT, column=name, reason="dates make no groups"))
            continue
        found, hidden = _divide(tables, name)
        groups += [group for group in found if _lack(group) is None]
        gaps += [
            NotComputed(what=WHAT, column=f"{name}: {group.name}", reason=reason)
            for group in found
            if (reason := _lack(group)) is not None
        ]
        if hidden:
            gaps.append(NotComputed(what=WHAT, column=name, reason=hidden))
    if not names:
        reason = "the schema names neither sex nor age nor an outcome; name columns"
        gaps.append(NotComputed(what=WHAT, column=None, reason=reason))
    return tuple(groups), tuple(gaps)


def grouping_columns(schema: Schema, scope: Scope) -> tuple[str, ...]:
    """Give the columns whose every relation matters: sex, outcomes, and groups asked for."""
    declared = [column.name for column in schema if column.role is Role.OUTCOME]
    names = (schema.demographics.sex, *declared, *(scope.outcomes or ()), *(scope.by or ()))
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _default(tables: Tables) -> tuple[str, ...]:
    people = tables.schema.demographics
    outcomes = [column.name for column in tables.schema if column.role is Role.OUTCOME]
    named = [name for name in (people.sex, people.age, *outcomes) if name is not None]
    return tuple(dict.fromkeys(named))


def _lack(group: Group) -> str | None:
    for table, rows in (("real", group.real), ("synthetic", group.synthetic)):
        if rows.sum() < FEWEST_ROWS:
            return f"the {table} table has fewer than {FEWEST_ROWS} rows of it"
    return None


def _divide(tables: Tables, name: str) -> tuple[list[Group], str | None]:
    """Give the groups by one column that may be named, and what is said of all others."""
    if tables.schema[name].kind.is_numerical:
        return list(_bands(tables, name)), None
    series = [levels(table.table[name]) for table in (tables.real, tables.synthetic)]
    codes, found = pd.factorize(np.concatenate(series), sort=True)
    real, synthetic = codes[: series[0].size], codes[series[0].size :]
    counts = np.bincount(real[real >= 0], minlength=len(found))
    common = np.argsort(-counts, kind="stable")[:MOST_GROUPS]
    common = np.sort(common[counts[common] >= MIN_CELL])
    groups = [
        Group(name, _text(found[code]), real == code, synthetic == code, real >= 0, synthetic >= 0)
        for code in common
    ]
    left = len(found) - common.size
    reason = f"only the {MOST_GROUPS} commonest levels are compared, and none of fewer than "
    return groups, f"{reason}{MIN_CELL} real rows" if left else None


def _text(level: object) -> str:
    return f"{level:g}" if isinstance(level, float) else str(level)


def _bands(tables: Tables, name: str) -> Iterator[Group]:
    column = tables.schema[name]
    real = numbers(tables.real.table[name], column, "real")
    synthetic = numbers(tables.synthetic.table[name], column, "synthetic")
    present = real[np.isfinite(real)]
    is_age = name == tables.schema.demographics.age
    decades = _decades(present) if is_age else None
    # A decade begins with its round number; a part ends with its quantile.
    side: Literal["left", "right"] = "right" if decades is not None else "left"
    edges = _parts(present, whole=is_age) if decades is None else decades
    titles = _titles(edges, decades=decades is not None)
    places = [np.searchsorted(edges, values, side=side) for values in (real, synthetic)]
    known = [~np.isnan(values) for values in (real, synthetic)]
    for place, title in enumerate(titles):
        rows = [(where == place) & there for where, there in zip(places, known, strict=True)]
        if rows[0].sum() >= MIN_CELL:
            yield Group(name, title, rows[0], rows[1], known[0], known[1])


def _decades(ages: Floats) -> Floats | None:
    """Give the round ages that part decades; None where decades are too small."""
    found, counts = np.unique(ages // DECADE, return_counts=True)
    large = counts >= FEWEST_IN_DECADE
    if not 2 * counts[large].sum() > ages.size:
        return None
    first, last = found[large].min(), found[large].max()
    last = min(last, first + MOST_GROUPS - 3)
    # Those younger than all these decades, and those older, make a group each.
    return DECADE * np.arange(first, last + 2)


def _parts(values: Floats, *, whole: bool) -> Floats:
    n_bands = int(np.clip(values.size // ROWS_PER_BAND, 1, MOST_BANDS))
    if n_bands == 1:
        return np.empty(0)
    ordered, step = np.sort(values), recorded_step(values)
    # The name of a band tells its edge, which must be no patient's value.
    edges = [
        rounded(quantile(ordered, place), quantile_error(ordered, place), step)
        for place in np.arange(1, n_bands) / n_bands
    ]
    return np.unique(np.floor(edges) if whole else edges)


def _titles(edges: Floats, *, decades: bool) -> list[str]:
    ends = [f"{edge:g}" for edge in edges]
    if not ends:
        return ["all"]
    if decades:
        between = [f"{low} to below {high}" for low, high in pairwise(ends)]
        return [f"below {ends[0]}", *between, f"{ends[-1]} and above"]
    between = [f"above {low} to {high}" for low, high in pairwise(ends)]
    return [f"up to {ends[0]}", *between, f"above {ends[-1]}"]
