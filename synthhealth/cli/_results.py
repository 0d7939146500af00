"""What a verb leaves behind: files, words about them, and tables for people to read."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from synthhealth.cli._app import FOUND
from synthhealth.errors import FileError, TableError
from synthhealth.io import FileForm, write_table
from synthhealth.progress import begin_stage

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from synthhealth.evaluation.privacy.legal_tests import Released
    from synthhealth.ledger import Ledger
    from synthhealth.report import Policy, ReleaseVerdict, Report
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
MODEL = "model.synth"
#: What a tournament leaves: page, figures, and what is never the same twice.
TOURNAMENT = ("leaderboard.html", "leaderboard.json", "times.json")
#: What a release rests on beside the report, and what comes of it.
ATTACK = "attack.json"
RELEASE = ("release.html", "release.json")
#: The stages of a whole job, each with about how long it takes beside the others.
STAGES = {"reading": 1, "learning": 6, "drawing rows": 1, "judging": 20, "writing the report": 2}
RELEASE_STAGES = {"attacking": 100}

#: Parts of the patients that the further fits of a whole job do without, each in turn.
FOLDS = 5
#: Of more patients than this one part is left out once: there are enough in it.
MOST_FOLDED = 1_000
#: Of fewer patients nothing could be told.
FEWEST_FOLDED = 30


def result_names(suffix: str) -> list[str]:
    """Give the names of the files of a whole job."""
    return [f"synthetic{suffix}", MODEL, *REPORT]


def check_leftovers(out: Path, names: list[str]) -> None:
    """Refuse a folder with evidence on an earlier table, which would stand beside the new one."""
    left = [name for name in (*RELEASE, ATTACK) if name not in names and (out / name).exists()]
    if left:
        raise FileError(
            f"{out / left[0]}: it is about an earlier table and would stand beside the new one; "
            "delete it, choose another folder, or let --release make it again"
        )


def write_results(
    synthesizer: Synthesizer,
    unseen: pd.DataFrame | None,
    rows: int,
    folder: Path,
    form: FileForm,
    key: bytes | None = None,
    *,
    further: pd.DataFrame | None = None,
    max_seconds: float | None = None,
    **asked: Any,
) -> Report:
    """Draw a table, judge it, and write both and the model into a folder.

    It is judged by patients that were not learned: those of a holdout, or all of the table in turn,
    by further fits.
    """
    begin_stage("drawing rows")
    synthetic = synthesizer.sample(rows)
    write_table(synthetic, folder / f"synthetic{form.suffix}", form=form)
    begin_stage("judging")
    report = None
    if unseen is None and further is not None and synthesizer.n_patients_ >= FEWEST_FOLDED:
        try:
            report = synthesizer.cross_evaluate(
                further,
                FOLDS,
                n_fits=None if synthesizer.n_patients_ <= MOST_FOLDED else 1,
                written=synthetic,
                max_seconds=max_seconds,
                **asked,
            )
        except TableError as error:  # such as too few patients for a family without some of them
            typer.echo(f"note: judged by the patients that were learned: {error}", err=True)
    report = report or synthesizer.evaluate(unseen, synthetic, **asked)
    begin_stage("writing the report")
    # The report is of the patients; a private model's file tells no more than its budget allows.
    inside = None if synthesizer.fitted_.budget is not None else report
    synthesizer.save(folder / MODEL, report=inside, key=key)
    write_report(report, folder)
    return report


def write_report(report: Report, folder: Path) -> None:
    """Write the report's page and its figures."""
    _write_both(report, folder, REPORT)


def write_verdict(verdict: ReleaseVerdict, folder: Path) -> None:
    """Write the page that is to be signed, and its figures."""
    _write_both(verdict, folder, RELEASE)


def _write_both(result: Report | ReleaseVerdict, folder: Path, names: tuple[str, str]) -> None:
    html, json = names
    result.to_html(folder / html)
    result.to_json(folder / json)


def write_release(
    synthesizer: Synthesizer,
    real: pd.DataFrame,
    report: Report,
    folder: Path,
    *,
    released: Released,
    policy: Policy | None,
    max_seconds: float | None,
) -> ReleaseVerdict:
    """Attack what a whole job made, hold it against the limits, and write all of it."""
    from synthhealth import attack

    begin_stage("attacking")
    found = attack(
        real,
        synthesizer.model,
        schema=synthesizer.schema,
        parameters=synthesizer.model_params,
        random_state=synthesizer.seed_,
        privacy=synthesizer.privacy,
        max_seconds=max_seconds,
    )
    found.to_json(folder / ATTACK)
    verdict = report.release(
        found,
        released=released,
        policy=policy,
        files=released_files(folder, released),
    )
    write_verdict(verdict, folder)
    return verdict


def released_files(folder: Path, released: Released) -> list[Path]:
    """Give the files in a folder that leave the hospital."""
    tables = sorted(folder.glob("synthetic.*"))
    models = [path for path in (folder / MODEL,) if path.is_file()]
    found = {"table": tables, "model": models, "both": [*tables, *models]}[released]
    if not found:
        typer.echo(f"note: {folder} has no such file; the page will name none", err=True)
    return found


def read_policy(path: Path | None) -> Policy | None:
    """Read the limits of the site, before any long work is done."""
    if path is None:
        return None
    from synthhealth.report import Policy

    return Policy.from_file(path)


def end_with(verdict: ReleaseVerdict) -> None:
    """Say what the attacks show of a release, and end with 3 where a limit is exceeded."""
    typer.echo(verdict.summary().rstrip())
    if verdict.outcome == "exceeded":
        raise typer.Exit(FOUND)


def tell_report(report: Report, *, verbose: bool) -> None:
    """Say how good a table is, in short or with everything."""
    from synthhealth.report.text import as_plain

    typer.echo(as_plain(report.summary(verbose=verbose).rstrip(), sys.stdout.encoding))


def tell_results(
    report: Report, synthesizer: Synthesizer, out: Path, names: list[str], *, verbose: bool
) -> None:
    """Say what was learned, how good it is and where it lies."""
    typer.echo(about(synthesizer))
    if synthesizer.guarded_ is not None:
        typer.echo(synthesizer.guarded_.in_words())
        typer.echo("The guard is not in model.synth: rows drawn from that file have none.")
    typer.echo()
    tell_report(report, verbose=verbose)
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
    choice = synthesizer.choice_
    chosen = "" if choice is None else f" Chosen by auto because {choice.why}."
    patients = ""
    if synthesizer.n_patients_ < synthesizer.n_rows_:
        patients = f" of {synthesizer.n_patients_:,} patients, each as a patient of its own,"
    return (
        f"{synthesizer.fitted_.family} learned {synthesizer.n_rows_:,} rows{patients} and "
        f"{n_columns} columns, seed {synthesizer.seed_}.{partial}{left_out}{chosen}"
    )
