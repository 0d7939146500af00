"""Rows that keep the schema's rules and meet the conditions, from any model."""

from __future__ import annotations

import numpy as np

from synthhealth.errors import ConditionError
from synthhealth.models._conditions import sample_known
from synthhealth.models._seeding import derive_seed
from synthhealth.models.base import Model
from synthhealth.schema._known import Known
from synthhealth.schema._preparation import Preparation, Rows

__all__ = ["draw_rows"]

#: Rows drawn for each wanted one, and in all, before the search is given up.
MAX_TRIES, MAX_DRAWN = 20, 500_000
_LARGEST_BATCH = 100_000


def draw_rows(
    model: Model, preparation: Preparation, n: int, known: Known | None, *, seed: int
) -> tuple[Rows, int]:
    """Draw `n` rows that keep the rules; those that break one are drawn anew.

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
    found: list[Rows] = []
    places: list[np.ndarray] = []
    n_drawn = n_kept = 0
    while waiting.size:
        part_seed = derive_seed(seed, n_drawn, 0)
        rng = np.random.default_rng(derive_seed(seed, n_drawn, 1))
        if known is None:
            # As many as will do, if the rules are kept as often as so far.
            rate = (n_kept + 1) / (n_drawn + 1)
            batch = waiting.size if not n_drawn else int(1.1 * waiting.size / rate) + 10
            batch = min(batch, max(waiting.size, _LARGEST_BATCH))
            rows = preparation.realise(model.sample(batch, seed=part_seed), rng)
        else:
            batch, asked = waiting.size, known.rows(waiting)
            plain = sample_known(model, preparation.form, asked.values, seed=part_seed)
            rows = preparation.realise(plain, rng, asked)
        kept = np.flatnonzero(preparation.keeps_rules(rows))
        n_drawn, n_kept = n_drawn + batch, n_kept + kept.size
        if known is None:
            kept = kept[: waiting.size]
            places.append(waiting[: kept.size])
            waiting = waiting[kept.size :]
        else:
            places.append(waiting[kept])
            waiting = np.delete(waiting, kept)
        found.append(rows.take(kept))
        if waiting.size and n_drawn >= MAX_TRIES * n + MAX_DRAWN:
            raise ConditionError(
                f"rules: {n - waiting.size:,} of {n:,} rows that keep them were found in "
                f"{n_drawn:,} draws; most often broken is {preparation.weakest_rule(rows)!r}. "
                "Ask for other conditions, or leave the rule out of the schema"
            )
    return Rows.join(found).take(np.argsort(np.concatenate(places), kind="stable")), n_drawn
