"""Alpha-precision and beta-recall: whether synthetic rows lie where the real ones do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation.calibration import Draft, Replicates, band_of
from synthhealth.evaluation.encode import Encoded, encode
from synthhealth.evaluation.rows.classifiers import exchanged
from synthhealth.evaluation.rows.compare import EXCHANGEABLE, Cases
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.work import Seeds

__all__ = [
    "MOST_DISTANT",
    "Distances",
    "Rows",
    "compare_support",
    "draw_references",
    "draw_rows",
    "n_products",
    "products",
]


Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Order = npt.NDArray[np.int64]

#: Values beyond this are infinite to the arithmetic of trees.
LARGEST = 1e300
#: Features whose products are formed; of more features, as many principal components.
MOST_FACTORS = 24


@dataclass(frozen=True)
class Rows:
    """The rows of two tables under each other.

    Attributes
    ----------
    plain, scaled : ndarray of shape (n_rows, n_columns), (n_rows, n_features)
        See `Encoded`; infinite numbers are large ones here.
    labels : ndarray of bool of shape (n_rows,)
        Which rows are synthetic.
    columns, features : tuple of str
        Names of the columns of `plain`, and of the columns that those of `scaled` come from.
    categorical : ndarray of bool of shape (n_columns,)
        Which columns of `plain` are codes.
    """

    plain: Floats
    scaled: Floats
    labels: Bools
    columns: tuple[str, ...]
    features: tuple[str, ...]
    categorical: Bools

    @classmethod
    def of(cls, encoded: Encoded) -> Rows:
        """Put the rows of both tables together."""
        real, synthetic = encoded.plain
        return cls(
            plain=np.clip(np.vstack([real, synthetic]), -LARGEST, LARGEST),
            scaled=np.vstack(encoded.scaled),
            labels=np.arange(len(real) + len(synthetic)) >= len(real),
            columns=encoded.columns,
            features=encoded.features,
            categorical=encoded.categorical,
        )

    @classmethod
    def stacked(cls, parts: Sequence[Rows]) -> Rows:
        """Put rows of the same columns under each other."""
        return replace(
            parts[0],
            plain=np.vstack([part.plain for part in parts]),
            scaled=np.vstack([part.scaled for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
        )

    def take(self, rows: Bools | Order) -> Rows:
        """Give some of the rows."""
        return replace(
            self, plain=self.plain[rows], scaled=self.scaled[rows], labels=self.labels[rows]
        )

    def cut(self, most: int) -> Rows:
        """Give at most so many rows of each label; they are in random order already."""
        return self.take(
            np.concatenate([np.flatnonzero(self.labels == one)[:most] for one in (False, True)])
        )

    def shuffled(self, rng: np.random.Generator) -> Rows:
        """Shuffle each column of the synthetic rows by itself."""
        changed = self
        rows = np.flatnonzero(self.labels)
        for name in self.columns:
            changed = changed.with_exchanged(name, rows, rng.permutation(rows))
        return changed

    def with_exchanged(self, name: str, rows: Order, order: Order) -> Rows:
        """Put the values that a column has in some rows into others."""
        plain, scaled = self.plain.copy(), self.scaled.copy()
        place = self.columns.index(name)
        ours = np.flatnonzero(np.array(self.features) == name)
        plain[rows, place] = self.plain[order, place]
        scaled[np.ix_(rows, ours)] = self.scaled[np.ix_(order, ours)]
        return replace(self, plain=plain, scaled=scaled)


def draw_rows(tables: Tables, most: int, rng: np.random.Generator) -> Rows:
    """Take at most so many rows of each table at random."""
    real, synthetic = (
        table.rows(rng.permutation(len(table.table))[:most])
        for table in (tables.real, tables.synthetic)
    )
    return Rows.of(encode([real, synthetic], tables.schema))


def draw_references(tables: Tables, most: int, rng: np.random.Generator) -> Rows:
    """Do the same with a verbatim copy of the real table in place of the synthetic one.

    The copy repeats the real rows, or is cut, to as many rows as the synthetic table has.
    """
    n_real, n_synthetic = len(tables.real.table), len(tables.synthetic.table)
    drawn = rng.permutation(n_real)[:most], rng.permutation(n_synthetic)[:most] % n_real
    real, copy = (tables.real.rows(rows) for rows in drawn)
    return Rows.of(encode([real, copy], tables.schema))


def products(known: Floats, asked: Floats) -> tuple[Floats, Floats]:
    """Give the squares and the products of two features each, of two sets of rows.

    Sums of single features cannot tell a shuffled table from its original, however they are
    weighted; the mean of a product is a correlation. Of more than 24 features, as many leading
    principal components of the rows known are multiplied.
    """
    if known.shape[1] > MOST_FACTORS:
        _, vectors = np.linalg.eigh(known.T @ known)
        leading = vectors[:, : -MOST_FACTORS - 1 : -1]
        known, asked = known @ leading, asked @ leading
    first, second = np.triu_indices(known.shape[1])
    return known[:, first] * known[:, second], asked[:, first] * asked[:, second]


def n_products(features: Floats) -> int:
    """Count them."""
    factors = min(features.shape[1], MOST_FACTORS)
    return factors * (factors + 1) // 2


#: Rows of each table between which distances are measured.
MOST_DISTANT = 300
#: Levels of support over which both are integrated.
LEVELS = np.linspace(0.0, 1.0, 31)
#: Nearest rows among which that of a label is sought first.
NEAR = 64


def compare_support(cases: Cases, seeds: Seeds) -> tuple[Draft, ...]:
    """Measure alpha-precision and beta-recall."""
    labels = exchanged(cases.rows.labels, cases.permutations, seeds.rng("support"))
    found = Distances.of(cases.rows.scaled).figures(labels)
    copy = _figures(cases.copy)
    shuffled = np.array([_figures(rows) for rows in cases.shuffles])
    drafts = []
    for place, name in enumerate(("alpha_precision", "beta_recall")):
        draft = Draft.of(
            name,
            "joint",
            float(found[place, 0]),
            Replicates(found[place, 1:], "permuted"),
            poor_side="low",
            assumption=EXCHANGEABLE,
            copy_of_real=band_of(copy[[place]]),
            shuffled=band_of(shuffled[:, place]),
        )
        drafts.append(replace(draft, blind=float(shuffled[:, place].mean()) >= draft.perfect.low))
    return tuple(drafts)


def _figures(rows: Rows) -> Floats:
    return Distances.of(rows.scaled).figures(rows.labels[None])[:, 0]


@dataclass(frozen=True)
class Distances:
    """Squared distances of all rows to each other, from which any labelling's figures follow.

    Attributes
    ----------
    squared : ndarray of shape (n_rows, n_rows)
    order : ndarray of int of shape (n_rows, n_rows - 1)
        The other rows of each row, nearest first.
    """

    squared: Floats
    order: Order

    @classmethod
    def of(cls, features: Floats) -> Distances:
        """Measure Euclidean distances of rows, of shape (n_rows, n_features)."""
        norms = (features**2).sum(axis=1)
        squared = np.maximum(norms[:, None] + norms - 2 * features @ features.T, 0.0)
        # Equal rows must have the distance 0, and the matrix must be symmetric to the last bit.
        squared = np.where(squared < 1e-9 * (1 + norms[:, None]), 0.0, (squared + squared.T) / 2)
        np.fill_diagonal(squared, -1.0)
        order = np.argsort(squared, axis=1, kind="stable")[:, 1:]
        np.fill_diagonal(squared, 0.0)
        return cls(squared, order)

    def figures(self, labels: Bools) -> Floats:
        """Give the alpha-precision and the beta-recall of each labelling, both integrated.

        Alaa, van Breugel, Saveliev and van der Schaar (2022), on the features themselves. With
        the ball around the real rows' centre that holds the share alpha of them, P(alpha) is the
        share of synthetic rows in it. R(beta) is the share of real rows that have, as near as
        their nearest real row, a synthetic one of the ball that holds the share beta of those
        synthetic rows. A figure is ``1 - 2 * mean(abs(P(alpha) - alpha))``, over 31 levels. Two
        equally large samples of one population have a precision near 1 and a recall near 1/2,
        since either's row is as often the nearest.

        Parameters
        ----------
        labels : ndarray of bool of shape (n_labellings, n_rows)
            Which rows are synthetic.

        Returns
        -------
        ndarray of shape (2, n_labellings)
        """
        from_real, from_synthetic = (self._from_centres(group) for group in (~labels, labels))
        pairs = [
            (
                _precision(near[~ours], near[ours]),
                self._recall(ours, far),
            )
            for ours, near, far in zip(labels, from_real, from_synthetic, strict=True)
        ]
        return np.array(pairs).T

    def _from_centres(self, groups: Bools) -> Floats:
        """Give each row's squared distance from the mean of each group."""
        weights = groups / groups.sum(axis=1, keepdims=True)
        sums = weights @ self.squared
        return np.asarray(sums - (sums * weights).sum(axis=1, keepdims=True) / 2)

    def _recall(self, labels: Bools, from_centre: Floats) -> float:
        real = np.flatnonzero(~labels)
        nearest_real = self._nearest(real, ~labels)
        nearest_synthetic = self._nearest(real, labels)
        covered = self.squared[real, nearest_synthetic] <= self.squared[real, nearest_real]
        reached = from_centre[nearest_synthetic]
        return _agreement(reached[covered], np.quantile(reached, LEVELS), real.size)

    def _nearest(self, rows: Order, group: Bools) -> Order:
        near = self.order[rows, :NEAR]
        found = group[near]
        first = found.argmax(axis=1)
        nearest = near[np.arange(rows.size), first]
        lost = np.flatnonzero(~found.any(axis=1))
        if lost.size:
            far = self.order[rows[lost]]
            nearest[lost] = far[np.arange(lost.size), group[far].argmax(axis=1)]
        return np.asarray(nearest)


def _precision(real: Floats, synthetic: Floats) -> float:
    return _agreement(synthetic, np.quantile(real, LEVELS), synthetic.size)


def _agreement(distances: Floats, radii: Floats, n: int) -> float:
    within = np.searchsorted(np.sort(distances), radii * (1 + 1e-9), side="right") / n
    return float(1 - 2 * np.abs(within - LEVELS).mean())
