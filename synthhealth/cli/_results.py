"""What a verb leaves behind: files, words about them, and tables for people to read."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from synthhealth.io import FileForm, write_table

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from synthhealth.ledger import Ledger
    from synthhealth.report import Report
    from synthhealth.synthesizer import Synthesizer


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: brackets are no markup
    return table


def show(renderable: Any) -> None:
    from rich.console import Console

    # In a pipe there is no width to keep; rich would wrap at 80 columns.
    Console(width=None if sys.stdout.isatty() else 200).print(renderable)


REPORT = ("report.html", "report.json")


def result_names(suffix: str) -> list[str]:
    """Give the names of the files of a whole job."""
    return [f"synthetic{suffix}", "model.synth", *REPORT]


def write_results(
    synthesizer: Synthesizer,
    unseen: pd.DataFrame | None,
    rows: int,
    folder: Path,
    form: FileForm,
    key: bytes | None = None,
    **asked: Any,
) -> Report:
    """Draw a table, judge it, and write both and the model into a folder."""
    synthetic = synthesizer.sample(rows)
    write_table(synthetic, folder / f"synthetic{form.suffix}", form=form)
    report = synthesizer.evaluate(unseen, synthetic, **asked)
    synthesizer.save(folder / "model.synth", report=report, key=key)
    write_report(report, folder)
    return report


def write_report(report: Report, folder: Path) -> None:
    """Write the report's page and its figures."""
    html, json = REPORT
    report.to_html(folder / html)
    report.to_json(folder / json)


def tell_results(report: Report, synthesizer: Synthesizer, out: Path, names: list[str]) -> None:
    """Say what was learned, how good it is and where it lies."""
    typer.echo(about(synthesizer))
    if synthesizer.guarded_ is not None:
        typer.echo(synthesizer.guarded_.in_words())
        typer.echo("The guard is not in model.synth: rows drawn from that file have none.")
    typer.echo()
    typer.echo(report.summary().rstrip())
    tell_files(out, names)


def tell_files(out: Path, names: list[str]) -> None:
    """Say which files were written."""
    typer.echo("\nWritten:")
    for name in names:
        typer.echo(f"  {out / name}")


def tell_ledger(ledger: Ledger | None) -> None:
    """Say where a fit was recorded."""
    if ledger is not None:
        n = ledger.given_away().fits
        typer.echo(f"Recorded: {ledger.path} ({n:,} {'fit' if n == 1 else 'fits'})")


def about(synthesizer: Synthesizer) -> str:
    """Say what was learned, in one line."""
    from synthhealth.table.left_out import IN_WORDS

    partial = " Its training ended early: it is marked as partial." if synthesizer.partial_ else ""
    words = IN_WORDS[synthesizer.fitted_.preparation.privacy]
    left_out = f" {words[0].upper()}{words[1:]}."
    n_columns = sum(column.kind.is_modelled for column in synthesizer.schema_)
    patients = ""
    if synthesizer.n_patients_ < synthesizer.n_rows_:
        patients = f" of {synthesizer.n_patients_:,} patients, each as a patient of its own,"
    return (
        f"{synthesizer.model} learned {synthesizer.n_rows_:,} rows{patients} and "
        f"{n_columns} columns, seed {synthesizer.seed_}.{partial}{left_out}"
    )
