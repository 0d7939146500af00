"""Rows that keep the schema's rules and meet the conditions, from any model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ConditionError
from synthhealth.models.base import ConditionalModel, Model
from synthhealth.models.seeding import derive_seed
from synthhealth.table.encoding import TableForm
from synthhealth.table.known import Known
from synthhealth.table.preparation import Preparation, Rows

__all__ = ["draw_rows", "sample_known"]


#: Rows drawn in all before the search for matching ones is given up.
MAX_DRAWN = 500_000
_LARGEST_BATCH = 50_000

#: A drawn number matches a wanted one within this share of the column's interquartile range.
TOLERANCE = 0.05


def sample_known(model: Model, form: TableForm, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Draw one plain row for each row of `known`.

    Parameters
    ----------
    known : pandas.DataFrame
        Some columns in the plain form. NaN: not known in this row.

    Raises
    ------
    ConditionError
        Too few matching rows were found.
    """
    rows = np.arange(len(known))
    drawn: list[pd.DataFrame] = []
    places: list[npt.NDArray[np.int64]] = []
    for part, group in enumerate(_groups(known)):
        columns = known.columns[known.iloc[group[0]].notna()]
        wanted = known.iloc[group][columns]
        part_seed = derive_seed(seed, part)
        if not len(columns):
            plain = model.sample(len(group), seed=part_seed)
        elif isinstance(model, ConditionalModel):
            plain = model.sample_given(wanted.astype(_plain_types(form, columns)), seed=part_seed)
        else:
            plain = _draw_until_matched(model, form, wanted, seed=part_seed)
        drawn.append(plain)
        places.append(rows[group])
    order = np.argsort(np.concatenate(places))
    return pd.concat(drawn, ignore_index=True).iloc[order].reset_index(drop=True)


def _groups(known: pd.DataFrame) -> list[npt.NDArray[np.int64]]:
    """Give the places of the rows that know the same columns."""
    patterns = known.notna().to_numpy()
    _, group = np.unique(patterns, axis=0, return_inverse=True)
    group = group.reshape(-1)
    return [np.flatnonzero(group == one) for one in range(group.max() + 1)]


def _plain_types(form: TableForm, columns: pd.Index) -> Mapping[str, type]:
    return {name: float if form[name].kind.is_numerical else int for name in columns}


def _draw_until_matched(
    model: Model, form: TableForm, wanted: pd.DataFrame, *, seed: int
) -> pd.DataFrame:
    combinations, combination = np.unique(wanted.to_numpy(), axis=0, return_inverse=True)
    combination = combination.reshape(-1)
    open_places = [list(np.flatnonzero(combination == one)) for one in range(len(combinations))]
    found: list[pd.DataFrame] = []
    places: list[int] = []
    widths: list[float] = []
    drawn, batch = 0, max(1_000, 2 * len(wanted))
    while len(places) < len(wanted) and drawn < MAX_DRAWN:
        batch = min(batch, _LARGEST_BATCH, MAX_DRAWN - drawn)
        plain = model.sample(batch, seed=derive_seed(seed, drawn))
        values = np.column_stack([_as_written(form, name, plain) for name in wanted.columns])
        widths = widths or [_tolerance(form, name, plain) for name in wanted.columns]
        for combo, waiting in zip(combinations, open_places, strict=True):
            if waiting:
                matches = np.flatnonzero((np.abs(values - combo) <= widths).all(axis=1))
                taken = matches[: len(waiting)]
                found.append(plain.iloc[taken])
                places.extend(int(place) for place in waiting[: len(taken)])
                del waiting[: len(taken)]
        drawn += batch
        batch *= 4
    if len(places) < len(wanted):
        raise ConditionError(
            f"conditions on {list(wanted.columns)}: {len(places)} of {len(wanted)} rows that meet "
            f"them were found in {drawn:,} draws; the combination is rare in what the model "
            "learned: ask for fewer rows, condition on fewer columns, or use the model "
            "'bayesian_network', 'gaussian_copula', 'hybrid' or 'trees', which condition directly"
        )
    matched = pd.concat(found).iloc[np.argsort(places)].reset_index(drop=True)
    for name in wanted.columns:
        matched[name] = wanted[name].to_numpy().astype(matched[name].dtype)
    return matched


def _as_written(form: TableForm, name: str, plain: pd.DataFrame) -> npt.NDArray[np.float64]:
    values = plain[name].to_numpy()
    return form[name].within_limits(values) if form[name].kind.is_numerical else values


def _tolerance(form: TableForm, name: str, plain: pd.DataFrame) -> float:
    column = form[name]
    if not column.kind.is_numerical:
        return 0.0
    low, high = np.quantile(plain[name], [0.25, 0.75])
    smallest = column.step or 0.0
    if column.decimals is not None:
        smallest = 10.0**-column.decimals
    return max(smallest / 2, TOLERANCE * float(high - low))


