"""What attacks on patients give: how often they succeed, beside chance and beside non-members."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from synthhealth.evaluation.figures import Result

__all__ = ["Attack", "Given", "Interval", "Membership"]

#: What the attacker holds of what was released.
Given = Literal["synthetic rows", "saved model"]


class Interval(Result):
    """A 95 % interval."""

    low: float
    """Lower end."""
    high: float
    """Upper end."""
    method: Literal["Wilson", "Clopper-Pearson", "DeLong", "bootstrap"]
    """How it was found; the bootstrap draws patients."""


class Attack(Result):
    """An attack on patients, and how far it gets beyond what it gets without the synthesizer."""

    name: str
    """Its name."""
    threat: str
    """Who holds what, and what for, in one sentence."""
    source: str
    """The paper or standard that describes it."""
    given: Given
    """What the attacker holds of what was released."""
    attempts: int = Field(ge=1)
    """Patients attacked."""
    success: float = Field(ge=0, le=1)
    """Share of patients that the model learned, of whom the attack is right."""
    control: float | None = Field(default=None, ge=0, le=1)
    """The same share of patients that it never saw; None where there are none."""
    chance: float = Field(ge=0, le=1)
    """The share that guessing without any release gets."""
    excess: float = Field(ge=-1, le=1)
    """Success less that of `control`, or less `chance` where there is no control."""
    interval: Interval
    """Of the excess."""


class Membership(Result):
    """An attack that tells patients that the model learned from patients that it never saw."""

    name: str
    """Its name."""
    threat: str
    """Who holds what, and what for, in one sentence."""
    source: str
    """The paper that describes it."""
    given: Given
    """What the attacker holds of what was released."""
    members: int = Field(ge=1)
    """Patients attacked that were learned."""
    non_members: int = Field(ge=1)
    """Patients attacked that were not."""
    auc: float = Field(ge=0, le=1)
    """Area under the ROC curve: how often it takes the member of two patients for the member; \
0.5 is guessing."""
    interval: Interval
    """Of the area."""
    tpr_at_1: float = Field(ge=0, le=1)
    """Share of members found where 1 % of non-members are taken for members."""
    tpr_at_10: float = Field(ge=0, le=1)
    """The same where 10 % are."""
    recognised: float | None = Field(default=None, ge=0, le=1)
    """Share of patients that are recognised nearly surely: attacked in many fits, with and \
without them, the area of the one patient is above 0.9. None where each was attacked once."""
    recognised_interval: Interval | None = None
    """Of that share, as of patients drawn; None where there is none."""
