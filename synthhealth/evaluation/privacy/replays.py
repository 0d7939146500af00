"""Whether what is rare in a column is replayed: levels of few patients, and extremes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.evaluation.privacy.fits import Fit
from synthhealth.evaluation.privacy.pooling import Threat, Tried
from synthhealth.evaluation.privacy.results import Replay
from synthhealth.evaluation.privacy.uniqueness import step_of
from synthhealth.evaluation.tables import CanonicalTable
from synthhealth.evaluation.values import levels
from synthhealth.schema import Column

__all__ = ["EXTREMES", "RARE_LEVELS", "Replays", "find_replays"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
What = Literal["levels", "extremes"]

EXTREMES = Threat(
    "Extreme values replayed",
    "Somebody who knows that a patient has the largest or smallest result of all finds that very "
    "result in the synthetic rows.",
    "El Emam and others 2020; EMA Policy 0070, outliers",
)
RARE_LEVELS = Threat(
    "Rare levels replayed",
    "Somebody who knows that a patient is one of very few with a diagnosis or an origin finds it "
    "in the synthetic rows.",
    "El Emam and others 2020; EMA Policy 0070, rare categories",
)


class Replays(NamedTuple):
    """What is rare: how many patients' rare values are replayed, and how many of each column's."""

    levels: Tried
    extremes: Tried
    columns: tuple[Replay, ...]


class _Rare(NamedTuple):
    """What is rare in a column: in which patients, in whom of them it is replayed, of how many."""

    rare: Bools
    replayed: Bools
    n: int
    n_replayed: int


def find_replays(fit: Fit) -> Replays:
    """Look for what is rare in the patients of a fit among the synthetic rows.

    - Levels that fewer than `min_cell` patients have.
    - Numbers beyond the `min_cell`-th smallest and largest; a result beyond a detection limit is
      none. The synthetic number must be the same to the last decimal recorded.

    What is rare is so among members and non-members together, so that either are as rare. Of a
    patient with several rare values the share that is replayed counts.
    """
    found: dict[What, list[_Rare]] = {"levels": [], "extremes": []}
    columns: list[Replay] = []
    for place, column in enumerate(fit.schema):
        what: What = "levels" if fit.categorical[place] else "extremes"
        one = _rare_levels(fit, column) if what == "levels" else _extremes(fit, place, column)
        found[what].append(one)
        if one.n:
            columns.append(Replay(column=column.name, what=what, n=one.n, replayed=one.n_replayed))
    return Replays(_tried(fit, found["levels"]), _tried(fit, found["extremes"]), tuple(columns))


def _rare_levels(fit: Fit, column: Column) -> _Rare:
    tables = [*fit.patients, fit.synthetic]
    codes, known = pd.factorize(np.concatenate([levels(one.table[column.name]) for one in tables]))
    n = len(fit.real)
    counts = np.bincount(codes[:n][codes[:n] >= 0], minlength=len(known))
    is_rare = (counts > 0) & (counts < fit.min_cell)
    is_drawn = np.zeros(len(known), dtype=bool)
    is_drawn[codes[n:][codes[n:] >= 0]] = True
    rare, drawn = (np.append(one, False)[codes[:n]] for one in (is_rare, is_rare & is_drawn))
    return _Rare(rare, drawn, int(is_rare.sum()), int((is_rare & is_drawn).sum()))


def _extremes(fit: Fit, place: int, column: Column) -> _Rare:
    real = np.where(_is_beyond(fit.patients, column.name), np.nan, fit.real[:, place])
    drawn = np.where(_is_beyond([fit.synthetic], column.name), np.nan, fit.drawn[:, place])
    known, drawn = np.sort(real[~np.isnan(real)]), np.sort(drawn[~np.isnan(drawn)])
    if known.size <= 2 * fit.min_cell or not drawn.size:
        nobody = np.zeros(len(real), dtype=bool)
        return _Rare(nobody, nobody, 0, 0)
    lowest, highest = known[fit.min_cell - 1], known[-fit.min_cell]
    rare = (real < lowest) | (real > highest)  # of a missing one neither holds
    after = np.clip(np.searchsorted(drawn, real), 0, drawn.size - 1)
    gap = np.fmin(np.abs(drawn[after] - real), np.abs(drawn[np.maximum(after - 1, 0)] - real))
    replayed = rare & (gap < 0.5 * step_of(real, column.decimals))
    return _Rare(rare, replayed, int(rare.sum()), int(replayed.sum()))


def _is_beyond(tables: Sequence[CanonicalTable], name: str) -> Bools:
    """Say which results lie beyond a detection limit, which is the value of nobody."""
    return np.concatenate(
        [
            table.censored[name] != 0
            if name in table.censored
            else np.zeros(len(table.table), dtype=bool)
            for table in tables
        ]
    )


def _tried(fit: Fit, columns: Sequence[_Rare]) -> Tried:
    n = np.sum([one.rare for one in columns], axis=0) if columns else np.zeros(len(fit.real))
    hits = np.sum([one.replayed for one in columns], axis=0) if columns else n
    shares = np.where(n > 0, hits / np.maximum(n, 1), np.nan)
    members, non_members = (part[~np.isnan(part)] for part in fit.parted(shares))
    return Tried(members, non_members)
