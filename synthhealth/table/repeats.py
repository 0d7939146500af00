"""Whose combination of values a row has: that of one of a few patients, or nobody's own."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from synthhealth.errors import ParameterError
from synthhealth.schema.roles import quasi_identifiers
from synthhealth.schema.types import MIN_CELL
from synthhealth.table.encoding import ColumnForm
from synthhealth.table.learning import ToLearn
from synthhealth.table.preparation import Preparation, Rows

logger = logging.getLogger("synthhealth.table")

__all__ = ["FULL", "LEVEL", "NOBODY", "WITHIN", "Repeats", "allowed", "scaled"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Where the last digit is more than this share of a standard deviation, half of it may differ.
COARSE = 0.1
#: The last digit of numbers that are written in full, in standard deviations.
FULL = 0.001
#: What may lie between two levels of one column: less than lies between any two.
LEVEL = 0.1
#: What is infinite stands as this number of steps.
LARGEST = 1e12
#: As far, in steps, may rows lie apart that repeat each other.
WITHIN = 1.0 + 1e-6

#: The part of a row that repeats no patient.
NOBODY = 0


def allowed(values: Floats, step: float) -> float:
    """Give by how much two numbers may differ that are the same but for rounding.

    By a unit of the last decimal with which the column is recorded; by less than half of one where
    a unit is more than a tenth of the standard deviation, as of a score from 0 to 3.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        The column; NaN: missing.
    step : float
        The unit in which it is recorded.
    """
    known = values[np.isfinite(values)]
    is_coarse = not known.size or step > COARSE * float(known.std())
    return 0.499 * step if is_coarse else step


def scaled(table: Floats, steps: Sequence[float]) -> Floats:
    """Give a table such that rows match where no column differs by more than 1.

    Parameters
    ----------
    table : ndarray of float64, shape (n_rows, n_columns)
        Numbers, and codes of levels; NaN: missing, which matches what is missing alone.
    steps : sequence of float
        Of each column what `allowed` allows; of levels `LEVEL`.
    """
    steps_apart = np.clip(table / np.asarray(steps), -LARGEST, LARGEST)
    return np.where(np.isnan(steps_apart), -2 * LARGEST, steps_apart)


@dataclass(frozen=True)
class _Combinations:
    """The combinations of some columns that patients have, and in which part each is."""

    places: tuple[int, ...]
    tree: cKDTree
    parts: Codes

    def part_of(self, points: Floats) -> Codes:
        """Give the part of the nearest combination, where it is the same but for rounding."""
        _, nearest = self.tree.query(points[:, self.places], p=np.inf, distance_upper_bound=WITHIN)
        return np.append(self.parts, NOBODY)[nearest]


@dataclass(frozen=True)
class Repeats:
    """Whose combination of values rows have.

    A patient's own combination is one that fewer than `min_cell` patients have, but for rounding:
    that of the quasi-identifiers, or else that of the whole row. The patients who have one are
    divided into parts; patients with the same combination are in one part, and all rows of a
    patient. Nothing else is kept of the patients than their combinations: it is as secret as their
    table, and is never saved.

    Attributes
    ----------
    preparation : Preparation
        Says how numbers are written.
    steps : tuple of float
        By how much two values of each column may differ.
    combinations : tuple of _Combinations
        Those of the quasi-identifiers, and those of the whole rows.
    of_patients : ndarray of int64, shape (n_rows,)
        The part of each row that was learned; 0 for those whose combinations are nobody's own.

    Examples
    --------
    >>> import synthhealth as sh
    >>> from synthhealth.table.learning import prepare
    >>> real = sh.datasets.load_ra_panel()
    >>> rng = np.random.default_rng(0)
    >>> preparation, to_learn = prepare(real, sh.Schema.detect(real), rng)
    >>> repeats = Repeats.learn(preparation, to_learn, 5, np.random.default_rng(0))
    >>> bool((repeats.part_of(to_learn.rows) == repeats.of_patients).all())
    True
    """

    preparation: Preparation
    steps: tuple[float, ...]
    combinations: tuple[_Combinations, ...]
    of_patients: Codes

    @classmethod
    def learn(
        cls, preparation: Preparation, to_learn: ToLearn, n_parts: int, rng: np.random.Generator
    ) -> Repeats:
        """Find the patients' own combinations, and divide the patients into parts.

        Parameters
        ----------
        preparation : Preparation
            Of their table.
        to_learn : ToLearn
            The patients.
        n_parts : int
            In so many parts, numbered from 1.
        rng : numpy.random.Generator
            Divides them.
        """
        values = _values(preparation, to_learn.rows)
        steps = tuple(
            allowed(of_column, _unit(of_column, column)) if column.kind.is_numerical else LEVEL
            for of_column, column in zip(values.T, preparation.form.columns, strict=True)
        )
        points = scaled(values, steps)
        patient = np.arange(len(points))
        if to_learn.subjects is not None:
            patient = np.unique(to_learn.subjects, return_inverse=True)[1].reshape(-1)
        names, learned = preparation.form.names, preparation.learned
        known = tuple(names.index(one) for one in quasi_identifiers(learned) if one in names)
        least = max(learned.min_cell, MIN_CELL)
        whole = _Found.of(points, tuple(range(len(names))), patient, least)
        part, found = None, [whole]
        if known:
            by_both = [_Found.of(points, known, patient, least), whole]
            part = _parted(by_both, patient, n_parts, rng)
            found = found if part is None else by_both
            if part is None:  # visits at several ages chain the patients together
                logger.warning(
                    "guard: so many patients share quasi-identifiers with one another that whole "
                    "rows alone are guarded"
                )
        if part is None:
            part = _parted(found, patient, n_parts, rng)
        if part is None:
            raise ParameterError(
                "guard: so many patients share their rows with one another that no model can be "
                "learned without those of one row; leave the guard out"
            )
        combinations = tuple(one.in_parts(part[patient]) for one in found)
        return cls(preparation, steps, combinations, part[patient])

    def part_of(self, rows: Rows) -> Codes:
        """Give the part of the patient that each row repeats; 0 where it repeats none.

        Parameters
        ----------
        rows : Rows
            Drawn rows.

        Returns
        -------
        ndarray of int64, shape (n_rows,)
        """
        points = scaled(_values(self.preparation, rows), self.steps)
        parts = np.full(len(points), NOBODY)
        for one in self.combinations:
            open_ = parts == NOBODY
            parts[open_] = one.part_of(points[open_])
        return parts


@dataclass(frozen=True)
class _Found:
    """The different combinations of some columns: which one each row has, and which are own."""

    places: tuple[int, ...]
    keys: Floats
    key: Codes
    is_own: Bools

    @classmethod
    def of(cls, points: Floats, places: tuple[int, ...], patient: Codes, least: int) -> _Found:
        keys, key = np.unique(points[:, places], axis=0, return_inverse=True)
        key = key.reshape(-1)
        pairs = np.unique(np.column_stack([key, patient]), axis=0)
        is_own = np.bincount(pairs[:, 0]) < least
        whose = np.split(pairs[:, 1], np.searchsorted(pairs[:, 0], np.arange(1, len(keys))))
        few = np.flatnonzero(is_own)
        if few.size:
            tree = cKDTree(keys, balanced_tree=False)
            alike = tree.query_ball_point(keys[few], r=WITHIN, p=np.inf)
            is_own[few] = [_are_few((whose[other] for other in others), least) for others in alike]
        return cls(places, keys, key, is_own)

    def in_parts(self, part: Codes) -> _Combinations:
        parts = np.full(len(self.keys), NOBODY)
        parts[self.key] = part
        parts[~self.is_own] = NOBODY
        return _Combinations(self.places, cKDTree(self.keys, balanced_tree=False), parts)


def _are_few(patients: Iterable[Codes], least: int) -> bool:
    """Say whether these are fewer than `least` different patients."""
    met: set[int] = set()
    for some in patients:
        met.update(some[:least].tolist())
        if len(met) >= least:
            return False
    return True


def _parted(
    found: Sequence[_Found], patient: Codes, n_parts: int, rng: np.random.Generator
) -> Codes | None:
    """Give the part of each patient; None where more than half of them belong together."""
    n = int(patient.max()) + 1
    ends: list[Codes] = []
    starts: list[Codes] = []
    n_nodes, open_ = n, np.ones(len(patient), dtype=bool)
    for one in found:
        rows = np.flatnonzero(open_ & one.is_own[one.key])
        starts.append(patient[rows])
        ends.append(n_nodes + one.key[rows])
        n_nodes += len(one.keys)
        open_[rows] = False
    start, end = np.concatenate(starts), np.concatenate(ends)
    links = coo_array((np.ones(start.size), (start, end)), shape=(n_nodes, n_nodes))
    _, group = connected_components(links, directed=False)
    has_own = np.zeros(n, dtype=bool)
    has_own[start] = True
    _, group = np.unique(group[:n][has_own], return_inverse=True)
    sizes = np.bincount(group.reshape(-1))
    if 2 * sizes.max(initial=0) > n:
        return None
    # Groups of patients, in any order, cut where a part is full.
    order = rng.permutation(sizes.size)
    middle = np.cumsum(sizes[order]) - sizes[order] / 2
    of_group = np.zeros(sizes.size, dtype=np.int64)
    of_group[order] = np.floor(middle / max(sizes.sum(), 1) * n_parts).astype(np.int64)
    part = np.full(n, NOBODY)
    part[has_own] = 1 + of_group[group.reshape(-1)]
    return part


def _values(preparation: Preparation, rows: Rows) -> Floats:
    """Give rows as numbers: as they are written, or codes of levels; NaN: missing."""
    values = np.empty((len(rows), len(preparation.form.columns)))
    for place, column in enumerate(preparation.form.columns):
        plain = rows.plain[column.name].to_numpy()
        if column.kind.is_numerical:
            plain = column.written(plain)
            limits = preparation.censoring.get(column.name)
            # What lies beyond a detection limit is the same to whoever reads it.
            if limits is not None and limits.below:
                plain = np.maximum(plain, limits.below[-1][0])
            if limits is not None and limits.above:
                plain = np.minimum(plain, limits.above[-1][0])
        values[:, place] = plain
    for name, states in zip(preparation.patterns.columns, rows.states.T, strict=True):
        if name in preparation.form.names:
            values[states > 0, preparation.form.names.index(name)] = np.nan
    return values


def _unit(values: Floats, column: ColumnForm) -> float:
    """Give the unit in which a column is recorded; where in full, a small one."""
    if column.step is not None:
        return column.step
    if column.decimals is not None:
        return float(10.0**-column.decimals)
    known = values[np.isfinite(values)]
    return FULL * float(known.std()) if known.size and known.std() else 1.0
