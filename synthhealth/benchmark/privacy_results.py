"""What attackers learn of patients, as lines of one table."""

from __future__ import annotations

from typing import Any

from synthhealth.benchmark.results import Part, Result, csv_lines, markdown_table
from synthhealth.evaluation.privacy.differencing import Subtracted
from synthhealth.evaluation.privacy.results import Attack, Given, Interval, Membership

__all__ = ["AttackRow", "Privacy", "Skipped", "attack_row", "error_row", "membership_row"]

#: What somebody holds who holds two of them.
_TWO: dict[Given, str] = {
    "saved model": "two saved models",
    "synthetic rows": "two tables of 100,000 rows",
    "report": "two reports",
}


class AttackRow(Part):
    """One attack on one family's models of one table."""

    table: str
    """The table."""
    model: str
    """The model family; of plain SDV with that before it."""
    rows: int
    """Patients that each model learned."""
    seed: int
    """The seed of the cohort and of all fits."""
    attack: str
    """What was tried."""
    given: str
    """What the attacker holds."""
    attempts: int | None
    """Patients attacked."""
    figure: str
    """What `value` is."""
    value: float | None
    """How far the attack gets; None where nothing can be told."""
    low: float | None
    """Lower end of the 95 % interval of `value`."""
    high: float | None
    """Upper end of it."""
    guessing: float | None
    """What guessing gets."""
    tpr_at_1: float | None = None
    """Members found at 1 % false positives."""
    tpr_at_10: float | None = None
    """Members found at 10 % false positives."""
    recognised: float | None = None
    """Share of patients recognised nearly surely: area above 0.9."""
    recognised_low: float | None = None
    """Lower end of the 95 % interval of `recognised`."""
    recognised_high: float | None = None
    """Upper end of it."""
    fits: int | None = None
    """Fits that were attacked."""


class Skipped(Part):
    """A table, size or family of which there are no figures."""

    table: str
    """The table."""
    model: str
    """The model family."""
    rows: int
    """Patients that each model should have learned."""
    attack: str
    """What should have been tried."""
    reason: str
    """Why there are none."""


class Privacy(Result):
    """What attackers learn of patients."""

    fits: int
    """Shadow fits of each membership attack."""
    attacks: tuple[AttackRow, ...]
    """All attacks, table by table."""
    skipped: tuple[Skipped, ...]
    """What could not be measured, and why."""
    seconds: float
    """How long it took."""

    def to_markdown(self) -> str:
        """Give one line for each attack."""
        heads = (
            "table",
            "rows",
            "model",
            "attack",
            "attacker holds",
            "figure",
            "value (95 %)",
            "guessing",
            "TPR at 1 %",
            "TPR at 10 %",
            "recognised (95 %)",
        )
        rows = [
            (
                one.table,
                f"{one.rows:,}",
                one.model,
                one.attack,
                one.given,
                one.figure,
                _with_ends(one.value, one.low, one.high),
                _two(one.guessing),
                _two(one.tpr_at_1),
                _two(one.tpr_at_10),
                _with_ends(one.recognised, one.recognised_low, one.recognised_high),
            )
            for one in self.attacks
        ]
        notes = (
            f"{self.machine.sentence()} {self.fits} shadow fits, {self.seconds:.0f} s in all.\n"
            "Guessing has the area 0.5. Recognised: patients whose own area is above 0.9.\n"
        )
        skipped = "\n".join(
            f"- {one.table}, {one.rows:,} rows, {one.model}, {one.attack}: {one.reason}"
            for one in self.skipped
        )
        parts = [notes, markdown_table(heads, rows)]
        return "\n".join([*parts, f"Not measured:\n\n{skipped}\n"] if skipped else parts)

    def to_csv(self) -> str:
        """Give one line for each attack, as CSV."""
        return csv_lines(
            list(AttackRow.model_fields), (one.model_dump().values() for one in self.attacks)
        )


def membership_row(one: Membership, place: dict[str, Any], fits: int) -> AttackRow:
    """Give the line of an attack that tells members from others."""
    recognised = one.recognised_interval
    return AttackRow(
        **place,
        **_interval(one.interval),
        attack=one.name,
        given=one.given,
        attempts=one.members,
        figure="area under the curve",
        value=one.auc,
        guessing=0.5,
        tpr_at_1=one.tpr_at_1,
        tpr_at_10=one.tpr_at_10,
        recognised=one.recognised,
        recognised_low=None if recognised is None else recognised.low,
        recognised_high=None if recognised is None else recognised.high,
        fits=fits,
    )


def attack_row(one: Attack, place: dict[str, Any]) -> AttackRow:
    """Give the line of an attack that is right or wrong of each patient."""
    shift = one.success - one.excess
    return AttackRow(
        **place,
        attack=one.name,
        given=_TWO[one.given],
        attempts=one.attempts,
        figure="share that comes out",
        value=one.success,
        low=max(one.interval.low + shift, 0.0),
        high=min(one.interval.high + shift, 1.0),
        guessing=one.chance,
    )


def error_row(one: Subtracted, place: dict[str, Any]) -> AttackRow:
    """Give the line of how far off what was subtracted comes out."""
    return AttackRow(
        **place,
        attack="Differencing: error",
        given=_TWO[one.near.given],
        attempts=one.near.attempts,
        figure="median, in standard deviations",
        value=one.error,
        low=None,
        high=None,
        guessing=one.guessed,
    )


def _interval(interval: Interval) -> dict[str, float]:
    return {"low": interval.low, "high": interval.high}


def _two(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _with_ends(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if low is None else f"{value:.2f} ({_two(low)} to {_two(high)})"
