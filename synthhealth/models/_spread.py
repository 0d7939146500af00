"""Levels as intervals of the unit range, so that a copula can treat a category as a number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def level_edges(codes: Codes) -> Floats:
    """Give the ends of the levels' intervals, each as wide as the level's share of the rows.

    Returns
    -------
    numpy.ndarray, shape (number of levels + 1,)
        From 0 to 1.
    """
    shares = np.bincount(codes) / len(codes)
    edges = np.concatenate([[0.0], np.cumsum(shares)])
    edges[-1] = 1.0
    return edges


def spread(codes: Codes, edges: Floats) -> Floats:
    """Draw for each row a value within its level's interval, from numpy's global generator."""
    return edges[codes] + np.random.random_sample(len(codes)) * np.diff(edges)[codes]


def gather(values: Floats, edges: Floats) -> Codes:
    """Give the level into whose interval each value falls."""
    return np.searchsorted(edges[1:-1], values, side="right").astype(np.int64)
