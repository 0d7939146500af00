"""What sample size the evidence of synthetic tables is worth."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from synthhealth.errors import ParameterError
from synthhealth.evaluation.figures import Result

__all__ = ["Worth", "worth"]


class Worth(Result):
    """How many real patients synthetic tables can stand for at most."""

    n: int = Field(ge=1)
    """Real rows that the model learned."""
    k: int = Field(ge=1)
    """Rows of each synthetic table."""
    m: int = Field(ge=1)
    """Synthetic tables."""
    rule: Literal["simple", "predictive"]
    """How they were made; see `combine`."""
    n_effective: float = Field(gt=0)
    """Real patients whose estimates would be as precise: the most that the synthetic tables are \
worth, if their model is right."""
    share: float = Field(gt=0, le=1)
    """`n_effective` as a share of the real rows."""
    widen: float = Field(gt=0)
    """By what the standard error that one synthetic table shows must be multiplied, for the mean \
of the estimates of all m."""


def worth(n: int, k: int, m: int = 1, *, rule: Literal["simple", "predictive"] = "simple") -> Worth:
    r"""Say what sample size the evidence of m synthetic tables of k rows is worth.

    An estimate from n real rows has the variance s/n for some s, and one from a synthetic table
    would seem to have v = s/k. By the rules of Raab, Nowok and Dibben (2016) the mean of m such
    estimates has the variance

        T = v (k/n + 1/m) = s (1/n + 1/(km))  =  s / n_effective,

    so n_effective = n / (1 + n/(km)): never more than the n patients who were learned, whatever is
    sampled. With parameters drawn again for each table (``"predictive"``) there is a term 1/(nm)
    more: n_effective = n / (1 + n/(km) + 1/m). It is the most that they can be worth: what the
    model got wrong comes on top.

    Parameters
    ----------
    n : int
        Real rows that the model learned.
    k : int
        Rows of each synthetic table.
    m : int, default 1
        Synthetic tables.
    rule : {"simple", "predictive"}, default "simple"
        How they were made; see `combine`.

    Raises
    ------
    ParameterError
        A number is less than 1, or the rule has no such size.

    Examples
    --------
    >>> from synthhealth.evaluation.inference import worth
    >>> found = worth(n=61, k=1000)
    >>> round(found.n_effective, 1), round(found.widen, 1)
    (57.5, 4.2)
    """
    for name, rows in (("n", n), ("k", k), ("m", m)):
        if rows < 1:
            raise ParameterError(f"{name} is {rows}; give a number of at least 1")
    if rule not in ("simple", "predictive"):
        raise ParameterError(
            f"the rule {rule!r} has no size that is known beforehand; use 'simple' or 'predictive'"
        )
    drawn = 1 / m if rule == "predictive" else 0.0
    effective = n / (1 + n / (k * m) + drawn)
    return Worth(
        n=n,
        k=k,
        m=m,
        rule=rule,
        n_effective=effective,
        share=effective / n,
        widen=math.sqrt(k / effective),
    )
