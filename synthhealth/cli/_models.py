"""The verbs of a saved model: learn now and draw later, look into it, check and sign it."""

from __future__ import annotations

import json as json_form
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthhealth.cli._app import FOUND, verb
from synthhealth.cli._inputs import Learning, Said, choose_schema, ledger_of, read
from synthhealth.cli._options import (
    DEFAULT_FAMILY,
    CheckpointFile,
    Data,
    Debug,
    Drop,
    Encoding,
    Epsilon,
    Family,
    Force,
    HeaderLine,
    KeepPartial,
    KeepWords,
    KeyFile,
    LedgerFile,
    MaxSeconds,
    Params,
    Privacy,
    ProtectOption,
    Quiet,
    SchemaFile,
    Seed,
    Sheet,
    Subject,
    Where,
    literal,
)
from synthhealth.cli._results import about, show, tell_ledger
from synthhealth.errors import ParameterError
from synthhealth.io import check_target, sniff, table_suffix, whole_file, write_table
from synthhealth.table.level import Level

if TYPE_CHECKING:
    pass


@verb
def fit(
    data: Data,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The model: NAME.synth.")],
    model: Family = DEFAULT_FAMILY,
    seed: Seed = None,
    privacy: Privacy = Level.standard,
    epsilon: Epsilon = None,
    schema: SchemaFile = None,
    protect: ProtectOption = None,
    subject: Subject = None,
    drop: Drop = None,
    param: Params = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    header: HeaderLine = None,
    keep_words: KeepWords = None,
    keep_partial: KeepPartial = False,
    max_seconds: MaxSeconds = None,
    checkpoint: CheckpointFile = None,
    key_file: KeyFile = None,
    ledger: LedgerFile = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Learn a table and save the model."""
    check_target(out, force=force)
    if out.suffix.lower() != ".synth":
        typer.echo(f"note: {out}: the names of saved models end in .synth", err=True)
    from synthhealth.artifact import read_key

    key = read_key(key_file)
    record = ledger_of(data, ledger)
    real, form = read(data, sheet, drop, Said(encoding, header, keep_words, schema))
    wanted = choose_schema(real, schema, protect, drop, subject)
    learning = Learning(
        model=model,
        param=param,
        seed=seed,
        privacy=privacy,
        epsilon=epsilon,
        keep_partial=keep_partial,
        max_seconds=max_seconds,
        checkpoint=checkpoint,
    )
    synthesizer = learning.learn(real, wanted, record)
    synthesizer.save(out, force=force, key=key)
    typer.echo(f"Read: {data} ({form})")
    typer.echo(about(synthesizer))
    typer.echo(f"Written: {out}")
    tell_ledger(record)


@verb
def sample(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model (.synth).")],
    rows: Annotated[int, typer.Option(min=1, help="Synthetic rows.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The table: CSV, Parquet or Excel; a name without a suffix is a folder of Parquet "
            "files.",
        ),
    ],
    where: Where = None,
    n_jobs: Annotated[
        int | None, typer.Option(help="Files of the folder drawn at once; -1: one per processor.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Draw other rows; default: the model's first.")
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write in the form of this file: encoding, separator, numbers."
        ),
    ] = None,
    encoding: Encoding = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Draw a synthetic table from a saved model."""
    suffix = table_suffix(out) if out.suffix else ""
    if suffix:
        check_target(out, force=force)
        if n_jobs is not None:
            raise ParameterError(
                f"--n-jobs: {out} is one file, which one process writes; give --out a name without "
                "a suffix, and it becomes a folder of files that several write"
            )
    elif out.is_file():
        raise ParameterError(f"--out: {out} is a file; give a suffix, or the name of a folder")
    elif where:
        raise ParameterError("--where: rows with conditions go into one file: --out FILE.csv")
    form = None if like is None else sniff(like, encoding=encoding)
    from synthhealth import load

    synthesizer = load(model)
    if where or suffix == ".xlsx":
        conditions = None
        if where:
            from synthhealth.synthesizer.conditions import conditions_in_words

            some = synthesizer.sample(100, random_state=0)
            conditions = conditions_in_words(where, some, literal)
        fake = synthesizer.sample(rows, conditions, random_state=seed)
        write_table(fake, out, force=force, form=form)
    else:
        synthesizer.sample_to(out, rows, n_jobs=n_jobs, random_state=seed, force=force, form=form)
    typer.echo(f"Written: {out} ({rows:,} rows)")


@verb
def inspect(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="A saved model (.synth); with --data, also tables, reports, logs, pickles of SDV.",
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="The real table, to search the files for."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON, too.")
    ] = None,
    schema: SchemaFile = None,
    drop: Drop = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    header: HeaderLine = None,
    keep_words: KeepWords = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Say what is inside a saved model, and whether it or other files contain patients.

    Exit code 3: something of the patients was found.
    """
    about_data = {"--schema": schema, "--drop": drop, "--sheet": sheet, "--encoding": encoding}
    given = [option for option, value in about_data.items() if value]
    if given and data is None:
        raise ParameterError(
            f"{', '.join(given)}: this is about the table to search for; give that, too: "
            "--data FILE"
        )
    if json is not None:
        check_target(json, force=force)
    from synthhealth import artifact
    from synthhealth.artifact.leaks.search import TEXT_FILES, is_pickle
    from synthhealth.schema import Schema

    said = Said(encoding, header, keep_words, schema)
    real = None if data is None else read(data, sheet, drop, said)[0]
    described = None if schema is None else Schema.from_file(schema)
    written, is_leak = [], False
    for file in files:
        is_model = not (file.name.lower().endswith(TEXT_FILES) or is_pickle(file))
        if not is_model and real is None:
            raise ParameterError(
                f"{file}: this is not a saved synthesizer; to search it for the patients of a "
                "table give that, too: --data FILE"
            )
        inside = artifact.inspect(file) if is_model else None
        found = None if real is None else artifact.scan(file, real, described)
        is_leak |= found is not None and found.found_anything
        written.append(
            {
                "inside": None if inside is None else inside.model_dump(mode="json"),
                "scan": None if found is None else found.model_dump(mode="json"),
            }
        )
        for part in filter(None, (inside, found)):
            show(part)
    if json is not None:
        told = written[0] if len(written) == 1 else written
        with whole_file(json, force=force) as target:
            target.write_text(json_form.dumps(told, indent=2, ensure_ascii=False), encoding="utf-8")
    if is_leak:
        raise typer.Exit(FOUND)


@verb
def verify(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model (.synth).")],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="FILE", help="The table that was learned, to repeat the fit."
        ),
    ] = None,
    key_file: KeyFile = None,
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", metavar="FILE", help="The key (PEM) of whoever signed it."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON, too.")
    ] = None,
    max_seconds: Annotated[
        float,
        typer.Option(help="How long the repeated fit may take; a longer one is not checked."),
    ] = 900,
    schema: SchemaFile = None,
    drop: Drop = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    header: HeaderLine = None,
    keep_words: KeepWords = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Check a saved model: content, signature, samples and, with the table, the fit.

    Exit code 3: something differs.
    """
    if json is not None:
        check_target(json, force=force)
    from synthhealth.artifact import read_key, verify
    from synthhealth.schema import Schema

    key = read_key(key_file)
    real = (
        None
        if data is None
        else read(data, sheet, drop, Said(encoding, header, keep_words, schema))[0]
    )
    verification = verify(
        model,
        data=real,
        key=key,
        schema=None if schema is None else Schema.from_file(schema),
        public_key=public_key,
        max_seconds=max_seconds,
    )
    if json is not None:
        with whole_file(json, force=force) as file:
            file.write_text(verification.to_json(), encoding="utf-8")
    show(verification)
    if verification.differs:
        raise typer.Exit(FOUND)


@verb
def sign(
    model: Annotated[
        Path | None, typer.Argument(metavar="[MODEL]", help="A saved model (.synth).")
    ] = None,
    private_key: Annotated[
        Path | None,
        typer.Option("--private-key", metavar="FILE", help="Your Ed25519 key (PEM)."),
    ] = None,
    new_key: Annotated[
        Path | None,
        typer.Option(
            "--new-key", metavar="FILE", help="Make a key first: NAME.pem and NAME.pub.pem."
        ),
    ] = None,
    ask_password: Annotated[
        bool, typer.Option("--ask-password", help="Ask for the password of the private key.")
    ] = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Sign a saved model with your key, or make a key."""
    from synthhealth.artifact import new_key as make_key
    from synthhealth.artifact import sign
    from synthhealth.artifact.saving import read_manifest

    if private_key is not None and new_key is not None:
        raise ParameterError("give --private-key or --new-key, not both")
    if model is None and new_key is None:
        raise ParameterError("give a saved model to sign, or --new-key FILE to make a key")
    signing_key = private_key or new_key
    if signing_key is None:
        raise ParameterError(
            "give your key, --private-key FILE; make one with: synthhealth sign --new-key key.pem"
        )
    if model is not None:
        read_manifest(model)  # before a key is made for a file that cannot be signed
    password = _password(confirm=new_key is not None) if ask_password else None
    if new_key is not None:
        public = make_key(new_key, password=password)
        typer.echo(f"Written: {new_key} (keep it secret)")
        typer.echo(f"Written: {public} (give it to those who verify)")
    if model is not None:
        signature = sign(model, signing_key, password=password)
        typer.echo(f"Signed: {model}, by the key {signature.public_key_sha256}")


def _password(*, confirm: bool) -> bytes:
    text: str = typer.prompt(
        "Password of the key", hide_input=True, confirmation_prompt=confirm, err=True
    )
    return text.encode()
