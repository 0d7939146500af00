"""What a tournament gives: frozen, each field described, as JSON, text and a page."""

from __future__ import annotations

import os
from typing import Literal

from pydantic import Field, JsonValue

from synthhealth.evaluation import Band
from synthhealth.evaluation.figures import State
from synthhealth.evaluation.privacy.results import Finding
from synthhealth.io.as_json import WritesJson
from synthhealth.report.data import Part
from synthhealth.report.files import write
from synthhealth.report.numbers import score_text
from synthhealth.report.text import bullets
from synthhealth.report.words import shown
from synthhealth.table.left_out import Privacy

__all__ = [
    "Estimate",
    "FamilySeconds",
    "LeaderboardRow",
    "MembershipRisk",
    "NotTried",
    "PairError",
    "Times",
    "Tournament",
]


class Estimate(Part):
    """A figure with its 95 % interval."""

    value: float
    """The mean over the fits."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""

    @property
    def words(self) -> str:
        """The figure and its interval in short."""
        return f"{score_text(self.value)} ({score_text(self.low)} to {score_text(self.high)})"


class PairError(Part):
    """How far the relation of two columns is off."""

    first: str
    """Name of one column."""
    second: str
    """Name of the other column."""
    excess: float
    """Mean over the fits of the absolute difference of the dependence, less what that of a \
perfect generator is on average."""


class MembershipRisk(Part):
    """How often an attack takes a patient who was learned for one, and no other."""

    name: str
    """The attack."""
    auc: Estimate
    """Area under the ROC curve; 0.5 is guessing."""
    finding: Finding
    """`found` where the interval lies above 0.5."""


class LeaderboardRow(Part):
    """One family."""

    rank: int = Field(ge=1)
    """Its place by `error`, the smallest first."""
    model: str
    """Name of the family."""
    settings: dict[str, JsonValue]
    """The parameters that were given."""
    error: Estimate
    """Distance from patients not learned: the mean of the errors of the single columns and of \
their relations. 0 is identical; other real patients are not at 0 either, see `perfect`."""
    perfect: float
    """The error that a perfect generator would have on average."""
    margins: Estimate
    """Kolmogorov-Smirnov or total-variation complement of patients not learned, mean over the \
columns; 1 is identical."""
    margins_perfect: Band
    """What a perfect generator would score."""
    relations: Estimate | None
    """Dependence error: mean absolute difference over the pairs of columns; 0 is identical. None \
where there are no pairs."""
    relations_perfect: Band | None
    """What a perfect generator would have."""
    worst_columns: tuple[str, ...]
    """The columns furthest below what a perfect generator would score, the worst first."""
    worst_pairs: tuple[PairError, ...]
    """The relations that are furthest off, the worst first."""
    behind: Estimate | None
    """How much larger its error is than that of the family in front, fold by fold; None of that \
