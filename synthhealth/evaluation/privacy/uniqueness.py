"""Whether patients are repeated: their quasi-identifiers, their row, or nearly their row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from synthhealth.evaluation.encode import row_codes
from synthhealth.evaluation.privacy.fits import Fit, quasi_identifiers
from synthhealth.evaluation.privacy.membership import drawn_at_random
from synthhealth.evaluation.privacy.pooling import Threat, Tried
from synthhealth.evaluation.privacy.results import Groups
from synthhealth.evaluation.rounding import recorded_step
from synthhealth.table.repeats import FULL, LEVEL, allowed, scaled

__all__ = [
    "COMBINATIONS",
    "IDENTICAL",
    "NEARLY",
    "find_rows",
    "find_rows_nearly",
    "find_unique_combinations",
    "group_rows",
    "step_of",
]

Floats = npt.NDArray[np.float64]

COMBINATIONS = Threat(
    "Unique combinations",
    "Somebody who knows the quasi-identifiers of a patient who is the only one with them finds a "
    "synthetic row that has them, too, and takes it for the patient.",
    "Article 29 Working Party, Opinion 05/2014: singling out",
)
IDENTICAL = Threat(
    "Identical rows",
    "Somebody who has the table of another hospital, or part of this one, finds the rows that "
    "stand in the synthetic table, too.",
    "Article 29 Working Party, Opinion 05/2014: singling out",
)
NEARLY = Threat(
    "Nearly identical rows",
    "The same, who lets every number differ by the last digit that the laboratory writes.",
    "Article 29 Working Party, Opinion 05/2014: singling out",
)

#: Patients whose like is looked for but for rounding, and rows among which it is.
MOST_NEARLY = 50_000


def find_unique_combinations(fit: Fit) -> Tried:
    """Look for the patients of a fit who alone have their quasi-identifiers.

    Alone among members and non-members together, so that either are as rare. Chance is a table of
    as many rows, each column of which is drawn by itself from the real one.
    """
    known = fit.places(quasi_identifiers(fit.schema))
    codes = row_codes(fit.real[:, known])
    _, place, counts = np.unique(codes, return_inverse=True, return_counts=True)
    alone = counts[place] == 1
    met = np.isin(codes, row_codes(fit.drawn[:, known])).astype(np.float64)
    shares = [_share_of_equal(fit.real[:, column]) for column in known]
    return _tried(fit, np.where(alone, met, np.nan), _by_chance(shares, fit, alone))


def find_rows(fit: Fit) -> Tried:
    """Look for the whole rows of the patients of a fit."""
    met = np.isin(row_codes(fit.real), row_codes(fit.drawn)).astype(np.float64)
    shares = [_share_of_equal(column) for column in fit.real.T]
    return _tried(fit, met, _by_chance(shares, fit))


def find_rows_nearly(fit: Fit, rng: np.random.Generator) -> Tried:
    """Look for rows that differ from those of the patients by rounding only.

    Every number by at most a unit of the last decimal with which its column is recorded; by less
    than half of one where a unit is more than a tenth of the standard deviation, as of a score
    from 0 to 3. Levels, and what is missing, are the same.
    """
    attacked = drawn_at_random(len(fit.real), MOST_NEARLY, rng)
    rows = drawn_at_random(len(fit.drawn), MOST_NEARLY, rng)
    steps = [
        LEVEL if is_level else allowed(values, step_of(values, column.decimals))
        for values, column, is_level in zip(fit.real.T, fit.schema, fit.categorical, strict=True)
    ]
    patients, drawn = (scaled(table, steps) for table in (fit.real[attacked], fit.drawn[rows]))
    distances, _ = cKDTree(drawn, balanced_tree=False).query(
        patients, p=np.inf, distance_upper_bound=1.0 + 1e-6
    )
    met = np.full(len(fit.real), np.nan)
    met[attacked] = np.isfinite(distances)
    return _tried(fit, met, _by_chance([_share_within(column) for column in patients.T], fit))


def group_rows(fit: Fit) -> Groups:
    """Count the synthetic rows that share their quasi-identifiers."""
    names = quasi_identifiers(fit.schema)
    codes = row_codes(fit.drawn[:, fit.places(names)])
    _, counts = np.unique(codes, return_counts=True)
    n = int(counts.sum())
    return Groups(
        columns=names,
        smallest=int(counts.min()),
        alone=int((counts == 1).sum()) / n,
        in_small=int(counts[counts < fit.min_cell].sum()) / n,
    )


def step_of(values: Floats, decimals: int | None) -> float:
    """Give the step in which a column's numbers are recorded; where in full, a small one."""
    known = values[np.isfinite(values)]
    step = 10.0**-decimals if decimals is not None else recorded_step(known) if known.size else 1.0
    if step:
        return step
    return FULL * float(known.std()) or 1.0


def _share_of_equal(values: Floats) -> Floats:
    """Give, of each patient, the share of patients with the same value."""
    codes, _ = pd.factorize(values)
    counts = np.bincount(codes + 1)
    return counts[codes + 1] / values.size


def _share_within(scaled: Floats) -> Floats:
    ordered = np.sort(scaled)
    upto = np.searchsorted(ordered, scaled + 1.0 + 1e-6, "right")
    return (upto - np.searchsorted(ordered, scaled - 1.0 - 1e-6, "left")) / scaled.size


def _by_chance(
    shares: list[Floats], fit: Fit, attacked: npt.NDArray[np.bool_] | None = None
) -> float:
    """Give how many patients a table of independent columns would meet."""
    if attacked is not None and not attacked.any():
        return 0.0
    each = np.prod(shares, axis=0)
    each = each if attacked is None else each[attacked]
    with np.errstate(divide="ignore"):
        return float(np.mean(-np.expm1(len(fit.drawn) * np.log1p(-each))))


def _tried(fit: Fit, met: Floats, chance: float) -> Tried:
    members, non_members = (part[~np.isnan(part)] for part in fit.parted(met))
    return Tried(members, non_members, chance)
