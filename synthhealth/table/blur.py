"""What a fit keeps, blurred: no number of it is sharper than what its few patients carry.

A mean of 49 patients has a standard error of a seventh of a standard deviation, and each patient
has moved it by a fiftieth. Who reads it to the last digit reads the patients. So numbers that are
kept of few patients get a noise that nobody can take away again, and correlations that are no more
than chance are not kept at all.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from synthhealth.table.left_out import Privacy

__all__ = ["FEW", "STRENGTHS", "UNBLURRED", "Blur"]

Floats = npt.NDArray[np.float64]

#: Of more patients than that, each tells less, and less is blurred.
FEW = 60


class Strength(NamedTuple):
    """Standard deviations of the noise, in standard errors."""

    middle: float
    """Of means."""
    spread: float
    """Of standard deviations."""
    share: float
    """Of shares of levels."""
    dependence: float
    """Of correlations."""


#: Chosen by what attackers get and by what other patients are like: a mean is needed more exactly
#: than a correlation, of which there are many.
STRENGTHS = MappingProxyType(
    {
        "none": Strength(0.0, 0.0, 0.0, 0.0),
        "standard": Strength(0.25, 0.6, 0.5, 1.0),
        "high": Strength(1.0, 1.5, 1.0, 1.5),
    }
)

#: A correlation is kept for itself where it lies so many standard errors from what the common
#: causes of all columns explain.
EXCEPTIONAL = 2.5

#: Rounds of finding common causes, and how much of a column they explain at most.
_ROUNDS, _MOST = 20, 0.9
#: The largest correlation that is kept, and the smallest eigenvalue of all of them.
_LARGEST, _SMALLEST = 0.99, 0.01
#: Of a normal sample the distance from its own normal law is above this, over the root of n, in 5
#: of 100 (Lilliefors, 1967).
_LILLIEFORS = 0.886


@dataclass(frozen=True)
class Blur:
    """How sharply a fit of some patients may be kept.

    The noise follows from a secret that is in no file, a hash of all patients' values, and from the
    name of what is blurred: fits of one table with other seeds or of other families get the same,
    so that many of them tell no more than one.

    Its standard deviation is a share of the standard error (`STRENGTHS`). Beyond `FEW` patients the
    share falls with the root of their number, as does what can be told of a patient: the noise is
    then as large as what a certain number of patients do to the figure, and vanishes beside the
    standard error.

    Parameters
    ----------
    privacy : {"none", "standard", "high"}
        With "none" everything stays as it is.
    n_patients : int
        How many were learned.
    secret : bytes
        What the noise follows from.

    Examples
    --------
    >>> import numpy as np
    >>> Blur("none", 49, b"").shares("sex", np.array([0.3, 0.7])).tolist()
    [0.3, 0.7]
    >>> correlations = np.array([[1.0, 0.1], [0.1, 1.0]])
    >>> Blur("standard", 49, b"of all patients").correlations(correlations).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    privacy: Privacy
    n_patients: int
    secret: bytes

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return self.privacy != "none"

    @property
    def enough(self) -> float:
        """The distance (Kolmogorov-Smirnov) up to which a normal margin is enough.

        Other margins have more numbers. A normal one is kept as long as the patients do not refute
        it.
        """
        return _LILLIEFORS / np.sqrt(self.n_patients) if self.changes else 0.0

    @property
    def strength(self) -> Strength:
        """The standard deviations of the noise, in standard errors of this number of patients."""
        return Strength(*(self._weight * one for one in STRENGTHS[self.privacy]))

    @property
    def _weight(self) -> float:
        return min(1.0, FEW / self.n_patients) ** 0.5

    def _rng(self, *what: str) -> np.random.Generator:
        named = hashlib.sha256(self.secret + "\0".join(what).encode()).digest()
        return np.random.default_rng(int.from_bytes(named, "big"))

    def moments(self, name: str, middle: float, spread: float) -> tuple[float, float]:
        """Blur the mean and the standard deviation of a column."""
        if not self.changes:
            return middle, spread
        rng = self._rng("moments", name)
        error = spread / np.sqrt(self.n_patients)
        middle += self.strength.middle * error * float(rng.standard_normal())
        sharp = np.sqrt(2 * self.n_patients)
        spread *= float(np.exp(self.strength.spread / sharp * rng.standard_normal()))
        # Rounded they would by chance be a patient's value; the noise says as little of one.
        return middle, spread

    def shares(self, name: str, shares: Floats) -> Floats:
        """Blur the shares of the levels of a column, which add up to 1; none vanishes."""
        if not self.changes:
            return shares
        error = np.sqrt(shares * (1 - shares) / self.n_patients)
        noise = self._rng("shares", name).standard_normal(len(shares))
        least = np.minimum(shares, 1 / self.n_patients)
        blurred = np.maximum(shares + self.strength.share * error * noise, least)
        return np.asarray(blurred / blurred.sum())

    def correlations(self, correlations: Floats) -> Floats:
        """Blur the correlations of all columns, and keep what is more than chance.

        With noise they are taken apart: into what common causes of all columns explain, as many of
        them as stand out of the noise (the eigenvalues beyond the edge of a random matrix, shrunk
        as it inflates them; Gavish and Donoho, 2017, *Optimal shrinkage of singular values*), and
        single pairs that lie `EXCEPTIONAL` standard errors apart from that. The rest is chance, and
        is left out.

        Parameters
        ----------
        correlations : numpy.ndarray, shape (n_columns, n_columns)
        """
        if not self.changes or len(correlations) < 2:
            return correlations
        size = len(correlations)
        pairs = np.triu_indices(size, 1)
        rng = self._rng("correlations")
        noise = self.strength.dependence
        scores = np.arctanh(np.clip(np.nan_to_num(correlations[pairs]), -_LARGEST, _LARGEST))
        scores += noise / np.sqrt(self.n_patients) * rng.standard_normal(len(scores))
        # What is told from chance, and what not, matters the less, the more patients there are.
        error = self._weight * np.sqrt((1 + noise**2) / self.n_patients)
        common = np.arctanh(_common(_symmetric(np.tanh(scores), pairs, size), error)[pairs])
        apart = np.abs(scores - common) > EXCEPTIONAL * error
        decimals = int(np.ceil(np.log10(self.n_patients) / 2)) + 1
        kept: Floats = np.tanh(np.where(apart, scores, common)).astype(np.float64)
        kept = np.round(kept, decimals)
        return _definite(_symmetric(kept, pairs, size) + np.eye(size))


