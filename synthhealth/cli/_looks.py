"""The verbs that look at tables and learn nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthhealth.cli._app import verb
from synthhealth.cli._inputs import Said, choose_schema, read
from synthhealth.cli._options import (
    Analyses,
    Data,
    Debug,
    Drop,
    Encoding,
    Force,
    Groups,
    HeaderLine,
    KeepWords,
    Outcomes,
    OutFolder,
    Parts,
    ProtectOption,
    Quiet,
    SchemaFile,
    Sheet,
    Subject,
    Verbose,
    questions,
)
from synthhealth.cli._results import REPORT, show, table, tell_files, tell_report, write_report
from synthhealth.io import check_target, whole_file, whole_folder

if TYPE_CHECKING:
    from rich.table import Table

    from synthhealth.schema import Proposal


@verb
def schema(
    data: Data,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the schema, for you to edit: .yaml or .json."
        ),
    ] = None,
    checklist: Annotated[
        Path | None,
        typer.Option("--checklist", metavar="FILE", help="Write the identifiers found as JSON."),
    ] = None,
    protect: ProtectOption = None,
    subject: Subject = None,
    drop: Drop = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    header: HeaderLine = None,
    keep_words: KeepWords = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Say what each column is, why, and what is in doubt; look for identifiers."""
    for target in filter(None, (out, checklist)):
        check_target(target, force=force)
    real, form = read(data, sheet, drop, Said(encoding, header, keep_words))
    from synthhealth.schema import propose, scan

    proposal = propose(real, subject=subject)
    found = scan(real)
    if out is not None:
        proposed = proposal.schema
        chosen = proposed if protect is None else proposed.with_protection(protect.value)
        why = {one.column: [one.why, *one.doubts] for one in proposal.findings}
        chosen.to_file(out, force=force, comments=why)
    if checklist is not None:
        with whole_file(checklist, force=force) as file:
            file.write_text(found.to_json(), encoding="utf-8")
    typer.echo(f"{data}: {form}; {len(real):,} rows, {len(real.columns):,} columns")
    show(_columns(proposal))
    show(found)
    for target in filter(None, (out, checklist)):
        typer.echo(f"Written: {target}")


@verb
def describe(
    data: Data,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON, too.")
    ] = None,
    schema: SchemaFile = None,
    protect: ProtectOption = None,
    subject: Subject = None,
    drop: Drop = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    header: HeaderLine = None,
    keep_words: KeepWords = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Describe each variable: kind, shape, best-fitting distribution, outliers, missing values."""
    if json is not None:
        check_target(json, force=force)
    real, _ = read(data, sheet, drop, Said(encoding, header, keep_words, schema))
    from synthhealth import describe

    description = describe(real, choose_schema(real, schema, protect, drop, subject))
    if json is not None:
        with whole_file(json, force=force) as file:
            file.write_text(description.to_json(), encoding="utf-8")
    show(description)


@verb
def evaluate(
    real: Annotated[Path, typer.Argument(metavar="REAL", help="The real table.")],
    synthetic: Annotated[Path, typer.Argument(metavar="SYNTHETIC", help="The synthetic table.")],
    out: OutFolder,
    schema: SchemaFile = None,
    protect: ProtectOption = None,
    subject: Subject = None,
    drop: Drop = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    header: HeaderLine = None,
    keep_words: KeepWords = None,
    synthetic_sheet: Annotated[
        str | None, typer.Option(help="Sheet of the synthetic table, as --sheet.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="Compare with the report.json of another table with the same columns.",
        ),
    ] = None,
    holdout: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Patients that the model never saw, if it learned REAL."),
    ] = None,
    holdout_sheet: Annotated[
        str | None, typer.Option(help="Sheet of the holdout, as --sheet.")
    ] = None,
    outcome: Outcomes = None,
    analysis: Analyses = None,
    by: Groups = None,
    part: Parts = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the noise floors and permutation tests.")
    ] = 0,
    force: Force = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Judge a synthetic table, whoever made it, against the real one."""
    with whole_folder(out, REPORT, force=force) as folder:
        from synthhealth import evaluate
        from synthhealth.report import Report

        before = None if against is None else Report.from_json(against)
        said = Said(encoding, header, keep_words, schema)
        table, _ = read(real, sheet, drop, said)
        other, _ = read(synthetic, synthetic_sheet, drop, said, is_other=True)
        unseen = (
            None if holdout is None else read(holdout, holdout_sheet, drop, said, is_other=True)[0]
        )
        described = choose_schema(table, schema, protect, drop, subject)
        asked = questions(outcome, analysis, by, part, table, described)
        report = evaluate(table, other, described, holdout=unseen, random_state=seed, **asked)
        comparison = None if before is None else before.compare(report)
        write_report(report, folder)
    tell_report(report, verbose=verbose)
    if comparison is not None:
        typer.echo(f"\n{comparison.summary().rstrip()}")
    tell_files(out, list(REPORT))


@verb
def trend(
    reports: Annotated[
        list[Path], typer.Argument(metavar="REPORT...", help="The report.json of each run.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the result as a page: .html."),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show how the figures of the same columns change over several runs, in the order given."""
    if out is not None:
        check_target(out, force=force)
    from synthhealth.report import trend

    found = trend(reports)
    if out is not None:
        found.to_html(out, force=force)
    typer.echo(found.summary().rstrip())
    if out is not None:
        tell_files(out.parent, [out.name])


def _columns(proposal: Proposal) -> Table:
    return table(
        ("column", "kind", "unit", "why", "doubts"),
        (
            (
                finding.column,
                finding.kind.value,
                proposal.schema[finding.column].unit or "",
                finding.why,
                "\n".join(finding.doubts),
            )
            for finding in proposal.findings
        ),
    )
