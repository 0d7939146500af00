"""Rows that keep the schema's rules and meet the conditions, from any model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ConditionError
from synthhealth.models._conditions import sample_known
from synthhealth.models._seeding import derive_seed
from synthhealth.models.base import ConditionalModel, Model
from synthhealth.table.known import Known
from synthhealth.table.preparation import Preparation, Rows

__all__ = ["draw_rows"]

#: Rows drawn for each wanted one, and in all, before the search is given up.
MAX_TRIES, MAX_DRAWN = 20, 500_000
#: Draws, each for all rows that are still wanted, before the search is given up.
MAX_ROUNDS = 200
#: Draws in which a row is replaced only by one with the same gaps.
MATCHED_ROUNDS = 5
_LARGEST_BATCH = 100_000

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
        Fitted on the preparation's lesson.
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
            batch = min(batch, max(waiting.size, _LARGEST_BATCH))
            rows = preparation.realise(model.sample(batch, seed=part_seed), rng)
            # Any row will do for any place.
            asked, offered = np.zeros_like(waiting), np.zeros(batch, dtype=np.int64)
        else:
            # Each row is tried more often at once from draw to draw, so that few rows with
            # conditions that hardly any patient meets do not cost thousands of small draws. A
            # model that has to search for matching rows would not find so many of them.
            tries = 1
            if isinstance(model, ConditionalModel):
                tries = max(1, min(2 * n_drawn, _LARGEST_BATCH) // waiting.size)
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
        too_many = n_drawn >= MAX_TRIES * n + MAX_DRAWN or n_rounds >= MAX_ROUNDS
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