family itself."""
    is_behind: bool
    """Whether that is more than chance; see `synthhealth.compare`."""
    memberships: tuple[MembershipRisk, ...]
    """The quick attacks: can patients who were learned be told from those held out?"""
    utility: Estimate | None
    """What predictors lose that are trained on synthetic instead of real rows (AUC, R squared of \
ranks), mean over the outcomes; below 0 is worse. None where no outcome could be tried."""
    utility_state: State | None
    """`worse` where more than a tenth of the way from chance to perfect is lost for an outcome."""
    worst_outcome: str | None
    """The outcome that loses most."""

    @property
    def risk(self) -> MembershipRisk | None:
        """The strongest of the attacks."""
        return max(self.memberships, key=lambda one: one.auc.value, default=None)


class NotTried(Part):
    """A family without figures."""

    model: str
    """Its name."""
    reason: str
    """Why."""


class FamilySeconds(Part):
    """What one family took."""

    model: str
    """Its name."""
    fit: float
    """Seconds of a fit, on average."""
    sample: float
    """Seconds of drawing the rows that were judged, on average."""


class Times(Part, WritesJson):
    """What was measured with a clock, and is never the same twice."""

    families: tuple[FamilySeconds, ...] = ()
    """In the order of the leaderboard."""
    seconds: float = 0.0
    """Of the whole tournament."""


class Tournament(Part, WritesJson):
    """Families of one table side by side; see `synthhealth.compare`.

    `to_json` writes the leaderboard, which is the same bytes whatever the number of workers; the
    times are no part of it.
    """

    format_version: Literal[1] = 1
    """Version of this format."""
    n_rows: int = Field(ge=1)
    """Rows of the table."""
    n_columns: int = Field(ge=1)
    """Its columns that were compared."""
    folds: int = Field(ge=2)
    """Parts of the patients; each is held out once."""
    seeds: int = Field(ge=1)
    """How often the patients were divided again."""
    random_state: int
    """Decides everything."""
    privacy: Privacy
    """How many patients each fit left out."""
    rows: tuple[LeaderboardRow, ...]
    """One per family, the best first."""
    recommended: str | None
    """The family to take; None where that cannot be told."""
    candidates: tuple[str, ...]
    """The families that cannot be told apart, the best first."""
    reason: str
    """Why, in words."""
    not_tried: tuple[NotTried, ...]
    """Families without figures."""
    times: Times = Field(default=Times(), exclude=True)
    """What each took; left out of the JSON."""

    @property
    def headline(self) -> str:
        """What comes out, in a few words."""
        if self.recommended is not None:
            return f"Take {shown(self.recommended)}."
        return "Cannot tell." if self.rows else "No family could be tried."

    @property
    def design(self) -> str:
        """How it was played, in a sentence."""
        often = "" if self.seeds == 1 else f", divided again {self.seeds} times"
        return (
            f"{self.n_rows:,} rows, {self.n_columns} columns; {self.folds} parts of the patients, "
            f"each held out once{often}; seed {self.random_state}."
        )

    def summary(self) -> str:
        """Return recommendation and leaderboard as text for a terminal, 25 lines at most."""
        title = "Which model?"
        lines = [title, "=" * len(title), *bullets([f"{self.headline} {self.reason}"], 88)[:7], ""]
        heads = ("", "model", "error (95 %)", "columns", "relations", "membership", "seconds")
        table = [heads, *(self._line(row) for row in self.rows[:9])]
        widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
        for cells in table:
            parts = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            lines.append("  ".join(parts).rstrip())
        if len(self.rows) > 9:
            lines.append(f"    and {len(self.rows) - 9} more")
        told = [f"{shown(one.model)}: {shown(one.reason, 200)}." for one in self.not_tried]
        lines += bullets(told, 88)[: 24 - len(lines)]
        return "\n".join([*lines, self.design]) + "\n"

    def _line(self, row: LeaderboardRow) -> tuple[str, ...]:
        took = {one.model: f"{one.fit + one.sample:.1f}" for one in self.times.families}
        return (
            f"{row.rank}",
            shown(row.model, 18),
            f"{row.error.words}{' *' if row.is_behind else ''}",
            score_text(row.margins.value),
            "–" if row.relations is None else score_text(row.relations.value),
            "–" if row.risk is None else f"{row.risk.auc.value:.2f} {row.risk.finding}",
            took.get(row.model, "–"),
        )

    def to_html(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the leaderboard as one page that needs no other file and no network.

        Parameters
        ----------
        path : path-like
            The file; written whole or not at all.
        force : bool
            Replace the file if it exists.

        Raises
        ------
        FileError
            The file exists already, or cannot be written.
        """
        from synthhealth.tournament.page import as_page

        write(path, lambda: as_page(self), force=force)

    def __repr__(self) -> str:
        return f"<Tournament of {len(self.rows)}: {self.headline} .summary(), .to_html(path)>"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        from synthhealth.io.as_html import Sheet, screen
        from synthhealth.tournament.page import HEADS, cells

        return screen(
            f"Which model? {self.headline}",
            sentences=[self.reason, *(f"{one.model}: {one.reason}." for one in self.not_tried)],
            sheets=[
                Sheet(
                    "Leaderboard",
                    HEADS,
                    [[one.line for one in cells(row, self.times)] for row in self.rows],
                )
            ],
            hint=f"{self.design} .summary() gives it as text, .to_html(path) as a page.",
        )
