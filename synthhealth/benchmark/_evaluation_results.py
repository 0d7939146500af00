"""The cost of an evaluation part by part, and how it is told."""

from __future__ import annotations

from statistics import median

from synthhealth.benchmark._results import Part, Result, markdown_table

__all__ = ["EvaluationCost", "TableCost"]

#: What the whole default report may cost, in seconds and MiB; adult is held against SDV instead
#: (``synthhealth benchmark overhead``).
MOST_SECONDS = {"demo": 20.0, "large": 120.0}
MOST_MIB = {"large": 4096.0}


class TableCost(Part):
    """What the default report costs on one table."""

    table: str
    """Its name."""
    n_real: int
    """Rows of the real table."""
    n_synthetic: int
    """Rows of the synthetic table."""
    columns: int
    """Columns of either."""
    whole: tuple[float, ...]
    """Seconds of the whole report, page included, one per run."""
    parts: dict[str, tuple[float, ...]]
    """Seconds of its parts by name, one per run, in the order in which they are done."""
    peak_mib: float
    """Largest resident memory of the process that made it, both tables included, in MiB."""


class EvaluationCost(Result):
    """What the default report costs, part by part, on tables of several sizes."""

    tables: tuple[TableCost, ...]
    """One per table."""

    def to_markdown(self) -> str:
        """Give the figures as Markdown, each beside its limit."""
        names = list(dict.fromkeys(name for table in self.tables for name in table.parts))
        heads = (
            "seconds",
            *(
                f"{table.table}: {table.n_real:,} and {table.n_synthetic:,} x {table.columns}"
                for table in self.tables
            ),
        )
        rows = [
            (name, *(_seconds(table.parts.get(name)) for table in self.tables)) for name in names
        ]
        rows += [
            ("**the whole report**", *(_seconds(table.whole) for table in self.tables)),
            (
                "limit, seconds",
                *(_limit(median(t.whole), MOST_SECONDS.get(t.table)) for t in self.tables),
            ),
            ("peak memory, MiB", *(f"{table.peak_mib:,.0f}" for table in self.tables)),
            ("limit, MiB", *(_limit(t.peak_mib, MOST_MIB.get(t.table)) for t in self.tables)),
        ]
        runs = min(len(table.whole) for table in self.tables)
        return (
            f"{self.machine.sentence()}\nMedians of at least {runs} run(s) each. Parts run side by "
            f"side, so that their seconds add up to more than the whole.\n\n"
            f"{markdown_table(heads, rows)}"
        )


def _seconds(runs: tuple[float, ...] | None) -> str:
    return "" if runs is None else f"{median(runs):.2f}"


def _limit(value: float, limit: float | None) -> str:
    if limit is None:
        return ""
    return f"{limit:,.0f}, {'kept' if value <= limit else 'exceeded'}"
