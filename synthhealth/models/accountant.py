"""What differential privacy costs: a budget, what it is spent on, and the noise that this buys.

Costs are counted in zero-concentrated differential privacy (Bun and Steinke, 2016,
*Concentrated Differential Privacy: Simplifications, Extensions, and Lower Bounds*), where those of
several steps add up exactly, and told as epsilon and delta (Canonne, Kamath and Steinke, 2020,
*The Discrete Gaussian for Differential Privacy*).
"""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Budget", "bound_in_words", "epsilon_of", "noise_of", "rho_of", "selection_of"]

#: Orders of Renyi divergence, above 1, that the search begins and ends with, and its steps.
_ORDERS, _STEPS = (1e-6, 1e8), 80


class Budget(BaseModel):
    """What a fit was allowed to give away of a patient, and what it was spent on.

    Whoever holds all that a fit gives, and all other patients, learns hardly more of one patient
    than without that patient: neighbouring tables are those that differ by one patient, with all
    rows of that patient.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    epsilon: float = Field(gt=0)
    """By which factor, as a logarithm, a patient can change how likely any result is."""
    delta: float = Field(gt=0, lt=1)
    """Up to this chance."""
    spent: dict[str, float]
    """What was spent on each step, in zero-concentrated differential privacy (rho)."""
    n_patients: int = Field(ge=0)
    """How many patients there are, with noise."""

    @property
    def rho(self) -> float:
        """All that was spent."""
        return math.fsum(self.spent.values())

    def in_words(self) -> str:
        """Say it in a line."""
        parts = ", ".join(f"{name} {part / self.rho:.0%}" for name, part in self.spent.items())
        return f"epsilon {self.epsilon:g}, delta {self.delta:g}, spent on {parts}"


def bound_in_words(epsilon: float, delta: float) -> str:
    """Say what differential privacy promises a patient.

    Examples
    --------
    >>> from synthhealth.models.accountant import bound_in_words
    >>> bound_in_words(1.0, 1e-6)
    'nothing is more than 2.72 times as likely with the patient as without, except with a chance \
of 1e-06'
    """
    return (
        f"nothing is more than {math.exp(epsilon):.3g} times as likely with the patient as "
        f"without, except with a chance of {delta:g}"
    )


def epsilon_of(rho: float, delta: float) -> float:
    """Give the smallest epsilon that so much zero-concentrated privacy is, at a delta.

    Examples
    --------
    >>> from synthhealth.models.accountant import epsilon_of
    >>> round(epsilon_of(0.02, 1e-6), 3), round(epsilon_of(0.5, 1e-6), 2)
    (0.9, 5.22)
    """

    def at(log_order: float) -> float:
        above = math.exp(log_order)  # the order less 1
        order = 1 + above
        loss = math.log(1 / delta) - math.log(above) + order * math.log1p(-1 / order)
        return rho * order + loss / above

    low, high = (math.log(one) for one in _ORDERS)
    for _ in range(_STEPS):  # of a function with one valley
        third = (high - low) / 3
        if at(low + third) < at(high - third):
            high -= third
        else:
            low += third
    return max(at((low + high) / 2), 0.0)


def rho_of(epsilon: float, delta: float) -> float:
    """Give the most zero-concentrated privacy that epsilon and delta allow.

    Examples
    --------
    >>> from synthhealth.models.accountant import epsilon_of, rho_of
    >>> epsilon_of(rho_of(1.0, 1e-6), 1e-6) <= 1.0
    True
    """
    low, high = 0.0, epsilon
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if epsilon_of(middle, delta) <= epsilon else (low, middle)
    return low


def noise_of(rho: float) -> float:
    """Give the standard deviation of noise on counts to which a patient adds 1 in all.

    A patient lies in one cell of a table, so that the table's distance is 1; the noise is the
    discrete Gaussian's (Canonne et al., 2020, theorem 4).
    """
    return math.sqrt(1 / (2 * rho))


def selection_of(rho: float) -> float:
    """Give the epsilon of an exponential mechanism that costs `rho` (Cesar and Rogers, 2021)."""
    return math.sqrt(8 * rho)
