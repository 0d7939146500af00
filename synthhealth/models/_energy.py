"""An energy over the columns of a reference: fields, pairs and hidden units summed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Energy", "Scores", "learn_energy", "polynomials"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: No score of an outcome is further out before its powers are taken.
_FURTHEST = 2.5

#: How much fields are shrunk beside pairs and hidden units: they mend what pairs do to columns.
_FIELDS_SHRUNK = 0.1

#: Steps of the search for the largest likelihood, at most.
_STEPS = 150


@dataclass(frozen=True)
class Scores:
    """The outcomes of columns as a few numbers each.

    They are polynomials of the normal score in the middle of an outcome's ranks, orthonormal by
    the shares of the outcomes; of a column of few levels they tell all levels apart.

    Attributes
    ----------
    tables : tuple of numpy.ndarray, each of shape (n_outcomes + 1, n_scores)
        By column; the last line is that of what is not known: 0.
    """

    tables: tuple[Floats, ...]

    @classmethod
    def of(cls, shares: Sequence[Floats], degrees: Sequence[int]) -> Scores:
        """Give the scores of columns with these shares of their outcomes."""
        return cls(
            tuple(
                np.vstack([found, np.zeros((1, found.shape[1]))])
                for found in map(polynomials, shares, degrees)
            )
        )

    @property
    def column(self) -> Codes:
        """Of each score the column."""
        widths = [table.shape[1] for table in self.tables]
        return np.repeat(np.arange(len(widths)), widths)

    def __call__(self, codes: Codes) -> Floats:
        """Give the scores of rows, shape (n_rows, n_scores); a code of -1 is not known."""
        columns = [table[codes[:, place]] for place, table in enumerate(self.tables)]
        return np.hstack(columns)


def polynomials(shares: Floats, degree: int) -> Floats:
    """Give orthonormal polynomials of the normal scores of outcomes, without the constant one.

    Parameters
    ----------
    shares : numpy.ndarray, shape (n_outcomes,)
        How frequent each is.
    degree : int
        How many, as far as there are as many outcomes.

    Returns
    -------
    numpy.ndarray, shape (n_outcomes, degree or less)
    """
    from scipy.special import ndtri

    degree = min(degree, len(shares) - 1)
    ends = np.cumsum(shares)
    middle = np.clip(ndtri(np.clip(ends - shares / 2, 1e-6, 1 - 1e-6)), -_FURTHEST, _FURTHEST)
    weight = np.sqrt(np.maximum(shares, 1e-12))[:, None]
    powers = middle[:, None] ** np.arange(degree + 1)
    orthogonal, upper = np.linalg.qr(powers * weight)
    found = orthogonal / weight * np.sign(np.diag(upper))
    # The first is 1; outcomes that hardly occur are not told from their neighbours.
    return np.clip(found[:, 1:], -4.0, 4.0)


@dataclass(frozen=True)
class Energy:
    """By how much, as a logarithm, a row is likelier than the reference says, up to a constant.

    Attributes
    ----------
    fields : numpy.ndarray, shape (n_scores,)
    pairs : numpy.ndarray, shape (n_scores, n_scores)
        Above its diagonal, and 0 for two scores of one column.
    hidden : numpy.ndarray, shape (n_hidden, n_scores)
        What drives each hidden unit, which is on or off; both are summed out.
    biases : numpy.ndarray, shape (n_hidden,)
    """

    fields: Floats
    pairs: Floats
    hidden: Floats
    biases: Floats

    def __call__(self, scores: Floats) -> Floats:
        """Give it for rows, shape (n_rows,)."""
        found: Floats = scores @ self.fields + ((scores @ self.pairs) * scores).sum(axis=1)
        driven = scores @ self.hidden.T + self.biases
        return found + np.logaddexp(0.0, driven).sum(axis=1)

    def times(self, factor: float) -> Energy:
        """Give a weaker one; hidden units are driven less."""
        parts = (self.fields, self.pairs, self.hidden, self.biases)
        return Energy(*(one * factor for one in parts))

    def rounded(self, decimals: int) -> Energy:
        """Give one with so many decimals."""
        parts = (self.fields, self.pairs, self.hidden, self.biases)
        return Energy(*(np.round(one, decimals) + 0.0 for one in parts))


def learn_energy(
    real: Floats,
    drawn: Floats,
    column: Codes,
    *,
    shrinkage: float,
    n_hidden: int,
    rng: np.random.Generator,
    follow: Callable[[], None],
) -> Energy:
    """Learn to tell patients from rows of the reference.

    The best classifier of the two knows by how much the one law is larger than the other (noise
    contrast; Gutmann and Hyvarinen, 2010, *Noise-contrastive estimation: A new estimation principle
    for unnormalized statistical models*).

    Parameters
    ----------
    real, drawn : numpy.ndarray, shape (n_rows, n_scores)
        Scores of patients, and of rows that the reference has drawn.
    column : numpy.ndarray, shape (n_scores,)
        The column of each score.
    shrinkage : float
        The weight of the squares of pairs and hidden units beside the mean loss of a patient.
    n_hidden : int
        Hidden units.
    follow : callable
        Called after each step.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    n_scores = len(column)
    above = np.triu(column[:, None] != column[None, :])
    n_pairs = int(above.sum())
    rows = np.vstack([real, drawn])
    is_real = np.arange(len(rows)) < len(real)
    odds = np.log(len(real) / len(drawn))

    def parts(values: Floats) -> tuple[float, Energy]:
        constant, values = float(values[0]), values[1:]
        fields, values = values[:n_scores], values[n_scores:]
        pairs = np.zeros((n_scores, n_scores))
        pairs[above], values = values[:n_pairs], values[n_pairs:]
        hidden = values[: n_hidden * n_scores].reshape(n_hidden, n_scores)
        return constant, Energy(fields, pairs, hidden, values[n_hidden * n_scores :])

    def loss(values: Floats) -> tuple[float, Floats]:
        constant, energy = parts(values)
        follow()
        told = constant + energy(rows) + odds
        losses = np.where(is_real, np.logaddexp(0.0, -told), np.logaddexp(0.0, told))
        shrunk = (energy.pairs**2).sum() + (energy.hidden**2).sum()
        shrunk += _FIELDS_SHRUNK * (energy.fields**2).sum()
        off = (expit(told) - is_real) / len(real)
        on = expit(rows @ energy.hidden.T + energy.biases) * off[:, None]
        slope = np.concatenate(
            [
                [off.sum()],
                off @ rows + shrinkage * _FIELDS_SHRUNK * energy.fields,
                (rows.T @ (rows * off[:, None]))[above] + shrinkage * energy.pairs[above],
                (on.T @ rows + shrinkage * energy.hidden).ravel(),
                on.sum(axis=0),
            ]
        )
        return float(losses.sum() / len(real) + shrinkage / 2 * shrunk), slope

    start = np.zeros(1 + n_scores + n_pairs + n_hidden * (n_scores + 1))
    first = 1 + n_scores + n_pairs
    # Hidden units that begin alike would stay alike.
    start[first : first + n_hidden * n_scores] = 0.1 * rng.normal(size=n_hidden * n_scores)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    return parts(found.x)[1]
