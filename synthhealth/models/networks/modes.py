"""The modes of a column of numbers: a Gaussian mixture that finds out how many there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Modes", "find_modes"]

Floats = npt.NDArray[np.float64]

#: Distinct values that the modes of a column are found on; of more a sample of rows is taken, which
#: moves them no further than another table would.
MOST_VALUES = 10_000

#: As scikit-learn's mixture and ctgan have them: the prior concentration of the weights, what is
#: added to each variance, the change of the bound that ends the search, and its longest.
_CONCENTRATION, _LEAST_VARIANCE, _TOLERANCE, _ROUNDS = 0.001, 1e-6, 1e-3, 100


@dataclass(frozen=True)
class Modes:
    """A mixture of normal laws.

    Attributes
    ----------
    weights, centres, deviations : numpy.ndarray, shape (n_modes,)
    offsets : numpy.ndarray, shape (n_modes,)
        Expected log weight and log density at the centre: with minus half the squared distance in
        deviations it is the log of how likely a value is of a mode, up to a constant.
    """

    weights: Floats
    centres: Floats
    deviations: Floats
    offsets: Floats

    def log_chances(self, values: Floats) -> Floats:
        """Give how likely each value is of each mode, as logarithms up to a constant.

        Returns
        -------
        numpy.ndarray, shape (len(values), n_modes)
        """
        away = (values[:, None] - self.centres) / self.deviations
        chances: Floats = self.offsets - 0.5 * away * away
        return chances

    def above(self, least: float) -> Modes:
        """Give those whose weight is above `least`."""
        kept = self.weights > least
        return Modes(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))


def find_modes(values: Floats, n_modes: int) -> Modes:
    """Find at most `n_modes` modes; those that are not needed keep next to no weight.

    It is the variational Bayesian mixture with a Dirichlet process prior (Blei and Jordan, 2006,
    *Variational Inference for Dirichlet Process Mixtures*, Bayesian Analysis) as scikit-learn's
    ``BayesianGaussianMixture`` computes it and ctgan uses it, for one column and on its distinct
    values, each as often as it occurs. The start is k-means, of seed 0.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_rows,)
        Of more than 10,000 distinct ones a sample of as many rows is taken, by numpy's global
        generator.
    n_modes : int

    Examples
    --------
    >>> import numpy as np
    >>> two = np.r_[np.linspace(0, 1, 50), np.linspace(8, 9, 50)]
    >>> find_modes(two, 2).centres.round().tolist()
    [8.0, 1.0]
    """
    from sklearn.cluster import KMeans

    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) > MOST_VALUES:
        rows = np.random.choice(len(values), MOST_VALUES, replace=False)
        distinct, counts = np.unique(values[rows], return_counts=True)
    n_modes = min(n_modes, len(distinct))
    counted = counts.astype(np.float64)
    start = KMeans(n_modes, n_init=1, random_state=0)
    start.fit(distinct[:, None], sample_weight=counted)
    shares = np.zeros((len(distinct), n_modes))
    shares[np.arange(len(distinct)), start.labels_] = 1.0
    return _Search(distinct, counted).run(shares)


class _Search:
    """Expectation and maximisation in turn, on distinct values."""

    def __init__(self, values: Floats, counts: Floats) -> None:
        self.values, self.counts = values, counts
        n = counts.sum()
        self.middle = float(counts @ values / n)
        # One row alone has no variance; any will do.
        spread = counts @ (values - self.middle) ** 2
        self.variance = float(spread / (n - 1)) if n > 1 and spread > 0 else 1.0

    def run(self, shares: Floats) -> Modes:
        """Go from how far each value is of each mode to the modes."""
        modes, rest = self._modes(shares)
        bound = -np.inf
        for _ in range(_ROUNDS):
            before = bound
            log_shares = modes.log_chances(self.values)
            log_shares -= log_shares.max(axis=1, keepdims=True)
            log_shares -= np.log(np.exp(log_shares).sum(axis=1, keepdims=True))
            shares = np.exp(log_shares)
            modes, rest = self._modes(shares)
            bound = rest - float(self.counts @ (shares * log_shares).sum(axis=1))
            if abs(bound - before) < _TOLERANCE:
                break
        return modes

    def _modes(self, shares: Floats) -> tuple[Modes, float]:
        """Give the modes of these shares, and the part of the bound that does not have them."""
        from scipy.special import betaln, digamma, gammaln

        weighted = shares * self.counts[:, None]
        n = weighted.sum(axis=0) + 10 * np.finfo(float).eps
        means = (self.values @ weighted) / n
        # Around each mode's own mean, since the difference of large squares would lose digits.
        variances = ((self.values[:, None] - means) ** 2 * weighted).sum(axis=0) / n
        variances += _LEAST_VARIANCE

        later = np.append(np.cumsum(n[::-1])[-2::-1], 0.0)
        ours, theirs = 1.0 + n, _CONCENTRATION + later
        both = digamma(ours + theirs)
        log_weights = digamma(ours) - both
        log_weights[1:] += np.cumsum(digamma(theirs) - both)[:-1]
        left = np.append(1.0, np.cumprod(theirs / (ours + theirs))[:-1])
        weights = ours / (ours + theirs) * left

        precision = 1.0 + n
        centres = (self.middle + n * means) / precision
        freedom = 1.0 + n
        spread = self.variance + n * (variances + (means - self.middle) ** 2 / precision)
        deviations = np.sqrt(spread / freedom)
        log_freedom = 0.5 * np.log(freedom)
        expected = 0.5 * (np.log(2.0) + digamma(0.5 * freedom) - 1.0 / precision)
        offsets = log_weights - np.log(deviations) - log_freedom + expected

        log_precision = -np.log(deviations) - log_freedom
        wishart = -(freedom * log_precision + freedom * 0.5 * np.log(2.0) + gammaln(0.5 * freedom))
        rest = -wishart.sum() + betaln(ours, theirs).sum() - 0.5 * np.log(precision).sum()
        return Modes(weights / weights.sum(), centres, deviations, offsets), float(rest)
