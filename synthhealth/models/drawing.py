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


def sample_known(
    model: Model, preparation: Preparation, conditions: Known, *, seed: int
) -> pd.DataFrame:
    """Draw one plain row for each row of the conditions.

    Values are met. Ranges are met, too, by a model that has to search for values; otherwise who
    calls looks which rows lie in them.

    Raises
    ------
    ConditionError
        Too few matching rows were found.
    """
    form, known = preparation.form, conditions.values
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
            ranges = conditions.rows(group).ranges
            plain = _draw_until_matched(model, preparation, wanted, ranges, seed=part_seed)
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
    model: Model,
    preparation: Preparation,
    wanted: pd.DataFrame,
    ranges: Mapping[str, npt.NDArray[np.float64]],
    *,
    seed: int,
) -> pd.DataFrame:
    form = preparation.form
    asked = np.hstack([wanted.to_numpy(), *ranges.values()])
    combinations, combination = np.unique(asked, axis=0, return_inverse=True)
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
        aligned = preparation.aligned(plain) if ranges else plain
        for combo, waiting in zip(combinations, open_places, strict=True):
            if waiting:
                is_met = (np.abs(values - combo[: len(widths)]) <= widths).all(axis=1)
                for place, name in enumerate(ranges):
                    low, high = combo[len(widths) + 2 * place :][:2]
                    is_met &= form[name].in_range(aligned[name].to_numpy(), low, high)
                matches = np.flatnonzero(is_met)
                taken = matches[: len(waiting)]
                found.append(plain.iloc[taken])
                places.extend(int(place) for place in waiting[: len(taken)])
                del waiting[: len(taken)]
        drawn += batch
        batch *= 4
    if len(places) < len(wanted):
        raise ConditionError(
            f"conditions on {[*wanted.columns, *ranges]}: {len(places)} of {len(wanted)} rows that "
            f"meet them were found in {drawn:,} draws; the combination is rare in what the model "
            "learned: ask for fewer rows, condition on fewer columns, or use the model "
            "'autoregressive', 'bayesian_network', 'boltzmann', 'causal_gan', 'diffusion', "
            "'gaussian_copula', 'hybrid' or 'trees', which condition directly"
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
#: Draws of which not one kept the rules, before it is given up: more would hardly find any.
MAX_IN_VAIN = 50_000
#: Draws, each for all rows that are still wanted, before the search is given up.
MAX_ROUNDS = 200
#: Draws in which a row is replaced only by one with the same gaps.
MATCHED_ROUNDS = 5
#: Draws for each wanted row, and in all, after which ranges are rare, and so many rows that must
#: then lie in them: their values are drawn again, and the rest of the rows anew around them.
RARE_TRIES, RARE_AFTER, FEWEST_MET = 20, 50_000, 20
_LARGEST_PART = 100_000

Places = npt.NDArray[np.int64]


def draw_rows(
    model: Model, preparation: Preparation, n: int, known: Known | None, *, seed: int
) -> tuple[Rows, int]:
    """Draw `n` rows that keep the rules; those that break one are drawn again.

    A rule that cannot be known, because a value is missing, is kept: were rows just drawn again,
    those with gaps would become more frequent. A row is therefore replaced by one with the same
    gaps in the columns of the rules, as long as such a one is found.

    Ranges are met by drawing until rows lie in them, which is exact. A family that draws around
    known values needs not wait for rare ones: values that lie in them, of the rows found, are drawn
    again, and the other columns anew around these.

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
        How many were drawn for them, of those in the ranges.

    Raises
    ------
    ConditionError
        Too few rows were found.
    """
    waiting = np.arange(n)
    gaps = np.zeros(n, dtype=np.int64)
    found: list[Rows] = []
    places: list[Places] = []
    n_drawn = n_met = n_kept = n_rounds = 0
    has_ranges = known is not None and bool(known.ranges)
    # In ranges any row will do for all places that know the same.
    kinds = known.kinds() if known is not None and has_ranges else np.arange(n)
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
            is_met = np.ones(batch, dtype=bool)
        else:
            # Each row is tried more often at once from draw to draw, so that few rows with
            # conditions that hardly any patient meets do not cost thousands of small draws. A
            # model that has to search for matching rows would not find so many of them.
            tries = 1
            if isinstance(model, ConditionalModel) or not known.has_values:
                tries = max(1, min(2 * n_drawn, _LARGEST_PART) // waiting.size)
            offers = np.repeat(waiting, tries)
            asked, offered = kinds[waiting], kinds[offers]
            conditions = known.rows(offers)
            plain = sample_known(model, preparation, conditions, seed=part_seed)
            rows = preparation.realise(plain, rng, conditions)
            is_met = conditions.in_ranges(preparation.form, rows.plain)
        drawn_gaps = preparation.gaps_in_rules(rows)
        if not n_rounds:
            gaps = drawn_gaps
        kept = np.flatnonzero(preparation.keeps_rules(rows) & is_met)
        n_drawn, n_kept, n_rounds = n_drawn + len(rows), n_kept + kept.size, n_rounds + 1
        n_met += int(is_met.sum())
        # Of a row that is drawn for a range, the gaps are no more those of a place.
        is_matched = n_rounds <= MATCHED_ROUNDS and not has_ranges
        met, taken = _pair(
            (asked, gaps[waiting] * is_matched), (offered[kept], drawn_gaps[kept] * is_matched)
        )
        places.append(waiting[met])
        found.append(rows.take(kept[taken]))
        waiting = np.delete(waiting, met)
        is_rare = n_drawn >= RARE_TRIES * n + RARE_AFTER
        if known is not None and has_ranges and is_rare and isinstance(model, ConditionalModel):
            known = _settled(known, preparation.form, waiting, kinds, (places, found), rng)
        in_vain = n_drawn >= MAX_IN_VAIN and not n_kept and not has_ranges
        too_many = n_drawn >= MAX_TRIES * n + MAX_REDRAWN or n_rounds >= MAX_ROUNDS or in_vain
        if waiting.size and too_many:
            if known is not None and has_ranges and n_met < n:
                raise _too_rare(model, known, n - waiting.size, n, n_drawn)
            raise ConditionError(
                f"rules: {n - waiting.size:,} of {n:,} rows that keep them were found in "
                f"{n_drawn:,} draws; most often broken is {preparation.weakest_rule(rows)!r}. "
                "Ask for other conditions, or leave the rule out of the schema"
            )
    return Rows.join(found).take(np.argsort(np.concatenate(places), kind="stable")), n_met


def _settled(
    known: Known,
    form: TableForm,
    waiting: Places,
    kinds: Places,
    so_far: tuple[list[Places], list[Rows]],
    rng: np.random.Generator,
) -> Known:
    """Give waiting rows with ranges exact values: those of rows in the same ranges, drawn again."""
    places = np.concatenate(so_far[0])
    drawn = Rows.join(so_far[1]).plain
    for kind in np.unique(kinds[waiting]):
        there = np.flatnonzero(kinds[places] == kind)
        rows = waiting[kinds[waiting] == kind]
        if there.size >= FEWEST_MET:
            known = known.settled(rows, form, drawn.iloc[rng.choice(there, rows.size)])
    return known


def _too_rare(model: Model, known: Known, n_found: int, n: int, n_drawn: int) -> ConditionError:
    other = ""
    if not isinstance(model, ConditionalModel):
        other = ", or use the model 'gaussian_copula', 'hybrid' or 'trees', which finds more"
    return ConditionError(
        f"conditions: {n_found:,} of {n:,} rows with {', '.join(map(repr, known.ranges))} in the "
        f"ranges were found in {n_drawn:,} draws; they are rare in what the model learned: ask "
        f"for wider ranges or for fewer rows{other}"
    )


def _pair(wanted: tuple[Places, Places], offered: tuple[Places, Places]) -> tuple[Places, Places]:
    """Pair what is wanted with what is offered under the same two keys, each at most once."""
    sides = []
    for keys in (wanted, offered):
        side = pd.DataFrame(dict(zip("ab", keys, strict=True)))
        sides.append(side.assign(turn=side.groupby(["a", "b"]).cumcount(), place=side.index))
    pairs = sides[0].merge(sides[1], on=["a", "b", "turn"])
    return pairs["place_x"].to_numpy(), pairs["place_y"].to_numpy()
