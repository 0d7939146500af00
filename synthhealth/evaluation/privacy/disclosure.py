"""Whether a secret of a patient can be guessed by somebody who knows their age and sex."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation.gower import Places, places_of
from synthhealth.evaluation.privacy.fits import Fit, quasi_identifiers, secrets
from synthhealth.evaluation.privacy.membership import (
    MOST_PATIENTS,
    MOST_ROWS,
    blocks,
    drawn_at_random,
)
from synthhealth.evaluation.privacy.pooling import Threat, Tried

__all__ = ["SECRETS", "Guesses", "guess_secrets"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

SECRETS = Threat(
    "Guessing secrets",
    "Somebody who knows a patient's quasi-identifiers, and holds the synthetic rows, guesses what "
    "else is true of the patient from the rows that are most alike.",
    "El Emam and others 2020; Francis and Wagner 2024",
)

#: A number is guessed right where so many of 100 patients, at most, lie between guess and truth.
TOLERANCE = 0.05
#: Synthetic rows that are equally near and are asked, at most.
MOST_ASKED = 25


class Guesses(NamedTuple):
    """How often all secrets of a patient, and those of each column, are guessed right."""

    overall: Tried
    columns: dict[str, Tried]


def guess_secrets(fit: Fit, rng: np.random.Generator) -> Guesses:
    """Guess each secret of the patients of one fit from the synthetic rows nearest to them.

    Nearest by Gower's distance over the quasi-identifiers; of several rows that are as near, the
    median of numbers and the commonest level are taken. A level is right if it is the same. A
    number is right if at most 5 % of the patients lie between it and the truth. Without the
    release, one guesses the commonest level, or the number that is right for most.

    What is known of a patient's like is not a secret of the patient (Francis and Wagner, 2024):
    only what is guessed better of members than of non-members is.
    """
    known = fit.places(quasi_identifiers(fit.schema))
    members = drawn_at_random(fit.n_members, MOST_PATIENTS, rng)
    others = drawn_at_random(fit.n_non_members, MOST_PATIENTS, rng) + fit.n_members
    attacked = np.concatenate([members, others])
    # Shuffled: of rows that are as near, some are asked.
    rows = rng.permutation(len(fit.drawn))[:MOST_ROWS]
    patients, drawn = places_of(
        [fit.real[attacked][:, known], fit.drawn[rows][:, known]], fit.categorical[known]
    )
    asked = _nearest(patients, drawn)
    columns: dict[str, Tried] = {}
    right = np.full((len(attacked), 0), np.nan)
    for name, place in zip(secrets(fit.schema), fit.places(secrets(fit.schema)), strict=True):
        every = fit.real[:, place]
        if np.unique(every[~np.isnan(every)]).size < 2:
            continue  # nothing to guess
        judge = _level_right if fit.categorical[place] else _number_right
        found, chance = judge(every, every[attacked], _asked(fit.drawn[rows, place], asked))
        right = np.column_stack([right, found])
        columns[name] = _tried(found, members.size, chance)
    overall = _tried(
        _known_means(right),
        members.size,
        float(np.mean([one.chance for one in columns.values()])) if columns else 0.0,
    )
    return Guesses(overall, columns)


def _nearest(patients: Places, drawn: Places) -> Rows:
    """Give the rows nearest to each patient, some of those equally near; -1 fills up."""
    most = min(MOST_ASKED, len(drawn))
    found = np.empty((len(patients), most), dtype=np.intp)
    for part, distances in blocks(patients, drawn):
        rows = np.argpartition(distances, most - 1, axis=1)[:, :most]
        near = np.take_along_axis(distances, rows, axis=1)
        found[part] = np.where(near <= near.min(axis=1, keepdims=True) + 1e-6, rows, -1)
    return found


def _asked(values: Floats, asked: Rows) -> Floats:
    """Give the values of the rows that are asked, missing where there is no such row."""
    return np.where(asked < 0, np.nan, values[asked])


def _level_right(every: Floats, truth: Floats, told: Floats) -> tuple[Floats, float]:
    levels, counts = np.unique(every[~np.isnan(every)], return_counts=True)
    votes = np.column_stack([(told == level).sum(axis=1) for level in levels])
    guess = np.where(votes.any(axis=1), levels[votes.argmax(axis=1)], np.nan)
    return _where_known(truth, guess == truth), float(counts.max() / counts.sum())


def _number_right(every: Floats, truth: Floats, told: Floats) -> tuple[Floats, float]:
    ordered = np.sort(every[~np.isnan(every)])
    told = np.sort(told, axis=1)  # missing ones come last
    n_told = (~np.isnan(told)).sum(axis=1)
    middle = np.take_along_axis(told, np.maximum(n_told - 1, 0)[:, None] // 2, axis=1)[:, 0]
    gaps = np.abs(_place(middle, ordered) - _place(truth, ordered))
    places = _place(ordered, ordered)
    reached = np.searchsorted(places, places + 2 * TOLERANCE + 1e-9, side="right")
    best = float((reached - np.arange(places.size)).max() / places.size)
    return _where_known(truth, gaps <= TOLERANCE + 1e-9), best


def _place(values: Floats, ordered: Floats) -> Floats:
    """Give the share of patients below each value, of those equal to it the half."""
    below, upto = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return np.where(np.isnan(values), np.nan, (below + upto) / (2 * ordered.size))


def _where_known(truth: Floats, right: npt.NDArray[np.bool_]) -> Floats:
    return np.where(np.isnan(truth), np.nan, right.astype(np.float64))


def _known_means(right: Floats) -> Floats:
    known = ~np.isnan(right)
    n = known.sum(axis=1)
    sums = np.where(known, right, 0.0).sum(axis=1)
    return np.where(n > 0, sums / np.maximum(n, 1), np.nan)


def _tried(right: Floats, n_members: int, chance: float) -> Tried:
    parts = (right[:n_members], right[n_members:])
    members, non_members = (part[~np.isnan(part)] for part in parts)
    return Tried(members, non_members, chance)
