"""The verbs that measure what attackers learn of patients, and hold it against limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthhealth.cli._app import verb
from synthhealth.cli._inputs import Said, choose_schema, read
from synthhealth.cli._options import (
    DEFAULT_FAMILY,
    Data,
    Debug,
    Drop,
    Encoding,
    Family,
    Force,
    HeaderLine,
    KeepWords,
    Leaving,
    Params,
    PolicyFile,
    Privacy,
    ProtectOption,
    Quiet,
    Released,
    SchemaFile,
    Seed,
    Sheet,
    Subject,
    literal,
    pairs,
)
from synthhealth.cli._results import (
    ATTACK,
    RELEASE,
    REPORT,
    end_with,
    read_policy,
    released_files,
    show,
    table,
    tell_files,
    write_verdict,
)
from synthhealth.errors import FileError
from synthhealth.io import check_target, settle, whole_folder
from synthhealth.table.level import Level


@verb
def attack(
    data: Data,
    model: Family = DEFAULT_FAMILY,
    fits: Annotated[
        int, typer.Option(min=16, help="Number of fits, each of a part of the patients.")
    ] = 32,
    patients: Annotated[
        int | None,
        typer.Option(min=1, help="Patients that each fit learns; default: half of them."),
    ] = None,
    max_seconds: Annotated[
        float | None, typer.Option(help="Time budget; no fit starts after it.")
    ] = None,
    n_jobs: Annotated[int, typer.Option(help="Fits at the same time; -1: one per processor.")] = -1,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the result as JSON, too.")
    ] = None,
    seed: Seed = None,
    privacy: Privacy = Level.standard,
    schema: SchemaFile = None,
    protect: ProtectOption = None,
    subject: Subject = None,
    drop: Drop = None,
    param: Params = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    header: HeaderLine = None,
    keep_words: KeepWords = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure how reliably patients are recognised in what a model of a table releases."""
    if out is not None:
        check_target(out, force=force)
    real, form = read(data, sheet, drop, Said(encoding, header, keep_words, schema))
    wanted = choose_schema(real, schema, protect, drop, subject)
    from synthhealth import attack
    from synthhealth.table.left_out import checked

    found = attack(
        real,
        model,
        schema=wanted,
        random_state=seed,
        privacy=checked(privacy.value),
        fits=fits,
        n_learned=patients,
        max_seconds=max_seconds,
        n_jobs=n_jobs,
        parameters={name: literal(text) for name, text in pairs(param).items()},
    )
    typer.echo(f"Read: {data} ({form})")
    typer.echo(found.summary().rstrip())
    if out is not None:
        found.to_json(out, force=force)
        typer.echo(f"Written: {out}")


@verb
def release(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder that 'synthhealth run' wrote.")
    ],
    released: Released = Leaving.table,
    policy: PolicyFile = None,
    attack: Annotated[
        Path | None,
        typer.Option(
            "--attack", metavar="FILE", help="What 'attack' wrote; default: DIR/attack.json."
        ),
    ] = None,
    cross_evaluated: Annotated[
        Path | None,
        typer.Option(
            "--cross-evaluated",
            metavar="FILE",
            help="The report.json of 'cross-evaluate', if the one in DIR has no further fits.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where the pages go; default: DIR.")
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(
            "--ledger",
            metavar="FILE",
            help="Record in this ledger that something of its last fit leaves the hospital.",
        ),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compare the attacks on a release with law, guidance and your limits; write a page to sign."""
    out = folder if out is None else out
    with whole_folder(out, RELEASE, force=force) as pages:
        from synthhealth.evaluation.privacy.legal_tests import as_released
        from synthhealth.ledger import Ledger
        from synthhealth.report import Report, read_attacks

        settle(folder)
        if not (folder / REPORT[1]).is_file():
            raise FileError(
                f"{folder} has no {REPORT[1]}; give the folder that 'synthhealth run' wrote"
            )
        what = as_released(released.value)
        record = None if ledger is None else Ledger(ledger)
        if record is not None:
            record.check()
        usual = folder / ATTACK
        attacks = attack or (usual if usual.is_file() else None)
        verdict = Report.from_json(folder / REPORT[1]).release(
            None if attacks is None else read_attacks(attacks),
            cross_evaluated=None if cross_evaluated is None else Report.from_json(cross_evaluated),
            released=what,
            policy=read_policy(policy),
            files=released_files(folder, what),
        )
        write_verdict(verdict, pages)
        if record is not None:
            record.record_release(["table", "model"] if what == "both" else [what])
    tell_files(out, list(RELEASE))
    typer.echo()
    end_with(verdict)


@verb
def ledger(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The ledger: synthhealth-ledger.json beside the data."),
    ],
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show what a ledger says was learned and released of the tables beside it."""
    from synthhealth.errors import FileError
    from synthhealth.ledger import Ledger

    found = Ledger(file)
    if not file.exists():
        raise FileError(f"{file}: there is no ledger; begin one with: run or fit --ledger {file}")
    heads = ("when (UTC)", "what", "family", "privacy", "patients", "rows", "epsilon")
    lines = (
        (
            one.when[:16].replace("T", " "),
            "fit" if one.what == "fit" else f"release: {', '.join(one.things)}",
            one.family,
            f"{one.privacy}, guard" if one.guard else one.privacy,
            f"{one.n_patients:,}",
            f"{one.n_rows:,}",
            "" if one.epsilon is None else f"{one.epsilon:g}",
        )
        for one in found.entries
    )
    show(table(heads, lines))
    typer.echo(found.given_away().in_words())