#: Rows drawn for each wanted one, and in all, before the search is given up.
MAX_TRIES, MAX_REDRAWN = 20, 500_000
#: Draws, each for all rows that are still wanted, before the search is given up.
MAX_ROUNDS = 200
#: Draws in which a row is replaced only by one with the same gaps.
MATCHED_ROUNDS = 5
_LARGEST_PART = 100_000

Places = npt.NDArray[np.int64]


def draw_rows(
    model: Model, preparation: Preparation, n: int, known: Known | None, *, seed: int
) -> tuple[Rows, int]:
    """Draw `n` rows that keep the rules; those that break one are drawn anew.

    A rule that cannot be known, because a value is missing, is kept: were rows just drawn anew,
    those with gaps would become more frequent. A row is therefore replaced by one with the same
    gaps in the columns of the rules, as long as such a one is found.

    Parameters
    ----------
    model : Model
        Fitted on the preparation's to_learn.
    preparation : Preparation
        Knows the rules.
    n : int
        Number of rows.
    known : Known or None
        Conditions on the rows, in their order.
    seed : int

    Returns
    -------
    Rows
        `n` of them.
    n_drawn : int
        How many were drawn for them.

    Raises
    ------
    ConditionError
        Too few rows were found.
    """
    waiting = np.arange(n)
    gaps = np.zeros(n, dtype=np.int64)
    found: list[Rows] = []
    places: list[Places] = []
    n_drawn = n_kept = n_rounds = 0
    while waiting.size:
        part_seed = derive_seed(seed, n_drawn, 0)
        rng = np.random.default_rng(derive_seed(seed, n_drawn, 1))
        if known is None:
            # As many as will do, if the rules are kept as often as so far.
            rate = (n_kept + 1) / (n_drawn + 1)
            batch = waiting.size if not n_drawn else int(1.1 * waiting.size / rate) + 10
            batch = min(batch, max(waiting.size, _LARGEST_PART))
            rows = preparation.realise(model.sample(batch, seed=part_seed), rng)
            # Any row will do for any place.
            asked, offered = np.zeros_like(waiting), np.zeros(batch, dtype=np.int64)
        else:
            # Each row is tried more often at once from draw to draw, so that few rows with
            # conditions that hardly any patient meets do not cost thousands of small draws. A
            # model that has to search for matching rows would not find so many of them.
            tries = 1
            if isinstance(model, ConditionalModel):
                tries = max(1, min(2 * n_drawn, _LARGEST_PART) // waiting.size)
            asked, offered = waiting, np.repeat(waiting, tries)
            conditions = known.rows(offered)
            plain = sample_known(model, preparation.form, conditions.values, seed=part_seed)
            rows = preparation.realise(plain, rng, conditions)
        drawn_gaps = preparation.gaps_in_rules(rows)
        if not n_rounds:
            gaps = drawn_gaps
        kept = np.flatnonzero(preparation.keeps_rules(rows))
        n_drawn, n_kept, n_rounds = n_drawn + len(rows), n_kept + kept.size, n_rounds + 1
        is_matched = n_rounds <= MATCHED_ROUNDS
        met, taken = _pair(
            (asked, gaps[waiting] * is_matched), (offered[kept], drawn_gaps[kept] * is_matched)
        )
        places.append(waiting[met])
        found.append(rows.take(kept[taken]))
        waiting = np.delete(waiting, met)
        too_many = n_drawn >= MAX_TRIES * n + MAX_REDRAWN or n_rounds >= MAX_ROUNDS
        if waiting.size and too_many:
            raise ConditionError(
                f"rules: {n - waiting.size:,} of {n:,} rows that keep them were found in "
                f"{n_drawn:,} draws; most often broken is {preparation.weakest_rule(rows)!r}. "
                "Ask for other conditions, or leave the rule out of the schema"
            )
    return Rows.join(found).take(np.argsort(np.concatenate(places), kind="stable")), n_drawn


def _pair(wanted: tuple[Places, Places], offered: tuple[Places, Places]) -> tuple[Places, Places]:
    """Pair what is wanted with what is offered under the same two keys, each at most once."""
    sides = []
    for keys in (wanted, offered):
        side = pd.DataFrame(dict(zip("ab", keys, strict=True)))
        sides.append(side.assign(turn=side.groupby(["a", "b"]).cumcount(), place=side.index))
    pairs = sides[0].merge(sides[1], on=["a", "b", "turn"])
    return pairs["place_x"].to_numpy(), pairs["place_y"].to_numpy()
