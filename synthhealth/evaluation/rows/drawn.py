"""The rows that are compared as wholes, as matrices; and those of a copy and of a shuffle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation.encode import Encoded, encode
from synthhealth.evaluation.tables import Tables

__all__ = ["Rows", "draw_references", "draw_rows", "n_products", "products"]

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
