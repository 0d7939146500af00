"""Correlations of the normal scores behind columns, of numbers and of levels alike.

Behind each column one thinks a normal score that is cut into its values: behind a number that
hardly two patients share into as many pieces as there are patients, behind a yes or no into two
(Olsson, 1979, *Maximum likelihood estimation of the polychoric correlation coefficient*). What is
seen of a score is its mean within its piece. Two columns' seen scores correlate less than those
behind them, by an amount that the pieces alone decide; that is undone here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Pieces", "latent_correlations", "level_order", "pieces_of", "shrunken"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: A column is cut into no more pieces; more do not move a correlation.
MOST_PIECES = 1_000

#: Terms of the series that says how much weaker the seen correlation is, and halvings in which it
#: is undone.
_TERMS, _HALVINGS = 40, 30

#: No correlation is taken to be larger: beyond that the series has not enough terms.
LARGEST = 0.98

#: Rounds of finding common causes, and how much of a column they explain at most.
_ROUNDS, _MOST = 20, 0.9

#: What a pair has for itself is kept as far as it lies beyond so many standard errors.
_EXCEPTIONAL = 1.5

#: The largest correlation that is kept of few patients.
_LARGEST_KEPT = 0.99

#: The smallest eigenvalue that is kept: no column follows from all others together. A larger one
#: would part the columns that are nearly one, such as leukocytes and neutrophils.
_SMALLEST = 0.02

#: With how many rows all levels speak where one is given its place among the others.
_LEVEL_STRENGTH = 5.0


class Pieces:
    """How the normal score behind one column is cut.

    Parameters
    ----------
    counts : numpy.ndarray of int64, shape (n_pieces,)
        The rows of each piece, from the lowest to the highest; none is 0.

    Attributes
    ----------
    scores : numpy.ndarray, shape (n_pieces,)
        The mean of the normal score within each piece.
    series : numpy.ndarray, shape (n_terms,)
        The coefficients of the seen score in normalised Hermite polynomials, from the first on.
    """

    def __init__(self, counts: Codes) -> None:
        from scipy.special import ndtri
        from scipy.stats import norm

        shares = counts / counts.sum()
        ends = np.concatenate([[0.0], np.cumsum(shares)[:-1], [1.0]])
        bounds = ndtri(ends)
        density = norm.pdf(bounds)
        self.scores: Floats = (density[:-1] - density[1:]) / shares
        self.series = np.empty(_TERMS)
        inner = np.where(np.isfinite(bounds), bounds, 0.0)
        before, now = np.zeros_like(inner), np.ones_like(inner)
        for term in range(1, _TERMS + 1):
            weighted = now * density
            self.series[term - 1] = self.scores @ (weighted[:-1] - weighted[1:]) / np.sqrt(term)
            before, now = now, (inner * now - np.sqrt(term - 1) * before) / np.sqrt(term)


def latent_correlations(columns: Sequence[Codes]) -> Floats:
    """Give the correlations of the normal scores behind columns.

    For each pair the mean product of the seen scores is a rising power series in the correlation
    of those behind them (Mehler's formula), which is solved: of two numbers without ties it is the
    correlation of normal scores (van der Waerden), of levels nearly the polychoric and polyserial
    correlation. Ranks alone count, so that no extreme value bends it.

    Parameters
    ----------
    columns : sequence of numpy.ndarray of int64, each of shape (n_rows,)
        Of each column the piece of each row, from the lowest, 0, on; none is empty.

    Returns
    -------
    numpy.ndarray, shape (n_columns, n_columns)
        Pair by pair; there may be no law that has all of them together.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> score = rng.normal(size=5_000)
    >>> other = 0.6 * score + 0.8 * rng.normal(size=5_000)
    >>> above = (other > 0.5).astype(np.int64)
    >>> rank = np.argsort(np.argsort(score)) // 10
    >>> float(latent_correlations([rank, above])[0, 1].round(1))
    0.6
    """
    pieces = [Pieces(np.bincount(codes)) for codes in columns]
    seen = np.column_stack([one.scores[codes] for one, codes in zip(pieces, columns, strict=True)])
    products = seen.T @ seen / len(seen)
    series = np.column_stack([one.series for one in pieces])
    low, high = np.full_like(products, -LARGEST), np.full_like(products, LARGEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        reached = np.zeros_like(middle)
        for coefficients in series[::-1]:
            reached = middle * (reached + np.outer(coefficients, coefficients))
        is_below = reached < products
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    found = (low + high) / 2
    np.fill_diagonal(found, 1.0)
    return found


def pieces_of(values: Floats) -> Codes:
    """Give the piece of each number: its rank, or a group of ranks where there are very many."""
    different, codes = np.unique(values, return_inverse=True)
    if len(different) <= MOST_PIECES:
        return codes.reshape(-1)
    ends = np.cumsum(np.bincount(codes))
    groups = (ends - 1) * MOST_PIECES // len(values)
    return np.unique(groups[codes], return_inverse=True)[1].reshape(-1)


def level_order(levels: Codes, others: Floats, n_levels: int) -> Codes:
    """Give the order of levels in which they have most to do with other columns.

    The levels are ordered along the direction in which the means of the other columns differ most
    between them (optimal scaling; Gifi, 1990, *Nonlinear Multivariate Analysis*).

    Parameters
    ----------
    levels : numpy.ndarray of int64, shape (n_rows,)
    others : numpy.ndarray, shape (n_rows, n_scores)
        Scores of the other columns, with mean 0.
    n_levels : int
        How many levels there are, also where some have no row here.

    Returns
    -------
    numpy.ndarray of int64, shape (n_levels,)
        The place of each level.
    """
    counts = np.bincount(levels, minlength=n_levels).astype(float)
    sums = np.column_stack(
        [np.bincount(levels, weights=one, minlength=n_levels) for one in others.T]
    )
    means = sums / (counts + _LEVEL_STRENGTH)[:, None]
    direction = np.linalg.svd(means * np.sqrt(counts)[:, None], full_matrices=False)[2][0]
    direction = direction * (1.0 if direction[np.argmax(np.abs(direction))] > 0 else -1.0)
    places = np.empty(len(counts), dtype=np.int64)
    places[np.argsort(means @ direction, kind="stable")] = np.arange(len(counts))
    return places


def shrunken(correlations: Floats, error: float, n_rows: int | None = None) -> Floats:
    """Keep of correlations what is more than chance, and let all of them be possible together.

    They are taken apart into what common causes of all columns explain, as many of them as stand
    out of the noise (the eigenvalues beyond the edge of a random matrix, shrunk as it inflates
    them; Gavish and Donoho, 2017, *Optimal shrinkage of singular values*), and what each pair has
    for itself. That is shrunk by as much as it is chance in all pairs together (Efron and Morris,
    1973, *Stein's estimation rule and its competitors*), and less where a pair stands out.

    Parameters
    ----------
    correlations : numpy.ndarray, shape (n_columns, n_columns)
    error : float
        The standard error of the inverse hyperbolic tangent of each.
    n_rows : int, optional
        Rows that they were taken from. With more columns than rows the largest eigenvalues are
        these very rows, and so many more of them are noise (Marchenko and Pastur, 1967).

    Returns
    -------
    numpy.ndarray, shape (n_columns, n_columns)
        Positive definite, and rounded to what the error lets one know.

    Examples
    --------
    >>> shrunken(np.array([[1.0, 0.1], [0.1, 1.0]]), 0.14).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    size = len(correlations)
    if size < 2:
        return np.eye(size)
    pairs = np.triu_indices(size, 1)
    scores = np.arctanh(np.clip(correlations[pairs], -_LARGEST_KEPT, _LARGEST_KEPT))
    beyond = size / n_rows if n_rows and size > n_rows else 0.0
    common = _common(_symmetric(np.tanh(scores), pairs, size), error, beyond)
    common = np.arctanh(common[pairs])
    own = scores - common
    true = max(float(np.mean(own**2)) - error**2, 0.0)
    alone = 1 - (_EXCEPTIONAL * error / np.maximum(np.abs(own), error / 10)) ** 2
    kept: Floats = np.tanh(common + own * np.maximum(true / (true + error**2), alone))
    decimals = int(np.ceil(-np.log10(error))) + 1
    found = _symmetric(np.round(kept, decimals), pairs, size) + np.eye(size)
    return _definite(found, _SMALLEST)


def _symmetric(values: Floats, pairs: tuple[npt.NDArray[np.int64], ...], size: int) -> Floats:
    matrix = np.zeros((size, size))
    matrix[pairs] = values
    return matrix + matrix.T


def _common(correlations: Floats, error: float, beyond: float) -> Floats:
    """Give what common causes explain of correlations that are off by so much; diagonal 0."""
    size = len(correlations)
    edge: float = 4 * size * error**2
    if beyond:
        edge = (2 * error * size**0.5 + beyond) ** 2
    explained = np.zeros(size)
    common = np.zeros_like(correlations)
    for _ in range(_ROUNDS):
        values, vectors = np.linalg.eigh(correlations + np.diag(explained))
        stand_out = (values > 0) & (values**2 > edge)
        shrunk = np.sqrt(np.where(stand_out, values**2 - edge, 0.0))
        common = (vectors * shrunk) @ vectors.T
        explained = np.minimum(np.diag(common), _MOST)
    np.fill_diagonal(common, 0.0)
    return np.clip(common, -_LARGEST_KEPT, _LARGEST_KEPT)


def _definite(correlations: Floats, smallest: float) -> Floats:
    """Give correlations that columns can have together, with no smaller eigenvalue."""
    values, vectors = np.linalg.eigh(correlations)
    if values[0] >= smallest:
        return correlations
    mended = (vectors * np.maximum(values, smallest)) @ vectors.T
    spread = np.sqrt(np.diag(mended))
    mended = mended / spread / spread[:, None]
    np.fill_diagonal(mended, 1.0)
    return np.asarray((mended + mended.T) / 2)
