"""The counts of verdicts, and how they are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from synthhealth.benchmark._results import Part, Result, markdown_table
from synthhealth.evaluation import Judgement

__all__ = ["Case", "Verdicts"]


class Case(Part):
    """Tables of one known truth, and how they were judged."""

    name: str
    """What the judged tables are."""
    n_real: int
    """Rows of the real table."""
    n_synthetic: int
    """Rows of the judged table."""
    draws: int
    """Number of tables."""
    good: float
    """Share called good."""
    poor: float
    """Share called poor."""
    too_good: float
    """Share called too good, that is copied."""
    cannot_tell: float
    """Share of which nothing could be told."""
    named: float | None
    """Share in which the changed column is among the poor ones; None where none was changed."""
    figures: dict[str, float]
    """For each figure the share in which it is poor or, of copied rows, too good."""

    @classmethod
    def of(
        cls, name: str, sizes: tuple[int, int], results: Sequence[tuple[Judgement, str | None]]
    ) -> Case:
        """Count the verdicts."""
        draws = len(results)
        verdicts = Counter(judgement.verdict for judgement, _ in results)
        flagged = Counter(
            figure for judgement, _ in results for figure in (*judgement.poor, *judgement.copying)
        )
        named = [
            column in judgement.poor_columns for judgement, column in results if column is not None
        ]
        return cls(
            name=name,
            n_real=sizes[0],
            n_synthetic=sizes[1],
            draws=draws,
            good=verdicts["good"] / draws,
            poor=verdicts["poor"] / draws,
            too_good=verdicts["too good"] / draws,
            cannot_tell=verdicts["cannot tell"] / draws,
            named=sum(named) / len(named) if named else None,
            figures={figure: count / draws for figure, count in sorted(flagged.items())},
        )


class Verdicts(Result):
    """How often the verdicts are right."""

    cases: tuple[Case, ...]
    """One per known truth."""

    def to_markdown(self) -> str:
        """Give the shares of each verdict."""
        heads = (
            "tables",
            "real rows",
            "judged rows",
            "good",
            "poor",
            "too good (copied)",
            "cannot tell",
            "column named",
        )
        rows = [
            (
                case.name,
                f"{case.n_real:,}",
                f"{case.n_synthetic:,}",
                *(
                    f"{100 * share:.1f} %"
                    for share in (case.good, case.poor, case.too_good, case.cannot_tell)
                ),
                "" if case.named is None else f"{100 * case.named:.1f} %",
            )
            for case in self.cases
        ]
        figures = "\n".join(
            f"- {case.name}: "
            + ", ".join(f"{name} {100 * share:.1f} %" for name, share in case.figures.items())
            for case in self.cases
            if case.figures
        )
        note = (
            f"{self.machine.sentence()} {self.cases[0].draws} simulated cohorts of 17 columns for "
            "each line; the verdict is that on the whole table.\n"
        )
        return "\n".join([note, markdown_table(heads, rows), f"Flagged figures:\n\n{figures}\n"])
