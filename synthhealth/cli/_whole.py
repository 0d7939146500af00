"""The verbs that do the whole job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthhealth.cli._app import verb
from synthhealth.cli._inputs import Learning, Said, choose_schema, ledger_of, read
from synthhealth.cli._options import (
    DEFAULT_FAMILY,
    Analyses,
    CheckpointFile,
    Data,
    Debug,
    Drop,
    Encoding,
    Epsilon,
    Family,
    Force,
    Format,
    FurtherFits,
    Groups,
    Guard,
    HeaderLine,
    KeepPartial,
    KeepWords,
    KeyFile,
    Leaving,
    LedgerFile,
    MaxSeconds,
    Models,
    Outcomes,
    OutFolder,
    Params,
    Parts,
    PolicyFile,
    Privacy,
    ProtectOption,
    Quiet,
    Released,
    SchemaFile,
    Seed,
    Sheet,
    Subject,
    TableFormat,
    TimeBudget,
    Verbose,
    questions,
    seconds_of,
)
from synthhealth.cli._results import (
    ATTACK,
    RELEASE,
    RELEASE_STAGES,
    REPORT,
    STAGES,
    TOURNAMENT,
    check_leftovers,
    end_with,
    read_policy,
    result_names,
    tell_files,
    tell_ledger,
    tell_report,
    tell_results,
    write_release,
    write_report,
    write_results,
)
from synthhealth.errors import ParameterError
from synthhealth.io import FileForm, whole_folder, write_table, written_suffix
from synthhealth.progress import begin_stage, staged
from synthhealth.table.level import Level


@verb
def demo(
    out: OutFolder,
    model: Family = DEFAULT_FAMILY,
    rows: Annotated[int, typer.Option(min=1, help="Synthetic rows.")] = 1000,
    seed: Seed = 0,
    privacy: Privacy = Level.standard,
    guard: Guard = False,
    param: Params = None,
    format: Format = TableFormat.csv,
    keep_partial: KeepPartial = False,
    max_seconds: MaxSeconds = None,
    further_fits: FurtherFits = True,
    force: Force = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show everything on a simulated cohort of 61 patients with rheumatoid arthritis."""
    form = FileForm(f".{format.value}")
    learning = Learning(
        model=model,
        param=param,
        seed=seed,
        privacy=privacy,
        guard=guard,
        keep_partial=keep_partial,
        max_seconds=max_seconds,
    )
    names = [f"real{form.suffix}", *result_names(form.suffix)]
    with whole_folder(out, names, force=force) as folder, staged(STAGES):
        from synthhealth.datasets import load_ra_panel

        begin_stage("reading")
        real = load_ra_panel()
        write_table(real, folder / names[0])
        begin_stage("learning")
        synthesizer = learning.learn(real, None)
        report = write_results(
            synthesizer,
            None,
            rows,
            folder,
            form,
            further=real if further_fits else None,
            max_seconds=max_seconds,
        )
    tell_results(report, synthesizer, out, names, verbose=verbose)


