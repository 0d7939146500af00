"""What a fit keeps, blurred: no number of it is sharper than what its few patients carry.

A mean of 49 patients has a standard error of a seventh of a standard deviation, and each patient
has moved it by a fiftieth. Who reads it to the last digit reads the patients. So numbers that are
kept of few patients get a noise that nobody can take away again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from synthhealth.table.left_out import Privacy

__all__ = ["FEW", "STRENGTHS", "Blur"]

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
        # What is learned is noisy already.
        "formal": Strength(0.0, 0.0, 0.0, 0.0),
    }
)

#: The largest correlation that is kept.
_LARGEST = 0.99


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
    privacy : {"none", "standard", "high", "formal"}
        With "none" everything stays as it is, and with "formal": it is noisy already.
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
    >>> noisy, error = Blur("standard", 49, b"of all patients").correlations(correlations)
    >>> float(noisy[0, 1].round(2)), round(error, 2)
    (0.23, 0.2)
    """

    privacy: Privacy
    n_patients: int
    secret: bytes

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return self.privacy not in ("none", "formal")

    @property
    def strength(self) -> Strength:
        """The standard deviations of the noise, in standard errors of this number of patients."""
        return Strength(*(self._weight * one for one in STRENGTHS[self.privacy]))

    @property
    def _weight(self) -> float:
        return min(1.0, FEW / self.n_patients) ** 0.5

    def rng(self, *what: str) -> np.random.Generator:
        """Give the generator of what has this name; it follows from the secret."""
        named = hashlib.sha256(self.secret + "\0".join(what).encode()).digest()
        return np.random.default_rng(int.from_bytes(named, "big"))

    def moments(self, name: str, middle: float, spread: float) -> tuple[float, float]:
        """Blur the mean and the standard deviation of a column."""
        if not self.changes:
            return middle, spread
        rng = self.rng("moments", name)
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
        noise = self.rng("shares", name).standard_normal(len(shares))
        least = np.minimum(shares, 1 / self.n_patients)
        blurred = np.maximum(shares + self.strength.share * error * noise, least)
        return np.asarray(blurred / blurred.sum())

    def correlations(self, correlations: Floats) -> tuple[Floats, float]:
        """Blur the correlations of all columns.

        Parameters
        ----------
        correlations : numpy.ndarray, shape (n_columns, n_columns)

        Returns
        -------
        numpy.ndarray, shape (n_columns, n_columns)
            There may be no law that has all of them together.
        float
            The standard error of each (of its inverse hyperbolic tangent), the noise included.
        """
        noise = self.strength.dependence
        error = float(np.sqrt((1 + noise**2) / self.n_patients))
        if not self.changes:
            return correlations, error
        pairs = np.triu_indices(len(correlations), 1)
        drawn = self.rng("correlations").standard_normal(len(pairs[0]))
        scores = np.arctanh(np.clip(np.nan_to_num(correlations[pairs]), -_LARGEST, _LARGEST))
        noisy = np.eye(len(correlations))
        noisy[pairs] = np.tanh(scores + noise / np.sqrt(self.n_patients) * drawn)
        return np.maximum(noisy, noisy.T) + np.minimum(noisy, noisy.T) - np.eye(len(noisy)), error
