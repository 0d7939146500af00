"""One seed for a whole evaluation, an independent generator for each purpose."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from synthhealth.errors import ParameterError

__all__ = ["Seeds"]


@dataclass(frozen=True)
class Seeds:
    """Generators by purpose: each is the same whatever else is computed, and in any order."""

    entropy: int

    @classmethod
    def of(cls, random_state: int | None) -> Seeds:
        """Check a user's seed; None takes a fresh one.

        Raises
        ------
        ParameterError
            It is neither a whole number of at least 0 nor None.
        """
        if random_state is None:
            return cls(int(np.random.default_rng().integers(2**63)))
        if isinstance(random_state, bool) or not isinstance(random_state, Integral):
            raise ParameterError(
                f"random_state is of type {type(random_state).__name__}; "
                "give a whole number or None"
            )
        if random_state < 0:
            raise ParameterError(f"random_state is {random_state}; give a number of at least 0")
        return cls(int(random_state))

    def rng(self, purpose: str) -> np.random.Generator:
        """Give the generator of one purpose."""
        return np.random.default_rng([self.entropy, zlib.crc32(purpose.encode())])
