"""What a benchmark of relations found: a line for each table, number of rows and model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import mean, median
from typing import Literal, TypeAlias

from synthhealth.benchmark.results import Part, Result, csv_lines, markdown_table

__all__ = ["Relations", "RelationsRun", "Size", "Unmeasured"]

#: Patients of a cohort.
Size: TypeAlias = int | Literal["all"]
#: What is averaged over the cohorts.
FIGURES = (
    "ks",
    "dependence",
    "shapes",
    "trends",
    "detection",
    "learned_ks",
    "learned_shapes",
    "learned_trends",
    "membership",
)
#: Cohorts that should keep a pair.
ENOUGH = 0.9


class RelationsRun(Part):
    """One model fitted once to one cohort, or real rows in its place."""

    table: str
    """The table."""
    size: Size
    """Patients that were asked for."""
    rows: int
    """Patients of the cohort."""
    model: str
    """The model family; of plain SDV with that before it; *real rows* or *independent columns*."""
    seed: int
    """Seed of the cohort and of the fit."""
    kept: tuple[str, ...] = ()
    """Numbers by categories of which the cohort's means are kept."""
    lost: tuple[str, ...] = ()
    """Those of which they are not."""
    ks: float | None = None
    """Mean Kolmogorov-Smirnov complement of the numbers against patients not learned."""
    dependence: float | None = None
    """Mean absolute difference of pairwise dependence to patients not learned."""
    shapes: float | None = None
    """SDMetrics' Column Shapes against them."""
    trends: float | None = None
    """SDMetrics' Column Pair Trends against them."""
    detection: float | None = None
    """Area under the ROC curve of gradient-boosted trees that tell the rows from theirs."""
    learned_ks: float | None = None
    """Mean Kolmogorov-Smirnov complement of the numbers against the rows that were learned."""
    learned_shapes: float | None = None
    """SDMetrics' Column Shapes against them."""
    learned_trends: float | None = None
    """SDMetrics' Column Pair Trends against them."""
    membership: float | None = None
    """Area under the ROC curve of who says by the nearest row whether a patient was learned."""
    membership_low: float | None = None
    """Lower end of its 95 % interval."""
    membership_high: float | None = None
    """Upper end of its 95 % interval."""
    cpu_seconds: float | None = None
    """Processor seconds of the fit, and of drawing as many rows as were learned."""
    failure: str | None = None
    """Why there are no figures."""


class Unmeasured(Part):
    """A table or a number of rows of which there are no figures."""

    table: str
    """The table."""
    rows: Size
    """Patients of a cohort."""
    reason: str
    """Why there are none."""


class Relations(Result):
    """Whether relations are kept."""

    planned: int
    """Runs that were asked for; more than there are if it was interrupted."""
    runs: tuple[RelationsRun, ...]
    """All runs, table by table."""
    skipped: tuple[Unmeasured, ...]
    """What could not be measured, and why."""
    seconds: float
    """How long it took."""

    def to_markdown(self) -> str:
        """Give one line for each table, number of rows and model; means over the cohorts."""
        heads = (
            "table",
            "rows",
            "model",
            "cohorts",
            "level means kept",
            "pairs kept in 90 % of cohorts",
            "cohorts with all kept",
            "KS, unseen",
            "dependence error, unseen",
            "column shapes, unseen",
            "pair trends, unseen",
            "detection",
            "KS, learned",
            "column shapes, learned",
            "pair trends, learned",
            "membership",
            "processor s",
        )

        def place(run: RelationsRun) -> tuple[str, int, str]:
            return run.table, run.rows, run.model

        lines = [_line(list(runs)) for _, runs in groupby(self.runs, key=place)]
        notes = (
            f"{self.machine.sentence()} {self.seconds:.0f} s in all.\n"
            "Level means kept: of the pairs of a category and a number that are real in the whole "
            "table (Kruskal-Wallis, adjusted p < .01; demo: haemoglobin and creatinine by sex), in "
            "all cohorts together, the share in which each level's mean lies within its 95 % "
            "interval around that of the cohort (Bonferroni over the levels, Welch; levels of at "
            "least 5 patients). Unseen: against patients that were not learned. Real rows stand in "
            "for the synthetic ones: for the level means those patients, for all else the cohort "
            "itself. Independent columns are drawn each by itself from the cohort's. Membership: "
            "area under the curve of an attacker who knows a patient and looks for the nearest "
            "row; 0.5 is guessing. Processor s: median of fit and sample of as many rows.\n"
        )
        parts = [notes, markdown_table(heads, lines)]
        if len(self.runs) < self.planned:
            parts.append(f"Interrupted: {len(self.runs)} of {self.planned} runs.\n")
        gaps = [f"- {one.table}, {one.rows} rows: {one.reason}" for one in self.skipped]
        gaps += [
            f"- {one.table}, {one.rows} rows, {one.model}, seed {one.seed}: {one.failure}"
            for one in self.runs
            if one.failure is not None
        ]
        if gaps:
            parts.append("Not measured:\n\n" + "\n".join(gaps) + "\n")
        return "\n".join(parts)

    def to_csv(self) -> str:
        """Give one line for each run, as CSV, with the pairs kept as a number."""
        about = ("table", "rows", "model", "seed", "kept", "lost")
        heads = (*about, *FIGURES, "membership_low", "membership_high", "cpu_seconds", "failure")
        return csv_lines(heads, (_cells(one) for one in self.runs))


def _cells(run: RelationsRun) -> list[object]:
    return [
        *(run.table, run.rows, run.model, run.seed),
        *(len(run.kept), "; ".join(run.lost)),
        *(getattr(run, name) for name in FIGURES),
        *(run.membership_low, run.membership_high, run.cpu_seconds, run.failure),
    ]


def _line(runs: Sequence[RelationsRun]) -> tuple[str, ...]:
    first = runs[0]
    done = [run for run in runs if run.failure is None]
    kept = Counter(pair for run in done for pair in run.kept)
    asked = kept + Counter(pair for run in done for pair in run.lost)
    often = sum(kept[pair] >= ENOUGH * times for pair, times in asked.items())
    telling = [run for run in done if run.kept or run.lost]
    seconds = [run.cpu_seconds for run in done if run.cpu_seconds is not None]
    return (
        first.table,
        f"{first.rows:,}",
        first.model,
        f"{len(done)}",
        f"{kept.total() / asked.total():.0%}" if asked else "",
        f"{often} of {len(asked)}" if asked else "",
        f"{sum(not run.lost for run in telling)} of {len(telling)}" if telling else "",
        *(_mean([getattr(run, name) for run in done]) for name in FIGURES),
        f"{median(seconds):.1f}" if seconds else "",
    )


def _mean(figures: Iterable[float | None]) -> str:
    known = [figure for figure in figures if figure is not None]
    return f"{mean(known):.3f}" if known else ""