@verb
def run(
    data: Data,
    out: OutFolder,
    model: Family = DEFAULT_FAMILY,
    rows: Annotated[
        int | None, typer.Option(min=1, help="Synthetic rows; default: as many as the table has.")
    ] = None,
    seed: Seed = None,
    privacy: Privacy = Level.standard,
    epsilon: Epsilon = None,
    guard: Guard = False,
    schema: SchemaFile = None,
    protect: ProtectOption = None,
    holdout: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Patients to judge by, who are not learned."),
    ] = None,
    subject: Subject = None,
    drop: Drop = None,
    param: Params = None,
    format: Annotated[
        TableFormat | None,
        typer.Option("--format", help="Format of the synthetic table; default: that of DATA."),
    ] = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    header: HeaderLine = None,
    keep_words: KeepWords = None,
    holdout_sheet: Annotated[
        str | None, typer.Option(help="Sheet of the holdout, as --sheet.")
    ] = None,
    keep_partial: KeepPartial = False,
    max_seconds: MaxSeconds = None,
    checkpoint: CheckpointFile = None,
    further_fits: FurtherFits = True,
    outcome: Outcomes = None,
    analysis: Analyses = None,
    by: Groups = None,
    part: Parts = None,
    key_file: KeyFile = None,
    release: Annotated[
        bool,
        typer.Option(
            "--release", help="Also attack the patients, and write a page to sign; see 'release'."
        ),
    ] = False,
    released: Released = Leaving.table,
    policy: PolicyFile = None,
    attack_seconds: Annotated[
        float | None,
        typer.Option(min=0.001, help="Time budget of the attacks; no fit starts after it."),
    ] = None,
    ledger: LedgerFile = None,
    force: Force = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Learn a table, draw a synthetic one and judge it; save table, model and report."""
    suffix = written_suffix(data) if format is None else f".{format.value}"
    names = result_names(suffix)
    if not release and (released is not Leaving.table or policy or attack_seconds):
        raise ParameterError("--released, --policy and --attack-seconds need --release, too")
    if release:
        names += [ATTACK, *RELEASE]
    check_leftovers(out, names)
    learning = Learning(
        model=model,
        param=param,
        seed=seed,
        privacy=privacy,
        epsilon=epsilon,
        guard=guard,
        keep_partial=keep_partial,
        max_seconds=max_seconds,
        checkpoint=checkpoint,
    )
    verdict = None
    stages = {**STAGES, **(RELEASE_STAGES if release else {})}
    with whole_folder(out, names, force=force) as folder, staged(stages):
        from synthhealth.artifact import read_key

        begin_stage("reading")

        key = read_key(key_file)
        limits = read_policy(policy)
        record = ledger_of(data, ledger)
        said = Said(encoding, header, keep_words, schema)
        real, form = read(data, sheet, drop, said)
        unseen = (
            None if holdout is None else read(holdout, holdout_sheet, drop, said, is_other=True)[0]
        )
        wanted = choose_schema(real, schema, protect, drop, subject)
        asked = questions(outcome, analysis, by, part, real, wanted)
        begin_stage("learning")
        synthesizer = learning.learn(real, wanted, record)
        written = form if format is None else FileForm(suffix)
        report = write_results(
            synthesizer,
            unseen,
            rows or len(real),
            folder,
            written,
            key,
            further=real if further_fits else None,
            max_seconds=max_seconds,
            **asked,
        )
        if release:
            from synthhealth.evaluation.privacy.legal_tests import as_released

            verdict = write_release(
                synthesizer,
                real,
                report,
                folder,
                released=as_released(released.value),
                policy=limits,
                max_seconds=attack_seconds,
            )
    typer.echo(f"Read: {data} ({form})")
    tell_results(report, synthesizer, out, names, verbose=verbose)
    tell_ledger(record)
    if verdict is not None:
        typer.echo()
        end_with(verdict)


@verb
def cross_evaluate(
    data: Data,
    out: OutFolder,
    model: Family = DEFAULT_FAMILY,
    folds: Annotated[int, typer.Option(min=2, help="Number of parts; each is held out once.")] = 5,
    seed: Seed = None,
    privacy: Privacy = Level.standard,
    epsilon: Epsilon = None,
    guard: Guard = False,
    schema: SchemaFile = None,
    protect: ProtectOption = None,
    subject: Subject = None,
    drop: Drop = None,
    param: Params = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    header: HeaderLine = None,
    keep_words: KeepWords = None,
    outcome: Outcomes = None,
    analysis: Analyses = None,
    by: Groups = None,
    part: Parts = None,
    force: Force = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Judge a model family by patients not seen: learn all parts of a table but one, in turn."""
    with whole_folder(out, REPORT, force=force) as folder:
        real, form = read(data, sheet, drop, Said(encoding, header, keep_words, schema))
        wanted = choose_schema(real, schema, protect, drop, subject)
        asked = questions(outcome, analysis, by, part, real, wanted)
        learning = Learning(
            model=model,
            param=param,
            seed=seed,
            privacy=privacy,
            epsilon=epsilon,
            guard=guard,
        )
        synthesizer = learning.synthesizer(wanted)
        report = synthesizer.cross_evaluate(real, folds, **asked)
        write_report(report, folder)
    typer.echo(f"Read: {data} ({form})")
    tell_report(report, verbose=verbose)
    tell_files(out, list(REPORT))


@verb
def compare(
    data: Data,
    out: OutFolder,
    models: Models = None,
    folds: Annotated[int, typer.Option(min=2, help="Number of parts; each is held out once.")] = 5,
    seeds: Annotated[
        int, typer.Option(min=1, help="How often the patients are divided again.")
    ] = 1,
    time_budget: TimeBudget = None,
    n_jobs: Annotated[int, typer.Option(help="Fits at once; -1: one per processor.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Decides every random choice.")] = 0,
    privacy: Privacy = Level.standard,
    schema: SchemaFile = None,
    protect: ProtectOption = None,
    subject: Subject = None,
    drop: Drop = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    header: HeaderLine = None,
    keep_words: KeepWords = None,
    outcome: Outcomes = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Fit several model families to a table, judge them on patients held out, recommend one."""
    with whole_folder(out, TOURNAMENT, force=force) as folder:
        from synthhealth.table.left_out import checked
        from synthhealth.tournament import compare

        real, form = read(data, sheet, drop, Said(encoding, header, keep_words, schema))
        wanted = choose_schema(real, schema, protect, drop, subject)
        found = compare(
            real,
            None if models is None else [name.strip() for name in models.split(",")],
            seeds=seeds,
            folds=folds,
            time_budget=None if time_budget is None else seconds_of(time_budget),
            n_jobs=n_jobs,
            schema=wanted,
            privacy=checked(privacy.value),
            outcomes=outcome,
            random_state=seed,
        )
        page, leaderboard, times = TOURNAMENT
        found.to_html(folder / page)
        found.to_json(folder / leaderboard)
        found.times.to_json(folder / times)
    typer.echo(f"Read: {data} ({form})")
    typer.echo(found.summary().rstrip())
    tell_files(out, list(TOURNAMENT))
