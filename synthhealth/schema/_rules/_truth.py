"""Three truths (Kleene's logic, which SQL has too): true, false, unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synthhealth.schema._rules._operands import Floats, Mask

#: The signs that need an order.
ORDERS: dict[str, Callable[[Floats, Floats], Mask]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(frozen=True)
class Truth:
    """In which rows a condition is true and in which it is false; unknown in the others."""

    true: Mask
    false: Mask

    def __invert__(self) -> Truth:
        return Truth(self.false, self.true)

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.true & other.true, self.false | other.false)

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.true | other.true, self.false & other.false)

    @classmethod
    def of(cls, true: Mask, known: Mask) -> Truth:
        return cls(true & known, ~true & known)
