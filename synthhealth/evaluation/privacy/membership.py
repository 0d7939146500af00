"""Whether a patient is among those that the model learned, by the rows that lie near."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation.gower import Places, places_of
from synthhealth.evaluation.privacy.fits import Fit
from synthhealth.evaluation.privacy.pooling import Scored, Threat

__all__ = ["DENSITY", "DISTANCE", "Scores", "blocks", "drawn_at_random", "score_members"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

DISTANCE = Threat(
    "Nearest row",
    "Somebody who knows all of a patient's values, and holds the synthetic rows, says that the "
    "patient was among those learned if a row lies close by.",
    "Chen and others 2020; Yan and others 2022",
)
DENSITY = Threat(
    "Density ratio",
    "The same, who also knows other patients of this sort, says so where synthetic rows lie more "
    "densely than such patients do.",
    "DOMIAS: van Breugel and others 2023",
)

#: Patients of either sort that are attacked, and rows in which their like is looked for.
MOST_PATIENTS = 1_000
MOST_ROWS = 20_000
#: Distances held at a time, of 8 bytes.
BLOCK = 4_000_000
#: The reference is all non-members but one of so many parts, which is attacked.
PARTS = 5
#: Widths of the kernel that are tried; each is half the one before.
WIDEST, WIDTHS = 2.0, 7
#: Halvings of the width that predicts best: it smooths over single patients, around whom a model
#: that repeats them is dense.
HALVINGS = 2
#: Synthetic rows that are predicted to choose the width.
MOST_PREDICTED = 500


class Scores(NamedTuple):
    """Both attacks' scores, and the distances to the nearest row, in share of all columns."""

    distance: Scored
    density: Scored
    members: Floats
    non_members: Floats


class _Seen(NamedTuple):
    """What the synthetic rows say of some patients."""

    nearest: Floats
    log_density: Floats  # of each width


def score_members(fit: Fit, rng: np.random.Generator) -> Scores:
    """Score the patients of one fit by two attacks.

    - By the distance to the nearest synthetic row, Gower's (1971) with ranks.
    - By the ratio of the density of the synthetic rows to that of other patients (van Breugel and
      others, 2023). Both are kernel estimates; the kernel, ``exp(-distance / width)`` of Gower's
      distance, is a product over the columns, Laplace's for numbers and Aitchison and Aitken's
      (1976) for levels, as Li and Racine (2003) have it for mixed types. Each has a quarter of
      the width with which its rows predict one another best (Habbema, Hermans and van den Broek,
      1974), which would smooth over copies. The reference are four fifths of the non-members, and
      the last fifth is attacked, in turn.
    """
    chosen = [
        drawn_at_random(n, MOST_PATIENTS, rng) + start
        for n, start in ((fit.n_members, 0), (fit.n_non_members, fit.n_members))
    ]
    rows = drawn_at_random(len(fit.drawn), MOST_ROWS, rng)
    members, others, drawn = places_of(
        [fit.real[chosen[0]], fit.real[chosen[1]], fit.drawn[rows]], fit.categorical
    )
    ours, theirs = _seen(members, drawn), _seen(others, drawn)
    n_columns = fit.real.shape[1]
    return Scores(
        distance=Scored([(-ours.nearest, -theirs.nearest)]),
        density=Scored(list(_ratios(members, others, drawn, (ours, theirs), rng)), mutual=True),
        members=ours.nearest / n_columns,
        non_members=theirs.nearest / n_columns,
    )


def drawn_at_random(n: int, most: int, rng: np.random.Generator) -> Rows:
    """Give the numbers of at most so many of n rows."""
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def blocks(rows: Places, others: Places) -> Iterator[tuple[slice, Floats]]:
    """Give the distances of rows to others, in blocks of bounded size."""
    step = max(BLOCK // max(len(others), 1), 1)
    for start in range(0, len(rows), step):
        part = slice(start, min(start + step, len(rows)))
        yield part, rows.take(part).distances(others)


def _seen(patients: Places, drawn: Places) -> _Seen:
    nearest = np.empty(len(patients))
    log_density = np.empty((WIDTHS, len(patients)))
    for part, distances in blocks(patients, drawn):
        nearest[part] = distances.min(axis=1)
        log_density[:, part] = _log_means(distances)
    return _Seen(nearest, log_density)


def _log_means(distances: Floats) -> Floats:
    """Give the logarithm of the mean kernel of each row, for all widths."""
    least = distances.min(axis=1)
    # Single precision carries the digits that count of a mean, in half the time.
    kernel = np.exp(((least[:, None] - distances) / WIDEST).astype(np.float32))
    found = np.empty((WIDTHS, len(distances)))
    for place in range(WIDTHS):
        if place:
            kernel *= kernel  # half the width
        found[place] = np.log(kernel.mean(axis=1, dtype=np.float64)) - least / (WIDEST / 2**place)
    return found


def _log_volume(drawn: Places) -> Floats:
    """Give the logarithm of what each kernel integrates to, on average over the places."""
    widths = WIDEST / 2.0 ** np.arange(WIDTHS)
    number = np.log(2 * widths - 2 * widths**2 * -np.expm1(-1 / widths))
    level = np.log1p((drawn.n_levels / max(drawn.levels.shape[1], 1) - 1) * np.exp(-1 / widths))
    return drawn.ranks.shape[1] * number + drawn.levels.shape[1] * level


def _narrow_width(distances: Floats, log_volume: Floats) -> int:
    """Give a quarter of the width with which rows predict each other best.

    Each is left out of its own density.

    Parameters
    ----------
    distances : ndarray of shape (n_rows, n_others)
        Infinite to the row itself.
    """
    predicted = _log_means(distances) - log_volume[:, None]
    return min(int(predicted.mean(axis=1).argmax()) + HALVINGS, WIDTHS - 1)


def _width_of_drawn(drawn: Places, log_volume: Floats, rng: np.random.Generator) -> int:
    if len(drawn) < 2:
        return 0
    rows = drawn_at_random(len(drawn), MOST_PREDICTED, rng)
    distances = drawn.take(rows).distances(drawn)
    distances[np.arange(rows.size), rows] = np.inf
    return _narrow_width(distances, log_volume)


def _ratios(
    members: Places,
    others: Places,
    drawn: Places,
    seen: tuple[_Seen, _Seen],
    rng: np.random.Generator,
) -> Iterator[tuple[Floats, Floats]]:
    """Attack each part of the non-members, and the members, with the others as a reference."""
    log_volume = _log_volume(drawn)
    width = _width_of_drawn(drawn, log_volume, rng)
    ours, theirs = (one.log_density[width] for one in seen)
    part_of = rng.permutation(len(others)) % min(PARTS, len(others))
    to_members, to_others = members.distances(others), others.distances(others)
    apart = to_others.copy()
    np.fill_diagonal(apart, np.inf)
    for part in range(min(PARTS, len(others))):
        attacked, known = part_of == part, part_of != part
        among = apart[np.ix_(known, known)]
        width = _narrow_width(among, log_volume) if len(among) > 1 else 0
        yield (
            ours - _log_means(to_members[:, known])[width],
            theirs[attacked] - _log_means(to_others[np.ix_(attacked, known)])[width],
        )
