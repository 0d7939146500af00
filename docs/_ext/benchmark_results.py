"""Tables of what the benchmark's suites measured, from the files in ``docs/results``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pandas as pd
from docutils import nodes
from docutils.parsers.rst import directives
from library_tables import TableDirective
from sphinx.application import Sphinx

RESULTS = Path(__file__).parents[1] / "results"

#: Columns of the tables by the figures that they show, and how.
FIGURES = {
    "ks": ("KS", "{:.3f}"),
    "dependence": ("dependence error", "{:.3f}"),
    "learned_shapes": ("column shapes", "{:.3f}"),
    "learned_trends": ("pair trends", "{:.3f}"),
    "detection": ("detection", "{:.2f}"),
    "membership": ("membership", "{:.2f}"),
    "cpu_seconds": ("seconds", "{:.1f}"),
}


def read(name: str) -> pd.DataFrame:
    """Read the runs of a suite; *kept* is the share of level means that are kept."""
    runs = pd.read_csv(RESULTS / f"{name}.csv")
    lost = runs["lost"].fillna("").map(lambda text: len(text.split("; ")) if text else 0)
    return runs.assign(asked=runs["kept"] + lost)


class SuiteTable(TableDirective):
    """``suite-table:: NAME``: means of each model over all tables, or over those that are named."""

    required_arguments = 1
    option_spec: ClassVar = {"tables": directives.unchanged, "rows": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        runs = read(self.arguments[0])
        if "tables" in self.options:
            runs = runs[runs["table"].isin(self.options["tables"].split())]
        if "rows" in self.options:
            runs = runs[runs["rows"] == int(self.options["rows"])]
        shown = [name for name in FIGURES if runs[name].notna().any()]
        head = ("model", "cohorts", "means kept", *(FIGURES[name][0] for name in shown))
        return [self.table(head, self._rows(runs, shown))]

    @staticmethod
    def _rows(runs: pd.DataFrame, shown: list[str]) -> Iterator[tuple[str, ...]]:
        for model in dict.fromkeys(runs["model"]):
            own = runs[(runs["model"] == model) & runs["failure"].isna()]
            # Each table counts alike, however many of its cohorts were measured.
            means = own.groupby(["table", "rows"])[shown].mean().mean()
            asked = own["asked"].sum()
            kept = f"{own['kept'].sum() / asked:.0%}".replace("%", " %") if asked else ""
            told = (
                "" if pd.isna(means[name]) else FIGURES[name][1].format(means[name])
                for name in shown
            )
            yield (_named(model), f"{len(own)}", kept, *told)


class GrowthTable(TableDirective):
    """``growth-table::``: seconds and memory of each family by rows and columns."""

    def run(self) -> list[nodes.Node]:
        runs = pd.read_csv(RESULTS / "speed.csv")
        sizes = list(dict.fromkeys(zip(runs["rows"], runs["columns"], strict=True)))
        head = ("model", *(f"{rows:,} x {columns}" for rows, columns in sizes))
        return [self.table(head, self._rows(runs, sizes))]

    @staticmethod
    def _rows(runs: pd.DataFrame, sizes: list[tuple[int, int]]) -> Iterator[tuple[str, ...]]:
        for model in dict.fromkeys(runs["model"]):
            cells = []
            for rows, columns in sizes:
                own = runs[
                    (runs["model"] == model) & (runs["rows"] == rows) & (runs["columns"] == columns)
                ]
                cells.append(_cell(own))
            yield (_named(model), *cells)


def _cell(own: pd.DataFrame) -> str:
    if own.empty:
        return ""
    run = own.iloc[0]
    if isinstance(run["failure"], str):
        return run["failure"]
    return f"{run['fit_cpu_seconds']:.0f} s, {run['peak_mib'] / 1024:.1f} GiB"


def _named(model: str) -> str:
    return f"`{model}`" if " " not in model else model.replace("_", r"\_")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("suite-table", SuiteTable)
    app.add_directive("growth-table", GrowthTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