#: Everything stays as it is.
UNBLURRED = Blur("none", 1, b"")


def _symmetric(values: Floats, pairs: tuple[npt.NDArray[np.int64], ...], size: int) -> Floats:
    matrix = np.zeros((size, size))
    matrix[pairs] = values
    return matrix + matrix.T


def _common(correlations: Floats, error: float) -> Floats:
    """Give what common causes explain of correlations that are off by so much; diagonal 0."""
    size = len(correlations)
    edge = 4 * size * error**2
    explained = np.zeros(size)
    common = np.zeros_like(correlations)
    for _ in range(_ROUNDS):
        values, vectors = np.linalg.eigh(correlations + np.diag(explained))
        stand_out = (values > 0) & (values**2 > edge)
        shrunk = np.sqrt(np.where(stand_out, values**2 - edge, 0.0))
        common = (vectors * shrunk) @ vectors.T
        explained = np.minimum(np.diag(common), _MOST)
    np.fill_diagonal(common, 0.0)
    return np.clip(common, -_LARGEST, _LARGEST)


def _definite(correlations: Floats) -> Floats:
    """Give correlations that columns can have together."""
    values, vectors = np.linalg.eigh(correlations)
    if values[0] >= _SMALLEST:
        return correlations
    mended = (vectors * np.maximum(values, _SMALLEST)) @ vectors.T
    spread = np.sqrt(np.diag(mended))
    mended = mended / spread / spread[:, None]
    np.fill_diagonal(mended, 1.0)
    return np.asarray((mended + mended.T) / 2)
