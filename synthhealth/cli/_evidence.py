"""The verbs about a saved model's evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthhealth.cli._app import FOUND, verb
from synthhealth.cli._inputs import Said, read
from synthhealth.cli._listing import show
from synthhealth.cli._options import (
    Debug,
    Drop,
    Encoding,
    Force,
    HeaderLine,
    KeepWords,
    KeyFile,
    Quiet,
    SchemaFile,
    Sheet,
)
from synthhealth.errors import ParameterError
from synthhealth.io import check_target, whole_file


@verb
def verify(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model (.synth).")],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="The table learned: the fit is repeated."),
    ] = None,
    key_file: KeyFile = None,
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", metavar="FILE", help="The key (PEM) of whoever signed it."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON, too.")
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
    """Check a saved model: content, signature, samples, and with the table the fit.

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
            "--new-key", metavar="FILE", help="Make a key first: NAME.pem, and NAME.pub.pem."
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
