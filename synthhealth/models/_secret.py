"""Noise that nobody can draw again: neither from a seed nor from the patients' values."""

from __future__ import annotations

import math
import os
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["Secret"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class Secret:
    """Draws what differential privacy needs, from the randomness of the operating system.

    The seed of a fit decides nothing here: it stands in the saved model, and whoever knows it could
    take the noise away again. Nor does a hash of the patients' values, as for `Blur`: whoever
    has two candidates for a table could compute both noises.

    Parameters
    ----------
    source : callable
        Gives so many random bytes. Another one than the default is for tests alone.
    """

    def __init__(self, source: Callable[[int], bytes] = os.urandom) -> None:
        self._source = source

    def uniforms(self, n: int) -> Floats:
        """Draw numbers between 0 and 1, neither of which is drawn."""
        bits = np.frombuffer(self._source(8 * n), dtype=np.uint64) >> np.uint64(11)
        return (bits.astype(np.float64) + 0.5) / 2.0**53

    def below(self, counts: Counts) -> Counts:
        """Draw a whole number from 0 to below each count."""
        return np.minimum((self.uniforms(len(counts)) * counts).astype(np.int64), counts - 1)

    def gumbels(self, n: int) -> Floats:
        """Draw from Gumbel's law.

        The largest of scores with such noise is drawn in proportion to their exponentials.
        """
        return -np.log(-np.log(self.uniforms(n)))

    def discrete_gaussians(self, n: int, sigma: float) -> Counts:
        """Draw whole numbers with probability in proportion to ``exp(-x² / (2 sigma²))``.

        By rejection from a discrete Laplace law (Canonne, Kamath and Steinke, 2020, algorithm 3).
        Whole numbers have no last digits by which noise of real numbers gives itself away
        (Mironov, 2012).
        """
        scale = math.floor(sigma) + 1
        found = np.zeros(0, dtype=np.int64)
        while found.size < n:
            wanted = 2 * (n - found.size) + 16
            size = np.floor(-scale * np.log(self.uniforms(wanted)))
            negative = self.uniforms(wanted) < 0.5
            likely = np.exp(-((size - sigma**2 / scale) ** 2) / (2 * sigma**2))
            # Zero is drawn with both signs, and counts once.
            is_taken = (self.uniforms(wanted) < likely) & ~(negative & (size == 0))
            drawn = np.where(negative, -size, size)[is_taken].astype(np.int64)
            found = np.concatenate([found, drawn])
        return found[:n]
